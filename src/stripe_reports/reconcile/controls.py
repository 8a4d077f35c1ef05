"""The controls: what must be equal, for each currency, if the reports of a period tell the same story.

A control gives *lines*: what should be equal, line by line, with a currency and two amounts. It passes in a
currency if every line does; errors that cancel out are still errors. Facts behind the rules, proved on
genuine files: a stand-alone fee (gross -0.02, fee 0.00) counts in the summary as fee, not as gross; payouts
are positive in ``payouts.itemized`` and negative in the summary; a failed payout has two rows of one id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from stripe_reports.errors import ParameterError
from stripe_reports.reconcile.books import MONEY, Books, has_instant, instant

__all__ = ["CONTROLS", "Control", "outcome"]

NET, FEE, GROSS = pl.col("net"), pl.col("fee"), pl.col("gross")


@dataclass(frozen=True, slots=True)
class Control:
    """One rule.

    Attributes:
        name: What is equal to what, as people say it.
        about: The frame whose rows are looked at when it fails.
        allowed: Whether the given frames allow it.
        lines: The amounts that must be equal; columns ``currency``, ``left``, ``right``, and what tells
            the line from others.
        amount: What a row of that frame adds to the left side.
    """

    name: str
    about: str
    allowed: Callable[[Books], bool]
    lines: Callable[[Books], pl.DataFrame]
    amount: pl.Expr = field(default=pl.col("net"))


def outcome(books: Books) -> pl.DataFrame:
    """Every control that the frames allow, for every currency.

    Raises:
        ParameterError: They allow none.
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
            f"No control can be run over {' and '.join(books.given)} alone. Give another report of the same "
            "period, such as summary=."
        )
    return pl.concat(parts)


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
    """The rows of a report summed by currency, beside a figure of the summary."""

    def lines(books: Books) -> pl.DataFrame:
        summed = books.given[name].group_by("currency").agg(left=amount.cast(MONEY).sum())
        return _side_by_side(summed, books.figures.select("currency", right=figure), "currency")

    return lines


def _automatic_payouts(books: Books) -> pl.DataFrame:
    """Each payout that a transaction names, beside the sum of its transactions.

    A payout that no transaction names went out by hand. The payout reconciliation has all transactions of
    a payout, whenever they were created, so the interval has no edges in it.
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
    """The same by the activity alone, which lacks what a payout settled from before the interval.

    So a payout near the start is left out: one that took effect sooner after it than money can have been
    under way. How long that is, the currency's own transactions tell; twice the longest, and a week more.
    A payout that the activity dates into the interval must be listed, wherever in it.
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
    """Each transaction that both reports must have, as both have it.

    At the edges of the interval, one has what the other cannot: the payout reconciliation has what was
    created before, and the activity what is paid out after.
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


def _is_among(frame: pl.DataFrame, column: str, others: pl.DataFrame) -> pl.Expr:
    """Whether each row's value is one of the other frame's; by a join, which stays quick with millions."""
    there = others.select(column).unique().with_columns(there=True)
    joined = frame.select(column).join(there, on=column, how="left", maintain_order="left")
    return pl.lit(joined["there"].fill_null(value=False))


def _side_by_side(left: pl.DataFrame, right: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Both amounts of each line; one that only one side has is zero on the other."""
    joined = left.join(right, on=list(by), how="full", coalesce=True, nulls_equal=True)
    return joined.with_columns(pl.col("left", "right").fill_null(0))


def _given(*names: str, **needed: tuple[str, ...]) -> Callable[[Books], bool]:
    """Whether these frames were given, and have these columns; a time must be one with a zone."""

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


_IS_FEE = pl.col("reporting_category") == "fee"
_ZERO = pl.lit(0, MONEY)
_COUNTS_AS_GROSS = pl.when(_IS_FEE).then(_ZERO).otherwise(GROSS)
_COUNTS_AS_FEE = pl.when(_IS_FEE).then(GROSS).otherwise(_ZERO) - FEE

_OF_ACTIVITY = ("automatic_payout_id", "balance_transaction_id", "created")

CONTROLS: tuple[Control, ...] = (
    Control(
        "starting + activity + payouts = ending",
        "summary",
        _given("summary"),
        _of_summary(pl.col("starting_balance") + pl.col("activity") + pl.col("payouts"), "ending_balance"),
    ),
    Control(
        "gross + fee = activity",
        "summary",
        _given("summary"),
        _of_summary(pl.col("activity_gross") + pl.col("activity_fee"), "activity"),
    ),
    Control(
        "gross + fee = payouts",
        "summary",
        _given("summary"),
        _of_summary(pl.col("payouts_gross") + pl.col("payouts_fee"), "payouts"),
    ),
    Control("previous ending = next starting", "summary", _given("summary", "previous"), _previous_ending),
    Control("gross - fee = net (activity)", "activity", _given("activity"), _each_row("activity")),
    Control("gross - fee = net (payouts)", "payouts", _given("payouts"), _each_row("payouts")),
    Control(
        "gross - fee = net (payout reconciliation)",
        "payout_reconciliation",
        _given("payout_reconciliation"),
        _each_row("payout_reconciliation"),
    ),
    Control(
        "gross - fee = net (ending balance)",
        "ending_balance",
        _given("ending_balance"),
        _each_row("ending_balance"),
    ),
    Control(
        "itemised gross = summary",
        "activity",
        _given("activity", "summary"),
        _itemised("activity", _COUNTS_AS_GROSS, "activity_gross"),
        _COUNTS_AS_GROSS,
    ),
    Control(
        "itemised fee = summary",
        "activity",
        _given("activity", "summary"),
        _itemised("activity", _COUNTS_AS_FEE, "activity_fee"),
        _COUNTS_AS_FEE,
    ),
    Control(
        "itemised = summary",
        "activity",
        _given("activity", "summary"),
        _itemised("activity", NET, "activity"),
    ),
    Control(
        "itemised payouts = summary",
        "payouts",
        _given("payouts", "summary"),
        _itemised("payouts", -NET, "payouts"),
        -NET,
    ),
    Control(
        "each automatic payout = its transactions",
        "payouts",
        _given("payouts", "payout_reconciliation"),
        _automatic_payouts,
    ),
    Control(
        "each automatic payout = its transactions",
        "payouts",
        _unless(
            "payout_reconciliation",
            _given("payouts", activity=("automatic_payout_id", "created", "automatic_payout_effective_at")),
        ),
        _automatic_payouts_by_activity,
    ),
    Control(
        "activity paid out = payout reconciliation",
        "activity",
        _given(activity=_OF_ACTIVITY, payout_reconciliation=_OF_ACTIVITY),
        _activity_paid_out,
    ),
    Control(
        "ending balance reconciliation = ending balance",
        "ending_balance",
        _given("ending_balance", "summary"),
        _itemised("ending_balance", NET, "ending_balance"),
    ),
)
