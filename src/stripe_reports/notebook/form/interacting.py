"""Functions of the user that are called with each report; what they return is shown below the form."""

from __future__ import annotations

import sys
import threading
import traceback
from base64 import b64encode
from collections.abc import Callable
from html import escape
from io import StringIO
from typing import Any

import ipywidgets

import stripe_reports.charts.numpy_first  # noqa: F401 - a function may draw while the form does
from stripe_reports.notebook.form.shown_report import ShownReport
from stripe_reports.notebook.form.work import Latest
from stripe_reports.notebook.shell import shell

__all__ = ["Interactions", "outputs_of"]

Outputs = tuple[dict[str, Any], ...]
"""Outputs of a cell, as a notebook has them."""


class Interactions:
    """The functions of a form, by name, and the place where their results are shown.

    Args:
        changed: Called when what they return is another.

    Attributes:
        box: The widget below the form; None until there is a function.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._lock = threading.Lock()
        self._calls: dict[str, _Calls] = {}
        self.box: Any = None

    def add(self, function: Callable[[Any], object]) -> Callable[[ShownReport], None]:
        """Add a function; it replaces another of the same name, whose cell was run again.

        Returns:
            What calls this function alone with a report, as ``call`` calls all.
        """
        name = getattr(function, "__qualname__", type(function).__qualname__)
        with self._lock:
            replaced = self._calls.get(name)
            calls = self._calls[name] = _Calls(function, self._changed)
            places = [each.place for each in self._calls.values()]
            if self.box is None:
                self.box = ipywidgets.VBox()
            self.box.children = places
        if replaced is not None:
            replaced.stop()
        return calls.ask

    def call(self, report: ShownReport) -> None:
        """Call every function with a report, each in a thread of its own."""
        with self._lock:
            calls = list(self._calls.values())
        for each in calls:
            each.ask(report)

    def html(self) -> list[str]:
        """Return what is shown as HTML, for hosts that do not show Jupyter's widgets."""
        with self._lock:
            calls = list(self._calls.values())
        return [_html(output) for each in calls for output in each.place.outputs]

    def close(self) -> None:
        """Stop showing anything."""
        with self._lock:
            calls, self._calls = list(self._calls.values()), {}
        for each in calls:
            each.stop()


class _Calls:
    """The calls of one function, one at a time; of the reports that arrive meanwhile, only the last."""

    def __init__(self, function: Callable[[Any], object], changed: Callable[[], None]) -> None:
        self.place: Any = ipywidgets.Output()
        self._function = function
        self._changed = changed
        self._lock = threading.Lock()
        self._newest: ShownReport | None = None
        self._latest = Latest("interact", self._call)

    def ask(self, report: ShownReport) -> None:
        """Call the function; what it returned for an earlier report is removed at once."""
        with self._lock:
            self._newest = report
            self.place.outputs = ()
        self._changed()
        self._latest.ask(report)

    def stop(self) -> None:
        """Remove the place; a call that is still running shows nothing."""
        with self._lock:
            self._newest = None
        self.place.close()

    def _call(self, report: ShownReport) -> None:
        if report is not self._newest:
            return
        outputs = outputs_of(self._function, report)
        with self._lock:
            if report is self._newest:
                self.place.outputs = outputs
        self._changed()


def outputs_of(function: Callable[[Any], object], argument: object) -> Outputs:
    """Call a function, and return what it returned, or its error, as the output that a cell would have."""
    try:
        return _shown(function(argument))
    except (Exception, SystemExit) as error:  # it is shown, and ends nothing
        return _raised(error)


def _shown(value: Any) -> Outputs:
    """Return a value as the output that a cell would have, without other hosts."""
    from IPython.core.formatters import DisplayFormatter

    if value is None:
        return ()
    if _needs_other_hosts(value):
        svg = StringIO()
        value.save(svg, format="svg")
        data = {"image/svg+xml": svg.getvalue(), "text/plain": repr(type(value))}
        return ({"output_type": "display_data", "data": data, "metadata": {}},)
    formatter = getattr(shell(), "display_formatter", None) or DisplayFormatter()
    data, metadata = formatter.format(value)
    texts = {
        mime: b64encode(part).decode() if isinstance(part, bytes) else part for mime, part in data.items()
    }
    return ({"output_type": "display_data", "data": texts, "metadata": metadata},)


def _needs_other_hosts(value: Any) -> bool:
    """Tell whether a value is a chart of altair's own, which loads its libraries unless told otherwise."""
    altair = sys.modules.get("altair")
    if altair is None or not isinstance(value, altair.TopLevelMixin):
        return False
    return altair.renderers.active == "default" and not hasattr(value, "svg_for_page")  # as our own have


def _html(output: dict[str, Any]) -> str:
    if output["output_type"] == "error":
        return f"<pre>{escape(chr(10).join(output['traceback']))}</pre>"
    data = output["data"]
    if "text/html" in data:
        return str(data["text/html"])
    for mime in ("image/svg+xml", "image/png", "image/jpeg"):
        if mime in data:
            image = b64encode(data[mime].encode()).decode() if mime == "image/svg+xml" else data[mime]
            return f'<img alt="" src="data:{mime};base64,{image}">'
    marimo = sys.modules.get("marimo")
    if "text/markdown" in data and marimo is not None:
        return str(marimo.md(data["text/markdown"]).text)
    return f"<pre>{escape(data.get('text/markdown', data.get('text/plain', '')))}</pre>"


def _raised(error: BaseException) -> Outputs:
    """Return an error as a cell shows it, from the line in the user's function on."""
    below = error.__traceback__.tb_next if error.__traceback__ else None  # without our own call
    session = shell()
    formatted = session.InteractiveTB.structured_traceback if session else traceback.format_exception
    lines = formatted(type(error), error, below)
    return (
        {
            "output_type": "error",
            "ename": type(error).__name__,
            "evalue": str(error),
            "traceback": [line.rstrip("\n") for line in lines],
        },
    )
