"""A long period as a set of months. Pure."""

from __future__ import annotations

from datetime import timedelta

from stripe_reports.catalog.splitting import why_not_split
from stripe_reports.models import ReportRequest

__all__ = ["can_be_by_month"]

_QUARTER = timedelta(days=93)
"""The longest quarter, and the hour that it may gain when clocks change."""


def can_be_by_month(request: ReportRequest | None) -> bool:
    """Tell whether the form offers a request month by month: one of a longer period than a quarter."""
    if request is None or request.period_start is None or request.period_end is None:
        return False
    is_long = request.period_end - request.period_start > _QUARTER
    return is_long and why_not_split(request.report_type) is None
