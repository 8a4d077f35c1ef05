"""Every column of the reports, as an expression over the rows of the ledger.

A column is computed only when a report needs it. Texts are drawn from pools that contain what careless
readers get wrong: quotes, commas, line breaks, scripts, formulas, templates and leading zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import polars as pl

from stripe_reports.simulator.ledger import pools
from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.markets import DECIMALS
from stripe_reports.simulator.ledger.pricing import PRODUCTS, assessed_product, is_assessed
from stripe_reports.simulator.ledger.restatements import Restatement, is_late_fee
from stripe_reports.simulator.reports.cells import day, midnight, money, timestamp

__all__ = ["Columns", "Context", "Of", "activity", "amount_of", "balance", "decimals", "payouts", "summary"]

_DAY = 86_400
_NULL = pl.lit(None, pl.String)
_CUSTOMERS = 2_500
_ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")


@dataclass(frozen=True, slots=True)
class Context:
    """The values that a run's columns depend on, besides the rows.

    Attributes:
        zone: IANA name for the columns in local time.
        as_of: End of the published data, in Unix seconds.
        point: The decimal sign.
        restatements: Late changes, of which those of descriptions apply here.
        account: Id of the connected account that the rows belong to; None for the platform's own.
        account_name: Its name; None if it has given none.
        platform: Id of the platform it is connected to.
    """

    zone: str
    as_of: int
    point: str = "."
    restatements: Sequence[Restatement] = ()
    account: str | None = None
    account_name: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a family of reports.

    Attributes:
        shared: Values that several columns use, by name; computed once, and only if needed.
        named: Columns by name; those like ``refund_metadata[key]`` are functions of the key.
    """

    shared: Mapping[str, pl.Expr]
    named: Mapping[str, pl.Expr | Callable[[str], pl.Expr]]

    def select(self, rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        """Select the columns called *names*, in that order, as text."""
        chosen = [self.column(name).alias(name) for name in names]
        # In two steps, because an expression that is part of others is computed again for each of them.
        return rows.lazy().with_columns(**self.shared).select(chosen).collect()

    def in_utc(self, names: Iterable[str]) -> Columns:
        """Return the same columns, with the times of these names in UTC: old versions have only those."""
        twins = {name: self.named[f"{name}_utc"] for name in names if f"{name}_utc" in self.named}
        return replace(self, named={**self.named, **twins})

    def column(self, name: str) -> pl.Expr:
        """Return one column as text; it may need the shared values."""
        head, bracket, key = name.partition("[")
        column = self.named[f"{head}[key]" if bracket else name]
        return column(key.removesuffix("]")) if callable(column) else column


Of = Callable[[Draws, Context], Columns]


def activity(draws: Draws, context: Context) -> Columns:
    """Return the columns of all reports that list balance transactions, in all versions."""
    category, charge, currency = pl.col("reporting_category"), pl.col("charge"), pl.col("currency")
    is_refund = category.is_in(["refund", "refund_failure"])
    is_dispute = category.is_in(["dispute", "dispute_reversal"])
    is_paid_out = pl.col("payout_created") < context.as_of
    is_known = draws.below(8, "guest", charge) > 0
    # A failed refund refers to the refund before it.
    of_refund = pl.when(category == "refund_failure").then(pl.col("transaction") - 2).otherwise("transaction")
    shared = {
        "_decimals": decimals(currency),
        "_charge_id": draws.id("ch_3", "charge", charge),
        "_refund": of_refund,
        "_customer": pl.when(is_known).then(draws.below(_CUSTOMERS, "customer", charge)),
        "_payout": pl.when(is_paid_out).then(pl.col("payout")),
        "_effective_at": pl.when(is_paid_out).then(pl.col("payout_effective_at")),
    }
    charge_id, refund = pl.col("_charge_id"), pl.col("_refund")
    payout, effective_at = pl.col("_payout"), pl.col("_effective_at")

    named: dict[str, pl.Expr | Callable[[str], pl.Expr]] = {
        "balance_transaction_id": draws.id("txn_3", "transaction", pl.col("transaction")),
        "reporting_category": category,
        "currency": currency,
        "source_id": pl.when(category == "charge")
        .then(charge_id)
        .when(is_refund)
        .then(draws.id("re_3", "refund", refund))
        .when(is_dispute)
        .then(draws.id("dp_", "dispute", charge)),
        "description": _description(draws, context),
        "charge_id": charge_id,
        "payment_intent_id": draws.id("pi_3", "payment intent", charge),
        "automatic_payout_id": draws.payout_id(payout),
        **_amounts(context, "gross", "fee", "net", "withheld_tax"),
        "application_fee": _application_fee(context),
        "fee_net_of_withheld_tax": amount_of(context, pl.col("fee") - pl.col("withheld_tax")),
        **_times(
            context,
            created=pl.col("created"),
            available_on=pl.col("available_on"),
            charge_created=pl.col("charge_created"),
            automatic_payout_effective_at=effective_at,
        ),
        **_traces(draws, payout, effective_at, context),
        **_on_the_bank_statement(draws, payout),
        **_customer_facing(draws, context),
        **_customer(draws, pl.col("_customer")),
        **_payment(draws, charge, is_dispute),
        **_address("shipping", draws, charge),
        **dict.fromkeys(
            (
                "regulatory_tag",
                "order_id",
                "destination_payment_id",
                "connected_account_id",
                "connected_account_name",
                "connected_account_country",
                "connected_account_direct_charge_id",
                "source_transaction_id",
            ),
            _NULL,
        ),
        "connected_account": pl.lit(context.account, pl.String),
        "payment_metadata[key]": lambda key: _metadata(pools.PAYMENT_METADATA, key, draws, charge),
        "refund_metadata[key]": lambda key: pl.when(is_refund).then(
            _metadata(pools.REFUND_METADATA, key, draws, refund)
        ),
        "transfer_metadata[key]": lambda key: _NULL,
    }
    return Columns(shared, named)


def payouts(draws: Draws, context: Context) -> Columns:
    """Return the columns of ``payouts.itemized``, in all versions."""
    payout, failed_at = pl.col("payout"), pl.col("failed_at")
    reversed_at = pl.when(failed_at < context.as_of).then(failed_at)
    return Columns(
        {"_decimals": decimals(pl.col("currency"))},
        {
            **_of_payout(draws, payout),
            "payout_id": draws.payout_id(payout),
            "reporting_category": pl.col("reporting_category"),
            "currency": pl.col("currency"),
            **_amounts(context, "gross", "fee", "net"),
            **_times(context, effective_at=pl.col("effective_at"), payout_reversed_at=reversed_at),
            "payout_expected_arrival_date": midnight(pl.col("arrival")),
            "payout_status": pl.when(reversed_at.is_not_null())
            .then(pl.lit("failed"))
            .when(pl.col("arrival") < context.as_of)
            .then(pl.lit("paid"))
            .otherwise(pl.lit("in_transit")),
            "payout_type": pl.lit("bank_account"),
            "payout_description": _written_on_a_payout(),
            "payout_destination_id": draws.id("ba_", "bank account", pl.col("currency").to_physical()),
            "regulatory_tag": _NULL,
            "connected_account": pl.lit(context.account, pl.String),
            **_traces(draws, payout, pl.col("arrival"), context),
        },
    )


def balance(draws: Draws, context: Context) -> Columns:
    """Return the columns of :func:`activity` for rows that include payouts, by their number ``moved``."""
    moved = pl.col("moved")
    of_payout = _of_payout(draws, moved) | {"source_id": draws.payout_id(moved)}
    of_row = activity(draws, context)
    named = dict(of_row.named)
    for name, column in of_payout.items():
        of_row_alone = cast(pl.Expr, of_row.named[name])  # none of them is a function of a key
        named[name] = pl.when(moved.is_not_null()).then(column).otherwise(of_row_alone)
    return Columns(of_row.shared, named)


def summary() -> Columns:
    """Return the columns of sums by currency and category."""
    amounts = _amounts(Context("UTC", 0), "gross", "fee", "net")
    others = {name: pl.col(name) for name in ("reporting_category", "currency", "count")}
    return Columns({"_decimals": decimals(pl.col("currency"))}, others | amounts)


def decimals(currency: pl.Expr) -> pl.Expr:
    """Return the decimal places of a currency, which ``amount_of`` needs as ``_decimals``."""
    return currency.replace_strict(DECIMALS, return_dtype=pl.Int64)


def amount_of(context: Context, minor: pl.Expr) -> pl.Expr:
    """Write minor units as text with the decimals of the row's currency; needs the shared ``_decimals``."""
    return money(minor, pl.col("_decimals"), point=context.point)


def _amounts(context: Context, *names: str) -> dict[str, pl.Expr]:
    return {name: amount_of(context, pl.col(name)) for name in names}


def _application_fee(context: Context) -> pl.Expr:
    """Return the platform's two fifths of the fee of a connected account; a platform itself has none."""
    if context.account is None:
        return _NULL
    is_charge = pl.col("reporting_category") == "charge"
    part = (pl.col("fee") - pl.col("withheld_tax")) * 2 // 5
    return amount_of(context, pl.when(is_charge).then(part).otherwise(0))


def _times(context: Context, **seconds: pl.Expr) -> dict[str, pl.Expr]:
    """Return each time twice: under its name in the zone of the run, and as ``…_utc``."""
    local = {name: timestamp(at, context.zone) for name, at in seconds.items()}
    return local | {f"{name}_utc": timestamp(at) for name, at in seconds.items()}


def _written_on_a_payout() -> pl.Expr:
    return pl.when("automatic").then(pl.lit("STRIPE PAYOUT")).otherwise(pl.lit('By hand, "treasury"'))


def _of_payout(draws: Draws, payout: pl.Expr) -> dict[str, pl.Expr]:
    """Describe a payout or its return as a balance transaction."""
    is_reversal, written = pl.col("reporting_category") == "payout_reversal", _written_on_a_payout()
    return {
        "balance_transaction_id": pl.when(is_reversal)
        .then(draws.id("txn_", "payout reversal", payout))
        .otherwise(draws.id("txn_", "payout transaction", payout)),
        "description": pl.when(is_reversal)
        .then(pl.concat_str(pl.lit("PAYOUT FAILURE ("), written, pl.lit(")")))
        .otherwise(written),
    }


def _traces(draws: Draws, payout: pl.Expr, arrival: pl.Expr, context: Context) -> dict[str, pl.Expr]:
    """Draw the bank's reference: digits, half of them with leading zeros; known two days after arrival."""
    is_supported = (pl.col("currency") != "kwd") & payout.is_not_null()
    is_known = is_supported & (arrival + 2 * _DAY < context.as_of)
    reference = (draws.hash("trace", payout) % pl.lit(2 * 10**14, pl.UInt64)).cast(pl.String).str.zfill(15)
    return {
        "trace_id": pl.when(is_known).then(reference),
        "trace_id_status": pl.when(is_known)
        .then(pl.lit("supported"))
        .when(is_supported)
        .then(pl.lit("pending"))
        .when(payout.is_not_null())
        .then(pl.lit("unsupported")),
    }


def _on_the_bank_statement(draws: Draws, payout: pl.Expr) -> dict[str, pl.Expr]:
    reference = draws.id("", "payout reference", payout).str.slice(2).str.to_uppercase()
    return {
        "payout_reference_token": pl.concat_str(pl.lit("ST-"), reference),
        "payout_statement_descriptor": pl.when(payout.is_not_null()).then(pl.lit("KIOSK")),
    }


def _customer_facing(draws: Draws, context: Context) -> dict[str, pl.Expr]:
    """Return amounts as the customer saw them: sometimes pounds, settled in euros; both have two decimals."""
    gross, currency, charge = pl.col("gross"), pl.col("currency"), pl.col("charge")
    in_pounds = (currency == "eur") & (draws.below(12, "customer facing", charge) == 0)
    amount = pl.when(in_pounds).then(gross.sign() * (gross.abs() * 86 // 100)).otherwise(gross)
    shown = pl.when(in_pounds).then(pl.lit("gbp")).otherwise(currency.cast(pl.String))
    return {
        "customer_facing_amount": pl.when(charge.is_not_null()).then(amount_of(context, amount)),
        "customer_facing_currency": pl.when(charge.is_not_null()).then(shown),
    }


def _customer(draws: Draws, customer: pl.Expr) -> dict[str, pl.Expr]:
    """Draw the customer of a charge; one charge in eight has none."""
    return {
        "customer_id": draws.id("cus_", "customer id", customer),
        "customer_email": pl.format("customer{}@example.com", customer),
        "customer_name": draws.pick(pools.NAMES, "name", customer),
        "customer_description": draws.pick(pools.CUSTOMER_DESCRIPTIONS, "customer description", customer),
        **_address("customer_shipping", draws, customer),
        **_address("customer", draws, customer),
    }


def _payment(draws: Draws, charge: pl.Expr, is_dispute: pl.Expr) -> dict[str, pl.Expr]:
    """Draw the payment method of a charge, and its purpose."""
    method = draws.pick(pools.PAYMENT_METHODS, "method", charge)
    is_card = method == "card"
    is_invoiced = draws.below(10, "invoiced", charge) < 3
    number = pl.concat_str(
        draws.below(10**6, "invoice prefix", charge).cast(pl.String).str.zfill(8),
        pl.lit("-"),
        draws.below(400, "invoice number", charge).cast(pl.String).str.zfill(4),
    )
    return {
        "payment_method_type": method,
        "is_link": pl.when(draws.below(14, "link", charge) == 0)
        .then(pl.lit("true"))
        .when(charge.is_not_null())
        .then(pl.lit("false")),
        "card_brand": pl.when(is_card).then(draws.pick(pools.CARD_BRANDS, "brand", charge)),
        "card_funding": pl.when(is_card).then(draws.pick(pools.CARD_FUNDINGS, "funding", charge)),
        "card_country": pl.when(is_card).then(draws.pick(pools.COUNTRIES, "card country", charge)),
        **{name: pl.when(is_card).then(column) for name, column in _address("card", draws, charge).items()},
        "statement_descriptor": draws.pick(pools.STATEMENT_DESCRIPTORS, "statement", charge),
        "invoice_id": pl.when(is_invoiced).then(draws.id("in_", "invoice", charge)),
        "invoice_number": pl.when(is_invoiced).then(number),
        "subscription_id": pl.when(is_invoiced).then(draws.id("sub_", "subscription", charge)),
        "dispute_reason": pl.when(is_dispute).then(draws.pick(pools.DISPUTE_REASONS, "reason", charge)),
    }


def _address(of: str, draws: Draws, index: pl.Expr) -> dict[str, pl.Expr]:
    """Draw the six columns of an address, which belong together."""
    return {
        f"{of}_address_{part}": draws.pick([a[k] for a in pools.ADDRESSES], f"{of} address", index)
        for k, part in enumerate(_ADDRESS)
    }


def _description(draws: Draws, context: Context) -> pl.Expr:
    category, charge_id = pl.col("reporting_category"), pl.col("_charge_id")
    bought = draws.pick(pools.CHARGE_DESCRIPTIONS, "description", pl.col("charge"))
    in_brackets = pl.concat_str(pl.lit("("), bought.fill_null("Payment"), pl.lit(")"))
    on = day(pl.col("created"))
    described = (
        pl.when(category == "charge")
        .then(bought)
        .when(category == "refund")
        .then(pl.concat_str(pl.lit("REFUND FOR CHARGE "), in_brackets))
        .when(category == "refund_failure")
        .then(pl.concat_str(pl.lit("REFUND FAILURE "), in_brackets))
        .when(category == "dispute")
        .then(pl.concat_str(pl.lit("Chargeback withdrawal for "), charge_id))
        .when(category == "dispute_reversal")
        .then(pl.concat_str(pl.lit("Chargeback reversal for "), charge_id))
        .when(is_assessed())
        .then(_assessed())
        .when(is_late_fee())
        .then(pl.concat_str(pl.lit("Card payments ("), on, pl.lit("): Network costs, adjusted")))
        .otherwise(pl.concat_str(pl.lit("Radar ("), on, pl.lit("): Radar for Fraud Teams")))
    )
    for restatement in context.restatements:
        if restatement.change == "description":
            corrected = pl.concat_str(bought.fill_null("Payment"), pl.lit(" (corrected)"))
            is_corrected = restatement.covered & (category == "charge")
            described = pl.when(is_corrected).then(corrected).otherwise(described)
    return described


def _assessed() -> pl.Expr:
    """Describe the fees of one product and day, such as ``Card payments (2026-10-02): Interchange``."""
    number, on = assessed_product()
    described = pl.lit(None, pl.String)
    for k, product in enumerate(PRODUCTS):
        name = pl.lit(product.name)
        if product.suite:
            name = pl.concat_str(pl.lit(f"{product.suite} ("), day(on), pl.lit("): "), name)
        described = pl.when(number == k).then(name).otherwise(described)
    return described


def _metadata(keys: Mapping[str, pools.Metadata], key: str, draws: Draws, index: pl.Expr) -> pl.Expr:
    """Draw one metadata value; a key without values gives an empty cell."""
    match keys.get(key):
        case None:
            return _NULL
        case int(digits):
            return draws.below(10**digits // 20, key, index).cast(pl.String).str.zfill(digits)
        case pool:
            return draws.pick(pool, key, index)
