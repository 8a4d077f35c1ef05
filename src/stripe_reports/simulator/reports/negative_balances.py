"""Connected accounts with a negative balance, or with many refunds or disputes.

Stripe does not publish its limits for many disputes or refunds; here they are a hundredth and a tenth of an
account's sales in seven days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.ledger.markets import DECIMALS
from stripe_reports.simulator.reports import cells
from stripe_reports.simulator.reports.balance_summary import figures_of
from stripe_reports.simulator.reports.selections import Asked

__all__ = ["pages"]

_DAY = 86_400
_MANY_DISPUTES, _MANY_REFUNDS = 100, 10
"""The limits: one in this number of units sold."""


def pages(parts: Sequence[Asked]) -> Iterator[pl.DataFrame]:
    """Return a row per account and currency with a negative balance, or a refund or dispute in two weeks."""
    rows = [row for asked in parts for row in _rows(asked)]
    schema = dict.fromkeys(parts[0].columns, pl.String)
    yield pl.DataFrame([[row[name] for name in schema] for row in rows], schema, orient="row")


def _rows(asked: Asked) -> Iterator[dict[str, str | None]]:
    account, end = asked.account, asked.end
    if account is None:
        raise AssertionError("A report on connected accounts has no row of the platform's.")
    this_week = _week(asked.ledger, end)
    last_week = _week(asked.ledger, end - 7 * _DAY)
    nothing = {"charge": 0, "refund": 0, "dispute": 0}
    for currency, figure in figures_of([asked.ledger], end - _DAY, end).items():
        pending = _pending_debits(asked.ledger, currency, end)
        settled, change = figure["ending_balance"], figure["activity"] + figure["payouts"]
        now, before = this_week.get(currency, nothing), last_week.get(currency, nothing)
        trouble = (now["refund"], before["refund"], now["dispute"], before["dispute"])
        if settled >= 0 and not any(trouble):
            continue

        def amount(minor: int, decimals: int = DECIMALS[currency]) -> str:
            return cells.major(minor, decimals)

        yield {
            "account_id": account.id,
            "business_name": account.name,
            "country": account.country,
            "currency": currency,
            "balance": amount(settled + pending),
            "balance_24hr_net_change": amount(change),
            "balance_excluding_pending_debits": amount(settled),
            "pending_debits": amount(pending),
            "has_24hr_negative_balance_change": _flag(settled < 0 <= settled - change),
            "has_high_disputes": _flag(now["dispute"] * _MANY_DISPUTES > now["charge"]),
            "has_high_refunds": _flag(now["refund"] * _MANY_REFUNDS > now["charge"]),
            "disputed_amount_7d": amount(now["dispute"]),
            "disputed_amount_7d_prev": amount(before["dispute"]),
            "dispute_pct_change": _change(before["dispute"], now["dispute"]),
            "refunded_amount_7d": amount(now["refund"]),
            "refunded_amount_7d_prev": amount(before["refund"]),
            "refund_pct_change": _change(before["refund"], now["refund"]),
        }


def _week(ledger: Ledger, end: int) -> dict[str, dict[str, int]]:
    """Sum sales, refunds and disputes in the week before *end*, by currency, all as positive amounts."""
    gross, category = pl.col("gross"), pl.col("reporting_category")
    sums = (
        ledger.activity.filter(pl.col("created").is_between(end - 7 * _DAY, end, closed="left"))
        .group_by("currency")
        .agg(
            gross.abs().filter(category == name).sum().alias(name) for name in ("charge", "refund", "dispute")
        )
    )
    return {row.pop("currency"): row for row in sums.to_dicts()}


def _pending_debits(ledger: Ledger, currency: str, end: int) -> int:
    """Sum what Stripe is collecting from the account's bank and has not received yet."""
    is_on_its_way = (pl.col("created") < end) & (pl.col("effective_at") >= end)
    debits = ledger.payouts.filter(is_on_its_way, pl.col("amount") < 0, pl.col("currency") == currency)
    return -int(debits["amount"].sum())


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _change(before: int, now: int) -> str | None:
    """Return the change in percent, with two decimals; None if there is nothing to compare with."""
    if not before:
        return None
    hundredths = abs(now - before) * 10_000 // before
    return cells.major(hundredths if now >= before else -hundredths, 2)
