"""Read a shared dataset: its results, what is in it, and where they come from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import polars as pl

from stripe_reports.errors import ParameterError, StoreError, StripeReportsError
from stripe_reports.models import Provenance, base_of
from stripe_reports.render.card import card
from stripe_reports.render.printable import printable
from stripe_reports.render.suggest import did_you_mean
from stripe_reports.storage.datasets.compact import compact_type, remove_leftovers
from stripe_reports.storage.datasets.entries import read_entries
from stripe_reports.storage.datasets.entry import Entry
from stripe_reports.storage.datasets.index import Index, Known
from stripe_reports.storage.datasets.layout import DATA, INDEX, MODE, OWN, Noted, StoredRun
from stripe_reports.storage.datasets.opening import place_of
from stripe_reports.storage.datasets.overlap import overlapping
from stripe_reports.storage.datasets.place import Place
from stripe_reports.storage.datasets.reading import scan_runs, scan_small_files
from stripe_reports.storage.datasets.same import Same
from stripe_reports.storage.datasets.verify import DatasetVerification, verify_dataset
from stripe_reports.storage.datasets.writing import DatasetWriter

__all__ = ["Dataset", "dataset"]

_TIME = pl.Datetime("us", "UTC")
_STATUS: dict[str, pl.DataType] = {
    "report_type": pl.String(),
    "account": pl.String(),
    "interval_start": _TIME,
    "interval_end": _TIME,
    "status": pl.String(),
    "run": pl.String(),
    "rows": pl.Int64(),
    "as_of": _TIME,
    "fetched_at": _TIME,
    "size": pl.Int64(),
    "key_digest": pl.String(),
    "object": pl.String(),
}
_COMPACTED: dict[str, pl.DataType] = {"report_type": pl.String(), "month": pl.String(), "object": pl.String()}


def dataset(place: str | os.PathLike[str], *, storage_options: Mapping[str, object] | None = None) -> Dataset:
    """Open a shared dataset to read it, without an API key.

    Nothing is read until it is needed.

    Args:
        place: A folder, ``s3://bucket/folder``, ``az://container/folder`` or ``gs://bucket/folder``. Buckets
            need the extra: ``pip install 'stripe-reports[cloud]'``. ``gs://`` is untried.
        storage_options: Options of the object store in polars' terms, such as ``aws_region``; by default from
            the environment. They are never displayed.

    Raises:
        ParameterError: The place is none of these, or options are given for a folder.
    """
    return Dataset(place_of(place, storage_options))


class Dataset:
    """Results of many accounts and periods in one place; ``sr.dataset(...)`` opens it.

    ``client.fetch_all(..., into=place)`` fills it. Each row is stored once, in Parquet files that polars,
    DuckDB, Dask and others read too: ``data/report_type=…/account=…/start=…/<run>.parquet``.

    Raises:
        StoreError: From any method: there is no dataset, or it cannot be read; the message says why.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._index = Index(place)
        self._same = Same(place)

    def scan(self, report_type: str, account: str | None = None) -> pl.LazyFrame:
        """Return all results of a report type as one LazyFrame; no row is read until it is collected.

        Rows are ordered by start, then by account, then as in Stripe's file. After the report's own columns
        come ``report_type``, ``account`` (``own`` is the key's own account) and ``start`` (the first instant
        of the interval; for a type with only an end, that end). Each row occurs once, also while results are
        added. If a file was replaced by a newer run before the rows are collected, scan again.

        Args:
            report_type: Its id; without version if the dataset has only one.
            account: Only this account: ``acct_…``, a path of accounts, or ``own``; all by default.

        Raises:
            ParameterError: The dataset has no such report type or account, or several versions of the type.
        """
        type_id, known = self._known_of(report_type)
        pair = overlapping(run.cell for run in known.runs)
        if pair is not None:
            raise StoreError(
                f"{pair[0]}, and {pair[1]}, have days in common, so their rows would be there twice. Two "
                "calls of fetch_all split the period in different ways at the same time: remove the files of "
                f"one of them from {DATA}/ and {INDEX}/ in {self._place}."
            )
        columns = self._same.columns(type_id)
        if columns is None or not known.runs:
            raise ParameterError(
                f"No result of {type_id} is stored in the dataset at {self._place} yet.", param="report_type"
            )
        if account is None:
            return scan_runs(self._place, known.runs, known.compacted, columns)
        name = account.replace("/", ".")
        runs = [run for run in known.runs if run.cell.account_name == name]
        if not runs:
            accounts = {run.cell.account or OWN for run in known.runs}
            raise ParameterError(
                f"The dataset at {self._place} has no result of {type_id} of account {account!r}."
                f"{did_you_mean(account, accounts)}",
                param="account",
            )
        return scan_small_files(self._place, runs, columns)

    def status(self) -> pl.DataFrame:
        """Return a table with a row for each current result, and for each launch without a result.

        Returns:
            ``report_type``, ``account``, ``interval_start`` and ``interval_end`` (UTC), ``status``
            (``stored``, or ``launched``), ``run``, ``rows``, ``as_of`` (age of the data), ``fetched_at``,
            ``size`` of the Parquet file in bytes, ``key_digest`` (first digits of the hash of the key that
            fetched it) and ``object``.
        """
        known = self._known()
        rows = [*map(_stored_row, known.runs, self._entries(known)), *map(_launched_row, known.launches)]
        return pl.DataFrame(rows, schema=_STATUS, orient="row")

    def provenance(self) -> tuple[Provenance, ...]:
        """Return the provenance of each current result: who, when, which data, how many rows."""
        return tuple(entry.origin for entry in self._entries(self._known()))

    def compact(self, report_type: str | None = None) -> pl.DataFrame:
        """Copy the results of each month into one file, which ``scan`` reads instead of many small ones.

        The copies are beside ``data/``: who reads ``data/`` sees each row once as before. A month that was
        compacted and has not changed since is not written again. What a crash left behind is also tidied up:
        replaced results move to ``superseded/``, and unfinished files are removed after a day.

        Args:
            report_type: Only this one; without version if the dataset has only one. All by default.

        Returns:
            A row for each file written: ``report_type``, ``month`` and ``object``.

        Raises:
            ParameterError: The dataset has no such report type, or several versions of it.
        """
        self._check_exists()
        types = self._index.report_types() if report_type is None else [self._versioned(report_type)]
        written = []
        for type_id in types:
            DatasetWriter(self._place).finish_moves(type_id)
            known = self._index.known(type_id)
            written += compact_type(self._place, self._index, self._same, type_id, known)
        remove_leftovers(self._place, self._index.known())
        rows = [(copy.report_type, copy.month, copy.object) for copy in written]
        return pl.DataFrame(rows, schema=_COMPACTED, orient="row")

    def verify(self, *, contents: bool = True) -> DatasetVerification:
        """Verify the dataset, without a key: whether it is complete, unchanged, and has each row once.

        Args:
            contents: True to read every file and compare hash, rows and provenance with the index; False to
                compare only names and sizes.
        """
        self._check_exists()
        return verify_dataset(self._place, contents=contents)

    def _known(self) -> Known:
        self._check_exists()
        return self._index.known()

    def _check_exists(self) -> None:
        if self._same.mode() is None:
            raise StoreError(
                f"There is no dataset at {self._place}: it has no {MODE}. "
                "client.fetch_all(..., into=...) creates one."
            )

    def _known_of(self, report_type: str) -> tuple[str, Known]:
        """Return the id of a type, and what the index says of it; one list if the version is given."""
        self._check_exists()
        known = self._index.known(report_type) if report_type.rpartition(".")[2].isdigit() else None
        if known is not None and known.runs:
            return report_type, known
        type_id = self._versioned(report_type)
        return type_id, self._index.known(type_id)

    def _versioned(self, report_type: str) -> str:
        self._check_exists()
        types = self._index.report_types()
        if report_type in types:
            return report_type
        versions = [each for each in types if base_of(each) == report_type]
        if len(versions) == 1:
            return versions[0]
        if versions:
            raise ParameterError(
                f"The dataset at {self._place} has {' and '.join(versions)}, which have different columns. "
                "Name one of them.",
                param="report_type",
            )
        hint = did_you_mean(report_type, types) or f" It has {', '.join(types) or 'no results'}."
        raise ParameterError(
            f"The dataset at {self._place} has no {report_type!r}.{hint}", param="report_type"
        )

    def _entries(self, known: Known) -> Sequence[Entry]:
        read = read_entries(self._index, known, known.runs)
        entries = []
        for run in known.runs:
            entry = read[run]
            if isinstance(entry, StoreError):
                raise entry
            entries.append(entry)
        return entries

    def _lines(self) -> list[tuple[str, object]]:
        """The facts that cost two short calls, however large the dataset is; displaying never fails."""
        try:
            mode = self._same.mode()
            types = self._index.report_types() if mode else []
        except StripeReportsError as error:
            return [("problem", error.problem)]
        return [("data", mode or "no dataset yet"), ("report types", ", ".join(types))]

    def __repr__(self) -> str:
        facts = "; ".join(str(value) for _, value in self._lines() if value)
        return printable(f"Dataset({self._place}: {facts})")

    def _repr_html_(self) -> str:
        return card(str(self._place), self._lines(), kind="dataset")


def _stored_row(run: StoredRun, entry: Entry) -> tuple[object, ...]:
    origin = entry.origin
    return (
        run.cell.report_type,
        run.cell.account or OWN,
        origin.request.period_start,
        origin.request.period_end,
        "stored",
        run.run_id,
        entry.rows,
        origin.as_of,
        origin.fetched_at,
        entry.parquet_size,
        origin.key_digest,
        run.object,
    )


def _launched_row(launch: Noted) -> tuple[object, ...]:
    cell = launch.cell
    start = cell.start if cell.start < cell.end else None
    run_id = launch.run_id if launch.event == "launched" else None
    known = (cell.report_type, cell.account or OWN, start, cell.end, "launched", run_id)
    return (*known, *[None] * (len(_STATUS) - len(known)))
