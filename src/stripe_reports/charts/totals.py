"""Shapes without time: the total of each name, and a table of gross, fees and net of each category."""

from __future__ import annotations

import polars as pl

from stripe_reports.charts.bar_table import bar_table
from stripe_reports.charts.columns import check, first_of
from stripe_reports.charts.groups import NONE, largest
from stripe_reports.charts.panels import Chart, in_words
from stripe_reports.charts.ranked import ranked
from stripe_reports.charts.recipe import Asked, Recipe
from stripe_reports.charts.sums import count_text, sums_of
from stripe_reports.parsing.columns import column
from stripe_reports.render.rounded import share as share_text

__all__ = ["accounts", "categories", "totals"]

_CHARGES = {"columns": ["reporting_category"], "in": ["charge"]}


def totals(recipe: Recipe, asked: Asked) -> Chart:
    """Draw the total of each name, the largest first."""
    by = asked.grouped_by or recipe.by[0]
    named = recipe.details.get("named", ()) if asked.by in (None, recipe.by[0]) else ()
    names = [name for name in (first_of(asked.frame, *named), by) if name]
    what = by.removesuffix("_name").removesuffix("_id").replace("_", " ")
    title = recipe.title if asked.by in (None, recipe.by[0]) else f"{recipe.called} by {what}"
    return _ranked(recipe, asked, asked.rows, names, title, what)


def accounts(recipe: Recipe, asked: Asked) -> Chart:
    """Draw the charges, payouts or other volume of each connected account, by name, with its share."""
    are_payouts = first_of(asked.frame, "payout_id") is not None
    charges = not are_payouts and first_of(asked.frame, "reporting_category") is not None
    rows = asked.rows.filter(pl.col("reporting_category") == "charge") if charges else asked.rows
    what = "payouts" if are_payouts else "charges" if charges else "volume"
    names = [name for name in (first_of(asked.frame, "connected_account_name"), asked.grouped_by) if name]
    return _ranked(
        recipe,
        asked,
        rows,
        names,
        f"Connected accounts by {what}",
        "account",
        where=_CHARGES if charges else None,
    )


def _ranked(
    recipe: Recipe,
    asked: Asked,
    rows: pl.LazyFrame,
    source: list[str],
    title: str,
    what: str,
    *,
    where: dict[str, list[str]] | None = None,
) -> Chart:
    check(asked.frame, f"The chart {recipe.title!r}", source)
    name = pl.concat_str([column(each) for each in source], separator=", ", ignore_nulls=True)
    category = pl.when(name != "").then(name).otherwise(pl.lit(NONE)).alias("category")
    data = sums_of(rows, category, money_in=asked.money_in, amounts={"amount": pl.col(asked.amounts[0])})
    if data.is_empty():
        return asked.nothing()
    head = asked.head(title, data, sum_of="amount")
    data, groups = largest(data, source, top=asked.most, what=recipe.others)
    is_rest = pl.col("category") == (groups.rest or "")
    data = data.sort(is_rest, -pl.col("amount").abs(), "category")
    whole = pl.col("amount").cast(pl.Float64).sum().over("currency")
    is_share = (pl.col("amount").min() >= 0).over("currency") & (whole > 0)
    part = pl.when(is_share).then(pl.col("amount").cast(pl.Float64) / whole)
    share = part.map_elements(lambda fraction: share_text(fraction, 1), return_dtype=pl.String)
    data = in_words(data.with_columns(transactions=count_text("rows"), share=share), amount_="amount")
    data = data.with_columns(
        pl.col("share").fill_null("–"),
        figure=pl.concat_str("amount_", "share", separator=" · ", ignore_nulls=True),
    )
    tips = {
        "category": what.capitalize(),
        "exact": recipe.called,
        "share": "Share",
        "transactions": "Rows",
    }
    return ranked(
        data,
        head,
        category=groups.source,
        names=tips,
        where=where,
        money_in=asked.money_in,
        rest=groups.rest,
        figure="figure",
    )


def categories(recipe: Recipe, asked: Asked) -> Chart:
    """Draw a table of gross, fees and net of each reporting category, with bars, in the order of gross."""
    count = "count" if first_of(asked.frame, "count") else None
    category = pl.col("reporting_category").alias("category")
    amounts = {name: pl.col(name) for name in ("gross", "net")} | {"less fees": -pl.col("fee")}
    number = pl.col(count).fill_null(0) if count else pl.lit(1)
    data = sums_of(asked.rows, category, amounts=amounts | {"number": number.cast(pl.Decimal(38, 0))})
    if data.is_empty():
        return asked.nothing()
    remark = "Each column has a scale of its own."
    head = asked.head("Gross, fees and net by category", data, remark, sum_of="net", word="net")
    data, groups = largest(data, "reporting_category", top=asked.most, amount="gross", what=recipe.others)
    order = pl.col("category").replace_strict(
        {name: place for place, name in enumerate(groups.names)}, return_dtype=pl.Int64
    )
    bars = (
        data.sort(order)
        .with_columns(transactions=count_text("number"))
        .unpivot(
            ["gross", "less fees", "net"],
            index=["currency", "category", "rows", "nonzero", "transactions"],
            variable_name="series",
            value_name="amount",
        )
    )
    names = {"category": "Category", "series": "What", "exact": "Amount", "transactions": "Count"}
    return bar_table(
        bars,
        head,
        columns={"gross": "Gross", "less fees": "Less fees", "net": "Net"},
        count="transactions",
        category=groups.source,
        names=names,
    )
