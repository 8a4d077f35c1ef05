"""The seam to HTTP: who retries, who keeps time, what is cached, and whose settings hold."""

import gc
import gzip
import io
import math
import random
import sqlite3
import traceback
import weakref
from contextlib import closing
from pathlib import Path

import pytest
import requests
from requests.adapters import BaseAdapter

import stripe_reports as sr
from conftest import TestClock
from simulator_api import CONNECTED
from stripe_reports import errors
from stripe_reports.http.rate_limit import RateBudget
from stripe_reports.http.settings import Secret, Settings
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
    """Answers what it was told, one after the other."""

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


def send(*answers, method="GET", within=math.inf, timeout=(10.0, 80.0)):
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
    headers = {"Idempotency-Key": "k"} if method == "POST" else {}
    try:
        with deadline.within(clock, within):
            outcome = session.request(method, f"{BASE}/v1/x", headers=headers, timeout=timeout).status_code
    except (requests.RequestException, errors.CallTimeoutError) as error:
        outcome = type(error)
    send.timeouts = script.timeouts
    return outcome, script.sent, clock.slept


class TestRetries:
    @pytest.mark.parametrize("status", [409, 424, 429, 500, 502, 503, 504])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_what_may_pass_is_tried_again(self, status, method):
        """A launch carries an idempotency key, so it may be repeated like any other call."""
        outcome, sent, slept = send(status, status, 200, method=method)
        assert (outcome, len(sent)) == (200, 3)
        assert [request.headers.get("Idempotency-Key") for request in sent] == [
            sent[0].headers.get("Idempotency-Key")
        ] * 3
        assert 0 < slept[0] < 5
        assert 0 < slept[1] < 5

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
    def test_what_will_not_pass_is_not(self, status):
        """It would be refused again."""
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
    def test_stripe_decides_where_it_says_so(self, answer, times):
        """`Stripe-Should-Retry` is obeyed before any rule of ours."""
        assert len(send(answer, 200)[1]) == times

    def test_a_body_cut_short_is_tried_again(self):
        """The line may break after the headers."""
        assert send(requests.exceptions.ChunkedEncodingError(), 200)[0] == 200

    def test_a_lost_connection_is_tried_again(self):
        """The commonest fault of all."""
        assert send(requests.ConnectionError(), requests.ReadTimeout(), 200)[0] == 200

    def test_a_bad_certificate_is_not(self):
        """It does not get better, and might be an attack."""
        outcome, sent, _ = send(requests.exceptions.SSLError())
        assert (outcome, len(sent)) == (requests.exceptions.SSLError, 1)

    def test_it_ends(self):
        """The last answer or error is the caller's."""
        assert send(*[503] * ATTEMPTS)[0] == 503
        assert send(*[requests.ConnectionError()] * ATTEMPTS)[0] == requests.ConnectionError

    def test_a_time_to_wait_is_respected(self):
        """Where Stripe or a gateway names one."""
        assert send((429, {"Retry-After": "7"}), 200)[2][0] >= 7

    def test_a_time_to_wait_that_is_a_date_is_left_out(self):
        """It needs two clocks that agree."""
        assert send((429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), 200)[0] == 200


class TestTimeLimit:
    def test_nothing_is_tried_again_that_would_come_too_late(self):
        """A call of three seconds must not become five minutes of retries while the line is down."""
        outcome, sent, slept = send(*[requests.ConnectionError()] * ATTEMPTS, within=3.0)
        assert outcome is requests.ConnectionError
        assert 1 < len(sent) < ATTEMPTS
        assert sum(slept) < 3.0

    @pytest.mark.parametrize(
        ("asked", "outcome"), [("29", 200), ("31", 429), ("3600", 429), ("9" * 400, 429)]
    )
    def test_a_pause_that_is_asked_for_is_made_whole_or_the_call_ends_at_once(self, asked, outcome):
        """Who comes back before the hour is over is refused again; who has no hour need not wait for that."""
        found, sent, slept = send((429, {"Retry-After": asked}), 200, within=30.0)
        assert found == outcome
        assert (len(sent), slept) == ((2, [29.0]) if outcome == 200 else (1, []))

    def test_no_call_is_given_longer_than_what_is_left(self):
        """A server that takes the call and never answers."""
        send(500, 200, within=30.0)
        connect, read = send.timeouts[0]
        assert (connect, read) == (10.0, pytest.approx(30.0, abs=0.1))
        assert send.timeouts[1][1] < read
        send(200)
        assert send.timeouts == [(10.0, 80.0)]

    def test_nothing_is_sent_when_the_time_is_over(self):
        """It could launch a run that nobody waits for."""
        outcome, sent, _ = send(200, within=0.0)
        assert (outcome, sent) == (errors.CallTimeoutError, [])


class TestKeys:
    @pytest.mark.parametrize(
        "url", ["https://evil.example/", "https://evil.example\\@api.stripe.com/", "http://api.stripe.com/"]
    )
    def test_a_call_to_anywhere_else_is_not_signed(self, transport, calls, url):
        """The last door: here the address is the one that will be dialled, whoever read it before."""
        with pytest.raises(errors.ApiKeyError, match="nothing was sent there"):
            transport.file_session.get(url, headers={"Authorization": f"Bearer {UNSIGNED}"})
        assert calls() == []

    def test_an_interrupt_shows_no_signed_request(self, simulator, tmp_path):
        """Ctrl-C comes in the middle of a call, and notebooks can show the variables of every frame."""

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
    def test_an_answer_without_end_is_read_no_further_than_is_sensible(self, client, simulator, packed):
        """Whatever answers there, it is not Stripe's API."""
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


def get(transport, url=TYPES, key=None):
    headers = {"Authorization": f"Bearer {key or transport.settings.api_key.reveal()}"}
    return transport.json_session.get(url, headers=headers)


class TestTime:
    def test_time_is_stripes(self, transport, simulator):
        """This machine's clock may be wrong; what is closed and what is fresh must not depend on it."""
        assert transport.stripe_time() is None
        simulator.clock.advance(86_400 * 400)
        get(transport)
        assert transport.stripe_time() == simulator.clock.now()
        simulator.clock.advance(90)
        assert transport.stripe_time() == simulator.clock.now()

    def test_a_laptop_that_slept_still_knows_the_time_or_that_it_does_not(self, transport, simulator):
        """Counters stand still in sleep; the time of day goes on, and is checked again after an hour."""
        get(transport)
        simulator.clock.advance(3599)
        assert transport.stripe_time() == simulator.clock.now()
        simulator.clock.advance(2)
        assert transport.stripe_time() is None

    def test_a_strangers_answer_tells_no_time(self, transport, simulator):
        """A download may be led elsewhere, and what is reused must not depend on the clock there."""
        transport.file_session.get("https://cdn.example/v1/reporting/report_types")
        assert transport.stripe_time() is None

    def test_a_cached_answer_tells_no_time(self, transport, simulator):
        """Its Date is the time when it was kept."""
        get(transport)
        simulator.clock.advance(30)
        assert get(transport).from_cache
        assert transport.stripe_time() == simulator.clock.now()


class TestCache:
    def test_report_types_are_kept_for_a_minute_of_our_clock(self, transport, simulator, calls):
        """The reuse rule asks for the type, never older than sixty seconds."""
        get(transport)
        simulator.clock.advance(59)
        get(transport)
        assert len(calls()) == 1
        simulator.clock.advance(2)
        get(transport)
        assert len(calls()) == 1

    def test_a_finished_run_is_kept_for_good_and_a_pending_one_not_at_all(
        self, client, transport, simulator, calls
    ):
        """A poller that reads its own cache never sees the end."""
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

    def test_lists_of_runs_are_not_kept(self, transport, calls):
        """They change with every launch."""
        for _ in range(2):
            get(transport, f"{BASE}/v1/reporting/report_runs")
        assert len(calls()) == 2

    def test_errors_are_not_kept(self, transport, calls):
        """A type may be offered tomorrow."""
        for _ in range(2):
            assert get(transport, f"{TYPES}/no.such.1").status_code == 404
        assert len(calls()) == 2

    @pytest.mark.parametrize(
        "others", [{"key": "sk_test_another"}, {"account": CONNECTED[0]}, {"key": "sk_live_another"}]
    )
    def test_owners_share_nothing(self, transport, simulator, tmp_path, calls, others):
        """Even in one file: the library's own key cannot tell two API keys apart."""
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

    def test_a_login_page_is_not_kept(self, transport, simulator):
        """A captive portal answers everything with 200."""
        simulator.faults.append(Fault(status=200, body="<html>Please log in</html>"))
        assert "log in" in get(transport).text
        assert get(transport).json()["object"] == "list"

    def test_old_answers_are_cleared_when_the_cache_is_opened(self, transport, simulator, tmp_path):
        """Each minute has an entry of its own, and nobody reads the last one's."""

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
        """Neither in clear nor as base64 of HTTP's basic form."""
        get(transport)
        get(transport)
        written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert b"report_types" in written
        assert simulator.key.encode() not in written

    def test_a_broken_cache_is_a_miss_and_a_warning(self, transport, tmp_path):
        """Nothing depends on the cache but speed."""
        get(transport)
        with closing(sqlite3.connect(tmp_path / "answers.sqlite")) as database:
            database.execute("DROP TABLE responses")
            database.commit()
        with pytest.warns(RuntimeWarning, match="cache of API answers is left out"):
            assert get(transport).status_code == 200

    def test_a_file_that_is_no_database_is_no_cache(self, simulator, tmp_path):
        """A file cut by a full disk, say."""
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

    def test_the_users_certificates_hold_whatever_stripes_library_passes(self, transport, seen, monkeypatch):
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

    def test_between_two_programs_of_this_machine_there_is_no_proxy(self, transport, seen, monkeypatch):
        """Plain http to a simulator would hand the key to it."""
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
        get(transport, "http://127.0.0.1:12111/v1/reporting/report_types")
        assert not seen["proxies"]
        get(transport)
        assert seen["proxies"]["https"] == "http://proxy.example:3128"

    def test_redirects_are_not_followed(self, transport, simulator):
        """Stripe's API has none; the key follows nobody."""
        simulator.faults.append(Fault(status=302, body="", headers={"Location": "https://evil.example/"}))
        assert get(transport).status_code == 302

    def test_cookies_are_not_kept(self, transport, simulator):
        """They would tie calls of two clients together."""
        simulator.faults.append(Fault(status=200, body="{}", headers={"Set-Cookie": "id=1; Path=/"}))
        get(transport)
        assert not transport.json_session.cookies

    def test_nothing_of_a_simulated_session_reaches_the_network(self, transport, simulator, calls):
        """Whatever address it is given, the application answers."""
        get(transport, "http://127.0.0.1:9/v1/reporting/report_types")
        assert len(calls()) == 1


def test_a_transport_that_is_dropped_closes_what_it_opened(simulator, tmp_path):
    """Clients are made in notebooks, and nobody closes them."""
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
