"""Sales taxes: the tax in each charge and refund of the ledger, by jurisdiction.

Every charge is one line of goods sent to its shipping address, and tax is included in the price: the taxable
amount of the line and the tax of each of its jurisdictions sum to the gross of the balance transaction. The
same is true of a refund, with negative amounts. Disputes and failed refunds change no tax.

Amounts are in the currency of the ledger, which is that of the prices; rates are fractions: ``0.19``.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.jurisdictions import PLACES, SECOND, TAX_CODES, Place
from stripe_reports.simulator.ledger.markets import DECIMALS
from stripe_reports.simulator.reports import details
from stripe_reports.simulator.reports.cells import decimal, money, timestamp
from stripe_reports.simulator.reports.details import Columns, Context
from stripe_reports.simulator.reports.selections import Asked, Rows

__all__ = ["columns", "taxed", "transactions"]

_DAY = 86_400
_WHOLE = 100_000
_DECIMALS = DECIMALS | {"gbp": 2, "nok": 2, "chf": 2}
_PER_EURO = {
    "eur": 1_000_000, "usd": 1_085_000, "jpy": 163_200_000, "kwd": 333_500,
    "gbp": 861_000, "nok": 11_650_000, "chf": 943_000,
}  # fmt: skip
"""Exchange rates in millionths; they move by up to a percent from day to day."""
_GOODS = (0, 0, 0, 0, 0, 1, 1, 2, 2, 2)
"""Kinds of goods, by number in ``TAX_CODES``, of ten sales."""


def taxed(draws: Draws, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``subtotal``, ``tax``, and the jurisdictions' ``tax_1`` and ``tax_2`` to rows of the activity.

    They have the sign of ``gross``; they are null in rows without a charge.
    """
    charge, place = pl.col("charge"), pl.col("_place")
    first, second = _rate(dict(enumerate(PLACES))), _rate(SECOND)
    paid, rate = pl.col("gross").abs(), pl.col("_rate_1") + pl.col("_rate_2")
    subtotal = (paid * _WHOLE + (_WHOLE + rate) // 2) // (_WHOLE + rate)
    in_second = (pl.col("subtotal") * pl.col("_rate_2") + _WHOLE // 2) // _WHOLE
    sign = pl.col("gross").sign()
    return (
        rows.with_columns(
            _place=draws.below(len(PLACES), "shipping address", charge),
            _goods=pl.lit(pl.Series(_GOODS)).gather(draws.below(len(_GOODS), "goods", charge)),
            _is_business=draws.below(11, "business", charge) == 0,
        )
        .with_columns(
            _is_reversed=pl.col("_is_business")
            & place.is_in([k for k, p in enumerate(PLACES) if p.is_in_oss])
        )
        .with_columns(_rate_1=pl.when("_is_reversed").then(0).otherwise(first), _rate_2=second)
        .with_columns(subtotal=subtotal)
        .with_columns(tax=paid - pl.col("subtotal"), tax_2=in_second)
        .with_columns(tax_1=pl.col("tax") - pl.col("tax_2"))
        .with_columns(pl.col("subtotal", "tax", "tax_1", "tax_2") * sign)
    )


def transactions(asked: Asked) -> Rows:
    """Return a row for each jurisdiction of each charge and refund created in the interval."""
    is_sale = pl.col("reporting_category").is_in(["charge", "refund"])
    sales = taxed(
        asked.ledger.draws,
        asked.ledger.activity.lazy().filter(asked.during("created") & asked.filters & is_sale),
    )
    by_place = pl.concat(
        sales.filter(wanted).with_columns(
            _jurisdiction=pl.lit(number), tax=pl.col(f"tax_{number}"), rate=pl.col(f"_rate_{number}")
        )
        for number, wanted in ((1, pl.lit(value=True)), (2, pl.col("_place").is_in(list(SECOND))))
    )
    is_taxed = pl.col("rate") > 0
    table = by_place.with_columns(
        taxable=pl.when(is_taxed).then("subtotal").otherwise(0),
        non_taxable=pl.when(is_taxed).then(0).otherwise("subtotal"),
        filing_currency=_of_place(lambda place: place.currency),
    ).with_columns(exchange=_exchange(asked.ledger.draws))
    filed = {f"filing_{name}": _filed(pl.col(name)) for name in ("taxable", "non_taxable", "tax")}
    table = table.with_columns(**filed).sort("created", "transaction", "_jurisdiction")
    return Rows(table.collect(), pl.lit(value=True))


def columns(draws: Draws, context: Context) -> Columns:
    """Return the columns of ``tax.transactions``, in all versions."""
    of_row = details.activity(draws, context)
    is_refund = pl.col("reporting_category") == "refund"
    is_invoiced = of_row.column("invoice_id").is_not_null()
    charge, quantity = pl.col("charge"), draws.below(3, "quantity", pl.col("charge")) + 1
    kind = draws.pick(("checkout", "checkout", "payment_link", "payment_intent"), "sold by", charge)
    type_ = (
        pl.when(is_refund).then(pl.lit("refund")).when(is_invoiced).then(pl.lit("invoice")).otherwise(kind)
    )
    at = {"transaction_date": pl.col("created"), "tax_date": pl.col("charge_created")}
    goods = pl.col("_goods")
    return Columns(
        {**of_row.shared, "_type": type_},
        {
            "connected_account": of_row.column("connected_account"),
            "id": _id(draws, of_row),
            "type": pl.col("_type"),
            "currency": pl.col("currency"),
            **{name: timestamp(seconds, context.zone) for name, seconds in at.items()},
            **{f"{name}_utc": timestamp(seconds) for name, seconds in at.items()},
            "refund_id": pl.when(is_refund).then(of_row.column("source_id")),
            "line_item_id": draws.id("li_", "line item", pl.col("transaction")),
            "subtotal": details.amount_of(context, pl.col("subtotal")),
            "total": details.amount_of(context, pl.col("subtotal") + pl.col("tax")),
            "tax_behavior": pl.when(_of_place(lambda place: place.country) == "US")
            .then(pl.lit("exclusive"))
            .otherwise(pl.lit("inclusive")),
            "tax_code": pl.lit(pl.Series(TAX_CODES)).gather(goods),
            "jurisdiction_name": _of_place(lambda place: place.name),
            "jurisdiction_level": _of_place(lambda place: place.level),
            "country_code": _of_place(lambda place: place.country),
            "state_code": _of_place(lambda place: place.state),
            "taxability": pl.when(pl.col("rate") > 0)
            .then(pl.lit("taxable"))
            .otherwise(pl.lit("non_taxable")),
            "taxability_reason": _reason(),
            "tax_rate": decimal(pl.col("rate"), 5).str.strip_chars_end("0").str.strip_chars_end("."),
            "tax_name": _of_place(lambda place: place.tax_name),
            "tax_type": _of_place(lambda place: place.tax_type),
            "quantity": quantity,
            "quantity_decimal": quantity,
            "payment_intent_id": of_row.column("payment_intent_id"),
            "customer_tax_id": pl.when("_is_reversed").then(
                pl.format(
                    "eu_vat:{}{}",
                    _of_place(lambda place: place.country),
                    draws.below(10**9, "tax id", charge).cast(pl.String).str.zfill(9),
                )
            ),
            **_addresses(of_row),
            "taxable_amount": details.amount_of(context, pl.col("taxable")),
            "non_taxable_amount": details.amount_of(context, pl.col("non_taxable")),
            "tax_amount": details.amount_of(context, pl.col("tax")),
            **_filing(context),
            "invoice_metadata[key]": lambda key: pl.when(is_invoiced).then(
                of_row.column(f"payment_metadata[{key}]")
            ),
            "refund_metadata[key]": lambda key: of_row.column(f"refund_metadata[{key}]"),
            "credit_note_metadata[key]": lambda _: pl.lit(None, pl.String),
            "tax_transaction_metadata[key]": lambda key: of_row.column(f"payment_metadata[{key}]"),
        },
    )


def _id(draws: Draws, of_row: Columns) -> pl.Expr:
    """Return the id of the object behind a tax transaction."""
    type_ = pl.col("_type")
    return (
        pl.when(type_ == "refund")
        .then(of_row.column("source_id"))
        .when(type_ == "invoice")
        .then(of_row.column("invoice_id"))
        .when(type_ == "payment_intent")
        .then(of_row.column("payment_intent_id"))
        .otherwise(draws.id("cs_", "checkout session", pl.col("charge")))
    )


def _reason() -> pl.Expr:
    """Return the reason why tax was or was not collected."""
    place, rate = pl.col("_place"), pl.col("rate")
    standard = _rate(dict(enumerate(PLACES)), goods=pl.lit(0, pl.Int64))
    return (
        pl.when("_is_reversed")
        .then(pl.lit("reverse_charge"))
        .when(place == _number_of("Kuwait"))
        .then(pl.lit("not_collecting"))
        .when(place == _number_of("Oregon"))
        .then(pl.lit("not_subject_to_tax"))
        .when(rate == 0)
        .then(pl.lit("zero_rated"))
        .when((pl.col("_jurisdiction") == 1) & (rate < standard))
        .then(pl.lit("reduced_rated"))
        .otherwise(pl.lit("standard_rated"))
    )


def _addresses(of_row: Columns) -> dict[str, pl.Expr]:
    """Return both addresses: the customer's is the shipping address; the merchant is in Dublin."""
    parts = ("line1", "line2", "city", "state", "postal_code", "country")
    merchant = ("1 Custom House Quay", None, "Dublin", "D", "D01 Y6H7", "IE")
    return {
        **{f"destination_resolved_address_{p}": of_row.column(f"shipping_address_{p}") for p in parts},
        **{
            f"origin_resolved_address_{p}": pl.lit(text, pl.String)
            for p, text in zip(parts, merchant, strict=True)
        },
    }


def _filing(context: Context) -> dict[str, pl.Expr]:
    """Return the same amounts in the currency of the tax return; empty if none is filed."""
    decimals = pl.col("filing_currency").replace_strict(_DECIMALS, return_dtype=pl.Int64)
    taxable, non_taxable, tax = (pl.col(f"filing_{name}") for name in ("taxable", "non_taxable", "tax"))
    amounts = {
        "filing_total": taxable + non_taxable + tax,
        "filing_taxable_amount": taxable,
        "filing_non_taxable_amount": non_taxable,
        "filing_tax_amount": tax,
    }
    return {
        "filing_currency": pl.col("filing_currency"),
        "filing_exchange_rate": decimal(pl.col("exchange"), 6),
        **{name: money(minor, decimals, point=context.point) for name, minor in amounts.items()},
    }


def _exchange(draws: Draws) -> pl.Expr:
    """Return the exchange rate from the sale's to the filing currency on the day of sale, in millionths."""
    day = pl.col("created") // _DAY
    sold, filed = (
        pl.col(name).cast(pl.String).replace_strict(_PER_EURO, return_dtype=pl.Int64)
        for name in ("currency", "filing_currency")
    )
    moved = 100_000 + draws.below(2_001, "exchange", day * 1_000 + filed % 997) - 1_000
    return pl.when(sold == filed).then(1_000_000).otherwise(filed * 1_000_000 // sold * moved // 100_000)


def _filed(minor: pl.Expr) -> pl.Expr:
    """Convert an amount to minor units of the filing currency, rounding half up (refunds: away from zero)."""
    sold, filed = (
        pl.col(name).cast(pl.String).replace_strict(_DECIMALS, return_dtype=pl.Int64)
        for name in ("currency", "filing_currency")
    )
    unit = pl.lit(10, pl.Int64).pow(sold) * 1_000_000
    exact = minor.abs() * pl.col("exchange") * pl.lit(10, pl.Int64).pow(filed)
    return minor.sign() * ((exact + unit // 2) // unit)


def _rate(places: dict[int, Place], goods: pl.Expr | None = None) -> pl.Expr:
    """Return the rate of the row's place for its goods; zero if it has none."""
    kinds = len(TAX_CODES)
    rates = {
        number * kinds + kind: place.rates[kind] for number, place in places.items() for kind in range(kinds)
    }
    key = pl.col("_place") * kinds + (pl.col("_goods") if goods is None else goods)
    return key.replace_strict(rates, default=0, return_dtype=pl.Int64)


def _of_place(value: Callable[[Place], str | None]) -> pl.Expr:
    """Return a text of the row's jurisdiction."""
    first = pl.lit(pl.Series([value(place) for place in PLACES], dtype=pl.String)).gather(pl.col("_place"))
    second = pl.col("_place").replace_strict(
        {number: value(place) for number, place in SECOND.items()}, default=None, return_dtype=pl.String
    )
    return pl.when(pl.col("_jurisdiction") == 2).then(second).otherwise(first)


def _number_of(name: str) -> int:
    return [place.name for place in PLACES].index(name)
