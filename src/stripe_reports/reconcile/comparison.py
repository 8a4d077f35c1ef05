"""Two reports of one type compared: what changed, by category and currency, and for fees why.

The change of a fee is split exactly, for each reporting category. Let V and F be the volume and the fee of
the other period, v and f those of this one. At the other period's rate, F / V, the change of volume alone
would have changed the fee by (v − V) · F / V: that is ``fee_by_volume``, rounded to the currency's decimals.
The rest of f − F is ``fee_by_rate``. Without a volume there was no rate: then all of f − F is by volume.

The volume of a category is its gross; but disputes cost a fixed fee, so theirs is their number, and that of a
fee that is a row of its own is the gross of the charges in its currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import polars as pl

from stripe_reports import catalog
from stripe_reports.catalog import FEE_CATEGORIES
from stripe_reports.catalog.assumptions import text_is_no_money
from stripe_reports.catalog.natural_keys import money_of
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest, base_of
from stripe_reports.parsing.balances import of_whole
from stripe_reports.parsing.columns import column
from stripe_reports.parsing.payout_rows import transactions_of
from stripe_reports.planning.periods import Period
from stripe_reports.planning.reuse import Policy
from stripe_reports.reconcile.books import MONEY
from stripe_reports.render.currency_order import busiest_first, nonzero_rows, sort_by_currency
from stripe_reports.render.money import figure, minor_digits, money
from stripe_reports.render.printable import printable
from stripe_reports.render.rounded import percent, rounded
from stripe_reports.render.suggest import did_you_mean
from stripe_reports.render.table import html_table, text_table
from stripe_reports.report.file_report import FileReport
from stripe_reports.report.report import Report
from stripe_reports.report.report_set import ReportSet
from stripe_reports.runs.progress import ProgressOption
from stripe_reports.runs.request import Parameters

if TYPE_CHECKING:
    from stripe_reports.charts.panels import Chart
    from stripe_reports.charts.theme import Theme
    from stripe_reports.reconcile.protocol import ReportClient

__all__ = ["Comparison", "compare", "compare_periods"]

AnyReport = Report | ReportSet | FileReport

_BY = ("reporting_category", "category", "product", "country_code")
"""The columns to compare by, the first that the reports have."""

_CATEGORY = "\0category"
"""The reporting category of a sum, in a column that no report can have."""

_DAY = timedelta(days=1)
_DIGITS = 80
"""Digits of the arithmetic: the product of two amounts of 38 digits fits."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """The changes from one report to another of the same type; displayed as one sentence and a table.

    Attributes:
        report: The report of interest.
        other: The report it is compared with.
        by: The columns of the groups.
        amount: The column compared, such as ``"net"``.
        notes: Sentences about what makes the two periods differ besides the business.
    """

    report: AnyReport
    other: AnyReport
    by: tuple[str, ...]
    amount: str
    _frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    def frame(self) -> pl.DataFrame:
        """The changes: a row for each group and currency, in each currency the largest change first.

        ``amount``, ``other_amount`` and ``difference`` (the first minus the second) are of the column that is
        compared; ``change`` is the difference as a fraction of the other amount, ``share`` and
        ``other_share`` are the group's fraction of its currency's total. ``count``, ``other_count`` and
        ``count_difference`` are rows, or the transactions that a summary counts.

        With gross and fee in the report, ``fee``, ``other_fee`` and ``fee_difference`` follow, and the last
        is split exactly into ``fee_by_volume`` (the other period's rate times the change of volume) and
        ``fee_by_rate`` (the rest). The volume is the gross; of disputes, which cost a fixed fee, it is their
        number; and of a fee that is a row of its own, the gross of all charges in its currency.

        Amounts are ``Decimal(38, 6)``; fractions too, rounded to six decimals, and null without a total.
        """
        return self._frame

    @property
    def sentence(self) -> str:
        """The change of the total in each currency, the largest currency first, and of its fees."""
        said = [self._total(currency, totals) for currency, totals in self._totals().items()]
        what = "The balance" if self._is_of_balances else self.amount.replace("_", " ").capitalize()
        names = " against ".join(_name(each) for each in (self.report, self.other))
        names = names.replace("The balance", "the balance")
        return f"{what} of {names}: {'; '.join(said) or 'no amounts'}"

    def _total(self, currency: str | None, totals: Mapping[str, Decimal]) -> str:
        difference, other = totals["difference"], totals["other_amount"]
        text = f"{money(totals['amount'], currency)} ({figure(difference, currency or '', signed=True)}"
        text += f", {percent(difference / other.copy_abs(), 1, signed=True)})" if other else ")"
        if not totals.get("fee_difference"):
            return text
        fee, volume, rate = (figure(totals[name], currency or "", signed=True) for name in _FEES)
        return f"{text}, fees {fee} ({volume} from volume, {rate} from the rate)"

    def _totals(self) -> dict[str | None, dict[str, Decimal]]:
        counted = self._frame
        if self._is_of_balances:
            counted = counted.filter(category="ending_balance")
        sums = counted.group_by("currency", maintain_order=True).agg(
            pl.col(name).sum()
            for name in ("amount", "other_amount", "difference", *_FEES)
            if name in counted.columns
        )
        return {row.pop("currency"): row for row in sums.to_dicts()}

    @property
    def _is_of_balances(self) -> bool:
        return self.amount == "net_amount" and "category" in self.by

    def chart(self, *, top: int = 12, theme: Theme | None = None) -> Chart:
        """Draw the change of each group, one panel per currency: an ordinary altair chart.

        Args:
            top: Maximum number of named groups; the others are combined.
            theme: ``"light"`` or ``"dark"``; None for the colours of the page in a notebook, light in a file.
        """
        from stripe_reports.charts.comparison import changes_by_group
        from stripe_reports.charts.theme import dressed

        periods = (_name(self.report), _name(self.other))
        chart = changes_by_group(
            self._frame,
            self.by,
            top=top,
            periods=periods,
            title=f"{periods[0]} against {periods[1]}",
            subtitle=[
                f"Change of {self.amount.replace('_', ' ')}, by {', '.join(self.by).replace('_', ' ')}",
                *self.notes,
            ],
        )
        return chart if theme is None else dressed(chart, theme)

    def __str__(self) -> str:
        lines = map(printable, [self.sentence, *self.notes])
        return "\n".join([*lines, text_table(self._shown())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<div><p><b>{escape(self.sentence)}</b></p>{html_table(self._shown())}{notes}</div>"

    def _shown(self) -> pl.DataFrame:
        columns = (*self.by, "currency", "amount", "other_amount", "difference", "count_difference", *_FEES)
        return self._frame.select(name for name in columns if name in self._frame.columns)


_FEES = ("fee_difference", "fee_by_volume", "fee_by_rate")


def compare(report: AnyReport, other: AnyReport, by: str | Sequence[str] | None = None) -> Comparison:
    """Compare two reports of one type: what changed, by category and currency, and for fees why.

    The difference is *report* minus *other*, exactly; currencies are never added together.

    Args:
        report: The report of interest, fetched or read by ``Report.from_csv``, or a set of reports.
        other: The report to compare with, such as that of the month or of the year before.
        by: One column or several that make the groups; None for the reporting category, where there is one.

    Raises:
        ParameterError: The reports are of different types, have no such column or no amounts, or their
            amounts are text; or balances would not be compared by category.

    Example:
        >>> october, september = (
        ...     client.fetch("balance_change_from_activity.summary", month, currency="eur")
        ...     for month in ("2026-10", "2026-09")
        ... )
        >>> sr.compare(october, september).frame()["difference"].sum() == (
        ...     october.frame()["net"].sum() - september.frame()["net"].sum()
        ... )
        True
    """
    for name, each in (("report", report), ("other", other)):
        if not isinstance(each, AnyReport):
            raise ParameterError(
                f"{name} must be a report or a set of reports; got {type(each).__name__}.", param=name
            )
    bases = [base_of(each.request.report_type) for each in (report, other)]
    if bases[0] != bases[1]:
        raise ParameterError(
            f"Two reports of one type can be compared; these are {bases[0]} and {bases[1]}.", param="other"
        )
    keys = _keys(report, other, by)
    amount, currency = _money_of(report, other)
    on, has_total = [*keys, "currency"], amount != "net_amount"
    if not has_total and "category" not in keys:
        raise ParameterError(
            "Balances are compared by category: the starting balance, its changes and the ending balance are "
            "no parts of a sum. Leave out by, or name 'category' in it.",
            param="by",
        )
    now, before = (_sums(each, keys, amount, currency) for each in (report, other))
    before = before.rename({name: f"other_{name}" for name in before.columns if name not in (*on, _CATEGORY)})
    both = now.join(
        before,
        on=[*on, _CATEGORY],
        how="full",
        coalesce=True,
        nulls_equal=True,
        maintain_order="left_right",
    )
    both = both.with_columns(pl.exclude(*on, _CATEGORY).fill_null(0))
    frame = _changes(both, on, has_total=has_total)
    counted = (_rows(each).rename({currency: "currency"}) for each in (report, other))
    if has_total:
        frame = frame.sort(-pl.col("difference").abs(), *keys, nulls_last=True)
    frame = sort_by_currency(frame, busiest_first(nonzero_rows(*counted, amounts=[amount])))
    gaps = [f"{_name(each)}: {each.left_out_text}" for each in (report, other) if each.left_out_text]
    return Comparison(report, other, keys, amount, frame, (*_notes(report.request, other.request), *gaps))


def _name(report: AnyReport) -> str:
    return Path(report.provenance.name).name if isinstance(report, FileReport) else report.request.period_name


def _rows(report: AnyReport) -> pl.LazyFrame:
    return transactions_of(of_whole(report.scan()), report.request.report_type)


def _keys(report: AnyReport, other: AnyReport, by: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns to compare by, which both reports must have."""
    schema, other_schema = (_rows(each).collect_schema() for each in (report, other))
    present = [name for name in schema if name in other_schema]
    wanted = [by] if isinstance(by, str) else by or [name for name in _BY if name in present][:1]
    for name in wanted:
        if name not in present:
            raise ParameterError(
                f"Both reports need the column {name!r} to be compared by it."
                f"{did_you_mean(name, present, most=1)} They share {', '.join(present)}.",
                param="by",
            )
    return tuple(dict.fromkeys(name for name in wanted if name != "currency"))


def _money_of(report: AnyReport, other: AnyReport) -> tuple[str, str]:
    """Return the column of the amount and that of its currency, which are exact in both reports."""
    columns = [name for name in report.schema if name in other.schema]
    found = money_of(columns, report.request.report_type)
    if found is None:
        raise ParameterError(
            f"{report.request.report_type} has no amount and currency in both reports, so nothing can be "
            "compared.",
            param="report",
        )
    if any(each.schema[found[0]] == pl.String for each in (report, other)):
        problem, remedy = text_is_no_money([found[0]], "it cannot be compared")
        raise ParameterError(problem, param="report", remedy=remedy)
    return found


def _sums(report: AnyReport, keys: Sequence[str], amount: str, currency: str) -> pl.DataFrame:
    """Sum the rows of each group, currency and reporting category; fee and volume if there are any."""
    rows, schema = _rows(report), report.schema
    count = (pl.col("count").sum() if "count" in schema else pl.len()).cast(pl.Int64)
    sums = [pl.col(amount).fill_null(0).sum().cast(MONEY).alias("amount"), count.alias("count")]
    category = pl.col("reporting_category") if "reporting_category" in schema else pl.lit(None, pl.String)
    groups = [
        *(column(name) for name in keys),
        pl.col(currency).cast(pl.String).alias("currency"),
        category.alias(_CATEGORY),
    ]
    if not all(isinstance(schema.get(name), pl.Decimal) for name in ("gross", "fee")):
        return rows.group_by(groups, maintain_order=True).agg(sums).collect()
    is_own_fee = category.is_in(FEE_CATEGORIES).fill_null(value=False)
    own = pl.when(is_own_fee).then(pl.col("gross")).otherwise(0)
    sums += [(pl.col("fee") - own).sum().cast(MONEY).alias("fee"), pl.col("gross").sum().cast(MONEY)]
    return rows.group_by(groups, maintain_order=True).agg(sums).collect()


def _changes(both: pl.DataFrame, on: Sequence[str], *, has_total: bool) -> pl.DataFrame:
    """Return the changes of each group.

    Args:
        both: The sums of both reports by category.
        on: The columns of the groups, and the currency.
        has_total: False for balances: their lines are no parts of a sum.
    """
    has_fees = {"fee", "other_fee"} <= set(both.columns)
    if has_fees:
        both = both.with_columns(fee_by_volume=_by_volume(both))
    both = both.group_by(on, maintain_order=True).agg(pl.exclude(_CATEGORY, "gross", "other_gross").sum())
    both = both.with_columns(difference=(pl.col("amount") - pl.col("other_amount")).cast(MONEY))
    shares = {}
    for side, share in (("amount", "share"), ("other_amount", "other_share")):
        total = both.select(pl.col(side).sum().over("currency")).to_series()
        shares[share] = _fractions(both[side], total if has_total else total * 0)
    frame = both.select(
        *on,
        *("amount", "other_amount", "difference"),
        change=_fractions(both["difference"], both["other_amount"].abs()),
        **shares,
        count="count",
        other_count="other_count",
        count_difference=pl.col("count") - pl.col("other_count"),
    )
    if not has_fees:
        return frame
    change = (pl.col("fee") - pl.col("other_fee")).cast(MONEY)
    rate = (pl.col("fee_difference") - pl.col("fee_by_volume")).cast(MONEY)
    fees = both.select("fee", "other_fee", change.alias("fee_difference"), "fee_by_volume")
    return frame.hstack(fees.with_columns(fee_by_rate=rate))


def _by_volume(both: pl.DataFrame) -> pl.Series:
    """Return the part of each change of fee that comes from the change of volume."""
    columns = both.select(_volume(), _volume("other_"), "fee", "other_fee", "currency")
    with localcontext(prec=_DIGITS):
        changes = [
            _rounded((volume - before) * other_fee, before, minor_digits(currency or ""))
            if before
            else fee - other_fee
            for volume, before, fee, other_fee, currency in columns.iter_rows()
        ]
    return pl.Series("fee_by_volume", changes, MONEY)


def _volume(side: str = "") -> pl.Expr:
    """Return what each fee is for: the gross, the number of disputes, or the gross of all charges."""
    gross, category = pl.col(f"{side}gross"), pl.col(_CATEGORY)
    return (
        pl.when(category.is_in(FEE_CATEGORIES))
        .then(gross.filter(category == "charge").sum().over("currency"))
        .when(category.is_in(["dispute", "dispute_reversal"]))
        .then(pl.col(f"{side}count").cast(MONEY))
        .otherwise(gross)
        .alias(f"{side}volume")
    )


def _fractions(parts: pl.Series, wholes: pl.Series) -> pl.Series:
    with localcontext(prec=_DIGITS):
        return pl.Series(
            [_rounded(part, whole) for part, whole in zip(parts, wholes, strict=True)], dtype=MONEY
        )


def _rounded(dividend: Decimal, divisor: Decimal, digits: int = 6) -> Decimal | None:
    """Return the quotient with so many decimals; None if the divisor is zero."""
    return (dividend / divisor).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN) if divisor else None


def _notes(request: ReportRequest, other: ReportRequest) -> tuple[str, ...]:
    """Return sentences about what differs between the requests, besides the period."""
    notes = []
    days = [_days(each) for each in (request, other)]
    if all(days) and days[0] != days[1]:
        first, second = (rounded(each, 0 if each.is_integer() else 1) for each in days if each)
        notes.append(f"{request.period_name} has {first} days, {other.period_name} has {second}.")
    given = [{k: v for k, v in each.parameters.items() if k not in _OF_PERIOD} for each in (request, other)]
    for name in sorted(given[0].keys() | given[1].keys()):
        values = [each.get(name) for each in given]
        if values[0] != values[1]:
            notes.append(f"The reports have different parameters: {name} is {values[0]!r} and {values[1]!r}.")
    return tuple(notes)


_OF_PERIOD = frozenset({"interval_start", "interval_end", "tax_invoice_month", "columns"})


def _days(request: ReportRequest) -> float | None:
    start, end = request.period_start, request.period_end
    if start is None or end is None:
        return None
    zone = request.display_zone
    return (end.astimezone(zone).replace(tzinfo=None) - start.astimezone(zone).replace(tzinfo=None)) / _DAY


def compare_periods(
    client: ReportClient,
    report_type: str,
    period: Period,
    other_period: Period,
    by: str | Sequence[str] | None,
    *,
    reuse: Policy,
    timeout: float,
    progress: ProgressOption,
    **parameters: Unpack[Parameters],
) -> Comparison:
    """See ``Client.compare``."""
    requests = [client.request(report_type, each, **parameters) for each in (period, other_period)]
    known = catalog.completed(requests[0].report_type)
    wanted = [by] if isinstance(by, str) else list(by or ())
    more = [name for name in wanted if known.column(name) and name not in (known.default_columns or ())]
    if more and known.default_columns and not parameters.get("columns"):
        parameters["columns"] = [*known.default_columns, *more]
        requests = [
            client.request(requests[0].report_type, each, **parameters) for each in (period, other_period)
        ]
    pending = [
        client.submit(request, reuse=reuse, timeout=timeout, progress=progress) for request in requests
    ]
    report, other = (each.result() for each in pending)
    return compare(report, other, by)
