"""Bars along an axis, and a line of another amount below them, on a scale of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import altair as alt
import polars as pl

from stripe_reports.charts import palette, theme
from stripe_reports.charts.lines import last_values, room_of
from stripe_reports.charts.panels import (
    Chart,
    are_wide,
    axis_of_currency,
    in_words,
    panels,
    sizes_of,
    zero_line,
)
from stripe_reports.charts.slots import Slots

__all__ = ["bars_and_line"]

_BARS, _LINE = 0.65, 0.4
"""The parts of a panel's height."""

_LOWEST = 40


def bars_and_line(
    data: pl.DataFrame, slots: Slots, head: alt.TitleParams, *, bars: str, line: str, names: Mapping[str, str]
) -> Chart:
    """Draw bars of one category and below them a line of another, one pair per currency.

    Args:
        data: ``currency``, ``period``, ``category`` and exact ``amount``.
        slots: The positions along the axis.
        head: The heading.
        bars: The category of the bars.
        line: That of the line.
        names: Columns of the tooltip, in order, with their titles.
    """
    sizes = sizes_of(data)
    colours = palette.colours([bars, line])

    def panel(currency: str) -> theme.LayerChart | theme.VConcatChart:
        width, height = sizes[currency]
        rows = in_words(slots.named(data.filter(currency=currency)), exact="amount")
        above, below = rows.filter(category=bars), rows.filter(category=line)
        beside = room_of(below["exact"].tail(1), width)
        upper = _Part(above, currency, slots, names, colours[0], width, beside)
        lower = _Part(below, currency, slots, names, colours[1], width, beside)
        if lower.rows.is_empty():
            return upper.bars(height, has_labels=True)
        if upper.rows.is_empty():
            return lower.line(height, line)
        heights = [max(_LOWEST, round(height * part)) for part in (_BARS, _LINE)]
        both = [upper.bars(heights[0], has_labels=False), lower.line(heights[1], line)]
        return theme.VConcatChart(vconcat=both, spacing=28)

    links = {"period": slots.source, "category": None, "where": None}
    return panels(panel, list(sizes), head, links=links, one_by_row=are_wide(sizes))


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The bars or the line of a currency."""

    rows: pl.DataFrame
    currency: str
    slots: Slots
    names: Mapping[str, str]
    colour: str
    width: int
    beside: int

    def bars(self, height: int, *, has_labels: bool) -> theme.LayerChart:
        """Draw the bars, with or without the labels of the positions."""
        base = self._base(height, has_labels=has_labels)
        return self._layered(height, self._marks(base.mark_bar()), self._zero())

    def line(self, height: int, called: str) -> theme.LayerChart:
        """Draw the line with its last value."""
        base = self._base(height, called)
        last = last_values(self.rows, self._x(), height, "datum.exact", field="amount")
        points = self._marks(base.mark_circle(size=30, opacity=1))
        return self._layered(height, base.mark_line(aria=False), points, self._zero(), last)

    def _zero(self) -> alt.Chart:
        return zero_line(until=self.width - self.beside)

    def _x(self, *, has_labels: bool = True) -> alt.X:
        return self.slots.axis(self.width, has_labels=has_labels, beside=self.beside)

    def _base(self, height: int, called: str = "", *, has_labels: bool = True) -> alt.Chart:
        axis = axis_of_currency(self.currency, self.rows["amount"], height)
        if called:
            axis.title = f"{axis.title}, {called}"
        base: alt.Chart = alt.Chart().encode(
            x=self._x(has_labels=has_labels), y=alt.Y("amount:Q", axis=axis), color=alt.value(self.colour)
        )
        return base

    def _marks(self, marks: alt.Chart) -> alt.Chart:
        named: alt.Chart = marks.transform_calculate(
            reading="datum.label + ' ' + datum.category + ' ' + datum.exact"
        ).encode(
            tooltip=[alt.Tooltip(f"{column}:N", title=name) for column, name in self.names.items()],
            description="reading:N",
        )
        return named

    def _layered(self, height: int, *layer: alt.Chart) -> theme.LayerChart:
        texts = dict.fromkeys(["period", *self.names])
        shown = self.rows.select(*texts, pl.col("amount").cast(pl.Float64))
        return theme.LayerChart(data=shown, layer=list(layer), width=self.width, height=height)
