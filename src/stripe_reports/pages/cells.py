"""A frame as text to print: amounts formatted by currency, rows grouped by currency, with subtotals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from stripe_reports.catalog.splitting import MOMENT, are_states
from stripe_reports.errors import ParameterError
from stripe_reports.parsing.columns import column
from stripe_reports.render.cells import text_in_row
from stripe_reports.render.column_order import in_order_for_people
from stripe_reports.render.currency_order import busiest_first, nonzero_rows, sort_by_currency
from stripe_reports.render.money import CURRENCY_OF_ROW, STATES, currency_column
from stripe_reports.render.suggest import did_you_mean

__all__ = ["Cells", "Part", "cells_of", "not_counted_text", "totals_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one currency.

    Attributes:
        currency: Such as ``EUR``; "no currency" for rows without one; None if the report has no currencies.
        rows: The texts of the rows shown.
        total: The subtotal over all rows of the currency, shown or not; None if a sum has no meaning.
    """

    currency: str | None
    rows: Sequence[Sequence[str]]
    total: Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Cells:
    """A table of texts.

    Attributes:
        header: Names of the columns.
        numeric: Positions of columns that are aligned to the right.
        parts: The rows, by currency.
        note: Sentences about rows not shown, and those in no total; None if there are none.
    """

    header: Sequence[str]
    numeric: frozenset[int]
    parts: Sequence[Part]
    note: str | None


def cells_of(
    frame: pl.DataFrame | pl.LazyFrame,
    *,
    rows: int = 100,
    columns: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    counted: pl.LazyFrame | None = None,
) -> Cells:
    """Format the first rows of a frame as text, grouped by currency, each group with its subtotal.

    Args:
        frame: A report's rows.
        rows: Maximum number of rows to show; the subtotals cover all rows.
        columns: Columns to show, in order; None for all.
        by: One column or several: show the subtotal of each value and currency instead of rows; of states at
            several moments, one for each moment.
        counted: The rows that the subtotals are of, if not all: those of the frame that are transactions.

    Raises:
        ParameterError: There is no such column, or *rows* is negative.
    """
    if rows < 0:
        raise ParameterError(f"rows must be at least 0; got {rows!r}.", param="rows")
    columns = [columns] if isinstance(columns, str) else columns
    every = frame.lazy()
    counted = every if counted is None else counted
    uncounted = not_counted_text(every, counted)
    names = every.collect_schema().names()
    _check([*(columns or ()), *([by] if isinstance(by, str) else by or ())], names)
    currency = next((name for name in CURRENCY_OF_ROW if name in names), None)
    summed = _summed(every, currency)
    moments = [MOMENT] if are_states(names) else []
    if by is not None:
        keys = list(
            dict.fromkeys(
                [*moments, *([by] if isinstance(by, str) else by), *([currency] if currency else [])]
            )
        )
        if "count" in keys:
            raise ParameterError(
                "A table by 'count' has no counts to add up. Name other columns.", param="by"
            )
        count = pl.col("count").sum() if "count" in names else pl.len().alias("count")
        amounts = [name for name in summed if name not in ("count", *keys)]
        every = counted.group_by(map(column, keys), maintain_order=True).agg(count, *map(_sum, amounts))
        counted = every
        summed = ["count", *amounts]
        names = [*keys, *summed]
    shown = [name for name in columns or in_order_for_people(names) if name in names and name != currency]
    schema = every.collect_schema()
    total = every.select(pl.len()).collect().item()
    head = every.head(rows).collect()
    parts = [
        _part(head, schema, shown, currency, sums)
        for sums in _sums(head, counted, currency, [n for n in summed if n in schema and not moments])
    ]
    notes = [f"The first {rows:,} of {total:,} rows; the totals cover all rows."] if total > rows else []
    notes += [uncounted] if uncounted else []
    return Cells(
        header=[_title(name, schema[name]) for name in shown],
        numeric=frozenset(n for n, name in enumerate(shown) if schema[name].is_numeric()),
        parts=[part for part in parts if part.rows or part.total],
        note=" ".join(notes) or None,
    )


def not_counted_text(frame: pl.LazyFrame, counted: pl.LazyFrame) -> str | None:
    """Return a sentence about rows that are in no total; None if there are none.

    Args:
        frame: A report's rows.
        counted: Those that are transactions.
    """
    if counted is frame:
        return None
    every, kept = (int(rows.select(pl.len()).collect().item()) for rows in (frame, counted))
    number = every - kept
    if not number:
        return None
    is_one = number == 1
    return (
        f"{number:,} row{' is' if is_one else 's are'} in no total: other rows already add up to "
        f"{'it' if is_one else 'them'}."
    )


def totals_of(frame: pl.LazyFrame, *, counted: pl.LazyFrame) -> pl.DataFrame | None:
    """Return the number of rows and the sums of each currency; None if the rows have none to sum.

    Args:
        frame: A report's rows.
        counted: Those that are transactions.
    """
    currency = next((name for name in CURRENCY_OF_ROW if name in frame.collect_schema()), None)
    names = _summed(frame, currency)
    if currency is None or not names or are_states(frame.collect_schema()):
        return None
    sums = counted.group_by(currency).agg(pl.len().cast(pl.Int64).alias("rows"), *map(_sum, names)).collect()
    order = busiest_first(nonzero_rows(counted, currency=currency, amounts=names))
    return sort_by_currency(sums, order, currency)


def _sum(name: str) -> pl.Expr:
    return column(name).sum()


def _check(wanted: Iterable[str], names: Sequence[str]) -> None:
    for name in wanted:
        if name not in names:
            hint = did_you_mean(name, names, most=1)
            raise ParameterError(
                f"The report has no column {name!r}.{hint} Its columns are {', '.join(names)}.",
                param="columns",
            )


def _summed(frame: pl.LazyFrame, currency: str | None) -> list[str]:
    """Return the columns that can be summed within a currency: its amounts, and counts."""
    schema = frame.collect_schema()
    if {"category", "net_amount"} <= set(schema):  # balances and flows, whose sum has no meaning
        return []
    return [
        name
        for name, dtype in schema.items()
        if (
            dtype.is_decimal()
            and name not in STATES
            and currency_column(name, schema) == currency
            and currency
        )
        or name == "count"
    ]


def _sums(
    head: pl.DataFrame, frame: pl.LazyFrame, currency: str | None, summed: list[str]
) -> list[dict[str, object]]:
    """Return currency and sums of each part; a currency of which no row is counted has no sums."""
    if currency is None:
        return [{}]
    sums = frame.group_by(currency, maintain_order=True).agg(column(name).sum() for name in summed).collect()
    order = busiest_first(nonzero_rows(frame, currency=currency, amounts=summed or None))
    parts = sort_by_currency(sums, order, currency).to_dicts()
    others = (
        head.select(currency)
        .unique(maintain_order=True)
        .join(sums, on=currency, how="anti", nulls_equal=True)
    )
    return [*parts, *others.to_dicts()]


def _part(
    head: pl.DataFrame,
    schema: pl.Schema,
    shown: list[str],
    currency: str | None,
    sums: dict[str, object],
) -> Part:
    if currency is None:
        return Part(None, [_texts(row, shown) for row in head.iter_rows(named=True)], None)
    name = sums.pop(currency)
    rows = head.filter(pl.col(currency).eq_missing(pl.lit(name))).iter_rows(named=True)
    total = None
    if sums and any(column in sums for column in shown):
        texts = {column: text_in_row(column, {**sums, currency: name}) for column in sums}
        total = [texts.get(column, "") for column in shown]
        first = next((n for n, column in enumerate(shown) if column not in texts), None)
        if first is not None:
            total[first] = f"Total {str(name or '').upper()}".strip()
    return Part(str(name).upper() if name else "no currency", [_texts(r, shown) for r in rows], total)


def _texts(row: dict[str, object], shown: list[str]) -> list[str]:
    return [text_in_row(name, row) for name in shown]


def _title(name: str, dtype: pl.DataType) -> str:
    zone = f" ({dtype.time_zone})" if isinstance(dtype, pl.Datetime) and dtype.time_zone else ""
    words = name if "[" in name else name.replace("_", " ").removesuffix(" utc")
    return words[:1].upper() + words[1:] + zone
