"""Reports v2 as the simulator has it: the API below ``/v2/``, and the host of its files.

That a request with ``Stripe-Account`` is refused, and the status and code of a version that is missing or is
no preview, are inferred.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from stripe_reports.simulator.api.answers import StripeError, invalid, unrecognized_url
from stripe_reports.simulator.api.endpoints import Call, Route
from stripe_reports.simulator.api.forms import Pairs
from stripe_reports.simulator.api.idempotency import StoredAnswer
from stripe_reports.simulator.api.keys import Access, Caller
from stripe_reports.simulator.api.limits import RateLimits
from stripe_reports.simulator.api.permissions import DATA_QUERIES_READ, DATA_REPORTS_READ, EVENTS_READ
from stripe_reports.simulator.api.runbook import RunBook
from stripe_reports.simulator.api_v2 import answers, downloads
from stripe_reports.simulator.api_v2.bodies import body
from stripe_reports.simulator.api_v2.downloads import SignedAddresses
from stripe_reports.simulator.api_v2.endpoints import Endpoints
from stripe_reports.simulator.api_v2.events import ThinEvents
from stripe_reports.simulator.api_v2.preview import Preview
from stripe_reports.simulator.api_v2.reports import Reports
from stripe_reports.simulator.api_v2.runs import ReportRuns
from stripe_reports.simulator.reports.contents import Contents

__all__ = ["Downloads", "SecondGeneration"]


class SecondGeneration:
    """The API below ``/v2/``.

    Args:
        book: The data, which v1 has too.
        latency: Seconds that a run takes.
        authenticate: Identifies the caller by its key.

    Attributes:
        preview: Where Stripe's sources leave something open.
        runs: Its report runs.
        events: Their events.
        downloads: The host of its files.
    """

    def __init__(
        self, book: RunBook, latency: Callable[[], float], authenticate: Callable[[Request], Access]
    ) -> None:
        self.preview = Preview()
        self.runs = ReportRuns(book, latency, self.preview)
        addresses = SignedAddresses()
        self.downloads = Downloads(self.runs, addresses)
        self._authenticate = authenticate
        self.events = ThinEvents(self.runs)
        reports = Reports(book.offer)
        endpoints = Endpoints(reports, self.runs, addresses, self.events, self.preview)
        self._urls = _urls(endpoints)

    def body(self, request: Request) -> Pairs:
        """Read a body, which is JSON."""
        return body(request)

    def access(self, request: Request, now: datetime) -> Access:
        """Identify the caller by its key and its context; a version that is a preview is required."""
        access = self._authenticate(request)
        if "Stripe-Account" in request.headers:
            raise invalid("Stripe-Account is not supported by v2 of the API. Use Stripe-Context.")
        version = request.headers.get("Stripe-Version")
        if not version:
            raise invalid("Please include the Stripe-Version header, which is required for v2 of the API.")
        if not version.endswith(".preview"):
            raise invalid(
                f"The Stripe-Version {version[:100]} does not have this API. Use a preview version."
            )
        return access

    def route(self, request: Request) -> Route:
        """Find the endpoint."""
        try:
            (endpoint, permission), values = self._urls.bind_to_environ(request.environ).match()
        except HTTPException:
            raise unrecognized_url(request.method, request.path) from None
        return Route(endpoint, values, permission)

    def contents(self, caller: Caller, path: str, now: datetime) -> Contents | None:
        """Return the file of the run in the path."""
        id_ = path.rpartition("/")[2]
        file = self.runs.finished_file(id_, now)
        return file.contents if file and self.runs.owner(id_) == caller else None

    def replays(self, stored: StoredAnswer) -> bool:
        """Repeat an answer unless it is a failure: a retry continues failed work.

        Source: https://docs.stripe.com/api-v2-overview
        """
        return stored.status < 500

    def check_limits(self, limits: RateLimits, access: Access, endpoint: str, now: datetime) -> None:
        """Count the reports that the key has running."""
        most = limits.running_reports
        if endpoint != "create_report_run" or most is None:
            return
        if self.runs.running(access.key_digest, now) >= most:
            raise answers.too_many_runs()

    def error(self, error: StripeError, request_id: str, access: Access | None, now: datetime) -> Response:
        """Write an error with its code."""
        return answers.error_response(error)


class Downloads:
    """The host of files: a signed address is all that it asks for.

    Args:
        runs: The runs that have files.
        addresses: Knows which addresses are valid.
    """

    def __init__(self, runs: ReportRuns, addresses: SignedAddresses) -> None:
        self._runs = runs
        self._addresses = addresses

    def body(self, request: Request) -> Pairs:
        """Read nothing: there is no body."""
        return []

    def access(self, request: Request, now: datetime) -> Access:
        """Identify the caller by the run in the address."""
        owner = self._runs.owner(self._addresses.run_id(request, now))
        if owner is None:
            raise StripeError(404, "The specified key does not exist.", code="NoSuchKey")
        return Access(owner, "")

    def route(self, request: Request) -> Route:
        """Find the one endpoint there is."""
        if request.method != "GET":
            raise StripeError(405, "The specified method is not allowed.", code="MethodNotAllowed")
        return Route(self._download, {"run_id": _run_id(request.path)}, "")

    def contents(self, caller: Caller, path: str, now: datetime) -> Contents | None:
        """Return the file of the run in the path."""
        file = self._runs.finished_file(_run_id(path), now)
        return file.contents if file else None

    def replays(self, stored: StoredAnswer) -> bool:
        """Repeat everything: nothing is stored here."""
        return True

    def check_limits(self, limits: RateLimits, access: Access, endpoint: str, now: datetime) -> None:
        """Allow any number of downloads."""

    def error(self, error: StripeError, request_id: str, access: Access | None, now: datetime) -> Response:
        """Write an error as XML."""
        return downloads.error_response(error)

    def _download(self, call: Call, run_id: str) -> Response:
        file = self._runs.finished_file(run_id, call.now)
        if file is None:
            raise StripeError(404, "The specified key does not exist.", code="NoSuchKey")
        response = Response(file.contents.chunks(), content_type="binary/octet-stream")
        response.content_length, response.date = file.contents.size, call.now
        response.set_etag(file.contents.sha256)
        return response


def _run_id(path: str) -> str:
    return path.removeprefix(downloads.PATH).partition("/")[0]


def _urls(endpoints: Endpoints) -> Map:
    """Method, path, method of *endpoints*, and the permission that a restricted key needs for it.

    Source of the two permissions: https://docs.stripe.com/data/api
    """
    routes = [
        ("GET", "/v2/data/reports", endpoints.list_reports, DATA_REPORTS_READ),
        ("GET", "/v2/data/reports/<id_>", endpoints.retrieve_report, DATA_REPORTS_READ),
        ("POST", "/v2/data/report_runs", endpoints.create_report_run, DATA_REPORTS_READ),
        ("GET", "/v2/data/report_runs/<id_>", endpoints.retrieve_report_run, DATA_REPORTS_READ),
        ("POST", "/v2/data/operations/search", endpoints.search, DATA_REPORTS_READ),
        ("GET", "/v2/core/events/<id_>", endpoints.retrieve_event, EVENTS_READ),
        ("POST", "/v2/data/query_runs", endpoints.refuse_queries, DATA_QUERIES_READ),
        ("GET", "/v2/data/query_runs/<id_>", endpoints.refuse_queries, DATA_QUERIES_READ),
    ]
    rules = [
        Rule(path, endpoint=(endpoint, needs), methods=[method]) for method, path, endpoint, needs in routes
    ]
    return Map(rules, merge_slashes=False)
