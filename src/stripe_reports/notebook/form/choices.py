"""What is chosen in the form, as typed, and whether it makes a request: every problem at its field.

Pure: no widget, no call. What a type does not take is kept for the next type, and not used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from stripe_reports import catalog
from stripe_reports.errors import IntervalError, ParameterError
from stripe_reports.models import ReportRequest, ReportType, iso, zone_named
from stripe_reports.planning import periods
from stripe_reports.planning.intervals import Interval
from stripe_reports.render.suggest import did_you_mean

__all__ = ["FIELDS", "Checked", "Choices", "check", "choices_of", "days_period", "fields_of", "takes_period"]

Columns = tuple[str, ...] | Literal["default", "all"]

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
"""The parameters that are written into a field of their own, in the order of the form."""

_NEEDED = {"payout": "po_…", "connected_account": "acct_…"}
_PREFIXES = {"invoice": "in_", "invoice_line_item": "il_"}


@dataclass(frozen=True, slots=True)
class Choices:
    """What stands in the form.

    Attributes:
        report_type: Versioned id.
        period: As ``client.request`` takes it, in text.
        timezone: IANA zone; empty for the client's own.
        columns: Names in their order, ``"default"`` or ``"all"``.
        texts: What is typed into the other fields, by parameter.
        zone: Where a finished request was meant, if it came with a zone that is not sent.
        other: Parameters that the form has no field for; they belong to the request that came with them.
    """

    report_type: str
    period: str = "last month"
    timezone: str = ""
    columns: Columns = "default"
    texts: Mapping[str, str] = field(default_factory=dict)
    other: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """What is typed into a field, without blanks around it."""
        return self.texts.get(name, "").strip()

    def with_text(self, name: str, text: str) -> Choices:
        """The same with another text in a field."""
        return replace(self, texts={**self.texts, name: text})

    def with_type(self, report_type: ReportType) -> Choices:
        """The same for another type: columns that it does not have are left out, all else is kept."""
        columns = self.columns
        if not isinstance(columns, str):
            columns = tuple(name for name in columns if report_type.column(name)) or "default"
        return replace(self, report_type=report_type.id, columns=columns, other={})


@dataclass(frozen=True, slots=True)
class Checked:
    """What the choices come to.

    Attributes:
        request: What would be asked for; None while there are problems.
        problems: What is wrong, by field.
        interval: What the period means, if it means something.
        notes: What is no problem but should be known, by field.
    """

    request: ReportRequest | None
    problems: Mapping[str, str]
    interval: Interval | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


def takes_period(report_type: ReportType) -> bool:
    """Whether the type describes a time; those of one payout do not."""
    return not report_type.is_catalogued or "interval_end" in report_type.parameters


def fields_of(report_type: ReportType) -> list[str]:
    """The fields that the type has a use for, in the order of the form."""
    period = ["period", "timezone"] if takes_period(report_type) else []
    if not period and "timezone" in report_type.parameters:
        period = ["timezone"]
    texts = [name for name in FIELDS if name in report_type.parameters]
    texts.sort(key=lambda name: name not in report_type.required_parameters)
    needed = [name for name in texts if name in report_type.required_parameters]
    columns = ["columns"] if not report_type.is_catalogued or "columns" in report_type.parameters else []
    return [*needed, *period, *(name for name in texts if name not in needed), *columns]


def choices_of(request: ReportRequest) -> Choices:
    """The form filled in with a request."""
    zone = request.timezone or request.zone or ""
    start, end = request.interval_start, request.interval_end
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
    """The period of whole days that includes both; what cannot be is kept as it is, to be refused."""
    try:
        return f"{first}/{date.fromisoformat(last) + timedelta(days=1)}"
    except (ValueError, OverflowError):
        return f"{first}/{last}"


def check(
    choices: Choices, report_type: ReportType, *, now: datetime, default_zone: str | None = None
) -> Checked:
    """Look at every field by itself, then at all together.

    Args:
        choices: What is chosen.
        report_type: The chosen type; with its available range where Stripe was asked.
        now: Stripe's time.
        default_zone: The client's zone.
    """
    problems: dict[str, str] = {}
    notes: dict[str, str] = {}
    values: dict[str, Any] = {"other": choices.other}
    taken = fields_of(report_type)
    zone = choices.timezone.strip() or default_zone or "UTC"
    if "timezone" in taken:
        zone_problem = _zone_problem(zone)
        if zone_problem:
            problems["timezone"], zone = zone_problem, "UTC"
        elif choices.timezone.strip() or default_zone:
            sent = not report_type.is_catalogued or "timezone" in report_type.parameters
            values["timezone" if sent else "zone"] = zone
    interval = None
    if "period" in taken:
        try:
            interval = _interval(choices.period, report_type, zone, now)
            values |= _bounds(interval, report_type)
            notes |= _period_notes(choices.period, interval, zone, now)
        except ParameterError as problem:
            problems["period"] = str(problem)
            interval = _readable(choices.period, zone, now)
    for name in (name for name in FIELDS if name in taken):
        wrong, value = _text_value(name, choices.text(name), report_type)
        if wrong:
            problems[name] = wrong
        elif value is not None:
            values[name] = value
    if "columns" in taken:
        try:
            values["columns"] = catalog.columns_named(report_type, choices.columns)
        except ParameterError as problem:
            problems["columns"] = str(problem)
    request = None if problems else _request(report_type, values, problems, notes)
    return Checked(request, problems, interval, notes)


def _request(
    report_type: ReportType, values: Mapping[str, Any], problems: dict[str, str], notes: dict[str, str]
) -> ReportRequest | None:
    try:
        request = ReportRequest(report_type.id, **values)
        warnings = catalog.check(request, report_type)
    except ParameterError as problem:
        problems[_field_of(problem.param)] = str(problem)
        return None
    if warnings:
        notes["columns"] = " ".join(warnings)
    return request


def _field_of(param: str | None) -> str:
    if param in ("interval_start", "interval_end"):
        return "period"
    return param if param in FIELDS or param in ("timezone", "columns") else "report_type"


# Periods


def _interval(period: str, report_type: ReportType, zone: str, now: datetime) -> Interval:
    _check_days(period)
    interval = periods.parse(period, timezone=zone, now=now)
    first, last = report_type.data_available_start, report_type.data_available_end
    if first is None or last is None:
        return interval
    is_moment = report_type.is_catalogued and "interval_start" not in report_type.parameters
    if interval.is_open and interval.start < last:
        interval = replace(interval, end=min(interval.end, last))
    if interval.end > last or (interval.end if is_moment else interval.start) < first:
        raise IntervalError(_beyond(interval, first, last, zone), param="interval_end")
    return interval


def _check_days(period: str) -> None:
    """Say it in days, as the form asks for them, where the days are the problem."""
    start, slash, after = period.partition("/")
    if not slash:
        return
    for text, what in ((start, "first"), (after, "last")):
        if not text.strip():
            raise IntervalError(f"Choose the {what} day.", param="interval_start")
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(after) - timedelta(days=1)
    except (ValueError, OverflowError):
        return
    if first > last:
        raise IntervalError(
            f"The first day, {first}, is after the last one, {last}. Exchange them, or choose another.",
            param="interval_start",
        )


def _beyond(interval: Interval, first: datetime, last: datetime, zone: str) -> str:
    shown_in = zone_named(zone)
    limits = f"{first.astimezone(shown_in):%Y-%m-%d %H:%M} to {last.astimezone(shown_in):%Y-%m-%d %H:%M}"
    if interval.start >= last:
        return f"Stripe has no data for that time yet: there are data from {limits} {zone}."
    if interval.end > last:
        whole = (last.astimezone(shown_in) - timedelta(days=1)).date()
        return (
            f"The period ends after the available data: there are data from {limits} {zone}. "
            f"The last whole day is {whole}; Stripe adds data about twice a day."
        )
    return f"The period starts before the available data: there are data from {limits} {zone}."


def _readable(period: str, zone: str, now: datetime) -> Interval | None:
    """What a refused period means all the same, so that its bounds can be read."""
    try:
        return periods.parse(period, timezone=zone, now=now)
    except ParameterError:
        return None


def _bounds(interval: Interval, report_type: ReportType) -> dict[str, datetime]:
    bounds = {"interval_start": interval.start, "interval_end": interval.end}
    if not report_type.is_catalogued:
        return bounds
    return {name: value for name, value in bounds.items() if name in report_type.parameters}


def _period_notes(period: str, interval: Interval, zone: str, now: datetime) -> dict[str, str]:
    whole = periods.parse(period, timezone=zone, now=now)
    if interval.is_open and interval.end < whole.end:
        return {"period": "Cut at the end of the available data."}
    return {}


def _in_days(interval: Interval) -> str | None:
    """The interval as a period of whole days, if it is one."""
    zone = zone_named(interval.timezone)
    first, after = interval.start.astimezone(zone).date(), interval.end.astimezone(zone).date()
    period = f"{first}/{after}"
    try:
        whole = periods.parse(period, timezone=interval.timezone, now=interval.end)
    except ParameterError:
        return None
    return period if (whole.start, whole.end) == (interval.start, interval.end) else None


# Fields


def _zone_problem(zone: str) -> str | None:
    try:
        zone_named(zone)
    except ParameterError as problem:
        return str(problem)
    return None


def _text_value(name: str, text: str, report_type: ReportType) -> tuple[str | None, Any]:
    """What is wrong with a text, or the value that it stands for."""
    if not text:
        if name in report_type.required_parameters:
            needed = _NEEDED.get(name, "a value")
            return f"This report needs a {FIELDS[name].lower()}: {needed}", None
        return None, None
    value: Any = text
    if name == "connected_accounts":
        value = tuple(filter(None, re.split(r"[\s,;]+", text)))
    prefix = _PREFIXES.get(name)
    if prefix and not re.fullmatch(rf"{prefix}\w+", text):
        return f"{text!r} is not an id of Stripe's: it starts with {prefix!r}.", None
    if name == "reporting_category" and text not in catalog.REPORTING_CATEGORIES:
        hint = did_you_mean(text, catalog.REPORTING_CATEGORIES, most=1)
        return f"{text!r} is not a reporting category.{hint}", None
    try:
        ReportRequest(report_type.id, **{name: value})
    except ParameterError as problem:
        return str(problem), None
    return None, value
