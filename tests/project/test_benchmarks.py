"""The benchmarks work: each promise is in the table, all readers agree, and calls are as few as promised."""

import re
import subprocess
import sys

import pytest

from places import ROOT

pytestmark = pytest.mark.slow  # the tests share what takes long, so no list of tests is enough

PROMISED = (
    "`import stripe_reports`",
    "CSV to a typed, checked frame",
    "download and store, loopback",
    "peak memory of download and store",
    "download and store at 50 MB/s",
    "opening a stored result whole",
    "scanning a stored result for a week",
    "`fetch` of a closed interval, stored",
    "a run of T = 3–1000 s, nothing learned yet",
    "a run of T = 3–1000 s, known",
    "50 runs at once",
    "4 processes on one key",
    "a stored `fetch` among",
    "a new `fetch` among",
    "`cache.info()` of",
    "calls of `fetch_all`",
    "time of the same",
    "a compacted dataset",
    "a grid of",
    "form on the page",
    "chart specification",
)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """What the command writes for a few thousand rows, by the first words of each row."""
    target = tmp_path_factory.mktemp("benchmarks") / "RESULTS.md"
    command = [sys.executable, "-m", "tests.benchmarks", "--rows", "4000", "--runs", "1", "--longest", "1.5"]
    ran = subprocess.run(
        [*command, "--results", "200", "--to", target], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    text = target.read_text("utf-8")
    assert text in ran.stdout
    rows = [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {row[1]: row for row in rows[2:] if row[1].strip()}


@pytest.fixture(scope="module")
def promised(table):
    """The rows that have a limit."""
    return {what: row for what, row in table.items() if row[2].strip()}


def test_each_promise_is_in_the_table_with_its_limit_and_a_figure(promised):
    """A promise that is not measured is forgotten; if two readers disagreed, the command would fail."""
    assert len(promised) == len(PROMISED)
    for promise, (what, row) in zip(PROMISED, promised.items(), strict=True):
        assert what.startswith(promise)
        assert row[0] in {"met", "**missed**", ""}
        assert re.search(r"[≤≥<]|no HTTP call", row[2])
        assert re.search(r"\d", row[3])


@pytest.mark.parametrize("what", ["CSV to a frame", "download and store"])
def test_the_steps_of_reading_and_of_storing_add_up(table, what):
    """They show where the time goes beside polars."""
    for side in table[f"{what}, step by step"][3:5]:
        total, steps = re.search(r"([\d.]+) s of CPU: (.*)", side).groups()
        parts = [float(step.rpartition(" ")[2]) for step in steps.split(", ")]
        assert sum(parts) == pytest.approx(float(total), abs=0.01 * len(parts))


def test_a_stored_result_of_a_closed_interval_needs_no_connection(table):
    """Counted at the socket, in a process that has fetched nothing yet."""
    row = next(row for what, row in table.items() if what.startswith("`fetch`"))
    assert row[3].endswith(", 0 connections")


def test_a_run_is_polled_at_most_twelve_times_a_minute(table):
    """On the simulator's clock, so that the figure is the same on any machine."""
    for what in ("nothing learned yet", "known from an earlier run"):
        row = table[f"a run of T = 3–1000 s, {what}"]
        assert int(re.search(r"≤ (\d+) polls", row[3])[1]) <= 12


def test_the_stored_table_was_written_by_the_command():
    """The page of results links to it: with its date and the size of the machine, not the machine's name."""
    text = (ROOT / "tests/benchmarks/RESULTS.md").read_text("utf-8")
    assert re.search(r"^20\d\d-\d\d-\d\d, \d+ cores, \d+ GiB, ", text, re.MULTILINE)
    assert all(promise in text for promise in PROMISED)
