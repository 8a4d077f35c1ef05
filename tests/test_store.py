"""Results on disk: whole or not at all, found by request, safe from what answers contain."""

import errno
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from stripe_reports.errors import StoreError
from stripe_reports.models import Owner, Provenance, ReportRequest, ReportRun, ResultFile
from stripe_reports.storage.launch_log import LaunchRecord
from stripe_reports.storage.store import METADATA_KEY, Store

OWNER = Owner("0123456789abcdef", None, "test")
NOW = datetime(2026, 11, 5, 12, tzinfo=UTC)
REQUEST = ReportRequest(
    "balance.summary.2", interval_start="2026-10-01T00:00:00Z", interval_end="2026-11-01T00:00:00Z"
)
RUN = ReportRun(
    id="frr_1",
    created=NOW,
    livemode=False,
    report_type=REQUEST.report_type,
    parameters=REQUEST.to_stripe(),
    status="succeeded",
    succeeded_at=NOW,
    result=ResultFile(id="file_1", created=NOW, url="https://files.stripe.com/v1/files/file_1/contents"),
)
PROVENANCE = Provenance(
    request=REQUEST,
    run=RUN,
    as_of=NOW,
    fetched_at=NOW,
    account=None,
    livemode=False,
    key_digest=OWNER.key_digest,
    api_version="v",
    size=10,
    sha256="0" * 64,
    package_version="0",
)
KEY = "k" * 64


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "cache", OWNER)


def put(store, provenance=PROVENANCE):
    with store.staging() as folder:
        staged = folder / "x.parquet"
        pl.DataFrame({"a": [1]}).write_parquet(staged, metadata={METADATA_KEY: provenance.to_json()})
        return store.put(KEY, staged, provenance, rows=1)


def test_a_result_is_found_by_its_request_and_by_its_run(store):
    """With everything that was known when it was stored."""
    stored = put(store)
    assert store.results(KEY, REQUEST) == [stored]
    assert store.find(RUN) == stored
    assert stored.provenance == replace(PROVENANCE, rows=1)
    assert stored.path.relative_to(store.folder).parts == (
        "results",
        "balance.summary.2",
        KEY[:32],
        "frr_1.parquet",
    )


def test_several_runs_of_a_request_stay_beside_each_other(store):
    """What was stored before a restatement is evidence."""
    put(store)
    put(store, replace(PROVENANCE, run=replace(RUN, id="frr_2")))
    assert [result.provenance.run.id for result in store.results(KEY, REQUEST)] == ["frr_1", "frr_2"]


def test_a_run_whose_parameters_are_not_all_known_answers_no_request(store):
    """It can be read by its id."""
    put(store, replace(PROVENANCE, is_complete=False))
    assert store.results(KEY, REQUEST) == []
    assert store.find(RUN) is not None


@pytest.mark.parametrize(
    "changed",
    [
        {"key_digest": "f" * 16},
        {"account": "acct_1"},
        {"livemode": True},
        {"request": ReportRequest("balance.summary.2", currency="eur")},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_file_that_says_it_is_anothers_is_not_taken(store, changed):
    """Whatever folder it was copied to."""
    stored = put(store)
    other = replace(PROVENANCE, **changed)
    pl.DataFrame({"a": [2]}).write_parquet(stored.path, metadata={METADATA_KEY: other.to_json()})
    assert store.results(KEY, REQUEST) == []


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\x00" * 100 + b"PAR1", b"<html>"])
def test_a_damaged_file_is_left_out(store, content):
    """It is fetched again."""
    put(store).path.write_bytes(content)
    assert store.results(KEY, REQUEST) == []


@pytest.mark.parametrize("rows", [0, 2])
def test_a_file_of_another_number_of_rows_than_was_read_is_not_stored(store, rows):
    """It is counted once it is finished: whoever wrote it may have lost some, or come too late."""
    with store.staging() as folder:
        staged = folder / "x.parquet"
        pl.DataFrame({"a": [1]}).write_parquet(staged, metadata={METADATA_KEY: PROVENANCE.to_json()})
        with pytest.raises(StoreError, match=f"has {rows} rows, but 1 were written"):
            store.put(KEY, staged, PROVENANCE, rows=rows)
    assert store.find(RUN) is None


def test_a_result_without_its_seal_is_none(store):
    """Nothing tells how many rows it should have."""
    stored = put(store)
    stored.path.with_suffix(".sha256").unlink()
    assert store.find(RUN) is None


@pytest.mark.parametrize("id_", ["../frr_1", "frr/1", "", ".hidden", "a" * 300])
def test_an_id_that_cannot_be_a_file_name_is_refused(store, id_):
    """Ids come from answers."""
    with pytest.raises(StoreError, match="is not a safe file name"):
        put(store, replace(PROVENANCE, run=replace(RUN, id=id_)))


def test_launches_are_remembered_and_what_became_of_them(store):
    """So that the next process waits instead of launching."""
    record = LaunchRecord(
        request=REQUEST, generation=NOW, attempt=0, run_id="frr_1", status="pending", created=NOW
    )
    store.launch_log.remember(KEY, record)
    assert store.launch_log.launches(KEY) == [record]
    store.launch_log.remember(KEY, replace(record, status="failed"))
    assert store.launch_log.launch_of("frr_1") == replace(record, status="failed")
    store.launch_log.remember(KEY, replace(record, run_id=None, status="error", attempt=1))
    assert [record.attempt for record in store.launch_log.launches(KEY)] == [0, 1]


def test_an_unreadable_record_is_left_out(store):
    """Stripe then repeats its answer for the same idempotency key."""
    record = LaunchRecord(request=REQUEST, generation=NOW, attempt=0, run_id="frr_1", status="pending")
    store.launch_log.remember(KEY, record)
    (path,) = (store.folder / "launches" / KEY[:32]).iterdir()
    path.write_text("{")
    assert store.launch_log.launches(KEY) == []


def test_what_a_killed_process_left_is_removed_by_the_next_that_stores(store):
    """It holds customers' data. What another process, or thread, is writing now stays."""
    code = """
import os, sys
from pathlib import Path
from stripe_reports.models import Owner
from stripe_reports.storage.store import Store
with Store(Path(sys.argv[1]), Owner(sys.argv[2], None, "test")).staging() as folder:
    (folder / "half.csv").write_text("x")
    os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code, str(store.root), OWNER.key_digest], check=True)
    (left,) = store.folder.glob("staging/*/half.csv")
    with store.staging() as mine:
        assert not left.exists()
        with store.staging() as other:
            assert mine.exists()
            assert {path.name for path in mine.parent.iterdir() if path.is_dir()} == {mine.name, other.name}
    assert not list(store.folder.glob("staging/*"))


def test_a_lock_that_was_left_alone_goes_a_day_later(store):
    """A process that makes one makes its folder at once."""
    with store.staging() as mine:
        old, young = mine.parent / "old.lock", mine.parent / "young.lock"
        old.touch()
        young.touch()
        os.utime(old, (time.time() - 90_000,) * 2)
        store.remove_leftovers()
        assert {path.name for path in mine.parent.iterdir()} == {mine.name, f"{mine.name}.lock", "young.lock"}


def test_clearing_leaves_what_is_being_written_and_the_locks(store):
    """A lock file that is removed while it is held can be held twice."""
    put(store)
    with store.lock("k"), store.staging() as folder:
        (folder / "half.csv").write_text("x")
        store.clear()
        assert (folder / "half.csv").exists()
        with pytest.raises(StoreError, match="busy"), store.lock("k", timeout=0.01):
            pass
    left = {path.relative_to(store.folder).as_posix() for path in store.folder.rglob("*")}
    assert left == {"locks", "locks/clear.lock", "locks/k.lock", "staging"}


def test_durations_that_two_note_at_once_are_all_kept(store):
    """Each reads the file and writes it anew."""
    with ThreadPoolExecutor(7) as pool:
        list(pool.map(lambda n: store.launch_log.note_duration(f"type.{n}", n), range(1, 30)))
    assert [store.launch_log.durations(f"type.{n}") for n in range(1, 30)] == [[n] for n in range(1, 30)]


def test_offered_types_that_cannot_be_read_were_never_asked_for(store):
    """They are asked for again."""
    assert store.launch_log.offered() is None
    store.launch_log.remember_offered({"a.1": ("net",), "a.2": None}, NOW)
    assert store.launch_log.offered() == ({"a.1": ("net",), "a.2": None}, NOW)
    (store.folder / "report_types.json").write_text(json.dumps({"ids": 3}))
    assert store.launch_log.offered() is None


def test_a_full_disk_says_so_and_what_to_do(store, monkeypatch):
    """With the folder."""
    monkeypatch.setattr(
        "os.open", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device"))
    )
    with pytest.raises(StoreError, match=r"No space left.*free some space.*cache_dir"):
        store.launch_log.remember_offered({"a.1": None}, NOW)


def test_a_folder_that_cannot_be_made_says_so(tmp_path):
    """A file stands in its place."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"Client\(cache_dir"):
        put(Store(tmp_path / "file" / "cache", OWNER))


def test_a_lock_held_elsewhere_is_an_error_after_a_while(store):
    """It names the file."""
    with (
        store.lock("k"),
        pytest.raises(StoreError, match=r"busy with the same report.*k\.lock"),
        store.lock("k", timeout=0.01),
    ):
        pass
