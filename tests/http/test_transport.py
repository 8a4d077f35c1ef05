"""The access to HTTP: retries, time limits, caching, and the user's settings."""

import gc
import gzip
import io
import math
import random
import sqlite3
import traceback
import weakref
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from requests.adapters import BaseAdapter

import stripe_reports as sr
from clocks import TestClock
from simulator_api import CONNECTED
from stripe_reports import errors
from stripe_reports.http.account_transport import AccountTransport
from stripe_reports.http.contact import Contact
from stripe_reports.http.rate_limit import RateBudget
from stripe_reports.http.settings import Secret, Settings
from stripe_reports.http.sockets import NothingListens
from stripe_reports.http.transport import (
    ATTEMPTS,
    LARGEST_ANSWER,
    UNSIGNED,
    PatientAdapter,
    Transport,
)
from stripe_reports.planning import deadline
from stripe_reports.simulator import Clock, Fault

BASE = "https://api.stripe.com"
TYPES = f"{BASE}/v1/reporting/report_types"


class Script(BaseAdapter):
    """Gives the prepared answers, one after another."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)
        self.sent, self.timeouts = [], []

    def send(self, request, timeout=None, **_):
        self.sent.append(request)
        self.timeouts.append(timeout)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        response = requests.Response()
        response.status_code, response.request, response.url = status, request, request.url
        response.headers.update(headers)
        response.raw = io.BytesIO(b"{}")
        return response

    def close(self):
        pass


def send(*answers, method="GET", base=BASE, within=math.inf, timeout=(10.0, 80.0)):
    clock, script = TestClock(Clock()), Script(*answers)
    session = requests.Session()
    adapter = PatientAdapter(
        script,
        Settings(api_key=Secret("sk_test_123"), cache_dir=Path("unused")),
        clock=clock,
        rng=random.Random(1),  # noqa: S311
        budget=RateBudget("test", clock),
    )
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    headers = {"Idempotency-Key": "k"} if method == "POST" else {}
    try:
        with deadline.within(clock, within):
            outcome = session.request(method, f"{base}/v1/x", headers=headers, timeout=timeout).status_code
    except (requests.RequestException, errors.CallTimeoutError) as error:
        outcome = type(error)
    send.timeouts = script.timeouts
    return outcome, script.sent, clock.slept


class TestRetries:
    @pytest.mark.parametrize("status", [409, 424, 429, 500, 502, 503, 504, 520, 524, 529])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_temporary_failures_are_retried(self, status, method):
        """A launch has an idempotency key, so it can be repeated like any other call.

        A network in front of Stripe has statuses of its own above 504.
        """
        outcome, sent, slept = send(status, status, 200, method=method)
        assert (outcome, len(sent)) == (200, 3)
        assert [request.headers.get("Idempotency-Key") for request in sent] == [
            sent[0].headers.get("Idempotency-Key")
        ] * 3
        assert 0 < slept[0] < 5
        assert 0 < slept[1] < 5

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
    def test_permanent_failures_are_not_retried(self, status):
        """Stripe would refuse again."""
        assert send(status)[0] == status

    @pytest.mark.parametrize(
        ("answer", "times"),
        [
            ((500, {"Stripe-Should-Retry": "false"}), 1),
            ((429, {"Stripe-Should-Retry": "false"}), 1),
            ((400, {"Stripe-Should-Retry": "true"}), 2),
            pytest.param((429, {"Stripe-Should-Retry": "'true'"}), 2, id="in quotes, as recorded once"),
            ((200, {"Stripe-Should-Retry": "true"}), 1),
        ],
    )
    def test_stripes_own_retry_header_decides(self, answer, times):
        """`Stripe-Should-Retry` is obeyed before any rule of ours."""
        assert len(send(answer, 200)[1]) == times

    def test_a_truncated_body_is_retried(self):
        """The connection may break after the headers."""
        assert send(requests.exceptions.ChunkedEncodingError(), 200)[0] == 200

    def test_a_lost_connection_is_retried(self):
        """It is the most common fault."""
        assert send(requests.ConnectionError(), requests.ReadTimeout(), 200)[0] == 200

    def test_a_bad_certificate_is_not_retried(self):
        """A retry does not help, and it might be an attack."""
        outcome, sent, _ = send(requests.exceptions.SSLError())
        assert (outcome, len(sent)) == (requests.exceptions.SSLError, 1)

    def test_retries_end(self):
        """The caller gets the last answer or error."""
        assert send(*[503] * ATTEMPTS)[0] == 503
        assert send(*[requests.ConnectionError()] * ATTEMPTS)[0] == requests.ConnectionError

    def test_a_retry_after_header_is_respected(self):
        """If Stripe or a gateway sends one."""
        assert send((429, {"Retry-After": "7"}), 200)[2][0] >= 7

    def test_a_retry_after_date_is_ignored(self):
        """It needs two clocks that agree."""
        assert send((429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), 200)[0] == 200


class TestFirstContact:
    @pytest.mark.parametrize(
        ("address", "error", "tries"),
        [
            ("http://127.0.0.1:12111", NothingListens, 1),
            ("http://localhost:12111", NothingListens, 1),
            ("http://127.0.0.1:12111", requests.ConnectionError, ATTEMPTS),
            ("https://gateway.example.com", NothingListens, ATTEMPTS),
        ],
    )
    def test_a_refused_connection_to_this_machine_is_not_retried(self, address, error, tries):
        """Nothing runs there; elsewhere, a network may be starting."""
        assert len(send(*[error()] * ATTEMPTS, base=address)[1]) == tries

    def test_after_an_answer_it_is_retried(self):
        """A simulator or gateway may be restarting."""
        contact, url = Contact(), "http://127.0.0.1:12111/v1/x"
        contact.answered(url)
        assert not contact.is_in_vain(url, NothingListens())

    def test_what_a_call_could_not_reach_is_tried_once_by_the_next(self):
        """A command that makes ten calls would otherwise take ten times as long; an answer ends that."""
        contact, lost = Contact(), requests.ConnectionError()
        contact.gave_up(TYPES)
        assert contact.is_in_vain(TYPES, lost)
        assert not contact.is_in_vain("https://files.stripe.com/v1/files", lost)
        contact.answered(TYPES)
        assert not contact.is_in_vain(TYPES, lost)


class TestTimeLimit:
    def test_a_retry_that_would_be_too_late_is_not_made(self):
        """A call with a timeout of three seconds must not become five minutes of retries."""
        outcome, sent, slept = send(*[requests.ConnectionError()] * ATTEMPTS, within=3.0)
        assert outcome is requests.ConnectionError
        assert 1 < len(sent) < ATTEMPTS
        assert sum(slept) < 3.0

    @pytest.mark.parametrize(
        ("asked", "outcome"), [("29", 200), ("31", 429), ("3600", 429), ("9" * 400, 429)]
    )
    def test_a_requested_pause_is_respected_or_the_call_ends_at_once(self, asked, outcome):
        """A retry before its end would be refused; a caller with less time need not wait for that."""
        found, sent, slept = send((429, {"Retry-After": asked}), 200, within=30.0)
        assert found == outcome
        assert (len(sent), slept) == ((2, [29.0]) if outcome == 200 else (1, []))

    def test_no_call_gets_more_time_than_is_left(self):
        """A server may accept the call and never answer."""
        send(500, 200, within=30.0)
        connect, read = send.timeouts[0]
        assert (connect, read) == (10.0, pytest.approx(30.0, abs=0.1))
        assert send.timeouts[1][1] < read
        send(200)
        assert send.timeouts == [(10.0, 80.0)]

    def test_nothing_is_sent_after_the_time_limit(self):
        """It could launch a run that nobody waits for."""
        outcome, sent, _ = send(200, within=0.0)
        assert (outcome, sent) == (errors.CallTimeoutError, [])


class TestKeys:
    @pytest.mark.parametrize(
        "url", ["https://evil.example/", "https://evil.example\\@api.stripe.com/", "http://api.stripe.com/"]
    )
    def test_a_call_to_another_host_is_not_signed(self, transport, calls, url):
        """This is the last check: here the address is the one that will be called."""
        with pytest.raises(errors.ApiKeyError, match="nothing was sent there"):
            transport.file_session.get(url, headers={"Authorization": f"Bearer {UNSIGNED}"})
        assert calls() == []

    def test_an_interrupt_shows_no_signed_request(self, simulator, tmp_path):
        """Ctrl-C may be pressed during a call, and notebooks can show the variables of every frame."""

        def interrupted(environ, _start_response):
            assert simulator.key in environ["HTTP_AUTHORIZATION"]
            raise KeyboardInterrupt

        with (
            sr.Client(simulator.key, cache_dir=tmp_path, application=interrupted) as client,
            pytest.raises(KeyboardInterrupt) as caught,
        ):
            client.retrieve("frr_1")
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
        assert simulator.key not in "".join(shown)


class TestSizes:
    @pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
    def test_an_endless_answer_is_read_up_to_a_limit(self, client, simulator, packed):
        """Such an answer does not come from Stripe's API."""
        body = b"[" + b" " * LARGEST_ANSWER
        headers = {"Content-Type": "application/json"}
        if packed:
            body, headers = gzip.compress(body), headers | {"Content-Encoding": "gzip"}
        simulator.faults.append(Fault(status=200, body=body, headers=headers, times=99))
        with pytest.raises(errors.UnexpectedAnswerError, match="32,000,000 bytes"):
            client.retrieve("frr_1")


@pytest.fixture
def transport(simulator, tmp_path):
    """A transport over the simulator, with a cache."""
    made = Transport(
        Settings(api_key=Secret(simulator.key), cache_dir=tmp_path),
        cache_path=tmp_path / "answers.sqlite",
        application=simulator,
        clock=TestClock(simulator.clock),
    )
    yield made
    made.close()


def test_the_transport_of_an_account_does_all_that_the_clients_does(transport):
    """It has none of its own state, so whatever the client's transport learns to do must be passed on."""
    of_account = AccountTransport(transport, CONNECTED[0])
    done = {"request": ("GET", TYPES), "forget": ("/v1/reporting/report_types",)}
    for name in (name for name in vars(Transport) if not name.startswith("_")):
        found = getattr(of_account, name)
        if callable(found):
            found(*done.get(name, ()))
    assert of_account.now() == transport.now()
    assert of_account.stripe_time() == transport.stripe_time()


def get(transport, url=TYPES, key=None):
    headers = {"Authorization": f"Bearer {key or transport.settings.api_key.reveal()}"}
    return transport.json_session.get(url, headers=headers)


class TestTime:
    def test_the_time_is_stripes(self, transport, simulator):
        """This machine's clock may be wrong, and reuse must not depend on it."""
        assert transport.stripe_time() is None
        simulator.clock.advance(86_400 * 400)
        get(transport)
        assert transport.stripe_time() == simulator.clock.now()
        simulator.clock.advance(90)
        assert transport.stripe_time() == simulator.clock.now()

    def test_the_time_is_right_or_unknown_after_a_laptop_slept(self, transport, simulator):
        """Counters stand still in sleep; the time of day goes on, and is checked again after an hour."""
        get(transport)
        simulator.clock.advance(3599)
        assert transport.stripe_time() == simulator.clock.now()
        simulator.clock.advance(2)
        assert transport.stripe_time() is None

    def test_answers_of_other_hosts_do_not_set_the_time(self, transport, simulator):
        """A download may be redirected, and reuse must not depend on the clock there."""
        transport.file_session.get("https://cdn.example/v1/reporting/report_types")
        assert transport.stripe_time() is None

    def test_cached_answers_do_not_set_the_time(self, transport, simulator):
        """Their Date is the time when they were stored."""
        get(transport)
        simulator.clock.advance(30)
        assert get(transport).from_cache
        assert transport.stripe_time() == simulator.clock.now()


class TestCache:
    def test_report_types_are_cached_for_a_minute_of_stripes_time(self, transport, simulator, calls):
        """The reuse rule needs the type, never older than sixty seconds."""
        get(transport)
        simulator.clock.advance(59)
        get(transport)
        assert len(calls()) == 1
        simulator.clock.advance(2)
        get(transport)
        assert len(calls()) == 1

    @pytest.mark.parametrize("is_in_process", [True, False])
    def test_a_report_type_is_never_older_than_a_simulators_clock(
        self, connect, simulator, is_in_process, calls
    ):
        """Its clock is moved by months, which this machine's does not show. A call asks once."""
        there = {"application": simulator, "base_url": BASE} if is_in_process else {}
        client = connect(clock=None, **there)
        for days in (0, 90, 400):
            simulator.clock.advance(timedelta(days=days))
            end = simulator.clock.now() - timedelta(days=2)
            assert client.report_type("balance.summary.2").data_available_end > end
            assert all(type_.data_available_end > end for type_ in client.report_types())
            assert client.plan("balance.summary.2", f"{end:%Y-%m-%d}").action == "launched"
        calls()
        simulator.clock.advance(timedelta(days=90))
        client.launch(client.request("balance.summary.2", "2027-12"))
        assert len(calls("report_types")) <= 2

    def test_the_names_of_the_types_are_kept_for_a_day_of_stripes_time(self, connect, simulator, calls):
        """A version that was added meanwhile is found."""

        def lists_after(hours):
            simulator.clock.advance(timedelta(hours=hours))
            client.runs()  # tells the time
            calls()
            client.request("balance.summary", "2026-10")
            return [call for call in calls() if call.endswith("/report_types")]

        client = connect(clock=None)
        assert [len(lists_after(hours)) for hours in (0, 20, 5)] == [1, 0, 1]

    def test_a_finished_run_is_cached_forever_and_a_pending_one_never(
        self, client, transport, simulator, calls
    ):
        """A poll that read the cache would never see the end."""
        run = client.launch(client.request("balance.summary", "2026-10"))
        address = f"{BASE}/v1/reporting/report_runs/{run.id}"
        calls()
        assert [get(transport, address).json()["status"] for _ in range(3)] == ["pending"] * 3
        simulator.clock.advance(60)
        assert get(transport, address).json()["status"] == "succeeded"
        assert len(calls()) == 4
        simulator.clock.advance(86_400 * 30)
        assert get(transport, address).json()["status"] == "succeeded"
        assert calls() == []

    def test_lists_of_runs_are_not_cached(self, transport, calls):
        """They change with every launch."""
        for _ in range(2):
            get(transport, f"{BASE}/v1/reporting/report_runs")
        assert len(calls()) == 2

    def test_errors_are_not_cached(self, transport, calls):
        """A type may be offered tomorrow."""
        for _ in range(2):
            assert get(transport, f"{TYPES}/no.such.1").status_code == 404
        assert len(calls()) == 2

    @pytest.mark.parametrize(
        "others", [{"key": "sk_test_another"}, {"account": CONNECTED[0]}, {"key": "sk_live_another"}]
    )
    def test_owners_share_nothing(self, transport, simulator, tmp_path, calls, others):
        """Not even in one file: the library's own cache key cannot distinguish two API keys."""
        get(transport)
        other = Transport(
            Settings(
                api_key=Secret(others.get("key", simulator.key)),
                account=others.get("account"),
                cache_dir=tmp_path,
            ),
            cache_path=tmp_path / "answers.sqlite",
            application=simulator,
        )
        get(other)
        other.close()
        assert len(calls()) == 2

    def test_a_login_page_is_not_cached(self, transport, simulator):
        """A captive portal answers everything with 200."""
        simulator.faults.append(Fault(status=200, body="<html>Please log in</html>"))
        assert "log in" in get(transport).text
        assert get(transport).json()["object"] == "list"

    def test_old_answers_are_cleared_when_the_cache_is_opened(self, transport, simulator, tmp_path):
        """Each minute has its own entry, and nobody reads that of the last minute."""

        def rows():
            with closing(sqlite3.connect(tmp_path / "answers.sqlite")) as database:
                return database.execute("SELECT count(*) FROM responses").fetchone()[0]

        for _ in range(5):
            get(transport)
            simulator.clock.advance(61)
        transport.close()
        assert rows() == 5
        with closing(sqlite3.connect(tmp_path / "answers.sqlite")) as database:
            database.execute("UPDATE responses SET expires = 1")
            database.commit()
        get(transport)
        assert rows() == 1

    def test_no_key_is_written(self, transport, simulator, tmp_path):
        """Neither in plain text nor in base64, as in HTTP's basic authentication."""
        get(transport)
        get(transport)
        written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert b"report_types" in written
        assert simulator.key.encode() not in written

    def test_a_broken_cache_is_a_miss_and_a_warning(self, transport, tmp_path):
        """The cache only makes calls faster."""
        get(transport)
        with closing(sqlite3.connect(tmp_path / "answers.sqlite")) as database:
            database.execute("DROP TABLE responses")
            database.commit()
        with pytest.warns(RuntimeWarning, match="cache of API answers is left out"):
            assert get(transport).status_code == 200

    def test_a_cache_file_that_is_not_a_database_is_a_miss(self, simulator, tmp_path):
        """Such as a file truncated by a full disk."""
        (tmp_path / "answers.sqlite").write_bytes(b"not a database at all" * 100)
        broken = Transport(
            Settings(api_key=Secret(simulator.key), cache_dir=tmp_path),
            cache_path=tmp_path / "answers.sqlite",
            application=simulator,
        )
        with pytest.warns(RuntimeWarning, match="cache of API answers is left out"):
            assert get(broken).status_code == 200
        broken.close()


class TestSession:
    @pytest.fixture
    def seen(self, transport, monkeypatch):
        """The arguments with which the adapter under the JSON session is called."""
        session, seen = transport.json_session, {}
        adapter = session.get_adapter(TYPES)
        original = adapter._inner.send

        def send(request, **kwargs):
            seen.update(kwargs, headers=dict(request.headers))
            return original(request)

        monkeypatch.setattr(adapter._inner, "send", send)
        return seen

    def test_the_users_certificates_are_used_for_stripes_library_too(self, transport, seen, monkeypatch):
        """Behind a company's proxy, JSON calls would fail while downloads work."""
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company.pem")
        transport.json_session.get(
            TYPES,
            verify="/stripe/ca.pem",
            headers={"Authorization": f"Bearer {transport.settings.api_key.reveal()}"},
        )
        assert seen["verify"] == "/etc/company.pem"

    def test_a_netrc_file_does_not_overrule_the_key(self, transport, seen, tmp_path, monkeypatch):
        """requests prefers it to a header, silently."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine api.stripe.com login someone password else\n")
        monkeypatch.setenv("NETRC", str(netrc))
        get(transport)
        assert seen["headers"]["Authorization"].startswith("Bearer ")

    def test_there_is_no_proxy_between_two_programs_of_this_machine(self, transport, seen, monkeypatch):
        """Plain http to a simulator would send the key to it."""
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
        get(transport, "http://127.0.0.1:12111/v1/reporting/report_types")
        assert not seen["proxies"]
        get(transport)
        assert seen["proxies"]["https"] == "http://proxy.example:3128"

    def test_redirects_are_not_followed(self, transport, simulator):
        """Stripe's API has none, and the key must not be sent on."""
        simulator.faults.append(Fault(status=302, body="", headers={"Location": "https://evil.example/"}))
        assert get(transport).status_code == 302

    def test_cookies_are_not_kept(self, transport, simulator):
        """They would connect calls of two clients."""
        simulator.faults.append(Fault(status=200, body="{}", headers={"Set-Cookie": "id=1; Path=/"}))
        get(transport)
        assert not transport.json_session.cookies

    def test_nothing_of_a_simulated_session_reaches_the_network(self, transport, simulator, calls):
        """Whatever address it is given, the application answers."""
        get(transport, "http://127.0.0.1:9/v1/reporting/report_types")
        assert len(calls()) == 1


def test_an_unused_transport_closes_its_connections(simulator, tmp_path):
    """Clients are created in notebooks, and nobody closes them."""
    made = Transport(
        Settings(api_key=Secret(simulator.key), cache_dir=tmp_path),
        cache_path=tmp_path / "answers.sqlite",
        application=simulator,
    )
    session, dropped = made.json_session, weakref.ref(made)
    get(made)
    assert session.cache.responses._connection is not None
    del made
    gc.collect()
    assert dropped() is None
    assert session.cache.responses._connection is None
