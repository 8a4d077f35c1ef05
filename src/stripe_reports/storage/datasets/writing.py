"""Add results to a dataset: used by the driver, which launches runs, and by workers, which convert them.

    put          the Parquet file, complete or absent        by a worker
    add          the entry in the index; older runs move     by the driver

After a crash between any two steps, the index still tells which result is current. ``finish_moves`` completes
what was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from stripe_reports.errors import ParameterError, StoreError
from stripe_reports.models import Owner, ReportRequest
from stripe_reports.storage.datasets.entry import Entry, entry_of, read_entry
from stripe_reports.storage.datasets.index import Index, Known
from stripe_reports.storage.datasets.layout import DATA, SUPERSEDED, Cell, Noted, StoredRun, type_of
from stripe_reports.storage.datasets.overlap import overlapping
from stripe_reports.storage.datasets.place import Place
from stripe_reports.storage.datasets.same import Same
from stripe_reports.storage.disk import digest, disk_errors

__all__ = ["DatasetWriter"]


class DatasetWriter:
    """Adds results to the dataset at a place. It can be pickled, and used in several threads.

    Raises:
        StoreError: From any method: the place cannot be read or written.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._index = Index(place)
        self._same = Same(place)

    # Before a launch

    def check(self, owner: Owner, cells: Iterable[tuple[ReportRequest, str | None]]) -> dict[str, Known]:
        """Check that results of these requests and accounts can be added. Nothing is written.

        The index is listed once for each report type.

        Args:
            owner: The owner of the results; its mode is that of the dataset.
            cells: Requests, each with its account; None for the key's own.

        Returns:
            What the index says of each of their report types.

        Raises:
            ParameterError: The dataset has data of the other mode, another set of parameters for a report
                type, or an interval that overlaps one of these; or a request has no interval.
        """
        asked = list(cells)
        wanted = [Cell.of(request, account) for request, account in asked]
        self._same.check_mode(owner)
        self._same.check_requests(request for request, _ in asked)
        known = {}
        for report_type in dict.fromkeys(cell.report_type for cell in wanted):
            known[report_type] = self._index.known(report_type)
            stored = [run.cell for run in known[report_type].runs]
            pair = overlapping(stored, [cell for cell in wanted if cell.report_type == report_type])
            if pair is not None:
                raise ParameterError(
                    f"{pair[0]}, and {pair[1]}, have days in common, so the dataset at {self.place} would "
                    "have their rows twice. Split the period as before, or choose another place.",
                    param="split",
                )
        return known

    def begin(self, owner: Owner, request: ReportRequest) -> None:
        """Note mode and parameters before the first launch or result of a report type; see ``check``.

        The first call creates the dataset. Another driver may have noted others since ``check``.

        Raises:
            ParameterError: It has.
        """
        self._same.check_mode(owner, notes=True)
        self._same.check_request(request, notes=True)

    def check_own(self, owner: Owner, account_id: Callable[[], str | None], *, notes: bool = False) -> None:
        """Check that the key's own account is that of the dataset; with *notes*, note it. See ``Same``."""
        self._same.check_own(owner, account_id, notes=notes)

    def note_launch(
        self,
        request: ReportRequest,
        account: str | None,
        *,
        run_id: str | None,
        key: str,
        record: Mapping[str, Any] | None = None,
    ) -> None:
        """Note a launch, so that another driver can go on with it after a crash.

        Args:
            request: The request.
            account: Its account; None for the key's own.
            run_id: The run, or None if Stripe gave no answer that names it.
            key: The idempotency key, in hex: the same launch within a day gives the same run.
            record: Other facts, for the one who resumes.
        """
        cell = Cell.of(request, account)
        noted = Noted(cell, key[:32], "asked") if run_id is None else Noted(cell, run_id, "launched")
        content = {
            "report_type": request.report_type,
            "parameters": request.to_stripe(),
            **({} if request.report_id is None else {"report_id": request.report_id}),
            "account": account,
            "run": run_id,
            "key": key,
        }
        self._index.note(noted, {**(record or {}), **content})

    def launch_record(self, launch: Noted) -> dict[str, Any]:
        """Return everything that was noted about a launch; nothing if it cannot be read."""
        return self._index.read_if_whole(launch.name)

    # After a run has succeeded

    @staticmethod
    def object_name(request: ReportRequest, account: str | None, run_id: str) -> str:
        """Return the name of the result of a run, below the place.

        Raises:
            ParameterError: The request has no interval, or the account is not one.
            StoreError: The id of the run is not safe as a name.
        """
        return Cell.of(request, account).object_name(run_id)

    def put(self, local: Path, name: str) -> Entry:
        """Copy a finished Parquet file to its name, and return what ``add`` needs.

        Another worker may have stored the same run already. Its file is kept, and the entry describes that.

        Raises:
            MixedColumnsError: It has other columns than the results of its report type in the dataset.
            StoreError: The file that exists already cannot be read.
        """
        report_type = type_of(name)
        if report_type is None:
            raise StoreError(f"{name[:200]!r} is not the name of a result in a dataset.")
        self._same.check_columns(report_type, pl.scan_parquet(local, glob=False).collect_schema())
        if self.place.upload_new(local, name):
            with disk_errors("read", local):
                return read_entry(name, str(local), local.stat().st_size, digest(local))
        found = self.place.digest(name)
        if found is None:
            raise StoreError(f"{name} was removed from the dataset at {self.place} meanwhile. Fetch again.")
        return entry_of(self.place, name, *found)

    def add(self, entry: Entry) -> StoredRun:
        """Enter a stored result in the index, and move the older runs of its cell to ``superseded/``.

        A run with older data than the current one is moved itself.

        Returns:
            The run that is current now.
        """
        run = entry.run
        self._index.note(Noted(run.cell, run.run_id, "stored", run.as_of), entry.to_json())
        known = self._index.known_of_slot(run.cell)
        if not known.runs:  # it was superseded by a run that somebody has removed
            self.place.remove(_superseded(run).name)
            known = self._index.known_of_slot(run.cell)
        for each in known.replaced:
            if each not in known.moved or each == run:
                self._supersede(each)
        (current,) = known.runs
        return current

    def finish_moves(self, report_type: str | None = None) -> int:
        """Move what a crash left in ``data/`` although a newer run is current; return how many."""
        folder = DATA if report_type is None else f"{DATA}/report_type={report_type}"
        there = {found.name for found in self.place.objects(folder)}
        left = [run for run in self._index.known(report_type).replaced if run.object in there]
        for run in left:
            self._supersede(run)
        return len(left)

    def _supersede(self, run: StoredRun) -> None:
        # The event comes first: after a crash the index is right, and only an object is left over.
        self._index.note(_superseded(run), {})
        self.place.move(run.object, run.cell.object_name(run.run_id, SUPERSEDED))


def _superseded(run: StoredRun) -> Noted:
    return Noted(run.cell, run.run_id, "superseded")
