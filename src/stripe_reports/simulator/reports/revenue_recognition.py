"""Double-entry bookkeeping of the ledger's activity, with subscriptions recognised day by day.

A charge debits AccountsReceivable for the revenue, earned or not, and for the tax in it; then Cash settles
the receivable. One charge in three is the invoice of a subscription: its revenue is deferred, and recognised
over the 30 or 365 days it pays for, month by month. A refund or a dispute reverses the recognised part
(Refunds, Disputes) and the deferred part, and stops recognition. Stripe's fees are an expense.

So in each period and currency the change of Cash is the ledger's ``net``, and Revenue less Refunds and
Disputes, with the changes of DeferredRevenue and TaxLiability, is the gross of charges, refunds and disputes.

Source: https://docs.stripe.com/revenue-recognition/methodology
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.restatements import is_late_fee
from stripe_reports.simulator.reports import details
from stripe_reports.simulator.reports.cells import midnight
from stripe_reports.simulator.reports.details import Columns, Context
from stripe_reports.simulator.reports.selections import Asked, Pages
from stripe_reports.simulator.reports.tax import taxed

__all__ = ["entries", "itemized", "summed_by"]

_DAY = 86_400
_MONTHLY, _YEARLY = 30, 365
_GL_CODES = {
    "Cash": "1010",
    "AccountsReceivable": "1200",
    "TaxLiability": "2200",
    "DeferredRevenue": "2400",
    "Revenue": "4000",
    "Refunds": "4100",
    "Disputes": "4200",
    "Fees": "6100",
}
_ACCOUNT = pl.Enum(list(_GL_CODES))
_PRODUCTS = 3


def itemized(parts: Sequence[Asked]) -> Iterator[pl.DataFrame]:
    """Return a row for each entry, by the time it was booked."""
    for asked in parts:
        rows = _wanted(asked).sort("booked", "transaction", "debit", "credit").collect()
        yield _columns(asked.ledger.draws, asked.context).select(rows, asked.columns)


def summed_by(*ids: str) -> Pages:
    """Sum the entries by accounting period, currency, accounts and the columns called *ids*."""

    def pages(parts: Sequence[Asked]) -> Iterator[pl.DataFrame]:
        for asked in parts:
            columns = _columns(asked.ledger.draws, asked.context)
            by = ["_period", "_open_period", "currency", "debit", "credit", *ids]
            rows = (
                _wanted(asked)
                .with_columns(**columns.shared)
                .with_columns(columns.column(id_).alias(id_) for id_ in ids)
            )
            summed = rows.group_by(by).agg(pl.col("amount").sum()).sort(by)
            named = {
                **columns.named,
                **{name: pl.col(name) for name in (*ids, "debit", "credit")},
            }
            shared = {"_decimals": columns.shared["_decimals"]}
            yield Columns(shared, named).select(summed.collect(), asked.columns)

    return pages


def entries(asked: Asked) -> pl.LazyFrame:
    """Return the entries booked in the interval: ``debit``, ``credit`` and a positive ``amount``.

    Amounts are in minor units. Each row also has the columns of its balance transaction, the first day of
    its accounting period, and the time it was ``booked`` in Unix seconds.
    """
    # Nothing is recognised for longer than a year after its charge; disputes and their ends come within it.
    charged = pl.col("charge_created") >= asked.start - (_YEARLY + 2) * _DAY
    rows = asked.ledger.activity.lazy().filter(
        pl.col("created") < asked.end, charged | asked.during("created")
    )
    # Computed once, because every posting uses them.
    rows = _scheduled(asked.ledger.draws, rows).collect().lazy()
    at_once = [
        rows.with_columns(
            booked="created",
            debit=debit if isinstance(debit, pl.Expr) else pl.lit(debit, pl.String),
            credit=credit if isinstance(credit, pl.Expr) else pl.lit(credit, pl.String),
            amount=amount,
        )
        for debit, credit, amount in _postings()
    ]
    every = pl.concat([*at_once, _recognised(rows)], how="diagonal")
    every = every.filter(asked.during("booked"), pl.col("amount") != 0)
    is_back = pl.col("amount") < 0
    every = every.with_columns(
        debit=pl.when(is_back).then("credit").otherwise("debit").cast(_ACCOUNT),
        credit=pl.when(is_back).then("debit").otherwise("credit").cast(_ACCOUNT),
        amount=pl.col("amount").abs(),
        _period=_month(pl.col("booked")),
    )
    # A fee that arrived after its month was closed is booked in the month that was open then.
    late = pl.when(is_late_fee()).then(_month(pl.col("available_on"))).otherwise("_period")
    return every.with_columns(_open_period=late)


def is_invoiced(draws: Draws) -> pl.Expr:
    """Tell whether a charge pays the invoice of a subscription."""
    return draws.below(10, "invoiced", pl.col("charge")) < 3


def _scheduled(draws: Draws, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add the change of revenue at once (``now``) and over the days paid for (``later``) to each row."""
    is_yearly = draws.below(9, "billed yearly", pl.col("charge")) == 0
    days = pl.when(is_yearly).then(_YEARLY).otherwise(_MONTHLY)
    elapsed = (pl.col("created") - pl.col("charge_created")) // _DAY
    is_charge = pl.col("reporting_category") == "charge"
    # Other changes to a charge change no tax: the merchant pays, or keeps, that part at once.
    bears = pl.when(pl.col("reporting_category").is_in(["charge", "refund"])).then(0).otherwise("tax")
    return (
        taxed(draws, rows)
        .with_columns(_borne=bears)
        .with_columns(tax=pl.col("tax") - pl.col("_borne"))
        .with_columns(days=pl.when(is_invoiced(draws)).then(days).otherwise(0))
        .with_columns(elapsed=pl.min_horizontal(elapsed, pl.col("days")), earned=pl.col("subtotal"))
        .with_columns(now=pl.when(pl.col("days") == 0).then("earned").otherwise(_by_day(pl.col("elapsed"))))
        .with_columns(now=pl.when(is_charge & (pl.col("days") > 0)).then(0).otherwise("now"))
        .with_columns(later=pl.col("earned") - pl.col("now"))
        .with_columns(now=pl.col("now") + pl.col("_borne"))
    )


def _by_day(day: pl.Expr) -> pl.Expr:
    """Return the part of ``earned`` recognised up to a day of the service, rounded towards zero."""
    days = pl.max_horizontal(pl.col("days"), 1)
    return pl.col("earned").sign() * (pl.col("earned").abs() * day // days)


def _postings() -> list[tuple[str | pl.Expr, str | pl.Expr, pl.Expr]]:
    """Return debit, credit and amount booked for a balance transaction; a negative amount swaps the sides."""
    category = pl.col("reporting_category")
    is_charge, is_fee = category == "charge", category.is_in(["fee", "network_cost"])
    moves_back = ~is_charge & ~is_fee
    contra = (
        pl.when(category.is_in(["dispute", "dispute_reversal"]))
        .then(pl.lit("Disputes"))
        .otherwise(pl.lit("Refunds"))
    )

    def only(where: pl.Expr, amount: pl.Expr) -> pl.Expr:
        return pl.when(where).then(amount).otherwise(0)

    return [
        ("AccountsReceivable", "Revenue", only(is_charge, pl.col("now"))),
        ("AccountsReceivable", "DeferredRevenue", only(is_charge, pl.col("later"))),
        ("AccountsReceivable", "TaxLiability", only(is_charge, pl.col("tax"))),
        ("Cash", "AccountsReceivable", only(is_charge, pl.col("gross"))),
        (contra, "Cash", only(moves_back, -pl.col("now"))),
        ("DeferredRevenue", "Cash", only(moves_back, -pl.col("later"))),
        ("TaxLiability", "Cash", only(moves_back, -pl.col("tax"))),
        ("Fees", "Cash", pl.when(is_fee).then(-pl.col("net")).otherwise("fee")),
    ]


def _recognised(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the revenue of each month of a service, less reversals, booked in the month's last second."""
    started, days = pl.col("charge_created"), pl.col("days")
    first_month, last_month = _month_number(pl.col("created")), _month_number(started + days * _DAY - 1)
    monthly = (
        rows.filter(days > 0, pl.col("later") != 0)
        .with_columns(_month=pl.int_ranges(first_month, last_month + 1))
        .explode("_month")
    )
    begins, ends = _first_second(pl.col("_month")), _first_second(pl.col("_month") + 1)
    from_day = ((begins - started) // _DAY).clip(pl.col("elapsed"), days)
    to_day = ((ends - started) // _DAY).clip(pl.col("elapsed"), days)
    monthly = monthly.with_columns(
        booked=pl.min_horizontal(ends, started + days * _DAY) - 1,
        # A charge starts with nothing recognised; a reversal starts from what was recognised before it.
        amount=_by_day(to_day) - _by_day(from_day),
    )
    whole = monthly.group_by("charge", "booked").agg(
        pl.col("amount").sum(), pl.col("currency", "charge_created").first()
    )
    return whole.with_columns(
        debit=pl.lit("DeferredRevenue"),
        credit=pl.lit("Revenue"),
        reporting_category=pl.lit("charge"),
        transaction=pl.col("charge") * 8,
        created=pl.col("charge_created"),
        available_on=pl.col("booked"),
    ).cast({"reporting_category": rows.collect_schema()["reporting_category"]})


def _wanted(asked: Asked) -> pl.LazyFrame:
    """Keep the entries that match ``customer``, ``invoice`` and ``invoice_line_item``."""
    rows, columns = entries(asked), _columns(asked.ledger.draws, asked.context)
    for name in ("customer", "invoice", "invoice_line_item"):
        if wanted := asked.parameters.get(name):
            rows = rows.with_columns(**columns.shared).filter(columns.column(f"{name}_id") == wanted)
            rows = rows.drop(columns.shared)
    return rows


def _columns(draws: Draws, context: Context) -> Columns:
    of_row = details.activity(draws, context)
    charge, category = pl.col("charge"), pl.col("reporting_category")
    is_sold = charge.is_not_null()
    invoiced = is_sold & is_invoiced(draws)
    yearly = (draws.below(9, "billed yearly", charge) == 0).cast(pl.UInt64)
    product = draws.below(_PRODUCTS, "product", charge).cast(pl.UInt64)
    line = draws.id("il_", "invoice line item", charge)
    same = (
        "customer_id",
        "invoice_id",
        "invoice_number",
        "subscription_id",
        "charge_id",
        "balance_transaction_id",
    )
    ids = {name: of_row.column(name) for name in same}
    source = of_row.column("source_id")
    model = (
        pl.when(invoiced).then(line).otherwise(pl.coalesce(ids["charge_id"], ids["balance_transaction_id"]))
    )
    return Columns(
        of_row.shared,
        {
            **ids,
            "accounting_period": midnight(pl.col("_period")),
            "open_accounting_period": midnight(pl.col("_open_period")),
            "currency": pl.col("currency"),
            "debit": pl.col("debit"),
            "credit": pl.col("credit"),
            "amount": details.amount_of(context, pl.col("amount")),
            "presentment_currency": pl.col("currency"),
            "presentment_amount": details.amount_of(context, pl.col("amount")),
            **{f"{side}_gl_code": pl.col(side).replace_strict(_GL_CODES) for side in ("debit", "credit")},
            "booked_date": midnight(pl.col("booked")),
            "transaction_model_id": model,
            "invoice_line_item_id": pl.when(invoiced).then(line),
            "invoice_item_id": pl.lit(None, pl.String),
            "subscription_item_id": pl.when(invoiced).then(draws.id("si_", "subscription item", charge)),
            "price_id": pl.when(invoiced).then(draws.id("price_", "price", product * 2 + yearly)),
            "product_id": pl.when(invoiced).then(draws.id("prod_", "product id", product)),
            "refund_id": pl.when(category.is_in(["refund", "refund_failure"])).then(source),
            "dispute_id": pl.when(category.is_in(["dispute", "dispute_reversal"])).then(source),
        },
    )


def _month_number(seconds: pl.Expr) -> pl.Expr:
    at = (seconds * 1000).cast(pl.Datetime("ms"))
    return at.dt.year().cast(pl.Int64) * 12 + at.dt.month() - 1


def _first_second(month: pl.Expr) -> pl.Expr:
    """Return the start of a month in Unix seconds, by its number."""
    return pl.date(month // 12, month % 12 + 1, 1).cast(pl.Int64) * _DAY


def _month(seconds: pl.Expr) -> pl.Expr:
    """Return the start of the month of a time, in Unix seconds."""
    return _first_second(_month_number(seconds))
