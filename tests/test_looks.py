"""Many runs are waited for together: a page of the list every few seconds, not a call each."""

import asyncio
import threading
from contextlib import ExitStack, contextmanager

import pytest

from conftest import TestClock
from stripe_reports import errors
from stripe_reports.http.clock import SystemClock
from stripe_reports.runs.futures import PendingReport
from stripe_reports.runs.polling import FRESH_FOR, LISTED_FROM, LONGEST_AMONG_MANY, Looks

RETRIEVE, LIST = "GET /v1/reporting/report_runs/", "GET /v1/reporting/report_runs"
MONTHS = [f"{year}-{month:02}" for year in (2025, 2026) for month in range(1, 13)][:20]


@pytest.fixture
def looks(client, simulator):
    return Looks(client._api, TestClock(simulator.clock))


def launched(client, count):
    type_ = "balance_change_from_activity.itemized.1"
    requests = [
        client.request(type_, MONTHS[n % 20], reporting_category=CATEGORIES[n // 20]) for n in range(count)
    ]
    return [client.launch(request) for request in requests]


CATEGORIES = ["charge", "refund", "fee", "dispute", "dispute_reversal", "payout"]


@contextmanager
def follow(looks, runs):
    """Enter `following` for all of them."""
    with ExitStack() as stack:
        yield [stack.enter_context(looks.following(run)) for run in runs]


def test_a_hundred_waiting_runs_cost_a_page_or_two(client, looks, simulator, calls):
    """However many threads look in the same moment."""
    runs = launched(client, 100)
    calls()
    with follow(looks, runs):
        assert {looks.look(run).status for run in runs} == {"pending"}
        assert len(calls()) <= 2
        simulator.clock.advance(60)
        assert {looks.look(run).status for run in runs} == {"succeeded"}
        assert len(calls()) <= 2


def test_a_few_are_retrieved_one_by_one(client, looks, calls):
    """A list may be longer than a few runs."""
    runs = launched(client, LISTED_FROM - 1)
    calls()
    with follow(looks, runs):
        for run in runs:
            looks.look(run)
    assert len(calls(RETRIEVE)) == len(runs)


def test_news_are_fresh_for_a_moment_only(client, looks, simulator, calls):
    """Someone else's look will do, an old one will not."""
    (run,) = launched(client, 1)
    calls()
    with looks.following(run):
        looks.look(run)
        looks.look(run)
        assert len(calls()) == 1
        simulator.clock.advance(FRESH_FOR)
        looks.look(run)
        assert len(calls()) == 1


def test_a_run_that_the_list_does_not_show_is_retrieved(client, looks, simulator, calls, monkeypatch):
    """It may lie beyond the pages that are read."""
    runs = launched(client, LISTED_FROM)
    monkeypatch.setattr(
        client._api, "list_runs", lambda **_: type("Page", (), {"runs": (), "has_more": False})
    )
    calls()
    with follow(looks, runs):
        assert looks.look(runs[0]).id == runs[0].id
    assert len(calls(RETRIEVE)) == 1


def test_a_list_that_repeats_itself_is_read_no_further(client, simulator, calls, caplog):
    """A gateway may ignore `starting_after`, and `has_more` is then true for ever."""
    runs = launched(client, 20)
    simulator.inject_fault("list.repeated", times=1000)
    calls()
    assert [run.id for run in client.runs(limit=1000)] == [run.id for run in reversed(runs)]
    assert len(calls(LIST)) == 2
    assert "repeats its list of runs" in caplog.text


def test_pages_that_repeat_hide_no_run_that_is_waited_for(client, looks, simulator, calls):
    """What the pages do not show is retrieved."""
    runs = launched(client, 120)
    simulator.inject_fault("list.repeated", times=1000)
    simulator.clock.advance(60)
    calls()
    with follow(looks, runs):
        assert {looks.look(run).status for run in runs} == {"succeeded"}


def test_a_look_that_failed_is_not_made_again_by_everyone_behind_it(client, looks, simulator, monkeypatch):
    """Each tries six times, and a hundred of them in turn would outlast every timeout."""
    tried = []

    def fail(*_, **__):
        tried.append(1)
        raise errors.NetworkError("gone")

    runs = launched(client, LISTED_FROM)
    monkeypatch.setattr(client._api, "list_runs", fail)
    with follow(looks, runs):
        with pytest.raises(errors.NetworkError):
            looks.look(runs[0])
        assert [looks.look(run).status for run in runs] == ["pending"] * len(runs)
        assert len(tried) == 1
        simulator.clock.advance(FRESH_FOR)
        with pytest.raises(errors.NetworkError):
            looks.look(runs[1])


def test_whoever_looks_wakes_all_whose_run_has_ended(client, looks, simulator):
    """Fifty reports must not each wait for a look of their own after the end."""
    runs = launched(client, LISTED_FROM)
    simulator.clock.advance(60)
    clock = looks._clock
    with follow(looks, runs) as followed:
        assert looks.look(runs[0]).status == "succeeded"
        for each in followed:
            looks.pause(each, 600.0)
    assert clock.slept == []


def test_the_last_of_many_is_looked_at_often(client, looks):
    """All the others wait for it; one that is alone has the pauses of its own."""
    runs = launched(client, LISTED_FROM)
    with follow(looks, runs) as followed:
        pass
    looks.pause(followed[0], 12.0)
    looks.pause(followed[0], 3.0)
    with looks.following(runs[0]) as alone:
        looks.pause(alone, 12.0)
    assert looks._clock.slept == pytest.approx([LONGEST_AMONG_MANY, 3.0, 12.0])


def test_who_is_told_news_of_others_counts_from_when_they_were_new(client, looks, simulator):
    """Else the last of many would be found as much later as the news were old."""
    runs = launched(client, LISTED_FROM)
    with follow(looks, runs) as followed:
        looks.look(runs[0])
        simulator.clock.advance(1.5)
        looks.look(runs[1])
        looks.pause(followed[1], 12.0)
        assert looks._clock.slept == pytest.approx([LONGEST_AMONG_MANY - 1.5])


def test_an_event_ends_a_wait_by_the_machines_clock():
    """Else this test would take a day."""
    clock, event = SystemClock(), threading.Event()
    thread = threading.Thread(target=clock.wait, args=(event, 86_400.0), daemon=True)
    thread.start()
    event.set()
    thread.join(60)
    assert not thread.is_alive()
    clock.wait(threading.Event(), 0.0)


def test_nobody_waits_for_anothers_look_longer_than_asked_for(client, looks, monkeypatch):
    """It may take minutes; a timeout of one's own holds."""
    (run,) = launched(client, 1)
    inside, leave = threading.Event(), threading.Event()

    def slow(_id):
        inside.set()
        leave.wait(60)
        return run

    monkeypatch.setattr(client._api, "retrieve_run", slow)
    with looks.following(run):
        other = threading.Thread(target=looks.look, args=(run,), daemon=True)
        other.start()
        inside.wait(60)
        assert looks.look(run, within=0.0) is run
        leave.set()
        other.join(60)


def test_a_run_can_be_followed_while_another_is_looked_at(client, looks, monkeypatch):
    """A look lasts as long as its call, and what the call passes through may wait for a run itself."""
    first, second = launched(client, 2)
    retrieve = client._api.retrieve_run

    def follow_meanwhile(id_):
        with looks.following(second):
            return retrieve(id_)

    monkeypatch.setattr(client._api, "retrieve_run", follow_meanwhile)
    seen = []

    def look():
        with looks.following(first):
            seen.append(looks.look(first))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(20)
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

    def test_it_can_be_awaited(self, client):
        """For notebook cells, which have a loop of their own."""

        async def cell():
            return await client.submit("balance.summary", "2026-09")

        assert asyncio.run(cell()).frame().height

    def test_many_at_once_give_each_its_report(self, client):
        """A year by months."""
        pending = {month: client.submit("balance.summary", month) for month in MONTHS[:12]}
        for month, each in pending.items():
            assert each.result(timeout=60).request == client.request("balance.summary", month)

    def test_what_cannot_be_asked_for_is_refused_at_once(self, client):
        """Not a minute later, in another cell."""
        with pytest.raises(errors.ParameterError):
            client.submit("balance.summary", "2026-10", payout="po_1")

    def test_everything_else_is_raised_where_the_result_is_asked_for(self, client, simulator):
        """As with any future."""
        simulator.outcomes.append("failed")
        pending = client.submit("balance.summary", "2026-10")
        with pytest.raises(errors.RunFailedError):
            pending.result(timeout=60)
        assert "failed: Report run" in repr(pending)

    def test_one_that_was_cancelled_before_it_began_asks_for_nothing(self, client, calls):
        """As with any future."""
        pending = PendingReport(client.request("balance.summary.2", "2026-10"))
        assert repr(pending).endswith("pending")
        assert pending.cancel()
        pending._fulfil(lambda: client.fetch(pending.request))
        assert repr(pending).endswith("cancelled")
        assert calls(RETRIEVE) == []

    def test_it_does_not_keep_the_process_from_ending(self, client, simulator):
        """A stuck run must not hang the end of a script."""
        simulator.outcomes.append("stuck")
        before = set(threading.enumerate())
        pending = client.submit("balance.summary", "2026-10", timeout=5)
        assert all(thread.daemon for thread in set(threading.enumerate()) - before)
        with pytest.raises(errors.RunTimeoutError):
            pending.result(timeout=60)
