"""Reports over the ledger: a report type and its parameters in, the bytes of Stripe's CSV file out.

All of them read the same rows, so they agree with each other to the last minor unit. *as_of* is the end
of the data that was published when the run was made: nothing that happened later shows in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from stripe_reports import catalog
from stripe_reports.models import ReportType
from stripe_reports.simulator import cells, details
from stripe_reports.simulator.ledger import MARKETS, Ledger

__all__ = ["csv", "default_columns", "is_simulated", "simulated"]

_DECIMALS = {market.currency: market.decimals for market in MARKETS}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a file is made from: a run's type and parameters, and the data it may show."""

    ledger: Ledger
    report_type: ReportType
    parameters: Mapping[str, Any]
    as_of: int

    @property
    def columns(self) -> list[str]:
        return list(self.parameters.get("columns") or default_columns(self.report_type))

    @property
    def start(self) -> int:
        return int(self.parameters["interval_start"])

    @property
    def end(self) -> int:
        return int(self.parameters["interval_end"])

    @property
    def currency(self) -> str | None:
        currency = self.parameters.get("currency")
        return currency and str(currency).lower()

    @property
    def zone(self) -> str:
        return str(self.parameters.get("timezone", "Etc/UTC"))

    @property
    def context(self) -> details.Context:
        return details.Context(self.zone, self.as_of, self.parameters.get("decimal_separator", "."))

    def rows(self, table: pl.DataFrame, time: str) -> pl.DataFrame:
        """The rows inside the interval that pass the filters."""
        wanted = (pl.col(time) >= self.start) & (pl.col(time) < self.end)
        if self.currency is not None:
            wanted &= pl.col("currency") == self.currency
        if (category := self.parameters.get("reporting_category")) is not None:
            wanted &= pl.col("reporting_category") == category
        return table.filter(wanted)


def is_simulated(report_type: ReportType) -> bool:
    """Whether the simulator can produce a type: its family is known here, and its columns are known."""
    return report_type.base in _FAMILIES and bool(report_type.columns)


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


def csv(ledger: Ledger, report_type: ReportType, parameters: Mapping[str, Any], as_of: int) -> bytes:
    """The file of a run, from parameters that have been checked.

    Args:
        ledger: The rows.
        report_type: A type that :func:`is_simulated`.
        parameters: As Stripe takes them, bounds in Unix seconds.
        as_of: End of the published data, in Unix seconds.
    """
    return cells.csv(_FAMILIES[report_type.base](_Asked(ledger, report_type, parameters, as_of)))


def _balance_summary(asked: _Asked) -> pl.DataFrame:
    """Eight rows for each currency that has ever moved, nine from version 2 on.

    A figure that no row of the ledger went into is an untouched zero: ``0.00`` without a currency. A
    currency of which all figures are untouched has no rows; if that leaves none, one set stands for all.
    """
    first, last = cells.label(asked.start, asked.zone), cells.label(asked.end - 1, asked.zone)
    figures = _balance_figures(asked.ledger, asked.start, asked.end)
    if asked.currency is not None:
        figures = {currency: f for currency, f in figures.items() if currency == asked.currency}
    rows = [
        (category, description.format(first=first, last=last), *_net_amount(currency, figure, category))
        for currency, figure in (figures or {"": {}}).items()
        for category, description, since in _BALANCE_ROWS
        if asked.report_type.version >= since
    ]
    schema = dict.fromkeys(("category", "description", "net_amount", "currency"), pl.String)
    return pl.DataFrame(rows, schema, orient="row").select(asked.columns)


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


def _net_amount(currency: str, figure: Mapping[str, int], category: str) -> tuple[str, str | None]:
    """Amount and currency of a row. What it is made of is counted: activity, payouts, a balance."""
    counted = category if category.endswith(("balance", "available")) else category.partition("_")[0]
    if not figure.get(f"{counted}_count"):
        return "0.00", None
    return cells.major(figure[category], _DECIMALS[currency]), currency


def _balance_figures(ledger: Ledger, start: int, end: int) -> dict[str, dict[str, int]]:
    """By currency, what happened before *end*: sums in minor units, and how many rows went into them."""
    created, net, gross = pl.col("created"), pl.col("net"), pl.col("gross")
    before, during = created < start, created >= start
    available = before & (pl.col("available_on") <= start)
    # A stand-alone fee has its amount in gross, and yet counts as a fee.
    is_fee = pl.col("reporting_category") == "fee"
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
            payouts_gross=net.filter(during).sum(),
            payouts_fee=pl.lit(0, pl.Int64),
            payouts=net.filter(during).sum(),
            payouts_count=during.sum(),
            ending_balance=net.sum(),
            ending_balance_count=pl.len(),
        )
    )
    both = pl.concat([activity, payouts], how="diagonal_relaxed").group_by("currency").sum().sort("currency")
    return {row.pop("currency"): row for row in both.to_dicts()}


def _itemized_activity(asked: _Asked) -> pl.DataFrame:
    """One row per balance transaction that is not a payout, in the order they were created."""
    columns = details.activity(asked.ledger.draws, asked.context)
    return details.select(asked.rows(asked.ledger.activity, "created"), asked.columns, columns)


def _itemized_payouts(asked: _Asked) -> pl.DataFrame:
    """One row per payout and one per payout that came back, by the time they took effect.

    Payouts are positive here, and negative in the balance summary.
    """
    columns = details.payouts(asked.ledger.draws, asked.context)
    return details.select(
        asked.rows(_payouts_as_positive(asked.ledger), "effective_at"), asked.columns, columns
    )


def _activity_summary(asked: _Asked) -> pl.DataFrame:
    """Count and sums by currency and reporting category, of the rows of the itemised report."""
    return _by_category(asked.rows(asked.ledger.activity, "created"), asked.columns)


def _payouts_summary(asked: _Asked) -> pl.DataFrame:
    """Count and sums by currency and reporting category, of the rows of the itemised report."""
    return _by_category(asked.rows(_payouts_as_positive(asked.ledger), "effective_at"), asked.columns)


def _payouts_as_positive(ledger: Ledger) -> pl.DataFrame:
    net = -pl.col("net")
    return ledger.movements.with_columns(net=net, gross=net, fee=pl.lit(0, pl.Int64))


def _by_category(rows: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    sums = rows.group_by("currency", "reporting_category").agg(
        pl.len().alias("count"), pl.col("gross", "fee", "net").sum()
    )
    decimals = pl.col("currency").replace_strict(_DECIMALS, return_dtype=pl.Int64)
    return (
        sums.sort("currency", "reporting_category")
        .with_columns(cells.money(pl.col(name), decimals).alias(name) for name in ("gross", "fee", "net"))
        .select(columns)
    )


_FAMILIES: dict[str, Callable[[_Asked], pl.DataFrame]] = {
    "balance.summary": _balance_summary,
    "balance_change_from_activity.itemized": _itemized_activity,
    "balance_change_from_activity.summary": _activity_summary,
    "payouts.itemized": _itemized_payouts,
    "payouts.summary": _payouts_summary,
}
"""What the simulator plays: report types without their version, and what produces their rows."""
