"""Functions of the user that are called with each report; what they return is shown below the form."""

from __future__ import annotations

import threading
import traceback
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import ipywidgets

from stripe_reports.notebook.form.shown_report import ShownReport
from stripe_reports.notebook.form.work import Latest
from stripe_reports.notebook.shell import shell

__all__ = ["Interactions"]

Outputs = tuple[dict[str, Any], ...]
"""Outputs of a cell, as a notebook has them."""


class Interactions:
    """The functions of a form, by name, and the place where their results are shown.

    Attributes:
        box: The widget below the form; None until there is a function.
    """

    def __init__(self) -> None:
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
            calls = self._calls[name] = _Calls(function)
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

    def close(self) -> None:
        """Stop showing anything."""
        with self._lock:
            calls, self._calls = list(self._calls.values()), {}
        for each in calls:
            each.stop()


class _Calls:
    """The calls of one function, one at a time; of the reports that arrive meanwhile, only the last."""

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.place: Any = ipywidgets.Output()
        self._function = function
        self._lock = threading.Lock()
        self._newest: ShownReport | None = None
        self._latest = Latest("interact", self._call)

    def ask(self, report: ShownReport) -> None:
        """Call the function; what it returned for an earlier report is removed at once."""
        with self._lock:
            self._newest = report
            self.place.outputs = ()
        self._latest.ask(report)

    def stop(self) -> None:
        """Remove the place; a call that is still running shows nothing."""
        with self._lock:
            self._newest = None
        self.place.close()

    def _call(self, report: ShownReport) -> None:
        if report is not self._newest:
            return
        try:
            outputs = _shown(self._function(report))
        except (Exception, SystemExit) as error:  # it is shown, and ends nothing
            outputs = _raised(error)
        with self._lock:
            if report is self._newest:
                self.place.outputs = outputs


def _shown(value: object) -> Outputs:
    """Return a value as the output that a cell would have."""
    from IPython.core.formatters import DisplayFormatter

    if value is None:
        return ()
    formatter = getattr(shell(), "display_formatter", None) or DisplayFormatter()
    data, metadata = formatter.format(value)
    texts = {
        mime: b64encode(part).decode() if isinstance(part, bytes) else part for mime, part in data.items()
    }
    return ({"output_type": "display_data", "data": texts, "metadata": metadata},)


def _raised(error: BaseException) -> Outputs:
    """Return an error as a cell shows it, from the line in the user's function on."""
    below = error.__traceback__.tb_next if error.__traceback__ else None
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
