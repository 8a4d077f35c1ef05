"""The terminal output of the commands."""

from __future__ import annotations

import argparse
import io
import os
import sys
import textwrap
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from typing import TYPE_CHECKING, TextIO

import polars as pl

from stripe_reports.errors import InputError
from stripe_reports.render.cells import text_in_row
from stripe_reports.render.printable import printable, printable_lines
from stripe_reports.runs.progress import (
    Drawing,
    GridProgress,
    Lines,
    Progress,
    columns_of,
    in_log,
    in_terminal,
    shown,
    shown_for_all,
)

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

__all__ = [
    "complain",
    "only_printable",
    "say",
    "say_whole",
    "show",
    "status_of",
    "step",
    "waiting",
    "waiting_for_all",
    "width_of",
]

_SHOWN_ROWS = 40

_NOT_PRINTABLE = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"
"""Finds the columns with such characters; ``printable`` decides about each."""


class _Printable(io.TextIOBase):
    """A stream that passes no control characters to the terminal; it does not call itself a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream."""
        return self.stream.encoding

    def writable(self) -> bool:
        """Return true: text can be written to the stream."""
        return True

    def write(self, text: str) -> int:
        """Write the text with escapes instead of control characters."""
        self.stream.write(printable_lines(text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self.stream.flush()

    def __del__(self) -> None:
        """Leave the stream alone, which may be closed by then; a base class would flush it."""


@contextmanager
def only_printable() -> Iterator[None]:
    """Print control characters as escapes everywhere: messages, tables, warnings, the log.

    An unexpected error is printed here too, in the same way; it ends the process with status 1. What goes to
    a stream that is closed goes nowhere: ``print`` would write messages among the results instead.
    """
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        redirect_stdout(_Printable(sys.stdout or nowhere)),
        redirect_stderr(_Printable(sys.stderr or nowhere)),
    ):
        try:
            yield
        except BrokenPipeError:
            raise
        except Exception:
            traceback.print_exc()
            raise SystemExit(1) from None


@contextmanager
def waiting(about: str, stream: TextIO | None) -> Iterator[Progress | None]:
    """Show the wait for the runs in the block: one line that is rewritten in a terminal, else plain lines.

    Args:
        about: The text until a run is known.
        stream: Standard error, or standard output; None if the process has none.
    """
    with shown("auto", partial(_place, stream), about) as told:
        yield told


@contextmanager
def waiting_for_all(about: str, stream: TextIO | None) -> Iterator[GridProgress | None]:
    """Show the wait for many reports in the same way."""
    with shown_for_all("auto", partial(_place, stream), about) as told:
        yield told


def _place(stream: TextIO | None) -> Drawing:
    if stream is None:
        return in_log()
    line = in_terminal(_below(stream))  # rewriting a line needs control characters
    return line or Lines(partial(print, file=stream, flush=True))


def status_of(error: BaseException) -> int:
    """Return the exit status for an error: 2 for wrong usage, else 1."""
    return 2 if isinstance(error, InputError) else 1


def step(code: str) -> None:
    """Show a line of Python, as a user would type it."""
    say_whole(f"\n>>> {code}")


def say(text: str, *, indent: int = 4) -> None:
    """Print text at once, in lines that fit the terminal; in a pipe, unchanged.

    Args:
        text: One line or several.
        indent: Where a line that does not fit goes on below.
    """
    width = width_of(sys.stdout)
    say_whole("\n".join(_filled(line, width, indent) for line in text.split("\n")))


def say_whole(text: str) -> None:
    """Print text at once that no line break may be added to, such as a table, JSON or code."""
    print(text, flush=True)


def _below(stream: TextIO) -> TextIO:
    """Return the stream that checked text is written to, which may be a terminal."""
    return stream.stream if isinstance(stream, _Printable) else stream


def complain(text: str) -> None:
    """Print a message to standard error, in lines that fit its terminal; in a pipe, unchanged."""
    width = width_of(sys.stderr)
    for line in text.splitlines():
        print(_filled(line, width, 0), file=sys.stderr)


def _filled(text: str, width: int | None, indent: int) -> str:
    if width is None or width < 2 * indent or len(text) <= width:
        return text
    return textwrap.fill(
        text,
        width,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
        break_long_words=False,  # an address or a path is copied
    )


def width_of(stream: TextIO | None) -> int | None:
    """Return the width of the terminal that shows a stream; None if it is a pipe or a file."""
    if stream is None:
        return None
    stream = _below(stream)
    return columns_of(stream) if stream.isatty() else None


def show(frame: pl.DataFrame) -> None:
    """Print a frame, in letters that the terminal has; in a narrow one, its first and last columns.

    Amounts are written for people, with the decimals of their currency: ``1,176.46``.
    """
    plain = (sys.stdout.encoding or "ascii").lower().replace("-", "") not in ("utf8", "utf16")
    width = width_of(sys.stdout)
    with pl.Config(
        tbl_rows=_SHOWN_ROWS,
        tbl_hide_column_data_types=True,
        tbl_cols=max(4, width // 14) if width else -1,
        tbl_width_chars=width or 160,
        fmt_str_lengths=40,
        tbl_formatting="ASCII_FULL_CONDENSED" if plain else "UTF8_FULL_CONDENSED",
    ):
        text = str(_with_escapes(_with_amounts_as_text(frame)))
        say_whole(text.replace("−", "-") if plain else text)


def _with_amounts_as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with formatted amounts, aligned to the right; only in the rows that are printed."""
    names = [name for name, dtype in frame.schema.items() if dtype.is_decimal()]
    if not names:
        return frame
    ends = [frame.head(_SHOWN_ROWS), frame[_SHOWN_ROWS:].tail(_SHOWN_ROWS)]
    texts: dict[str, list[str | None]] = {name: [] for name in names}
    for end, skipped in zip(ends, (max(0, frame.height - 2 * _SHOWN_ROWS), 0), strict=True):
        for row in end.iter_rows(named=True):
            for name in names:
                texts[name].append(text_in_row(name, row))
        for name in names:
            texts[name] += [None] * skipped
    return frame.with_columns(_to_the_right(name, values) for name, values in texts.items())


def _to_the_right(name: str, texts: list[str | None]) -> pl.Series:
    width = max([len(name), *(len(text) for text in texts if text)])
    return pl.Series(name, [None if text is None else text.rjust(width) for text in texts], pl.String)


def _with_escapes(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame for display: line breaks and control characters in names and cells become escapes."""
    shown = frame.with_columns(
        column.map_elements(printable, pl.String, skip_nulls=True)
        for column in frame.select(pl.col(pl.String)).iter_columns()
        if column.str.contains(_NOT_PRINTABLE).any()
    )
    names: list[str] = []
    for name in map(printable, frame.columns):
        while name in names:  # with the escape, the name may equal another column's
            name += "'"
        names.append(name)
    shown.columns = names
    return shown
