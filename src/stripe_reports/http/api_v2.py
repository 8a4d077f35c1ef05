"""Reports v2, a preview: one function for each endpoint, JSON in, models out.

Written from Stripe's pages and Stripe's library for Python, 16.1.0a4; nobody here could call this API. Stripe
lists no runs, tells nothing about available data before a run, and gives result files by addresses that need
no key and expire in minutes.

Sources: https://docs.stripe.com/data/api/reports, https://docs.stripe.com/api/v2/data/report-runs
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from stripe_reports import errors
from stripe_reports.http.api import CreatedRun
from stripe_reports.http.json_calls import JsonCalls
from stripe_reports.http.transport import REPLAYED
from stripe_reports.models import ReportRequest, ReportRunV2, ReportType, RunView, has_version, iso
from stripe_reports.models.values import checked
from stripe_reports.render import reports_v2_remedies

__all__ = ["ApiV2"]

logger = logging.getLogger("stripe_reports")

_RUN_ID = re.compile(r"rrun_\w+", re.ASCII)

_RUNS, _REPORTS = "/v2/data/report_runs", "/v2/data/reports"
_SEARCH = "/v2/data/operations/search"
_FOUND = 20
"""Results of a search, the most that Stripe gives."""

_PAGE = 1000
"""Reports of a page, the most that Stripe gives."""

_PAGES = 20
"""Pages of reports that are read at most: an endless list is no list."""


class ApiV2(JsonCalls):
    """The endpoints of Reports v2, called for one owner; see ``http/api``."""

    has_versions: ClassVar[bool] = False
    lists_runs: ClassVar[bool] = False

    def check_name(self, name: str) -> None:
        """Refuse a name with a version: whether the columns of that version are meant is not known."""
        if has_version(name):
            raise errors.ParameterError(
                f"{name!r} has a version; names of reports in Reports v2 have none.",
                param="report_type",
                remedy=reports_v2_remedies.leave_out_version(name),
            )

    def check_request(self, request: ReportRequest) -> None:
        """Refuse a request of the Reporting API."""
        if request.report_id is None:
            self.check_name(request.report_type)

    def create_run(self, request: ReportRequest, *, idempotency_key: str) -> CreatedRun:
        """``POST /v2/data/report_runs``, with the report by its id and without compression."""
        answer, headers = self._answer(
            "post",
            _RUNS,
            format="csv",
            report={"id": request.report_id},
            parameters={name: _sent(value) for name, value in request.parameters.items()},
            result_options={"compress_file": False},
            idempotency_key=idempotency_key,
        )
        is_replayed = headers.get(REPLAYED, "").lower() == "true"
        return CreatedRun(self.verified(self._read(ReportRunV2.from_stripe, answer), request), is_replayed)

    def retrieve_run(self, id_: str, asked: ReportRequest | None = None) -> ReportRunV2:
        """``GET /v2/data/report_runs/{id}``: a run, compared with what was *asked* if that is known.

        It is never cached, since it has the address of the result.
        """
        id_ = id_.strip()
        if not _RUN_ID.fullmatch(id_):
            raise errors.ParameterError(
                f"{id_!r} is not the id of a report run of Reports v2: it starts with 'rrun_'.", param="id"
            )
        return self.verified(self._retrieved(ReportRunV2.from_stripe, f"{_RUNS}/{id_}", id_), asked)

    def pages_of_runs(
        self, created_from: datetime | None, *, page_size: int = 100
    ) -> Iterator[list[ReportRunV2]]:
        """Return no page: Reports v2 has no list of runs."""
        del created_from, page_size
        return iter(())

    def list_report_types(self) -> tuple[ReportType, ...]:
        """``GET /v2/data/reports``: every report the account offers, with its parameters."""
        found: list[ReportType] = []
        page: str | None = None
        for _ in range(_PAGES):
            more = {} if page is None else {"page": page}
            answer = self._call("get", _REPORTS, include=["parameters"], limit=_PAGE, **more)
            found += self._read_list("report", ReportType.from_stripe_v2, answer)
            page = self._read(_next_page, answer)
            if page is None:
                return tuple(found)
        logger.warning("%s lists reports without end; no more are read", self._settings.base_url)
        return tuple(found)

    def retrieve_report_type(self, id_: str) -> ReportType:
        """``GET /v2/data/reports`` by the exact name of a report."""
        answer = self._call("get", _REPORTS, include=["parameters"], name=id_)
        found = [
            each for each in self._read_list("report", ReportType.from_stripe_v2, answer) if each.id == id_
        ]
        if not found:
            raise errors.NotFoundError(
                f"There is no report {id_!r} in Reports v2 of this account.", status_code=404
            )
        return found[0]

    def output_columns(self, report_type: ReportType) -> dict[str, str]:
        """``POST /v2/data/operations/search``: the columns of a report that the search for its name finds."""
        answer = self._call("post", _SEARCH, query=report_type.id, catalogs=["reports"], limit=_FOUND)
        return self._read(lambda found: _columns(found, report_type), answer)

    def ask_time(self) -> None:
        """Make the cheapest call, never answered from the cache: its ``Date`` header tells Stripe's time."""
        self._transport.forget(f"{_REPORTS}?limit=1")
        self._call("get", _REPORTS, limit=1)

    def request_of(self, run: RunView) -> ReportRequest:
        """Return the request of a run that was launched elsewhere."""
        return self._read(
            lambda sent: ReportRequest.from_stripe(run.report_type, sent, report_id=run.report_id),
            run.plain_parameters,
        )


def _sent(value: Any) -> Any:
    """Return the JSON form of a parameter: instants as RFC 3339 in UTC, lists as lists."""
    match value:
        case datetime():
            return iso(value)
        case tuple():
            return [_sent(each) for each in value]
        case _:
            return value


def _columns(found: Mapping[str, Any], report_type: ReportType) -> dict[str, str]:
    """Return the columns of a report among the results of a search; empty if it is not among them."""
    for each in found["data"]:
        about = each.get("reports") or {}
        if report_type.report_id in (each.get("id"), about.get("id")):  # where the id is, is unproved
            columns = about.get("output_columns") or []
            return {checked(column["name"], str): checked(column["type"], str) for column in columns}
    return {}


def _next_page(answer: Mapping[str, Any]) -> str | None:
    """Return the token of the next page, from the address of it that Stripe gives; None for the last page."""
    url = answer.get("next_page_url")
    if url is None:
        return None
    (token,) = parse_qs(urlsplit(checked(url, str)).query)["page"]
    return token
