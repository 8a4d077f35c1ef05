"""Many reports of one call: of several types, accounts and parts of an interval, read together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Self

import polars as pl

from stripe_reports.errors import IncompleteError, ParameterError
from stripe_reports.models import Provenance, ReportRequest, base_of
from stripe_reports.planning.intervals import Split
from stripe_reports.render import remedies
from stripe_reports.render.card import card, folded
from stripe_reports.render.printable import printable
from stripe_reports.report.outcome import OWN_ACCOUNT, ReportOutcome, interval_of
from stripe_reports.report.report import Decision, Report, warn_if_large
from stripe_reports.report.set_rows import Part, common_schema, last_day, rows_of_parts
from stripe_reports.report.shared import SharedReport
from stripe_reports.report.totals import Totals

__all__ = ["ReportSet", "incomplete"]

PARTS_KEY = "stripe_reports_parts"
"""The key of the provenance of several parts in a Parquet file."""

_HOW = {
    "stored": "stored",
    "reused": "reused at Stripe",
    "awaited": "waited for",
    "launched": "launched",
}

_NAMED = 5
"""Number of reports that a message names."""

_SHOWN = 50
"""Number of reports that a card shows."""

_STATUS: Mapping[str, pl.DataType] = {
    "report_type": pl.String(),
    "account": pl.String(),
    "interval": pl.String(),
    "status": pl.String(),
    "reason": pl.String(),
    "run": pl.String(),
    "rows": pl.Int64(),
    "error": pl.String(),
}


@dataclass(frozen=True, slots=True)
class ReportSet(Totals):
    """The reports of each report type, account and part of an interval, and which of them are not there.

    It is read as one report: in the order of accounts, and of time within each. If it has several accounts,
    the rows have a first column ``account``. Rows that are totals of their part, such as balances, have
    ``interval_start`` and ``interval_end``; those about a moment, ``interval_end``. Its charts have a bar for
    each part, unless they are days or weeks.

    Attributes:
        asked: The request of the whole interval for each report type; it has no run of its own.
        split: The period of each part: ``"month"``, …; None if the interval is not split.
        outcomes: What came of each report, in the order in which they were asked for.
        truncated: True if the period continues beyond Stripe's data: it was truncated there if it is not over
            yet, and otherwise the parts beyond the data failed.
        skipped: Clauses that name the newer versions of report types that were skipped, and why.
        notes: What is special about the requests, in sentences; such as that their period is not over yet.
        left_out: Reports that failed or are missing, and that ``available`` therefore left out.
    """

    asked: tuple[ReportRequest, ...]
    split: Split | None
    outcomes: tuple[ReportOutcome, ...]
    truncated: bool = False
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[ReportOutcome, ...] = ()

    # What is there

    def __len__(self) -> int:
        """Return the number of reports that are there."""
        return len(self.parts)

    def __bool__(self) -> bool:
        """True for every set, also for one whose reports all failed."""
        return True

    def __iter__(self) -> Iterator[Report | SharedReport]:
        """The reports that are there, in the order in which they were asked for."""
        return iter(self.parts)

    def status(self) -> pl.DataFrame:
        """Return a row for each report, also for those that failed or are missing.

        The columns are ``report_type``, ``account`` (``own`` for the key's own), ``interval`` (its end is not
        included), ``status`` (``stored``, ``reused``, ``launched``, ``failed`` or ``missing``), ``reason``,
        ``run``, ``rows`` and ``error``, the name of the error's class.
        """
        rows = [
            (
                each.request.report_type,
                each.account,
                interval_of(each.request),
                each.status,
                each.advice,
                each.run_id,
                None if each.report is None else len(each.report),
                each.error,
            )
            for each in self.outcomes
        ]
        return pl.DataFrame(rows, schema=dict(_STATUS), orient="row")

    def failed(self) -> pl.DataFrame:
        """Return the rows of ``status()`` whose report failed. The same call asks for them again."""
        return self.status().filter(pl.col("status") == "failed")

    def of(self, report_type: str | None = None, *, account: str | None = None) -> Self:
        """Return the reports of one report type or account, or of both.

        Args:
            report_type: Id with or without version; None for all types.
            account: The account as ``status()`` names it; None for all accounts.

        Raises:
            ParameterError: The set has no such type or account.
        """
        outcomes, left_out = self.outcomes, self.left_out
        types = self.report_types
        if report_type is not None:
            types = tuple(name for name in types if report_type in (name, base_of(name)))
            if not types:
                raise ParameterError(
                    f"This set has no reports of {report_type!r}; it has {_listed(self.report_types)}.",
                    param="report_type",
                )
            outcomes = tuple(each for each in outcomes if each.request.report_type in types)
            left_out = tuple(each for each in left_out if each.request.report_type in types)
        if account is not None:
            outcomes = tuple(each for each in outcomes if each.account == account)
            left_out = tuple(each for each in left_out if each.account == account)
            if not outcomes:
                raise ParameterError(
                    f"This set has no reports of the account {account!r}; it has {_listed(self.accounts)}.",
                    param="account",
                )
        asked = tuple(request for request in self.asked if request.report_type in types)
        return replace(self, asked=asked, outcomes=outcomes, left_out=left_out)

    def available(self) -> Self:
        """Return the set of the reports that are there, for charts and files although others are not.

        Its charts, tables, pages and workbooks name the others.
        """
        there = tuple(each for each in self.outcomes if each.report is not None)
        gone = tuple(each for each in self.outcomes if each.report is None)
        return replace(self, outcomes=there, left_out=(*self.left_out, *gone))

    @property
    def left_out_text(self) -> str | None:
        """A sentence that names the reports that ``available`` left out; None if there are none."""
        if not self.left_out:
            return None
        is_of_one = len(self.accounts) == len(self.report_types) == 1
        names = [
            f"{each.request.period_name if is_of_one else each.name} ({each.status})"
            for each in self.left_out
        ]
        return f"Not included: {_listed(names)}."

    @property
    def report_types(self) -> tuple[str, ...]:
        """The report types, with their versions."""
        return tuple(dict.fromkeys(request.report_type for request in self.asked))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts, ``own`` for the key's own."""
        return tuple(dict.fromkeys(each.account for each in self.outcomes))

    @property
    def request(self) -> ReportRequest:  # type: ignore[override]
        """The request of the whole interval, of a set of one report type."""
        self._check_is_of_one_type()
        return self.asked[0]

    @property
    def parts(self) -> tuple[Report | SharedReport, ...]:
        """The reports that are there, in the order in which they were asked for."""
        return tuple(each.report for each in self.outcomes if each.report is not None)

    @property
    def requests(self) -> tuple[ReportRequest, ...]:
        """The request of each report, also of those that are not there."""
        return tuple(each.request for each in self.outcomes)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The Parquet files on this machine, in order, for DuckDB, Dask and others that read many as one."""
        return tuple(part.path for part in self.parts if isinstance(part, Report))

    @property
    def reuse(self) -> tuple[Decision, ...]:
        """The decision on each report that is there, and its reason, in order."""
        return tuple(part.reuse for part in self.parts)

    @property
    def provenance(self) -> tuple[Provenance, ...]:
        """The provenance of each report that is there, in order."""
        return tuple(part.provenance for part in self.parts)

    @property
    def reuse_summary(self) -> str:
        """The number of reports by source: ``11 months stored, 1 launched``; and what was skipped."""
        counts = Counter[str](part.reuse.action for part in self.parts)
        said = [(counts[action], how) for action, how in _HOW.items() if counts[action]]
        others = Counter[str](each.status for each in (*self.outcomes, *self.left_out) if each.report is None)
        said += [(count, status) for status, count in sorted(others.items())]
        number, how = said[0]
        counted = ", ".join(
            [f"{number:,} {self._unit(number)} {how}", *(f"{n:,} {how}" for n, how in said[1:])]
        )
        notes = (note.removesuffix(".") for note in self._notes)
        return ". ".join(["; ".join([counted, *self.skipped]), *notes])

    @property
    def _notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(note for part in self.parts for note in part.reuse.assumed))

    def explained(self, skipped: Sequence[str], notes: Sequence[str] = ()) -> Self:
        """Return the same set, which also says how the requests were understood.

        Args:
            skipped: Clauses that name the newer versions of report types that were skipped, and why.
            notes: Sentences for ``notes``.
        """
        outcomes = tuple(
            each if each.report is None else ReportOutcome.of(each.cell, each.report.explained(skipped))
            for each in self.outcomes
        )
        notes = tuple(dict.fromkeys([*notes, *self.notes]))
        return replace(self, outcomes=outcomes, skipped=tuple(skipped), notes=notes)

    # Its rows

    def scan(self, report_type: str | None = None, *, partial: bool = False) -> pl.LazyFrame:
        """All reports of one type as one LazyFrame over their files; no row is read until it is collected.

        Args:
            report_type: Id with or without version; needed if the set has several types.
            partial: True to read the reports that are there, although others are not.

        Raises:
            ParameterError: The set has several types and none is named, or not this one.
            IncompleteError: Some reports failed or are missing, and *partial* is False; or all of them.
            MixedColumnsError: The reports have different columns.
            StoreError: A stored file was deleted or damaged meanwhile.
        """
        chosen = self if report_type is None else self.of(report_type)
        chosen._check_is_of_one_type()
        parts = chosen.parts
        if not parts or (len(parts) < len(chosen.outcomes) and not partial):
            raise incomplete(chosen.outcomes)
        for part in parts:
            part.scan()
        schema = common_schema(parts)
        return rows_of_parts(chosen.outcomes, schema)

    def frame(self, report_type: str | None = None, *, partial: bool = False) -> pl.DataFrame:
        """All reports of one type as one DataFrame, from disk; see ``Report.frame`` and ``scan``.

        Args:
            report_type: See ``scan``.
            partial: See ``scan``.

        Raises:
            ParameterError, IncompleteError, MixedColumnsError, StoreError: See ``scan``.

        Warns:
            LargeFrameWarning: They may not fit into memory; ``scan()`` reads only what a query needs.
        """
        chosen = self if report_type is None else self.of(report_type)
        rows = chosen.scan(partial=partial)
        warn_if_large(f"{chosen.request.report_type} in {len(chosen)} parts", chosen.paths)
        return rows.collect()

    def _check_is_of_one_type(self) -> None:
        if len(self.report_types) > 1:
            raise ParameterError(
                f"This set has reports of several types: {_listed(self.report_types)}.",
                param="report_type",
                remedy=remedies.choose_one_type(self.report_types[0]),
            )

    # How it is shown and exported

    def _unit(self, number: int) -> str:
        is_one_account = len(self.accounts) == len(self.report_types) == 1
        unit = self.split if self.split and is_one_account else "report"
        return unit if number == 1 else f"{unit}s"

    @property
    def _parts_text(self) -> str:
        return f"{len(self.parts):,} {self._unit(len(self.parts))}"

    @property
    def _origins(self) -> tuple[Provenance, ...]:
        return self.provenance

    def _write_parquet(self, path: Path) -> None:
        parts = [json.loads(part.provenance.to_json()) for part in self.parts]
        self.scan().sink_parquet(path, metadata={PARTS_KEY: json.dumps(parts)})

    def _lines(self) -> list[tuple[str, object]]:
        return [
            ("report type", self.request.report_type),
            *self.request.shown_lines(),
            ("accounts", ", ".join(self.accounts) if len(self.accounts) > 1 else None),
            ("parts", self._parts_line),
            ("note", " ".join(self._remarks)),
            ("assumed", " ".join(self._notes)),
            *((f"part to {last_day(part)}", _source(part)) for part in self.parts),
        ]

    @property
    def _remarks(self) -> tuple[str, ...]:
        return (*self.notes, *([self.left_out_text] if self.left_out_text else []))

    @property
    def _parts_line(self) -> str:
        return f"{len(self.outcomes):,}" + (f", by {self.split}" if self.split else "")

    def _repr_html_(self) -> str:
        is_of_one = len(self.asked) == 1
        lines = [
            *(self.asked[0].shown_lines() if is_of_one else ()),
            ("report types", None if is_of_one else ", ".join(self.report_types)),
            ("accounts", f"{len(self.accounts):,}" if len(self.accounts) > 1 else None),
            ("parts", self._parts_line),
            ("reuse", self.reuse_summary),
            ("note", " ".join(self._remarks)),
        ]
        # The reports that are not there come first: they are what the reader must know.
        outcomes = sorted(self.outcomes, key=lambda each: each.report is not None)
        rows = [
            [_name(each), each.status, each.advice if each.report is None else _source(each.report)]
            for each in outcomes[:_SHOWN]
        ]
        title = self.report_types[0] if is_of_one else f"{len(self.asked)} report types"
        return card(title, lines, kind="report set", fold=folded("the parts", rows))

    def __repr__(self) -> str:
        is_of_one = len(self.asked) == 1
        types = self.report_types[0] if is_of_one else f"{len(self.asked)} report types"
        accounts = f", {len(self.accounts):,} accounts" if len(self.accounts) > 1 else ""
        split = f" by {self.split}" if self.split else ""
        lines = [
            f"ReportSet({types}{accounts}, {len(self.outcomes):,} parts{split})",
            *(map(repr, self.asked) if is_of_one else ()),
            f"{self.reuse_summary}.",
            *self._remarks,
        ]
        return "\n  ".join(map(printable, lines))


def incomplete(outcomes: Sequence[ReportOutcome]) -> IncompleteError:
    """Return the error for reports that failed or are missing; it counts them and names the first."""
    gone = [each for each in outcomes if each.report is None]
    failed = sum(each.status == "failed" for each in gone)
    missing = len(gone) - failed
    counts = " and ".join(
        f"{count:,} {what}" for count, what in ((failed, "failed"), (missing, "are missing")) if count
    )
    # Failures first: a missing report may be there after the next call.
    first = sorted(gone, key=lambda each: each.status)[:_NAMED]
    more = f"; and {len(gone) - len(first):,} more" if len(gone) > len(first) else ""
    named = "; ".join(f"{each.name}: {each.reason.removesuffix('.')}" for each in first)
    advice = dict.fromkeys(each.remedy for each in first if each.remedy is not None)
    return IncompleteError(
        f"Of {len(outcomes):,} reports, {counts}. {named}{more}.",
        remedy=reduce(add, [*advice, remedies.fetch_the_missing()]),
        total=len(outcomes),
        failed=failed,
        missing=missing,
        names=tuple(each.name for each in first),
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")


def _name(outcome: ReportOutcome) -> str:
    account = "" if outcome.account == OWN_ACCOUNT else f"{outcome.account} "
    return f"{account}to {outcome.request.last_included_day}"


def _source(part: Part) -> str:
    return f"run {part.run.id}, data of {part.provenance.as_of:%Y-%m-%d %H:%M} UTC"
