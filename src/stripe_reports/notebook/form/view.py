"""The state of a form as sent to the front end: choices and texts, but no contents of a report.

This state may be saved with the notebook. The contents of reports are sent only on demand; see ``contents``.
"""

from __future__ import annotations

from typing import Any

from stripe_reports import catalog
from stripe_reports.notebook.form.by_month import can_be_by_month
from stripe_reports.notebook.form.choices import FIELDS, fields_of, takes_moment, takes_period
from stripe_reports.notebook.form.closing import has_controls
from stripe_reports.notebook.form.code import fetch_call, snippet
from stripe_reports.notebook.form.menu import available, metadata_columns, period_choices, unavailable
from stripe_reports.notebook.form.model import Model
from stripe_reports.notebook.form.shown_report import call_of, id_of
from stripe_reports.notebook.form.words import age_text, bounds_text
from stripe_reports.report.file_report import FileReport
from stripe_reports.report.set_plan import SetPlan

__all__ = ["shown"]

_HINTS = {
    "currency": "all currencies",
    "reporting_category": "all categories",
    "payout": "po_…",
    "connected_account": "acct_…",
    "connected_accounts": "acct_…, acct_…",
    "customer": "cus_…",
    "invoice": "in_…",
    "invoice_line_item": "il_…",
}


def shown(model: Model, *, client: str = "client") -> dict[str, Any]:
    """Return everything that a view draws, except the contents of reports.

    Args:
        model: The state.
        client: The name of the client in the notebook.
    """
    return {
        "type": _type(model),
        "fields": _fields(model),
        "period": _period(model),
        "columns": _columns(model),
        "button": _button(model),
        "running": _running(model),
        # Its text may quote a cell, so views request it.
        "problem": model.problem and {"title": model.problem.title, "number": model.problem.number},
        "notice": model.notice,
        "code": _code(model, client),
        "selection": model.selection and {"by": model.selection.by, "number": model.selection.number},
        "has_controls": has_controls(model.request),
        "result": id_of(model.report) if model.report else "",
        "history": [f"{entry.run.id} {entry.run.status}" for entry in model.history or ()],
        "is_other": model.is_other,
    }


def _type(model: Model) -> dict[str, Any]:
    type_ = model.report_type
    return {
        "id": type_.id,
        "title": type_.name,
        "why_not": unavailable(type_, model.types, asked=model.is_asked, livemode=model.livemode),
        "problem": model.checked.problems.get("report_type", ""),
        "superseded_by": type_.superseded_by or "",
    }


def _fields(model: Model) -> list[dict[str, Any]]:
    type_ = model.report_type
    fields: list[dict[str, Any]] = []
    for name in fields_of(type_):
        if name in ("period", "columns"):
            fields.append({"name": name})
            continue
        is_zone = name == "timezone"
        fields.append(
            {
                "name": name,
                "label": "Time zone" if is_zone else FIELDS[name],
                "value": model.choices.timezone if is_zone else model.choices.texts.get(name, ""),
                "hint": (model.default_zone or "UTC") if is_zone else _HINTS[name],
                "needed": name in type_.required_parameters,
                "problem": model.checked.problems.get(name, ""),
                "note": model.checked.notes.get(name, ""),
            }
        )
    return fields


def _period(model: Model) -> dict[str, Any] | None:
    type_ = model.report_type
    if not takes_period(type_):
        return None
    is_moment = takes_moment(type_)
    interval = model.checked.interval
    data = available(type_, model.zone)
    if data is not None and type_.updated is not None:
        data["published_ago"] = age_text(model.now() - type_.updated)
    first, _, after = model.choices.period.partition("/")
    return {
        "value": model.choices.period,
        "menu": period_choices(model.now(), model.zone),
        "is_moment": is_moment,
        "typed": {"first": first[:10], "after": after[:10]} if after else None,
        "bounds": bounds_text(interval, is_moment=is_moment) if interval else None,
        "available": data,
        "problem": model.checked.problems.get("period", ""),
        "note": model.checked.notes.get("period", ""),
        "by_month": model.choices.by_month if can_be_by_month(model.request) else None,
    }


def _columns(model: Model) -> dict[str, Any] | None:
    type_ = model.report_type
    if "columns" not in fields_of(type_):
        return None
    columns = model.choices.columns
    return {
        "mode": columns if isinstance(columns, str) else "chosen",
        "chosen": list(model.chosen_columns()),
        "default_count": None if type_.default_columns is None else len(type_.default_columns),
        "all_count": len(catalog.every_column(type_)),
        "complete": type_.columns_complete,
        "metadata": metadata_columns(type_.columns),
        "problem": model.checked.problems.get("columns", ""),
        "note": model.checked.notes.get("columns", ""),
    }


def _button(model: Model) -> dict[str, Any]:
    button = model.button
    return {
        "text": button.text,
        "enabled": button.enabled,
        "why": _why(model),
        "can_renew": button.enabled and button.action in ("stored", "reused"),
        "problems": [_label(name) for name in model.checked.problems],
    }


def _code(model: Model, client: str) -> str:
    if isinstance(model.report, FileReport) and not model.is_other:
        return snippet(call_of(model.report, client))
    if model.request is None:
        return ""
    return snippet(fetch_call(model.request, client, default_zone=model.default_zone, split=model.split))


def _why(model: Model) -> str:
    """Return what the button would do, and why; empty while the result below says what was done."""
    told = model.fetch_plan
    is_answered = model.report is not None and not model.is_other
    if told is None or is_answered:
        return ""
    if isinstance(told, SetPlan):
        return f"{told.sentence}."
    if told.action == "launched":
        return ""
    return f"{told.reason[:1].upper()}{told.reason[1:]}."


def _label(field: str) -> str:
    names = {"period": "Period", "timezone": "Time zone", "columns": "Columns", "report_type": "Report"}
    return names.get(field) or FIELDS[field]


def _running(model: Model) -> dict[str, Any] | None:
    running = model.running
    if running is None:
        return None
    return {
        "title": catalog.completed(running.request.report_type).name,
        "status": running.status,
        "started": running.started,
        "expected": running.expected,
        "run": running.run.id if running.run else "",
    }
