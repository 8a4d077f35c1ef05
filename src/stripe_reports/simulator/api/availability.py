"""The end of a report type's data: it moves twice a day, some hours after 00:00 and 12:00 UTC.

Data of revenue recognition move every three to four hours.
Source: https://docs.stripe.com/reports/api, https://docs.stripe.com/revenue-recognition/data-freshness
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

from stripe_reports.models import ReportType
from stripe_reports.simulator.ledger.ledger import ACCOUNT_OPENED
from stripe_reports.simulator.profiles import Profile, Publishing

__all__ = ["Availability", "Publications"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Availability(NamedTuple):
    """Start and end of the available data, and the time of their publication, in Unix seconds."""

    start: int
    end: int
    updated: int


@dataclass(frozen=True, slots=True)
class Publications:
    """All publications of an account, past and future.

    Attributes:
        profile: Its rhythm.
        seed: Lags that vary and missed publications are drawn from it.
    """

    profile: Profile
    seed: int

    def newest(self, report_type: ReportType, now: datetime) -> Availability:
        """Return the last publication of a type up to *now*."""
        return next(self._newest_first(report_type, now))

    def between(self, report_type: ReportType, after: datetime, until: datetime) -> list[Availability]:
        """Return the publications later than *after* and not later than *until*, newest first."""
        found = []
        for publication in self._newest_first(report_type, until):
            if publication.updated <= after.timestamp():
                break
            found.append(publication)
        return found

    def next_end(self, report_types: list[ReportType], now: datetime) -> int:
        """Return the first end of data that none of the types has published yet, in Unix seconds."""
        newest = max(self.newest(type_, now).end for type_ in report_types)
        step = int(self.profile.publishing.step.total_seconds())
        return newest // step * step + step

    def _newest_first(self, report_type: ReportType, now: datetime) -> Iterator[Availability]:
        rhythm = self._rhythm(report_type)
        for number in count((now - rhythm.shortest_lag - _EPOCH) // rhythm.step, -1):
            end = _EPOCH + number * rhythm.step
            updated = end + self._lag(rhythm, report_type, number)
            if updated <= now and not self._is_missed(rhythm, report_type, number):
                yield Availability(*(int(t.timestamp()) for t in (ACCOUNT_OPENED, end, updated)))

    def _rhythm(self, report_type: ReportType) -> Publishing:
        is_revenue_recognition = report_type.base.startswith("revenue_recognition.")
        return self.profile.revenue_recognition if is_revenue_recognition else self.profile.publishing

    def _lag(self, rhythm: Publishing, report_type: ReportType, number: int) -> timedelta:
        choices = int((rhythm.longest_lag - rhythm.shortest_lag).total_seconds())
        if rhythm.lag_varies:
            drawn = self._drawn("lag", report_type, number)
        else:
            drawn = zlib.crc32(report_type.id.encode())
        return rhythm.shortest_lag + timedelta(seconds=drawn % choices)

    def _is_missed(self, rhythm: Publishing, report_type: ReportType, number: int) -> bool:
        return rhythm.missed > 0 and self._drawn("missed", report_type, number) % rhythm.missed == 0

    def _drawn(self, what: str, report_type: ReportType, number: int) -> int:
        text = f"{self.seed} {what} {report_type.id} {number}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
