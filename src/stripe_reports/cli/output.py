"""What the commands write on the terminal."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, TextIO

import polars as pl

from stripe_reports.models import ReportRun
from stripe_reports.render.printable import printable, printable_lines

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["TerminalProgress", "only_printable", "say", "show", "step"]

_NOT_PRINTABLE = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"
"""Finds the columns that have such characters; ``printable`` decides on each."""


class _Printable(io.TextIOBase):
    """A stream on which nothing of what is written steers the terminal; it is no terminal itself."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What the stream writes text in."""
        return self.stream.encoding

    def writable(self) -> bool:
        """Text can be written to it."""
        return True

    def write(self, text: str) -> int:
        """Write the text with escapes in place of control characters."""
        self.stream.write(printable_lines(text))
        return len(text)

    def flush(self) -> None:
        """Pass on at once what was written."""
        self.stream.flush()


@contextmanager
def only_printable() -> Iterator[None]:
    """Show control characters as escapes in all that is printed: messages, tables, warnings, the log.

    An error that no command expected is printed here too, while that holds; it ends the process with 1.
    """
    with (
        redirect_stdout(sys.stdout and _Printable(sys.stdout)),
        redirect_stderr(sys.stderr and _Printable(sys.stderr)),
    ):
        try:
            yield
        except BrokenPipeError:
            raise
        except Exception:
            traceback.print_exc()
            raise SystemExit(1) from None


class TerminalProgress:
    """Shows pending runs: one line, rewritten, in a terminal; a line for each look elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        # To rewrite its line it must steer the terminal.
        self._stream = stream.stream if isinstance(stream, _Printable) else stream
        self._rewrites = self._stream.isatty()
        self._statuses: dict[str, str] = {}

    def __call__(self, run: ReportRun, elapsed: float, expected: float | None) -> None:
        """Show the run as it is now."""
        about = f" of about {expected:.0f} s" if expected and run.status == "pending" else " s"
        self._statuses[run.id] = run.status
        pending = sum(status == "pending" for status in self._statuses.values())
        if len(self._statuses) > 1:
            about += f"; {pending} of {len(self._statuses)} runs pending"
        line = printable(f"  run {run.id} {run.status:<9} {elapsed:4.0f}{about}")
        if self._rewrites:
            width = shutil.get_terminal_size().columns - 1
            line = f"\r{line[:width]:<{width}}" + ("" if pending else "\n")
        else:
            line += "\n"
        self._stream.write(line)
        self._stream.flush()


def step(code: str) -> None:
    """Show a line of Python, as it would be typed."""
    say(f"\n>>> {code}")


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def show(frame: pl.DataFrame) -> None:
    """Print a frame, in letters that the terminal has; in a narrow one, its first and last columns."""
    plain = (sys.stdout.encoding or "ascii").lower().replace("-", "") not in ("utf8", "utf16")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    with pl.Config(
        tbl_rows=40,
        tbl_cols=max(4, width // 14) if width else -1,
        tbl_width_chars=width or 160,
        fmt_str_lengths=40,
        tbl_formatting="ASCII_FULL_CONDENSED" if plain else "UTF8_FULL_CONDENSED",
    ):
        say(str(_with_escapes(frame)))


def _with_escapes(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame for a look at it: with line breaks and control characters of names and cells as escapes."""
    shown = frame.with_columns(
        column.map_elements(printable, pl.String, skip_nulls=True)
        for column in frame.select(pl.col(pl.String)).iter_columns()
        if column.str.contains(_NOT_PRINTABLE).any()
    )
    names: list[str] = []
    for name in map(printable, frame.columns):
        while name in names:  # an escape may read as another column's name does
            name += "'"
        names.append(name)
    shown.columns = names
    return shown
