"""One function per Stripe endpoint: it takes a call and returns Stripe's JSON, or the bytes of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, NamedTuple

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from stripe_reports.simulator.api.account import AccountHolder, account_answer, balance_answer
from stripe_reports.simulator.api.answers import empty, invalid, missing, no_such, unknown, unrecognized_url
from stripe_reports.simulator.api.checks import check_account, checked_request, find_report_type
from stripe_reports.simulator.api.expand import expanded
from stripe_reports.simulator.api.forms import Pairs, decode
from stripe_reports.simulator.api.keys import Access, Caller
from stripe_reports.simulator.api.links import FileLink, FileLinks, checked_expiry, checked_metadata
from stripe_reports.simulator.api.paging import page
from stripe_reports.simulator.api.permissions import (
    ACCOUNT_READ,
    BALANCE_READ,
    EVENTS_READ,
    FILES_READ,
    FILES_WRITE,
    REPORTS_READ,
)
from stripe_reports.simulator.api.runbook import RunBook, new_id
from stripe_reports.simulator.api.runs import File, Run
from stripe_reports.simulator.ledger.organisation import SiblingAccount
from stripe_reports.simulator.webhooks.events import Event
from stripe_reports.simulator.webhooks.webhooks import Courier

__all__ = ["Call", "Endpoint", "Route", "contents", "route"]

_PURPOSES = frozenset(
    {
        "account_requirement",
        "additional_verification",
        "business_icon",
        "business_logo",
        "customer_signature",
        "dispute_evidence",
        "document_provider_identity_document",
        "finance_report_run",
        "financial_account_statement",
        "identity_document",
        "identity_document_downloadable",
        "issuing_regulatory_reporting",
        "pci_document",
        "platform_terms_of_service",
        "selfie",
        "sigma_scheduled_query",
        "tax_document_user_upload",
        "terminal_android_apk",
        "terminal_reader_splashscreen",
        "terminal_wifi_certificate",
        "terminal_wifi_private_key",
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose key was accepted, and everything needed to answer it.

    Attributes:
        files_url: Host in the address of a file's contents.
        downloads_url: Host of the addresses that need no key, in v2.
        platform: The account of the organisation that the caller is, or is connected to.
        courier: Knows the events, and which of them were posted.
        strict_bounds: See ``Simulator``.
    """

    access: Access
    form: Pairs
    query: Mapping[str, Any]
    now: datetime
    book: RunBook
    links: FileLinks
    files_url: str
    downloads_url: str
    platform: SiblingAccount
    courier: Courier
    strict_bounds: bool

    @property
    def caller(self) -> Caller:
        """The account and mode that the request is for."""
        return self.access.caller

    @property
    def events(self) -> list[Event]:
        """The caller's events, newest first."""
        return self.courier.log.of(self.caller, self.files_url, self.now)

    @property
    def holder(self) -> AccountHolder:
        """The business that the caller acts for, with everything that was booked by now."""
        now = int(self.now.timestamp())
        connected = self.book.connected_account(self.caller, self.caller.account, now)
        return AccountHolder.of(self.platform, self.book.ledger(now, self.platform.id), connected)


Endpoint = Callable[..., dict[str, Any] | Response]
"""A function of a :class:`Call` and of the values in the path."""


def create_run(call: Call) -> dict[str, Any]:
    """POST /v1/reporting/report_runs."""
    form = decode(call.form)
    report_type, parameters = checked_request(
        form,
        livemode=call.caller.livemode,
        now=call.now,
        offer=call.book.offer,
        publications=call.book.publications,
        find_payout=partial(call.book.payout, call.caller),
        find_account=partial(call.book.connected_account, call.caller),
        strict_bounds=call.strict_bounds,
    )
    data_end = int(call.now.timestamp())
    acts_for = call.book.connected_account(call.caller, call.caller.account, data_end)
    check_account(report_type, is_connected=acts_for is not None)
    expanded(form, "report_run")
    run = call.book.create(call.caller, report_type, parameters, call.now)
    if call.book.is_told_succeeded(run):
        return _run(call, run)
    return run.answer("pending", call.files_url)


def list_runs(call: Call) -> dict[str, Any]:
    """GET /v1/reporting/report_runs: newest first, ten on a page by default."""
    runs, has_more = page(call.book.of(call.caller), call.query, "report run")
    expanded(call.query, "list of report_run")
    return _list("/v1/reporting/report_runs", [_run(call, run) for run in runs], has_more=has_more)


def retrieve_run(call: Call, id_: str) -> dict[str, Any]:
    """GET /v1/reporting/report_runs/{id}."""
    _check_query(call, "report_run")
    return _run(call, call.book.run(call.caller, id_))


def list_report_types(call: Call) -> dict[str, Any]:
    """GET /v1/reporting/report_types: those that are simulated, on one page."""
    _check_query(call, "list of report_type")
    livemode = call.caller.livemode
    data = [
        call.book.report_type_answer(type_, livemode=livemode, now=call.now)
        for type_ in call.book.offer.types(livemode=livemode)
    ]
    return _list("/v1/reporting/report_types", data, has_more=False)


def retrieve_report_type(call: Call, id_: str) -> dict[str, Any]:
    """GET /v1/reporting/report_types/{id}."""
    _check_query(call, "report_type")
    livemode = call.caller.livemode
    report_type = find_report_type(id_, "id", call.book.offer, livemode=livemode)
    return call.book.report_type_answer(report_type, livemode=livemode, now=call.now)


def list_files(call: Call) -> dict[str, Any]:
    """GET /v1/files: newest first; filtered by purpose, of which the simulator has one."""
    purpose = _text(call.query.get("purpose", "finance_report_run"), "purpose")
    if purpose not in _PURPOSES:
        raise invalid(f"Invalid purpose: must be one of {', '.join(sorted(_PURPOSES))}", "purpose")
    kept = {"purpose": lambda _: purpose == "finance_report_run"}
    files, has_more = page(call.book.files(call.caller, call.now), call.query, "file upload", kept)
    expanded(call.query, "list of file")
    return _list("/v1/files", [_file(call, file) for file in files], has_more=has_more)


def retrieve_file(call: Call, id_: str) -> dict[str, Any]:
    """GET /v1/files/{id}."""
    _check_query(call, "file")
    return _file(call, call.book.file(call.caller, id_, call.now))


def file_contents(call: Call, id_: str) -> Response:
    """GET /v1/files/{id}/contents, which Stripe serves from another host."""
    return contents(call.book.file(call.caller, id_, call.now), call.now)


def contents(file: File, now: datetime) -> Response:
    """Return the bytes of a file as a download."""
    response = Response(file.contents.chunks(), content_type="text/csv; charset=utf-8")
    response.content_length, response.date = file.contents.size, now
    response.set_etag(file.contents.sha256)
    response.headers["Content-Disposition"] = f'attachment; filename="{file.run_id}.csv"'
    return response


def create_file_link(call: Call) -> dict[str, Any]:
    """POST /v1/file_links."""
    form = decode(call.form)
    _check_names(form, "file", "expires_at", "metadata", "expand")
    paths = expanded(form, "file_link")
    if "file" not in form:
        raise missing("file")
    if form["file"] == "":
        raise empty("file")
    file = call.book.file(call.caller, _text(form["file"], "file"), call.now, "file")
    link = FileLink(
        id=new_id("link_1Q", 22),
        owner=call.caller,
        created=int(call.now.timestamp()),
        file=file,
        expires_at=checked_expiry(form["expires_at"], call.now) if "expires_at" in form else None,
        metadata=checked_metadata(form.get("metadata", {}), {}),
    )
    call.links.add(link)
    return link.answer(call.files_url, call.now, whole_file="file" in paths)


def list_file_links(call: Call) -> dict[str, Any]:
    """GET /v1/file_links: newest first; filtered by file and by expiry."""
    now, expired, file = call.now.timestamp(), call.query.get("expired", "true"), call.query.get("file", "")
    if expired not in ("true", "false"):
        raise invalid(f"Invalid boolean: {str(expired)[:100]}", "expired")
    filters: dict[str, Callable[[FileLink], bool]] = {
        "file": lambda link: link.file.id == _text(file, "file"),
        "expired": lambda link: link.is_expired(now) == (expired == "true"),
    }
    links, has_more = page(call.links.of(call.caller), call.query, "file link", filters)
    whole = "file" in expanded(call.query, "list of file_link")
    data = [link.answer(call.files_url, call.now, whole_file=whole) for link in links]
    return _list("/v1/file_links", data, has_more=has_more)


def retrieve_file_link(call: Call, id_: str) -> dict[str, Any]:
    """GET /v1/file_links/{id}."""
    paths = _check_query(call, "file_link")
    link = call.links.link(call.caller, id_)
    return link.answer(call.files_url, call.now, whole_file="file" in paths)


def update_file_link(call: Call, id_: str) -> dict[str, Any]:
    """POST /v1/file_links/{id}: change the expiry (``now``, or an empty string for none) and metadata."""
    form = decode(call.form)
    _check_names(form, "expires_at", "metadata", "expand")
    paths = expanded(form, "file_link")
    link = call.links.link(call.caller, id_)
    metadata = checked_metadata(form.get("metadata", {}), link.metadata)
    match form.get("expires_at", link.expires_at):
        case "now":
            link.expires_at = int(call.now.timestamp())
        case "" | None:
            link.expires_at = None
        case str() | list() | dict() as sent:
            link.expires_at = checked_expiry(sent, call.now)
    link.metadata = metadata
    return link.answer(call.files_url, call.now, whole_file="file" in paths)


def list_events(call: Call) -> dict[str, Any]:
    """GET /v1/events: those of the last 30 days, newest first; filtered by type and by delivery."""
    query = call.query
    if "type" in query and "types" in query:
        raise invalid("You may only specify one of these parameters: type, types.")
    wanted = query.get("types", [_text(query.get("type", ""), "type")])
    if not isinstance(wanted, list):
        raise invalid("Invalid array", "types")
    if len(wanted) > 20:
        raise invalid("You can pass at most 20 values.", "types")
    delivered = query.get("delivery_success", "true")
    if delivered not in ("true", "false"):
        raise invalid(f"Invalid boolean: {str(delivered)[:100]}", "delivery_success")
    filters: dict[str, Callable[[Event], bool]] = {
        "type": lambda event: fnmatchcase(event.type, wanted[0].replace("[", "[[]").replace("?", "[?]")),
        "types": lambda event: event.type in wanted,
        "delivery_success": lambda event: call.courier.is_delivered(event) == (delivered == "true"),
    }
    events, has_more = page(call.events, query, "event", filters)
    expanded(query, "list of event")
    return _list("/v1/events", [_event(call, event) for event in events], has_more=has_more)


def retrieve_event(call: Call, id_: str) -> dict[str, Any]:
    """GET /v1/events/{id}, for the last 30 days."""
    _check_query(call, "event")
    for event in call.events:
        if event.id == id_:
            return _event(call, event)
    raise no_such("event", id_)


def retrieve_account(call: Call) -> dict[str, Any]:
    """GET /v1/account: the account of the key, or the one in ``Stripe-Account``."""
    _check_query(call, "account")
    return account_answer(call.holder)


def retrieve_balance(call: Call) -> dict[str, Any]:
    """GET /v1/balance: what the account has at this moment."""
    _check_query(call, "balance")
    return balance_answer(call.holder, int(call.now.timestamp()), livemode=call.caller.livemode)


_ROUTES: list[tuple[str, str, Endpoint, str]] = [
    ("GET", "/v1/account", retrieve_account, ACCOUNT_READ),
    ("GET", "/v1/balance", retrieve_balance, BALANCE_READ),
    ("GET", "/v1/events", list_events, EVENTS_READ),
    ("GET", "/v1/events/<id_>", retrieve_event, EVENTS_READ),
    ("POST", "/v1/reporting/report_runs", create_run, REPORTS_READ),
    ("GET", "/v1/reporting/report_runs", list_runs, REPORTS_READ),
    ("GET", "/v1/reporting/report_runs/<id_>", retrieve_run, REPORTS_READ),
    ("GET", "/v1/reporting/report_types", list_report_types, REPORTS_READ),
    ("GET", "/v1/reporting/report_types/<id_>", retrieve_report_type, REPORTS_READ),
    ("GET", "/v1/files", list_files, FILES_READ),
    ("GET", "/v1/files/<id_>", retrieve_file, FILES_READ),
    ("GET", "/v1/files/<id_>/contents", file_contents, FILES_READ),
    ("POST", "/v1/file_links", create_file_link, FILES_WRITE),
    ("GET", "/v1/file_links", list_file_links, FILES_READ),
    ("GET", "/v1/file_links/<id_>", retrieve_file_link, FILES_READ),
    ("POST", "/v1/file_links/<id_>", update_file_link, FILES_WRITE),
]
"""Method, path, function, and the permission that a restricted key needs for it."""

_URLS = Map(
    [Rule(path, endpoint=(endpoint, needs), methods=[method]) for method, path, endpoint, needs in _ROUTES],
    merge_slashes=False,
)


class Route(NamedTuple):
    """The function that answers a request, the values in the path, and the permission that is needed."""

    endpoint: Endpoint
    values: Mapping[str, Any]
    permission: str

    @property
    def name(self) -> str:
        """Name of the endpoint, under which its calls are counted."""
        return str(getattr(self.endpoint, "__name__", ""))


def route(request: Request) -> Route:
    """Find the route of a request; raises Stripe's 404 if there is none."""
    try:
        (endpoint, permission), values = _URLS.bind_to_environ(request.environ).match()
    except HTTPException:
        raise unrecognized_url(request.method, request.path) from None
    return Route(endpoint, values, permission)


def _event(call: Call, event: Event) -> dict[str, Any]:
    return event.answer(call.courier.waiting(event))


def _run(call: Call, run: Run) -> dict[str, Any]:
    answer = run.answer(call.book.status(run, call.now), call.files_url)
    if answer["result"] is not None:
        _add_links(call, answer["result"])
    return answer


def _file(call: Call, file: File) -> dict[str, Any]:
    return _add_links(call, file.answer(call.files_url))


def _add_links(call: Call, file: dict[str, Any]) -> dict[str, Any]:
    links = [link for link in call.links.of(call.caller) if link.file.id == file["id"]]
    file["links"]["data"] = [link.answer(call.files_url, call.now) for link in links[:10]]
    file["links"]["has_more"] = len(links) > 10
    return file


def _list(url: str, data: list[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _check_query(call: Call, what: str) -> frozenset[str]:
    """Refuse a query with anything but ``expand``, and return the paths in it."""
    _check_names(call.query, "expand")
    return expanded(call.query, what)


def _check_names(sent: Mapping[str, Any], *known: str) -> None:
    if strangers := [name for name in sent if name not in known]:
        raise unknown(strangers)


def _text(value: Any, param: str) -> str:
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {str(value)[:100]}", param)
    return value
