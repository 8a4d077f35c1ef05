"""The typed rows of a piece: every value is read exactly, or the piece is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from stripe_reports.parsing.columns import column, columns
from stripe_reports.parsing.damage import check_values, of_no_value
from stripe_reports.parsing.exact_text import exact_text
from stripe_reports.parsing.pieces import Piece
from stripe_reports.parsing.schema import Field
from stripe_reports.parsing.value_forms import have_form
from stripe_reports.parsing.values import is_parsed, parsed, time_of, value_name

__all__ = ["Rows", "typed_rows"]

_SAMPLED = 200
"""About this many rows of a piece are checked to compare local times with their UTC twins, which finds a
wrong zone. To compare all would take a fifth of the reading time; the values are those of the twin anyway."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The typed rows of a piece.

    Attributes:
        frame: The rows.
        lines: Number of lines of the piece.
        ambiguous: By column, the number of local times in a repeated hour, if there are any.
    """

    frame: pl.DataFrame
    lines: int
    ambiguous: Mapping[str, int]


def typed_rows(piece: Piece, fields: Sequence[Field]) -> Rows:
    """Return the rows of a piece without the header.

    Raises:
        DamagedFileError: It is not, in every byte, a list of rows of such values.
    """
    own = [field for field in fields if is_parsed(field)]
    more = [parsed(field).alias(value_name(field.name)) for field in own]
    table, lines = exact_text(piece, [field.name for field in fields], more)
    ambiguous = {}
    for field in own:
        if field.has_repeated_hours and _counts_differ(table, field):
            earlier = parsed(field, ambiguous="earliest").alias(value_name(field.name))
            certain = table[value_name(field.name)].count()
            table = table.with_columns(earlier)
            ambiguous[field.name] = table[value_name(field.name)].count() - certain
    if not (_have_their_forms(table, fields) and _agree(table, fields)):
        check_values(piece, fields)
        raise of_no_value(piece, fields)
    typed = pl.DataFrame([_column(field, table) for field in fields])
    return Rows(typed, lines, {name: count for name, count in ambiguous.items() if count})


def _column(field: Field, table: pl.DataFrame) -> pl.Series:
    if field.twin is not None:
        return table[value_name(field.twin)].cast(field.dtype).alias(field.name)
    return table[value_name(field.name)].alias(field.name) if is_parsed(field) else table[field.name]


def _counts_differ(table: pl.DataFrame, field: Field) -> bool:
    return table[field.name].count() != table[value_name(field.twin or field.name)].count()


def _are_empty_together(table: pl.DataFrame, field: Field) -> bool:
    """Tell whether a local time is empty where its UTC twin is, not only as often."""
    if field.twin is None or not table[field.name].null_count():
        return True
    return bool((table[field.name].is_null() == table[field.twin].is_null()).all())


def _have_their_forms(table: pl.DataFrame, fields: Sequence[Field]) -> bool:
    """Tell whether every text was parsed, and is written as Stripe writes its type."""
    alike: dict[tuple[pl.DataType, bool], list[pl.Series]] = {}
    for field in fields:
        if not isinstance(field.dtype, pl.String):
            if _counts_differ(table, field) or not _are_empty_together(table, field):
                return False
            form = pl.Datetime() if isinstance(field.dtype, pl.Datetime) else field.dtype
            alike.setdefault((form, field.has_fraction), []).append(table[field.name])
    return all(
        have_form(form, texts, has_fraction=has_fraction) for (form, has_fraction), texts in alike.items()
    )


def _agree(table: pl.DataFrame, fields: Sequence[Field]) -> bool:
    """Tell whether local times are those of their UTC twins in the zone, in a sample of the rows."""
    local = [field for field in fields if field.twin is not None]
    if not local:
        return True
    compared = [name for field in local for name in (field.name, value_name(str(field.twin)))]
    # In this thread: others are busy with other pieces.
    sample = table.select_seq(columns(compared).gather_every(table.height // _SAMPLED + 1))
    differ = (
        time_of(field)
        .ne_missing(
            column(value_name(str(field.twin)))
            .dt.convert_time_zone(str(field.zone))
            .dt.replace_time_zone(None)
        )
        .any()
        for field in local
    )
    return not any(sample.select_seq(differ).row(0))
