"""The rules by which the bytes of a report become a typed frame, or an error."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import re
import warnings
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from typed_files import ACTIVITY, MONEY, NAIVE_TIME, PARIS, REPEATED, UTC_TIME, as_text, lines, the_damage

from places import SHARED
from stored_csv import write_parquet
from stripe_reports import catalog, parsing
from stripe_reports.errors import (
    DamagedFileError,
    FileError,
)
from stripe_reports.notices import UnknownReportTypeWarning
from stripe_reports.parsing import (
    AmbiguousTimeWarning,
    convert_csv,
    csv_strict,
    exact_text,
    read_csv,
    tables,
)
from stripe_reports.parsing.header import read_header
from stripe_reports.parsing.parquet import count_rows
from stripe_reports.parsing.pieces import Piece

SAMPLES = SHARED / "samples" / "csv"


# The form of the file


REPORT = lines(
    '"balance_transaction_id","currency","net","description"',
    '"txn_1","usd","1.00","plain"',
    '"txn_2","usd","2.00",',
    '"txn_3","usd","3.00","comma, quote "" and',
    'a second line"',
    '"txn_4","usd","4.00","last"',
)
DESCRIPTIONS = ["plain", None, 'comma, quote " and\na second line', "last"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(REPORT, id="as Stripe writes it"),
        pytest.param(b"\xef\xbb\xbf" + REPORT, id="byte order mark"),
        pytest.param(REPORT[:-1], id="no newline at the end"),
        pytest.param(
            REPORT.replace(b'""', b"\0")
            .replace(b'"', b"")
            .replace(b"comma", b'"comma')
            .replace(b"line", b'line"')
            .replace(b"\0", b'""'),
            id="quoted where needed",
        ),
        pytest.param(REPORT.replace(b'00",\n', b'00",""\n'), id="empty cells quoted"),
        pytest.param(REPORT.replace(b'"usd"', b"usd"), id="numbers and codes bare"),
    ],
)
def test_every_way_to_quote_gives_the_same_frame(content):
    """Files pass through other programs; only what they change in values matters."""
    frame = read_csv(content)
    assert frame["description"].to_list() == DESCRIPTIONS
    assert frame["net"].to_list() == [Decimal(n) for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("ending", [b"\r\n", b""])
def test_lines_may_end_as_on_windows(ending):
    """Carriage returns at the end of a line belong to it; inside a cell they are text."""
    content = REPORT.replace(b"\n", b"\r\n").removesuffix(b"\r\n") + ending
    assert read_csv(content)["description"].to_list() == [
        text and text.replace("\n", "\r\n") for text in DESCRIPTIONS
    ]


def test_carriage_returns_inside_cells_are_text():
    """Descriptions typed on Windows have them, whatever ends the lines of the report."""
    content = b'"currency","description"\n"usd","a\r\nb\r"\n"eur",\n'
    assert read_csv(content)["description"].to_list() == ["a\r\nb\r", None]


NAMES = ["*", "^.*$", "^currency$", "currency", "net", "description"]


@pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning")
@given(st.permutations(NAMES), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_a_column_may_have_any_name(tmp_path_factory, names, quoting):
    """polars takes some names for patterns; metadata keys are whatever their author wrote."""
    rows = [
        names,
        ["1.50" if name == "net" else f'{name}, "1"' for name in names],
        ["" if name in {"net", "*"} else f"{name} 2" for name in names],
    ]
    text, folder = io.StringIO(), tmp_path_factory.getbasetemp()
    csv.writer(text, quoting=quoting, lineterminator="\n").writerows(rows)
    content = text.getvalue().encode()
    frame = read_csv(content, report_type=ACTIVITY)
    assert frame.columns == names
    for name, first, second in zip(*rows, strict=True):
        expected = [Decimal("1.50"), None] if name == "net" else [first, second or None]
        assert frame[name].to_list() == expected
    (folder / "hostile.csv").write_bytes(content)
    write_parquet(
        folder / "hostile.csv", folder / "hostile.parquet", report_type=catalog.get(ACTIVITY), timezone=None
    )
    assert_frame_equal(pl.read_parquet(folder / "hostile.parquet", glob=False), frame)


@pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning")
def test_a_column_of_a_large_file_may_have_any_name():
    """Quotes inside the cells of such columns are counted, too."""
    rows = many_rows('say ""x"", or')
    rows[0] = rows[0].replace("description", "*").replace("currency", "^x$")
    frame = read_csv(lines(*rows), report_type=ACTIVITY, timezone="Europe/Paris")
    assert frame["*"][0] == 'say "x", or'
    assert set(frame["^x$"].to_list()) == {"usd"}


def test_a_single_column_may_have_empty_rows():
    """A line that is blank is a row whose only cell is empty."""
    assert read_csv(b"currency\nusd\n\neur\n")["currency"].to_list() == ["usd", None, "eur"]
    assert read_csv(b'"currency"\n"usd"\n\n')["currency"].to_list() == ["usd", None]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
TEXTS = st.one_of(TEXT, st.text(st.sampled_from('a,"\r\n \ufeff'), max_size=6))


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(TEXTS, min_size=width, max_size=width), min_size=1)
    ),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=150, deadline=None)
def test_every_text_survives_however_it_is_quoted(tmp_path_factory, rows, quoting, line_end):
    """Quotes, commas, line breaks and blanks in cells are data."""
    # Python leaves a carriage return bare, where it would end a line.
    assume(quoting == csv.QUOTE_ALL or not any("\r" in cell for row in rows for cell in row))
    file = io.StringIO()
    writer = csv.writer(file, quoting=quoting, lineterminator=line_end)
    writer.writerow([f"c{i}" for i in range(len(rows[0]))])
    writer.writerows(rows)
    frame = as_text(file.getvalue().encode(), tmp_path_factory.getbasetemp())
    assert frame.rows() == [tuple(cell or None for cell in row) for row in rows]


@pytest.mark.parametrize("way", ["written again", "added up"])
@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        pytest.param(b"a,b,c\n1,2,3\n1,2\n", 3, "c", id="short row"),
        pytest.param(b"a,b,c\n1,2\n1,2,3\n", 2, "c", id="first row short"),
        pytest.param(
            b'"a","b","c"\n"1","2","3"\n"1","2"\n"1","2",\n', 3, "c", id="short row among empty cells"
        ),
        pytest.param(b'"a","b","c"\n"1","""",\n"1","2"\n', 3, "c", id="quotes in a cell hide no short row"),
        pytest.param(b'"a","b","c"\n"1","2","3"\n"1","2"\r\n', 3, "c", id="short row that ends otherwise"),
        pytest.param(b'"a","b","c"\n"1","",""\n"1"\n', 3, "b", id="short row after empty quotes"),
        pytest.param(b"a,b,c\n1,2,3\n1,2,3,4\n", 3, "c", id="long row"),
        pytest.param(b"a,b,c\n1,2,3,\n", 2, "c", id="comma too many"),
        pytest.param(b"a,b,c\n1,2,3\n\n1,2,3\n", 3, "b", id="blank line"),
        pytest.param(b"a,b,c\n1,2,3\n\n", 3, "b", id="blank line at the end"),
        pytest.param(
            *(b'"a","b","c"\n"1","2","3"\n"1","2"\r\n"1","2","\r"\n', 3, "c"),
            id="short row that ends otherwise, before a carriage return in a cell",
        ),
        pytest.param(
            *(b'"a","b","c"\n"1","2","\r"\n"1","2"\r\n', 3, "c"),
            id="short row that ends otherwise, after a carriage return in a cell",
        ),
        pytest.param(b'a,b,c\n1,2,3\n1,"2,3\n', 3, None, id="quote never closed"),
        pytest.param(b'a,b,c\n1,2,3\n1,"2', 3, None, id="cut inside a cell"),
        pytest.param(b'a,b,c\n1,2,3\n1,"2"', 3, "c", id="cut between cells"),
        pytest.param(b'a,b,c\n1,"say "hi" x",3\n', 2, "b", id="quotes not doubled"),
        pytest.param(b'a,b,c\n1,"2"x"3",3\n', 2, "b", id="text between quotes"),
        pytest.param(b'a,b,c\n1,a"b"c,3\n', 2, "b", id="quotes in a bare cell"),
        pytest.param(b'a,b,c\n1, "2",3\n', 2, "b", id="blank before a quote"),
        pytest.param(b"a,b,c\n1\r,2,3\n", 2, "a", id="carriage return in a bare cell"),
        pytest.param(b"a,b,c\n1,2,3\n1,\0,3\n", 3, "b", id="NUL"),
        pytest.param(b"a,b,c\n1,2,3\n" + b"\0" * 512, 3, "a", id="NULs at the end"),
        pytest.param(b"a,b,c\n1,2,3\n1,\xff,3\n", 3, "b", id="not UTF-8"),
        pytest.param(b'a,b,c\n1,"x\ny\n\nz",3\n1,2\n', 6, "c", id="after a cell of four lines"),
        pytest.param(b"\xef\xbb\xbfa,b,c\r\n1,2,3\r\n1,2\r\n", 3, "c", id="short row, Windows"),
        pytest.param(b"a,b,a\n1,2,3\n", 1, "a", id="column twice"),
        pytest.param(b"a,,c\n1,2,3\n", 1, None, id="column without name"),
        pytest.param(b'a,"b\n', 1, None, id="header cut"),
        pytest.param(b"a,\xff\n", 1, None, id="header not UTF-8"),
        pytest.param(b"\na,b\n1,2\n", 1, None, id="header missing"),
        pytest.param(b"", None, None, id="empty file"),
        pytest.param(b"\xef\xbb\xbf\r\n", None, None, id="only a byte order mark"),
    ],
)
def test_damage_is_an_error_that_names_its_place(tmp_path, content, line, column, way, monkeypatch):
    """polars reads most of these without a word: short rows as nulls, stray quotes dropped."""
    if way == "added up":
        monkeypatch.setattr(exact_text, "_LARGE", 0)
    with pytest.raises(DamagedFileError) as caught:
        as_text(content, tmp_path)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.path == str(tmp_path / "report.csv")
    assert "Download the report again" in str(caught.value)
    assert not (tmp_path / "report.parquet").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b,c\n1\n", "the row has 1 cell for 3 columns, so it is too short: the file is truncated"),
        (b"a,b,c\n1,2\n", "the row has 2 cells for 3 columns, so it is too short"),
        (b"a,b\n1,2,3\n", "the row has 3 cells for 2 columns, so it is too long."),
        (b"a,b\n\n", "the line is blank."),
        (b'a,b\n1,"2\n', "a quote in the row that begins here is never closed; the file is truncated"),
        (b'a,b\n1,"2"3\n', "a quote or line break is misplaced; quotes inside a cell must be doubled."),
        (b"a,b\n1,\0\n", "there is a NUL byte."),
        (b"a,b\n1,caf\xe9\n", r"there is a byte that is not UTF-8 ('caf\udce9')."),
        (b"a,b,a\n", "this column occurs twice."),
        (b"a, ,c\n", "column 2 of 3 has no name."),
        (b"\r\n", "the file is empty; even a report without rows has a header."),
    ],
)
def test_damage_says_what_is_wrong(tmp_path, content, said):
    """Who looks at that line must know what to look for."""
    with pytest.raises(DamagedFileError, match=rf": {re.escape(said)}"):
        as_text(content, tmp_path)


@pytest.mark.parametrize(
    ("size", "columns", "is_taken"),
    [(1 << 20, 3, True), ((1 << 20) + 1, 3, False), (60_000, 10_000, True), (60_000, 10_001, False)],
)
def test_a_header_larger_than_any_reports_is_refused(size, columns, is_taken):
    """One line of another file may be as large as its memory."""
    names = [f"c{number}" for number in range(columns - 1)]
    line = ",".join([*names, ""])
    names.append("x" * (size - len(line) - 1))
    content = f"{line}{names[-1]}\n".encode()
    assert len(content) == size
    if is_taken:
        assert read_header(Piece(content, "f.csv")).names == names
    else:
        with pytest.raises(DamagedFileError, match=rf"has {size:,} bytes and {columns:,} columns") as caught:
            read_header(Piece(content, "f.csv"))
        assert caught.value.line == 1


def rows_by_the_standard_library(content: bytes) -> list[tuple[str | None, ...]] | None:
    """What Python's own reader makes of the file, or None if it finds fault with it."""
    try:
        text = io.StringIO(content.decode("utf-8-sig"), newline="")
        header, *rows = csv.reader(text, strict=True)
    except (ValueError, csv.Error):
        return None
    rows = [row or [""] for row in rows]
    if len(set(header)) < len(header) or any(len(row) != len(header) for row in rows):
        return None
    return [tuple(cell or None for cell in row) for row in rows]


SMALL = b'"a","b","c"\n"1","two",\n"3","say ""four""",\n,"5, 6",\n"7","8","9"\n'


@given(
    st.integers(0, len(SMALL)),
    st.integers(0, 4),
    st.text(st.sampled_from('",\n\r\0x'), max_size=3).map(str.encode) | st.binary(max_size=2),
    st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_a_changed_file_is_an_error_or_what_python_reads(tmp_path_factory, position, deleted, inserted, cut):
    """Whatever bytes are lost, added or exchanged, no frame differs from what is written."""
    rest = b"" if cut else SMALL[position + deleted :]
    content = SMALL[:position] + inserted + rest
    try:
        frame = as_text(content, tmp_path_factory.getbasetemp())
    except FileError:
        return
    assert frame.rows() == rows_by_the_standard_library(content)


def many_rows(last: str) -> list[str]:
    """More than a megabyte, whose sizes are added up; every third row is empty at its end."""
    names = '"balance_transaction_id","created_utc","created","currency","net","description"'
    time = '"2026-10-24 23:30:00","2026-10-25 01:30:00"'
    return [
        names,
        *(f'"txn_{n:024}",{time},"usd","{n}.25",' + (f'"{last}"' if n % 3 else "") for n in range(1, 20_001)),
    ]


def rewritten(rows: list[str], quoting: int, line_end: str) -> bytes:
    file = io.StringIO()
    csv.writer(file, quoting=quoting, lineterminator=line_end).writerows(csv.reader(rows))
    return file.getvalue().encode()


@pytest.mark.parametrize("last", ["x", 'say ""x"", or', "a, b"])
@pytest.mark.parametrize(
    "rewrite",
    [
        pytest.param(lambda rows: lines(*rows), id="as Stripe writes it"),
        pytest.param(lambda rows: lines(*rows).replace(b"\n", b"\r\n"), id="Windows"),
        pytest.param(lambda rows: rewritten(rows, csv.QUOTE_MINIMAL, "\n"), id="quoted where needed"),
        pytest.param(lambda rows: rewritten(rows, csv.QUOTE_ALL, "\r\n"), id="all quoted"),
        pytest.param(lambda rows: lines(*rows).replace(b'"usd"', b"usd"), id="some bare"),
    ],
)
def test_a_large_file_is_read_exactly_in_order(last, rewrite):
    """polars reads a large piece in parallel blocks, and it is neither written again nor read strictly."""
    frame = read_csv(rewrite(many_rows(last)), report_type=ACTIVITY, timezone="Europe/Paris")
    assert frame["net"].to_list() == [Decimal(n) + Decimal("0.25") for n in range(1, 20_001)]
    assert frame["description"].to_list() == [
        last.replace('""', '"') if n % 3 else None for n in range(1, 20_001)
    ]


def refused(*_):
    raise AssertionError("this way is too slow")


@pytest.mark.parametrize("last", ["x", 'say ""x"", or', "a, b", "typed\r\non Windows"])
def test_a_large_piece_as_stripe_writes_it_is_only_added_up(last, monkeypatch):
    """To write it again takes as long as to read it, and to read it strictly a hundred times longer."""
    monkeypatch.setattr(exact_text, "rows", refused)
    monkeypatch.setattr(exact_text, "_is_written_alike", refused)
    frame = read_csv(lines(*many_rows(last)), report_type=ACTIVITY, timezone="Europe/Paris")
    assert frame.height == 20_000


@pytest.mark.parametrize(
    "rewrite",
    [
        pytest.param(lambda text: text, id="as Stripe writes it"),
        pytest.param(lambda text: text.replace(b"\n", b"\r\n"), id="Windows"),
        pytest.param(lambda text: text.replace(b'00",\n', b'00",""\n'), id="all quoted"),
        pytest.param(
            lambda text: rewritten(text.decode().splitlines(keepends=True), csv.QUOTE_MINIMAL, "\r\n"),
            id="quoted where needed, Windows",
        ),
    ],
)
def test_a_small_piece_in_a_usual_style_is_not_read_strictly(rewrite, monkeypatch):
    """Most results are small, and many of them are read for a year of connected accounts."""
    monkeypatch.setattr(exact_text, "rows", refused)
    assert read_csv(rewrite(REPORT))["net"].to_list() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("damaged", "column"),
    [
        pytest.param(lambda row: row.rpartition(",")[0], "description", id="short"),
        pytest.param(lambda row: row + ",", "description", id="long"),
        pytest.param(lambda row: "", "created_utc", id="blank"),
        pytest.param(lambda row: row + '"a "b" c"', "description", id="stray quotes"),
        pytest.param(lambda row: row.replace('"usd"', '"u"s"d"'), "currency", id="lost quotes"),
        pytest.param(lambda row: row + '"\0"', "description", id="NUL"),
        pytest.param(lambda row: row.replace(".25", ".2500001"), "net", id="a seventh decimal"),
        pytest.param(lambda row: row.replace(".25", "e1"), "net", id="an exponent"),
        pytest.param(lambda row: row.replace("23:30:00", "23:30:60"), "created_utc", id="not a time"),
        pytest.param(lambda row: row.replace("01:30:00", ""), "created", id="not a local time"),
        pytest.param(lambda row: row.replace('"2026-10-25 01:30:00"', ""), "created", id="no local time"),
    ],
)
@pytest.mark.parametrize("last", ["x", 'say ""x"", or'])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_one_damaged_row_among_many_is_found(damaged, column, last, line_end):
    """The sums over a large piece reveal a single byte too few or too many."""
    rows = many_rows(last)
    rows[15_000] = damaged(rows[15_000])
    content = line_end.join([*rows, ""]).encode()
    damage = the_damage(content, report_type=ACTIVITY, timezone="Europe/Paris")
    assert (damage.line, damage.column) == (15_001, column)


@pytest.mark.parametrize(
    ("damages", "column"),
    [
        pytest.param([lambda row: row.replace('.25"', '"."25"').rpartition(",")[0]], "net", id="in one row"),
        pytest.param(
            [lambda row: row.replace('"x"', '"x"y"z"'), lambda row: row.rpartition(",")[0]],
            "description",
            id="quotes too many, a cell too few",
        ),
        pytest.param(
            [lambda row: row.replace('"usd"', '"u"s"d"'), lambda row: row.replace('"usd"', "usd")],
            "currency",
            id="quotes in another place",
        ),
        pytest.param([lambda row: row.replace('"usd"', "usd\r")], "currency", id="a carriage return"),
    ],
)
def test_damages_of_a_large_file_do_not_make_up_for_each_other(damages, column):
    """Their sizes add up to that of the file: the sums alone would prove it."""
    rows = many_rows("x")
    for number, damaged in enumerate(damages, 15_001):
        rows[number] = damaged(rows[number])
    damage = the_damage(lines(*rows), report_type=ACTIVITY, timezone="Europe/Paris")
    assert (damage.line, damage.column) == (15_002, column)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_piece_whose_sizes_add_up_is_what_is_read_strictly(data):
    """With any damages at once, also where quotes are looked at in several goes."""
    cells = st.sampled_from(['"x"', "", '"a""b"', '"a,b"', '"a\r\nb"', '"a"b"c"', "x", '","'])
    table = data.draw(st.lists(st.tuples(cells, cells), min_size=1, max_size=4), "rows")
    content = "".join(f"{','.join(row)}\n" for row in table).encode()
    for _ in range(data.draw(st.integers(0, 3), "damages")):
        place, deleted = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 2))
        added = data.draw(st.sampled_from([b"", b'"', b'""', b",", b"\r", b"\n", b'","', b"x"]))
        content = content[:place] + added + content[place + deleted :]
    piece = Piece(content.removesuffix(b"\n") + b"\n", "the file")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact_text, "_LARGE", 0)
        patch.setattr(exact_text, "_PART", data.draw(st.integers(0, 9), "looked at in one go"))
        patch.setattr(exact_text, "_is_written_alike", lambda *_: False)
        found = outcome(lambda: exact_text.exact_text(piece, ["a", "b"])[0].rows())
    expected = outcome(
        lambda: [tuple(cell or None for cell in row.cells) for row in csv_strict.rows(piece, "ab")]
    )
    assert found == expected


def outcome(read):
    """What was read, or the error."""
    try:
        return read()
    except DamagedFileError as error:
        return str(error)


def test_the_line_of_a_damage_counts_all_lines_of_the_large_pieces_before_it(monkeypatch):
    """Also those within cells, which are counted while the sizes are added up."""
    monkeypatch.setattr(tables, "_PIECE_SIZE_OF_FRAME", 2 * exact_text._LARGE)
    rows = many_rows("two\nlines")
    rows[15_000] = rows[15_000].replace(".25", ".x")
    content = lines(*rows)
    damage = the_damage(content, report_type=ACTIVITY, timezone="Europe/Paris")
    assert (damage.line, damage.column) == (1 + content[: content.index(b".x")].count(b"\n"), "net")


@pytest.mark.parametrize("earlier", ["", 'the ""first""'])
def test_quotes_that_come_late_or_in_another_column_are_text(earlier):
    """Nothing is assumed of a column from its first rows."""
    rows = many_rows("x")
    rows[1] = rows[1].replace('"x"', f'"{earlier}x"')
    rows[15_000] = rows[15_000].replace('"txn_', '"""txn_')
    rows[15_001] = rows[15_001].replace('"x"', '"say ""x"""')
    frame = read_csv(lines(*rows), report_type=ACTIVITY, timezone="Europe/Paris")
    assert frame["balance_transaction_id"][14_999].startswith('"txn_')
    assert frame["description"][15_000] == 'say "x"'
    rows[17_000] = rows[17_000].removesuffix('"x"').removesuffix(",")
    damage = the_damage(lines(*rows), report_type=ACTIVITY, timezone="Europe/Paris")
    assert (damage.line, damage.column) == (17_001, "description")


def test_line_ends_may_be_mixed():
    """Rows that another program appended are rows."""
    rows = many_rows("x")
    rows[15_000] += "\r"
    assert read_csv(lines(*rows), report_type=ACTIVITY).height == 20_000


def test_a_wrong_zone_is_found_in_a_large_file():
    """There, local times are compared with their twins in a sample of the rows."""
    damage = the_damage(lines(*many_rows("x")), report_type=ACTIVITY, timezone="Europe/London")
    assert (damage.line, damage.column) == (2, "created")
    assert "another timezone" in str(damage)


@given(
    st.integers(0, 40), st.integers(0, 30), st.text(st.sampled_from('",\n\r\0x'), max_size=3).map(str.encode)
)
@settings(max_examples=60, deadline=None)
def test_a_change_in_a_large_file_is_an_error_or_what_python_reads(position, deleted, inserted):
    """As for small files, which are written again."""
    content = lines(*many_rows('say ""x""')[:3000])
    middle = content.index(b"txn_", len(content) // 2) + position
    content = content[:middle] + inserted + content[middle + deleted :]
    try:
        frame = read_csv(content, report_type=ACTIVITY)
    except FileError:
        return
    texts = frame.select("balance_transaction_id", "currency", "description")
    expected = rows_by_the_standard_library(content)
    assert expected is not None
    assert texts.rows() == [(row[0], row[3], row[5]) for row in expected]


# Sources and Parquet


def test_a_file_may_be_a_path_bytes_or_a_binary_file(tmp_path):
    """Uploads in notebooks are bytes; names may hold what shells expand."""
    path = tmp_path / "report [1]*?.csv"
    path.write_bytes(REPORT)
    expected = read_csv(REPORT)
    with path.open("rb") as file:
        for source in (path, str(path), file, io.BytesIO(REPORT)):
            assert_frame_equal(read_csv(source), expected)


def test_a_file_in_text_mode_is_refused():
    """Its line ends may have been changed, and its bytes cannot be counted."""
    with pytest.raises(TypeError, match="binary mode"):
        read_csv(io.StringIO("currency\n"))


def test_a_missing_file_is_the_systems_error(tmp_path):
    """Python's own message is the clearest."""
    with pytest.raises(FileNotFoundError):
        read_csv(tmp_path / "nowhere.csv")


def test_a_parquet_file_holds_the_same_frame_and_what_it_is_about(tmp_path):
    """The store keeps results as Parquet, with their provenance inside."""
    source, parquet = tmp_path / "a.csv", tmp_path / "a.parquet"
    source.write_bytes(REPEATED)
    rows = write_parquet(
        source,
        parquet,
        report_type=catalog.get(ACTIVITY),
        timezone="Europe/Paris",
        metadata={"run": "frr_1"},
    )
    assert rows == 3
    assert_frame_equal(
        pl.read_parquet(parquet), read_csv(REPEATED, report_type=ACTIVITY, timezone="Europe/Paris")
    )
    assert pl.read_parquet_metadata(parquet)["run"] == "frr_1"


def test_a_downloaded_file_is_converted_as_it_is_read(tmp_path, monkeypatch):
    """With what identifies it: name, type, rows, size and hash of its bytes, in however many blocks."""
    monkeypatch.setattr(parsing, "_BLOCK", 50)
    source, parquet = tmp_path / "a.csv", tmp_path / "a.parquet"
    source.write_bytes(REPORT)
    text = {"net": pl.String}
    found = convert_csv(source, parquet, report_type=ACTIVITY, timezone=None, schema_overrides=text)
    assert_frame_equal(
        pl.read_parquet(parquet), read_csv(REPORT, report_type=ACTIVITY, schema_overrides=text)
    )
    assert (found.name, found.report_type.id, found.rows) == (str(source), ACTIVITY, 4)
    assert (found.size, found.sha256) == (len(REPORT), hashlib.sha256(REPORT).hexdigest())
    assert found.kinds_from == {}


def test_a_converted_file_warns_of_a_column_that_its_type_lacks(tmp_path):
    """As reading it does: the type of that column is a guess."""
    with pytest.warns(UnknownReportTypeWarning, match=rf"{ACTIVITY}.*brand_new"):
        found = convert_csv(
            REPORT.replace(b"description", b"brand_new"),
            tmp_path / "a.parquet",
            report_type=ACTIVITY,
            timezone=None,
            schema_overrides=None,
        )
    assert (found.name, found.kinds_from) == ("the file", {"unknown": ["brand_new"]})


def test_a_report_without_rows_becomes_a_parquet_file_too(tmp_path):
    """An empty month is a result, with types and provenance."""
    source, parquet = tmp_path / "a.csv", tmp_path / "a.parquet"
    source.write_bytes(b'"created","gross"\n')
    assert (
        write_parquet(
            source,
            parquet,
            report_type=catalog.get(ACTIVITY),
            timezone="Europe/Paris",
            metadata={"run": "frr_1"},
        )
        == 0
    )
    assert pl.read_parquet_schema(parquet) == {"created": PARIS, "gross": MONEY}
    assert pl.read_parquet_metadata(parquet)["run"] == "frr_1"


def test_the_rows_of_one_file_are_counted_whatever_its_name(tmp_path):
    """A name may look like a pattern, which others match."""
    for number, name in enumerate(["a[1].parquet", "a1.parquet", "*.parquet"]):
        pl.DataFrame({"x": range(number)}).write_parquet(tmp_path / name)
        assert count_rows(tmp_path / name) == number


def test_nothing_is_left_after_an_error(tmp_path):
    """Half a result must never look like one."""
    source, parquet = tmp_path / "a.csv", tmp_path / "a.parquet"
    source.write_bytes(REPORT + b'"txn_5","usd"\n')
    with pytest.raises(DamagedFileError):
        write_parquet(source, parquet, report_type=catalog.get(ACTIVITY), timezone=None)
    assert list(tmp_path.iterdir()) == [source]


def test_what_is_stored_inside_is_asked_for_only_if_the_file_is_whole(tmp_path):
    """It says where a result comes from, so the rows must be there."""
    asked = []
    for content in (REPORT, REPORT + b'"txn_5","usd"\n'):
        with contextlib.suppress(DamagedFileError):
            parsing.write_parquet(
                [content],
                tmp_path / "a.parquet",
                name="a",
                report_type=catalog.get(ACTIVITY),
                timezone=None,
                metadata=lambda kinds_from: asked.append(kinds_from) or {},
            )
    assert asked == [{}]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_full_disk_is_the_systems_error_and_no_damage(tmp_path, monkeypatch):
    """Downloading again would not help."""
    source, parquet = tmp_path / "a.csv", tmp_path / "a.parquet"
    source.write_bytes(REPORT)
    monkeypatch.setattr("uuid.uuid4", lambda: UUID(int=0))
    parquet.with_name(f"{parquet.name}.{UUID(int=0).hex}").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_parquet(source, parquet, report_type=None, timezone=None)


def test_parquet_is_written_with_the_same_warning(tmp_path):
    """A repeated hour is as ambiguous in a fetched report as in a downloaded one."""
    source = tmp_path / "a.csv"
    source.write_bytes(lines("created,currency", "2026-10-25 02:30:00,usd"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        write_parquet(
            source, tmp_path / "a.parquet", report_type=catalog.get(ACTIVITY), timezone="Europe/Paris"
        )
    assert [warning.category for warning in caught] == [AmbiguousTimeWarning]


# Genuine files


def types_of(names: str, dtype: pl.DataType) -> dict[str, pl.DataType]:
    return dict.fromkeys(names.split(), dtype)


SAMPLE_TYPES: list[tuple[str, int, Sequence[dict[str, pl.DataType]]]] = [
    (
        "balance_change_from_activity.itemized.csv",
        2,
        [
            types_of("created_utc available_on_utc", UTC_TIME),
            types_of("gross fee net", MONEY),
            types_of("balance_transaction_id currency reporting_category description", pl.String()),
        ],
    ),
    (
        "balance_change_from_activity.itemized.7.csv",
        2,
        [
            types_of("automatic_payout_effective_at available_on created", NAIVE_TIME),
            types_of("gross fee net", MONEY),
            types_of(
                "automatic_payout_id balance_transaction_id charge_id currency description "
                "payment_intent_id payment_metadata[external_identifier] payment_method_type card_brand "
                "card_country card_funding "
                "reporting_category source_id trace_id_status gateway_account",
                pl.String(),
            ),
        ],
    ),
    (
        "payout_reconciliation.by_id.itemized.4.csv",
        3,
        [
            types_of("automatic_payout_effective_at available_on created", NAIVE_TIME),
            types_of("gross fee net", MONEY),
            types_of(
                "automatic_payout_id balance_transaction_id charge_id currency description "
                "payment_intent_id payment_metadata[external_identifier] payment_method_type card_brand "
                "card_country card_funding "
                "reporting_category source_id trace_id_status gateway_account",
                pl.String(),
            ),
        ],
    ),
    (
        "connect_card_payments_fees.transaction_level.1.header-only.csv",
        0,
        [
            types_of("transfer_created fee_incurred_at", UTC_TIME),
            types_of("balance_transaction_created", NAIVE_TIME),
            types_of("card_present livemode", pl.Boolean()),
            types_of(
                "captured_amount card_scheme_fee interchange_fee non_transactional_card_scheme_fee "
                "discount_fee platform_application_fee total_amount",
                MONEY,
            ),
            types_of(
                "platform_id connected_account_id connected_account_name transfer_id balance_transaction_id "
                "automatic_payout_id charge_id captured_currency refund_id dispute_id card_brand bin "
                "issuing_bank card_funding card_country fee_category fee_currency",
                pl.String(),
            ),
        ],
    ),
]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the genuine files are not here")
@pytest.mark.parametrize(("name", "height", "types"), SAMPLE_TYPES, ids=[name for name, *_ in SAMPLE_TYPES])
@pytest.mark.filterwarnings("ignore:.*its kind is unknown. gateway_account:UserWarning")
def test_genuine_files_are_typed_column_by_column(name, height, types):
    """Nobody in this project wrote them."""
    frame = read_csv(SAMPLES / name)
    assert frame.height == height
    assert dict(frame.schema) == {column: dtype for group in types for column, dtype in group.items()}
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert frame.columns == header
    texts = [position for position, dtype in enumerate(frame.dtypes) if dtype == pl.String]
    assert [[row[i] for i in texts] for row in frame.rows()] == [
        [row[i] or None for i in texts] for row in rows
    ]


def test_rows_that_are_lost_on_the_way_are_noticed(tmp_path, monkeypatch):
    """A file with missing rows must not be taken for a month with little activity."""
    register = tables.register_io_source
    monkeypatch.setattr(tables, "register_io_source", lambda *a, **b: register(*a, **b).tail(1))
    source, parquet = tmp_path / "in.csv", tmp_path / "out"
    source.write_bytes(b"currency,net\nusd,1.00\nusd,2.00\n")
    with pytest.raises(OSError, match="wrote 1 of 2 rows"):
        write_parquet(source, parquet, report_type=None, timezone=None)
    assert list(tmp_path.iterdir()) == [source]
