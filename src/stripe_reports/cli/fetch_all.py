"""``stripe-reports fetch-all``: many reports, as one table, CSV, Parquet or Excel file, and what failed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import polars as pl

from stripe_reports.cli.clients import client_of
from stripe_reports.cli.json_output import add_format_to, say_json
from stripe_reports.cli.output import complain, say, show, waiting_for_all, width_of
from stripe_reports.cli.report_options import (
    add_report_options_to,
    check_folder_of,
    check_output,
    deliver,
    fetch_options,
    parameters_of,
)
from stripe_reports.errors import InputError, ParameterError
from stripe_reports.planning.intervals import Split
from stripe_reports.report.export import write_csv, writer_for
from stripe_reports.storage.disk import reason_of

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands
    from stripe_reports.report.report_set import ReportSet

__all__ = ["add_to", "run"]

_ACCOUNTS_HELP = (
    "acct_… with commas between, or @FILE with one a line: a report for each. 'own' is the key's own account"
)


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "fetch-all",
        help="fetch many reports: of several types, accounts and parts of a period",
        description=(
            "Fetches the reports together; TYPE may be several with commas between. What is stored or still "
            "valid is not run again: the same command asks only for what is missing. The exit status is 1 if "
            "any report failed or is missing."
        ),
    )
    add_report_options_to(parser, period_required=True, timeout=None)
    parser.add_argument("--split", choices=get_args(Split), help="a report for each part of the period")
    parser.add_argument("--accounts", metavar="ACCOUNTS", help=_ACCOUNTS_HELP)
    parser.add_argument(
        "--in-flight",
        type=int,
        default=500,
        metavar="RUNS",
        help="runs pending at once; default 500",
    )
    parser.add_argument(
        "--into",
        metavar="PLACE",
        help="add the results to a dataset and show their status: a folder, or s3://…, az://…, gs://… with "
        "the access that the environment gives",
    )
    parser.add_argument(
        "--plan", action="store_true", help="show what would be launched and how long it takes, and stop"
    )
    parser.add_argument(
        "--partial", action="store_true", help="show or write what is there although reports are missing"
    )
    parser.add_argument(
        "--failures", type=Path, metavar="FILE.csv", help="write the reports that failed or are missing"
    )
    add_format_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Fetch the reports, show or write them as one table, and list what failed."""
    check_output(options.output)
    if options.failures:
        check_folder_of(options.failures, "--failures")
    client = client_of(options)
    types = [name.strip() for name in options.report_type.split(",")]
    if options.output and len(types) > 1:
        raise ParameterError(
            f"{options.output} is one table, and {len(types)} report types have different columns. "
            "Write one type at a time: what is fetched is stored.",
            param="output",
        )
    others = parameters_of(options)
    if options.plan and options.format == "json":
        raise InputError("--plan shows text for people; leave --format json out.")
    if options.plan:
        plan = client.plan_all(
            types,
            options.period,
            split=options.split,
            accounts=_accounts(options.accounts),
            in_flight=options.in_flight,
            reuse=options.reuse,
            **others,
        )
        say(str(plan))
        return 0
    given = fetch_options(options, None)
    try:
        with waiting_for_all(options.report_type, sys.stderr) as told:
            reports = client.fetch_all(
                types,
                options.period,
                split=options.split,
                accounts=_accounts(options.accounts),
                into=options.into,
                in_flight=options.in_flight,
                reuse=given["reuse"],
                timeout=options.timeout,
                progress=told,
                schema_overrides=given["schema_overrides"],
                **others,
            )
    except KeyboardInterrupt as interrupt:
        complain("\n".join(["", *getattr(interrupt, "__notes__", ())]))
        raise
    status = _status(reports)
    gone = status.filter(pl.col("status").is_in(["failed", "missing"]))
    is_complete = gone.is_empty() or (options.partial and len(reports) > 0)
    is_shown = len(types) == 1 and is_complete and (options.into is None or options.output is not None)
    if options.format == "json":
        say_json(_as_json(reports, status, options.output, is_shown=is_shown))
    elif is_shown:
        deliver(reports.available(), options.output)
    elif len(types) > 1 or options.into:
        show(status)
    complain("\n".join([*map(repr, reports.asked), f"{reports.reuse_summary}.", *reports.notes]))
    return _tell_failures(gone, options.failures)


def _status(reports: ReportSet) -> pl.DataFrame:
    """Return the status of each report, with the reason in terms of commands and options."""
    reasons = [each.for_command_line() for each in reports.outcomes]
    return reports.status().with_columns(pl.Series("reason", reasons, pl.String))


def _as_json(
    reports: ReportSet, status: pl.DataFrame, path: Path | None, *, is_shown: bool
) -> dict[str, object]:
    """Return the status of each report, and the rows of all or the file that they are written to."""
    told: dict[str, object] = {"reports": status.to_dicts(), "notes": list(reports.notes)}
    if not is_shown:
        return told
    if path is None:
        return told | {"rows": reports.available().frame().to_dicts()}
    return told | {"output": path, "row_count": writer_for(path)(reports.available())}


def _accounts(text: str | None) -> list[str] | None:
    """Return the accounts that an option names, itself or in a file."""
    if text is None:
        return None
    if not text.startswith("@"):
        return [each.strip() for each in text.split(",")]
    path = Path(text[1:])
    try:
        return path.read_text("utf-8").split()
    except (OSError, ValueError) as error:
        raise ParameterError(
            f"The accounts cannot be read from {path}: {reason_of(error)}. Name a file with an account on "
            "each line.",
            param="accounts",
        ) from None


def _tell_failures(gone: pl.DataFrame, path: Path | None) -> int:
    """List the reports that are not there, as CSV, and return the exit status."""
    if path is not None:
        write_csv(gone.lazy(), path)
    if gone.is_empty():
        return 0
    if path is None and width_of(sys.stderr) is not None:
        for row in gone.iter_rows(named=True):
            complain("{status}: {report_type} of {account}, {interval}: {reason}".format_map(row))
    elif path is None:
        print(gone.drop("rows").write_csv(), end="", file=sys.stderr)
    where = f", see {path}" if path else ""
    what = "1 report failed or is" if gone.height == 1 else f"{gone.height:,} reports failed or are"
    complain(f"{what} missing{where}. The same command asks only for what is missing.")
    return 1
