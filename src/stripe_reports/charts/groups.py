"""The parts of a bar: the largest ones by name, and all others as one, so that nothing is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from stripe_reports.charts import palette
from stripe_reports.charts.panels import WIDTH
from stripe_reports.errors import ParameterError

__all__ = ["NONE", "Groups", "largest"]

NONE = "(none)"
"""The name of rows that have none."""


_MOST_NAMES = 60
"""More cannot be read, and would make a heavy chart."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Names in one chart, the largest first.

    Attributes:
        names: As Stripe writes them; the last may stand for all others.
        rest: Which of them that is.
        source: How a selection of names leads back to rows; see ``notebook.selections``.
    """

    names: Sequence[str]
    rest: str | None
    source: Mapping[str, Any]

    def color(self, *, alone: bool) -> alt.Color:
        """The colour of each, and the legend where there is more than one.

        Args:
            alone: Whether the chart is one panel, whose currency stands below the legend.
        """
        longest = max(map(len, self.names), default=1)
        columns = max(1, min(len(self.names), WIDTH // (longest * 6 + 36)))
        is_open = self.source.get("columns") == ["reporting_category"]
        colours = palette.colours(self.names, rest=self.rest, by_name=is_open)
        legend = alt.Legend(
            columns=columns,
            labelExpr="replace(datum.label, /_/g, ' ')",
            labelLimit=WIDTH - 40,
            offset=38 if alone else 4,
        )
        return alt.Color(
            "category:N",
            scale=alt.Scale(domain=list(self.names), range=colours),
            legend=legend if len(self.names) > 1 else None,
        )


def largest(
    data: pl.DataFrame, source: str | Sequence[str], *, top: int, amount: str = "amount", what: str = "others"
) -> tuple[pl.DataFrame, Groups]:
    """Put the small groups together.

    Size is a group's share of all movement in its currency, so that large currencies do not outweigh others.

    Args:
        data: ``currency``, ``category`` and decimals.
        source: The report's column that the categories are of; several, if they stand there one after the
            other with a comma between.
        top: How many groups keep their names.
        amount: Which decimal tells the size.
        what: What the small ones are called: "7 others".

    Raises:
        ParameterError: *top* is too small or too large.
    """
    if not 1 <= top <= _MOST_NAMES:
        raise ParameterError(f"top is a number from 1 to {_MOST_NAMES}, not {top!r}.", param="top")
    has_name = pl.col("category") != ""
    data = data.with_columns(category=pl.when(has_name).then("category").otherwise(pl.lit(NONE)))
    data = _summed(data)
    moved = pl.col("moved").cast(pl.Float64)
    order = (
        data.group_by("currency", "category")
        .agg(moved=pl.col(amount).abs().sum())
        .with_columns(share=moved / moved.sum().over("currency"))
        .group_by("category")
        .agg(pl.col("share").fill_nan(0).max())
        .sort(["share", "category"], descending=[True, False])["category"]
        .to_list()
    )
    named = order if len(order) <= top + 1 else order[:top]  # one alone is not worth a "1 others"
    rest = f"{len(order) - len(named)} {what}" if len(named) < len(order) else None
    if rest is not None:
        is_named = pl.col("category").is_in(named)
        data = data.with_columns(category=pl.when(is_named).then("category").otherwise(pl.lit(rest)))
        data = _summed(data)
    return data, Groups(
        names=[*named, *([rest] if rest else [])],
        rest=rest,
        source={
            "columns": [source] if isinstance(source, str) else list(source),
            "named": named if rest else None,
            "rest": rest,
        },
    )


def _summed(data: pl.DataFrame) -> pl.DataFrame:
    numbers = [name for name, dtype in data.schema.items() if dtype.is_decimal() or name == "rows"]
    keys = [name for name in data.columns if name not in numbers]
    return data.group_by(keys).agg(pl.col(numbers).sum())
