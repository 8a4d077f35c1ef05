"""Faults by name: each does what its line in the table says, in process and over a socket."""

import gzip
import math
import random
import socket
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import islice

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from simulator_api import RUNS, TYPES, Api, error, form
from stripe_reports.http.transport import WSGIAdapter
from stripe_reports.simulator import (
    FAULTS,
    Clock,
    Fault,
    Outcome,
    RealClock,
    Simulator,
    heavy_tailed,
    serve,
    uniform,
)
from stripe_reports.simulator.latency import drawn, named

# Names


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_has_a_name_and_a_description(name):
    """Both are in the documentation, on the front page and on the command line."""
    assert name.split(".")[0] in {"run", "answer", "list", "connection", "file", "date", "webhook"}
    assert 5 < len(FAULTS[name].about) < 60
    assert Fault.named(name) is not FAULTS[name]


def test_a_fault_is_created_by_its_name(simulator):
    """Any other member of a fault can be set too."""
    fault = simulator.inject_fault("answer.lock_timeout", match=f"POST {RUNS}", times=2)
    assert simulator.faults == [fault]
    assert (fault.status, fault.times, fault.match) == (429, 2, f"POST {RUNS}")
    assert FAULTS["answer.lock_timeout"].times == 1


def test_a_mistyped_name_is_refused_with_the_nearest():
    """Otherwise a client would seem to handle a fault that never happened."""
    with pytest.raises(ValueError, match=r"Did you mean 'answer\.lock_timeout'\?"):
        Fault.named("lock_timeout")
    with pytest.raises(ValueError, match=r"There are run\.failed, run\.stuck"):
        Fault.named("zzz")


@pytest.mark.parametrize(
    ("text", "times", "probability"),
    [
        ("file.cut", 1, 1.0),
        ("file.cut:3", 3, 1.0),
        ("file.cut:always", math.inf, 1.0),
        ("file.cut@0.25", math.inf, 0.25),
        ("file.cut:20@.5", 20, 0.5),
    ],
)
def test_a_fault_has_a_short_form(text, times, probability):
    """For the command line, and for tests in other languages."""
    fault = Fault.parsed(text)
    assert (fault.about, fault.times, fault.probability) == (FAULTS["file.cut"].about, times, probability)


@pytest.mark.parametrize("text", ["", "file.cut:", "file.cut:-1", "file.cut@2", "file.cut@a", "file.cut:1:2"])
def test_an_invalid_short_form_is_refused(text):
    """The message shows the right form."""
    with pytest.raises(ValueError, match="is not a fault"):
        Fault.parsed(text)


# Answers


@pytest.mark.parametrize(
    ("name", "status", "members", "headers"),
    [
        ("answer.401", 401, {"type": "invalid_request_error", "code": "api_key_expired"}, {}),
        ("answer.403", 403, {"type": "invalid_request_error"}, {}),
        ("answer.409", 409, {"type": "invalid_request_error", "code": "idempotency_key_in_use"}, {}),
        ("answer.424", 424, {"type": "api_error"}, {}),
        (
            "answer.429",
            429,
            {"type": "invalid_request_error", "code": "rate_limit"},
            {"Stripe-Rate-Limited-Reason": "endpoint-rate"},
        ),
        ("answer.429_bare", 429, {"code": "rate_limit"}, {"Stripe-Rate-Limited-Reason": None}),
        ("answer.429_retry_after", 429, {"code": "rate_limit"}, {"Retry-After": "30"}),
        ("answer.429_retry_after_hour", 429, {"code": "rate_limit"}, {"Retry-After": "3600"}),
        ("answer.lock_timeout", 429, {"code": "lock_timeout"}, {"Stripe-Should-Retry": "true"}),
        ("answer.500", 500, {"type": "api_error"}, {}),
        ("answer.503", 503, {"type": "api_error"}, {}),
        ("answer.504", 504, {"type": "api_error"}, {}),
    ],
)
def test_a_fault_can_answer_with_an_error_of_stripe(api, simulator, name, status, members, headers):
    """Status, body and headers; the next request is served."""
    simulator.inject_fault(name)
    answer = api.post(form())
    assert (answer.status_code, error(answer) | members) == (status, error(answer))
    assert {header: answer.headers.get(header) for header in headers} == headers
    assert simulator.runs == []
    assert api.post(form()).status_code == 200


@pytest.mark.parametrize(
    ("name", "status", "starts"),
    [("answer.502", 502, "<html>"), ("answer.html", 200, "<html>"), ("answer.empty", 200, "")],
)
def test_a_fault_can_answer_with_an_error_of_a_proxy(api, simulator, name, status, starts):
    """It comes from a proxy or gateway in between."""
    simulator.inject_fault(name)
    answer = api.get(TYPES)
    assert (answer.status_code, answer.text[:6]) == (status, starts)


def test_a_fault_can_have_a_probability_and_a_number_of_times(api, simulator):
    """It hits a third of the calls, chosen by the seed, ten times in all."""
    simulator.inject_fault("answer.500", times=10, probability=1 / 3)
    statuses = [api.get(f"{TYPES}/balance.summary.1").status_code for _ in range(60)]
    assert statuses.count(500) == 10
    assert 0 < statuses[:15].count(500) < 15
    assert statuses[-10:] == [200] * 10
    again = Simulator(seed=1)
    again.inject_fault("answer.500", times=10, probability=1 / 3)
    assert [Api(again).get(f"{TYPES}/balance.summary.1").status_code for _ in range(60)] == statuses


def test_faults_apply_to_the_requests_they_match(api, simulator):
    """Others do not apply, and are not counted."""
    simulator.inject_fault("answer.503", match="GET /v1/reporting/report_types*")
    assert api.post(form()).status_code == 200
    assert api.get(TYPES).status_code == 503


def test_a_wrong_date_is_in_the_header(api, simulator):
    """The answer itself is correct; errors have the same date."""
    for name, days in (("date.ahead", 1), ("date.behind", -1)):
        simulator.inject_fault(name, times=2)
        for path, status in ((TYPES, 200), (f"{RUNS}/frr_1", 404)):
            answer = api.get(path)
            assert answer.status_code == status
            skew = parsedate_to_datetime(answer.headers["Date"]) - simulator.clock.now()
            assert skew == timedelta(days=days)


# Time


def test_a_slow_answer_takes_time_by_the_simulators_clock(api, simulator):
    """No caller waits: a clock that stands still jumps."""
    before = simulator.clock.now()
    simulator.inject_fault("answer.slow")
    assert api.post(form()).json["created"] == before.timestamp()
    assert simulator.clock.now() - before == timedelta(seconds=100)
    api.get(TYPES)
    assert simulator.clock.now() - before == timedelta(seconds=100)


def test_an_answer_arrives_slowly_by_the_simulators_clock(api, simulator, run, whole):
    """It is complete in the end, at two bytes a second."""
    simulator.inject_fault("answer.trickle")
    before = simulator.clock.now()
    assert api.contents(run).data == whole
    assert (simulator.clock.now() - before).total_seconds() == (len(whole) + 1) // 2


def test_the_delay_of_answers_can_be_a_distribution():
    """The same seed gives the same delays."""

    def delays(seed):
        simulator = Simulator(seed=seed, answer_delay=uniform(1, 2))
        seen = []
        for _ in range(5):
            before = simulator.clock.now()
            Api(simulator).get(TYPES)
            seen.append((simulator.clock.now() - before).total_seconds())
        return seen

    assert delays(1) == delays(1) != delays(2)
    assert all(1 <= seconds <= 2 for seconds in delays(1))


def test_a_running_clock_makes_its_client_wait(monkeypatch):
    """By the machine's sleep, which the test replaces."""
    slept = []
    monkeypatch.setattr("stripe_reports.simulator.clock.time.sleep", slept.append)
    Api(Simulator(clock=RealClock(), answer_delay=7)).get(TYPES)
    assert slept == [7]


@given(seed=st.integers(0, 2**32))
def test_a_log_normal_latency_has_its_median_and_99th_percentile(seed):
    """Mostly fast, and once in a hundred times slow."""
    source = random.Random(seed)  # noqa: S311
    draws = sorted(drawn(heavy_tailed(8, 300), source) for _ in range(2000))
    assert 6.5 < draws[1000] < 10
    assert 0.97 < sum(seconds < 300 for seconds in draws) / 2000 < 1


@pytest.mark.parametrize(
    ("text", "low", "high"), [("8", 8, 8), ("0.5", 0.5, 0.5), ("5-20", 5, 20), ("8~300", 0, math.inf)]
)
def test_a_latency_has_a_short_form(text, low, high):
    """One number, two for a range, two for median and 99th percentile."""
    source = random.Random(1)  # noqa: S311
    assert all(low <= drawn(named(text), source) <= high for _ in range(100))


@pytest.mark.parametrize("text", ["", "soon", "-1", "20-5", "0~5", "9~5", "1-2-3"])
def test_an_invalid_latency_is_refused(text):
    """The message lists the forms."""
    with pytest.raises(ValueError, match="is not a latency"):
        named(text)


# Runs


@pytest.mark.parametrize(
    ("name", "status", "result"),
    [
        ("run.failed", "failed", None),
        ("run.stuck", "pending", None),
        ("run.unknown_status", "paused", None),
        ("run.no_result", "succeeded", None),
        ("run.no_url", "succeeded", "no url"),
        ("run.foreign_host", "succeeded", "https://files.example.com"),
        ("run.expired", "succeeded", "https://files.stripe.com"),
    ],
)
def test_a_fault_sets_the_outcome_of_a_run(api, simulator, name, status, result):
    """As often as set; a request that creates no run uses nothing up."""
    simulator.inject_fault(name, times=2)
    assert api.post(form("nonsense")).status_code == 404
    for _ in range(2):
        run = api.create()
        simulator.clock.advance(3600)
        run = api.get(f"{RUNS}/{run['id']}").json
        url = run["result"] and run["result"]["url"]
        assert (run["status"], bool(run["error"])) == (status, status == "failed")
        assert (run["result"] and ((url and url.split("/v1/")[0]) or "no url")) == result
    assert api.finished()["status"] == "succeeded"


def test_an_expired_file_is_marked_and_cannot_be_downloaded(api, simulator):
    """Its expiry is in its own description."""
    simulator.inject_fault("run.expired")
    run = api.finished()
    assert run["result"]["expires_at"] <= run["succeeded_at"]
    assert api.contents(run).status_code == api.get(f"/v1/files/{run['result']['id']}").status_code == 404
    assert api.contents(api.finished()).status_code == 200


def test_outcomes_set_by_hand_come_first(api, simulator):
    """A test that sets the outcome of a run means that run."""
    simulator.inject_fault("run.failed")
    simulator.outcomes.append(Outcome("succeeded"))
    assert [api.finished(currency=c)["status"] for c in ("eur", "usd")] == ["succeeded", "failed"]


def test_a_share_of_all_runs_can_fail(api, simulator):
    """As on a bad night."""
    simulator.inject_fault("run.failed", times=math.inf, probability=0.5)
    ends = [api.create() for _ in range(40)]
    simulator.clock.advance(60)
    failed = [run for run in ends if api.get(f"{RUNS}/{run['id']}").json["status"] == "failed"]
    assert 8 < len(failed) < 32


# Files


@pytest.fixture
def run(api) -> dict:
    return api.finished("payouts.itemized.5")


@pytest.fixture
def whole(api, run) -> bytes:
    return api.contents(run).data


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("file.short", lambda whole: whole[: whole.rstrip(b"\n").rfind(b"\n") + 1]),
        ("file.long", lambda whole: whole + whole[whole.rstrip(b"\n").rfind(b"\n") + 1 :]),
        ("file.empty", lambda whole: b""),
    ],
)
def test_a_file_can_have_another_size_than_announced(api, simulator, run, whole, name, expected):
    """As many bytes as the answer announces, but not as many as the run does."""
    simulator.inject_fault(name)
    answer = api.contents(run)
    assert answer.data == expected(whole)
    assert answer.content_length == len(answer.data) != run["result"]["size"]
    assert api.contents(run).data == whole


def test_a_corrupt_file_has_the_size_of_the_right_one(api, simulator, run, whole):
    """Only reading it shows the damage."""
    simulator.inject_fault("file.corrupt")
    answer = api.contents(run)
    assert len(answer.data) == len(whole)
    assert answer.data != whole
    with pytest.raises(UnicodeDecodeError):
        answer.data.decode()


def test_a_file_can_be_compressed(api, simulator, run, whole):
    """Once as a gzip file, once with gzip as its encoding."""
    simulator.inject_fault("file.gzip")
    simulator.inject_fault("file.gzip_encoded")
    file, encoded = api.contents(run), api.contents(run)
    assert gzip.decompress(file.data) == gzip.decompress(encoded.data) == whole
    assert (file.headers.get("Content-Encoding"), encoded.headers["Content-Encoding"]) == (None, "gzip")


def test_a_file_can_be_missing(api, simulator, run):
    """404, with Stripe's text."""
    simulator.inject_fault("file.gone")
    answer = api.contents(run)
    assert (answer.status_code, error(answer)["code"]) == (404, "resource_missing")


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("file.redirect_https", "https://files.example.com"),
        ("file.redirect_http", "http://files.example.com"),
        ("file.redirect_loop", "https://api.stripe.com"),
    ],
)
def test_a_file_can_be_redirected(api, simulator, run, name, host):
    """A client must neither send its key there nor follow a circle."""
    simulator.inject_fault(name, times=math.inf)
    answer = api.contents(run)
    path = f"/v1/files/{run['result']['id']}/contents"
    assert (answer.status_code, answer.headers["Location"]) == (302, host + path)


# Connections


@pytest.fixture(params=["in process", "over a socket"])
def session(request, simulator):
    """requests, and the address to use: what a client sees is the same both ways."""
    with requests.Session() as session:
        session.auth = ("sk_test_1", "")
        if request.param == "in process":
            session.mount("https://", WSGIAdapter(simulator))
            yield session, "https://api.stripe.com"
        else:
            with serve(simulator) as url:
                yield session, url


@pytest.mark.parametrize(("name", "runs"), [("connection.reset", 0), ("connection.lost", 1)])
def test_a_connection_can_break_before_or_after_execution(session, simulator, name, runs):
    """A client cannot see the difference; only an idempotency key makes a retry safe."""
    session, url = session
    simulator.inject_fault(name)
    with pytest.raises(requests.ConnectionError):
        session.post(url + RUNS, data=form(), timeout=60)
    assert len(simulator.runs) == runs
    assert simulator.requests[-1].status == 0
    assert session.post(url + RUNS, data=form(), timeout=60).status_code == 200


def test_a_file_can_be_truncated(session, simulator):
    """Half of the announced bytes arrive; the next download is complete."""
    session, url = session
    run = session.post(url + RUNS, data=form(), timeout=60).json()
    simulator.clock.advance(10)
    file = session.get(f"{url}{RUNS}/{run['id']}", timeout=60).json()["result"]
    simulator.inject_fault("file.cut")
    address = f"{url}/v1/files/{file['id']}/contents"
    response = session.get(address, stream=True, timeout=60)
    assert (response.status_code, response.headers["Content-Length"]) == (200, str(file["size"]))
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        assert len(response.content) > file["size"]  # never: it breaks off
    assert len(session.get(address, timeout=60).content) == file["size"]


def test_a_file_can_be_endless(session, simulator):
    """It is repeated as long as a client reads, and no length is announced."""
    session, url = session
    run = session.post(url + RUNS, data=form(), timeout=60).json()
    simulator.clock.advance(10)
    file = session.get(f"{url}{RUNS}/{run['id']}", timeout=60).json()["result"]
    address = f"{url}/v1/files/{file['id']}/contents"
    whole = session.get(address, timeout=60).content
    simulator.inject_fault("file.endless")
    with session.get(address, stream=True, timeout=60) as response:
        assert "Content-Length" not in response.headers
        assert b"".join(islice(response.iter_content(len(whole)), 3)) == 3 * whole


def test_a_dropped_connection_is_not_logged(simulator, caplog, capfd):
    """The socket is closed on purpose, so the server logs no error."""
    simulator.inject_fault("connection.reset")
    with serve(simulator) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            request = f"GET {TYPES} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_1\r\n\r\n"
            connection.sendall(request.encode())
            assert connection.recv(1000) == b""
    assert [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")] == []
    assert capfd.readouterr().err == ""


def test_in_process_a_broken_connection_is_raised(api, simulator):
    """To any WSGI client: it is a ConnectionResetError."""
    simulator.inject_fault("connection.reset")
    with pytest.raises(ConnectionResetError):
        api.get(TYPES)


def test_faults_do_not_apply_to_the_simulators_own_pages(simulator):
    """Nor are they counted there."""
    simulator.inject_fault("answer.500")
    client = Client(simulator)
    assert [client.get(path).status_code for path in ("/", "/simulator/faults")] == [200, 200]
    assert simulator.faults[0].times == 1


def test_a_clock_calls_its_listeners_while_they_exist():
    """A clock does not keep a simulator in memory that is no longer used."""
    clock = Clock()

    class Listener:
        heard = 0

        def hear(self):
            Listener.heard += 1

    listener = Listener()
    clock.subscribe(listener.hear)
    clock.advance(1)
    clock.set(clock.now())
    assert Listener.heard == 2
    del listener
    clock.advance(1)
    assert Listener.heard == 2
