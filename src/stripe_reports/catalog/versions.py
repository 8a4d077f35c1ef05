"""Which version a name without one means: the newest that can be read with a kind for every column."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from stripe_reports.catalog.known import get
from stripe_reports.catalog.siblings import UNKNOWN, columns_in, completed

__all__ = ["Chosen", "Offered", "newest_of"]

Offered = Mapping[str, Sequence[str] | None]
"""Ids that an account offers, with the default columns that Stripe names; None where it names none."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The version that a name stands for.

    Attributes:
        id: With its version.
        skipped: The newer versions that were passed over, and why, a clause each.
    """

    id: str
    skipped: tuple[str, ...] = ()


def newest_of(ids: Collection[str], offered: Offered) -> Chosen:
    """The newest of several versions whose default columns all have a kind, else the newest catalogued.

    If neither exists, it is the newest: its columns of unknown kind are text, which is said when it is read.

    Args:
        ids: The versions of one name; at least one.
        offered: What their default columns are.
    """
    newest_first = sorted(ids, key=lambda id_: int(id_.rpartition(".")[2]), reverse=True)
    reasons = {id_: _why_not(id_, offered.get(id_)) for id_ in newest_first}
    readable = [id_ for id_ in newest_first if reasons[id_] is None]
    catalogued = [id_ for id_ in newest_first if get(id_) is not None]
    best = next(iter(readable or catalogued or newest_first))
    newer = newest_first[: newest_first.index(best)]
    return Chosen(best, tuple(f"{id_} was skipped: {reasons[id_]}" for id_ in newer))


def _why_not(id_: str, default_columns: Sequence[str] | None) -> str | None:
    """What keeps a version from being read whole, as a clause; None if nothing does."""
    known = get(id_)
    if known is not None and known.columns:
        return None
    if default_columns is None:
        return "it is not in the catalogue, and Stripe does not say which columns it has"
    columns = columns_in(default_columns, completed(id_))
    unknown = [name for name, column in columns.items() if column.kind_from == UNKNOWN]
    return f"the kind of its column {', '.join(unknown)} is not known" if unknown else None
