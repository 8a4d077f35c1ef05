"""Fees as a rate of charges over time, by card brand or product; and the cost of each product."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.charts.columns import Frame, check, first_of, only_currencies, zone_of
from stripe_reports.charts.daily import sums_by_day
from stripe_reports.charts.groups import largest
from stripe_reports.charts.lines import lines, rated
from stripe_reports.charts.panels import (
    NOTHING,
    Chart,
    Subtitle,
    currencies_of,
    heading,
    note,
    size_of,
)
from stripe_reports.charts.slots import Every, by_period
from stripe_reports.charts.stacked import stacked
from stripe_reports.errors import ParameterError
from stripe_reports.parsing.columns import column

__all__ = ["card_fee_rate", "fee_rate", "fees_by_product"]

_CREATED = ("created", "created_utc")
_INCURRED = ("incurred_at", "balance_transaction_created")
_ALONE = ("fee", "network_cost")
"""Categories of fees that are rows of their own, with the amount in ``gross`` and tax in ``fee``."""
_REMARK = (
    "With the fees and network costs that are rows of their own, without tax; they are booked days later."
)


def fee_rate(
    frame: Frame,
    *,
    by: str | None = None,
    every: Every | None = None,
    top: int = 6,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the fees of charges as a rate of their gross, over time, by card brand: one panel per currency.

    Fees that are rows of their own, such as for Radar, belong to no charge and are not included, unless the
    account pays for its charges with such rows: then no charge carries a fee, or network costs are rows too.
    In that case all fees and network costs are one line, without the tax in their ``fee`` column; they are
    booked up to two days after the charges.

    Args:
        frame: An itemised report with ``created``, ``reporting_category``, ``gross``, ``fee`` and
            ``currency``.
        by: Column with one line per value; None for ``card_brand``, else ``payment_method_type``,
            else one line for all.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None chooses a readable one.
        top: Maximum number of named lines; the others are combined.
        currency: Draw only this currency, or these.
        timezone: Time zone of the days; None for that of the column.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal; or *by* is given, but fees are
            rows of their own.
    """
    time = first_of(frame, *_CREATED) or _CREATED[0]
    check(frame, "A chart of the fee rate", ["reporting_category", "gross", "fee", "currency"], exact=["fee"])
    are_alone = _are_alone(only_currencies(frame, currency))
    if are_alone and by:
        raise ParameterError(
            f"This account's fees are rows of their own, which have no {by}. Leave out by, for all charges.",
            param="by",
        )
    by = by or (None if are_alone else first_of(frame, "card_brand", "payment_method_type"))
    needed = [time, "reporting_category", "gross", "fee", "currency", *([by] if by else [])]
    check(frame, "A chart of the fee rate", needed, exact=["gross", "fee"])
    where = {"columns": ["reporting_category"], "in": ["charge", *(_ALONE if are_alone else ())]}
    counted = frame.lazy().filter(pl.col("reporting_category").is_in(where["in"]))
    is_charge, none = pl.col("reporting_category") == "charge", pl.lit(0, frame.collect_schema()["gross"])
    category = (column(by) if by else pl.lit("all charges")).alias("category")
    days = sums_by_day(
        counted,
        time,
        timezone,
        currency,
        category,
        part=pl.when(is_charge).then(pl.col("fee")).otherwise(-pl.col("gross")),
        whole=pl.when(is_charge).then(pl.col("gross")).otherwise(none),
    )
    what = f", by {by.replace('_', ' ')}" if by else ""
    if days.is_empty():
        return note(NOTHING, heading(title or f"Fees as a rate of charges{what}", subtitle))
    data, groups = largest(days, by or (), top=top, amount="whole")
    width, _ = size_of(currencies_of(data)[0])
    data, slots = by_period(data, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    head = heading(
        title or f"Fees as a rate of charges, per {slots.every}{what}",
        subtitle,
        currencies_of(data)[1],
        _REMARK if are_alone else None,
    )
    names = {
        "label": slots.every.capitalize(),
        "category": "Which",
        "rate": "Rate",
        "fees": "Fees",
        "of": "Of charges",
    }
    return lines(
        rated(data, fees="part", of="whole"), slots, groups, head, names=names, rates=True, where=where
    )


def _are_alone(rows: pl.LazyFrame) -> bool:
    """Tell whether fees of charges are rows of their own."""
    category = pl.col("reporting_category")
    found = rows.select(
        carried=(pl.col("fee") != 0).filter(category == "charge").any(),
        alone=category.is_in(_ALONE).any(),
        costs=(category == "network_cost").any(),
        charges=(category == "charge").any(),
    ).collect(engine="streaming")
    carried, alone, costs, charges = found.row(0)
    return bool(costs or (alone and charges and not carried))


def card_fee_rate(
    frame: Frame,
    *,
    by: str = "card_brand",
    every: Every | None = None,
    top: int = 6,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw interchange-plus fees as a rate of the volume captured: one panel per currency of the fees.

    The volume of a charge counts once, on the day of its first row. Rows whose volume and fees are in
    different currencies cannot be compared and are not included.

    Args:
        frame: A transaction-level report of card payment fees.
        by: Column with one line per value.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None chooses a readable one.
        top: Maximum number of named lines; the others are combined.
        currency: Draw only this currency, or these.
        timezone: Time zone of the days; None for that of the column.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    time = "fee_incurred_at"
    needed = [time, "total_amount", "fee_currency", "captured_amount", "captured_currency", "charge_id", by]
    check(frame, "A chart of the card fee rate", needed, exact=["total_amount", "captured_amount"])
    same = pl.col("captured_currency").eq_missing(pl.col("fee_currency"))
    volume = pl.when(pl.col("charge_id").is_first_distinct()).then("captured_amount")
    rows = frame.lazy().filter(same).with_columns(_volume=volume)
    category = column(by).alias("category")
    days = sums_by_day(
        rows,
        time,
        timezone,
        currency,
        category,
        money_in="fee_currency",
        part=pl.col("total_amount"),
        whole=pl.col("_volume"),
    )
    what = by.replace("_", " ")
    if days.is_empty():
        return note(NOTHING, heading(title or f"Card fees as a rate of volume, by {what}", subtitle))
    data, groups = largest(days, by, top=top, amount="whole")
    width, _ = size_of(currencies_of(data)[0])
    data, slots = by_period(data, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    head = heading(
        title or f"Card fees as a rate of volume, per {slots.every}, by {what}",
        subtitle,
        currencies_of(data)[1],
    )
    names = {
        "label": slots.every.capitalize(),
        "category": "Which",
        "rate": "Rate",
        "fees": "Fees",
        "of": "Of volume",
    }
    where = {"equal": ["captured_currency", "fee_currency"]}
    return lines(
        rated(data, fees="part", of="whole"), slots, groups, head, names=names, rates=True, where=where
    )


def fees_by_product(
    frame: Frame,
    *,
    volume: Frame | None = None,
    by: str = "product",
    every: Every | None = None,
    top: int = 7,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the cost of each Stripe product per day, week or month: one panel per currency.

    The fees do not include the charges. With *volume* they are drawn as a rate of it.

    Args:
        frame: An ``all_fees`` report, with ``incurred_at`` or ``balance_transaction_created``, ``amount`` and
            ``currency``.
        volume: The itemised balance change from activity of the same days, whose charges the fees are a rate
            of.
        by: Column to group by: ``product``, ``feature_name``, ``fee_category``.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None chooses a readable one.
        top: Maximum number of named products; the others are combined.
        currency: Draw only this currency, or these.
        timezone: Time zone of the days; None for that of the column.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    time = first_of(frame, *_INCURRED) or _INCURRED[0]
    by_ = first_of(frame, by)
    check(frame, "A chart of the fees", [time, "amount", "currency"], exact=["amount"])
    category = (column(by) if by_ else pl.lit("fees")).alias("category")
    days = sums_by_day(frame, time, timezone, currency, category, amount=pl.col("amount"))
    what = f", by {by.replace('_', ' ')}" if by_ else ""
    if days.is_empty():
        return note(NOTHING, heading(title or f"Fees{what}", subtitle))
    data, groups = largest(days, by_ or (), top=top, what="others")
    width, _ = size_of(currencies_of(data)[0])
    data, slots = by_period(data, time, every=every, zone=zone_of(frame, time, timezone), width=width)
    remark = currencies_of(data)[1]
    names = {"label": slots.every.capitalize(), "category": "Which"}
    if volume is None:
        head = heading(title or f"Fees per {slots.every}{what}", subtitle, remark)
        return stacked(data, slots, groups, head, names=names | {"exact": "Fees"})
    charged = _charged(volume, timezone, currency, slots.every)
    compared = data.join(charged, on=["currency", "period"], how="left", maintain_order="left")
    head = heading(title or f"Fees as a rate of charges, per {slots.every}{what}", subtitle, remark)
    names |= {"rate": "Rate", "fees": "Fees", "of": "Of charges"}
    return lines(rated(compared, fees="amount", of="whole"), slots, groups, head, names=names, rates=True)


def _charged(
    volume: Frame, timezone: str | None, currency: str | Sequence[str] | None, every: str
) -> pl.DataFrame:
    time = first_of(volume, *_CREATED) or _CREATED[0]
    needed = [time, "reporting_category", "gross", "currency"]
    check(volume, "The volume of a fee rate", needed, exact=["gross"])
    charges = volume.lazy().filter(pl.col("reporting_category") == "charge")
    days = sums_by_day(charges, time, timezone, currency, whole=pl.col("gross"))
    sums, _ = by_period(days, time, every=every, zone=None, width=1)  # type: ignore[arg-type]
    return sums.select("currency", "period", "whole")
