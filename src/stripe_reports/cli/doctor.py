"""``stripe-reports doctor``: mode, permissions of the key, and problems."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_reports.cli.clients import add_client_to, client_of
from stripe_reports.cli.json_output import add_format_to, say_json
from stripe_reports.cli.output import complain, say
from stripe_reports.render.printable import printable

if TYPE_CHECKING:
    from stripe_reports.cli.diagnosis import Verdict
    from stripe_reports.cli.output import Commands
    from stripe_reports.client import Client

__all__ = ["add_to", "run"]

_MARKS = {"ok": "ok", "warning": "!!", "problem": "XX"}


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="check the mode, the key's permissions, the clock and the folder",
        description="Examines key, permissions, clock and folder. Launches nothing.",
        epilog="exit status: 0 no problem, but perhaps warnings; 1 a problem; 2 wrong usage or no key",
    )
    add_client_to(parser)
    parser.add_argument(
        "--unknown",
        type=Path,
        metavar="FILE",
        help="write the names from Stripe that this version does not know to a new JSON file",
    )
    add_format_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Examine the key, the machine and Stripe; return 1 if there is a problem."""
    from stripe_reports.cli.diagnosis import examine

    with client_of(options) as client:
        findings = []
        for finding in examine(client):
            findings.append(finding)
            if options.format == "text":
                line = printable(f"{_MARKS[finding.verdict]}  {finding.what:<13} {finding.says}")
                say(line, indent=18)
        if options.unknown is not None:
            _write(client, options.unknown, say if options.format == "text" else _to_stderr)
    counts = Counter(finding.verdict for finding in findings)
    if options.format == "json":
        say_json({"verdict": _worst(counts), "findings": [asdict(finding) for finding in findings]})
    else:
        say(f"\n{_summary(counts)}")
    return 1 if counts["problem"] else 0


def _worst(counts: Counter[Verdict]) -> Verdict:
    return "problem" if counts["problem"] else "warning" if counts["warning"] else "ok"


def _summary(counts: Counter[Verdict]) -> str:
    problems, warnings = counts["problem"], counts["warning"]
    if problems:
        return "There is a problem; see the lines marked XX."
    if warnings:
        return f"No problems found, but {warnings} warning{'s'[: warnings > 1]}; see the lines marked !!."
    return "No problems found."


def _to_stderr(text: str) -> None:
    complain(text)


def _write(client: Client, path: Path, say: Callable[[str], object]) -> None:
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
