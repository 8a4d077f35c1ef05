"""How an account pays Stripe: a fee in each charge, or fees as rows of their own by product and day.

Such a row is a balance transaction of whole minor units: ``gross`` has the fees of one product and day,
``fee`` the tax on them. What each charge costs is finer: millionths of the major unit, as in Stripe's
interchange-plus reports. A row is the sum of its charges, rounded away from zero.

Known: the categories, that ``fee`` is tax, descriptions such as ``Card payments (2026-10-02): Interchange``
and ``Credit for previously-assessed fees``, and a delay of up to 36 hours. Invented: the rates, the names of
the other products, and how the sums are rounded.
Source: https://docs.stripe.com/standalone-fees
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import polars as pl

from stripe_reports.simulator.ledger import pools
from stripe_reports.simulator.ledger.card_costs import MICRO, with_rates
from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.markets import CATEGORY, CURRENCY, MARKETS

__all__ = ["PRODUCTS", "Pricing", "Product", "Terms", "assessed_product", "is_assessed", "priced"]

Pricing = Literal["blended", "interchange_plus", "stand_alone"]

_DAY = 86_400
_ASSESSED = 3 << 59
"""The first transaction number of these rows; see ``restatements`` and ``ledger`` for the others."""
_LATEST = 36 * 3600
_CREDITED_AFTER = 8
"""Days between the end of a day and the credit for its fees."""
_TAX = {"eur": 23, "jpy": 10}
"""Percent of tax on these fees: of an account in Ireland, and of one in Japan."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an account has agreed with Stripe, and how Stripe's reports treat what no source proves.

    Attributes:
        pricing: ``"blended"``: each charge carries its fee. ``"interchange_plus"``: the cost of a card
            payment is in rows ``network_cost`` and ``fee``; other charges carry their fees.
            ``"stand_alone"``: no charge or dispute carries a fee.
        has_instant_payouts: True if some payouts by hand are instant: the bank gets less than leaves the
            balance, and the difference is the payout's fee.
        network_cost: Where the balance summary counts ``network_cost``, ``contribution`` and
            ``financing_paydown``: in ``activity_fee``, as Stripe's rule says, or in ``activity_gross``.
        lists_payouts: True if a payout reconciliation also has a row for each payout itself.
    """

    pricing: Pricing = "blended"
    has_instant_payouts: bool = False
    network_cost: Literal["fee", "gross"] = "fee"
    lists_payouts: bool = False

    @property
    def key(self) -> str:
        """The options that differ from the defaults, as part of a test key."""
        named = {
            self.pricing: self.pricing != "blended",
            "instant_payouts": self.has_instant_payouts,
            "network_cost_in_gross": self.network_cost == "gross",
            "payouts_listed": self.lists_payouts,
        }
        return "_".join(name for name, is_set in named.items() if is_set)


class Product(NamedTuple):
    """What such a row is for.

    Attributes:
        category: Its reporting category.
        feature: Its name in the reports on fees.
        suite: The beginning of its description; None if it names no day.
        name: The rest of it.
    """

    category: str
    feature: str
    suite: str | None
    name: str


_CREDIT = "Credit for previously-assessed fees"
PRODUCTS = (
    Product("network_cost", "interchange", "Card payments", "Interchange"),
    Product("network_cost", "card_scheme", "Card payments", "Card scheme fees"),
    Product("fee", "per_authorization", "Card payments", "Stripe per-authorization fees"),
    Product("fee", "volume", "Card payments", "Stripe volume fees"),
    Product("fee", "disputes", "Disputes", "Dispute fees"),
    Product("network_cost", "credit", None, _CREDIT),
    Product("fee", "credit", None, _CREDIT),
)
_INTERCHANGE, _SCHEME, _AUTHORIZATION, _VOLUME, _DISPUTE, _COST_CREDIT, _FEE_CREDIT = range(len(PRODUCTS))
_BY_NUMBER = dict(enumerate(product.category for product in PRODUCTS))


def is_assessed() -> pl.Expr:
    """Tell whether a row of the activity is such a row."""
    return pl.col("transaction").is_between(_ASSESSED, _ASSESSED + (1 << 59), closed="left")


def assessed_product() -> tuple[pl.Expr, pl.Expr]:
    """Return the product's number and the day (in Unix seconds) of such a row, from its transaction."""
    number = pl.when(is_assessed()).then(pl.col("transaction") - pl.lit(_ASSESSED, pl.UInt64))
    products, day = pl.lit(len(PRODUCTS), pl.UInt64), pl.lit(len(PRODUCTS) * len(MARKETS), pl.UInt64)
    return number % products, (number // day).cast(pl.Int64) * _DAY


def priced(rows: pl.DataFrame, draws: Draws, pricing: Pricing) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take the fees out of the charges, and add the rows that have them instead.

    Args:
        rows: The activity with a fee in each charge and dispute.
        draws: The draws of the seed.
        pricing: How the account pays.

    Returns:
        The activity, by time; and each fee of a charge or dispute: ``charge``, ``currency``,
        ``incurred_at``, ``product`` (a number of ``PRODUCTS``), ``amount`` without tax and ``tax`` in
        millionths of the major unit, ``transaction`` (the row that includes it) and ``created`` of that row.
    """
    if pricing == "blended":
        nothing = _parts(rows.clear().lazy(), (_INTERCHANGE, pl.lit(value=True), pl.col("gross")))
        return rows, _assessed(nothing, draws).collect()
    fees = (_interchange_plus if pricing == "interchange_plus" else _stand_alone)(rows.lazy(), draws)
    each = _assessed(fees, draws).collect()
    is_freed = pl.lit(value=True)
    if pricing == "interchange_plus":
        is_freed = (pl.col("reporting_category") == "charge") & _is_card(draws)
    none = pl.lit(0, pl.Int64)
    kept = rows.with_columns(
        fee=pl.when(is_freed).then(none).otherwise(pl.col("fee") - pl.col("withheld_tax")), withheld_tax=none
    )
    unit, cost = _micro(), pl.col("amount").sum()
    sums = (
        each.group_by("transaction", "currency", "created", "product")
        .agg(cost, pl.col("tax").sum())
        .select(
            transaction="transaction",
            reporting_category=pl.col("product").replace_strict(_BY_NUMBER, return_dtype=CATEGORY),
            currency="currency",
            created="created",
            available_on=pl.col("created") // _DAY * _DAY,
            gross=-pl.col("amount").sign() * ((pl.col("amount").abs() + unit - 1) // unit),
            fee=pl.col("tax").sign() * ((pl.col("tax").abs() + unit // 2) // unit),
            withheld_tax=none,
            charge=pl.lit(None, pl.UInt64),
            charge_created=pl.lit(None, pl.Int64),
        )
    )
    return pl.concat([kept, sums]).sort("created", "transaction"), each


def _micro() -> pl.Expr:
    return pl.col("currency").replace_strict(MICRO, return_dtype=pl.Int64)


def _is_card(draws: Draws) -> pl.Expr:
    """Tell whether a charge was paid by card, as the reports show it."""
    return draws.pick(pools.PAYMENT_METHODS, "method", pl.col("charge")) == "card"


def _stand_alone(rows: pl.LazyFrame, draws: Draws) -> pl.LazyFrame:
    """Return the fees that charges and disputes would have carried; one that is returned is a credit."""
    carried = (pl.col("fee") - pl.col("withheld_tax")) * _micro()
    fixed = {market.currency: market.fee_fixed * MICRO[market.currency] for market in MARKETS}
    of_authorization = pl.col("currency").replace_strict(fixed, return_dtype=pl.Int64)
    category = pl.col("reporting_category")
    return _parts(
        rows,
        (_AUTHORIZATION, category == "charge", of_authorization),
        (_VOLUME, category == "charge", carried - of_authorization),
        (_DISPUTE, category == "dispute", carried),
        (_FEE_CREDIT, category == "dispute_reversal", carried),
    )


def _interchange_plus(rows: pl.LazyFrame, draws: Draws) -> pl.LazyFrame:
    """Return the costs of card payments and Stripe's fees for them; some days' interchange is corrected."""
    charge = pl.col("charge")
    cards = with_rates(
        rows.filter(pl.col("reporting_category") == "charge", _is_card(draws)),
        country=draws.pick(pools.COUNTRIES, "card country", charge),
        funding=draws.pick(pools.CARD_FUNDINGS, "funding", charge),
    )
    amount = pl.col("gross") * pl.col("_micro")
    interchange = amount * pl.col("_bank") // 1_000_000 + pl.col("_bank_fixed")
    is_corrected = draws.below(6, "corrected", (pl.col("created") // _DAY).cast(pl.UInt64)) == 0
    return _parts(
        cards,
        (_INTERCHANGE, pl.lit(value=True), interchange),
        (_SCHEME, pl.lit(value=True), amount * pl.col("_scheme") // 1_000_000 + pl.col("_scheme_fixed")),
        (_AUTHORIZATION, pl.lit(value=True), 3 * pl.col("_micro") + 5_000),
        (_VOLUME, pl.lit(value=True), amount * 2_350 // 1_000_000),
        (_COST_CREDIT, is_corrected, -(interchange // 9)),
    )


def _parts(rows: pl.LazyFrame, *parts: tuple[int, pl.Expr, pl.Expr]) -> pl.LazyFrame:
    """Return a row for each product whose condition holds and whose amount is not zero."""
    return pl.concat(
        rows.filter(has_it).select(
            "charge",
            "currency",
            incurred_at="created",
            product=pl.lit(product, pl.Int64),
            amount=amount,
        )
        for product, has_it, amount in parts
    ).filter(pl.col("amount") != 0)


def _assessed(fees: pl.LazyFrame, draws: Draws) -> pl.LazyFrame:
    """Add the tax of each fee, and the row that includes it."""
    codes = {market.currency: code for code, market in enumerate(MARKETS)}
    day = pl.col("incurred_at") // _DAY
    number = (day * len(MARKETS) + pl.col("currency").replace_strict(codes, return_dtype=pl.Int64)) * len(
        PRODUCTS
    )
    rates = {currency: _TAX.get(currency, 0) for currency in CURRENCY.categories}
    percent = pl.col("currency").replace_strict(rates, return_dtype=pl.Int64)
    is_credit = pl.col("product").is_in([_COST_CREDIT, _FEE_CREDIT])
    later = pl.when(is_credit).then(_CREDITED_AFTER).otherwise(0)
    transaction = (number + pl.col("product")).cast(pl.UInt64) + pl.lit(_ASSESSED, pl.UInt64)
    return fees.with_columns(
        tax=pl.col("amount").sign() * (pl.col("amount").abs() * percent // 100),
        transaction=transaction,
        created=(day + 1 + later) * _DAY + draws.below(_LATEST, "assessed at", transaction),
    )
