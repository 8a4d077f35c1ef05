"""``stripe-reports tie-out``: check that the reports of a period agree, for people and for monthly jobs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_reports.cli.clients import add_client_to, client_of
from stripe_reports.cli.json_output import add_format_to, say_json
from stripe_reports.cli.output import say, show, waiting
from stripe_reports.cli.report_options import check_folder_of
from stripe_reports.errors import InputError
from stripe_reports.render.printable import printable
from stripe_reports.storage.disk import written_whole

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands
    from stripe_reports.reconcile.tie_out import TieOut

__all__ = ["add_to", "run"]

_SHOWN = (
    *("report", "why", "difference", "balance_transaction_id", "payout_id"),
    *("category", "reporting_category", "gross", "fee", "net", "net_amount"),
)
"""The columns that fit a terminal; JSON has all of them."""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "tie-out",
        help="check that a period's reports agree",
        description="Compares the reports of a period with each other; exits with 1 if a control fails.",
    )
    parser.add_argument("period", metavar="PERIOD", help="such as 2026-10 or 'last month'")
    parser.add_argument("--timezone", help="time zone of the period, such as Europe/Paris")
    parser.add_argument("--currency", help="one currency only, such as eur")
    add_format_to(parser)
    parser.add_argument("--rows", action="store_true", help="show the rows behind each failed control")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the controls to FILE.csv")
    parser.add_argument(
        "--reuse", choices=["auto", "always", "never"], default="auto", help="use earlier runs; default auto"
    )
    parser.add_argument(
        "--timeout", type=float, default=900, metavar="SECONDS", help="maximum duration; default 900"
    )
    add_client_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Tie out a period; return 1 if a control fails."""
    if options.output:
        if options.output.suffix.lower() != ".csv":
            raise InputError(f"{options.output} is not a .csv file.")
        check_folder_of(options.output)
    with client_of(options) as client, waiting("tie-out", sys.stderr) as told:
        result = client.tie_out(
            options.period,
            timezone=options.timezone,
            currency=options.currency,
            reuse=options.reuse,
            timeout=options.timeout,
            progress=told,
        )
    if options.output:
        with written_whole(options.output) as temporary:
            result.frame().write_csv(temporary)
    failed = result.failed().select("control", "currency").rows() if options.rows else []
    if options.format == "json":
        say_json(_as_json(result, failed))
        return 0 if result.passes else 1
    say(str(result))
    for control, currency in failed:
        say("\n" + printable(f"{control}, {currency or 'no currency'}"))
        rows = result.rows(control, currency)
        show(rows.select(name for name in _SHOWN if name in rows.columns))
    return 0 if result.passes else 1


def _as_json(result: TieOut, failed: list[tuple[str, str | None]]) -> dict[str, object]:
    """Return the controls, their reports, and the rows behind those that failed."""
    return {
        "title": result.title,
        "passes": result.passes,
        "controls": result.frame().to_dicts(),
        "reports": {name: report.run.id for name, report in result.reports.items()},
        "notes": list(result.notes),
        "rows": [
            {"control": control, "of": currency, "rows": result.rows(control, currency).to_dicts()}
            for control, currency in failed
        ],
    }
