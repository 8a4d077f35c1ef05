"""Report runs and their files: the data Stripe keeps, and the data it shows at a given time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from stripe_reports.catalog import ECHOED
from stripe_reports.models import ReportType
from stripe_reports.simulator.api.keys import Caller
from stripe_reports.simulator.faults.faults import Outcome
from stripe_reports.simulator.reports.contents import Contents

__all__ = ["FILE_KEPT", "File", "Run"]

FILE_KEPT = 365 * 86_400
"""Seconds from the creation of a file to its expiry."""

_FOREIGN_HOST = "https://files.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The file of a run. Another run of an equal request may use it too."""

    id: str
    owner: Caller
    created: int
    run_id: str
    contents: Contents

    @property
    def expires_at(self) -> int:
        """Time of expiry: a year after its creation."""
        return self.created + FILE_KEPT

    def is_expired(self, now: float) -> bool:
        """Tell whether the file has expired."""
        return now >= self.expires_at

    def answer(self, files_url: str | None) -> dict[str, Any]:
        """Write Stripe's JSON; *files_url* is the host of the contents, None leaves the address out."""
        url = f"{files_url}/v1/files/{self.id}/contents" if files_url is not None else None
        links = {"object": "list", "data": [], "has_more": False, "url": f"/v1/file_links?file={self.id}"}
        return {
            "id": self.id,
            "object": "file",
            "created": self.created,
            "expires_at": self.expires_at,
            "filename": f"{self.run_id}.csv",
            "links": links,
            "purpose": "finance_report_run",
            "size": self.contents.size,
            "title": f"FinanceReportRun {self.run_id}",
            "type": "csv",
            "url": url,
        }


@dataclass(slots=True, kw_only=True)
class Run:
    """One execution of a request.

    Attributes:
        owner: The caller who may see it.
        parameters: All parameters that were sent; Stripe echoes nine of them.
        data_end: End of the data published when it was created.
        finishes_at: The time when it leaves ``pending``; ``math.inf`` for a run that never does.
        file: Its result, once it was requested.
        answered_by: The earlier run whose file answers this one.
    """

    id: str
    owner: Caller
    created: int
    report_type: ReportType
    parameters: dict[str, Any]
    data_end: int
    finishes_at: float
    outcome: Outcome
    file: File | None = None
    answered_by: Run | None = None

    @property
    def generation(self) -> tuple[Any, ...]:
        """The values that an equal request of the same owner over the same data shares with this one."""
        asked = json.dumps(self.parameters, sort_keys=True)
        return self.owner, self.report_type.id, asked, self.data_end

    def status(self, now: float) -> str:
        """Return ``pending`` until the run ends, then the status of its outcome."""
        return self.outcome.status if now >= self.finishes_at else "pending"

    def answer(self, status: str, files_url: str) -> dict[str, Any]:
        """Write Stripe's JSON, with exactly ten fields."""
        succeeded = status == "succeeded"
        result = None
        if succeeded and self.file is not None:
            elsewhere = {"no url": None, "foreign host": _FOREIGN_HOST}
            result = self.file.answer(elsewhere.get(self.outcome.result, files_url))
            if self.outcome.result == "no size":
                result["size"] = None
        return {
            "id": self.id,
            "object": "reporting.report_run",
            "created": self.created,
            "error": self.outcome.error if status == self.outcome.status else None,
            "livemode": self.owner.livemode,
            "parameters": {name: value for name, value in self.parameters.items() if name in ECHOED},
            "report_type": self.report_type.id,
            "result": result,
            "status": status,
            "succeeded_at": int(self.finishes_at) if succeeded else None,
        }
