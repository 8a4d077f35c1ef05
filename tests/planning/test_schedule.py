"""How long many runs take, computed from Stripe's limits and the client's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.demo_client import DemoClient
from stripe_reports.http.settings import RATE_VARIABLE
from stripe_reports.planning.schedule import SECONDS_PER_RUN, Limits, schedule
from stripe_reports.simulator import RateLimits, Simulator

PLATFORM = 360_000
"""Twelve months of six report types of 5,000 accounts."""

FULL, DEFAULT = Limits(100, 2_000), Limits(20, 500)


@pytest.mark.parametrize(
    ("runs", "limits", "hours", "limited_by"),
    [
        (PLATFORM, FULL, 5, "Stripe's limit of 20 downloads a second"),
        (PLATFORM, DEFAULT, 19, "500 runs in flight of 95 s each"),
        (PLATFORM, Limits(5, 2_000), 50, "5 calls a second"),
    ],
)
def test_a_platform_of_5000_accounts_knows_how_long_it_takes(runs, limits, hours, limited_by):
    """Before anything is launched."""
    found = schedule(runs, limits)
    assert (round(found.seconds / 3600), found.limited_by) == (hours, limited_by)


def test_one_run_for_all_accounts_takes_minutes():
    """Which is why the advice comes first."""
    assert schedule(PLATFORM // 5_000, DEFAULT).seconds < 120


def test_nothing_to_launch_takes_no_time():
    """A call whose reports are stored."""
    assert schedule(0, DEFAULT).seconds == 0


def test_a_known_duration_replaces_the_assumed_one():
    """Runs of idle accounts take seconds, and then the calls are the limit."""
    found = schedule(PLATFORM, DEFAULT, seconds_per_run=12)
    assert (round(found.seconds / 3600), found.limited_by) == (13, "20 calls a second")


@pytest.mark.parametrize(
    ("calls_per_second", "in_flight", "seconds_per_run"),
    [
        pytest.param(20, 25, SECONDS_PER_RUN, id="limited by the runs in flight"),
        pytest.param(1, 500, 12, id="limited by the calls"),
    ],
)
def test_a_simulated_platform_takes_about_as_long(
    calls_per_second, in_flight, seconds_per_run, tmp_path, monkeypatch
):
    """By the simulator's clock, with Stripe's limits; ``tests/benchmarks`` does so with 2,000 reports."""
    monkeypatch.setenv(RATE_VARIABLE, str(calls_per_second))
    simulator = Simulator(latency=seconds_per_run, rate_limits=RateLimits())
    asked = {"split": "month", "accounts": simulator.account_ids(5), "in_flight": in_flight}
    with DemoClient(simulator, cache_dir=tmp_path) as client:
        started = simulator.clock.now()
        runs = len(client.fetch_all("payouts.itemized", "2025-02/2026-10", **asked))
        taken = (simulator.clock.now() - started).total_seconds()
    model = schedule(runs, Limits(calls_per_second, in_flight), seconds_per_run=seconds_per_run)
    assert runs == 100
    assert taken == pytest.approx(model.seconds, rel=0.2)


@given(runs=st.integers(1, 10**6), seconds=st.floats(0.1, 1_000), more=st.integers(1, 1_000))
def test_more_runs_never_take_less_time_and_higher_limits_never_more(runs, seconds, more):
    """For any numbers."""
    here = schedule(runs, DEFAULT, seconds_per_run=seconds).seconds
    assert schedule(runs + more, DEFAULT, seconds_per_run=seconds).seconds >= here
    assert schedule(runs, Limits(20 + more, 500 + more), seconds_per_run=seconds).seconds <= here
