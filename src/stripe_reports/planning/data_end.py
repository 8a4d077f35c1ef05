"""Intervals that end exactly where Stripe's data end, about which Stripe's pages disagree.

The guide lets an interval end at ``data_available_end``; the reference wants one second less, and a start one
second after ``data_available_start``. Which of them Stripe does is unproved, so the guide is tried first.
Sources: https://docs.stripe.com/reports/api, https://docs.stripe.com/api/reporting/report_run/create
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from stripe_reports.errors import IntervalError, InvalidRequestError
from stripe_reports.models import ReportRequest, ReportType, RunView, iso

__all__ = [
    "Bound",
    "bound_named",
    "check_begun",
    "check_has_data",
    "is_at_the_edge",
    "notes",
    "of_its_data",
    "of_unknown_age",
    "shortened",
    "unfinished",
    "until_now",
]

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


def unfinished(request: ReportRequest) -> tuple[str, ...]:
    """Return a sentence that says that the data of a report end before its period; nothing for any other.

    Only Reports v2 runs such a period as asked, since nothing tells the end of the data beforehand. They
    cannot be newer than their last refresh; that they are complete up to it is inferred.
    """
    end, asked = request.period_end, request.asked_end
    if end is None or asked is None or end >= asked:
        return ()
    at, until = (iso(instant, request.display_zone) for instant in (end, asked))
    return (
        f"Ends at {at}, the time of its data, so the period until {until} is not complete. Reports v2 does "
        "not say whether all data until then are included.",
    )


def of_unknown_age(run: RunView) -> tuple[str, ...]:
    """Return a sentence that says that Stripe does not tell the time of the data; nothing if it does."""
    if run.tells_data_time:
        return ()
    return (
        f"Stripe does not say of when the data of run {run.id} are; they are taken to be of its launch, and "
        "may be older.",
    )


def of_its_data(request: ReportRequest) -> ReportRequest:
    """Return the request that asks once more for the period of a report, and for no later data."""
    if request.interval_end is None or request.period_end == request.interval_end:
        return request
    return replace(request, interval_end=request.period_end)


def check_begun(request: ReportRequest, data_end: datetime, *, of: str) -> None:
    """Refuse a period that starts where the data end, or later.

    Args:
        request: The request.
        data_end: A time that no data can be later than.
        of: What that time is, as a clause with its verb, such as ``"the data of run rrun_1 are of"``.

    Raises:
        IntervalError: There are no data of the period yet; the message has both times.
    """
    start, data_end = request.period_start, data_end.replace(microsecond=0)  # a period has whole seconds
    if start is None or start < data_end:
        return
    begins, end = (iso(at, request.display_zone) for at in (start, data_end))
    raise IntervalError(
        f"Stripe has no data for that time yet. The period of {request.report_type} starts at {begins}, and "
        f"{of} {end}. Ask again later.",
        param="interval_start",
    )


def check_has_data(request: ReportRequest, run: RunView) -> None:
    """Refuse a period that starts where the data of its run end; only Reports v2 runs such a one.

    Raises:
        IntervalError: There are no data of the period yet.
    """
    if request.report_id is not None and run.state == "succeeded":
        check_begun(request, run.as_of, of=f"the data of run {run.id} are of")


def until_now(requests: Sequence[ReportRequest], now: datetime) -> tuple[ReportRequest, ...]:
    """Return the requests of the parts of a period, in order, without those that have not begun."""
    ends = [request.asked_end for request in requests]
    begun = sum(end is not None and end < now for end in ends) + 1
    return tuple(requests[:begun])


def bound_named(refusal: InvalidRequestError) -> Bound | None:
    """Return the bound that a refusal is about; Stripe has been seen to leave ``param`` out."""
    about = refusal.param or refusal.stripe_message or ""
    return next((bound for bound in get_args(Bound) if bound in about), None)


def is_at_the_edge(bound: Bound, request: ReportRequest, report_type: ReportType) -> bool:
    """Return True if that bound of a request is exactly where the data of its type start or end."""
    if bound == "interval_end":
        return request.interval_end in (request.truncated_at, report_type.data_available_end)
    return request.interval_start == report_type.data_available_start
