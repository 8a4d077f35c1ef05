"""A financial account's balance as a waterfall."""

from __future__ import annotations

import polars as pl

from stripe_reports.charts.panels import Chart
from stripe_reports.charts.recipe import Asked, Recipe
from stripe_reports.charts.waterfall import waterfall
from stripe_reports.errors import ParameterError
from stripe_reports.parsing.balances import as_one_balance

__all__ = ["financial_waterfall"]

_TOTALS = ["starting_balance", "ending_balance"]


def financial_waterfall(recipe: Recipe, asked: Asked) -> Chart:
    """Draw how the balance of a financial account changed: a bar for each row, in the report's order.

    If the rows do not add up to the ending balance, a bar "Unexplained" shows by how much. A report that
    names no currency is one panel without one.

    Raises:
        ParameterError: The frame is not one summary.
    """
    rows = (
        as_one_balance(asked.rows, "amount")
        .with_columns(pl.col("currency").fill_null(""))
        .filter(pl.col("amount").is_not_null())
        .collect()
    )
    if rows.is_empty():
        return asked.nothing()
    if rows.select("currency", "category").is_duplicated().any():
        raise ParameterError("The frame contains several balance summaries. Draw them one by one.")
    bars = _bars(rows).with_columns(nonzero=(pl.col("amount") != 0).cast(pl.Int64))
    head = asked.head(recipe.title, bars)
    return waterfall(
        bars,
        head,
        category={"columns": ["category"]},
        currency=None if (bars["currency"] == "").all() else "currency",
    )


def _bars(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the bars of a waterfall, with exact ``amount``, ``start`` and ``end``."""
    is_ending = pl.col("category") == "ending_balance"
    missing = (
        rows.group_by("currency", maintain_order=True)
        .agg(amount=2 * pl.col("amount").filter(is_ending).sum() - pl.col("amount").sum())
        .filter(pl.col("amount") != 0)
        .with_columns(category=pl.lit("difference"))
    )
    # The ending balance is last, in any order of Stripe; without it there is nothing to compare.
    missing = missing.join(rows.filter(is_ending).select("currency"), on="currency", how="semi")
    place = (
        pl.when(category="starting_balance")
        .then(0)
        .when(is_ending)
        .then(3)
        .when(category="difference")
        .then(2)
        .otherwise(1)
    )
    bars = pl.concat(
        [
            rows.select("currency", "category", pl.col("amount")),
            missing.select("currency", "category", pl.col("amount").cast(rows.schema["amount"])),
        ]
    ).sort(pl.col("currency"), place, maintain_order=True)
    amount = pl.col("amount")
    is_total = pl.col("category").is_in(_TOTALS)
    level = pl.when(is_ending).then(0).otherwise(amount).cum_sum().over("currency")
    words = pl.col("category").str.replace_all("_", " ")
    words = words.str.slice(0, 1).str.to_uppercase() + words.str.slice(1)
    return bars.with_columns(
        step=pl.when(category="difference").then(pl.lit("Unexplained")).otherwise(words),
        start=pl.when(is_total).then(0).otherwise(level - amount),
        end=pl.when(is_total).then(amount).otherwise(level),
        kind=pl.when(is_total)
        .then(pl.lit("total"))
        .when(category="difference")
        .then(pl.lit("difference"))
        .when(amount < 0)
        .then(pl.lit("fall"))
        .otherwise(pl.lit("rise")),
    )
