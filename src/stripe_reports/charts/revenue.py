"""Revenue recognition: debits and credits per accounting period."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import polars as pl

from stripe_reports.charts.groups import NONE, largest
from stripe_reports.charts.panels import Chart
from stripe_reports.charts.recipe import Asked, Recipe
from stripe_reports.charts.slots import NO_DATE, Slots
from stripe_reports.charts.stacked import stacked
from stripe_reports.charts.sums import sums_of

__all__ = ["debits_and_credits"]

_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m", "%b %Y", "%B %Y", "%m/%Y", "%Y")
"""Possible forms of a period; Stripe documents none."""

_MIDNIGHT = " 00:00:00"


def debits_and_credits(recipe: Recipe, asked: Asked) -> Chart:
    """Draw debits (above zero) and credits (below) per accounting period, by account.

    Every entry has both sides, so debits and credits of a period are equal.
    """
    period = pl.col("accounting_period").cast(pl.String).fill_null(NO_DATE).alias("period")
    sides = [
        sums_of(
            asked.rows,
            period,
            pl.col(side).fill_null(NONE).alias("category"),
            amounts={"amount": pl.col("amount") * sign},
        ).with_columns(side=pl.lit(side))
        for side, sign in (("debit", 1), ("credit", -1))
    ]
    data = pl.concat(sides)
    if data.is_empty():
        return asked.nothing()
    head = asked.head("Debits and credits per accounting period, by account", data)
    data, groups = largest(data, ("debit", "credit"), top=asked.most, what=recipe.others)
    groups = replace(groups, source={**groups.source, "either": True})
    slots = _slots(_in_order(data["period"].unique().to_list()))
    names = {"label": "Period", "category": "Account", "side": "Side", "exact": "Amount"}
    return stacked(data, slots, groups, head, names=names)


def _in_order(periods: list[str]) -> list[str]:
    """Sort by date if one form fits all of them, else as text; rows without a period are last."""
    known = [period for period in periods if period != NO_DATE]
    last = [NO_DATE] * (NO_DATE in periods)
    for form in _FORMS:
        dates = {period: day for period in known if (day := _date(period, form))}
        if len(dates) == len(known):
            return sorted(known, key=dates.__getitem__) + last
    return sorted(known) + last


def _slots(periods: list[str]) -> Slots:
    """Return the positions of periods: months with their names, anything else as Stripe writes it."""
    months = {period: day for period in periods if (day := _month(period))}
    if len(months) == len([period for period in periods if period != NO_DATE]):
        names = [f"{months[period]:%B %Y}" if period in months else period for period in periods]
        shown = "toDate(slice(datum.value, 0, 7) + '-01T00:00:00Z')"
        label = f"datum.value === '{NO_DATE}' ? '{NO_DATE}' : utcFormat({shown}, '%b %Y')"
        characters = 8
    else:
        names = [_short(period) for period in periods]
        label = f"replace(datum.value, '{_MIDNIGHT}', '')"
        characters = max(map(len, names))
    return Slots(
        keys=periods,
        names=names,
        label=label,
        source={"columns": ["accounting_period"], "none": NO_DATE},
        every="period",
        characters=characters,
    )


def _month(period: str) -> date | None:
    """Return the first day of a month that Stripe writes as a time, a day or a month; else None."""
    day = next(
        (day for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m") if (day := _date(period, form))), None
    )
    return day if day is not None and day.day == 1 else None


def _short(period: str) -> str:
    return period.removesuffix(_MIDNIGHT)


def _date(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007
    except ValueError:
        return None
