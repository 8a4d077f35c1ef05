"""All runs and files of a simulator. Runs finish as time passes; some are answered from older files.

This module does not know HTTP; a caller sees only its own runs and files.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

from stripe_reports import catalog
from stripe_reports.models import ReportType
from stripe_reports.simulator.api.answers import no_such
from stripe_reports.simulator.api.availability import Publications
from stripe_reports.simulator.api.keys import Caller
from stripe_reports.simulator.api.runs import FILE_KEPT, File, Run
from stripe_reports.simulator.faults.faults import Outcome
from stripe_reports.simulator.ledger.connected_accounts import ConnectedAccount, connected_account
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.reports.offer import Offer

__all__ = ["RunBook", "another_report", "new_id"]


class RunBook:
    """Runs and files by id.

    Args:
        ledger: Returns the rows as published, for an end of the data and an account: those of the platform
            that has the account or is it. Called when a file is created.
        latency: Seconds that a run stays pending.
        offer: The report types that all accounts have.
        publications: When data are published.
        fate: Returns the outcome of the next run; ``outcomes`` come first.
    """

    def __init__(
        self,
        ledger: Callable[[int, str | None], Ledger],
        latency: Callable[[], float],
        offer: Offer,
        publications: Publications,
        fate: Callable[[], Outcome] = Outcome,
    ) -> None:
        self.runs: dict[str, Run] = {}
        self.outcomes: list[Outcome | str] = []
        self.cached_answer: Literal["pending", "succeeded", "off"] = "pending"
        self.offer = offer
        self.publications = publications
        self.ledger = ledger
        self._latency = latency
        self._fate = fate
        self._unfinished: list[Run] = []
        self._by_owner: dict[Caller, list[Run]] = {}
        self._files: dict[str, File] = {}
        self._answering: dict[tuple[Any, ...], Run] = {}

    def create(
        self, owner: Caller, report_type: ReportType, parameters: dict[str, Any], now: datetime
    ) -> Run:
        """Create a run; an older file answers it if the same request was made for the same data before.

        Stripe does not document this. It can be seen in real runs whose ``created`` equals ``succeeded_at``
        while their file is older and named after another run.
        """
        outcome = self.next_outcome()
        run = Run(
            id=new_id("frr_1Q", 22),
            owner=owner,
            created=int(now.timestamp()),
            report_type=report_type,
            parameters=parameters,
            data_end=self.publications.newest(report_type, now).end,
            finishes_at=now.timestamp() + outcome.delay(self._latency()),
            outcome=outcome,
        )
        if outcome.has_file:
            earlier = self._answering.setdefault(run.generation, run)
            if (
                earlier is not run
                and self.cached_answer != "off"
                and earlier.status(now.timestamp()) != "pending"
            ):
                run.answered_by, run.finishes_at = earlier, run.created
        self.runs[run.id] = run
        self._by_owner.setdefault(owner, []).append(run)
        self._unfinished.append(run)
        return run

    def next_outcome(self) -> Outcome:
        """Choose the outcome of a new run, of either generation of the API."""
        outcome = self.outcomes.pop(0) if self.outcomes else self._fate()
        return Outcome.named(outcome) if isinstance(outcome, str) else outcome

    def pending(self, livemode: bool, now: datetime) -> int:
        """Return the number of pending runs of a mode, of all accounts."""
        self._unfinished = [run for run in self._unfinished if run.finishes_at > now.timestamp()]
        return sum(run.owner.livemode == livemode for run in self._unfinished)

    def is_told_succeeded(self, run: Run) -> bool:
        """Tell whether the answer that creates a run already shows it as succeeded, not as pending."""
        return run.answered_by is not None and self.cached_answer == "succeeded"

    def status(self, run: Run, now: datetime) -> str:
        """Return the status as of now. The file of a run is created when the run is first seen finished."""
        status = run.status(now.timestamp())
        if status == "succeeded" and run.file is None and run.outcome.result != "none":
            run.file = self._file_of(run.answered_by or run)
        return status

    def of(self, owner: Caller) -> list[Run]:
        """Return the runs of a caller, newest first."""
        return [run for run in reversed(self._by_owner.get(owner, [])) if run.id in self.runs]

    def run(self, owner: Caller, id_: str) -> Run:
        """Return a run of a caller; raises Stripe's 404 if there is none."""
        run = self.runs.get(id_)
        if run is None or run.owner != owner:
            raise no_such("report run", id_)
        return run

    def finished_file(self, owner: Caller, id_: str, now: datetime) -> File | None:
        """Return the file of a succeeded run, which may not have been created yet; None for any other id."""
        run = self.runs.get(id_)
        if run is None or run.owner != owner or self.status(run, now) != "succeeded":
            return None
        return run.file

    def payout(self, owner: Caller, id_: str, data_end: int) -> dict[str, Any] | None:
        """Find a payout of a caller; None if there is none with that id."""
        ledger = self.ledger(data_end, owner.account)
        account = connected_account(ledger, owner.account)
        return (account.ledger if account else ledger).payout(id_)

    def connected_account(self, owner: Caller, id_: str | None, data_end: int) -> ConnectedAccount | None:
        """Find an account connected to the caller's platform; None if there is none with that id."""
        return connected_account(self.ledger(data_end, owner.account), id_)

    def report_type_answer(self, report_type: ReportType, *, livemode: bool, now: datetime) -> dict[str, Any]:
        """Write a report type as Stripe's JSON."""
        start, end, updated = self.publications.newest(report_type, now)
        return {
            "id": report_type.id,
            "object": "reporting.report_type",
            "data_available_end": end,
            "data_available_start": start,
            "default_columns": self.offer.shown_columns(report_type),
            "livemode": livemode,
            "name": report_type.name,
            "updated": updated,
            "version": report_type.version,
        }

    def files(self, owner: Caller, now: datetime) -> list[File]:
        """Return the files of a caller that have not expired, newest first."""
        for run in self.of(owner):
            self.status(run, now)
        kept = [f for f in self._files.values() if f.owner == owner and not f.is_expired(now.timestamp())]
        return sorted(kept, key=lambda file: file.created, reverse=True)

    def file(self, owner: Caller, id_: str, now: datetime, param: str = "id") -> File:
        """Return a file of a caller; raises Stripe's 404 if there is none or it has expired."""
        file = self._files.get(id_)
        if file is None or file.owner != owner or file.is_expired(now.timestamp()):
            raise no_such("file upload", id_, param)
        return file

    def _file_of(self, run: Run) -> File:
        if run.file is None:
            is_other = run.outcome.result == "other report"
            report_type, parameters = run.report_type, run.parameters
            if is_other:
                report_type, parameters = another_report(report_type, parameters, run.data_end)
            run.file = File(
                id=new_id("file_1Q", 22),
                owner=run.owner,
                created=int(run.finishes_at) - (FILE_KEPT if run.outcome.result == "expired" else 0),
                run_id=run.id,
                contents=self.offer.csv(
                    self.ledger(run.data_end, run.owner.account),
                    report_type,
                    parameters,
                    run.data_end,
                    run.owner.account,
                ),
            )
            self._files[run.file.id] = run.file
        return run.file


def another_report(
    report_type: ReportType, parameters: Mapping[str, Any], data_end: int
) -> tuple[ReportType, dict[str, Any]]:
    """Choose a report that was not requested, with the same interval if there is one."""
    id_ = "balance.summary.2" if report_type.base == "payouts.itemized" else "payouts.itemized.5"
    end = parameters.get("interval_end", data_end)
    bounds = {"interval_start": parameters.get("interval_start", end - 30 * 86_400), "interval_end": end}
    return catalog.report_types()[id_], bounds


def new_id(prefix: str, length: int) -> str:
    """Create an id that is unique across processes: results on disk are found by it."""
    return prefix + "".join(secrets.choice(string.digits + string.ascii_letters) for _ in range(length))
