"""Executors of every kind that results are converted by; each has the key in its own environment."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

__all__ = ["EXECUTORS", "LEAVING", "Environment", "Refusing", "hide_package", "needs_dask"]

Environment = Mapping[str, str]

UP_WITHIN = 60


def needs_dask() -> None:
    """Skip a test where Dask is not installed; in CI it is."""
    if find_spec("distributed") is None:
        assert not os.environ.get("CI"), "this test must not be left out here: install distributed"
        pytest.skip("needs distributed, of the extra dask")


def set_environment(environment: Environment) -> None:
    """Begin the life of a process of a pool."""
    os.environ.update(environment)


@contextmanager
def no_executor(_environment: Environment, _folder: Path) -> Iterator[None]:
    """Threads of the package."""
    yield None


@contextmanager
def threads(_environment: Environment, _folder: Path) -> Iterator[Executor]:
    """Threads of a user."""
    with ThreadPoolExecutor(2) as executor:
        yield executor


@contextmanager
def processes(environment: Environment, _folder: Path) -> Iterator[Executor]:
    """New processes, which inherit nothing but what is sent to them."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        2, mp_context=context, initializer=set_environment, initargs=(dict(environment),)
    ) as executor:
        yield executor


@contextmanager
def dask_cluster(environment: Environment, folder: Path) -> Iterator[Any]:
    """Two processes on this machine, as ``dask.distributed.LocalCluster()`` starts them."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            local_directory=str(folder),
            env=dict(environment),
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def dask_commands(environment: Environment, folder: Path) -> Iterator[Any]:
    """A scheduler and two workers, each started by its command; they write ``*.log``."""
    from distributed import Client

    address = folder / "scheduler.json"
    where = ("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(address))
    with ExitStack() as running:

        def start(name: str, *arguments: str) -> None:
            log = running.enter_context((folder / f"{name}.log").open("w"))
            command = [sys.executable, "-m", "dask", *arguments, *where]
            process = subprocess.Popen(command, env=os.environ | environment, cwd=folder, stderr=log)
            running.callback(process.wait, UP_WITHIN)
            running.callback(process.terminate)

        start("scheduler", "scheduler", "--port", "0")
        for number in range(2):
            start(f"worker-{number}", "worker", "--no-nanny", "--nthreads", "1")
        with Client(scheduler_file=str(address), timeout=UP_WITHIN) as client:
            client.wait_for_workers(2, timeout=UP_WITHIN)
            yield client


EXECUTORS: dict[str, Callable[[Environment, Path], AbstractContextManager[Any]]] = {
    "None": no_executor,
    "threads": threads,
    "processes": processes,
    "a Dask cluster": dask_cluster,
    "dask scheduler and dask worker": dask_commands,
}

LEAVING = [name for name in EXECUTORS if name not in ("None", "threads")]
"""Those whose tasks leave the process."""


def hide_package() -> None:
    """Let this process have no stripe-reports, as on a machine where nobody installed it."""
    sys.meta_path.insert(0, NoPackage())
    for name in [name for name in sys.modules if name.partition(".")[0] == "stripe_reports"]:
        del sys.modules[name]


class NoPackage:
    """Finds that there is neither the package nor its metadata."""

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] == "stripe_reports":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    def find_distributions(self, *_: object) -> Iterator[object]:
        raise PackageNotFoundError("stripe-reports")


class Refusing(Executor):
    """An executor whose workers are all lost, as after a pool of processes was killed."""

    def __init__(self) -> None:
        self.tasks: list[object] = []

    def submit(self, function: Any, /, *_arguments: Any, **_named: Any) -> Future[Any]:
        self.tasks.append(function)
        raise RuntimeError("cannot schedule new futures after shutdown")
