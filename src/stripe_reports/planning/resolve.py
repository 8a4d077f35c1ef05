"""The one resolver: from what people ask for to a request, with every problem at its field.

Client, form and command line call ``resolve`` and show the same messages. Pure: the report type with what is
known of its data, the time and the zone are passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from stripe_reports import catalog
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest, ReportType, iso, zone_named
from stripe_reports.planning.intervals import Interval, clip
from stripe_reports.planning.periods import Period, is_calendar, parse

__all__ = ["Resolution", "is_known_parameter", "resolve"]

_OWN_FIELDS = frozenset(
    {
        *("currency", "reporting_category", "payout", "connected_account", "connected_accounts"),
        *("customer", "invoice", "invoice_line_item"),
    }
)
"""The parameters that are sent as they are written, if the type takes them."""

_PERIOD = ("interval_start", "interval_end")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was asked for comes to this.

    Attributes:
        request: What would be sent; None while there are problems.
        problems: What is wrong, by field: ``period``, ``timezone``, ``columns``, or the parameter's name.
        notes: What is no problem but should be known, by field.
        interval: What the period means, if it means something.
        truncated: Whether the period goes on beyond the available data, and was cut there.
    """

    request: ReportRequest | None
    problems: Mapping[str, ParameterError] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    interval: Interval | None = None
    truncated: bool = False

    def unwrap(self) -> ReportRequest:
        """The request; raises the first problem if there is one."""
        if self.request is None:
            raise next(iter(self.problems.values()))
        return self.request


def is_known_parameter(name: str) -> bool:
    """Whether this package knows a parameter of that name."""
    return name in _OWN_FIELDS or name in ("timezone", "columns", *_PERIOD)


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
    """Look at every field by itself, then at all together.

    Args:
        report_type: The type, with its version; its period is checked against ``data_available_start`` and
            ``data_available_end`` where those are known.
        period: What the report covers, as people write it; None if nothing was said.
        parameters: Stripe's parameters by name, as given by the caller; None counts as not given.
        now: Stripe's time.
        default_zone: The client's zone.
        fiscal_year_start: Month in which a fiscal year starts.
        truncates: Whether any calendar period that still goes on is cut where the data end, as those that
            say so ("this month") always are.
    """
    asked = {name: value for name, value in parameters.items() if value is not None}
    problems: dict[str, ParameterError] = {}
    values: dict[str, Any] = {}
    zone = _zone(report_type, asked.pop("timezone", None), default_zone, values, problems)
    found = _Period(report_type, period, zone, now, fiscal_year_start, truncates)
    try:
        values |= found.bounds()
    except ParameterError as problem:
        problems["period"] = problem
    columns = asked.pop("columns", None)
    for name, value in asked.items():
        try:
            _check_taken(name, report_type)
            if is_known_parameter(name):
                ReportRequest(report_type.id, **{name: value})
                values[name] = value
            else:
                values["other"] = {**values.get("other", {}), name: value}
        except ParameterError as problem:
            problems[name] = problem
    try:
        values["columns"] = catalog.columns_named(report_type, columns)
    except ParameterError as problem:
        problems["columns"] = problem
    seen = {*values, *problems, *(_PERIOD if "period" in problems else ())}
    for name in catalog.missing(report_type, seen) if _is_certain(report_type) else ():
        problems.setdefault("period" if name in _PERIOD else name, catalog.missing_error(report_type, name))
    request, notes = _request(report_type, values, problems)
    if found.truncated and found.interval is not None:
        end = iso(found.interval.end, zone_named(zone))
        notes["period"] = f"Ends at {end}, where Stripe's data end now; the period goes on."
    return Resolution(request, problems, notes, found.interval, found.truncated)


def _request(
    report_type: ReportType, values: Mapping[str, Any], problems: dict[str, ParameterError]
) -> tuple[ReportRequest | None, dict[str, str]]:
    if problems:
        return None, {}
    try:
        request = ReportRequest(report_type.id, **values)
        left_to_stripe = catalog.check(request, report_type)
    except ParameterError as problem:
        problems[_field_of(problem.param)] = problem
        return None, {}
    return request, {_field_of(name): message for name, message in left_to_stripe.items()}


def _field_of(param: str | None) -> str:
    return "period" if param in _PERIOD else param or "report_type"


def _zone(
    report_type: ReportType,
    asked: str | None,
    default: str | None,
    values: dict[str, Any],
    problems: dict[str, ParameterError],
) -> str:
    """The zone of the period; it is sent too if the type takes ``timezone``, else only remembered."""
    zone = asked or default
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
    """Whether the type's own parameters are known; those of its sibling are only likely."""
    return catalog.get(report_type.id) is not None


def _check_taken(name: str, report_type: ReportType) -> None:
    if name not in report_type.parameters and _is_certain(report_type):
        raise catalog.not_taken(report_type, name)


@dataclass(slots=True)
class _Period:
    """The period, as an interval of the type's data."""

    report_type: ReportType
    period: Period | None
    zone: str
    now: datetime
    fiscal_year_start: int
    truncates: bool
    interval: Interval | None = None
    truncated: bool = False

    def bounds(self) -> dict[str, datetime]:
        """The bounds that the type takes.

        Raises:
            ParameterError: It takes none, or the period is none, or the data do not reach as far.
        """
        takes = self.report_type.parameters if self.report_type.is_catalogued else _PERIOD
        names = [name for name in _PERIOD if name in takes]
        if self.period is None:
            return {}
        if not names:
            raise ParameterError(
                f"{self.report_type.id} describes one payout and takes no period; give the payout alone.",
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
                is_moment="interval_start" not in names,
            )
            self.truncated = self.interval.end < whole.end
        values = {"interval_start": self.interval.start, "interval_end": self.interval.end}
        return {name: values[name] for name in names}
