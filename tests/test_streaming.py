"""A result is typed while it is downloaded: what is damaged on the way is refused, and nothing is stored."""

from __future__ import annotations

import gzip
import os
import random
import threading
from dataclasses import replace

import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from stripe_reports.http import body
from stripe_reports.http.files import DOWNLOAD_ATTEMPTS
from stripe_reports.parsing import tables
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
