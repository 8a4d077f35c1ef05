"""Stripe's reports as exact, typed polars DataFrames: run, reuse, wait, read.

    import stripe_reports as sr

    client = sr.demo()                      # a simulated account: no key, no network
    client = sr.Client()                    # yours: key from STRIPE_API_KEY

    df = client.frame("balance.summary", "2026-10")                # polars.DataFrame
    report = client.fetch("payouts.itemized", "last month")        # with chart(), provenance, reuse, path
    year = client.fetch_all("payouts.itemized", "2026", split="month")    # a ReportSet of months
    client.report_types()                                          # what can be requested
    client.plan("payouts.itemized", "2026-10")                  # what a fetch would do, without doing it

    sr.explore(client)                      # a form: choose, run, see, copy the code
    sr.inputs(client, "payouts.itemized")   # its fields as plain widgets, for a layout of your own
    report.chart()                          # an altair chart; report.chart_kinds() lists the others

    client.tie_out("2026-10")               # whether the month's reports agree; sr.tie_out for frames
    client.explain_payout("po_…")           # why a deposit is not the sales
    client.compare("balance_change_from_activity.summary", "2026-10", "2026-09")    # what changed, and why
    client.restatement(report)              # what Stripe changed since; sr.diff for frames

    df = sr.read_csv("downloaded-from-the-dashboard.csv")          # the same types for a file you have
    data = sr.dataset("s3://finance/stripe")                       # results that a team shares; no key

The reports are Stripe's: https://docs.stripe.com/reports.
``help(sr.Client.request)`` has periods and filters, ``help(sr.Client.fetch)`` reuse and errors.
All errors are below ``sr.StripeReportsError``; ``help(sr.errors)`` draws their tree.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from stripe_reports import errors
from stripe_reports.errors import StripeReportsError
from stripe_reports.models import (
    Column,
    DownloadUrl,
    KeylessFile,
    ReportRequest,
    ReportRun,
    ReportRunV2,
    ReportType,
    ResultFile,
    ResultFileV2,
    ResultV2,
)

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from stripe_reports.charts.selections import Selected, selection_expr
    from stripe_reports.client import Client
    from stripe_reports.demo_client import DemoClient, demo
    from stripe_reports.models import Provenance
    from stripe_reports.models.file_origin import FileOrigin
    from stripe_reports.models.finding import Finding
    from stripe_reports.notebook.form import explore
    from stripe_reports.notebook.form.widget import Explorer
    from stripe_reports.notebook.inputs import Inputs, inputs
    from stripe_reports.notices import AdvisedWarning, PreviewWarning, UnknownReportTypeWarning
    from stripe_reports.pages.printed_table import ReportTable as ReportTable
    from stripe_reports.parsing import AmbiguousTimeWarning, read_csv
    from stripe_reports.planning.grid import Cell, Standing
    from stripe_reports.reconcile.comparison import Comparison, compare
    from stripe_reports.reconcile.diff import Diff, diff
    from stripe_reports.reconcile.evidence import EvidenceFolder, Verification, verify
    from stripe_reports.reconcile.payout import ExplainedPayout
    from stripe_reports.reconcile.restatement import Restatement
    from stripe_reports.reconcile.tie_out import TieOut, tie_out
    from stripe_reports.render.remedies import Remedy
    from stripe_reports.report.file_report import FileReport
    from stripe_reports.report.listings import ReportRuns, ReportTypes, StoredReports
    from stripe_reports.report.outcome import ReportOutcome
    from stripe_reports.report.report import Decision, FetchPlan, LargeFrameWarning, Report
    from stripe_reports.report.report_set import ReportSet
    from stripe_reports.report.set_plan import SetPlan
    from stripe_reports.report.shared import SharedReport
    from stripe_reports.runs.futures import Pending, PendingReport
    from stripe_reports.storage.cache import Cache
    from stripe_reports.storage.datasets.dataset import Dataset, dataset
    from stripe_reports.storage.datasets.verify import DatasetVerification

    __version__: str

__all__ = [
    "AdvisedWarning",
    "AmbiguousTimeWarning",
    "Cache",
    "Cell",
    "Client",
    "Column",
    "Comparison",
    "Dataset",
    "DatasetVerification",
    "Decision",
    "DemoClient",
    "Diff",
    "DownloadUrl",
    "EvidenceFolder",
    "ExplainedPayout",
    "Explorer",
    "FetchPlan",
    "FileOrigin",
    "FileReport",
    "Finding",
    "Inputs",
    "KeylessFile",
    "LargeFrameWarning",
    "Pending",
    "PendingReport",
    "PreviewWarning",
    "Provenance",
    "Remedy",
    "Report",
    "ReportOutcome",
    "ReportRequest",
    "ReportRun",
    "ReportRunV2",
    "ReportRuns",
    "ReportSet",
    "ReportType",
    "ReportTypes",
    "Restatement",
    "ResultFile",
    "ResultFileV2",
    "ResultV2",
    "Selected",
    "SetPlan",
    "SharedReport",
    "Standing",
    "StoredReports",
    "StripeReportsError",
    "TieOut",
    "UnknownReportTypeWarning",
    "Verification",
    "compare",
    "dataset",
    "demo",
    "diff",
    "errors",
    "explore",
    "inputs",
    "read_csv",
    "selection_expr",
    "tie_out",
    "verify",
]

# Loaded when first used, so that importing this package costs next to nothing.
_LAZY = {
    "AdvisedWarning": "notices",
    "AmbiguousTimeWarning": "parsing",
    "Cache": "storage.cache",
    "Cell": "planning.grid",
    "Client": "client",
    "Comparison": "reconcile.comparison",
    "Dataset": "storage.datasets.dataset",
    "DatasetVerification": "storage.datasets.verify",
    "Decision": "report.report",
    "DemoClient": "demo_client",
    "Diff": "reconcile.diff",
    "EvidenceFolder": "reconcile.evidence",
    "ExplainedPayout": "reconcile.payout",
    "Explorer": "notebook.form.widget",
    "FetchPlan": "report.report",
    "FileOrigin": "models.file_origin",
    "FileReport": "report.file_report",
    "Finding": "reconcile.evidence.checking",
    "Inputs": "notebook.inputs",
    "LargeFrameWarning": "report.report",
    "Pending": "runs.futures",
    "PendingReport": "runs.futures",
    "Provenance": "models",
    "Remedy": "render.remedies",
    "Report": "report.report",
    "ReportOutcome": "report.outcome",
    "ReportRuns": "report.listings",
    "ReportSet": "report.report_set",
    "ReportTypes": "report.listings",
    "Restatement": "reconcile.restatement",
    "Selected": "charts.selections",
    "SetPlan": "report.set_plan",
    "SharedReport": "report.shared",
    "Standing": "planning.grid",
    "StoredReports": "report.listings",
    "TieOut": "reconcile.tie_out",
    "PreviewWarning": "notices",
    "UnknownReportTypeWarning": "notices",
    "Verification": "reconcile.evidence",
    "compare": "reconcile.comparison",
    "dataset": "storage.datasets.dataset",
    "demo": "demo_client",
    "diff": "reconcile.diff",
    "explore": "notebook.form",
    "inputs": "notebook.inputs",
    "read_csv": "parsing",
    "selection_expr": "charts.selections",
    "tie_out": "reconcile.tie_out",
    "verify": "reconcile.evidence",
    # Not in __all__, since importing it needs the extra "tables".
    "ReportTable": "pages.printed_table",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("stripe-reports")
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Let Tab complete report types, periods, zones and columns inside quotes.

    The first ``Client`` that is created in a session does this too.
    """
    from stripe_reports.notebook.completion import install

    install(shell)
