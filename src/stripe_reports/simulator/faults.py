"""What can be made to go wrong: canned answers, and runs that end in another way than well."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

__all__ = ["Fault", "Outcome"]


@dataclass(slots=True)
class Fault:
    """An answer given in place of the true one.

    Attributes:
        match: Method and path, ``*`` allowed: ``"POST /v1/reporting/report_runs"``, ``"GET /v1/files/*"``.
        status: HTTP status.
        body: JSON (a mapping), or a text or bytes as they are; None for Stripe's body of that status.
        headers: Further headers, such as ``{"Stripe-Should-Retry": "false"}``.
        times: How many requests it still answers.
        stored: Whether execution had begun: then the same idempotency key gets the same answer again.
    """

    match: str = "* *"
    status: int = 500
    body: Mapping[str, Any] | str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1
    stored: bool = False

    def hits(self, method: str, path: str) -> bool:
        """Whether a request gets this answer."""
        return self.times > 0 and fnmatchcase(f"{method} {path}", self.match)


_ERROR = "The report could not be generated. Please try again, or contact support if this keeps happening."


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ends.

    Attributes:
        status: Its last status; ``pending`` for a run that never ends. Need not be one of Stripe's.
        error: Its message, where there is one.
        result: What a succeeded run holds: its file, a file without an address, or none.
    """

    status: str = "succeeded"
    error: str | None = None
    result: Literal["file", "no url", "none"] = "file"

    @classmethod
    def named(cls, name: str) -> Outcome:
        """``succeeded``, ``failed``, ``stuck``, ``no url``, ``no result``; any other is a status itself."""
        match name:
            case "failed":
                return cls("failed", error=_ERROR)
            case "stuck":
                return cls("pending")
            case "no url":
                return cls(result="no url")
            case "no result":
                return cls(result="none")
            case _:
                return cls(name)

    @property
    def has_file(self) -> bool:
        """Whether the run ends with a file that can be fetched."""
        return self.status == "succeeded" and self.result == "file"

    def delay(self, latency: float) -> float:
        """Seconds until the end."""
        return math.inf if self.status == "pending" else latency
