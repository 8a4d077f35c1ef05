"""Reports over the ledger: from a report type and its parameters to Stripe's CSV file.

*as_of* is the end of the data published when the run was created: a file contains nothing later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from stripe_reports import catalog
from stripe_reports.models import ReportType
from stripe_reports.simulator.ledger.connected_accounts import connected_account
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.reports import (
    balance_summary,
    cells,
    components,
    details,
    fees,
    financial_accounts,
    interchange,
    negative_balances,
    revenue_recognition,
    selections,
    tax,
    treasury_fees,
)
from stripe_reports.simulator.reports.contents import Contents
from stripe_reports.simulator.reports.selections import Asked, Pages, Rows, parts

__all__ = ["csv", "default_columns", "is_simulated", "pages", "simulated"]


def is_simulated(report_type: ReportType) -> bool:
    """Tell whether the simulator has a report type: it has those with known columns, and invents none."""
    return _rows_of(report_type) in _PAGES and bool(report_type.columns)


def simulated(*, livemode: bool = True) -> list[ReportType]:
    """Return the simulated report types in the order of the catalogue; test keys do not get all of them."""
    return [
        type_
        for type_ in catalog.report_types().values()
        if is_simulated(type_) and (livemode or not type_.livemode_only)
    ]


def default_columns(report_type: ReportType) -> tuple[str, ...]:
    """Return the columns of a run that requests none.

    If they are not known: those of the nearest version that has only columns of this one. For a report on
    connected accounts: the account, then the columns of the platform's report.
    """
    names = {column.name for column in report_type.columns}
    for base in (report_type.base, _rows_of(report_type)):
        kin = (type_ for type_ in simulated() if type_.base == base)
        for type_ in sorted(kin, key=lambda type_: abs(type_.version - report_type.version)):
            if type_.default_columns and names.issuperset(type_.default_columns):
                account = ("connected_account",) if base != report_type.base else ()
                return account + type_.default_columns
    return tuple(column.name for column in report_type.columns if column.kind != "metadata")


def _rows_of(report_type: ReportType) -> str:
    """Name the report whose rows a type has: for connected accounts, that of the platform."""
    return report_type.base.removeprefix("connected_account_")


def csv(
    ledger: Ledger,
    report_type: ReportType,
    parameters: Mapping[str, Any],
    as_of: int,
    account: str | None = None,
) -> Contents:
    """Return the file of a run, from checked parameters. It is created when first read.

    Args:
        ledger: The rows of the platform.
        report_type: A type that :func:`is_simulated`.
        parameters: As Stripe takes them, bounds in Unix seconds.
        as_of: End of the published data, in Unix seconds.
        account: The caller. A connected account gets its own rows; all others get the platform's.
    """
    columns = list(parameters.get("columns") or default_columns(report_type))
    return Contents(lambda: cells.csv(pages(ledger, report_type, parameters, columns, as_of, account)))


def pages(
    ledger: Ledger,
    report_type: ReportType,
    parameters: Mapping[str, Any],
    columns: list[str],
    as_of: int,
    account: str | None,
) -> Iterator[pl.DataFrame]:
    """Return the cells of a file, with these columns; see :func:`csv`."""
    asker = connected_account(ledger, account) if account else None
    asked = Asked(ledger, report_type, parameters, columns, as_of, asker)
    return _PAGES[_rows_of(report_type)](parts(asked))


def _itemized(rows: Callable[[Asked], Rows], columns: details.Of) -> Pages:
    """Return the rows with the requested columns, account by account."""

    def pages(parts: Sequence[Asked]) -> Iterator[pl.DataFrame]:
        for asked in parts:
            of_row = columns(asked.ledger.draws, asked.context).in_utc(asked.columns_in_utc)
            for page in rows(asked).pages():
                yield of_row.select(page, asked.columns)

    return pages


def _summary(rows: Callable[[Asked], Rows]) -> Pages:
    """Count and sum the rows of the itemised report, by currency and reporting category."""

    def pages(parts: Sequence[Asked]) -> Iterator[pl.DataFrame]:
        summed = ("currency", "reporting_category", "gross", "fee", "net")
        every = pl.concat([rows(asked).lazy().select(summed) for asked in parts])
        counted = every.group_by("currency", "reporting_category").agg(
            pl.len().alias("count"), pl.col("gross", "fee", "net").sum()
        )
        yield details.summary().select(
            counted.sort("currency", "reporting_category").collect(), parts[0].columns
        )

    return pages


_PAGES: dict[str, Pages] = {
    "activity.itemized": _itemized(components.components, components.columns),
    "activity.summary": _summary(selections.activity),
    "all_fees.balance_transaction_created.itemized": _itemized(fees.by_balance_transaction, fees.columns),
    "all_fees.incurred_at.itemized": _itemized(fees.by_incurred_date, fees.columns),
    "all_fees.vat_invoice_v2.itemized": _itemized(fees.invoiced, fees.columns),
    "all_fees.vat_invoice_v2.summarized": fees.invoiced_sums,
    "balance.summary": balance_summary.pages,
    "connect_card_payments_fees.plan_level": interchange.plan_pages,
    "connect_card_payments_fees.transaction_level": _itemized(interchange.transactions, interchange.columns),
    "financial_account_balance.summary": financial_accounts.summary_pages,
    "financial_account_balance_change_from_activity.itemized": _itemized(
        financial_accounts.activity, financial_accounts.columns
    ),
    "revenue_recognition.debit_credit_summary": revenue_recognition.summed_by(),
    **{
        f"revenue_recognition.debit_credit_by_{what}": revenue_recognition.summed_by(f"{what}_id")
        for what in ("customer", "price", "product")
    },
    **{
        f"revenue_recognition.debit_credit_by_{what}": revenue_recognition.itemized
        for what in ("invoice", "invoice_line_item")
    },
    "treasury_fees.administrative_facilitation_fee": _itemized(treasury_fees.by_day, treasury_fees.columns),
    "tax.transactions.itemized": _itemized(tax.transactions, tax.columns),
    "connect.negative_balance_refunds_disputes_overview": negative_balances.pages,
    "balance_change_from_activity.itemized": _itemized(selections.activity, details.activity),
    "balance_change_from_activity.summary": _summary(selections.activity),
    "payouts.itemized": _itemized(selections.payouts, details.payouts),
    "payouts.summary": _summary(selections.payouts),
    "payout_reconciliation.itemized": _itemized(selections.in_payouts, details.balance),
    "payout_reconciliation.summary": _summary(selections.in_payouts),
    "payout_reconciliation.by_id.itemized": _itemized(selections.in_payout, details.balance),
    "payout_reconciliation.by_id.summary": _summary(selections.in_payout),
    "ending_balance_reconciliation.itemized": _itemized(selections.unsettled, details.balance),
    "ending_balance_reconciliation.summary": _summary(selections.unsettled),
}
"""The simulated reports without their version, and the function that produces their cells."""
