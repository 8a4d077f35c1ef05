"""A result is typed while it is downloaded: what is damaged on the way is refused, and nothing is stored."""

from __future__ import annotations

import csv
import gzip
import io
import os
import random
import re
import threading
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from werkzeug.wrappers import Response

import stripe_reports as sr
from clocks import TestClock
from stripe_reports.errors import DamagedFileError, NotAReportError
from stripe_reports.http import body
from stripe_reports.http.files import DOWNLOAD_ATTEMPTS, Files
from stripe_reports.http.transport import Transport
from stripe_reports.parsing import tables
from stripe_reports.runs.convert import convert
from stripe_reports.simulator import Fault
from stripe_reports.storage import arriving

DAMAGES = int(os.environ.get("STREAMED_DAMAGES", "40"))
ROWS = [
    f'"txn_{n:03}","2026-10-24 23:{n // 2:02}:07","eur","{n}.25","say ""{n}"", or\nmore"' for n in range(90)
]
HEADER = '"balance_transaction_id","created_utc","currency","net","description"'
CSV = "\n".join([HEADER, *ROWS, ""]).encode()


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    """A small file is a large one, in many blocks and pieces."""
    monkeypatch.setattr(arriving, "_SMALL", 300)
    monkeypatch.setattr(arriving, "_MOST_WAITING", 500)
    monkeypatch.setattr(tables, "_PIECE_SIZE", 700)
    monkeypatch.setattr(tables, "_PIECE_SIZE_OF_FRAME", 700)
    monkeypatch.setattr(body, "BLOCK", 100)


@pytest.fixture
def read(client, simulator):
    """Reads a run whose result comes as these bytes, one after the other, of the size that Stripe says."""
    run = client.wait(client.launch(client.request("balance_change_from_activity.itemized.3", "2026-10")))

    def read(*contents, says=None):
        simulator.faults[:] = [Fault("GET /v1/files/*", status=200, body=each) for each in contents]
        client.cache.clear()
        return client.read(replace(run, result=replace(run.result, size=says or len(contents[-1]))))

    return read


@pytest.fixture
def stored(tmp_path):
    return lambda: [path for path in (tmp_path / "cache").rglob("*") if "parquet" in path.name]


def test_a_streamed_result_is_that_of_a_file_on_disk(read):
    """There is one way to read."""
    expected = sr.read_csv(CSV, report_type="balance_change_from_activity.itemized.3")
    assert_frame_equal(read(CSV), expected)


def test_a_packed_result_is_unpacked_first(read):
    """Its beginning is not that of a report."""
    assert read(gzip.compress(CSV), says=len(CSV)).height == 90


def damaged(rng):
    """A file with a damage anywhere, and the line on which the damaged row begins."""
    line = rng.randrange(90)
    kind = rng.choice(["short", "stray quote", "long", "no number", "no quote", "truncated"])
    row = ROWS[line]
    changed = {
        "short": row.partition(",")[2],
        "long": row + ',"x"',
        "stray quote": row.replace('"eur"', '"e"ur"'),
        "no quote": row.replace('"txn', "txn", 1),
        "no number": row.replace(".25", ".2,5"),
        "truncated": row[: rng.randrange(1, len(row) - 6)],
    }[kind]
    rows = ROWS[:line] + [changed] + ([] if kind == "truncated" else ROWS[line + 1 :])
    return "\n".join([HEADER, *rows, ""]).encode(), 2 + 2 * line


@pytest.mark.parametrize("seed", range(DAMAGES))
def test_damage_is_refused_with_its_line_and_a_retry_gives_the_rows(seed, read, stored, tmp_path):
    """Pieces before it were already written; nothing of them is a result. The file is kept for a person."""
    content, line = damaged(random.Random(seed))  # noqa: S311
    with pytest.raises(sr.errors.DamagedFileError) as caught:
        read(content)
    assert caught.value.line == line
    assert stored() == []
    (kept,) = (tmp_path / "cache").glob("*/damaged/*.csv")
    assert kept.read_bytes() == content
    assert read(CSV)["net"].sum() == sr.read_csv(CSV)["net"].sum()
    assert [thread for thread in threading.enumerate() if "reader" in thread.name] == []


@pytest.mark.parametrize(
    "change", [lambda csv: csv[:-500], lambda csv: csv + csv[-50:]], ids=["short", "long"]
)
def test_a_body_of_another_length_is_no_result(change, read, stored):
    """Whole rows may be missing. The next attempt is read from the start."""
    with pytest.raises(sr.errors.DamagedFileError, match="should have"):
        read(*[change(CSV)] * DOWNLOAD_ATTEMPTS, says=len(CSV))
    assert stored() == []
    assert read(change(CSV), CSV).height == 90


def rows_by_python(content):
    """The number of rows that Python reads in a file; None if it is not whole."""
    try:
        header, *rows = csv.reader(io.StringIO(content.decode()), strict=True)
    except csv.Error:
        return None
    return len(rows) if all(header) and all(len(row) == len(header) for row in rows) else None


@pytest.mark.slow
class TestEveryByte:
    """A small body, damaged at each of its bytes, from the connection to the Parquet file."""

    BODY = "\n".join([HEADER, *ROWS[:3], ""]).encode()
    ENDS = [len("\n".join([HEADER, *ROWS[:count]])) for count in range(4)]
    """The end of each record, without its line break; the first is that of the header."""

    @pytest.fixture
    def stream(self, client, simulator, tmp_path, monkeypatch):
        """Reads a body that is sent, of the size that Stripe says; returns its rows if it is stored."""
        monkeypatch.setattr(tables, "_PIECE_SIZE", 90)
        monkeypatch.setattr(tables, "_PIECE_SIZE_OF_FRAME", 90)
        monkeypatch.setattr(arriving, "_SMALL", 60)
        monkeypatch.setattr(body, "BLOCK", 40)
        report = client.fetch("balance_change_from_activity.itemized.3", "2026-10")
        transport = Transport(
            client.settings,
            application=lambda environ, start: Response(sent[0])(environ, start),
            clock=TestClock(simulator.clock),
        )
        files, sent = Files(transport), [b""]

        def stream(content, says=None):
            sent[0] = content
            file = replace(report.run.result, size=len(content) if says is None else says)
            folder = tmp_path / "stream"
            folder.mkdir(exist_ok=True)
            (folder / "result.parquet").unlink(missing_ok=True)
            try:
                convert(
                    replace(report.run, result=file),
                    report.request,
                    folder,
                    files=files,
                    max_bytes=10**6,
                    describe=lambda *_: report.provenance,
                    keep_damaged=lambda path: path,
                )
            finally:
                found = [path for path in folder.iterdir() if path.name != "received"]
            (stored,) = found
            return pl.read_parquet(stored)

        def refused(content, says=None):
            with pytest.raises((DamagedFileError, NotAReportError)) as caught:
                stream(content, says)
            assert not [path for path in (tmp_path / "stream").iterdir() if path.name != "received"]
            return caught.value

        stream.refused = refused
        yield stream
        transport.close()

    def check_retry(self, stream):
        """The next attempt gives the right rows."""
        expected = sr.read_csv(self.BODY, report_type="balance_change_from_activity.itemized.3")
        assert_frame_equal(stream(self.BODY), expected)

    def line_of(self, position):
        """The line on which the record begins that has this byte."""
        return 2 * bisect_left(self.ENDS, position) or 1

    @pytest.mark.parametrize(
        "damage",
        [
            pytest.param(lambda csv, at: csv[:at] + b'"' + csv[at:], id="stray quote"),
            pytest.param(lambda csv, at: csv[:at] + b"\xff" + csv[at + 1 :], id="no text"),
        ],
    )
    def test_a_damaged_byte_is_refused_with_its_line(self, damage, stream):
        """Wherever it is. In the header, the file is no report of that type."""
        for at in range(len(self.BODY) - 1):
            error = stream.refused(damaged := damage(self.BODY, at))
            # A quote before a line break within a cell ends a row, and damages the one that follows.
            is_new_row = at not in self.ENDS and damaged[at : at + 2] == b'"\n'
            if at > self.ENDS[0]:
                assert (at, error.line) == (at, self.line_of(at) + is_new_row)
        self.check_retry(stream)

    def test_a_row_with_too_few_or_too_many_cells_is_refused_with_its_line(self, stream):
        """A comma between two cells is lost, or there is one more."""
        commas = [found.start() + 1 for found in re.finditer(rb'","', self.BODY)]
        assert len(commas) == 4 * 4
        for at in commas:
            for changed in (
                self.BODY[:at] + self.BODY[at + 1 :],
                self.BODY[:at] + b"," + self.BODY[at:],
            ):
                error = stream.refused(changed)
                if at > self.ENDS[0]:
                    assert (at, error.line) == (at, self.line_of(at))
        self.check_retry(stream)

    def test_a_truncated_body_is_refused_with_its_line(self, stream):
        """Even if Stripe says that size, unless what is left is a list of whole rows for Python too."""
        for at in range(1, len(self.BODY)):
            content = self.BODY[:at]
            if (rows := rows_by_python(content)) is not None:
                assert stream(content).height == rows
                continue
            error = stream.refused(content)
            if at > self.ENDS[0]:
                assert (at, error.line) == (at, self.line_of(at))
        self.check_retry(stream)

    def test_a_body_of_another_length_is_refused_wherever_it_ends(self, stream):
        """The rows that are missing, or too many, may be whole."""
        for at in range(1, len(self.BODY)):
            for content in (self.BODY[:at], self.BODY + self.BODY[-at:]):
                assert "should have" in str(stream.refused(content, says=len(self.BODY)))
        self.check_retry(stream)


@pytest.mark.parametrize("pieces", ["one", "many"])
def test_many_runs_at_once_are_parsed_by_as_many_threads_as_there_are_cores(
    client, simulator, monkeypatch, pieces
):
    """Whatever the number of runs and the size of their results: all share these threads."""
    if pieces == "one":
        monkeypatch.setattr(tables, "_PIECE_SIZE", len(CSV))
        monkeypatch.setattr(tables, "_PIECE_SIZE_OF_FRAME", len(CSV))
    request = client.request("balance_change_from_activity.itemized.3", "2026-10")
    runs = [client.wait(run) for run in [client.launch(request) for _ in range(20)]]
    runs = [replace(run, result=replace(run.result, size=len(CSV))) for run in runs]
    simulator.faults.append(Fault("GET /v1/files/*", status=200, body=CSV, times=99))
    busy, too_many, parse = set(), threading.Event(), tables.typed_rows

    def counted(piece, fields):
        busy.add(threading.get_ident())
        if len(busy) > os.cpu_count():
            too_many.set()
        try:
            too_many.wait(0.005)  # another thread could start meanwhile
            return parse(piece, fields)
        finally:
            busy.discard(threading.get_ident())

    monkeypatch.setattr(tables, "typed_rows", counted)
    with ThreadPoolExecutor(len(runs)) as pool:
        heights = list(pool.map(lambda run: client.read(run).height, runs))
    assert heights == [90] * len(runs)
    assert not too_many.is_set()
