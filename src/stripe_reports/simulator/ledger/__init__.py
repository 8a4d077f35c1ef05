"""The seeded account that all reports are drawn from."""
