"""A request as Python: one expression, or a complete cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stripe_reports.models import ReportRequest

if TYPE_CHECKING:
    from stripe_reports.charts.selections import Selected

__all__ = ["expression", "filtering", "snippet"]

_WIDTH = 88


def expression(request: ReportRequest) -> str:
    """Write the request's ``repr``, one argument per line: ``eval(..., {"sr": sr})`` gives an equal request.

    Example:
        >>> request = sr.ReportRequest("payout_reconciliation.by_id.summary.1", payout="po_1")
        >>> print(expression(request))
        sr.ReportRequest('payout_reconciliation.by_id.summary.1', payout='po_1')
    """
    flat = repr(request)
    if len(flat) <= _WIDTH:
        return flat
    lines = [f"    {argument},\n" for argument in _arguments(flat)]
    return f"sr.ReportRequest(\n{''.join(lines)})"


def snippet(request: ReportRequest, client: str = "client", selected: Selected | None = None) -> str:
    """Write a cell that fetches the form's report, and keeps the rows selected in its chart.

    Args:
        request: The request.
        client: The name of the client in the notebook.
        selected: The selected rows; None for all.
    """
    imports = ["import stripe_reports as sr\n"]
    if selected is not None:
        imports.insert(0, "import polars as pl\n")
        if re.search(r"\bdate\(\d", selected.code):
            imports.insert(0, "from datetime import date\n\n")
    return (
        f"{''.join(imports)}\n"
        f"request = {expression(request)}\n"
        f"report = {client}.fetch(request)\n"
        f"{'report.frame()' if selected is None else filtering(selected)}"
    )


def filtering(selected: Selected) -> str:
    """Write the code for the selected rows of ``report``."""
    flat = f"report.scan().filter({selected.code}).collect()"
    if len(flat) <= _WIDTH:
        return flat
    return f"report.scan().filter(\n    {selected.code}\n).collect()"


def _arguments(flat: str) -> list[str]:
    """Split the arguments of a call as written, but not inside quotes or brackets."""
    import ast

    call = ast.parse(flat, mode="eval").body
    assert isinstance(call, ast.Call)  # noqa: S101 - it is our own repr
    positional = [ast.get_source_segment(flat, argument) or "" for argument in call.args]
    named = [f"{word.arg}={ast.get_source_segment(flat, word.value)}" for word in call.keywords]
    return positional + named
