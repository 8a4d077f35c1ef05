"""The values that everything else speaks of: report types, requests, runs, result files.

All are frozen. Instants are aware ``datetime``s in UTC; Stripe's Unix seconds appear only in
``from_stripe`` and ``to_stripe``, and in ``ReportRun.parameters``, which is kept as Stripe sent it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta, tzinfo
from difflib import get_close_matches
from typing import Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from stripe_reports.cards import card, folded
from stripe_reports.errors import IntervalError, ParameterError

__all__ = [
    "Column",
    "Evidence",
    "Kind",
    "ReportRequest",
    "ReportRun",
    "ReportType",
    "ResultFile",
    "iso",
    "zone_named",
]

Kind = Literal[
    "id",
    "currency",
    "money",
    "rate",
    "datetime_utc",
    "datetime_local",
    "date",
    "integer",
    "boolean",
    "category",
    "text",
    "metadata",
    "unknown",
]
"""What a column holds; decides its polars type (see ``tables.dtype_of``)."""

Evidence = Literal["documented", "reported", "inferred"]
"""How well a catalogued fact is known: in Stripe's documentation, in others' use, or by analogy."""

_VERSIONED = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*\.[0-9]+")
_ID_PREFIXES = {
    "payout": "po_",
    "connected_account": "acct_",
    "connected_accounts": "acct_",
    "customer": "cus_",
}
_STRIPE_ID = re.compile(r"[a-z]+_[A-Za-z0-9_]+")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a report.

    Attributes:
        name: As in the header of the file; ``payment_metadata[order_id]`` where it is metadata.
        kind: What it holds, which decides its polars type: ``money``, ``datetime_utc``, ``id``, …
        description: What it means.
        source: Page of Stripe's that says so.
    """

    name: str
    kind: Kind
    description: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportType:
    """What can be asked for, such as ``balance.summary.1`` (the last number is its version).

    The first nine fields are Stripe's; those with a time are None until Stripe was asked. The rest is
    the catalogue's and None or empty for a type that the catalogue does not know.

    Attributes:
        id: Name and version, such as ``payouts.itemized.5``.
        object: ``reporting.report_type``.
        name: What Stripe calls it for people.
        version: The last number of the id.
        data_available_start: First instant that Stripe has data for; aware, in UTC.
        data_available_end: The instant up to which it has them, not included.
        default_columns: What a run has if it names no columns.
        livemode: Whether Stripe described it for live data.
        updated: When data were last published for it; newer than a run means that the run is old.
        family: Which group of reports it belongs to.
        required_parameters: What a run must be given.
        optional_parameters: What it may be given besides.
        columns: All that are known.
        columns_complete: Whether those are all that there are.
        livemode_only: Whether it has no test data at all.
        superseded_by: The newer version, if there is one.
        evidence: How well its parameters and columns are known.
        default_columns_evidence: How well its default columns are known.
        notes: What else is known.
        source: Page of Stripe's that describes it.

    Source: https://docs.stripe.com/api/reporting/report_type/object
    """

    id: str
    object: str = "reporting.report_type"
    name: str
    version: int
    data_available_start: datetime | None = None
    data_available_end: datetime | None = None
    default_columns: tuple[str, ...] | None = None
    livemode: bool | None = None
    updated: datetime | None = None

    family: str | None = None
    required_parameters: tuple[str, ...] = ()
    optional_parameters: tuple[str, ...] = ()
    columns: tuple[Column, ...] = field(default=(), repr=False)
    columns_complete: bool = False
    livemode_only: bool | None = None
    superseded_by: str | None = None
    evidence: Evidence | None = None
    default_columns_evidence: str | None = None
    notes: str | None = field(default=None, repr=False)
    source: str | None = field(default=None, repr=False)

    @classmethod
    def from_stripe(cls, answer: Mapping[str, Any]) -> Self:
        """Stripe's nine fields; raises ``KeyError``, ``TypeError`` or ``ValueError`` for another object."""
        default_columns = answer["default_columns"]
        return cls(
            id=_checked(answer["id"], str),
            object=_checked(answer["object"], str),
            name=_checked(answer["name"], str),
            version=_checked(answer["version"], int),
            data_available_start=_instant(answer["data_available_start"]),
            data_available_end=_instant(answer["data_available_end"]),
            default_columns=None
            if default_columns is None
            else tuple(_checked(name, str) for name in _checked(default_columns, list)),
            livemode=bool(answer["livemode"]),
            updated=_instant(answer["updated"]),
        )

    @property
    def base(self) -> str:
        """The id without its version: ``balance.summary``."""
        return self.id.rpartition(".")[0]

    @property
    def is_catalogued(self) -> bool:
        """Whether the catalogue knows the type, hence its parameters."""
        return self.family is not None

    @property
    def parameters(self) -> tuple[str, ...]:
        """All parameters the type takes, the required ones first; empty if it is not catalogued."""
        return self.required_parameters + self.optional_parameters

    def column(self, name: str) -> Column | None:
        """The column of that name, ``payment_metadata[order_id]`` included; None if it is not known."""
        by_name = {column.name: column for column in self.columns}
        if name in by_name:
            return by_name[name]
        head, bracket, _ = name.partition("[")
        pattern = by_name.get(f"{head}[key]") if bracket and name.endswith("]") else None
        return pattern and Column(name, pattern.kind, pattern.description, pattern.source)

    def _repr_html_(self) -> str:
        start, end = self.data_available_start, self.data_available_end
        defaults = self.default_columns or ()
        columns = [
            ("●" if column.name in defaults else "○", column.name, column.kind, column.description)
            for column in self.columns
        ]
        more = "" if self.columns_complete else ", and more may exist"
        return card(
            self.id,
            [
                ("name", self.name),
                ("takes", ", ".join(self.parameters)),
                ("needs", ", ".join(self.required_parameters)),
                ("data", f"from {iso(start)} up to {iso(end)}" if start and end else None),
                ("published", self.updated and iso(self.updated)),
                ("live mode", "only" if self.livemode_only else None),
                ("superseded by", self.superseded_by),
                ("note", self.notes),
            ],
            kind="report type",
            fold=folded(f"{len(columns)} columns known{more}; ● by default", columns),
        )


@dataclass(frozen=True, slots=True, init=False, repr=False)
class ReportRequest:
    """A report type and its parameters: what a run is asked for. Equal requests can share a run.

    Made by ``client.request(...)``, which resolves periods and names and checks the catalogue;
    made directly, it checks what it can by itself. Its ``repr`` is Python that gives an equal request.

    Args:
        report_type: Versioned id, such as ``"payouts.itemized.5"``.
        interval_start: First instant in the report: an aware datetime, or its ISO text.
        interval_end: First instant no longer in the report.
        timezone: IANA zone in which Stripe writes local times. It moves no bound.
        columns: Columns in the order wanted; None for Stripe's default.
        currency: Three-letter code; kept in lower case, as Stripe writes it.
        reporting_category: Keep one reporting category only.
        payout: ``po_…``, for the types that describe one payout.
        connected_account: ``acct_…``, for the Connect types.
        connected_accounts: Several of them, where the type takes that.
        customer: ``cus_…``, a filter of revenue recognition.
        invoice: ``in_…``, likewise.
        invoice_line_item: ``il_…``, likewise.
        other: Parameters that this package does not know, by name, sent as they are.
        zone: IANA zone in which the period was meant, where the type takes no ``timezone``; it is shown,
            not sent, and makes no request another.
        last_included_day: Checked against *interval_end*; a ``repr`` has it for whoever reads it.

    Raises:
        IntervalError: A bound without zone or with fractions of a second, start not before end, or another
            last included day.
        ParameterError: A type without version, an id or zone that cannot be one.
    """

    report_type: str
    interval_start: datetime | None
    interval_end: datetime | None
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

    def __init__(
        self,
        report_type: str,
        *,
        interval_start: datetime | str | None = None,
        interval_end: datetime | str | None = None,
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
        last_included_day: date | str | None = None,
    ) -> None:
        if not _VERSIONED.fullmatch(report_type):
            raise ParameterError(
                f"{report_type!r} is not the id of a report type with version, such as 'balance.summary.2'. "
                f"client.request({report_type!r}, ...) finds the newest version of a name.",
                param="report_type",
            )
        values: dict[str, Any] = {
            "report_type": report_type,
            "interval_start": _bound("interval_start", interval_start),
            "interval_end": _bound("interval_end", interval_end),
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
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        self._check()
        if last_included_day is not None and str(last_included_day) != str(self._last_day_of(interval_end)):
            raise IntervalError(
                f"The interval ends before {interval_end}, so its last included day is not "
                f"{last_included_day}. Correct one of them, or leave last_included_day out.",
                param="interval_end",
            )

    def _check(self) -> None:
        for name in ("timezone", "currency", "reporting_category", *_ID_PREFIXES):
            value = getattr(self, name)
            if not isinstance(value, str | tuple | None):
                raise ParameterError(f"{name} is a text, not {value!r}.", param=name)
        start, end = self.interval_start, self.interval_end
        if start is not None and end is not None and not start < end:
            raise IntervalError(
                f"The interval is empty: it starts at {iso(start)} and ends before {iso(end)}.",
                param="interval_start",
            )
        for zone in filter(None, (self.timezone, self.zone)):
            zone_named(zone)
        if self.currency is not None and not re.fullmatch(r"[a-z]{3}", self.currency):
            raise ParameterError(
                f"{self.currency!r} is not a currency: write a three-letter ISO code such as 'eur'.",
                param="currency",
            )
        if self.columns is not None:
            if not self.columns:
                raise ParameterError(
                    "columns is empty; leave it out for Stripe's default columns.", param="columns"
                )
            twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
            if twice:
                raise ParameterError(f"columns names {', '.join(twice)} more than once.", param="columns")
        for name, prefix in _ID_PREFIXES.items():
            value = getattr(self, name)
            for one in (value,) if isinstance(value, str) else value or ():
                if not one.startswith(prefix) or not _STRIPE_ID.fullmatch(one):
                    raise ParameterError(
                        f"{name}={one!r} is not an id of Stripe's: it starts with {prefix!r}.", param=name
                    )

    @property
    def parameters(self) -> dict[str, Any]:
        """What is sent, by Stripe's names: datetimes for the bounds, tuples for lists, no None."""
        names = [f.name for f in fields(self) if f.name not in ("report_type", "other", "zone")]
        values = {name: getattr(self, name) for name in names} | dict(self.other)
        return {name: value for name, value in values.items() if value is not None}

    @property
    def last_included_day(self) -> date | None:
        """The day of the last included second, in the zone of the report; None without an end."""
        return self._last_day_of(self.interval_end)

    def _last_day_of(self, end: datetime | str | None) -> date | None:
        if end is None:
            return None
        if isinstance(end, str):  # as printed: its offset is that of the zone
            return (datetime.fromisoformat(end) - timedelta(seconds=1)).date()
        return (end.astimezone(UTC) - timedelta(seconds=1)).astimezone(self._shown_in).date()

    @property
    def _shown_in(self) -> ZoneInfo:
        return zone_named(self.timezone or self.zone or "UTC")

    def to_stripe(self) -> dict[str, Any]:
        """Stripe's ``parameters``: bounds in Unix seconds, lists as lists."""
        return {name: _plain(value) for name, value in self.parameters.items()}

    @classmethod
    def from_stripe(cls, report_type: str, parameters: Mapping[str, Any]) -> Self:
        """The request behind a run, from its ``report_type`` and ``parameters`` as Stripe echoes them."""
        known = {f.name for f in fields(cls)} - {"report_type", "other", "zone"}
        given = {name: value for name, value in parameters.items() if value not in ("", None, [])}
        bounds: dict[str, Any] = {
            name: _instant(given[name]) for name in ("interval_start", "interval_end") if name in given
        }
        other = {name: value for name, value in given.items() if name not in known}
        return cls(report_type, **{n: v for n, v in given.items() if n in known} | bounds, other=other)

    def __repr__(self) -> str:
        shown: dict[str, Any] = {}
        for name, value in self.parameters.items():
            if isinstance(value, datetime):
                shown[name] = iso(value, self._shown_in)
            elif name not in dict(self.other):
                shown[name] = list(value) if isinstance(value, tuple) else value
        if self.other:
            shown["other"] = dict(self.other)
        if self.zone and not self.timezone:
            shown["zone"] = self.zone
        if self.interval_end is not None:
            shown["last_included_day"] = str(self.last_included_day)
        arguments = [repr(self.report_type), *(f"{name}={value!r}" for name, value in shown.items())]
        return f"sr.ReportRequest({', '.join(arguments)})"

    def shown_lines(self) -> list[tuple[str, object]]:
        """What is asked for, a line each, for whoever reads it: both bounds, and the last included day."""
        zone = self._shown_in
        lines: list[tuple[str, object]] = [
            ("from", self.interval_start and iso(self.interval_start, zone)),
            ("up to", self.interval_end and f"{iso(self.interval_end, zone)}, not included"),
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


_FILE_FIELDS: dict[str, type] = {"created": int, "expires_at": int, "size": int, "links": Mapping}
"""The fields of a file that are no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """The CSV file of a succeeded run, as Stripe describes it.

    Attributes:
        id: ``file_…``.
        object: ``file``.
        created: When it was made; earlier than its run where Stripe answers with an older file.
        expires_at: When Stripe removes it, a year later.
        filename: Its name at Stripe.
        links: Links to it that need no key; not followed.
        purpose: ``finance_report_run``.
        size: Bytes.
        title: What Stripe calls it for people.
        type: ``csv``.
        url: Where its contents are; the key is sent there if that is Stripe, and nowhere else.

    Source: https://docs.stripe.com/api/files/object
    """

    id: str
    object: str = "file"
    created: datetime
    expires_at: datetime | None = None
    filename: str | None = None
    links: Mapping[str, Any] | None = field(default=None, hash=False, repr=False)
    purpose: str | None = None
    size: int | None = None
    title: str | None = None
    type: str | None = None
    url: str | None = None

    @classmethod
    def from_stripe(cls, answer: Mapping[str, Any]) -> Self:
        """Stripe's fields; raises ``KeyError``, ``TypeError`` or ``ValueError`` for another object."""
        known: dict[str, Any] = {
            f.name: None
            if answer[f.name] is None
            else _checked(answer[f.name], _FILE_FIELDS.get(f.name, str))
            for f in fields(cls)
            if f.name in answer
        }
        if not _STRIPE_ID.fullmatch(answer["id"]):
            raise ValueError(f"not a file: {answer['id']!r}")
        known["created"] = _instant(answer["created"])
        if known.get("expires_at") is not None:
            known["expires_at"] = _instant(known["expires_at"])
        return cls(**known)

    def to_stripe(self) -> dict[str, Any]:
        """The same as Stripe's JSON."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRun:
    """One processing of a request by Stripe: exactly Stripe's ten fields, nothing renamed or added.

    Attributes:
        id: ``frr_…``.
        object: ``reporting.report_run``.
        created: When it was launched; aware, in UTC.
        livemode: Whether it runs on live data.
        report_type: Id with version.
        parameters: As Stripe sent them: bounds in Unix seconds.
        status: ``pending``, then ``succeeded`` or ``failed``; anything else ends a wait with an error.
        succeeded_at: When it succeeded; None until then.
        error: Stripe's reason, if it failed.
        result: Its file, if it succeeded.

    Source: https://docs.stripe.com/api/reporting/report_run/object
    """

    id: str
    object: str = "reporting.report_run"
    created: datetime
    livemode: bool
    report_type: str
    parameters: Mapping[str, Any] = field(hash=False)
    status: str
    succeeded_at: datetime | None = None
    error: str | None = None
    result: ResultFile | None = None

    @classmethod
    def from_stripe(cls, answer: Mapping[str, Any]) -> Self:
        """Stripe's ten fields; raises ``KeyError``, ``TypeError`` or ``ValueError`` for another object."""
        if answer["object"] != "reporting.report_run" or not _STRIPE_ID.fullmatch(answer["id"]):
            raise ValueError(f"not a report run: {answer['object']!r} {answer['id']!r}")
        succeeded_at, result = answer.get("succeeded_at"), answer.get("result")
        return cls(
            id=answer["id"],
            object=answer["object"],
            created=_instant(answer["created"]),
            livemode=bool(answer["livemode"]),
            report_type=_checked(answer["report_type"], str),
            parameters=dict(answer["parameters"]),
            status=_checked(answer["status"], str),
            succeeded_at=None if succeeded_at is None else _instant(succeeded_at),
            error=None if answer.get("error") is None else _checked(answer["error"], str),
            result=None if result is None else ResultFile.from_stripe(result),
        )

    def to_stripe(self) -> dict[str, Any]:
        """The same as Stripe's JSON."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    def _repr_html_(self) -> str:
        marks = {"pending": "◌", "succeeded": "✔", "failed": "✘"}
        result = self.result
        return card(
            self.id,
            [
                ("status", f"{marks.get(self.status, '?')} {self.status}"),
                ("error", self.error),
                ("report type", self.report_type),
                ("created", iso(self.created)),
                ("succeeded", self.succeeded_at and iso(self.succeeded_at)),
                ("result", result and ", ".join([result.id, *_bytes(result.size)])),
                ("mode", "live" if self.livemode else "test"),
            ],
            kind="report run",
            fold=folded("parameters, as sent", [(k, str(v)) for k, v in self.parameters.items()]),
        )


def _bytes(size: int | None) -> list[str]:
    return [] if size is None else [f"{size:,} bytes"]


def _plain(value: Any) -> Any:
    """JSON's form of a field."""
    match value:
        case datetime():
            return int(value.timestamp())
        case ResultFile():
            return value.to_stripe()
        case tuple():
            return list(value)
        case Mapping():
            return dict(value)
        case _:
            return value


def _checked(value: Any, kind: type[_T]) -> _T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{str(value)[:100]!r} is no {kind.__name__}")
    return value


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _frozen(value: Any) -> Any:
    """A value of JSON that can be hashed."""
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _names(param: str, value: Sequence[str] | None) -> tuple[str, ...] | None:
    if isinstance(value, str) or (value is not None and not all(isinstance(name, str) for name in value)):
        raise ParameterError(f"{param} is a list of names, not {value!r}.", param=param)
    return None if value is None else tuple(value)


def _bound(name: str, value: datetime | str | None) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise IntervalError(
                f"{name}={value!r} is not a date and time with a zone, such as '2026-10-01T00:00:00Z'. "
                "client.request(type, '2026-10') works out the bounds of a period.",
                param=name,
            ) from None
    if value.tzinfo is None:
        raise IntervalError(
            f"{name}={value.isoformat()!r} has no zone, so it is no instant. Add one, "
            "or give a period such as '2026-10' to client.request.",
            param=name,
        )
    if value.microsecond:
        raise IntervalError(f"{name}={value.isoformat()!r}: Stripe counts whole seconds.", param=name)
    return value.astimezone(UTC)


def zone_named(name: str) -> ZoneInfo:
    """The IANA zone of that name; raises ``ParameterError`` if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = _zones_like(str(name))
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ParameterError(
            f"{name!r} is not a time zone: write an IANA name such as 'Europe/Paris' or 'Etc/UTC'.{hint}",
            param="timezone",
        ) from None


def _zones_like(name: str) -> list[str]:
    """The nearest zones: those of that city first, which is what people write."""
    wanted = name.strip().lower().replace(" ", "_")
    names = {zone.lower(): zone for zone in sorted(available_timezones())}
    same_city = [zone for low, zone in names.items() if low.rpartition("/")[2] == wanted]
    near = get_close_matches(wanted, names, n=3, cutoff=0.7)
    return same_city[:3] or [names[low] for low in near]


def iso(instant: datetime, zone: tzinfo = UTC) -> str:
    """An instant as ISO 8601 in a zone, with ``Z`` for UTC."""
    return instant.astimezone(zone).isoformat().replace("+00:00", "Z")
