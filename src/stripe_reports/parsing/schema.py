"""The type of each column, and the report type of a header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from stripe_reports import catalog
from stripe_reports.catalog.siblings import BY_TYPE, columns_in
from stripe_reports.errors import NotAReportError, ParameterError, UnknownReportTypeError
from stripe_reports.models import Column, Kind, ReportType
from stripe_reports.parsing.overrides import OVERRIDE, check_names, kind_of
from stripe_reports.parsing.zones import check_zone
from stripe_reports.render import remedies

__all__ = [
    "Field",
    "check_asked",
    "check_columns",
    "dtype_of",
    "fields_of",
    "guess_report_type",
    "report_type_of",
    "schema_of",
]

_MONEY_SCALE = 6
_RATE_SCALE = 12
_DIGITS = 38

_DATES_SEEN = frozenset({"activity_end_date", "activity_start_date", "payout_expected_arrival_date"})
"""Columns of kind ``date`` whose form is known from real files or their loaders; Stripe documents none."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a file: its facts in the catalogue, and its polars type.

    Attributes:
        kind_from: As in ``Column``.
        twin: For a local time with a zone, the column of the file with the same instant in UTC.
        utc_column: Name of such a column, if the report type offers one.
        has_fraction: True for a time that may be written with thousandths of a second.
    """

    name: str
    kind: Kind
    dtype: pl.DataType
    twin: str | None = None
    utc_column: str | None = None
    kind_from: str = "catalogue"
    has_fraction: bool = False

    @property
    def zone(self) -> str | None:
        """Zone of a time; None for a naive time and for other types."""
        return self.dtype.time_zone if isinstance(self.dtype, pl.Datetime) else None

    @property
    def has_repeated_hours(self) -> bool:
        """Tell whether the text may have two meanings: a local time whose clocks are set back."""
        return self.kind == "datetime_local" and self.zone is not None and self.twin is None


def dtype_of(column: Column, timezone: str | None) -> pl.DataType:
    """Return the polars type of a column, which depends only on its kind, never on a file.

    Args:
        column: A column of the catalogue.
        timezone: IANA zone of the run, for local times; None makes them naive. ``Etc/UTC`` becomes ``UTC``,
            which is another type in polars.
    """
    match column.kind:
        case "money":
            return pl.Decimal(_DIGITS, _MONEY_SCALE)
        case "rate":
            return pl.Decimal(_DIGITS, _RATE_SCALE)
        case "datetime_utc":
            return pl.Datetime("us", "UTC")
        case "datetime_local":
            return pl.Datetime("us", _plain(timezone))
        case "date" if column.name in _DATES_SEEN or column.kind_from == BY_TYPE:
            return pl.Date()
        case "integer":
            return pl.Int64()
        case "boolean":
            return pl.Boolean()
        case _:
            return pl.String()


def _plain(timezone: str | None) -> str | None:
    return "UTC" if timezone == "Etc/UTC" else timezone


def schema_of(
    names: Sequence[str], report_type: ReportType | None, timezone: str | None
) -> dict[str, pl.DataType]:
    """Return the types of all columns of a file, in its order; a column of unknown kind is text.

    Raises:
        ParameterError: polars does not know the zone.
    """
    return {field.name: field.dtype for field in fields_of(names, report_type, timezone)}


def fields_of(
    names: Sequence[str],
    report_type: ReportType | None,
    timezone: str | None,
    overrides: Mapping[str, pl.DataType] = MappingProxyType({}),
    *,
    has_fractions: bool = False,
) -> tuple[Field, ...]:
    """Return the columns with everything needed to read them; see ``schema_of``.

    With *has_fractions*, times may be written with thousandths of a second.

    Raises:
        ParameterError: polars does not know the zone; or *overrides* name an unknown column, or another zone
            than that of the text.
    """
    if timezone is not None:
        check_zone(timezone)
    check_names(overrides, names)
    known = columns_in(names, report_type)
    _check_zones(known, timezone, overrides)
    known |= {name: Column(name, kind_of(dtype), kind_from=OVERRIDE) for name, dtype in overrides.items()}
    utc_columns = {name for name, column in known.items() if column.kind == "datetime_utc"}

    def field(column: Column) -> Field:
        name = column.name
        dtype = overrides.get(name) or dtype_of(column, timezone)
        if column.kind != "datetime_local":
            is_time = has_fractions and column.kind == "datetime_utc"
            return Field(name, column.kind, dtype, kind_from=column.kind_from, has_fraction=is_time)
        utc_column = f"{name}_utc"
        offered = report_type is not None and report_type.column(utc_column) is not None
        # Without a zone the twin does not determine the local time.
        has_twin = timezone is not None and utc_column in utc_columns and column.kind_from != OVERRIDE
        return Field(
            name,
            column.kind,
            dtype,
            utc_column if has_twin else None,
            utc_column if offered else None,
            column.kind_from,
            has_fractions,
        )

    return tuple(map(field, known.values()))


def _check_zones(
    known: Mapping[str, Column], timezone: str | None, overrides: Mapping[str, pl.DataType]
) -> None:
    """Refuse another zone than that of the text, if it is certain: times would become other instants.

    Raises:
        ParameterError: A column of *overrides* has another zone.
    """
    for name, dtype in overrides.items():
        written = dtype_of(known[name], timezone)
        zones = [each.time_zone for each in (written, dtype) if isinstance(each, pl.Datetime)]
        own, other = zones if len(zones) == 2 else (None, None)
        if known[name].kind_from == "catalogue" and own and other and _plain(other) != own:
            raise ParameterError(
                f"Stripe writes {name!r} in {own}, so it cannot be read as {dtype}. To show it in {other}, "
                f"leave the type out, and convert the column: .dt.convert_time_zone({other!r}).",
                param=OVERRIDE,
            )


def guess_report_type(header: Sequence[str]) -> ReportType | None:
    """Return the catalogued type whose columns fit a header best; None if no type has any of them.

    The best type has most of the columns; among equals, its default columns are exactly these; then it is the
    first of the catalogue, in its highest version. The choice among equals affects the type of only two
    columns: ``automatic_payout_effective_at`` and ``payout_reversed_at`` were UTC in old versions, which had
    no timezone. The newer meaning is used: the Dashboard offers it, and it assumes less, since without a zone
    the time is naive.
    """
    return _best_fit(header, catalog.report_types().values())


def _best_fit(header: Sequence[str], candidates: Iterable[ReportType]) -> ReportType | None:
    candidates = list(candidates)
    bases = list(dict.fromkeys(report_type.base for report_type in candidates))

    def fit(report_type: ReportType) -> tuple[int, bool, int, int]:
        return *_fit(header, report_type), -bases.index(report_type.base), report_type.version

    best = max(candidates, key=fit, default=None)
    return best if best is not None and _columns_known(header, best) else None


def _columns_known(header: Sequence[str], report_type: ReportType) -> int:
    return sum(report_type.column(name) is not None for name in header)


def report_type_of(header: Sequence[str], name: str | None, *, file: str) -> ReportType | None:
    """Return the report type of a downloaded file: *name*, checked against the header, or a guess.

    It is None for a report that is not in the catalogue, but whose columns are in other types.

    Args:
        header: Names of the columns.
        name: Report type with or without version, or None to guess.
        file: Name of the file in messages.

    Raises:
        UnknownReportTypeError: *name* is not in the catalogue, and neither are most of the columns.
        NotAReportError: The columns belong to a report type other than *name*, or to none.
    """
    if name is not None:
        named = _named(name, header)
        advice = "Leave report_type out, or name the type that was downloaded."
        check_columns(header, named, file=file, advice=advice)
        return named
    guess = guess_report_type(header)
    if guess is not None and not _are_mostly_unknown(header, guess):
        return guess
    if _is_of_known_names(header):
        return None
    raise _not_a_report(header, file)


def the_report_type_of(header: Sequence[str], name: str | None, *, file: str) -> ReportType:
    """Return the report type of a downloaded file, and refuse to guess among several.

    Arguments and other errors are those of ``report_type_of``.

    Raises:
        ParameterError: No type was named, and several have these columns, or none has most of them.
    """
    found = report_type_of(header, name, file=file)
    if found is None:
        raise ParameterError(
            f"The columns of {file} belong to no report type of the catalogue. Pass its report_type.",
            param="report_type",
        )
    if name is None:
        fit = _fit(header, found)
        bases = {each.base: None for each in catalog.report_types().values() if _fit(header, each) == fit}
        if len(bases) > 1:
            raise ParameterError(
                f"{len(bases)} report types have the columns of {file}: {', '.join(bases)}. Pass the type "
                "that was downloaded as report_type.",
                param="report_type",
            )
    return found


def _fit(header: Sequence[str], report_type: ReportType) -> tuple[int, bool]:
    """Return how many of the columns a type has, and whether they are its default."""
    return _columns_known(header, report_type), tuple(header) == report_type.default_columns


def _is_of_known_names(header: Sequence[str]) -> bool:
    """Tell whether most columns are in some report type, though not all in the same one."""
    columns = columns_in(header, None).values()
    return 2 * sum(column.kind_from != "unknown" for column in columns) >= len(header)


def check_columns(header: Sequence[str], report_type: ReportType, *, file: str, advice: str) -> None:
    """Refuse a file that does not belong to a report type.

    Stripe adds columns without notice, so a single unknown column proves nothing. The file is refused if most
    columns are unknown, or if together they are the default of another report.

    Args:
        header: Names of the columns.
        report_type: The expected type.
        file: Name of the file in messages.
        advice: Advice if it is another report.

    Raises:
        NotAReportError: It belongs to another report type, or to none.
    """
    if not report_type.columns or _columns_known(header, report_type) == len(header):
        return
    guess = guess_report_type(header)
    is_unlikely = _are_mostly_unknown(header, report_type)
    if guess is not None:
        is_default = guess.base != report_type.base and set(header) == set(guess.default_columns or ())
        fits = _columns_known(header, guess) == len(header) or (
            report_type.columns_complete and not _are_mostly_unknown(header, guess)
        )
        if is_default or (is_unlikely and fits):
            raise NotAReportError(
                f"The columns of {_within(file)} are not those of {report_type.id}; they look like "
                f"{guess.id}. {advice}"
            )
    if is_unlikely and (report_type.columns_complete or _titles(header)):
        raise _not_a_report(header, file)


def check_asked(header: Sequence[str], asked: Sequence[str], *, file: str, advice: str) -> None:
    """Refuse the file of a run that does not have the columns requested, in any order.

    Raises:
        NotAReportError: It lacks some, or has others.
    """
    lacking = [name for name in asked if name not in header]
    strange = [name for name in header if name not in asked]
    if lacking or strange:
        differences = [
            f"{verb} {', '.join(map(repr, names[:3]))}{', …' if len(names) > 3 else ''}"
            for verb, names in (("lacks", lacking), ("has", strange))
            if names
        ]
        raise NotAReportError(
            f"The columns of {_within(file)} are not those requested: it {' and '.join(differences)}. "
            f"{advice}"
        )


def _within(file: str) -> str:
    """Return the name of a file as it is written within a sentence: ``the result file file_1``."""
    return f"t{file[1:]}" if file.startswith("The ") else file


def _are_mostly_unknown(header: Sequence[str], report_type: ReportType) -> bool:
    return 2 * _columns_known(header, report_type) < len(header)


def _named(name: str, header: Sequence[str]) -> ReportType:
    versions = [type_ for type_ in catalog.report_types().values() if type_.base == name]
    if versions:
        return _best_fit(header, versions) or versions[-1]
    if not name.rpartition(".")[2].isdecimal():
        return catalog.report_types()[catalog.newest(name)]  # raises, with the nearest names
    known = catalog.completed(name)
    if known.is_catalogued or _is_of_known_names(header):
        return known
    raise UnknownReportTypeError(
        f"The catalogue has no report type {name!r}, and most of these columns are in none of its "
        "types. Leave out the version, or report_type itself: the type is recognised by its columns."
    )


def _not_a_report(header: Sequence[str], file: str) -> NotAReportError:
    shown = ", ".join(repr(name) for name in header[:3]) + (", …" if len(header) > 3 else "")
    if _titles(header):
        return NotAReportError(
            f"{file} is another export of the Dashboard, not a report: its columns ({shown}) are titles. "
            "Payments, Payouts and Balances export such files; download from Reports instead (Balance, "
            "Payout reconciliation, …).",
            remedy=remedies.fetch_the_report(),
        )
    return NotAReportError(
        f"{file} is not a Stripe report: most of its columns ({shown}) belong to no report type. "
        "If it is one, pass its report_type."
    )


def _titles(header: Sequence[str]) -> list[str]:
    """Return the columns named by titles for people, which no report has."""
    return [name for name in header if "[" not in name and name != name.lower()]
