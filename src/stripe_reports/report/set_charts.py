"""The charts, tables and pages of a report set, which show one account of one report type."""

from __future__ import annotations

from abc import abstractmethod

from stripe_reports.errors import ParameterError
from stripe_reports.planning.intervals import Split
from stripe_reports.render import remedies
from stripe_reports.report.export import Exports
from stripe_reports.report.options import ChartOptions

__all__ = ["SetCharts"]

_BARS: tuple[Split, ...] = ("month", "quarter", "year")
"""The parts that are one bar each; a year of days or weeks has too many for that."""


class SetCharts(Exports):
    """The part of ``ReportSet`` that is drawn or printed."""

    __slots__ = ()

    split: Split | None

    @property
    @abstractmethod
    def accounts(self) -> tuple[str, ...]:
        """The accounts of the set."""

    @abstractmethod
    def __len__(self) -> int:
        """The number of its reports."""

    def _check_is_one(self) -> None:
        if len(self.accounts) > 1:  # one chart of all of them would not say whose amounts it shows
            raise ParameterError(
                f"This set has reports of {len(self.accounts):,} accounts; a chart, a table or a page shows "
                "one.",
                param="account",
                remedy=remedies.choose_one_account(self.accounts[0]),
            )

    @property
    def _split(self) -> Split | None:
        return self.split

    @property
    def _chart_defaults(self) -> ChartOptions:
        """Draw a year of months by month, whatever fits best otherwise."""
        return {"every": self.split} if self.split in _BARS and len(self) > 1 else {}
