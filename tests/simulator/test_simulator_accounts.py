"""A simulated platform with any number of connected accounts, most of them small."""

import argparse

import polars as pl
import pytest
from werkzeug.test import Client

import stripe_reports as sr
from played_reports import SEPTEMBER, frame
from simulator_api import RUNS, Api
from stripe_reports import cli
from stripe_reports.errors import InputError
from stripe_reports.simulator import Simulator
from stripe_reports.simulator.ledger.connected_accounts import accounts_of, connected_accounts
from stripe_reports.simulator.ledger.ledger import USUAL_ACCOUNTS, Ledger
from stripe_reports.simulator.ledger.small_accounts import POOL

MANY = USUAL_ACCOUNTS + 6


def test_the_first_accounts_are_the_same_however_many_there_are():
    """Their ids and figures are in saved commands, notebooks and tests."""
    usual = accounts_of(1, 40.0)
    assert len(usual) == USUAL_ACCOUNTS
    assert accounts_of(1, 40.0, 3) == usual[:3]
    assert accounts_of(1, 40.0, MANY)[:USUAL_ACCOUNTS] == usual


def test_the_small_accounts_are_the_same_however_many_there_are():
    """A test with fewer accounts shows what one with thousands would."""
    few, many = accounts_of(1, 40.0, MANY), accounts_of(1, 40.0, 2 * POOL)
    assert many[:MANY] == few
    assert many[MANY - 1].ledger.activity.equals(few[MANY - 1].ledger.activity)


def test_thousands_of_accounts_have_ids_of_their_own():
    """A wrong account must be visible in the result."""
    simulator = Simulator(seed=1, accounts=5000)
    ids = simulator.account_ids()
    assert len(set(ids)) == 5000
    assert (
        simulator.account_ids(3)
        == ids[:3]
        == [a.id for a in simulator.organisation[0].connected_accounts[:3]]
    )


def test_no_row_belongs_to_two_accounts_and_all_have_some():
    """The small accounts share out the rows of one ledger; each has one currency and its own figures."""
    small = accounts_of(1, 40.0, POOL)[USUAL_ACCOUNTS:]
    rows = pl.concat([account.ledger.activity for account in small])
    assert rows["transaction"].is_unique().all()
    assert min(account.ledger.activity.height for account in small) > 20
    assert len({account.ledger.activity["gross"].sum() for account in small}) == len(small)
    for account in small:
        assert set(account.ledger.activity["currency"]) == set(account.currencies)


def test_what_follows_from_a_charge_belongs_to_its_account():
    """A refund in another account would have no charge there."""
    for account in accounts_of(1, 40.0, POOL)[USUAL_ACCOUNTS:]:
        rows = account.ledger.activity
        sold = rows.filter(pl.col("reporting_category") == "charge")["charge"]
        assert rows["charge"].drop_nulls().is_in(sold.implode()).all()


@pytest.mark.parametrize("place", [USUAL_ACCOUNTS, MANY - 1])
def test_the_reports_of_a_small_account_tie_out(place, tmp_path):
    """To the cent, like all others; its ids are its own."""
    account = Simulator(accounts=MANY).account_ids()[place]
    with sr.demo(accounts=MANY, account=account, cache_dir=tmp_path) as client:
        assert client.tie_out("2026-10").passes
        assert client.frame("balance_change_from_activity.itemized", "2026-10").height > 0


def test_one_run_has_the_rows_of_all_accounts():
    """With a column that names them: it is one run instead of one for each account."""
    ledger = Ledger.of(1, accounts=MANY)
    rows = frame("connected_account_balance_change_from_activity.itemized.3", SEPTEMBER, ledger)
    assert set(rows["connected_account"]) == {account.id for account in connected_accounts(ledger)}
    assert len(connected_accounts(ledger)) == MANY


def test_the_key_names_another_number_of_accounts():
    """Reports on all accounts have other figures then, so results must be kept apart."""
    usual, many = Simulator(), Simulator(accounts=500)
    assert many.key == f"{usual.key}_accounts500"
    assert Api(many, usual.key).get(RUNS).status_code == 401


@pytest.mark.parametrize("accounts", [0, -1])
def test_a_platform_has_at_least_one_account(accounts):
    """It would be no platform."""
    with pytest.raises(ValueError, match="accounts must be at least 1"):
        Simulator(accounts=accounts)
    with pytest.raises(InputError, match="accounts must be at least 1"):
        cli.simulate.run(_options("--accounts", str(accounts)))


def _options(*arguments):
    parser = argparse.ArgumentParser()
    cli.simulate.add_to(parser.add_subparsers())
    return parser.parse_args(["simulate", *arguments])


def test_any_program_can_ask_for_the_accounts():
    """Without a key, as for the simulator's clock."""
    simulator = Simulator(accounts=MANY)
    listed = Client(simulator).get("/simulator/accounts").json["accounts"]
    assert [account["id"] for account in listed] == simulator.account_ids()
    assert listed[0] == {"id": simulator.account_ids(1)[0], "name": "Alpenblick Sport GmbH", "country": "AT"}


def test_each_of_many_accounts_lists_only_its_own_runs():
    """Newest first."""
    simulator = Simulator(accounts=MANY, latency=10)
    launched = {}
    for account in simulator.account_ids():
        api = Api(simulator, Stripe_Account=account)
        launched[account] = [api.create("payouts.itemized.5", currency=c)["id"] for c in ("eur", "usd")]
    for account, ids in launched.items():
        listed = Api(simulator, Stripe_Account=account).get(RUNS).json["data"]
        assert [run["id"] for run in listed] == ids[::-1]


@pytest.mark.stripe_reporting(accounts=MANY)
def test_the_fixture_takes_the_number_of_accounts(stripe_reporting):
    """Others test their own code for platforms with it."""
    assert len(stripe_reporting.simulator.account_ids()) == MANY
