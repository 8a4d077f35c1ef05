"""Read the results of many runs: into the store by threads of this call, or by the workers of an executor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from stripe_reports.errors import StripeReportsError
from stripe_reports.models import ReportRequest
from stripe_reports.parsing.overrides import Overrides
from stripe_reports.planning.grid import Cell
from stripe_reports.report.report import Report
from stripe_reports.runs.accounts import Accounts
from stripe_reports.runs.find import AtStripe
from stripe_reports.runs.pool import Inbox, Pool
from stripe_reports.runs.results import Made, Results
from stripe_reports.runs.task import Connection, Destination, Figures, Task
from stripe_reports.runs.workers import ExecutorOption, Workers
from stripe_reports.storage.store import Store

__all__ = ["Reader", "readers"]

Then = Callable[[Made | Exception], None]
"""Called in the driver's thread with what came of a result."""

READING = 8
"""Results that are read at the same time by threads of this call; ``Room`` limits the large ones further."""

HANDED_OUT = 256
"""Results that workers may have at the same time; the rate limit decides how fast they get them."""


class Reader(Protocol):
    """Reads the results of finished runs.

    Attributes:
        most: Results that may be in progress at the same time.
    """

    most: int

    def start(self, cell: Cell, request: ReportRequest, found: AtStripe, then: Then) -> None:
        """Begin to read a result; *request* is that of the cell as Stripe accepted it."""

    def check_alive(self) -> None:
        """Check that somebody is there to read the results.

        Raises:
            WorkerError: All workers are lost.
        """

    def stop(self, reason: StripeReportsError) -> None:
        """Give up what workers have in progress; each result becomes that error."""

    def close(self) -> None:
        """End the threads of this call."""


class StoreReader:
    """Reads results in threads of this call, straight into the store."""

    def __init__(self, accounts: Accounts, results: Results, overrides: Overrides, inbox: Inbox) -> None:
        self.most = READING
        self._accounts = accounts
        self._results = results
        self._overrides = overrides
        self._pool = Pool("stripe-reports reading", READING, inbox)

    def start(self, cell: Cell, request: ReportRequest, found: AtStripe, then: Then) -> None:
        """Begin to read a result; see ``Reader``."""

        def read() -> Made:
            runs = self._accounts[cell.account].runs
            runs.follower.finished(found.run)
            return self._results.keep(cell, runs.read(request, found.run, found.decision, self._overrides))

        self._pool.start(read, then)

    def check_alive(self) -> None:
        """Do nothing: the threads are there."""

    def stop(self, reason: StripeReportsError) -> None:
        """Do nothing: reading respects the time limit of the call."""

    def close(self) -> None:
        """End the threads."""
        self._pool.close()


class WorkerReader:
    """Lets workers read results, and stores what they have made.

    Args:
        accounts: The accounts of the call.
        results: Where the results go.
        overrides: Types of columns that the user set.
        inbox: The driver's.
        workers: The workers, which have been probed.
        connection: Their way to Stripe.
        destination: The folder in which they make results.
    """

    def __init__(
        self,
        accounts: Accounts,
        results: Results,
        overrides: Overrides,
        inbox: Inbox,
        *,
        workers: Workers,
        connection: Connection,
        destination: Destination,
    ) -> None:
        self.most = HANDED_OUT
        self._accounts = accounts
        self._results = results
        self._overrides = overrides
        self._inbox = inbox
        self._workers = workers
        self._connection = connection
        self._destination = destination
        self._pool = Pool("stripe-reports storing", READING, inbox)
        self._open: dict[Future[Figures], Then] = {}

    def start(self, cell: Cell, request: ReportRequest, found: AtStripe, then: Then) -> None:
        """Hand out a result when the rate limit allows it; see ``Reader``."""

        def hand_out() -> Made | tuple[Task, Future[Figures]]:
            runs = self._accounts[cell.account].runs
            runs.follower.finished(found.run)
            task = runs.task(
                request,
                found,
                self._overrides,
                destination=self._destination,
                connection=self._connection,
            )
            if isinstance(task, Report):
                return self._results.keep(cell, task)
            return task, self._workers.submit(task)

        def handed_out(outcome: Made | tuple[Task, Future[Figures]] | Exception) -> None:
            if not isinstance(outcome, tuple):
                then(outcome)
                return
            task, future = outcome
            self._open[future] = then
            future.add_done_callback(
                lambda done: self._inbox.put(lambda: self._store(cell, task, found, done))
            )

        self._pool.start(hand_out, handed_out)

    def _store(self, cell: Cell, task: Task, found: AtStripe, done: Future[Figures]) -> None:
        then = self._open.pop(done, None)
        if then is None:  # given up before
            return

        def store() -> Made:
            return self._results.take(cell, task, done.result(), found.decision)

        self._pool.start(store, then)

    def check_alive(self) -> None:
        """Check that the workers are not all lost, if any has a task; see ``Reader``."""
        if self._open:
            self._workers.check_alive()

    def stop(self, reason: StripeReportsError) -> None:
        """Take back the tasks that were not begun, and wait for no other."""
        given_up, self._open = self._open, {}
        for future, then in given_up.items():
            future.cancel()
            then(reason)

    def close(self) -> None:
        """End the threads; the executor stays open."""
        self._pool.close()


@contextmanager
def readers(
    executor: ExecutorOption,
    accounts: Accounts,
    results: Results,
    overrides: Overrides,
    *,
    store: Store,
    take_download: Callable[[], object],
    connection: Callable[[bool], Connection],
) -> Iterator[Callable[[Inbox], Reader]]:
    """Give the function that makes the reader of a call; an executor is probed first.

    Args:
        executor: See ``Client.fetch_all``.
        accounts: The accounts of the call.
        results: Where the results go.
        overrides: Types of columns that the user set.
        store: The store of the client, in which workers make results.
        take_download: Waits until the rate limit allows one more download.
        connection: Returns the way to Stripe of workers; True if they are in other processes.

    Raises:
        WorkerError: A worker cannot do its tasks; nothing was launched.
    """
    if executor is None:
        yield partial(StoreReader, accounts, results, overrides)
        return
    workers = Workers(
        executor, files_of=lambda account: accounts[account].runs.files, take_download=take_download
    )
    with workers, store.staging_for_workers() as folder:
        destination = results.destination(Destination(place=str(folder), store=str(store.root)))
        way = connection(workers.are_elsewhere)
        workers.probe(way, destination)
        yield partial(
            WorkerReader,
            accounts,
            results,
            overrides,
            workers=workers,
            connection=way,
            destination=destination,
        )
