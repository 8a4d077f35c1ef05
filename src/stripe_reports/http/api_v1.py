"""Stripe's Reporting API: one function for each endpoint, JSON in, models out.

``http/json_calls`` makes the calls, and ``http/files`` reads result files.

Source: https://docs.stripe.com/api/reporting/report_run
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from stripe_reports import errors
from stripe_reports.http.api import CreatedRun
from stripe_reports.http.json_calls import JsonCalls
from stripe_reports.http.transport import REPLAYED
from stripe_reports.models import ReportRequest, ReportRun, ReportType, RunView
from stripe_reports.models.values import checked
from stripe_reports.render import reports_v2_remedies

__all__ = ["ApiV1", "RunPage"]

logger = logging.getLogger("stripe_reports")

_RUN_ID = re.compile(r"frr_\w+")

_RUNS, _TYPES = "/v1/reporting/report_runs", "/v1/reporting/report_types"


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of the list of runs, newest first.

    Attributes:
        runs: The usable runs.
        has_more: True if there are older ones.
        last: Id of the last run of the page, usable or not.
    """

    runs: tuple[ReportRun, ...]
    has_more: bool
    last: str | None


class ApiV1(JsonCalls):
    """The endpoints of the Reporting API, called for one owner; see ``http/api``."""

    has_versions: ClassVar[bool] = True
    lists_runs: ClassVar[bool] = True

    def check_name(self, name: str) -> None:
        """Accept every name; a name without version means the newest."""

    def check_request(self, request: ReportRequest) -> None:
        """Refuse a request of Reports v2."""
        if request.report_id is not None:
            raise errors.ParameterError(
                f"This request is of Reports v2 ({request.report_id}), and this client asks version 1.",
                param="report_type",
                remedy=reports_v2_remedies.choose_api("v2"),
            )

    def create_run(self, request: ReportRequest, *, idempotency_key: str) -> CreatedRun:
        """``POST /v1/reporting/report_runs``."""
        answer, headers = self._answer(
            "post",
            _RUNS,
            report_type=request.report_type,
            parameters=request.to_stripe(),
            idempotency_key=idempotency_key,
        )
        is_replayed = headers.get(REPLAYED, "").lower() == "true"
        return CreatedRun(self.verified(self._read(ReportRun.from_stripe, answer), request), is_replayed)

    def retrieve_run(self, id_: str, asked: ReportRequest | None = None) -> ReportRun:
        """``GET /v1/reporting/report_runs/{id}``: a run, compared with what was *asked* if that is known."""
        id_ = id_.strip()
        if not _RUN_ID.fullmatch(id_):
            raise errors.ParameterError(
                f"{id_!r} is not the id of a report run: it starts with 'frr_'.", param="id"
            )
        return self.verified(self._retrieved(ReportRun.from_stripe, f"{_RUNS}/{id_}", id_), asked)

    def list_runs(
        self, *, limit: int = 100, created_from: datetime | None = None, after: str | None = None
    ) -> RunPage:
        """``GET /v1/reporting/report_runs``: one page, newest first, created at or after an instant."""
        parameters: dict[str, Any] = {"limit": limit}
        if created_from is not None:
            parameters["created"] = {"gte": int(created_from.timestamp())}
        if after is not None:
            parameters["starting_after"] = after
        answer = self._call("get", _RUNS, **parameters)
        runs = self._read_list("report run", ReportRun.from_stripe, answer)

        def page(answer: Mapping[str, Any]) -> RunPage:
            last = answer["data"][-1]["id"] if answer["data"] else None
            return RunPage(runs, checked(answer["has_more"], bool), last if isinstance(last, str) else None)

        for run in runs:
            self.verified(run, None)
        return self._read(page, answer)

    def pages_of_runs(
        self, created_from: datetime | None, *, page_size: int = 100
    ) -> Iterator[list[ReportRun]]:
        """Iterate over the pages of runs, newest first; stop at a page that repeats an earlier run."""
        listed: set[str] = set()
        after = None
        while True:
            page = self.list_runs(created_from=created_from, after=after, limit=page_size)
            runs = [run for run in page.runs if run.id not in listed]
            listed.update(run.id for run in runs)
            yield runs
            if page.has_more and page.runs and not runs:
                logger.warning("%s repeats its list of runs; no more of it is read", self._settings.base_url)
            if not page.has_more or not runs or page.last is None:
                return
            after = page.last

    def list_report_types(self) -> tuple[ReportType, ...]:
        """``GET /v1/reporting/report_types``: every type the account offers."""
        return self._read_list("report type", ReportType.from_stripe, self._call("get", _TYPES))

    def retrieve_report_type(self, id_: str) -> ReportType:
        """``GET /v1/reporting/report_types/{id}``."""
        return self._retrieved(ReportType.from_stripe, f"{_TYPES}/{quote(id_, safe='')}", id_)

    def output_columns(self, report_type: ReportType) -> dict[str, str]:
        """Return nothing: Stripe tells names of default columns only, with the report type."""
        del report_type
        return {}

    def ask_time(self) -> None:
        """Make the cheapest call that is never cached: its ``Date`` header tells Stripe's time."""
        self.list_runs(limit=1)

    def forget(self, run: RunView) -> None:
        """Remove the cached description of a finished run, so that Stripe is asked the next time."""
        self._transport.forget(f"{_RUNS}/{run.id}")

    def request_of(self, run: RunView) -> ReportRequest:
        """Return the request of a run that was launched elsewhere."""
        return self._read(lambda sent: ReportRequest.from_stripe(run.report_type, sent), run.plain_parameters)
