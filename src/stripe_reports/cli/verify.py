"""``stripe-reports verify``: check that the evidence of a close is complete and unchanged."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_reports.cli.output import say

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands

__all__ = ["add_to", "run"]


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "verify",
        help="check that the evidence of a close is complete and unchanged",
        description="Checks evidence against its hashes, and computes its controls again.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder or .zip of evidence")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Check the evidence, without key and network; return 1 if something is wrong."""
    from stripe_reports.reconcile.evidence import verify

    result = verify(options.folder)
    say(str(result))
    return 0 if result.ok else 1
