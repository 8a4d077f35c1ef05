"""The same call with any executor: the same data, one launch for each cell, and few calls."""

from collections import Counter
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import polars as pl
import pytest

import stripe_reports as sr
from dataset_places import PLACES, empty
from executors import EXECUTORS, LEAVING, Refusing, needs_dask
from simulator_api import CONNECTED
from stripe_reports import errors
from stripe_reports.runs import workers
from stripe_reports.simulator import Simulator

pytestmark = pytest.mark.slow

TYPES = ["payouts.itemized.5", "balance_change_from_activity.itemized.3"]
ASKED = {"period": "2026-Q3", "split": "month", "accounts": [*CONNECTED[:2], "own"]}
CELLS = 2 * 3 * 3
KEY = Simulator(seed=1).key


@pytest.fixture(scope="module")
def executor(request, tmp_path_factory):
    """An executor of a kind, whose processes have the key of the simulator."""
    if "ask" in request.param:
        needs_dask()
    with EXECUTORS[request.param]({"STRIPE_API_KEY": KEY}, tmp_path_factory.mktemp("executor")) as executor:
        yield executor


@pytest.fixture(scope="module")
def bucket(request, tmp_path_factory):
    """A bucket of a kind, or None for a folder."""
    with PLACES[request.param](request, tmp_path_factory) as bucket:
        yield bucket


EVERY_EXECUTOR = pytest.mark.parametrize("executor", EXECUTORS, indirect=True)
LEAVING_EXECUTOR = pytest.mark.parametrize("executor", LEAVING, indirect=True)
EVERY_EXECUTOR_AND_PLACE = pytest.mark.parametrize(
    ("bucket", "executor"),
    [("folder", executor) for executor in EXECUTORS]
    + [(place, executor) for place in ("s3", "az") for executor in ("None", "threads", *LEAVING[::2])],
    indirect=True,
)


def sums(reports, report_type):
    return sums_of(reports.frame(report_type))


def sums_of(rows):
    """The exact sums of an account and a currency; the rows of a dataset are in another order."""
    return rows.group_by("account", "currency").agg(pl.col(pl.Decimal).sum()).sort("account", "currency")


class Silent(Executor):
    """An executor that answers the probe and never finishes a task, however much time passes."""

    def __init__(self, inner, clock):
        self._inner = inner
        self._clock = clock

    def submit(self, function, /, *arguments, **named):
        if function.__name__ != "convert_task":
            return self._inner.submit(function, *arguments, **named)
        self._clock.advance(100)
        future = Future()
        future.set_running_or_notify_cancel()
        return future


class Cluster(Silent):
    """A client of a cluster that loses its workers when it gets the first task, as Dask shows it."""

    def __init__(self, inner, clock):
        super().__init__(inner, clock)
        self._workers = {"tcp://127.0.0.1:1": {}}

    def scheduler_info(self, n_workers):
        return {"workers": self._workers}

    def run_on_scheduler(self, function, *arguments):
        return function(*arguments)

    def run(self, function, *arguments, on_error):
        return {address: function(*arguments) for address in self._workers}

    def submit(self, function, /, *arguments, workers=None, key=None):
        if function.__name__ == "convert_task":
            self._workers = {}
        return super().submit(function, *arguments)


@EVERY_EXECUTOR
def test_every_executor_gives_the_same_sums(executor, connect, simulator, tmp_path):
    """To the last digit, with one launch for each cell and at most four calls."""
    expected = connect(cache_dir=tmp_path / "expected").fetch_all(TYPES, **ASKED)
    simulator.requests.clear()
    launched = len(simulator.runs)
    reports = connect(cache_dir=tmp_path / "ours").fetch_all(TYPES, **ASKED, reuse="never", executor=executor)
    assert reports.reuse_summary == f"{CELLS} reports launched"
    assert len(simulator.runs) - launched == CELLS
    assert len(simulator.requests) <= 4 * CELLS
    for report_type in TYPES:
        assert sums(reports, report_type).equals(sums(expected, report_type))
    assert [report.provenance.rows for report in reports] == [report.provenance.rows for report in expected]


@LEAVING_EXECUTOR
def test_the_workers_result_is_stored_like_any_other(executor, connect):
    """The next call reads it from this disk, with and without an executor."""
    client = connect()
    reports = client.fetch_all(TYPES[0], **ASKED, executor=executor)
    again = connect().fetch_all(TYPES[0], **ASKED)
    assert again.paths == reports.paths
    assert set(again.status()["status"]) == {"stored"}
    assert not list(client._store.folder.glob("staging/*"))


@EVERY_EXECUTOR_AND_PLACE
def test_every_executor_fills_a_dataset(bucket, executor, connect, simulator, tmp_path):
    """The same figures, with as few calls, in a folder and in buckets; this machine needs no disk."""
    place, options = empty(bucket, tmp_path)
    expected = connect(cache_dir=tmp_path / "expected").fetch_all(TYPES, **ASKED)
    simulator.requests.clear()
    launched = len(simulator.runs)
    client = connect(cache_dir=tmp_path / "ours")
    client.fetch_all(
        TYPES, **ASKED, into=place, storage_options=options, executor=executor, reuse="never", errors="raise"
    )
    assert len(simulator.runs) - launched == CELLS
    assert len(simulator.requests) <= 4 * CELLS
    data = sr.dataset(place, storage_options=options)
    for report_type in TYPES:
        rows = data.scan(report_type).collect()
        assert sums_of(rows).equals(sums(expected, report_type))
    assert data.status()["status"].to_list() == ["stored"] * CELLS
    assert data.verify().ok, data.verify()
    assert (len(client.stored()) == 0) is (executor is not None)


@LEAVING_EXECUTOR
def test_a_result_that_a_worker_cannot_read_is_a_row(executor, connect, simulator):
    """The error of the worker is the reason, and the others are there."""
    simulator.inject_fault("file.corrupt")
    reports = connect().fetch_all(TYPES[0], **ASKED, executor=executor)
    assert Counter(reports.status()["status"]) == {"failed": 1, "launched": 8}
    assert reports.failed()["error"].to_list() == ["DamagedFileError"]


@pytest.mark.parametrize("executor", ["processes"], indirect=True)
def test_workers_that_do_not_answer_in_time_are_not_waited_for(executor, connect, simulator):
    """What they were to do is missing, and its runs have succeeded."""
    executor = Silent(executor, simulator.clock)
    reports = connect().fetch_all(TYPES[0], **ASKED, executor=executor, timeout=200)
    assert set(reports.status()["status"]) == {"missing"}
    assert reports.status()["reason"].str.contains("A worker did not convert").any()


def test_a_cluster_that_loses_all_its_workers_is_not_waited_for(connect, simulator, monkeypatch):
    """Dask would keep the tasks until somebody starts workers; the same call goes on without a launch."""
    monkeypatch.setenv("STRIPE_API_KEY", KEY)  # the workers are threads here
    monkeypatch.setattr(workers, "_dask_client", lambda given: given)
    monkeypatch.setattr(workers, "ALONE_FOR", 0)
    monkeypatch.setattr(workers, "LOOK_EVERY", 0)
    with ThreadPoolExecutor(1) as threads:
        reports = connect().fetch_all(TYPES[0], **ASKED, executor=Cluster(threads, simulator.clock))
    assert {"failed"} <= set(reports.status()["status"]) <= {"failed", "missing"}
    assert set(reports.failed()["error"]) == {"WorkerError"}
    assert "The cluster has had no worker for" in reports.failed()["reason"][0]
    launched = len(simulator.runs)
    assert set(connect().fetch_all(TYPES[0], **ASKED).status()["status"]) == {"reused"}
    assert len(simulator.runs) == launched == 9


def test_nothing_is_launched_if_the_workers_cannot_do_it(connect, simulator):
    """The probe comes first."""
    executor = Refusing()
    with pytest.raises(errors.WorkerError):
        connect().fetch_all(TYPES[0], **ASKED, executor=executor)
    assert simulator.runs == []
    assert len(executor.tasks) == 1


def test_an_executor_is_not_needed_for_what_is_stored(connect, simulator):
    """A cluster need not be up to read last year."""
    connect().fetch_all(TYPES[0], "2026-Q1", split="month")
    executor = Refusing()
    again = connect().fetch_all(TYPES[0], "2026-Q1", split="month", executor=executor)
    assert again.reuse_summary == "3 months stored"
    assert executor.tasks == []
