"""The subjects: each module has a function ``rows`` that gives rows of the table."""
