"""Selecting in a chart: a span of the axis by dragging, a bar or a name of the legend by clicking."""

from __future__ import annotations

from typing import Any

import altair as alt

from stripe_reports.notebook import theme
from stripe_reports.notebook.charts.panels import MARKS, Chart

__all__ = ["PICKED", "SPAN", "linked"]

SPAN, PICKED = "span", "picked"
"""The names of the selections, as ``altair.JupyterChart.selections`` has them."""


def linked(chart: Chart) -> Chart:
    """A copy of one of our charts in which one can select; what is not selected fades.

    Show it as ``altair.JupyterChart(linked(chart))``; ``selection_expr(chart, widget.selections)`` gives the
    rows behind what is selected. All panels share the selections. A chart that has nothing to select, such as
    a note, comes back as it is.
    """
    links = theme.remarks(chart).get("links")
    if not links:
        return chart
    copy: Any = chart.copy(deep=True)
    marks = [
        layer
        for panel in _panels(copy)
        for layer in panel.layer
        if isinstance(layer.name, str) and layer.name.startswith(MARKS)
    ]
    params = _parameters(links, [layer.name for layer in marks])
    if not params:
        return chart
    selected = {"and": [{"param": param.name} for param in params]}
    for layer in marks:
        layer.encoding.opacity = alt.OpacityValue(0.25, condition={"test": selected, "value": 1})
    copy.params = params
    return copy  # type: ignore[no-any-return]


def _panels(chart: Any) -> list[Any]:
    for parts in ("vconcat", "concat"):
        if isinstance(getattr(chart, parts, None), list):
            return list(getattr(chart, parts))
    return [chart]


def _parameters(links: dict[str, Any], views: list[str]) -> list[alt.TopLevelSelectionParameter]:
    params = []
    if "period" in links:
        span = alt.IntervalSelectionConfig(type="interval", encodings=["x"])
        params.append(alt.TopLevelSelectionParameter(name=SPAN, select=span, views=views))
    if links.get("category"):
        # Along an axis the bars are dragged over, and the legend is clicked; elsewhere the bars are.
        in_legend = "period" in links
        fields = ["category"] if in_legend else ["category", "currency"]
        picked = alt.PointSelectionConfig(type="point", fields=fields)
        bind: Any = "legend" if in_legend else alt.Undefined
        params.append(alt.TopLevelSelectionParameter(name=PICKED, select=picked, views=views, bind=bind))
    return params
