"""Parts of all charts: one panel per currency, the axis of amounts, the heading, a note if empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import altair as alt
import polars as pl

from stripe_reports.charts import theme
from stripe_reports.render.currency_order import busiest_first
from stripe_reports.render.money import money

__all__ = [
    "HEIGHT",
    "NOTHING",
    "WIDTH",
    "Chart",
    "Subtitle",
    "are_wide",
    "axis_of_currency",
    "currencies_of",
    "heading",
    "in_words",
    "note",
    "panels",
    "parts_of_chart",
    "sizes_of",
    "with_remark",
    "zero_line",
]

Chart: TypeAlias = theme.LayerChart | theme.VConcatChart | theme.ConcatChart
Subtitle: TypeAlias = str | Sequence[str] | None
"""One line or several, below the title."""

WIDTH, HEIGHT = 520, 220
"""Width of a panel in pixels; with its axis it fits 600."""

NOTHING = "There is nothing to draw: the report has no such rows."

_IN_FULL = 3
"""Maximum number of panels with full width; more are placed in two columns."""

_FEW, _STRIP = 0.1, 44
"""The share of all rows below which a currency is a strip, and its height."""

_MOST_PANELS = 12

_ONE_ROW = alt.InlineData(values=[{}])
"""Data for a mark that depends on no row."""


def heading(title: str, subtitle: Subtitle = None, *remarks: str | None) -> alt.TitleParams:
    """Return the title, and below it the subtitle of the caller and the remarks of the chart."""
    lines = [subtitle] if isinstance(subtitle, str) else list(subtitle or [])
    lines += [remark for remark in remarks if remark]
    below = alt.Undefined if not lines else lines[0] if len(lines) == 1 else lines
    return alt.TitleParams(title, subtitle=below)


def with_remark(head: alt.TitleParams, remark: str) -> alt.TitleParams:
    """Return a heading with one more line."""
    below: Any = head.subtitle
    lines = [] if below is alt.Undefined else [below] if isinstance(below, str) else below
    return heading(head.text, [*lines, remark])


def note(text: str, head: alt.TitleParams) -> theme.LayerChart:
    """Return a text instead of an empty chart."""
    mark = (
        alt.Chart(_ONE_ROW)
        .mark_text(align="left", fontSize=13)
        .encode(x=alt.value(0), y=alt.value(20), text=alt.value(text))
    )
    return theme.LayerChart(layer=[mark], title=head, width=WIDTH, height=40)


def currencies_of(data: pl.DataFrame) -> tuple[list[str], str | None]:
    """Return the currencies to draw, in their order everywhere, and a remark about the others."""
    counts = dict(data.group_by("currency").agg(pl.col("nonzero").sum()).iter_rows())
    order = [currency or "" for currency in busiest_first(counts)]
    drawn, left = order[:_MOST_PANELS], order[_MOST_PANELS:]
    if not left:
        return drawn, None
    return drawn, f"Not drawn: {', '.join(map(str.upper, left))}. Draw them with currency={left[:2]!r}."


def sizes_of(data: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Return width and height of the panel of each currency to draw, in their order.

    The first three have a panel of full width, and others with few rows are strips below them. If more than
    three have many rows, all are in two columns, of the same size.
    """
    drawn, _ = currencies_of(data)
    counts: dict[str, int] = dict(
        data.group_by(pl.col("currency").fill_null("")).agg(pl.col("nonzero").sum()).iter_rows()
    )
    few = _FEW * sum(counts[currency] for currency in drawn)
    small = [currency for currency in drawn[_IN_FULL:] if counts[currency] < few]
    if len(drawn) - len(small) > _IN_FULL:
        return dict.fromkeys(drawn, (WIDTH // 2 - 45, HEIGHT // 2 + 10))
    return {currency: (WIDTH, _STRIP if currency in small else HEIGHT) for currency in drawn}


def are_wide(sizes: Mapping[str, tuple[int, int]]) -> bool:
    """Tell whether the panels have the full width, and so are in one column."""
    return all(width == WIDTH for width, _ in sizes.values())


def parts_of_chart(chart: Any, place: int = 0) -> list[tuple[theme.LayerChart, int]]:
    """Return the drawings of a chart, one or two for each panel, each with its place beside others."""
    for name in ("vconcat", "concat"):
        if isinstance(inner := getattr(chart, name, None), list):
            return [part for number, each in enumerate(inner) for part in parts_of_chart(each, number)]
    return [(chart, place)]


def panels(
    draw: Callable[[str], theme.LayerChart | theme.VConcatChart],
    currencies: Sequence[str],
    head: alt.TitleParams,
    *,
    links: Mapping[str, Any] | None = None,
    one_by_row: bool = False,
) -> Chart:
    """Draw one panel per currency, below the heading.

    Args:
        draw: Function that draws the panel of a currency.
        currencies: The currencies, in order.
        head: The heading.
        links: Converts a selection back to rows; see ``charts.selections``.
        one_by_row: True for a single column.
    """
    drawn: list[Any] = [draw(currency) for currency in currencies]
    chart: Any
    if len(drawn) == 1:
        chart = drawn[0].properties(title=head)
    elif one_by_row:
        chart = theme.VConcatChart(vconcat=drawn, title=head, spacing=24)
    else:
        chart = theme.ConcatChart(concat=drawn, columns=2, title=head, spacing=24)
    return cast("Chart", theme.remarked(chart, links=dict(links)) if links else chart)


def in_words(data: pl.DataFrame, *, signed: bool = False, **texts: str) -> pl.DataFrame:
    """Add amounts as exact text: ``in_words(data, exact="amount")`` adds ``exact``."""
    return data.with_columns(
        pl.Series(
            text,
            [
                None if value is None else money(value, currency, signed=signed)
                for value, currency in data.select(amount, "currency").iter_rows()
            ],
            pl.String,
        )
        for text, amount in texts.items()
    )


def axis_of_currency(currency: str, amounts: pl.Series, height: int = HEIGHT) -> alt.Axis:
    """Return an axis of amounts with the currency on top; large amounts are short: 500k, 1.2M, 3B."""
    largest: Any = amounts.abs().max() or 0
    # Vega's prefix for a billion is G; that for a thousandth, m, cannot occur above 10,000.
    short = "replace(format(datum.value, '~s'), 'G', 'B')"
    return alt.Axis(
        title=currency.upper() or "no currency",
        titleAngle=0,
        titleAlign="left",
        titleAnchor="end",
        titleX=0,
        titleY=-18,
        tickCount=2 if height <= _STRIP else alt.Undefined,
        labelExpr=short if largest >= 10_000 else "format(datum.value, ',.12~f')",
    )


def zero_line(until: int | None = None) -> alt.Chart:
    """Return the line at zero, across the panel or only *until* that many pixels."""
    zero: alt.Chart = alt.Chart(_ONE_ROW).mark_rule(strokeWidth=1.5, aria=False).encode(y=alt.datum(0))
    return zero if until is None else zero.encode(x=alt.value(0), x2=alt.value(until))
