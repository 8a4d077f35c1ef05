"""A chart as SVG, in the colours of the page."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stripe_reports.charts import Chart

__all__ = ["svg_of"]


def svg_of(chart: Chart) -> str:
    """Draw a chart as SVG, also if the user enabled another renderer of altair's."""
    shown = chart._repr_mimebundle_()  # uses the colours of the page
    bundle = (shown[0] if isinstance(shown, tuple) else shown) or {}
    svg: str = bundle.get("text/html", "")
    if svg.startswith("<svg"):
        return svg
    drawn = StringIO()
    chart.save(drawn, format="svg")
    return drawn.getvalue()
