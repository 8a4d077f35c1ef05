"""Balances of several periods: a table with a row for each, from the starting to the ending balance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from stripe_reports.catalog.splitting import PART
from stripe_reports.charts.balance import parts_of_activity
from stripe_reports.charts.bar_table import bar_table
from stripe_reports.charts.columns import first_of, rows_of
from stripe_reports.charts.panels import Chart, currencies_of, in_words
from stripe_reports.charts.recipe import Asked, Recipe
from stripe_reports.charts.slots import MOST_ROWS, Slots, in_short
from stripe_reports.charts.sums import counted_as, sums_of
from stripe_reports.errors import ParameterError
from stripe_reports.render.currency_order import nonzero_rows

__all__ = ["roll_forward"]

_START, _ACTIVITY, _FEES, _REST, _END = (
    "starting balance",
    "gross activity",
    "fees",
    "unexplained",
    "ending balance",
)
_NAMES = {
    "starting_balance": _START,
    "activity_gross": _ACTIVITY,
    "activity_fee": _FEES,
    "payouts_gross": "payouts",
    "payouts_fee": "payout fees",
    "ending_balance": _END,
}
_TOTALS = {"activity": "activity_gross", "payouts": "payouts_gross"}
"""Totals that are left out if the report has their parts."""

_LEFT_OUT = ("starting_balance_available",)
"""Rows that are a part of another."""

_SHORT = {_START: "Start", _ACTIVITY: "Activity", _END: "End"}
_TOTAL = "Total"
_OF_ACTIVITY = 4
"""Number of columns that an activity adds: sales, refunds, disputes and others."""

_KEYS = ["currency", "period"]


def roll_forward(recipe: Recipe, asked: Asked) -> Chart:
    """Draw a table with bars: for each part, its starting balance, what changed it, and its ending balance.

    With the activity of the same parts, sales, refunds and disputes are columns instead of the gross
    activity, wherever they add up to it. What the columns do not explain is a column too.

    Raises:
        ParameterError: A part has several balances of a currency, or the activity does not say of which part
            its rows are.
    """
    asked = replace(asked, every=asked.every or "day")
    category = pl.col("category")
    sums = sums_of(asked.rows, asked.day, category, amounts={"amount": pl.col(asked.amounts[0])})
    if sums.is_empty():
        return asked.nothing()
    if (sums["rows"] > 1).any():
        raise ParameterError("The frame contains several balance summaries of a part. Draw them one by one.")
    counts = nonzero_rows(asked.rows, amounts=asked.amounts)
    sums, remark = _last_parts(_without_totals(sums), asked)
    data, slots = asked.by_period(sums)
    spoken = category.replace_strict(_NAMES, default=category.str.replace_all("_", " "))
    listed = asked.rows.select(category.unique(maintain_order=True)).collect().select(spoken)
    data = data.select(*_KEYS, spoken, "amount")
    if asked.activity is not None:
        data = _with_parts(data, _activity(asked, slots, since=sums["day"].min()))
    data = _with_rest(pl.concat([data, _whole(data)]))
    is_zero = (pl.col("amount") == 0).all().over("category")
    data = data.filter(pl.col("category").is_in([_START, _END]) | ~is_zero)
    ends = data.sort("period").group_by("currency").agg(pl.col("amount").filter(category=_END).last())
    ends = counted_as(ends, counts)
    head = asked.head(
        f"Balance by {slots.every}, at the end",
        ends,
        "Each column has a scale of its own.",
        remark,
        sum_of="amount",
    )
    every = dict(zip(slots.keys, map(in_short, slots.names), strict=True))
    order = [
        name for name in _order([*listed["category"], *data["category"]]) if name in set(data["category"])
    ]
    place = {name: number for number, name in enumerate(order)}
    rows = data.sort("period", pl.col("category").replace_strict(place, return_dtype=pl.Int64))
    rows = in_words(counted_as(rows, counts), exact="amount").select(
        "currency",
        "nonzero",
        "amount",
        category=pl.col("period").replace_strict({**every, _TOTAL: _TOTAL}, return_dtype=pl.String),
        series="category",
    )
    return bar_table(
        rows,
        head,
        columns={name: _SHORT.get(name, name[:1].upper() + name[1:]) for name in order},
        category={**slots.source, "keys": {name: key for key, name in every.items()}, "all": _TOTAL},
        names={"category": slots.every.capitalize(), "series": "What", "exact": "Amount"},
        states=(_START, _END),
        whole=_TOTAL,
    )


def _without_totals(sums: pl.DataFrame) -> pl.DataFrame:
    present = set(sums["category"])
    left_out = {total for total, part in _TOTALS.items() if part in present}
    return sums.filter(~pl.col("category").is_in([*left_out, *_LEFT_OUT])).with_columns(
        category=pl.col("category").replace(_TOTALS)
    )


def _activity(asked: Asked, slots: Slots, *, since: Any) -> pl.DataFrame:
    """Return ``currency``, ``period``, ``category`` and exact ``amount`` of the activity since a day."""
    assert asked.activity is not None  # noqa: S101  # the caller checked it
    rows = rows_of(asked.activity)
    time = first_of(rows, PART, "created", "created_utc")
    if time is None:
        raise ParameterError(
            "The activity has no time, so it is not known of which part its rows are. Fetch it in the same "
            "parts as the balances, with split=.",
            param="activity",
        )
    own = replace(asked, frame=rows, recipe=replace(asked.recipe, time=(time,)), activity=None)
    keyed = parts_of_activity(rows, own.day, most_others=1).filter(pl.col("day") >= since)
    if keyed.is_empty():
        return keyed.drop("day").with_columns(period=pl.lit(None, pl.String))
    placed, _ = own.by_period(keyed.with_columns(nonzero=pl.lit(0).cast(pl.Int64)))
    return placed.filter(pl.col("period").is_in(slots.keys) & (pl.col("amount") != 0))


def _with_parts(data: pl.DataFrame, activity: pl.DataFrame) -> pl.DataFrame:
    """Put the parts of the activity in its place, in each currency and period where they add up to it."""
    is_activity = pl.col("category").is_in([_ACTIVITY, _FEES])
    whole = data.filter(is_activity).group_by(_KEYS).agg(whole=pl.col("amount").sum())
    parts = activity.group_by(_KEYS).agg(parts=pl.col("amount").sum())
    same = whole.join(parts, on=_KEYS).filter(pl.col("whole") == pl.col("parts")).select(_KEYS)
    kept = pl.concat([data.filter(~is_activity), data.filter(is_activity).join(same, on=_KEYS, how="anti")])
    added = activity.join(same, on=_KEYS, how="semi").select(data.columns).cast(data.schema)
    return pl.concat([kept, added])


def _with_rest(data: pl.DataFrame) -> pl.DataFrame:
    """Add what the other columns do not explain of the change of a balance."""
    amount, is_end = pl.col("amount"), pl.col("category") == _END
    rest = (
        data.group_by(_KEYS)
        .agg(
            amount=amount.filter(is_end).sum() - amount.filter(~is_end).sum(),
            ends=pl.col("category").is_in([_START, _END]).sum(),
        )
        .filter((amount != 0) & (pl.col("ends") == 2))
        .select(*_KEYS, pl.lit(_REST).alias("category"), "amount")
    )
    return pl.concat([data, rest.cast(data.schema)])


def _last_parts(sums: pl.DataFrame, asked: Asked) -> tuple[pl.DataFrame, str | None]:
    """Return the last parts, as many as make a small chart, and a remark about the others."""
    columns = sums["category"].n_unique() + (_OF_ACTIVITY if asked.activity is not None else 0)
    days = sums["day"].unique().sort()
    kept = days.tail(MOST_ROWS // (columns * len(currencies_of(sums)[0])) - 1)
    left = len(days) - len(kept)
    if not left:
        return sums, None
    remark = f"Not drawn: the first {left:,} {asked.every}s. Draw one currency, or fewer {asked.every}s."
    return sums.filter(pl.col("day").is_in(kept.implode())), remark


def _whole(data: pl.DataFrame) -> pl.DataFrame:
    """Return a row for all periods: the first starting balance, all changes, and the last ending balance."""
    if data["period"].n_unique() < 2:
        return data.clear()
    amount, kind = pl.col("amount"), pl.col("category").first()
    return (
        data.sort("period")
        .group_by("currency", "category", maintain_order=True)
        .agg(
            amount=pl.when(kind == _START)
            .then(amount.first())
            .when(kind == _END)
            .then(amount.last())
            .otherwise(amount.sum()),
        )
        .select("currency", pl.lit(_TOTAL).alias("period"), "category", "amount")
        .cast(data.schema)
    )


def _order(names: list[str]) -> list[str]:
    """Return the columns from left to right; others than the usual ones as the report has them."""
    first = [_START, _ACTIVITY, "sales", "refunds", "disputes"]
    last = [_FEES, "payouts", "payout fees", _REST, _END]
    between = [name for name in dict.fromkeys(names) if name not in (*first, *last)]
    return [name for name in (*first, *between, *last) if name in names]
