"""The order of currencies in charts, tables, pages, the form and the command line: one for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from stripe_reports.render.money import currency_column

__all__ = ["busiest_first", "nonzero_rows", "sort_by_currency"]


def busiest_first(counts: Mapping[str | None, int]) -> list[str | None]:
    """Sort currencies: most non-zero rows first, then alphabetically; rows without a currency are last.

    Args:
        counts: The number of non-zero rows of each currency, of all reports that are shown together.
    """
    return sorted(counts, key=lambda currency: (not currency, -counts[currency], currency or ""))


def nonzero_rows(
    *frames: pl.DataFrame | pl.LazyFrame, currency: str = "currency", amounts: Iterable[str] | None = None
) -> Counter[str | None]:
    """Count the rows of each currency in which some amount is not zero, over all frames together.

    Args:
        frames: Rows of reports; a frame without the column of currencies counts for nothing.
        currency: Column with the currency.
        amounts: Columns of the amounts that are shown; None for all that are in this currency.
    """
    counts: Counter[str | None] = Counter()
    for frame in frames:
        rows = frame.lazy()
        schema = rows.collect_schema()
        if currency not in schema:
            continue
        shown = [
            name
            for name, dtype in schema.items()
            if dtype.is_decimal()
            and (currency_column(name, schema) == currency if amounts is None else name in set(amounts))
        ]
        is_zero = [pl.col(name).fill_null(0) == 0 for name in shown]
        count = (~pl.all_horizontal(is_zero)).sum() if shown else pl.len()
        found = rows.group_by(currency).agg(count.cast(pl.Int64).alias("\0rows"))
        counts.update(dict(found.collect(engine="streaming").iter_rows()))
    return counts


def sort_by_currency(
    frame: pl.DataFrame, order: Sequence[str | None], currency: str = "currency"
) -> pl.DataFrame:
    """Sort rows by their currency's place in *order*; rows of one currency keep theirs."""
    ranks = pl.DataFrame(
        {currency: list(order), "\0rank": range(len(order))}, schema={currency: pl.String, "\0rank": pl.Int64}
    )
    return (
        frame.join(ranks, on=currency, how="left", nulls_equal=True, maintain_order="left")
        .sort("\0rank", nulls_last=True, maintain_order=True)
        .drop("\0rank")
    )
