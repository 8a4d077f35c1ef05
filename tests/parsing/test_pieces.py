"""However a file is cut into pieces, its cells are those that Python's csv reads, or it is refused."""

from __future__ import annotations

import csv
import io
import os
import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stripe_reports.errors import DamagedFileError
from stripe_reports.parsing import exact_text, pieces
from stripe_reports.parsing.csv_strict import records
from stripe_reports.parsing.exact_text import exact_text as text_of
from stripe_reports.parsing.header import read_header
from stripe_reports.parsing.pieces import Piece

FILES = int(os.environ.get("PIECES_FILES", "150"))
"""2,000 take two minutes."""

SIZES = [1, 2, 7, 64, 1000, 1 << 16, 1 << 20, 1 << 23]
"""Of blocks and of pieces: from a byte to 8 MiB."""


def cut(content: bytes, block: int, piece: int) -> list[Piece]:
    """The pieces of a file that arrives in such blocks."""
    blocks = (content[start : start + block] for start in range(0, len(content), block))
    return list(pieces.pieces(blocks, "the file", size=piece))


def cells_of(content: bytes, block: int, piece: int) -> list[tuple[str | None, ...]]:
    """All rows of a file but the header, read piece by piece."""
    first, *rest = cut(content, block, piece)
    header = read_header(first)
    first = Piece(first.content[len(header.raw) :], first.name)
    return [
        row for each in [first, *rest] if each.content for row in text_of(each, header.names)[0].iter_rows()
    ]


def expected(content: bytes) -> list[tuple[str | None, ...]]:
    """The same by Python's csv; an empty cell is null, and a blank line a row with one empty cell."""
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    return [tuple(cell or None for cell in row or [""]) for row in list(reader)[1:]]


CELLS = ["", "", "x", "12.00", "2026-10-01 00:00:00", "a, b", 'say "x", or', '"', '""', ",", "\n", "a\nb\n"]
CELLS += ["\r\n", "é\u2028", '{"a":1,"b":2}', ' padded "', "\ufeff", "x" * 300, '"\n"', '\n"', 'x"\n']


def a_file(rng: random.Random) -> bytes:
    """A valid file: quoted as Stripe does, or otherwise, with any line end, byte order mark, or last line."""
    columns, line_end = rng.randrange(1, 7), rng.choice(["\n", "\r\n"])
    chosen = rng.sample(CELLS, rng.randrange(1, len(CELLS)))
    most = rng.choice([1, 10, 100, 2_000])
    rows = [[rng.choice(chosen) for _ in range(columns)] for _ in range(rng.randrange(most + 1))]
    style = rng.choice(["Stripe", "Stripe", "all", "where necessary"])

    def written(cell: str) -> str:
        if style == "Stripe" and not cell:
            return ""
        if style == "where necessary" and not any(sign in cell for sign in '",\r\n'):
            return cell
        return '"' + cell.replace('"', '""') + '"'

    header = [f"c{column}" for column in range(columns)]
    text = "".join(",".join(map(written, row)) + line_end for row in [header, *rows])
    if rng.random() < 0.3 and not text.endswith(line_end * 2):
        text = text.removesuffix(line_end)
    return rng.choice([b"", b"\xef\xbb\xbf"]) + text.encode()


@pytest.mark.parametrize("way", ["as it is", "sizes added up"])
def test_every_cell_is_what_python_reads(way, monkeypatch):
    """Quoted line ends, CRLF, byte order marks, no last line end; in blocks and pieces of any size."""
    if way == "sizes added up":
        monkeypatch.setattr(exact_text, "_LARGE", 0)
    rng = random.Random(FILES)  # noqa: S311
    for number in range(FILES):
        content = a_file(rng)
        block, piece = rng.choice(SIZES), rng.choice(SIZES)
        if len(content) / min(block, piece) > 5_000:
            block, piece = 1000, 1000
        assert cells_of(content, block, piece) == expected(content), (number, block, piece, content[:500])


@given(
    st.text(st.sampled_from('ab,,""""\n\n\r')).map(str.encode),
    st.sampled_from(SIZES[:5]),
    st.sampled_from(SIZES[:5]),
)
@settings(max_examples=FILES * 2, deadline=None)
def test_any_bytes_are_what_python_reads_or_are_refused(content, block, piece):
    """There is no third outcome. Python accepts more: quotes and carriage returns in bare cells."""
    content = b"a,b\n" + content
    try:
        rows = cells_of(content, block, piece)
    except DamagedFileError:
        return
    assert rows == expected(content)


@given(st.data())
@settings(max_examples=FILES // 2, deadline=None)
def test_the_line_of_a_damage_does_not_depend_on_the_pieces(data):
    """A stray quote turns inside out what comes after it, but not what came before."""
    rng = random.Random(data.draw(st.integers(0, 10**6)))  # noqa: S311
    content = a_file(rng)
    position = data.draw(st.integers(0, len(content)))
    damaged = (
        content[:position] + data.draw(st.sampled_from([b'"', b",", b"\n", b""])) + content[position + 1 :]
    )
    assume(damaged.count(b"\n") < 200)
    whole = strict_line(damaged, 1 << 23)
    assert strict_line(damaged, data.draw(st.sampled_from(SIZES[:5]))) == whole


def strict_line(content: bytes, size: int) -> int | None:
    """The line on which a strict reader finds an error, or None; pieces are read as long as all are right."""
    line, width = 1, None
    for piece in cut(content, size, size):
        try:
            for record in records(Piece(piece.content, piece.name, line)):
                width = width or len(record.cells)
                if len(record.cells) != width:
                    return record.line
        except DamagedFileError as damage:
            return damage.line
        line += piece.content.count(b"\n")
    return None


def test_pieces_are_the_file_and_about_as_large_as_asked():
    """Nothing is lost or doubled between two of them, and each is worth its calls."""
    content = b'"a","b"\n' + b'"1","x ""y""\n z"\n' * 1000
    found = cut(content, 100, 1000)
    assert b"".join(piece.content for piece in found) == content
    assert all(900 < len(piece.content) < 1100 for piece in found[:-1])


@pytest.mark.parametrize("last", ["", "x"], ids=["the last column is empty", "it is not"])
def test_a_cut_needs_no_quotes_at_the_end_of_a_line(last):
    """Then all quotes are counted: a line end inside a cell looks like any other."""
    content = "a,b\n" + f'"x\ny\n",{last}\n' * 1000
    found = cut(content.encode(), 64, 100)
    assert len(found) > 50
    assert all(piece.content.endswith(f'\n",{last}\n'.encode()) for piece in found[1:])


def test_a_quote_that_is_never_closed_is_found_in_bounded_memory(monkeypatch):
    """The rest of the file would be one cell."""
    monkeypatch.setattr(pieces, "_LONGEST_RECORD", 10_000)
    blocks = iter([b'a,b\n"1","2"\n"3","', *[b"x\n" * 500] * 1000])
    first, *_ = found = list(pieces.pieces(blocks, "the file", size=100))
    assert max(len(piece.content) for piece in found) < 12_000
    assert first.content.startswith(b"a,b\n")
