"""Reports over the ledger: a report type and its parameters in, Stripe's CSV file out.

*as_of* is the end of the data that was published when the run was made: nothing that happened later shows
in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from stripe_reports import catalog
from stripe_reports.models import ReportType
from stripe_reports.simulator import balance_summary, cells, details, selections
from stripe_reports.simulator.contents import Contents
from stripe_reports.simulator.ledger import Ledger
from stripe_reports.simulator.selections import Asked, Rows

__all__ = ["csv", "default_columns", "is_simulated", "simulated"]


def is_simulated(report_type: ReportType) -> bool:
    """Whether the simulator can produce a type: its family is known here, and its columns are known."""
    return report_type.base in _PAGES and bool(report_type.columns)


def simulated() -> list[ReportType]:
    """The report types that the simulator plays, in the order of the catalogue."""
    return [type_ for type_ in catalog.report_types().values() if is_simulated(type_)]


def default_columns(report_type: ReportType) -> tuple[str, ...]:
    """The columns of a run that asks for none.

    Where nobody has seen them, those of the nearest version that has only columns of this one.
    """
    names = {column.name for column in report_type.columns}
    kin = (type_ for type_ in simulated() if type_.base == report_type.base)
    for type_ in sorted(kin, key=lambda type_: abs(type_.version - report_type.version)):
        if type_.default_columns and names.issuperset(type_.default_columns):
            return type_.default_columns
    return tuple(column.name for column in report_type.columns if column.kind != "metadata")


def csv(ledger: Ledger, report_type: ReportType, parameters: Mapping[str, Any], as_of: int) -> Contents:
    """The file of a run, from parameters that have been checked. It is made when first read.

    Args:
        ledger: The rows.
        report_type: A type that :func:`is_simulated`.
        parameters: As Stripe takes them, bounds in Unix seconds.
        as_of: End of the published data, in Unix seconds.
    """
    columns = list(parameters.get("columns") or default_columns(report_type))
    asked = Asked(ledger, report_type, parameters, columns, as_of)
    return Contents(lambda: cells.csv(_PAGES[report_type.base](asked)))


def _itemized(
    rows: Callable[[Asked], Rows], columns: details.Of
) -> Callable[[Asked], Iterator[pl.DataFrame]]:
    """The rows with the columns that were asked for."""

    def pages(asked: Asked) -> Iterator[pl.DataFrame]:
        of_row = columns(asked.ledger.draws, asked.context)
        return (of_row.select(page, asked.columns) for page in rows(asked).pages())

    return pages


def _summary(rows: Callable[[Asked], Rows]) -> Callable[[Asked], Iterator[pl.DataFrame]]:
    """Count and sums by currency and reporting category, of the rows of the itemised report."""

    def pages(asked: Asked) -> Iterator[pl.DataFrame]:
        sums = rows(asked).lazy().group_by("currency", "reporting_category")
        counted = sums.agg(pl.len().alias("count"), pl.col("gross", "fee", "net").sum())
        yield details.summary().select(
            counted.sort("currency", "reporting_category").collect(), asked.columns
        )

    return pages


_PAGES: dict[str, Callable[[Asked], Iterator[pl.DataFrame]]] = {
    "balance.summary": balance_summary.pages,
    "balance_change_from_activity.itemized": _itemized(selections.activity, details.activity),
    "balance_change_from_activity.summary": _summary(selections.activity),
    "payouts.itemized": _itemized(selections.payouts, details.payouts),
    "payouts.summary": _summary(selections.payouts),
    "payout_reconciliation.itemized": _itemized(selections.in_payouts, details.activity),
    "payout_reconciliation.summary": _summary(selections.in_payouts),
    "payout_reconciliation.by_id.itemized": _itemized(selections.in_payout, details.activity),
    "payout_reconciliation.by_id.summary": _summary(selections.in_payout),
    "ending_balance_reconciliation.itemized": _itemized(selections.unsettled, details.balance),
    "ending_balance_reconciliation.summary": _summary(selections.unsettled),
}
"""What the simulator plays: report types without their version, and what produces their cells."""
