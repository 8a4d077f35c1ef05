"""A request as Python: one expression, and a cell that runs by itself."""

from __future__ import annotations

from stripe_reports.models import ReportRequest

__all__ = ["expression", "snippet"]

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


def snippet(request: ReportRequest, client: str = "client") -> str:
    """A cell that fetches what the form does.

    Args:
        request: What is asked for.
        client: The name under which the client is known in the notebook.
    """
    return (
        "import stripe_reports as sr\n\n"
        f"request = {expression(request)}\n"
        f"report = {client}.fetch(request)\n"
        "report.frame()"
    )


def _arguments(flat: str) -> list[str]:
    """The arguments of a call, as written; what is quoted or in brackets is not looked into."""
    import ast

    call = ast.parse(flat, mode="eval").body
    assert isinstance(call, ast.Call)  # noqa: S101 - it is our own repr
    positional = [ast.get_source_segment(flat, argument) or "" for argument in call.args]
    named = [f"{word.arg}={ast.get_source_segment(flat, word.value)}" for word in call.keywords]
    return positional + named
