"""The cache of API answers saves calls. If it is locked, damaged or removed, there is a warning, no wait."""

import sqlite3
import threading
import warnings
from contextlib import closing

import pytest

from clocks import TestClock
from stripe_reports.http import answer_cache
from stripe_reports.http.answer_cache import REST, AnswerCache
from stripe_reports.http.settings import Secret, Settings
from stripe_reports.http.transport import Transport

BASE = "https://api.stripe.com/v1/reporting"
TYPES, TYPE, RUNS = f"{BASE}/report_types", f"{BASE}/report_types/balance.summary.1", f"{BASE}/report_runs"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "owner" / "answers.sqlite"


@pytest.fixture
def transport(simulator, path):
    made = Transport(
        Settings(api_key=Secret(simulator.key), cache_dir=path.parent),
        cache_path=path,
        application=simulator,
        clock=TestClock(simulator.clock),
    )
    yield made
    made.close()


@pytest.fixture
def get(transport, simulator):
    def get(url, method="GET", **options):
        headers = {"Authorization": f"Bearer {simulator.key}"}
        return transport.json_session.request(method, url, headers=headers, **options)

    return get


@pytest.fixture
def impatient(monkeypatch):
    """No test waits for a lock."""
    monkeypatch.setattr(answer_cache, "BUSY_TIMEOUT", 0.01)


@pytest.fixture
def locked(path, impatient):
    """Holds the file as another process would in the middle of a write."""
    return lambda: _Locked(path)


class _Locked:
    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None)

    def __enter__(self):
        self.connection.execute("BEGIN EXCLUSIVE")

    def __exit__(self, *_):
        self.connection.close()


class TestWhatGoesWrong:
    def test_a_file_that_another_process_holds_is_a_miss_and_a_warning(self, get, locked, calls):
        """requests-cache would wait for it without end, and every thread behind it."""
        get(TYPES)
        calls()
        with locked(), pytest.warns(RuntimeWarning, match="left out for a minute: database is locked"):
            assert get(TYPE).json()["id"] == "balance.summary.1"
        assert len(calls()) == 1

    def test_a_file_that_is_held_when_it_is_opened_is_a_miss_and_a_warning(self, get, transport, locked):
        """Another process opened it first."""
        get(TYPES)
        transport.close()
        with locked(), pytest.warns(RuntimeWarning, match="database is locked"):
            assert get(TYPES).status_code == 200

    def test_an_answer_that_cannot_be_stored_is_requested_only_once(self, get, path, calls):
        """The failure comes after the answer has arrived."""
        get(TYPES)
        with closing(sqlite3.connect(path)) as database:
            database.execute(
                "CREATE TRIGGER full BEFORE INSERT ON responses BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        calls()
        with pytest.warns(RuntimeWarning, match="left out for a minute: full"):
            assert get(TYPE).json()["id"] == "balance.summary.1"
        assert len(calls()) == 1

    def test_a_cache_that_failed_is_not_used_for_a_minute(self, get, locked, simulator):
        """Otherwise each of a hundred calls would wait for it in turn."""
        get(TYPES)
        with locked():
            with pytest.warns(RuntimeWarning):
                get(TYPE)
            get(TYPE)  # a warning would be an error here
        simulator.clock.advance(REST - 1)
        assert not getattr(get(TYPE), "from_cache", False)
        simulator.clock.advance(2)
        get(TYPE)
        assert get(TYPE).from_cache

    def test_an_answer_may_be_removed_by_two_processes_at_once(self, transport, monkeypatch):
        """It is gone in the end, and neither has a reason to fail."""
        cache = transport.json_session.cache
        cache.delete("never stored")
        monkeypatch.setattr(type(cache.responses), "__contains__", lambda *_: True)
        cache.delete("removed meanwhile")

    def test_a_cache_that_was_removed_is_created_again(self, get, path, simulator):
        """Another process may clear the store."""
        get(TYPES)
        path.unlink()
        path.parent.rmdir()
        simulator.clock.advance(61)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert get(TYPES).status_code == 200
        simulator.clock.advance(REST + 1)
        get(TYPES)
        assert get(TYPES).from_cache
        assert path.stat().st_mode & 0o777 == 0o600

    def test_a_damaged_cache_is_replaced_by_an_empty_one(self, get, transport, path, simulator):
        """Everything in it can be requested again."""
        get(TYPES)
        transport.close()
        path.write_bytes(b"no database" * 500)
        with pytest.warns(RuntimeWarning, match="file is not a database"):
            get(TYPE)
        simulator.clock.advance(REST + 1)
        get(TYPE)
        assert get(TYPE).from_cache

    def test_a_cache_with_other_tables_is_replaced_by_an_empty_one(self, get, transport, path, simulator):
        """Another version may have written it. The warning would come with every client."""
        get(TYPES)
        transport.close()
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("DROP TABLE responses")
            other.execute("CREATE TABLE responses (key TEXT PRIMARY KEY, body BLOB)")
        with pytest.warns(RuntimeWarning, match="no such column"):
            get(TYPE)
        simulator.clock.advance(REST + 1)
        get(TYPE)
        assert get(TYPE).from_cache

    @pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, sqlite3.OperationalError])
    def test_a_failed_write_leaves_no_open_transaction_and_no_data(self, path, error, get):
        """An open transaction would block all other threads and processes."""
        get(TYPES)
        answers = answer_cache._Answers(path, table_name="responses")
        connections = []

        def write():
            with answers.connection(commit=True) as connection:
                connections.append(connection)
                connection.execute("INSERT INTO responses (key, value) VALUES ('half', 1)")
                raise error

        with pytest.raises(error):
            write()
        assert not connections[0].in_transaction
        assert "half" not in list(answers)
        answers.close()


class TestThreads:
    def test_many_threads_at_once_all_finish(self, simulator, path):
        """Whatever they request: stored answers, answers not stored yet, and answers never stored."""
        transport = Transport(
            Settings(api_key=Secret(simulator.key), cache_dir=path.parent),
            cache_path=path,
            application=simulator,
            clock=TestClock(simulator.clock),
        )
        session = transport.json_session
        headers = {"Authorization": f"Bearer {simulator.key}"}
        barrier, done = threading.Barrier(16), []

        def work():
            barrier.wait()
            for url in (TYPES, RUNS, TYPE, f"{RUNS}/frr_none", TYPES) * 4:
                session.get(url, headers=headers)
            done.append(True)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(done) == 16
        transport.close()

    def test_threads_are_served_one_after_another(self, path, simulator):
        """A transaction belongs to its thread; the others wait until it has ended."""
        cache = AnswerCache(path, TestClock(simulator.clock))
        cache.get_response("open it")
        inside, leave = threading.Event(), threading.Event()

        def hold():
            with cache.responses.connection(commit=True):
                inside.set()
                leave.wait(60)

        holder = threading.Thread(target=hold, daemon=True)
        holder.start()
        inside.wait(60)
        reader = threading.Thread(target=cache.get_response, args=("nothing",), daemon=True)
        reader.start()
        leave.set()
        for thread in (holder, reader):
            thread.join(60)
            assert not thread.is_alive()
        assert not cache.responses._connection.in_transaction
        cache.close()


class TestWhatIsNeverKept:
    @pytest.mark.parametrize(
        ("method", "url"),
        [
            ("GET", RUNS),
            ("GET", f"{RUNS}?limit=3"),
            ("POST", RUNS),
            ("GET", "https://api.stripe.com/v1/account"),
        ],
    )
    def test_lists_of_runs_do_not_use_the_cache(self, get, path, method, url):
        """Lists of runs are requested every few seconds."""
        get(url, method)
        assert not path.exists()

    def test_a_pending_run_is_not_written_to_the_cache(self, get, client, path, locked):
        """It is polled again and again, while another process may be writing."""
        run = client.launch(client.request("balance.summary", "2026-10"))
        get(TYPES)
        with closing(sqlite3.connect(path)) as database:
            before = database.execute("PRAGMA data_version").fetchone()
            assert get(f"{RUNS}/{run.id}").json()["status"] == "pending"
            assert database.execute("PRAGMA data_version").fetchone() == before
