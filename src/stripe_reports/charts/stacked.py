"""Stacked bars along an axis: positive parts above zero, negative parts below."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
import polars as pl

from stripe_reports.charts import theme
from stripe_reports.charts.groups import Groups
from stripe_reports.charts.panels import (
    WIDTH,
    Chart,
    are_wide,
    axis_of_currency,
    in_words,
    panels,
    sizes_of,
    zero_line,
)
from stripe_reports.charts.slots import WIDEST, Slots

__all__ = ["stacked"]


def stacked(
    data: pl.DataFrame,
    slots: Slots,
    groups: Groups,
    head: alt.TitleParams,
    *,
    names: Mapping[str, str],
    where: Mapping[str, Any] | None = None,
    point: str | None = None,
    hollow: str | None = None,
    written: str | None = None,
    has_own_scale: bool = False,
) -> Chart:
    """Draw stacked bars, one panel per currency.

    Args:
        data: ``currency``, ``period``, ``category``, exact ``amount``, and other texts of the tooltip.
        slots: The positions along the axis.
        groups: The parts.
        head: The heading.
        names: Columns of the tooltip, in order, with their titles: ``label`` (the position), ``category``,
            ``exact`` (the amount as text) and other texts of *data*.
        where: Condition of the rows counted, if not all; see ``charts.selections``.
        point: An exact amount of each position that is marked by a line, such as the net of its parts.
        hollow: A part that is drawn as an outline.
        written: A part whose amount is written above its bar.
        has_own_scale: True to draw what is negative below, on a scale of its own, so that small deductions
            are readable below large sales.
    """
    sizes = sizes_of(data)

    def panel(currency: str) -> theme.LayerChart | theme.VConcatChart:
        width, height = sizes[currency]
        rows = data.filter(currency=currency).sort("period", "category", "amount")
        here = slots.of(rows)
        if not has_own_scale or height < _FEWEST_PIXELS or not _has_both_signs(rows):
            return drawn(rows, here, axis_of_currency(currency, rows["amount"], height), width, height)
        above, below = rows.filter(pl.col("amount") >= 0), rows.filter(pl.col("amount") < 0)
        upper = axis_of_currency(currency, above["amount"], height)
        lower = axis_of_currency(currency, below["amount"], height)
        their = "deductions on a scale of their own" if width == WIDTH else "deductions, own scale"
        lower.title = f"{lower.title}, {their}"
        both = [
            drawn(above, here, upper, width, round(height * 0.65), sign=1),
            drawn(below, here, lower, width, round(height * 0.45), sign=-1),
        ]
        return theme.VConcatChart(vconcat=both, spacing=28)

    def drawn(
        rows: pl.DataFrame, here: Slots, y: alt.Axis, width: int, height: int, sign: int = 0
    ) -> theme.LayerChart:
        texts = dict.fromkeys(["label", "category", "exact", *names])
        rank = pl.col("category").replace_strict(
            dict(zip(groups.names, range(99), strict=False)), return_dtype=pl.Int8
        )
        top = pl.col("amount").clip(lower_bound=0).sum().over("period")
        floats = {"amount": pl.col("amount"), **({point: pl.col(point)} if point else {})}
        floats |= {"top": top} if written else {}
        shown = in_words(slots.named(rows), exact="amount").select(
            "period", *texts, rank=rank, **{name: each.cast(pl.Float64) for name, each in floats.items()}
        )
        x = here.axis(width, has_labels=sign <= 0)
        bars = (
            alt.Chart()
            .transform_calculate(reading="datum.label + ' ' + datum.category + ' ' + datum.exact")
            .mark_bar()
            .encode(
                x=x,
                y=alt.Y("amount:Q", axis=y),
                order="rank:Q",
                fillOpacity=here.opacity(),
                tooltip=[alt.Tooltip(f"{column}:N", title=name) for column, name in names.items()],
                description="reading:N",
            )
        )
        is_alone = len(sizes) == 1 and not sign
        if hollow:
            fill, stroke = groups.outlined(hollow, alone=is_alone)
            bars = bars.mark_bar(strokeWidth=1.5).encode(fill=fill, stroke=stroke)
        else:
            bars = bars.encode(color=groups.color(alone=is_alone))
        layer = [bars, zero_line()]
        if written and written in rows["category"]:
            layer.append(_amounts(written, x))
        if point:
            layer.append(_points(here, x, width, point, sign))
        return theme.LayerChart(data=shown, layer=layer, width=width, height=height)

    return panels(
        panel,
        list(sizes),
        head,
        links={
            "period": slots.source,
            "category": groups.source,
            "where": where,
        },
        one_by_row=are_wide(sizes),
    )


_FEWEST_PIXELS = 100
"""Height of a panel that can be divided into two."""


def _has_both_signs(rows: pl.DataFrame) -> bool:
    return bool((rows["amount"] > 0).any() and (rows["amount"] < 0).any())


def _points(slots: Slots, x: alt.X, width: int, amount: str, sign: int) -> alt.Chart:
    wide = max(4, int(min(WIDEST * 1.2, width / len(slots.keys) * 0.9)))
    ticks: alt.Chart = (
        alt.Chart()
        .mark_tick(orient="horizontal", thickness=3, width=wide, aria=False)
        .encode(x=x, y=f"{amount}:Q")
    )
    if sign:
        ticks = ticks.transform_filter(f"datum.{amount} {'>=' if sign > 0 else '<'} 0")
    return ticks


def _amounts(part: str, x: alt.X) -> alt.Chart:
    texts: alt.Chart = (
        alt.Chart()
        .transform_filter(f"datum.category === {json.dumps(part)}")
        .transform_calculate(figure="split(datum.exact, ' ')[0]")
        .mark_text(dy=-7, aria=False, fontWeight="bold")
        .encode(x=x, y="top:Q", text="figure:N")
    )
    return texts
