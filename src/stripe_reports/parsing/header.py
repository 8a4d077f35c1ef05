"""The first bytes of a file: check that it is a report, and read its columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stripe_reports.errors import NotAReportError
from stripe_reports.parsing.csv_strict import records
from stripe_reports.parsing.pieces import Piece

__all__ = ["Header", "read_header"]

_SIGNATURES = {
    b"\x1f\x8b": ("is compressed with gzip", "Unpack it first."),
    b"PK\x03\x04": ("is a ZIP archive or an Excel workbook", "Unpack it, or download the CSV."),
    b"\xd0\xcf\x11\xe0": ("is an old Excel workbook", "Download the CSV instead."),
    b"%PDF": ("is a PDF document", "Download the CSV instead."),
    b"PAR1": ("is a Parquet file", "Read it with polars.read_parquet."),
    b"\xff\xfe": ("is UTF-16 text", "Save it as UTF-8, or download it again."),
    b"\xfe\xff": ("is UTF-16 text", "Save it as UTF-8, or download it again."),
}
_OPENINGS = {
    b"<": ("is a web page or XML", "Download it again while signed in."),
    b"{": ("is JSON, perhaps an error that was saved instead of the file", "Open it in an editor."),
    b"[": ("is JSON", "Download the CSV instead."),
}
_LARGEST, _MOST_COLUMNS = 1 << 20, 10_000
"""Maximum size of a header, far above any of Stripe's and far below the available memory."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True, slots=True)
class Header:
    """The first record of a file: the names of the columns, and its size in bytes."""

    names: list[str]
    raw: bytes


def read_header(first: Piece) -> Header:
    """Read the header of a report, in its first piece.

    Raises:
        NotAReportError: The file is not a report.
        DamagedFileError: It is empty, or the header is truncated, or a name is missing or used twice.
    """
    mark = _BYTE_ORDER_MARK if first.content.startswith(_BYTE_ORDER_MARK) else b""
    first = replace(first, content=first.content.removeprefix(mark))
    start = first.content[:512]
    _check_looks_like_csv(start, first)
    if not start.strip():
        raise first.damage("the file is empty; even a report without rows has a header.")
    _, names, raw = next(records(first))
    if len(raw) > _LARGEST or len(names) > _MOST_COLUMNS:
        raise first.damage(
            f"its first line has {len(raw):,} bytes and {len(names):,} columns, more than any report.", line=1
        )
    for separator, what in _OTHER_SEPARATORS.items():
        if len(names) == 1 and separator in names[0]:
            raise NotAReportError(
                f"{first.name} is not a Stripe report: its columns are separated by {what}. "
                "It was saved by another program; download it again."
            )
    seen: set[str] = set()
    for name in names:
        if not name.strip():
            raise first.damage(f"column {len(seen) + 1} of {len(names)} has no name.", line=1)
        if name in seen:
            raise first.damage("this column occurs twice.", line=1, column=name)
        seen.add(name)
    return Header(names, mark + raw)


def _check_looks_like_csv(start: bytes, first: Piece) -> None:
    opening = {key: said for key, said in _SIGNATURES.items() if start.startswith(key)} or {
        key: said for key, said in _OPENINGS.items() if start.lstrip().startswith(key)
    }
    for what, remedy in opening.values():
        raise NotAReportError(f"{first.name} is not a Stripe report: it {what}. {remedy}")
