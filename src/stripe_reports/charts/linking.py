"""Selections in a chart: drag over a span of the axis; click on a bar or a name of the legend."""

from __future__ import annotations

from typing import Any

import altair as alt

from stripe_reports.charts import theme
from stripe_reports.charts.panels import Chart, parts_of_chart

__all__ = ["BAR", "PICKED", "SPAN", "linked", "selections_in"]

SPAN, BAR, PICKED = "span", "bar", "picked"
"""The names of the selections, as ``altair.JupyterChart.selections`` has them."""

_BRUSH = alt.BrushConfig(fill="#8795a1", fillOpacity=0.18, stroke="#8795a1", strokeOpacity=0.7)
"""A grey that is visible on light and dark."""


def linked(chart: Chart) -> Chart:
    """Return a copy of one of our charts with selections; parts that are not selected fade.

    Show it as ``altair.JupyterChart(linked(chart))``; ``selection_expr(chart, widget.selections)`` returns
    the rows behind the selection. All panels share the selections. A chart without marks to select, such as a
    note, is returned unchanged.
    """
    links = theme.remarks(chart).get("links")
    if not links:
        return chart
    copy: Any = chart.copy(deep=True)
    marks = []
    for number, (part, place) in enumerate(parts_of_chart(copy)):
        for layer in filter(_can_be_selected, part.layer):
            # Vega-Lite draws views of one name with the same data, and altair replaces what follows the last
            # underscore by the place of a view beside others.
            layer.name = f"marks{number}_{place}"
            marks.append(layer)
    params = _parameters(links, marks)
    if not params:
        return chart
    selected = {"and": [{"param": param.name} for param in params]}
    for layer in marks:
        layer.encoding.opacity = alt.OpacityValue(0.25, condition={"test": selected, "value": 1})
    copy.params = params
    return copy  # type: ignore[no-any-return]


def selections_in(chart: Chart) -> list[str]:
    """Return the names of the selections of a chart; empty unless it is linked."""
    params: Any = chart.params
    return [] if params is alt.Undefined else [param.name for param in params]


def _parameters(links: dict[str, Any], marks: list[Any]) -> list[alt.TopLevelSelectionParameter]:
    """Return the selections: along a time axis, by span, bar and legend; in other charts, by bar."""
    chosen: dict[str, Any] = {}
    bind: Any = alt.Undefined
    if "period" in links:
        chosen[SPAN] = alt.IntervalSelectionConfig(type="interval", encodings=["x"], mark=_BRUSH)
        if all(_is_bar(layer) for layer in marks):
            fields = ["period", *(["category"] if links.get("category") else [])]
            chosen[BAR] = alt.PointSelectionConfig(type="point", fields=fields)
        bind = "legend"
    if links.get("category"):
        fields = ["category"] if "period" in links else ["category", "currency"]
        chosen[PICKED] = alt.PointSelectionConfig(type="point", fields=fields)
    views = [layer.name for layer in marks]
    return [
        alt.TopLevelSelectionParameter(
            name=name, select=select, views=views, bind=bind if name == PICKED else alt.Undefined
        )
        for name, select in chosen.items()
    ]


def _can_be_selected(layer: Any) -> bool:
    return getattr(layer.encoding, "tooltip", alt.Undefined) is not alt.Undefined


def _is_bar(layer: Any) -> bool:
    return bool(getattr(layer.mark, "type", layer.mark) == "bar")
