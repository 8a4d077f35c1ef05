"""Webhooks: which events are posted where and when, and that Stripe's own library accepts them."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from simulator_api import CONNECTED, RUNS, TYPES, Api
from stripe_reports.simulator import EVENT_TYPES, RealClock, Simulator, WebhookEndpoint, serve
from webhook_receiver import Receiver, receiving

SUCCEEDED, FAILED, UPDATED = EVENT_TYPES


@pytest.fixture
def receiver():
    with receiving() as server:
        yield server


@pytest.fixture
def endpoint(simulator, receiver) -> WebhookEndpoint:
    endpoint = WebhookEndpoint(receiver.url)
    simulator.webhooks.append(endpoint)
    return endpoint


# What is posted


def test_an_event_is_posted_when_the_clock_passes_the_end_of_a_run(api, simulator, receiver, endpoint):
    """Before the call that moves the clock returns: the run in full, in Stripe's envelope."""
    run = api.create()
    simulator.clock.advance(9)
    assert receiver.posts == []
    simulator.clock.advance(1)
    (event,) = receiver.events
    assert event == {
        "id": event["id"],
        "object": "event",
        "api_version": "2026-11-18.endive",
        "context": None,
        "created": run["created"] + 10,
        "data": {"object": api.get(f"{RUNS}/{run['id']}").json},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": SUCCEEDED,
    }
    assert event["id"].startswith("evt_")
    assert event["data"]["object"]["result"]["url"].startswith("https://files.stripe.com/")


def test_stripes_own_library_verifies_it(api, simulator, receiver, endpoint):
    """By secret, time and body; a changed body or another secret is refused."""
    run = api.create()
    simulator.clock.advance(10)
    ((body, headers),) = receiver.posts
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], endpoint.secret)
    assert (event.type, event.data.object.id) == (SUCCEEDED, run["id"])
    assert isinstance(event.data.object, stripe.reporting.ReportRun)
    for forged, secret in ((body + b" ", endpoint.secret), (body, "whsec_another")):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(forged, headers["Stripe-Signature"], secret)


def test_an_event_is_signed_with_the_machines_time(api, simulator, receiver, endpoint):
    """Receivers refuse what is older than five minutes by their own clock; what happened is simulated."""
    simulator.clock.set(datetime(2025, 1, 15, 12, tzinfo=UTC))
    api.create(interval_start=1730419200, interval_end=1733011200)
    simulator.clock.advance(10)
    ((body, headers),) = receiver.posts
    seconds = int(headers["Stripe-Signature"].split(",")[0].removeprefix("t="))
    assert abs(seconds - time.time()) < 60
    assert json.loads(body)["created"] == int(simulator.clock.now().timestamp())


def test_the_event_of_a_failed_run_has_its_error(api, simulator, receiver, endpoint):
    """A stuck run has no event."""
    simulator.inject_fault("run.stuck")
    simulator.inject_fault("run.failed")
    api.create()
    failed = api.create()
    simulator.clock.advance(3600)
    (event,) = receiver.events
    assert (event["type"], event["data"]["object"]["id"]) == (FAILED, failed["id"])
    assert event["data"]["object"]["error"]


def test_events_come_in_the_order_in_which_they_happened(simulator, receiver, endpoint):
    """Once each, however the clock moves."""
    simulator = Simulator(latency=lambda random: random.choice([5, 50, 500]))
    simulator.webhooks.append(endpoint)
    runs = [Api(simulator).create() for _ in range(6)]
    for _ in range(3):
        simulator.clock.advance(3600)
    simulator.clock.set(simulator.clock.now() - timedelta(days=1))
    simulator.clock.advance(86_400)
    created = [event["created"] for event in receiver.events]
    assert created == sorted(created)
    assert {event["data"]["object"]["id"] for event in receiver.events} == {run["id"] for run in runs}
    assert len(receiver.events) == 6


def test_updated_types_are_posted_to_endpoints_that_name_the_event(api, simulator, receiver):
    """A star does not include them, as at Stripe; each type twice a day, in its state then."""
    simulator.webhooks += [
        WebhookEndpoint(receiver.url),
        WebhookEndpoint(receiver.url, enabled_events=[UPDATED]),
    ]
    simulator.clock.advance(timedelta(hours=12))
    types = {type_["id"]: type_ for type_ in api.get(TYPES).json["data"]}
    assert {event["type"] for event in receiver.events} == {UPDATED}
    assert {event["data"]["object"]["id"]: event["data"]["object"] for event in receiver.events} == types
    assert all(event["created"] == event["data"]["object"]["updated"] for event in receiver.events)
    simulator.clock.advance(timedelta(hours=12))
    assert len(receiver.events) == 2 * len(types)


# To whom


@pytest.mark.parametrize(
    ("key", "headers", "members", "is_told"),
    [
        pytest.param("sk_test_1", {}, {}, True, id="test data"),
        pytest.param("sk_live_1", {}, {}, False, id="live data, to a test endpoint"),
        pytest.param("sk_live_1", {}, {"livemode": True}, True, id="live data"),
        pytest.param("sk_test_1", {"Stripe_Account": CONNECTED[0]}, {}, False, id="a connected account's"),
        pytest.param(
            "sk_test_1", {"Stripe_Account": CONNECTED[0]}, {"account": CONNECTED[0]}, True, id="to itself"
        ),
        pytest.param("sk_test_1", {}, {"enabled_events": [SUCCEEDED]}, True, id="by name"),
        pytest.param("sk_test_1", {}, {"enabled_events": [FAILED, UPDATED]}, False, id="another event"),
    ],
)
def test_an_endpoint_gets_only_its_own_events(simulator, receiver, key, headers, members, is_told):
    """By mode, account and event."""
    simulator.webhooks.append(WebhookEndpoint(receiver.url, **members))
    Api(simulator, key, **headers).create()
    simulator.clock.advance(10)
    assert bool(receiver.posts) == is_told


def test_an_endpoint_gets_no_earlier_events(api, simulator, receiver):
    """It gets events from its creation on."""
    api.finished()
    simulator.webhooks.append(WebhookEndpoint(receiver.url, enabled_events=["*", UPDATED]))
    simulator.clock.advance(10)
    assert receiver.posts == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "https://127.0.0.1/",
        "ftp://127.0.0.1/",
        "127.0.0.1",
        "",
    ],
)
def test_nothing_is_posted_beyond_this_machine(url):
    """Figures that look like those of a business must not be published."""
    with pytest.raises(ValueError, match="is not an address of this machine"):
        WebhookEndpoint(url)


def test_an_unknown_event_type_is_refused():
    """A typing error must not look like missing events."""
    with pytest.raises(ValueError, match=r"There is no event 'report_run\.succeeded'"):
        WebhookEndpoint("http://127.0.0.1:1", enabled_events=["report_run.succeeded"])


@pytest.mark.parametrize("url", ["http://localhost:8000/x", "http://[::1]:8000/", "http://127.8.8.8/"])
def test_this_machine_has_several_names(url):
    """All of them are its own."""
    assert WebhookEndpoint(url).secret.startswith("whsec_")
    assert "whsec_" not in repr(WebhookEndpoint(url))


# When it goes wrong


def test_a_refused_event_is_posted_again_later(api, simulator, receiver, endpoint):
    """The same event, signed again, after minutes and then hours; not after it was accepted."""
    receiver.status = 500
    api.create()
    simulator.clock.advance(10)
    simulator.clock.advance(200)
    assert len(receiver.posts) == 1
    simulator.clock.advance(100)
    receiver.status = 204
    simulator.clock.advance(1800)
    simulator.clock.advance(86_400)
    assert len(receiver.posts) == 3
    assert len({event["id"] for event in receiver.events}) == 1
    assert [delivery.status for delivery in simulator.deliveries] == [500, 500, 204]
    assert [delivery.is_accepted for delivery in simulator.deliveries] == [False, False, True]


def test_an_endpoint_that_does_not_answer_is_not_an_error(api, simulator):
    """The deliveries show it; three more attempts are made."""
    with Receiver() as gone:
        url = gone.url
    simulator.webhooks.append(WebhookEndpoint(url))
    api.create()
    for _ in range(6):
        simulator.clock.advance(86_400)
    assert [delivery.status for delivery in simulator.deliveries] == [None] * 4


def test_a_redirect_is_not_followed(api, simulator, receiver, endpoint):
    """It could lead anywhere."""
    receiver.status = 302
    api.create()
    simulator.clock.advance(10)
    assert [delivery.status for delivery in simulator.deliveries] == [302]


@pytest.mark.parametrize(
    ("name", "count", "is_genuine"),
    [("webhook.twice", 2, True), ("webhook.lost", 0, True), ("webhook.forged", 1, False)],
)
def test_events_can_be_lost_repeated_or_forged(api, simulator, receiver, endpoint, name, count, is_genuine):
    """Receivers must recognise an event by its id, work without it, and check its signature."""
    simulator.inject_fault(name)
    api.create()
    simulator.clock.advance(10)
    assert len(receiver.posts) == count
    assert len({event["id"] for event in receiver.events}) <= 1
    for body, headers in receiver.posts:
        try:
            stripe.Webhook.construct_event(body, headers["Stripe-Signature"], endpoint.secret)
        except stripe.SignatureVerificationError:
            assert not is_genuine
        else:
            assert is_genuine


# By which clock


def test_the_event_of_a_run_without_latency_is_posted_by_deliver(receiver):
    """On a clock that stands still nothing happens by itself."""
    simulator = Simulator(latency=0)
    simulator.webhooks.append(WebhookEndpoint(receiver.url))
    run = Api(simulator).create()
    assert receiver.posts == []
    (delivery,) = simulator.deliver()
    assert (delivery.status, delivery.event.object["id"]) == (200, run["id"])
    assert simulator.deliver() == []


def test_events_are_posted_automatically_on_a_running_clock(receiver):
    """As at Stripe; files are at the address of the server."""
    simulator = Simulator(clock=RealClock(), latency=0)
    simulator.webhooks.append(WebhookEndpoint(receiver.url))
    with serve(simulator) as url:
        client = stripe.StripeClient("sk_test_1", base_addresses={"api": url, "files": url})
        client.v1.reporting.report_runs.create(
            {
                "report_type": "balance.summary.1",
                "parameters": {"interval_start": 1790812800, "interval_end": 1793491200},
            }
        )
        assert receiver.arrived.wait(120)
    assert receiver.events[0]["data"]["object"]["result"]["url"].startswith(url)


def test_a_receiver_may_call_the_simulator(api, simulator, receiver, endpoint):
    """Nothing is locked while an event is posted: a receiver can fetch the run before it answers."""
    run, fetched = api.create(), []
    receiver.meanwhile = lambda: fetched.append(api.get(f"{RUNS}/{run['id']}").json["status"])
    simulator.clock.advance(10)
    assert fetched == ["succeeded"]
    assert simulator.deliveries[0].is_accepted
