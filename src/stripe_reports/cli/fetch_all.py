"""``stripe-reports fetch-all``: a long period in parts, as one table, CSV, Parquet or Excel file."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, get_args

from stripe_reports.cli.clients import client_of
from stripe_reports.cli.output import waiting
from stripe_reports.cli.report_options import (
    add_report_options_to,
    check_output,
    deliver,
    fetch_options,
    parameters_of,
)
from stripe_reports.planning.intervals import Split

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands

__all__ = ["add_to", "run"]


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "fetch-all",
        help="fetch a long period in parts, each stored separately, as one table or file",
        description="Fetches the parts together; parts that are stored or still valid are not run again.",
    )
    add_report_options_to(parser, period_required=True)
    parser.add_argument("--split", choices=get_args(Split), default="month", help="default month")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Fetch the parts and show or write them as one table."""
    check_output(options.output)
    with waiting(options.report_type, sys.stderr) as told:
        reports = client_of(options).fetch_all(
            options.report_type,
            options.period,
            options.split,
            **fetch_options(options, told),
            **parameters_of(options),
        )
    deliver(reports, options.output)
    print(repr(reports.request), reports.reuse_summary, *reports.notes, sep="\n", file=sys.stderr)
    return 0
