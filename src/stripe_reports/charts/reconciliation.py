"""From sales to the deposit: the composition of each payout, and of all together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from stripe_reports.charts import theme
from stripe_reports.charts.columns import first_of
from stripe_reports.charts.flows import are_billed_apart, flows_of
from stripe_reports.charts.groups import NONE
from stripe_reports.charts.panels import Chart, currencies_of, in_words, note
from stripe_reports.charts.recipe import Asked, Recipe
from stripe_reports.charts.slots import NO_DATE, Slots
from stripe_reports.charts.stacked import stacked
from stripe_reports.charts.sums import sums_of
from stripe_reports.charts.waterfall import waterfall
from stripe_reports.parsing.payout_rows import is_payout_itself
from stripe_reports.parsing.total_rows import without_totals

__all__ = ["counting", "of_categories", "payout_composition", "payouts_made_of", "settled"]

PAID_AT = ("automatic_payout_effective_at", "automatic_payout_effective_at_utc")
_MOST_PAYOUTS = 45
"""Maximum number of payouts in one panel; more are combined by period."""

_MOST_BARS = 700
_AMOUNTS = {name: pl.col(name) for name in ("gross", "fee", "net")}
_CATEGORY = pl.col("reporting_category").alias("category")
DEPOSIT = "deposit"
"""The bar with the sum of the others."""


def settled(frame: pl.LazyFrame) -> tuple[pl.LazyFrame, Mapping[str, Any] | None]:
    """Return the transactions of a payout reconciliation, and the condition of these rows.

    The condition is for ``charts.selections``; it is None if no row is a payout itself.
    """
    columns = frame.collect_schema().names()
    if frame.filter(is_payout_itself(columns)).head(1).select(pl.len()).collect().item() == 0:
        return frame, None
    both = ["source_id", "automatic_payout_id"]
    names_source = set(both) <= set(columns)
    where = {"differ": both} if names_source else {"columns": ["reporting_category"], "not in": ["payout"]}
    return frame.filter(~is_payout_itself(columns)), where


def of_categories(
    frame: pl.LazyFrame, where: Mapping[str, Any] | None
) -> tuple[pl.LazyFrame, Mapping[str, Any] | None]:
    """Return a summary without the row of all categories together, and the condition of the other rows.

    Args:
        frame: The rows of the summary.
        where: The condition of those that count so far.
    """
    rows = without_totals(frame)
    totals = frame.join(rows, on="reporting_category", how="anti", nulls_equal=True)
    names = totals.select(pl.col("reporting_category").unique().sort()).collect()["reporting_category"]
    if names.is_empty():
        return frame, where
    left_out = [*(where or {}).get("not in", ()), *names]
    return rows, {"columns": ["reporting_category"], "not in": left_out}


def counting(chart: Chart, where: Mapping[str, Any] | None) -> Chart:
    """Return a chart that counts only these rows, unless it has another condition."""
    links = theme.remarks(chart).get("links")
    if where is None or not links or links.get("where"):
        return chart
    return theme.remarked(chart, links={**links, "where": dict(where)})


def payouts_made_of(recipe: Recipe, asked: Asked) -> Chart:
    """Draw the parts of each payout; if there are too many payouts, those of a period are combined."""
    rows, where = settled(asked.frame)
    asked = replace(asked, frame=rows)
    time = first_of(rows, *PAID_AT)
    day = asked.day if time else pl.lit(None, pl.Date).alias("day")
    sums = sums_of(
        asked.rows, day, pl.col("automatic_payout_id").alias("payout"), _CATEGORY, amounts=_AMOUNTS
    )
    if sums.is_empty():
        return asked.nothing()
    apart = are_billed_apart(asked.rows)
    remark = "The line marks the deposit."
    tips = {"category": "Part", "exact": "Amount", "total": "Deposit"}
    data, groups = flows_of(sums, billed_apart=apart)
    most: Any = data.group_by("currency").agg(pl.col("payout").n_unique())["payout"].max()
    if time and (asked.every is not None or most > _MOST_PAYOUTS or len(data) > _MOST_BARS):
        sums, slots = asked.by_period(sums.drop("payout"))
        data, groups = flows_of(sums, billed_apart=apart)
        head = asked.head(
            f"Composition of the payouts per {slots.every}", sums, remark, slots.remark, sum_of="net"
        )
        tips = {"label": slots.every.capitalize(), **tips}
        data = in_words(data, total="net")
        return stacked(data, slots, groups, head, names=tips, where=where, point="net", has_own_scale=True)
    if len(data) > _MOST_BARS:
        head = asked.head(recipe.title, sums)
        return note(f"{most:,} payouts are too many to draw one by one, and no column has their time.", head)
    days = pl.col("day").dt.to_string("%Y-%m-%d").fill_null(NO_DATE)
    data = data.with_columns(
        day=days,
        period=pl.concat_str(days.str.pad_end(10), pl.col("payout").fill_null(NONE), separator=" "),
    )
    keys = data["period"].unique().sort().to_list()
    slots = Slots(
        keys=keys,
        names=[key[11:] for key in keys],
        label="slice(datum.value, 0, 7) === 'no date' ? slice(datum.value, 11, 20)"
        " : utcFormat(toDate(slice(datum.value, 0, 10) + 'T00:00:00Z'), '%-d %b')",
        source={"columns": ["automatic_payout_id"], "from": 11},
        every="payout",
        characters=6 if time else 10,
        is_shared=False,
    )
    tips = {"label": "Payout", "day": "Effective", **tips}
    head = asked.head(recipe.title, sums, remark, sum_of="net")
    data = in_words(data, total="net")
    return stacked(data, slots, groups, head, names=tips, where=where, point="net", has_own_scale=True)


def payout_composition(recipe: Recipe, asked: Asked) -> Chart:
    """Draw the way from the sales to the deposit: fees, refunds and disputes are steps of their own."""
    rows, where = settled(asked.frame)
    asked = replace(asked, frame=rows)
    sums = sums_of(asked.rows, _CATEGORY, amounts=_AMOUNTS)
    if sums.is_empty():
        return asked.nothing()
    parts, groups = flows_of(sums, billed_apart=are_billed_apart(asked.rows))
    order = {name: number for number, name in enumerate(groups.names)}
    words = pl.col("category").str.replace_all("_", " ")
    is_rest = pl.col("category") == "unexplained"
    parts = (
        parts.sort(pl.col("category").replace_strict(order, return_dtype=pl.Int64))
        .with_columns(
            step=words.str.head(1).str.to_uppercase() + words.str.tail(-1),
            end=pl.col("amount").cum_sum().over("currency"),
        )
        .with_columns(
            start=pl.col("end") - pl.col("amount"),
            kind=pl.when(is_rest)
            .then(pl.lit("difference"))
            .when(pl.col("amount") < 0)
            .then(pl.lit("fall"))
            .otherwise(pl.lit("rise")),
        )
    )
    whole = sums.group_by("currency").agg(
        amount=pl.col("net").sum(),
        end=pl.col("net").sum(),
        start=pl.col("net").sum() * 0,
        step=pl.lit("Deposit"),
        category=pl.lit(DEPOSIT),
        kind=pl.lit("total"),
    )
    columns = ["currency", "step", "category", "kind", "amount", "start", "end"]
    place = {name: number for number, name in enumerate(currencies_of(sums)[0])}
    bars = (
        pl.concat([parts.select(columns), whole.select(columns)])
        .filter(pl.col("currency").is_in(list(place)))
        .sort(pl.col("currency").replace_strict(place, return_dtype=pl.Int64), maintain_order=True)
    )
    head = asked.head(recipe.title, sums, sum_of="net")
    return counting(waterfall(bars, head, category={**groups.source, "all": DEPOSIT}), where)
