"""The part of a client that the form uses."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from stripe_reports.models import AnyRun, ReportRequest, ReportType
from stripe_reports.planning.intervals import Split
from stripe_reports.planning.periods import Period
from stripe_reports.planning.reuse import Policy
from stripe_reports.runs.fetch_all import ErrorOption
from stripe_reports.runs.progress import GridProgressOption, ProgressOption

if TYPE_CHECKING:
    from stripe_reports.http.settings import Settings
    from stripe_reports.reconcile.payout import ExplainedPayout
    from stripe_reports.reconcile.tie_out import TieOut
    from stripe_reports.report.report import FetchPlan, Report
    from stripe_reports.report.report_set import ReportSet
    from stripe_reports.report.set_plan import SetPlan

__all__ = ["FormClient", "InputsClient"]


class InputsClient(Protocol):
    """Describes a report type, and lists what is stored; ``Client`` is one."""

    @property
    def settings(self) -> Settings:
        """The addresses, key and account in use."""

    def now(self) -> datetime:
        """See ``Client.now``."""

    def report_type(self, report_type: str) -> ReportType:
        """See ``Client.report_type``."""

    def stored(self) -> list[Report]:
        """See ``Client.stored``."""


class FormClient(Protocol):
    """Checks requests, fetches reports and lists what exists; ``Client`` is one."""

    @property
    def settings(self) -> Settings:
        """The addresses, key and account in use."""

    def now(self) -> datetime:
        """See ``Client.now``."""

    def report_types(self) -> list[ReportType]:
        """See ``Client.report_types``."""

    def stored(self) -> list[Report]:
        """See ``Client.stored``."""

    def runs(self, limit: int = ...) -> list[AnyRun]:
        """See ``Client.runs``."""

    def retrieve(self, run_id: str) -> AnyRun:
        """See ``Client.retrieve``."""

    def wait(self, run: AnyRun, *, progress: ProgressOption = ...) -> AnyRun:
        """See ``Client.wait``."""

    def report(self, run: AnyRun) -> Report:
        """See ``Client.report``."""

    def plan(self, report_type: ReportRequest) -> FetchPlan:
        """See ``Client.plan``."""

    def plan_all(self, report_types: ReportRequest, *, split: Split | None = ...) -> SetPlan:
        """See ``Client.plan_all``."""

    def fetch(
        self, report_type: ReportRequest, *, reuse: Policy = ..., progress: ProgressOption = ...
    ) -> Report:
        """See ``Client.fetch``."""

    def fetch_all(
        self,
        report_types: ReportRequest,
        *,
        split: Split | None = ...,
        reuse: Policy = ...,
        errors: ErrorOption = ...,
        progress: GridProgressOption = ...,
    ) -> ReportSet:
        """See ``Client.fetch_all``."""

    def tie_out(
        self, period: Period, *, timezone: str | None = ..., progress: ProgressOption = ...
    ) -> TieOut:
        """See ``Client.tie_out``."""

    def explain_payout(self, payout: str, *, progress: ProgressOption = ...) -> ExplainedPayout:
        """See ``Client.explain_payout``."""
