"""The time limit of a call: set once, and kept by everything that waits in it."""

import math
import threading
from dataclasses import replace

import pytest

from clocks import utc
from stripe_reports.errors import CallTimeoutError, RunTimeoutError
from stripe_reports.models import ReportRun
from stripe_reports.planning import deadline

RUN = ReportRun(
    id="frr_1",
    created=utc(2026, 11, 5),
    livemode=False,
    report_type="balance.summary.2",
    parameters={},
    status="pending",
)


class Seconds:
    """A counter that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock():
    return Seconds()


def test_without_a_limit_a_call_may_take_forever(clock):
    """A limit is always somebody's wish."""
    deadline.check("the file was not read")
    deadline.pause(clock, 1e6, "the file was not read")
    assert (deadline.left(), deadline.began()) == (math.inf, math.inf)
    with deadline.about(RUN), deadline.turn(threading.Semaphore(), "no place was free"):
        pass


def test_a_limit_counts_from_its_start_and_ends_with_its_block(clock):
    """Whatever is waited for in between."""
    with deadline.within(clock, 10.0):
        deadline.pause(clock, 9.0, "nothing")
        assert (deadline.left(), deadline.began()) == (1.0, 1_000.0)
        deadline.check("nothing")
        clock.sleep(5.0)
        assert deadline.left() == 0.0
        with pytest.raises(CallTimeoutError, match=r"^The file was not read within the 10 s that this call"):
            deadline.check("The file was not read")
    assert deadline.left() == math.inf


def test_the_last_thousandth_of_a_second_counts_as_nothing(clock):
    """Clocks round, so a wait of that length could be repeated without end."""
    with deadline.within(clock, 10.0):
        clock.sleep(9.9995)
        assert deadline.left() == 0.0


@pytest.mark.parametrize(("inner", "left"), [(5.0, 5.0), (60.0, 10.0)])
def test_of_two_limits_the_earlier_one_holds(clock, inner, left):
    """A call in a call cannot extend it, and does not shorten what follows."""
    with deadline.within(clock, 10.0):
        with deadline.within(clock, inner):
            assert deadline.left() == left
        with deadline.within_unless_limited(clock, 1.0):
            assert deadline.left() == 10.0
    with deadline.within_unless_limited(clock, 1.0):
        assert deadline.left() == 1.0


@pytest.mark.parametrize(
    ("status", "said"), [("pending", "goes on at Stripe"), ("failed", "has failed at Stripe")]
)
def test_the_error_names_the_run_and_says_that_nothing_is_lost(clock, status, said):
    """Without it, the same report would be launched again."""
    run = replace(RUN, status=status)
    with deadline.within(clock, 1.0), deadline.about(run):
        clock.sleep(2.0)
        with pytest.raises(
            RunTimeoutError, match=rf"frr_1 \(balance.summary.2\) {said}; nothing is lost"
        ) as caught:
            deadline.check("It was not finished")
    assert caught.value.run == run


@pytest.mark.parametrize("seconds", [10.0, 11.0])
def test_a_pause_beyond_the_limit_is_an_error_at_once(clock, seconds):
    """Nobody waits for what will fail."""
    with deadline.within(clock, 10.0):
        with pytest.raises(CallTimeoutError, match="Stripe asked for a pause"):
            deadline.pause(clock, seconds, "Stripe asked for a pause")
        assert clock.now == 1_000.0


def test_a_place_is_given_back_and_waited_for_until_the_limit(clock):
    """Even after an error; otherwise the places run out."""
    room = threading.Semaphore()
    with (
        deadline.within(clock, 0.0),
        deadline.turn(room, "nothing"),
        pytest.raises(CallTimeoutError, match="No place was free"),
        deadline.turn(room, "No place was free"),
    ):
        pass
    with pytest.raises(KeyError), deadline.turn(room, "nothing"):
        raise KeyError
    assert room.acquire(blocking=False)
