"""The balance summary: starting balance, activity, payouts, ending balance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from stripe_reports.catalog import FEE_CATEGORIES
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.ledger.markets import DECIMALS
from stripe_reports.simulator.reports import cells
from stripe_reports.simulator.reports.selections import Asked

__all__ = ["figures_of", "pages"]


def pages(parts: Sequence[Asked]) -> Iterator[pl.DataFrame]:
    """Return eight rows for each currency with any activity, nine from version 2 on; all accounts together.

    A figure without any row of the ledger is an empty zero: ``0.00`` without a currency. A currency whose
    figures are all empty has no rows; if no currency is left, the report has one set of empty figures.
    """
    asked = parts[0]
    first, last = cells.label(asked.start, asked.zone), cells.label(asked.end - 1, asked.zone)
    figures = figures_of((part.ledger for part in parts), asked.start, asked.end)
    if asked.currency is not None:
        figures = {currency: f for currency, f in figures.items() if currency == asked.currency}
    rows = [
        (category, description.format(first=first, last=last), *_net_amount(currency, figure, category))
        for currency, figure in (figures or {"": {}}).items()
        for category, description, since in _BALANCE_ROWS
        if asked.report_type.version >= since
    ]
    schema = dict.fromkeys(("category", "description", "net_amount", "currency"), pl.String)
    yield pl.DataFrame(rows, schema, orient="row").select(asked.columns)


_BALANCE_ROWS = (
    ("starting_balance", "Starting balance ({first})", 1),
    ("starting_balance_available", "Available balance ({first})", 2),
    ("activity_gross", "Account activity before fees", 1),
    ("activity_fee", "Less fees", 1),
    ("activity", "Activity", 1),
    ("payouts_gross", "Payouts to bank", 1),
    ("payouts_fee", "Payout fees", 1),
    ("payouts", "Total payouts", 1),
    ("ending_balance", "Ending balance ({last})", 1),
)
"""Category, description and first version of each row of a balance summary."""

_IN_FEE = {"fee": FEE_CATEGORIES, "gross": ("fee",)}
"""Categories whose gross counts as a fee, by the account's terms."""


def _net_amount(currency: str, figure: Mapping[str, int], category: str) -> tuple[str, str | None]:
    """Return amount and currency of a row, summed from activity, payouts or a balance; sums are counted."""
    counted = category if category.endswith(("balance", "available")) else category.partition("_")[0]
    if not figure.get(f"{counted}_count"):
        return "0.00", None
    return cells.major(figure[category], DECIMALS[currency]), currency


def figures_of(ledgers: Iterable[Ledger], start: int, end: int) -> dict[str, dict[str, int]]:
    """Return the sums before *end* by currency, in minor units, with the number of rows in each."""
    sums = [part for ledger in ledgers for part in _sums(ledger, start, end)]
    both = pl.concat(sums, how="diagonal_relaxed").group_by("currency").sum().sort("currency")
    return {row.pop("currency"): row for row in both.to_dicts()}


def _sums(ledger: Ledger, start: int, end: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the same sums of the activity and payouts of one ledger."""
    created, net, gross = pl.col("created"), pl.col("net"), pl.col("gross")
    before, during = created < start, created >= start
    available = before & (pl.col("available_on") <= start)
    # A stand-alone fee has its amount in gross, but counts as a fee.
    is_fee = pl.col("reporting_category").is_in(_IN_FEE[ledger.terms.network_cost])
    activity = (
        ledger.activity.filter(created < end)
        .group_by("currency")
        .agg(
            starting_balance=net.filter(before).sum(),
            starting_balance_count=before.sum(),
            starting_balance_available=net.filter(available).sum(),
            starting_balance_available_count=available.sum(),
            activity_gross=gross.filter(during & ~is_fee).sum(),
            activity_fee=gross.filter(during & is_fee).sum() - pl.col("fee").filter(during).sum(),
            activity=net.filter(during).sum(),
            activity_count=during.sum(),
            ending_balance=net.sum(),
            ending_balance_count=pl.len(),
        )
    )
    before, during = pl.col("effective_at") < start, pl.col("effective_at") >= start
    payouts = (
        ledger.movements.filter(pl.col("effective_at") < end)
        .group_by("currency")
        .agg(
            starting_balance=net.filter(before).sum(),
            starting_balance_count=before.sum(),
            starting_balance_available=net.filter(before).sum(),
            starting_balance_available_count=before.sum(),
            payouts_gross=(net + pl.col("fee")).filter(during).sum(),
            payouts_fee=-pl.col("fee").filter(during).sum(),
            payouts=net.filter(during).sum(),
            payouts_count=during.sum(),
            ending_balance=net.sum(),
            ending_balance_count=pl.len(),
        )
    )
    return activity, payouts
