"""Find the value that makes a piece of a file wrong: the first that polars could not read, or should not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from stripe_reports.catalog.siblings import BY_NAME, BY_TYPE, IN_UTC
from stripe_reports.errors import DamagedFileError
from stripe_reports.parsing.csv_strict import rows
from stripe_reports.parsing.overrides import OVERRIDE
from stripe_reports.parsing.pieces import DOWNLOAD_AGAIN, Piece
from stripe_reports.parsing.schema import Field
from stripe_reports.render.remedies import Remedy, read_as

__all__ = ["check_values", "of_no_value"]

_NUMBER = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")
_INTEGER = re.compile(r"-?[0-9]+")
_TIME = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_WITH_FRACTION = re.compile(rf"({_TIME.pattern})(?:\.[0-9]{{3}})?")
_DATE = re.compile(r"([1-9][0-9]{3}-[0-9]{2}-[0-9]{2})(?: 00:00:00)?")
_SHOWN = 60

_SOURCES = {
    **dict.fromkeys((BY_NAME, IN_UTC), "columns of that name in other report types"),
    BY_TYPE: "the type that Stripe gives of it",
}

_Problem = Callable[[str], str | None]


def check_values(piece: Piece, fields: Sequence[Field]) -> None:
    """Check every value of a piece slowly, and raise at the first error.

    Raises:
        DamagedFileError: A value is wrong; has the line on which its row begins, and the column.
    """
    names = [field.name for field in fields]
    checks = [
        (position, field, problem)
        for position, field in enumerate(fields)
        if (problem := _problem_of(field)) is not None
    ]
    twins = [
        (position, names.index(field.twin), ZoneInfo(field.zone))
        for position, field in enumerate(fields)
        if field.twin is not None and field.zone is not None
    ]
    for line, cells, _ in rows(piece, names):
        for position, field, problem in checks:
            value = cells[position]
            if value and (what := problem(value)):
                raise piece.damage(
                    f"{value[:_SHOWN]!r} {what}.{_source(field)}",
                    line=line,
                    column=field.name,
                    remedy=_remedy(field),
                )
        for position, twin, zone in twins:
            if not _agrees(cells[position], cells[twin], zone):
                raise _of_twins(piece, cells, (position, twin), zone, names=names, line=line)


def of_no_value(piece: Piece, fields: Sequence[Field]) -> DamagedFileError:
    """Return the error of a piece that polars refuses although ``check_values`` does not."""
    local = [field.name for field in fields if field.kind == "datetime_local" and field.zone]
    if not local:
        return piece.damage("polars cannot read the file.")
    return piece.damage(
        "polars and Python read its local times in different ways: one of them has old rules of the time "
        "zone. Upgrade polars and tzdata.",
        remedy=read_as(dict.fromkeys(local, "pl.String"), to="read them as text"),
    )


def _of_twins(
    piece: Piece,
    cells: Sequence[str],
    positions: tuple[int, int],
    zone: ZoneInfo,
    *,
    names: Sequence[str],
    line: int,
) -> DamagedFileError:
    """Return the error of a local time that is not that of its twin; the positions are of both."""
    (local, twin), (name, twin_name) = ([values[each] for each in positions] for values in (cells, names))
    what = f"{local!r} is not {twin!r} of {twin_name!r} in {zone.key}."
    if not (local and twin):
        return piece.damage(what, line=line, column=name)
    return piece.damage(
        f"{what} If the report was run with another timezone, pass that one. If a law has changed the clocks "
        "of the zone lately, upgrade polars and tzdata.",
        line=line,
        column=name,
        remedy=read_as({name: "pl.String"}, to="read it as text") + DOWNLOAD_AGAIN,
    )


def _source(field: Field) -> str:
    """A sentence on where the kind of the column is from, if it is not catalogued for its report type."""
    if field.kind_from == "catalogue":
        return ""
    if field.kind_from == OVERRIDE:
        return f" You asked to read the column as {field.dtype}."
    where = _SOURCES.get(field.kind_from, field.kind_from)
    return f" That the column is a {field.kind} is known from {where} only."


def _remedy(field: Field) -> Remedy:
    if field.kind_from in ("catalogue", OVERRIDE):
        return DOWNLOAD_AGAIN
    return read_as({field.name: "pl.String"}, to="read it as text") + DOWNLOAD_AGAIN


def _problem_of(field: Field) -> _Problem | None:
    """Return a function that explains an invalid value of the column; None if any text is valid."""
    match field.dtype:
        case pl.Decimal(scale=scale, precision=precision):
            return lambda text: _number_problem(text, precision - scale, scale)
        case pl.Datetime() if field.kind == "datetime_local" and field.twin is None and field.zone:
            zone = ZoneInfo(field.zone)
            return lambda text: _time_problem(_whole(text, field), zone)
        case pl.Datetime():
            return lambda text: _time_problem(_whole(text, field), None)
        case pl.Date():
            return _date_problem
        case pl.Int64():
            return _integer_problem
        case pl.Boolean():
            return lambda text: None if text in {"true", "false"} else "is neither 'true' nor 'false'"
        case _:
            return None


def _number_problem(text: str, whole_digits: int, decimals: int) -> str | None:
    number = _NUMBER.fullmatch(text)
    if number is None:
        hint = "; run the report without decimal_separator" if "," in text else ""
        return f"is not a number as Stripe writes it, such as '-1234.50'{hint}"
    whole, fraction = number[1].lstrip("0"), (number[2] or "").rstrip("0")
    if len(whole) > whole_digits:
        return f"has more than {whole_digits} digits before the point"
    if len(fraction) > decimals:
        return f"has more than {decimals} decimals, which would be lost"
    return None


def _integer_problem(text: str) -> str | None:
    if not _INTEGER.fullmatch(text):
        return "is not a whole number"
    return None if -(2**63) <= int(text) < 2**63 else "does not fit into 64 bits"


def _date_problem(text: str) -> str | None:
    day = _DATE.fullmatch(text)
    if day is None:
        return "is neither a date (YYYY-MM-DD) nor a midnight time (YYYY-MM-DD 00:00:00)"
    try:
        date.fromisoformat(day[1])
    except ValueError:
        return "is a date that does not exist"
    return None


def _whole(text: str, field: Field) -> str:
    """Return a time without its thousandths, where a column may have them."""
    match = _WITH_FRACTION.fullmatch(text) if field.has_fraction else None
    return text if match is None else match[1]


def _time_problem(text: str, zone: ZoneInfo | None) -> str | None:
    if not _TIME.fullmatch(text):
        return "is not a time as Stripe writes it (YYYY-MM-DD HH:MM:SS)"
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        return "is a time that does not exist"
    if zone is not None and not _exists(wall, zone):
        return f"does not exist in {zone.key}: the clocks were set forward at that time"
    return None


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


def _agrees(local: str, utc: str, zone: ZoneInfo) -> bool:
    if not local or not utc:
        return local == utc
    instant = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    return instant.astimezone(zone).replace(tzinfo=None) == datetime.fromisoformat(local)
