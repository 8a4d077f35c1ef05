"""The resolver: turns user input into a request, and reports every problem by field.

The client, the form and the command line call ``resolve`` and show the same messages. Pure: the report type,
its available data, the time and the zone are passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from stripe_reports import catalog
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest, ReportType, iso, zone_named
from stripe_reports.planning.intervals import Interval, clip
from stripe_reports.planning.periods import Period, is_calendar, parse
from stripe_reports.planning.tax_months import (
    TAX_INVOICE_MONTH,
    in_months,
    month_of,
    takes_month,
    whole_months,
)

__all__ = ["Resolution", "is_known_parameter", "resolve"]

_OWN_FIELDS = frozenset(
    {
        *("currency", "reporting_category", "payout", "connected_account", "connected_accounts"),
        *("customer", "invoice", "invoice_line_item", TAX_INVOICE_MONTH),
    }
)
"""Parameters that are sent unchanged, if the type takes them."""

_BOUNDS = ("interval_start", "interval_end")
_PERIOD = (*_BOUNDS, TAX_INVOICE_MONTH)
"""The parameters that a period stands for."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A request, or the problems that prevent it.

    Attributes:
        request: The request to send; None if there are problems.
        problems: Errors by field: ``period``, ``timezone``, ``columns``, or the name of a parameter.
        notes: Remarks by field that are not errors.
        interval: The interval of the period; None if the period is missing or wrong.
        truncated: True if the period was cut at the end of the available data.
    """

    request: ReportRequest | None
    problems: Mapping[str, ParameterError] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    interval: Interval | None = None
    truncated: bool = False

    def unwrap(self) -> ReportRequest:
        """Return the request, or raise the first problem."""
        if self.request is None:
            raise next(iter(self.problems.values()))
        return self.request


def is_known_parameter(name: str) -> bool:
    """Tell whether this package knows a parameter of that name."""
    return name in _OWN_FIELDS or name in ("timezone", "columns", *_BOUNDS)


def resolve(
    report_type: ReportType,
    period: Period | None,
    parameters: Mapping[str, Any],
    *,
    now: datetime,
    default_zone: str | None = None,
    fiscal_year_start: int = 1,
    truncates: bool = False,
) -> Resolution:
    """Check each field by itself, then all of them together.

    Args:
        report_type: The type, with its version; its period is checked against ``data_available_start`` and
            ``data_available_end`` where those are known.
        period: The period as the user wrote it; None if not given.
        parameters: Stripe's parameters by name, as given by the caller; None means not given. Bounds that are
            days, not instants, are a period in the zone.
        now: The present time at Stripe.
        default_zone: The client's zone.
        fiscal_year_start: Month in which a fiscal year starts.
        truncates: True for a request in parts: to cut any current calendar period at the end of the data
            (relative ones, "this month", always are), and to keep several tax invoice months as an interval.
    """
    asked = {name: value for name, value in parameters.items() if value is not None}
    problems: dict[str, ParameterError] = {}
    values: dict[str, Any] = {}
    if period is not None and TAX_INVOICE_MONTH in asked:
        problems["period"] = _two_periods(asked.pop(TAX_INVOICE_MONTH))
        period = None
    if period is None:
        period = _days(report_type, asked)
    zone = _zone(report_type, asked.pop("timezone", None), default_zone, values, problems)
    found = _Period(report_type, period, zone, now, fiscal_year_start, truncates)
    try:
        values |= found.bounds()
        if found.truncated and found.interval is not None and not takes_month(report_type):
            values["truncated_at"] = found.interval.end
    except ParameterError as problem:
        problems["period"] = problem
    columns = asked.pop("columns", None)
    for name, value in asked.items():
        try:
            _check_taken(name, report_type)
            if is_known_parameter(name):
                ReportRequest(report_type.id, report_id=report_type.report_id, **{name: value})
                values[name] = value
            else:
                values["other"] = {**values.get("other", {}), name: value}
        except ParameterError as problem:
            problems[name] = problem
    try:
        values["columns"] = catalog.columns_named(report_type, columns)
    except ParameterError as problem:
        problems["columns"] = problem
    seen = {*values, *problems, *(_PERIOD if "period" in problems or found.interval is not None else ())}
    for name in catalog.missing(report_type, seen) if _is_certain(report_type) else ():
        problems.setdefault("period" if name in _PERIOD else name, catalog.missing_error(report_type, name))
    request, notes = _request(report_type, values, problems)
    if found.truncated and found.interval is not None:
        end = iso(found.interval.end, zone_named(zone))
        what = "Stripe's data for now" if not takes_month(report_type) else "the last complete month"
        notes["period"] = f"Ends at {end}, the end of {what}; the period is not over yet."
    elif report_type.is_described and found.interval is not None and found.interval.end > now:
        notes["period"] = "The period is not over yet; Reports v2 tells only after a run where its data end."
    return Resolution(request, problems, notes, found.interval, found.truncated)


def _days(report_type: ReportType, asked: dict[str, Any]) -> tuple[date, date] | None:
    """Take bounds that are days out of the parameters, and return them as a period, if it has both ends."""
    names = [name for name in _BOUNDS if type(asked.get(name)) is date]
    bounds = {name: asked.pop(name) for name in names}
    end = bounds.get("interval_end")
    if end is None or ("interval_start" in report_type.parameters and "interval_start" not in bounds):
        return None
    return bounds.get("interval_start", end - timedelta(days=1)), end


def _request(
    report_type: ReportType, values: Mapping[str, Any], problems: dict[str, ParameterError]
) -> tuple[ReportRequest | None, dict[str, str]]:
    if problems:
        return None, {}
    try:
        request = ReportRequest(report_type.id, report_id=report_type.report_id, **values)
        one_run = in_months(request)[0] if takes_month(report_type) and request.interval_end else request
        left_to_stripe = catalog.check(one_run, report_type)
    except ParameterError as problem:
        problems[_field_of(problem.param)] = problem
        return None, {}
    return request, {_field_of(name): message for name, message in left_to_stripe.items()}


def _two_periods(month: object) -> ParameterError:
    return ParameterError(
        f"There are two periods: give either a period or {TAX_INVOICE_MONTH}={month!r}.",
        param=TAX_INVOICE_MONTH,
    )


def _field_of(param: str | None) -> str:
    return "period" if param in _PERIOD else param or "report_type"


def _zone(
    report_type: ReportType,
    asked: str | None,
    default: str | None,
    values: dict[str, Any],
    problems: dict[str, ParameterError],
) -> str:
    """Return the zone of the period, which is sent if the type takes ``timezone`` and otherwise kept."""
    zone = asked or default
    if takes_month(report_type):
        if asked not in (None, "UTC", "Etc/UTC"):
            problems["timezone"] = ParameterError(
                f"{report_type.id} takes no time zone: the months of tax invoices are in UTC.",
                param="timezone",
            )
        return "UTC"
    if not zone:
        return "UTC"
    try:
        zone_named(zone)
    except ParameterError as problem:
        problems["timezone"] = problem
        return "UTC"
    is_sent = "timezone" in report_type.parameters or (not report_type.is_catalogued and asked is not None)
    values["timezone" if is_sent else "zone"] = zone
    return zone


def _is_certain(report_type: ReportType) -> bool:
    """Tell whether the parameters of the type itself are known; those of its sibling are only likely."""
    return report_type.report_id is not None or catalog.get(report_type.id) is not None


def _check_taken(name: str, report_type: ReportType) -> None:
    if name not in report_type.parameters and _is_certain(report_type):
        raise catalog.not_taken(report_type, name)


@dataclass(slots=True)
class _Period:
    """A period, as an interval of the data of a report type."""

    report_type: ReportType
    period: Period | None
    zone: str
    now: datetime
    fiscal_year_start: int
    truncates: bool
    interval: Interval | None = None
    truncated: bool = False

    def bounds(self) -> dict[str, datetime | str]:
        """Return the bounds that the type takes, or its tax invoice month.

        Raises:
            ParameterError: The type takes no period, the period is wrong, or its data are not available.
        """
        takes = self.report_type.parameters if self.report_type.is_catalogued else _BOUNDS
        names = [name for name in _PERIOD if name in takes]
        if self.period is None:
            return {}
        if not names:
            raise ParameterError(
                f"{self.report_type.id} describes one payout and takes no period. Give only the payout.",
                param="payout",
            )
        whole = parse(self.period, timezone=self.zone, now=self.now, fiscal_year_start=self.fiscal_year_start)
        if self.truncates and is_calendar(self.period):
            whole = replace(whole, is_open=whole.is_open or whole.start <= self.now < whole.end)
        self.interval = whole
        first, last = self.report_type.data_available_start, self.report_type.data_available_end
        if first is not None and last is not None:
            self.interval = clip(
                whole,
                available_start=first,
                available_end=last,
                report_type=self.report_type.id,
                is_moment=names == ["interval_end"],
            )
        if TAX_INVOICE_MONTH in names and not self.truncates:
            return {TAX_INVOICE_MONTH: month_of(self.interval, self.report_type.id, self.now)}
        if TAX_INVOICE_MONTH in names:
            self.interval = whole_months(self.interval, self.report_type.id)
            names = list(_BOUNDS)
        self.truncated = self.interval.end < whole.end
        values = {"interval_start": self.interval.start, "interval_end": self.interval.end}
        return {name: values[name] for name in names}
