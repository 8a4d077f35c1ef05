"""``stripe-reports close``: the unattended close of a month."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_reports.cli.clients import add_client_to, client_of
from stripe_reports.cli.notification import notify, split_command
from stripe_reports.cli.output import say, status_of, waiting
from stripe_reports.errors import StripeReportsError

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands
    from stripe_reports.reconcile.monthly_close import MonthlyClose, Outcome

__all__ = ["STATUSES", "add_to", "run"]

STATUSES: Mapping[Outcome, int] = {
    "done": 0,
    "verified": 0,
    "changed on disk": 1,
    "not settled": 3,
    "control fails": 4,
    "restated": 5,
}
"""The exit status of each outcome; 1 is also that of an error, and 2 of wrong usage."""

_STATUSES_HELP = """\
exit status:
  0  done, or closed before and unchanged
  1  an error, or files of an earlier close were changed
  2  wrong usage or no key
  3  the month is not settled
  4  a control fails
  5  Stripe restated an earlier closed month, which also explains a control that fails"""


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "close",
        help="close a month unattended: tie out, write evidence, check earlier months",
        description=(
            "Ties out a month, writes evidence and workbook to a new folder DIR/2026-10, and checks the "
            "last twelve months closed in DIR for restatements. A month that was closed before is only "
            "verified."
        ),
        epilog=_STATUSES_HELP,
    )
    parser.add_argument("period", metavar="PERIOD", help="one month, such as 2026-10 or 'last month'")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="folder of all closed months"
    )
    parser.add_argument(
        "--notify",
        metavar="COMMAND",
        help="run a command, without a shell, if the exit status is not 0; it gets one JSON object on "
        "standard input",
    )
    parser.add_argument("--notify-always", action="store_true", help="run it if the exit status is 0 too")
    parser.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="wait until the month is settled, at most so long; default 0",
    )
    parser.add_argument("--timezone", help="time zone of the month, such as Europe/Paris")
    parser.add_argument(
        "--timeout", type=float, default=3600, metavar="SECONDS", help="maximum duration; default 3600"
    )
    add_client_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Close a month, notify, and return the exit status."""
    command = split_command(options.notify) if options.notify is not None else None
    try:
        result = _closed(options)
    except Exception as error:
        if command:
            text = error.for_command_line() if isinstance(error, StripeReportsError) else str(error)
            notify(command, {"status": status_of(error), "message": text, "period": options.period})
        raise
    say(str(result))
    status = STATUSES[result.outcome]
    if command and (status or options.notify_always):
        notify(
            command, {"status": status, "message": str(result), "period": options.period, **result.as_json()}
        )
    return status


def _closed(options: argparse.Namespace) -> MonthlyClose:
    from stripe_reports.reconcile.monthly_close import close_month

    with client_of(options) as client, waiting("close", sys.stderr) as told:
        return close_month(
            client,
            options.period,
            options.output,
            timezone=options.timezone,
            wait=options.wait,
            timeout=options.timeout,
            progress=told,
        )
