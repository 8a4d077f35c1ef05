"""The typed rows of a piece: every value is read exactly, or the piece is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from stripe_reports.parsing.columns import column
from stripe_reports.parsing.damage import check_values
from stripe_reports.parsing.exact_text import exact_text
from stripe_reports.parsing.pieces import Piece
from stripe_reports.parsing.schema import Field
from stripe_reports.parsing.value_forms import are_times, pattern_of
from stripe_reports.parsing.values import is_parsed, parsed, time_of

__all__ = ["Rows", "typed_rows"]

_SAMPLED = 8
"""One of this many local times is compared with its UTC twin, which finds a wrong zone. To compare all would
take a fifth of the reading time; the values are those of the twin anyway."""


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
    text, lines = exact_text(piece, [field.name for field in fields])
    own = [field for field in fields if is_parsed(field)]
    values = {each.name: each for each in text.select(map(parsed, own))}
    ambiguous = {}
    for field in own:
        if field.has_repeated_hours and values[field.name].count() < text[field.name].count():
            earlier = text.select(parsed(field, ambiguous="earliest")).to_series()
            if count := earlier.count() - values[field.name].count():
                ambiguous[field.name], values[field.name] = count, earlier
    if not (_have_their_forms(text, values, fields) and _agree(text, values, fields)):
        check_values(piece, fields)
        raise piece.damage("polars cannot read the file.")
    return Rows(pl.DataFrame([_column(field, text, values) for field in fields]), lines, ambiguous)


def _column(field: Field, text: pl.DataFrame, values: Mapping[str, pl.Series]) -> pl.Series:
    if field.twin is not None:
        return values[field.twin].alias("UTC").dt.convert_time_zone(str(field.zone)).alias(field.name)
    return values[field.name] if is_parsed(field) else text[field.name]


def _have_their_forms(text: pl.DataFrame, values: Mapping[str, pl.Series], fields: Sequence[Field]) -> bool:
    """Tell whether every text was parsed, and is written as Stripe writes its type."""
    typed = [field for field in fields if not isinstance(field.dtype, pl.String)]
    if any(text[field.name].count() != values[field.twin or field.name].count() for field in typed):
        return False
    times = [text[field.name] for field in typed if isinstance(field.dtype, pl.Datetime)]
    others = [
        column(field.name).str.contains(pattern_of(field.dtype)).all()
        for field in typed
        if not isinstance(field.dtype, pl.Datetime)
    ]
    return (not times or are_times(times)) and (not others or all(text.select(others).row(0)))


def _agree(text: pl.DataFrame, values: Mapping[str, pl.Series], fields: Sequence[Field]) -> bool:
    """Tell whether local times are those of their UTC twins in the zone, in a sample of the rows."""
    local = [field for field in fields if field.twin is not None]
    if not local:
        return True
    instants = pl.DataFrame([values[str(field.twin)] for field in local])
    expected = instants.select(
        column(str(field.twin))
        .gather_every(_SAMPLED)
        .dt.convert_time_zone(str(field.zone))
        .dt.replace_time_zone(None)
        .alias(field.name)
        for field in local
    )
    return text.select(time_of(field, every=_SAMPLED) for field in local).equals(expected)
