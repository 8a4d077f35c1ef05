"""The reports that the form can show: a fetched one, a file of the Dashboard, or a set of parts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from stripe_reports import catalog
from stripe_reports.errors import ParameterError
from stripe_reports.notebook.form.code import fetch_call
from stripe_reports.report.file_report import FileReport
from stripe_reports.report.report import Report
from stripe_reports.report.report_set import ReportSet

__all__ = ["ShownReport", "call_of", "check_can_be_shown", "file_name_of", "id_of", "sentence_of", "title_of"]

ShownReport = Report | FileReport | ReportSet


def check_can_be_shown(report: object) -> None:
    """Refuse what is neither a report nor a set of the reports of one type.

    Raises:
        ParameterError: The message says what can be shown.
    """
    if not isinstance(report, Report | FileReport | ReportSet):
        raise ParameterError(
            f"explore shows a report, not a {type(report).__name__}; client.fetch(...) and "
            "sr.Report.from_csv(...) return one.",
            param="report",
        )
    _ = report.request  # a set of several types has none, and says so


def id_of(report: ShownReport) -> str:
    """Return an id that no other report has, for the views."""
    match report:
        case Report():
            return report.run.id
        case FileReport():
            return report.path.stem
        case ReportSet():
            return hashlib.sha256(" ".join(part.run.id for part in report.parts).encode()).hexdigest()[:24]


def title_of(report: ShownReport) -> str:
    """Return the name of the report type, with the period or the name of the file."""
    about = Path(report.provenance.name).name if isinstance(report, FileReport) else report.request.days_text
    return f"{catalog.completed(report.request.report_type).name} · {about}"


def file_name_of(report: ShownReport) -> str:
    """Return a name for a file with its rows, without an ending."""
    if isinstance(report, FileReport):
        return Path(report.provenance.name).stem
    return f"{report.request.report_type} {report.request.days_text}".replace("/", "-")


def sentence_of(report: ShownReport) -> str:
    """Return what happened, in one sentence."""
    return f"{report.reuse_summary}." if isinstance(report, ReportSet) else str(report.reuse)


def call_of(report: ShownReport, client: str, *, default_zone: str | None = None) -> str:
    """Write the call that returns the report; see ``code.fetch_call``."""
    if not isinstance(report, FileReport):
        split = report.split if isinstance(report, ReportSet) else None
        return fetch_call(report.request, client, default_zone=default_zone, split=split)
    named = {"report_type": report.request.report_type, "timezone": report.request.timezone}
    arguments = [f"{name}={json.dumps(value)}" for name, value in named.items() if value]
    name = json.dumps(report.provenance.name, ensure_ascii=False)
    return f"sr.Report.from_csv(\n{''.join(f'    {text},{chr(10)}' for text in [name, *arguments])})"
