"""Faults of the machine: full and read-only disks, damaged and foreign files, wrong sizes."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from clocks import TestClock
from stripe_reports import errors
from stripe_reports.simulator import Fault
from stripe_reports.storage import disk, seals


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount")
    if not mounted or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder]).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


class TestDisk:
    def test_a_disk_that_is_too_small_is_reported_before_the_download(self, simulator, small_disk):
        """With folder and size. The run is at Stripe: with enough space, nothing is launched again."""
        with sr.Client(
            simulator.key, cache_dir=small_disk, application=simulator, clock=TestClock(simulator.clock)
        ) as client:
            (small_disk / "filler").write_bytes(b"x" * 700_000)
            with pytest.raises(errors.StoreError, match=rf"needs about .*{small_disk}") as caught:
                client.fetch("balance_change_from_activity.itemized.3", "2026-Q3", columns="all")
            assert "cache_dir" in str(caught.value)
            assert not list(small_disk.rglob("*.parquet"))
            assert len(simulator.runs) == 1

    def test_a_disk_that_fills_up_meanwhile_is_reported_too(self, client, monkeypatch):
        """Another program was faster."""
        real = shutil.disk_usage
        answers = [real("/"), real("/"), real("/")._replace(free=10)]
        monkeypatch.setattr("stripe_reports.storage.store.shutil.disk_usage", lambda _: answers.pop(0))

        def fail(*_, **__):
            raise pl.exceptions.ComputeError("some text that says nothing of the disk")

        monkeypatch.setattr("stripe_reports.parsing.write_parquet", fail)
        with pytest.raises(errors.StoreError, match="disk is full"):
            client.fetch("balance.summary", "2026-10")

    def test_the_error_for_a_read_only_folder_names_the_remedies(self, client, monkeypatch):
        """Another folder, by argument or environment variable."""
        monkeypatch.setattr("os.mkdir", _refused)
        with pytest.raises(errors.StoreError, match=r"Permission denied.*cache_dir"):
            client.fetch("balance.summary", "2026-10")


class TestOthers:
    """Other processes list, clear and evict results in the same folder, at any moment."""

    @pytest.fixture
    def vanishes(self, monkeypatch):
        """A result is removed in the moment before it is opened."""

        def vanishes(report):
            real = pl.scan_parquet

            def scan(path, **options):
                monkeypatch.setattr(pl, "scan_parquet", real)
                shutil.rmtree(report.path.parent)
                return real(path, **options)

            monkeypatch.setattr(pl, "scan_parquet", scan)

        return vanishes

    def test_a_result_that_is_removed_while_it_is_read_is_a_clear_error(self, client, vanishes):
        """A report refers to a file, and the file no longer exists."""
        report = client.fetch("balance.summary", "2026-09")
        vanishes(report)
        with pytest.raises(errors.StoreError, match="gone"):
            report.frame()

    def test_a_requested_frame_is_returned_nevertheless(self, client, simulator, vanishes):
        """It is read from Stripe once more, from the same run."""
        report = client.fetch("balance.summary", "2026-09")
        expected = report.frame()
        vanishes(report)
        assert_frame_equal(client.frame("balance.summary", "2026-09"), expected)
        assert len(simulator.runs) == 1

    def test_a_folder_that_is_removed_meanwhile_is_created_again(self, tmp_path, monkeypatch):
        """Removing the last result of a request removes its folder."""
        (tmp_path / "staged").write_text("a result")
        real, targets = type(tmp_path).replace, []

        def replace(source, target):
            targets.append(target)
            if len(targets) == 1:
                target.parent.rmdir()
            return real(source, target)

        monkeypatch.setattr(type(tmp_path), "replace", replace)
        disk.move(tmp_path / "staged", tmp_path / "results" / "moved")
        assert (tmp_path / "results" / "moved").read_text() == "a result"

    def test_files_are_listed_even_if_some_are_removed_meanwhile(self, client):
        """By making space, by listing stored results, and by finding one."""
        report = client.fetch("balance.summary", "2026-09")
        client._store._index.add(report.path.with_name("frr_gone.parquet"), size=10**12)
        assert client.cache.info().height == 1
        assert client.fetch("balance.summary", "2026-08").frame().height
        assert client.cache.info().height == 2


class TestRows:
    @pytest.fixture
    def report(self, client):
        """A stored report whose file is replaced by a valid table with one row less and its own hash."""
        report = client.fetch("balance.summary", "2026-09")
        metadata = pl.read_parquet_metadata(report.path)
        rows = report.frame()
        rows[1:].write_parquet(
            report.path, metadata={"stripe_reports": metadata["stripe_reports"]}, row_group_size=2
        )
        seals.seal(report.path, rows=rows.height)
        return report

    @pytest.mark.parametrize(
        "open_it",
        [
            lambda report, _: report.frame(),
            lambda report, _: report.scan(),
            lambda report, folder: report.write_parquet(folder / "x.parquet"),
            lambda report, folder: report.write_csv(folder / "x.csv"),
        ],
        ids=["frame", "scan", "write_parquet", "write_csv"],
    )
    def test_a_result_with_a_wrong_number_of_rows_is_not_opened(self, report, open_it, tmp_path):
        """An empty table would be taken for a month without activity."""
        with pytest.raises(errors.StoreError, match="gone or was damaged"):
            open_it(report, tmp_path)
        assert not list(tmp_path.glob("x.*"))

    def test_a_result_with_a_wrong_number_of_rows_is_read_from_stripe_again(self, report, client, simulator):
        """It is not listed; the same run is used, and nothing is launched."""
        assert client.cache.info().height == 0
        assert client.stored() == []
        again = client.fetch("balance.summary", "2026-09")
        assert again.reuse.action == "reused"
        assert again.frame().height == again.provenance.rows == report.provenance.rows
        assert len(simulator.runs) == 1

    def test_a_damaged_result_is_not_removed_when_it_is_found(self, report, client):
        """Another process may have put a good one there meanwhile."""
        report.path.write_bytes(b"x" * report.path.stat().st_size)
        with pytest.raises(errors.StoreError):
            report.frame()
        assert report.path.exists()
        assert client.fetch("balance.summary", "2026-09").frame().height == report.provenance.rows


class TestLargeResults:
    @pytest.fixture
    def limited(self, simulator, tmp_path):
        """Makes clients that store no result of more bytes."""

        def limited(max_result_bytes):
            return sr.Client(
                simulator.key,
                cache_dir=tmp_path / "cache",
                application=simulator,
                clock=TestClock(simulator.clock),
                max_result_bytes=max_result_bytes,
            )

        return limited

    def test_a_file_without_end_or_size_is_read_up_to_the_limit(self, limited, simulator, calls, tmp_path):
        """Once, and nothing of it is kept; a user who expects more can allow it."""
        simulator.inject_fault("run.no_size")
        simulator.inject_fault("file.endless", times=99)
        with (
            limited(1_000_000) as client,
            pytest.raises(errors.ResultTooLargeError, match=r"larger than 1\.0 MB.*max_result_bytes"),
        ):
            client.fetch("balance.summary", "2026-10")
        assert len(calls("GET /v1/files")) == 1
        assert not list((tmp_path / "cache").glob("*/staging/*"))
        simulator.faults.clear()
        with limited(2_000_000) as client:
            assert client.fetch("balance.summary", "2026-10").frame().height
        assert len(simulator.runs) == 1

    def test_a_file_without_end_leaves_space_on_the_disk(self, client, simulator, monkeypatch, tmp_path):
        """Other programs need some, and the table needs as much again as the file."""
        real, disk_size, written = shutil.disk_usage, 3_000_000, []

        def usage(path):
            written.append(sum(each.stat().st_size for each in tmp_path.rglob("received")))
            return real(path)._replace(free=disk_size - written[-1])

        monkeypatch.setattr(shutil, "disk_usage", usage)
        simulator.inject_fault("run.no_size")
        simulator.inject_fault("file.endless", times=99)
        with pytest.raises(errors.StoreError, match=r"nearly full: .* MB of a result were received"):
            client.fetch("balance.summary", "2026-10")
        assert 0 < max(written) <= disk_size * 0.6
        assert not list((tmp_path / "cache").glob("*/staging/*"))

    @pytest.mark.parametrize("size", [1001, 10**18, 10**4000], ids=["a byte too many", "large", "absurd"])
    def test_a_file_that_is_announced_as_too_large_is_not_downloaded(self, limited, calls, size):
        """Not even its first byte."""
        with limited(1000) as client:
            run = client.wait(client.launch(client.request("balance.summary", "2026-10")))
            run = replace(run, result=replace(run.result, size=size))
            with pytest.raises(errors.ResultTooLargeError, match="not downloaded"):
                client.read(run)
        assert calls("GET /v1/files") == []

    def test_a_packed_file_is_unpacked_up_to_the_limit(self, limited, simulator, tmp_path):
        """The few bytes that arrived may contain many."""
        packed = gzip.compress(b"".join(b"%d\n" % number for number in range(10_000)))
        simulator.inject_fault("run.no_size")
        simulator.faults.append(Fault("GET /v1/files/*", status=200, body=packed))
        with limited(40_000) as client, pytest.raises(errors.ResultTooLargeError):
            client.fetch("balance.summary", "2026-10")
        assert not list((tmp_path / "cache").rglob("*.parquet"))


class TestForeignFiles:
    @pytest.mark.parametrize("change", [{"unheard_of": 1}, {"as_of": None}], ids=["newer", "older"])
    def test_a_result_stored_by_another_version_of_this_package_is_read_again(self, client, change):
        """It is never read wrongly: a file that is not understood is not a result."""
        report = client.fetch("balance.summary", "2026-09")
        expected = report.frame()
        metadata = json.loads(pl.read_parquet_metadata(report.path)["stripe_reports"]) | change
        kept = {name: value for name, value in metadata.items() if value is not None}
        pl.DataFrame({"a": [1]}).write_parquet(report.path, metadata={"stripe_reports": json.dumps(kept)})
        again = client.fetch("balance.summary", "2026-09")
        assert again.reuse.action == "reused"
        assert_frame_equal(again.frame(), expected)

    def test_an_invalid_cache_of_answers_is_ignored(self, client, tmp_path):
        """With a warning."""
        client.fetch("balance.summary", "2026-09")
        client.close()
        (path,) = (tmp_path / "cache").glob("*/api_answers.sqlite")
        path.write_bytes(b"no database" * 500)
        with pytest.warns(RuntimeWarning, match="cache of API answers is left out"):
            assert client.fetch("balance.summary", "2026-08").frame().height

    @pytest.mark.parametrize("name", ["durations.json", "report_types.json", "index.sqlite"])
    def test_a_damaged_record_costs_at_most_one_call(self, client, tmp_path, name):
        """An incomplete record is ignored."""
        client.fetch("balance.summary", "2026-09")
        for path in (tmp_path / "cache").glob(f"*/{name}"):
            path.write_text('{"half": ')
        assert client.fetch("balance.summary", "2026-09").reuse.action == "stored"
        assert client.fetch("balance.summary", "2026-08").frame().height


class TestSizes:
    @pytest.fixture
    def answered(self, client, simulator):
        """Reads a run's result, which is the given bytes."""

        def answered(content):
            run = client.wait(client.launch(client.request("balance.summary", "2026-10")))
            object.__setattr__(run.result, "size", len(content))
            simulator.faults.append(Fault("GET /v1/files/*", status=200, body=content))
            return client.read(run)

        return answered

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b'"' + b"x" * 20_000_000 + b'"\n', id="a header of 20 MB"),
            pytest.param(b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n", id="a million columns"),
        ],
    )
    def test_an_impossible_file_ends_in_a_clear_error(self, answered, content, tmp_path):
        """Quickly, in little memory, and nothing is stored."""
        with pytest.raises(errors.FileError):
            answered(content)
        assert not list((tmp_path / "cache").rglob("*.parquet"))

    def test_a_gzip_bomb_ends_in_a_clear_error(self, answered, tmp_path):
        """Long before the disk is full."""
        with pytest.raises(errors.DamagedFileError, match="200 times"):
            answered(gzip.compress(b"\0" * 100_000_000))
        assert not list((tmp_path / "cache").rglob("*.parquet"))


def _refused(*_, **__):
    raise PermissionError(13, "Permission denied")
