"""A request as Python: one expression, and a cell that runs by itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stripe_reports.models import ReportRequest

if TYPE_CHECKING:
    from stripe_reports.charts.selections import Selected

__all__ = ["expression", "filtering", "snippet"]

_WIDTH = 88


def expression(request: ReportRequest) -> str:
    """The request's ``repr``, an argument a line: ``eval(..., {"sr": sr})`` gives an equal request.

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
    """A cell that fetches what the form does, and takes the rows that are selected in its chart.

    Args:
        request: What is asked for.
        client: The name under which the client is known in the notebook.
        selected: The rows that are selected; None for all.
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
    """The rows of ``report`` that are selected, as code."""
    flat = f"report.scan().filter({selected.code}).collect()"
    if len(flat) <= _WIDTH:
        return flat
    return f"report.scan().filter(\n    {selected.code}\n).collect()"


def _arguments(flat: str) -> list[str]:
    """The arguments of a call, as written; what is quoted or in brackets is not looked into."""
    import ast

    call = ast.parse(flat, mode="eval").body
    assert isinstance(call, ast.Call)  # noqa: S101 - it is our own repr
    positional = [ast.get_source_segment(flat, argument) or "" for argument in call.args]
    named = [f"{word.arg}={ast.get_source_segment(flat, word.value)}" for word in call.keywords]
    return positional + named
