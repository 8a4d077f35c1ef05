"""Choose the version of a name without one: the newest in which the kind of every column is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from stripe_reports.catalog.known import get
from stripe_reports.catalog.siblings import UNKNOWN, columns_in, completed

__all__ = ["Chosen", "Offered", "newest_of"]

Offered = Mapping[str, Sequence[str] | None]
"""Ids that an account offers, with Stripe's default columns; None if it gives none."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The version chosen for a name.

    Attributes:
        id: Versioned id.
        skipped: Clauses that name the newer versions skipped, and why.
    """

    id: str
    skipped: tuple[str, ...] = ()


def newest_of(ids: Collection[str], offered: Offered) -> Chosen:
    """Choose the newest version whose default columns all have a kind, else the newest catalogued one.

    If neither exists, it is the newest: its columns of unknown kind are text, with a warning on reading.

    Args:
        ids: The versions of one name; at least one.
        offered: Their default columns.
    """
    newest_first = sorted(ids, key=lambda id_: int(id_.rpartition(".")[2]), reverse=True)
    reasons = {id_: _why_not(id_, offered.get(id_)) for id_ in newest_first}
    readable = [id_ for id_ in newest_first if reasons[id_] is None]
    catalogued = [id_ for id_ in newest_first if get(id_) is not None]
    best = next(iter(readable or catalogued or newest_first))
    newer = newest_first[: newest_first.index(best)]
    return Chosen(best, tuple(f"{id_} was skipped: {reasons[id_]}" for id_ in newer))


def _why_not(id_: str, default_columns: Sequence[str] | None) -> str | None:
    """Return a clause that explains why a version cannot be read completely; None if it can."""
    known = get(id_)
    if known is not None and known.columns:
        return None
    if default_columns is None:
        return "it is not in the catalogue, and Stripe does not say which columns it has"
    columns = columns_in(default_columns, completed(id_))
    unknown = [name for name, column in columns.items() if column.kind_from == UNKNOWN]
    if not unknown:
        return None
    columns_of = "column" if len(unknown) == 1 else "columns"
    return f"the kind of its {columns_of} {', '.join(unknown)} is not known"
