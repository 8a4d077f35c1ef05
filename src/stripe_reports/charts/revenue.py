"""Revenue recognition: revenue and deferred revenue per accounting period, and debits and credits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import polars as pl

from stripe_reports.charts.bars_and_line import bars_and_line
from stripe_reports.charts.groups import NONE, largest
from stripe_reports.charts.heatmap import heatmap
from stripe_reports.charts.panels import Chart
from stripe_reports.charts.recipe import Asked, Recipe
from stripe_reports.charts.slots import NO_DATE, Slots
from stripe_reports.charts.stacked import stacked
from stripe_reports.charts.sums import sums_of

__all__ = ["booked_and_recognised", "debits_and_credits", "revenue_recognised"]

_MONTHS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m")
"""Forms of a month, or of its first day."""

_FORMS = (*_MONTHS, "%b %Y", "%B %Y", "%m/%Y", "%Y")
"""Possible forms of a period; Stripe documents none."""

_MOST_MONTHS = 120
"""Maximum number of months, with those without rows."""

_MIDNIGHT = " 00:00:00"


REVENUE, DEFERRED = "Revenue", "DeferredRevenue"
"""Stripe's accounts. Source: https://docs.stripe.com/revenue-recognition/chart-of-accounts"""

_RECOGNISED, _WAITING = "recognised", "deferred revenue"
_EARLIER = "earlier"
_PERIOD = pl.col("accounting_period").cast(pl.String).fill_null(NO_DATE).alias("period")


def _credited(account: str) -> pl.Expr:
    """Return what a row adds to an account: a credit adds, a debit subtracts."""
    sides = [(pl.col(side) == account).fill_null(value=False).cast(pl.Int8) for side in ("credit", "debit")]
    return pl.col("amount") * (sides[0] - sides[1])


def _of(rows: pl.LazyFrame, account: str) -> pl.LazyFrame:
    return rows.filter((pl.col("debit") == account) | (pl.col("credit") == account))


def revenue_recognised(recipe: Recipe, asked: Asked) -> Chart:
    """Draw the revenue recognised in each accounting period, and below it a line of deferred revenue.

    The report has changes, not balances: the line begins at zero before the first period.
    """
    revenue = sums_of(_of(asked.rows, REVENUE), _PERIOD, amounts={"amount": _credited(REVENUE)})
    deferred = sums_of(_of(asked.rows, DEFERRED), _PERIOD, amounts={"amount": _credited(DEFERRED)})
    if revenue.is_empty() and deferred.is_empty():
        return asked.nothing()
    slots = _slots(_in_order(pl.concat([revenue, deferred])["period"].unique().to_list()))
    deferred = slots.filled(deferred, "currency").with_columns(
        pl.col("amount", "rows", "nonzero").fill_null(0)
    )
    deferred = deferred.with_columns(pl.col("amount").cum_sum().over("currency"))
    head = asked.head(
        recipe.title,
        revenue,
        "Line: deferred revenue, its change since the report begins; earlier balances are not in the report.",
        sum_of="amount",
    )
    data = pl.concat(
        [
            revenue.with_columns(category=pl.lit(_RECOGNISED)),
            deferred.select(revenue.columns).with_columns(category=pl.lit(_WAITING)),
        ]
    )
    names = {"label": "Period", "category": "What", "exact": "Amount"}
    return bars_and_line(data, slots, head, bars=_RECOGNISED, line=_WAITING, names=names)


def booked_and_recognised(recipe: Recipe, asked: Asked) -> Chart:
    """Draw a heatmap: revenue by the period in which it was booked, and the one in which it is recognised.

    What was booked before the report begins is in one row; rows without a transaction are in '(none)'.
    """
    is_recognised = pl.col("debit").eq_missing(DEFERRED) & pl.col("credit").eq_missing(REVENUE)
    is_booked = pl.col("credit").is_in([REVENUE, DEFERRED]) & ~is_recognised
    rows = asked.rows.with_columns(_PERIOD)
    model = "transaction_model_id"
    booked = (
        rows.filter(is_booked, pl.col(model).is_not_null())
        .group_by(model)
        .agg(pl.col("period").unique().alias("periods"))
        .collect()
    )
    periods = _in_order(rows.select(pl.col("period").unique()).collect()["period"].to_list())
    place = {period: number for number, period in enumerate(periods)}
    first = booked.explode("periods").with_columns(
        place=pl.col("periods").replace_strict(place, return_dtype=pl.Int64)
    )
    first = first.group_by(model).agg(category=pl.col("periods").sort_by("place").first())
    sums = sums_of(
        _of(rows, REVENUE).join(first.lazy(), on=model, how="left"),
        pl.col("period"),
        pl.when(pl.col(model).is_null())
        .then(pl.lit(NONE))
        .otherwise(pl.col("category").fill_null(_EARLIER))
        .alias("category"),
        amounts={"amount": _credited(REVENUE)},
    )
    if sums.is_empty():
        return asked.nothing()
    sums = sums.sort("currency", "period", "category")
    slots = _slots([period for period in periods if period in set(sums["period"])])
    named = _slots([period for period in periods if period in set(sums["category"])])
    names_of = {_EARLIER: _EARLIER, **dict(zip(named.keys, named.names, strict=True)), NONE: NONE}
    order = [name for period, name in names_of.items() if period in set(sums["category"])]
    data = sums.with_columns(pl.col("category").replace_strict(names_of, return_dtype=pl.String))
    head = asked.head(
        recipe.title,
        data,
        "Down: the period in which it was booked; across: the one in which it is recognised.",
        sum_of="amount",
    )
    return heatmap(
        data,
        slots,
        head,
        order={
            currency: [n for n in order if n in set(part["category"])]
            for (currency,), part in data.group_by("currency")
        },
        names={"category": "Booked in", "label": "Recognised in", "exact": "Revenue"},
        category=None,
    )


def debits_and_credits(recipe: Recipe, asked: Asked) -> Chart:
    """Draw debits (above zero) and credits (below) per accounting period, by account.

    Every entry has both sides, so debits and credits of a period are equal.
    """
    sides = [
        sums_of(
            asked.rows,
            _PERIOD,
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
    periods = _without_gaps(periods)
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


def _without_gaps(periods: list[str]) -> list[str]:
    """Add the months without rows between the first and the last, if all periods are months of one form."""
    known = [period for period in periods if period != NO_DATE]
    for form in _MONTHS:
        months = {day: day.strftime(form) for period in known if (day := _date(period, form))}
        if known and sorted(months.values()) == sorted(known) and all(day.day == 1 for day in months):
            every = pl.date_range(min(months), max(months), "1mo", eager=True)
            all_of_them = [*(day.strftime(form) for day in every), *periods[len(known) :]]
            return all_of_them if len(every) <= _MOST_MONTHS else periods
    return periods


def _month(period: str) -> date | None:
    """Return the first day of a month that Stripe writes as a time, a day or a month; else None."""
    day = next((day for form in _MONTHS if (day := _date(period, form))), None)
    return day if day is not None and day.day == 1 else None


def _short(period: str) -> str:
    return period.removesuffix(_MIDNIGHT)


def _date(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007
    except ValueError:
        return None
