"""Differences between two frames of one report: rows added, removed and changed, and their amounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from stripe_reports.catalog.assumptions import text_is_no_money
from stripe_reports.catalog.natural_keys import money_of, natural_key
from stripe_reports.errors import ParameterError
from stripe_reports.parsing.columns import column, is_pattern
from stripe_reports.parsing.payout_rows import is_payout_itself, transactions_of
from stripe_reports.reconcile.books import MONEY, Frame
from stripe_reports.reconcile.html import of_diff
from stripe_reports.render.currency_order import busiest_first, nonzero_rows, sort_by_currency
from stripe_reports.render.money import money
from stripe_reports.render.printable import printable

__all__ = ["Diff", "diff"]

_NUMBER, _CURRENCY = "__number", "__currency"


@dataclass(frozen=True, eq=False, repr=False)
class Diff:
    """The differences between two frames of a report.

    Attributes:
        added: Rows that only the second frame has.
        removed: Rows that only the first one has.
        changed: Rows of the second frame whose key is in the first one too, with different cells.
        cells: Each changed cell: the key, ``column``, and its values ``before`` and ``after``, as text.
        effect: For each currency, the total ``before`` and ``after``, and their difference, the ``effect``.
            For a balance summary, it is the ending balance. Empty if the report has no amounts by currency.
        key: The columns that identify a row; empty if there is no natural key.
        same: Number of unchanged rows.
        notes: Sentences about what could not be compared, and why.
    """

    added: pl.DataFrame
    removed: pl.DataFrame
    changed: pl.DataFrame
    cells: pl.DataFrame
    effect: pl.DataFrame
    key: tuple[str, ...]
    same: int
    notes: tuple[str, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """True if nothing changed."""
        return self.count == 0

    @property
    def count(self) -> int:
        """Number of rows added, removed and changed."""
        return self.added.height + self.removed.height + self.changed.height

    @property
    def effect_text(self) -> str:
        """``"−12.40 EUR and +3.00 USD"``; empty if no total changed."""
        changed = self.effect.filter(pl.col("effect") != 0).iter_rows(named=True)
        amounts = [money(row["effect"], row["currency"], signed=True) for row in changed]
        return " and ".join(filter(None, [", ".join(amounts[:-1]), *amounts[-1:]]))

    @property
    def rows_text(self) -> str:
        """``"3 rows (1 added, 2 changed)"``."""
        kinds = {"added": self.added, "removed": self.removed, "changed": self.changed}
        parts = [f"{rows.height:,} {kind}" for kind, rows in kinds.items() if rows.height]
        return f"{self.count:,} row{'' if self.count == 1 else 's'} ({', '.join(parts)})"

    @property
    def summary(self) -> str:
        """All differences in one sentence."""
        if self.is_empty:
            return f"Nothing changed: all {self.same:,} rows are the same."
        effect = (
            f"changed by {self.effect_text}" if self.effect_text else "changed, with no effect on its totals,"
        )
        return f"It {effect} in {self.rows_text}; {self.same:,} are the same."

    def __str__(self) -> str:
        return "\n".join(map(printable, [self.summary, *self.notes]))

    __repr__ = __str__

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """The differences as tables, by title: totals, cells and rows."""
        return {
            "Effect": self.effect.filter(pl.col("effect") != 0),
            "Changed cells": self.cells,
            "Added": self.added,
            "Removed": self.removed,
        }

    def _repr_html_(self) -> str:
        return of_diff(self.summary, self.tables, self.notes)


def diff(
    before: Frame,
    after: Frame,
    *,
    report_type: str | None = None,
    key: str | Sequence[str] | None = None,
) -> Diff:
    """Compare two frames of one report type, row by row.

    Rows are paired by the type's natural key: the balance transaction, the payout and its category, the
    figure of a summary. If a key occurs more than once, as many rows are paired as both frames have, equal
    ones first. A type without a natural key is compared by whole rows: a changed row shows as one removed and
    one added. The order of rows and columns does not matter.

    Args:
        before: The earlier frame.
        after: The later one.
        report_type: Id of the type, with or without version; None to recognise it by the columns.
        key: The column or columns to pair rows by, instead of the natural key.

    Raises:
        ParameterError: The frames share no columns, a column has two types (a time in another zone is
            accepted, one without a zone is not), or *key* is not in both.

    Example:
        >>> frame = client.frame("payouts.itemized", "2026-10")
        >>> sr.diff(frame, frame[1:]).removed.height
        1
    """
    first, second, notes = _comparable(_frame("before", before), _frame("after", after))
    columns = first.columns
    if key is not None:
        by = tuple(dict.fromkeys([key] if isinstance(key, str) else key))
        missing = [name for name in by if name not in columns]
        if missing or not by:
            raise ParameterError(
                f"key names {', '.join(missing) or 'no column'}, but the columns in both frames are "
                f"{', '.join(columns)}.",
                param="key",
            )
    else:
        by = natural_key(columns, report_type) or ()
    if not by:
        of = f" of {report_type}" if report_type else ""
        notes.append(
            f"These columns{of} have no natural key, so whole rows were compared: a changed row shows as one "
            "removed and one added."
        )
    money = money_of(columns, report_type)
    if money is not None and first.schema[money[0]] == pl.String:
        problem, remedy = text_is_no_money([money[0]], "its effect was not totalled")
        notes.append(f"{problem} {remedy.for_python}")
    effect = _effect(_counted(first, report_type), _counted(second, report_type), money)
    plain = {name: f"\0{name}" for name in columns if is_pattern(name)}  # joins take names only
    as_given = {name: original for original, name in plain.items()}
    first, second = first.rename(plain), second.rename(plain)
    columns, keys = first.columns, [plain.get(name, name) for name in by]
    first, second = _with_helpers(first), _with_helpers(second)
    paired_by = [_CURRENCY if name == "currency" and _CURRENCY in first.columns else name for name in keys]
    gone, new, same = _apart(first, second, columns, paired_by)
    if by:
        # Equal rows are already removed; the n-th row of a key is paired with the n-th.
        gone, new = (
            frame.with_columns(pl.int_range(pl.len()).over(paired_by).alias(_NUMBER)) for frame in (gone, new)
        )
        on = [*paired_by, _NUMBER]
        changed = new.join(gone, on=on, how="semi", nulls_equal=True, maintain_order="left")
        cells = _cells(gone, changed, on, columns, keys)
        added = new.join(gone, on=on, how="anti", nulls_equal=True, maintain_order="left")
        removed = gone.join(new, on=on, how="anti", nulls_equal=True, maintain_order="left")
    else:
        added, removed, changed = new, gone, new.clear()
        cells = _no_cells(new, ())
    return Diff(
        added.select(columns).rename(as_given),
        removed.select(columns).rename(as_given),
        changed.select(columns).rename(as_given),
        cells.with_columns(pl.col("column").replace(as_given)).rename(as_given, strict=False),
        effect,
        by,
        same,
        tuple(notes),
    )


def _frame(name: str, frame: object) -> pl.DataFrame:
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
        raise ParameterError(f"{name} must be a polars frame; got {type(frame).__name__}.", param=name)
    return frame.lazy().collect()


def _comparable(before: pl.DataFrame, after: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Return both frames with only the shared columns, in the same order and types."""
    shared = [name for name in before.columns if name in after.columns]
    if not shared:
        raise ParameterError(
            "The two frames share no columns, so they are of different report types. Give two frames of one "
            "type."
        )
    notes = []
    for frame, other, which in ((before, after, "first"), (after, before, "second")):
        alone = [name for name in frame.columns if name not in other.columns]
        if alone:
            notes.append(f"Only the {which} frame has {', '.join(alone)}, so it was not compared.")
    conversions = []
    for name in shared:
        left, right = before.schema[name], after.schema[name]
        if left == right:
            continue
        zones = [dtype.time_zone for dtype in (left, right) if isinstance(dtype, pl.Datetime)]
        if len(zones) < 2 or None in zones:
            raise ParameterError(
                f"{name} is {left} in the first frame and {right} in the second. Read both in the same way: "
                "sr.read_csv(..., report_type=..., timezone=...).",
                param=name,
            )
        conversions.append(column(name).dt.convert_time_zone("UTC").dt.cast_time_unit("us"))
    first, second = (frame[shared].with_columns(conversions) for frame in (before, after))
    return first, second, notes


def _with_helpers(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the currency of each amount of a summary: a blank one takes the currency of its group."""
    if not {"category", "currency", "net_amount"} <= set(frame.columns):
        return frame
    of_set = pl.int_range(pl.len()).over("category")
    currency = pl.col("currency").drop_nulls().first().over(of_set)
    return frame.with_columns(currency.alias(_CURRENCY))


def _apart(
    before: pl.DataFrame, after: pl.DataFrame, columns: list[str], by: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Return the rows that only one frame has, repeats included, and the number of rows in both."""
    on = list(dict.fromkeys([*columns, *by]))
    if not by or any(frame.select(by).is_duplicated().any() for frame in (before, after)):
        before, after = (
            frame.with_columns(pl.int_range(pl.len()).over(on).alias(_NUMBER)) for frame in (before, after)
        )
        on.append(_NUMBER)
    gone = before.join(after, on=on, how="anti", nulls_equal=True, maintain_order="left")
    new = after.join(before, on=on, how="anti", nulls_equal=True, maintain_order="left")
    return gone.drop(_NUMBER, strict=False), new.drop(_NUMBER, strict=False), before.height - gone.height


def _cells(
    before: pl.DataFrame, after: pl.DataFrame, on: list[str], columns: list[str], by: Sequence[str]
) -> pl.DataFrame:
    """Return each changed cell, in the order of the rows and then of the columns."""
    others = [name for name in columns if name not in on]
    if not others:
        return _no_cells(after, by)
    paired = after.with_row_index("__row").join(
        before.select(*on, *(pl.col(name).alias(f"{name}\0before") for name in others)),
        on=on,
        nulls_equal=True,
        maintain_order="left",
    )
    parts = [
        paired.filter(pl.col(name).ne_missing(pl.col(f"{name}\0before"))).select(
            "__row",
            pl.lit(position).alias("__column"),
            *by,
            pl.lit(name).alias("column"),
            _text(f"{name}\0before", before.schema[name]).alias("before"),
            _text(name, before.schema[name]).alias("after"),
        )
        for position, name in enumerate(others)
    ]
    return pl.concat(parts).sort("__row", "__column").drop("__row", "__column")


def _no_cells(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    texts = dict.fromkeys(("column", "before", "after"), pl.String())
    return pl.DataFrame(schema={**frame.select(by).schema, **texts})


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.Decimal):
        text = column.cast(pl.String)
        return text.str.strip_chars_end("0").str.strip_chars_end(".") if dtype.scale else text
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%d %H:%M:%S" + (" %Z" if dtype.time_zone else ""))
    return column.cast(pl.String)


def _counted(frame: pl.DataFrame, report_type: str | None) -> pl.DataFrame:
    """Return the rows that are in a total: without the payouts that a payout reconciliation may list too."""
    if report_type is not None:
        return transactions_of(frame.lazy(), report_type).collect()
    told = {"reporting_category", "source_id", "automatic_payout_id"} <= set(frame.columns)
    return frame.filter(~is_payout_itself(frame.columns)) if told else frame


def _effect(before: pl.DataFrame, after: pl.DataFrame, money: tuple[str, str] | None) -> pl.DataFrame:
    """Compute the totals of both frames by currency."""
    if money is None or not isinstance(before.schema[money[0]], pl.Decimal):
        amounts = dict.fromkeys(("before", "after", "effect"), MONEY)
        return pl.DataFrame(schema={"currency": pl.String(), **amounts})
    amount, currency = money

    def sums(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        if {"category", "net_amount"} <= set(frame.columns):
            frame = frame.filter(pl.col("category") == "ending_balance")
        told = frame.filter(pl.col(currency).is_not_null() | (pl.col(amount) != 0))
        return told.group_by(currency=currency).agg(pl.col(amount).cast(MONEY).sum().alias(name))

    both = sums(before, "before").join(
        sums(after, "after"), on="currency", how="full", coalesce=True, nulls_equal=True
    )
    both = both.with_columns(pl.col("before", "after").fill_null(0))
    order = busiest_first(nonzero_rows(before, after, currency=currency, amounts=[amount]))
    both = sort_by_currency(both, order)
    return both.with_columns(effect=(pl.col("after") - pl.col("before")).cast(MONEY))
