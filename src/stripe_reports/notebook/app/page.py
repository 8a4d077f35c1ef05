"""The page of the app: a notebook with a title and the form."""

from __future__ import annotations

from typing import Any

__all__ = ["page"]

_HOW = (
    "Choose a report and a period, press **Run report**, look at the table and the chart, "
    "and download what you need."
)


def page(client: str, about: str) -> dict[str, Any]:
    """Return the page as a notebook.

    Args:
        client: The Python expression that creates the client.
        about: A sentence that says whose figures these are.
    """
    code = f"import stripe_reports as sr\n\nclient = {client}\nsr.explore(client)"
    return {
        "cells": [
            {
                "cell_type": "markdown",
                "id": "title",
                "metadata": {},
                "source": f"# Stripe's reports\n\n{_HOW} {about}",
            },
            {
                "cell_type": "code",
                "execution_count": None,
                "id": "form",
                "metadata": {},
                "outputs": [],
                "source": code,
            },
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "title": "Stripe's reports",
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
