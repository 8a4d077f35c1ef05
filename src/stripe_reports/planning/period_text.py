"""The period of a request, as a person would write it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from stripe_reports.models import ReportRequest

__all__ = ["period_text"]

_DAY = timedelta(days=1)


def period_text(request: ReportRequest) -> str | None:
    """Return the shortest period that means the interval of a request, such as ``"2026-10"``.

    ``"2026"``, ``"2026-Q4"``, ``"2026-10"``, ``"2026-10-05"`` or ``"2026-10-01/2026-10-15"``, in the zone of
    the request. A report about one moment is named by the month or the day that ends there. None if the
    request has no period, or its bounds are not at midnight.
    """
    if request.tax_invoice_month is not None:
        return request.tax_invoice_month
    end = _midnight(request.interval_end, request)
    if end is None:
        return None
    if request.interval_start is None:
        last = end - _DAY
        return f"{last:%Y-%m}" if end.day == 1 else f"{last}"
    start = _midnight(request.interval_start, request)
    if start is None:
        return None
    months = 12 * (end.year - start.year) + end.month - start.month
    if start.day == end.day == 1:
        if months == 12 and start.month == 1:
            return f"{start.year}"
        if months == 3 and start.month % 3 == 1:
            return f"{start.year}-Q{start.month // 3 + 1}"
        if months == 1:
            return f"{start:%Y-%m}"
    return f"{start}" if end - start == _DAY else f"{start}/{end}"


def _midnight(bound: datetime | None, request: ReportRequest) -> date | None:
    """Return the day that begins at a bound, in the zone of the request; None if none does."""
    local = bound and bound.astimezone(request.display_zone)
    return local.date() if local and local.time() == time.min else None
