"""Results are the same wherever they are converted: in threads, processes, or a cluster of Dask."""

import gc
import hashlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from executors import EXECUTORS, LEAVING, dask_cluster, hide_package, needs_dask, processes
from stripe_reports.errors import DamagedFileError, ParameterError, WorkerError
from stripe_reports.http.reach import key_of_simulator, why_unreachable
from stripe_reports.runs.download import Room
from stripe_reports.runs.task import Destination, Probe
from stripe_reports.runs.workers import Workers
from stripe_reports.simulator import Fault, Simulator
from stripe_reports.simulator.ledger.connected_accounts import connected_accounts
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.storage.datasets.opening import place_of
from stripe_reports.storage.datasets.writing import DatasetWriter

KEY = Simulator(seed=1).key
DAY = timedelta(days=1)

CELLS = [
    ("payouts.itemized", "2026-07"),
    ("payouts.itemized", "2026-08"),
    ("balance_change_from_activity.itemized", "2026-09"),
    ("balance.summary", "2026-10"),
]


@pytest.fixture(scope="module")
def executor(request, tmp_path_factory):
    """An executor of a kind, whose processes have the key of the simulator."""
    if "ask" in request.param:
        needs_dask()
    folder = tmp_path_factory.mktemp("executor")
    with EXECUTORS[request.param]({"STRIPE_API_KEY": KEY}, folder) as executor:
        yield executor
    for log in folder.glob("*.log"):
        assert not any(part in log.read_text() for part in parts_of(KEY)), log


def parts_of(key):
    """What must appear nowhere: the key after its prefix, and its beginning and end."""
    return key, key.removeprefix("sk_test_"), key[-12:]


EVERY_EXECUTOR = pytest.mark.parametrize("executor", EXECUTORS, indirect=True)
LEAVING_EXECUTOR = pytest.mark.parametrize("executor", LEAVING, indirect=True)
A_POOL = pytest.mark.parametrize("executor", ["processes"], indirect=True)


class Sent(Executor):
    """Runs each task at once in this process, after it was pickled, as if it had gone elsewhere.

    Attributes:
        changes: What is different there in a probe.
        pickles: What was sent.
    """

    def __init__(self):
        self.changes = {}
        self.pickles = []

    def submit(self, function, argument):
        future = Future()
        self.pickles.append(pickle.dumps((function, argument)))
        function, argument = pickle.loads(self.pickles[-1])  # noqa: S301
        try:
            is_probe = isinstance(argument, Probe)
            future.set_result(function(replace(argument, **self.changes) if is_probe else argument))
        except Exception as error:
            future.set_exception(pickle.loads(pickle.dumps(error)))  # noqa: S301
        return future


@pytest.fixture
def sent(monkeypatch):
    monkeypatch.setenv("STRIPE_API_KEY", KEY)
    return Sent()


class Grid:
    """Converts results of one client with an executor, as ``fetch_all`` does."""

    def __init__(self, client, executor, into=None, storage_options=None):
        self.downloader = client._runs._downloader
        self.client = client
        self.workers = Workers(
            executor,
            files_of=lambda _: self.downloader._files,
            take_download=client._transport.take_download,
        )
        self.connection = client._connection(are_elsewhere=self.workers.are_elsewhere)
        self.staging = client._store.staging_for_workers()
        self.into = into and Destination(place=str(into), storage_options=storage_options)

    def __enter__(self):
        self.workers.__enter__()
        self.folder = self.staging.__enter__()
        staged = Destination(place=str(self.folder), store=str(self.client._store.root))
        self.destination = self.into or staged
        return self

    def __exit__(self, *details):
        self.staging.__exit__(*details)
        self.workers.__exit__(*details)

    def task(self, report_type, period):
        request = self.client.request(report_type, period)
        run = self.client.wait(self.client.launch(request))
        return self.downloader.task(
            request, run, {}, destination=self.destination, connection=self.connection
        )

    def probe(self, **changes):
        self.workers.probe(replace(self.connection, **changes), self.destination)

    def convert(self, task):
        return self.workers.submit(task).result(timeout=60)

    def report(self, task):
        return self.downloader.take(task, self.convert(task))


def data_of(path):
    """The data of a Parquet file, as bytes that differ if anything does."""
    return pl.read_parquet(path).write_ipc(None).getvalue()


def sums(path):
    return pl.read_parquet(path).group_by("currency", maintain_order=True).agg(pl.col(pl.Decimal).sum())


@EVERY_EXECUTOR
def test_every_executor_gives_the_same_data(executor, connect, simulator, calls, tmp_path):
    """To the byte, with one launch and one download for each cell, and sums that agree to the last digit."""
    fetched = connect(cache_dir=tmp_path / "fetched")
    expected = [fetched.fetch(*cell).path for cell in CELLS]
    calls()
    with Grid(connect(), executor) as grid:
        grid.probe()
        tasks = [grid.task(*cell) for cell in CELLS]
        results = [each.result(timeout=60) for each in [grid.workers.submit(task) for task in tasks]]
        stored = [grid.downloader.take(*each).path for each in zip(tasks, results, strict=True)]
    served = calls()
    assert [call for call in served if call.startswith("POST")] == ["POST /v1/reporting/report_runs"] * 4
    assert len([call for call in served if call.endswith("/contents")]) == len(CELLS)
    for ours, theirs, figures in zip(stored, expected, results, strict=True):
        assert data_of(ours) == data_of(theirs)
        assert sums(ours).equals(sums(theirs))
        assert figures.entry.rows == pl.read_parquet(theirs).height


@EVERY_EXECUTOR
def test_an_error_of_a_task_is_the_same_everywhere(executor, connect, simulator):
    """Its class, attributes, remedy and note; and what Stripe sent is kept, and counted by the store."""
    simulator.inject_fault("file.corrupt")
    client = connect()
    with Grid(client, executor) as grid, pytest.raises(DamagedFileError) as caught:
        grid.convert(grid.task("payouts.itemized", "2026-08"))
    error = caught.value
    assert error.line is not None
    assert error.remedy is not None
    (note,) = error.__notes__
    (kept,) = client._store.folder.glob("damaged/*.csv")
    assert str(kept) in note
    assert client._store._index.beyond(0) == [kept]


@EVERY_EXECUTOR
def test_two_attempts_never_share_a_file(executor, connect):
    """An attempt that was given up may still write: executors repeat tasks of workers that seem lost."""
    with Grid(connect(), executor) as grid:
        task = grid.task("payouts.itemized", "2026-08")
        first, second = grid.convert(task), grid.convert(task)
        assert first.entry.object != second.entry.object
        assert first.entry.parquet_sha256 == second.entry.parquet_sha256
        made = {path.relative_to(grid.folder).as_posix() for path in grid.folder.rglob("*") if path.is_file()}
        assert made == {first.entry.object, second.entry.object}
    assert not grid.folder.exists()


@EVERY_EXECUTOR
def test_every_executor_fills_a_dataset(executor, connect, calls, tmp_path):
    """The worker puts the result there itself: it does not pass through the driver, which enters it."""
    place = tmp_path / "dataset"
    client = connect()
    expected = [connect(cache_dir=tmp_path / "fetched").fetch(*cell) for cell in CELLS[:2]]
    calls()
    with Grid(client, executor, into=place) as grid:
        grid.probe()
        tasks = [grid.task(*cell) for cell in CELLS[:2]]
        writer = DatasetWriter(place_of(place))
        writer.begin(client.settings.owner, tasks[0].request)
        for future in [grid.workers.submit(task) for task in tasks]:
            writer.add(future.result(60).entry)
    assert len(calls("/contents")) == 2
    assert list(client.stored()) == []
    data = sr.dataset(place)
    rows = data.scan("payouts.itemized").collect()
    assert rows["account"].unique().to_list() == ["own"]
    assert_frame_equal(
        rows.drop("report_type", "account", "start"), pl.concat([each.frame() for each in expected])
    )
    assert data.verify().ok
    assert list((place / "staging").iterdir()) == []


class TestProbe:
    """Before anything is launched, a worker tries everything that a task needs."""

    @LEAVING_EXECUTOR
    def test_workers_that_can_do_the_job_pass(self, executor, connect, calls):
        """No call has the key, and nothing is left at the destination."""
        with Grid(connect(), executor) as grid:
            grid.probe()
            assert [path for path in grid.folder.rglob("*") if path.is_file()] == []
        assert set(calls()) == {"GET /v1/files"}

    @A_POOL
    @pytest.mark.parametrize(
        ("changes", "happened", "advice"),
        [
            (
                {"key_digest": "0" * 16},
                r"process \d+ on \S+ has another API key than this client",
                "set STRIPE_API_KEY there",
            ),
            (
                {"package_version": "9.9"},
                r"A worker has version \S+ of stripe-reports, and",
                "stripe-reports==9.9",
            ),
            ({"base_url": "http://127.0.0.1:9"}, "no connection to 127.0.0.1:9", "HTTPS_PROXY"),
        ],
        ids=["another key", "another version", "no way to Stripe"],
    )
    def test_the_error_says_what_to_set_and_where(self, executor, changes, happened, advice, connect, calls):
        """The message names the process if it is known, and says that nothing was launched."""
        with Grid(connect(), executor) as grid:
            with pytest.raises(WorkerError, match=happened) as caught:
                grid.probe(**changes)
            assert advice in caught.value.remedy.for_python
        assert "Nothing was launched." in caught.value.problem
        assert not calls("POST")

    def test_a_worker_without_a_key_is_refused(self, connect, tmp_path):
        """The key never travels with a task."""
        with processes({}, tmp_path) as executor, Grid(connect(), executor) as grid:
            with pytest.raises(WorkerError, match="no API key") as caught:
                grid.probe()
            assert "set STRIPE_API_KEY there" in caught.value.remedy.for_command_line
            with pytest.raises(WorkerError, match="no API key"):  # a worker that came later
                grid.convert(grid.task("payouts.itemized", "2026-08"))

    def test_a_worker_that_sees_another_folder_is_refused(self, sent, connect):
        """The same path on another machine is another folder."""
        sent.changes = {"question": "what the client wrote on its machine"}
        with Grid(connect(), sent) as grid, pytest.raises(WorkerError, match="does not see what") as caught:
            grid.probe()
        assert "into=" in caught.value.remedy.for_python

    def test_a_worker_that_may_not_write_is_refused(self, sent, connect):
        """It sees the folder, and cannot make a file in it."""
        sent.changes = {"answer": "staging/" + "long" * 100}
        with Grid(connect(), sent) as grid, pytest.raises(WorkerError, match="Could not write") as caught:
            grid.probe()
        assert "a folder that they see under the same path" in caught.value.remedy.for_python

    def test_a_worker_without_the_package_is_refused(self, connect, tmp_path):
        """It is asked first, in terms that it understands: a worker of Dask that cannot read a task ends."""
        needs_dask()
        with dask_cluster({"STRIPE_API_KEY": KEY}, tmp_path) as executor, Grid(connect(), executor) as grid:
            executor.run(hide_package)
            with pytest.raises(WorkerError, match=r"worker at tcp://.* has no version") as caught:
                grid.probe()
            assert "pip install stripe-reports==" in caught.value.remedy.for_python
            assert len(executor.scheduler_info()["workers"]) == 2

    def test_no_worker_at_all_is_an_error(self, connect):
        """A call would wait forever."""
        with Grid(connect(), Deaf()) as grid, pytest.raises(WorkerError, match=r"No worker .* answered"):
            grid.workers.probe(grid.connection, grid.destination, timeout=0)


class Deaf(Executor):
    """An executor without workers."""

    def __init__(self):
        self.futures = []

    def submit(self, *_arguments, **_options):
        self.futures.append(Future())
        return self.futures[-1]


class TestSecrets:
    """What travels to a worker has no key. It has the options of an object store, which are shown nowhere."""

    def test_a_task_is_small_and_has_no_key(self, sent, connect):
        """Schedulers keep tasks in memory, and cluster administrators can read them."""
        with Grid(connect(), sent) as grid:
            grid.probe()
            grid.convert(grid.task("payouts.itemized", "2026-08"))
        assert len(sent.pickles) == 3
        for pickled in sent.pickles:
            assert len(pickled) < 4000
            assert not any(part.encode() in pickled for part in parts_of(KEY))

    def test_a_task_is_read_without_heavy_imports(self, sent, connect):
        """A scheduler that only passes it on does not need polars."""
        with Grid(connect(), sent) as grid:
            grid.convert(grid.task("payouts.itemized", "2026-08"))
        code = "import pickle, sys; pickle.load(sys.stdin.buffer); print(*sys.modules)"
        read = subprocess.run(
            [sys.executable, "-c", code], input=sent.pickles[-1], stdout=subprocess.PIPE, check=True
        )
        modules = read.stdout.decode().split()
        assert "stripe_reports.runs.entry" in modules
        assert {"polars", "requests", "stripe", "altair", "ipywidgets"}.isdisjoint(modules)

    def test_dask_shows_neither_key_nor_options(self, connect, simulator, tmp_path):
        """Not in the names and reprs of tasks, nor in what scheduler and workers log and remember."""
        needs_dask()
        secret = "the key of an object store"
        simulator.inject_fault("file.corrupt")
        with dask_cluster({"STRIPE_API_KEY": KEY}, tmp_path) as dask, Grid(connect(), dask) as grid:
            grid.destination = replace(grid.destination, storage_options={"aws_secret_access_key": secret})
            task = grid.task("payouts.itemized", "2026-08")
            future = grid.workers.submit(task)
            with pytest.raises(DamagedFileError):
                future.result(60)
            seen = [
                task,
                dask.futures,
                dask.get_worker_logs(),
                dask.get_scheduler_logs(),
                dask.scheduler_info(),
            ]
            seen += [dask.story(*dask.futures), dask.get_events(), dask.processing(), dask.get_task_stream()]
        shown = "".join(map(str, seen))
        assert task.run.id in shown
        assert not any(part in shown for part in (*parts_of(KEY), secret))

    def test_an_unexpected_error_does_not_show_the_options(self, sent, connect, monkeypatch):
        """It may not even be possible to pickle it, which ends a pool of processes with all its tasks."""

        class OddError(Exception):
            def __reduce__(self):
                raise TypeError("cannot pickle")

        def fail(*_, **__):
            raise OddError(f"403 for {secret}")

        secret = "the key of an object store"
        monkeypatch.setattr("stripe_reports.runs.working.convert", fail)
        with Grid(connect(), sent) as grid:
            grid.destination = replace(grid.destination, storage_options={"aws_secret_access_key": secret})
            with pytest.raises(WorkerError, match="OddError: 403 for") as caught:
                grid.convert(grid.task("payouts.itemized", "2026-08"))
        assert secret not in str(caught.value)


class TestDemo:
    """``demo()`` works with any executor, without a key in any environment."""

    @pytest.mark.parametrize("options", [{}, {"livemode": True}], ids=["test data", "live data"])
    def test_it_is_served_on_loopback_when_tasks_leave_the_process(self, options, tmp_path):
        """It has the same runs and the same clock, and workers ask it for the key."""
        with processes({}, tmp_path) as executor, sr.demo(cache_dir=tmp_path / "cache", **options) as client:
            report = client.fetch("payouts.itemized", "2026-08")
            with Grid(client, executor) as grid:
                address = grid.connection.base_url
                assert address.startswith("http://127.0.0.1:")
                grid.probe()
                stored = grid.report(grid.task("payouts.itemized", "2026-08"))
            assert data_of(stored.path) == data_of(report.path)
            assert stored.provenance.fetched_at.date() == client.simulator.clock.now().date()
            assert stored.provenance.run.result.url.startswith("https://files.stripe.com/")
            assert client._served_at() == address
        assert why_unreachable(address) is not None

    def test_it_stays_in_the_process_with_threads(self, tmp_path):
        """No socket is opened."""
        with sr.demo(cache_dir=tmp_path) as client, Grid(client, None) as grid:
            grid.probe()
            assert grid.report(grid.task("payouts.itemized", "2026-08")).provenance.rows == 52
            assert client._address is None

    def test_its_key_is_given_by_simulators_on_this_machine_only(self):
        """An address of the network could give any key."""
        assert key_of_simulator("http://203.0.113.5:12111", "0" * 16) is None

    def test_another_application_in_the_process_must_be_served(self, simulator, tmp_path):
        """Only the demo knows how to serve itself."""
        client = sr.Client(KEY, application=simulator, cache_dir=tmp_path)
        with processes({}, tmp_path) as executor, pytest.raises(ParameterError) as caught:
            Grid(client, executor)
        assert "base_url" in caught.value.remedy.for_python


class TestExecutors:
    @pytest.mark.parametrize("given", [4, "processes", ThreadPoolExecutor], ids=str)
    def test_only_executors_and_clients_of_dask_are_executors(self, given):
        """The message says what is one."""
        with pytest.raises(ParameterError, match=r"ProcessPoolExecutor\(\).*dask.distributed.Client"):
            Workers(given, files_of=None, take_download=None)

    def test_processes_that_would_hang_are_refused(self):
        """Python 3.11 to 3.13 fork by default on Linux, and a forked process waits for polars forever."""
        executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))
        with pytest.raises(ParameterError, match=r"get_context\('spawn'\)"):
            Workers(executor, files_of=None, take_download=None)

    @A_POOL
    def test_the_rate_limit_is_asked_where_tasks_are_handed_out(self, executor, connect):
        """Workers do not count: their machines do not know of each other."""
        client, taken = connect(), []
        with Grid(client, executor) as grid:
            grid.workers._take_download = lambda: taken.append(1)
            task = grid.task("payouts.itemized", "2026-08")
            for _ in range(3):
                grid.convert(task)
        assert len(taken) == 3

    def test_threads_respect_the_time_limit_of_the_call(self, connect, simulator):
        """As a download in the caller's own thread does."""
        simulator.inject_fault("file.trickle")
        client = connect()
        with Grid(client, None) as grid:
            task = grid.task("payouts.itemized", "2026-08")
            with client._within(5), pytest.raises(sr.errors.CallTimeoutError):
                grid.convert(task)

    def test_threads_convert_only_a_few_large_results_at_the_same_time(self, connect):
        """Each needs much memory, and a user's pool may have many threads."""
        room = Room()
        with Grid(connect(), None) as grid:
            grid.workers._room = room
            task = grid.task("payouts.itemized", "2026-08")
            large = replace(task, run=replace(task.run, result=replace(task.run.result, size=None)))
            with room.for_(large.run), room.for_(large.run):
                waiting = grid.workers.submit(large)
                assert grid.convert(task).entry.rows == 52
                assert not waiting.done()
            assert waiting.result(60).entry.rows == 52

    def test_an_executor_that_was_shut_down_is_an_error_of_each_task(self, connect, sent):
        """A cell that fails is a row, so nothing is raised before the result is asked for."""
        with Grid(connect(), ThreadPoolExecutor(1)) as grid:
            grid.workers._executor.shutdown()
            future = grid.workers.submit(grid.task("payouts.itemized", "2026-08"))
            with pytest.raises(WorkerError, match="after shutdown") as caught:
                future.result()
        assert "only what is missing" in caught.value.remedy.for_python

    def test_closing_cancels_what_was_not_begun(self, connect):
        """After an interrupt, a pool of the user has no tasks of ours left."""
        deaf = Deaf()
        with Grid(connect(), deaf) as grid:
            future = grid.workers.submit(grid.task("payouts.itemized", "2026-08"))
        (inner,) = deaf.futures
        assert inner.cancelled()
        assert isinstance(future.exception(), WorkerError)

    def test_cancelling_a_future_cancels_the_task(self, connect):
        """The future that is given out stands for the one of the executor."""
        deaf = Deaf()
        with Grid(connect(), deaf) as grid:
            assert grid.workers.submit(grid.task("payouts.itemized", "2026-08")).cancel()
            assert deaf.futures[0].cancelled()


class Interrupted:
    """A fault that stops the bodies of files in the middle, until the test lets them go on.

    Attributes:
        begun: Set when a worker has received the first half.
    """

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.goes_on = threading.Event()

    def __call__(self, _request, answer):
        response = answer()
        content = response.get_data()

        def halves():
            yield content[: len(content) // 2]
            self.begun.release()
            self.goes_on.wait(60)
            yield content[len(content) // 2 :]

        response.response = halves()
        response.content_length = len(content)
        return response


class TestDatasets:
    """A result gets its name in a dataset by its run, so that nobody can overwrite another's."""

    def test_two_attempts_of_a_run_give_the_same_object(self, sent, connect, tmp_path):
        """The second finds the first one's, and describes that."""
        with Grid(connect(), sent, into=tmp_path / "dataset") as grid:
            task = grid.task("payouts.itemized", "2026-08")
            first, second = grid.convert(task), grid.convert(replace(task, fetched_at=task.fetched_at + DAY))
            assert first.entry == second.entry
            (there,) = (tmp_path / "dataset" / "data").rglob("*.parquet")
        assert hashlib.sha256(there.read_bytes()).hexdigest() == first.entry.parquet_sha256

    def test_the_account_is_part_of_the_name(self, sent, connect, tmp_path):
        """Each account has a folder of its own."""
        account = connected_accounts(Ledger.of(1))[0].id
        with Grid(connect(account=account), sent, into=tmp_path / "dataset") as grid:
            entry = grid.convert(grid.task("payouts.itemized", "2026-08")).entry
        assert f"/account={account}/start=2026-08-01T000000Z/" in entry.object

    def test_a_worker_that_cannot_write_is_refused(self, sent, connect, tmp_path):
        """The probe writes a small object, and leaves none."""
        sent.changes = {"answer": "staging/" + "long" * 100}
        with Grid(connect(), sent, into=tmp_path / "dataset") as grid, pytest.raises(WorkerError):
            grid.probe()
        assert [path for path in (tmp_path / "dataset").rglob("*") if path.is_file()] == []

    def test_a_damaged_file_is_not_kept(self, sent, connect, simulator, tmp_path):
        """It holds customers' data, and others can read the place."""
        simulator.inject_fault("file.corrupt")
        with (
            Grid(connect(), sent, into=tmp_path / "dataset") as grid,
            pytest.raises(DamagedFileError) as caught,
        ):
            grid.convert(grid.task("payouts.itemized", "2026-08"))
        assert caught.value.__notes__[0].endswith("as Stripe sent it.")
        assert not (tmp_path / "dataset").exists()


class TestKilledWorkers:
    """``kill -9`` in the middle of a task: nothing is half written, and a repeated call does the rest."""

    @pytest.fixture
    def interrupted(self, simulator):
        fault = Interrupted()
        simulator.faults.append(Fault("GET /v1/files/*", change=fault))
        yield fault
        fault.goes_on.set()

    def test_a_pool_of_processes_is_lost_and_a_new_one_does_the_rest(
        self, connect, interrupted, calls, tmp_path
    ):
        """Python's pool cannot replace a process. The error says to repeat the call, with a new one."""
        client = connect()
        with processes({"STRIPE_API_KEY": KEY}, tmp_path) as executor, Grid(client, executor) as grid:
            tasks = [grid.task("payouts.itemized", f"2026-0{month}") for month in (7, 8, 9)]
            futures = [grid.workers.submit(task) for task in tasks]
            assert interrupted.begun.acquire(timeout=60)
            for pid in executor._processes:
                os.kill(pid, signal.SIGKILL)
            failed = [future.exception(60) for future in futures]
            assert all(isinstance(error, WorkerError | None) for error in failed)
            assert any(failed)
            assert "with a new executor" in str(next(filter(None, failed)))
            assert isinstance(grid.workers.submit(tasks[0]).exception(60), WorkerError)
        assert list(client.stored()) == []
        assert not list(client._store.folder.glob("staging/*"))
        interrupted.goes_on.set()
        calls()
        with processes({"STRIPE_API_KEY": KEY}, tmp_path) as executor, Grid(client, executor) as grid:
            for task in tasks:
                grid.report(replace(task, destination=grid.destination))
        assert len(client.stored()) == 3
        assert not calls("POST")

    def test_dask_repeats_the_task_elsewhere(self, connect, interrupted, tmp_path):
        """The attempt that was killed has left its folder, which nobody reads, and which is removed."""
        needs_dask()
        client = connect()
        with (
            dask_cluster({"STRIPE_API_KEY": KEY}, tmp_path / "dask") as dask,
            Grid(client, dask) as grid,
        ):
            task = grid.task("payouts.itemized", "2026-08")
            future = grid.workers.submit(task)
            assert interrupted.begun.acquire(timeout=60)
            (worker,) = [address for address, tasks in dask.processing().items() if tasks]
            os.kill(dask.run(os.getpid)[worker], signal.SIGKILL)
            figures = future.result(60)
            assert len(list(grid.folder.iterdir())) == 2
            stored = grid.downloader.take(task, figures)
        assert stored.provenance.rows == 52
        assert not list(client._store.folder.glob("staging/*"))

    def test_dask_does_not_repeat_what_is_done(self, connect, tmp_path):
        """It would, when the worker that did it is lost, for each future that is still referenced."""
        needs_dask()
        gc.disable()
        try:
            with dask_cluster({"STRIPE_API_KEY": KEY}, tmp_path) as dask, Grid(connect(), dask) as grid:
                task = grid.task("payouts.itemized", "2026-08")
                futures = [grid.workers.submit(task) for _ in range(3)]
                assert [future.result(60).entry.rows for future in futures] == [52] * 3
                dask.run_on_scheduler(int)  # after everything that the client told it before
                assert dict(dask.futures) == {}
        finally:
            gc.enable()
