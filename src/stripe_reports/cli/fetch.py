"""``stripe-reports fetch``: one report, as a table, CSV, Parquet or Excel."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_reports.cli.clients import client_of
from stripe_reports.cli.output import waiting
from stripe_reports.cli.report_options import (
    add_report_options_to,
    check_output,
    deliver,
    fetch_options,
    parameters_of,
)

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands

__all__ = ["add_to", "run"]


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "fetch",
        help="fetch one report as a table, CSV, Parquet or Excel",
        description="Uses a stored result or an earlier run if still valid; otherwise launches a run.",
    )
    add_report_options_to(parser, period_required=False)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Fetch a report and show or write it."""
    check_output(options.output)
    with waiting(options.report_type, sys.stderr) as told:
        report = client_of(options).fetch(
            options.report_type, options.period, **fetch_options(options, told), **parameters_of(options)
        )
    deliver(report, options.output)
    # The assumptions about an unknown type were already shown as a warning.
    print(f"{report.request!r}\n{replace(report.reuse, assumed=())}", file=sys.stderr)
    return 0
