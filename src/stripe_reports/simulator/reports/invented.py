"""Invented report types: types and columns that an account has and the catalogue does not know.

A production account lists 159 types, of which the catalogue knows about half. These play the others: newer
versions of known types with one or two columns that nobody knows, and unknown families. Some have no default
columns. Each has the rows of a known type, so its known columns agree with the other reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, cycle

import polars as pl

from stripe_reports import catalog
from stripe_reports.models import Column, ReportType
from stripe_reports.simulator.reports.reports import default_columns, simulated

__all__ = ["INVENTED_TYPES", "Invented", "invented", "with_invented_columns"]

_NUMBER = pl.col("_number")

_COLUMNS: Mapping[str, pl.Expr] = {
    "settlement_batch": pl.format("{}", (_NUMBER % 997).cast(pl.String).str.zfill(6)),
    "ledger_region": pl.when(_NUMBER % 3 == 0).then(pl.lit("EEA")).otherwise(pl.lit("ROW")),
    "regulatory_reserve": pl.format("-0.{}", (_NUMBER % 90 + 10).cast(pl.String)),
    "acquirer_reference_number": pl.format(
        "7426540{}", (_NUMBER * 7919 % 10**9).cast(pl.String).str.zfill(9)
    ),
    "risk_score": (_NUMBER * 31 % 100).cast(pl.String),
    "settled_on_business_day": pl.when(_NUMBER % 7 == 0)
    .then(pl.lit(None, pl.String))
    .otherwise(pl.lit("true")),
}
"""Columns that no catalogued type has, and their cells, by the number of the row."""

INVENTED_TYPES: Mapping[str, str] = {
    "regulatory_reserve": "decimal",
    "risk_score": "bigint",
    "settled_on_business_day": "boolean",
}
"""Types of these columns in v2, which tells types; the others are ``varchar``."""

_FAMILIES = (
    ("billing.credit_grants.itemized", "Itemized credit grants"),
    ("capital.financing_activity.itemized", "Itemized financing activity"),
    ("climate.orders.itemized", "Itemized climate orders"),
    ("crypto.stablecoin_settlement.itemized", "Itemized stablecoin settlement"),
    ("disputes.evidence_outcomes.itemized", "Itemized dispute outcomes"),
    ("instant_payouts.fees.itemized", "Itemized instant payout fees"),
    ("issuing.interchange.itemized", "Itemized issuing interchange"),
    ("issuing.transactions.itemized", "Itemized issuing transactions"),
    ("network_tokens.usage.itemized", "Itemized network token usage"),
    ("radar.reviews.itemized", "Itemized reviews"),
    ("reserves.holds.itemized", "Itemized reserve holds"),
    ("terminal.transactions.itemized", "Itemized terminal transactions"),
)
"""Unknown families: name without version, and title."""

_ROWS_OF_FAMILIES = "balance_change_from_activity.itemized"


@dataclass(frozen=True, slots=True)
class Invented:
    """An invented report type, and where its rows come from.

    Attributes:
        report_type: The type as the simulator offers it.
        source: The known type that has its rows.
    """

    report_type: ReportType
    source: ReportType


@cache
def invented(number: int) -> Mapping[str, Invented]:
    """Return that many invented types by id: first a version and a family in turn, then still newer versions.

    Raises:
        ValueError: There are not so many.
    """
    newest = list({type_.base: type_ for type_ in _by_version(simulated())}.values())
    unknown = cycle(_pairs())
    versions = chain.from_iterable([_newer(t, more, next(unknown)) for t in newest] for more in (1, 2, 3))
    families = _families(unknown)
    mixed: list[Invented] = []
    for version in versions:
        mixed += [version, *(family for family in (next(families, None),) if family)]
    if number > len(mixed):
        raise ValueError(f"At most {len(mixed)} report types can be invented; got {number}.")
    return {each.report_type.id: each for each in mixed[:number]}


def with_invented_columns(
    columns: list[str], pages: Callable[[list[str]], Iterator[pl.DataFrame]]
) -> Iterator[pl.DataFrame]:
    """Return the pages of a report with invented columns among the others.

    Args:
        columns: The columns of the file, in order.
        pages: Returns the pages with the given known columns, and at least one column.
    """
    known, first = [name for name in columns if name not in _COLUMNS], 0
    for page in pages(known):
        numbered = page.with_row_index("_number", offset=first).with_columns(_NUMBER.cast(pl.Int64))
        yield numbered.select(_COLUMNS[name].alias(name) if name in _COLUMNS else name for name in columns)
        first += page.height


def _by_version(types: Iterable[ReportType]) -> list[ReportType]:
    return sorted(types, key=lambda type_: type_.version)


def _newer(known: ReportType, more: int, unknown: tuple[str, ...]) -> Invented:
    catalogued = [type_.version for type_ in catalog.report_types().values() if type_.base == known.base]
    version = max(catalogued) + more
    return _invented(known, f"{known.base}.{version}", known.name, version, default_columns(known), unknown)


def _families(unknown: Iterator[tuple[str, ...]]) -> Iterator[Invented]:
    source = next(t for t in reversed(simulated()) if t.base == _ROWS_OF_FAMILIES)
    for number, (base, title) in enumerate(_FAMILIES):
        version = number % 3 + 1
        # Every family has other columns of the source, from two to nine.
        shared = default_columns(source)[: number % 8 + 2]
        found = _invented(source, f"{base}.{version}", title, version, shared, next(unknown))
        kept = tuple(column for column in found.report_type.columns if column.name in (*shared, *_COLUMNS))
        yield Invented(replace(found.report_type, family=None, columns=kept), source)


def _invented(
    source: ReportType,
    id_: str,
    name: str,
    version: int,
    shared: tuple[str, ...],
    unknown: tuple[str, ...],
) -> Invented:
    columns = (*source.columns, *(Column(column, "unknown") for column in unknown))
    defaults = (*shared, *unknown)
    report_type = replace(
        source,
        id=id_,
        name=name,
        version=version,
        # Stripe's specification does not require this member, and lets it be null.
        default_columns=None if version % 4 == 0 else defaults,
        columns=columns,
        superseded_by=None,
    )
    return Invented(report_type, source)


def _pairs() -> list[tuple[str, ...]]:
    """Return one or two of the unknown columns, each of them in turn."""
    names = list(_COLUMNS)
    return [tuple(names[n : n + n % 2 + 1]) for n in range(len(names))]
