"""Complete report types and columns that the catalogue does not have from those that it has.

A version that is not catalogued takes parameters, family, title and columns from its sibling, the newest
version of the same name whose columns are known. A column in neither takes the kind of columns of the same
name in other types: 98 % of all catalogued names occur in more than one type, and all but two have one kind.
Every column records the source of its kind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache

from stripe_reports.catalog.known import get, report_types
from stripe_reports.models import Column, Kind, ReportType, base_of

__all__ = [
    "AMBIGUOUS",
    "BY_NAME",
    "BY_TYPE",
    "COLUMN_TYPES",
    "IN_UTC",
    "UNKNOWN",
    "columns_in",
    "completed",
    "merge",
    "sibling_of",
    "with_column_types",
]

BY_NAME, IN_UTC, BY_TYPE, UNKNOWN = "name", "name, in UTC", "column type", "unknown"
"""Sources of a column's kind besides the catalogue and a sibling; see ``Column.kind_from``."""

_KINDS: dict[str, Kind] = {
    "bigint": "integer",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime_utc",
    "decimal": "rate",
    "integer": "integer",
    "timestamp": "datetime_utc",
    "varchar": "text",
}
"""The kinds that follow from Stripe's types of columns in Reports v2; they are inferred.

A ``double`` stays text: it may be written with an exponent, and has no exact decimal value. A ``decimal`` may
have more decimals than an amount has.
Source: https://docs.stripe.com/api/v2/data/report-runs/object
"""

COLUMN_TYPES = frozenset({*_KINDS, "double"})
"""Stripe's types of columns in Reports v2, as far as they are known."""

_OF_TYPES: dict[Kind, frozenset[str]] = {
    "money": frozenset({"decimal", "double"}),
    "rate": frozenset({"bigint", "decimal", "double", "integer"}),
    "datetime_utc": frozenset({"datetime", "timestamp"}),
    "datetime_local": frozenset({"datetime", "timestamp"}),
    "date": frozenset({"date"}),
    "integer": frozenset({"bigint", "integer"}),
    "boolean": frozenset({"boolean"}),
}
"""Stripe's types whose values can be of a kind. Text can be of any kind, and a kind of text has any value.

A whole number is no amount: it may count cents, and would be read as a hundred times too much.
"""

_TYPES_WITH_FORM = frozenset().union(*_OF_TYPES.values())

AMBIGUOUS = frozenset({"automatic_payout_effective_at", "payout_reversed_at"})
"""Names with two kinds: a local time in types with the ``_utc`` column, UTC in others."""

_STRIPES_OWN = (
    *("id", "object", "version", "livemode"),
    *("data_available_start", "data_available_end", "updated"),
)

_DESCRIBED = (
    *("report_id", "required_parameters", "optional_parameters"),
    *("allowed_values", "list_parameters"),
)
"""What Stripe says of a report in Reports v2 besides."""


def sibling_of(id_: str) -> ReportType | None:
    """Return the newest version of the same name with known columns, other than *id_* itself."""
    base = base_of(id_)
    versions = [
        type_ for type_ in report_types().values() if type_.base == base and type_.columns and type_.id != id_
    ]
    return max(versions, key=lambda type_: type_.version, default=None)


@cache
def completed(id_: str) -> ReportType:
    """Return the type of a versioned id: as catalogued, else from its sibling, else without facts."""
    known, sibling = get(id_), sibling_of(id_)
    if known is not None and (known.columns or sibling is None):
        return known
    digits = id_.rpartition(".")[2]
    version = int(digits) if digits.isdecimal() else 0
    if sibling is None:
        return ReportType(id=id_, name=id_, version=version)
    columns = tuple(replace(column, kind_from=sibling.id) for column in sibling.columns)
    if known is not None:
        return replace(known, columns=columns, sibling=sibling.id)
    return ReportType(
        id=id_,
        name=sibling.name,
        version=version,
        family=sibling.family,
        required_parameters=sibling.required_parameters,
        optional_parameters=sibling.optional_parameters,
        columns=columns,
        livemode_only=sibling.livemode_only,
        sibling=sibling.id,
        source=sibling.source,
    )


def merge(answer: ReportType) -> ReportType:
    """Complete Stripe's answer about a type; its default columns are among its columns."""
    known = completed(answer.id)
    values = {name: getattr(answer, name) for name in _STRIPES_OWN}
    values["name"] = known.name if answer.name == answer.id else answer.name
    if answer.is_described:
        values |= {name: getattr(answer, name) for name in _DESCRIBED}
        values["notes"] = answer.notes or known.notes
    if answer.default_columns is not None:
        values |= {"default_columns": answer.default_columns, "default_columns_evidence": "confirmed"}
        new = [name for name in answer.default_columns if known.column(name) is None]
        columns = known.columns + tuple(columns_in(answer.default_columns, known)[n] for n in new)
        values["columns"] = tuple(
            replace(column, evidence="documented") if column.name in answer.default_columns else column
            for column in columns
        )
    return replace(known, **values)


def columns_in(names: Sequence[str], report_type: ReportType | None) -> dict[str, Column]:
    """Return the columns of a file by name, each with its kind and the source of the kind.

    Args:
        names: The header of the file, or columns of the type.
        report_type: The type, completed; None if unknown.
    """
    sibling = sibling_of(report_type.id) if report_type else None
    among = {*names, *(column.name for column in (report_type.columns if report_type else ()))}
    return {name: _column(name, report_type, sibling, among) for name in names}


def with_column_types(report_type: ReportType, types: Mapping[str, str] | None) -> ReportType:
    """Return a type whose columns also have the kinds that follow from Stripe's types in Reports v2.

    The catalogue says more, and is used where it can: a number of Stripe's may be an id, and its decimal an
    amount. Where it knows no column of that name, or one whose values Stripe's type does not have, such as a
    time where Stripe says ``date``, Stripe's type decides.

    Args:
        report_type: The type.
        types: Stripe's type of each column, in the order of the file; None if Stripe does not say.
    """
    types = types or {}
    told: dict[str, Column] = {}
    for name, column in columns_in(tuple(types), report_type).items():
        kind = _KINDS.get(types[name])
        if kind is not None and (column.kind_from == UNKNOWN or not _has(types[name], column.kind)):
            told[name] = replace(column, kind=kind, kind_from=BY_TYPE)
    columns = tuple(told.pop(column.name, column) for column in report_type.columns)
    return replace(report_type, columns=columns + tuple(told.values()))


def _has(type_: str, kind: Kind) -> bool:
    """Return True if a column of one of Stripe's types can have values of a kind."""
    return kind not in _OF_TYPES or type_ not in _TYPES_WITH_FORM or type_ in _OF_TYPES[kind]


def _column(
    name: str, report_type: ReportType | None, sibling: ReportType | None, among: Collection[str]
) -> Column:
    column = report_type.column(name) if report_type else None
    if column is None and sibling is not None and (found := sibling.column(name)) is not None:
        column = replace(found, kind_from=sibling.id)
    if column is None:
        column = _by_name(name) or Column(name, "unknown", kind_from=UNKNOWN)
    if column.kind_from == "catalogue" or name not in AMBIGUOUS:
        return column
    if f"{name}_utc" in among:
        return replace(column, kind="datetime_local")
    return replace(column, kind="datetime_utc", kind_from=IN_UTC)


def _by_name(name: str) -> Column | None:
    """Return the column as in other types; ``payment_metadata[order_id]`` as ``payment_metadata[key]``."""
    head, bracket, _ = name.partition("[")
    pattern = f"{head}[key]" if bracket and name.endswith("]") else name
    found = _names().get(name) or _names().get(pattern)
    return found and replace(found, name=name, kind_from=BY_NAME, evidence="inferred")


@cache
def _names() -> dict[str, Column]:
    """Return one column of every catalogued name."""
    return {column.name: column for type_ in report_types().values() for column in type_.columns}
