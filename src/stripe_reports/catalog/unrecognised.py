"""Names that Stripe showed and the catalogue lacks: what counts as one, and the file for the maintainers.

Only names are kept, never values: no ids, no amounts, no metadata keys. A name must look like one of Stripe's
identifiers, so the cell of a report that is not a category is never kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from stripe_reports.catalog.categories import categories
from stripe_reports.catalog.currencies import CURRENCIES
from stripe_reports.catalog.known import get
from stripe_reports.catalog.siblings import COLUMN_TYPES
from stripe_reports.models import ReportType, RunView

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "SUBJECTS",
    "Group",
    "Names",
    "Subject",
    "for_maintainers",
    "looks_like",
    "names_of_columns",
    "names_of_run",
    "names_of_types",
    "unrecognised",
]

Subject = Literal[
    "report types",
    "default columns",
    "columns",
    "column types",
    "parameters",
    "reporting categories",
    "currencies",
    "statuses",
    "left out of lists",
]

FORMAT, FORMAT_VERSION = "names that stripe-reports does not know", 1
"""The first two fields of the file for the maintainers."""

STATUSES = ("pending", "running", "succeeded", "failed", "canceled")
"""The statuses of a run, in v1 and in v2, where ``running`` stands for ``pending``.

Sources: https://docs.stripe.com/api/reporting/report_run/object and
https://docs.stripe.com/api/v2/data/report-runs/object
"""

_WORDS = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
_TYPE = rf"{_WORDS}(?:\.{_WORDS}){{0,5}}\.[0-9]{{1,3}}"
_REPORT = rf"(?:{_TYPE}|{_WORDS}(?:\.{_WORDS}){{1,5}})"
"""The id of a report type, or the name of a report in Reports v2, which has no version."""

_FORMS: dict[Subject, str] = {
    "report types": _REPORT,
    "default columns": _WORDS,
    "columns": _WORDS,
    "column types": _WORDS,
    "parameters": _WORDS,
    "reporting categories": r"[a-z]+(?:_[a-z]+)*",
    "currencies": r"[a-z]{3,5}",
    "statuses": r"[a-z]+(?:_[a-z]+)*",
    "left out of lists": rf"report(?: run| type)?(?: {_TYPE})? \([A-Za-z_, ]{{0,1400}}\)",
}
SUBJECTS: tuple[Subject, ...] = get_args(Subject)

_LONGEST, _LONGEST_SHAPE = 80, 1500
_NUMBER = re.compile(r"[0-9]{4}")
"""Stripe's own names have no number of four digits; ids, amounts and phone numbers do."""


class Group(NamedTuple):
    """What the names of a group are; *report_type* is empty unless they belong to one."""

    subject: Subject
    report_type: str = ""


Names = Mapping[Group, Sequence[str]]
"""Names by group, in the order in which Stripe showed them."""


def looks_like(subject: Subject, name: str) -> bool:
    """Return True if *name* has the form of Stripe's identifiers; only those are ever kept."""
    longest = _LONGEST_SHAPE if subject == "left out of lists" else _LONGEST
    fits = len(name) <= longest and re.fullmatch(_FORMS[subject], name, re.ASCII)
    return bool(fits) and not _NUMBER.search(name)


def unrecognised(names: Names) -> dict[Group, tuple[str, ...]]:
    """Return those names that the catalogue lacks, each once; groups without any are left out."""
    found = {
        group: tuple(dict.fromkeys(name for name in given if _is_unrecognised(group, name)))
        for group, given in names.items()
        if not group.report_type or looks_like("report types", group.report_type)
    }
    return {group: left for group, left in found.items() if left}


def names_of_types(types: Iterable[ReportType]) -> dict[Group, tuple[str, ...]]:
    """Return the names in Stripe's answer about report types: ids, default columns, described parameters."""
    types = list(types)
    found = {Group("default columns", type_.id): type_.default_columns or () for type_ in types}
    found |= {Group("parameters", type_.id): type_.parameters for type_ in types if type_.is_described}
    return {Group("report types"): tuple(type_.id for type_ in types)} | found


def names_of_columns(report_type: str, types: Mapping[str, str] | None) -> dict[Group, tuple[str, ...]]:
    """Return the names of the columns of a report in Reports v2, and those of their types."""
    told = types or {}
    return {
        Group("columns", report_type): tuple(told),
        Group("column types"): tuple(sorted({*told.values()})),
    }


def names_of_run(run: RunView) -> dict[Group, tuple[str, ...]]:
    """Return the names in a run: its type, its status and its parameters, without their values."""
    return {
        Group("report types"): (run.report_type,),
        Group("statuses"): (run.status,),
        Group("parameters", run.report_type): tuple(map(str, run.plain_parameters)),
    }


def for_maintainers(
    names: Names, *, package_version: str, api_version: str, written: str, from_stripe: bool
) -> dict[str, Any]:
    """Return the contents of the file for the maintainers: the same names give the same file.

    Args:
        names: What ``unrecognised`` returns.
        package_version: The version of this package that does not know them.
        api_version: The version of Stripe's API that was requested.
        written: The day, ``YYYY-MM-DD``.
        from_stripe: False if a simulator or gateway showed them, which may invent names.
    """
    types = sorted({*names.get(Group("report types"), ()), *(group.report_type for group in names)} - {""})
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "package_version": package_version,
        "api_version": api_version,
        "written": written,
        "from_stripe": from_stripe,
        "report_types": {
            id_: {
                subject.replace(" ", "_"): list(names.get(Group(subject, id_), ()))
                for subject in SUBJECTS
                if subject in ("default columns", "columns", "parameters")
            }
            for id_ in types
        },
        "column_types": sorted(names.get(Group("column types"), ())),
        "reporting_categories": sorted(names.get(Group("reporting categories"), ())),
        "currencies": sorted(names.get(Group("currencies"), ())),
        "statuses": sorted(names.get(Group("statuses"), ())),
        "left_out_of_lists": sorted(names.get(Group("left out of lists"), ())),
    }


def _is_unrecognised(group: Group, name: str) -> bool:
    if not looks_like(group.subject, name):
        return False
    known = get(group.report_type)
    match group.subject:
        case "report types":
            return get(name) is None
        case "default columns" | "columns":
            return known is None or known.column(name) is None
        case "column types":
            return name not in COLUMN_TYPES
        case "parameters":
            return known is None or name not in known.parameters
        case "reporting categories":
            return name not in categories()
        case "currencies":
            return name not in CURRENCIES
        case "statuses":
            return name not in STATUSES
        case "left out of lists":
            return True
