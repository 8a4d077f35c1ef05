"""The simulator's account, balance and events: they agree with the ledger and the reports."""

from dataclasses import replace
from datetime import timedelta

import pytest

from simulator_api import RUNS, TYPES, Api, error
from stripe_reports.http.settings import API_VERSION
from stripe_reports.simulator import PROFILES, REAL, Simulator, WebhookEndpoint
from stripe_reports.simulator.ledger.connected_accounts import connected_accounts
from stripe_reports.simulator.ledger.markets import DECIMALS

EVENTS, ACCOUNT, BALANCE = "/v1/events", "/v1/account", "/v1/balance"
UPDATED = "reporting.report_type.updated"
SUCCEEDED = "reporting.report_run.succeeded"


@pytest.fixture(params=PROFILES)
def simulator(request) -> Simulator:
    return Simulator(seed=1, latency=10, profile=request.param)


# The account


def test_the_account_is_that_of_the_key_or_the_header(api, simulator):
    """Id, country and currency are those of the ledger; in both modes."""
    shop = connected_accounts(simulator.ledger)[4]
    own = api.get(ACCOUNT).json
    assert (own["id"], own["country"], own["default_currency"]) == (shop.platform, "LU", "eur")
    assert Api(simulator, "sk_live_1").get(ACCOUNT).json == own
    of_shop = Api(simulator, Stripe_Account=shop.id).get(ACCOUNT).json
    assert (of_shop["id"], of_shop["country"], of_shop["default_currency"]) == (shop.id, "JP", "jpy")
    assert of_shop["business_profile"]["name"] == shop.name


# The balance


def amounts(balance, kind):
    return {each["currency"]: each["amount"] for each in balance[kind]}


def ending_balances(api, end, **headers):
    """In minor units, from the balance summary with that end."""
    run = api.finished("balance.summary.2", interval_start=end - 86_400, interval_end=end)
    rows = [line.strip('"').split('","') for line in api.contents(run).text.splitlines()]
    return {
        currency: round(float(amount) * 10 ** DECIMALS[currency])
        for category, _, amount, currency in (row for row in rows[1:] if len(row) == 4)
        if category == "ending_balance"
    }


@pytest.mark.parametrize("hours", [0, 31, 100])
def test_available_and_pending_sum_to_the_ending_balance_of_the_report(simulator, api, hours):
    """To the last minor unit in each currency, for the platform and for a connected account."""
    simulator.clock.advance(timedelta(hours=hours))
    shop = connected_accounts(simulator.ledger)[2]
    callers = [api, Api(simulator, Stripe_Account=shop.id)]
    now = simulator.clock.now()
    balances = [caller.get(BALANCE).json for caller in callers]
    simulator.clock.advance(timedelta(days=3))  # until the data of that time are published
    for caller, balance in zip(callers, balances, strict=True):
        available, pending = (amounts(balance, kind) for kind in ("available", "pending"))
        sums = {currency: available[currency] + pending[currency] for currency in available}
        assert sums == ending_balances(caller, int(now.timestamp()))
    assert amounts(balances[0], "available") != amounts(balances[1], "available")


def test_a_balance_has_its_mode(simulator):
    """In the members that Stripe requires; each amount with its sources."""
    balance = Api(simulator, "sk_live_1").get(BALANCE).json
    assert {name: balance[name] for name in ("object", "livemode")} == {"object": "balance", "livemode": True}
    assert set(amounts(balance, "available")) == {"eur", "usd", "jpy", "kwd"}
    assert all(each["source_types"] == {"card": each["amount"]} for each in balance["pending"])


def test_a_restatement_changes_the_balance_when_it_is_published(simulator, api):
    """Not earlier, as in the reports."""
    before = simulator.clock.now()
    made = simulator.restate("2026-10", currency="eur")
    other = Api(Simulator(seed=1))
    seconds = made.published - before.timestamp()
    for shift, fee in ((seconds - 1, 0), (1, 1234)):
        simulator.clock.advance(shift)
        other.client.application.clock.set(simulator.clock.now())
        balances = [
            amounts(each.get(BALANCE).json, kind)
            for each in (api, other)
            for kind in ("available", "pending")
        ]
        restated, plain = balances[0]["eur"] + balances[1]["eur"], balances[2]["eur"] + balances[3]["eur"]
        assert plain - restated == fee


# Events


def test_the_end_of_a_run_is_an_event(simulator, api):
    """With the run as a retrieval shows it, in Stripe's envelope, once."""
    assert api.get(EVENTS, type="reporting.report_run.*").json["data"] == []
    run = api.finished()
    (event,) = api.get(EVENTS, type="reporting.report_run.*").json["data"]
    assert event == {
        "id": event["id"],
        "object": "event",
        "api_version": event["api_version"],
        "context": None,
        "created": run["created"] + 10,
        "data": {"object": run},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": SUCCEEDED,
    }
    assert api.get(f"{EVENTS}/{event['id']}").json == event


def test_events_of_types_agree_with_the_types(simulator, api):
    """The newest event of each type has the values of the type."""
    simulator.clock.advance(timedelta(hours=29))
    newest = {}
    for event in pages(api, type=UPDATED):
        newest.setdefault(event["data"]["object"]["id"], event)
    assert len(newest) >= 10
    for id_, event in newest.items():
        assert api.get(f"{TYPES}/{id_}").json == event["data"]["object"]
        assert event["created"] == event["data"]["object"]["updated"]


def pages(api, **query):
    found, after = [], {}
    while True:
        page = api.get(EVENTS, limit=100, **query, **after).json
        found += page["data"]
        if not page["has_more"]:
            return found
        after = {"starting_after": found[-1]["id"]}


def test_events_are_paged_newest_first_for_thirty_days(simulator, api):
    """Stripe keeps them as long."""
    events = pages(api)
    created = [event["created"] for event in events]
    assert created == sorted(created, reverse=True)
    assert len({event["id"] for event in events}) == len(events)
    now = simulator.clock.now().timestamp()
    assert now - 30 * 86_400 <= created[-1] < now - 29 * 86_400
    back = api.get(EVENTS, ending_before=events[7]["id"], limit=3).json
    assert [event["id"] for event in back["data"]] == [event["id"] for event in events[4:7]]
    gone = events[-1]["id"]
    simulator.clock.advance(timedelta(days=1))
    assert api.get(f"{EVENTS}/{gone}").status_code == 404


def test_events_are_filtered(api):
    """By time, by one type with a wildcard, or by up to twenty types."""
    api.finished()
    run_events = [event["type"] for event in api.get(EVENTS, type="reporting.report_run.*").json["data"]]
    assert run_events == [SUCCEEDED]
    several = pages(api, **{"types[0]": SUCCEEDED, "types[1]": UPDATED})
    assert {event["type"] for event in several} == {SUCCEEDED, UPDATED}
    latest = several[0]["created"]
    assert all(event["created"] >= latest - 3600 for event in pages(api, **{"created[gte]": latest - 3600}))
    assert api.get(EVENTS, type="charge.succeeded").json["data"] == []


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"type": UPDATED, "types[0]": UPDATED}, None),
        ({"types": UPDATED}, "types"),
        ({f"types[{n}]": UPDATED for n in range(21)}, "types"),
        ({"delivery_success": "maybe"}, "delivery_success"),
        ({"limit": 101}, "limit"),
        ({"starting_after": "evt_1"}, "starting_after"),
        ({"account": "acct_1"}, "account"),
    ],
)
def test_other_filters_of_events_are_refused(api, query, param):
    """In Stripe's error body."""
    answer = api.get(EVENTS, **query)
    assert (answer.status_code, error(answer).get("param")) == (400, param)


def test_events_belong_to_their_account_and_mode(simulator, api):
    """Those of a connected account name it in ``account``."""
    shop = connected_accounts(simulator.ledger)[0].id
    of_shop, live = Api(simulator, Stripe_Account=shop), Api(simulator, "sk_live_1")
    of_shop.finished()
    (event,) = of_shop.get(EVENTS).json["data"]
    assert event["account"] == shop
    assert api.get(f"{EVENTS}/{event['id']}").status_code == 404
    assert api.get(EVENTS, type=SUCCEEDED).json["data"] == []
    assert all(each["livemode"] for each in live.get(EVENTS).json["data"])
    assert error(live.get(f"{EVENTS}/{event['id']}"))["message"] == f"No such event: '{event['id']}'"


def test_a_sibling_has_events_of_its_own(simulator, api):
    """It is no connected account, so its events name none; the types are published to each account."""
    sibling = simulator.organisation[1].id
    of_sibling = Api(
        simulator, simulator.organisation_key, Stripe_Context=sibling, Stripe_Version=API_VERSION
    )
    run = of_sibling.finished()
    (ended,) = of_sibling.get(EVENTS, type=SUCCEEDED).json["data"]
    assert ended["data"]["object"]["id"] == run["id"]
    (theirs,), (ours,) = (each.get(EVENTS, type=UPDATED, limit=1).json["data"] for each in (of_sibling, api))
    assert theirs["data"] == ours["data"]
    assert theirs["id"] != ours["id"]
    assert of_sibling.get(f"{EVENTS}/{theirs['id']}").json == theirs
    assert api.get(f"{EVENTS}/{theirs['id']}").status_code == 404
    for event in (ended, theirs, ours):
        assert "account" not in event
        assert event["context"] is None


def test_events_that_a_receiver_refused_can_be_found(simulator, api):
    """With ``delivery_success=false``, as long as the last attempt failed."""
    nobody = WebhookEndpoint("http://127.0.0.1:9/hook")
    simulator.webhooks.append(nobody)
    run = api.finished()
    (event,) = api.get(EVENTS, delivery_success="false").json["data"]
    assert event["data"]["object"]["id"] == run["id"]
    assert event["pending_webhooks"] == 1
    assert simulator.deliveries[0].event.id == event["id"]
    assert event["id"] not in [each["id"] for each in pages(api, delivery_success="true")]


# Permissions


@pytest.mark.parametrize(
    ("path", "permission"),
    [(EVENTS, "event_read"), (ACCOUNT, "accounts_kyc_basic_read"), (BALANCE, "balance_read")],
)
def test_a_restricted_key_needs_the_permission_of_each(simulator, path, permission):
    """The refusal names it."""
    simulator.restrict("rk_test_none", ["file_read"])
    simulator.restrict("rk_test_one", [permission])
    refused = Api(simulator, "rk_test_none").get(path)
    assert refused.status_code == 403
    assert f"Having the 'rak_{permission}' permission would allow" in error(refused)["message"]
    assert Api(simulator, "rk_test_one").get(path).status_code == 200
    assert Api(simulator, "rk_test_one").get(RUNS).status_code == 403


def test_account_balance_and_events_are_read_only(api):
    """They are always whole, so nothing can be expanded."""
    for path in (ACCOUNT, BALANCE, EVENTS):
        assert api.post({}, path).status_code == 404
        assert api.get(path, **{"expand[0]": "data.object"}).status_code == 400


def test_types_with_events_are_those_of_the_profile():
    """None means all types."""
    for profile, most in (
        (replace(REAL, announced=("payouts.itemized.5",)), 1),
        (replace(REAL, announced=None), 150),
    ):
        api = Api(Simulator(profile=profile), "sk_live_1")
        told = {
            event["data"]["object"]["id"] for event in pages(api, **{"created[gte]": 1793880000 - 2 * 86_400})
        }
        assert len(told) == most
