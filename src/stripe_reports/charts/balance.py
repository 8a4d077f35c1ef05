"""The balance summary as a waterfall, from the starting to the ending balance."""

from __future__ import annotations

from typing import Any

import polars as pl

from stripe_reports.catalog import FEE_CATEGORIES
from stripe_reports.charts.columns import check, rows_of
from stripe_reports.charts.groups import NONE
from stripe_reports.charts.panels import Chart, note
from stripe_reports.charts.recipe import Asked, Recipe
from stripe_reports.charts.sums import counted_as, sums_of
from stripe_reports.charts.waterfall import waterfall
from stripe_reports.errors import ParameterError
from stripe_reports.parsing.balances import as_one_balance
from stripe_reports.parsing.payout_parts import OF_GROSS, ORDER
from stripe_reports.parsing.total_rows import without_totals
from stripe_reports.render.currency_order import nonzero_rows

__all__ = ["balance_waterfall", "parts_of_activity"]

_STEPS = pl.DataFrame(
    [
        ("starting_balance", "Starting balance", "total"),
        ("activity_gross", "Gross activity", "flow"),
        ("activity_fee", "Fees", "flow"),
        ("activity", "Activity", "flow"),
        ("payouts_gross", "Payouts", "flow"),
        ("payouts_fee", "Payout fees", "flow"),
        ("payouts", "Payouts", "flow"),
        ("difference", "Unexplained", "flow"),
        ("ending_balance", "Ending balance", "total"),
    ],
    schema=["category", "step", "kind"],
    orient="row",
)
"""The bars from left to right."""

_SPLIT = {"activity": "activity_gross", "payouts": "payouts_gross"}
"""Totals that are left out if the report has their parts."""

_ACTIVITY = ("activity", "activity_gross", "activity_fee")
"""The rows that the activity of the same period replaces."""

_FEES, _OTHER = "fees", "other activity"
_MOST_OTHERS = 3
"""Maximum number of bars for reporting categories besides charges, refunds and disputes."""

_NEEDED = ["category", "net_amount", "currency"]

_EMPTY = "There is no balance, no activity and no payout."
_ONLY_IF_NOT_ZERO = ("payouts_fee", "difference")


def balance_waterfall(recipe: Recipe, asked: Asked) -> Chart:
    """Draw how each balance changed from start to end.

    The bars are the rows of a balance summary, or of several in a row, such as the months of a year; payout
    fees are shown only if there were any. With the activity of the same period, its charges, refunds,
    disputes and fees are bars instead of the gross activity. If the bars do not add up to the ending balance,
    a bar "Unexplained" shows by how much.

    Raises:
        ParameterError: The frame is not one balance summary.
    """
    frame = as_one_balance(asked.rows).select(_present(asked.frame)).collect()
    parts = None if asked.activity is None else parts_of_activity(rows_of(asked.activity))
    counts = nonzero_rows(asked.rows, amounts=asked.amounts)
    bars = counted_as(_bars(frame, parts), counts)
    ends = counted_as(bars.filter(category="ending_balance"), counts)
    if bars.is_empty():
        return asked.nothing() if asked.currency else note(_EMPTY, asked.head(recipe.title, bars))
    head = (
        asked.head("Ending balance", ends, sum_of="amount") if len(ends) else asked.head(recipe.title, bars)
    )
    return waterfall(bars, head, category=_rows_behind(frame, parts))


def _present(frame: pl.LazyFrame) -> list[str]:
    return [name for name in (*_NEEDED, "description") if name in frame.collect_schema()]


def parts_of_activity(
    activity: pl.LazyFrame, *keys: pl.Expr, most_others: int = _MOST_OTHERS
) -> pl.DataFrame:
    """Return ``category``, ``currency``, *keys* and exact ``amount`` of the parts of an activity, in order.

    A fee that is a row of its own has its amount in ``gross``, and the tax on it in ``fee``; both are fees.
    """
    needed = ["reporting_category", "gross", "fee", "currency"]
    check(activity, "The activity of a balance", needed, exact=needed[1:3])
    category = pl.col("reporting_category").fill_null(NONE)
    sums = sums_of(
        without_totals(activity),
        category.alias("category"),
        *keys,
        amounts={"gross": pl.col("gross"), "fee": pl.col("fee")},
    ).drop("rows", "nonzero")
    part = pl.col("category").replace_strict(OF_GROSS, default=pl.col("category"))
    is_fee = pl.col("category").is_in(FEE_CATEGORIES)
    parts = pl.concat(
        [
            sums.drop("fee").with_columns(category=pl.when(is_fee).then(pl.lit(_FEES)).otherwise(part)),
            sums.drop("gross")
            .with_columns(category=pl.lit(_FEES), fee=-pl.col("fee"))
            .rename({"fee": "gross"}),
        ]
    ).rename({"gross": "amount"})
    named = [name for name in ORDER if name in OF_GROSS.values()]
    sizes = parts.group_by("category").agg(size=pl.col("amount").abs().cast(pl.Float64).sum())
    others = sizes.filter(~pl.col("category").is_in([*named, _FEES])).sort(
        "size", "category", descending=[True, False]
    )["category"]
    kept = others if len(others) <= most_others else others.head(most_others - 1)
    order = [*named, *kept, _OTHER, _FEES]
    is_kept = pl.col("category").is_in(order)
    return (
        parts.with_columns(category=pl.when(is_kept).then("category").otherwise(pl.lit(_OTHER)))
        .group_by(pl.exclude("amount"))
        .agg(pl.col("amount").sum())
        .filter(pl.col("amount") != 0)
        .sort(pl.col("category").replace_strict(order, range(len(order)), return_dtype=pl.Int64), "currency")
    )


def _rows_behind(frame: pl.DataFrame, parts: pl.DataFrame | None) -> dict[str, Any]:
    """Return the condition of a bar; a part of the activity is behind the row of all activity."""
    if parts is None:
        return {"columns": ["category"]}
    present = frame["category"].unique().to_list()
    of_part = ["activity"] if "activity" in present else list(_ACTIVITY)
    sides = {name: [name] for name in present} | dict.fromkeys(parts["category"].unique(), of_part)
    return {"columns": ["category"], "sides": sides}


def _bars(frame: pl.DataFrame, parts: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the bars of a waterfall, with exact ``amount``, ``start`` and ``end``."""
    if not frame.is_empty() and _steps(frame).is_empty():
        raise ParameterError(
            "The frame is not a balance summary: it has no row starting_balance, activity, payouts or "
            "ending_balance."
        )
    amounts = frame.select(
        "category", pl.col("currency").fill_null(""), amount=pl.col("net_amount").fill_null(0)
    ).filter((pl.col("currency") != "") | (pl.col("amount") != 0))  # a zero without activity has no currency
    if amounts.select("currency", "category").is_duplicated().any():
        raise ParameterError("The frame contains several balance summaries. Draw them one by one.")

    steps, can_be_left_out = _steps(frame), [*_ONLY_IF_NOT_ZERO]
    currencies = amounts.select(pl.col("currency").unique(maintain_order=True))
    if parts is not None:
        names = parts["category"].unique(maintain_order=True)
        words = names.str.replace_all("_", " ")
        of_parts = pl.DataFrame(
            {"category": names, "step": words.str.head(1).str.to_uppercase() + words.str.slice(1)}
        )
        steps = _with_parts(steps, of_parts.with_columns(kind=pl.lit("flow")))
        amounts = pl.concat(
            [
                amounts.filter(~pl.col("category").is_in(_ACTIVITY)),
                parts.select(amounts.columns).cast(amounts.schema),
            ]
        )
        can_be_left_out += names.to_list()
    is_difference = pl.col("category") == "difference"
    is_ending = pl.col("category") == "ending_balance"
    amount = pl.col("amount")
    missing = amount.filter(is_ending).sum() - amount.filter(~is_ending).sum()
    level = pl.when(is_ending).then(0).otherwise(amount).cum_sum().over("currency")
    return (
        currencies.join(steps, how="cross", maintain_order="left_right")
        .join(amounts, on=["currency", "category"], how="left", maintain_order="left")
        .with_columns(amount.fill_null(0))
        .with_columns(amount=pl.when(is_difference).then(missing.over("currency")).otherwise(amount))
        .filter((amount != 0) | ~pl.col("category").is_in(can_be_left_out))
        .with_columns(
            start=pl.when(kind="total").then(0).otherwise(level - amount),
            end=pl.when(kind="total").then(amount).otherwise(level),
            kind=pl.when(kind="total")
            .then(pl.col("kind"))
            .when(is_difference)
            .then(pl.lit("difference"))
            .when(amount < 0)
            .then(pl.lit("fall"))
            .otherwise(pl.lit("rise")),
        )
    )


def _with_parts(steps: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Put the parts of the activity in the place of its rows."""
    is_before = pl.col("category") == "starting_balance"
    is_after = ~is_before & ~pl.col("category").is_in(_ACTIVITY)
    steps = steps.select(parts.columns)
    return pl.concat([steps.filter(is_before), parts, steps.filter(is_after)])


def _steps(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the bars for which the report has rows, labelled with the date in a description, if any."""
    present = set(frame["category"])
    if {"starting_balance", "ending_balance"} <= present:
        present.add("difference")
    steps = _STEPS.filter(
        pl.col("category").is_in(present - {s for s, part in _SPLIT.items() if part in present})
    )
    if "description" not in frame.columns:
        return steps
    dates = frame.select("category", date=pl.col("description").str.extract(r"\((\d{4}-\d\d-\d\d)\)"))
    return steps.join(
        dates.drop_nulls().unique("category", keep="first"), on="category", how="left", maintain_order="left"
    ).with_columns(step=pl.concat_str("step", "date", separator=" ", ignore_nulls=True))
