"""Stripe's Reporting API as a WSGI application: keys, headers, errors, faults.

The endpoints of v1 are in ``endpoints``, those of v2 in ``api_v2``.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from stripe_reports.planning.periods import Period, parse
from stripe_reports.simulator.api.answers import StripeError, json_response
from stripe_reports.simulator.api.availability import Publications
from stripe_reports.simulator.api.control import control
from stripe_reports.simulator.api.endpoints import Call, contents
from stripe_reports.simulator.api.exchange import Exchange, ServedRequest
from stripe_reports.simulator.api.forms import decode
from stripe_reports.simulator.api.frontpage import front_page
from stripe_reports.simulator.api.generation import FirstGeneration, Generation
from stripe_reports.simulator.api.idempotency import IdempotencyKeys, StoredAnswer
from stripe_reports.simulator.api.keys import Access, Caller, authenticate, organisation_key, own_key
from stripe_reports.simulator.api.limits import RateLimits
from stripe_reports.simulator.api.links import FileLinks
from stripe_reports.simulator.api.permissions import check_permission, permissions
from stripe_reports.simulator.api.runbook import RunBook, new_id
from stripe_reports.simulator.api.runs import Run
from stripe_reports.simulator.api_v2 import downloads
from stripe_reports.simulator.api_v2.preview import Preview
from stripe_reports.simulator.api_v2.runs import ReportRun
from stripe_reports.simulator.api_v2.service import SecondGeneration
from stripe_reports.simulator.clock import Clock
from stripe_reports.simulator.faults.changes import ConnectionDroppedError, trickling
from stripe_reports.simulator.faults.faults import Fault, Outcome
from stripe_reports.simulator.faults.queue import FaultQueue
from stripe_reports.simulator.latency import Latency, drawn
from stripe_reports.simulator.ledger.books import Books
from stripe_reports.simulator.ledger.ledger import LEDGER_VERSION, USUAL_ACCOUNTS, Ledger
from stripe_reports.simulator.ledger.markets import CATEGORY
from stripe_reports.simulator.ledger.organisation import SiblingAccount, platform_of
from stripe_reports.simulator.ledger.pricing import Terms
from stripe_reports.simulator.ledger.restatements import Correction, Restatement
from stripe_reports.simulator.profiles import Profile, profile_named
from stripe_reports.simulator.ranges import in_part
from stripe_reports.simulator.reports.offer import Offer
from stripe_reports.simulator.webhooks.events import API_VERSION, EventLog
from stripe_reports.simulator.webhooks.webhooks import Courier, Delivery, PostedEvent, WebhookEndpoint

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["ServedRequest", "Simulator"]

_USUAL_SIZE = 40.0


class Simulator:
    """A simulator of Stripe's Reporting API: a WSGI application over a seeded ledger.

    It answers as Stripe does, for any test or live key of the right form, and keeps its runs in memory.
    Mount it under an HTTP library, or serve it with :func:`stripe_reports.simulator.serve`, which protects
    its control addresses from pages in a browser; a server of your own must do that itself.

    Args:
        seed: The same seed gives the same figures.
        clock: Its clock; the default starts at 2026-11-05 12:00 UTC and moves only when it is advanced.
        latency: Seconds that a run stays pending: a number, or a function of a seeded ``random.Random``;
            by default the profile's, which is 5 to 20 for ``"tidy"``.
        answer_delay: Seconds that an answer takes, by the simulator's clock, in the same two forms; none by
            default. A clock that moves only when it is advanced jumps by it, so no caller waits.
        rate_limits: Stripe's limits, or others; none by default, because on a clock that stands still all
            requests arrive in the same second.
        files_url: The host in ``result.url``, such as ``"https://files.example.com"``. None means Stripe's
            own host if the request was sent to Stripe's host, otherwise the host of the request; in v2, whose
            files are on another host, ``localhost`` for a request to ``127.0.0.1``.
        charges_per_day: Size of the ledger: the mean over its two years.
        categories: Reporting categories beyond Stripe's list that some rows have, such as ``"reward"``.
        strict_bounds: True to refuse an interval that starts or ends exactly where the data do, as Stripe's
            reference says; its guide says that both bounds may be there. Which is true is unproved.
        profile: ``"tidy"``, or ``"real"`` for an account with the habits of genuine ones: late and missed
            publications, runs of up to ten minutes, and unknown report types. A ``Profile`` of your own can
            have some of its traits. The figures are the same.
        terms: How the account pays Stripe, and how its reports treat what no source proves.
        accounts: Number of accounts connected to the main one. Those after the first 14 are small, and their
            figures are created when they are needed: thousands are possible.

    Attributes:
        clock: Its clock; move it with ``clock.advance(60)``.
        profile: The ``Profile``.
        base_url: The value of *files_url*; can be changed.
        answer_delay: As given; can be changed.
        rate_limits: As given; can be changed.
        strict_bounds: As given; can be changed.
        requests: Requests that were served, oldest first.
        faults: The faults that will happen next, each used in turn; :meth:`inject_fault` adds one by name.
        webhooks: Endpoints that receive events; append a :class:`WebhookEndpoint`.

    Example:
        >>> from werkzeug.test import Client
        >>> simulator = Simulator(seed=1)
        >>> auth = {"Authorization": f"Bearer {simulator.key}"}
        >>> Client(simulator).get("/v1/reporting/report_types/payouts.itemized.5", headers=auth).json["name"]
        'Itemized payouts'
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        clock: Clock | None = None,
        latency: Latency | None = None,
        answer_delay: Latency = 0.0,
        rate_limits: RateLimits | None = None,
        files_url: str | None = None,
        charges_per_day: float = _USUAL_SIZE,
        categories: Sequence[str] = (),
        strict_bounds: bool = False,
        profile: Profile | Literal["tidy", "real"] = "tidy",
        terms: Terms | None = None,
        accounts: int = USUAL_ACCOUNTS,
    ) -> None:
        strangers = [name for name in categories if name not in CATEGORY.categories]
        if strangers:
            raise ValueError(f"{strangers[0]!r} is not one of {', '.join(CATEGORY.categories)}.")
        if accounts < 1:
            raise ValueError(f"accounts must be at least 1; got {accounts}.")
        if not 0 <= charges_per_day < float("inf"):
            raise ValueError(f"charges_per_day must be a number, 0 or more; got {charges_per_day}.")
        self.seed = seed
        self.accounts = accounts
        self.categories = tuple(categories)
        self.terms = terms or Terms()
        self.charges_per_day = charges_per_day
        self.clock = clock or Clock()
        self.profile = profile_named(profile)
        self.answer_delay = answer_delay
        self.rate_limits = rate_limits
        self.strict_bounds = strict_bounds
        self.base_url = files_url
        self.requests: list[ServedRequest] = []
        self.webhooks: list[WebhookEndpoint] = []
        self.faults: list[Fault] = []
        self._fault_queue = FaultQueue(lambda: self.faults, random.Random(seed))  # noqa: S311
        self._delays, latencies = random.Random(seed), random.Random(seed)  # noqa: S311
        latency = self.profile.latency if latency is None else latency
        self._restatements: list[Restatement] = []
        self._books = Books(seed, charges_per_day, self.categories, self.terms, accounts, self._restatements)
        offer, publications = Offer(self.profile.report_types), Publications(self.profile, seed)
        pending = partial(drawn, latency, latencies)
        self._book = RunBook(self._books.published, pending, offer, publications, self._fault_queue.of_run)
        self._v1 = FirstGeneration(self._book, self._authenticate)
        self._v2 = SecondGeneration(self._book, pending, self._authenticate)
        self._links = FileLinks()
        self._idempotency = IdempotencyKeys()
        self._restricted: dict[str, frozenset[str]] = {}
        events = EventLog(self._book, self.organisation)
        self._courier = Courier(events, self.clock.now(), sorted_keys=self.profile.sorted_keys)
        self._last_files_url = "https://files.stripe.com"
        self._lock = threading.Lock()
        self.clock.subscribe(self.deliver)

    @property
    def key(self) -> str:
        """The test key. It names the seed, the ledger version, and every option that changes the ledger."""
        size = "" if self.charges_per_day == _USUAL_SIZE else f"size{self.charges_per_day:g}"
        accounts = "" if self.accounts == USUAL_ACCOUNTS else f"accounts{self.accounts}"
        return own_key(self.seed, LEDGER_VERSION, *self.categories, self.terms.key, size, accounts)

    @property
    def organisation_key(self) -> str:
        """The test key of the organisation, which needs a context: an account of :attr:`organisation`."""
        return organisation_key(self.key)

    @property
    def organisation(self) -> tuple[SiblingAccount, ...]:
        """The accounts of the organisation: the main account, which other keys are of, and its siblings."""
        return self._books.organisation

    def account_ids(self, count: int | None = None) -> list[str]:
        """Return the ids of the accounts connected to the main account, largest first: *count* or all."""
        return [account.id for account in self.organisation[0].connected_accounts[:count]]

    @property
    def ledger(self) -> Ledger:
        """The rows behind the reports, with all restatements; created when first needed."""
        return self._books.ledger

    @property
    def runs(self) -> list[Run]:
        """All runs of v1, of all callers, oldest first."""
        return list(self._book.runs.values())

    @property
    def report_runs(self) -> list[ReportRun]:
        """All report runs of v2, of all callers, oldest first."""
        return list(self._v2.runs.in_order)

    @property
    def preview(self) -> Preview:
        """The choices for v2 where Stripe's sources leave something open; each can be changed."""
        return self._v2.preview

    @property
    def outcomes(self) -> list[Outcome | str]:
        """The outcomes of the next runs, one each: an :class:`Outcome` or the name of one.

        Names are ``"failed"``, ``"stuck"``, ``"no size"``, ``"no url"``, ``"foreign host"``, ``"expired"``,
        ``"other report"`` and ``"no result"``; any other name is used as the run's final status.
        """
        return self._book.outcomes

    @property
    def cached_answer(self) -> Literal["pending", "succeeded", "off"]:
        """The status shown when a run is created whose answer is an older file.

        ``"pending"`` by default, or ``"succeeded"``; ``"off"`` creates a new file for every run.
        """
        return self._book.cached_answer

    @cached_answer.setter
    def cached_answer(self, status: Literal["pending", "succeeded", "off"]) -> None:
        self._book.cached_answer = status

    def inject_fault(self, name: str, **members: Any) -> Fault:
        """Make something go wrong: a fault by its name, with *members* such as ``times=3``.

        The names are in ``FAULTS``, and in ``FAULTS_V2`` for those that only v2 can have.

        Raises:
            ValueError: There is no fault with that name.

        Example:
            >>> simulator = Simulator()
            >>> simulator.inject_fault("answer.lock_timeout", times=2).about
            'a lock; a retry can succeed'
        """
        fault = Fault.named(name, **members)
        self.faults.append(fault)
        return fault

    def restrict(self, key: str, granted: Iterable[str]) -> None:
        """Limit a restricted key to the given permissions, such as ``["file_read"]``.

        Restricted keys without given permissions may do everything.

        Raises:
            ValueError: The key is not a restricted key, or a permission is not valid.
        """
        self._restricted[key] = permissions(key, granted)

    def restate(
        self, period: Period, change: Correction = "late fee", *, currency: str | None = None
    ) -> Restatement:
        """Change the figures of a closed period, as Stripe may. Only the main account changes.

        A report type shows it once its data end at ``published`` of the result or later: with the next
        publication that has newer data than any type has now, which a type may miss or have late. All reports
        of that data agree with each other again; files made before stay as they are.

        Args:
            period: A period in UTC, such as ``"2026-09"``.
            change: ``"late fee"``, ``"fee waived"`` or ``"description"``; see :class:`Restatement`.
            currency: The only currency to change; by default each currency with activity in the period.

        Raises:
            IntervalError: The text is not a period.
            ValueError: There is no such change, or the ledger has no such currency.
        """
        now = self.clock.now()
        interval = parse(period, timezone="UTC", now=now)
        restatement = Restatement(
            change=change,
            start=int(interval.start.timestamp()),
            end=int(interval.end.timestamp()),
            published=self._book.publications.next_end(self._book.offer.types(), now),
            currency=currency,
        )
        self._restatements.append(restatement)
        return restatement

    def deliver(self) -> list[Delivery]:
        """Post the events that are due, and return the deliveries.

        This happens automatically when the clock is moved, and continuously while a running clock is served.
        """
        with self._lock:
            now = self.clock.now()
            if not self.webhooks:
                self._courier.skip(now)
                self._v2.events.due(now)
                return []
            due: list[PostedEvent] = [
                *self._courier.due(self._last_files_url, now),
                *self._v2.events.due(now),
            ]
        return self._courier.deliver(due, self.webhooks, self._fault_queue.of_event, now)

    @property
    def deliveries(self) -> list[Delivery]:
        """Deliveries to webhook endpoints, oldest first."""
        return self._courier.deliveries

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, as WSGI defines it."""
        request = Request(environ)
        request_id = new_id("req_", 14)
        generation, access = self._generation(request.path), None
        try:
            # Read before anything is locked: a slow sender must not block the others.
            form = generation.body(request)
            if request.path == "/" and request.method == "GET":
                response = front_page(self, request, self.clock.now())
            elif request.path.startswith("/simulator/"):
                response = control(self, request, dict(form))
            elif request.path.startswith("/links/") and request.method in ("GET", "HEAD"):
                now = self.clock.now()
                file = self._links.file(request.path.removeprefix("/links/"), now)
                response = in_part(contents(file, now), request)
            else:
                access = generation.access(request, self.clock.now())
                self._make_file(generation, access.caller, request.path)
                limits = self.rate_limits if generation is not self._v2.downloads else None
                with limits.in_progress(access) if limits is not None else nullcontext():
                    response = self._answer(Exchange(request, request_id, access, form, generation), limits)
        except StripeError as error:
            response = generation.error(error, request_id, access, self.clock.now())
        except ConnectionDroppedError:
            self.requests.append(ServedRequest(request.method, request.path, 0, request_id))
            raise
        self._sign(response, request, request_id)
        self.requests.append(ServedRequest(request.method, request.path, response.status_code, request_id))
        return response(environ, start_response)

    def _generation(self, path: str) -> Generation:
        if path.startswith("/v2/"):
            return self._v2
        return self._v2.downloads if path.startswith(downloads.PATH) else self._v1

    def _authenticate(self, request: Request) -> Access:
        return authenticate(request, self.key, self._restricted, self.organisation)

    def _answer(self, exchange: Exchange, limits: RateLimits | None) -> Response:
        """Answer correctly, unless an idempotency key or a fault gives another answer."""
        request, access, generation = exchange.request, exchange.access, exchange.generation
        caller, key = access.caller, exchange.idempotency_key
        with self._lock:
            now = self.clock.now()
            if limits is not None:
                limits.take(access, generation.route(request).name, now.timestamp())
            stored = self._idempotency.find(caller, key, request.path, exchange.form, now) if key else None
            stored = stored if stored and generation.replays(stored) else None
            if limits is not None and stored is None:
                generation.check_limits(limits, access, generation.route(request).name, now)
            fault = self._fault_queue.of_answer(request, is_replayed=stored is not None)
            delay = sum(drawn(d, self._delays) for d in (self.answer_delay, fault.delay if fault else 0.0))
            if fault is None and not delay:
                return self._executed(exchange, stored)
            if key:
                self._idempotency.begin(caller, key)
        try:
            if fault is not None and fault.replaces:
                response = self._canned(fault, exchange)
            else:
                true_answer = partial(self._true_answer, exchange, stored)
                response = fault.change(request, true_answer) if fault and fault.change else true_answer()
            if delay:
                self.clock.sleep(delay)
            if fault is not None and fault.bytes_a_second is not None:
                response = trickling(response, fault.bytes_a_second, self.clock)
        finally:
            if key:
                self._idempotency.end(caller, key)
        return response

    def _true_answer(self, exchange: Exchange, stored: StoredAnswer | None) -> Response:
        """Answer as Stripe would, with all headers, for a fault to change."""
        try:
            with self._lock:
                response = self._executed(exchange, stored)
        except StripeError as error:
            response = exchange.error(error, self.clock.now())
        self._sign(response, exchange.request, exchange.request_id)
        return response

    def _executed(self, exchange: Exchange, stored: StoredAnswer | None) -> Response:
        """Return the stored answer, or execute the request and store its answer; needs the lock."""
        request, access, now = exchange.request, exchange.access, self.clock.now()
        if stored is not None:
            return exchange.replayed(stored)
        found = exchange.generation.route(request)
        check_permission(
            access.permissions,
            found.permission,
            shown_key=access.shown_key,
            account=access.caller.account or self.organisation[0].id,
        )
        query = decode(list(request.args.items(multi=True)))
        self._last_files_url = url = exchange.files_url(self.base_url)
        call = Call(
            access,
            exchange.form,
            query,
            now,
            self._book,
            self._links,
            url,
            exchange.downloads_url(self.base_url),
            platform_of(self.organisation, access.caller.account),
            self._courier,
            self.strict_bounds,
        )
        answer = found.endpoint(call, **found.values)
        if isinstance(answer, Response):
            response = in_part(answer, request)
        else:
            response = json_response(answer, sort_keys=self.profile.sorted_keys)
        self._store(exchange, response)
        return exchange.echoing(response, exchange.request_id)

    def _canned(self, fault: Fault, exchange: Exchange) -> Response:
        """Give the fault's own answer, and store it for the idempotency key if the fault says so."""
        response = exchange.canned(fault, self.clock.now())
        if fault.stored:
            with self._lock:
                self._store(exchange, response)
        return exchange.echoing(response, exchange.request_id)

    def _store(self, exchange: Exchange, response: Response) -> None:
        if key := exchange.idempotency_key:
            answered = exchange.answered(response, self.clock.now())
            self._idempotency.store(exchange.access.caller, key, answered)

    def _make_file(self, generation: Generation, caller: Caller, path: str) -> None:
        """Create the requested run's file without holding the lock, so that other requests need not wait."""
        with self._lock:
            contents = generation.contents(caller, path, self.clock.now())
        if contents is not None:
            contents.make()

    def _sign(self, response: Response, request: Request, request_id: str) -> None:
        """Add the headers that every answer has."""
        response.headers.setdefault("Request-Id", request_id)
        response.headers.setdefault("Stripe-Version", request.headers.get("Stripe-Version") or API_VERSION)
        response.headers.setdefault("Date", http_date(self.clock.now()))
