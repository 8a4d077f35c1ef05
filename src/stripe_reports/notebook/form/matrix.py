"""The controls of a tie-out as a matrix: a row for each control, a column for each currency. Pure."""

from __future__ import annotations

from typing import Any

from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.render.money import figure

__all__ = ["matrix_of"]

_WORST_FIRST = ("fails", "explained", "passes")


def matrix_of(tied: TieOut) -> dict[str, Any]:
    """Return the currencies, and the controls with failures first, then with explained differences.

    A cell has its outcome, both amounts and the difference as texts; it is None where a control was not made
    in a currency.
    """
    controls = tied.frame()
    currencies = controls["currency"].unique(maintain_order=True).to_list()
    rows: list[dict[str, Any]] = []
    for (name,), of_control in controls.group_by("control", maintain_order=True):
        cells = {row["currency"]: _cell(row) for row in of_control.iter_rows(named=True)}
        left, right = tied.sides[str(name)]
        worst = min((cell["outcome"] for cell in cells.values()), key=_WORST_FIRST.index)
        rows.append(
            {
                "control": name,
                "left": left,
                "right": right,
                "outcome": worst,
                "cells": [cells.get(currency) for currency in currencies],
            }
        )
    rows.sort(key=lambda row: _WORST_FIRST.index(row["outcome"]))
    return {"currencies": [currency or "" for currency in currencies], "controls": rows}


def _cell(row: dict[str, Any]) -> dict[str, str]:
    passed = "passes" if row["explanation"] is None else "explained"
    amounts = {
        name: "" if row[name] is None else figure(row[name], row["currency"] or "")
        for name in ("left", "right", "difference")
    }
    return {"outcome": passed if row["passes"] else "fails", **amounts}
