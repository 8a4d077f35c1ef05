"""The composition of payouts: of each one, and of all together."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from stripe_reports.charts.columns import Frame, check, first_of, only_currencies, zone_of
from stripe_reports.charts.daily import sums_by_day
from stripe_reports.charts.groups import NONE, largest
from stripe_reports.charts.panels import (
    NOTHING,
    Chart,
    Subtitle,
    currencies_of,
    heading,
    note,
    size_of,
)
from stripe_reports.charts.settled import counting, settled
from stripe_reports.charts.slots import NO_DATE, Every, Slots, by_period
from stripe_reports.charts.stacked import stacked
from stripe_reports.charts.waterfall import waterfall

__all__ = ["payout_composition", "payouts_made_of"]

_TIMES = ("automatic_payout_effective_at", "automatic_payout_effective_at_utc")
_MOST_PAYOUTS = 45
"""Maximum number of payouts in one panel; more are combined by period."""

_MOST_BARS = 700


def payouts_made_of(
    frame: Frame,
    *,
    every: Every | None = None,
    top: int = 7,
    currency: str | Sequence[str] | None = None,
    timezone: str | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the composition of each payout by reporting category: one bar per payout, one panel per currency.

    If there are too many payouts, those of a day, week or month are combined.

    Args:
        frame: A ``payout_reconciliation.itemized`` report, with ``automatic_payout_id``,
            ``reporting_category``,
            ``net`` and ``currency``; ``automatic_payout_effective_at`` puts them in order.
        every: Combine the payouts of a ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``.
        top: Maximum number of named categories; the others are combined.
        currency: Draw only this currency, or these.
        timezone: Time zone of the days; None for that of the column.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    needed = ["automatic_payout_id", "reporting_category", "net", "currency"]
    check(frame, "A chart of the composition of payouts", needed, exact=["net"])
    frame, where = settled(frame)
    time = first_of(frame, *_TIMES)
    keys = [pl.col("automatic_payout_id").alias("payout"), pl.col("reporting_category").alias("category")]
    if time is None:
        dated: Frame = frame.lazy().with_columns(_undated=pl.lit(None, pl.Date))
        data = sums_by_day(dated, "_undated", None, currency, *keys, amount=pl.col("net"))
    else:
        data = sums_by_day(frame, time, timezone, currency, *keys, amount=pl.col("net"))
    if data.is_empty():
        return note(NOTHING, heading(title or "Composition of each payout", subtitle))
    data, groups = largest(data, "reporting_category", top=top, what="other categories")
    most: int = data.group_by("currency").agg(pl.col("payout").n_unique())["payout"].max()  # type: ignore[assignment]
    names = {"category": "Category", "exact": "Net"}
    currencies, remark = currencies_of(data)
    if time is not None and (every is not None or most > _MOST_PAYOUTS or len(data) > _MOST_BARS):
        width, _ = size_of(currencies)
        zone = zone_of(frame, time, timezone)
        sums, slots = by_period(data.drop("payout"), time, every=every, zone=zone, width=width)
        head = heading(title or f"Composition of payouts per {slots.every}", subtitle, remark)
        names = {"label": slots.every.capitalize(), **names}
        return stacked(sums, slots, groups, head, names=names, where=where)
    if len(data) > _MOST_BARS:
        return note(
            f"{most:,} payouts are too many to draw one by one, and no column has their time.",
            heading(title or "Composition of each payout", subtitle, remark),
        )
    data = data.with_columns(
        period=pl.concat_str(
            pl.col("day").dt.to_string("%Y-%m-%d").fill_null(NO_DATE).str.pad_end(10),
            pl.col("payout").fill_null(NONE),
            separator=" ",
        )
    )
    keys_ = data["period"].unique().sort().to_list()
    slots = Slots(
        keys=keys_,
        names=[key[11:] for key in keys_],
        label="slice(datum.value, 0, 7) === 'no date' ? slice(datum.value, 11, 20)"
        " : utcFormat(toDate(slice(datum.value, 0, 10) + 'T00:00:00Z'), '%-d %b')",
        source={"columns": ["automatic_payout_id"], "from": 11},
        every="payout",
        characters=6 if time else 10,
        is_shared=False,
    )
    head = heading(title or "Composition of each payout", subtitle, remark)
    total = pl.col("amount").sum().over("currency", "period")
    data = data.with_columns(total=total, day=pl.col("day").dt.to_string("%Y-%m-%d").fill_null(NO_DATE))
    names = {"label": "Payout", "day": "Effective", **names}
    return stacked(data, slots, groups, head, names=names, where=where)


def payout_composition(
    frame: Frame,
    *,
    top: int = 6,
    currency: str | Sequence[str] | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """Draw the composition of a payout, or of all together: from the charges to the amount paid out.

    Args:
        frame: A payout reconciliation, itemised or summary, with ``reporting_category``, ``net`` and
            ``currency``.
        top: Maximum number of named categories; the others are combined.
        currency: Draw only this currency, or these.
        title: Title of the chart.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or an amount is not a decimal.
    """
    check(
        frame,
        "A chart of the composition of payouts",
        ["reporting_category", "net", "currency"],
        exact=["net"],
    )
    frame, where = settled(frame)
    sums = (
        only_currencies(frame, currency)
        .group_by(pl.col("currency").fill_null(""), pl.col("reporting_category").alias("category"))
        .agg(amount=pl.col("net").sum(), rows=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )
    head = heading(title or "From charges to payouts", subtitle, currencies_of(sums)[1])
    if sums.is_empty():
        return note(NOTHING, head)
    sums, groups = largest(sums, "reporting_category", top=top, what="others")
    order = {name: number for number, name in enumerate(groups.names)}
    words = pl.col("category").str.replace_all("_", " ")
    parts = (
        sums.with_columns(
            order=pl.col("category").replace_strict(order, return_dtype=pl.Int64),
            step=words.str.head(1).str.to_uppercase() + words.str.tail(-1),
        )
        .sort("order")
        .with_columns(end=pl.col("amount").cum_sum().over("currency"))
        .with_columns(
            start=pl.col("end") - pl.col("amount"),
            kind=pl.when(pl.col("amount") < 0).then(pl.lit("fall")).otherwise(pl.lit("rise")),
        )
    )
    whole = parts.group_by("currency").agg(
        pl.col("amount").sum(),
        end=pl.col("amount").sum(),
        start=pl.col("amount").sum() * 0,
        step=pl.lit("Paid out"),
        category=pl.lit(_ALL),
        kind=pl.lit("total"),
        rows=pl.col("rows").sum(),
    )
    columns = ["currency", "step", "category", "kind", "amount", "start", "end"]
    drawn, _ = currencies_of(sums)
    place = {name: number for number, name in enumerate(drawn)}
    bars = (
        pl.concat([parts.select(columns), whole.select(columns)])
        .filter(pl.col("currency").is_in(drawn))
        .sort(pl.col("currency").replace_strict(place, return_dtype=pl.Int64), maintain_order=True)
    )
    return counting(waterfall(bars, head, category={**groups.source, "all": _ALL}), where)


_ALL = "paid_out"
"""The bar with the sum of the others."""
