"""Intervals of one account that overlap would give rows twice, in every reader of a dataset."""

from datetime import UTC, datetime

import pytest

from stripe_reports.storage.datasets.layout import Cell
from stripe_reports.storage.datasets.overlap import overlapping


def cell(start, end, account="acct_1", report_type="payouts.itemized.5"):
    """Days of October 2026."""
    return Cell(report_type, account, *(datetime(2026, 10, day, tzinfo=UTC) for day in (start, end)))


@pytest.mark.parametrize(
    ("stored", "added", "found"),
    [
        pytest.param([cell(1, 8), cell(8, 15)], [], None, id="one ends where the next starts"),
        pytest.param([cell(8, 15), cell(1, 9)], [], (cell(1, 9), cell(8, 15)), id="a day in both"),
        pytest.param([cell(1, 20)], [cell(8, 15)], (cell(1, 20), cell(8, 15)), id="one within the other"),
        pytest.param([cell(1, 8)], [cell(2, 9, None)], None, id="of two accounts"),
        pytest.param([cell(1, 8)], [cell(2, 9, report_type="fees.itemized.1")], None, id="of two types"),
        pytest.param([cell(1, 8), cell(8, 15)], [cell(1, 8)], None, id="a newer run of the same interval"),
        pytest.param([cell(1, 8)], [cell(1, 15)], None, id="a longer one replaces the shorter"),
        pytest.param([cell(1, 15)], [cell(1, 8)], (cell(1, 15), cell(1, 8)), id="a shorter one loses rows"),
        pytest.param(
            [cell(1, 8), cell(8, 15)],
            [cell(1, 15)],
            (cell(1, 15), cell(8, 15)),
            id="a longer one meets the next",
        ),
        pytest.param([], [cell(1, 8), cell(7, 9)], (cell(1, 8), cell(7, 9)), id="both are new"),
        pytest.param([], [cell(1, 8), cell(1, 9)], None, id="both are new, and the longer one has all rows"),
    ],
)
def test_no_row_is_in_two_cells_and_none_is_lost(stored, added, found):
    """A longer interval that starts at the same time has all rows of a shorter one, and takes its place."""
    assert overlapping(stored, added) == found
