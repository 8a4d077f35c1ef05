"""``client.restatement``: runs the same request again, and compares the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stripe_reports.errors import ParameterError
from stripe_reports.models import Provenance
from stripe_reports.planning import data_end
from stripe_reports.reconcile.diff import Diff, diff
from stripe_reports.reconcile.html import of_diff
from stripe_reports.render.periods import day_text
from stripe_reports.render.printable import printable
from stripe_reports.report.report import Report
from stripe_reports.runs.progress import ProgressOption

if TYPE_CHECKING:
    from stripe_reports.reconcile.protocol import ReportClient

__all__ = ["Restatement", "change_text", "restatement"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Restatement:
    """The changes that Stripe made to a report since it was fetched; its text is one sentence.

    Attributes:
        before: The earlier report.
        after: The report of the new run. Both stay stored.
        diff: The rows added, removed and changed, and the money effect by currency.
    """

    before: Report
    after: Report
    diff: Diff

    @property
    def is_restated(self) -> bool:
        """True if anything changed."""
        return not self.diff.is_empty

    @property
    def summary(self) -> str:
        """``"October 2026 changed by −12.34 EUR in 1 row (1 added) since the data of 3 Nov 2026"``."""
        return change_text(self.before.provenance, self.diff)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about the two files, and about what could not be compared."""
        return (*self._on_the_files, *self.diff.notes)

    @property
    def _on_the_files(self) -> tuple[str, ...]:
        before, after = self.before.provenance, self.after.provenance
        if before.sha256 != after.sha256:
            return ()
        return (f"Both runs have the same file, byte for byte: data as of {after.as_of:%Y-%m-%d %H:%M} UTC.",)

    def __str__(self) -> str:
        return "\n".join(map(printable, [self.summary, *self.notes]))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return of_diff(self.summary, self.diff.tables, self.notes)


def change_text(before: Provenance, diff: Diff) -> str:
    """Say in one sentence what changed in a report since its data; see ``Restatement.summary``."""
    data_of = day_text(before.as_of.astimezone(before.request.display_zone).date())
    what, since = before.request.period_name, f"since the data of {data_of}"
    if diff.is_empty:
        return f"{what} is unchanged {since}: all {diff.same:,} rows are the same."
    if diff.effect_text:
        return f"{what} changed by {diff.effect_text} in {diff.rows_text} {since}."
    return f"{what} changed in {diff.rows_text} {since}, with no effect on its totals."


def restatement(
    client: ReportClient, report: Report, *, timeout: float, progress: ProgressOption
) -> Restatement:
    """See ``Client.restatement``."""
    if not isinstance(report, Report):
        raise ParameterError(
            f"restatement takes one Report; got {type(report).__name__}. For a ReportSet, compare each of "
            "its "
            "parts: [client.restatement(part) for part in reports.parts].",
            param="report",
        )
    if not report.provenance.is_complete:
        raise ParameterError(
            f"Run {report.run.id} was launched elsewhere, and Stripe does not return all of its parameters, "
            "so "
            "it cannot be repeated. Fetch the report by its type and period first."
        )
    before = report.frame()  # first, so that a damaged stored file does not cost a run
    overrides = {name: before.schema[name] for name in report.provenance.schema_overrides}
    after = client.fetch(
        data_end.of_its_data(report.request),
        reuse="never",
        timeout=timeout,
        progress=progress,
        schema_overrides=overrides,
    )
    return Restatement(report, after, diff(before, after.frame(), report_type=report.request.report_type))
