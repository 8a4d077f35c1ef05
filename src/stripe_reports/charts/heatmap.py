"""A heatmap: names down, time or another period across, and the amount in each cell."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import altair as alt
import polars as pl

from stripe_reports.charts import palette, theme
from stripe_reports.charts.panels import Chart, currencies_of, in_words, panels, with_remark
from stripe_reports.charts.ranked import WIDTH_WITH_NAMES, axis_of_names, size_of_figures, width_of_names
from stripe_reports.charts.slots import Slots
from stripe_reports.render.money import figure
from stripe_reports.render.rounded import rounded

__all__ = ["heatmap", "order_by_size"]

_ROW = 24
_WIDEST = 90
"""Maximum width of a cell."""

_SMALLEST_TEXT = 7.5
"""Font size below which amounts are written short, and short ones not at all."""

_IN_UNITS, _TENTHS = 1_000, 10
"""Amounts from which thousands are written, and below which tenths are."""

_SHORT = "Cells have rounded amounts; the tooltip has the exact ones."

_CHARACTERS = 4
"""Characters of an exact amount, with its sign, that are as short as a rounded one."""

_PALEST, _STRONGEST = 0.1, 0.7


def heatmap(
    data: pl.DataFrame,
    slots: Slots,
    head: alt.TitleParams,
    *,
    order: Mapping[str, list[str]],
    names: Mapping[str, str],
    category: Mapping[str, Any] | None,
    where: Mapping[str, Any] | None = None,
    money_in: str = "currency",
) -> Chart:
    """Draw a cell for each name and period that has rows, one panel per currency.

    The larger an amount, the stronger the colour of its cell.

    Args:
        data: ``currency``, ``period``, ``category``, exact ``amount``, and texts of the tooltip.
        slots: The positions across.
        head: The heading.
        order: The names of each currency, from top to bottom.
        names: Columns of the tooltip, in order, with their titles; ``label`` is the position, ``exact`` the
            amount as text.
        category: Converts a selected name back to rows; see ``charts.selections``. None if it cannot be.
        where: Condition of the rows counted, if not all.
        money_in: The report's column with the currency.
    """
    beside = width_of_names(data["category"])
    width = WIDTH_WITH_NAMES - beside
    width = min(width, _WIDEST * len(slots.keys))
    cell = width / len(slots.keys)
    currencies, _ = currencies_of(data)
    data = in_words(data, exact="amount")
    is_short = size_of_figures(data["exact"], cell - 4) < _SMALLEST_TEXT
    figures = _short_figures(data) if is_short else data["exact"].str.split(" ").list.first()
    data = data.with_columns(figure=figures)
    sizes = {each: size_of_figures(data.filter(currency=each)["figure"], cell - 4) for each in currencies}

    def panel(currency: str) -> theme.LayerChart:
        rows = slots.named(data.filter(currency=currency))
        texts = dict.fromkeys(["category", "currency", "label", "exact", "figure", *names])
        most: Any = rows["amount"].abs().max()
        shown = rows.select("period", *texts, pl.col("amount").cast(pl.Float64))
        base = alt.Chart().encode(
            x=slots.axis(width, padding=0.03),
            y=axis_of_names(order[currency], currency, beside, padding=0.04),
        )
        cells = (
            base.mark_rect()
            .transform_calculate(reading="datum.category + ' ' + datum.label + ' ' + datum.exact")
            .transform_calculate(share=f"abs(datum.amount) / {float(most) or 1}")
            .encode(
                fillOpacity=alt.FillOpacity(
                    "share:Q",  # of the largest in the panel: the panels share the scale
                    scale=alt.Scale(domain=[0, 1], range=[_PALEST, _STRONGEST]),
                    legend=None,
                ),
                color=alt.when("datum.amount < 0")
                .then(alt.value(palette.FALL))
                .otherwise(alt.value(palette.MAIN[0])),
                tooltip=[alt.Tooltip(f"{column}:N", title=name) for column, name in names.items()],
                description="reading:N",
            )
        )
        layer = [cells]
        if sizes[currency] >= _SMALLEST_TEXT:
            figures = base.mark_text(aria=False, fontSize=round(sizes[currency], 1))
            layer.append(figures.encode(text="figure:N"))
        height = len(order[currency]) * _ROW
        return theme.LayerChart(data=shown, layer=layer, width=width, height=height)

    links = {
        "period": slots.source,
        "category": category,
        "currency": {"columns": [money_in]},
        "where": where,
    }
    head = with_remark(head, _SHORT) if is_short and max(sizes.values()) >= _SMALLEST_TEXT else head
    return panels(panel, currencies, head, links=links, one_by_row=True)


def _short_figures(data: pl.DataFrame) -> pl.Series:
    return pl.Series([_short(*row) for row in data.select("amount", "currency").iter_rows()], dtype=pl.String)


def _short(amount: Decimal, currency: str) -> str:
    """Return an amount in at most four characters and its sign: 8.25, 450, 1.2k, 36k, 1.1M, <0.1."""
    if not amount:
        return "0"
    exact = figure(amount, currency)
    if len(exact) <= _CHARACTERS:
        return exact
    size, unit = abs(amount), ""
    for larger in ("k", "M", "B"):
        if round(size) < _IN_UNITS:
            break
        size, unit = size / _IN_UNITS, larger
    digits = 1 if size < _TENTHS and round(size, 1) < _TENTHS else 0
    return f"{rounded(size.copy_sign(amount), digits)}{unit}"


def order_by_size(data: pl.DataFrame, *, last: str | None = None) -> dict[str, list[str]]:
    """Return the names of each currency, the largest first; *last* is the name that means all others."""
    sizes = (
        data.group_by("currency", "category")
        .agg(size=pl.col("amount").abs().cast(pl.Float64).sum())
        .sort(pl.col("category") == (last or ""), -pl.col("size"), "category")
    )
    return {
        str(currency): part["category"].to_list()
        for (currency,), part in sizes.group_by("currency", maintain_order=True)
    }
