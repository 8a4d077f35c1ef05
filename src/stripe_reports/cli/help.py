"""The help of the commands, which fits the width of the terminal."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Iterable
from typing import Any, NoReturn

from stripe_reports.cli.output import complain
from stripe_reports.render.suggest import did_you_mean

__all__ = ["Parser"]


_OPTIONS = argparse.Action([], "options", nargs="?", metavar="OPTIONS")


class _Help(argparse.HelpFormatter):
    """Wraps each line of a description by itself, so that lists stay lists in a narrow terminal.

    The first line names only what must be given; the list below has all options.
    """

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        """Add the first line of the help."""
        needed = [each for each in actions if each.required or not each.option_strings]
        super().add_usage(usage, [_OPTIONS, *needed], groups, prefix)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(_wrapped(line, width, indent) for line in text.splitlines())

    def add_argument(self, action: argparse.Action) -> None:
        """Add an option or the list of commands."""
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):  # their indent is not counted
            self._action_max_length += self._indent_increment


class Parser(argparse.ArgumentParser):
    """A parser with this help; those of its commands have it too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": _Help} | options)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments; what the command does not know is its error, and not that of all commands."""
        options, strange = super().parse_known_args(args, namespace)
        if strange:
            shown = [each for each in self._actions if each.help != argparse.SUPPRESS]
            names = [name for each in shown for name in each.option_strings if name.startswith("--")]
            given = strange[0].partition("=")[0]
            near = did_you_mean(given, names, most=1) if given.startswith("--") else ""
            self.error(f"unrecognized arguments: {' '.join(strange)}{near and f'.{near}'}")
        return options, strange

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments, and end with status 2."""
        self.print_usage(sys.stderr)
        complain(f"{self.prog}: error: {_with_hint(message)} '{self.prog} --help' says what it takes.")
        raise SystemExit(2)


def _with_hint(message: str) -> str:
    """Return the message of argparse as a sentence; for a wrong choice, with the nearest right one."""
    wrong = re.match(r"(.*): invalid choice: '(.*?)' \(choose from (.*)\)", message)
    if wrong is None:
        message = re.sub(r"invalid float value: ('.*')", r"\1 is not a number", message)
        message = re.sub(r"invalid int value: ('.*')", r"\1 is not a whole number", message)
        return message if message.endswith("?") else f"{message}."
    what, given, listed = wrong.groups()
    names = [name.strip("' ") for name in listed.split(",")]  # Python 3.14 writes no quotes
    return f"{what}: {given!r} is not one of {', '.join(names)}.{did_you_mean(given, names, most=1)}"


def _wrapped(line: str, width: int, indent: str) -> str:
    inner = len(line) - len(line.lstrip())  # a line of a list continues below its text
    following = indent + " " * (inner + 3 if inner else 0)
    return textwrap.fill(
        line, width, initial_indent=indent, subsequent_indent=following, break_on_hyphens=False
    )
