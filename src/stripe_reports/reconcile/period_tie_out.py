"""``client.tie_out``: fetches the reports of a period in parallel, and runs the controls."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from stripe_reports.errors import IntervalError, StripeReportsError, UnknownReportTypeError
from stripe_reports.models import ReportRequest
from stripe_reports.planning import data_end
from stripe_reports.planning.period_before import period_before
from stripe_reports.planning.periods import Period
from stripe_reports.planning.reuse import Policy
from stripe_reports.reconcile.requests import request_for
from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.render.periods import period_name
from stripe_reports.runs.progress import ProgressOption

if TYPE_CHECKING:
    from stripe_reports.reconcile.protocol import ReportClient
    from stripe_reports.report.report import Report
    from stripe_reports.runs.futures import PendingReport

__all__ = ["COMPARED_TYPES", "published_until", "tie_out"]

_TRANSACTION = (
    *("balance_transaction_id", "created_utc", "created", "available_on_utc", "available_on"),
    *("currency", "gross", "fee", "net", "reporting_category", "source_id", "description"),
)
_SETTLED_BY = ("automatic_payout_id", "automatic_payout_effective_at_utc", "automatic_payout_effective_at")
_PAYOUT = (
    *("payout_id", "effective_at_utc", "effective_at", "currency", "gross", "fee", "net"),
    *("reporting_category", "balance_transaction_id", "description", "payout_expected_arrival_date"),
    *("payout_status",),
)

# Times are requested twice: local times in a repeated hour need the UTC column.
_REPORTS: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "summary": ("balance.summary", None),
    "activity": ("balance_change_from_activity.itemized", _TRANSACTION + _SETTLED_BY),
    "payouts": ("payouts.itemized", _PAYOUT),
    "payout_reconciliation": ("payout_reconciliation.itemized", _SETTLED_BY + _TRANSACTION),
    "ending_balance": ("ending_balance_reconciliation.itemized", _TRANSACTION),
}
"""Columns to fetch, by the argument names of ``sr.tie_out``; None means Stripe's default columns."""

COMPARED_TYPES = {name: base for name, (base, _) in _REPORTS.items()}
"""The report types without version, by the argument names of ``sr.tie_out``."""

_OPTIONAL = frozenset({"payout_reconciliation", "ending_balance"})
_TOGETHER = timedelta(hours=1)
_NOTHING = "There was nothing to compare: no report has any amounts. Check the period and the currency."


def tie_out(
    client: ReportClient,
    period: Period,
    *,
    timezone: str | None,
    currency: str | None,
    reuse: Policy,
    timeout: float,
    progress: ProgressOption,
) -> TieOut:
    """See ``Client.tie_out``."""
    notes: list[str] = []
    requests = _requests(client, period, timezone, currency, notes)
    summary = requests["summary"]
    bounds = period_before(summary)
    try:
        requests["previous"] = client.request(
            summary.report_type, bounds, timezone=timezone, currency=currency
        )
    except IntervalError:
        first, after = (_instant(bound, summary.display_zone) for bound in bounds)
        name = period_name(first, after, summary.display_zone)
        notes.append(f"The previous balance was not checked: Stripe has no data for {name}.")

    def fetched(requests: dict[str, ReportRequest]) -> dict[str, Report]:
        pending: dict[str, PendingReport] = {
            name: client.submit(request, reuse=reuse, timeout=timeout, progress=progress)
            for name, request in requests.items()
        }
        return {name: report.result() for name, report in pending.items()}

    reports = fetched(requests)
    # Stripe may have refused the end of some of them, which then end one second earlier; or told it only now.
    same = _with_one_end({name: reports[name].request for name in requests if name != "previous"})
    if changed := {name: request for name, request in same.items() if request != reports[name].request}:
        reports |= fetched(changed)
    notes.extend(_of_different_data(reports))
    summary = reports["summary"].request
    notes.extend(data_end.notes(summary))
    unfinished = (note for report in reports.values() for note in data_end.unfinished(report.request))
    notes.extend(dict.fromkeys(unfinished))
    start, end = summary.period_start, summary.period_end
    result = TieOut.of(
        reports=reports,
        notes=tuple(notes),
        title=summary.period_name + (f" in {currency.lower()}" if currency else ""),
        interval=(start, end) if start and end else None,
        **{name: report.frame() for name, report in reports.items()},
    )
    if result.is_empty:
        return replace(result, notes=(*result.notes, _NOTHING))
    if not result.passes:
        return replace(result, notes=(*result.notes, *_of_different_ends(client, reports)))
    return result


def published_until(client: ReportClient) -> datetime | None:
    """Return the time up to which the data of every report of a tie-out are published; None if not known.

    Args:
        client: Asks Stripe for the report types.
    """
    ends: list[datetime] = []
    for name, (report_type, _) in _REPORTS.items():
        try:
            end = client.report_type(report_type).data_available_end
        except UnknownReportTypeError:
            if name not in _OPTIONAL:
                raise
        else:
            ends += [end] if end else []
    return min(ends, default=None)


def _instant(bound: date, zone: ZoneInfo) -> datetime:
    return bound if isinstance(bound, datetime) else datetime.combine(bound, time.min, zone)


def _requests(
    client: ReportClient, period: Period, timezone: str | None, currency: str | None, notes: list[str]
) -> dict[str, ReportRequest]:
    """Return one request for each report, all with the same bounds."""
    requests: dict[str, ReportRequest] = {}
    for name, (report_type, _) in _REPORTS.items():
        try:
            requests[name] = _request(client, name, period, timezone, currency)
        except UnknownReportTypeError:
            if name not in _OPTIONAL:
                raise
            notes.append(f"{name} was not checked: the account does not offer {report_type}.")
    return _with_one_end(requests)


def _request(
    client: ReportClient, name: str, period: Period, timezone: str | None, currency: str | None
) -> ReportRequest:
    base, wanted = _REPORTS[name]
    return request_for(client, base, period, wanted, timezone=timezone, currency=currency)


def _with_one_end(requests: dict[str, ReportRequest]) -> dict[str, ReportRequest]:
    """Return requests that all end with the first of them.

    A current period is truncated where the data end, which is earlier for some types.
    """
    first = min(requests.values(), key=_end_of)
    return {
        name: request
        if _end_of(request) == _end_of(first)
        else replace(request, interval_end=_end_of(first), truncated_at=first.truncated_at)
        for name, request in requests.items()
    }


def _end_of(request: ReportRequest) -> datetime:
    if request.period_end is None:
        raise ValueError("reports of a period have bounds")
    return request.period_end


def _of_different_data(reports: dict[str, Report]) -> list[str]:
    """Return a note if the reports show data of different times, which alone can cause a difference.

    The previous summary is left out: its control exists to find a later restatement.
    """
    ages = {name: report.provenance.as_of for name, report in reports.items() if name != "previous"}
    oldest, newest = min(ages, key=lambda name: ages[name]), max(ages, key=lambda name: ages[name])
    if ages[newest] - ages[oldest] <= _TOGETHER:
        return []
    return [
        f"The reports show data of different times: {oldest} of {ages[oldest]:%Y-%m-%d %H:%M} UTC, {newest} "
        f"of {ages[newest]:%Y-%m-%d %H:%M} UTC. A difference may come of that; new runs for all avoid it."
    ]


def _of_different_ends(client: ReportClient, reports: dict[str, Report]) -> list[str]:
    """Return a note if data are published up to different times, which alone can cause a difference.

    Each report type has its own publications: a correction of earlier days is in one before it is in another.
    """
    try:
        known = {name: client.report_type(report.request.report_type) for name, report in reports.items()}
    except StripeReportsError:
        return []  # the result matters more than this note
    ends = {name: type_.data_available_end for name, type_ in known.items() if type_.data_available_end}
    if len(set(ends.values())) < 2:
        return []
    oldest, newest = min(ends, key=lambda name: ends[name]), max(ends, key=lambda name: ends[name])
    return [
        f"Stripe has published the data of {oldest} up to {ends[oldest]:%Y-%m-%d %H:%M} UTC, of {newest} up "
        f"to {ends[newest]:%Y-%m-%d %H:%M} UTC. A correction of earlier days may be in only one of them; tie "
        "out again with new runs once both end at the same time."
    ]
