"""The unattended close of a month: wait until it is settled, tie out, write, look for restatements."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import polars as pl

from stripe_reports.errors import ParameterError, RunFailedError
from stripe_reports.http.settings import Settings
from stripe_reports.models import iso, zone_named
from stripe_reports.models.finding import Finding, findings_lines
from stripe_reports.planning.periods import Period, parse
from stripe_reports.planning.reuse import SETTLED_AFTER, Policy, is_closed
from stripe_reports.reconcile.closed_months import (
    CONTROLS_BOOK,
    EVIDENCE,
    OUTCOME,
    RESTATED,
    ClosedMonths,
    ClosedReport,
)
from stripe_reports.reconcile.closing import Closing
from stripe_reports.reconcile.diff import Diff, diff
from stripe_reports.reconcile.evidence.writing import write_evidence
from stripe_reports.reconcile.period_tie_out import published_until
from stripe_reports.reconcile.restatement import change_text
from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.render.periods import period_name
from stripe_reports.render.printable import printable
from stripe_reports.report.export import require
from stripe_reports.runs.progress import ProgressOption
from stripe_reports.storage.disk import shown_path, write_json

__all__ = ["MonthlyClose", "Outcome", "RestatedReport", "close_month"]

Outcome = Literal["done", "verified", "not settled", "control fails", "restated", "changed on disk"]

MONTHS_CHECKED = 12
"""Number of earlier closed months that are checked for restatements."""

_FRESH: Policy = timedelta(days=1)
"""Maximum age of data that are compared with an earlier month's. A close that is repeated on the same day
reuses or joins the runs of the first attempt."""

_RECHECK = timedelta(hours=1)
_DAY = timedelta(days=1)

_FOLLOWS_LATER: dict[str, tuple[str, ...]] = {
    "activity": (
        "automatic_payout_id",
        "automatic_payout_effective_at_utc",
        "automatic_payout_effective_at",
    ),
    "payouts": ("payout_status", "payout_expected_arrival_date"),
}
"""Columns that Stripe fills in after the month, when a payout settles a transaction or arrives at the bank.
That is no restatement."""

T = TypeVar("T")


class ClosingClient(Closing, Protocol):
    """A client that also knows its owner and Stripe's time, and can wait; ``Client`` is one."""

    settings: Settings

    def _time(self) -> datetime:
        """Stripe's time, by a call if no recent answer told it."""

    def _sleep(self, seconds: float) -> None:
        """Wait, by the clock of the client."""


@dataclass(frozen=True, slots=True)
class RestatedReport:
    """A report of an earlier closed month that Stripe changed since its evidence was written.

    Attributes:
        closed: The report as it was.
        run: Id of the run that shows the change.
        diff: The changes.
    """

    closed: ClosedReport
    run: str
    diff: Diff

    def as_json(self) -> dict[str, Any]:
        """Return the change for programs; its effect on the totals is exact text by currency."""
        effect = self.diff.effect.filter(pl.col("effect") != 0).select("currency", "effect").rows()
        return {
            "month": self.closed.month,
            "report": self.closed.name,
            "change": change_text(self.closed.provenance, self.diff),
            "effect": {currency or "": f"{amount:f}" for currency, amount in effect},
            "run_before": self.closed.provenance.run.id,
            "run_after": self.run,
        }

    def __str__(self) -> str:
        return f"Restated, {self.closed.name}: {change_text(self.closed.provenance, self.diff)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyClose:
    """The outcome of a close; its text is for people.

    Attributes:
        month: ``"2026-10"``.
        title: ``"October 2026"``.
        outcome: ``"done"``; ``"verified"`` if it was closed before and nothing was changed on disk;
            ``"not settled"`` if Stripe can still add to the month; ``"control fails"``; ``"restated"`` if
            Stripe changed an earlier closed month, which also explains a control that fails; ``"changed on
            disk"`` if it was closed before and files are missing, added or changed.
        folder: Its folder; None if nothing was written.
        settles_at: Time from which data of the month are settled, if they are not.
        days_missing: Days until then, rounded up.
        controls: The controls, if they were computed.
        checked: The earlier months that were checked for restatements.
        restated: Their reports that changed.
        findings: The checks of a month that was closed before.
        digest: SHA-256 of the manifest of the evidence, if it was written.
    """

    month: str
    title: str
    outcome: Outcome
    folder: Path | None = None
    settles_at: datetime | None = None
    days_missing: int = 0
    controls: TieOut | None = None
    checked: tuple[str, ...] = ()
    restated: tuple[RestatedReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    digest: str | None = None

    def __str__(self) -> str:
        return "\n".join(map(printable, self._lines()))

    def as_json(self) -> dict[str, Any]:
        """Return the outcome for programs, without rows; amounts are exact text."""
        return {
            "month": self.month,
            "title": self.title,
            "outcome": self.outcome,
            "folder": self.folder and str(self.folder),
            "settles_at": self.settles_at and iso(self.settles_at),
            "days_missing": self.days_missing,
            "controls": self.controls and self.controls.outcome,
            "failed_controls": self.controls and _failed(self.controls),
            "months_checked": list(self.checked),
            "restated": [each.as_json() for each in self.restated],
            "problems": [problem for finding in self.findings for problem in finding.problems],
            "manifest_sha256": self.digest,
        }

    def _lines(self) -> Iterator[str]:
        folder = self.folder and shown_path(self.folder)
        if self.settles_at is not None:
            days = "1 day is" if self.days_missing == 1 else f"{self.days_missing} days are"
            yield (
                f"{self.title} is not settled: that needs data of {self.settles_at:%Y-%m-%d %H:%M} UTC or "
                f"later from Stripe, so {days} missing. Nothing was written; close it again then."
            )
        elif self.findings:
            yield f"{self.title} was closed before, in {folder}. No file was written."
            yield from findings_lines(self.findings)
        if self.controls is not None:
            yield from str(self.controls).split("\n")
            yield from map(str, self.restated)
            yield _checked_text(self.checked, bool(self.restated))
            yield f"Written to {folder}. To verify it, close the same month again."
            yield f"SHA-256 of the manifest of its evidence: {self.digest}"


def _failed(controls: TieOut) -> list[dict[str, str | None]]:
    rows = controls.failed().select("control", "currency", "difference").iter_rows()
    return [{"control": name, "currency": code, "difference": f"{amount:f}"} for name, code, amount in rows]


def _checked_text(checked: tuple[str, ...], is_restated: bool) -> str:
    if not checked:
        return "There is no earlier closed month to check for restatements."
    months = f"{checked[0]} to {checked[-1]}" if len(checked) > 1 else checked[0]
    found = "see above" if is_restated else "none was restated"
    return f"Earlier closed months compared with Stripe's present data: {len(checked)} ({months}); {found}."


def close_month(
    client: ClosingClient,
    period: Period,
    folder: Path,
    *,
    timezone: str | None = None,
    wait: float = 0.0,
    timeout: float = 3600.0,
    progress: ProgressOption = "auto",
) -> MonthlyClose:
    """Close a month: tie out, write evidence and workbook, and check earlier months for restatements.

    The folder of the month appears when it is complete. A month that was closed before is only verified.

    Args:
        client: Fetches the reports.
        period: One calendar month.
        folder: Folder of all closed months; created if it is missing.
        timezone: Zone of the month; None is that of the client.
        wait: Maximum number of seconds to wait until the month is settled.
        timeout: Maximum duration of the tie-out, and of the check for restatements, in seconds.
        progress: See ``Client.fetch``.

    Raises:
        ParameterError: The period is not one calendar month, or the folder belongs to another account, mode
            or zone.
        MissingExtraError: The extra ``excel`` is not installed.
        StripeReportsError: As ``Client.tie_out``; a run that fails is launched once more first.
    """
    require("xlsxwriter", extra="excel", purpose="close")
    zone = timezone or client.settings.timezone or "UTC"
    month = _month(period, zone, client._time())
    closed = ClosedMonths(folder.expanduser().absolute())
    if closed.has(month.name):
        return _verified(client, closed, month)
    earlier = [
        report for name in closed.before(month.name, MONTHS_CHECKED) for report in closed.reports(name)
    ]
    for name in dict.fromkeys(report.month for report in earlier):
        _check_owner(client, closed, _month(name, zone, client.now()))
    settles_at = _wait_until_settled(client, month.end, wait)
    if settles_at is not None:
        return _not_settled(client, month, settles_at)

    def tied_out(name: str, reuse: Policy) -> TieOut:
        return _tried_again(
            lambda: client.tie_out(name, timezone=zone, reuse=reuse, timeout=timeout, progress=progress)
        )

    with closed.writing(month.name) as part:
        controls = tied_out(month.name, "auto")
        if not _is_of_settled_data(controls):  # an earlier run answered
            controls = tied_out(month.name, timedelta(0))
        if not _is_of_settled_data(controls):  # nothing was published since, or Stripe's time was wrong
            return _not_settled(client, month, month.end + SETTLED_AFTER)
        restated = _tried_again(lambda: _restated(client, earlier, timeout, progress))
        for name in dict.fromkeys(report.closed.month for report in restated):
            write_evidence(tied_out(name, _FRESH), part / RESTATED / name, written_at=client.now())
        written = write_evidence(controls, part / EVIDENCE, written_at=client.now())
        controls.write_excel(part / CONTROLS_BOOK)
        result = MonthlyClose(
            month=month.name,
            title=month.title,
            outcome="restated" if restated else "done" if controls.passes else "control fails",
            folder=closed.folder / month.name,
            controls=controls,
            checked=tuple(dict.fromkeys(report.month for report in earlier)),
            restated=restated,
            digest=written.digest,
        )
        write_json(part / OUTCOME, result.as_json() | {"closed_at": iso(client.now())})
    return result


@dataclass(frozen=True, slots=True)
class _Month:
    name: str
    title: str
    start: datetime
    end: datetime


def _month(period: Period, zone: str, now: datetime) -> _Month:
    interval = parse(period, timezone=zone, now=now)
    name = f"{interval.start.astimezone(zone_named(zone)):%Y-%m}"
    whole = parse(name, timezone=zone, now=now)
    if (interval.start, interval.end) != (whole.start, whole.end):
        raise ParameterError(
            f"A close is of one calendar month, and {period!r} is not one. Write it as '{name}' or "
            "'last month'.",
            param="period",
        )
    return _Month(name, period_name(whole.start, whole.end, zone_named(zone)), whole.start, whole.end)


def _check_owner(client: ClosingClient, closed: ClosedMonths, month: _Month) -> None:
    """Refuse a folder with months of another account, mode or zone, which cannot be compared."""
    owner = client.settings.owner
    for report in closed.reports(month.name):
        known = report.provenance
        if (known.account, known.livemode, known.place) != (owner.account, owner.mode == "live", owner.place):
            other = "another account, mode or address of Stripe"
        elif closed.interval(month.name) != (month.start, month.end):
            other = "another time zone"
        else:
            continue
        raise ParameterError(
            f"{shown_path(closed.folder)} has the close of {month.name} of {other}. Use one folder for each.",
            param="folder",
        )


def _verified(client: ClosingClient, closed: ClosedMonths, month: _Month) -> MonthlyClose:
    findings = closed.findings(month.name)
    is_unchanged = all(finding.ok for finding in findings)
    if is_unchanged:
        _check_owner(client, closed, month)
    return MonthlyClose(
        month=month.name,
        title=month.title,
        outcome="verified" if is_unchanged else "changed on disk",
        folder=closed.folder / month.name,
        findings=findings,
    )


def _wait_until_settled(client: ClosingClient, end: datetime, wait: float) -> datetime | None:
    """Wait until all data of the month are published; return the time of that if it is too far away."""
    give_up = client._time() + timedelta(seconds=wait)
    while (settles_at := _settles_at(client, end)) is not None:
        if settles_at > give_up:
            return settles_at
        while (left := settles_at - client.now()) > timedelta(0):
            client._sleep(min(left, _RECHECK).total_seconds())  # Stripe's clock may differ, or be moved
    return None


def _settles_at(client: ClosingClient, end: datetime) -> datetime | None:
    """Return the time at which the month is settled; None if it is."""
    now, settles_at = client._time(), end + SETTLED_AFTER
    if now < settles_at:
        return settles_at
    published = published_until(client)
    return None if published is None or published >= end else now + _RECHECK


def _not_settled(client: ClosingClient, month: _Month, settles_at: datetime) -> MonthlyClose:
    return MonthlyClose(
        month=month.name,
        title=month.title,
        outcome="not settled",
        settles_at=settles_at,
        days_missing=max(1, math.ceil((settles_at - client.now()) / _DAY)),
    )


def _is_of_settled_data(controls: TieOut) -> bool:
    """Tell whether the runs are of after the month was settled, by their own times."""
    return all(is_closed(each.request, each.provenance.as_of) for each in controls.reports.values())


def _restated(
    client: ClosingClient, earlier: Sequence[ClosedReport], timeout: float, progress: ProgressOption
) -> tuple[RestatedReport, ...]:
    """Run the requests of earlier closed months again, and return those with another result."""
    pending = [
        client.submit(each.provenance.request, reuse=_FRESH, timeout=timeout, progress=progress)
        for each in earlier
    ]
    found = []
    for closed, report in zip(earlier, (each.result() for each in pending), strict=True):
        later = _FOLLOWS_LATER.get(closed.name, ())
        before, after = pl.read_parquet(closed.path, glob=False), report.frame()
        changes = diff(
            before.drop(later, strict=False),
            after.drop(later, strict=False),
            report_type=report.request.report_type,
        )
        if not changes.is_empty:
            found.append(RestatedReport(closed, report.run.id, changes))
    return tuple(found)


def _tried_again(do: Callable[[], T]) -> T:
    """Call *do*, and again after a failed run, until a run of the same request has failed twice."""
    failed = set()
    while True:
        try:
            return do()
        except RunFailedError as error:
            request = (error.run.report_type, repr(error.run.plain_parameters))
            if request in failed:
                raise
            failed.add(request)
