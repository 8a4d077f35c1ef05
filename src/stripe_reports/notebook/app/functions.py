"""Functions of a user's file, and what they return below the form of the app."""

from __future__ import annotations

import inspect
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import ipywidgets
from IPython.display import display

from stripe_reports.errors import ParameterError
from stripe_reports.notebook.form.interacting import outputs_of
from stripe_reports.notebook.form.widget import Explorer

__all__ = ["show_functions"]


def show_functions(file: str, form: Explorer) -> None:
    """Show below the form what the functions of a file return.

    A function whose only parameter is ``report`` is given to ``form.interact``, so it is called with each
    report; one whose only parameter is ``client`` is called once. An error of one is shown in its place. All
    others are not called, nor those that are imported or whose name begins with an underscore.

    Args:
        file: Path of a Python file. Modules beside it can be imported.
        form: The form of the page.

    Raises:
        ParameterError: There is no such function.
    """
    functions = _functions(file)
    of_report, of_client = (
        [each for each in functions if _takes(each) == [name]] for name in ("report", "client")
    )
    if not (of_report or of_client):
        raise ParameterError(
            f"{file} has no function for the app. Write one whose only parameter is named report, which is "
            "called with each report, or client, which is called once.",
            param="file",
        )
    for function in of_report:
        form.interact(function)
    for function in of_client:
        if outputs := outputs_of(function, form.client):
            display(ipywidgets.Output(outputs=outputs))  # type: ignore[no-untyped-call]


def _functions(file: str) -> list[Callable[..., Any]]:
    """Run a file as a module, and return its own functions, in their order."""
    sys.path.insert(0, str(Path(file).parent))
    module = Path(file).stem
    return [
        each
        for name, each in runpy.run_path(file, run_name=module).items()
        if isinstance(each, FunctionType) and each.__module__ == module and not name.startswith("_")
    ]


def _takes(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)
