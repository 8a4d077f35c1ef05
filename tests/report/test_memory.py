"""A frame that may not fit into memory is warned of before it is read."""

import subprocess
import sys
import warnings

import polars as pl
import pytest

from stripe_reports.report import memory
from stripe_reports.report.report import LargeFrameWarning


@pytest.fixture
def report(client):
    return client.fetch("balance_change_from_activity.itemized.3", "2026-10")


def test_a_frame_too_large_for_the_memory_left_is_warned_of_with_its_size(report, monkeypatch):
    """The kernel would be killed without a word. This says how large, and what to do."""
    monkeypatch.setattr(memory, "available", lambda: 1_000)
    monkeypatch.setattr(memory, "size_of", lambda _: 12_300_000_000)
    with pytest.warns(
        LargeFrameWarning, match=r"12\.3 GB in memory.*24\.6 GB.*1\.0 kB are left.*scan\(\)"
    ) as caught:
        frame = report.frame()
    assert frame.height == report.scan().select(pl.len()).collect().item()
    assert [warning.filename for warning in caught] == [__file__]


def test_reading_lazily_warns_of_nothing(report, monkeypatch):
    """That is what the warning advises."""
    monkeypatch.setattr(memory, "available", lambda: 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report.scan().select("net").collect()


@pytest.mark.parametrize("left", [None, 10**15])
def test_a_frame_that_fits_or_a_system_that_does_not_tell_gives_no_warning(report, monkeypatch, left):
    """A warning that comes every time is read by nobody."""
    monkeypatch.setattr(memory, "available", lambda: left)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert report.frame().height > 0


def test_the_size_in_memory_is_known_without_reading_the_rows(tmp_path):
    """Nearly, for rows that compress well as for those that do not."""
    rows = pl.select(number=pl.int_range(1_500_000)).with_columns(
        text=pl.format("a longer text, number {}", pl.col("number").hash()),
        same=pl.lit("the same text everywhere"),
    )
    rows.write_parquet(tmp_path / "rows.parquet", row_group_size=100_000)
    assert memory.size_of(tmp_path / "rows.parquet") == pytest.approx(
        pl.read_parquet(tmp_path / "rows.parquet").estimated_size(), rel=0.2
    )


_STORED = """
import os, sys, polars
from pathlib import Path
from stripe_reports import catalog, parsing
before = dict(os.environ)
type_ = catalog.get("balance_change_from_activity.itemized.3")
with open(sys.argv[1], "rb") as csv:
    written = parsing.write_parquet(
        parsing.file_blocks(csv), Path(sys.argv[2]), name="", report_type=type_, timezone="Europe/Paris"
    )
print(written.rows)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
print(len(dict(os.environ).items() ^ before.items()))
"""
"""Prints the rows, the largest resident set in kB, and how many variables of the environment were changed."""


def _stored(csv):
    command = [sys.executable, "-c", _STORED, str(csv), str(csv.with_suffix(".parquet"))]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    rows, peak, changed = map(int, ran.stdout.split())
    return rows, peak * 1024, changed


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_storing_a_report_takes_no_more_memory_the_larger_it_is(tmp_path):
    """polars parses blocks of up to 32 MiB: beyond some 250 MB, the rest of a file waits on disk."""
    header = b"balance_transaction_id,created_utc,created,currency,gross,fee,net,description\n"
    row = b'"txn_%024d","2026-10-01 22:15:07","2026-10-02 00:15:07","eur","1200.10","35.10","1165.00","%s"\n'
    block = b"".join(row % (number, b"x" * 300) for number in range(2_500))  # 1 MB
    peaks = []
    for blocks in (250, 500):
        csv = tmp_path / f"{blocks}.csv"
        with csv.open("wb") as file:
            file.write(header)
            file.writelines(block for _ in range(blocks))
        rows, peak, _ = _stored(csv)
        assert rows == 2_500 * blocks
        peaks.append(peak)
        csv.unlink()
    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_reading_leaves_the_environment_as_it_was(tmp_path):
    """A variable of polars would stay, for its user's own scans and for every child process."""
    csv = tmp_path / "small.csv"
    csv.write_bytes(b"balance_transaction_id,currency,net\ntxn_1,eur,1.00\n")
    assert _stored(csv)[2] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of control groups are Linux's")
def test_a_container_has_no_more_memory_than_it_may_take(tmp_path, monkeypatch):
    """On Binder the machine has plenty, and the notebook 2 GB."""
    (tmp_path / "memory.max").write_text("2000000\n")
    (tmp_path / "memory.current").write_text("500000\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    assert memory.available() == 1_500_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available() > 1_500_000


def test_asking_for_the_memory_left_needs_no_library_on_linux():
    """psutil comes with notebooks, and is not asked for in scripts."""
    code = (
        "import sys; from stripe_reports.report import memory; "
        "memory.available(); print('psutil' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == ("False" if sys.platform == "linux" else "True")
