"""Assumptions about a report that the catalogue lacks or has only in part: recorded, and warned of once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from stripe_reports import notices
from stripe_reports.catalog.known import get
from stripe_reports.catalog.siblings import BY_NAME, BY_TYPE, IN_UTC, UNKNOWN
from stripe_reports.models import Provenance
from stripe_reports.models.file_origin import FileOrigin
from stripe_reports.render.remedies import Remedy, read_as

__all__ = ["KindsFrom", "kinds_from", "sentence", "text_is_no_money", "unknown_columns", "warn_once"]

KindsFrom = Mapping[str, Sequence[str]]
"""The columns whose kinds are not catalogued for their type, by the source of the kind: the id of another
version, ``name``, ``name, in UTC``, ``column type`` (Stripe's, in Reports v2) or ``unknown``."""

_NO_SIBLINGS = frozenset({BY_NAME, IN_UTC, BY_TYPE, UNKNOWN})


class _Column(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def kind_from(self) -> str: ...


def kinds_from(columns: Iterable[_Column]) -> dict[str, list[str]]:
    """Return the columns whose kinds are not catalogued for their type, by the source of the kind."""
    found: dict[str, list[str]] = {}
    for column in columns:
        if column.kind_from not in ("catalogue", "schema_overrides"):
            found.setdefault(column.kind_from, []).append(column.name)
    return found


def sentence(report_type: str | None, assumed: KindsFrom) -> str:
    """Describe the assumptions, and the columns kept as text; empty if there are none.

    Args:
        report_type: Versioned id; None if only the columns of a file are known.
        assumed: See ``KindsFrom``.
    """
    if not assumed:
        return ""
    by = {source: ", ".join(names) for source, names in assumed.items()}
    siblings = [source for source in by if source not in _NO_SIBLINGS]
    parts = [_what_is_missing(report_type, bool(siblings))]
    parts += [
        f"It is treated like {sibling}: its parameters, natural key, charts and kinds of columns are used."
        for sibling in siblings
    ]
    if BY_NAME in by:
        parts.append(f"Read like columns of the same name in other report types: {by[BY_NAME]}.")
    if IN_UTC in by:
        parts.append(f"Read as UTC, since there is no column ..._utc: {by[IN_UTC]}.")
    if BY_TYPE in by:
        parts.append(f"Read by Stripe's types of columns: {by[BY_TYPE]}.")
    if UNKNOWN in by:
        parts.append(f"Kept as text, since its kind is unknown: {by[UNKNOWN]}.")
    return " ".join(parts)


def _what_is_missing(report_type: str | None, has_sibling: bool) -> str:
    known = get(report_type) if report_type else None
    if report_type is None:
        return "The columns of this file match no report type in the catalogue."
    if known is None:
        return f"{report_type} is not in the catalogue of this version of stripe-reports."
    if has_sibling or not known.columns:
        return f"The catalogue does not have the columns of {report_type}."
    return f"{report_type} has columns that are not in the catalogue."


def warn_once(report_type: str | None, assumed: KindsFrom) -> None:
    """Warn of the assumptions, once per process.

    Warns:
        UnknownReportTypeWarning: See ``sentence``.
    """
    new: dict[str, list[str]] = {}
    for source, names in assumed.items():
        # A warning about a sibling applies to all of its columns.
        is_each_said = source in _NO_SIBLINGS
        for name in names:
            if notices.is_new((report_type, source, name if is_each_said else "")):
                new.setdefault(source, []).append(name)
    if new:
        notices.warn(sentence(report_type, new), notices.UnknownReportTypeWarning)


def text_is_no_money(names: Sequence[str], what: str) -> tuple[str, Remedy]:
    """Return a sentence about amounts that are text: *what* cannot be done, and how to make it possible."""
    is_ = "is" if len(names) == 1 else "are"
    remedy = read_as(dict.fromkeys(names, "pl.Decimal(38, 6)"), to="read amounts exactly")
    return f"{', '.join(names)} {is_} text, not an amount, so {what}.", remedy


def unknown_columns(origins: Iterable[Provenance | FileOrigin]) -> list[str]:
    """Return the columns of these results that are text because no kind is known for them."""
    return list(dict.fromkeys(name for each in origins for name in each.kinds_from.get(UNKNOWN, ())))
