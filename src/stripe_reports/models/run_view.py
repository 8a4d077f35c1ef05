"""The neutral view of a run: everything that code above ``http`` may use, whichever API describes the run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from stripe_reports.models.owner import ApiName

__all__ = ["FileView", "RunView"]


class FileView(Protocol):
    """The file of a succeeded run."""

    @property
    def id(self) -> str:
        """Stripe's id, or that of its run, for messages."""

    @property
    def size(self) -> int | None:
        """Announced size in bytes."""

    @property
    def url(self) -> str | None:
        """The address of its contents."""

    @property
    def needs_key(self) -> bool:
        """True if the address answers only with the key; if False, it must never get the key."""

    @property
    def url_expires_at(self) -> datetime | None:
        """Time at which the address stops working, while the file goes on to exist; None if it does not."""

    @property
    def column_types(self) -> Mapping[str, str] | None:
        """Stripe's type of each column, in the order of the file; None if Stripe does not say."""

    @property
    def rows(self) -> int | None:
        """Announced number of rows; None if Stripe does not say."""


class RunView(Protocol):
    """A run of a report; ``ReportRun`` and ``ReportRunV2`` are such runs."""

    @property
    def id(self) -> str:
        """Stripe's id."""

    @property
    def api(self) -> ApiName:
        """The generation of Stripe's API that has it."""

    @property
    def report_type(self) -> str:
        """Id of the report type, with version; in Reports v2, the name of the report, which has none."""

    @property
    def report_id(self) -> str | None:
        """Stripe's id of the report in Reports v2; None in v1."""

    @property
    def livemode(self) -> bool:
        """True for live data."""

    @property
    def plain_parameters(self) -> Mapping[str, Any]:
        """The parameters that Stripe sent, with bounds in Unix seconds, as in ``ReportRequest.to_stripe``."""

    @property
    def status(self) -> str:
        """Stripe's word for its state, for people."""

    @property
    def state(self) -> str:
        """``pending``, ``succeeded``, ``failed`` or ``canceled``; anything else ends a wait with an error."""

    @property
    def created(self) -> datetime:
        """Time of the launch."""

    @property
    def as_of(self) -> datetime:
        """Time of its data; for a run without a file, the time of the launch."""

    @property
    def tells_data_time(self) -> bool:
        """False if Stripe does not say of when the data of a finished run are."""

    @property
    def has_older_file(self) -> bool:
        """True if Stripe answered with a file that it had made for an earlier run."""

    @property
    def ended_at(self) -> datetime | None:
        """Time at which it succeeded; None until then, or if Stripe does not say."""

    @property
    def duration(self) -> float | None:
        """Seconds from launch to success; None if they are not known."""

    @property
    def error(self) -> str | None:
        """Stripe's reason, if it failed."""

    @property
    def error_code(self) -> str | None:
        """Stripe's code of the reason; None if it has none."""

    @property
    def file(self) -> FileView | None:
        """Its file, if it succeeded."""
