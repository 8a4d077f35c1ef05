"""The names of the objects in a dataset. Pure.

A name is made of parts that were checked, and read back only if all its parts are valid: ids come from
answers, and others may write into a shared bucket.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, Self

from stripe_reports.errors import ParameterError, StoreError
from stripe_reports.models import ReportRequest, base_of

__all__ = [
    "COMPACTED",
    "DATA",
    "HIVE_KEYS",
    "INDEX",
    "MODE",
    "OWN",
    "OWNED",
    "STAGING",
    "SUPERSEDED",
    "Cell",
    "Compacted",
    "Event",
    "Noted",
    "StoredRun",
    "type_facts",
    "type_of",
]

DATA, SUPERSEDED, COMPACTED, INDEX = "data", "superseded", "compacted", "index"
STAGING = "staging"
"""A folder for files that are being written; buckets need none."""

MODE = "dataset.json"
OWNED = "own.json"
OWN = "own"
"""The account of the key itself, in names."""

HIVE_KEYS = ("report_type", "account", "start")

Event = Literal["asked", "launched", "stored", "superseded"]
"""What happened to a run. ``asked``: a launch to which Stripe gave no answer with a run."""

_INSTANT = "%Y-%m-%dT%H%M%SZ"
"""An instant in names, without colons, which Windows does not allow. polars reads it as an instant in UTC;
the form without hyphens is an error in it."""

_TYPE = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)+")
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9_]+(?:\.acct_[A-Za-z0-9_]+)*")
_RUN = re.compile(r"[A-Za-z0-9_]{1,200}")
_NOTED = re.compile(
    rf"{INDEX}/(?P<type>[^/]+)/(?P<account>[^/]+)/(?P<start>[^/]+)/(?P<end>[^/]+)/"
    r"(?P<run>[^/.]+)\.(?P<event>asked|launched|superseded|stored-(?P<as_of>[^/.]+))\.json"
)
_OBJECT = re.compile(
    r"(?:data|superseded)/report_type=(?P<type>[^/]+)/account=(?P<account>[^/]+)/start=(?P<start>[^/]+)/"
    r"(?P<run>[^/.]+)\.parquet"
)
_COMPACTED = re.compile(
    rf"{INDEX}/(?P<type>[^/]+)/compacted/(?P<month>\d{{4}}-\d\d)-(?P<digest>[0-9a-f]{{32}})-"
    r"(?P<number>[0-9a-f]{32})\.json"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A place for one result: report type, account and interval.

    Attributes:
        report_type: Id with version; in Reports v2, the name of the report.
        account: ``acct_…``, a path of accounts, or None for the key's own account.
        start: First instant of the interval, in UTC; for a type that takes only an end, that end.
        end: First instant after it.
    """

    report_type: str
    account: str | None
    start: datetime
    end: datetime

    @classmethod
    def of(cls, request: ReportRequest, account: str | None) -> Self:
        """Return the cell of a request.

        A tax invoice has the interval of its month. A report with only an end is of that instant, which is
        both start and end.

        Raises:
            ParameterError: The request has no interval, such as one about a payout; or it is no account.
        """
        end = request.asked_end
        if request.payout is not None or end is None:
            by_interval = base_of(request.report_type.replace(".by_id.", "."))
            hint = (
                f" {by_interval} has the same rows by interval." if ".by_id." in request.report_type else ""
            )
            raise ParameterError(
                f"A dataset keeps reports by interval, and this one of {request.report_type} has none.{hint} "
                "Fetch it without a dataset.",
                param="into",
            )
        if account is not None and not _ACCOUNT.fullmatch(account.replace("/", ".")):
            raise ParameterError(
                f"{account[:100]!r} is not an account. Write 'acct_…', or 'acct_platform/acct_connected'.",
                param="accounts",
            )
        return cls(request.report_type, account, request.period_start or end, end)

    @property
    def account_name(self) -> str:
        """The account in names: ``own``, or with dots instead of slashes."""
        return OWN if self.account is None else self.account.replace("/", ".")

    @property
    def month(self) -> str:
        """The month of its start, in UTC."""
        return f"{self.start:%Y-%m}"

    @property
    def order(self) -> tuple[datetime, str]:
        """The order of results in a scan: by time, then by account."""
        return self.start, self.account_name

    def object_name(self, run_id: str, area: str = DATA) -> str:
        """Return the name of the result of a run.

        Raises:
            StoreError: The id of the run is not safe as a name.
        """
        folder = f"report_type={self.report_type}/account={self.account_name}/start={_text(self.start)}"
        return f"{area}/{folder}/{_safe(run_id)}.parquet"

    @property
    def slot_folder(self) -> str:
        """The folder of the index entries of all runs of the account that start at the same instant."""
        return f"{INDEX}/{self.report_type}/{self.account_name}/{_text(self.start)}"

    def __str__(self) -> str:
        interval = f"{self.start:%Y-%m-%dT%H:%M:%SZ}/{self.end:%Y-%m-%dT%H:%M:%SZ}"
        return f"{self.report_type} of account {self.account or OWN}, {interval}"


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry of the index, as its name tells it.

    Attributes:
        cell: The cell.
        run_id: The run; for ``asked``, digits of the idempotency key.
        event: What happened.
        as_of: Time of the run's data, if it is stored; whole seconds.
    """

    cell: Cell
    run_id: str
    event: Event
    as_of: datetime | None = None

    @property
    def name(self) -> str:
        """The name of its object."""
        when = f"-{_text(self.as_of)}" if self.as_of else ""
        return f"{self.cell.slot_folder}/{_text(self.cell.end)}/{_safe(self.run_id)}.{self.event}{when}.json"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Read a name; None if it is not that of an entry."""
        match = _NOTED.fullmatch(name)
        if match is None:
            return None
        try:
            cell = Cell(match["type"], _account(match["account"]), _read(match["start"]), _read(match["end"]))
            as_of = match["as_of"] and _read(match["as_of"])
            if not _TYPE.fullmatch(match["type"]) or cell.start > cell.end:
                return None
        except ValueError:
            return None
        event: Event = "stored" if as_of else match["event"]  # type: ignore[assignment]
        found = cls(cell, match["run"], event, as_of or None)
        return found if _RUN.fullmatch(match["run"]) and found.name == name else None


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A result in the dataset.

    Attributes:
        cell: Its cell.
        run_id: Its run.
        as_of: Time of its data.
    """

    cell: Cell
    run_id: str
    as_of: datetime

    @property
    def object(self) -> str:
        """The name of its Parquet file."""
        return self.cell.object_name(self.run_id)

    @property
    def entry(self) -> str:
        """The name of its entry in the index."""
        return Noted(self.cell, self.run_id, "stored", self.as_of).name

    @property
    def age(self) -> tuple[datetime, datetime, str]:
        """Sorts the runs that start at the same instant: the last one replaces the others.

        A longer interval comes first, because it has all rows of a shorter one.
        """
        return self.cell.end, self.as_of, self.run_id

    @property
    def slot(self) -> tuple[str, str, datetime]:
        """What only one run can hold: report type, account and start."""
        return self.cell.report_type, self.cell.account_name, self.cell.start


@dataclass(frozen=True, slots=True)
class Compacted:
    """A copy of all results of a report type that start in one month.

    Attributes:
        report_type: Id with version; in Reports v2, the name of the report.
        month: ``2026-10``.
        digest: Names the runs that it holds; see ``digest_of``.
        number: A random number, so that no two writers share a file.
    """

    report_type: str
    month: str
    digest: str
    number: str

    @property
    def object(self) -> str:
        """The name of its Parquet file."""
        return f"{COMPACTED}/report_type={self.report_type}/{self._base}.parquet"

    @property
    def entry(self) -> str:
        """The name of its entry in the index."""
        return f"{INDEX}/{self.report_type}/compacted/{self._base}.json"

    @property
    def _base(self) -> str:
        return f"{self.month}-{self.digest}-{self.number}"

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Read the name of an entry; None if it is not one."""
        match = _COMPACTED.fullmatch(name)
        if match is None or not _TYPE.fullmatch(match["type"]):
            return None
        return cls(match["type"], match["month"], match["digest"], match["number"])

    @staticmethod
    def digest_of(runs: Iterable[StoredRun]) -> str:
        """Return what differs as soon as one run is added, replaced or removed."""
        names = "\n".join(sorted(run.entry for run in runs))
        return hashlib.sha256(names.encode()).hexdigest()[:32]


def type_of(name: str) -> str | None:
    """Return the report type of a result, from its name; None if it is not the name of a result."""
    match = _OBJECT.fullmatch(name)
    return match["type"] if match and _TYPE.fullmatch(match["type"]) else None


def type_facts(report_type: str, fact: Literal["parameters", "columns"]) -> str:
    """Return the name of a fact about all results of a report type."""
    return f"{INDEX}/{report_type}/{fact}.json"


@lru_cache(maxsize=4096)
def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime(_INSTANT)


@lru_cache(maxsize=4096)
def _read(text: str) -> datetime:
    return datetime.strptime(text, _INSTANT).replace(tzinfo=UTC)


def _account(name: str) -> str | None:
    if name == OWN:
        return None
    if not _ACCOUNT.fullmatch(name):
        raise ValueError(f"not an account: {name!r}")
    return name.replace(".", "/")


def _safe(run_id: str) -> str:
    if not _RUN.fullmatch(run_id):
        raise StoreError(f"{run_id[:100]!r} is not an id of a run, so its result was not stored.")
    return run_id
