"""The simulated organisation: which key reaches which account, and that each has figures of its own."""

import polars as pl
import pytest
from werkzeug.test import Client

from simulator_api import BELOW_SIBLING, CONNECTED, MAIN, RUNS, SIBLING, TYPES, Api, error, form
from stripe_reports.http.settings import API_VERSION
from stripe_reports.simulator import Simulator
from stripe_reports.simulator.ledger.connected_accounts import connected_accounts
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.ledger.organisation import sibling_accounts

ORGANISATION, OWN = "sk_org_test_1", "sk_test_1"


@pytest.fixture
def simulator():
    return Simulator(seed=1, latency=10.0)


def of_organisation(simulator, context, key=ORGANISATION):
    return Api(simulator, key, Stripe_Context=context, Stripe_Version=API_VERSION)


# The accounts


def test_siblings_have_different_ids_and_figures():
    """A wrong context must be visible in the result."""
    siblings = sibling_accounts(Ledger.of(1))
    assert len({sibling.id for sibling in siblings}) == len(siblings) > 1
    assert len({sibling.ledger.activity["gross"].sum() for sibling in siblings}) == len(siblings)


def test_the_main_account_is_the_merchant_itself():
    """Its connected accounts name it as their platform, and it has the figures of the given ledger."""
    ledger = Ledger.of(1)
    main, *_ = sibling_accounts(ledger)
    assert main.ledger is ledger
    assert main.connected_accounts == connected_accounts(ledger)
    assert {account.platform for account in main.connected_accounts} == {main.id}


def test_the_accounts_connected_to_a_sibling_are_those_of_its_ledger():
    """Ids are found without creating a ledger, rows with one."""
    for sibling in sibling_accounts(Ledger.of(1)):
        ids = {account.id for account in sibling.connected_accounts}
        assert ids == {account.id for account in connected_accounts(sibling.ledger)}


def test_the_same_seed_gives_the_same_siblings():
    """Ids are part of commands that people save."""
    assert sibling_accounts(Ledger(7, 2.0)) == sibling_accounts(Ledger(7, 2.0))
    assert sibling_accounts(Ledger(7, 2.0))[1].id != sibling_accounts(Ledger(8, 2.0))[1].id


# Which key reaches which account


@pytest.mark.parametrize(
    ("key", "headers", "account"),
    [
        pytest.param(OWN, {}, MAIN, id="its own account"),
        pytest.param(OWN, {"Stripe_Account": MAIN}, MAIN, id="its own account by name"),
        pytest.param(OWN, {"Stripe_Account": CONNECTED[0]}, f"{MAIN}/{CONNECTED[0]}", id="connected"),
        pytest.param(OWN, {"Stripe_Context": CONNECTED[0]}, f"{MAIN}/{CONNECTED[0]}", id="as a context"),
        pytest.param(
            OWN, {"Stripe_Context": f"{MAIN}/{CONNECTED[0]}"}, f"{MAIN}/{CONNECTED[0]}", id="as a whole path"
        ),
    ],
)
def test_an_account_is_the_same_whichever_key_names_it(simulator, key, headers, account):
    """Runs belong to an account, not to a key."""
    run = Api(simulator, key, **headers).create()
    assert of_organisation(simulator, account).get(f"{RUNS}/{run['id']}").status_code == 200
    assert of_organisation(simulator, SIBLING).get(f"{RUNS}/{run['id']}").status_code == 404


@pytest.mark.parametrize(
    ("key", "header", "account"),
    [
        pytest.param(OWN, "Stripe_Account", "acct_nobody", id="unknown"),
        pytest.param(OWN, "Stripe_Account", f"{MAIN}/{CONNECTED[0]}", id="a path where none belongs"),
        pytest.param(OWN, "Stripe_Account", SIBLING, id="a sibling, with the key of an account"),
        pytest.param(OWN, "Stripe_Context", f"{SIBLING}/{BELOW_SIBLING[0]}", id="below a sibling, likewise"),
        pytest.param(OWN, "Stripe_Context", f"{CONNECTED[0]}/{CONNECTED[1]}", id="below a connected account"),
        pytest.param(ORGANISATION, "Stripe_Context", "acct_nobody", id="not of the organisation"),
        pytest.param(ORGANISATION, "Stripe_Context", CONNECTED[0], id="connected, without its platform"),
        pytest.param(ORGANISATION, "Stripe_Context", f"{SIBLING}/{CONNECTED[0]}", id="of another platform"),
        pytest.param(ORGANISATION, "Stripe_Context", f"{MAIN}/", id="an empty end"),
    ],
)
def test_an_account_that_a_key_does_not_reach_is_403(simulator, key, header, account):
    """Stripe does not say whether it exists. The figures of another account would look like an answer."""
    api = Api(simulator, key, **{"Stripe_Version": API_VERSION, header: account})
    for answer in (api.get(TYPES), api.post(form())):
        assert answer.status_code == 403
        assert error(answer)["code"] == "account_invalid"
        assert f"does not have access to account '{account}'" in error(answer)["message"]
    assert simulator.runs == []


@pytest.mark.parametrize(
    ("headers", "missing"),
    [
        pytest.param({"Stripe_Version": API_VERSION}, "Stripe-Context", id="context"),
        pytest.param({"Stripe_Version": API_VERSION, "Stripe_Account": MAIN}, "Stripe-Context", id="account"),
        pytest.param({"Stripe_Context": MAIN}, "Stripe-Version", id="version"),
    ],
)
def test_an_organisations_key_needs_two_headers(simulator, headers, missing):
    """The organisation itself has no reports, and no version of the API that its accounts share."""
    answer = Api(simulator, ORGANISATION, **headers).get(TYPES)
    assert answer.status_code == 400
    assert error(answer)["message"].startswith(f"Please include the {missing} header")


def test_the_organisations_key_belongs_to_one_simulator(simulator):
    """Its user expects the figures of that seed."""
    headers = {"Stripe_Context": SIBLING, "Stripe_Version": API_VERSION}
    assert Api(simulator, simulator.organisation_key, **headers).get(TYPES).status_code == 200
    foreign = Api(simulator, Simulator(seed=2).organisation_key, **headers).get(TYPES)
    assert foreign.status_code == 401
    assert "sk_org_test_****" in error(foreign)["message"]
    assert Simulator(seed=2).organisation_key not in foreign.text


def test_an_organisations_key_can_be_restricted(simulator):
    """Its prefix stays the same; the refusal names the account that it acts for."""
    simulator.restrict(ORGANISATION, ["file_read"])
    answer = of_organisation(simulator, SIBLING).get(TYPES)
    assert answer.status_code == 403
    assert f"on account '{SIBLING}'" in error(answer)["message"]


# Their reports


def test_each_account_has_its_own_figures_runs_and_idempotency_keys(simulator):
    """The same request with the same idempotency key is another run for another account."""
    paths = [MAIN, SIBLING, f"{MAIN}/{CONNECTED[0]}", f"{SIBLING}/{BELOW_SIBLING[0]}"]
    files = set()
    for path in paths:
        api = of_organisation(simulator, path)
        run = api.post(form("payouts.itemized.5"), Idempotency_Key="k").json
        simulator.clock.advance(20)
        [listed] = api.get(RUNS).json["data"]
        assert listed["id"] == run["id"]
        files.add(api.contents(listed).text)
    assert len(simulator.runs) == len(files) == len(paths)


def test_a_payout_is_found_in_its_own_account_only(simulator):
    """By-id reports of a sibling are over its own ledger."""
    ledger = simulator.organisation[1].ledger
    paid = ledger.payouts.filter("automatic", pl.col("effective_at") < 1790812800)
    payout = paid.select(ledger.draws.payout_id(pl.col("payout"))).to_series()[-1]
    asked = form("payout_reconciliation.by_id.summary.1", payout=payout)
    assert of_organisation(simulator, SIBLING).post(asked).status_code == 200
    assert error(of_organisation(simulator, MAIN).post(asked))["message"] == f"No such payout: '{payout}'"


def test_a_restatement_changes_the_main_account_only(simulator):
    """A sibling is a different business."""
    before = {path: of_organisation(simulator, path).finished() for path in (MAIN, SIBLING)}
    simulator.restate("2026-10")
    simulator.clock.advance(2 * 86_400)
    for path, run in before.items():
        api = of_organisation(simulator, path)
        assert (api.contents(api.finished()).text == api.contents(run).text) is (path == SIBLING)


@pytest.mark.parametrize("what", ["plan_level", "transaction_level"])
def test_a_report_on_one_connected_account_requires_the_account(simulator, what):
    """It has no parameter that names one."""
    asked = form(f"connect_card_payments_fees.{what}.1")
    answer = Api(simulator, "sk_live_1").post(asked)
    assert answer.status_code == 400
    assert "Stripe-Account" in error(answer)["message"]
    assert Api(simulator, "sk_live_1", Stripe_Account=CONNECTED[0]).post(asked).status_code == 200


# What people are shown


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_the_front_page_names_the_organisations_key_and_its_accounts(simulator, accept):
    """Stripe has no endpoint that lists them."""
    page = Client(simulator).get("/", headers={"Accept": accept}).text
    for account in simulator.organisation:
        assert account.id in page
        assert account.name in page
    assert simulator.organisation_key in page
