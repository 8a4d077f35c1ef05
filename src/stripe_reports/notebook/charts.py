"""Each kind of report drawn the way a finance person reads it.

Figures are worked out on exact decimals. Floats only place the marks; every figure that is read, on a bar
or in its tooltip, is text made from the decimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import altair as alt
import polars as pl

from stripe_reports import catalog
from stripe_reports.errors import ParameterError
from stripe_reports.notebook import theme

if TYPE_CHECKING:
    from stripe_reports.models import ReportRequest
    from stripe_reports.report import Report

__all__ = ["Recipe", "balance_waterfall", "chart_for", "chart_of"]

Subtitle = str | Sequence[str] | None
"""One line or several, below the title."""

_WIDTH = 520
"""Of a panel, in pixels: with its axis it fits 600."""

_ONE_ROW = alt.InlineData(values=[{}])
"""For a mark that stands for itself."""


class Recipe(Protocol):
    """Draws the frame of one kind of report."""

    def __call__(
        self, frame: pl.DataFrame, *, title: str = ..., subtitle: Subtitle = ...
    ) -> alt.TopLevelMixin:
        """An altair chart of *frame*, one panel per currency."""


# Balance summary

_STEPS = pl.DataFrame(
    [
        ("starting_balance", "Starting balance", "total"),
        ("activity_gross", "Gross activity", "flow"),
        ("activity_fee", "Fees", "flow"),
        ("activity", "Activity", "flow"),
        ("payouts_gross", "Payouts", "flow"),
        ("payouts_fee", "Payout fees", "flow"),
        ("payouts", "Payouts", "flow"),
        ("difference", "Unexplained", "flow"),
        ("ending_balance", "Ending balance", "total"),
    ],
    schema=["category", "step", "kind"],
    orient="row",
)
"""The bars from left to right."""

_SPLIT = {"activity": "activity_gross", "payouts": "payouts_gross"}
"""Sums that are left out where the report has their parts."""

_ONLY_IF_NOT_ZERO = ("payouts_fee", "difference")


def balance_waterfall(
    frame: pl.DataFrame, *, title: str = "Balance", subtitle: Subtitle = None
) -> theme.LayerChart | theme.VConcatChart:
    """How each currency's balance came from its start to its end: one panel per currency.

    The bars are the rows of a balance summary; payout fees stand only where there were any. If the rows do
    not add up to the ending balance, a bar "Unexplained" shows by how much.

    Args:
        frame: A ``balance.summary`` report, with ``category``, ``net_amount`` and ``currency``.
        title: Stands on top.
        subtitle: One line or several below it, such as report, period and time zone.

    Returns:
        A layered chart; several of them, one below the other, where there are several currencies.

    Raises:
        ParameterError: The frame is not one balance summary.
    """
    head = alt.TitleParams(title, subtitle=alt.Undefined if subtitle is None else subtitle)
    bars = _waterfall(frame)
    if bars.is_empty():
        return _note("Nothing happened: no balance, no activity and no payouts.", head)
    panels = [
        _waterfall_panel(bars.filter(currency=currency))
        for currency in bars["currency"].unique(maintain_order=True)
    ]
    if len(panels) == 1:
        return panels[0].properties(title=head)
    return theme.VConcatChart(vconcat=panels, title=head, spacing=24)


def _waterfall(frame: pl.DataFrame) -> pl.DataFrame:
    """The bars: ``currency``, ``step``, ``kind``, and as exact decimals ``amount``, ``start`` and ``end``."""
    _check_summary(frame)
    amounts = frame.select(
        "category", pl.col("currency").fill_null(""), amount=pl.col("net_amount").fill_null(0)
    ).filter((pl.col("currency") != "") | (pl.col("amount") != 0))  # an untouched zero has no currency
    if amounts.select("currency", "category").is_duplicated().any():
        raise ParameterError("The frame holds several balance summaries; draw them one by one.")

    is_difference = pl.col("category") == "difference"
    is_ending = pl.col("category") == "ending_balance"
    amount = pl.col("amount")
    missing = amount.filter(is_ending).sum() - amount.filter(~is_ending).sum()
    level = pl.when(is_ending).then(0).otherwise(amount).cum_sum().over("currency")
    return (
        amounts.select(pl.col("currency").unique(maintain_order=True))
        .join(_steps(frame), how="cross", maintain_order="left_right")
        .join(amounts, on=["currency", "category"], how="left", maintain_order="left")
        .with_columns(amount.fill_null(0))
        .with_columns(amount=pl.when(is_difference).then(missing.over("currency")).otherwise(amount))
        .filter((amount != 0) | ~pl.col("category").is_in(_ONLY_IF_NOT_ZERO))
        .with_columns(
            start=pl.when(kind="total").then(0).otherwise(level - amount),
            end=pl.when(kind="total").then(amount).otherwise(level),
            kind=pl.when(kind="total")
            .then(pl.col("kind"))
            .when(is_difference)
            .then(pl.lit("difference"))
            .when(amount < 0)
            .then(pl.lit("fall"))
            .otherwise(pl.lit("rise")),
        )
    )


def _check_summary(frame: pl.DataFrame) -> None:
    missing = [name for name in ("category", "net_amount", "currency") if name not in frame.columns]
    if missing:
        raise ParameterError(
            f"A waterfall of the balance needs the column {missing[0]!r}; the frame has "
            f"{', '.join(frame.columns)}. Fetch balance.summary with its default columns.",
            param="columns",
        )
    if not frame.schema["net_amount"].is_decimal():
        raise ParameterError(
            f"net_amount is {frame.schema['net_amount']}, which is not exact. "
            "sr.read_csv and client.frame read it as decimals.",
            param="columns",
        )
    if not frame.is_empty() and _steps(frame).is_empty():
        raise ParameterError(
            "The frame is not a balance summary: no row is a starting_balance, activity, payouts or "
            "ending_balance."
        )


def _steps(frame: pl.DataFrame) -> pl.DataFrame:
    """The bars that the report has rows for, labelled with the date where a description has one."""
    present = set(frame["category"])
    if {"starting_balance", "ending_balance"} <= present:
        present.add("difference")
    steps = _STEPS.filter(
        pl.col("category").is_in(present - {s for s, part in _SPLIT.items() if part in present})
    )
    if "description" not in frame.columns:
        return steps
    dates = frame.select("category", date=pl.col("description").str.extract(r"\((\d{4}-\d\d-\d\d)\)"))
    return steps.join(
        dates.drop_nulls().unique("category", keep="first"), on="category", how="left", maintain_order="left"
    ).with_columns(step=pl.concat_str("step", "date", separator=" ", ignore_nulls=True))


def _waterfall_panel(bars: pl.DataFrame) -> theme.LayerChart:
    """One currency: floating bars, the level carried from each to the next, and the figure above it."""
    currency: str = bars["currency"][0]
    largest = max(map(abs, [*bars["start"], *bars["end"]]))
    data = _drawable(bars, currency)
    chart = alt.Chart().encode(x="step:N")  # the data stand once, on the layers' common ground
    levels = (
        chart.transform_filter("isValid(datum.next)")
        .mark_rule(aria=False)
        .encode(alt.X("step:N", bandPosition=0), alt.Y("end:Q"), alt.X2("next:N", bandPosition=0))
    )
    meaning = alt.Scale(
        domain=["total", "rise", "fall", "difference"],
        range=[theme.TOTAL, theme.RISE, theme.FALL, theme.DIFFERENCE],
    )
    steps = chart.mark_bar(strokeWidth=1).encode(  # the stroke keeps the smallest fee visible
        x=_axis_of_steps(bars["step"].to_list()),
        y=alt.Y("start:Q", axis=_axis_of_currency(currency, largest)),
        y2="end:Q",
        color=alt.Color("kind:N", scale=meaning, legend=None),
        stroke=alt.Stroke("kind:N", scale=meaning, legend=None),
        tooltip=["step:N", "amount:N", "balance:N"],
        description="reading:N",
    )
    zero = alt.Chart(_ONE_ROW).mark_rule(strokeWidth=1.5, aria=False).encode(y=alt.datum(0))
    size = _fitting(data["label"].to_list())
    figures = chart.mark_text(dy=-7, aria=False, fontSize=size).encode(y="top:Q", text="label:N")
    return theme.LayerChart(data=data, layer=[levels, steps, zero, figures], width=_WIDTH, height=220)


def _drawable(bars: pl.DataFrame, currency: str) -> pl.DataFrame:
    """The bars as altair can draw them: the only place where decimals become floats."""
    label, balance = (
        pl.Series([_figure(value, currency) for value in bars[name]]) for name in ("amount", "end")
    )
    unit = f" {currency.upper()}".rstrip()
    return bars.select(
        "step",
        "kind",
        pl.col("start", "end").cast(pl.Float64),
        top=pl.max_horizontal("start", "end").cast(pl.Float64),
        next=pl.col("step").shift(-1),
        label=pl.when(kind="total").then(label.str.strip_prefix("+")).otherwise(label),
    ).with_columns(
        amount=pl.col("label") + unit,
        balance=balance.str.strip_prefix("+") + unit,
        reading=pl.concat_str("step", "label", separator=" ") + unit,
    )


def _fitting(labels: Sequence[str]) -> float:
    """The font size at which no label above a bar meets the next; trillions of dong need a small one."""
    width_of_a_character = 0.55 * max(map(len, labels))
    return min(11.0, round(_WIDTH / len(labels) / width_of_a_character, 1))


def _axis_of_steps(steps: list[str]) -> alt.X:
    """The bars side by side in the order of *steps*, their labels one word a line."""
    return alt.X(
        "step:N",
        title=None,
        axis=alt.Axis(labelAngle=0, labelAlign="center", labelExpr="split(datum.label, ' ')"),
        scale=alt.Scale(domain=steps, paddingInner=0.3, paddingOuter=0.15),
    )


def _axis_of_currency(currency: str, largest: Decimal) -> alt.Axis:
    """A money axis with the currency on top; its figures are short where they are large: 500k, 1.2M, 3B."""
    # Vega's prefixes call a billion G; and a thousandth m, which cannot come up from 10,000 on.
    short = "replace(format(datum.value, '~s'), 'G', 'B')"
    return alt.Axis(
        title=currency.upper() or "no currency",
        titleAngle=0,
        titleAlign="left",
        titleAnchor="end",
        titleX=0,
        titleY=-18,
        tickCount=6,
        labelExpr=short if largest >= 10_000 else "format(datum.value, ',~f')",
    )


def _note(text: str, head: alt.TitleParams) -> theme.LayerChart:
    """A text in the place of a chart that would be empty."""
    note = (
        alt.Chart(_ONE_ROW)
        .mark_text(align="left", fontSize=13)
        .encode(x=alt.value(0), y=alt.value(20), text=alt.value(text))
    )
    return theme.LayerChart(layer=[note], title=head, width=_WIDTH, height=40)


# Figures

_MINOR_DIGITS = {
    **dict.fromkeys(("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"), 0),
    **dict.fromkeys(("pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"), 0),
    **dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), 3),
}
"""Decimals of a currency where they are not two. Source: https://docs.stripe.com/currencies"""


def _figure(amount: Decimal, currency: str) -> str:
    """The exact amount with its sign: ``+1,234.50``, ``−500`` (jpy); never rounded to the usual decimals."""
    decimals = f"{amount:f}".partition(".")[2].rstrip("0")
    digits = max(_MINOR_DIGITS.get(currency.lower(), 2), len(decimals))
    sign = "−" if amount < 0 else "+" if amount > 0 else ""
    return f"{sign}{amount.copy_abs():,.{digits}f}"


# Which chart for which report

_RECIPES: dict[str, Recipe] = {"balance.summary": balance_waterfall}
"""By report type without version, or by family for a recipe that fits all types of it."""


def chart_for(report_type: str) -> Recipe:
    """What draws the reports of a type: ``chart_for("balance.summary")(frame)``.

    Args:
        report_type: A type with or without its version, or a family of types.

    Raises:
        ParameterError: There is no chart for it.
    """
    base = report_type.rpartition(".")[0] if report_type.rpartition(".")[2].isdigit() else report_type
    known = catalog.get(report_type)
    for name in (base, known and known.family):
        if name in _RECIPES:
            return _RECIPES[name]
    raise ParameterError(
        f"There is no chart for {report_type} yet; there is one for {', '.join(_RECIPES)}. "
        "Its frame can be drawn with altair.",
        param="report_type",
    )


def chart_of(report: Report, **options: Any) -> alt.TopLevelMixin:
    """A report as the chart fit for its type; title and subtitle say what it shows, and of when.

    Args:
        report: The report to draw.
        options: Passed on to the recipe; ``title`` and ``subtitle`` replace ours.

    Raises:
        ParameterError: There is no chart for the report's type.
    """
    id_ = report.run.report_type
    known = catalog.get(id_)
    heading = {
        "title": known.name if known else id_,
        "subtitle": [
            f"{id_} · {_period(report.request)}",
            f"Stripe's data as of {report.provenance.as_of:%Y-%m-%d %H:%M} UTC",
        ],
    }
    return chart_for(id_)(report.frame(), **(heading | options))


def _period(request: ReportRequest) -> str:
    """The days of a request with both included, or its bounds where they are no midnights; and their zone."""
    if request.interval_end is None:
        return str(request.payout or "all time")
    zone = ZoneInfo(request.timezone or "UTC")
    start, end = (
        bound and bound.astimezone(zone) for bound in (request.interval_start, request.interval_end)
    )
    if all(bound.time() == time.min for bound in (start, end) if bound):
        first, last = start and f"{start:%Y-%m-%d}", f"{request.last_included_day}"
    else:
        first, last = start and f"{start:%Y-%m-%d %H:%M:%S}", f"{end:%Y-%m-%d %H:%M:%S}"
    span = last if first == last else f"{first} to {last}" if first else f"up to {last}"
    return f"{span}, {zone.key}"
