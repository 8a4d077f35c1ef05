"""The controls: amounts that must be equal, in each currency, if the reports of a period agree.

A control consists of *lines*, each with a currency and two amounts that should be equal. It passes in a
currency if every line passes; errors that cancel out are still errors. Facts behind the rules, proved on real
files: a stand-alone fee (gross -0.02, fee 0.00) counts in the summary as fee, not as gross; payouts
are positive in ``payouts.itemized`` and negative in the summary; a failed payout has two rows of one id.
Not proved: that network costs and the like count as fees too; see ``explained``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from stripe_reports.catalog import FEE_CATEGORIES
from stripe_reports.errors import ParameterError
from stripe_reports.reconcile.books import MONEY, Books, has_instant, instant
from stripe_reports.reconcile.explained import OF_FEE, OF_GROSS, explained

__all__ = ["CONTROLS", "Control", "outcome"]

NET, FEE, GROSS = pl.col("net"), pl.col("fee"), pl.col("gross")


@dataclass(frozen=True, slots=True)
class Control:
    """A comparison of two amounts in each currency.

    Attributes:
        name: The equation in words.
        compares: What the left and the right amount are, for a reader who knows only the reports.
        about: The frame whose rows are examined when the control fails.
        allowed: Tells whether the given frames are enough for it.
        lines: The amounts that must be equal; columns ``currency``, ``left``, ``right``, and those that
            identify the line.
        amount: The amount that a row of that frame adds to the left side.
    """

    name: str
    compares: tuple[str, str]
    about: str
    allowed: Callable[[Books], bool]
    lines: Callable[[Books], pl.DataFrame]
    amount: pl.Expr = field(default=pl.col("net"))


def outcome(books: Books) -> pl.DataFrame:
    """Run every control that is possible with the frames, for every currency.

    The frame is that of ``TieOut.frame``.

    Raises:
        ParameterError: No control is possible with these frames.
    """
    currencies = pl.DataFrame({"currency": books.currencies}, schema={"currency": pl.String})
    parts = []
    for control in CONTROLS:
        if not control.allowed(books):
            continue
        sums = (
            control.lines(books)
            .group_by("currency")
            .agg(pl.col("left", "right").sum(), passes=(pl.col("left") == pl.col("right")).all())
        )
        every = currencies.join(sums, on="currency", how="left", nulls_equal=True, maintain_order="left")
        parts.append(
            every.select(
                control=pl.lit(control.name),
                currency="currency",
                left=pl.col("left").fill_null(0),
                right=pl.col("right").fill_null(0),
                difference=(pl.col("left") - pl.col("right")).cast(MONEY).fill_null(0),
                passes=pl.col("passes").fill_null(value=True),
            )
        )
    if not parts:
        raise ParameterError(
            f"No control is possible with {' and '.join(books.given)} alone. Give another report of the same "
            "period, such as summary=."
        )
    return explained(books, pl.concat(parts))


def _of_summary(left: pl.Expr, right: str) -> Callable[[Books], pl.DataFrame]:
    return lambda books: books.figures.select("currency", left=left.cast(MONEY), right=right)


def _previous_ending(books: Books) -> pl.DataFrame:
    before = books.figures_before.select("currency", left="ending_balance")
    return _side_by_side(before, books.figures.select("currency", right="starting_balance"), "currency")


def _each_row(name: str) -> Callable[[Books], pl.DataFrame]:
    def lines(books: Books) -> pl.DataFrame:
        return books.given[name].with_columns(left=(GROSS - FEE).cast(MONEY), right=NET)

    return lines


def _itemised(name: str, amount: pl.Expr, figure: str) -> Callable[[Books], pl.DataFrame]:
    """Compare the sum of a report's rows in each currency with an amount of the summary."""

    def lines(books: Books) -> pl.DataFrame:
        summed = books.given[name].group_by("currency").agg(left=amount.cast(MONEY).sum())
        return _side_by_side(summed, books.figures.select("currency", right=figure), "currency")

    return lines


def _automatic_payouts(books: Books) -> pl.DataFrame:
    """Compare each payout that a transaction names with the sum of its transactions.

    A payout that no transaction names was made manually. The payout reconciliation has all transactions of a
    payout, whenever they were created, so the bounds of the interval do not matter.
    """
    transactions = books.given["payout_reconciliation"]
    named = transactions.select(payout_id="automatic_payout_id")
    if books.has("activity", "automatic_payout_id"):
        named = pl.concat([named, books.given["activity"].select(payout_id="automatic_payout_id")])
    settled = transactions.group_by("currency", payout_id="automatic_payout_id").agg(right=NET.sum())
    paid = (
        books.given["payouts"]
        .filter(pl.col("reporting_category") == "payout")
        .join(named.unique(), on="payout_id", how="semi")
        .group_by("currency", "payout_id")
        .agg(left=NET.sum())
    )
    return _side_by_side(paid, settled, "currency", "payout_id")


def _automatic_payouts_by_activity(books: Books) -> pl.DataFrame:
    """Compare payouts with the activity alone, which lacks transactions from before the interval.

    A payout near the start is left out, since it may include such transactions. "Near" is twice the longest
    time from a transaction to its payout in that currency, plus a week. A payout that the activity dates
    inside the interval must be listed.
    """
    activity, payouts = books.given["activity"], books.given["payouts"]
    effective_at = instant(activity, "automatic_payout_effective_at")
    dated = activity.filter(pl.col("automatic_payout_id").is_not_null()).with_columns(
        effective_at=effective_at, created_at=instant(activity, "created")
    )
    delay = (pl.col("effective_at") - pl.col("created_at")).max()
    first = pl.lit(books.interval[0]) if books.interval else pl.col("created_at").min()
    sure = dated.group_by("currency").agg(sure_from=first + 2 * delay + timedelta(days=7))
    sums = (
        dated.filter(books.within(pl.col("effective_at")))
        .group_by("currency", "effective_at", payout_id="automatic_payout_id")
        .agg(right=NET.sum())
        .join(sure, on="currency", nulls_equal=True)
    )
    paid = payouts.filter(pl.col("reporting_category") == "payout")
    paid = paid.group_by("currency", "payout_id").agg(left=NET.sum())
    lines = sums.join(paid, on=["currency", "payout_id"], how="left", nulls_equal=True)
    is_sure = pl.col("effective_at") >= pl.col("sure_from")
    return lines.filter(is_sure | pl.col("left").is_null()).with_columns(pl.col("left").fill_null(0))


def _activity_paid_out(books: Books) -> pl.DataFrame:
    """Compare each transaction that both reports must contain.

    At the bounds of the interval the reports differ: the payout reconciliation has transactions created
    before it, and the activity has transactions paid out after it.
    """
    activity, settled = books.given["activity"], books.given["payout_reconciliation"]
    id_, payout = "balance_transaction_id", "automatic_payout_id"
    is_here = books.within(instant(settled, "created")) | _is_among(settled, id_, activity)
    is_paid = _is_among(activity, payout, settled) | _is_among(activity, id_, settled)
    if books.interval is not None:
        is_paid = books.within(instant(activity, "automatic_payout_effective_at")) | is_paid
    left = activity.filter(is_paid).group_by("currency", id_).agg(left=NET.sum())
    right = settled.filter(is_here).group_by("currency", id_).agg(right=NET.sum())
    return _side_by_side(left, right, "currency", id_)


def _components(books: Books) -> pl.DataFrame:
    """Compare the net of each transaction with the sum of its components, whatever they are."""
    by = ("currency", "balance_transaction_id")
    left = books.given["activity"].group_by(by).agg(left=NET.sum())
    right = books.given["components"].group_by(by).agg(right=pl.col("amount").sum())
    return _side_by_side(left, right, *by)


def _is_among(frame: pl.DataFrame, column: str, others: pl.DataFrame) -> pl.Expr:
    """Tell for each row whether the other frame has its value; a join stays fast with millions of rows."""
    there = others.select(column).unique().with_columns(there=True)
    joined = frame.select(column).join(there, on=column, how="left", maintain_order="left")
    return pl.lit(joined["there"].fill_null(value=False))


def _side_by_side(left: pl.DataFrame, right: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Join both amounts of each line; an amount that is missing on one side is zero."""
    joined = left.join(right, on=list(by), how="full", coalesce=True, nulls_equal=True)
    return joined.with_columns(pl.col("left", "right").fill_null(0))


def _given(*names: str, **needed: tuple[str, ...]) -> Callable[[Books], bool]:
    """Tell whether these frames were given and have these columns; a time must have a zone."""

    def allowed(books: Books) -> bool:
        return all(books.has(name) for name in names) and all(
            books.has(name) and all(_has(books.given[name], column) for column in columns)
            for name, columns in needed.items()
        )

    return allowed


def _has(frame: pl.DataFrame, column: str) -> bool:
    is_time = column.endswith(("created", "_at"))
    return has_instant(frame, column) if is_time else column in frame.columns


def _unless(name: str, allowed: Callable[[Books], bool]) -> Callable[[Books], bool]:
    return lambda books: allowed(books) and not books.has(name)


_IS_FEE = pl.col("reporting_category").is_in(FEE_CATEGORIES)
_ZERO = pl.lit(0, MONEY)
_COUNTS_AS_GROSS = pl.when(_IS_FEE).then(_ZERO).otherwise(GROSS)
_COUNTS_AS_FEE = pl.when(_IS_FEE).then(GROSS).otherwise(_ZERO) - FEE

_OF_ACTIVITY = ("automatic_payout_id", "balance_transaction_id", "created")

CONTROLS: tuple[Control, ...] = (
    Control(
        "starting + activity + payouts = ending",
        ("Starting balance + activity + payouts of the balance summary", "Its ending balance"),
        "summary",
        _given("summary"),
        _of_summary(pl.col("starting_balance") + pl.col("activity") + pl.col("payouts"), "ending_balance"),
    ),
    Control(
        "gross + fee = activity",
        ("Activity before fees + fees of the balance summary", "Its activity"),
        "summary",
        _given("summary"),
        _of_summary(pl.col("activity_gross") + pl.col("activity_fee"), "activity"),
    ),
    Control(
        "gross + fee = payouts",
        ("Payouts to the bank + payout fees of the balance summary", "Its total payouts"),
        "summary",
        _given("summary"),
        _of_summary(pl.col("payouts_gross") + pl.col("payouts_fee"), "payouts"),
    ),
    Control(
        "previous ending = next starting",
        ("Ending balance of the period before", "Starting balance of this period"),
        "summary",
        _given("summary", "previous"),
        _previous_ending,
    ),
    Control(
        "gross - fee = net (activity)",
        ("Gross − fee of each row of the itemised activity, added up", "Net of these rows"),
        "activity",
        _given("activity"),
        _each_row("activity"),
    ),
    Control(
        "gross - fee = net (payouts)",
        ("Gross − fee of each row of the itemised payouts, added up", "Net of these rows"),
        "payouts",
        _given("payouts"),
        _each_row("payouts"),
    ),
    Control(
        "gross - fee = net (payout reconciliation)",
        ("Gross − fee of each row of the payout reconciliation, added up", "Net of these rows"),
        "payout_reconciliation",
        _given("payout_reconciliation"),
        _each_row("payout_reconciliation"),
    ),
    Control(
        "gross - fee = net (ending balance)",
        ("Gross − fee of each row of the ending balance reconciliation, added up", "Net of these rows"),
        "ending_balance",
        _given("ending_balance"),
        _each_row("ending_balance"),
    ),
    Control(
        OF_GROSS,
        (
            "Gross of the itemised activity, without fees that are rows of their own",
            "Activity before fees of the balance summary",
        ),
        "activity",
        _given("activity", "summary"),
        _itemised("activity", _COUNTS_AS_GROSS, "activity_gross"),
        _COUNTS_AS_GROSS,
    ),
    Control(
        OF_FEE,
        (
            "Fees of the itemised activity, with fees that are rows of their own",
            "Fees of the balance summary",
        ),
        "activity",
        _given("activity", "summary"),
        _itemised("activity", _COUNTS_AS_FEE, "activity_fee"),
        _COUNTS_AS_FEE,
    ),
    Control(
        "itemised = summary",
        ("Net of the itemised activity", "Activity of the balance summary"),
        "activity",
        _given("activity", "summary"),
        _itemised("activity", NET, "activity"),
    ),
    Control(
        "itemised payouts = summary",
        ("Net of the itemised payouts, with the sign of the balance", "Total payouts of the balance summary"),
        "payouts",
        _given("payouts", "summary"),
        _itemised("payouts", -NET, "payouts"),
        -NET,
    ),
    Control(
        "each automatic payout = its transactions",
        (
            "Net of each automatic payout of the itemised payouts, added up",
            "Net of the transactions that the payout reconciliation lists for them",
        ),
        "payouts",
        _given("payouts", "payout_reconciliation"),
        _automatic_payouts,
    ),
    Control(
        "each automatic payout = its transactions",
        (
            "Net of each automatic payout of the itemised payouts, added up",
            "Net of the transactions of the itemised activity that name these payouts",
        ),
        "payouts",
        _unless(
            "payout_reconciliation",
            _given("payouts", activity=("automatic_payout_id", "created", "automatic_payout_effective_at")),
        ),
        _automatic_payouts_by_activity,
    ),
    Control(
        "activity paid out = payout reconciliation",
        (
            "Net of the itemised activity that automatic payouts settled",
            "Net of the same transactions in the payout reconciliation",
        ),
        "activity",
        _given(activity=_OF_ACTIVITY, payout_reconciliation=_OF_ACTIVITY),
        _activity_paid_out,
    ),
    Control(
        "ending balance reconciliation = ending balance",
        ("Net of the ending balance reconciliation", "Ending balance of the balance summary"),
        "ending_balance",
        _given("ending_balance", "summary"),
        _itemised("ending_balance", NET, "ending_balance"),
    ),
    Control(
        "each transaction = its components",
        ("Net of the itemised activity", "Components of the same transactions, added up"),
        "activity",
        _given("components", activity=("balance_transaction_id",)),
        _components,
    ),
)
