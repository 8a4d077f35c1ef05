"""Stripe's reports as exact, typed polars DataFrames: run, reuse, wait, read.

    import stripe_reports as sr

    client = sr.demo()                      # a simulated account: no key, no network
    client = sr.Client()                    # yours: key from STRIPE_API_KEY

    df = client.frame("balance.summary", "2026-10")                # polars.DataFrame
    report = client.fetch("payouts.itemized", "last month")        # with chart(), provenance, reuse, path
    year = client.fetch_all("payouts.itemized", "2026")     # a ReportSet: months, stored one by one
    client.report_types()                                          # what can be asked for
    client.plan("payouts.itemized", "2026-10")                  # what a fetch would do, without doing it

    sr.explore(client)                      # a form: choose, run, look, take the code along
    report.chart()                          # an altair chart; report.chart_kinds() lists the others

    client.tie_out("2026-10")               # whether the month's reports agree; sr.tie_out for frames
    client.restatement(report)              # what Stripe changed since; sr.diff for frames

    df = sr.read_csv("downloaded-from-the-dashboard.csv")          # the same types for a file you have

The reports are Stripe's: https://docs.stripe.com/reports.
``help(sr.Client.request)`` has periods and filters, ``help(sr.Client.fetch)`` reuse and errors.
All errors are below ``sr.StripeReportsError``; ``help(sr.errors)`` draws their tree.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from stripe_reports import errors
from stripe_reports.errors import StripeReportsError
from stripe_reports.models import Column, ReportRequest, ReportRun, ReportType, ResultFile

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from stripe_reports.client import Client
    from stripe_reports.demo_client import demo
    from stripe_reports.models import Provenance
    from stripe_reports.notebook.form import explore
    from stripe_reports.notices import UnknownReportTypeWarning
    from stripe_reports.parsing import read_csv
    from stripe_reports.reconcile.diff import Diff, diff
    from stripe_reports.reconcile.evidence import EvidenceFolder, Verification, verify
    from stripe_reports.reconcile.restatement import Restatement
    from stripe_reports.reconcile.tie_out import TieOut, tie_out
    from stripe_reports.report.report import Decision, FetchPlan, LargeFrameWarning, Report
    from stripe_reports.report.report_set import ReportSet

    __version__: str

__all__ = [
    "Client",
    "Column",
    "Decision",
    "Diff",
    "EvidenceFolder",
    "FetchPlan",
    "LargeFrameWarning",
    "Provenance",
    "Report",
    "ReportRequest",
    "ReportRun",
    "ReportSet",
    "ReportType",
    "Restatement",
    "ResultFile",
    "StripeReportsError",
    "TieOut",
    "UnknownReportTypeWarning",
    "Verification",
    "demo",
    "diff",
    "errors",
    "explore",
    "read_csv",
    "tie_out",
    "verify",
]

# Loaded when first used, so that importing this package costs next to nothing.
_LAZY = {
    "Client": "client",
    "Decision": "report.report",
    "Diff": "reconcile.diff",
    "LargeFrameWarning": "report.report",
    "EvidenceFolder": "reconcile.evidence",
    "FetchPlan": "report.report",
    "Provenance": "models",
    "Report": "report.report",
    "ReportSet": "report.report_set",
    "Restatement": "reconcile.restatement",
    "TieOut": "reconcile.tie_out",
    "UnknownReportTypeWarning": "notices",
    "Verification": "reconcile.evidence",
    "demo": "demo_client",
    "diff": "reconcile.diff",
    "explore": "notebook.form",
    "read_csv": "parsing",
    "tie_out": "reconcile.tie_out",
    "verify": "reconcile.evidence",
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
