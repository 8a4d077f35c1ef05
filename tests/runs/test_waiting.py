"""How soon a wait is shown, and how soon its end is seen, from the request to its report."""

import random
import threading
from itertools import pairwise

import pytest

from clocks import TestClock
from stripe_reports import client as client_module
from stripe_reports.client import Client
from stripe_reports.runs.progress import shown
from stripe_reports.simulator import Fault, Simulator

DURATIONS = [1.0, 2.0, 3.5, 5.0, 9.0, 20.0, 60.0, 300.0, 1200.0]


class Timeline(TestClock):
    """The clock of a client and of its display: time passes while the client waits, and both act in turn."""

    def __init__(self, simulated):
        super().__init__(simulated)
        self._turn = threading.Condition()
        self._display_rests_until = None

    def sleep(self, seconds):
        """Let the display draw whenever it is due."""
        end = self.monotonic() + seconds
        with self._turn:
            while self._turn.wait_for(lambda: self._display_rests_until is not None, 120):
                if self._display_rests_until > end:
                    break
                self._move_to(self._display_rests_until)
                self._display_rests_until = None
                self._turn.notify_all()
            self._move_to(end)

    def _move_to(self, moment):
        self.simulated.advance(moment - self.monotonic())


class DisplayClock:
    """The same clock, for the thread that draws."""

    def __init__(self, timeline):
        self.monotonic = timeline.monotonic
        self._timeline, self._turn = timeline, timeline._turn
        timeline._display_rests_until = None

    def wait(self, event, seconds):
        with self._turn:
            self._timeline._display_rests_until = self.monotonic() + seconds
            self._turn.notify_all()
            while not event.is_set() and self._timeline._display_rests_until is not None:
                self._turn.wait(0.01)


class Drawing:
    between = 0.5

    def __init__(self, clock):
        self.at, self._clock = [], clock

    def draw(self, text, share):
        self.at.append(self._clock.monotonic())

    def erase(self):
        self.at.append(self._clock.monotonic())


class Longest(random.Random):
    """Makes every pause as long as it may be."""

    def uniform(self, a, b):
        return b


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Fetches a month of a report whose runs take so many seconds; returns when it was asked, drawn, seen."""

    def ask(month):
        drawing, began = Drawing(clock), clock.monotonic()
        monkeypatch.setattr(client_module, "place_to_draw", lambda: drawing)
        monkeypatch.setattr(client_module, "shown", lambda *args: shown(*args, clock=DisplayClock(clock)))
        client.fetch("balance.summary.2", month, timeout=4000)
        return began, drawing.at, clock.monotonic()

    simulator = Simulator(seed=1, latency=lambda _: ask.seconds)
    clock = Timeline(simulator.clock)
    monkeypatch.setattr(simulator.clock, "sleep", clock.sleep)  # of an answer that takes long
    with Client(simulator.key, application=simulator, cache_dir=tmp_path / "cache", clock=clock) as client:
        ask.simulator, ask.clock, ask.client, ask.seconds = simulator, clock, client, 10.0
        yield ask


@pytest.mark.parametrize("seconds", DURATIONS)
def test_the_end_of_a_run_is_seen_soon_if_its_duration_is_known(ask, seconds):
    """Within 1.15 times its duration and a second; the first run of the type has taught it."""
    ask.seconds = seconds
    ask("2026-07")
    for month, fraction in (("2026-08", 0.0), ("2026-09", 0.45), ("2026-10", 0.95)):
        ask.clock.simulated.advance(fraction)  # Stripe tells whole seconds
        began, _, seen = ask(month)
        assert seconds <= seen - began <= 1.15 * seconds + 1


@pytest.mark.parametrize("seconds", DURATIONS)
def test_a_wait_is_shown_within_a_second_until_its_end(ask, seconds):
    """Whether the duration is known or not; and it is drawn at least once a second."""
    ask.seconds = seconds
    for month in ("2026-08", "2026-09"):
        began, drawn, seen = ask(month)
        assert all(late - early <= 1.0 for early, late in pairwise([began, *drawn, seen]))


@pytest.mark.parametrize("call", ["GET /v1/reporting/report_types*", "POST *", "GET /v1/files/*"])
def test_a_wait_for_a_slow_answer_is_shown_within_a_second(ask, call):
    """Before there is a run, and after its end."""
    ask.simulator.faults.append(Fault(call, change=lambda request, answer: answer(), delay=40.0))
    began, drawn, seen = ask("2026-09")
    assert seen - began >= 40
    assert all(late - early <= 1.0 for early, late in pairwise([began, *drawn, seen]))


@pytest.mark.parametrize("seconds", [5.0, 10.0, 60.0, 300.0])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.98])
@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.6])
def test_the_age_of_a_run_that_is_joined_counts(ask, seconds, share, fraction):
    """Another process launched it. Its age is known to a second, which may be added to the wait."""
    ask.seconds = seconds
    ask.client._transport.rng = Longest()
    ask("2026-07")
    ask.clock.simulated.advance(fraction + 1 - ask.clock.monotonic() % 1)
    began = ask.clock.monotonic()
    ask.client.launch(ask.client.request("balance.summary.2", "2026-09"))
    ask.clock.simulated.advance(share * seconds)
    _, _, seen = ask("2026-09")
    assert len(ask.simulator.runs) == 2
    assert seconds <= seen - began <= 1.15 * seconds + 2


def test_the_seconds_of_a_run_that_is_joined_count_from_its_launch(ask):
    """They are shown beside the usual duration."""
    ask.seconds = 60.0
    run = ask.client.launch(ask.client.request("balance.summary.2", "2026-09"))
    ask.clock.simulated.advance(50)
    told = []
    ask.clock._display_rests_until = float("inf")  # nothing is drawn
    ask.client.wait(run.id, progress=lambda run, elapsed, expected: told.append((run.status, elapsed)))
    assert told[0] == ("pending", pytest.approx(50, abs=1))
    assert told[-1] == ("succeeded", pytest.approx(60, abs=5))
