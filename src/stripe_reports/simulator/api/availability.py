"""The end of a report type's data: it moves twice a day, some hours after 00:00 and 12:00 UTC.

Source: https://docs.stripe.com/reports/api; the lag of 7 h 38 min 53 s in
https://docs.stripe.com/api/reporting/report_type/object
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from stripe_reports.models import ReportType
from stripe_reports.simulator.ledger.ledger import ACCOUNT_OPENED
from stripe_reports.simulator.reports.reports import default_columns, simulated

__all__ = ["Availability", "availability", "next_data_end", "report_type_answer"]

_STEP = timedelta(hours=12)


class Availability(NamedTuple):
    """Start and end of the available data, and the time of their publication, in Unix seconds."""

    start: int
    end: int
    updated: int


def availability(report_type: ReportType, now: datetime) -> Availability:
    """Return what is published at *now*: up to the newest boundary that is at least 7 to 8 hours old."""
    lag = timedelta(hours=7, minutes=10, seconds=zlib.crc32(report_type.id.encode()) % 2700)
    since = now - lag - datetime(1970, 1, 1, tzinfo=UTC)
    end = datetime(1970, 1, 1, tzinfo=UTC) + since // _STEP * _STEP
    return Availability(*(int(t.timestamp()) for t in (ACCOUNT_OPENED, end, end + lag)))


def next_data_end(now: datetime) -> int:
    """Return the end of the next data to be published, in Unix seconds."""
    newest = max(availability(type_, now).end for type_ in simulated())
    return newest + int(_STEP.total_seconds())


def report_type_answer(report_type: ReportType, *, livemode: bool, now: datetime) -> dict[str, Any]:
    """Write a report type as Stripe's JSON."""
    start, end, updated = availability(report_type, now)
    return {
        "id": report_type.id,
        "object": "reporting.report_type",
        "data_available_end": end,
        "data_available_start": start,
        "default_columns": list(default_columns(report_type)),
        "livemode": livemode,
        "name": report_type.name,
        "updated": updated,
        "version": report_type.version,
    }
