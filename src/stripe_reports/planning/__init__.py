"""Decisions: periods, reuse, splitting, pauses. Pure: no network, no disk, and the clock is passed in."""
