"""A financial account at Stripe, in dollars: it receives the merchant's usd payouts and pays suppliers.

Every Friday, part of the money received in the week before is paid to suppliers, and some to the owner's
bank. Failed payouts never arrive. Only a few columns of these reports are known, and none for the currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.ledger.markets import DECIMALS
from stripe_reports.simulator.reports import cells
from stripe_reports.simulator.reports.cells import money, timestamp
from stripe_reports.simulator.reports.details import Columns, Context
from stripe_reports.simulator.reports.selections import Asked, Rows

__all__ = ["CURRENCY", "activity", "columns", "summary_pages", "transactions"]

CURRENCY = "usd"

_DAY = 86_400
_WEEK = 7 * _DAY
_FRIDAY_AFTERNOON = _DAY + 14 * 3600
"""Weeks begin on Thursday, because the first of January 1970 was one."""
_FLOWS = (
    ("received_credit", "Payouts received"),
    ("received_debit", "Debits received"),
    ("outbound_payment", "Payments to suppliers"),
    ("outbound_transfer", "Transfers to own bank account"),
)


def activity(asked: Asked) -> Rows:
    """Return the transactions created in the interval, by time."""
    return Rows(transactions(asked.ledger, asked.as_of), asked.during("created"))


def columns(draws: Draws, context: Context) -> Columns:
    """Return the known columns of the itemised report."""
    decimals = pl.lit(DECIMALS[CURRENCY])
    return Columns(
        {},
        {
            "created": timestamp(pl.col("created"), context.zone),
            "category": pl.col("category"),
            "status": pl.col("status"),
            "amount": money(pl.col("amount"), decimals, point=context.point),
            "available_balance_impact": money(pl.col("impact"), decimals, point=context.point),
        },
    )


def summary_pages(parts: Sequence[Asked]) -> Iterator[pl.DataFrame]:
    """Return the available balance at the start, its changes, and the balance at the end."""
    asked = parts[0]
    first, last = cells.label(asked.start, asked.zone), cells.label(asked.end - 1, asked.zone)
    rows = transactions(asked.ledger, asked.as_of)
    impact, category = pl.col("impact"), pl.col("category")
    started = rows.select(impact.filter(pl.col("created") < asked.start).sum()).item()
    ended = rows.select(impact.filter(pl.col("created") < asked.end).sum()).item()
    during = rows.filter(asked.during("created"))
    flows = [
        (name, text, during.select(impact.filter(category == name).sum()).item()) for name, text in _FLOWS
    ]
    shown = [
        ("starting_balance", f"Starting balance ({first})", started),
        *flows,
        ("ending_balance", f"Ending balance ({last})", ended),
    ]
    table = pl.DataFrame(shown, ["category", "description", "amount"], orient="row")
    amount = money(pl.col("amount"), pl.lit(DECIMALS[CURRENCY]), point=asked.context.point)
    yield table.with_columns(amount=amount).select(asked.columns)


def transactions(ledger: Ledger, as_of: int) -> pl.DataFrame:
    """Return the transactions created before *as_of*, by time, with ``impact`` on the available balance."""
    draws, amount = ledger.draws, pl.col("amount")
    paid = ledger.payouts.filter(pl.col("currency") == CURRENCY, pl.col("effective_at") < as_of)
    paid = paid.with_columns(amount=amount - pl.col("fee"))  # the fee never leaves Stripe
    is_failing, is_known = pl.col("failed_at").is_not_null(), pl.col("failed_at") < as_of
    received = paid.select(
        created="effective_at",
        category=pl.when(amount > 0).then(pl.lit("received_credit")).otherwise(pl.lit("received_debit")),
        status=pl.when(is_known)
        .then(pl.lit("void"))
        .when(is_failing)
        .then(pl.lit("pending"))
        .otherwise(pl.lit("posted")),
        amount=amount,
        impact=pl.when(is_failing).then(0).otherwise(amount),
    )
    weeks = (
        received.group_by(week=pl.col("created") // _WEEK)
        .agg(came=pl.col("impact").filter(amount > 0).sum())
        .sort("week")
        .filter(pl.col("came") > 0)
        .with_columns(_at=(pl.col("week") + 1) * _WEEK + _FRIDAY_AFTERNOON)
    )
    number = pl.col("week").cast(pl.UInt64)
    sent = [
        weeks.select(
            created=pl.col("_at") + draws.below(2 * 3600, f"{category} at", number),
            category=pl.lit(category),
            amount=-(pl.col("came") * (least + draws.below(15, category, number)) // 100),
        )
        for category, least in (("outbound_payment", 45), ("outbound_transfer", 20))
    ]
    out = pl.concat(sent).filter(pl.col("created") < as_of, amount < 0)
    # Outgoing money leaves the balance at once; its arrival is recorded a day later.
    out = out.with_columns(
        impact=amount,
        status=pl.when(pl.col("created") + _DAY < as_of).then(pl.lit("posted")).otherwise(pl.lit("pending")),
    )
    return pl.concat([received, out.select(received.columns)]).sort("created", "category", "amount")
