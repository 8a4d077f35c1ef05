"""``kill -9`` at random moments: nothing is half written, launched twice, or missing in the end.

``KILLS=5 pytest tests/runs/test_killed.py`` kills twenty times.
"""

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest
from killed_driver import ASKED, CELLS, TYPES

import stripe_reports as sr
from clocks import TestClock
from executors import EXECUTORS, needs_dask
from stripe_reports.client import Client
from stripe_reports.errors import WorkerError
from stripe_reports.simulator import Fault, Simulator, serve

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")]

KILLS = int(os.environ.get("KILLS", "1"))
SEED = int(os.environ.get("KILL_SEED", "1"))
EXTRA = "data/ has no other files, so each row is there once"
DRIVER = Path(__file__).with_name("killed_driver.py")
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join([str(DRIVER.parents[1]), os.environ.get("PYTHONPATH", "")])
}
"""That of the driver, which imports what the tests share."""


class Killer:
    """Kills one process in each attempt, soon after the simulator was called a random number of times.

    Args:
        most: How many processes to kill in all.

    Attributes:
        left: How many are still to be killed.
        rng: Chooses the moments.
    """

    def __init__(self, most):
        self.left = most
        self.rng = random.Random(SEED)  # noqa: S311
        self._lock = threading.Lock()
        self._calls = 0
        self._kill = None

    @contextmanager
    def armed(self, kill):
        """Call *kill* at some moment of this block; it returns True if there was a process to kill."""
        with self._lock:
            self._calls, self._kill = self.rng.randint(1, 2 * CELLS), kill
        try:
            yield
        finally:
            with self._lock:
                self._kill = None

    def count_call(self):
        """Count a call of the simulator."""
        with self._lock:
            self._calls -= 1
            if self._calls == 0:
                # A while later, since a process is more often busy with its disk than with a call.
                threading.Timer(self.rng.uniform(0, 0.1), self._strike).start()

    def _strike(self):
        with self._lock:
            if self._kill is not None and self.left and self._kill():
                self.left -= 1


class Round:
    """A simulator and an empty dataset, which are filled although processes are killed."""

    def __init__(self, folder, killer):
        folder.mkdir()
        self.folder = folder
        self.place = folder / "dataset"
        self.simulator = Simulator(seed=1, latency=10.0)

        def answered(_request, answer):
            self.simulator.clock.advance(1)
            killer.count_call()
            return answer()

        self.simulator.faults.append(Fault("* *", times=float("inf"), change=answered))

    def fill(self, attempt):
        """Call *attempt* until it says that everything is there; check what each leaves."""
        with serve(self.simulator) as url:
            while not attempt(url):
                self.check_after_a_kill()
        self.check_at_the_end()

    def check_after_a_kill(self):
        """What is there is whole; a result may be there that nobody has entered yet."""
        if (self.place / "dataset.json").exists():
            wrong = [each for each in sr.dataset(self.place).verify().findings if not each.ok]
            assert [each for each in wrong if each.what != EXTRA] == [], wrong

    def check_at_the_end(self):
        """Each cell is there once, and was launched once."""
        data = sr.dataset(self.place)
        assert data.verify().ok, data.verify()
        status = data.status()
        assert status["status"].to_list() == ["stored"] * CELLS
        launches = Counter(
            (run.owner, run.report_type.id, run.parameters["interval_start"]) for run in self.simulator.runs
        )
        assert set(launches.values()) == {1}
        assert len(launches) == CELLS
        assert sum(data.scan(name).collect().height for name in TYPES) == status["rows"].sum()


def rounds(folder, killer):
    """Rounds until enough processes were killed."""
    for number in count():
        if not killer.left:
            return
        yield Round(folder / f"round-{number}", killer)


@pytest.mark.parametrize("kind", ["None", "processes"])
def test_a_driver_that_is_killed_loses_nothing(kind, tmp_path):
    """The next one goes on, on the same machine or on another one that knows only the dataset.

    Workers of a driver that was killed may still put a result into the dataset.
    """
    killer = Killer(KILLS)
    for round_ in rounds(tmp_path, killer):
        groups = []

        def attempt(url, round_=round_, groups=groups):
            machine = round_.folder / f"machine-{killer.rng.randint(1, 2)}"
            command = [sys.executable, DRIVER, kind, round_.simulator.key, url, machine, round_.place]
            with subprocess.Popen(
                command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, start_new_session=True
            ) as driver:
                groups.append(driver.pid)

                def kill():
                    was_running = driver.poll() is None
                    driver.kill()
                    return was_running

                with killer.armed(kill):
                    assert driver.wait(120) in (0, -signal.SIGKILL), driver.stderr.read()
            return driver.returncode == 0

        try:
            round_.fill(attempt)
        finally:
            for group in groups:
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)


def pids_of_pool(pool):
    return list(pool._processes or ())


def pids_of_dask(dask):
    return [nanny.pid for nanny in dask.cluster.workers.values() if nanny.pid]


@pytest.mark.parametrize(("kind", "pids"), [("processes", pids_of_pool), ("a Dask cluster", pids_of_dask)])
def test_a_worker_that_is_killed_loses_nothing(kind, pids, tmp_path):
    """Dask does its task again; a pool of Python is lost, and the same call with a new one does the rest."""
    if "Dask" in kind:
        needs_dask()
    killer = Killer(KILLS)
    for round_ in rounds(tmp_path, killer):

        def attempt(url, round_=round_):
            def kill():
                there = pids(executor)
                for pid in killer.rng.sample(there, min(1, len(there))):
                    os.kill(pid, signal.SIGKILL)
                return bool(there)

            key, clock = round_.simulator.key, TestClock(round_.simulator.clock)
            with (
                EXECUTORS[kind]({"STRIPE_API_KEY": key}, round_.folder) as executor,
                Client(key, base_url=url, cache_dir=round_.folder / "cache", clock=clock) as client,
                killer.armed(kill),
            ):
                try:
                    reports = client.fetch_all(TYPES, **ASKED, into=round_.place, executor=executor)
                except WorkerError:  # it was killed before it had answered the probe
                    return False
            return len(reports) == CELLS

        round_.fill(attempt)
