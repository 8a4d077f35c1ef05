"""Shapes along time: amounts by category, gross and fees, rates, and a sum that grows."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import polars as pl

from stripe_reports.charts.columns import check, first_of, rows_of
from stripe_reports.charts.flows import BILLED_APART, are_billed_apart, flows_of
from stripe_reports.charts.groups import Groups, largest
from stripe_reports.charts.heatmap import heatmap, order_by_size
from stripe_reports.charts.lines import lines, rated, steps
from stripe_reports.charts.panels import Chart, in_words
from stripe_reports.charts.recipe import Asked, Recipe, Where
from stripe_reports.charts.rolling import ROLLING, rolling
from stripe_reports.charts.slots import Every, Slots
from stripe_reports.charts.stacked import stacked
from stripe_reports.charts.sums import count_text, sums_of
from stripe_reports.errors import ParameterError
from stripe_reports.parsing.columns import column

__all__ = [
    "amounts_by_month",
    "amounts_over_time",
    "cumulated",
    "fee_rate",
    "flows_over_time",
    "rate_of_cards",
    "rates_of_sides",
]

_CHARGE = pl.col("reporting_category") == "charge"


def amounts_over_time(recipe: Recipe, asked: Asked) -> Chart:
    """Draw the amounts of each period by category; fees with a volume as a rate of its charges."""
    by, amount = asked.grouped_by, asked.amounts[0]
    if by:
        check(asked.frame, f"The chart {recipe.title!r}", [by])
    category = (column(by) if by else pl.lit(recipe.called.lower())).alias("category")
    sums = sums_of(
        asked.rows, asked.day, category, money_in=asked.money_in, amounts={"amount": pl.col(amount)}
    )
    if sums.is_empty():
        return asked.nothing()
    data, groups = largest(sums, by or (), top=asked.most, what=recipe.others)
    if asked.volume is not None:
        asked = _not_by_day(asked, data)
    data, slots = asked.by_period(data)
    title = f"{recipe.details.get('what', recipe.called)} per {slots.every}{_by(by)}"
    names = {"label": slots.every.capitalize(), "category": "Which"}
    if asked.is_of_moments:
        head = asked.head(
            f"{recipe.called} at the end of each {slots.every}{_by(by)}", data, "The line marks the balance."
        )
        whole = data.with_columns(whole=pl.col("amount").sum().over("currency", "period"))
        names |= {"exact": recipe.called, "total": "In all"}
        whole = in_words(whole, total="whole")
        return stacked(whole, slots, groups, head, names=names, point="whole", has_own_scale=True)
    if asked.volume is None:
        head = asked.head(title, data, slots.remark, sum_of="amount")
        names |= {"exact": recipe.called}
        return stacked(
            data, slots, groups, head, names=names, has_own_scale=bool(recipe.details.get("own_scale"))
        )
    charges = _charges(replace(asked, every=cast("Every", slots.every)))
    # Where there are charges but no such fees, the rate is zero.
    data = slots.filled(data, "currency", "category").with_columns(pl.col("amount").fill_null(0))
    data = data.join(charges, on=["currency", "period"], how="left", maintain_order="left")
    head = asked.head(f"Fees as a rate of charges, per {slots.every}{_by(by)}", data, slots.remark)
    names |= {"rate": "Rate", "fees": "Fees", "of": "Of charges"}
    return lines(_rates(data, slots, fees="amount"), slots, groups, head, names=names)


def amounts_by_month(recipe: Recipe, asked: Asked) -> Chart:
    """Draw a heatmap: the amount of each name in each month, or in another period that was asked for."""
    asked = replace(asked, every=asked.every or "month")
    by = asked.grouped_by or recipe.by[0]
    named = recipe.details.get("named", ()) if asked.by in (None, recipe.by[0]) else ()
    source = [name for name in (first_of(asked.frame, *named), by) if name]
    check(asked.frame, f"The chart {recipe.title!r}", source)
    counted = recipe.details.get("counted")
    rows = asked.rows.filter(pl.col("reporting_category").is_in(counted)) if counted else asked.rows
    category = pl.concat_str([column(each) for each in source], separator=", ", ignore_nulls=True)
    sums = sums_of(
        rows,
        asked.day,
        category.alias("category"),
        money_in=asked.money_in,
        amounts={"amount": pl.col(asked.amounts[0])},
    )
    if sums.is_empty():
        return asked.nothing()
    data, groups = largest(sums, source, top=asked.most, what=recipe.others)
    data, slots = asked.by_period(data)
    title = recipe.title if slots.every == "month" else f"{recipe.called} per {slots.every}{_by(by)}"
    if asked.is_of_moments:
        title = f"{recipe.called} at the end of each {slots.every}{_by(by)}"
    head = asked.head(title, data, _SHADED, slots.in_part, sum_of=None if asked.is_of_moments else "amount")
    names = {"category": "Which", "label": slots.every.capitalize(), "exact": recipe.called}
    return heatmap(
        data,
        slots,
        head,
        order=order_by_size(data, last=groups.rest),
        names=names,
        category=groups.source,
        where={"columns": ["reporting_category"], "in": counted} if counted else None,
        money_in=asked.money_in,
    )


_SHADED = "The larger the amount in its currency, the stronger its colour."


def _charges(asked: Asked) -> pl.DataFrame:
    """Return the charges of the volume by currency and the periods of the chart."""
    assert asked.volume is not None  # noqa: S101  # the caller checked it
    volume = rows_of(asked.volume)
    time = first_of(volume, "created", "created_utc") or "created"
    check(
        volume, "The volume of a fee rate", [time, "reporting_category", "gross", "currency"], exact=["gross"]
    )
    of_volume = Asked(
        volume,
        Recipe("volume", "Volume", amounts_over_time, (), time=(time,)),
        ["gross"],
        currency=asked.currency,
        every=asked.every,
        timezone=asked.timezone,
        within=asked.within,
    )
    sums = sums_of(of_volume.rows.filter(_CHARGE), of_volume.day, amounts={"whole": pl.col("gross")})
    return of_volume.by_period(sums)[0].select("currency", "period", "whole")


def flows_over_time(recipe: Recipe, asked: Asked) -> Chart:
    """Draw gross above and fees below zero, by what they are for; a line marks the net."""
    amounts = {name: pl.col(name) for name in ("gross", "fee", "net")}
    category = pl.col("reporting_category").alias("category")
    sums = sums_of(asked.rows, asked.day, category, amounts=amounts)
    if sums.is_empty():
        return asked.nothing()
    sums, slots = asked.by_period(sums)
    data, groups = flows_of(sums, billed_apart=are_billed_apart(asked.rows), gross_as_one=True)
    head = asked.head(
        f"Gross, fees and net per {slots.every}",
        sums,
        "Gross: all activity except fees, so less refunds and disputes. The line marks the net.",
        slots.remark,
        sum_of="net",
        word="net",
    )
    names = {"label": slots.every.capitalize(), "category": "What", "exact": "Amount", "total": "Net"}
    data = in_words(data, total="net")
    return stacked(data, slots, groups, head, names=names, point="net", has_own_scale=True)


def cumulated(recipe: Recipe, asked: Asked) -> Chart:
    """Draw the net of all rows up to the end of each day as a line with steps.

    It begins at zero, not at the earlier balance, which an itemised report does not have.
    """
    days = sums_of(asked.rows, asked.day, amounts={"amount": pl.col(asked.amounts[0])})
    if days.is_empty():
        return asked.nothing()
    data, slots = asked.by_period(days, at_end=True)
    data = slots.filled(data, "currency").with_columns(pl.col("amount").fill_null(0))
    data = data.with_columns(value=pl.col("amount").cum_sum().over("currency"))
    data = data.filter(pl.col("rows").is_not_null() | (pl.col("period") == slots.keys[-1]))
    remark = f"The net of all rows up to the end of each {slots.every}."
    head = asked.head("Net, cumulated", data, remark, sum_of="amount")
    names = {"label": "Up to the end of", "total": "Net so far", "exact": "Net of the day"}
    if slots.every != "day":
        names["exact"] = f"Net of the {slots.every}"
    return steps(in_words(data, exact="amount", total="value"), slots, head, names=names)


def fee_rate(recipe: Recipe, asked: Asked) -> Chart:
    """Draw the fees of charges as a rate of their gross, by card brand.

    If the account pays for its charges with rows of their own, those rows are the fees; they have no brand.
    """
    apart = are_billed_apart(asked.rows)
    if apart and asked.by:
        raise ParameterError(
            f"This account's fees are rows of their own, which have no {asked.by}. Leave out by, for all "
            "charges.",
            param="by",
        )
    by = None if apart else asked.grouped_by
    if by:
        check(asked.frame, f"The chart {recipe.title!r}", [by])
    where = {"columns": ["reporting_category"], "in": ["charge", *(BILLED_APART if apart else ())]}
    remark = (
        "Fees: all rows of fees and network costs, also for disputes and other products, without tax."
        if apart
        else "Fees: those that each charge carries, with withheld tax; not those of disputes or other rows."
    )
    return _rate(
        asked,
        asked.rows.filter(pl.col("reporting_category").is_in(where["in"])),
        by,
        part=pl.when(_CHARGE).then(pl.col("fee")).otherwise(-pl.col("gross")),
        whole=pl.when(_CHARGE).then(pl.col("gross")).otherwise(0),
        what="charges",
        where=where,
        remark=remark,
    )


def rate_of_cards(recipe: Recipe, asked: Asked) -> Chart:
    """Draw interchange-plus fees as a rate of the volume captured.

    The volume of a charge counts once, on the day of its first row. Rows whose volume and fees are in
    different currencies cannot be compared and are not included.
    """
    return _rate(
        asked,
        asked.rows.filter(pl.col("captured_currency").eq_missing(pl.col("fee_currency"))),
        asked.grouped_by,
        part=pl.col("total_amount"),
        whole=pl.when(pl.col("charge_id").is_first_distinct()).then("captured_amount").otherwise(0),
        what="volume",
        where={"equal": ["captured_currency", "fee_currency"]},
        remark="Only where volume and fees have the same currency.",
    )


def _rate(
    asked: Asked,
    rows: pl.LazyFrame,
    by: str | None,
    *,
    part: pl.Expr,
    whole: pl.Expr,
    what: str,
    where: Where,
    remark: str,
) -> Chart:
    category = (column(by) if by else pl.lit(f"all {what}")).alias("category")
    sums = sums_of(rows, asked.day, category, money_in=asked.money_in, amounts={"part": part, "whole": whole})
    if sums.is_empty():
        return asked.nothing()
    data, groups = largest(sums, by or (), top=asked.most, amount="whole")
    data, slots = _not_by_day(asked, data).by_period(data)
    head = asked.head(f"{asked.recipe.title}, per {slots.every}{_by(by)}", data, remark, slots.remark)
    names = {
        "label": slots.every.capitalize(),
        "category": "Which",
        "rate": "Rate",
        "fees": "Fees",
        "of": f"Of {what}",
    }
    return lines(_rates(data, slots, fees="part"), slots, groups, head, names=names, where=where)


def _not_by_day(asked: Asked, data: pl.DataFrame) -> Asked:
    """Ask for weeks instead of days, which have too few charges for a rate, unless the caller chose days."""
    is_by_day = asked.every is None and asked.by_period(data)[1].every == "day"
    return replace(asked, every="week") if is_by_day else asked


_SIDES = {"refunds": ["refund", "refund_failure"], "disputes": ["dispute"]}
"""Failed refunds are subtracted from refunds; disputes that were won still count as disputes."""


def rates_of_sides(recipe: Recipe, asked: Asked) -> Chart:
    """Draw refunds and disputes as rates of the charges of the last 30 days or of the same period.

    One day has too few charges for a rate, so days are drawn only if the caller asks for them.
    """
    category, gross = pl.col("reporting_category"), pl.col("gross")
    counted = ["charge", *(name for names in _SIDES.values() for name in names)]
    amounts = {
        side: pl.when(category.is_in(names)).then(-gross).otherwise(0) for side, names in _SIDES.items()
    }
    numbers = {
        f"{side}_number": pl.when(category == names[0]).then(1).otherwise(0).cast(pl.Decimal(38, 0))
        for side, names in _SIDES.items()
    }
    sums = sums_of(
        asked.rows.filter(category.is_in(counted)),
        asked.day,
        amounts={"whole": pl.when(_CHARGE).then(gross).otherwise(0), **amounts, **numbers},
    )
    if sums.is_empty():
        return asked.nothing()
    days, of_days = asked.by_period(sums, at_end=True)
    if asked.every is None and of_days.every == "day":
        sums, slots = rolling(days, of_days)
        title = f"Refunds and disputes as rates of charges, of the last {ROLLING} days"
        remarks = ["Each point: the days up to it.", f"Pale: fewer than {ROLLING} days of the report."]
    else:
        sums, slots = asked.by_period(sums)
        title = f"Refunds and disputes as rates of charges, per {slots.every}"
        remarks = ["Compared with the charges of the same days.", slots.remark or ""]
    keys = ["currency", "period", "whole", "rows", "nonzero"]
    data = pl.concat(
        sums.select(*keys, category=pl.lit(side), part=side, number=pl.col(f"{side}_number").cast(pl.Int64))
        for side in _SIDES
    )
    groups = Groups(list(_SIDES), None, {"columns": ["reporting_category"], "sides": _SIDES})
    head = asked.head(
        title, sums, " ".join([remarks[0], "Failed refunds are subtracted.", *remarks[1:]]).strip()
    )
    names = {
        "label": slots.every.capitalize(),
        "category": "What",
        "rate": "Rate",
        "amount": "Amount",
        "count": "Number",
        "of": "Of charges",
    }
    where = {"columns": ["reporting_category"], "in": counted}
    data = _rates(data, slots, amount="part").with_columns(count=count_text("number"))
    return lines(data, slots, groups, head, names=names, where=where)


def _rates(data: pl.DataFrame, slots: Slots, **part: str) -> pl.DataFrame:
    """Add the rates; a period without anything to compare with has none, and the line is broken there."""
    return rated(slots.filled(data, "currency", "category"), of="whole", **part)


def _by(by: str | None) -> str:
    return (
        f", by {by.removeprefix('balance_transaction_').replace('_code', '').replace('_', ' ')}" if by else ""
    )
