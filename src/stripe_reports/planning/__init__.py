"""Decisions: periods, reuse, splitting, pauses. Pure: no network, no disk, no clock but the one passed in."""
