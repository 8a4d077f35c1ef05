"""The balance summary as a waterfall, from the starting to the ending balance."""

from __future__ import annotations

import polars as pl

from stripe_reports.charts.panels import Chart, note
from stripe_reports.charts.recipe import Asked, Recipe
from stripe_reports.charts.waterfall import waterfall
from stripe_reports.errors import ParameterError

__all__ = ["balance_waterfall"]

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

_NEEDED = ["category", "net_amount", "currency"]

_EMPTY = "There is no balance, no activity and no payout."
_ONLY_IF_NOT_ZERO = ("payouts_fee", "difference")


def balance_waterfall(recipe: Recipe, asked: Asked) -> Chart:
    """Draw how each balance changed from start to end.

    The bars are the rows of a balance summary; payout fees are shown only if there were any. If the rows do
    not add up to the ending balance, a bar "Unexplained" shows by how much.

    Raises:
        ParameterError: The frame is not one balance summary.
    """
    bars = _bars(asked.rows.select(_present(asked.frame)).collect())
    if bars.is_empty():
        return asked.nothing() if asked.currency else note(_EMPTY, asked.head(recipe.title, bars))
    return waterfall(bars, asked.head(recipe.title, bars), category={"columns": ["category"]})


def _present(frame: pl.LazyFrame) -> list[str]:
    return [name for name in (*_NEEDED, "description") if name in frame.collect_schema()]


def _bars(frame: pl.DataFrame) -> pl.DataFrame:
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

    is_difference = pl.col("category") == "difference"
    is_ending = pl.col("category") == "ending_balance"
    amount = pl.col("amount")
    missing = amount.filter(is_ending).sum() - amount.filter(~is_ending).sum()
    level = pl.when(is_ending).then(0).otherwise(amount).cum_sum().over("currency")
    return (
        amounts.select(pl.col("currency").unique(maintain_order=True))
        .join(_steps(frame), how="cross", maintain_order="left_right")
        .join(amounts, on=["currency", "category"], how="left", maintain_order="left")
        .with_columns(amount.fill_null(0))
        .with_columns(amount=pl.when(is_difference).then(missing.over("currency")).otherwise(amount))
        .filter((amount != 0) | ~pl.col("category").is_in(_ONLY_IF_NOT_ZERO))
        .with_columns(nonzero=(amount != 0).cast(pl.Int64))
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
