"""Imports numpy, where it is installed, before charts are drawn.

altair looks whether numpy was imported, and fails while another thread is still importing it, as polars does
on first use in a thread that reads a report.
"""

from contextlib import suppress
from importlib import import_module

__all__: list[str] = []

with suppress(ImportError):
    import_module("numpy")
