"""One function per endpoint of Stripe's: a call in, Stripe's JSON (or the bytes of a file) out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from stripe_reports.simulator import reports
from stripe_reports.simulator.answers import unknown, unrecognized_url
from stripe_reports.simulator.availability import report_type_answer
from stripe_reports.simulator.checks import checked_expand, checked_request, find_report_type
from stripe_reports.simulator.forms import Pairs, decode
from stripe_reports.simulator.keys import Caller
from stripe_reports.simulator.paging import page
from stripe_reports.simulator.runbook import RunBook

__all__ = ["Call", "Endpoint", "match"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose key was accepted, and what there is to answer it with.

    Attributes:
        files_url: Host in the address of a file's contents.
    """

    caller: Caller
    form: Pairs
    query: Mapping[str, Any]
    now: datetime
    book: RunBook
    files_url: str


Endpoint = Callable[..., dict[str, Any] | Response]
"""A function of a :class:`Call` and of what stands in the path."""


def create_run(call: Call) -> dict[str, Any]:
    """POST /v1/reporting/report_runs."""
    report_type, parameters = checked_request(decode(call.form), livemode=call.caller.livemode, now=call.now)
    run = call.book.create(call.caller, report_type, parameters, call.now)
    if call.book.is_told_succeeded(run):
        return run.answer(call.book.status(run, call.now), call.files_url)
    return run.answer("pending", call.files_url)


def list_runs(call: Call) -> dict[str, Any]:
    """GET /v1/reporting/report_runs: newest first, a page of ten unless told otherwise."""
    runs, has_more = page(call.book.of(call.caller), call.query, "report run")
    data = [run.answer(call.book.status(run, call.now), call.files_url) for run in runs]
    return _list("/v1/reporting/report_runs", data, has_more=has_more)


def retrieve_run(call: Call, id_: str) -> dict[str, Any]:
    """GET /v1/reporting/report_runs/{id}."""
    _check_query(call)
    run = call.book.run(call.caller, id_)
    return run.answer(call.book.status(run, call.now), call.files_url)


def list_report_types(call: Call) -> dict[str, Any]:
    """GET /v1/reporting/report_types: those that are simulated, on one page."""
    _check_query(call)
    livemode = call.caller.livemode
    data = [report_type_answer(type_, livemode=livemode, now=call.now) for type_ in reports.simulated()]
    return _list("/v1/reporting/report_types", data, has_more=False)


def retrieve_report_type(call: Call, id_: str) -> dict[str, Any]:
    """GET /v1/reporting/report_types/{id}."""
    _check_query(call)
    livemode = call.caller.livemode
    return report_type_answer(find_report_type(id_, "id", livemode=livemode), livemode=livemode, now=call.now)


def retrieve_file(call: Call, id_: str) -> dict[str, Any]:
    """GET /v1/files/{id}."""
    _check_query(call)
    return call.book.file(call.caller, id_, call.now).answer(call.files_url)


def file_contents(call: Call, id_: str) -> Response:
    """GET /v1/files/{id}/contents, at Stripe on another host."""
    file = call.book.file(call.caller, id_, call.now)
    response = Response(file.contents, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{file.run_id}.csv"'
    return response


_URLS = Map(
    [
        Rule("/v1/reporting/report_runs", endpoint=create_run, methods=["POST"]),
        Rule("/v1/reporting/report_runs", endpoint=list_runs, methods=["GET"]),
        Rule("/v1/reporting/report_runs/<id_>", endpoint=retrieve_run, methods=["GET"]),
        Rule("/v1/reporting/report_types", endpoint=list_report_types, methods=["GET"]),
        Rule("/v1/reporting/report_types/<id_>", endpoint=retrieve_report_type, methods=["GET"]),
        Rule("/v1/files/<id_>", endpoint=retrieve_file, methods=["GET"]),
        Rule("/v1/files/<id_>/contents", endpoint=file_contents, methods=["GET"]),
    ],
    merge_slashes=False,
)


def match(request: Request) -> tuple[Endpoint, Mapping[str, Any]]:
    """The endpoint of a request and what stands in its path; raises Stripe's 404 for any other URL."""
    try:
        endpoint, values = _URLS.bind_to_environ(request.environ).match()
    except HTTPException:
        raise unrecognized_url(request.method, request.path) from None
    return endpoint, values


def _list(url: str, data: list[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _check_query(call: Call) -> None:
    """A query that asks for nothing but ``expand``."""
    checked_expand(call.query)
    strangers = [name for name in call.query if name != "expand"]
    if strangers:
        raise unknown(strangers)
