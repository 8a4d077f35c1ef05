"""The look of our charts: altair charts with a theme, displayed without the internet.

Colours with a meaning are set in the charts, and are the same in light and dark (``palette.py``). Everything
else is a Vega-Lite config that is placed under the user's own when a chart is drawn, so that charts can be
layered, concatenated and restyled. The config is:

- one of ours, named when the chart is made, ``report.chart(theme="dark")``, or by ``dressed(chart, "dark")``;
- else the theme that the user enabled: ``altair.theme.enable("stripe_reports_dark")`` is ours for all charts;
- else, in a notebook and in our pages, the colours of the page around it; in a file, light.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Literal, Self, TypeVar, get_args

import altair as alt

import stripe_reports.charts.numpy_first  # noqa: F401
from stripe_reports.errors import ParameterError
from stripe_reports.storage.disk import written_whole

__all__ = [
    "DARK",
    "LIGHT",
    "ConcatChart",
    "LayerChart",
    "Theme",
    "VConcatChart",
    "config_of",
    "dark",
    "dressed",
    "following_the_page",
    "light",
    "remarked",
    "remarks",
]

Theme = Literal["light", "dark", "page"]
"""``page`` takes the colours of the page around an SVG: of JupyterLab, Notebook, Voilà, or ours."""

_FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def _config(paper: str, ink: str, faded: str, line: str, grid: str) -> dict[str, Any]:
    return {
        "background": paper,
        "font": _FONT,
        "padding": 8,
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "color": ink,
            "fontSize": 15,
            "subtitleColor": faded,
            "subtitleFontSize": 11,
            "subtitlePadding": 4,
            "offset": 14,
        },
        "axis": {
            "labelColor": faded,
            "labelLimit": 200,
            "titleColor": ink,
            "labelFontSize": 11,
            "titleFontSize": 12,
            "domain": False,
            "ticks": False,
            "gridColor": grid,
            "labelPadding": 8,
        },
        "legend": {
            "labelColor": faded,
            "titleColor": ink,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "symbolType": "square",
            "symbolSize": 90,
            "orient": "top",
            "title": None,
            "columnPadding": 14,
            "offset": 8,
        },
        "text": {"color": ink, "fontSize": 11},
        "rule": {"color": line},
        "tick": {"color": ink},
        "line": {"strokeWidth": 2},
    }


LIGHT = _config(paper="#ffffff", ink="#1f2933", faded="#5f6b76", line="#9aa5b1", grid="#e8ebee")
"""The default config of a chart."""

DARK = _config(paper="#16191d", ink="#eceff1", faded="#a3adb8", line="#66707b", grid="#2b3036")
"""The config for a dark page."""

# Variables of JupyterLab, Notebook and Voilà; elsewhere they are not set, and LIGHT is used.
_PAGE = _config(
    paper=f"var(--jp-layout-color0, {LIGHT['background']})",
    ink=f"var(--jp-content-font-color1, {LIGHT['title']['color']})",
    faded=f"var(--jp-content-font-color2, {LIGHT['axis']['labelColor']})",
    line=f"var(--jp-border-color1, {LIGHT['rule']['color']})",
    grid=f"var(--jp-border-color3, {LIGHT['axis']['gridColor']})",
)

_SYSTEM_COLOURS = (
    "--jp-layout-color0:Canvas;--jp-content-font-color1:CanvasText;--jp-content-font-color2:GrayText;"
    "--jp-border-color1:GrayText;--jp-border-color3:color-mix(in srgb,CanvasText 15%,Canvas)"
)
"""These variables for a page that has none, such as marimo's: the browser's colours, light or dark."""

_CONFIGS: dict[Theme, dict[str, Any]] = {"light": LIGHT, "dark": DARK, "page": _PAGE}

_OURS = "stripe_reports"
"""Our part of a chart's ``usermeta``."""

_CLASS = "stripe-reports-chart"
_SHOWS_SVG = f".{_CLASS}>div{{display:block!important}}.{_CLASS}>img{{display:none}}"
"""Shows the SVG instead of the image, wherever styles are allowed."""

_Chart = TypeVar("_Chart", bound=alt.TopLevelMixin)


def light() -> dict[str, Any]:
    """Return our light look for any chart: ``altair.theme.enable("stripe_reports_light")``."""
    return {"config": LIGHT}


def dark() -> dict[str, Any]:
    """Return our dark look for any chart: ``altair.theme.enable("stripe_reports_dark")``."""
    return {"config": DARK}


def dressed(chart: _Chart, theme: Theme) -> _Chart:
    """Return a copy of one of our charts in that theme; it can still be layered, concatenated and restyled.

    Raises:
        ParameterError: There is no such theme.
    """
    config_of(theme)
    return remarked(chart, theme=theme)


def config_of(theme: Theme) -> dict[str, Any]:
    """Return the Vega-Lite config of a theme.

    Raises:
        ParameterError: There is no such theme.
    """
    if theme not in _CONFIGS:
        raise ParameterError(
            f"theme must be one of {', '.join(map(repr, get_args(Theme)))}; got {theme!r}.", param="theme"
        )
    return _CONFIGS[theme]


def following_the_page(chart: _Chart) -> _Chart:
    """Return a copy with the colours of the page, unless it has a theme; other charts are unchanged."""
    return chart if not isinstance(chart, _OwnLook) or "theme" in remarks(chart) else dressed(chart, "page")


def remarks(chart: Any) -> dict[str, Any]:
    """Return our notes in a chart."""
    meta = chart.get("usermeta") if isinstance(chart, Mapping) else getattr(chart, "usermeta", None)
    ours = meta.get(_OURS) if isinstance(meta, Mapping) else None
    return dict(ours) if isinstance(ours, Mapping) else {}


def remarked(chart: _Chart, **values: Any) -> _Chart:
    """Return a copy of a chart with notes, which are stored in its specification as ``usermeta``."""
    copy: Any = chart.copy(deep=False)  # type: ignore[attr-defined]
    meta = copy.usermeta if isinstance(copy.usermeta, Mapping) else {}
    copy.usermeta = {**meta, _OURS: remarks(chart) | values}
    return copy  # type: ignore[no-any-return]


class _ScriptSafe(json.JSONEncoder):
    """JSON in which text of a report cannot close the ``<script>`` of altair."""

    def encode(self, o: object) -> str:
        return super().encode(o).replace("<", "\\u003c")


@dataclass(frozen=True)
class _Html:
    text: str

    def _repr_html_(self) -> str:
        return self.text


class _OwnLook(alt.TopLevelMixin):
    """A chart with our look, unless the user enabled a theme or renderer of altair."""

    def to_dict(self, *args: Any, context: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Return the Vega-Lite specification of altair, with our config."""
        is_part_of_another = not (context or {}).get("top_level", True)
        chart = self._as_a_part() if is_part_of_another else self._over("light")
        spec: dict[str, Any] = super(_OwnLook, chart).to_dict(*args, context=context, **options)
        return spec

    def save(self, fp: Any, format: str | None = None, *args: Any, **options: Any) -> None:  # noqa: A002
        """Save the chart like altair; an HTML page needs no internet, and text of the report is only data.

        A file is written atomically, with mode 0600, and replaces an existing one.

        Raises:
            StoreError: The file cannot be written.
        """
        if isinstance(fp, str | os.PathLike):
            format = format or Path(fp).suffix.lower().lstrip(".")  # noqa: A001
            with written_whole(fp) as temporary:
                self._save(str(temporary), format, *args, **options)
        else:
            self._save(fp, format, *args, **options)

    def _save(self, fp: Any, format_: Any, *args: Any, **options: Any) -> None:
        in_full = {"inline": True} if format_ == "html" else {}
        super().save(fp, format_, *args, **in_full | _script_safe(options))

    def to_html(self, *args: Any, **options: Any) -> str:
        """Return the HTML of altair; text of the report is only data in it."""
        return super().to_html(*args, **_script_safe(options))

    def _repr_mimebundle_(self, *args: Any, **options: Any) -> Any:
        """Return an SVG with the colours of the page, and the same as an image.

        altair's default loads libraries from the internet. An image needs nothing, appears immediately in any
        notebook, and remains when the notebook is saved or exported. It is returned as HTML, since JupyterLab
        isolates ``image/svg+xml`` from the page, so a dark theme would not apply. Where a notebook is not
        trusted, the style and the SVG are removed but for its texts, which stay hidden; the image remains.
        """
        if alt.renderers.active != "default":
            return super()._repr_mimebundle_(*args, **options)
        svg = self.svg_for_page()
        image = f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
        html = (
            f'<div class="{_CLASS}"><style>{_SHOWS_SVG}</style><div style="display:none">{svg}</div>'
            f'<img alt="Chart" src="{image}"></div>'
        )
        return {"text/html": html, "text/plain": f"<{type(self).__name__}>"}

    def _display_(self) -> Any:
        """Return what marimo shows: the SVG alone. Of HTML beside a text it shows two small buttons."""
        if alt.renderers.active != "default":
            return alt.Chart.from_dict(self.to_dict())
        svg = self.svg_for_page().replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
        return _Html(f'<div style="{_SYSTEM_COLOURS}">{svg}</div>')

    def svg_for_page(self) -> str:
        """Draw the chart as SVG in the colours of the page around it, unless it or altair has a theme."""
        svg = StringIO()
        self._over("page").save(svg, format="svg")
        return svg.getvalue()

    def _over(self, fallback: Theme) -> Self:
        """Return a copy with our config under its own; the chart itself if the user enabled a theme."""
        chosen = remarks(self).get("theme")
        if chosen is None and alt.theme.active != "default":
            return self
        chart: Any = self
        own = chart.config
        if isinstance(own, alt.Config):
            own = own.to_dict()
        themed = chart.copy(deep=False)
        themed.config = _merged(_CONFIGS[chosen or fallback], {} if own is alt.Undefined else own)
        return themed  # type: ignore[no-any-return]

    def _as_a_part(self) -> Self:
        """Return the chart without the notes, which Vega-Lite allows only at the top level."""
        chart: Any = self
        if chart.usermeta is alt.Undefined:
            return self
        part = chart.copy(deep=False)
        part.usermeta = alt.Undefined
        return part  # type: ignore[no-any-return]


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


class ConcatChart(_OwnLook, alt.ConcatChart):
    """``altair.ConcatChart`` with our look."""
