"""``stripe-reports fetch``: one report, as a table, CSV, Parquet or Excel."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import polars as pl

from stripe_reports.cli.clients import add_client_to, client_of
from stripe_reports.cli.output import TerminalProgress, show
from stripe_reports.errors import ParameterError
from stripe_reports.planning.intervals import Split
from stripe_reports.report.export import writer_for

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands
    from stripe_reports.client import Parameters

__all__ = ["add_to", "run"]

_TYPES: dict[str, pl.DataType] = {
    "String": pl.String(),
    "Decimal": pl.Decimal(38, 6),
    "Int64": pl.Int64(),
    "Boolean": pl.Boolean(),
    "Date": pl.Date(),
}


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "fetch",
        help="one report, as a table, CSV, Parquet or Excel",
        description="Takes a stored result or an earlier run that still holds, else launches one.",
    )
    parser.add_argument("report_type", metavar="TYPE", help="such as balance.summary or payouts.itemized.5")
    parser.add_argument("period", metavar="PERIOD", nargs="?", help="such as 2026-10 or 'last month'")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write FILE.csv, FILE.parquet or FILE.xlsx"
    )
    for name, text in {
        "timezone": "zone of the period and of local times, such as Europe/Paris",
        "currency": "one currency only, such as eur",
        "reporting-category": "one reporting category only, such as charge",
        "payout": "po_…, for one payout's report",
        "connected-account": "acct_…, for the Connect types",
    }.items():
        parser.add_argument(f"--{name}", help=text)
    parser.add_argument("--columns", help="names with commas between, 'all' or 'default'")
    parser.add_argument(
        "--schema-overrides",
        metavar="COLUMN=TYPE,…",
        help="read columns as String, Decimal, Int64, Boolean or Date, in place of what they are taken for",
    )
    parser.add_argument(
        "--split", choices=get_args(Split), help="take a long period in parts, each stored by itself"
    )
    parser.add_argument("--reuse", choices=["auto", "always", "never"], default="auto", help="default auto")
    parser.add_argument("--timeout", type=float, default=900, metavar="SECONDS", help="default 900")
    add_client_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Fetch a report and show or write it."""
    write = options.output and writer_for(options.output)
    client = client_of(options)
    columns = options.columns
    if columns not in (None, "all", "default"):
        columns = [name.strip() for name in columns.split(",")]
    parameters: Parameters = {
        "timezone": options.timezone,
        "columns": columns,
        "currency": options.currency,
        "reporting_category": options.reporting_category,
        "payout": options.payout,
        "connected_account": options.connected_account,
    }
    report = client.fetch(
        options.report_type,
        options.period,
        split=options.split,
        reuse=options.reuse,
        timeout=options.timeout,
        progress=TerminalProgress(sys.stderr),
        schema_overrides=_overrides(options.schema_overrides),
        **parameters,
    )
    if write is None:
        show(report.frame())
    else:
        rows = write(report)
        print(f"{rows:,} rows in {options.output}", file=sys.stderr)
    # What is assumed of a type that nobody knows was a warning already.
    reuse = report.reuse if isinstance(report.reuse, str) else replace(report.reuse, notes=())
    print(f"{report.request!r}\n{reuse}", file=sys.stderr)
    return 0


def _overrides(text: str | None) -> dict[str, pl.DataType]:
    """``date=String,levy=Decimal`` as polars types."""
    overrides: dict[str, pl.DataType] = {}
    for part in text.split(",") if text else ():
        name, _, dtype = part.partition("=")
        if dtype.strip() not in _TYPES:
            raise ParameterError(
                f"--schema-overrides takes COLUMN=TYPE with a type of {', '.join(_TYPES)}; got {part!r}.",
                param="schema_overrides",
            )
        overrides[name.strip()] = _TYPES[dtype.strip()]
    return overrides
