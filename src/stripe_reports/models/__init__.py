"""Values used everywhere: report types, requests, runs, result files.

All are frozen. Instants are aware ``datetime``s in UTC; Stripe's Unix seconds appear only in
``from_stripe`` and ``to_stripe``, and in ``ReportRun.parameters``, which is kept as Stripe sent it.
"""

from stripe_reports.models.owner import Mode, Owner
from stripe_reports.models.provenance import Provenance
from stripe_reports.models.report_type import Column, Evidence, Kind, ReportType
from stripe_reports.models.request import ReportRequest
from stripe_reports.models.run import ReportRun, ResultFile
from stripe_reports.models.run_view import FileView, RunView
from stripe_reports.models.values import iso, month_bounds, shown, zone_named

__all__ = [
    "Column",
    "Evidence",
    "FileView",
    "Kind",
    "Mode",
    "Owner",
    "Provenance",
    "ReportRequest",
    "ReportRun",
    "ReportType",
    "ResultFile",
    "RunView",
    "iso",
    "month_bounds",
    "shown",
    "zone_named",
]
