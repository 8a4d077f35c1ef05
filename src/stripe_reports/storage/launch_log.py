"""The log of launches: what was launched from here, how long it took, and what the account offers.

    index.sqlite                             the launches and their outcomes; see ``index``
    durations.json                           duration of the last runs of each type
    unrecognised.jsonl                       names that the catalogue lacks; see ``storage/unrecognised``
    report_types.json                        report types of the account, kept for a day
    refused_bounds.json                      present if Stripe refused an interval that ends with its data
    own_account.json                         id of the key's own account, once it was needed

All processes share these files. One that is lost or cannot be read costs a call, never a wrong result.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import Timeout

from stripe_reports.errors import StoreError
from stripe_reports.models import ReportRequest, ReportType
from stripe_reports.planning.reuse import KnownRun
from stripe_reports.storage.disk import disk_errors, locked, read_json, write_json
from stripe_reports.storage.index import Index
from stripe_reports.storage.unrecognised import NameRecord

__all__ = ["LaunchLog", "LaunchRecord"]

logger = logging.getLogger("stripe_reports")

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

DURATIONS_KEPT = 7
DURATIONS_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRecord:
    """A launch from this machine; *run_id* is None if Stripe answered with a server error."""

    request: ReportRequest
    generation: datetime | None
    attempt: int
    run_id: str | None
    status: str
    created: datetime | None = None
    as_of: datetime | None = None

    @property
    def as_known(self) -> KnownRun | None:
        """Return the run for the reuse rule; None without an id."""
        if self.run_id is None or self.created is None:
            return None
        as_of = self.as_of or self.created
        return KnownRun(self.run_id, self.status, as_of, "launched", self.generation, self.created)


@dataclass(frozen=True, slots=True)
class LaunchLog:
    """The log in one owner's folder.

    Raises:
        StoreError: From methods that write: the folder cannot be written; the message says why.
    """

    folder: Path

    @property
    def _index(self) -> Index:
        return Index(self.folder)

    def launches(self, key: str) -> list[LaunchRecord]:
        """Return the launches of a request from this machine; unreadable records are left out."""
        records = map(_launch, self._index.launches(key))
        return [record for record in records if record is not None]

    def launch_of(self, run_id: str) -> LaunchRecord | None:
        """Return the launch of a run; None if it was launched elsewhere."""
        records = map(_launch, self._index.launches_of(run_id))
        return next((record for record in records if record is not None), None)

    def pending(self) -> list[tuple[str, LaunchRecord]]:
        """Return the launches whose runs were pending when they were last seen, with the keys of requests."""
        found = [(key, _launch(text)) for key, text in self._index.pending_launches()]
        return [(key, record) for key, record in found if record is not None and record.status == "pending"]

    def newest(self) -> list[LaunchRecord]:
        """Return all launches that made a run, newest first."""
        found = map(_launch, self._index.launches_with_run())
        records = [record for record in found if record is not None and record.created is not None]
        return sorted(records, key=lambda record: record.created or _LONG_AGO, reverse=True)

    def request_of(self, run_id: str) -> ReportRequest | None:
        """The request that a run was launched for, if it was launched from here."""
        record = self.launch_of(run_id)
        return record.request if record else None

    def remember(self, key: str, record: LaunchRecord) -> None:
        """Record a launch, or its outcome."""
        generation = int(record.generation.timestamp()) if record.generation else 0
        name = record.run_id or f"no run, {generation}, {record.attempt}"
        content = {
            "report_type": record.request.report_type,
            "parameters": record.request.to_stripe(),
            "report_id": record.request.report_id,
            "generation": _iso(record.generation),
            "attempt": record.attempt,
            "run_id": record.run_id,
            "status": record.status,
            "created": _iso(record.created),
            "as_of": _iso(record.as_of),
        }
        self._index.remember_launch(key, name, record.run_id, json.dumps(content))

    def offered(self) -> tuple[dict[str, tuple[str, ...] | None], datetime] | None:
        """Return the report types that the account offers, and the time of that answer; None if never asked.

        The types are by id, with Stripe's default columns; None if it gives none.
        """
        try:
            read = read_json(self.folder / "report_types.json")
            offered = {
                str(id_): None if columns is None else tuple(columns)
                for id_, columns in read["default_columns"].items()
            }
            return offered, datetime.fromisoformat(read["at"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def described(self, name: str) -> ReportType | None:
        """Return a report of Reports v2 as Stripe described it; None if it was not recorded."""
        try:
            read = read_json(self.folder / "report_types.json")["reports"][name]
            return ReportType(
                id=name,
                object="v2.data.report",
                name=name,
                version=0,
                report_id=read["report_id"],
                required_parameters=tuple(read["required"]),
                optional_parameters=tuple(read["optional"]),
                allowed_values={each: tuple(values) for each, values in read["allowed_values"].items()},
                list_parameters=tuple(read["lists"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def remember_offered(
        self,
        default_columns: Mapping[str, Sequence[str] | None],
        at: datetime,
        *,
        described: Iterable[ReportType] = (),
    ) -> None:
        """Record the report types that the account offers, and the reports that Reports v2 describes."""
        columns = {id_: None if names is None else list(names) for id_, names in default_columns.items()}
        reports = {
            type_.id: {
                "report_id": type_.report_id,
                "required": type_.required_parameters,
                "optional": type_.optional_parameters,
                "allowed_values": dict(type_.allowed_values),
                "lists": type_.list_parameters,
            }
            for type_ in described
        }
        content = {"at": at.isoformat(), "default_columns": columns}
        write_json(self.folder / "report_types.json", content | ({"reports": reports} if reports else {}))

    @property
    def unrecognised(self) -> NameRecord:
        """The record of names that Stripe showed and the catalogue lacks."""
        return NameRecord(self.folder / "unrecognised.jsonl")

    def is_data_end_refused(self) -> bool:
        """Return True if Stripe has refused an interval that ends exactly at the end of its data."""
        try:
            return bool(read_json(self.folder / "refused_bounds.json")["data_available_end"])
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def note_data_end_refused(self) -> None:
        """Record that Stripe refused an interval because it ends exactly at the end of its data."""
        try:
            write_json(self.folder / "refused_bounds.json", {"data_available_end": True})
        except StoreError as error:
            logger.warning("the next interval that ends with Stripe's data is refused again: %s", error)

    def own_account(self) -> str | None:
        """Return the id of the key's own account; None if it was never asked for."""
        try:
            return str(read_json(self.folder / "own_account.json")["id"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember_own_account(self, id_: str) -> None:
        """Record the id of the key's own account."""
        write_json(self.folder / "own_account.json", {"id": id_})

    def durations(self, report_type: str) -> list[float]:
        """Return the durations of the last runs of a type in seconds, oldest first."""
        try:
            seconds = read_json(self.folder / "durations.json")[report_type]
            return [float(each) for each in seconds]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def note_duration(self, report_type: str, seconds: float) -> None:
        """Record the duration of a run; only the last few are kept."""
        path, lock = self.folder / "durations.json", self.folder / "locks" / "durations.lock"
        # The lock prevents two writers from losing an entry; if it stays busy, this entry is lost.
        with suppress(Timeout), disk_errors("write", path), locked(lock, timeout=DURATIONS_TIMEOUT):
            try:
                known = dict(read_json(path))
            except (OSError, ValueError, TypeError):
                known = {}
            known[report_type] = [*self.durations(report_type), seconds][-DURATIONS_KEPT:]
            write_json(path, known)


def _launch(text: str) -> LaunchRecord | None:
    try:
        read = json.loads(text)
        return LaunchRecord(
            request=ReportRequest.from_stripe(
                read["report_type"], read["parameters"], report_id=read.get("report_id")
            ),
            generation=_instant(read["generation"]),
            attempt=read["attempt"],
            run_id=read["run_id"],
            status=read["status"],
            created=_instant(read["created"]),
            as_of=_instant(read["as_of"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
