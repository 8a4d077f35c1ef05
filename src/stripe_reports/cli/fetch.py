"""``stripe-reports fetch``: one report, as a table, CSV, Parquet or Excel."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from stripe_reports.cli.clients import client_of
from stripe_reports.cli.json_output import add_format_to, say_json
from stripe_reports.cli.output import complain, waiting
from stripe_reports.cli.report_options import (
    add_report_options_to,
    check_output,
    deliver,
    fetch_options,
    parameters_of,
)
from stripe_reports.errors import InputError
from stripe_reports.report.export import writer_for
from stripe_reports.report.outcome import interval_of

if TYPE_CHECKING:
    from pathlib import Path

    from stripe_reports.cli.output import Commands
    from stripe_reports.client import Client
    from stripe_reports.report.report import Report
    from stripe_reports.runs.progress import Progress

__all__ = ["add_to", "run"]


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "fetch",
        help="fetch one report as a table, CSV, Parquet or Excel",
        description="Uses a stored result or an earlier run if still valid; otherwise launches a run. "
        "Instead of TYPE and PERIOD, it takes the id of a run (frr_…, rrun_…), and waits for its end.",
    )
    add_report_options_to(parser, period_required=False)
    add_format_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Fetch a report and show or write it."""
    check_output(options.output)
    with waiting(options.report_type, sys.stderr) as told, client_of(options) as client:
        if options.report_type.startswith(("frr_", "rrun_")):
            report = _of_run(client, options, told)
        else:
            report = client.fetch(
                options.report_type, options.period, **fetch_options(options, told), **parameters_of(options)
            )
    if options.format == "json":
        say_json(_as_json(report, options.output))
    else:
        deliver(report, options.output)
        # The assumptions about an unknown type were already shown as a warning.
        complain(f"{report.request!r}\n{replace(report.reuse, assumed=())}")
    return 0


def _of_run(client: Client, options: argparse.Namespace, told: Progress | None) -> Report:
    """Return the report of a run that is named by its id, once it has finished."""
    if options.period or parameters_of(options) or options.schema_overrides or options.reuse != "auto":
        raise InputError(
            f"{options.report_type} is a run, whose period and parameters are fixed: only --output, "
            "--format, --timeout and the options of the account can be given with it."
        )
    run = client.wait(options.report_type, timeout=options.timeout, progress=told)
    return client.report(run, timeout=options.timeout)


def _as_json(report: Report, path: Path | None) -> dict[str, object]:
    """Return the rows, or the file that they are written to, with what is known of them."""
    provenance, frame = report.provenance, None if path else report.frame()
    if path:
        writer_for(path)(report)
    return {
        "report_type": report.request.report_type,
        "parameters": report.request.to_stripe(),
        "interval": interval_of(report.request),
        "run": report.run.id,
        "reuse": {"action": report.reuse.action, "reason": str(replace(report.reuse, assumed=()))},
        "as_of": provenance.as_of,
        "row_count": provenance.rows,
        **({"rows": frame.to_dicts()} if frame is not None else {"output": path}),
    }
