"""One payout explained: why the deposit is not the sales, in a sentence, a bridge and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from stripe_reports.errors import IntervalError, InvalidRequestError, ParameterError
from stripe_reports.parsing.payout_parts import ORDER, SALES, parts_of
from stripe_reports.parsing.payout_rows import is_payout_itself
from stripe_reports.planning.periods import Period
from stripe_reports.planning.reuse import Policy
from stripe_reports.reconcile.books import MONEY
from stripe_reports.reconcile.requests import request_for
from stripe_reports.render.money import figure, money
from stripe_reports.render.periods import day_text
from stripe_reports.render.printable import printable
from stripe_reports.render.suggest import did_you_mean
from stripe_reports.render.table import html_table, text_table
from stripe_reports.runs.progress import ProgressOption

if TYPE_CHECKING:
    from stripe_reports.charts.panels import Chart
    from stripe_reports.charts.theme import Theme
    from stripe_reports.reconcile.protocol import ReportClient
    from stripe_reports.report.report import Report

__all__ = ["ExplainedPayout", "explain_payout"]

_PAYOUT_FEE, _UNEXPLAINED = "payout fee", "not explained"

_EFFECTIVE = ("automatic_payout_effective_at_utc", "automatic_payout_effective_at")
_TRANSACTIONS = (
    *("automatic_payout_id", *_EFFECTIVE, "balance_transaction_id", "created_utc", "created"),
    *("available_on_utc", "available_on", "currency", "gross", "fee", "net", "reporting_category"),
    *("source_id", "description", "trace_id"),
)
_PAYOUTS = (
    *("payout_id", "effective_at_utc", "effective_at", "currency", "gross", "fee", "net"),
    *("reporting_category", "balance_transaction_id", "description", "payout_expected_arrival_date"),
    *("payout_status", "payout_reversed_at_utc", "payout_reversed_at", "payout_type", "trace_id"),
)

_NOT_AUTOMATIC = (
    "Stripe records the transactions of automatic payouts only: a manual or instant payout takes its money "
    "from the balance as a whole. The tie-out of its month checks it together with all other payouts."
)
_NOT_LISTED = (
    "payouts.itemized does not list the payout yet, so its status, its fee and the day on which it reaches "
    "the bank are not known."
)


@dataclass(frozen=True, eq=False, repr=False)
class ExplainedPayout:
    """An automatic payout and the transactions that it consists of; displayed as one sentence and the bridge.

    Attributes:
        id: ``po_…``.
        currency: Its currency, in lower case.
        amount: Amount that reaches the bank, ``gross`` in ``payouts.itemized``; negative if Stripe debits it.
        status: Its present status, such as ``"paid"`` or ``"failed"``; None if only its transactions are
            known.
        arrival_date: Day on which it should reach the bank; None if only its transactions are known.
        trace_id: The bank's reference, to find the payout in an account statement; None if there is none.
        notes: Sentences about what is not known.
        reports: ``"transactions"``, and ``"payouts"`` of its day; empty if frames were given.
    """

    id: str
    currency: str
    amount: Decimal
    status: str | None
    arrival_date: date | None
    trace_id: str | None
    _left_at: datetime | None
    _returned_at: datetime | None
    _rows: Mapping[str, pl.DataFrame]
    notes: tuple[str, ...] = ()
    reports: Mapping[str, Report] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        id: str,  # noqa: A002 - Stripe's name
        transactions: pl.DataFrame,
        payouts: pl.DataFrame | None = None,
        *,
        notes: Sequence[str] = (),
        reports: Mapping[str, Report] | None = None,
    ) -> ExplainedPayout:
        """Explain a payout by the frames of its reports.

        Args:
            id: ``po_…``.
            transactions: ``payout_reconciliation.by_id.itemized`` of the payout.
            payouts: ``payouts.itemized`` of its day; without it, fee, status and arrival are not known.
            notes: Sentences to show with the result.
            reports: The reports of the frames.

        Raises:
            ParameterError: There are no transactions: the payout was not automatic.
        """
        transactions = transactions.filter(~is_payout_itself(transactions.columns))
        if transactions.is_empty():
            raise _not_automatic(id, "Stripe lists no transactions for it.")
        parts = parts_of(transactions.lazy()).collect().partition_by("part", as_dict=True, include_key=False)
        rows = {str(part): found.select("amount", *transactions.columns) for (part,), found in parts.items()}
        currency = str(transactions["currency"][0])
        payout: Mapping[str, Any] = {}
        if payouts is not None:
            payouts = payouts.filter(pl.col("payout_id") == id, reporting_category="payout")
            payout = next(payouts.iter_rows(named=True), {})
            if payout.get("fee"):  # gross = net + fee: the bank gets less than leaves the balance
                rows[_PAYOUT_FEE] = payouts.select(pl.col("fee").alias("amount"), pl.all())
        amount: Decimal = payout["gross"] if payout else _sum(transactions, "net")
        if not payout:
            notes = [*notes, _NOT_LISTED]
        if missing := amount - sum(_sum(found) for found in rows.values()):
            rows[_UNEXPLAINED] = pl.DataFrame({"amount": [missing]}, {"amount": MONEY})
            difference = money(missing, currency, signed=True)
            notes = [
                *notes,
                f"The payout and its transactions differ by {difference}. The two reports may show data of "
                "different times; new runs of both avoid it.",
            ]
        return cls(
            id=id,
            currency=currency,
            amount=amount,
            status=payout.get("payout_status"),
            arrival_date=payout.get("payout_expected_arrival_date"),
            trace_id=payout.get("trace_id") or _first(transactions, "trace_id"),
            _left_at=payout.get("effective_at_utc") or _first(transactions, *_EFFECTIVE),
            _returned_at=payout.get("payout_reversed_at_utc"),
            _rows=rows,
            notes=tuple(notes),
            reports=reports or {},
        )

    def bridge(self) -> pl.DataFrame:
        """The parts of the payout: ``part`` and its signed ``amount``, from the sales to the last fee.

        The amounts are ``Decimal(38, 6)`` in major units and sum exactly to ``amount``. There is a part
        ``"not explained"`` only if Stripe's two reports contradict each other.
        """
        named = [*ORDER, *sorted(self._rows.keys() - {*ORDER, _PAYOUT_FEE, _UNEXPLAINED})]
        parts = [part for part in (*named, _PAYOUT_FEE, _UNEXPLAINED) if part in self._rows]
        sums = [_sum(self._rows[part]) for part in parts]
        return pl.DataFrame({"part": parts, "amount": sums}, {"part": pl.String, "amount": MONEY})

    def rows(self, part: str) -> pl.DataFrame:
        """Return the rows behind a part: ``amount``, what each adds to it, and the columns of the report.

        Args:
            part: One of those in ``bridge()``.

        Raises:
            ParameterError: The payout has no such part.
        """
        if part not in self._rows:
            hint, parts = did_you_mean(part, self._rows, most=1), ", ".join(self.bridge()["part"])
            raise ParameterError(
                f"Payout {self.id} has no part {part!r}.{hint} Its parts are {parts}.", param="part"
            )
        return self._rows[part]

    def chart(self, *, theme: Theme | None = None) -> Chart:
        """Draw the bridge from the sales to the bank: an ordinary altair chart that needs no internet.

        Args:
            theme: ``"light"`` or ``"dark"``; None for the colours of the page in a notebook, light in a file.
        """
        from stripe_reports.charts.payout_bridge import payout_bridge
        from stripe_reports.charts.theme import dressed

        is_known = self.status is not None and self.status not in _UNDONE
        chart = payout_bridge(
            self.bridge().filter(pl.col("amount") != 0),
            self.currency,
            total=("Debit" if self.amount < 0 else "Deposit") if is_known else "Payout",
            title=self._what_happened,
            subtitle=[*self._came_back, " · ".join([f"Payout {self.id}", *self._trace])],
        )
        return chart if theme is None else dressed(chart, theme)

    @property
    def sentence(self) -> str:
        """Why the deposit is not the sales, with every part of the bridge."""
        amounts = {part: amount for part, amount in self.bridge().iter_rows() if amount}
        sales = amounts.pop(SALES, Decimal(0))
        said = f"{figure(sales, self.currency)} of sales" if sales else "no sales"
        for word, sign in (("less", -1), ("plus", 1)):
            texts = [f"{self._figure(n)} {part}" for part, n in amounts.items() if n * sign > 0]
            said += f", {word} {', '.join(texts)}" if texts else ""
        return f"{', '.join([self._what_happened, *self._came_back])}: {said}"

    @property
    def _what_happened(self) -> str:
        is_debit = self.amount < 0
        what = f"{self._figure(self.amount)} {self.currency.upper()}"
        day = self.arrival_date or (self._left_at and self._left_at.date())
        on = f"on {day_text(day)}" if day else "on an unknown day"
        match self.status:
            case "paid":
                return f"{what} was taken from the bank {on}" if is_debit else f"{what} arrived {on}"
            case None:
                return f"{what} {'was added to' if is_debit else 'left'} the balance {on}"
            case status:
                outcome = f"due {on} {_UNDONE[status]}" if status in _UNDONE else f"is expected {on}"
                return f"{'A debit of ' if is_debit else ''}{what} {outcome}"

    @property
    def _came_back(self) -> list[str]:
        if self._returned_at is None or self.amount < 0:
            return []
        return [f"back in the balance on {day_text(self._returned_at.date())}"]

    def _figure(self, amount: Decimal) -> str:
        return figure(amount.copy_abs(), self.currency)

    @property
    def _trace(self) -> list[str]:
        return [f"trace id {self.trace_id}"] if self.trace_id else []

    def _shown(self) -> pl.DataFrame:
        return self.bridge().with_columns(currency=pl.lit(self.currency))

    def __str__(self) -> str:
        lines = map(printable, [self.sentence, *self._trace, *self.notes])
        return "\n".join([*lines, text_table(self._shown(), most=_MOST_PARTS)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{escape(line)}</p>" for line in (*self._trace, *self.notes))
        table = html_table(self._shown(), most=_MOST_PARTS)
        return f"<div><p><b>{escape(self.sentence)}</b></p>{table}{said}</div>"


_UNDONE = {"failed": "failed", "canceled": "was canceled"}
"""Statuses of payouts that did not reach the bank, with their verbs."""
_MOST_PARTS = 40


def explain_payout(
    client: ReportClient,
    payout: str,
    *,
    timezone: str | None,
    reuse: Policy,
    timeout: float,
    progress: ProgressOption,
) -> ExplainedPayout:
    """See ``Client.explain_payout``."""

    def fetched(
        base: str, period: Period | None, columns: Sequence[str], payout: str | None = None
    ) -> Report:
        request = request_for(client, base, period, columns, timezone=timezone, payout=payout)
        return client.fetch(request, reuse=reuse, timeout=timeout, progress=progress)

    try:
        settled = fetched("payout_reconciliation.by_id.itemized", None, _TRANSACTIONS, payout)
    except InvalidRequestError as error:
        if error.code == "resource_missing" or "payout" not in (error.param or ""):
            raise
        raise _not_automatic(payout, f"Stripe refused it: {error.stripe_message}") from error
    reports, transactions = {"transactions": settled}, settled.frame()
    notes: list[str] = []
    if left_at := _first(transactions, *_EFFECTIVE):
        day = datetime.combine(left_at.astimezone(UTC), time.min, UTC)
        try:
            reports["payouts"] = fetched("payouts.itemized", (day, day + timedelta(days=1)), _PAYOUTS)
        except IntervalError as error:
            notes.append(error.problem)
    return ExplainedPayout.of(
        payout,
        transactions,
        reports["payouts"].frame() if "payouts" in reports else None,
        notes=notes,
        reports=reports,
    )


def _not_automatic(payout: str, found: str) -> ParameterError:
    return ParameterError(f"Payout {payout} cannot be explained. {found} {_NOT_AUTOMATIC}", param="payout")


def _sum(frame: pl.DataFrame, column: str = "amount") -> Decimal:
    total: Decimal = frame.select(pl.col(column).sum()).item()
    return total


def _first(frame: pl.DataFrame, *names: str) -> Any:
    """Return the first value of the first of these columns that has one."""
    values = (frame[name].drop_nulls() for name in names if name in frame.columns)
    return next((found[0] for found in values if found.len()), None)
