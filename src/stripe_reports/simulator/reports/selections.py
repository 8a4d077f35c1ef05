"""Selection of the ledger's rows for each report.

All reports read the same rows, so they agree with each other to the last minor unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from stripe_reports.models import ReportType, month_bounds
from stripe_reports.simulator.ledger.connected_accounts import ConnectedAccount, connected_accounts
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.ledger.markets import CATEGORY, CURRENCY
from stripe_reports.simulator.reports.details import Context

__all__ = ["Asked", "Pages", "Rows", "activity", "in_payout", "in_payouts", "parts", "payouts", "unsettled"]

_PAGE = 50_000
_CARD_FEES = "connect_card_payments_fees"


@dataclass(frozen=True, slots=True)
class Asked:
    """The input of a file: a run's report type and parameters, and the data it may show.

    Attributes:
        columns: Names in the order of the file.
        as_of: End of the published data, in Unix seconds.
        account: The connected account that the rows belong to; None for the platform.
    """

    ledger: Ledger
    report_type: ReportType
    parameters: Mapping[str, Any]
    columns: list[str]
    as_of: int
    account: ConnectedAccount | None = None

    @property
    def start(self) -> int:
        """First second of the interval, or of the tax invoice month."""
        return self._bounds[0]

    @property
    def end(self) -> int:
        """The second after its last; some report types have only this bound."""
        return self._bounds[1]

    @property
    def _bounds(self) -> tuple[int, int]:
        if (month := self.parameters.get("tax_invoice_month")) is not None:
            start, end = month_bounds(month)
            return int(start.timestamp()), int(end.timestamp())
        return int(self.parameters.get("interval_start", 0)), int(self.parameters["interval_end"])

    @property
    def currency(self) -> str | None:
        """The currency to keep, in lower case; None for all."""
        currency = self.parameters.get("currency")
        return currency and str(currency).lower()

    @property
    def zone(self) -> str:
        """The zone of local times."""
        return str(self.parameters.get("timezone", "Etc/UTC"))

    @property
    def columns_in_utc(self) -> list[str]:
        """Columns that are always in UTC, according to the catalogue."""
        known = map(self.report_type.column, self.columns)
        return [column.name for column in known if column and column.kind == "datetime_utc"]

    @property
    def context(self) -> Context:
        """The values that the columns depend on."""
        named = self.parameters.get("decimal_separator", self.parameters.get("decimal_format"))
        point = str(named or ".")
        context = Context(self.zone, self.as_of, point, self.ledger.restatements)
        if self.account is None:
            return context
        account = self.account
        return replace(context, account=account.id, account_name=account.name, platform=account.platform)

    def during(self, time: str) -> pl.Expr:
        """Tell whether that column's time lies in the interval."""
        return pl.col(time).is_between(self.start, self.end, closed="left")

    @property
    def filters(self) -> pl.Expr:
        """Tell whether a row matches ``currency`` and ``reporting_category``."""
        passes = pl.lit(value=True)
        for name, wanted, known in (
            ("currency", self.currency, CURRENCY),
            ("reporting_category", self.parameters.get("reporting_category"), CATEGORY),
        ):
            if wanted is not None:
                passes &= pl.col(name) == wanted if wanted in known.categories else pl.lit(value=False)
        return passes


Pages = Callable[[Sequence[Asked]], Iterator[pl.DataFrame]]
"""Returns the cells of a report, for the request and each account in it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table, selected by number: the table may be large, and is not copied.

    Attributes:
        order: Columns to sort by; empty if the table is already in order.
    """

    table: pl.DataFrame
    wanted: pl.Expr
    order: tuple[str, ...] = ()

    def lazy(self) -> pl.LazyFrame:
        """Return the rows in the order of the table."""
        return self.table.lazy().filter(self.wanted)

    def pages(self) -> Iterator[pl.DataFrame]:
        """Return the rows in order, some ten thousand at a time, at least one page."""
        picked = self.table.lazy().with_row_index("number").filter(self.wanted)
        if self.order:
            picked = picked.sort(*self.order, "number")
        numbers = picked.select("number").collect().to_series()
        for first in range(0, max(1, numbers.len()), _PAGE):
            yield self.table[numbers[first : first + _PAGE]]


def parts(asked: Asked) -> list[Asked]:
    """Return the report itself, or one part for each connected account if it is about them.

    ``connected_account`` and ``connected_accounts`` name the accounts; a connected account gets only itself,
    and so does an account on interchange-plus in the reports of what its card payments cost.
    """
    base = asked.report_type.base
    is_own = base.startswith(_CARD_FEES) and asked.ledger.terms.pricing == "interchange_plus"
    if is_own or not base.startswith("connect"):
        return [replace(asked, ledger=asked.account.ledger) if asked.account else asked]
    named = [asked.parameters.get("connected_account"), *asked.parameters.get("connected_accounts", [])]
    wanted = {asked.account.id} if asked.account else {id_ for id_ in named if id_}
    return [
        replace(asked, ledger=account.ledger, account=account)
        for account in connected_accounts(asked.ledger)
        if not wanted or account.id in wanted
    ]


def activity(asked: Asked) -> Rows:
    """Return the balance transactions other than payouts that were created in the interval, by time."""
    return Rows(asked.ledger.activity, asked.during("created") & asked.filters)


def payouts(asked: Asked) -> Rows:
    """Return one row per payout and one per returned payout, by the time they took effect.

    Payouts are positive here, and negative in the balance summary.
    """
    table = asked.ledger.movements.with_columns(
        gross=-(pl.col("net") + pl.col("fee")), fee=-pl.col("fee"), net=-pl.col("net")
    )
    return Rows(table, asked.during("effective_at") & asked.filters)


def in_payouts(asked: Asked) -> Rows:
    """Return the transactions settled by the automatic payouts of the interval, payout by payout.

    Payouts that failed later are included: they settled their transactions, and were returned as one sum.
    """
    wanted = asked.during("payout_effective_at") & asked.filters
    return Rows(_settled(asked.ledger), wanted, ("payout_effective_at", "payout"))


def in_payout(asked: Asked) -> Rows:
    """Return the transactions settled by one automatic payout, as in the report by interval."""
    payout = asked.ledger.payout(asked.parameters["payout"])
    number = payout and payout["payout"]
    return Rows(_settled(asked.ledger), (pl.col("payout") == pl.lit(number, pl.UInt64)) & asked.filters)


def _settled(ledger: Ledger) -> pl.DataFrame:
    """Return the activity, and if the account's terms say so, each automatic payout after its transactions.

    By default there is no row for the payout itself: Stripe's guide speaks of the transactions in the
    settlement batch. Some people find one; no genuine file that has it is known.
    Source: https://docs.stripe.com/reports/payout-reconciliation
    """
    if not ledger.terms.lists_payouts:
        nobody = {"moved": pl.lit(None, pl.UInt64), "automatic": pl.lit(None, pl.Boolean)}
        return ledger.activity.with_columns(**nobody)
    settling = pl.col("automatic") & (pl.col("reporting_category") == "payout")
    themselves = ledger.movements.filter(settling).select(
        *_as_transactions(),
        payout="payout",
        payout_created="created",
        payout_effective_at="effective_at",
    )
    return pl.concat([ledger.activity, themselves], how="diagonal")


def _as_transactions() -> list[pl.Expr]:
    """Return the columns of a balance transaction for movements by payouts."""
    return [
        pl.col("reporting_category", "currency", "net", "fee", "automatic"),
        (pl.col("net") + pl.col("fee")).alias("gross"),
        pl.lit(0, pl.Int64).alias("withheld_tax"),
        pl.col("effective_at").alias("created"),
        pl.col("effective_at").alias("available_on"),
        pl.col("payout").alias("moved"),
    ]


def unsettled(asked: Asked) -> Rows:
    """Return the transactions in the ending balance: all that no automatic payout had settled by then.

    For manual payouts, Stripe does not know which transactions they settle. So all transactions of a currency
    with manual payouts stay, and those payouts are rows too, with negative amounts; so is a failed payout
    that was returned and paid again by hand. The rows of each currency sum to its ending balance.
    """
    ended = asked.end
    is_settling = pl.col("automatic") & (pl.col("reporting_category") == "payout")
    by_hand = asked.ledger.movements.filter((pl.col("effective_at") < ended) & ~is_settling)
    by_hand = by_hand.select(_as_transactions())
    is_settled = pl.col("payout_effective_at") < ended
    open_ = asked.ledger.activity.filter(
        (pl.col("created") < ended) & is_settled.not_().fill_null(value=True)
    )
    table = pl.concat([open_, by_hand], how="diagonal").sort("created", "transaction", "moved")
    return Rows(table, asked.filters)
