"""The workers that convert results: threads of this process, any executor, or a Dask cluster.

This is the only module that knows executors. It starts no processes, retries no dead workers and schedules
nothing: that is what an executor is for.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar
from uuid import uuid4

from stripe_reports.errors import ParameterError, StripeReportsError, WorkerError
from stripe_reports.http.files import Files
from stripe_reports.planning import deadline
from stripe_reports.render import worker_remedies
from stripe_reports.render.remedies import everywhere
from stripe_reports.runs.download import Room
from stripe_reports.runs.entry import convert_task, probe_worker
from stripe_reports.runs.task import (
    Condition,
    Connection,
    Destination,
    Figures,
    Probe,
    Task,
)
from stripe_reports.runs.working import convert_with, opened
from stripe_reports.storage.datasets.layout import STAGING

if TYPE_CHECKING:
    from distributed import Client as DaskClient

__all__ = ["ExecutorOption", "Workers", "check_executor"]

logger = logging.getLogger("stripe_reports")

ExecutorOption: TypeAlias = "Executor | DaskClient | None"
"""None for threads of this package, any executor of ``concurrent.futures``, or a client of Dask."""

THREADS = 8
"""Results that are converted at the same time without an executor, which limits the memory."""

PACKAGE = "stripe-reports"

PROBE_TIMEOUT = 60.0
"""Seconds in which a worker must answer the probe; to start a process and to import takes some."""

ALONE_FOR = 60.0
"""Seconds without any worker after which a cluster is given up; a worker that was lost is soon replaced."""

LOOK_EVERY = 5.0
"""Seconds between two questions to a scheduler about its workers."""

T = TypeVar("T")


class Workers:
    """Workers, each of which converts one result at a time.

    Args:
        executor: None for threads of our own, any executor, or a client of Dask.
        files_of: Returns the files of an account over the client's own connections; for threads.
        take_download: Waits until the rate limit allows one more download; called for each task that leaves
            this process. The client's own connections wait by themselves.
        threads: Number of threads of our own.
        room: Limits how many results threads convert at the same time.

    Attributes:
        are_elsewhere: True if tasks leave this process: they are pickled, and workers have their own key.

    Raises:
        ParameterError: The executor is none.
    """

    def __init__(
        self,
        executor: ExecutorOption,
        *,
        files_of: Callable[[str | None], Files],
        take_download: Callable[[], object],
        threads: int = THREADS,
        room: Room | None = None,
    ) -> None:
        self._room = room or Room()
        self._files_of = files_of
        self._take_download = take_download
        self._dask = _dask_client(executor)
        self._own = ThreadPoolExecutor(threads, "stripe-reports worker") if executor is None else None
        self._executor = self._own or _as_executor(executor)
        self.are_elsewhere = not _shares_memory(self._executor)
        self._handed_out: set[Future[Figures]] = set()
        self._lock = threading.Lock()
        self._looked_at = self._seen_at = time.monotonic()

    def probe(
        self, connection: Connection, destination: Destination, *, timeout: float = PROBE_TIMEOUT
    ) -> None:
        """Let a worker try everything that a task needs, before anything is launched; each worker of Dask.

        Raises:
            WorkerError: A worker cannot do the job, or none answered; it says what to set, and where.
            StoreError: The client itself cannot write to the destination.
        """
        if not self.are_elsewhere:
            return
        for name, found in self._versions(timeout).items():
            _check_version(name, found, connection)
        with _asked(connection, destination) as probe:
            for answer in _answered(self._probes(probe), timeout):
                _check(_result(answer), connection)

    def submit(self, task: Task) -> Future[Figures]:
        """Hand out a task as soon as the rate limit allows it, and return the future of its figures.

        The future has no error but those of this package. An error of the task keeps its class; a lost worker
        is a ``WorkerError``.

        Raises:
            CallTimeoutError, RunTimeoutError: The rate limit does not allow it within the time of the call.
        """
        if self.are_elsewhere:
            self._take_download()
            future = self._started(convert_task, task, **self._named(task.run.id))
        else:
            in_context = copy_context().run  # with the time limit of the call
            future = self._started(in_context, _convert_here, task, self._files_of(task.account), self._room)
        with self._lock:
            if not self._handed_out:  # until now a cluster needed no workers
                self._seen_at = time.monotonic()
            self._handed_out.add(future)
        future.add_done_callback(self._finished)
        return _with_errors_of_ours(future)

    def check_alive(self) -> None:
        """Refuse to wait for a cluster that has lost all its workers, which would keep its tasks forever.

        Other executors say so themselves: the futures of their tasks fail.

        Raises:
            WorkerError: It has had no worker for a while.
        """
        now = time.monotonic()  # of the machines, not of a simulator
        if self._dask is None or now - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = now
        there = _done(_dask_workers, self._dask)
        if there.exception() is None and there.result():
            self._seen_at = now
        elif now - self._seen_at >= ALONE_FOR:
            raise WorkerError(
                f"The cluster has had no worker for {ALONE_FOR:.0f} s.",
                remedy=worker_remedies.give_new_executor(),
            )

    def close(self, *, wait: bool = True) -> None:
        """Cancel the tasks that were not begun, and end the threads of our own; an executor stays open.

        Args:
            wait: True to wait for tasks that were begun in threads of our own.
        """
        with self._lock:
            handed_out = list(self._handed_out)
        for future in handed_out:
            future.cancel()
        if self._own is not None:
            self._own.shutdown(wait=wait, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(wait=kind is None)

    def _finished(self, future: Future[Figures]) -> None:
        with self._lock:
            self._handed_out.discard(future)

    def _named(self, name: str) -> dict[str, str]:
        """Return the name of a task as Dask takes it and shows it; other executors have no names."""
        return {"key": f"stripe-reports-{name}-{uuid4().hex}"} if self._dask is not None else {}

    def _started(self, function: Callable[..., T], *arguments: Any, **options: Any) -> Future[T]:
        """Submit to the executor; if it does not work any more, return a future that says so."""
        try:
            return self._executor.submit(function, *arguments, **options)
        except RuntimeError as error:  # such as a BrokenExecutor
            failed: Future[T] = Future()
            failed.set_exception(error)
            return failed

    def _versions(self, timeout: float) -> Mapping[str, str | None]:
        """Return the version of this package that each worker has; None if it has none.

        The question can be read without this package. A worker of Dask that cannot read a task ends, and
        others may use it too.
        """
        if self._dask is None:
            (answer,) = _answered([self._started(version, PACKAGE)], timeout)
            return {"A worker": _version_in(answer)}
        scheduler = _done(self._dask.run_on_scheduler, version, PACKAGE)  # it reads the tasks, too
        workers = _result(_done(self._dask.run, version, PACKAGE, on_error="return"))
        return {"The scheduler": _version_in(scheduler)} | {
            f"The worker at {address}": found if isinstance(found, str) else None
            for address, found in workers.items()
        }

    def _probes(self, probe: Probe) -> list[Future[Condition]]:
        """Start a probe; with a client of Dask, one for each worker that is there now."""
        workers = _dask_workers(self._dask) if self._dask is not None else ()
        if not workers:
            return [self._started(probe_worker, probe)]
        return [
            self._started(
                probe_worker,
                replace(probe, answer=f"{probe.answer}-{number}"),
                workers=[address],
                **self._named("probe"),
            )
            for number, address in enumerate(workers)
        ]


def check_executor(executor: object) -> None:
    """Refuse what is no executor, before anything is done.

    Raises:
        ParameterError: It is none, or cannot be used.
    """
    if executor is not None:
        _as_executor(executor)


def _dask_client(executor: object) -> DaskClient | None:
    """Return the executor if it is a client of Dask, which is imported then."""
    distributed = sys.modules.get("distributed")
    return executor if distributed and isinstance(executor, distributed.Client) else None


def _dask_workers(client: DaskClient) -> Collection[str]:
    """Return the addresses of the workers that are there now."""
    workers: Collection[str] = client.scheduler_info(n_workers=-1)["workers"]
    return workers


def _as_executor(given: object) -> Executor:
    client = _dask_client(given)
    if isinstance(given, Executor):
        _check_not_forked(given)
        return given
    if client is not None and not client.asynchronous:
        dask_executor: Executor = client.get_executor(pure=False)
        return dask_executor
    hint = " Pass a client that is not asynchronous." if client is not None else ""
    raise ParameterError(
        "executor must be an executor of concurrent.futures, such as ProcessPoolExecutor(), or a client of "
        f"Dask, such as dask.distributed.Client(cluster); got {type(given).__name__}.{hint}",
        param="executor",
    )


def _check_not_forked(executor: Executor) -> None:
    """Refuse processes that would hang: a forked one inherits the locks of polars, but not its threads.

    Source: https://docs.pola.rs/user-guide/misc/multiprocessing/
    """
    context = getattr(executor, "_mp_context", None)  # of a ProcessPoolExecutor
    if context is not None and context.get_start_method() == "fork":
        raise ParameterError(
            "This ProcessPoolExecutor starts its processes by fork, and polars hangs in a forked process. "
            "Give it mp_context=multiprocessing.get_context('spawn').",
            param="executor",
        )


def _shares_memory(executor: Executor) -> bool:
    """True for threads. Those of an ``InterpreterPoolExecutor`` (Python 3.14) have modules of their own."""
    names = {class_.__name__ for class_ in type(executor).__mro__}
    return isinstance(executor, ThreadPoolExecutor) and "InterpreterPoolExecutor" not in names


def _convert_here(task: Task, files: Files, room: Room) -> Figures:
    with deadline.turn(room.for_(task.run), "Other results were being converted, and not all"):
        return convert_with(task, files)


@contextmanager
def _asked(connection: Connection, destination: Destination) -> Iterator[Probe]:
    """Put a question to the destination, and remove it with its answers at the end."""
    place = opened(destination)
    question = f"{STAGING}/probe-{uuid4().hex}"
    place.write_new(question, b"")
    try:
        yield Probe(
            connection=connection, destination=destination, question=question, answer=f"{question}-answer"
        )
    finally:
        for found in place.objects(STAGING):
            if found.name.startswith(question):
                place.remove(found.name)


def _answered(asked: Collection[Future[T]], timeout: float) -> list[Future[T]]:
    """Return those that are finished within the time; the others are of workers that are busy.

    Raises:
        WorkerError: None is.
    """
    done, late = wait(asked, timeout)
    for future in late:
        future.cancel()
    if not done:
        raise WorkerError(
            f"No worker of the executor answered within {timeout:.0f} s, so nothing was launched.",
            remedy=everywhere("Start workers, or wait until they have finished other tasks, and call again."),
        )
    if late:
        logger.info("%d of %d workers were busy and were not probed", len(late), len(asked))
    return list(done)


def _done(function: Callable[..., T], *arguments: Any, **options: Any) -> Future[T]:
    """Call a function, and return a finished future of its result or its error."""
    future: Future[T] = Future()
    try:
        future.set_result(function(*arguments, **options))
    except Exception as error:
        future.set_exception(error)
    return future


def _version_in(answer: Future[str]) -> str | None:
    return None if isinstance(answer.exception(), PackageNotFoundError) else _result(answer)


def _check_version(name: str, found: str | None, connection: Connection) -> None:
    """Refuse a worker with another version of this package, or without it.

    Raises:
        WorkerError: The message names the worker, and both versions.
    """
    wanted = connection.package_version
    if found != wanted:
        has = "no version" if found is None else f"version {found}"
        raise WorkerError(
            f"{name} has {has} of {PACKAGE}, and this process has {wanted}. Nothing was launched.",
            remedy=everywhere(f"Install it where the workers run: pip install {PACKAGE}=={wanted}."),
        )


def _check(found: Condition, connection: Connection) -> None:
    """Refuse a worker that cannot do its tasks.

    Raises:
        WorkerError: The message says what to set, and where.
    """
    nothing = "Nothing was launched."
    if found.key_digest != connection.key_digest:
        has = "no API key" if found.key_digest is None else "another API key than this client"
        raise WorkerError(f"{found.worker} has {has}. {nothing}", remedy=worker_remedies.give_workers_key())
    if found.unreachable is not None:
        raise WorkerError(
            f"{found.worker} cannot download Stripe's files: {found.unreachable}. {nothing}",
            remedy=everywhere(
                "Set HTTPS_PROXY and REQUESTS_CA_BUNDLE in the environment of the workers if they need a "
                "proxy, or a certificate of your company."
            ),
        )
    if found.unwritable is not None:
        raise WorkerError(
            f"{found.worker} cannot store results: {found.unwritable}. {nothing}",
            remedy=worker_remedies.let_workers_write(),
        )


def _with_errors_of_ours(future: Future[T]) -> Future[T]:
    """Return a future of the same, with errors of this package only; cancelling it cancels the other.

    The other is let go as soon as it is done. Dask keeps the result of a future that is referenced, and does
    its task again when the worker that has it is lost.
    """
    ours: Future[T] = Future()
    theirs = [future]

    def pass_on(done: Future[T]) -> None:
        theirs.clear()
        if ours.set_running_or_notify_cancel():
            try:
                ours.set_result(_result(done))
            except StripeReportsError as error:
                ours.set_exception(error)

    def cancel_too(done: Future[T]) -> None:
        for each in theirs if done.cancelled() else ():
            each.cancel()

    ours.add_done_callback(cancel_too)
    future.add_done_callback(pass_on)
    return ours


def _result(done: Future[T]) -> T:
    """Return the result of a finished future.

    Raises:
        StripeReportsError: The error of the task.
        WorkerError: The worker was lost, or could not read the task.
    """
    try:
        return done.result()
    except StripeReportsError:
        raise
    except CancelledError:
        happened = "a task was cancelled before it was finished"
    except Exception as error:
        happened = "; ".join(_in_words(each) for each in (error, error.__cause__) if each is not None)
    raise WorkerError(
        f"The executor did not do its work: {happened}.", remedy=worker_remedies.give_new_executor()
    )


def _in_words(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:500].rstrip(".")
