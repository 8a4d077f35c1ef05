"""The rows that cause a difference: where to look when a control fails.

Totals that differ do not show which row is wrong, but the other reports do: a transaction created in the
period was paid out automatically in it, or is part of the balance at its end. If no other report helps, the
rows whose amount is the difference, or half of it, are returned.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.reconcile.books import MONEY, Books, has_instant, instant
from stripe_reports.reconcile.controls import FEE, GROSS, NET, Control
from stripe_reports.reconcile.explained import OF_FEE

__all__ = ["moved", "none", "suspects"]

_ID = "balance_transaction_id"
_TOLD: dict[str, pl.DataType] = {"report": pl.String(), "why": pl.String(), "difference": MONEY}


def suspects(books: Books, control: Control, currency: str | None, difference: pl.Expr) -> pl.DataFrame:
    """Find the rows behind a failed control in one currency; see ``TieOut.rows``.

    Args:
        books: The frames.
        control: The control that failed.
        currency: The currency in which it failed.
        difference: Left minus right, as a literal.
    """
    name = control.about
    if name == "summary":
        return _of_summaries(books, control, currency)
    if control.name.startswith("gross - fee"):
        rows = _in(books.given[name], currency).filter(GROSS - FEE != NET)
        return _told(rows, name, "gross - fee is not net", GROSS - FEE - NET)
    if control.name.startswith("each automatic"):
        return _payouts(books, control, currency)
    if control.name == "each transaction = its components":
        return _transactions(books, control, currency)
    amount = control.amount
    found = [*_faulty_rows(books, name, currency, amount), *_against_others(books, name, currency, amount)]
    found = [rows for rows in found if rows.height]
    if not found:
        found = _by_amount(books, name, currency, amount, difference)
    return pl.concat(found, how="diagonal_relaxed")


def none(books: Books, control: Control) -> pl.DataFrame:
    """Return an empty frame with the columns of suspect rows."""
    return pl.DataFrame(schema=_TOLD | dict(books.given[control.about].schema))


def moved(books: Books, control: Control, categories: Sequence[str], currency: str | None) -> pl.DataFrame:
    """Return the rows that the summary counts as gross; each is its part of an explained difference."""
    rows = _in(books.given["activity"], currency).filter(pl.col("reporting_category").is_in(categories))
    part = GROSS if control.name == OF_FEE else -GROSS
    return _told(rows, "activity", "the summary counts it as gross", part)


def _in(frame: pl.DataFrame, currency: str | None) -> pl.DataFrame:
    return frame.filter(pl.col("currency").eq_missing(pl.lit(currency, pl.String)))


def _told(rows: pl.DataFrame, report: str, why: str, difference: pl.Expr) -> pl.DataFrame:
    """Add the columns ``report``, ``why`` and ``difference`` in front of the rows."""
    return rows.select(
        pl.lit(report).alias("report"),
        pl.lit(why).alias("why"),
        difference.cast(MONEY).alias("difference"),
        pl.all(),
    )


def _of_summaries(books: Books, control: Control, currency: str | None) -> pl.DataFrame:
    """Return the amounts of the summary; of two summaries, the two that should be equal."""
    pages = {"summary": _filled(books.given["summary"])}
    if control.name.startswith("previous"):
        pages = {"previous": _filled(books.given["previous"]), **pages}
    none = pl.lit(None, MONEY)
    found = [
        _told(_in(page, currency), name, "an amount of the control", none) for name, page in pages.items()
    ]
    rows = pl.concat(found, how="diagonal_relaxed")
    wanted = {
        "starting + activity + payouts = ending": [
            "starting_balance",
            "activity",
            "payouts",
            "ending_balance",
        ],
        "gross + fee = activity": ["activity_gross", "activity_fee", "activity"],
        "gross + fee = payouts": ["payouts_gross", "payouts_fee", "payouts"],
    }.get(control.name)
    if wanted:
        return rows.filter(pl.col("category").is_in(wanted))
    is_edge = (pl.col("report") == "previous") & (pl.col("category") == "ending_balance")
    return rows.filter(
        is_edge | ((pl.col("report") == "summary") & (pl.col("category") == "starting_balance"))
    )


def _filled(summary: pl.DataFrame) -> pl.DataFrame:
    """Drop zeros without a currency, which cannot cause a difference."""
    return summary.filter(pl.col("currency").is_not_null() | (pl.col("net_amount") != 0))


def _payouts(books: Books, control: Control, currency: str | None) -> pl.DataFrame:
    """Return the payouts that differ from their transactions, each with its transactions."""
    lines = control.lines(books).filter(pl.col("left") != pl.col("right"))
    lines = _in(lines, currency).select("payout_id", part=pl.col("left") - pl.col("right"))
    found = [
        _told(
            _in(books.given["payouts"], currency).join(lines, on="payout_id", maintain_order="left"),
            "payouts",
            "a payout that differs from its transactions",
            pl.col("part"),
        )
    ]
    name = "payout_reconciliation" if books.has("payout_reconciliation") else "activity"
    transactions = (
        _in(books.given[name], currency)
        .with_columns(payout_id="automatic_payout_id")
        .join(lines, on="payout_id", maintain_order="left")
    )
    found.append(_told(transactions, name, "a transaction of such a payout", pl.lit(None, MONEY)))
    return pl.concat(found, how="diagonal_relaxed").drop("part")


def _transactions(books: Books, control: Control, currency: str | None) -> pl.DataFrame:
    """Return the transactions that differ from their components, each with its components."""
    lines = control.lines(books).filter(pl.col("left") != pl.col("right"))
    lines = _in(lines, currency).select(_ID, part=pl.col("left") - pl.col("right"))
    reports = {
        "activity": ("a transaction that differs from its components", pl.col("part")),
        "components": ("a component of such a transaction", pl.lit(None, MONEY)),
    }
    found = [
        _told(
            _in(books.given[name], currency).join(lines, on=_ID, maintain_order="left"), name, why, difference
        )
        for name, (why, difference) in reports.items()
    ]
    return pl.concat(found, how="diagonal_relaxed").drop("part")


def _faulty_rows(books: Books, name: str, currency: str | None, amount: pl.Expr) -> list[pl.DataFrame]:
    """Find rows that are wrong in themselves: their amounts do not add up, or they are listed twice."""
    rows = _in(books.given[name], currency)
    by = {"payouts": ["payout_id", "reporting_category"]}.get(name, [_ID])
    # It is not known which of its amounts is wrong, nor by how much.
    found = [_told(rows.filter(GROSS - FEE != NET), name, "gross - fee is not net", pl.lit(None, MONEY))]
    if set(by) <= set(rows.columns):
        again = rows.filter(pl.struct(by).is_first_distinct().not_())
        found.append(_told(again, name, "listed twice", amount))
    return found


def _against_others(books: Books, name: str, currency: str | None, amount: pl.Expr) -> list[pl.DataFrame]:
    """Find rows that differ in another report, or that only one report has."""
    if name == "payouts":
        return _unlisted_payouts(books, currency)
    if not all(_is_usable(books, each) for each in ("activity", "payout_reconciliation", "ending_balance")):
        return []
    created = {
        each: books.given[each].filter(books.within(instant(books.given[each], "created")))
        for each in ("activity", "payout_reconciliation", "ending_balance")
    }
    activity = created.pop("activity").with_columns(report=pl.lit("activity"))
    # A transaction created in the period was paid out in it, or is in the balance at its end.
    elsewhere = pl.concat(
        [rows.with_columns(report=pl.lit(each)) for each, rows in created.items()], how="diagonal_relaxed"
    ).filter(pl.col("reporting_category").is_in(["payout", "payout_reversal"]).not_())
    mine, others = (activity, elsewhere) if name == "activity" else (elsewhere, activity)
    mine, others = _in(mine, currency), _in(others, currency)
    key = [_ID, "currency", "gross", "fee", "net"]
    extra = mine.join(others, on=key, how="anti", nulls_equal=True, maintain_order="left")
    missing = others.join(mine, on=key, how="anti", nulls_equal=True, maintain_order="left")
    if name != "activity":  # rows of the payout reconciliation are not in the ending balance
        extra = extra.filter(pl.col("report") == name)
    return [
        _told_where(extra, "different in another report", amount),
        _told_where(missing, f"different in {name}", -amount),
    ]


def _told_where(rows: pl.DataFrame, why: str, difference: pl.Expr) -> pl.DataFrame:
    return rows.select(
        "report",
        pl.lit(why).alias("why"),
        difference.cast(MONEY).alias("difference"),
        pl.exclude("report"),
    )


def _is_usable(books: Books, name: str) -> bool:
    return books.has(name, _ID) and has_instant(books.given[name], "created")


def _unlisted_payouts(books: Books, currency: str | None) -> list[pl.DataFrame]:
    """Find payouts that transactions name but the list lacks, and listed ones with another amount."""
    if not books.has("payout_reconciliation"):
        return []
    settled, payouts = (_in(books.given[name], currency) for name in ("payout_reconciliation", "payouts"))
    sums = settled.group_by("automatic_payout_id").agg(NET.sum())
    sums = sums.rename({"automatic_payout_id": "payout_id"})
    unlisted = sums.join(payouts, on="payout_id", how="anti")
    paid = payouts.filter(pl.col("reporting_category") == "payout")
    other = paid.join(sums, on="payout_id", suffix="_settled", maintain_order="left")
    other = other.filter(pl.col("net_settled") != NET)
    return [
        _told(unlisted, "payout_reconciliation", "a payout that is missing in payouts", NET),
        _told(
            other[[*payouts.columns, "net_settled"]],
            "payouts",
            "a payout that differs from its transactions",
            pl.col("net_settled") - NET,
        ).drop("net_settled"),
    ]


def _by_amount(
    books: Books, name: str, currency: str | None, amount: pl.Expr, difference: pl.Expr
) -> list[pl.DataFrame]:
    """Find rows as large as the difference; if there are none, return all rows."""
    rows = _in(books.given[name], currency)
    found = [
        _told(rows.filter(amount.abs() == difference.abs()), name, "as large as the difference", amount),
        _told(
            rows.filter(2 * amount.abs() == difference.abs()),
            name,
            "half the difference: its sign may be reversed",
            2 * amount,
        ),
    ]
    for other in ("activity", "payout_reconciliation", "ending_balance"):
        if other != name and books.has(other, _ID) and books.has(name, _ID):
            lacking = _in(books.given[other], currency).join(rows, on=_ID, how="anti", maintain_order="left")
            lacking = lacking.filter(difference == -amount)
            found.append(_told(lacking, other, f"as large as the difference, and not in {name}", -amount))
    found = [each for each in found if each.height]
    return found or [_told(rows, name, "among these", pl.lit(None, MONEY))]
