"""The part of a client that comparing reports needs."""

from __future__ import annotations

from typing import Protocol, Unpack

from stripe_reports.models import ReportRequest, ReportType
from stripe_reports.parsing import SchemaOverrides
from stripe_reports.planning.periods import Period
from stripe_reports.planning.reuse import Policy
from stripe_reports.report.report import Report
from stripe_reports.runs.futures import PendingReport
from stripe_reports.runs.progress import ProgressOption
from stripe_reports.runs.request import Parameters

__all__ = ["ReportClient"]


class ReportClient(Protocol):
    """Checks requests and fetches reports; ``Client`` is one."""

    def request(
        self, report_type: str, period: Period | None = None, **parameters: Unpack[Parameters]
    ) -> ReportRequest:
        """See ``Client.request``."""

    def report_type(self, report_type: str) -> ReportType:
        """See ``Client.report_type``."""

    def fetch(
        self,
        report_type: ReportRequest,
        *,
        reuse: Policy = ...,
        timeout: float = ...,
        progress: ProgressOption = ...,
        schema_overrides: SchemaOverrides | None = ...,
    ) -> Report:
        """See ``Client.fetch``."""

    def submit(
        self,
        report_type: ReportRequest,
        *,
        reuse: Policy = ...,
        timeout: float = ...,
        progress: ProgressOption = ...,
    ) -> PendingReport:
        """See ``Client.submit``."""
