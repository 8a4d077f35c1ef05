"""Runs of Reports v2 and their results, as Stripe describes them.

Facts are from Stripe's page of the object and Stripe's library for Python, 16.1.0a4. No run of this API was
ever seen by this project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Self

from stripe_reports.models.owner import ApiName
from stripe_reports.models.values import STRIPE_ID, checked, iso, shown
from stripe_reports.render.card import card, folded

__all__ = ["DownloadUrl", "KeylessFile", "ReportRunV2", "ResultFileV2", "ResultV2", "time_of"]

_STATES = MappingProxyType({"running": "pending"})
"""Stripe's statuses of v2 that have another word in v1; the others are the same."""

_BOUNDS = ("interval_start", "interval_end")
_LARGEST = 1 << 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadUrl:
    """An address that gives a file without a key, for a few minutes; it is neither shown nor stored.

    Attributes:
        url: The address.
        expires_at: Time at which it stops working.
    """

    url: str = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFileV2:
    """The file of a succeeded run, as Stripe describes it.

    Attributes:
        columns: Stripe's type of each column, by name, in the order of the file.
        content_type: ``csv``; ``zip`` if it is compressed.
        size: Bytes.
        download_url: Where it is for some minutes; None in a stored run.
    """

    columns: Mapping[str, str] = field(hash=False)
    content_type: str | None = None
    size: int | None = None
    download_url: DownloadUrl | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultV2:
    """The result of a succeeded run.

    Attributes:
        col_count: Number of columns.
        row_count: Number of rows, without the header.
        file: Its file.
    """

    col_count: int | None = None
    row_count: int | None = None
    file: ResultFileV2 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeylessFile:
    """The neutral view ``FileView`` of a file of Reports v2, which has no id of its own.

    Attributes:
        id: That of its run.
        size: Announced size in bytes.
        url: The address of its contents, which needs no key.
        url_expires_at: Time at which the address stops working.
        column_types: Stripe's type of each column.
        rows: Announced number of rows.
    """

    id: str
    size: int | None
    url: str | None = field(repr=False)
    url_expires_at: datetime | None
    column_types: Mapping[str, str] | None = field(hash=False)
    rows: int | None

    @property
    def needs_key(self) -> bool:
        """False: the address alone gives the file, and it must never get the key."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRunV2:
    """One execution of a report by Reports v2: Stripe's thirteen fields, none renamed.

    It offers the neutral view ``RunView`` besides: ``report_type``, ``state``, ``as_of``, ``file`` and more.

    Attributes:
        id: ``rrun_…``.
        object: ``v2.data.report_run``.
        created: Time of the launch; aware, in UTC.
        livemode: True if it uses live data.
        name: Name of the report, without version.
        parameters: As Stripe sent them: bounds as text.
        refreshed_at: Time at which the data of the run were last refreshed.
        report: ``report_…``, Stripe's id of the report.
        result: Its result, if it succeeded.
        result_options: Options of its file.
        sql: The query, if it was asked for.
        status: ``running``, then ``succeeded``, ``failed`` or ``canceled``.
        status_details: Stripe's reason, if it failed.

    Source: https://docs.stripe.com/api/v2/data/report-runs/object
    """

    id: str
    object: str = "v2.data.report_run"
    created: datetime
    livemode: bool
    name: str
    parameters: Mapping[str, Any] = field(hash=False)
    refreshed_at: datetime | None = None
    report: str
    result: ResultV2 | None = None
    result_options: Mapping[str, Any] | None = field(default=None, hash=False)
    sql: str | None = None
    status: str
    status_details: Mapping[str, Any] | None = field(default=None, hash=False)

    @classmethod
    def from_stripe(cls, answer: Mapping[str, Any]) -> Self:
        """Read Stripe's fields; raise ``KeyError``, ``TypeError`` or ``ValueError`` for another object."""
        if answer["object"] != "v2.data.report_run" or not STRIPE_ID.fullmatch(answer["id"]):
            raise ValueError(f"not a report run: {shown(answer['object'])} {shown(answer['id'])}")

        def given(name: str, kind: type) -> Any:
            value = answer.get(name)
            return None if value is None else checked(value, kind)

        result = given("result", dict)
        return cls(
            id=answer["id"],
            object=answer["object"],
            created=time_of(answer["created"]),
            livemode=checked(answer["livemode"], bool),
            name=checked(answer["name"], str),
            parameters=dict(checked(answer["parameters"], dict)),
            refreshed_at=_time_or_none(answer.get("refreshed_at")),
            report=checked(answer["report"], str),
            result=None if result is None else _result(result),
            result_options=_plain(given("result_options", dict)),
            sql=given("sql", str),
            status=checked(answer["status"], str),
            status_details=_plain(given("status_details", dict)),
        )

    def to_stripe(self) -> dict[str, Any]:
        """The same as Stripe's JSON, without the address of the file, which works only for minutes."""
        result = self.result
        file = result and result.file
        return {f.name: getattr(self, f.name) for f in fields(self)} | {
            "created": iso(self.created),
            "parameters": dict(self.parameters),
            "refreshed_at": self.refreshed_at and iso(self.refreshed_at),
            "result_options": None if self.result_options is None else dict(self.result_options),
            "status_details": None if self.status_details is None else dict(self.status_details),
            "result": result
            and {
                "col_count": _text(result.col_count),
                "row_count": _text(result.row_count),
                "file": file
                and {
                    "columns": [{"name": name, "type": type_} for name, type_ in file.columns.items()],
                    "content_type": file.content_type,
                    "size": _text(file.size),
                },
            },
        }

    # The neutral view

    @property
    def api(self) -> ApiName:
        """The generation of Stripe's API that has it: ``v2``."""
        return "v2"

    @property
    def report_type(self) -> str:
        """Name of the report, which has no version; the same as ``name``."""
        return self.name

    @property
    def report_id(self) -> str | None:
        """Stripe's id of the report; the same as ``report``."""
        return self.report

    @property
    def state(self) -> str:
        """``pending`` while it is ``running``, else the same as ``status``."""
        return _STATES.get(self.status, self.status)

    @property
    def plain_parameters(self) -> Mapping[str, Any]:
        """The parameters with bounds in Unix seconds, as in a request."""
        return {
            name: _seconds(value) if name in _BOUNDS else value for name, value in self.parameters.items()
        }

    @property
    def as_of(self) -> datetime:
        """Time of its data: that of the last refresh; until it has succeeded, the time of the launch.

        It is not later than the launch. If Stripe does not tell it, also the time of the launch.
        """
        if self.refreshed_at is None or self.state != "succeeded":
            return self.created
        return min(self.created, self.refreshed_at)

    @property
    def tells_data_time(self) -> bool:
        """False if it has succeeded without ``refreshed_at``."""
        return self.state != "succeeded" or self.refreshed_at is not None

    @property
    def has_older_file(self) -> bool:
        """False: nothing is known of older files in Reports v2."""
        return False

    @property
    def ended_at(self) -> datetime | None:
        """None: Stripe does not say when a run of Reports v2 ended."""
        return None

    @property
    def duration(self) -> float | None:
        """None, as the end is not known."""
        return None

    @property
    def error(self) -> str | None:
        """Stripe's reason, if it failed."""
        return self._detail("message", "error_message")

    @property
    def error_code(self) -> str | None:
        """Stripe's code of the reason, such as ``file_size_above_limit``."""
        return self._detail("code", "error_code")

    @property
    def file(self) -> KeylessFile | None:
        """Its file, if it succeeded."""
        if self.result is None or self.result.file is None:
            return None
        file, there = self.result.file, self.result.file.download_url
        return KeylessFile(
            id=self.id,
            size=file.size,
            url=None if there is None else there.url,
            url_expires_at=None if there is None else there.expires_at,
            column_types=file.columns,
            rows=self.result.row_count,
        )

    def with_file_at(self, url: str) -> Self:
        """Return the same run with another address of its file."""
        if self.result is None or self.result.file is None:
            return self
        there = replace(self.result.file.download_url or DownloadUrl(url=url), url=url)
        return replace(self, result=replace(self.result, file=replace(self.result.file, download_url=there)))

    def _detail(self, *names: str) -> str | None:
        """Return a text of the status details; an earlier form of this API has them by status."""
        details = self.status_details or {}
        by_status = details.get(self.status)
        known = {**details, **by_status} if isinstance(by_status, Mapping) else details
        return next((text for name in names if isinstance(text := known.get(name), str)), None)

    def _repr_html_(self) -> str:
        marks = {"running": "◌", "succeeded": "✔", "failed": "✘", "canceled": "✘"}
        file = self.file
        return card(
            self.id,
            [
                ("status", f"{marks.get(self.status, '?')} {self.status}"),
                ("error", self.error),
                ("report", f"{self.name} ({self.report})"),
                ("created", iso(self.created)),
                ("data refreshed", self.refreshed_at and iso(self.refreshed_at)),
                ("result", None if file is None or file.size is None else f"{file.size:,} bytes"),
                ("rows", None if file is None or file.rows is None else f"{file.rows:,}"),
                ("mode", "live" if self.livemode else "test"),
            ],
            kind="report run of Reports v2",
            fold=folded("parameters, as sent", [(k, str(v)) for k, v in self.parameters.items()]),
        )


def time_of(text: Any) -> datetime:
    """Read a time of Stripe's second API (RFC 3339); fractions beyond microseconds are cut off.

    Raises:
        TypeError, ValueError: It is none, or has no zone.
    """
    time = datetime.fromisoformat(checked(text, str))
    if time.tzinfo is None:
        raise ValueError(f"must be a time with a zone; got {shown(text)}")
    return time.astimezone(UTC)


def _plain(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else dict(value)


def _time_or_none(text: Any) -> datetime | None:
    return None if text is None else time_of(text)


def _result(answer: Mapping[str, Any]) -> ResultV2:
    file = answer.get("file")
    return ResultV2(
        col_count=_number(answer.get("col_count")),
        row_count=_number(answer.get("row_count")),
        file=None if file is None else _file(checked(file, dict)),
    )


def _file(answer: Mapping[str, Any]) -> ResultFileV2:
    columns = answer.get("columns") or []
    types = {checked(each["name"], str): checked(each["type"], str) for each in checked(columns, list)}
    if len(types) != len(columns):
        raise ValueError("a column of the result occurs twice")
    there = answer.get("download_url")
    return ResultFileV2(
        columns=types,
        content_type=None if answer.get("content_type") is None else checked(answer["content_type"], str),
        size=_number(answer.get("size")),
        download_url=None
        if there is None
        else DownloadUrl(url=checked(there["url"], str), expires_at=_time_or_none(there.get("expires_at"))),
    )


def _number(value: Any) -> int | None:
    """Read a number that Stripe's second API sends as text; a plain number is taken as well."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"must be a number as text; got {shown(value)}")
    number = int(value)
    if not 0 <= number < _LARGEST:
        raise ValueError(f"not a possible number: {shown(value)}")
    return number


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _seconds(value: Any) -> Any:
    """Return a bound in Unix seconds; unchanged if it is not a time."""
    try:
        seconds = time_of(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return value
    return int(seconds) if seconds.is_integer() else seconds
