"""Months of tax invoices: whole ones, in UTC, instead of an interval."""

import pytest

from clocks import utc
from stripe_reports.errors import IntervalError
from stripe_reports.models import ReportRequest
from stripe_reports.planning.intervals import Interval
from stripe_reports.planning.tax_months import in_months, month_of, whole_months

FEES = "all_fees.vat_invoice_v2.itemized.2"
NOW = utc(2026, 11, 5, 12)


def test_a_whole_month_is_named():
    """As Stripe takes it."""
    december = Interval(utc(2025, 12, 1), utc(2026, 1, 1), "UTC")
    assert month_of(december, FEES, NOW) == "2025-12"


@pytest.mark.parametrize(
    ("start", "end", "now", "advised"),
    [
        pytest.param((2026, 7, 1), (2026, 10, 1), NOW, "2026-07", id="three months"),
        pytest.param((2026, 8, 31, 22), (2026, 9, 30, 22), NOW, "2026-08", id="a month of another zone"),
        pytest.param((2026, 11, 1), (2026, 11, 5), NOW, "2026-10", id="a month that is not over"),
        pytest.param((2026, 1, 1), (2026, 1, 2), utc(2026, 1, 31), "2025-12", id="in January"),
    ],
)
def test_anything_else_is_refused_with_a_month_that_is_over(start, end, now, advised):
    """Stripe has no invoice of a month before its end."""
    with pytest.raises(IntervalError, match="must be one whole calendar month in UTC") as caught:
        month_of(Interval(utc(*start), utc(*end), "UTC"), FEES, now)
    assert advised in str(caught.value)
    assert caught.value.param == "interval_start"


def test_an_open_period_has_the_months_that_are_over():
    """The others have no invoice yet."""
    year = Interval(utc(2026, 1, 1), utc(2026, 11, 5, 12), "UTC", is_open=True)
    assert whole_months(year, FEES) == Interval(utc(2026, 1, 1), utc(2026, 11, 1), "UTC", is_open=True)


@pytest.mark.parametrize(
    ("start", "end", "is_open", "param", "reason"),
    [
        pytest.param(
            (2026, 7, 2), (2026, 10, 1), False, "interval_start", "whole calendar months", id="late start"
        ),
        pytest.param(
            (2026, 7, 1), (2026, 9, 30), False, "interval_start", "whole calendar months", id="early end"
        ),
        pytest.param(
            (2026, 11, 1),
            (2026, 11, 5),
            True,
            "interval_end",
            "no month of that period is over",
            id="none over",
        ),
    ],
)
def test_parts_of_months_are_refused(start, end, is_open, param, reason):
    """Half a month of fees would be taken for all of them."""
    with pytest.raises(IntervalError, match=reason) as caught:
        whole_months(Interval(utc(*start), utc(*end), "UTC", is_open), FEES)
    assert caught.value.param == param


def test_a_request_is_asked_for_month_by_month():
    """Each has the month, no bounds and no zone; everything else is kept."""
    whole = ReportRequest(
        FEES,
        interval_start=utc(2025, 11, 1),
        interval_end=utc(2026, 2, 1),
        columns=["fee_id"],
        zone="Europe/Paris",
    )
    months = in_months(whole)
    assert months == tuple(
        ReportRequest(FEES, tax_invoice_month=month, columns=["fee_id"])
        for month in ("2025-11", "2025-12", "2026-01")
    )
    assert {month.zone for month in months} == {None}
