"""The parts of a bar: the largest ones by name, and all others combined, so that nothing is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import polars as pl

from stripe_reports.charts import palette
from stripe_reports.charts.panels import WIDTH
from stripe_reports.charts.sums import summed
from stripe_reports.errors import ParameterError

__all__ = ["NONE", "Groups", "largest"]

NONE = "(none)"
"""The name of rows without one."""


_MOST_NAMES = 60
"""Maximum number of names; more are not readable and make a large chart."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Names in one chart, the largest first.

    Attributes:
        names: As Stripe writes them; the last may mean all others.
        rest: The name that means all others.
        source: Converts a selection of names back to rows; see ``charts.selections``.
    """

    names: Sequence[str]
    rest: str | None
    source: Mapping[str, Any]

    def outlined(self, hollow: str, *, alone: bool) -> tuple[alt.Fill, alt.Stroke]:
        """Return the fill and the outline of each; the part *hollow* has no fill, in the legend either."""
        legend, scale = self._legend(alone=alone), self._scale()
        filled = [
            "transparent" if name == hollow else colour
            for name, colour in zip(scale["domain"], scale["range"], strict=True)
        ]
        fill = alt.Fill("category:N", scale=alt.Scale(domain=list(self.names), range=filled), legend=legend)
        return fill, alt.Stroke("category:N", scale=scale, legend=legend)

    def color(self, *, alone: bool) -> alt.Color:
        """Return the colour of each, and the legend if there is more than one.

        Args:
            alone: True if the chart has one panel, whose currency is below the legend.
        """
        return alt.Color("category:N", scale=self._scale(), legend=self._legend(alone=alone))

    def _legend(self, *, alone: bool) -> alt.Legend | None:
        if len(self.names) < 2:
            return None
        longest = max(map(len, self.names), default=1)
        columns = max(1, min(len(self.names), WIDTH // (longest * 6 + 36)))
        return alt.Legend(
            columns=columns,
            labelExpr="replace(datum.label, /_/g, ' ')",
            labelLimit=WIDTH - 40,
            offset=38 if alone else 4,
        )

    def _scale(self) -> alt.Scale:
        is_open = self.source.get("columns") == ["reporting_category"]
        colours = palette.colours(self.names, rest=self.rest, are_categories=is_open)
        return alt.Scale(domain=list(self.names), range=colours)


def largest(
    data: pl.DataFrame, source: str | Sequence[str], *, top: int, amount: str = "amount", what: str = "others"
) -> tuple[pl.DataFrame, Groups]:
    """Combine the small groups.

    The size of a group is its share of all amounts in its currency, so that no currency dominates.

    Args:
        data: ``currency``, ``category`` and decimals.
        source: The report's column of the categories; several, if they are joined by commas.
        top: Maximum number of named groups.
        amount: The column that determines the size.
        what: Name of the small groups: "7 others".

    Raises:
        ParameterError: *top* is too small or too large.
    """
    if not 1 <= top <= _MOST_NAMES:
        raise ParameterError(f"top must be a number from 1 to {_MOST_NAMES}; got {top!r}.", param="top")
    has_name = pl.col("category") != ""
    data = data.with_columns(category=pl.when(has_name).then("category").otherwise(pl.lit(NONE)))
    data = summed(data)
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
    named = order if len(order) <= top + 1 else order[:top]  # avoids "1 others"
    rest = f"{len(order) - len(named)} {what}" if len(named) < len(order) else None
    if rest is not None:
        is_named = pl.col("category").is_in(named)
        data = data.with_columns(category=pl.when(is_named).then("category").otherwise(pl.lit(rest)))
        data = summed(data)
    return data, Groups(
        names=[*named, *([rest] if rest else [])],
        rest=rest,
        source={
            "columns": [source] if isinstance(source, str) else list(source),
            "named": named if rest else None,
            "rest": rest,
        },
    )
