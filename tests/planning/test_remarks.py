"""Sentences about a request that everyone who sees its rows should know."""

import pytest

from clocks import utc
from stripe_reports.models import ReportRequest
from stripe_reports.planning.remarks import remarks

OCTOBER = {"interval_start": utc(2026, 10, 1), "interval_end": utc(2026, 11, 1)}
PAYOUTS, CONNECTED = "payouts.itemized.5", "connected_account_payouts.itemized.3"


@pytest.mark.parametrize(
    ("report_type", "zone", "more", "is_said"),
    [
        pytest.param(PAYOUTS, "America/Los_Angeles", OCTOBER, True, id="west of Greenwich"),
        pytest.param(CONNECTED, "America/Los_Angeles", OCTOBER, True, id="of connected accounts"),
        pytest.param(PAYOUTS, "America/Los_Angeles", {}, True, id="a file that names no period"),
        pytest.param(PAYOUTS, "Europe/Paris", OCTOBER, False, id="east of Greenwich"),
        pytest.param(PAYOUTS, "UTC", OCTOBER, False, id="UTC"),
        pytest.param(PAYOUTS, None, OCTOBER, False, id="no zone"),
        pytest.param(PAYOUTS, "Pacific/Apia", OCTOBER, False, id="crossed the date line in 2011"),
        pytest.param(
            "balance_change_from_activity.itemized.3", "America/Los_Angeles", OCTOBER, False, id="no payouts"
        ),
        pytest.param(
            PAYOUTS, "America/Los_Angeles", {"columns": ["net"]}, False, id="without the column of that day"
        ),
        pytest.param(
            PAYOUTS, "America/Los_Angeles", {"columns": ["net", "effective_at"]}, True, id="with that column"
        ),
    ],
)
def test_it_is_said_where_the_bank_date_of_a_payout_shows_as_the_day_before(report_type, zone, more, is_said):
    """Midnight UTC is an evening there, and payouts would be counted in the wrong day or month."""
    found = remarks(ReportRequest(report_type, timezone=zone, **more))
    assert len(found) == is_said
    assert all(f"so in {zone} it shows the evening before" in each for each in found)


def test_it_is_said_that_an_interval_was_shortened():
    """Its last second is missing."""
    ends = utc(2026, 11, 5, 12)
    shorter = ReportRequest(
        PAYOUTS, interval_start=utc(2026, 11, 1), interval_end=utc(2026, 11, 5, 11, 59, 59), truncated_at=ends
    )
    (said,) = remarks(shorter)
    assert "2026-11-05T12:00:00Z; so this one ends one second earlier" in said
