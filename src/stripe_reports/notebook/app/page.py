"""The page of the app: a notebook with a title, the form, and what functions of the user return."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

__all__ = ["EXAMPLE", "page"]

EXAMPLE = str(files(__package__) / "examples" / "functions.py")
"""The file whose functions the app shows with ``--demo``."""

_HOW = (
    "Choose a report and a period, press **Run report**, look at the table and the chart, "
    "and download what you need."
)


def page(client: str, about: str, functions: str | None = None, folder: str = "") -> dict[str, Any]:
    """Return the page as a notebook.

    Args:
        client: The Python expression that creates the client.
        about: A sentence that says whose figures these are.
        functions: Path of a file with functions to call; None for the form alone.
        folder: The current folder of those functions.
    """
    title = {
        "cell_type": "markdown",
        "id": "title",
        "metadata": {},
        "source": f"# Stripe's reports\n\n{_HOW} {about}",
    }
    cells = [
        title,
        _code(
            "form", "import stripe_reports as sr", f"client = {client}", "form = sr.explore(client)", "form"
        ),
    ]
    if functions is not None:
        show = "from stripe_reports.notebook.app.functions import show_functions"
        cells.append(
            _code(
                "functions",
                "import os",
                show,
                f"os.chdir({folder!r})",
                f"show_functions({functions!r}, form)",
            )
        )
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "title": "Stripe's reports",
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _code(name: str, *lines: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": name,
        "metadata": {},
        "outputs": [],
        "source": "\n".join(lines),
    }
