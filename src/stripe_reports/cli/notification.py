"""The command of ``--notify``: it gets one JSON object on its standard input."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping

from stripe_reports.cli.json_output import json_text
from stripe_reports.cli.output import complain
from stripe_reports.errors import InputError

__all__ = ["notify", "split_command"]

_TIMEOUT = 60.0

_EXAMPLE = "Write it as for a shell, such as --notify 'mail -s \"Monthly close\" finance@example.com'."


def split_command(text: str) -> list[str]:
    """Split a command into its words, as a shell does, but without starting one.

    Raises:
        InputError: A quote is not closed, or there is no word.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f"--notify {text!r} cannot be split into words: {error}. {_EXAMPLE}") from None
    if not words:
        raise InputError(f"--notify needs a command. {_EXAMPLE}")
    return words


def notify(command: list[str], told: Mapping[str, object]) -> None:
    """Run the command; if that fails, say so on standard error."""
    try:
        done = subprocess.run(
            command, input=json_text(told), text=True, encoding="utf-8", capture_output=True, timeout=_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        problem = f"did not end within {_TIMEOUT:.0f} seconds"
    except OSError as error:
        problem = f"could not be started: {error}"
    else:
        if done.returncode == 0:
            return
        problem = f"ended with exit status {done.returncode}: {done.stderr.strip() or 'it printed no reason'}"
    complain(f"stripe-reports: warning: the command of --notify {problem}")
