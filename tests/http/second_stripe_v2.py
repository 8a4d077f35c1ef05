"""A second stand-in for Stripe's Reports v2 API (preview), with data of its own.

It is written from Stripe's published description of the wire, without the client and without the simulator,
and shares no code with them: a misunderstanding that those two have in common shows here. It is strict: a
request that lacks what the description requires is refused. "Not documented" marks each place where the
description is silent; the plainest behaviour was chosen there.
"""

import json
import re
import threading
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from second_stripe_reports import (
    LEDGERS,
    MAIN,
    REPORTS,
    Report,
    cell,
    csv_file,
    digest,
    report_named,
    table,
    zip_file,
)

VERSIONS = {"2026-10-14.preview", "2026-10-28.preview"}
"""Versions with ``/v2/data``; earlier previews have other objects, stable versions have none."""

KEY, ORGANISATION_KEY = "sk_test_51SecondStandIn", "sk_org_test_51SecondStandIn"

URL_LIFETIME = timedelta(minutes=5)
LOADED_EVERY = timedelta(hours=12)
"""Not documented: how often data is loaded. Reports are up to date to midnight and noon, UTC."""


class Clock:
    """The time at Stripe, which stands still until it is advanced."""

    def __init__(self, start: datetime) -> None:
        self._now, self._lock = start, threading.Lock()

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)


def _nanoseconds(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S.%f}927Z"


def _milliseconds(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03}Z"


class RefusalError(Exception):
    """An answer that is an error of Stripe.

    Args:
        status: HTTP's status.
        code: Stripe's code. Not documented: those besides ``not_found``, ``report_inaccessible``,
            ``query_run_api_inaccessible`` and ``report_run_rate_limit_exceeded``.
        message: What is wrong.
        type_: The type, which Stripe may leave out.
    """

    def __init__(self, status: int, code: str, message: str, type_: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message} | ({"type": type_} if type_ else {})


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def _instant(text: object) -> datetime:
    if not isinstance(text, str) or not _RFC_3339.fullmatch(text):
        raise RefusalError(400, "invalid_parameters", f"Not a time of RFC 3339: {text!r}.")
    return datetime.fromisoformat(text)


def _require(condition: object, message: str) -> None:
    if not condition:
        raise RefusalError(400, "invalid_parameters", message)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


@dataclass
class Call:
    """A request as it arrived, and the status of its answer."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes
    status: int = 0

    def json(self) -> dict:
        is_json = self.headers.get_content_type() == "application/json"
        _require(is_json, "The body must be JSON, with Content-Type: application/json.")
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        _require(isinstance(value, dict), "The body must be a JSON object.")
        return value


def _query(call: Call, includable: set[str], names: tuple[str, ...] = ()) -> set[str]:
    """What a request includes; its other parameters must be among the names."""
    include = {v for k, v in call.query.items() if re.fullmatch(r"include\[\d+\]", k)}
    others = [k for k in call.query if not re.fullmatch(r"include\[\d+\]", k)]
    _require(include <= includable, f"include can be {sorted(includable)}; got {sorted(include)}.")
    _require(set(others) <= set(names), f"Unknown parameters among {others}.")
    return include


def _limit(limit: object, default: int, most: int) -> int:
    limit = default if limit is None else limit
    _require(str(limit).isdecimal() and 1 <= int(str(limit)) <= most, f"limit is from 1 to {most}.")
    return int(str(limit))


def _offset(page: str | None) -> int:
    _require(page is None or re.fullmatch(r"page_\d+", page), f"page is no token of ours: {page!r}.")
    return int(page.removeprefix("page_")) if page else 0


def _report(wanted: object) -> Report:
    _require(isinstance(wanted, dict) and len(wanted) == 1, "report must have one of id and name.")
    for report in REPORTS:
        if wanted in ({"id": report.id}, {"name": report.name}):
            return report
    raise RefusalError(404, "not_found", f"No such report: {wanted}.")


def _described(report: Report, include: set[str]) -> dict:
    return {
        "id": report.id,
        "object": "v2.data.report",
        "name": report.name,
        "description": report.description,
        "livemode": False,
        "parameters": report.parameters if "parameters" in include else None,
        "default_sql": "SELECT 1" if "default_sql" in include else None,
    }


@dataclass
class Run:
    """One run: how it ends is decided when it is created, and seen when its time is over."""

    id: str
    owner: tuple[str, str]
    report: Report
    parameters: dict
    compress: bool
    created: datetime
    ends: datetime
    ending: dict


SUCCEEDED = {"status": "succeeded", "status_details": None}


def failed(code: str, message: str) -> dict:
    """How a run ends that fails."""
    return {
        "status": "failed",
        "status_details": {"code": code, "message": message, "canceled_at": None},
    }


def canceled(at: str) -> dict:
    """How a run ends that is canceled. Not documented: the other details are null."""
    return {"status": "canceled", "status_details": {"code": None, "message": None, "canceled_at": at}}


class SecondStripe:
    """Stripe's Reports v2 API. Use it in ``with serve() as stripe``.

    Args:
        latency: Seconds of its clock that a run takes.
        most_running: How many runs of a key can be running at once.
        enabled: Whether the account has access to the preview.

    Attributes:
        key: A secret key, of the account ``MAIN``; it may act for ``BRANCH`` through Stripe-Context.
        base_url: Address of the API.
        files_url: Address of the files: another host name and port.
        clock: Its time.
        calls: What the API served.
        downloads: What the file host served.
        leaks: Requests that carried a key to the file host, which are refused: each is a fault of the client.
        endings: How the next runs end; further ones succeed.
        lost_answers: How many of the next created runs are not answered: the connection is closed.
        late_downloads: How many of the next downloads start only after their address expired.
        page_size: Most reports on a page, whatever its limit. Not documented: whether Stripe has one.
    """

    def __init__(self, *, latency: float = 20.0, most_running: int = 100, enabled: bool = True) -> None:
        self.key, self.base_url, self.files_url = KEY, "", ""
        self.clock = Clock(datetime(2026, 10, 5, 21, 1, 11, 504756, tzinfo=UTC))
        self.latency, self.most_running, self.enabled = timedelta(seconds=latency), most_running, enabled
        self.calls: list[Call] = []
        self.downloads: list[Call] = []
        self.leaks: list[Call] = []
        self.endings: deque[dict] = deque()
        self.lost_answers = self.late_downloads = 0
        self.page_size = 1_000
        self.runs: dict[str, Run] = {}
        self._created_by: dict[tuple, tuple[dict, str]] = {}
        self._files: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    def occupy(self, runs: int) -> None:
        """Launch runs as another process with the same key does."""
        for _ in range(runs):
            self._create((KEY, MAIN), report_named("products.list"), {}, compress=False)

    # The API

    def answer(self, call: Call) -> tuple[int, str, bytes] | None:
        """Status, content type and body of an answer; None closes the connection without one."""
        with self._lock:
            try:
                status, body = 200, self._route(call)
            except RefusalError as refusal:
                status, body = refusal.status, {"error": refusal.error}
            call.status = status
            self.calls.append(call)
            if body is None:
                return None
            return status, "application/json", json.dumps(body).encode()

    def _route(self, call: Call) -> dict | None:
        owner = self._owner(call)
        match call.method, call.path.strip("/").split("/"):
            case "GET", ["v2", "data", "reports"]:
                return self._list(call)
            case "GET", ["v2", "data", "reports", id_]:
                include = _query(call, {"default_sql", "parameters"})
                return _described(_report({"id": id_}), include)
            case "POST", ["v2", "data", "report_runs"]:
                return self._create_run(call, owner)
            case "GET", ["v2", "data", "report_runs", id_]:
                return self._retrieve_run(call, owner, id_)
            case "POST", ["v2", "data", "operations", "search"]:
                return self._search(call)
            case _, ["v2", "data", "query_runs", *_]:
                message = "This account cannot use the Queries API."
                raise RefusalError(403, "query_run_api_inaccessible", message)
        raise RefusalError(404, "not_found", f"Unrecognized request: {call.method} {call.path}.")

    def _owner(self, call: Call) -> tuple[str, str]:
        """The key and the account of a request."""
        scheme, _, key = call.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or key not in (KEY, ORGANISATION_KEY):
            # Not documented: the answer to a wrong key. 401 is HTTP's.
            raise RefusalError(401, "unauthorized", "The API key is missing or wrong.")
        version, context = call.headers.get("Stripe-Version"), call.headers.get("Stripe-Context")
        # Not documented: the status without a preview version. It is 400, as for any invalid request.
        _require(version in VERSIONS, f"Stripe-Version must be one of {sorted(VERSIONS)}; got {version}.")
        # Ignoring the header that Stripe-Context supersedes would show the figures of another account.
        _require("Stripe-Account" not in call.headers, "Use Stripe-Context in place of Stripe-Account.")
        _require(context or key != ORGANISATION_KEY, "A key of an organization needs Stripe-Context.")
        if not self.enabled:
            raise RefusalError(403, "feature_not_enabled", "No access to the preview.", "feature_not_enabled")
        account = (context or MAIN).rpartition("/")[2]  # a context may be a path
        if account not in LEDGERS:
            # Not documented: the answer to an unknown context.
            raise RefusalError(403, "invalid_context", f"This key has no access to {context}.")
        return key, account

    def _list(self, call: Call) -> dict:
        include = _query(call, {"default_sql", "parameters"}, ("limit", "name", "page"))
        limit = min(_limit(call.query.get("limit"), 10, 1_000), self.page_size)
        offset = _offset(call.query.get("page"))
        name = call.query.get("name")
        reports = [report for report in REPORTS if name in (None, report.name)]

        def url(start: int) -> str | None:
            # Not documented: how a page keeps what is included. Its address repeats the query.
            query = call.query | {"page": f"page_{start}", "limit": str(limit)}
            return f"{call.path}?{urlencode(query)}" if 0 <= start < len(reports) else None

        return {
            "data": [_described(report, include) for report in reports[offset : offset + limit]],
            "next_page_url": url(offset + limit),
            "previous_page_url": url(max(0, offset - limit)) if offset else None,
        }

    def _search(self, call: Call) -> dict:
        _query(call, set())
        body = call.json()
        _require(body.keys() <= {"query", "catalogs", "limit", "page"}, "Unknown members.")
        catalogs, query = body.get("catalogs", ["reports"]), body.get("query")
        _require(set(catalogs) <= {"metrics", "reports", "schemas"}, f"Unknown catalogs in {catalogs}.")
        _require(isinstance(query, str) and query, "query is required.")
        limit, offset = _limit(body.get("limit"), 5, 20), _offset(body.get("page"))
        # Not documented: what is found, and in which order. It is what has a word of the query, best first.
        words = _words(query)
        common = {each.name: len(words & _words(f"{each.name} {each.description}")) for each in REPORTS}
        found = [report for report in REPORTS if common[report.name] and "reports" in catalogs]
        found.sort(key=lambda report: (report.name != query, -common[report.name]))
        more = offset + limit < len(found)
        # Not documented: how a page of a POST is addressed. As for lists, by an address with its token, which
        # the next body repeats as page.
        next_page_url = f"{call.path}?page=page_{offset + limit}&limit={limit}" if more else None
        # Not documented: which other members a found report has. They are those of a report.
        results = [
            {
                "reports": {
                    "id": report.id,
                    "name": report.name,
                    "description": report.description,
                    "output_columns": [
                        {"name": name, "type": type_, "description": f"The column {name}."}
                        for name, type_ in report.columns.items()
                    ],
                }
            }
            for report in found[offset : offset + limit]
        ]
        return {"data": results, "next_page_url": next_page_url, "previous_page_url": None}

    def _create_run(self, call: Call, owner: tuple[str, str]) -> dict | None:
        _query(call, set())
        body = call.json()
        required = {"format", "report", "parameters"}
        _require(required <= body.keys(), f"{sorted(required)} are required.")
        unknown = body.keys() - required - {"result_options"}
        _require(not unknown, f"Unknown members: {sorted(unknown)}.")
        _require(body["format"] == "csv", "format must be csv.")
        options = body.get("result_options", {})
        is_known = isinstance(options, dict) and options.keys() <= {"compress_file"}
        _require(is_known, "result_options has only compress_file.")
        compress = options.get("compress_file", False)
        _require(isinstance(compress, bool), "compress_file must be true or false.")
        report = _report(body["report"])
        parameters = self._checked(report, body["parameters"])

        # Errors are not kept: a retry continues failed work and does not replay the failure.
        idempotency_key = call.headers.get("Idempotency-Key")
        known_body, known_id = self._created_by.get((owner, idempotency_key), (body, None))
        if known_body != body:
            message = "The Idempotency-Key was used with other parameters."
            raise RefusalError(409, "idempotency_error", message, "idempotency_error")
        if known_id:
            return self._rendered(self.runs[known_id], set())

        if report.rows is None:
            message = f"This account has no access to {report.name}: its product is not active."
            raise RefusalError(403, "report_inaccessible", message)
        running = [r for r in self.runs.values() if r.owner[0] == owner[0] and r.ends > self.clock.now()]
        if len(running) >= self.most_running:
            raise RefusalError(
                429,
                "report_run_rate_limit_exceeded",
                "This API key has reached its limit of concurrently running reports. Wait for existing "
                "reports to complete.",
                "rate_limit",
            )
        run = self._create(owner, report, parameters, compress=compress)
        if idempotency_key:
            self._created_by[owner, idempotency_key] = (body, run.id)
        if self.lost_answers:
            self.lost_answers -= 1
            return None
        # The first answer is always "running", however fast the run is.
        return self._rendered(run, set()) | _UNFINISHED

    def _create(self, owner: tuple[str, str], report: Report, parameters: dict, *, compress: bool) -> Run:
        id_ = f"rrun_61{digest(str(len(self.runs)))[:42]}"
        now, ending = self.clock.now(), self.endings.popleft() if self.endings else SUCCEEDED
        self.runs[id_] = Run(id_, owner, report, parameters, compress, now, now + self.latency, ending)
        return self.runs[id_]

    def _checked(self, report: Report, parameters: object) -> dict:
        """The parameters of a run as Stripe returns them: times have three digits after the second."""
        _require(isinstance(parameters, dict), "parameters must be a map.")
        checked = {}
        for name, value in parameters.items():
            described = report.parameters.get(name)
            _require(described, f"The report {report.name} has no parameter {name}.")
            match described["type"]:
                case "timestamp":
                    checked[name] = _milliseconds(_instant(value))
                case "enum":
                    _require(value in described["enum_details"]["allowed_values"], f"{name}: {value!r}.")
                    checked[name] = value
                case "array":
                    allowed = described["array_details"]["enum_details"]["allowed_values"]
                    is_list = isinstance(value, list) and value and len(value) == len(set(value))
                    _require(is_list and set(value) <= set(allowed), f"{name}: {value!r}.")
                    checked[name] = value
        missing = {n for n, p in report.parameters.items() if p["required"]} - checked.keys()
        _require(not missing, f"Parameters are missing: {sorted(missing)}.")
        if report.has_interval:
            in_order = _instant(checked["interval_start"]) < _instant(checked["interval_end"])
            _require(in_order, "interval_end must be after interval_start.")
        return checked

    def _retrieve_run(self, call: Call, owner: tuple[str, str], id_: str) -> dict:
        include = _query(call, {"result.inline", "sql"}, ("limit", "page"))
        run = self.runs.get(id_)
        if run is None or run.owner[1] != owner[1]:
            raise RefusalError(404, "not_found", f"No such report run: {id_}.")
        rendered = self._rendered(run, include)
        if rendered["result"] and "result.inline" in include:
            rendered["result"]["inline"] = self._inline(run, call)
        return rendered

    def _rendered(self, run: Run, include: set[str]) -> dict:
        loaded = datetime.min.replace(tzinfo=UTC)
        loaded += (run.created - loaded) // LOADED_EVERY * LOADED_EVERY
        rendered = {
            "id": run.id,
            "object": "v2.data.report_run",
            "created": _nanoseconds(run.created),
            "livemode": False,
            "name": run.report.name,
            "parameters": run.parameters,
            "refreshed_at": _milliseconds(loaded),
            "report": run.report.id,
            "result": None,
            "result_options": {"compression": "zip" if run.compress else "none"},
            "sql": "SELECT 1" if "sql" in include else None,
        } | run.ending
        if self.clock.now() < run.ends:
            return rendered | _UNFINISHED
        if rendered["status"] == "succeeded":
            rendered["result"] = self._result(run)
        return rendered

    def _result(self, run: Run) -> dict:
        """The result, with a new address for its file: each reading of a run gives one."""
        columns, rows = table(run.report, run.parameters, run.owner[1])
        content, type_ = csv_file(columns, rows), "csv"
        if run.compress:
            content, type_ = zip_file(f"{run.id}.csv", content), "zip"
        expires_at = self.clock.now() + URL_LIFETIME
        signature = digest(f"{run.id} {len(self._files)}")
        target = f"/files/us-west-2/{run.id}.{type_}?X-Signature={signature}"
        self._files[target] = (content, expires_at)
        return {
            "col_count": str(len(columns)),
            "row_count": str(len(rows)),
            "file": {
                "columns": [{"name": name, "type": column} for name, column in columns.items()],
                "content_type": type_,
                "size": str(len(content)),
                "download_url": {"expires_at": _nanoseconds(expires_at), "url": self.files_url + target},
            },
        }

    def _inline(self, run: Run, call: Call) -> dict:
        columns, rows = table(run.report, run.parameters, run.owner[1])
        limit = _limit(call.query.get("limit"), 10, 1_000)
        offset = _offset(call.query.get("page"))
        page = rows[offset : offset + limit]
        more = offset + limit < len(rows)
        # Not documented: the form of the values. They are those of the file.
        return {
            "columns": [{"name": name, "type": column} for name, column in columns.items()],
            "rows": [{"data": dict(zip(columns, map(cell, row), strict=True))} for row in page],
            "next_page_url": f"page_{offset + limit}" if more else None,  # a token, whatever its name says
            "previous_page_url": f"page_{max(0, offset - limit)}" if offset else None,
        }

    # The file host

    def answer_file(self, call: Call) -> tuple[int, str, bytes]:
        """A file, to anyone who has its address before it expires, and to no one who sends a key."""
        with self._lock:
            self.downloads.append(call)
            if self.late_downloads:
                self.late_downloads -= 1
                self.clock.advance(URL_LIFETIME.total_seconds())
            target = f"{call.path}?{urlencode(call.query)}"
            sent = f"{target}\n{call.headers}\n".encode() + call.body
            if "Authorization" in call.headers or any(k.encode() in sent for k in (KEY, ORGANISATION_KEY)):
                self.leaks.append(call)
                call.status = 400
                return 400, "text/plain", b"The address is signed; a request must not carry a key besides."
            content, expires_at = self._files.get(target, (b"", datetime.min.replace(tzinfo=UTC)))
            if call.method != "GET" or expires_at <= self.clock.now():
                call.status = 403
                return 403, "text/plain", b"Request has expired."
            call.status = 200
            # Not documented: ranges. Without Accept-Ranges, a file is sent as a whole.
            return 200, "application/zip" if call.path.endswith(".zip") else "text/csv", content


_UNFINISHED = {"status": "running", "status_details": None, "result": None, "refreshed_at": None}
"""Not documented: whether a run says before its end how recent its data is. It does not."""


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, and sends what the server's function answers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        answer = self.server.answer(Call(self.command, parts.path, query, self.headers, body))
        if answer is None:
            self.close_connection = True
            return
        status, content_type, content = answer
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date of an answer, by the same clock as the times in it."""
        return format_datetime(self.server.clock.now(), usegmt=True)

    def log_message(self, *_arguments) -> None:
        """Nothing is printed: ``calls`` has it."""


@contextmanager
def _listening(answer, clock):
    """A server on a free port of loopback; the value is its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.answer, server.clock = answer, clock
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serve(**options):
    """A stand-in behind two real sockets: the API's, and the file host's under another name."""
    stripe = SecondStripe(**options)
    with ExitStack() as stack:
        port, files_port = (
            stack.enter_context(_listening(answer, stripe.clock))
            for answer in (stripe.answer, stripe.answer_file)
        )
        stripe.base_url = f"http://127.0.0.1:{port}"
        stripe.files_url = f"http://localhost:{files_port}"
        yield stripe
