"""The neutral view of a run: everything that code above ``http`` may use, whichever API describes the run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

__all__ = ["FileView", "RunView"]


class FileView(Protocol):
    """The file of a succeeded run."""

    @property
    def id(self) -> str:
        """Stripe's id, for messages."""

    @property
    def size(self) -> int | None:
        """Announced size in bytes."""

    @property
    def url(self) -> str | None:
        """The address of its contents."""


class RunView(Protocol):
    """A run of a report; ``ReportRun`` is one."""

    @property
    def id(self) -> str:
        """Stripe's id."""

    @property
    def report_type(self) -> str:
        """Id of the report type, with version."""

    @property
    def livemode(self) -> bool:
        """True for live data."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters as Stripe sent them."""

    @property
    def status(self) -> str:
        """``pending``, ``succeeded`` or ``failed``; anything else ends a wait with an error."""

    @property
    def created(self) -> datetime:
        """Time of the launch."""

    @property
    def as_of(self) -> datetime:
        """Time of its data; for a run without a file, the time of the launch."""

    @property
    def duration(self) -> float | None:
        """Seconds from launch to success; None if they are not known."""

    @property
    def error(self) -> str | None:
        """Stripe's reason, if it failed."""

    @property
    def file(self) -> FileView | None:
        """Its file, if it succeeded."""
