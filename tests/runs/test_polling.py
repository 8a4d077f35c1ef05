"""Many pending runs are polled together: a page of the list every few seconds, not a call each."""

import asyncio
import threading
from contextlib import ExitStack, contextmanager

import pytest

from clocks import TestClock
from stripe_reports import errors
from stripe_reports.http.clock import SystemClock
from stripe_reports.runs.futures import PendingReport
from stripe_reports.runs.polling import FRESH_FOR, LISTED_FROM, LONGEST_AMONG_MANY, Poller

RETRIEVE, LIST = "GET /v1/reporting/report_runs/", "GET /v1/reporting/report_runs"
MONTHS = [f"{year}-{month:02}" for year in (2025, 2026) for month in range(1, 13)][:20]


@pytest.fixture
def poller(client, simulator):
    return Poller(client._api, TestClock(simulator.clock))


def launched(client, count):
    type_ = "balance_change_from_activity.itemized.1"
    requests = [
        client.request(type_, MONTHS[n % 20], reporting_category=CATEGORIES[n // 20]) for n in range(count)
    ]
    return [client.launch(request) for request in requests]


CATEGORIES = ["charge", "refund", "fee", "dispute", "dispute_reversal", "payout"]


@contextmanager
def follow(poller, runs):
    """Enter `following` for all of them."""
    with ExitStack() as stack:
        yield [stack.enter_context(poller.following(run)) for run in runs]


def test_polling_a_hundred_runs_costs_at_most_two_pages(client, poller, simulator, calls):
    """However many threads poll at the same moment."""
    runs = launched(client, 100)
    calls()
    with follow(poller, runs):
        assert {poller.poll(run).status for run in runs} == {"pending"}
        assert len(calls()) <= 2
        simulator.clock.advance(60)
        assert {poller.poll(run).status for run in runs} == {"succeeded"}
        assert len(calls()) <= 2


def test_a_few_runs_are_retrieved_one_by_one(client, poller, calls):
    """A list may be longer than a few runs."""
    runs = launched(client, LISTED_FROM - 1)
    calls()
    with follow(poller, runs):
        for run in runs:
            poller.poll(run)
    assert len(calls(RETRIEVE)) == len(runs)


def test_a_result_of_a_poll_is_used_by_others_for_a_moment(client, poller, simulator, calls):
    """A recent poll of another thread is enough, an old one is not."""
    (run,) = launched(client, 1)
    calls()
    with poller.following(run):
        poller.poll(run)
        poller.poll(run)
        assert len(calls()) == 1
        simulator.clock.advance(FRESH_FOR)
        poller.poll(run)
        assert len(calls()) == 1


def test_a_thread_polls_again_however_soon_its_pause_is_over(client, poller, calls):
    """What it has seen itself is no news: the end of a short run would be seen too late."""
    (run,) = launched(client, 1)
    calls()
    with poller.following(run):
        for _ in range(3):
            run = poller.poll(run)
    assert len(calls(RETRIEVE)) == 3


def test_a_run_that_the_list_does_not_show_is_retrieved(client, poller, simulator, calls, monkeypatch):
    """It may lie beyond the pages that are read."""
    runs = launched(client, LISTED_FROM)
    monkeypatch.setattr(
        client._api, "list_runs", lambda **_: type("Page", (), {"runs": (), "has_more": False})
    )
    calls()
    with follow(poller, runs):
        assert poller.poll(runs[0]).id == runs[0].id
    assert len(calls(RETRIEVE)) == 1


def test_a_list_that_repeats_itself_is_not_read_further(client, simulator, calls, caplog):
    """A gateway may ignore `starting_after`, and then `has_more` is always true."""
    runs = launched(client, 20)
    simulator.inject_fault("list.repeated", times=1000)
    calls()
    assert [run.id for run in client.runs(limit=1000)] == [run.id for run in reversed(runs)]
    assert len(calls(LIST)) == 2
    assert "repeats its list of runs" in caplog.text


def test_runs_missing_from_repeated_pages_are_retrieved(client, poller, simulator, calls):
    """Every waiting thread gets the state of its run."""
    runs = launched(client, 120)
    simulator.inject_fault("list.repeated", times=1000)
    simulator.clock.advance(60)
    calls()
    with follow(poller, runs):
        assert {poller.poll(run).status for run in runs} == {"succeeded"}


def test_a_failed_poll_is_not_repeated_by_every_waiting_thread(client, poller, simulator, monkeypatch):
    """Each tries six times, and a hundred of them in turn would exceed every timeout."""
    tried = []

    def fail(*_, **__):
        tried.append(1)
        raise errors.NetworkError("gone")

    runs = launched(client, LISTED_FROM)
    monkeypatch.setattr(client._api, "list_runs", fail)
    with follow(poller, runs):
        with pytest.raises(errors.NetworkError):
            poller.poll(runs[0])
        assert [poller.poll(run).status for run in runs] == ["pending"] * len(runs)
        assert len(tried) == 1
        simulator.clock.advance(FRESH_FOR)
        with pytest.raises(errors.NetworkError):
            poller.poll(runs[1])


def test_a_poll_wakes_all_threads_whose_run_has_ended(client, poller, simulator):
    """Fifty threads must not each need a poll of their own after the end."""
    runs = launched(client, LISTED_FROM)
    simulator.clock.advance(60)
    clock = poller._clock
    with follow(poller, runs) as followed:
        assert poller.poll(runs[0]).status == "succeeded"
        for each in followed:
            poller.pause(each, 600.0)
    assert clock.slept == []


def test_the_last_of_many_runs_is_polled_often(client, poller):
    """All others wait for it; a run that is alone has its own pauses."""
    runs = launched(client, LISTED_FROM)
    with follow(poller, runs) as followed:
        pass
    poller.pause(followed[0], 12.0)
    poller.pause(followed[0], 3.0)
    with poller.following(runs[0]) as alone:
        poller.pause(alone, 12.0)
    assert poller._clock.slept == pytest.approx([LONGEST_AMONG_MANY, 3.0, 12.0])


def test_a_pause_counts_from_the_poll_of_another_thread(client, poller, simulator):
    """Otherwise the last of many runs would be found later, by the age of that poll."""
    runs = launched(client, LISTED_FROM)
    with follow(poller, runs) as followed:
        poller.poll(runs[0])
        simulator.clock.advance(1.5)
        poller.poll(runs[1])
        poller.pause(followed[1], 12.0)
        assert poller._clock.slept == pytest.approx([LONGEST_AMONG_MANY - 1.5])


def test_an_event_ends_a_wait_by_the_machines_clock():
    """Otherwise this test would take a day."""
    clock, event = SystemClock(), threading.Event()
    thread = threading.Thread(target=clock.wait, args=(event, 86_400.0), daemon=True)
    thread.start()
    event.set()
    thread.join(60)
    assert not thread.is_alive()
    clock.wait(threading.Event(), 0.0)


def test_waiting_for_the_poll_of_another_thread_respects_the_timeout(client, poller, monkeypatch):
    """That poll may take minutes."""
    (run,) = launched(client, 1)
    inside, leave = threading.Event(), threading.Event()

    def slow(_id):
        inside.set()
        leave.wait(60)
        return run

    monkeypatch.setattr(client._api, "retrieve_run", slow)
    with poller.following(run):
        other = threading.Thread(target=poller.poll, args=(run,), daemon=True)
        other.start()
        inside.wait(60)
        assert poller.poll(run, within=0.0) is run
        leave.set()
        other.join(60)


def test_a_run_can_be_followed_while_another_is_polled(client, poller, monkeypatch):
    """A poll takes as long as its call, and code in that call may start to wait for a run itself."""
    first, second = launched(client, 2)
    retrieve = client._api.retrieve_run

    def follow_meanwhile(id_):
        with poller.following(second):
            return retrieve(id_)

    monkeypatch.setattr(client._api, "retrieve_run", follow_meanwhile)
    seen = []

    def poll():
        with poller.following(first):
            seen.append(poller.poll(first))

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    thread.join(120)
    assert [run.id for run in seen] == [first.id]


class TestSubmit:
    def test_a_future_of_a_report(self, client):
        """For scripts."""
        pending = client.submit("balance.summary", "2026-09")
        assert pending.request == client.request("balance.summary", "2026-09")
        report = pending.result(timeout=60)
        assert report.frame().height
        assert pending.done()
        assert repr(pending).endswith("done")

    def test_the_run_of_a_future_is_known_once_it_is_launched(self, client, simulator, monkeypatch):
        """Its id can be noted, and the process ended; there is none before."""
        told, go_on = threading.Event(), threading.Event()

        def progress(run, elapsed, expected):
            told.set()
            assert go_on.wait(60)

        assert PendingReport(client.request("balance.summary.2", "2026-10")).run is None
        pending = client.submit("balance.summary.2", "2026-10", progress=progress)
        assert told.wait(60)
        assert (pending.run.id, pending.run.status) == (simulator.runs[0].id, "pending")
        assert repr(pending).endswith(f"pending, run {pending.run.id}")
        go_on.set()
        assert pending.result(60).run == pending.run
        again = client.submit("balance.summary.2", "2026-10")
        assert again.result(60).run == again.run == pending.run

    def test_a_future_can_be_awaited(self, client):
        """Cells of a notebook have an event loop."""

        async def cell():
            return await client.submit("balance.summary", "2026-09")

        assert asyncio.run(cell()).frame().height

    def test_many_futures_at_once_each_get_their_report(self, client):
        """A year by months."""
        pending = {month: client.submit("balance.summary", month) for month in MONTHS[:12]}
        for month, each in pending.items():
            assert each.result(timeout=60).request == client.request("balance.summary", month)

    def test_an_impossible_request_is_refused_at_once(self, client):
        """Not a minute later, in another cell."""
        with pytest.raises(errors.ParameterError):
            client.submit("balance.summary", "2026-10", payout="po_1")

    def test_every_other_error_is_raised_by_the_result(self, client, simulator):
        """As with any future."""
        simulator.outcomes.append("failed")
        pending = client.submit("balance.summary", "2026-10")
        with pytest.raises(errors.RunFailedError):
            pending.result(timeout=60)
        assert "failed: Report run" in repr(pending)

    def test_a_future_cancelled_before_its_start_makes_no_call(self, client, calls):
        """As with any future."""
        pending = PendingReport(client.request("balance.summary.2", "2026-10"))
        assert repr(pending).endswith("pending")
        assert pending.cancel()
        pending._fulfil(lambda: client.fetch(pending.request))
        assert repr(pending).endswith("cancelled")
        assert calls(RETRIEVE) == []

    def test_a_future_does_not_keep_the_process_running(self, client, simulator):
        """A stuck run must not prevent the end of a script."""
        simulator.outcomes.append("stuck")
        before = set(threading.enumerate())
        pending = client.submit("balance.summary", "2026-10", timeout=5)
        assert all(thread.daemon for thread in set(threading.enumerate()) - before)
        with pytest.raises(errors.RunTimeoutError):
            pending.result(timeout=60)
