"""The stored results on this machine: list them, and remove them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import polars as pl

from stripe_reports.catalog.unrecognised import SUBJECTS, Group, for_maintainers
from stripe_reports.errors import ParameterError, StoreError
from stripe_reports.planning.reuse import is_closed
from stripe_reports.render.printable import printable
from stripe_reports.render.remedies import everywhere
from stripe_reports.storage.disk import disk_errors, shown_path, size_text, write_new
from stripe_reports.storage.store import Store, StoredResult

__all__ = ["Cache"]

_SCHEMA: dict[str, pl.DataType] = {
    "report_type": pl.String(),
    "interval_start": pl.Datetime("us", "UTC"),
    "interval_end": pl.Datetime("us", "UTC"),
    "request": pl.String(),
    "run": pl.String(),
    "as_of": pl.Datetime("us", "UTC"),
    "fetched_at": pl.Datetime("us", "UTC"),
    "size": pl.Int64(),
    "reusable": pl.String(),
    "owner": pl.String(),
    "path": pl.String(),
}

_UNRECOGNISED: dict[str, pl.DataType] = {
    "subject": pl.String(),
    "report_type": pl.String(),
    "name": pl.String(),
}


class Cache:
    """The results stored for a client; see ``cache`` of a client, which gives it.

    They contain customers' data, are in a folder that only the user can read, and are kept until they are
    cleared or newer results need the space.
    """

    def __init__(
        self, store: Store, *, api_version: str, now: Callable[[], datetime], close: Callable[[], None]
    ) -> None:
        self._store = store
        self._api_version = api_version
        self._now = now
        self._close = close

    def __repr__(self) -> str:
        info, folder = self.info(), shown_path(self._store.folder)
        return printable(f"Cache({info.height:,} results, {size_text(int(info['size'].sum()))}, in {folder})")

    def info(self, *, all_owners: bool = False) -> pl.DataFrame:
        """List the stored results, newest first, one row for each.

        Args:
            all_owners: Those of other keys, accounts and modes on this machine too.

        Returns:
            ``report_type``, ``interval_start`` and ``interval_end`` (UTC), ``request`` (as code), ``run``,
            ``as_of`` (age of the data), ``fetched_at``, ``size`` on disk in bytes, ``reusable`` (when the
            result is used for a later request), ``owner`` and ``path`` (with ``~`` for the home folder).
        """
        rows = []
        for store in self._stores(all_owners):
            for stored in store.all_results():
                with suppress(FileNotFoundError):  # another process is removing it
                    rows.append(_row(stored, store))
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort("fetched_at", descending=True)

    def clear(
        self,
        report_type: str | None = None,
        *,
        older_than: timedelta | None = None,
        all_owners: bool = False,
    ) -> pl.DataFrame:
        """Remove stored results, and return their rows of ``info``.

        Without arguments, everything stored for this client is removed: results, answers of Stripe's API, the
        log of launches, and the record of unknown names. Stripe keeps its own files for a year. Fetches in
        other threads and processes still succeed; empty lock files remain.

        Args:
            report_type: Only results of this type; without version, of all its versions.
            older_than: Only results fetched longer ago than this.
            all_owners: Those of other keys, accounts and modes on this machine too.

        Raises:
            StoreError: Something could not be removed.
        """
        found = self.info(all_owners=all_owners)
        if report_type is None and older_than is None:
            self._close()  # the files to remove may be open
            for store in self._stores(all_owners):
                store.clear()
            return found
        keep = pl.lit(value=False)
        if report_type is not None:
            names = pl.col("report_type")
            keep |= (names != report_type) & (names.str.replace(r"\.\d+$", "") != report_type)
        if older_than is not None:
            keep |= pl.col("fetched_at") >= self._now() - older_than
        gone = found.filter(~keep)
        for store in self._stores(all_owners):
            paths = gone.filter(pl.col("owner") == store.owner.folder)["path"]
            if not paths.is_empty():
                with store.kept():
                    for path in paths:
                        store.remove(Path(path).expanduser())
        return gone

    def unrecognised(self) -> pl.DataFrame:
        """List the names that Stripe showed to this client and this version of the package does not know.

        They are names only, never values: ids, amounts and metadata keys are not recorded. ``clear()``
        without arguments removes the record. ``stripe-reports doctor`` prints the list.

        Returns:
            ``subject`` (``"report types"``, ``"columns"``, …), ``report_type`` (empty for names of
            no report type) and ``name``.
        """
        names = self._store.launch_log.unrecognised.read()
        rows = [(*group, name) for group, given in sorted(names.items(), key=_by_subject) for name in given]
        return pl.DataFrame(rows, schema=_UNRECOGNISED, orient="row")

    def write_unrecognised(self, path: str | os.PathLike[str]) -> Path:
        """Write these names to a JSON file that can be sent to the maintainers, with mode 0600.

        The file holds names and versions only: no values, account ids or keys. It says whether they come
        from Stripe's own address, because a simulator invents names.

        Args:
            path: The file; an existing one is not overwritten.

        Raises:
            ParameterError: The file already exists.
            StoreError: It cannot be written.
        """
        target = Path(path).expanduser()
        content = for_maintainers(
            self._store.launch_log.unrecognised.read(),
            package_version=version("stripe-reports"),
            api_version=self._api_version,
            written=f"{self._now():%Y-%m-%d}",
            from_stripe=self._store.owner.place is None,
        )
        try:
            with disk_errors("write", target, remedy=everywhere("Choose another path.")):
                write_new(target, json.dumps(content, indent=1) + "\n")
        except StoreError as error:
            if isinstance(error.__cause__, FileExistsError):
                raise ParameterError(
                    f"{shown_path(target)} already exists. Choose another name.", param="path"
                ) from None
            raise
        return target

    def check_writable(self) -> None:
        """Check that results can be stored.

        Raises:
            StoreError: They cannot be stored; the message says why.
        """
        with self._store.lock_run("a check"), self._store.staging("a check"):
            pass

    def _stores(self, all_owners: bool) -> list[Store]:
        return self._store.on_this_machine() if all_owners else [self._store]


def _by_subject(entry: tuple[Group, object]) -> tuple[int, str]:
    return SUBJECTS.index(entry[0].subject), entry[0].report_type


def _row(stored: StoredResult, store: Store) -> tuple[object, ...]:
    provenance = stored.provenance
    request = provenance.request
    if not provenance.is_complete:
        answers = "only by the id of the run: not all of its parameters are known"
    elif is_closed(request, provenance.as_of):
        answers = "always: the interval was closed"
    else:
        answers = "while Stripe publishes nothing newer"
    return (
        request.report_type,
        request.period_start,
        request.period_end,
        repr(request),
        provenance.run.id,
        provenance.as_of,
        provenance.fetched_at,
        stored.path.stat().st_size,
        answers,
        store.owner.folder,
        shown_path(stored.path),
    )
