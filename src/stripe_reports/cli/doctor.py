"""``stripe-reports doctor``: mode, permissions of the key, and problems."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_reports.cli.clients import ACCOUNT_HELP
from stripe_reports.cli.output import say
from stripe_reports.render.printable import printable

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands
    from stripe_reports.client import Client

__all__ = ["add_to", "run"]


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="check the mode, the key's permissions, the clock and the folder",
        description="Examines key, permissions, clock and folder. Launches nothing.",
    )
    parser.add_argument("--account", metavar="ACCOUNT", help=ACCOUNT_HELP)
    parser.add_argument("--base-url", help="address of a simulator, instead of Stripe's")
    parser.add_argument(
        "--unknown",
        type=Path,
        metavar="FILE",
        help="write the names from Stripe that this version does not know to a new JSON file",
    )
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Examine the key, the machine and Stripe; return 1 if there is a problem."""
    from stripe_reports.cli.diagnosis import examine
    from stripe_reports.client import Client
    from stripe_reports.http.settings import STRIPE_URL

    marks = {"ok": "ok", "warning": "!!", "problem": "XX"}
    ok = True
    with Client(account=options.account, base_url=options.base_url or STRIPE_URL) as client:
        for finding in examine(client):
            ok = ok and finding.verdict != "problem"
            say(printable(f"{marks[finding.verdict]}  {finding.what:<13} {finding.says}"))
        if options.unknown is not None:
            _write(client, options.unknown)
    say("\nNo problems found." if ok else "\nThere is a problem; see the lines marked XX.")
    return 0 if ok else 1


def _write(client: Client, path: Path) -> None:
    """Write the unknown names, and say what the file holds."""
    names = client.cache.unrecognised()
    if names.is_empty():
        say(f"\nNo unknown names were recorded, so {path} was not written.")
        return
    written = client.cache.write_unrecognised(path)
    counts = names.group_by("subject", maintain_order=True).len().rows()
    say(f"\n{written} holds only names: {', '.join(f'{subject}: {count:,}' for subject, count in counts)}.")
    if client.settings.owner.place is None:
        say("It has no values, account ids or keys. Please look at it, then send it to the maintainers.")
    else:
        say("They come from a simulator or gateway, not from Stripe itself, so please do not send it.")
