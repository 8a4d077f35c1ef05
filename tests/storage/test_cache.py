"""Stored results can be listed, explained and removed."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import polars as pl
import pytest

import stripe_reports as sr
from clocks import TestClock
from stripe_reports.demo_client import DemoClient
from stripe_reports.simulator import Fault, Simulator


def fetch_three(client):
    return [client.fetch("balance.summary", month) for month in ("2026-08", "2026-09", "2026-10")]


class TestInfo:
    def test_info_tells_each_stored_result_with_age_and_size(self, client):
        """One row for each result, newest first."""
        reports = fetch_three(client)
        info = client.cache.info()
        assert info["run"].to_list() == [report.run.id for report in reversed(reports)]
        assert info["report_type"].unique().to_list() == ["balance.summary.2"]
        assert info["size"].to_list() == [report.path.stat().st_size for report in reversed(reports)]
        assert info["reusable"].to_list() == [
            "while Stripe publishes nothing newer",
            *["always: the interval was closed"] * 2,
        ]
        assert eval(info["request"][0], {"sr": sr}) == reports[-1].request  # noqa: S307 - our own repr
        assert "3 results" in repr(client.cache)

    def test_a_result_of_revenue_recognition_is_never_reusable_forever(self, client):
        """A period of revenue recognition can be reopened at any time."""
        client.fetch("revenue_recognition.debit_credit_summary", "2026-08")
        assert client.cache.info()["reusable"].to_list() == ["while Stripe publishes nothing newer"]

    def test_info_of_an_empty_cache_has_all_columns(self, client):
        """It can be filtered like any other."""
        info = client.cache.info()
        assert info.height == 0
        assert info.schema["as_of"] == pl.Datetime("us", "UTC")

    def test_other_owners_are_listed_on_request(self, connect, simulator):
        """A machine may hold results of several keys."""
        connect().fetch("balance.summary", "2026-09")
        other = connect(account=simulator.account_ids(1)[0])
        other.fetch("balance.summary", "2026-09")
        assert other.cache.info().height == 1
        both = other.cache.info(all_owners=True)
        assert both["owner"].n_unique() == 2


class TestClear:
    def test_clear_removes_everything_of_this_client(self, client, tmp_path):
        """Only empty databases and lock files are left, and the next fetch reads the result again."""
        fetch_three(client)
        client.close()
        assert client.cache.clear().height == 3
        left = [path for path in (tmp_path / "cache").rglob("*.*") if path.read_bytes()]
        assert {path.name for path in left} <= {"api_answers.sqlite", "index.sqlite"}
        assert not any(b"frr_" in path.read_bytes() for path in left)
        assert client.fetch("balance.summary", "2026-09").frame().height

    def test_clear_empties_the_answers_and_keeps_their_file(self, client, tmp_path):
        """Another process may be writing to it; what was in it cannot be read from the disk afterwards."""
        fetch_three(client)
        (answers,) = (tmp_path / "cache").rglob("api_answers.sqlite")
        file = answers.stat().st_ino
        with closing(sqlite3.connect(answers)) as other:
            assert other.execute("SELECT count(*) FROM responses").fetchone() > (0,)
            client.cache.clear()
            assert other.execute("SELECT count(*) FROM responses").fetchone() == (0,)
        client.close()
        assert answers.stat().st_ino == file
        assert b"frr_" not in answers.read_bytes()

    def test_clear_names_what_it_cannot_remove(self, client, monkeypatch):
        """Results that were reported as removed must not stay on a machine that is handed on."""
        fetch_three(client)

        def refused(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("os.rmdir", refused)
        with pytest.raises(sr.errors.StoreError, match="Could not remove the stored results"):
            client.cache.clear()

    def test_clear_can_be_limited_to_a_type_with_or_without_version(self, client):
        """The others stay."""
        fetch_three(client)
        client.fetch("payouts.summary", "2026-09")
        assert client.cache.clear("payouts.summary").height == 1
        assert client.cache.clear("balance.summary.1").height == 0
        assert client.cache.clear("balance.summary.2").height == 3
        assert client.cache.info().height == 0

    def test_clear_can_be_limited_by_age(self, client, simulator):
        """Age is counted from the time of the fetch, by Stripe's clock."""
        client.fetch("balance.summary", "2026-08")
        simulator.clock.advance(timedelta(days=40))
        client.fetch("balance.summary", "2026-09", reuse="never")
        assert client.cache.clear(older_than=timedelta(days=30)).height == 1
        assert client.cache.info().height == 1

    def test_clear_can_include_all_owners(self, connect, simulator, tmp_path):
        """Before a machine is handed on."""
        for account in simulator.account_ids(2):
            client = connect(account=account)
            client.fetch("balance.summary", "2026-09")
            client.close()
        assert client.cache.clear(all_owners=True).height == 2
        assert not list((tmp_path / "cache").rglob("*.parquet"))

    def test_clear_of_a_type_or_by_age_can_include_all_owners(self, connect, simulator):
        """Each result is removed from the list of its own owner, too."""
        for account in (None, *simulator.account_ids(2)):
            with connect(account=account) as client:
                client.fetch("payouts.itemized", "2026-09")
                client.fetch("balance.summary", "2026-09")
        last = connect()
        assert last.cache.clear("payouts.itemized", all_owners=True)["owner"].n_unique() == 3
        assert last.cache.info(all_owners=True)["report_type"].to_list() == ["balance.summary.2"] * 3
        simulator.clock.advance(3600)
        assert last.cache.clear(older_than=timedelta(0), all_owners=True).height == 3
        assert last.cache.info(all_owners=True).height == 0


class TestLimit:
    def test_the_oldest_results_are_removed_beyond_the_limit(self, simulator, tmp_path):
        """The newest always stays, whatever its size."""
        with DemoClient(simulator, cache_dir=tmp_path / "cache") as client:
            sizes = [report.path.stat().st_size for report in fetch_three(client)]
        limited = sr.Client(
            simulator.key,
            cache_dir=tmp_path / "cache",
            cache_limit=sum(sizes) - 1,
            application=simulator,
            clock=TestClock(simulator.clock),
        )
        with limited:
            newest = limited.fetch("balance.summary", "2026-07")
            info = limited.cache.info()
            assert newest.run.id in info["run"].to_list()
            assert info["size"].sum() < sum(sizes)
            assert info.height < 4

    def test_a_damaged_file_that_was_kept_counts_for_the_limit(self, simulator, tmp_path):
        """It is as large as a result, and people examine it soon or never."""
        limited = sr.Client(
            simulator.key,
            cache_dir=tmp_path / "cache",
            cache_limit=1,
            application=simulator,
            clock=TestClock(simulator.clock),
        )
        with limited:
            simulator.faults.append(Fault.named("file.corrupt"))
            with pytest.raises(sr.errors.DamagedFileError):
                limited.fetch("balance.summary", "2026-09")
            assert list((tmp_path / "cache").glob("*/damaged/*.csv"))
            limited.fetch("balance.summary", "2026-08")
            assert not list((tmp_path / "cache").glob("*/damaged/*.csv"))

    def test_nothing_is_removed_below_the_limit(self, client):
        """The default is 20 GB."""
        fetch_three(client)
        assert client.cache.info().height == 3


@pytest.mark.parametrize("name", ["notes.txt", "live-xyz", "test-0123456789abcdef-../x"])
def test_folders_of_others_are_left_alone(client, tmp_path, name):
    """Only what this package made is listed or removed."""
    stranger = tmp_path / "cache" / name.replace("/", "_")
    stranger.mkdir(parents=True)
    client.cache.clear(all_owners=True)
    assert stranger.exists()


def test_simulators_of_different_seeds_share_nothing(tmp_path):
    """Seed and version of the ledger are the owner."""
    for seed in (1, 2):
        with DemoClient(Simulator(seed), cache_dir=tmp_path) as client:
            client.fetch("balance.summary", "2026-09")
            assert client.cache.info().height == 1
