"""Thin events of v2: what is posted, to whom, and what is known only after retrieving it.

A docstring says first how well a rule of Stripe's is known: documented, reported by users, or inferred. The
others are about the simulator alone.
"""

from datetime import timedelta

import pytest
import stripe

from simulator_api import CONNECTED, Api
from simulator_api_v2 import RUNS, ApiV2, error
from stripe_reports.simulator import EVENT_TYPES, THIN_EVENT_TYPES, WebhookEndpoint
from webhook_receiver import receiving

CREATED, UPDATED, SUCCEEDED, FAILED = THIN_EVENT_TYPES


@pytest.fixture
def api(simulator) -> ApiV2:
    return ApiV2(simulator)


@pytest.fixture
def receiver(simulator):
    """An endpoint for all thin events."""
    with receiving() as server:
        simulator.webhooks.append(WebhookEndpoint(server.url, enabled_events=THIN_EVENT_TYPES))
        yield server


def types(receiver):
    return [event["type"] for event in receiver.events]


def test_an_event_names_the_run_and_nothing_of_its_contents(api, simulator, receiver):
    """Reported: these members; inferred are the form of the time and that there is no reason."""
    run = api.create()
    simulator.deliver()
    (event,) = receiver.events
    assert event == {
        "id": event["id"],
        "object": "v2.core.event",
        "type": CREATED,
        "created": "2026-11-05T12:00:00.000Z",
        "livemode": False,
        "context": None,
        "reason": None,
        "related_object": {
            "id": run["id"],
            "type": "v2.data.report_run",
            "url": f"{RUNS}/{run['id']}",
        },
    }
    assert api.get(event["related_object"]["url"]).json == run


def test_a_run_that_succeeds_is_updated_too(api, simulator, receiver):
    """Reported: two events for the same change."""
    api.finished()
    assert types(receiver) == [CREATED, UPDATED, SUCCEEDED]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("run.failed", [CREATED, UPDATED, FAILED]),
        ("v2.canceled", [CREATED, UPDATED]),
        ("run.stuck", [CREATED]),
    ],
)
def test_a_run_without_a_result_has_fewer_events(api, simulator, receiver, fault, expected):
    """Documented: there is no event of its own for a canceled run."""
    simulator.inject_fault(fault)
    api.finished()
    assert types(receiver) == expected


def test_what_changed_is_known_only_after_retrieving_the_event(api, simulator, receiver):
    """Reported: before and after, at another address; inferred is what is in them."""
    api.finished()
    changes = [api.get(f"/v2/core/events/{event['id']}").json["changes"] for event in receiver.events]
    change = {"before": {"status": "running"}, "after": {"status": "succeeded"}}
    assert changes == [None, change, change]
    assert all("changes" not in event for event in receiver.events)


def test_an_event_can_be_retrieved_for_thirty_days(api, simulator, receiver):
    """Documented for v1, inferred for v2. Another account cannot, nor can v1."""
    api.create()
    simulator.deliver()
    path = f"/v2/core/events/{receiver.events[0]['id']}"
    assert error(ApiV2(simulator, "sk_live_1").get(path)) == (404, "not_found")
    assert Api(simulator).get(path.replace("v2/core", "v1")).status_code == 404
    simulator.clock.advance(timedelta(days=30, seconds=1))
    assert error(api.get(path)) == (404, "not_found")


def test_an_event_belongs_to_the_account_of_the_run(simulator, receiver):
    """Inferred: its context is the account, and the endpoints of others receive nothing."""
    with receiving() as theirs:
        endpoint = WebhookEndpoint(theirs.url, enabled_events=[CREATED], account=CONNECTED[0])
        simulator.webhooks.append(endpoint)
        ApiV2(simulator, Stripe_Context=CONNECTED[0]).create()
        simulator.deliver()
        assert [event["context"] for event in theirs.events] == [CONNECTED[0]]
    assert receiver.events == []


def test_endpoints_of_v1_receive_no_thin_events(api, simulator):
    """Documented: the two kinds of events have endpoints of their own; a star means those of v1."""
    with receiving() as server:
        simulator.webhooks.append(WebhookEndpoint(server.url))
        api.finished()
        Api(simulator).finished()
        assert types(server) == [EVENT_TYPES[0]]


def test_each_event_is_posted_once(api, simulator, receiver):
    """Also if the clock is moved again, and not if there was no endpoint at its time."""
    api.finished()
    simulator.clock.advance(100)
    assert len(receiver.events) == 3
    endpoints, simulator.webhooks[:] = list(simulator.webhooks), []
    api.finished()
    simulator.webhooks += endpoints
    simulator.clock.set(simulator.clock.now() - timedelta(hours=1))
    simulator.clock.advance(7200)
    assert len(receiver.events) == 3


def test_stripes_own_library_verifies_it(api, simulator, receiver):
    """Documented: the signature is that of v1."""
    run = api.create()
    simulator.deliver()
    ((sent, headers),) = receiver.posts
    client = stripe.StripeClient("sk_test_123")
    secret = simulator.webhooks[0].secret
    event = client.parse_event_notification(sent, headers["Stripe-Signature"], secret)
    assert (event.type, event.related_object.id) == (CREATED, run["id"])
    with pytest.raises(stripe.SignatureVerificationError):
        client.parse_event_notification(sent, headers["Stripe-Signature"], "whsec_another")
