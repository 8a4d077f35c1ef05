"""What is stored on this machine: to look at, and to remove."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from stripe_reports.planning.reuse import SETTLED_AFTER
from stripe_reports.render.printable import printable
from stripe_reports.storage.disk import size_text
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


class Cache:
    """The results stored for a client; see ``cache`` of a client, which gives it.

    They hold customers' data, lie in a folder that only their owner can read, and stay until they are
    cleared, or until newer ones need their room.
    """

    def __init__(self, store: Store, *, now: Callable[[], datetime], close: Callable[[], None]) -> None:
        self._store = store
        self._now = now
        self._close = close

    def __repr__(self) -> str:
        info = self.info()
        return printable(
            f"Cache({info.height:,} results, {size_text(int(info['size'].sum()))}, in {self._store.folder})"
        )

    def info(self, *, all_owners: bool = False) -> pl.DataFrame:
        """What is stored, newest first, one row for each result.

        Args:
            all_owners: Those of other keys, accounts and modes on this machine too.

        Returns:
            ``report_type``, ``interval_start`` and ``interval_end`` (UTC), ``request`` (as code), ``run``,
            ``as_of`` (how old the data are), ``fetched_at``, ``size`` on disk in bytes, ``reusable`` (when
            the result answers again, which is why it is kept), ``owner`` and ``path``.
        """
        rows = []
        for store in self._stores(all_owners):
            for stored in store.all_results():
                with suppress(FileNotFoundError):  # another process removes it just now
                    rows.append(_row(stored, store))
        return pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort("fetched_at", descending=True)

    def clear(
        self,
        report_type: str | None = None,
        *,
        older_than: timedelta | None = None,
        all_owners: bool = False,
    ) -> pl.DataFrame:
        """Remove stored results, and return what ``info`` said of them.

        Without arguments everything that is stored for this client goes: results, answers of Stripe's API,
        and the notes of what was launched. Stripe keeps its own files for a year. What other threads and
        processes fetch meanwhile they get all the same; empty lock files stay.

        Args:
            report_type: Only results of this type; without version, of all its versions.
            older_than: Only results that were fetched longer ago.
            all_owners: Those of other keys, accounts and modes on this machine too.

        Raises:
            StoreError: Something could not be removed, and is still there.
        """
        found = self.info(all_owners=all_owners)
        if report_type is None and older_than is None:
            self._close()  # the files that are removed may be open
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
        with self._store.kept():
            for path in gone["path"]:
                self._store.remove(Path(path))
        return gone

    def unrecognised(self) -> dict[str, list[str]]:
        """What Stripe had that this version does not recognise, by what it is: names and shapes, no values.

        ``stripe-reports doctor`` shows it.
        """
        return self._store.launch_log.unrecognised()

    def check_writable(self) -> None:
        """Find out whether results can be stored.

        Raises:
            StoreError: They cannot; the message says why.
        """
        with self._store.staging():
            pass

    def _stores(self, all_owners: bool) -> list[Store]:
        return self._store.on_this_machine() if all_owners else [self._store]


def _row(stored: StoredResult, store: Store) -> tuple[object, ...]:
    provenance = stored.provenance
    request = provenance.request
    end = request.interval_end
    if not provenance.is_complete:
        answers = "only by the run's id: not all parameters of the run are known"
    elif end is not None and provenance.as_of >= end + SETTLED_AFTER:
        answers = "always: the interval was closed"
    else:
        answers = "while Stripe publishes nothing newer"
    return (
        request.report_type,
        request.interval_start,
        end,
        repr(request),
        provenance.run.id,
        provenance.as_of,
        provenance.fetched_at,
        stored.path.stat().st_size,
        answers,
        store.owner.folder,
        str(stored.path),
    )
