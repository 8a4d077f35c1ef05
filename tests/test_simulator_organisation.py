"""The simulated organisation: sibling accounts with figures of their own."""

from stripe_reports.simulator.ledger.connected_accounts import connected_accounts
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.ledger.organisation import sibling_accounts


def test_siblings_are_told_apart_by_their_id_and_their_figures():
    """A context that is mixed up must be visible in the result."""
    siblings = sibling_accounts(Ledger.of(1))
    assert len({sibling.id for sibling in siblings}) == len(siblings) > 1
    assert len({sibling.ledger.activity["gross"].sum() for sibling in siblings}) == len(siblings)


def test_the_main_account_is_the_merchant_itself():
    """Its connected accounts name it as their platform, and it has the figures of the given ledger."""
    ledger = Ledger.of(1)
    main, *_ = sibling_accounts(ledger)
    assert main.ledger is ledger
    assert {account.platform for account in connected_accounts(ledger)} == {main.id}


def test_the_same_seed_gives_the_same_siblings():
    """Ids are part of commands that people save."""
    assert sibling_accounts(Ledger(7, 2.0)) == sibling_accounts(Ledger(7, 2.0))
    assert sibling_accounts(Ledger(7, 2.0))[1].id != sibling_accounts(Ledger(8, 2.0))[1].id
