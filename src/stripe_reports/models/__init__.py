"""Values used everywhere: report types, requests, runs, result files.

All are frozen. Instants are aware ``datetime``s in UTC; Stripe's Unix seconds appear only in
``from_stripe`` and ``to_stripe``, and in ``ReportRun.parameters``, which is kept as Stripe sent it.
"""

from stripe_reports.models.owner import ApiName, Mode, Owner
from stripe_reports.models.provenance import Provenance
from stripe_reports.models.report_type import Column, Evidence, Kind, ReportType, base_of, has_version
from stripe_reports.models.request import ReportRequest
from stripe_reports.models.run import ReportRun, ResultFile
from stripe_reports.models.run_v2 import DownloadUrl, KeylessFile, ReportRunV2, ResultFileV2, ResultV2
from stripe_reports.models.run_view import FileView, RunView
from stripe_reports.models.runs import AnyRun, run_from_stripe
from stripe_reports.models.values import iso, month_bounds, shown, zone_named

__all__ = [
    "AnyRun",
    "ApiName",
    "Column",
    "DownloadUrl",
    "Evidence",
    "FileView",
    "KeylessFile",
    "Kind",
    "Mode",
    "Owner",
    "Provenance",
    "ReportRequest",
    "ReportRun",
    "ReportRunV2",
    "ReportType",
    "ResultFile",
    "ResultFileV2",
    "ResultV2",
    "RunView",
    "base_of",
    "has_version",
    "iso",
    "month_bounds",
    "run_from_stripe",
    "shown",
    "zone_named",
]
