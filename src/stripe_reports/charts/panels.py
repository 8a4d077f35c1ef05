"""What all charts share: a panel a currency, the axis of its money, the heading, a note for nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import altair as alt
import polars as pl

from stripe_reports.charts import theme
from stripe_reports.render.money import money

__all__ = [
    "HEIGHT",
    "MARKS",
    "NOTHING",
    "WIDTH",
    "Chart",
    "Subtitle",
    "axis_of_currency",
    "currencies_of",
    "heading",
    "in_words",
    "note",
    "panels",
    "size_of",
    "zero_line",
]

Chart: TypeAlias = theme.LayerChart | theme.VConcatChart | theme.ConcatChart
Subtitle: TypeAlias = str | Sequence[str] | None
"""One line or several, below the title."""

WIDTH, HEIGHT = 520, 220
"""Of a panel, in pixels: with its axis it fits 600."""

MARKS = "marks"
"""The name of the marks that can be selected."""

NOTHING = "Nothing happened: the report has no such rows."

_IN_FULL = 3
"""So many currencies have a panel of full width; more stand two by two."""

_MOST_PANELS = 12

_ONE_ROW = alt.InlineData(values=[{}])
"""For a mark that stands for itself."""


def heading(title: str, subtitle: Subtitle = None, *remarks: str | None) -> alt.TitleParams:
    """The title, and below it what the caller and then what the chart has to say."""
    lines = [subtitle] if isinstance(subtitle, str) else list(subtitle or [])
    lines += [remark for remark in remarks if remark]
    below = alt.Undefined if not lines else lines[0] if len(lines) == 1 else lines
    return alt.TitleParams(title, subtitle=below)


def note(text: str, head: alt.TitleParams) -> theme.LayerChart:
    """A text in the place of a chart that would be empty."""
    mark = (
        alt.Chart(_ONE_ROW)
        .mark_text(align="left", fontSize=13)
        .encode(x=alt.value(0), y=alt.value(20), text=alt.value(text))
    )
    return theme.LayerChart(layer=[mark], title=head, width=WIDTH, height=40)


def currencies_of(data: pl.DataFrame) -> tuple[list[str], str | None]:
    """The currencies to draw, those with most rows first, and a remark about those that are not drawn."""
    rows = pl.col("rows").sum() if "rows" in data.columns else pl.len()
    order = data.group_by("currency").agg(rows=rows).sort(["rows", "currency"], descending=[True, False])
    drawn, left = order["currency"][:_MOST_PANELS].to_list(), order["currency"][_MOST_PANELS:].to_list()
    if not left:
        return drawn, None
    return drawn, f"Not drawn: {', '.join(map(str.upper, left))}. Draw them with currency={left[:2]!r}."


def size_of(currencies: Sequence[str]) -> tuple[int, int]:
    """Width and height of a panel beside that many others."""
    return (WIDTH, HEIGHT) if len(currencies) <= _IN_FULL else (WIDTH // 2 - 45, HEIGHT // 2 + 10)


def panels(
    draw: Callable[[str], theme.LayerChart],
    currencies: Sequence[str],
    head: alt.TitleParams,
    *,
    links: Mapping[str, Any] | None = None,
    one_by_row: bool = False,
) -> Chart:
    """One panel a currency, below the heading.

    Args:
        draw: Draws the panel of a currency.
        currencies: In order.
        head: Stands on top.
        links: How what is selected leads back to rows; see ``notebook.selections``.
        one_by_row: Never two beside each other.
    """
    drawn = []
    for number, currency in enumerate(currencies):
        panel = draw(currency)
        for layer in panel.layer:
            if layer.name == MARKS:
                layer.name = f"{MARKS}_{number}"
        drawn.append(panel)
    chart: Any
    if len(drawn) == 1:
        chart = drawn[0].properties(title=head)
    elif len(drawn) <= _IN_FULL or one_by_row:
        chart = theme.VConcatChart(vconcat=drawn, title=head, spacing=24)
    else:
        chart = theme.ConcatChart(concat=drawn, columns=2, title=head, spacing=24)
    return cast("Chart", theme.remarked(chart, links=dict(links)) if links else chart)


def in_words(data: pl.DataFrame, *, signed: bool = False, **texts: str) -> pl.DataFrame:
    """The rows with amounts as exact text: ``in_words(data, exact="amount")`` adds ``exact``."""
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


def axis_of_currency(currency: str, amounts: pl.Series) -> alt.Axis:
    """A money axis with the currency on top; its figures are short where they are large: 500k, 1.2M, 3B."""
    largest: Any = amounts.abs().max() or 0
    # Vega's prefixes call a billion G; and a thousandth m, which cannot come up from 10,000 on.
    short = "replace(format(datum.value, '~s'), 'G', 'B')"
    return alt.Axis(
        title=currency.upper() or "no currency",
        titleAngle=0,
        titleAlign="left",
        titleAnchor="end",
        titleX=0,
        titleY=-18,
        labelExpr=short if largest >= 10_000 else "format(datum.value, ',~f')",
    )


def zero_line() -> alt.Chart:
    """The line that bars stand on."""
    zero: alt.Chart = alt.Chart(_ONE_ROW).mark_rule(strokeWidth=1.5, aria=False).encode(y=alt.datum(0))
    return zero
