"""`timeout` is the maximum duration of a call, whatever Stripe does."""

import gzip
import math
import socket
import tempfile
import threading
from contextlib import contextmanager, nullcontext, suppress
from contextvars import copy_context
from pathlib import Path

import pytest

import stripe_reports as sr
from clocks import TestClock
from stripe_reports import errors
from stripe_reports.http.clock import SystemClock
from stripe_reports.http.json_calls import JSON_TIMEOUT
from stripe_reports.planning import deadline
from stripe_reports.simulator import Clock

ASKED = ("payouts.itemized.5", "2026-10")
TIMEOUT = 100.0
TIME_IS_OVER = (errors.CallTimeoutError, errors.RunTimeoutError)


def fetch(client, **options):
    return client.fetch(*ASKED, **options)


def frame(client, **options):
    return client.frame(*ASKED, **options)


def submit(client, **options):
    return client.submit(*ASKED, **options).result(timeout=60)


def split(client, **options):
    return client.fetch_all("payouts.itemized.5", "2026-Q3", split="month", errors="raise", **options)


def wait(client, **options):
    return client.wait(client.simulator.runs[0].id, **options)


def report(client, **options):
    return client.report(client.simulator.runs[0].id, **options)


def tie_out(client, **options):
    return client.tie_out("2026-10", **options)


def evidence(client, **options):
    folder = tempfile.mkdtemp(dir=client.settings.cache_dir.parent)
    return client.evidence("2026-10", Path(folder) / "close.zip", **options)


def restatement(client, **options):
    return client.restatement(client.stored()[0], **options)


CALLS = [fetch, frame, submit, split, wait, report, tie_out, evidence, restatement]

SLOWNESS = {
    "answer.trickle": TIME_IS_OVER,
    "file.trickle": errors.RunTimeoutError,
    "run.stuck": errors.RunTimeoutError,
    "answer.429_retry_after": (*TIME_IS_OVER, errors.RateLimitError),
    "answer.429_retry_after_hour": errors.RateLimitError,
    "file.redirect_loop": errors.ResultUnavailableError,
    "list.repeated": None,
}
"""What is slow or without end, and the error that ends a call; None where it does its work nevertheless."""

UNTOUCHED = {(wait, "file.trickle"), (wait, "file.redirect_loop"), (wait, "run.stuck"), (report, "run.stuck")}


@pytest.mark.parametrize("slowness", SLOWNESS)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_a_call_takes_no_longer_than_its_timeout_and_can_be_continued(call, slowness, client, simulator):
    """By the clock of the call. A run that was already launched is not launched again."""
    if call in (wait, report):
        client.launch(client.request(*ASKED))
        simulator.clock.advance(60)
    if call is restatement:
        client.fetch(*ASKED)
    before, began = len(simulator.runs), simulator.clock.now()
    error = None if (call, slowness) in UNTOUCHED else SLOWNESS[slowness]
    if call is split and error is not None:  # each part has its own reason
        error = (errors.IncompleteError, *TIME_IS_OVER, errors.RateLimitError)

    simulator.inject_fault(slowness, times=math.inf)
    with nullcontext() if error is None else pytest.raises(error):
        call(client, timeout=TIMEOUT)
    # The simulated clock is moved by all threads: each may take a last step.
    assert (simulator.clock.now() - began).total_seconds() <= TIMEOUT + 6

    simulator.faults.clear()
    launched = simulator.runs[before:]
    if slowness != "run.stuck":
        assert call(client) is not None
    if call is not restatement:  # which always launches
        assert simulator.runs[before:][: len(launched)] == launched
        assert len({run.generation for run in simulator.runs}) == len(simulator.runs)


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("answer.trickle", errors.CallTimeoutError, r"GET /v1/\S+ was not answered within the 100 s"),
        ("file.trickle", errors.RunTimeoutError, r"file_\w+ did not arrive \(\d+ B of \d.* kB had come\)"),
        ("run.stuck", errors.RunTimeoutError, r"is still pending after 100 s"),
        ("answer.429_retry_after_hour", errors.RateLimitError, r"asks for a pause of 3600 s"),
    ],
)
def test_the_error_says_what_was_slow_and_how_to_continue(fault, error, says, client, simulator):
    """And it is a `TimeoutError`, wherever the time was over."""
    simulator.inject_fault(fault, times=math.inf)
    with pytest.raises(error, match=says) as caught:
        client.fetch(*ASKED, timeout=TIMEOUT)
    assert isinstance(caught.value, TimeoutError) == (error is not errors.RateLimitError)
    if error is errors.RunTimeoutError:
        assert caught.value.run.id == simulator.runs[0].id
        assert "no new run is needed" in str(caught.value)


def test_a_result_that_did_not_arrive_can_be_read_later(client, simulator):
    """The advice works: to wait again for a run that has ended would read nothing."""
    simulator.inject_fault("file.trickle", times=math.inf)
    with pytest.raises(errors.RunTimeoutError, match=r"client\.report\('frr_") as caught:
        client.fetch(*ASKED, timeout=TIMEOUT)
    assert "client.wait(" not in str(caught.value)
    simulator.faults.clear()
    assert client.report(caught.value.run.id, timeout=TIMEOUT).frame().height > 0


def test_a_launch_with_a_very_slow_answer_launches_one_run(client, simulator):
    """Stripe has launched it, and the same fetch finds it by its idempotency key."""
    type_ = client.report_type("payouts.itemized.5")
    simulator.inject_fault("answer.trickle", match="POST /v1/reporting/report_runs", times=math.inf)
    with pytest.raises(errors.CallTimeoutError, match="will be found, not repeated"):
        client.fetch(type_.id, "2026-10", timeout=TIMEOUT)
    simulator.faults.clear()
    client.fetch(type_.id, "2026-10")
    assert len(simulator.runs) == 1


def test_a_run_is_polled_once_more_before_the_timeout(client, simulator):
    """Otherwise a run that ends in the last pause would not be found."""
    run = client.launch(client.request(*ASKED))
    simulator.clock.advance(1)
    assert client.wait(run, timeout=10.5).status == "succeeded"


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.report_types(),
        lambda client: client.report_type("payouts.itemized.5"),
        lambda client: client.request("payouts.itemized", "2026-10"),
        lambda client: client.runs(),
        lambda client: client.retrieve("frr_123"),
        lambda client: client.plan(*ASKED),
        lambda client: client.launch(client.request(*ASKED)),
    ],
    ids=["report_types", "report_type", "request", "runs", "retrieve", "plan", "launch"],
)
def test_a_call_without_a_timeout_ends_too(call, client, simulator):
    """A notebook must not wait for an hour for a list of names."""
    client.launch(client.request(*ASKED))
    simulator.clock.advance(60)
    simulator.inject_fault("answer.trickle", times=math.inf)
    began = simulator.clock.now()
    with pytest.raises(errors.CallTimeoutError, match="within the 120 s"):
        call(client)
    assert (simulator.clock.now() - began).total_seconds() <= JSON_TIMEOUT + 1


class TestLimits:
    def test_the_earlier_of_two_limits_applies(self):
        """A call within a call has no more time than the outer one."""
        clock = TestClock(Clock())
        with deadline.within(clock, 10):
            with deadline.within(clock, 100), deadline.within_unless_limited(clock, 5):
                assert deadline.left() == pytest.approx(10)
            with deadline.within(clock, 1):
                assert deadline.left() == pytest.approx(1)
            clock.sleep(4)
            assert deadline.left() == pytest.approx(6)
        assert deadline.left() == math.inf

    def test_a_thread_has_the_time_limit_of_its_caller(self):
        """If it is started in the context of the call."""
        seen = []
        with deadline.within(TestClock(Clock()), 10):
            thread = threading.Thread(target=copy_context().run, args=(lambda: seen.append(deadline.left()),))
            thread.start()
        thread.join()
        assert seen == [pytest.approx(10)]

    def test_a_pause_beyond_the_time_limit_is_not_started(self):
        """It could only end in the same error, later."""
        clock = TestClock(Clock())
        with (
            deadline.within(clock, 10),
            pytest.raises(errors.CallTimeoutError, match="It was not done within"),
        ):
            deadline.pause(clock, 11, "It was not done")
        assert clock.slept == []

    def test_waiting_for_a_place_ends_at_the_time_limit(self):
        """Other threads may be reading results for hours."""
        room = threading.BoundedSemaphore(1)
        with (
            deadline.within(SystemClock(), 0.01),
            deadline.turn(room, "The first"),
            pytest.raises(errors.CallTimeoutError, match="The second within"),
            deadline.turn(room, "The second"),
        ):
            raise AssertionError("there was no room")
        with deadline.turn(room, "The third"):
            pass

    def test_waiting_for_another_process_ends_at_the_time_limit(self, connect):
        """It may download for hours."""
        client = connect(clock=SystemClock())
        request = client.request(*ASKED)
        with (
            client._store.lock_request(client._account.key_of(request)),
            pytest.raises(errors.CallTimeoutError, match="Another process was busy"),
        ):
            client.fetch(request, timeout=0.3)


STATUS = b"HTTP/1.1 200 OK\r\n"
PACKED = b"Content-Encoding: gzip\r\nContent-Length: 9999\r\n\r\n"


class TestSockets:
    """Bytes that arrive one by one over a real socket: each of them used to restart the read timeout."""

    @pytest.mark.parametrize(
        ("begins", "drop"),
        [
            pytest.param(STATUS + b"Content-Length: 9999\r\n\r\n", b" ", id="a body of known length"),
            pytest.param(STATUS + b"\r\n", b" ", id="a body up to the end of the connection"),
            pytest.param(
                STATUS + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", id="a body in chunks"
            ),
            pytest.param(STATUS + b"Transfer-Encoding: chunked\r\n\r\n", b"0", id="the length of a chunk"),
            pytest.param(STATUS + PACKED + gzip.compress(b" " * 9999)[:12], b"\0", id="a packed body"),
            pytest.param(STATUS + b"X-Header: ", b"x", id="a header"),
            pytest.param(b"HTTP/1.1 200 ", b"x", id="the status line"),
        ],
    )
    def test_an_answer_that_arrives_byte_by_byte_ends_at_the_time_limit(self, begins, drop, tmp_path):
        """An answer of JSON here; files are read from the same sockets."""
        with (
            dripping(begins, drop) as url,
            sr.Client("sk_test_123", base_url=url, cache_dir=tmp_path) as client,
            pytest.raises(errors.CallTimeoutError, match=r"was not answered within the 0\.3 s"),
        ):
            client.wait("frr_123", timeout=0.3)

    @pytest.mark.parametrize("connection", ["direct", "proxy"])
    def test_sockets_of_a_proxy_respect_the_time_limit_too(self, connection, tmp_path, monkeypatch):
        """A company's proxy may be the slow part."""
        with dripping(STATUS + b"X-Header: ", b"x") as url:
            if connection == "proxy":
                monkeypatch.setenv("HTTPS_PROXY", url)
            base_url = url if connection == "direct" else "https://api.stripe.com"
            with (
                sr.Client("sk_test_123", base_url=base_url, cache_dir=tmp_path) as client,
                pytest.raises(errors.CallTimeoutError),
            ):
                client.wait("frr_123", timeout=0.3)


@contextmanager
def dripping(begins, drop):
    """A server that sends the start of an answer, and then a byte every 20 ms."""
    is_over = threading.Event()

    def answer(connection):
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(begins)
            while not is_over.wait(0.02):
                connection.sendall(drop)

    def accept():
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        is_over.set()
        server.shutdown(socket.SHUT_RDWR)
