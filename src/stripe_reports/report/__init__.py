"""A report in hand, a set of them, and their exports."""
