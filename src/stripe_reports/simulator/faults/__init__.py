"""Faults: errors that the simulator makes on purpose."""
