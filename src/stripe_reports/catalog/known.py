"""The report types of ``report_types.json``, as models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from stripe_reports.catalog.reports_v2 import reports_v2
from stripe_reports.models import ApiName, Column, ReportType

__all__ = ["get", "report_types", "report_types_of", "reported_categories"]


@cache
def report_types() -> dict[str, ReportType]:
    """Return every catalogued type by id, ordered by family and name."""
    data = _data()
    return {id_: _report_type(id_, entry, data["columns"]) for id_, entry in data["report_types"].items()}


def _report_type(id_: str, entry: dict[str, Any], columns: dict[str, dict[str, Any]]) -> ReportType:
    source_of = _by_column(entry, "columns_source")
    evidence_of = _by_column(entry, "columns_evidence")
    differing = entry.get("differing", {})

    def column(name: str) -> Column:
        known = columns[name] | differing.get(name, {})
        source, evidence = source_of.get(name, entry["source"]), evidence_of.get(name, entry["evidence"])
        return Column(name, source=source, evidence=evidence, **known)

    return ReportType(
        id=id_,
        name=entry["title"],
        version=int(id_.rpartition(".")[2]),
        default_columns=None if entry["default_columns"] is None else tuple(entry["default_columns"]),
        family=entry["family"],
        required_parameters=tuple(entry["required"]),
        optional_parameters=tuple(entry["optional"]),
        columns=tuple(map(column, entry["columns"])),
        columns_complete=entry["columns_complete"],
        livemode_only=entry.get("livemode_only"),
        superseded_by=entry.get("superseded_by"),
        evidence=entry["evidence"],
        default_columns_evidence=entry["default_columns_evidence"],
        notes=entry.get("notes"),
        source=entry["source"],
    )


def _by_column(entry: dict[str, Any], member: str) -> dict[str, Any]:
    """Return what *member* says of each column: one value for all, or lists of columns by value."""
    said = entry.get(member, {})
    if isinstance(said, str):
        said = {said: entry["columns"]}
    return {name: value for value, names in said.items() for name in names}


def get(id_: str) -> ReportType | None:
    """Return the catalogued type of that versioned id, or that of a name in Reports v2; else None."""
    return report_types().get(id_) or _reports().get(id_)


@cache
def _reports() -> dict[str, ReportType]:
    """Return the reports of Reports v2 that have the rows of a report type of v1, with its facts."""
    return {
        name: replace(
            report_types()[entry.report_type],
            id=name,
            version=0,
            superseded_by=None,
            evidence="documented" if entry.evidence == "known" else "inferred",
        )
        for name, entry in reports_v2().items()
    }


def report_types_of(api: ApiName) -> Mapping[str, ReportType]:
    """Return what is known without asking Stripe of the reports of one of its two APIs, by id or name."""
    return {"v1": report_types, "v2": _reports}[api]()


def reported_categories() -> tuple[str, ...]:
    """Return the reporting categories that users saw in their reports and reported."""
    return tuple(_data().get("reporting_categories", {}))


@cache
def _data() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files(__package__).joinpath("report_types.json").read_text("utf-8"))
    return content
