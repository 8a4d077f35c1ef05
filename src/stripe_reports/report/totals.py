"""What the itemised reports of a set add up to, and whether that agrees with Stripe's summary."""

from __future__ import annotations

from abc import abstractmethod

import polars as pl

from stripe_reports.catalog import FEE_CATEGORIES
from stripe_reports.catalog.assumptions import text_is_no_money
from stripe_reports.catalog.splitting import are_states, summary_of
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest
from stripe_reports.parsing.payout_rows import transactions_of
from stripe_reports.parsing.total_rows import without_totals
from stripe_reports.render import remedies
from stripe_reports.render.currency_order import busiest_first, nonzero_rows, sort_by_currency
from stripe_reports.render.remedies import everywhere
from stripe_reports.report.report import Report
from stripe_reports.report.set_charts import SetCharts

__all__ = ["Totals"]

_COMPARED = ("gross", "fee", "net")
_FEE = pl.col("reporting_category").is_in(FEE_CATEGORIES)


class Totals(SetCharts):
    """The part of ``ReportSet`` that adds up amounts."""

    __slots__ = ()

    @property
    @abstractmethod
    def _parts_text(self) -> str:
        """Return the parts in words: ``12 months``."""

    def totals(self) -> pl.DataFrame:
        """Rows, gross, fee and net of each currency, over all parts.

        A payout's own row in its reconciliation is not counted: it is none of its transactions.

        Raises:
            ParameterError: The report has no such columns, was requested without them, or has them as text;
                or its parts are about a moment each.
        """
        self._check_columns("currency", *_COMPARED)
        if are_states(self.schema):
            raise ParameterError(
                f"Each report of {self.request.report_type} is about a moment, and a sum over moments has no "
                "meaning.",
                remedy=everywhere("Read frame(), in which interval_end says the moment."),
            )
        rows = transactions_of(self.scan(), self.request.report_type)
        sums = rows.group_by("currency").agg(pl.len().alias("rows"), pl.col(_COMPARED).sum())
        return sort_by_currency(sums.collect(), busiest_first(nonzero_rows(rows, amounts=_COMPARED)))

    def summary_request(self) -> ReportRequest:
        """The request of the matching summary over the whole interval, for ``tie_out``.

        Raises:
            ParameterError: Stripe has no summary with the same totals; or the reports are of Reports v2,
                where a request needs an id that only the client knows.
        """
        summary = summary_of(self.request.report_type)
        if summary is None:
            raise ParameterError(
                f"No summary with the totals of {self.request.report_type} is known; see totals() instead."
            )
        if self.request.report_id is not None:
            raise ParameterError(
                f"A request of Reports v2 needs an id, and that of {summary.base} is not known here.",
                remedy=everywhere(f"Fetch {summary.base!r} for the same period: tie_out takes that report."),
            )
        parameters = self.request.parameters
        taken = {name: parameters[name] for name in summary.parameters if name in parameters}
        taken.pop("columns", None)
        return ReportRequest(summary.id, **taken, zone=self.request.timezone or self.request.zone)

    def tie_out(self, summary: Report | pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
        """Check that the parts add up to the summary of the whole interval, in each currency.

        Stand-alone fees (category ``fee``) count as fee and not as gross, on both sides: Stripe's itemised
        rows have them in ``gross``. A payout's own row in its reconciliation is counted on neither side: with
        it, the net of all rows would be zero.

        Args:
            summary: The report of ``summary_request()``, or its frame.

        Returns:
            A row for each currency and each of gross, fee and net: ``control``, ``currency``, ``left`` (the
            sum of the parts), ``right`` (the summary), ``difference``, and whether it ``passes``. A part that
            was stored before Stripe restated its month shows as a difference.

        Raises:
            ParameterError: The parts or the summary lack a column that this needs.

        Example:
            >>> year = client.fetch_all("payouts.itemized", "2026", split="month")
            >>> year.tie_out(client.fetch(year.summary_request()))["passes"].all()
            True
        """
        needed = ("currency", "reporting_category", *_COMPARED)
        self._check_columns(*needed)
        if not isinstance(summary, Report | pl.DataFrame | pl.LazyFrame):
            raise ParameterError(
                f"summary is a {type(summary).__name__}, not a report or its frame; "
                "client.fetch(reports.summary_request()) gives it.",
                param="summary",
            )
        name = summary.request.report_type if isinstance(summary, Report) else "the summary"
        whole = summary.scan() if isinstance(summary, Report) else summary.lazy()
        schema = whole.collect_schema()
        if missing := [column for column in needed if column not in schema]:
            raise ParameterError(f"{name} has no column {', '.join(missing)}.", param="columns")
        _check_is_money(schema)
        if self.request.reporting_category is not None:  # which no summary takes
            whole = whole.filter(pl.col("reporting_category") == self.request.reporting_category)
        parts, whole = (transactions_of(rows, self.request.report_type) for rows in (self.scan(), whole))
        whole = without_totals(whole)
        left, right = (_by_currency(rows).collect() for rows in (parts, whole))
        both = left.join(right, on="currency", how="full", coalesce=True, suffix="_right", nulls_equal=True)
        controls = [
            both.select(
                control=pl.lit(f"{column}: {self._parts_text} = {name}"),
                currency="currency",
                left=pl.col(column).fill_null(0),
                right=pl.col(f"{column}_right").fill_null(0),
            )
            for column in _COMPARED
        ]
        difference = pl.col("left") - pl.col("right")
        tied = pl.concat(controls).with_columns(difference=difference, passes=difference == 0)
        # A currency without any movement has a row of zeros in summaries, and none in the parts.
        shown = tied.filter(pl.col("currency").is_not_null() | (pl.col("difference") != 0))
        counts = nonzero_rows(parts, whole, amounts=_COMPARED)
        return sort_by_currency(shown, busiest_first(counts))

    def _check_columns(self, *needed: str) -> None:
        schema = self.scan().collect_schema()
        if missing := [name for name in needed if name not in schema]:
            raise ParameterError(
                f"These reports of {self.request.report_type} have no column {', '.join(missing)}, which "
                "this needs.",
                param="columns",
                remedy=remedies.choose_columns(),
            )
        _check_is_money(schema)


def _by_currency(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Gross, fee and net of each currency, with stand-alone fees as fees."""
    fees_alone = pl.col("gross").filter(_FEE).sum()
    return rows.group_by("currency").agg(
        gross=pl.col("gross").sum() - fees_alone,
        fee=pl.col("fee").sum() - fees_alone,
        net=pl.col("net").sum(),
    )


def _check_is_money(schema: pl.Schema) -> None:
    if texts := [name for name in _COMPARED if schema[name] == pl.String]:
        problem, remedy = text_is_no_money(texts, "it cannot be added up")
        raise ParameterError(problem, param="schema_overrides", remedy=remedy)
