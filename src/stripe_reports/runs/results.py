"""Where the results of a call go and come from: the store of this machine, or a shared dataset."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from stripe_reports.errors import StoreError
from stripe_reports.models import AnyRun, ReportRequest
from stripe_reports.parsing import warn_of_ambiguous
from stripe_reports.parsing.overrides import Overrides
from stripe_reports.planning.grid import Cell
from stripe_reports.planning.reuse import KnownRun, Policy, Reuse, idempotency_key, plan
from stripe_reports.report.report import Decision, Report
from stripe_reports.report.shared import SharedReport
from stripe_reports.runs.accounts import Accounts
from stripe_reports.runs.task import Destination, Figures, Task
from stripe_reports.storage.datasets.entries import read_entries
from stripe_reports.storage.datasets.entry import Entry
from stripe_reports.storage.datasets.index import Index
from stripe_reports.storage.datasets.layout import Cell as Slot
from stripe_reports.storage.datasets.layout import Noted, StoredRun
from stripe_reports.storage.datasets.place import Place
from stripe_reports.storage.datasets.writing import DatasetWriter
from stripe_reports.storage.launch_log import LaunchRecord

__all__ = ["Made", "Results", "SharedResults", "StoredResults"]

logger = logging.getLogger("stripe_reports")

Made = Report | SharedReport


class Results(Protocol):
    """The results of a call; used by several threads."""

    def stored(self, cell: Cell, *, asks: bool) -> Made | None:
        """Return the result of a cell that is there and answers.

        Args:
            cell: The cell.
            asks: True if Stripe may be asked whether it has published newer data.
        """

    def keep(self, cell: Cell, report: Report) -> Made:
        """Take a result that is stored on this machine."""

    def destination(self, staging: Destination) -> Destination:
        """Return where workers put results; *staging* is a folder of this machine for them."""

    def take(self, cell: Cell, task: Task, figures: Figures, decision: Decision) -> Made:
        """Take what a worker has put there."""

    def resume(self, cell: Cell) -> None:
        """Let the next launch of a cell know of launches from other machines."""

    def launched(self, cell: Cell, request: ReportRequest, run: AnyRun) -> None:
        """Note a run, so that it can be found after a crash."""


class StoredResults:
    """The store of this machine, which notes its own launches."""

    def __init__(self, accounts: Accounts, policy: Policy, overrides: Overrides) -> None:
        self._accounts = accounts
        self._policy = policy
        self._overrides = overrides

    def stored(self, cell: Cell, *, asks: bool) -> Made | None:
        """Return the stored report, if it answers without a call; see ``Results``."""
        del asks  # the search for a run does, under the lock of the request
        return self._accounts[cell.account].runs.stored(cell.request, self._policy, self._overrides)

    def keep(self, cell: Cell, report: Report) -> Made:
        """Return the report: it is where it belongs."""
        del cell
        return report

    def destination(self, staging: Destination) -> Destination:
        """Return the folder: the client moves results from there to their places."""
        return staging

    def take(self, cell: Cell, task: Task, figures: Figures, decision: Decision) -> Made:
        """Move a result to its place; see ``Results``."""
        return self._accounts[cell.account].runs.take(task, figures, decision)

    def resume(self, cell: Cell) -> None:
        """Do nothing."""

    def launched(self, cell: Cell, request: ReportRequest, run: AnyRun) -> None:
        """Do nothing."""


class SharedResults:
    """A shared dataset. Workers put results there; those made on this machine are copied.

    Args:
        place: The place of the dataset.
        accounts: The accounts of the call.
        policy: The policy of the call.
        overrides: Types of columns that the user set.
    """

    def __init__(self, place: Place, accounts: Accounts, policy: Policy, overrides: Overrides) -> None:
        self._place = place
        self._accounts = accounts
        self._policy = policy
        self._local = StoredResults(accounts, policy, overrides)
        self._owner = accounts[None].runs.account.owner
        self._writer = DatasetWriter(place)
        self._index = Index(place)
        self._runs: dict[Slot, StoredRun] = {}
        self._entries: dict[StoredRun, Entry | StoreError] = {}
        self._launches: dict[Slot, list[Noted]] = {}

    def prepare(self, cells: Sequence[Cell]) -> None:
        """Check that the cells can be added, and read what the dataset has. Nothing is written.

        Raises:
            ParameterError: They cannot; see ``DatasetWriter.check``.
            StoreError: The dataset cannot be read or written.
        """
        known = self._writer.check(self._owner, [(cell.request, cell.account) for cell in cells])
        if any(cell.account is None for cell in cells):
            self._writer.check_own(self._owner, self._own_id)
        for each in known.values():
            self._runs |= {run.cell: run for run in each.runs}
            for launch in each.launches:
                self._launches.setdefault(launch.cell, []).append(launch)
        reused = {found[0] for cell in cells if (found := self._reused(cell, asks=False))}
        for report_type, each in known.items():
            of_type = {run for run in reused if run.cell.report_type == report_type}
            self._entries |= read_entries(self._index, each, of_type)

    def stored(self, cell: Cell, *, asks: bool) -> Made | None:
        """Return the result of the dataset, or that of this machine, which is then added; see ``Results``."""
        return self._shared(cell, asks=asks) or self._added(cell, asks=asks)

    def _shared(self, cell: Cell, *, asks: bool) -> SharedReport | None:
        reused = self._reused(cell, asks=asks)
        if reused is None:
            return None
        run, reason = reused
        entry = self._entries.get(run) or Entry.from_json(run, self._index.read(run.entry))
        if isinstance(entry, StoreError):
            raise entry
        return self._report(cell.request, entry, Decision("stored", reason))

    def _reused(self, cell: Cell, *, asks: bool) -> tuple[StoredRun, str] | None:
        """Return the run of the dataset that answers, and why."""
        run = self._runs.get(self._slot(cell))
        if run is None:
            return None
        known = [KnownRun(run.run_id, "succeeded", run.as_of, "stored")]
        step = plan(cell.request, self._policy, known=known)
        if asks and not isinstance(step, Reuse):
            type_ = self._accounts.types(cell.request.report_type)
            now = self._accounts[None].runs.account.now()
            step = plan(cell.request, self._policy, known=known, report_type=type_, listed=[], now=now)
        return (run, step.reason) if isinstance(step, Reuse) else None

    def _added(self, cell: Cell, *, asks: bool) -> Made | None:
        report = self._local.stored(cell, asks=asks)
        return None if not isinstance(report, Report) else self.keep(cell, report)

    def keep(self, cell: Cell, report: Report) -> Made:
        """Copy a result to the dataset and enter it in the index; an older one of the cell is moved."""
        self._begin(cell)
        name = self._writer.object_name(report.request, cell.account, report.run.id)
        entry = self._writer.put(report.path, name)
        self._writer.add(entry)
        return self._report(report.request, entry, report.reuse)

    def destination(self, staging: Destination) -> Destination:
        """Return the dataset itself: results do not pass through this machine."""
        del staging
        return Destination(place=self._place.address, storage_options=self._place.options or None)

    def take(self, cell: Cell, task: Task, figures: Figures, decision: Decision) -> Made:
        """Enter a result in the index; an older one of the cell is moved."""
        del cell
        warn_of_ambiguous(figures.ambiguous)
        self._writer.add(figures.entry)
        return self._report(task.request, figures.entry, decision)

    def _report(self, request: ReportRequest, entry: Entry, decision: Decision) -> SharedReport:
        location = self._place.for_polars(entry.object)
        request = request.truncated_by(entry.origin.as_of)
        return SharedReport(request, decision, entry.origin, location, self._place.options)

    def resume(self, cell: Cell) -> None:
        """Copy the launches that the dataset knows to the log of this machine, which decides with them.

        A call that is refused before its first launch leaves no dataset, and no parameters in one.
        """
        self._begin(cell)
        runs = self._accounts[cell.account].runs
        for launch in self._launches.get(self._slot(cell), ()):
            if launch.event != "launched" or runs.log.launch_of(launch.run_id) is not None:
                continue
            record = _record(launch, self._writer.launch_record(launch))
            if record is not None:
                runs.log.remember(runs.account.key_of(record.request), record)

    def launched(self, cell: Cell, request: ReportRequest, run: AnyRun) -> None:
        """Note a run in the dataset; a machine without this one's log goes on with it."""
        runs = self._accounts[cell.account].runs
        record = runs.log.launch_of(run.id)
        if record is None:  # launched elsewhere, and listed by Stripe
            return
        key = runs.account.key_of(request)
        self._writer.note_launch(
            request,
            cell.account,
            run_id=run.id,
            key=idempotency_key(key, record.generation, record.attempt).rpartition("-")[2],
            record={
                "generation": record.generation and record.generation.isoformat(),
                "attempt": record.attempt,
                "created": run.created.isoformat(),
            },
        )

    def _begin(self, cell: Cell) -> None:
        """Note in the dataset what all its results share, before the first one of a cell like this."""
        self._writer.begin(self._owner, cell.request)
        if cell.account is None:
            self._writer.check_own(self._owner, self._own_id, notes=True)

    def _own_id(self) -> str | None:
        return self._accounts[None].runs.account.own_id()

    def _slot(self, cell: Cell) -> Slot:
        return Slot.of(cell.request, cell.account)


def _record(launch: Noted, noted: Mapping[str, Any]) -> LaunchRecord | None:
    """Return what was noted about a launch; None if it cannot be read, which costs a call at most."""
    try:
        return LaunchRecord(
            request=ReportRequest.from_stripe(
                noted["report_type"], noted["parameters"], report_id=noted.get("report_id")
            ),
            generation=_instant(noted.get("generation")),
            attempt=int(noted.get("attempt", 0)),
            run_id=launch.run_id,
            status="pending",
            created=_instant(noted.get("created")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        logger.warning("the note %s of a launch cannot be read: %r", launch.name, error)
        return None


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
