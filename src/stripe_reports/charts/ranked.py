"""Horizontal bars: names of any length, the largest on top."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
import polars as pl

from stripe_reports.charts import palette, theme
from stripe_reports.charts.panels import (
    Chart,
    axis_of_currency,
    currencies_of,
    in_words,
    panels,
)

__all__ = ["WIDTH_WITH_NAMES", "axis_of_names", "ranked", "size_of_figures", "width_of_names"]

WIDTH_WITH_NAMES = 530
"""Width of names and panel, or cells, together."""

_NAMES = (150, 230)
"""Minimum and maximum width of the names."""

_ROW = 24
_CHARACTER = 6.2

_END = 0.6
"""The part of a long name that its end takes: 22 characters, for the 21 of an account's id."""

_WORDS = "(test(/_[a-z]*[A-Z0-9]/, datum.label) ? datum.label : replace(datum.label, /_/g, ' '))"
"""Vega's expression for Stripe's words as people write them; ids, such as ``prod_N…``, stay ids."""


def ranked(
    data: pl.DataFrame,
    head: alt.TitleParams,
    *,
    category: Mapping[str, Any],
    names: Mapping[str, str],
    where: Mapping[str, Any] | None = None,
    money_in: str = "currency",
    rest: str | None = None,
    figure: str = "exact",
) -> Chart:
    """Draw a bar for each name with its exact amount at the end, one panel per currency, in one column.

    Args:
        data: ``currency``, ``category``, exact ``amount``; ``series``, if each name has several bars; and
            texts for the tooltip; in drawing order.
        head: The heading.
        category: Converts a selected name back to rows; see ``charts.selections``.
        names: Columns of the tooltip, in order, with their titles; ``exact`` is the amount as text.
        where: Condition of the rows counted, if not all.
        money_in: The report's column with the currency.
        rest: The name that means all others; it is last, in grey.
        figure: The text of *data* at the end of a bar; the amount, unless it says more.
    """
    currencies, _ = currencies_of(data)
    series = data["series"].unique(maintain_order=True).to_list() if "series" in data.columns else []
    beside = width_of_names(data["category"])
    width = WIDTH_WITH_NAMES - beside

    def panel(currency: str) -> theme.LayerChart:
        rows = in_words(data.filter(currency=currency), exact="amount")
        order = rows["category"].unique(maintain_order=True).to_list()
        shown = rows.select(
            "category",
            "currency",
            pl.col("amount").cast(pl.Float64),
            "exact",
            *dict.fromkeys(name for name in (*names, figure) if name not in ("category", "exact")),
            *(["series"] if series and "series" not in names else []),
        )
        base = alt.Chart().encode(
            y=_names(order, beside),
            yOffset=_offset(series) if series else alt.Undefined,
        )
        longest = max(map(len, rows[figure]))
        color: Any = (
            alt.Color(
                "series:N",
                scale=alt.Scale(domain=series, range=palette.colours(series)),
                legend=alt.Legend(offset=26 if len(currencies) == 1 else 4),
            )
            if series
            else alt.when(f"datum.category === {_quoted(rest)}")
            .then(alt.value(palette.REST))
            .otherwise(alt.value(palette.MAIN[0]))
        )
        bars = (
            base.mark_bar()
            .transform_calculate(reading="datum.category + ' ' + datum.exact")
            .encode(
                x=alt.X(
                    "amount:Q",
                    axis=_axis(currency, rows["amount"]),
                    scale=_room(shown["amount"], longest, width),
                ),
                color=color,
                tooltip=[alt.Tooltip(f"{column}:N", title=name) for column, name in names.items()],
                description="reading:N",
            )
        )
        is_negative = "datum.amount < 0"
        figures = base.mark_text(
            aria=False,
            align=alt.expr(f"{is_negative} ? 'right' : 'left'"),
            dx=alt.expr(f"{is_negative} ? -5 : 5"),
            fontSize=10 if series else 11,
        ).encode(x="amount:Q", text=f"{figure}:N")
        zero = (
            alt.Chart(alt.InlineData(values=[{}]))
            .mark_rule(strokeWidth=1.5, aria=False)
            .encode(x=alt.datum(0))
        )
        height = len(order) * _ROW * (2 if series else 1)
        return theme.LayerChart(data=shown, layer=[bars, zero, figures], width=width, height=height)

    return panels(
        panel,
        currencies,
        head,
        links={"category": category, "currency": {"columns": [money_in]}, "where": where},
        one_by_row=True,
    )


def width_of_names(names: pl.Series, *, least: int = _NAMES[0]) -> int:
    """Return the width that names beside a chart take, at least *least*."""
    characters: Any = names.str.len_chars().max() or 0
    width: int = round(min(max(least, characters * _CHARACTER), _NAMES[1]))
    return width


def size_of_figures(amounts: pl.Series, width: float) -> float:
    """Return the font size, at most 11, at which each amount fits a width without its currency."""
    longest: Any = amounts.str.split(" ").list.first().str.len_chars().max()
    size: float = width / (0.57 * longest)
    return min(11.0, size)


def axis_of_names(order: list[str], currency: str, width: int, *, padding: float) -> alt.Y:
    """Return a vertical axis of names, with the currency above them."""
    axis = alt.Axis(
        title=currency.upper() or "no currency",
        titleAngle=0,
        titleAlign="left",
        titleX=-width,
        titleY=-10,
        labelLimit=width,
        labelExpr=_label(width),
        grid=False,
    )
    return alt.Y("category:N", axis=axis, scale=alt.Scale(domain=order, padding=padding))


def _names(order: list[str], width: int) -> alt.Y:
    return alt.Y(
        "category:N",
        title=None,
        axis=alt.Axis(labelLimit=width, labelExpr=_label(width), grid=False),
        scale=alt.Scale(domain=order, padding=0.2),
    )


def _label(width: int) -> str:
    """Return Vega's expression for a name that fits a width.

    A long one is cut before its end, which has the id of an account: two accounts may share their name.
    """
    most = int(width / _CHARACTER)
    end = int(most * _END)
    cut = f"slice({_WORDS}, 0, {most - end - 1}) + '…' + slice({_WORDS}, -{end})"
    return f"length(datum.label) > {most} ? {cut} : {_WORDS}"


def _offset(series: list[str]) -> alt.YOffset:
    return alt.YOffset("series:N", scale=alt.Scale(domain=series))


def _axis(currency: str, amounts: pl.Series) -> alt.Axis:
    """Return a horizontal axis of amounts, with the currency at its left end, on top."""
    axis = axis_of_currency(currency, amounts)
    axis.orient, axis.tickCount, axis.titleX, axis.titleY = "top", 5, 0, -24
    axis.titleAnchor, axis.titleAlign = "start", "left"
    return axis


def _room(amounts: pl.Series, characters: int, width: int) -> alt.Scale:
    """Return a scale with space for the amounts at the ends of the bars."""
    least, most = min(0.0, *amounts, 0.0), max(0.0, *amounts, 0.0)
    taken = min(0.65, (characters * _CHARACTER + 8) / width)
    span = (most - least or 1.0) / (1 - taken * ((most > 0) + (least < 0)))
    return alt.Scale(
        domain=[least - span * taken * (least < 0), most + span * taken * (most > 0)], nice=False
    )


def _quoted(text: str | None) -> str:
    return json.dumps(text)
