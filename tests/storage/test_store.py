"""Results on disk: written atomically, found by request, safe from the contents of answers."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import stripe_reports as sr
from stripe_reports.errors import StoreError
from stripe_reports.models import Owner, Provenance, ReportRequest, ReportRun, ResultFile
from stripe_reports.storage.index import Index
from stripe_reports.storage.launch_log import LaunchRecord
from stripe_reports.storage.seals import move_sealed, seal
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
    with store.lock_run("frr_1"), store.staging("frr_1") as folder:
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


def test_several_runs_of_a_request_are_stored_side_by_side(store):
    """A result stored before a restatement is evidence."""
    put(store)
    put(store, replace(PROVENANCE, run=replace(RUN, id="frr_2")))
    assert [result.provenance.run.id for result in store.results(KEY, REQUEST)] == ["frr_1", "frr_2"]


def test_a_run_with_unknown_parameters_is_not_reused(store):
    """It can be read by its id."""
    put(store, replace(PROVENANCE, is_complete=False))
    assert store.results(KEY, REQUEST) == []
    assert store.find(RUN) is not None


@pytest.mark.parametrize(
    "changed",
    [
        {"key_digest": "f" * 16},
        {"account": "acct_1"},
        {"account": "acct_1/acct_2"},
        {"livemode": True},
        {"place": "127.0.0.1:12111"},
        {"request": ReportRequest("balance.summary.2", currency="eur")},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_file_of_another_owner_is_not_used(store, changed):
    """Whatever folder it was copied to, with its seal."""
    stored = put(store)
    other = replace(PROVENANCE, **changed)
    pl.DataFrame({"a": [2]}).write_parquet(stored.path, metadata={METADATA_KEY: other.to_json()})
    seal(stored.path, rows=1)
    assert store.results(KEY, REQUEST) == []
    assert (store.find(RUN) is None) == ("request" not in changed)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\x00" * 100 + b"PAR1", b"<html>"])
def test_a_damaged_file_is_left_out(store, content):
    """It is fetched again."""
    put(store).path.write_bytes(content)
    assert store.results(KEY, REQUEST) == []


@pytest.mark.parametrize("rows", [0, 2])
def test_a_file_with_a_wrong_number_of_rows_is_not_stored(store, rows):
    """Rows are counted when it is finished: a writer may have lost some, or finished too late."""
    with store.staging("frr_1") as folder:
        staged = folder / "x.parquet"
        pl.DataFrame({"a": [1]}).write_parquet(staged, metadata={METADATA_KEY: PROVENANCE.to_json()})
        with pytest.raises(StoreError, match=f"has {rows} rows, but 1 were written"):
            store.put(KEY, staged, PROVENANCE, rows=rows)
    assert store.find(RUN) is None


def test_a_result_without_its_seal_is_not_used(store):
    """Nothing tells how many rows it should have."""
    stored = put(store)
    stored.path.with_suffix(".sha256").unlink()
    assert store.find(RUN) is None


@pytest.mark.parametrize("id_", ["../frr_1", "frr/1", "", ".hidden", "a" * 300])
def test_an_id_that_cannot_be_a_file_name_is_refused(store, id_):
    """Ids come from answers."""
    with pytest.raises(StoreError, match="is not a safe file name"):
        put(store, replace(PROVENANCE, run=replace(RUN, id=id_)))


def test_launches_and_their_outcomes_are_recorded(store):
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
    with closing(sqlite3.connect(store.folder / "index.sqlite")) as index, index:
        index.execute("UPDATE launches SET record = '{'")
    assert store.launch_log.launches(KEY) == []
    assert store.launch_log.launch_of("frr_1") is None


@pytest.mark.parametrize(
    "damage", ["removed", "overwritten", "truncated", "emptied", "other version", "no table"]
)
def test_a_lost_index_is_rebuilt_from_the_files(store, damage):
    """Results are found, and counted for the limit; Stripe is asked for the launches."""
    stored = put(store)
    (store.folder / "other.csv").write_text("not readable")
    kept = store.keep_damaged(store.folder / "other.csv", "frr_2")
    store.launch_log.remember(
        KEY, LaunchRecord(request=REQUEST, generation=NOW, attempt=0, run_id="frr_1", status="pending")
    )
    index = store.folder / "index.sqlite"
    if damage == "removed":
        index.unlink()
    elif damage == "overwritten":
        index.write_bytes(b"This was an index. " * 1000)
    elif damage == "truncated":
        os.truncate(index, 5000)
    elif damage == "no table":
        with closing(sqlite3.connect(index)) as opened, opened:
            opened.execute("DROP TABLE files")
    elif damage == "other version":
        with closing(sqlite3.connect(index)) as opened, opened:
            opened.execute("DROP TABLE launches")
            opened.execute("CREATE TABLE launches (number INTEGER PRIMARY KEY AUTOINCREMENT, other TEXT)")
            opened.execute("PRAGMA user_version = 2")
    else:
        os.truncate(index, 0)
    assert store.results(KEY, REQUEST) == [stored]
    assert store.find(RUN) == stored
    assert store.launch_log.launches(KEY) == []
    assert store.evict(0, keep=stored.path) == [kept]


def test_an_index_that_cannot_be_used_is_a_clear_error(store):
    """Such as a folder of that name."""
    put(store)
    (store.folder / "index.sqlite").unlink()
    (store.folder / "index.sqlite").mkdir()
    with pytest.raises(StoreError, match=r"Could not use the index .*Client\(cache_dir"):
        store.find(RUN)


def test_looking_for_a_result_creates_nothing(store):
    """A plan leaves no trace on the disk."""
    assert store.results(KEY, REQUEST) == store.launch_log.launches(KEY) == list(store.all_results()) == []
    assert store.find(RUN) is None
    assert not store.root.exists()


def test_a_file_that_was_deleted_by_hand_is_ignored(store):
    """It answers no request, and does not count for the limit."""
    stored = put(store)
    size = stored.path.stat().st_size
    stored.path.unlink()
    assert store.results(KEY, REQUEST) == []
    other = put(store, replace(PROVENANCE, run=replace(RUN, id="frr_2")))
    assert store.evict(size, keep=other.path) == []


@pytest.mark.parametrize("looking", ["find", "clear"])
def test_a_result_that_others_look_for_while_it_is_stored_is_listed(store, monkeypatch, looking):
    """Its entry is there before the file. Without it, the file would be found and removed by nothing."""
    put(store, replace(PROVENANCE, run=replace(RUN, id="frr_2")))

    def moved(staged, path):
        assert store.find(RUN) is None if looking == "find" else store.clear() is None
        move_sealed(staged, path)

    monkeypatch.setattr("stripe_reports.storage.store.move_sealed", moved)
    stored = put(store)
    assert store.find(RUN) == stored
    assert store.evict(0, keep=store.folder)[-1] == stored.path


def test_the_stores_of_all_owners_in_a_folder_are_listed(store):
    """And nothing else that somebody put there."""
    other = Owner("f" * 16, "acct_1", "live")
    assert store.on_this_machine() == []
    put(store)
    put(Store(store.root, other), replace(PROVENANCE, key_digest="f" * 16, account="acct_1", livemode=True))
    (store.root / "notes").mkdir()
    (store.root / "test-0123456789abcde0").write_text("a file")
    stores = store.on_this_machine()
    assert [each.owner for each in stores] == [other, OWNER]
    assert [len(list(each.all_results())) for each in stores] == [1, 1]


def test_the_oldest_files_are_removed_first_and_the_newest_stays(store):
    """Until the others are within the limit."""
    paths = [put(store, replace(PROVENANCE, run=replace(RUN, id=f"frr_{n}"))).path for n in range(4)]
    size = paths[0].stat().st_size
    assert store.evict(2 * size, keep=paths[-1]) == paths[:2]
    assert store.evict(0, keep=paths[-1]) == paths[2:3]
    assert [result.path for result in store.all_results()] == paths[3:]


def test_threads_and_processes_share_the_index(store):
    """No entry is lost, whichever of them writes."""
    code = """
import sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from stripe_reports.storage.index import Index
folder, first = Path(sys.argv[1]), int(sys.argv[2])
for n in range(first, first + 25):
    Index(folder).add(folder / f"results/t/{n % 7}/frr_{n}.parquet", size=n)
"""
    source = str(Path(sr.__file__).parents[1])

    def run(first):
        subprocess.run([sys.executable, "-c", code, str(store.folder), str(first), source], check=True)

    store.launch_log.remember_offered({}, NOW)  # creates the folder
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(0, 100, 25)))
    index = Index(store.folder)
    assert len(index.files()) == 100
    assert [path.stem for path in index.of_key("3")] == sorted(f"frr_{n}" for n in range(3, 100, 7))
    assert index.beyond(sum(range(100))) == []
    assert len(index.beyond(0)) == 100


@pytest.mark.parametrize("killed", ["frr_1", "frr_2"])
def test_files_of_a_killed_process_are_removed_when_the_next_one_stores(store, killed):
    """It holds customers' data. What another process, or thread, is writing now stays."""
    code = """
import os, sys
from pathlib import Path
from stripe_reports.models import Owner
from stripe_reports.storage.store import Store
store = Store(Path(sys.argv[1]), Owner(sys.argv[2], None, "test"))
with store.lock_run(sys.argv[3]), store.staging(sys.argv[3]) as folder:
    (folder / "half.csv").write_text("x")
    os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code, str(store.root), OWNER.key_digest, killed], check=True)
    (left,) = store.folder.glob("staging/*/half.csv")
    with store.lock_run("frr_1"), store.staging("frr_1") as mine:
        assert not left.exists()
        with store.lock_run("frr_3"), store.staging("frr_3") as other:
            assert mine.exists()
            assert {path.name for path in mine.parent.iterdir()} == {mine.name, other.name}
    assert not list(store.folder.glob("staging/*"))


class TestStagingForWorkers:
    """A call has a folder in which its workers make results, each in a folder of its own."""

    def test_each_call_has_its_own_until_its_end(self, store):
        """Storing the result of any run meanwhile removes none of them, and needs none of their locks."""
        with store.staging_for_workers() as first, store.staging_for_workers() as second:
            assert first != second
            for run_id in (f"frr_{n}" for n in range(300)):
                with store.lock_run(run_id, timeout=0), store.staging(run_id):
                    pass
            assert first.is_dir()
            assert second.is_dir()
        assert not list(store.folder.glob("staging/*"))

    def test_that_of_a_killed_process_is_removed(self, store):
        """With what its workers left; they may go on writing, and fail."""
        code = """
import os, sys
from pathlib import Path
from stripe_reports.models import Owner
from stripe_reports.storage.store import Store
with Store(Path(sys.argv[1]), Owner(sys.argv[2], None, "test")).staging_for_workers() as folder:
    (folder / "frr_1-5").mkdir()
    (folder / "frr_1-5" / "half.csv").write_text("x")
    os._exit(0)
"""
        subprocess.run([sys.executable, "-c", code, str(store.root), OWNER.key_digest], check=True)
        (left,) = store.folder.glob("staging/*/*/half.csv")
        with store.staging_for_workers():
            assert not left.exists()

    def test_only_its_owner_can_read_it(self, store):
        """It holds customers' data."""
        with store.staging_for_workers() as folder:
            assert folder.stat().st_mode & 0o777 == 0o700

    def test_too_many_at_once_are_an_error(self, store):
        """There is a fixed number of locks, since removing one that may be held is a race."""
        with ExitStack() as calls:
            for _ in range(64):
                calls.enter_context(store.staging_for_workers())
            with pytest.raises(StoreError, match="64 calls are storing results"):
                calls.enter_context(store.staging_for_workers())


def test_lock_files_are_few_and_are_not_removed(store):
    """A lock file that is removed while it is held can be held twice."""
    for n in range(1000):
        with store.lock_request(f"{n:064x}"), store.lock_run(f"frr_{n}"):
            pass
    assert len(list(store.folder.glob("locks/*"))) == 256


def test_clearing_keeps_files_that_are_being_written_and_the_locks(store):
    """Other threads or processes hold them."""
    put(store)
    with store.lock_request("k"), store.lock_run("frr_1"), store.staging("frr_1") as folder:
        (folder / "half.csv").write_text("x")
        store.clear()
        assert (folder / "half.csv").exists()
        with pytest.raises(StoreError, match="busy"), store.lock_request("k", timeout=0.01):
            pass
    left = {path.relative_to(store.folder).parts[0] for path in store.folder.rglob("*") if path.is_file()}
    assert left == {"locks", "index.sqlite"}
    assert store.find(RUN) is None
    assert b"frr_1" not in (store.folder / "index.sqlite").read_bytes()


def test_durations_recorded_by_two_processes_at_once_are_all_kept(store):
    """Each reads the file and writes it again."""
    with ThreadPoolExecutor(7) as pool:
        list(pool.map(lambda n: store.launch_log.note_duration(f"type.{n}", n), range(1, 30)))
    assert [store.launch_log.durations(f"type.{n}") for n in range(1, 30)] == [[n] for n in range(1, 30)]


def test_an_unreadable_list_of_offered_types_is_ignored(store):
    """They are requested again."""
    assert store.launch_log.offered() is None
    store.launch_log.remember_offered({"a.1": ("net",), "a.2": None}, NOW)
    assert store.launch_log.offered() == ({"a.1": ("net",), "a.2": None}, NOW)
    (store.folder / "report_types.json").write_text(json.dumps({"ids": 3}))
    assert store.launch_log.offered() is None


def test_a_full_disk_is_a_clear_error_with_a_remedy(store, monkeypatch):
    """With the folder."""
    monkeypatch.setattr(
        "os.open", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device"))
    )
    with pytest.raises(StoreError, match=r"No space left.*free some space.*cache_dir"):
        store.launch_log.remember_offered({"a.1": None}, NOW)


def test_a_folder_that_cannot_be_created_is_a_clear_error(tmp_path):
    """A file has its name."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"Client\(cache_dir"):
        put(Store(tmp_path / "file" / "cache", OWNER))


def test_a_lock_held_elsewhere_is_an_error_after_a_while(store):
    """The error names the file."""
    with (
        store.lock_request("k"),
        pytest.raises(StoreError, match=r"busy with the same report.*request-.*\.lock"),
        store.lock_request("k", timeout=0.01),
    ):
        pass


@pytest.mark.slow
def test_what_a_client_does_on_the_disk_does_not_grow_with_the_number_of_results():
    """Finding, launching, evicting, planning, and the runs in progress; the script also counts 100,000."""
    command = [sys.executable, Path(__file__).with_name("many_results.py"), "20", "1000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    few, many = map(json.loads, done.stdout.splitlines())
    for what, counts in few.items():
        for kind, count in counts.items():  # a file that is busy may be opened once more
            assert many[what][kind] <= count + 2, f"{what}: {kind}"
    assert few["finding"]["database"] > 0
    assert few["evicting"]["files"] > 0
