"""Intervals that end exactly where Stripe's data end, about which Stripe's pages disagree.

The guide lets an interval end at ``data_available_end``; the reference wants one second less, and a start one
second after ``data_available_start``. Which of them Stripe does is unproved, so the guide is tried first.
Sources: https://docs.stripe.com/reports/api, https://docs.stripe.com/api/reporting/report_run/create
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from stripe_reports.errors import InvalidRequestError
from stripe_reports.models import ReportRequest, ReportType, iso

__all__ = ["Bound", "bound_named", "is_at_the_edge", "notes", "shortened", "unfinished"]

Bound = Literal["interval_end", "interval_start"]

_SECOND = timedelta(seconds=1)


def shortened(request: ReportRequest) -> ReportRequest | None:
    """Return a request that was truncated at the end of the data, with one second less.

    None if it was not truncated or is that short already, or if nothing would be left of it. The bounds of
    any other period are those that the user named, so they are never changed.
    """
    start, end = request.interval_start, request.truncated_at
    if end is None or request.interval_end != end or (start is not None and start >= end - _SECOND):
        return None
    return replace(request, interval_end=end - _SECOND)


def notes(request: ReportRequest) -> tuple[str, ...]:
    """Return a sentence that says that a request was shortened; nothing for any other."""
    end = request.truncated_at
    if end is None or request.interval_end is None or request.interval_end >= end:
        return ()
    at = iso(end, request.display_zone)
    return (
        f"Stripe refuses an interval that ends exactly at the end of its data, {at}; so this one ends one "
        "second earlier.",
    )


def unfinished(request: ReportRequest, as_of: datetime) -> tuple[str, ...]:
    """Return a sentence that says that the data of a report end before its period; nothing for any other.

    Only Reports v2 runs such a period as asked, since nothing tells the end of the data beforehand.
    That the data reach to the time of the refresh is inferred.
    """
    end = request.period_end
    if request.report_id is None or end is None or as_of >= end:
        return ()
    at, until = (iso(instant, request.display_zone) for instant in (as_of, end))
    return (f"Its data are of {at}, so the period until {until} is not complete.",)


def bound_named(refusal: InvalidRequestError) -> Bound | None:
    """Return the bound that a refusal is about; Stripe has been seen to leave ``param`` out."""
    about = refusal.param or refusal.stripe_message or ""
    return next((bound for bound in get_args(Bound) if bound in about), None)


def is_at_the_edge(bound: Bound, request: ReportRequest, report_type: ReportType) -> bool:
    """Return True if that bound of a request is exactly where the data of its type start or end."""
    if bound == "interval_end":
        return request.interval_end in (request.truncated_at, report_type.data_available_end)
    return request.interval_start == report_type.data_available_start
