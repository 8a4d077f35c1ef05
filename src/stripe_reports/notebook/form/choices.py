"""The choices in the form, as typed, and the request they make, or the problems by field.

Pure: no widget, no call. A value that a report type does not have is kept for the next type, but not used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest, ReportType, has_version, iso, zone_named
from stripe_reports.planning import periods
from stripe_reports.planning.intervals import Interval
from stripe_reports.planning.resolve import resolve
from stripe_reports.planning.tax_months import TAX_INVOICE_MONTH

__all__ = [
    "FIELDS",
    "Checked",
    "Choices",
    "check",
    "choices_of",
    "days_period",
    "fields_of",
    "takes_moment",
    "takes_period",
]

Columns = tuple[str, ...] | Literal["default", "all"]

_NOT_LISTED = "Stripe has not listed its reports yet. Wait a moment."
"""A report of Reports v2 is requested by an id, which comes with the list."""

FIELDS: dict[str, str] = {
    "currency": "Currency",
    "reporting_category": "Reporting category",
    "payout": "Payout",
    "connected_account": "Connected account",
    "connected_accounts": "Connected accounts",
    "customer": "Customer",
    "invoice": "Invoice",
    "invoice_line_item": "Invoice line item",
}
"""The parameters that have a field of their own, in the order of the form."""

_PERIOD = frozenset({"interval_start", "interval_end", TAX_INVOICE_MONTH})
"""The parameters that the field for the period stands for."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The values in the form.

    Attributes:
        report_type: Versioned id.
        period: As for ``client.request``, as text.
        timezone: IANA zone; empty for the client's own.
        columns: Names in their order, ``"default"`` or ``"all"``.
        texts: Texts of the other fields, by parameter.
        zone: The zone of a given request, if that zone is not one of the parameters sent.
        other: Parameters without a field in the form; they belong to the request that brought them.
        by_month: True for a set of months, where the form offers one.
    """

    report_type: str
    period: str = "last month"
    timezone: str = ""
    columns: Columns = "default"
    texts: Mapping[str, str] = field(default_factory=dict)
    other: Mapping[str, Any] = field(default_factory=dict)
    by_month: bool = False

    def text(self, name: str) -> str:
        """Return the text of a field, without spaces around it."""
        return self.texts.get(name, "").strip()

    def with_text(self, name: str, text: str) -> Choices:
        """Return the same choices with another text in a field."""
        return replace(self, texts={**self.texts, name: text})

    def with_type(self, report_type: ReportType) -> Choices:
        """Return the same choices for another type, without the columns that it does not have."""
        columns = self.columns
        if not isinstance(columns, str):
            columns = tuple(name for name in columns if report_type.column(name)) or "default"
        return replace(self, report_type=report_type.id, columns=columns, other={})


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of checking the choices.

    Attributes:
        request: The request they make; None while there are problems.
        problems: Problems, by field.
        interval: The interval that the period means; None if it is not a period.
        notes: Useful information that is not a problem, by field.
    """

    request: ReportRequest | None
    problems: Mapping[str, str]
    interval: Interval | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


def takes_period(report_type: ReportType) -> bool:
    """Tell whether the type has a period; those about one payout do not."""
    return not report_type.is_catalogued or not _PERIOD.isdisjoint(report_type.parameters)


def takes_moment(report_type: ReportType) -> bool:
    """Tell whether the type describes only the end of its period."""
    return report_type.is_catalogued and _PERIOD.intersection(report_type.parameters) == {"interval_end"}


def fields_of(report_type: ReportType) -> list[str]:
    """Return the fields of the type, in the order of the form."""
    period = ["period", "timezone"] if takes_period(report_type) else []
    if TAX_INVOICE_MONTH in report_type.parameters:  # its months are in UTC
        period.remove("timezone")
    if not period and "timezone" in report_type.parameters:
        period = ["timezone"]
    texts = [name for name in FIELDS if name in report_type.parameters]
    texts.sort(key=lambda name: name not in report_type.required_parameters)
    needed = [name for name in texts if name in report_type.required_parameters]
    columns = ["columns"] if not report_type.is_catalogued or "columns" in report_type.parameters else []
    return [*needed, *period, *(name for name in texts if name not in needed), *columns]


def choices_of(request: ReportRequest) -> Choices:
    """Fill the form in with a request."""
    zone = request.timezone or request.zone or ""
    start, end = request.period_start, request.asked_end
    period = "last month"
    if end is not None:
        shown_in = zone_named(zone or "UTC")
        period = f"{iso(start or end - timedelta(days=1), shown_in)}/{iso(end, shown_in)}"
        period = _in_days(Interval(start or end - timedelta(days=1), end, zone or "UTC")) or period
    texts = {}
    for name in FIELDS:
        value = getattr(request, name)
        if value is not None:
            texts[name] = value if isinstance(value, str) else ", ".join(value)
    return Choices(
        request.report_type, period, zone, request.columns or "default", texts, dict(request.other)
    )


def days_period(first: str, last: str) -> str:
    """Write the period of whole days that includes both; an impossible one is kept, and refused later."""
    try:
        return f"{first}/{date.fromisoformat(last) + timedelta(days=1)}"
    except (ValueError, OverflowError):
        return f"{first}/{last}"


def check(
    choices: Choices,
    report_type: ReportType,
    *,
    now: datetime,
    default_zone: str | None = None,
    fiscal_year_start: int = 1,
) -> Checked:
    """Check every field: choices are resolved as in a call of the client, with the same messages.

    Args:
        choices: The choices.
        report_type: The chosen type; with its available data if Stripe was asked.
        now: Stripe's time.
        default_zone: The client's zone.
        fiscal_year_start: Month in which the client's fiscal year starts.
    """
    taken = fields_of(report_type)
    parameters: dict[str, Any] = dict(choices.other)
    if TAX_INVOICE_MONTH not in report_type.parameters:
        parameters["timezone"] = choices.timezone.strip() or None
    parameters |= {name: _value(name, choices.text(name)) for name in FIELDS if name in taken}
    if "columns" in taken:
        parameters["columns"] = choices.columns
    days = _problem_of_days(choices.period) if "period" in taken else None
    resolution = resolve(
        report_type,
        choices.period if "period" in taken and days is None else None,
        parameters,
        now=now,
        default_zone=default_zone,
        fiscal_year_start=fiscal_year_start,
    )
    problems = {_shown_field(name): problem.for_form() for name, problem in resolution.problems.items()}
    if days is not None:
        problems["period"] = days
    if not has_version(report_type.id) and report_type.report_id is None:
        problems["report_type"] = _NOT_LISTED
    request = None if problems else resolution.request
    return Checked(request, problems, resolution.interval, resolution.notes)


def _shown_field(name: str) -> str:
    return name if name in FIELDS or name in ("period", "timezone", "columns") else "report_type"


def _value(name: str, text: str) -> str | tuple[str, ...] | None:
    """Return the text of a field as the parameter's value; None if the field is empty."""
    if name == "connected_accounts" and text:
        return tuple(filter(None, re.split(r"[\s,;]+", text)))
    return text or None


# Periods


def _problem_of_days(period: str) -> str | None:
    """Describe the problem of the two days in the form's terms, where the last day is included."""
    start, slash, after = period.partition("/")
    if not slash:
        return None
    for day, what in ((start, "first"), (after, "last")):
        if not day.strip():
            return f"Choose the {what} day."
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(after) - timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    if first > last:
        return f"The first day, {first}, is after the last one, {last}. Exchange them, or choose other days."
    return None


def _in_days(interval: Interval) -> str | None:
    """Return the interval as a period of whole days, if it is one."""
    zone = zone_named(interval.timezone)
    first, after = interval.start.astimezone(zone).date(), interval.end.astimezone(zone).date()
    period = f"{first}/{after}"
    try:
        whole = periods.parse(period, timezone=interval.timezone, now=interval.end)
    except ParameterError:
        return None
    return period if (whole.start, whole.end) == (interval.start, interval.end) else None
