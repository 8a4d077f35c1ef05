"""The frames of one period, each checked to be the right report, in one form for all controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import polars as pl

from stripe_reports.catalog.assumptions import text_is_no_money
from stripe_reports.errors import ParameterError
from stripe_reports.parsing.payout_rows import is_payout_itself
from stripe_reports.render.currency_order import busiest_first, nonzero_rows

__all__ = ["MONEY", "NAMES", "Books", "Frame", "has_instant", "instant"]

Frame = pl.DataFrame | pl.LazyFrame

MONEY = pl.Decimal(38, 6)

_AMOUNTS = ("gross", "fee", "net")
_ITEMIZED = ("reporting_category", "currency", *_AMOUNTS)


@dataclass(frozen=True, slots=True)
class _Form:
    """The columns that identify a report."""

    report: str
    needed: tuple[str, ...]
    money: tuple[str, ...] = _AMOUNTS
    foreign: tuple[str, ...] = ("count", "payout_id")


_SUMMARY = _Form(
    "balance.summary", ("category", "net_amount", "currency"), ("net_amount",), ("gross", "count")
)
_FORMS = {
    "summary": _SUMMARY,
    "previous": _SUMMARY,
    "activity": _Form("balance_change_from_activity.itemized", _ITEMIZED),
    "payouts": _Form("payouts.itemized", ("payout_id", *_ITEMIZED), foreign=("count", "automatic_payout_id")),
    "payout_reconciliation": _Form(
        "payout_reconciliation.itemized", ("automatic_payout_id", "balance_transaction_id", *_ITEMIZED)
    ),
    "ending_balance": _Form("ending_balance_reconciliation.itemized", _ITEMIZED),
    "components": _Form(
        "activity.itemized",
        ("balance_transaction_id", "balance_transaction_component", "currency", "amount"),
        ("amount",),
        _AMOUNTS,
    ),
}

NAMES = tuple(_FORMS)
"""The names of the frames."""

_FIGURES = frozenset(
    {
        *("starting_balance", "activity_gross", "activity_fee", "activity"),
        *("payouts_gross", "payouts_fee", "payouts", "ending_balance"),
    }
)


@dataclass(frozen=True)
class Books:
    """The available reports of one period and one selection of currencies.

    Attributes:
        summary: ``balance.summary`` of the period.
        activity: ``balance_change_from_activity.itemized`` of it.
        payouts: ``payouts.itemized`` of it.
        payout_reconciliation: ``payout_reconciliation.itemized`` of it.
        ending_balance: ``ending_balance_reconciliation.itemized`` at its end.
        previous: ``balance.summary`` of a period that ends where this one starts.
        components: ``activity.itemized`` of it.
        interval: The period's bounds, the end excluded; None if not known.

    Raises:
        ParameterError: A frame is not that report, or its amounts are not exact.
    """

    summary: pl.DataFrame | None = None
    activity: pl.DataFrame | None = None
    payouts: pl.DataFrame | None = None
    payout_reconciliation: pl.DataFrame | None = None
    ending_balance: pl.DataFrame | None = None
    previous: pl.DataFrame | None = None
    components: pl.DataFrame | None = None
    interval: tuple[datetime, datetime] | None = None
    given: dict[str, pl.DataFrame] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name, form in _FORMS.items():
            frame = getattr(self, name)
            if frame is not None:
                frame = _checked(name, form, frame)
                object.__setattr__(self, name, frame)
                self.given[name] = frame
        if not self.given:
            raise ParameterError(f"There are no frames to compare. Give at least one of {', '.join(_FORMS)}.")

    @cached_property
    def figures(self) -> pl.DataFrame:
        """The amounts of the summary: a row for each currency, a column for each category, zero if absent."""
        return _figures(self.given["summary"])

    @cached_property
    def figures_before(self) -> pl.DataFrame:
        """The amounts of the previous summary."""
        return _figures(self.given["previous"])

    @cached_property
    def currencies(self) -> list[str | None]:
        """Every currency in any of the frames, ordered by all frames together; [None] if there are none."""
        found: set[str | None] = set()
        for name, frame in self.given.items():
            rows = _figures(frame) if _FORMS[name] is _SUMMARY else frame
            found.update(rows["currency"].unique())
        counts = nonzero_rows(*self.given.values())
        return busiest_first({currency: counts[currency] for currency in found}) or [None]

    def has(self, name: str, *columns: str) -> bool:
        """Tell whether that frame was given and has these columns."""
        return name in self.given and set(columns) <= set(self.given[name].columns)

    def within(self, time: pl.Expr) -> pl.Expr:
        """Tell whether an instant is in the period; without bounds, use the first and last activity row."""
        if self.interval is not None:
            start, end = (_literal(bound) for bound in self.interval)
            return (time >= start) & (time < end)
        instants = self.given["activity"].select(instant(self.given["activity"], "created")).to_series()
        if instants.is_empty():
            return pl.lit(value=False)
        return time.is_between(_literal(instants.min()), _literal(instants.max()))


def instant(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return the time *name* of each row as a UTC instant, from ``…_utc`` if present; null if naive."""
    column = _with_zone(frame, name)
    if column is None:
        return pl.lit(None, pl.Datetime("us", "UTC"))
    return pl.col(column).dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def has_instant(frame: pl.DataFrame, name: str) -> bool:
    """Tell whether the time *name* in the frame has a zone."""
    return _with_zone(frame, name) is not None


def _with_zone(frame: pl.DataFrame, name: str) -> str | None:
    for column in (f"{name}_utc", name):
        dtype = frame.schema.get(column)
        if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            return column
    return None


def _literal(bound: object) -> pl.Expr:
    at = bound.astimezone(UTC) if isinstance(bound, datetime) else None
    return pl.lit(at, pl.Datetime("us", "UTC"))


def _checked(name: str, form: _Form, frame: object) -> pl.DataFrame:
    """Check that the frame is that report; return it with lower-case currencies and no empty amounts."""
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
        raise ParameterError(
            f"{name} must be a polars frame; got {type(frame).__name__}. report.frame() and sr.read_csv() "
            "return "
            "one.",
            param=name,
        )
    schema = frame.collect_schema()
    missing = [column for column in form.needed if column not in schema]
    foreign = [column for column in form.foreign if column in schema]
    if missing or foreign:
        what = f"has no column {_listed(missing)}" if missing else f"has a column {_listed(foreign)}"
        raise ParameterError(f"{name} must be {form.report}, but it {what}.{_looks_like(schema)}", param=name)
    for column in form.money:
        if schema[column] == pl.String:
            problem, remedy = text_is_no_money([column], "it cannot be compared")
            raise ParameterError(f"Of {name}, {problem}", param=name, remedy=remedy)
        if not isinstance(schema[column], pl.Decimal):
            raise ParameterError(
                f"{column} of {name} must be Decimal; got {schema[column]}, which can lose cents. fetch, "
                "frame and "
                "read_csv return exact amounts, unless schema_overrides set another type.",
                param=name,
            )
    frame = (
        frame.lazy()
        .collect()
        .with_columns(
            pl.col("currency").cast(pl.String).str.to_lowercase(), pl.col(form.money).cast(MONEY).fill_null(0)
        )
    )
    if name == "payout_reconciliation" and frame["automatic_payout_id"].null_count():
        raise ParameterError(
            "payout_reconciliation has rows without automatic_payout_id, so it is a different report. Pass "
            "payout_reconciliation.itemized, which lists only transactions that a payout settled.",
            param=name,
        )
    if name == "payout_reconciliation":
        frame = frame.filter(~is_payout_itself(frame.columns))
    if form is _SUMMARY and frame.height and _FIGURES.isdisjoint(frame["category"]):
        raise ParameterError(
            f"{name} has no row of a balance.summary, such as ending_balance. Pass that report.", param=name
        )
    return frame


def _looks_like(schema: Sequence[str] | pl.Schema) -> str:
    for name, form in _FORMS.items():
        if set(form.needed) <= set(schema) and not set(form.foreign) & set(schema):
            return f" It looks like {form.report}; pass it as {name}=."
    return ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _figures(summary: pl.DataFrame) -> pl.DataFrame:
    """Pivot the summary by currency. A blank currency is ignored, unless its amount is not zero."""
    told = summary.filter(pl.col("currency").is_not_null() | (pl.col("net_amount") != 0))
    of = (
        pl.col("net_amount").filter(pl.col("category") == name).sum().alias(name) for name in sorted(_FIGURES)
    )
    return told.group_by("currency").agg(*of).sort("currency", nulls_last=True)
