"""A table with a bar in each cell: readable where bars side by side would be too many."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from stripe_reports.charts import palette, theme
from stripe_reports.charts.panels import Chart, currencies_of, in_words, panels
from stripe_reports.charts.ranked import WIDTH_WITH_NAMES, axis_of_names, size_of_figures, width_of_names

__all__ = ["bar_table"]

_ROW = 22
_COUNT = 54
"""Width of the column of counts."""

_GAP = 8
_NAMES = 100
"""Minimum width of the names."""
_PALE = 0.3
_TITLE, _CHARACTER, _LINE = 11, 6.6, 12
"""Font size of titles, and width and height of their characters."""


def bar_table(
    data: pl.DataFrame,
    head: alt.TitleParams,
    *,
    columns: Mapping[str, str],
    count: str | None = None,
    category: Mapping[str, Any],
    names: Mapping[str, str],
    states: Sequence[str] = (),
    whole: str | None = None,
) -> Chart:
    """Draw a row for each name and a column for each amount, one table per currency, in one column.

    The longest bar of a column fills its cell; bars of different columns have different scales.

    Args:
        data: ``currency``, ``category``, ``series`` (the column), exact ``amount``, the count as text, and
            other texts of the tooltip; in order.
        head: The heading.
        columns: The columns and their titles.
        count: The text of *data* for the last column, which has no bar; None without that column.
        category: Converts a selected name back to rows; see ``charts.selections``.
        names: Columns of the tooltip, in order, with their titles; ``exact`` is the amount as text.
        states: Columns that are states and not changes; their bars are grey.
        whole: The name of the row that sums up the others; it has no bars.
    """
    beside = width_of_names(data["category"], least=_NAMES)
    width = WIDTH_WITH_NAMES - beside
    cell = (width - (_COUNT if count else 0)) / len(columns)
    lefts = {name: place * cell + _GAP for place, name in enumerate(columns)}

    def panel(currency: str) -> theme.LayerChart:
        rows = in_words(data.filter(currency=currency), exact="amount")
        order = rows["category"].unique(maintain_order=True).to_list()
        most = {
            name: _largest(rows.filter(pl.col("category") != (whole or ""), series=name)) for name in columns
        }
        per_unit = {name: (cell - _GAP) / (most[name] or 1) for name in columns}
        shown = rows.select(
            "category",
            "currency",
            "series",
            pl.col("amount").cast(pl.Float64),
            "exact",
            *([count] if count else []),
        )
        base = (
            alt.Chart()
            .transform_calculate(left=f"{json.dumps(lefts)}[datum.series]")
            .transform_calculate(
                right=f"datum.left + abs(datum.amount) * {json.dumps(per_unit)}[datum.series]"
            )
            .encode(y=axis_of_names(order, currency, beside, padding=0.15))
        )
        across = alt.Scale(domain=[0, width], nice=False, zero=False)
        bars = (
            base.mark_bar(opacity=_PALE)
            .transform_filter(f"datum.category !== {json.dumps(whole)}")
            .transform_calculate(reading="datum.category + ' ' + datum.series + ' ' + datum.exact")
            .encode(
                x=alt.X("left:Q", axis=None, scale=across),
                x2="right:Q",
                color=alt.when(f"indexof({json.dumps(list(states))}, datum.series) >= 0")
                .then(alt.value(palette.TOTAL))
                .when("datum.amount < 0")
                .then(alt.value(palette.FALL))
                .otherwise(alt.value(palette.RISE)),
                tooltip=[alt.Tooltip(f"{column}:N", title=name) for column, name in names.items()],
                description="reading:N",
            )
        )
        size = size_of_figures(rows["exact"], cell - _GAP)
        figures = (
            base.mark_text(
                align="right",
                fontSize=round(size, 1),
                fontWeight=alt.expr(f"datum.category === {json.dumps(whole)} ? 'bold' : 'normal'"),
                aria=False,
            )
            .transform_calculate(figure="split(datum.exact, ' ')[0]", end=f"datum.left + {cell - _GAP - 3}")
            .encode(x=alt.X("end:Q", scale=across, axis=None), text="figure:N")
        )
        longest = max(len(word) for text in columns.values() for word in text.split())
        of_titles = round(min(_TITLE, cell / longest / _CHARACTER * _TITLE), 1)
        titles = [
            _title(text, lefts[name] + cell - _GAP - 3, cell, of_titles) for name, text in columns.items()
        ]
        layer = [bars, figures, *titles]
        if count:
            counts = (
                base.mark_text(align="right", aria=False)
                .transform_filter(f"datum.series === {json.dumps(next(iter(columns)))}")
                .encode(x=alt.value(width), text=f"{count}:N")
            )
            layer += [counts, _title(names[count], width, _COUNT, of_titles)]
        return theme.LayerChart(data=shown, layer=layer, width=width, height=len(order) * _ROW)

    currencies, _ = currencies_of(data)
    links = {"category": category, "currency": {"columns": ["currency"]}, "where": None}
    return panels(panel, currencies, head, links=links, one_by_row=True)


def _largest(rows: pl.DataFrame) -> float:
    most: Any = rows["amount"].abs().max()
    return float(most or 0)


def _title(text: str, x: float, width: float, size: float) -> alt.Chart:
    """Return a title that ends at *x*; one that is too wide has a word per line."""
    lines = text.split() if len(text) * _CHARACTER > width else [text]
    title: alt.Chart = (
        alt.Chart(alt.InlineData(values=[{}]))
        .mark_text(align="right", fontWeight="bold", fontSize=size, lineHeight=_LINE, aria=False)
        .encode(x=alt.value(x), y=alt.value(-10 - _LINE * (len(lines) - 1)), text=alt.value(lines))
    )
    return title
