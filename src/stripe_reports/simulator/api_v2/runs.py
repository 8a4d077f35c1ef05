"""Report runs of v2: what Stripe keeps, and what it shows at a given time. There is no list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from stripe_reports.simulator.api.keys import Access, Caller
from stripe_reports.simulator.api.runbook import RunBook, another_report, new_id
from stripe_reports.simulator.api_v2.answers import not_found
from stripe_reports.simulator.api_v2.instants import in_milliseconds, in_nanoseconds
from stripe_reports.simulator.api_v2.parameters import Sent, within
from stripe_reports.simulator.api_v2.preview import Preview
from stripe_reports.simulator.api_v2.reports import Report
from stripe_reports.simulator.api_v2.result import ResultFile
from stripe_reports.simulator.faults.faults import Outcome

__all__ = ["ReportRun", "ReportRuns"]


@dataclass(slots=True, kw_only=True)
class ReportRun:
    """One execution of a report.

    Attributes:
        owner: The caller who may see it.
        key_digest: Digest of the key that created it: its runs count together.
        created: Unix seconds, and parts of one.
        parameters: As they are shown: times in one form, all else as sent.
        refreshed_at: End of the data, in Unix seconds. That it is the end, and not the time of a publication,
            is inferred.
        finishes_at: The time when it leaves ``running``; ``math.inf`` for a run that never does.
        is_compressed: True if the file is a zip archive.
        file: Its result; None for a run without one.
    """

    id: str
    owner: Caller
    key_digest: str
    created: float
    report: Report
    parameters: dict[str, Any]
    refreshed_at: int
    finishes_at: float
    outcome: Outcome
    is_compressed: bool
    file: ResultFile | None = field(repr=False)

    def status(self, now: float) -> str:
        """Return ``running`` until the run ends, then the status of its outcome."""
        return self.outcome.status if now >= self.finishes_at else "running"

    def answer(
        self, now: float, preview: Preview, result: dict[str, Any] | None, *, sql: str | None = None
    ) -> dict[str, Any]:
        """Write Stripe's JSON.

        Args:
            now: The current time.
            preview: See ``Preview``.
            result: The result, if it has succeeded.
            sql: None unless it was requested.
        """
        return {
            "id": self.id,
            "object": "v2.data.report_run",
            "created": in_nanoseconds(self.created, self.id),
            "livemode": self.owner.livemode,
            "name": self.report.name,
            "parameters": self.parameters,
            "refreshed_at": in_milliseconds(self.refreshed_at),
            "report": self.report.id,
            "result": result,
            "result_options": self._result_options(preview),
            "sql": sql,
            "status": self.status(now),
            "status_details": self._status_details(now, preview),
        }

    def _result_options(self, preview: Preview) -> dict[str, Any]:
        if preview.result_options == "compress_file":
            return {"compress_file": self.is_compressed}
        return {"compression": "zip" if self.is_compressed else "none"}

    def _status_details(self, now: float, preview: Preview) -> dict[str, Any] | None:
        status, outcome = self.status(now), self.outcome
        has_ended = now >= self.finishes_at and status != "succeeded"
        if preview.status_details == "by_status":
            failed = {"error_code": outcome.code, "error_message": outcome.error}
            return {status: failed} if has_ended and outcome.error else {}
        if not has_ended:
            return None
        is_canceled = status == "canceled"
        return {
            "code": None if is_canceled else outcome.code,
            "message": outcome.error,
            "canceled_at": in_nanoseconds(self.finishes_at, self.id) if is_canceled else None,
        }


class ReportRuns:
    """All report runs of a simulator, by id.

    Args:
        book: The data: rows, publications, and the report types of v1.
        latency: Seconds that a run takes.
        preview: See ``Preview``.

    Attributes:
        in_order: All runs, of all callers, oldest first.
    """

    def __init__(self, book: RunBook, latency: Callable[[], float], preview: Preview) -> None:
        self.in_order: list[ReportRun] = []
        self._runs: dict[str, ReportRun] = {}
        self._unfinished: list[ReportRun] = []
        self._book = book
        self._latency = latency
        self._preview = preview

    def create(self, access: Access, report: Report, sent: Sent, now: datetime) -> ReportRun:
        """Create a run. Whether an older file may answer it, as in v1, is not known: here, none does."""
        outcome = self._book.next_outcome()
        run_id = f"rrun_61{new_id('', 46)}"
        data_end = self._book.publications.newest(report.report_type, now).end
        file = None
        if outcome.result != "none":
            file = self._file(access.caller, report, sent, data_end, outcome, run_id)
        run = ReportRun(
            id=run_id,
            owner=access.caller,
            key_digest=access.key_digest,
            created=now.timestamp(),
            report=report,
            parameters=sent.shown,
            refreshed_at=data_end,
            finishes_at=now.timestamp() + outcome.delay(self._latency()),
            outcome=outcome,
            is_compressed=sent.is_compressed,
            file=file,
        )
        self._runs[run.id] = run
        self.in_order.append(run)
        self._unfinished.append(run)
        return run

    def find(self, owner: Caller, id_: str) -> ReportRun:
        """Return a run of a caller; raises Stripe's 404 if there is none."""
        run = self._runs.get(id_)
        if run is None or run.owner != owner:
            raise not_found("report run", id_)
        return run

    def finished_file(self, id_: str, now: datetime) -> ResultFile | None:
        """Return the file of a succeeded run, of any caller; None for any other id."""
        run = self._runs.get(id_)
        return run.file if run and run.status(now.timestamp()) == "succeeded" else None

    def owner(self, id_: str) -> Caller | None:
        """Return the caller who may see a run; None if there is no such run."""
        run = self._runs.get(id_)
        return run.owner if run else None

    def running(self, key_digest: str, now: datetime) -> int:
        """Count the runs of a key that have not ended."""
        self._unfinished = [run for run in self._unfinished if run.finishes_at > now.timestamp()]
        return sum(run.key_digest == key_digest for run in self._unfinished)

    def _file(
        self, owner: Caller, report: Report, sent: Sent, data_end: int, outcome: Outcome, run_id: str
    ) -> ResultFile:
        report_type, parameters = report.report_type, within(sent.parameters, data_end)
        columns = list(parameters.get("columns", report.columns))
        if outcome.result == "other report":
            report_type, parameters = another_report(report_type, parameters, data_end)
            columns = list(self._book.offer.default_columns(report_type))

        def rows() -> Iterator[pl.DataFrame]:
            ledger = self._book.ledger(data_end, owner.account)
            return self._book.offer.pages(ledger, report_type, parameters, columns, data_end, owner.account)

        return ResultFile(
            report_type,
            columns,
            rows,
            archive_of=f"{run_id}.csv" if sent.is_compressed else None,
            milliseconds=self._preview.milliseconds,
        )
