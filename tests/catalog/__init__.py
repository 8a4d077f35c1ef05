"""Add reported names to the catalogue: ``python -m tests.catalog merge FILE``.

__main__.py   the command
reading.py    a file of ``stripe-reports doctor --unknown``, checked strictly: it comes from outside
merging.py    what is added, what contradicts a known fact, and what a person must decide
layout.py     ``report_types.json`` and ``names.py`` as text, laid out so that a change is a short diff
"""
