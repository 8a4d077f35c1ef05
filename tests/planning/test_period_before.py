"""The period before that of a request: what a month, a week or an hour is compared with."""

from datetime import date

import pytest

from clocks import utc
from stripe_reports.models import ReportRequest
from stripe_reports.planning.period_before import period_before


def asked(start, end, zone=None):
    return ReportRequest("balance.summary.2", interval_start=start, interval_end=end, zone=zone)


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        pytest.param((2026, 10, 1), (2026, 11, 1), (2026, 9, 1), id="a month"),
        pytest.param((2026, 3, 1), (2026, 4, 1), (2026, 2, 1), id="after a short month"),
        pytest.param((2026, 1, 1), (2026, 2, 1), (2025, 12, 1), id="January"),
        pytest.param((2026, 11, 1), (2026, 11, 5, 12), (2026, 10, 1), id="a month that is not over"),
        pytest.param((2026, 11, 1), (2026, 11, 5), (2026, 10, 1), id="the first days of a month"),
        pytest.param((2026, 7, 1), (2026, 10, 1), (2026, 4, 1), id="a quarter"),
        pytest.param((2026, 1, 1), (2027, 1, 1), (2025, 1, 1), id="a year"),
        pytest.param((2026, 10, 6), (2026, 10, 11), (2026, 10, 1), id="days"),
        pytest.param((2026, 10, 1), (2026, 11, 15), (2026, 8, 17), id="days from the first of a month"),
        pytest.param((2026, 9, 15), (2026, 10, 1), (2026, 8, 30), id="days up to the first of a month"),
    ],
)
def test_before_whole_months_are_as_many_months_and_before_days_as_many_days(start, end, before):
    """Months differ in length: compared by days, October would be compared with 31 August to 30 September."""
    assert period_before(asked(utc(*start), utc(*end))) == (date(*before), date(*start))


def test_a_month_is_one_by_the_clocks_of_its_zone():
    """In UTC, October of Paris begins and ends at different hours."""
    october = asked(utc(2026, 9, 30, 22), utc(2026, 10, 31, 23), "Europe/Paris")
    assert period_before(october) == (date(2026, 9, 1), date(2026, 10, 1))


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        pytest.param((2026, 10, 5, 6), (2026, 10, 5, 9), (2026, 10, 5, 3), id="within a day"),
        pytest.param((2026, 10, 6), (2026, 10, 6, 12), (2026, 10, 5, 12), id="from midnight"),
        pytest.param((2026, 10, 1), (2026, 11, 1, 6), (2026, 8, 30, 18), id="longer than a month"),
    ],
)
def test_before_hours_are_as_many_hours(start, end, before):
    """They are no calendar period."""
    assert period_before(asked(utc(*start), utc(*end))) == (utc(*before), utc(*start))


def test_a_request_without_an_interval_has_none():
    """A payout has no predecessor in time."""
    with pytest.raises(ValueError, match="has no interval"):
        period_before(ReportRequest("payout_reconciliation.by_id.itemized.4", payout="po_1"))
