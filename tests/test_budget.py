"""No more calls per second than Stripe allows, for any number of threads."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import TestClock
from stripe_reports.http.rate_limit import CALLS_A_SECOND_AND_ENDPOINT, RateBudget, TokenBucket
from stripe_reports.simulator import Clock

RUNS = "/v1/reporting/report_runs"


@given(st.lists(st.floats(0, 0.5), max_size=300), st.sampled_from([5.0, 25.0]))
def test_calls_per_second_and_per_minute_are_limited(gaps, rate):
    """A burst of calls may pass, then the rate applies; Stripe counts in a similar way."""
    clock = TestClock(Clock())
    start, bucket, calls = clock.monotonic(), TokenBucket(rate, clock), []
    for gap in gaps:
        clock.sleep(gap)
        calls.append(clock.monotonic() - start + bucket.take())
    calls.sort()
    for first, call in enumerate(calls):
        within = [later for later in calls[first:] if later < call + 1]
        assert len(within) <= 2 * rate + 1
    if calls:
        assert len(calls) <= rate * (calls[-1] + 1) + 1


def test_calls_within_the_rate_do_not_wait():
    """A user of a notebook never notices the limit."""
    clock = TestClock(Clock())
    budget = RateBudget("test", clock)
    for _ in range(20):
        budget.spend("GET", RUNS)
    assert clock.slept == []


@pytest.mark.parametrize("mode", ["test", "live"])
def test_an_endpoint_has_one_limit_for_all_ids(mode):
    """Polling a hundred runs makes a hundred calls of one endpoint."""
    clock = TestClock(Clock())
    budget = RateBudget(mode, clock)
    for number in range(100):
        budget.spend("GET", f"{RUNS}/frr_{number}")
    assert sum(clock.slept) == pytest.approx(100 / CALLS_A_SECOND_AND_ENDPOINT - 1, abs=0.1)


def test_in_test_mode_all_endpoints_share_one_limit_and_in_live_mode_a_wider_one():
    """25 and 100 calls a second."""
    waited = {}
    for mode in ("test", "live"):
        clock = TestClock(Clock())
        budget = RateBudget(mode, clock)
        for number in range(100):
            budget.spend("GET", f"/v1/endpoint_{'abcdefghij'[number % 10]}")
        waited[mode] = sum(clock.slept)
    assert waited["test"] == pytest.approx(3, abs=0.1)
    assert waited["live"] == 0


def test_threads_share_the_limit():
    """The limit belongs to the client, not to the thread."""
    clock = TestClock(Clock())
    budget = RateBudget("test", clock)
    threads = [
        threading.Thread(target=lambda: [budget.spend("GET", RUNS) for _ in range(10)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.slept
