"""A request in parts: the requests of its months, which together ask for the same rows."""

from itertools import pairwise

import pytest

from clocks import utc
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest
from stripe_reports.planning.intervals import Interval
from stripe_reports.planning.parts import check_split_of, requests_of

PAYOUTS, BALANCE_AT = "payouts.itemized.5", "ending_balance_reconciliation.itemized.4"
FEES = "all_fees.vat_invoice_v2.itemized.2"
STARTS = [utc(2026, 8, 31, 22), utc(2026, 9, 30, 22), utc(2026, 10, 31, 23), utc(2026, 11, 5, 12)]
"""Bounds of the months from September to November, which is not over yet, in Paris."""


def test_the_parts_are_the_months_of_the_zone_and_keep_everything_else():
    """A filter that one part lacks gives rows that nobody asked for."""
    also = {"timezone": "Europe/Paris", "currency": "eur", "columns": ["net", "payout_id"]}
    whole = ReportRequest(PAYOUTS, interval_start=STARTS[0], interval_end=STARTS[3], **also)
    assert requests_of(whole, "month") == tuple(
        ReportRequest(PAYOUTS, interval_start=start, interval_end=end, **also)
        for start, end in pairwise(STARTS)
    )
    assert requests_of(whole, None) == (whole,)


def test_only_the_last_part_ends_with_the_data():
    """So only it may lose a second if Stripe refuses that end."""
    whole = ReportRequest(
        PAYOUTS, interval_start=STARTS[0], interval_end=STARTS[3], truncated_at=STARTS[3], zone="Europe/Paris"
    )
    parts = requests_of(whole, "month")
    assert [part.truncated_at for part in parts] == [None, None, STARTS[3]]
    assert {part.zone for part in parts} == {"Europe/Paris"}


def test_a_balance_is_asked_for_at_the_end_of_each_part_of_the_period():
    """It is about a moment, so the request has only the last one."""
    period = Interval(STARTS[0], STARTS[3], "Europe/Paris")
    last = ReportRequest(BALANCE_AT, interval_end=STARTS[3], truncated_at=STARTS[3], currency="eur")
    parts = requests_of(last, "month", period)
    assert parts == tuple(ReportRequest(BALANCE_AT, interval_end=end, currency="eur") for end in STARTS[1:])
    assert [part.truncated_at for part in parts] == [None, None, STARTS[3]]


def test_the_fees_of_tax_invoices_are_in_months():
    """Stripe takes a month for them, and no interval."""
    quarter = ReportRequest(FEES, interval_start=utc(2026, 7, 1), interval_end=utc(2026, 10, 1))
    months = tuple(ReportRequest(FEES, tax_invoice_month=f"2026-{month:02}") for month in (7, 8, 9))
    assert requests_of(quarter, "month") == months
    assert requests_of(months[0], "month") == months[:1]
    with pytest.raises(ParameterError, match="Write split='month' instead of 'week'") as caught:
        requests_of(quarter, "week")
    assert caught.value.param == "split"


@pytest.mark.parametrize(
    ("request_", "param", "reason"),
    [
        pytest.param(ReportRequest(PAYOUTS), "interval_start", "needs a period to split", id="no period"),
        pytest.param(
            ReportRequest("payout_reconciliation.by_id.itemized.4", payout="po_1"),
            "split",
            "describes one payout",
            id="one payout",
        ),
        pytest.param(
            ReportRequest(BALANCE_AT, interval_end=STARTS[3]), "split", "describes one moment", id="a moment"
        ),
    ],
)
def test_what_has_no_parts_is_refused(request_, param, reason):
    """A request of such a type means one report, however long the period is."""
    with pytest.raises(ParameterError, match=reason) as caught:
        requests_of(request_, "month")
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("report_type", "has_period", "can_be_split"),
    [
        (PAYOUTS, True, True),
        (PAYOUTS, False, True),
        (BALANCE_AT, True, True),
        (BALANCE_AT, False, False),
        ("balance.summary.2", True, True),
    ],
)
def test_a_moment_has_parts_only_if_a_period_is_named(report_type, has_period, can_be_split):
    """A type is checked before its period is known."""
    if can_be_split:
        check_split_of(report_type, has_period=has_period)
    else:
        with pytest.raises(ParameterError):
            check_split_of(report_type, has_period=has_period)
