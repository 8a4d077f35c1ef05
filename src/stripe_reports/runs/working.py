"""The work of a worker: download and convert the result of a run, and put it where its task says.

This runs wherever an executor runs it: in a thread of the client, or in a process that knows nothing of the
client but the task.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from stripe_reports.errors import StripeReportsError, WorkerError
from stripe_reports.http.account_transport import AccountTransport
from stripe_reports.http.connect import api_of
from stripe_reports.http.files import Files
from stripe_reports.http.keys import key_of_environment
from stripe_reports.http.reach import key_of_simulator, why_unreachable
from stripe_reports.http.settings import Secret, Settings, key_digest
from stripe_reports.http.transport import Transport
from stripe_reports.render import worker_remedies
from stripe_reports.runs.convert import Converted, convert, provenance_of
from stripe_reports.runs.task import Condition, Connection, Destination, Figures, Probe, Task
from stripe_reports.storage.datasets.entry import Entry
from stripe_reports.storage.datasets.folder import Folder
from stripe_reports.storage.datasets.opening import place_of
from stripe_reports.storage.datasets.place import Place, StorageOptions
from stripe_reports.storage.datasets.writing import DatasetWriter
from stripe_reports.storage.disk import digest, disk_errors, safe_name
from stripe_reports.storage.store import Store

__all__ = ["condition", "convert_apart", "convert_with", "opened"]


def convert_apart(task: Task) -> Figures:
    """Convert a result in a process that has its own key; every error that leaves it can be pickled.

    Raises:
        WorkerError: The process lacks the key, or something unexpected happened.
        StripeReportsError: See ``convert``.
    """
    failure: StripeReportsError
    try:
        return convert_with(task, _files(task))
    except StripeReportsError as error:
        failure = error
    except Exception as error:
        failure = WorkerError(
            f"{_name()} could not convert run {task.run.id}: {_told(error, task.destination)}."
        )
    # Pools send the text of the errors behind an error, and Dask sends these errors themselves. They may hold
    # options of the object store, or be impossible to pickle.
    failure.__cause__ = failure.__context__ = None
    raise failure


def convert_with(task: Task, files: Files) -> Figures:
    """Convert a result that *files* downloads.

    Each call uses its own folder and file: another attempt for the same run may still be writing.

    Raises:
        StripeReportsError: See ``convert``.
    """
    started, used = time.monotonic(), time.process_time()
    with _folder_of(task) as folder, disk_errors("write a result", folder):
        made = convert(
            task.connection.within_reach(task.run),
            task.request,
            folder,
            files=files,
            max_bytes=task.connection.max_result_bytes,
            describe=partial(
                provenance_of,
                task.request,
                task.run,
                owner=task.connection.owner(task.account),
                api_version=task.connection.api_version,
                fetched_at=task.fetched_at,
                is_complete=task.is_complete,
                overrides=task.overrides,
            ),
            keep_damaged=_keeper(task),
            overrides=task.overrides,
        )
        return Figures(
            entry=_put(made, task),
            seconds=time.monotonic() - started,
            cpu=time.process_time() - used,
            ambiguous=made.ambiguous,
        )


def _name() -> str:
    """Return the name of this process, for messages."""
    return f"process {os.getpid()} on {platform.node()}"


def condition(probe: Probe) -> Condition:
    """Try everything that a task needs, without raising an error."""
    connection = probe.connection
    key = _key(connection)
    return Condition(
        worker=_name(),
        key_digest=None if key is None else key_digest(key),
        unreachable=why_unreachable(connection.files_at),
        unwritable=_why_unwritable(probe),
    )


# The key and the connection


def _key(connection: Connection) -> Secret | None:
    """Return the key of this process: of its environment, or of the simulator of a demo."""
    if connection.is_demo:
        return key_of_simulator(connection.base_url, connection.key_digest)
    return key_of_environment()


def _files(task: Task) -> Files:
    key = _key(task.connection)
    if key is None or key_digest(key) != task.connection.key_digest:
        raise WorkerError(
            f"{_name()} has {'no API key' if key is None else 'another API key than the client'}.",
            remedy=worker_remedies.give_workers_key(),
        )
    settings = Settings(
        api_key=key,
        account=task.account,
        base_url=task.connection.base_url,
        files_url=task.connection.files_url,
        cache_dir=Path(task.destination.store or "."),
        api_version=task.connection.api_version,
        api=task.connection.api,
        max_result_bytes=task.connection.max_result_bytes,
        trusted_hosts=task.connection.trusted_hosts,
    )
    if task.account is None or settings.is_of_organisation:
        transport = _transport(settings)
    else:
        transport = AccountTransport(_transport(replace(settings, account=None)), task.account)
    return Files(transport, api_of(transport))


@lru_cache(maxsize=4)
def _transport(settings: Settings) -> Transport:
    """Return the transport of this process, whose connections all tasks of a key share."""
    return Transport(settings, is_limited=False)


# The destination


def opened(destination: Destination) -> Place:
    """Return the place of results; nothing is read or created."""
    if destination.store is not None:
        return Folder(Path(destination.place))
    return place_of(destination.place, destination.storage_options)


@contextmanager
def _folder_of(task: Task) -> Iterator[Path]:
    """Give an empty folder of this attempt, in which the result is made."""
    if task.destination.store is None:
        with tempfile.TemporaryDirectory(prefix="stripe-reports-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    folder = Path(task.destination.place, f"{safe_name(task.run.id)}-{uuid.uuid4().hex}")
    folder.mkdir(mode=0o700)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _put(made: Converted, task: Task) -> Entry:
    """Put the result to its place, complete or not at all, and return what is there."""
    if task.destination.store is None:
        name = DatasetWriter.object_name(task.request, task.account, task.run.id)
        return DatasetWriter(opened(task.destination)).put(made.parquet, name)
    (made.parquet.parent / "received").unlink(missing_ok=True)
    return Entry(
        object=made.parquet.relative_to(task.destination.place).as_posix(),
        rows=made.rows,
        parquet_size=made.parquet.stat().st_size,
        parquet_sha256=digest(made.parquet),
        provenance=made.provenance.to_json(),
    )


def _keeper(task: Task) -> Callable[[Path], Path | None]:
    """Return the function that keeps a file that cannot be read."""
    root = task.destination.store
    if root is None:
        return lambda _: None
    store = Store(Path(root), task.connection.owner(task.account))
    return partial(store.keep_damaged, run_id=task.run.id)


def _why_unwritable(probe: Probe) -> str | None:
    place = opened(probe.destination)
    try:
        if place.read(probe.question) is None:
            return f"it does not see what the client wrote to {place}"
        place.write_new(probe.answer, b"")
    except StripeReportsError as error:
        return error.problem.rstrip(".")
    return None


def _told(error: Exception, destination: Destination) -> str:
    """Return an unexpected error in words, without the options of the object store."""
    return StorageOptions.of(destination.storage_options).hide_in(f"{type(error).__name__}: {error}")
