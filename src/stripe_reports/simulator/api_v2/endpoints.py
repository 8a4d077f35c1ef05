"""One method per endpoint of v2: it takes a call and returns Stripe's JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from stripe_reports.catalog.purposes import search
from stripe_reports.simulator.api.answers import invalid, missing, unknown
from stripe_reports.simulator.api.checks import check_account
from stripe_reports.simulator.api.endpoints import Call
from stripe_reports.simulator.api_v2.answers import queries_inaccessible
from stripe_reports.simulator.api_v2.bodies import decoded, members, text
from stripe_reports.simulator.api_v2.columns import described
from stripe_reports.simulator.api_v2.downloads import SignedAddresses
from stripe_reports.simulator.api_v2.events import ThinEvents
from stripe_reports.simulator.api_v2.instants import in_nanoseconds
from stripe_reports.simulator.api_v2.pages import limit_of, position, token
from stripe_reports.simulator.api_v2.parameters import Sent, checked
from stripe_reports.simulator.api_v2.preview import Preview
from stripe_reports.simulator.api_v2.reports import Report, Reports
from stripe_reports.simulator.api_v2.result import ResultFile
from stripe_reports.simulator.api_v2.runs import ReportRun, ReportRuns

__all__ = ["Endpoints"]

_FOREIGN_HOST = "https://files.example.com"


class Endpoints:
    """The endpoints, and what they are about.

    Args:
        reports: The reports.
        runs: The report runs.
        addresses: The addresses of their files.
        events: The events of runs.
        preview: See ``Preview``.
    """

    def __init__(
        self,
        reports: Reports,
        runs: ReportRuns,
        addresses: SignedAddresses,
        events: ThinEvents,
        preview: Preview,
    ) -> None:
        self._reports = reports
        self._runs = runs
        self._addresses = addresses
        self._events = events
        self._preview = preview

    def list_reports(self, call: Call) -> dict[str, Any]:
        """GET /v2/data/reports: ten on a page by default; filtered by name."""
        _check_names(call.query, "include", "limit", "name", "page")
        limit = limit_of(call.query, 10, 1000)
        first, requested = position(call.query)
        query = {**requested, **call.query}
        include, name = _include(query, "default_sql", "parameters"), query.get("name")
        found = [
            report
            for report in self._reports.of(livemode=call.caller.livemode)
            if name is None or report.name == name
        ]

        def page_url(start: int) -> str:
            kept = {key: query[key] for key in ("include", "name") if key in query}
            return f"/v2/data/reports?{urlencode({'page': token(start, **kept), 'limit': limit})}"

        return {
            "data": [
                report.answer(include, livemode=call.caller.livemode)
                for report in found[first : first + limit]
            ],
            "next_page_url": page_url(first + limit) if first + limit < len(found) else None,
            "previous_page_url": page_url(max(0, first - limit)) if first else None,
        }

    def retrieve_report(self, call: Call, id_: str) -> dict[str, Any]:
        """GET /v2/data/reports/{id}."""
        _check_names(call.query, "include")
        include = _include(call.query, "default_sql", "parameters")
        report = self._reports.find(livemode=call.caller.livemode, id_=id_)
        return report.answer(include, livemode=call.caller.livemode)

    def create_report_run(self, call: Call) -> dict[str, Any]:
        """POST /v2/data/report_runs."""
        sent = decoded(call.form, "format", "report", "parameters", "result_options")
        if text(sent, "format") != "csv":
            raise invalid("Invalid format: must be csv.", "format")
        report = self._report(call, sent)
        if "parameters" not in sent:
            raise missing("parameters")
        if not isinstance(sent["parameters"], dict):
            raise invalid("Invalid parameters: it is not an object.", "parameters")
        data_end = call.book.publications.newest(report.report_type, call.now).end
        shown, parameters = checked(
            report,
            sent["parameters"],
            data_end,
            find_payout=partial(call.book.payout, call.caller),
            find_account=partial(call.book.connected_account, call.caller),
        )
        acts_for = call.book.connected_account(call.caller, call.caller.account, data_end)
        check_account(report.report_type, is_connected=acts_for is not None)
        is_compressed = _is_compressed(sent.get("result_options", {}))
        run = self._runs.create(call.access, report, Sent(shown, parameters, is_compressed), call.now)
        # The first answer shows it as running, however short the run is.
        return run.answer(-math.inf, self._preview, None)

    def retrieve_report_run(self, call: Call, id_: str) -> dict[str, Any]:
        """GET /v2/data/report_runs/{id}: with an address of the file that is valid from now on."""
        _check_names(call.query, "include", "limit", "page")
        run = self._runs.find(call.caller, id_)
        return self._answer(call, run, _include(call.query, "result.inline", "sql"))

    def search(self, call: Call) -> dict[str, Any]:
        """POST /v2/data/operations/search: reports by what they are for; there are no metrics and schemas.

        Which words find which report, and the scores, are inferred.
        """
        sent = decoded(call.form, "query", "catalogs", "limit", "page")
        query, limit = text(sent, "query"), limit_of(sent, 5, 20)
        first, _ = position(sent)
        reports = self._reports.of(livemode=call.caller.livemode)
        catalogs = sent.get("catalogs", ["reports"])
        if not isinstance(catalogs, list):
            raise invalid("Invalid catalogs: it is not a list.", "catalogs")
        if "reports" not in catalogs:
            reports = []
        by_type = {report.report_type: report for report in reports}
        found = [by_type[report_type] for report_type in search(query, by_type)]
        shown = found[first : first + limit]
        return {
            "object": "v2.data.search_result_list",
            "context": None,
            "data": [_found(report, 1 / (first + place + 1)) for place, report in enumerate(shown)],
            "livemode": call.caller.livemode,
            "next_page_url": token(first + limit) if first + limit < len(found) else None,
            "previous_page_url": token(max(0, first - limit)) if first else None,
        }

    def retrieve_event(self, call: Call, id_: str) -> dict[str, Any]:
        """GET /v2/core/events/{id}, for the last 30 days."""
        _check_names(call.query)
        return self._events.find(call.caller, id_, call.now).retrieved()

    def refuse_queries(self, call: Call, id_: str | None = None) -> dict[str, Any]:
        """POST /v2/data/query_runs, GET /v2/data/query_runs/{id}: this account may not run SQL."""
        raise queries_inaccessible()

    def _report(self, call: Call, sent: Mapping[str, Any]) -> Report:
        if "report" not in sent:
            raise missing("report")
        named = members(sent["report"], "report", "id", "name")
        if len(named) != 1:
            raise invalid("Name the report by its id or by its name.", "report")
        ((how, value),) = named.items()
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {str(value)[:100]}", f"report.{how}")
        livemode = call.caller.livemode
        if how == "id":
            return self._reports.find(livemode=livemode, id_=value)
        return self._reports.find(livemode=livemode, name=value)

    def _answer(self, call: Call, run: ReportRun, include: frozenset[str]) -> dict[str, Any]:
        now = call.now.timestamp()
        sql = run.report.sql if "sql" in include else None
        result = None
        if (file := run.file) is not None and run.status(now) == "succeeded":
            result = {
                "col_count": str(len(file.columns)),
                "row_count": str(file.row_count),
                "file": self._file(call, run, file),
            }
            if "result.inline" in include:
                result["inline"] = _inline(call.query, file)
        return run.answer(now, self._preview, result, sql=sql)

    def _file(self, call: Call, run: ReportRun, file: ResultFile) -> dict[str, Any]:
        what = run.outcome.result
        host = _FOREIGN_HOST if what == "foreign host" else call.downloads_url
        seconds = 0.0 if what == "expired" else self._preview.url_seconds
        expires_at = call.now.timestamp() + seconds
        download_url = {
            "expires_at": in_nanoseconds(expires_at, run.id),
            "url": self._addresses.url(host, run.id, expires_at),
        }
        return {
            "columns": file.columns,
            "content_type": file.content_type,
            "size": None if what == "no size" else str(file.contents.size),
            "download_url": None if what == "no url" else download_url,
        }


def _found(report: Report, score: float) -> dict[str, Any]:
    """Write a result of the search."""
    return {
        "catalog": "reports",
        "description": report.report_type.name,
        "execution_spec": {
            "execution_url": "/v2/data/report_runs",
            "http_method": "POST",
            "id": report.id,
        },
        "extended_description": None,
        "id": report.id,
        "metrics": None,
        "name": report.name,
        "object_type": "v2.data.report",
        "reference_url": f"/v2/data/reports/{report.id}",
        "relevance_score": f"{score:.4f}",
        "reports": {
            "output_columns": described(report.report_type, report.columns),
            "parameters": report.described_parameters(),
        },
        "schemas": None,
    }


def _inline(query: Mapping[str, Any], file: ResultFile) -> dict[str, Any]:
    """Write rows of the result, ten by default."""
    limit, (first, _) = limit_of(query, 10, 1000), position(query)
    return {
        "columns": file.columns,
        "rows": [{"data": row} for row in file.rows(first, limit)],
        "next_page_url": token(first + limit) if first + limit < file.row_count else None,
        "previous_page_url": token(max(0, first - limit)) if first else None,
    }


def _is_compressed(options: Any) -> bool:
    """Read ``compress_file``, as in Stripe's libraries, or ``compression``, as in its example of a run.

    The value ``zip`` of the latter is inferred.
    """
    match members(options, "result_options", "compress_file", "compression"):
        case {"compress_file": bool(is_compressed)}:
            return is_compressed
        case {"compression": "zip" | "none" as compression}:
            return bool(compression == "zip")
        case {}:
            if not options:
                return False
    raise invalid("Invalid result_options: compress_file must be true or false.", "result_options")


def _include(query: Mapping[str, Any], *known: str) -> frozenset[str]:
    """Return the members that are requested; that an unknown one is refused is inferred."""
    sent = query.get("include", [])
    if not isinstance(sent, list) or not all(name in known for name in sent):
        raise invalid(f"Invalid include: must be among {', '.join(known)}.", "include")
    return frozenset(sent)


def _check_names(sent: Mapping[str, Any], *known: str) -> None:
    if strangers := [name for name in sent if name not in known]:
        raise unknown(strangers)
