"""Revenue recognition: debits and credits per accounting period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import polars as pl

from stripe_reports.notebook.charts.columns import Frame, check, only_currencies
from stripe_reports.notebook.charts.groups import NONE, largest
from stripe_reports.notebook.charts.panels import NOTHING, Chart, Subtitle, currencies_of, heading, note
from stripe_reports.notebook.charts.slots import NO_DATE, Slots
from stripe_reports.notebook.charts.stacked import stacked

__all__ = ["debits_and_credits"]

_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m", "%b %Y", "%B %Y", "%m/%Y", "%Y")
"""How a period may be written; Stripe documents none."""

_MIDNIGHT = " 00:00:00"


def debits_and_credits(
    frame: Frame,
    *,
    top: int = 8,
    currency: str | Sequence[str] | None = None,
    title: str | None = None,
    subtitle: Subtitle = None,
) -> Chart:
    """What was debited (above zero) and credited (below) per accounting period, by account.

    One panel per currency. Every entry has both sides, so the bars of a period are as high as they are deep.

    Args:
        frame: A revenue recognition report of debits and credits.
        top: So many accounts keep their names; the others are one.
        currency: Draws only this currency, or these.
        title: Stands on top.
        subtitle: One line or several below it.

    Raises:
        ParameterError: A column is missing, or is no decimal.
    """
    needed = ["accounting_period", "debit", "credit", "amount", "currency"]
    check(frame, "A chart of debits and credits", needed, exact=["amount"])
    rows = only_currencies(frame, currency).with_columns(
        pl.col("currency").fill_null(""),
        period=pl.col("accounting_period").cast(pl.String).fill_null(NO_DATE),
    )
    keys = ["currency", "period"]
    sides = [
        rows.group_by(*keys, pl.col(side).fill_null(NONE).alias("category"))
        .agg(amount=pl.col("amount").sum() * sign, rows=pl.len().cast(pl.Int64))
        .with_columns(side=pl.lit(side))
        .collect(engine="streaming")
        for side, sign in (("debit", 1), ("credit", -1))
    ]
    data = pl.concat(sides)
    head = heading(
        title or "Debits and credits per accounting period, by account", subtitle, currencies_of(data)[1]
    )
    if data.is_empty():
        return note(NOTHING, head)
    data, groups = largest(data, ("debit", "credit"), top=top, what="other accounts")
    groups = replace(groups, source={**groups.source, "either": True})
    periods = _in_order(data["period"].unique().to_list())
    slots = Slots(
        keys=periods,
        names=[_short(period) for period in periods],
        label=f"replace(datum.value, '{_MIDNIGHT}', '')",
        source={"columns": ["accounting_period"], "none": NO_DATE},
        every="period",
        characters=max(len(_short(period)) for period in periods),
    )
    names = {"label": "Period", "category": "Account", "side": "Side", "exact": "Amount"}
    return stacked(data, slots, groups, head, names=names)


def _in_order(periods: list[str]) -> list[str]:
    """By date where one form fits all of them, else as texts; what has no period comes last."""
    known = [period for period in periods if period != NO_DATE]
    last = [NO_DATE] * (NO_DATE in periods)
    for form in _FORMS:
        dates = {period: day for period in known if (day := _date(period, form))}
        if len(dates) == len(known):
            return sorted(known, key=dates.__getitem__) + last
    return sorted(known) + last


def _short(period: str) -> str:
    return period.removesuffix(_MIDNIGHT)


def _date(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # noqa: DTZ007
    except ValueError:
        return None
