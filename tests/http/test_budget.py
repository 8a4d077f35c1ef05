"""No more calls per second than Stripe allows, for all threads and processes that use a key."""

import json
import math
import os
import stat
import threading
import time

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import stripe_reports as sr
from clocks import TestClock
from stripe_reports import errors
from stripe_reports.http.clock import SystemClock
from stripe_reports.http.rate_limit import (
    CALLS_A_SECOND,
    CALLS_A_SECOND_AND_ENDPOINT,
    DOWNLOADS_A_SECOND,
    IN_USE,
    RateBudget,
    Turns,
    TurnsInMemory,
    TurnsOnDisk,
    turns_of,
)
from stripe_reports.http.settings import RATE_VARIABLE, STRIPE_URL, Secret, Settings, allowed_rate
from stripe_reports.http.transport import Transport
from stripe_reports.planning import deadline
from stripe_reports.simulator import Clock, RateLimits, Simulator
from stripe_reports.simulator.api.keys import Access, Caller
from stripe_reports.storage.disk import locked

RUNS, CONTENTS = "/v1/reporting/report_runs", "/v1/files/file_1/contents"
ALL = {"all": CALLS_A_SECOND["test"]}


class Counter(SystemClock):
    """A monotonic clock that moves only while somebody sleeps."""

    def __init__(self, seconds=1000.0):
        self.seconds, self.slept = seconds, []

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture
def clock():
    return Counter()


def most_in_a_second(times):
    """The largest number of calls in any second."""
    times = sorted(times)
    return max((sum(first <= at < first + 1 for at in times) for first in times), default=0)


# The limit


@given(
    st.lists(st.floats(0, 0.5), max_size=300),
    st.sampled_from([1.0, 5.0, 20.0, 100.0]),
    st.sampled_from([20.0, 25.0, 100.0]),
)
def test_no_second_has_more_calls_than_stripe_allows(gaps, rate, limit):
    """Stripe does not say how it counts; a strict count refuses nothing either."""
    turns, now, calls = Turns(), 50.0, []
    for gap in gaps:
        now += gap
        calls.append(now + turns.take({"all": limit}, rate, now, math.inf))
    allowed = min(rate, limit)
    assert most_in_a_second(calls) <= min(1.25 * allowed + 1, limit + 1)
    if calls:
        assert len(calls) <= allowed * (max(calls) - min(calls)) + max(1, allowed / 4) + 1


def test_a_few_calls_at_once_do_not_wait(clock):
    """A user of a notebook does not notice the limit."""
    budget = RateBudget("test", clock)
    for _ in range(5):
        budget.spend("GET", RUNS)
    assert clock.slept == []


@pytest.mark.parametrize("mode", ["test", "live"])
def test_an_endpoint_has_one_limit_for_all_ids(mode, clock):
    """Polling a hundred runs makes a hundred calls of one endpoint."""
    budget = RateBudget(mode, clock, rate=100)
    for number in range(100):
        budget.spend("GET", f"{RUNS}/frr_{number}")
    assert sum(clock.slept) == pytest.approx(100 / CALLS_A_SECOND_AND_ENDPOINT, abs=0.1)


@pytest.mark.parametrize(("mode", "seconds"), [("test", 4), ("live", 1)])
def test_stripes_limit_of_the_mode_holds_for_any_rate(mode, seconds, clock):
    """25 and 100 calls a second."""
    budget = RateBudget(mode, clock, rate=1000)
    for number in range(100):
        budget.spend("GET", f"/v1/endpoint_{'abcdefghij'[number % 10]}")
    assert sum(clock.slept) == pytest.approx(seconds, abs=0.1)


def test_twenty_downloads_a_second_are_made_at_most_however_many_calls_are_allowed(clock):
    """Stripe's limit for files is lower than its limit for all calls of a live key."""
    budget = RateBudget("live", clock, rate=100)
    for number in range(100):
        budget.spend("GET", f"/v1/files/file_{number}/contents")
    assert sum(clock.slept) == pytest.approx(100 / DOWNLOADS_A_SECOND, abs=0.1)


def test_a_download_counts_as_a_call_too(clock):
    """Stripe's limit of a mode is for all calls."""
    budget = RateBudget("test", clock)
    for number in range(100):
        budget.spend("GET", CONTENTS if number % 2 else RUNS)
    assert sum(clock.slept) == pytest.approx(100 / 20, abs=0.3)


def test_a_turn_after_the_time_limit_is_not_taken(clock):
    """Callers who give up must not make the others wait."""
    budget = RateBudget("test", clock, rate=1)
    budget.spend("GET", RUNS)
    for _ in range(10):
        with deadline.within(clock, 0.5), pytest.raises(errors.CallTimeoutError, match="its turn"):
            budget.spend("GET", RUNS)
    budget.spend("GET", RUNS)
    assert clock.slept == [1.0]


# The lowest rate in use


@pytest.mark.parametrize(
    ("given_", "variable", "rate"),
    [
        pytest.param(None, None, 20, id="neither"),
        pytest.param(50, None, 50, id="given"),
        pytest.param(None, "50", 50, id="set for the machine"),
        pytest.param(50, "2.5", 2.5, id="the lower one"),
        pytest.param(3, "", 3, id="an empty variable"),
    ],
)
def test_the_lowest_rate_that_is_given_applies(monkeypatch, given_, variable, rate):
    """An administrator can limit a machine, and a user can be more careful than that."""
    if variable is not None:
        monkeypatch.setenv(RATE_VARIABLE, variable)
    assert allowed_rate(given_) == rate


@pytest.mark.parametrize("wrong", [0, -1, math.nan, math.inf, "fast", True, [20]])
def test_a_rate_is_a_number_above_zero(wrong):
    """Zero would wait forever."""
    with pytest.raises(errors.ParameterError, match=r"calls_per_second must be a number above 0"):
        sr.Client("sk_test_123", calls_per_second=wrong)


def test_a_wrong_variable_is_named(monkeypatch):
    """It may have been set by somebody else, long ago."""
    monkeypatch.setenv(RATE_VARIABLE, "twenty")
    with pytest.raises(
        errors.ParameterError, match=f"{RATE_VARIABLE} must be a number above 0; got 'twenty'"
    ):
        sr.Client("sk_test_123")


def test_the_lowest_rate_in_use_applies_to_all_and_ends_a_minute_after_its_last_call(clock):
    """A client that leaves room for payments must not lose it to another client of the same key."""
    turns = TurnsInMemory()
    slow, fast = (RateBudget("live", clock, rate=rate, turns=turns) for rate in (2, 20))
    slow.spend("GET", RUNS)
    for _ in range(10):
        fast.spend("GET", RUNS)
    assert sum(clock.slept) == pytest.approx(10 / 2, abs=0.1)
    clock.slept.clear()
    clock.seconds += IN_USE
    for _ in range(10):
        fast.spend("GET", RUNS)
    assert sum(clock.slept) == pytest.approx((10 - 5) / 20, abs=0.1)


# Who shares a budget


def test_four_processes_on_one_key_stay_within_stripes_limits(tmp_path, clock):
    """They share nothing but the file. Stripe refused 56 % of such calls when each had its own budget."""
    calls = []
    processes = [TurnsOnDisk(tmp_path / "limits" / "test-1.json") for _ in range(4)]
    for number in range(240):
        turns = processes[number % 4]
        calls.append(clock.seconds + turns.take(ALL, 20.0, clock.monotonic, math.inf))
    assert most_in_a_second(calls) <= 25
    limits, access = RateLimits(), Access(Caller(livemode=False), "sk_test_***")
    for at in sorted(calls):
        limits.take(access, "list_runs", at)  # raises an error if it is too many


def test_threads_share_the_budget(tmp_path):
    """The limit belongs to the key, not to the thread."""
    clock, turns, waits = Counter(), TurnsOnDisk(tmp_path / "x.json"), []

    def take():
        waits.extend(turns.take(ALL, 20.0, clock.monotonic, math.inf) for _ in range(10))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(waits) == pytest.approx((80 - 5) / 20)


def settings(tmp_path, key="sk_test_123", **members):
    return Settings(api_key=Secret(key), cache_dir=tmp_path, **members)


def test_all_clients_of_a_key_share_a_budget_whatever_account_they_act_for(tmp_path):
    """Stripe counts the calls of the account whose key it is; so do clients with folders of their own."""
    clock = SystemClock()
    usual = turns_of(settings(tmp_path), None, clock)
    assert turns_of(settings(tmp_path, account="acct_1"), None, clock) is usual
    assert turns_of(settings(tmp_path / "other"), None, clock) is usual


@pytest.mark.parametrize(
    "members",
    [{"key": "sk_test_456"}, {"key": "sk_live_123"}, {"base_url": "http://127.0.0.1:12111"}],
    ids=["key", "mode", "place"],
)
def test_another_key_mode_or_place_has_another_budget(tmp_path, members):
    """Calls to a simulator must not slow down calls to Stripe."""
    clock = SystemClock()
    assert turns_of(settings(tmp_path, **members), None, clock) is not turns_of(
        settings(tmp_path), None, clock
    )


def test_a_simulator_in_this_process_has_a_budget_of_its_own_in_memory(tmp_path):
    """Its clients share it, and its clock may be moved."""
    one, other = Simulator(seed=1), Simulator(seed=1)
    of_one = turns_of(settings(tmp_path, in_process=True), one, TestClock(one.clock))
    again = turns_of(settings(tmp_path, in_process=True, account="acct_1"), one, TestClock(one.clock))
    assert isinstance(of_one, TurnsInMemory)
    assert of_one is again
    assert of_one is not turns_of(settings(tmp_path, in_process=True), other, TestClock(other.clock))


def test_a_client_with_a_clock_of_its_own_does_not_write_to_the_file(tmp_path):
    """Others would wait by a clock that they do not have."""
    assert isinstance(turns_of(settings(tmp_path), None, TestClock(Clock())), TurnsInMemory)


# Clocks


@pytest.mark.parametrize("moved", [-30 * 86_400, -1, 1, 30 * 86_400])
def test_a_clock_that_was_moved_makes_nobody_wait_longer(moved):
    """A test or a demo puts the clock of its simulator back; a reboot starts the machine's at zero."""
    turns = Turns()
    waits = [turns.take(ALL, 20.0, 100 * 86_400.0, math.inf) for _ in range(30)]
    assert turns.take(ALL, 20.0, 100 * 86_400.0 + moved, math.inf) <= waits[-1] + 1 / 20 + 1e-6


def test_a_rate_is_in_use_for_a_minute_of_a_clock_that_was_put_back():
    """Not for the days that the clock went back."""
    turns = Turns()
    turns.take(ALL, 1.0, 1_000_000.0, math.inf)
    turns.take(ALL, 20.0, 10.0, math.inf)
    assert min(turns.rates) == 1
    turns.take(ALL, 20.0, 10.0 + IN_USE, math.inf)
    assert min(turns.rates) == 20


# The file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "limits" / "test-1.json"


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_only_its_owner_can_read_the_file(path, clock):
    """It has the digest of a key in its name."""
    TurnsOnDisk(path).take(ALL, 20.0, clock.monotonic, math.inf)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (path.parent, *path.parent.iterdir())}
    assert modes == {"limits": 0o700, "test-1.json": 0o600, "test-1.lock": 0o600}


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", '"x"', '{"seen": 1}', '{"seen": "x", "next": {}, "rates": {}}'),
        '{"seen": 1000, "next": {"all": 1e300}, "rates": {}}',
        '{"seen": 1000, "next": {"all": NaN}, "rates": {}}',
        '{"seen": 1000, "next": {}, "rates": {"0": 1000}}',
        '{"seen": 1000, "next": {}, "rates": {"-5": 1000}}',
        '{"seen": NaN, "next": {"all": 5}, "rates": {}}',
    ],
)
def test_a_damaged_file_is_replaced(path, clock, content):
    """Nobody waits for what it says, and the next process can read it."""
    path.parent.mkdir()
    path.write_text(content)
    assert TurnsOnDisk(path).take(ALL, 20.0, clock.monotonic, math.inf) <= 0
    assert Turns.from_json(json.loads(path.read_text())).seen == clock.seconds


def test_turns_on_disk_are_those_that_were_taken(path, clock):
    """A later process continues where the earlier one ended."""
    waits = [TurnsOnDisk(path).take(ALL, 20.0, clock.monotonic, math.inf) for _ in range(10)]
    turns = Turns()
    assert waits == [turns.take(ALL, 20.0, clock.seconds, math.inf) for _ in range(10)]


@pytest.mark.parametrize("trouble", ["locked", "a folder", "no folder"])
def test_a_file_that_cannot_be_used_means_a_budget_of_this_process_and_a_warning(
    path, clock, monkeypatch, trouble
):
    """The limit must not stop anybody's work; after a minute the file is tried again."""
    monkeypatch.setattr("stripe_reports.http.rate_limit._LOCK_TIMEOUT", 0.0)
    turns, holder = TurnsOnDisk(path), locked(path.with_suffix(".lock"), timeout=0)
    match trouble:
        case "locked":
            holder.__enter__()
        case "a folder":
            path.mkdir(parents=True)
        case "no folder":
            path.parent.write_text("a file in its place")
    with pytest.warns(RuntimeWarning, match=r"not counted in the rate limit: .*test-1.json cannot be used"):
        turns.take(ALL, 20.0, clock.monotonic, math.inf)
    waits = [turns.take(ALL, 20.0, clock.monotonic, math.inf) for _ in range(10)]
    assert waits[-1] == pytest.approx((11 - 5) / 20)
    match trouble:
        case "locked":
            holder.__exit__(None, None, None)
        case "a folder":
            path.rmdir()
        case "no folder":
            path.parent.unlink()
    clock.seconds += 60
    turns.take(ALL, 20.0, clock.monotonic, math.inf)
    assert path.is_file()


def test_clients_of_an_address_use_the_file(url, simulator, tmp_path, monkeypatch):
    """In the user's cache folder, whatever folder they have for results."""
    folder = tmp_path / "of-user"
    monkeypatch.setattr("stripe_reports.http.rate_limit.user_cache_path", lambda _: folder)
    with sr.Client(simulator.key, base_url=url, cache_dir=tmp_path / "results") as client:
        client.report_types()
    [written] = (folder / "limits").glob("*.json")
    kept = Turns.from_json(json.loads(written.read_text()))
    assert kept.rates.keys() == {20.0}
    assert kept.seen <= time.monotonic()


# The transport


def transport(simulator, tmp_path, **options):
    return Transport(
        settings(tmp_path, simulator.key, in_process=True),
        application=simulator,
        clock=TestClock(simulator.clock),
        **options,
    )


def test_downloads_are_counted_where_they_are_handed_out(simulator, tmp_path):
    """Workers, perhaps on other machines, download without a budget; the driver's is 20 a second."""
    driver = transport(simulator, tmp_path)
    for _ in range(41):
        driver.take_download()
    assert sum(driver.clock.slept) == pytest.approx(40 / DOWNLOADS_A_SECOND)
    worker = transport(simulator, tmp_path, is_limited=False)
    for _ in range(41):
        worker.take_download()
        worker.file_session.get("https://files.stripe.com/v1/files/file_1/contents")
    assert worker.clock.slept == []


@pytest.mark.parametrize(
    ("reason", "counted"),
    [
        *(("global-concurrency", 1), ("endpoint-concurrency", 1), ("resource-specific", 1)),
        *(("global-rate", 0), ("endpoint-rate", 0), ("", 0), ("something new", 0)),
    ],
)
def test_refusals_because_of_concurrency_are_counted(simulator, tmp_path, reason, counted):
    """Fewer runs in flight help against them; against the others, the rate limit and pauses do."""
    made = transport(simulator, tmp_path)
    simulator.inject_fault("answer.429", headers={"Stripe-Rate-Limited-Reason": reason})
    answer = made.json_session.get(
        f"{STRIPE_URL}{RUNS}", headers={"Authorization": f"Bearer {simulator.key}"}, timeout=(1, 1)
    )
    assert isinstance(answer, requests.Response)
    assert answer.status_code == 200
    assert made.concurrency_refusals == counted
