"""Observers of the form: called for every change, in order, one at a time, and free to do anything."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import stripe_reports as sr

PATIENCE = 60
"""Seconds until a test gives up on what would come at once, or never."""


@pytest.fixture
def form(client):
    form = sr.explore(client, client.request("balance.summary.2", "2026-09"))
    yield form
    form.close()


@pytest.fixture
def uncaught(monkeypatch):
    """The uncaught errors of threads."""
    errors = []
    monkeypatch.setattr(threading, "excepthook", lambda told: errors.append(told.exc_value))
    return errors


class Seen:
    """Stores the changes that it is called with, for a test that waits for them."""

    def __init__(self):
        self.values, self._came = [], threading.Condition()

    def add(self, value):
        with self._came:
            self.values.append(value)
            self._came.notify_all()

    def wait_for_all(self, *values):
        with self._came:
            assert self._came.wait_for(lambda: all(each in self.values for each in values), PATIENCE), (
                self.values
            )

    def wait_for(self, count):
        with self._came:
            assert self._came.wait_for(lambda: len(self.values) >= count, PATIENCE), self.values
        return self.values


def in_a_thread(call):
    """What *call* returns in a thread of its own; a test that would wait forever fails instead."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result(PATIENCE)


def test_an_observer_can_run_the_form_and_wait(form):
    """The thread that fetches needs the state, so no other thread may hold it meanwhile."""
    reports = Seen()

    def fetch(change):
        reports.add(form.run().result(PATIENCE))

    form.observe(fetch, "request")
    form.choose(period="2026-08")
    assert reports.wait_for(1) == [form.report]
    assert form.report.request == form.request


def test_an_observer_can_wait_for_the_run_that_it_is_called_for(form):
    """The fetching thread does not call it: that thread would wait for itself."""
    reports = Seen()

    def join(change):
        if change.new["running"] and not reports.values:
            reports.add(form.run().result(PATIENCE))

    form.observe(join, "shown")
    pending = form.run()
    assert reports.wait_for(1) == [pending.result(PATIENCE)]


def test_an_observer_of_a_report_can_wait_for_its_future(form):
    """The future has its result before the observers are called, or without any."""
    reports, started = Seen(), []
    form.observe(lambda change: reports.add(started[0].result(PATIENCE)), "report")
    with form.model.changing():
        started.append(form.run())
    assert reports.wait_for(1) == [form.report]


def test_a_subscriber_of_the_model_can_wait_too(form):
    """The same rule as for observers of the form."""
    reports = Seen()

    def fetch():
        form.model.unsubscribe(fetch)
        reports.add(form.run().result(PATIENCE))

    form.model.subscribe(fetch)
    form.choose(period="2026-08")
    assert reports.wait_for(1) == [form.report]


def test_no_lock_is_held_while_an_observer_is_called(form):
    """Any other thread can use the form, and the observer can wait for it."""
    requests = Seen()

    def change_elsewhere(change):
        if not requests.values:
            in_a_thread(lambda: form.choose(currency="usd"))
        requests.add(change.new)

    form.observe(change_elsewhere, "request")
    form.choose(period="2026-08")
    first, second = requests.wait_for(2)
    assert (first.currency, second.currency) == (None, "usd")


def test_the_form_has_the_new_values_when_a_change_returns(form):
    """Even while another thread's observer delays the others."""
    reached, opened = threading.Event(), threading.Event()

    def hold_up(_):
        reached.set()
        assert opened.wait(PATIENCE)

    form.observe(hold_up, "request")
    holding = threading.Thread(target=form.choose, kwargs={"period": "2026-08"})
    holding.start()
    assert reached.wait(PATIENCE)
    form.choose(currency="usd")
    assert form.request == form.client.request("balance.summary.2", "2026-08", currency="usd")
    assert form.shown["code"]
    assert form.run().result(PATIENCE) is form.report
    opened.set()
    holding.join(PATIENCE)


def test_an_observer_is_called_only_for_later_changes(form):
    """It is not called for earlier changes, even if their calls are still waiting."""
    heard = Seen()

    def begin_another(change):
        if change.new.currency == "usd":
            form.choose(currency="eur")
            form.observe(lambda change: heard.add(change.new.currency), "request")
            form.choose(currency="gbp")

    form.observe(begin_another, "request")
    form.choose(currency="usd")
    assert heard.wait_for(1) == ["gbp"]


def test_observers_that_change_the_form_are_called_in_the_order_of_changes(form):
    """All of them: the second hears of the first change before that which the first observer made of it."""
    heard = []

    def change_again(change):
        heard.append(("first", change.new.currency))
        if change.new.currency == "eur":
            form.choose(currency="usd")
            assert form.request.currency == "usd"

    form.observe(change_again, "request")
    form.observe(lambda change: heard.append(("second", change.new.currency)), "request")
    form.choose(currency="eur")
    assert heard == [("first", "eur"), ("second", "eur"), ("first", "usd"), ("second", "usd")]


def test_an_error_of_an_observer_is_printed_and_does_not_affect_others(form, uncaught):
    """Its error goes where those of threads go, and is printed; others are told, and the form goes on."""
    error, heard = ZeroDivisionError("an observer's own"), Seen()

    def fail(*_):
        raise error

    form.observe(fail, "request")
    form.observe(lambda change: heard.add(change.new), "request")
    form.model.subscribe(fail)
    form.model.subscribe(lambda: heard.add("subscriber"))
    form.choose(currency="usd")
    heard.wait_for_all(form.request, "subscriber")  # which is also told of the types that arrive
    assert uncaught.count(error) >= 2
    form.unobserve(fail, "request")
    form.model.unsubscribe(fail)
    assert form.run().result(PATIENCE) is form.report
    assert form.model.problem is None


def test_an_observer_that_removes_itself_is_called_once(form):
    """And the observers after it are still called."""
    heard = []

    def once(change):
        heard.append("once")
        form.unobserve(once, "request")

    def subscribed():
        heard.append("subscribed")
        form.model.unsubscribe(subscribed)

    form.observe(once, "request")
    form.observe(lambda change: heard.append("always"), "request")
    form.model.subscribe(subscribed)
    form.choose(currency="usd")
    form.choose(currency="eur")
    assert sorted(heard) == [
        "always",
        "always",
        "once",
        "subscribed",
    ]  # what Stripe offers is told of meanwhile


def test_changes_of_many_threads_are_reported_once_each_in_one_order(form):
    """Each starts where the previous one ended; the form shows the last one."""
    days = [[f"2026-{month:02}-{day:02}" for day in range(1, 26)] for month in (5, 6, 7, 8)]
    told, again = Seen(), Seen()
    is_told, together = threading.Lock(), threading.Barrier(len(days))

    def hear(change):
        assert is_told.acquire(blocking=False)  # one at a time
        told.add((change.old, change.new))
        is_told.release()

    def choose(periods):
        together.wait(PATIENCE)
        for period in periods:
            form.choose(period=period)

    form.observe(hear, "request")
    form.observe(lambda change: again.add((change.old, change.new)), "request")
    before, interval = form.request, sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(len(days)) as pool:
            list(pool.map(choose, days))
    finally:
        sys.setswitchinterval(interval)
    count = sum(map(len, days))
    changes = told.wait_for(count)
    assert again.wait_for(count) == changes
    assert [old for old, _ in changes] == [before, *(new for _, new in changes[:-1])]
    assert changes[-1][1] == form.request
    assert len({new for _, new in changes}) == len(changes) == count
