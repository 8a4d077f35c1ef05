"""``stripe-reports evidence``: the evidence of a period's close, as a folder or .zip."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_reports.cli.clients import add_client_to, client_of
from stripe_reports.cli.output import say, waiting

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands

__all__ = ["add_to", "run"]


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evidence",
        help="write reports, controls and hashes of a close to one folder",
        description="Writes reports, provenance, controls, charts and hashes to one new folder or .zip.",
    )
    parser.add_argument("period", metavar="PERIOD", help="such as 2026-10 or 'last month'")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="new folder, or NAME.zip for a .zip")
    parser.add_argument("--timezone", help="time zone of the period, such as Europe/Paris")
    parser.add_argument("--currency", help="one currency only, such as eur")
    parser.add_argument(
        "--reuse", choices=["auto", "always", "never"], default="auto", help="use earlier runs; default auto"
    )
    parser.add_argument(
        "--timeout", type=float, default=900, metavar="SECONDS", help="maximum duration; default 900"
    )
    add_client_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Write the evidence, even if a control fails; return 1 in that case."""
    with client_of(options) as client, waiting("evidence", sys.stderr) as told:
        written = client.evidence(
            options.period,
            options.folder,
            timezone=options.timezone,
            currency=options.currency,
            reuse=options.reuse,
            timeout=options.timeout,
            progress=told,
        )
    say(str(written))
    return 0 if written.tie_out.passes else 1
