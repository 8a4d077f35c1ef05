"""How our charts look, and how they show: altair's own charts, themed, and drawn without the internet.

The colours that mean something are set in the charts. Everything else is a Vega-Lite config that is laid
under the user's own when a chart is drawn, so that charts can be layered, concatenated and restyled;
``chart.configure(**DARK)`` gives a dark picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import StringIO
from typing import Any, Self

import altair as alt

__all__ = ["DARK", "DIFFERENCE", "FALL", "LIGHT", "RISE", "TOTAL", "LayerChart", "VConcatChart"]

TOTAL, RISE, FALL, DIFFERENCE = "#7b8794", "#2b7bba", "#e07b39", "#a02df0"
"""Strong on white as on black, and told apart with any colour vision: at least 23 apart in CIELAB however
the colour-blind see them (by the matrices of Machado, Oliveira and Fernandes, 2009)."""

_FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def _config(paper: str, ink: str, faded: str, line: str, grid: str) -> dict[str, Any]:
    return {
        "background": paper,
        "font": _FONT,
        "padding": 8,
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "frame": "group",
            "color": ink,
            "fontSize": 15,
            "subtitleColor": faded,
            "subtitleFontSize": 11,
            "subtitlePadding": 4,
            "offset": 14,
        },
        "axis": {
            "labelColor": faded,
            "titleColor": ink,
            "labelFontSize": 11,
            "titleFontSize": 12,
            "domain": False,
            "ticks": False,
            "gridColor": grid,
            "labelPadding": 8,
        },
        "text": {"color": ink, "fontSize": 11},
        "rule": {"color": line},
    }


LIGHT = _config(paper="#ffffff", ink="#1f2933", faded="#5f6b76", line="#9aa5b1", grid="#e8ebee")
"""The config of a chart for whom no other was chosen."""

DARK = _config(paper="#16191d", ink="#eceff1", faded="#a3adb8", line="#66707b", grid="#2b3036")
"""For a dark page: ``chart.configure(**DARK)``."""

# JupyterLab's, Notebook's and Voilà's variables; elsewhere they are not set, and it is LIGHT.
_FOLLOWING_JUPYTER = _config(
    paper=f"var(--jp-layout-color0, {LIGHT['background']})",
    ink=f"var(--jp-content-font-color1, {LIGHT['title']['color']})",
    faded=f"var(--jp-content-font-color2, {LIGHT['axis']['labelColor']})",
    line=f"var(--jp-border-color1, {LIGHT['rule']['color']})",
    grid=f"var(--jp-border-color3, {LIGHT['axis']['gridColor']})",
)


class _ScriptSafe(json.JSONEncoder):
    """JSON in which no text of a report can end the ``<script>`` that altair puts it into."""

    def encode(self, o: object) -> str:
        return super().encode(o).replace("<", "\\u003c")


class _OwnLook(alt.TopLevelMixin):
    """A chart with our look; a theme or renderer of altair that the user enabled wins."""

    def to_dict(self, *args: Any, context: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """The Vega-Lite specification as altair makes it, our config included."""
        is_part_of_another = not (context or {}).get("top_level", True)
        chart = self if is_part_of_another else self._over(LIGHT)
        spec: dict[str, Any] = super(_OwnLook, chart).to_dict(*args, context=context, **options)
        return spec

    def save(self, *args: Any, **options: Any) -> None:
        """As altair saves it; a page holds the texts of a report as data only."""
        super().save(*args, **_script_safe(options))

    def to_html(self, *args: Any, **options: Any) -> str:
        """As altair writes it; the page holds the texts of a report as data only."""
        return super().to_html(*args, **_script_safe(options))

    def _repr_mimebundle_(self, *args: Any, **options: Any) -> Any:
        """An SVG that takes its colours from the page.

        altair's default loads libraries from the internet. An image needs nothing, shows at once wherever
        the notebook does, and stays when it is saved or exported. It is given as HTML, since JupyterLab shows
        ``image/svg+xml`` apart from the page, where a dark theme cannot reach it.
        """
        if alt.renderers.active != "default":
            return super()._repr_mimebundle_(*args, **options)
        svg = StringIO()
        self._over(_FOLLOWING_JUPYTER).save(svg, format="svg")
        return {"text/html": svg.getvalue(), "text/plain": f"<{type(self).__name__}>"}

    def _over(self, config: Mapping[str, Any]) -> Self:
        """A copy with *config* under its own; the chart itself where the user enabled a theme."""
        if alt.theme.active != "default":
            return self
        chart: Any = self
        own = chart.config
        if isinstance(own, alt.Config):
            own = own.to_dict()
        themed = chart.copy(deep=False)
        themed.config = _merged(config, {} if own is alt.Undefined else own)
        return themed  # type: ignore[no-any-return]


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(under[key], over[key])
        for key in under.keys() & over.keys()
        if isinstance(under[key], Mapping) and isinstance(over[key], Mapping)
    }
    return {**under, **over, **both}


def _script_safe(options: dict[str, Any]) -> dict[str, Any]:
    return options | {"json_kwds": {"cls": _ScriptSafe, **(options.get("json_kwds") or {})}}


class LayerChart(_OwnLook, alt.LayerChart):
    """``altair.LayerChart`` with our look."""


class VConcatChart(_OwnLook, alt.VConcatChart):
    """``altair.VConcatChart`` with our look."""
