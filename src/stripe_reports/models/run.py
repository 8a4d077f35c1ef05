"""Runs and their result files, as Stripe describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Self

from stripe_reports.models.owner import ApiName
from stripe_reports.models.values import STRIPE_ID, checked, instant, iso, plain, shown
from stripe_reports.render.card import card, folded

__all__ = ["ReportRun", "ResultFile"]

_FILE_FIELDS: dict[str, type] = {"created": int, "expires_at": int, "size": int, "links": Mapping}
"""The fields of a file that are not text."""

_LARGEST = 1 << 50
"""Maximum plausible size of a file in bytes: a petabyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """The CSV file of a succeeded run, as Stripe describes it.

    Attributes:
        id: ``file_…``.
        object: ``file``.
        created: Creation time; earlier than its run if Stripe returned an older file.
        expires_at: Time at which Stripe removes it, a year later.
        filename: Its name at Stripe.
        links: Links that need no key; not used.
        purpose: ``finance_report_run``.
        size: Bytes.
        title: Stripe's title for people.
        type: ``csv``.
        url: Address of its contents; the key is sent there only if it is Stripe.

    Source: https://docs.stripe.com/api/files/object
    """

    id: str
    object: str = "file"
    created: datetime
    expires_at: datetime | None = None
    filename: str | None = None
    links: Mapping[str, Any] | None = field(default=None, hash=False, repr=False)
    purpose: str | None = None
    size: int | None = None
    title: str | None = None
    type: str | None = None
    url: str | None = None

    @classmethod
    def from_stripe(cls, answer: Mapping[str, Any]) -> Self:
        """Read Stripe's fields; raise ``KeyError``, ``TypeError`` or ``ValueError`` for another object."""
        known: dict[str, Any] = {
            f.name: None if answer[f.name] is None else checked(answer[f.name], _FILE_FIELDS.get(f.name, str))
            for f in fields(cls)
            if f.name in answer
        }
        if not STRIPE_ID.fullmatch(answer["id"]):
            raise ValueError(f"not a file: {shown(answer['id'])}")
        if not 0 <= (known.get("size") or 0) < _LARGEST:
            raise ValueError(f"not a possible file size: {shown(known['size'])} bytes")
        known["created"] = instant(answer["created"])
        if known.get("expires_at") is not None:
            known["expires_at"] = instant(known["expires_at"])
        return cls(**known)

    def to_stripe(self) -> dict[str, Any]:
        """The same as Stripe's JSON."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}

    # The neutral view

    @property
    def needs_key(self) -> bool:
        """True: Stripe gives the contents only to the key."""
        return True

    @property
    def url_expires_at(self) -> datetime | None:
        """None: the address works as long as the file exists."""
        return None

    @property
    def column_types(self) -> Mapping[str, str] | None:
        """None: Stripe does not say."""
        return None

    @property
    def rows(self) -> int | None:
        """None: Stripe does not say."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRun:
    """One execution of a request by Stripe: exactly Stripe's ten fields, none renamed.

    It offers the neutral view ``RunView`` besides: ``state``, ``as_of``, ``duration``, ``file`` and more.

    Attributes:
        id: ``frr_…``.
        object: ``reporting.report_run``.
        created: Time of the launch; aware, in UTC.
        livemode: True if it uses live data.
        report_type: Id with version.
        parameters: As Stripe sent them: bounds in Unix seconds.
        status: ``pending``, then ``succeeded`` or ``failed``; anything else ends a wait with an error.
        succeeded_at: Time at which it succeeded; None until then.
        error: Stripe's reason, if it failed.
        result: Its file, if it succeeded.

    Source: https://docs.stripe.com/api/reporting/report_run/object
    """

    id: str
    object: str = "reporting.report_run"
    created: datetime
    livemode: bool
    report_type: str
    parameters: Mapping[str, Any] = field(hash=False)
    status: str
    succeeded_at: datetime | None = None
    error: str | None = None
    result: ResultFile | None = None

    @classmethod
    def from_stripe(cls, answer: Mapping[str, Any]) -> Self:
        """Read Stripe's ten fields; raise ``KeyError``, ``TypeError`` or ``ValueError`` otherwise."""
        if answer["object"] != "reporting.report_run" or not STRIPE_ID.fullmatch(answer["id"]):
            raise ValueError(f"not a report run: {shown(answer['object'])} {shown(answer['id'])}")
        succeeded_at, result = answer.get("succeeded_at"), answer.get("result")
        return cls(
            id=answer["id"],
            object=answer["object"],
            created=instant(answer["created"]),
            livemode=checked(answer["livemode"], bool),
            report_type=checked(answer["report_type"], str),
            parameters=dict(checked(answer["parameters"], dict)),
            status=checked(answer["status"], str),
            succeeded_at=None if succeeded_at is None else instant(succeeded_at),
            error=None if answer.get("error") is None else checked(answer["error"], str),
            result=None if result is None else ResultFile.from_stripe(result),
        )

    def to_stripe(self) -> dict[str, Any]:
        """The same as Stripe's JSON."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}

    # The neutral view

    @property
    def api(self) -> ApiName:
        """The generation of Stripe's API that has it: ``v1``."""
        return "v1"

    @property
    def report_id(self) -> str | None:
        """None: report types are named by their versioned id."""
        return None

    @property
    def plain_parameters(self) -> Mapping[str, Any]:
        """The parameters; the same as ``parameters``."""
        return self.parameters

    @property
    def state(self) -> str:
        """The same as ``status``."""
        return self.status

    @property
    def error_code(self) -> str | None:
        """None: Stripe gives no code."""
        return None

    @property
    def as_of(self) -> datetime:
        """Time of its data: the creation of the run or of its file, whichever is earlier.

        Stripe may answer a run with an older file.
        """
        return self.created if self.result is None else min(self.created, self.result.created)

    @property
    def tells_data_time(self) -> bool:
        """True: its data are those published before it was created."""
        return True

    @property
    def has_older_file(self) -> bool:
        """True if Stripe answered with a file that it had made for an earlier run."""
        return self.as_of < self.created

    @property
    def ended_at(self) -> datetime | None:
        """Time at which it succeeded; the same as ``succeeded_at``."""
        return self.succeeded_at

    @property
    def duration(self) -> float | None:
        """Seconds from launch to success; None until then, and if both times are equal."""
        if self.succeeded_at is None or self.succeeded_at <= self.created:
            return None
        return (self.succeeded_at - self.created).total_seconds()

    @property
    def file(self) -> ResultFile | None:
        """The result file; the same as ``result``."""
        return self.result

    def with_file_at(self, url: str) -> Self:
        """Return the same run with another address of its file; see ``file``."""
        return self if self.result is None else replace(self, result=replace(self.result, url=url))

    def _repr_html_(self) -> str:
        marks = {"pending": "◌", "succeeded": "✔", "failed": "✘"}
        result = self.result
        return card(
            self.id,
            [
                ("status", f"{marks.get(self.status, '?')} {self.status}"),
                ("error", self.error),
                ("report type", self.report_type),
                ("created", iso(self.created)),
                ("succeeded", self.succeeded_at and iso(self.succeeded_at)),
                ("result", result and ", ".join([result.id, *_bytes(result.size)])),
                ("mode", "live" if self.livemode else "test"),
            ],
            kind="report run",
            fold=folded("parameters, as sent", [(k, str(v)) for k, v in self.parameters.items()]),
        )


def _bytes(size: int | None) -> list[str]:
    return [] if size is None else [f"{size:,} bytes"]
