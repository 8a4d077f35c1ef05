"""The ledger: a seeded account, the source of all reports."""
