"""Advice on fewer runs: one of a ``connected_account_*`` type may have the rows of all accounts."""

import pytest

import stripe_reports as sr
from stripe_reports.planning.fewer_runs import covers_all_accounts, fewer_runs

INTERVAL = {"interval_start": "2026-10-01T00:00:00Z", "interval_end": "2026-11-01T00:00:00Z"}
PAYOUTS = "payouts.itemized.5"
OF_ALL = "connected_account_payouts.itemized.3"


def request(report_type, **parameters):
    return sr.ReportRequest(report_type, **INTERVAL, **parameters)


def test_six_types_of_twelve_months_need_72_runs_instead_of_360000():
    """For 5,000 accounts, it saves the night."""
    advice = fewer_runs([request(PAYOUTS)] * 72, 5_000)
    assert (advice.runs, advice.needed) == (360_000, 72)
    assert "72 instead of 360,000 runs" in str(advice)
    assert f"{OF_ALL} instead of {PAYOUTS}" in str(advice)


def test_the_advice_names_reports_as_the_api_does():
    """In Reports v2, a name with a version is refused."""
    of_v2 = sr.ReportRequest("payouts.itemized", report_id="report_1", **INTERVAL)
    assert "connected_account_payouts.itemized instead of payouts.itemized takes" in str(
        fewer_runs([of_v2], 2)
    )


def test_the_advice_says_that_it_is_unproved():
    """Nobody has shown a run of Stripe's with the rows of all accounts."""
    assert "likely, but unproved at Stripe" in str(fewer_runs([request(PAYOUTS)], 2))


@pytest.mark.parametrize(
    ("requests", "accounts"),
    [
        pytest.param([request(PAYOUTS)], 1, id="one account"),
        pytest.param([request("tax.transactions.itemized.5")], 1, id="one account, another type"),
        pytest.param([request("all_fees.itemized.1")], 9, id="no such type for all accounts"),
        pytest.param([request(OF_ALL, connected_account="acct_1")], 9, id="one account is named"),
        pytest.param(
            [
                sr.ReportRequest(
                    "ending_balance_reconciliation.itemized.4", interval_end=INTERVAL["interval_end"]
                )
            ],
            9,
            id="without an interval",
        ),
    ],
)
def test_there_is_no_advice_where_it_would_not_help(requests, accounts):
    """It would only be read past."""
    assert fewer_runs(requests, accounts) is None


def test_other_types_are_still_counted_for_each_account():
    """The number must be right, or nobody trusts it."""
    advice = fewer_runs([request(PAYOUTS), request("all_fees.itemized.1")], 100)
    assert (advice.runs, advice.needed) == (200, 101)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request(OF_ALL), True),
        (request(OF_ALL, connected_account="acct_1"), False),
        (request(OF_ALL, columns=["payout_id"]), False),
        (request(OF_ALL, columns=["payout_id", "connected_account"]), True),
        (request(PAYOUTS), False),
    ],
)
def test_a_result_is_checked_only_if_it_should_name_its_accounts(asked, expected):
    """A column that was not requested cannot be missed."""
    assert covers_all_accounts(asked) is expected
