"""A request as Python: the call that a person would write, or a complete cell."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stripe_reports import catalog
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest
from stripe_reports.notebook.shell import shell
from stripe_reports.planning.intervals import Split
from stripe_reports.planning.period_text import period_text
from stripe_reports.planning.resolve import resolve

if TYPE_CHECKING:
    from stripe_reports.charts.selections import Selected

__all__ = ["fetch_call", "filtering", "name_of", "snippet"]

_WIDTH = 88
_PERIOD = ("interval_start", "interval_end", "tax_invoice_month")


def fetch_call(
    request: ReportRequest,
    client: str = "client",
    *,
    default_zone: str | None = None,
    split: Split | None = None,
) -> str:
    """Write the call that fetches the report of a request.

    It is the one that a person would write, if that makes an equal request; otherwise it has the request
    itself: bounds that are not at midnight, and parameters that no keyword can name.

    Args:
        request: The request.
        client: The name of the client in the notebook.
        default_zone: The time zone of that client.
        split: The period of each part, for the call that fetches a set; None for one report.

    Example:
        >>> request = client.request("balance.summary", "2026-10", currency="eur")
        >>> print(fetch_call(request))
        client.fetch("balance.summary.2", "2026-10", currency="eur")
    """
    spoken = _spoken(request, default_zone)
    fetch = "fetch" if split is None else "fetch_all"
    parts = [] if split is None else [f'split="{split}"']
    if spoken is None:
        arguments = [_over_lines(repr(request)), *parts]
        return f"{client}.{fetch}(\n{_indented(f',{chr(10)}'.join(arguments))}\n)"
    return _over_lines(f"{client}.{fetch}({', '.join([*spoken, *parts])})")


def snippet(call: str, selected: Selected | None = None) -> str:
    """Write a cell that fetches the form's report, and keeps the rows selected in its chart.

    Args:
        call: What ``fetch_call`` returned.
        selected: The selected rows; None for all.
    """
    imports = []
    if selected is not None:
        imports += ["from datetime import date\n"] if re.search(r"\bdate\(\d", selected.code) else []
        imports += ["import polars as pl\n"]
    imports += ["import stripe_reports as sr\n"] if "sr." in call else []
    before = "\n".join(["".join(imports), ""]) if imports else ""
    return f"{before}report = {call}\n{'report.frame()' if selected is None else filtering(selected)}"


def filtering(selected: Selected) -> str:
    """Write the code for the selected rows of ``report``."""
    flat = f"report.scan().filter({selected.code}).collect()"
    if len(flat) <= _WIDTH:
        return flat
    return f"report.scan().filter(\n    {selected.code}\n).collect()"


def _spoken(request: ReportRequest, default_zone: str | None) -> list[str] | None:
    """Return the arguments of a call that makes an equal request; None if there is none."""
    period = period_text(request)
    parameters: dict[str, Any] = {**request.parameters}
    for name in _PERIOD:
        parameters.pop(name, None)
    parameters.pop("timezone", None)
    zone = {"timezone": request.timezone or request.zone or "UTC"}
    if not all(map(str.isidentifier, parameters)):
        return None
    for named in (parameters, parameters | zone):
        if _again(request, period, named, default_zone) == request:
            positional = [request.report_type] if period is None else [request.report_type, period]
            return [
                *map(_written, positional),
                *(f"{name}={_written(value)}" for name, value in named.items()),
            ]
    return None


def _again(
    request: ReportRequest, period: str | None, parameters: Mapping[str, Any], default_zone: str | None
) -> ReportRequest | None:
    """Return the request that the call makes."""
    type_ = replace(catalog.completed(request.report_type), report_id=request.report_id)
    now = request.asked_end or datetime.max.replace(tzinfo=UTC)
    try:
        return resolve(type_, period, parameters, now=now, default_zone=default_zone).request
    except ParameterError:
        return None


def _written(value: Any) -> str:
    """Write a value of a parameter as Python; texts with double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_written, value))}]"
    return repr(value)


def _over_lines(flat: str) -> str:
    """Write a call with one argument per line if it is too long for one line."""
    if len(flat) <= _WIDTH:
        return flat
    call = ast.parse(flat, mode="eval").body
    assert isinstance(call, ast.Call)  # noqa: S101 - it is written here
    positional = [ast.get_source_segment(flat, argument) or "" for argument in call.args]
    named = [f"{word.arg}={ast.get_source_segment(flat, word.value)}" for word in call.keywords]
    lines = [_indented(f"{argument},") + "\n" for argument in positional + named]
    return f"{ast.get_source_segment(flat, call.func)}(\n{''.join(lines)})"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


def name_of(client: object) -> str:
    """Return the name of the client in the notebook, for the code to copy."""
    names = getattr(shell(), "user_ns", {})
    found = [name for name, value in list(names.items()) if value is client and not name.startswith("_")]
    return found[0] if found else "client"
