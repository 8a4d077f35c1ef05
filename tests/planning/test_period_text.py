"""The shortest text of a period: what the form's code and a saved form say of a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocks import utc
from stripe_reports.models import ReportRequest
from stripe_reports.planning.period_text import period_text
from stripe_reports.planning.periods import parse

NOW = utc(2026, 11, 5)


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ((2026, 1, 1), (2027, 1, 1), "2026"),
        ((2026, 4, 1), (2027, 4, 1), "2026-04-01/2027-04-01"),
        *(((2026, 3 * n - 2, 1), (2026 + n // 4, 3 * n % 12 + 1, 1), f"2026-Q{n}") for n in (1, 2, 3, 4)),
        ((2026, 2, 1), (2026, 5, 1), "2026-02-01/2026-05-01"),
        ((2026, 10, 1), (2026, 11, 1), "2026-10"),
        ((2026, 12, 1), (2027, 1, 1), "2026-12"),
        ((2026, 10, 2), (2026, 11, 2), "2026-10-02/2026-11-02"),
        ((2026, 10, 31), (2026, 11, 1), "2026-10-31"),
        ((2026, 10, 1), (2026, 10, 15), "2026-10-01/2026-10-15"),
        ((2026, 10, 1, 6), (2026, 11, 1), None),
        ((2026, 10, 1), (2026, 11, 1, 6), None),
    ],
)
def test_a_period_is_named_by_the_calendar_or_by_its_days_or_not_at_all(start, end, text):
    """The text must mean the same interval: a fiscal year is no year, and three months may be no quarter."""
    request = ReportRequest("payouts.itemized.5", interval_start=utc(*start), interval_end=utc(*end))
    assert period_text(request) == text


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        pytest.param({"interval_end": utc(2026, 11, 1)}, "2026-10", id="the end of a month"),
        pytest.param({"interval_end": utc(2026, 10, 6)}, "2026-10-05", id="the end of a day"),
        pytest.param({"interval_end": utc(2026, 10, 6, 9)}, None, id="a time of the day"),
        pytest.param({"tax_invoice_month": "2026-10"}, "2026-10", id="the month of a tax invoice"),
        pytest.param({}, None, id="none"),
    ],
)
def test_a_moment_is_named_by_the_period_that_ends_there(parameters, text):
    """A balance at the start of November is that of October."""
    assert period_text(ReportRequest("any.type.1", **parameters)) == text


@given(
    period=st.sampled_from(["2026", "2026-Q4", "2026-10", "2026-10-25", "2026-10-24/2026-10-27"]),
    zone=st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Pacific/Apia"]),
)
def test_the_text_means_the_same_interval_in_the_zone_of_the_request(period, zone):
    """Code that is copied must ask for the same rows."""
    whole = parse(period, timezone=zone, now=NOW)
    request = ReportRequest(
        "payouts.itemized.5", interval_start=whole.start, interval_end=whole.end, timezone=zone
    )
    assert period_text(request) == period
