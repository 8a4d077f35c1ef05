"""Fees of card networks and banks for each card payment of the connected accounts: IC+ pricing.

The platform passes interchange and scheme fees on and adds an application fee: together they are the fee of
the balance transaction. All amounts have six decimals, in every currency. A network's fee without a payment
is a stand-alone fee in the ledger. The platform keeps the interchange that a bank returns for a refund, so a
refund costs its account nothing.

An account that is on interchange-plus itself has its own card payments here, without an application fee: what
they cost is in its rows ``network_cost``, up to the rounding of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from stripe_reports.simulator.ledger.card_costs import is_home, with_rates
from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.pricing import PRODUCTS
from stripe_reports.simulator.reports import details
from stripe_reports.simulator.reports.cells import decimal, money, timestamp
from stripe_reports.simulator.reports.details import Columns, Context
from stripe_reports.simulator.reports.selections import Asked, Rows

__all__ = ["columns", "plan_pages", "transactions"]

_REGION = {"eur": "EEA", "usd": "US", "jpy": "Japan", "kwd": "GCC"}
_BRANDS = {
    "visa": ("Visa", 400_000, 99_999),
    "mastercard": ("Mastercard", 510_000, 49_999),
    "amex": ("American Express", 370_000, 9_999),
    "jcb": ("JCB", 352_800, 6_199),
    "discover": ("Discover", 601_100, 99),
}
_BANKS = {
    "US": ("Chase", "Bank of America", "Capital One", "Citibank"),
    "DE": ("Sparkasse", "Commerzbank", "DKB"),
    "FR": ("BNP Paribas", "Crédit Agricole"),
    "GB": ("Barclays", "Lloyds", "Monzo"),
    "JP": ("三菱UFJ銀行", "Rakuten Card"),
    "KW": ("National Bank of Kuwait",),
    "NO": ("DNB",),
    "ES": ("BBVA", "CaixaBank"),
    "IT": ("Intesa Sanpaolo",),
    "NL": ("ING", "Rabobank"),
    "NA": ("Bank Windhoek",),
}


def transactions(asked: Asked) -> Rows:
    """Return the cost of card payments, their refunds and disputes, and the fees without a payment."""
    if asked.ledger.terms.pricing == "interchange_plus":
        return Rows(_own_costs(asked).collect(), pl.lit(value=True))
    of_row = details.activity(asked.ledger.draws, asked.context)
    category = pl.col("reporting_category")
    is_card = of_row.column("payment_method_type") == "card"
    costs = category.is_in(["charge", "refund"]) | (pl.col("fee") != 0)
    wanted = (is_card & costs) | (category == "fee")
    rows = asked.ledger.activity.lazy().filter(asked.during("created"), wanted)
    table = rows.with_columns(_brand=of_row.column("card_brand"), _funding=of_row.column("card_funding"))
    table = with_rates(table, country=of_row.column("card_country"), funding=pl.col("_funding"))
    return Rows(_costs(table).collect(), pl.lit(value=True))


def _costs(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return interchange, scheme, discount and application fee per row, in millionths of the major unit."""
    category = pl.col("reporting_category")
    amount, total = pl.col("gross") * pl.col("_micro"), pl.col("fee") * pl.col("_micro")
    is_charge, is_refund = category == "charge", category == "refund"
    # Towards zero, so that a refund returns no more than was charged.
    of_bank = amount.sign() * (amount.abs() * pl.col("_bank") // 1_000_000) + pl.when(is_charge).then(
        pl.col("_bank_fixed")
    ).otherwise(0)
    of_scheme = amount * pl.col("_scheme") // 1_000_000 + pl.col("_scheme_fixed")
    is_amex, none = pl.col("_brand") == "amex", pl.lit(0, pl.Int64)
    moves_interchange = is_charge | is_refund
    rows = rows.with_columns(
        interchange=pl.when(moves_interchange & ~is_amex).then(of_bank).otherwise(none),
        discount=pl.when(moves_interchange & is_amex).then(of_bank).otherwise(none),
        scheme=pl.when(is_charge)
        .then(of_scheme)
        .when(~moves_interchange & (category != "fee"))
        .then(total // 4)
        .otherwise(none),
        unattached=pl.when(category == "fee").then(-amount).otherwise(none),
    )
    passed_on = pl.col("interchange") + pl.col("discount") + pl.col("scheme")
    return rows.with_columns(
        application=pl.when(category == "fee").then(none).otherwise(total - passed_on),
        total=pl.when(category == "fee").then(-amount).otherwise(total),
        plan=_plan(),
    )


def _own_costs(asked: Asked) -> pl.LazyFrame:
    """Return the cost of each card payment of an account on interchange-plus, and each credit for it."""
    of_row = details.activity(asked.ledger.draws, asked.context)
    product, amount, none = pl.col("product"), pl.col("amount"), pl.lit(0, pl.Int64)
    is_cost = product.is_in([n for n, each in enumerate(PRODUCTS) if each.category == "network_cost"])
    is_scheme = product.is_in([n for n, each in enumerate(PRODUCTS) if each.feature == "card_scheme"])
    costs = (
        asked.ledger.assessed.lazy()
        .filter(is_cost, pl.col("created") < asked.as_of)
        .group_by("charge", _is_credit=amount < 0)
        .agg(bank=amount.filter(~is_scheme).sum(), scheme=amount.filter(is_scheme).sum())
    )
    is_charge = pl.col("reporting_category") == "charge"
    rows = asked.ledger.activity.lazy().filter(asked.during("created"), is_charge)
    rows = rows.join(costs, on="charge", maintain_order="left").with_columns(
        _brand=of_row.column("card_brand"),
        _funding=of_row.column("card_funding"),
        _is_home=is_home(of_row.column("card_country")),
    )
    is_amex = pl.col("_brand") == "amex"
    return rows.with_columns(
        interchange=pl.when(is_amex).then(none).otherwise("bank"),
        discount=pl.when(is_amex).then("bank").otherwise(none),
        unattached=none,
        application=none,
        total=pl.col("bank") + pl.col("scheme"),
        plan=_plan(),
    )


def columns(draws: Draws, context: Context) -> Columns:
    """Return the columns of the report by transaction."""
    of_row = details.activity(draws, context)
    category, charge = pl.col("reporting_category"), pl.col("charge")
    is_refund = category == "refund"
    is_dispute = category.is_in(["dispute", "dispute_reversal"])
    first, many = (
        pl.col("_brand").replace_strict({brand: b[k] for brand, b in _BRANDS.items()}, return_dtype=pl.Int64)
        for k in (1, 2)
    )
    same = {
        name: of_row.column(name)
        for name in (
            *("balance_transaction_id", "automatic_payout_id", "charge_id"),
            *("card_brand", "card_funding", "card_country"),
        )
    }
    return Columns(
        of_row.shared,
        {
            **same,
            **_account(context),
            "transfer_id": pl.lit(None, pl.String),
            "transfer_created": pl.lit(None, pl.String),
            "balance_transaction_created": timestamp(pl.col("created"), context.zone),
            "fee_incurred_at": timestamp(pl.col("created")),
            "captured_amount": pl.when(category == "charge").then(_captured(context)),
            "captured_currency": pl.when(category == "charge").then(pl.col("currency")),
            "refund_id": pl.when(is_refund).then(of_row.column("source_id")),
            "dispute_id": pl.when(is_dispute).then(of_row.column("source_id")),
            "bin": (first + draws.hash("bin", charge).cast(pl.Int128) % many).cast(pl.String),
            "issuing_bank": _bank(draws, of_row.column("card_country"), charge),
            "card_present": pl.when(charge.is_not_null()).then(
                pl.when(draws.below(12, "card present", charge) == 0)
                .then(pl.lit("true"))
                .otherwise(pl.lit("false"))
            ),
            "fee_category": pl.when(category == "fee")
            .then(pl.lit("non_transactional"))
            .otherwise(category.cast(pl.String)),
            "card_scheme_fee": decimal(pl.col("scheme"), 6),
            "interchange_fee": decimal(pl.col("interchange"), 6),
            "non_transactional_card_scheme_fee": decimal(pl.col("unattached"), 6),
            "discount_fee": decimal(pl.col("discount"), 6),
            "platform_application_fee": decimal(pl.col("application"), 6),
            "total_amount": decimal(pl.col("total"), 6),
            "fee_currency": pl.col("currency"),
            "livemode": pl.lit("true"),
        },
    )


def plan_pages(parts: Sequence[Asked]) -> Iterator[pl.DataFrame]:
    """Return the total of each plan of a bank or network, by account, without the platform's fees."""
    for asked in parts:
        rows = transactions(asked).lazy()
        of_bank = rows.group_by("currency", "plan").agg(
            total=(pl.col("interchange") + pl.col("discount")).sum()
        )
        plans = [
            of_bank.with_columns(category=pl.lit("interchange")),
            *(
                rows.group_by("currency").agg(
                    plan=pl.lit(name), total=pl.col(fee).sum(), category=pl.lit("card_scheme")
                )
                for name, fee in (
                    ("All scheme fees", "scheme"),
                    ("Non-transactional scheme fees", "unattached"),
                )
            ),
        ]
        every = pl.concat(plans, how="diagonal").filter(pl.col("total") != 0)
        named = {
            **_account(asked.context),
            "plan_name": pl.col("plan"),
            "network_cost_category": pl.col("category"),
            "total_amount": decimal(pl.col("total"), 6),
            "fee_currency": pl.col("currency"),
            "livemode": pl.lit("true"),
        }
        ordered = every.sort("currency", "category", "plan").collect()
        yield Columns({}, named).select(ordered, asked.columns)


def _account(context: Context) -> dict[str, pl.Expr]:
    return {
        "platform_id": pl.lit(context.platform, pl.String),
        "connected_account_id": pl.lit(context.account, pl.String),
        "connected_account_name": pl.lit(context.account_name, pl.String),
    }


def _captured(context: Context) -> pl.Expr:
    return money(pl.col("gross"), pl.col("_decimals"), point=context.point)


def _plan() -> pl.Expr:
    """Name the plan, such as ``Visa Consumer Credit - EEA``; null without a fee of a bank."""
    brand = pl.col("_brand").replace_strict(
        {brand: b[0] for brand, b in _BRANDS.items()}, return_dtype=pl.String
    )
    region = pl.when("_is_home").then(pl.col("currency").replace_strict(_REGION, return_dtype=pl.String))
    product = (
        pl.when(pl.col("_funding").is_in(["credit", "unknown"]))
        .then(pl.lit("Credit"))
        .when(pl.col("_funding") == "debit")
        .then(pl.lit("Debit"))
        .otherwise(pl.lit("Prepaid"))
    )
    return pl.format("{} Consumer {} - {}", brand, product, region.otherwise(pl.lit("Interregional")))


def _bank(draws: Draws, country: pl.Expr, charge: pl.Expr) -> pl.Expr:
    """Draw one of the banks of the card's country."""
    first, banks = {}, list[str]()
    for code, pool in _BANKS.items():
        first[code] = len(banks)
        banks += pool
    many = country.replace_strict({code: len(pool) for code, pool in _BANKS.items()}, return_dtype=pl.UInt64)
    number = country.replace_strict(first, return_dtype=pl.UInt64) + draws.hash("issuing bank", charge) % many
    return pl.lit(pl.Series(banks)).gather(number)
