"""Tie-outs: checks that the reports of a period agree, and finds the rows that cause a difference."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from stripe_reports.errors import ParameterError
from stripe_reports.reconcile.books import MONEY, NAMES, Books, Frame
from stripe_reports.reconcile.controls import CONTROLS, outcome
from stripe_reports.reconcile.explained import counted_as_gross
from stripe_reports.reconcile.html import of_tie_out
from stripe_reports.reconcile.suspects import moved, none, suspects
from stripe_reports.render.money import money
from stripe_reports.render.printable import printable
from stripe_reports.render.suggest import did_you_mean
from stripe_reports.report import excel
from stripe_reports.report.export import require
from stripe_reports.storage.disk import written_whole

if TYPE_CHECKING:
    from stripe_reports.report.report import Report

__all__ = ["TieOut", "tie_out"]


def tie_out(
    *,
    summary: Frame | None = None,
    activity: Frame | None = None,
    payouts: Frame | None = None,
    payout_reconciliation: Frame | None = None,
    ending_balance: Frame | None = None,
    previous: Frame | None = None,
    components: Frame | None = None,
    interval: tuple[datetime, datetime] | None = None,
) -> TieOut:
    """Check that the reports of one period agree: every control that the frames make possible, by currency.

    The frames may be fetched, or read from files by ``read_csv``. Additional columns make more controls
    possible: ``automatic_payout_id`` in the activity connects it with the payouts. Currencies are never added
    together, and all amounts are ``Decimal(38, 6)`` in major units.

    Args:
        summary: ``balance.summary`` of the period.
        activity: ``balance_change_from_activity.itemized`` of the period.
        payouts: ``payouts.itemized`` of the period.
        payout_reconciliation: ``payout_reconciliation.itemized`` of the period.
        ending_balance: ``ending_balance_reconciliation.itemized`` at the period's end.
        previous: ``balance.summary`` of a period that ends where this one starts.
        components: ``activity.itemized`` of the period, a row for each component of a transaction.
        interval: Start and end of the period, the end excluded, as aware datetimes. It tells transactions at
            the bounds from errors exactly; without it, the first and last activity row are used.

    Returns:
        A ``TieOut``: ``passes``, ``frame()`` with a row for each control and currency, and ``rows(…)`` with
        the rows that cause a control to fail.

    Raises:
        ParameterError: A frame is not the report it is given as, its amounts are not exact, or no frame is
            given.

    Example:
        >>> period = "2026-10"
        >>> sr.tie_out(
        ...     summary=client.frame("balance.summary", period, currency="eur"),
        ...     payouts=client.frame("payouts.itemized", period, currency="eur"),
        ... ).passes
        True
    """
    return TieOut.of(
        summary=summary,
        activity=activity,
        payouts=payouts,
        payout_reconciliation=payout_reconciliation,
        ending_balance=ending_balance,
        previous=previous,
        components=components,
        interval=interval,
    )


@dataclass(frozen=True, eq=False, repr=False)
class TieOut:
    """The controls of a period, and the rows behind them.

    Attributes:
        reports: The reports compared, by the argument names of ``tie_out``; empty if frames were given.
        notes: Sentences about what was not checked, and why, and about explained differences.
        title: The period, for people: ``"October 2026"``.
    """

    _controls: pl.DataFrame
    _books: Books
    reports: Mapping[str, Report] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    title: str = ""

    @classmethod
    def of(
        cls,
        *,
        reports: Mapping[str, Report] | None = None,
        notes: tuple[str, ...] = (),
        title: str = "",
        interval: tuple[datetime, datetime] | None = None,
        **frames: Frame | None,
    ) -> TieOut:
        """Tie out frames, and keep them to find the rows behind a difference.

        Args:
            reports: The reports of the frames, by the same names.
            notes: Sentences to show with the result.
            title: The period, for people.
            interval: See ``tie_out``.
            **frames: As the arguments of ``tie_out``: ``summary``, ``activity`` and so on.

        Raises:
            ParameterError: As ``tie_out``.
        """
        strangers = sorted(frames.keys() - NAMES)
        if strangers:
            raise ParameterError(
                f"There is no frame named {', '.join(strangers)}. The names are {', '.join(NAMES)}."
            )
        if interval is not None and any(bound.tzinfo is None for bound in interval):
            raise ParameterError(
                "interval must be two datetimes with a time zone. Add one, such as datetime(2026, 10, 1, "
                "tzinfo=UTC)."
            )
        given: dict[str, pl.DataFrame] = {k: f for k, f in frames.items() if f is not None}  # type: ignore[misc]
        books = Books(**given, interval=interval)
        controls = outcome(books)
        explanations = controls["explanation"].drop_nulls().unique(maintain_order=True)
        return cls(controls, books, reports or {}, (*notes, *explanations), title)

    def frame(self) -> pl.DataFrame:
        """The controls: ``control``, ``currency``, ``left``, ``right``, ``difference``, ``passes``, and more.

        The difference is left minus right, as ``Decimal(38, 6)`` in major units. A control over many rows
        passes if each row passes: if errors cancel out, the difference is zero but the control fails. A
        control also passes if its difference has an ``explanation``, otherwise null: it is exactly the gross
        of network costs, contributions or Capital paydowns, and no genuine file proves whether a summary
        counts these as fee or as gross.
        """
        return self._controls

    @property
    def frames(self) -> dict[str, pl.DataFrame]:
        """The frames that were compared, by the argument names of ``tie_out``."""
        return dict(self._books.given)

    @property
    def interval(self) -> tuple[datetime, datetime] | None:
        """Start and end of the period, the end excluded; None if they were not given."""
        return self._books.interval

    @property
    def is_empty(self) -> bool:
        """True if no report has any amounts, so that nothing was compared."""
        return self._books.currencies == [None]

    @property
    def passes(self) -> bool:
        """True if every control passes."""
        return bool(self._controls["passes"].all())

    @property
    def sides(self) -> dict[str, tuple[str, str]]:
        """What the left and the right amount of each control are, by its name."""
        return {each.name: each.compares for each in CONTROLS if each.allowed(self._books)}

    def write_excel(self, path: str | os.PathLike[str]) -> int:
        """Write the controls as an Excel workbook, and return their number. Needs the extra ``excel``.

        The workbook looks like that of a report; the sheet "About" has the outcome, the notes, and what the
        two amounts of each control are.

        Raises:
            MissingExtraError: XlsxWriter is not installed.
            StoreError: The file cannot be written.
        """
        require("xlsxwriter", extra="excel", purpose="write_excel")
        lines: list[tuple[str, object]] = [("outcome", self.summary)]
        lines += [("note", note) for note in self.notes]
        lines += [(name, f"left: {left}; right: {right}") for name, (left, right) in self.sides.items()]
        with written_whole(path) as temporary:
            return excel.write(self._controls.lazy(), temporary, about=lines, sheet="Controls")

    def failed(self) -> pl.DataFrame:
        """Return the rows of ``frame()`` that do not pass."""
        return self._controls.filter(~pl.col("passes"))

    def rows(self, control: str, currency: str | None = None) -> pl.DataFrame:
        """Return the rows that cause the difference of a control; an empty frame if there is none.

        Args:
            control: Its name, such as ``"itemised = summary"``.
            currency: One currency; None for all those in which the control fails.

        Returns:
            ``report`` (the frame of the row), ``why`` it is suspected, ``difference`` (its part of the
            control's difference, if known), and the row's own columns. A row that is missing in a report is
            shown as in another report; if no row is suspected, all rows are returned.

        Raises:
            ParameterError: No such control or currency in ``frame()``.
        """
        name = self._named(control)
        of_control = self._controls.filter(pl.col("control") == name)
        if currency is not None:
            currency = currency.lower()
            of_control = of_control.filter(pl.col("currency") == currency)
            if of_control.is_empty():
                raise ParameterError(
                    f"There is no control in currency {currency!r}. Choose one of those in frame().",
                    param="currency",
                )
        rule = next(each for each in CONTROLS if each.name == name and each.allowed(self._books))
        found = [
            suspects(self._books, rule, row["currency"], pl.lit(row["difference"], MONEY))
            for row in of_control.filter(~pl.col("passes")).iter_rows(named=True)
        ]
        found += [
            moved(self._books, rule, counted_as_gross(self._books, self._controls, each), each)
            for each in of_control.filter(pl.col("explanation").is_not_null())["currency"]
        ]
        if not found:
            return none(self._books, rule)
        return pl.concat(found, how="diagonal_relaxed")

    def _named(self, control: str) -> str:
        names = self._controls["control"].unique(maintain_order=True).to_list()
        wanted = " ".join(control.lower().replace("itemized", "itemised").replace("−", "-").split())
        if wanted in names:
            return wanted
        raise ParameterError(f"No control {control!r} was run.{did_you_mean(wanted, names)}", param="control")

    @property
    def outcome(self) -> str:
        """The number of controls that pass, and of those that fail: ``"27 of 27 controls pass"``."""
        count, failed = self._controls.height, self.failed().height
        explained = self._controls["explanation"].count()
        return (
            f"{count - failed} of {count} controls pass"
            + (f", {explained} of them with an explained difference" if explained else "")
            + (f", {failed} fail" if failed else "")
        )

    @property
    def summary(self) -> str:
        """The outcome in one sentence, with the period."""
        return f"{self.title}: {self.outcome}" if self.title else self.outcome

    def __str__(self) -> str:
        lines = [self.summary, *(f"  {text}" for text in self._failing()), *self.notes]
        return "\n".join(map(printable, lines))

    __repr__ = __str__

    def _failing(self) -> list[str]:
        return [
            f"{row['control']}: {money(row['difference'], row['currency'], signed=True)}"
            for row in self.failed().iter_rows(named=True)
        ]

    def _repr_html_(self) -> str:
        return of_tie_out(self._controls, self.summary, self.notes)
