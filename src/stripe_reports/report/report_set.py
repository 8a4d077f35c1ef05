"""A long interval in parts: a report for each, read as one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import polars as pl

from stripe_reports.catalog import FEE_CATEGORIES
from stripe_reports.catalog.assumptions import text_is_no_money
from stripe_reports.catalog.splitting import summary_of
from stripe_reports.errors import MixedColumnsError, ParameterError, StoreError
from stripe_reports.models import Provenance, ReportRequest
from stripe_reports.parsing.payout_rows import transactions_of
from stripe_reports.planning.intervals import Split
from stripe_reports.render import remedies
from stripe_reports.render.card import card, folded
from stripe_reports.render.currency_order import busiest_first, nonzero_rows, sort_by_currency
from stripe_reports.render.printable import printable
from stripe_reports.report.export import Exports
from stripe_reports.report.report import Decision, Report, warn_if_large

__all__ = ["ReportSet"]

PARTS_KEY = "stripe_reports_parts"
"""The key of the provenance of several parts in a Parquet file."""

_HOW = {
    "stored": "stored",
    "reused": "reused at Stripe",
    "awaited": "waited for",
    "launched": "launched",
}
_COMPARED = ("gross", "fee", "net")
_FEE = pl.col("reporting_category").is_in(FEE_CATEGORIES)


@dataclass(frozen=True, slots=True)
class ReportSet(Exports):
    """The reports of the calendar parts of one interval, in order, without gap or overlap.

    Attributes:
        request: The request of the whole interval; it has no run of its own.
        split: The period of each part: ``"month"``, …; the first and the last may be partial.
        parts: The reports, in the order of time. All have the same columns.
        truncated: True if the period continues beyond the end of Stripe's data, and was truncated there.
        skipped: Clauses that name the newer versions of the report type that were skipped, and why.
        notes: What is special about the request, in sentences; such as that its period is not over yet.
    """

    request: ReportRequest
    split: Split
    parts: tuple[Report, ...]
    truncated: bool = False
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        gone = [part for part in self.parts if not part.path.exists()]
        if gone:
            raise StoreError(
                f"{len(gone)} of {len(self.parts)} parts are no longer stored, the first of them that to "
                f"{_last_day(gone[0])}.",
                remedy=remedies.keep_more(),
            )
        first, *others = self.parts
        schema = _schema_of(first)
        for part in others:
            if (other := _schema_of(part)) != schema:
                remedy = (
                    remedies.choose_columns() if first.request.columns is None else remedies.launch_anew()
                )
                raise MixedColumnsError(_difference(first, schema, part, other), remedy=remedy)

    def __len__(self) -> int:
        """Return the number of parts."""
        return len(self.parts)

    def __iter__(self) -> Iterator[Report]:
        """The parts, in the order of time."""
        return iter(self.parts)

    @property
    def requests(self) -> tuple[ReportRequest, ...]:
        """The requests of the parts."""
        return tuple(part.request for part in self.parts)

    @property
    def paths(self) -> tuple[Path, ...]:
        """The Parquet files, in order, for DuckDB, Dask and others that read many files as one."""
        return tuple(part.path for part in self.parts)

    @property
    def reuse(self) -> tuple[Decision, ...]:
        """The decision on each part, and its reason, in the order of time."""
        return tuple(part.reuse for part in self.parts)

    @property
    def provenance(self) -> tuple[Provenance, ...]:
        """The provenance of each part, in the order of time."""
        return tuple(part.provenance for part in self.parts)

    @property
    def reuse_summary(self) -> str:
        """The number of parts by source: ``11 months stored, 1 launched``; and what was skipped."""
        counts = Counter[str](part.reuse.action for part in self.parts)
        said = [f"{counts[action]} {how}" for action, how in _HOW.items() if counts[action]]
        number, rest = said[0].split(" ", 1)
        unit = self.split if number == "1" else f"{self.split}s"
        counted = ", ".join([f"{number} {unit} {rest}", *said[1:]])
        notes = (note.removesuffix(".") for note in self._notes)
        return ". ".join(["; ".join([counted, *self.skipped]), *notes])

    @property
    def _notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(note for part in self.parts for note in part.reuse.assumed))

    def explained(self, skipped: Sequence[str], notes: Sequence[str] = ()) -> Self:
        """Return the same set, which also says how the request was understood.

        Args:
            skipped: Clauses that name the newer versions of the report type that were skipped, and why.
            notes: Sentences for ``notes``.
        """
        parts = tuple(part.explained(skipped) for part in self.parts)
        return replace(self, parts=parts, skipped=tuple(skipped), notes=(*notes, *self.notes))

    def scan(self) -> pl.LazyFrame:
        """All parts as one LazyFrame over their files; no row is read until it is collected.

        Rows are in the order of the parts, and within each in Stripe's.

        Raises:
            StoreError: A stored file was deleted or damaged meanwhile.
        """
        for part in self.parts:
            part.scan()
        return pl.scan_parquet(list(self.paths), glob=False)

    def frame(self) -> pl.DataFrame:
        """All parts as one DataFrame, from disk; see ``Report.frame``.

        Raises:
            StoreError: A stored file was deleted or damaged meanwhile.

        Warns:
            LargeFrameWarning: They may not fit into memory; ``scan()`` reads only what a query needs.
        """
        rows = self.scan()
        warn_if_large(f"{self.request.report_type} in {len(self.parts)} parts", self.paths)
        return rows.collect()

    def totals(self) -> pl.DataFrame:
        """Rows, gross, fee and net of each currency, over all parts.

        A payout's own row in its reconciliation is not counted: it is none of its transactions.

        Raises:
            ParameterError: The report has no such columns, was requested without them, or has them as text.
        """
        self._check_columns("currency", *_COMPARED)
        rows = transactions_of(self.scan(), self.request.report_type)
        sums = rows.group_by("currency").agg(pl.len().alias("rows"), pl.col(_COMPARED).sum())
        return sort_by_currency(sums.collect(), busiest_first(nonzero_rows(rows, amounts=_COMPARED)))

    def summary_request(self) -> ReportRequest:
        """The request of the matching summary over the whole interval, for ``tie_out``.

        Raises:
            ParameterError: Stripe has no summary with the same totals.
        """
        summary = summary_of(self.request.report_type)
        if summary is None:
            raise ParameterError(
                f"No summary with the totals of {self.request.report_type} is known; see totals() instead."
            )
        parameters = self.request.parameters
        taken = {name: parameters[name] for name in summary.parameters if name in parameters}
        taken.pop("columns", None)
        return ReportRequest(summary.id, **taken, zone=self.request.timezone or self.request.zone)

    def tie_out(self, summary: Report | pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
        """Check that the parts add up to the summary of the whole interval, in each currency.

        Stand-alone fees (category ``fee``) count as fee and not as gross, on both sides: Stripe's itemised
        rows have them in ``gross``.

        Args:
            summary: The report of ``summary_request()``, or its frame.

        Returns:
            A row for each currency and each of gross, fee and net: ``control``, ``currency``, ``left`` (the
            sum of the parts), ``right`` (the summary), ``difference``, and whether it ``passes``. A part that
            was stored before Stripe restated its month shows as a difference.

        Raises:
            ParameterError: The parts or the summary lack a column that this needs.

        Example:
            >>> year = client.fetch_all("payouts.itemized", "2026")
            >>> year.tie_out(client.fetch(year.summary_request()))["passes"].all()
            True
        """
        needed = ("currency", "reporting_category", *_COMPARED)
        self._check_columns(*needed)
        if not isinstance(summary, Report | pl.DataFrame | pl.LazyFrame):
            raise ParameterError(
                f"summary is a {type(summary).__name__}, not a report or its frame; "
                "client.fetch(reports.summary_request()) gives it.",
                param="summary",
            )
        name = summary.request.report_type if isinstance(summary, Report) else "the summary"
        whole = summary.scan() if isinstance(summary, Report) else summary.lazy()
        schema = whole.collect_schema()
        if missing := [column for column in needed if column not in schema]:
            raise ParameterError(f"{name} has no column {', '.join(missing)}.", param="columns")
        _check_is_money(schema)
        if self.request.reporting_category is not None:  # which no summary takes
            whole = whole.filter(pl.col("reporting_category") == self.request.reporting_category)
        left, right = (_by_currency(rows).collect() for rows in (self.scan(), whole))
        both = left.join(right, on="currency", how="full", coalesce=True, suffix="_right", nulls_equal=True)
        controls = [
            both.select(
                control=pl.lit(f"{column}: {len(self.parts)} {self.split}s = {name}"),
                currency="currency",
                left=pl.col(column).fill_null(0),
                right=pl.col(f"{column}_right").fill_null(0),
            )
            for column in _COMPARED
        ]
        difference = pl.col("left") - pl.col("right")
        tied = pl.concat(controls).with_columns(difference=difference, passes=difference == 0)
        # A currency without any movement has a row of zeros in summaries, and none in the parts.
        shown = tied.filter(pl.col("currency").is_not_null() | (pl.col("difference") != 0))
        counts = nonzero_rows(self.scan(), whole, amounts=_COMPARED)
        return sort_by_currency(shown, busiest_first(counts))

    def _check_columns(self, *needed: str) -> None:
        schema = self.scan().collect_schema()
        if missing := [name for name in needed if name not in schema]:
            raise ParameterError(
                f"These reports of {self.request.report_type} have no column {', '.join(missing)}, which "
                "this needs.",
                param="columns",
                remedy=remedies.choose_columns(),
            )
        _check_is_money(schema)

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
            ("parts", f"{len(self.parts)}, by {self.split}"),
            ("note", " ".join(self.notes)),
            ("assumed", " ".join(self._notes)),
            *((f"part to {_last_day(part)}", _source(part)) for part in self.parts),
        ]

    def _repr_html_(self) -> str:
        lines = [
            *self.request.shown_lines(),
            ("parts", f"{len(self.parts)}, by {self.split}"),
            ("reuse", self.reuse_summary),
            ("note", " ".join(self.notes)),
        ]
        rows = [[f"to {_last_day(part)}", part.reuse.action, _source(part)] for part in self.parts]
        return card(self.request.report_type, lines, kind="report set", fold=folded("the parts", rows))

    def __repr__(self) -> str:
        lines = [
            f"ReportSet({self.request.report_type}, {len(self.parts)} parts by {self.split})",
            repr(self.request),
            f"{self.reuse_summary}.",
            *self.notes,
        ]
        return "\n  ".join(map(printable, lines))


def _by_currency(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Gross, fee and net of each currency, with stand-alone fees as fees."""
    fees_alone = pl.col("gross").filter(_FEE).sum()
    return rows.group_by("currency").agg(
        gross=pl.col("gross").sum() - fees_alone,
        fee=pl.col("fee").sum() - fees_alone,
        net=pl.col("net").sum(),
    )


def _check_is_money(schema: pl.Schema) -> None:
    if texts := [name for name in _COMPARED if schema[name] == pl.String]:
        problem, remedy = text_is_no_money(texts, "it cannot be added up")
        raise ParameterError(problem, param="schema_overrides", remedy=remedy)


def _schema_of(part: Report) -> pl.Schema:
    return pl.scan_parquet(part.path, glob=False).collect_schema()  # its hash is checked when rows are read


def _last_day(part: Report) -> str:
    return str(part.request.last_included_day)


def _source(part: Report) -> str:
    return f"run {part.run.id}, data of {part.provenance.as_of:%Y-%m-%d %H:%M} UTC"


def _difference(first: Report, schema: pl.Schema, part: Report, other: pl.Schema) -> str:
    only = [name for name in schema if name not in other], [name for name in other if name not in schema]
    missing, extra = (", ".join(names) or "none" for names in only)
    what = f"it lacks {missing} and adds {extra}" if any(only) else "their order or types differ"
    return (
        f"The part to {_last_day(part)} of {part.request.report_type} has other columns than the part to "
        f"{_last_day(first)}: {what}. Stripe's default columns change now and then."
    )
