"""The command line: ``stripe-reports demo``, ``fetch``, ``tie-out`` and others, a module for each."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

from stripe_reports.cli import demo, doctor, evidence, fetch, simulate, tie_out, types, verify
from stripe_reports.errors import InputError, StripeReportsError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit status: 0 done, 1 failed, 2 asked wrongly, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that lacks a letter must not end the command
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except StripeReportsError as error:
        print(f"stripe-reports: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stdout = None  # nothing more to flush into it
        return 0
    except OSError as error:
        print(f"stripe-reports: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nstripe-reports: interrupted. A run that was launched goes on at Stripe; the same",
            file=sys.stderr,
        )
        print("command joins it again.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stripe-reports", description="Stripe's reports as exact, typed tables.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"stripe-reports {version('stripe-reports')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (demo, fetch, tie_out, evidence, verify, simulate, types, doctor):
        command.add_to(commands)
    return parser
