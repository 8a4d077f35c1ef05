"""``stripe-reports completions``: a script that completes commands and options in a shell."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from stripe_reports.cli.output import say_whole
from stripe_reports.report.export import require

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands

__all__ = ["add_to", "run"]

_HOW = """\
where to write it:
  bash:
  ~/.local/share/bash-completion/completions/stripe-reports
  zsh: _stripe-reports, in a folder of $fpath
  tcsh: a file that ~/.tcshrc sources"""


def add_to(commands: Commands, *, of: argparse.ArgumentParser) -> None:
    """Add the command to the parser.

    Args:
        commands: The commands.
        of: The parser of all commands, which the script completes.
    """
    parser = commands.add_parser(
        "completions",
        help="print a script that completes commands and options in a shell",
        description="Prints a script for Tab completion. Needs the extra 'completions'.",
        epilog=_HOW,
    )
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"], help="the shell")
    parser.set_defaults(command=run, completed=of)


def run(options: argparse.Namespace) -> int:
    """Print the script.

    Raises:
        MissingExtraError: shtab is not installed.
    """
    require("shtab", extra="completions", purpose="completions")
    import shtab

    say_whole(shtab.complete(options.completed, options.shell))
    return 0
