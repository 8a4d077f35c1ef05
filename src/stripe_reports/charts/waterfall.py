"""A waterfall: the change of a balance from start to end, or the composition of a sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from stripe_reports.charts import palette, theme
from stripe_reports.charts.panels import (
    HEIGHT,
    WIDTH,
    Chart,
    axis_of_currency,
    currencies_of,
    in_words,
    panels,
    zero_line,
)

__all__ = ["waterfall"]


def waterfall(
    bars: pl.DataFrame,
    head: alt.TitleParams,
    *,
    category: Mapping[str, Any],
    currency: str | None = "currency",
) -> Chart:
    """Draw floating bars, one panel per currency, in one column.

    Args:
        bars: ``currency``, ``step`` (the label), ``category``, ``kind`` (total, rise, fall or difference),
            and exact ``amount``, ``start`` and ``end``, in order.
        head: The heading.
        category: Converts a selected category back to rows; see ``charts.selections``.
        currency: The report's column with the currency; None if it has none.
    """
    return panels(
        lambda name: _panel(bars.filter(currency=name), name),
        currencies_of(bars)[0]
        if "nonzero" in bars.columns
        else bars["currency"].unique(maintain_order=True).to_list(),
        head,
        links={"category": category} | ({"currency": {"columns": [currency]}} if currency else {}),
        one_by_row=True,
    )


def _panel(bars: pl.DataFrame, currency: str) -> theme.LayerChart:
    """Draw the bars, the level from each bar to the next, and the amount above each."""
    data = _drawable(bars, currency)
    chart = alt.Chart().encode(x="step:N")  # the layers share one copy of the data
    levels = (
        chart.transform_filter("isValid(datum.next)")
        .mark_rule(aria=False)
        .encode(alt.X("step:N", bandPosition=0), alt.Y("end:Q"), alt.X2("next:N", bandPosition=0))
    )
    meaning = alt.Scale(
        domain=["total", "rise", "fall", "difference"],
        range=[palette.TOTAL, palette.RISE, palette.FALL, palette.DIFFERENCE],
    )
    steps = chart.mark_bar(strokeWidth=1).encode(  # the stroke keeps the smallest fee visible
        x=_axis_of_steps(bars["step"].to_list()),
        y=alt.Y("start:Q", axis=_axis(currency, pl.concat([bars["start"], bars["end"]]))),
        y2="end:Q",
        color=alt.Color("kind:N", scale=meaning, legend=None),
        stroke=alt.Stroke("kind:N", scale=meaning, legend=None),
        tooltip=["step:N", "amount:N", "balance:N"],
        description="reading:N",
    )
    size = _fitting(data["label"].to_list())
    figures = chart.mark_text(dy=-7, aria=False, fontSize=size).encode(y="top:Q", text="label:N")
    return theme.LayerChart(
        data=data, layer=[levels, steps, zero_line(), figures], width=WIDTH, height=HEIGHT
    )


def _drawable(bars: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Convert the bars for altair: the only place where decimals become floats."""
    words = in_words(in_words(bars, signed=True, amount_="amount"), balance="end")
    is_total = pl.col("kind") == "total"
    unit = f" {currency.upper()}".rstrip()
    amount = pl.when(is_total).then(pl.col("amount_").str.strip_prefix("+")).otherwise("amount_")
    return words.select(
        "step",
        "kind",
        "category",
        "currency",
        pl.col("start", "end").cast(pl.Float64),
        "balance",
        top=pl.max_horizontal("start", "end").cast(pl.Float64),
        next=pl.col("step").shift(-1),
        amount=amount,
        label=amount.str.strip_suffix(unit),
    ).with_columns(reading=pl.concat_str("step", "amount", separator=" "))


def _axis(currency: str, amounts: pl.Series) -> alt.Axis:
    """Return the axis of amounts, with the currency above the amount of the highest bar."""
    axis = axis_of_currency(currency, amounts)
    axis.titleY = -26
    return axis


def _fitting(labels: Sequence[str]) -> float:
    """Return the font size at which labels above bars do not overlap; amounts in dong need a small one."""
    width_of_a_character = 0.55 * max(map(len, labels))
    return min(11.0, round(WIDTH / len(labels) / width_of_a_character, 1))


def _axis_of_steps(steps: list[str]) -> alt.X:
    """Return the x axis with the bars in the order of *steps*, one word of a label per line."""
    return alt.X(
        "step:N",
        title=None,
        axis=alt.Axis(labelAngle=0, labelAlign="center", labelExpr="split(datum.label, ' ')"),
        scale=alt.Scale(domain=steps, paddingInner=0.3, paddingOuter=0.15),
    )
