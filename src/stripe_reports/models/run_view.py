"""The neutral view of a run: what everything above ``http`` may know of one, whichever API describes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

__all__ = ["FileView", "RunView"]


class FileView(Protocol):
    """The file of a succeeded run."""

    @property
    def id(self) -> str:
        """A name for messages, unique at Stripe."""

    @property
    def size(self) -> int | None:
        """Bytes, as announced."""

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
        """As Stripe sent them."""

    @property
    def status(self) -> str:
        """``pending``, ``succeeded`` or ``failed``; anything else ends a wait with an error."""

    @property
    def created(self) -> datetime:
        """When it was launched."""

    @property
    def as_of(self) -> datetime:
        """The age of its data; of a run without a file, when it was launched."""

    @property
    def duration(self) -> float | None:
        """Seconds from launch to success, where they are known."""

    @property
    def error(self) -> str | None:
        """Stripe's reason, if it failed."""

    @property
    def file(self) -> FileView | None:
        """Its file, if it succeeded."""
