"""Types that the user sets instead of those of the catalogue: ``schema_overrides``, as in polars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from stripe_reports.errors import ParameterError
from stripe_reports.models import Kind
from stripe_reports.parsing.zones import check_zone
from stripe_reports.render.suggest import did_you_mean

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

__all__ = [
    "NO_OVERRIDES",
    "OVERRIDE",
    "Overrides",
    "SchemaOverrides",
    "check_names",
    "checked_overrides",
    "in_words",
    "kind_of",
]

SchemaOverrides: TypeAlias = "Mapping[str, PolarsDataType]"
"""Column names with polars types: ``{"date": pl.String}``."""

Overrides: TypeAlias = Mapping[str, pl.DataType]
"""The polars types that the user set, by column; checked."""

NO_OVERRIDES: Overrides = MappingProxyType({})

OVERRIDE = "schema_overrides"
"""The source of the kind of such a column."""

_DIGITS = 38


def checked_overrides(overrides: SchemaOverrides | None) -> dict[str, pl.DataType]:
    """Check the types by column, and return them.

    Raises:
        ParameterError: It is not a mapping of names, or a type is not possible in a report.
    """
    if overrides is None:
        return {}
    if not isinstance(overrides, Mapping):
        raise ParameterError(
            f"schema_overrides must be a mapping such as {{'date': pl.String}}; got {overrides!r:.100}.",
            param=OVERRIDE,
        )
    return {name: _checked(name, dtype) for name, dtype in overrides.items()}


def _checked(name: str, dtype: object) -> pl.DataType:
    match dtype:
        case pl.String() | pl.Int64() | pl.Boolean() | pl.Date():
            return dtype
        case pl.String | pl.Int64 | pl.Boolean | pl.Date:
            return dtype()
        case pl.Decimal(precision=int(precision), scale=int(scale)) if 0 < scale <= precision <= _DIGITS:
            return dtype
        case pl.Datetime(time_unit="us", time_zone=zone):
            if zone is not None:
                check_zone(zone, param=OVERRIDE)
            return dtype
    raise ParameterError(
        f"schema_overrides cannot read {name!r} as {dtype}. A column can be pl.String, "
        "pl.Decimal(38, 6), pl.Int64, pl.Boolean, pl.Date, or pl.Datetime('us', zone).",
        param=OVERRIDE,
    )


def in_words(overrides: Overrides) -> dict[str, str]:
    """The types as text, for the provenance and for keys."""
    return {name: str(dtype) for name, dtype in overrides.items()}


def check_names(overrides: Mapping[str, pl.DataType], columns: Sequence[str]) -> None:
    """Refuse an override of a column that the file does not have.

    Raises:
        ParameterError: There is no such column; the message names the nearest ones.
    """
    for name in overrides:
        if name not in columns:
            raise ParameterError(
                f"A type was given for {name!r}, which is no column of this report."
                f"{did_you_mean(name, columns)} It has {', '.join(columns)}.",
                param=OVERRIDE,
            )


def kind_of(dtype: pl.DataType) -> Kind:
    """Return the kind whose text is read as that type."""
    match dtype:
        case pl.Decimal():
            return "money"
        case pl.Datetime(time_zone="UTC"):
            return "datetime_utc"
        case pl.Datetime():
            return "datetime_local"
        case pl.Date():
            return "date"
        case pl.Int64():
            return "integer"
        case pl.Boolean():
            return "boolean"
        case _:
            return "text"
