"""What a call for many reports would do, and how long it would take."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import polars as pl

from stripe_reports.planning.grid import Cell
from stripe_reports.planning.schedule import SECONDS_PER_RUN
from stripe_reports.render.card import card
from stripe_reports.render.printable import printable
from stripe_reports.report.outcome import OWN_ACCOUNT, interval_of
from stripe_reports.report.report import FetchPlan

__all__ = ["SetPlan"]

_DOES = {
    "stored": "stored",
    "reused": "to reuse",
    "awaited": "to wait for",
    "launched": "to launch",
    "refused": "that cannot be launched",
}

_NAMED = 3
"""Maximum reports that cannot be launched that a plan names."""


@dataclass(frozen=True, slots=True)
class SetPlan:
    """What ``fetch_all`` would do now, as far as it is known without fetching.

    Attributes:
        cells: The request and the account of each report, in the order in which they would be asked for.
        plans: What would be done for each of them.
        seconds: Estimate of the duration of the call in seconds.
        limited_by: The limit that decides it, as a clause.
        is_assumed: True if no run of these types is known, so that the duration of one is assumed.
        notes: Advice on fewer runs, and how the requests were understood, in sentences.
    """

    cells: tuple[Cell, ...]
    plans: tuple[FetchPlan, ...]
    seconds: float
    limited_by: str
    is_assumed: bool
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """The number of reports by action: ``stored``, ``reused``, ``awaited``, ``launched``, ``refused``."""
        counted = Counter[str](plan.action for plan in self.plans)
        return {action: counted[action] for action in _DOES}

    def frame(self) -> pl.DataFrame:
        """Return a row per report: ``report_type``, ``account``, ``interval``, ``action``, ``reason``."""
        rows = [
            (
                cell.request.report_type,
                cell.account or OWN_ACCOUNT,
                interval_of(cell.request),
                plan.action,
                " ".join([plan.reason, *([plan.remedy.for_python] if plan.remedy else [])]),
            )
            for cell, plan in zip(self.cells, self.plans, strict=True)
        ]
        names = ("report_type", "account", "interval", "action", "reason")
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")

    @property
    def sentence(self) -> str:
        """The number of reports by action, and how long the call would take."""
        said = [f"{count:,} {_DOES[action]}" for action, count in self.counts.items() if count]
        number = len(self.plans)
        text = f"{number:,} report{'' if number == 1 else 's'}: {', '.join(said)}"
        return f"{text}, in about {_duration(self.seconds)}" if self.seconds else text

    def _refused(self) -> list[str]:
        """Return a line for each report that cannot be launched, with the reason; of many, the first few."""
        lines = [
            f"{cell.request.report_type} of {cell.account or OWN_ACCOUNT}, {interval_of(cell.request)}: "
            f"{plan.reason}"
            for cell, plan in zip(self.cells, self.plans, strict=True)
            if plan.action == "refused"
        ]
        more = len(lines) - _NAMED
        return lines if more <= 0 else [*lines[:_NAMED], f"and {more:,} more"]

    def _limit(self) -> str:
        if not self.seconds:
            return ""
        assumed = (
            f" A run is assumed to take {SECONDS_PER_RUN:.0f} s, since none of these types is known yet."
            if self.is_assumed
            else ""
        )
        return f"The limit is {self.limited_by}.{assumed}"

    def __repr__(self) -> str:
        lines = (self.sentence, *self._refused(), self._limit(), *self.notes)
        return "\n  ".join(printable(line) for line in lines if line)

    def _repr_html_(self) -> str:
        lines = [
            ("cannot be launched", "; ".join(self._refused())),
            ("limit", self._limit()),
            ("note", " ".join(self.notes)),
        ]
        return card(self.sentence, lines, kind="plan")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
