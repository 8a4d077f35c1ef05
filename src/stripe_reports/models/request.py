"""Requests: a report type with its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from stripe_reports.errors import IntervalError, ParameterError
from stripe_reports.models.values import STRIPE_ID, instant, iso, month_bounds, plain, zone_named
from stripe_reports.render.card import card
from stripe_reports.render.periods import day_text, days_text, period_name

__all__ = ["ReportRequest"]

_VERSIONED = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*\.[0-9]+")
_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_REPORT_ID = re.compile(r"report_\w+", re.ASCII)
_MONTH = re.compile(r"(?:19|2[0-9])[0-9]{2}-(?:0[1-9]|1[0-2])")
_ID_PREFIXES = {
    "payout": "po_",
    "connected_account": "acct_",
    "connected_accounts": "acct_",
    "customer": "cus_",
    "invoice": "in_",
    "invoice_line_item": "il_",
}
_NOT_SENT = frozenset({"report_type", "report_id", "other", "zone", "truncated_at"})
"""Fields that are not parameters; ``other`` holds some."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class ReportRequest:
    """A report type and its parameters. Equal requests can share a run.

    ``client.request(...)`` creates one: it resolves periods and names and checks the catalogue. A request
    created directly checks only itself. Its ``repr`` is Python code for an equal request.

    Args:
        report_type: Versioned id, such as ``"payouts.itemized.5"``; in Reports v2, a name without version.
        report_id: ``report_…``, Stripe's id of the report in Reports v2; None in v1. A name can get another
            meaning, an id cannot.
        interval_start: First instant in the report: an aware datetime, or its ISO text.
        interval_end: First instant after the report.
        tax_invoice_month: Month of a tax invoice, ``"2026-10"``, in UTC; it replaces the interval.
        timezone: IANA zone in which Stripe writes local times. It never shifts a bound.
        columns: Columns in the order requested; None for Stripe's default.
        currency: Three-letter code; kept in lower case, as Stripe writes it.
        reporting_category: Keep only one reporting category.
        payout: ``po_…``, for the types that describe one payout.
        connected_account: ``acct_…``, for the Connect types.
        connected_accounts: Several of them, for types that accept a list.
        customer: ``cus_…``, a filter of revenue recognition.
        invoice: ``in_…``, likewise.
        invoice_line_item: ``il_…``, likewise.
        other: Parameters that this package does not know, by name, sent unchanged.
        zone: IANA zone of the period, for types without ``timezone``; it is shown but not sent, and does not
            affect equality.
        truncated_at: End of Stripe's data at which a period that is not over yet was truncated; it is not
            sent and does not affect equality. If Stripe refuses an interval that ends exactly there, such a
            request ends one second earlier. Reports v2 tells that end only after a run; there, *interval_end*
            stays as it was sent.
        last_included_day: Checked against the end of the period; the ``repr`` has it for the reader.

    Raises:
        IntervalError: A bound has no zone or has fractions of a second, the start is not before the end,
            or the last included day is wrong.
        ParameterError: The type has no version, or an id or zone is not valid.
    """

    report_type: str
    report_id: str | None
    interval_start: datetime | None
    interval_end: datetime | None
    tax_invoice_month: str | None
    timezone: str | None
    columns: tuple[str, ...] | None
    currency: str | None
    reporting_category: str | None
    payout: str | None
    connected_account: str | None
    connected_accounts: tuple[str, ...] | None
    customer: str | None
    invoice: str | None
    invoice_line_item: str | None
    other: tuple[tuple[str, Any], ...]
    zone: str | None = field(compare=False)
    truncated_at: datetime | None = field(compare=False)

    def __init__(
        self,
        report_type: str,
        *,
        report_id: str | None = None,
        interval_start: datetime | str | None = None,
        interval_end: datetime | str | None = None,
        tax_invoice_month: str | None = None,
        timezone: str | None = None,
        columns: Sequence[str] | None = None,
        currency: str | None = None,
        reporting_category: str | None = None,
        payout: str | None = None,
        connected_account: str | None = None,
        connected_accounts: Sequence[str] | None = None,
        customer: str | None = None,
        invoice: str | None = None,
        invoice_line_item: str | None = None,
        other: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        zone: str | None = None,
        truncated_at: datetime | str | None = None,
        last_included_day: date | str | None = None,
    ) -> None:
        if report_id is not None:
            _check_report(report_type, report_id)
        elif not _VERSIONED.fullmatch(report_type):
            raise ParameterError(
                f"{report_type!r} is not the id of a report type with version, such as 'balance.summary.2'. "
                f"client.request({report_type!r}, ...) chooses the newest version of a name.",
                param="report_type",
            )
        values: dict[str, Any] = {
            "report_type": report_type,
            "report_id": report_id,
            "interval_start": _bound("interval_start", interval_start),
            "interval_end": _bound("interval_end", interval_end),
            "tax_invoice_month": tax_invoice_month,
            "timezone": timezone,
            "columns": _names("columns", columns),
            "currency": currency.lower() if isinstance(currency, str) else currency,
            "reporting_category": reporting_category,
            "payout": payout,
            "connected_account": connected_account,
            "connected_accounts": _names("connected_accounts", connected_accounts),
            "customer": customer,
            "invoice": invoice,
            "invoice_line_item": invoice_line_item,
            "other": tuple(sorted((name, _frozen(value)) for name, value in dict(other).items())),
            "zone": zone,
            "truncated_at": _bound("truncated_at", truncated_at),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check()
        end = interval_end if self.period_end == self.interval_end else truncated_at
        if last_included_day is not None and str(last_included_day) != str(self._last_day_of(end)):
            raise IntervalError(
                f"The interval ends before {end}, so its last included day is not "
                f"{last_included_day}. Correct one of them, or leave last_included_day out.",
                param="interval_end",
            )

    def _check(self) -> None:
        for name in ("timezone", "currency", "reporting_category", "tax_invoice_month", *_ID_PREFIXES):
            value = getattr(self, name)
            if not isinstance(value, str | tuple | None):
                raise ParameterError(f"{name} must be text; got {value!r}.", param=name)
        month, start, end = self.tax_invoice_month, self.interval_start, self.interval_end
        if month is not None and not _MONTH.fullmatch(month):
            raise ParameterError(
                f"tax_invoice_month must be a month such as '2026-10'; got {month!r}.",
                param="tax_invoice_month",
            )
        if month is not None and (start, end) != (None, None):
            raise ParameterError(
                f"A request by tax_invoice_month has no interval. Give only {month!r}.",
                param="tax_invoice_month",
            )
        if start is not None and end is not None and not start < end:
            raise IntervalError(
                f"The interval is empty: it starts at {iso(start)} and ends before {iso(end)}. "
                "Choose a start before the end.",
                param="interval_start",
            )
        for zone in filter(None, (self.timezone, self.zone)):
            zone_named(zone)
        if self.currency is not None and not re.fullmatch(r"[a-z]{3}", self.currency):
            raise ParameterError(
                f"currency must be a three-letter ISO code such as 'eur'; got {self.currency!r}.",
                param="currency",
            )
        if self.columns is not None:
            if not self.columns:
                raise ParameterError(
                    "columns is empty. Leave it out for Stripe's default columns.", param="columns"
                )
            twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
            if twice:
                raise ParameterError(
                    f"columns contains {', '.join(twice)} more than once. Name each column once.",
                    param="columns",
                )
        for name, prefix in _ID_PREFIXES.items():
            value = getattr(self, name)
            for one in (value,) if isinstance(value, str) else value or ():
                if not one.startswith(prefix) or not STRIPE_ID.fullmatch(one):
                    raise ParameterError(
                        f"The {name.replace('_', ' ')} {one!r} is not an id of Stripe's: such an id starts "
                        f"with {prefix!r}.",
                        param=name,
                    )

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters sent, by Stripe's names: bounds as datetimes, lists as tuples, without None."""
        names = [f.name for f in fields(self) if f.name not in _NOT_SENT]
        values = {name: getattr(self, name) for name in names} | dict(self.other)
        return {name: value for name, value in values.items() if value is not None}

    @property
    def period_start(self) -> datetime | None:
        """First instant of the period: ``interval_start``, or that of ``tax_invoice_month`` in UTC."""
        month = self.tax_invoice_month
        return self.interval_start if month is None else month_bounds(month)[0]

    @property
    def period_end(self) -> datetime | None:
        """First instant after the period: ``asked_end``, or ``truncated_at`` if that is earlier."""
        return min(filter(None, (self.asked_end, self.truncated_at)), default=None)

    @property
    def asked_end(self) -> datetime | None:
        """The end that is sent: ``interval_end``, or the instant after ``tax_invoice_month`` in UTC."""
        month = self.tax_invoice_month
        return self.interval_end if month is None else month_bounds(month)[1]

    def truncated_by(self, as_of: datetime) -> Self:
        """Return the request of a report, truncated at the time of its data if its period ends later.

        Only Reports v2 runs such a period as asked; any other request is returned unchanged.
        """
        end, data_end = self.asked_end, as_of.replace(microsecond=0)
        if self.report_id is None or end is None:
            return self
        return replace(self, truncated_at=data_end if data_end < end else None)

    @property
    def last_included_day(self) -> date | None:
        """Day of the last included second, in the zone of the report; None without an end."""
        return self._last_day_of(self.period_end)

    def _last_day_of(self, end: datetime | str | None) -> date | None:
        if end is None:
            return None
        if isinstance(end, str):  # as printed: its offset is the zone's
            return (datetime.fromisoformat(end) - timedelta(seconds=1)).date()
        return (end.astimezone(UTC) - timedelta(seconds=1)).astimezone(self.display_zone).date()

    @property
    def display_zone(self) -> ZoneInfo:
        """Time zone of the period: ``timezone``, else ``zone``, else UTC."""
        return zone_named(self.timezone or self.zone or "UTC")

    @property
    def period_name(self) -> str:
        """Name of the period: ``"October 2026"``, ``"Q3 2026"``, ``"2026"``, both days, moment or payout."""
        if self.payout is not None:
            return f"Payout {self.payout}"
        end = self.period_end
        if end is None:
            return self.report_type
        if self.period_start is None:
            return f"The balance at the end of {day_text(self.last_included_day or end)}"
        return period_name(self.period_start, end, self.display_zone)

    @property
    def days_text(self) -> str:
        """Days of the period, both included: ``"2026-10-01 to 2026-10-31"``, or both bounds with time."""
        if self.period_end is None:
            return self.payout or "all time"
        return days_text(self.period_start, self.period_end, self.display_zone)

    def to_stripe(self) -> dict[str, Any]:
        """Return Stripe's ``parameters``: bounds in Unix seconds, lists as lists."""
        return {name: plain(value) for name, value in self.parameters.items()}

    @classmethod
    def from_stripe(
        cls, report_type: str, parameters: Mapping[str, Any], *, report_id: str | None = None
    ) -> Self:
        """Return the request of a run from its report and the parameters that Stripe echoes.

        Args:
            report_type: Versioned id, or the name of a report of Reports v2.
            parameters: As ``to_stripe`` returns them.
            report_id: Stripe's id of the report in Reports v2; None in v1.
        """
        known = {f.name for f in fields(cls)} - _NOT_SENT
        given = {name: value for name, value in parameters.items() if value not in ("", None, [])}
        bounds: dict[str, Any] = {
            name: instant(given[name]) for name in ("interval_start", "interval_end") if name in given
        }
        other = {name: value for name, value in given.items() if name not in known}
        return cls(
            report_type,
            report_id=report_id,
            **{n: v for n, v in given.items() if n in known} | bounds,
            other=other,
        )

    def __repr__(self) -> str:
        shown: dict[str, Any] = {} if self.report_id is None else {"report_id": self.report_id}
        for name, value in self.parameters.items():
            if isinstance(value, datetime):
                shown[name] = iso(value, self.display_zone)
            elif name not in dict(self.other):
                shown[name] = list(value) if isinstance(value, tuple) else value
        if self.other:
            shown["other"] = dict(self.other)
        if self.zone and not self.timezone:
            shown["zone"] = self.zone
        if self.truncated_at is not None:
            shown["truncated_at"] = iso(self.truncated_at, self.display_zone)
        if self.interval_end is not None:
            shown["last_included_day"] = str(self.last_included_day)
        arguments = [repr(self.report_type), *(f"{name}={value!r}" for name, value in shown.items())]
        return f"sr.ReportRequest({', '.join(arguments)})"

    def shown_lines(self) -> list[tuple[str, object]]:
        """Return the request as lines of name and value for people, including the last included day."""
        zone = self.display_zone
        lines: list[tuple[str, object]] = [
            ("from", self.period_start and iso(self.period_start, zone)),
            ("up to", self.period_end and f"{iso(self.period_end, zone)}, not included"),
            ("last day", self.last_included_day),
            ("time zone", zone.key),
        ]
        bounds = ("interval_start", "interval_end", "timezone")
        for name, value in self.parameters.items():
            if name not in bounds:
                text = ", ".join(map(str, value)) if isinstance(value, tuple) else value
                lines.append((name.replace("_", " "), text))
        return lines

    def _repr_html_(self) -> str:
        return card(self.report_type, self.shown_lines(), kind="report request")


def _check_report(name: str, report_id: str) -> None:
    """Check the name and the id of a report of Reports v2; only they come together.

    Raises:
        ParameterError: One of them is none.
    """
    if not _REPORT_ID.fullmatch(report_id):
        raise ParameterError(f"{report_id!r} is not the id of a report, 'report_…'.", param="report_id")
    if not _NAME.fullmatch(name) or _VERSIONED.fullmatch(name):
        raise ParameterError(
            f"{name!r} is not the name of a report in Reports v2, such as 'balance.summary': names have no "
            "version there.",
            param="report_type",
        )


def _frozen(value: Any) -> Any:
    """Return a JSON value in a form that can be hashed."""
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _names(param: str, value: Sequence[str] | None) -> tuple[str, ...] | None:
    if isinstance(value, str) or (value is not None and not all(isinstance(name, str) for name in value)):
        raise ParameterError(f"{param} must be a list of names; got {value!r}.", param=param)
    return None if value is None else tuple(value)


def _bound(name: str, value: datetime | str | None) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise IntervalError(
                f"{name} must be a date and time with a zone, such as '2026-10-01T00:00:00Z'; got {value!r}. "
                "client.request(type, '2026-10') computes the bounds of a period.",
                param=name,
            ) from None
    if not isinstance(value, datetime):
        raise IntervalError(
            f"{name} must be a date and time with a zone, not the day {value!r}. "
            "client.request(type, '2026-10') computes the bounds of a period.",
            param=name,
        )
    if value.tzinfo is None:
        raise IntervalError(
            f"{name}={value.isoformat()!r} has no time zone, so its time is unknown. Add one, "
            "or give a period such as '2026-10' to client.request.",
            param=name,
        )
    if value.microsecond:
        raise IntervalError(
            f"{name} must be in whole seconds, as Stripe counts them; got {value.isoformat()!r}.", param=name
        )
    return value.astimezone(UTC)
