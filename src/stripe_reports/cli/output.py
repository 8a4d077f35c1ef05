"""What the commands write on the terminal."""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import TYPE_CHECKING, TextIO

import polars as pl

from stripe_reports.models import ReportRun

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = ["TerminalProgress", "say", "show", "step"]


class TerminalProgress:
    """Shows pending runs: one line, rewritten, in a terminal; a line for each look elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rewrites = stream.isatty()
        self._statuses: dict[str, str] = {}

    def __call__(self, run: ReportRun, elapsed: float, expected: float | None) -> None:
        """Show the run as it is now."""
        about = f" of about {expected:.0f} s" if expected and run.status == "pending" else " s"
        self._statuses[run.id] = run.status
        pending = sum(status == "pending" for status in self._statuses.values())
        if len(self._statuses) > 1:
            about += f"; {pending} of {len(self._statuses)} runs pending"
        line = f"  run {run.id} {run.status:<9} {elapsed:4.0f}{about}"
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
    """Print a frame, in letters that the terminal has."""
    plain = (sys.stdout.encoding or "ascii").lower().replace("-", "") not in ("utf8", "utf16")
    with pl.Config(
        tbl_rows=40,
        tbl_cols=-1,
        tbl_width_chars=160,
        fmt_str_lengths=40,
        tbl_formatting="ASCII_FULL_CONDENSED" if plain else "UTF8_FULL_CONDENSED",
    ):
        say(str(frame))
