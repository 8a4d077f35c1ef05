"""The task of a worker: to convert the result of one run, in another thread, process or machine.

A task is small, can be pickled, and has no API key: a worker takes the key from its own environment and
compares the digest. Unpickling a task imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from stripe_reports.http.addresses import origin_of
from stripe_reports.http.settings import Settings, simulated_files_url, usual_files_url
from stripe_reports.models import AnyRun, ApiName, Mode, Owner, ReportRequest

if TYPE_CHECKING:
    from stripe_reports.parsing.overrides import Overrides
    from stripe_reports.storage.datasets.entry import Entry

__all__ = [
    "Condition",
    "Connection",
    "Destination",
    "Figures",
    "Probe",
    "Task",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The way of a worker to Stripe's files: the settings of the client that it needs, without the key.

    Attributes:
        base_url: Where the API is, as a worker can reach it.
        files_url: Where files are, if neither there nor at Stripe's usual address.
        trusted_hosts: Other host names that may get a live key.
        api_version: Stripe's API version.
        max_result_bytes: Bytes that one result may have, as received and unpacked.
        key_digest: First digits of the SHA-256 of the key that a worker must have.
        mode: ``live`` or ``test``.
        place: See ``Owner``.
        api: See ``Owner``.
        package_version: Version of this package that a worker must have.
        is_demo: True if the API is the simulator of ``demo()``, which tells workers its key.
    """

    base_url: str
    files_url: str | None
    trusted_hosts: frozenset[str]
    api_version: str
    max_result_bytes: int
    key_digest: str
    mode: Mode
    place: str | None
    package_version: str
    api: ApiName = "v1"
    is_demo: bool = False

    @classmethod
    def of(cls, settings: Settings, *, served_at: str | None = None) -> Self:
        """Return the connection of a client with these settings.

        Args:
            settings: Those of the client.
            served_at: Address on loopback of the simulator in this process; None if there is none, or if all
                workers are in this process, too.
        """
        owner = settings.owner
        trusted = settings.trusted_hosts
        if served_at is not None and (origin := origin_of(served_at)):
            trusted |= {origin.host}
        return cls(
            base_url=served_at or settings.base_url,
            files_url=simulated_files_url(served_at, owner.api) if served_at else settings.files_url,
            trusted_hosts=trusted,
            api_version=settings.api_version,
            max_result_bytes=settings.max_result_bytes,
            key_digest=owner.key_digest,
            mode=owner.mode,
            place=owner.place,
            package_version=version("stripe-reports"),
            api=owner.api,
            is_demo=served_at is not None,
        )

    def owner(self, account: str | None) -> Owner:
        """Return the owner of results of an account."""
        return Owner(self.key_digest, account, self.mode, self.place, self.api)

    @property
    def files_at(self) -> str:
        """The address from which files are downloaded."""
        return self.files_url or usual_files_url(self.base_url, self.api)

    def within_reach(self, run: AnyRun) -> AnyRun:
        """Return *run* with the address of its file as a worker can reach it.

        A simulator in the client's process says that its files are at Stripe's address.
        """
        file = run.file
        if not self.is_demo or file is None or file.url is None:
            return run
        address = urlsplit(file.url)
        return run.with_file_at(f"{self.files_at}{address._replace(scheme='', netloc='').geturl()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a worker puts what it made.

    Attributes:
        place: The folder of a call among the stored results of this machine, or the place of a dataset.
        store: Folder of all stored results (``cache_dir``); None for a dataset.
        storage_options: Options of the object store, perhaps with its keys. They are pickled with a task, and
            shown nowhere. Leave them out if the workers have their own access to the object store.
    """

    place: str
    store: str | None = None
    storage_options: Mapping[str, object] | None = field(default=None, repr=False, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Task:
    """Everything that a worker needs to convert the result of a run.

    Attributes:
        run: The succeeded run.
        request: The request that it answers.
        account: The account acted for; None for the key's own.
        destination: Where the result goes.
        connection: The way to Stripe's files.
        fetched_at: Time for the provenance, by Stripe's clock.
        is_complete: See ``Provenance``.
        overrides: Types of columns that the user set.
    """

    run: AnyRun
    request: ReportRequest
    account: str | None
    destination: Destination
    connection: Connection
    fetched_at: datetime
    is_complete: bool = True
    overrides: Overrides = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "overrides", dict(self.overrides))  # a read-only view cannot be pickled

    def __repr__(self) -> str:
        # Executors log the arguments of a task that failed.
        return f"Task({self.run.id}, {self.run.report_type})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a worker has made of a run.

    Attributes:
        entry: What is at the destination now: the Parquet file, its rows, size, hash and provenance. In a
            dataset it may be of another worker that has converted the same run before.
        seconds: Duration.
        cpu: CPU seconds that the process of the worker used meanwhile, for all its threads.
        ambiguous: A sentence for each column with local times whose instant is not certain.
    """

    entry: Entry
    seconds: float
    cpu: float
    ambiguous: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a worker is to try before anything is launched.

    Attributes:
        connection: The way to Stripe's files.
        destination: Where results will go; it has an object *question*.
        question: Name of an object that the client has put there.
        answer: Name of the object that the worker puts there.
    """

    connection: Connection
    destination: Destination
    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a worker found out about itself.

    Attributes:
        worker: Its process and its machine.
        key_digest: First digits of the SHA-256 of its key; None if it has none.
        unreachable: The reason why it cannot reach Stripe's files; None if it can.
        unwritable: The reason why it cannot write to the destination, or does not see what the client put
            there; None if it can.
    """

    worker: str
    key_digest: str | None
    unreachable: str | None
    unwritable: str | None
