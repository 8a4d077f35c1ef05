"""Lines along an axis: rates, and a sum that grows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from stripe_reports.charts import palette, theme
from stripe_reports.charts.groups import Groups
from stripe_reports.charts.panels import (
    Chart,
    are_wide,
    axis_of_currency,
    in_words,
    panels,
    sizes_of,
)
from stripe_reports.charts.slots import Slots
from stripe_reports.render.rounded import percent

__all__ = ["last_values", "lines", "rated", "room_of", "steps"]

_AREA = 0.12
_LINE_OF_TEXT = 13
"""Height of a line of text, in pixels."""
_ROOM = 0.05
"""The part of an axis that is free beyond the values."""

_SMALLEST = 0.01
"""The end of an axis on which all values are zero."""

_CHARACTER = 6.2
"""Width of a character, in pixels."""


def rated(data: pl.DataFrame, *, of: str, **part: str) -> pl.DataFrame:
    """Add one amount as a rate of another: ``rated(data, fees="part", of="whole")``.

    Adds ``value``, null if there is nothing to compare with; ``rate`` as text; and the exact amounts as
    ``fees`` and ``of``. The rate is rounded; the amounts are not.
    """
    ((name, amount),) = part.items()
    whole = pl.col(of).cast(pl.Float64)
    data = data.with_columns(value=pl.when(whole != 0).then(pl.col(amount).cast(pl.Float64) / whole))
    rates = pl.Series("rate", [_percent(value) for value in data["value"]], pl.String)
    texts: Any = {f"{name}_": amount, "of_": of}
    worded = in_words(data, **texts).drop(name, "of", strict=False)
    return worded.with_columns(rates).rename({f"{name}_": name, "of_": "of"})


def _percent(value: float | None) -> str:
    return "nothing charged" if value is None else percent(value, 2)


def lines(
    data: pl.DataFrame,
    slots: Slots,
    groups: Groups,
    head: alt.TitleParams,
    *,
    names: Mapping[str, str],
    where: Mapping[str, Any] | None = None,
) -> Chart:
    """Draw a line of rates for each group, one panel per currency; a missing rate is a gap.

    Args:
        data: ``currency``, ``period``, ``category``, ``value``, and the texts of the tooltip.
        slots: The positions along the axis.
        groups: The lines.
        head: The heading.
        names: Columns of the tooltip, in order, with their titles; ``label`` is the position.
        where: Condition of the rows counted, if not all; see ``charts.selections``.
    """
    sizes = sizes_of(data)

    def panel(currency: str) -> theme.LayerChart:
        width, height = sizes[currency]
        rows = data.filter(currency=currency).sort("category", "period")
        axis = axis_of_currency(currency, rows["value"], height)
        axis.labelExpr = "format(datum.value, '.12~%')"
        number = pl.format(" ({})", "count") if "count" in names else pl.lit("")
        name = pl.col("category").str.replace_all("_", " ") + " " if len(groups.names) > 1 else pl.lit("")
        rows = rows.with_columns(last=pl.concat_str(name, "rate", number))
        rows = rows.with_columns(_only_lines_that_reach_the_end(slots))
        ends = rows.drop_nulls("value").group_by("category").last()["last"].drop_nulls()
        height = max(height, len(ends) * _LINE_OF_TEXT)
        x = slots.axis(width, padding=0.5, beside=room_of(ends, width))
        base = alt.Chart().encode(
            x=x,
            y=alt.Y("value:Q", axis=axis, scale=alt.Scale(domain=_domain(rows["value"]), nice=False)),
            color=groups.color(alone=len(sizes) == 1),
        )
        line = base.mark_line(aria=False, strokeJoin="round", invalid="break-paths-show-path-domains")
        last = last_values(rows, x, height, "datum.last")
        return _panel(rows, slots, base, line, names, width, height, last)

    links = {"period": slots.source, "category": groups.source, "where": where}
    return panels(panel, list(sizes), head, links=links, one_by_row=are_wide(sizes))


def steps(data: pl.DataFrame, slots: Slots, head: alt.TitleParams, *, names: Mapping[str, str]) -> Chart:
    """Draw a sum that grows as a line with steps and its last value, one panel per currency.

    Args:
        data: ``currency``, ``period``, ``value``, ``total`` (the value as text), and texts of the tooltip.
        slots: The positions along the axis; where a currency has no row, its value stays the same.
        head: The heading.
        names: Columns of the tooltip, in order, with their titles.
    """
    sizes = sizes_of(data)

    def panel(currency: str) -> theme.LayerChart:
        width, height = sizes[currency]
        rows = data.filter(currency=currency).with_columns(category=pl.lit("cumulated"))
        y = alt.Y(
            "value:Q", axis=axis_of_currency(currency, rows["value"], height), scale=alt.Scale(zero=True)
        )
        x = slots.axis(width, padding=0.5, beside=room_of(rows["total"].tail(1), width))
        base = alt.Chart().encode(x=x, y=y, color=alt.value(palette.MAIN[0]))
        area = base.mark_area(aria=False, opacity=_AREA, line=False, interpolate="step-after")
        line = base.mark_line(aria=False, interpolate="step-after")
        last = last_values(rows, x, height, "datum.total")
        return _panel(rows, slots, base, area + line, names, width, height, last)

    links = {"period": slots.source, "category": None, "where": None}
    return panels(panel, list(sizes), head, links=links, one_by_row=are_wide(sizes))


def _only_lines_that_reach_the_end(slots: Slots) -> pl.Expr:
    """Return the text of each line; none for one of several that ends earlier: it would cover others."""
    end = pl.col("period").filter(pl.col("value").is_not_null()).max().over("category")
    is_alone = pl.col("category").n_unique() == 1
    return pl.when(is_alone | (end == slots.keys[-1])).then("last")


def _domain(values: pl.Series) -> tuple[float, float]:
    """Return the ends of an axis with zero, and some room where there are values."""
    least, most = min(0.0, *values.drop_nulls(), 0.0), max(0.0, *values.drop_nulls(), 0.0)
    if least == most:
        return 0.0, _SMALLEST
    room = (most - least) * _ROOM
    return least - room * (least < 0), most + room * (most > 0)


def last_values(rows: pl.DataFrame, x: alt.X, height: int, text: str, *, field: str = "value") -> alt.Chart:
    """Return the text beside the last value of each line; texts that would overlap are moved apart.

    Args:
        rows: The rows of the lines; where there is a text ``last``, only lines that have one get it.
        x: The axis.
        height: Height of the panel in pixels.
        text: Vega's expression for the text.
        field: The value of a line.
    """
    value = pl.col(field).cast(pl.Float64).alias("value")
    ends = (
        rows.drop_nulls([field, *(["last"] if "last" in rows.columns else [])])
        .group_by("category", maintain_order=True)
        .agg(value.last(), pl.col("period").last())
        .with_columns(key=pl.concat_str("period", "category", separator=" "))
        .sort("value", descending=True)
    )
    low, high = _domain(rows[field].cast(pl.Float64))
    own = [(high - each) / (high - low) * height for each in ends["value"]]  # pixels from the top
    moved = {
        key: round(place - at) for key, place, at in zip(ends["key"], _apart(own, height), own, strict=True)
    }
    keys, key = json.dumps(moved), "datum.period + ' ' + datum.category"
    texts: alt.Chart = (
        alt.Chart()
        .transform_filter(f"isValid({keys}[{key}])")
        .transform_calculate(last=text)
        .mark_text(align="left", dx=6, dy=alt.expr(f"{keys}[{key}]"), aria=False)
        .encode(x=x, y=f"{field}:Q", text="last:N")
    )
    return texts


def _apart(places: Sequence[float], height: int) -> list[float]:
    """Move texts apart, in pixels from the top: downwards, and upwards again where the panel ends."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + _LINE_OF_TEXT) if moved else place)
    limit = float(height)
    for number in reversed(range(len(moved))):
        moved[number] = min(moved[number], limit)
        limit = moved[number] - _LINE_OF_TEXT
    return moved


def room_of(texts: Iterable[str], width: int) -> int:
    """Return the width of the texts beside the last values, at most a third of a panel."""
    return min(width // 3, round(_CHARACTER * max(map(len, texts), default=0)) + 10)


def _panel(
    rows: pl.DataFrame,
    slots: Slots,
    base: alt.Chart,
    line: alt.Chart | alt.LayerChart,
    names: Mapping[str, str],
    width: int,
    height: int,
    *above: alt.Chart,
) -> theme.LayerChart:
    points = (
        base.mark_circle(size=max(8.0, min(50.0, 900 / len(slots.keys))), opacity=1)
        .transform_calculate(reading=" + ' ' + ".join(f"datum.{column}" for column in names))
        .encode(
            fillOpacity=slots.opacity(),
            tooltip=[alt.Tooltip(f"{column}:N", title=name) for column, name in names.items()],
            description="reading:N",
        )
    )
    texts = dict.fromkeys(["category", "label", *names, *(["last"] if "last" in rows.columns else [])])
    shown = slots.named(rows).select("period", pl.col("value").cast(pl.Float64), *texts)
    under = line.layer if isinstance(line, alt.LayerChart) else [line]
    return theme.LayerChart(data=shown, layer=[*under, points, *above], width=width, height=height)
