"""The command line: ``stripe-reports demo``, ``fetch``, ``tie-out`` and others, one module each."""

from __future__ import annotations

import argparse
import io
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version

from stripe_reports.cli import (
    app,
    close,
    completions,
    demo,
    doctor,
    evidence,
    fetch,
    fetch_all,
    simulate,
    tie_out,
    types,
    verify,
)
from stripe_reports.cli.help import Parser
from stripe_reports.cli.output import complain, only_printable, status_of
from stripe_reports.errors import StripeReportsError
from stripe_reports.notices import AdvisedWarning

__all__ = ["main"]

_FIRST_STEPS = """\
first steps:
  stripe-reports demo    (no key needed)
  stripe-reports fetch payouts.itemized 2026-10 --demo
  stripe-reports doctor  (checks STRIPE_API_KEY)
  stripe-reports fetch balance.summary 2026-10
"stripe-reports COMMAND --help" says what each takes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an unprintable character must not end the command
            stream.reconfigure(errors="replace")
    try:
        with only_printable():
            return _run(arguments)
    except BrokenPipeError:  # the reader of our output has closed it
        sys.stdout = None  # nothing can be flushed into it
        return 0


def _run(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    if not (sys.argv[1:] if arguments is None else arguments):
        parser.print_help(sys.stderr)
        return 2
    options = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _command(command, options)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """A warning as one line of a command, without a place in its source."""
    text = message.for_command_line() if isinstance(message, AdvisedWarning) else message
    complain(f"stripe-reports: warning: {text}")


def _command(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    try:
        return command(options)
    except StripeReportsError as error:
        text, notes = error.for_command_line(), getattr(error, "__notes__", ())
        complain("\n".join([f"stripe-reports: {text}", *notes]))
        return status_of(error)
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(f"stripe-reports: {error}")
        return 1
    except KeyboardInterrupt:
        complain(
            "\nstripe-reports: interrupted. A run that was launched continues at Stripe; the same command "
            "joins it again."
        )
        return 130


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = Parser(
        prog="stripe-reports",
        description="Stripe's reports as exact, typed tables.",
        epilog=_FIRST_STEPS,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"stripe-reports {version('stripe-reports')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", prog="stripe-reports")
    for command in (demo, app, fetch, fetch_all, tie_out, evidence, verify, close, simulate, types, doctor):
        command.add_to(commands)
    completions.add_to(commands, of=parser)
    return parser
