"""Intervals of one account that overlap would give rows twice. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from stripe_reports.storage.datasets.layout import Cell

__all__ = ["overlapping"]


def overlapping(stored: Iterable[Cell], added: Iterable[Cell] = ()) -> tuple[Cell, Cell] | None:
    """Return two cells that have rows in common; None if every row is in one cell only.

    A cell that starts when a stored one starts replaces it, unless it is shorter: then rows would be lost.

    Args:
        stored: The cells of the current results.
        added: Cells whose results will be added.
    """
    by_account: dict[tuple[str, str], dict[datetime, Cell]] = {}
    for cell in stored:
        by_account.setdefault((cell.report_type, cell.account_name), {})[cell.start] = cell
    for cell in added:
        cells = by_account.setdefault((cell.report_type, cell.account_name), {})
        there = cells.setdefault(cell.start, cell)
        if there.end > cell.end:
            return there, cell
        cells[cell.start] = cell
    for cells in by_account.values():
        for first, second in pairwise(sorted(cells.values(), key=lambda cell: cell.start)):
            if second.start < first.end:
                return first, second
    return None
