"""Tie-outs: honest reports always agree, and each error makes exactly the controls fail that it touches."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stripe_reports as sr
from played_reports import EVERY_TERMS, INTERCHANGE_PLUS, STAND_ALONE
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import ParameterError, UnknownReportTypeError
from stripe_reports.render.money import money
from stripe_reports.simulator import Simulator

MONEY = pl.Decimal(38, 6)
CENT = Decimal("0.01")
ZONES = ["UTC", "Europe/Paris", "Asia/Kolkata", "America/Los_Angeles", "Pacific/Apia"]
PERIODS = [
    *("2026-10", "2026-09", "2025-03", "2024-11", "2024-12", "2026-Q3", "2026-W41", "2026-10-05"),
    *("2026-10-24/2026-10-27", "this month"),
]


def demo(seed=1, terms=None, **options):
    return DemoClient(Simulator(seed, latency=1.0, charges_per_day=8.0, terms=terms), **options)


@cache
def books(seed=1, terms=None):
    """All frames of an honest October, and its interval."""
    result = demo(seed, terms).tie_out("2026-10")
    return {**result.frames, "interval": result.interval}


def frame(**columns):
    return pl.DataFrame(columns).with_columns(
        pl.col(name).cast(pl.Decimal(38, 6))
        for name in columns
        if name in ("gross", "fee", "net", "net_amount")
    )


def summary(currency="eur", **figures):
    """A balance summary; what is not named is an untouched zero without a currency."""
    names = (
        *("starting_balance", "activity_gross", "activity_fee", "activity"),
        *("payouts_gross", "payouts_fee", "payouts", "ending_balance"),
    )
    return frame(
        category=list(names),
        net_amount=[figures.get(name, "0.00") for name in names],
        currency=[currency if name in figures else None for name in names],
    )


# Honest data


@settings(max_examples=10)
@given(
    seed=st.integers(0, 10**6),
    period=st.sampled_from(PERIODS),
    zone=st.sampled_from(ZONES),
    currency=st.sampled_from([None, None, "eur", "jpy", "kwd", "gbp"]),
    terms=st.sampled_from(EVERY_TERMS),
    lists_payouts=st.booleans(),
)
def test_honest_reports_agree(seed, period, zone, currency, terms, lists_payouts):
    """Of any account, period, zone and mix of currencies; and so do fewer of them, with or without bounds.

    Whether charges carry the fees or other rows do, and whether a payout is listed in its reconciliation.
    """
    terms = replace(terms, lists_payouts=lists_payouts)
    result = demo(seed, terms, timezone=zone).tie_out(period, currency=currency)
    assert result.passes, str(result)
    assert set(result.frame()["difference"]) == {Decimal(0)}
    frames = dict(result.frames)
    del frames["payout_reconciliation"]
    assert sr.tie_out(**frames, interval=result.interval).passes
    assert sr.tie_out(**frames).passes
    assert sr.tie_out(**result.frames).passes


def test_a_restated_account_agrees_with_itself(client, simulator):
    """Late fees in a closed month are taken by a later payout; the books balance all the same."""
    simulator.restate("2026-09")
    simulator.restate("2026-09", "fee waived", currency="eur")
    simulator.clock.advance(13 * 3600)
    for period in ("2026-09", "2026-10", "this month"):
        result = client.tie_out(period)
        assert result.passes, str(result)


def test_a_month_without_anything_agrees():
    """Blank currencies on untouched zeros, header-only files: nothing is there, and that is consistent."""
    result = demo().tie_out("2024-10-02/2024-10-20")
    assert result.passes
    assert result.frame()["currency"].to_list() == [None] * result.frame().height
    assert result.frame().height > 10


def test_the_result_is_exact_and_by_currency():
    """Yen have no cents and dinars three decimals; all are Decimal(38, 6), and none is added to another."""
    result = sr.tie_out(**books()).frame()
    assert result.schema == {
        "control": pl.String,
        "currency": pl.String,
        **dict.fromkeys(("left", "right", "difference"), MONEY),
        "passes": pl.Boolean,
        "explanation": pl.String,
    }
    controls = result["control"].unique()
    assert sorted(Counter(result["currency"])) == ["eur", "jpy", "kwd", "usd"]
    assert result.height == 4 * len(controls) == 60


# Each single error


def contributions(name, row, all_books):
    """What a row adds to the difference of each control: all are sums, and of honest data they are zero."""
    if name in ("summary", "previous"):
        weights = SUMMARY if name == "summary" else {"ending_balance": {"previous ending = next starting": 1}}
        of_row = weights.get(row["category"], {})
        return {control: weight * row["net_amount"] for control, weight in of_row.items()}
    gross, fee, net = row["gross"], row["fee"], row["net"]
    title = {"payout_reconciliation": "payout reconciliation", "ending_balance": "ending balance"}
    adds = {f"gross - fee = net ({title.get(name, name)})": gross - fee - net}
    is_fee = row["reporting_category"] in ("fee", "network_cost")
    match name:
        case "activity":
            adds["itemised = summary"] = net
            adds["itemised gross = summary"] = 0 if is_fee else gross
            adds["itemised fee = summary"] = (gross if is_fee else 0) - fee
            settled = all_books["payout_reconciliation"]["balance_transaction_id"]
            if row["balance_transaction_id"] in set(settled):
                adds["activity paid out = payout reconciliation"] = net
        case "payouts":
            adds["itemised payouts = summary"] = -net
            automatic = set(all_books["payout_reconciliation"]["automatic_payout_id"])
            if row["reporting_category"] == "payout" and row["payout_id"] in automatic:
                adds["each automatic payout = its transactions"] = net
        case "payout_reconciliation":
            named = list(all_books[name]["automatic_payout_id"])
            others = set(all_books["activity"]["automatic_payout_id"])
            payout = row["automatic_payout_id"]
            if payout in others or named.count(payout) > 1:
                adds["each automatic payout = its transactions"] = -net
            if row["balance_transaction_id"] in set(all_books["activity"]["balance_transaction_id"]):
                adds["activity paid out = payout reconciliation"] = -net
        case "ending_balance":
            adds["ending balance reconciliation = ending balance"] = net
    return adds


_SUM, _GROSS_FEE, _PAYOUT_FEE = (
    "starting + activity + payouts = ending",
    "gross + fee = activity",
    "gross + fee = payouts",
)
SUMMARY = {
    "starting_balance": {_SUM: 1, "previous ending = next starting": -1},
    "activity_gross": {_GROSS_FEE: 1, "itemised gross = summary": -1},
    "activity_fee": {_GROSS_FEE: 1, "itemised fee = summary": -1},
    "activity": {_SUM: 1, _GROSS_FEE: -1, "itemised = summary": -1},
    "payouts_gross": {_PAYOUT_FEE: 1},
    "payouts_fee": {_PAYOUT_FEE: 1},
    "payouts": {_SUM: 1, _PAYOUT_FEE: -1, "itemised payouts = summary": -1},
    "ending_balance": {_SUM: -1, "ending balance reconciliation = ending balance": -1},
}

AMOUNTS = ("gross", "fee", "net", "net_amount")


def dropped(row):
    """A row is missing; of a payout, it was shifted over the interval's edge."""
    return []


def twice(row):
    return [row, row]


def a_cent_moved(row):
    name = "net_amount" if "net_amount" in row else "net"
    return [row | {name: row[name] + CENT}]


def sign_flipped(row):
    return [{name: -value if name in AMOUNTS else value for name, value in row.items()}]


def currency_mixed_up(row):
    return [row | {"currency": "usd" if row["currency"] == "eur" else "eur"}]


ERRORS = [dropped, twice, a_cent_moved, sign_flipped, currency_mixed_up]


def corrupted(all_books, name, number, error):
    """The frames with one row of one of them in error, and what should differ by how much."""
    before = all_books[name].row(number, named=True)
    after = error(before)
    schema = all_books[name].schema
    changed = pl.concat(
        [all_books[name][:number], pl.DataFrame(after, schema), all_books[name][number + 1 :]]
    )
    differences = Counter()
    for row, sign in [(before, -1), *((row, 1) for row in after)]:
        for control, amount in contributions(name, row, all_books).items():
            differences[control, row["currency"]] += sign * amount
    return {**all_books, name: changed}, {key: amount for key, amount in differences.items() if amount}


@settings(max_examples=100)
@given(
    account=st.sampled_from([(1, None), (2, None), (3, INTERCHANGE_PLUS), (4, STAND_ALONE)]),
    name=st.sampled_from(
        ["summary", "previous", "activity", "payouts", "payout_reconciliation", "ending_balance"]
    ),
    at=st.integers(0, 10**6),
    error=st.sampled_from(ERRORS),
)
def test_one_error_fails_exactly_the_controls_it_touches_by_its_amount(account, name, at, error):
    """And no other control, nor any other currency."""
    all_books = books(*account)
    number = at % all_books[name].height
    if all_books[name]["currency"][number] is None:
        return  # an untouched zero makes no difference
    frames, expected = corrupted(all_books, name, number, error)
    result = sr.tie_out(**frames).frame()
    failed = result.filter(~pl.col("passes"))
    assert {(r["control"], r["currency"]): r["difference"] for r in failed.to_dicts()} == expected
    assert set(result.filter("passes")["difference"]) <= {Decimal(0)}


@settings(max_examples=30)
@given(
    account=st.sampled_from([(1, None), (3, INTERCHANGE_PLUS), (4, STAND_ALONE)]),
    at=st.integers(0, 10**6),
    error=st.sampled_from(ERRORS),
)
def test_the_drill_down_finds_the_row_in_error(account, at, error):
    """By what the other reports say of the same balance transaction; its parts make up the difference."""
    all_books = books(*account)
    number = at % all_books["activity"].height
    frames, expected = corrupted(all_books, "activity", number, error)
    result = sr.TieOut.of(**frames)
    id_ = all_books["activity"]["balance_transaction_id"][number]
    for control, currency in expected:
        rows = result.rows(control, currency)
        assert rows.columns[:3] == ["report", "why", "difference"]
        if "paid out" not in control:
            assert id_ in set(rows["balance_transaction_id"])
            assert set(rows["balance_transaction_id"]) == {id_}
            assert sum(rows["difference"].drop_nulls()) == expected[control, currency]


def test_the_drill_down_of_a_payout_shows_it_with_its_transactions():
    """A payout that lost a transaction: which one, the activity knows."""
    october = books()
    id_ = october["payout_reconciliation"].filter(currency="eur")["automatic_payout_id"][40]
    lacking = october["payout_reconciliation"].filter(automatic_payout_id=id_)[0]
    rest = october["payout_reconciliation"].join(lacking, on="balance_transaction_id", how="anti")
    result = sr.TieOut.of(**{**october, "payout_reconciliation": rest})
    rows = result.rows("each automatic payout = its transactions", "eur")
    assert rows.filter(report="payouts")["payout_id"].to_list() == [id_]
    assert rows["difference"].drop_nulls().to_list() == [lacking["net"].item()]


def test_a_payout_that_the_list_lacks_is_named_by_its_transactions():
    """It was shifted over the interval's edge; its transactions say that it belongs here."""
    october = books()
    automatic = set(october["payout_reconciliation"]["automatic_payout_id"])
    number, payout = next(
        (n, row) for n, row in enumerate(october["payouts"].to_dicts()) if row["payout_id"] in automatic
    )
    frames, _ = corrupted(october, "payouts", number, dropped)
    rows = sr.TieOut.of(**frames).rows("itemised payouts = summary", payout["currency"])
    assert rows.select("why", "payout_id", "difference").rows() == [
        ("a payout that is missing in payouts", payout["payout_id"], payout["net"])
    ]


def test_a_payout_that_the_list_has_with_another_amount_is_named_by_the_list():
    """By how much, its transactions say; the two rows of a failed payout are not one that is listed twice."""
    payouts = frame(
        payout_id=["po_1", "po_2", "po_2"],
        reporting_category=["payout", "payout", "payout_reversal"],
        currency=["eur"] * 3,
        gross=["9.00", "5.00", "-5.00"],
        fee=["0.00"] * 3,
        net=["9.00", "5.00", "-5.00"],
    )
    settled = frame(
        automatic_payout_id=["po_1", "po_2"],
        balance_transaction_id=["txn_1", "txn_2"],
        reporting_category=["charge", "charge"],
        currency=["eur"] * 2,
        gross=["10.00", "5.00"],
        fee=["0.00"] * 2,
        net=["10.00", "5.00"],
    )
    page = summary(payouts_gross="-10.00", payouts="-10.00")
    tied = sr.tie_out(summary=page, payouts=payouts, payout_reconciliation=settled)
    rows = tied.rows("itemised payouts = summary", "eur")
    assert rows.select("report", "why", "payout_id", "difference").rows() == [
        ("payouts", "a payout that differs from its transactions", "po_1", 1)
    ]


@pytest.mark.parametrize("about", ["activity", "payouts"])
def test_a_total_that_is_not_the_sum_of_its_parts_is_shown_with_them(about):
    """The other lines of the summary have no part in it."""
    page = summary(**{f"{about}_gross": "8.00", f"{about}_fee": "-1.00", about: "6.00"})
    rows = sr.TieOut.of(summary=page).rows(f"gross + fee = {about}", "eur")
    assert rows["category"].to_list() == [f"{about}_gross", f"{about}_fee", about]


def test_without_other_reports_rows_as_large_as_the_difference_are_named():
    """Nothing else can be known, and it is most often right."""
    activity = frame(
        balance_transaction_id=["txn_1", "txn_2", "txn_3"],
        reporting_category=["charge", "charge", "refund"],
        currency=["eur"] * 3,
        gross=["10.00", "7.00", "-2.00"],
        fee=["1.00", "0.00", "0.00"],
        net=["9.00", "7.00", "-2.00"],
    )
    books_ = {"activity": activity, "summary": summary(activity_gross="8", activity_fee="-1", activity="7")}
    rows = sr.TieOut.of(**books_).rows("itemised = summary", "eur")
    assert rows.select("why", "balance_transaction_id").rows() == [("as large as the difference", "txn_2")]
    books_["summary"] = summary(activity_gross="19", activity_fee="-1", activity="18")
    rows = sr.TieOut.of(**books_).rows("itemised = summary", "eur")
    assert rows.select("why", "balance_transaction_id").rows() == [
        ("half the difference: its sign may be reversed", "txn_3")
    ]
    books_["summary"] = summary(activity_gross="500", activity_fee="-1", activity="499")
    assert set(sr.TieOut.of(**books_).rows("itemised = summary")["why"]) == {"among these"}


def test_errors_that_cancel_out_fail_with_a_difference_of_zero():
    """Two cents moved in opposite directions are two errors."""
    activity = frame(
        reporting_category=["charge", "charge"],
        currency=["eur", "eur"],
        gross=["10.00", "10.00"],
        fee=["1.00", "1.00"],
        net=["9.01", "8.99"],
    )
    (row,) = sr.tie_out(activity=activity).frame().to_dicts()
    assert (row["difference"], row["passes"]) == (0, False)


# The traps of genuine files


def test_a_stand_alone_fee_counts_as_fee_and_not_as_gross():
    """Its amount stands in gross, with a fee of 0.00."""
    activity = frame(
        reporting_category=["charge", "fee"],
        currency=["eur", "eur"],
        gross=["10.00", "-0.02"],
        fee=["0.50", "0.00"],
        net=["9.50", "-0.02"],
    )
    page = summary(activity_gross="10.00", activity_fee="-0.52", activity="9.48", ending_balance="9.48")
    assert sr.tie_out(summary=page, activity=activity).passes


def unproved(**gross):
    """A charge of 10.00 with a fee of 0.50, and rows of the categories of which nothing is proved."""
    names = ["charge", *gross]
    return frame(
        reporting_category=names,
        currency=["eur"] * len(names),
        gross=["10.00", *gross.values()],
        fee=["0.50", *["0.00"] * len(gross)],
        net=["9.50", *gross.values()],
    )


@pytest.mark.parametrize(
    ("gross", "fee", "explained"),
    [
        pytest.param("10.00", "-1.05", "", id="all as fee, as Stripe's rule says"),
        pytest.param("9.70", "-0.75", "network_cost (−0.30 EUR)", id="network costs as gross"),
        pytest.param("9.90", "-0.95", "contribution (−0.10 EUR)", id="contributions as gross"),
        pytest.param("9.85", "-0.90", "financing_paydown (−0.15 EUR)", id="paydowns as gross"),
        pytest.param("9.60", "-0.65", "network_cost (−0.30 EUR) and contribution (−0.10 EUR)", id="two"),
        pytest.param("9.69", "-0.74", None, id="a cent more"),
        pytest.param("9.99", "-1.04", None, id="a cent"),
        pytest.param("10.30", "-1.35", None, id="the other way round"),
    ],
)
def test_a_difference_of_exactly_what_is_unproved_is_explained_and_any_other_fails(gross, fee, explained):
    """Whether network costs count as fee or gross, no genuine file proves; a close must not fail of it."""
    activity = unproved(network_cost="-0.30", contribution="-0.10", financing_paydown="-0.15")
    page = summary(activity_gross=gross, activity_fee=fee, activity="8.95", ending_balance="8.95")
    result = sr.TieOut.of(summary=page, activity=activity)
    assert result.passes == (explained is not None)
    if explained:
        (sentence,) = result.notes
        assert sentence.startswith(f"EUR: the summary counts {explained} as gross")
        assert "2 of them with an explained difference" in str(result)
        assert result._repr_html_().count(" explained<") == 2
        for control in ("itemised fee = summary", "itemised gross = summary"):
            rows = result.rows(control)
            assert set(rows["why"]) == {"the summary counts it as gross"}
            row = result.frame().row(by_predicate=pl.col("control") == control, named=True)
            assert rows["difference"].sum() == row["difference"] != 0
    else:
        assert result.notes == ()
        assert result.failed().height == (0 if result.passes else 2)


def test_only_a_difference_in_both_fee_and_gross_is_explained():
    """Money that is counted elsewhere is missing on one side and there on the other."""
    activity = unproved(network_cost="-0.30")
    page = summary(activity_gross="10.00", activity_fee="-0.50", activity="9.50")
    result = sr.tie_out(summary=page, activity=activity)
    assert set(result.failed()["control"]) >= {"itemised fee = summary", "itemised = summary"}
    assert result.frame()["explanation"].null_count() == result.frame().height


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6), period=st.sampled_from(PERIODS), lists_payouts=st.booleans())
def test_an_interchange_plus_account_ties_out_whichever_way_its_summary_counts(seed, period, lists_payouts):
    """The simulator can do both; in neither does an honest close fail."""
    terms = replace(INTERCHANGE_PLUS, network_cost="gross", lists_payouts=lists_payouts)
    result = demo(seed, terms).tie_out(period)
    assert result.passes, str(result)
    off = result.frame().filter(pl.col("difference") != 0)
    assert set(off["control"]) <= {"itemised fee = summary", "itemised gross = summary"}
    assert off["explanation"].null_count() == 0
    without = sr.tie_out(**{**result.frames, "activity": result.frames["activity"][1:]})
    assert not without.passes or result.frames["activity"].is_empty()


def test_the_payout_itself_is_none_of_its_transactions():
    """Some people find it in its reconciliation; the transactions alone sum to it."""
    payouts = frame(
        payout_id=["po_1"],
        reporting_category=["payout"],
        currency=["eur"],
        gross=["9.50"],
        fee=["0.00"],
        net=["9.50"],
    )
    settled = frame(
        automatic_payout_id=["po_1"] * 2,
        source_id=["ch_1", "po_1"],
        balance_transaction_id=["txn_1", "txn_2"],
        reporting_category=["charge", "payout"],
        currency=["eur"] * 2,
        gross=["10.00", "-9.50"],
        fee=["0.50", "0.00"],
        net=["9.50", "-9.50"],
    )
    page = summary(payouts_gross="-9.50", payouts="-9.50", ending_balance="-9.50")
    for rows in (settled, settled.drop("source_id")):
        result = sr.tie_out(summary=page, payouts=payouts, payout_reconciliation=rows)
        assert result.passes, str(result)
    another = settled.with_columns(source_id=pl.Series(["ch_1", "po_2"]))
    result = sr.tie_out(summary=page, payouts=payouts, payout_reconciliation=another)
    assert result.failed()["control"].to_list() == ["each automatic payout = its transactions"]


def test_an_instant_payouts_fee_leaves_the_balance_and_not_for_the_bank():
    """Gross 55, fee -1, net 56: the bank gets 55, and the balance falls by 56."""
    payouts = frame(
        payout_id=["po_1"],
        reporting_category=["payout"],
        currency=["eur"],
        gross=["55.00"],
        fee=["-1.00"],
        net=["56.00"],
    )
    page = summary(
        starting_balance="60.00",
        payouts_gross="-55.00",
        payouts_fee="-1.00",
        payouts="-56.00",
        ending_balance="4.00",
    )
    assert sr.tie_out(summary=page, payouts=payouts).passes


def test_a_failed_payout_has_two_rows_of_one_id_and_still_equals_its_transactions():
    """The payout settled its transactions; its reversal came back as one sum."""
    payouts = frame(
        payout_id=["po_1", "po_1"],
        reporting_category=["payout", "payout_reversal"],
        currency=["eur", "eur"],
        gross=["9.50", "-9.50"],
        fee=["0.00", "0.00"],
        net=["9.50", "-9.50"],
    )
    settled = frame(
        automatic_payout_id=["po_1"],
        balance_transaction_id=["txn_1"],
        reporting_category=["charge"],
        currency=["eur"],
        gross=["10.00"],
        fee=["0.50"],
        net=["9.50"],
    )
    page = summary(payouts_gross="0.00", payouts="0.00")
    assert sr.tie_out(summary=page, payouts=payouts, payout_reconciliation=settled).passes


def test_an_amount_without_a_currency_is_tied_out_by_itself():
    """A blank currency stands by an untouched zero only; anything else is an error, and shows as one."""
    page = summary(starting_balance="5.00", ending_balance="5.00").with_columns(
        currency=pl.when(pl.col("category") == "starting_balance").then(None).otherwise("currency")
    )
    failed = sr.tie_out(summary=page).failed()
    assert failed.select("currency", "difference").rows() == [("eur", -5), (None, 5)]


def test_upper_case_currencies_are_the_same_currencies():
    """Some files have them."""
    page = summary("EUR", activity_gross="1.00", activity="1.00", ending_balance="1.00")
    activity = frame(
        reporting_category=["charge"], currency=["eur"], gross=["1.00"], fee=["0.00"], net=["1.00"]
    )
    assert set(sr.tie_out(summary=page, activity=activity).frame()["currency"]) == {"eur"}


def test_without_the_payout_reconciliation_the_edges_of_the_interval_are_no_errors():
    """A payout early in the interval carries money from before it; one in the midst must match."""
    october = {name: value for name, value in books().items() if name != "payout_reconciliation"}
    name = "each automatic payout = its transactions"
    sums = sr.tie_out(**october).frame().filter(control=name)
    assert sums["passes"].all()
    assert sums.filter(currency="eur")["left"].item() > 0
    eur = october["activity"].filter(currency="eur").sort("automatic_payout_effective_at_utc")
    end = october["interval"][1]
    within = eur.filter(pl.col("automatic_payout_effective_at_utc") < end)
    late, early = within["balance_transaction_id"][-1], within["balance_transaction_id"][0]
    for id_, passes in ((late, False), (early, True)):
        fewer = october["activity"].filter(pl.col("balance_transaction_id") != id_)
        outcome = sr.tie_out(**{**october, "activity": fewer}).frame().filter(control=name, currency="eur")
        assert outcome["passes"].item() is passes


# What is refused


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        (dict, "no frames to compare"),
        (lambda: {"summary": [1]}, "summary must be a polars frame; got list"),
        (lambda: {"summary": books()["activity"]}, "It looks like balance_change_from_activity.itemized"),
        (lambda: {"activity": books()["summary"]}, "It looks like balance.summary; pass it as summary="),
        (lambda: {"activity": books()["payouts"]}, "has a column payout_id"),
        (lambda: {"payouts": books()["activity"]}, "has no column payout_id"),
        (lambda: {"payout_reconciliation": books()["activity"]}, "rows without automatic_payout_id"),
        (lambda: {"previous": books()["summary"]}, "No control is possible with previous alone"),
        (
            lambda: {"activity": books()["activity"].with_columns(pl.col("net").cast(float))},
            "can lose cents",
        ),
        (
            lambda: {"summary": summary().with_columns(category=pl.lit("x"))},
            "no row of a balance.summary",
        ),
    ],
)
def test_a_frame_that_is_not_that_report_is_refused(frames, says):
    """A control over the wrong report would prove nothing."""
    with pytest.raises(ParameterError, match=says):
        sr.tie_out(**frames())


def test_bounds_without_a_zone_are_refused():
    """They would be a guess."""
    with pytest.raises(ParameterError, match="with a time zone"):
        sr.tie_out(summary=summary(), interval=(datetime(2026, 10, 1), datetime(2026, 11, 1)))  # noqa: DTZ001


def test_a_control_or_currency_that_was_not_run_is_refused_with_the_nearest():
    """An empty table would look like an answer."""
    result = sr.TieOut.of(**books())
    with pytest.raises(ParameterError, match="'itemised = summary'"):
        result.rows("itemised = sumary")
    with pytest.raises(ParameterError, match="'gbp'"):
        result.rows("itemised = summary", "gbp")
    assert result.rows("itemized = summary", "EUR").is_empty()


# From the client


def test_it_fetches_side_by_side_and_reuses(client, simulator, calls):
    """Six reports: six runs at once, in the time of one; none the second time."""
    started = simulator.clock.now()
    result = client.tie_out("2026-10")
    assert len(calls("POST /v1/reporting/report_runs")) == 6
    assert (simulator.clock.now() - started).total_seconds() < 3 * 10
    again = client.tie_out("2026-10")
    assert calls("POST") == []
    assert set(again.reports) == {
        *("summary", "activity", "payouts", "payout_reconciliation", "ending_balance", "previous")
    }
    assert {report.reuse.action for report in again.reports.values()} == {"stored"}
    assert str(result) == str(again) == "October 2026: 60 of 60 controls pass"
    assert "60 of 60" in result._repr_html_()


def test_a_period_that_goes_on_is_cut_for_all_reports_alike(client, simulator):
    """Report types get new data at different minutes; their intervals must be one all the same."""
    simulator.clock.set(datetime(2026, 11, 5, 7, 30, tzinfo=UTC))
    result = client.tie_out("this month")
    assert result.passes
    assert (
        len({report.request.interval_end for name, report in result.reports.items() if name != "previous"})
        == 1
    )


def test_the_first_month_has_no_month_before(client):
    """That is said, not hidden."""
    result = client.tie_out("2024-10")
    assert result.passes
    assert "previous" not in result.reports
    assert result.notes[0] == "The previous balance was not checked: Stripe has no data for September 2024."
    assert "nothing to compare" in result.notes[1], "nobody had sold anything yet"


def test_the_previous_period_of_a_month_is_the_month_before_it(client):
    """So the summary of the last close answers, without a run."""
    client.fetch("balance.summary", "2026-09", timezone="Europe/Paris")
    result = client.tie_out("2026-10", timezone="Europe/Paris")
    assert result.reports["previous"].reuse.action == "stored"
    assert result.passes


def test_what_the_account_does_not_offer_is_left_out_and_told(client, monkeypatch):
    """A close without payout reconciliation is worth something; without the summary, it is none."""
    offered = client.report_types()

    def without(base):
        kept = [type_ for type_ in offered if type_.base != base]
        columns = {type_.id: type_.default_columns for type_ in kept}
        client._store.launch_log.remember_offered(columns, client.simulator.clock.now())
        monkeypatch.setattr(client._account, "report_types", lambda: kept)

    without("payout_reconciliation.itemized")
    result = client.tie_out("2026-10", currency="eur")
    assert result.passes
    assert result.notes == (
        "payout_reconciliation was not checked: the account does not offer payout_reconciliation.itemized.",
    )
    assert "payout_reconciliation" not in result.reports
    without("balance.summary")
    with pytest.raises(UnknownReportTypeError):
        client.tie_out("2026-10")


def test_reports_of_different_times_are_told(client, simulator):
    """A difference may be nothing but newer data."""
    client.fetch("balance.summary", "2026-09")
    simulator.clock.advance(86_400)
    (note,) = client.tie_out("2026-09").notes
    assert "summary of 2026-11-05" in note
    assert "new runs for all avoid it" in note
    assert client.tie_out("2026-09", reuse="never").notes == ()


def test_a_restated_month_before_fails_its_control(client, simulator):
    """The balance that September was closed with is no longer the one that October starts from."""
    closed = client.tie_out("2026-09").reports["summary"].frame()
    simulator.restate("2026-09", currency="eur")
    simulator.clock.advance(13 * 3600)
    october = client.tie_out("2026-10", reuse="never")
    assert october.passes  # all anew: Stripe's books balance
    frames = {**october.frames, "previous": closed}
    result = sr.TieOut.of(**frames, title="October 2026")
    assert str(result) == (
        "October 2026: 59 of 60 controls pass, 1 fail\n  previous ending = next starting: +12.34 EUR"
    )
    rows = result.rows("previous ending = next starting")
    assert rows.select("report", "category").rows() == [
        ("previous", "ending_balance"),
        ("summary", "starting_balance"),
    ]


def test_controls_without_any_rows_say_so(client):
    """Nothing equals nothing: a currency that was mistyped must not look like a clean close."""
    with pytest.warns(UserWarning, match="'xxx' is not a currency that this package knows") as caught:
        tied = client.tie_out("2026-10", currency="xxx")
    assert len(caught) == 1
    assert tied.passes
    assert "There was nothing to compare" in str(tied)
    assert "nothing to compare" not in str(client.tie_out("2026-10", currency="eur"))


def test_an_amount_has_all_its_digits():
    """As many as Decimal(38, 6) holds, whatever Python's decimal context rounds to."""
    amount = Decimal("-12345678901234567890123456789012.123456")
    assert money(amount, "eur", signed=True) == ("−12,345,678,901,234,567,890,123,456,789,012.123456 EUR")


def test_an_id_in_a_report_cannot_act_in_the_page(client):
    """Text from a report is data."""
    page = summary("<b>", starting_balance="1.00")
    html = sr.TieOut.of(summary=page)._repr_html_()
    assert "<b>" not in html.replace("<b>", "", 1)  # our own, around the sentence
    assert "&lt;b&gt;" in html


def test_the_controls_are_written_as_a_workbook(tmp_path):
    """For the file of the close: a table in the formats of its currencies, and what each amount is."""
    openpyxl = pytest.importorskip("openpyxl")
    result = sr.tie_out(**books())
    assert result.write_excel(tmp_path / "controls.xlsx") == result.frame().height
    book = openpyxl.load_workbook(tmp_path / "controls.xlsx")
    header, *rows = book["Controls"].iter_rows(values_only=True)
    assert list(header) == result.frame().columns
    assert [row[:2] for row in rows] == result.frame().select("control", "currency").rows()
    assert all(row[header.index("passes")] is True for row in rows)
    formats = {row[1].value: row[2].number_format for row in book["Controls"].iter_rows(2)}
    assert (formats["jpy"], formats["kwd"]) == ("#,##0", "#,##0.000")
    sheet = book["About"]
    assert sheet.column_dimensions["A"].width > max(len(row[0].value) for row in sheet.iter_rows())
    long = [row[0].row for row in sheet.iter_rows() if len(row[1].value) > 100]
    assert long, "a line that needs more than one"
    assert all(sheet.row_dimensions[number].height >= 30 for number in long)
    about = dict(sheet.iter_rows(values_only=True))
    assert about["outcome"] == result.summary
    assert about["itemised = summary"].startswith("left: Net of the itemised activity")


class TestSets:
    """The reports of a year in months, against the summary of the year."""

    TYPES = ("balance_change_from_activity.itemized", "payouts.itemized")

    def test_a_set_is_compared_with_the_summary_of_its_whole_interval(self, client):
        """Only the summary is fetched: the months are there."""
        months = client.fetch_all(self.TYPES, "2026-Q3", split="month")
        launched = len(client.runs(100))
        tied = client.tie_out(months)
        assert tied.passes
        assert tied.frame().height > 10
        assert len(client.runs(100)) == launched + 1
        assert tied.reports["summary"].request.period_name == "Q3 2026"
        assert tied.interval == (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))

    def test_a_month_that_was_restated_after_it_was_stored_shows(self, client):
        """The summary is of today, and the month of before."""
        months = client.fetch_all(self.TYPES[0], "2026-Q3", split="month")
        client.simulator.restate("2026-08", currency="eur")
        client.simulator.clock.advance(86400)
        tied = client.tie_out(months)
        assert set(tied.frame().filter(~pl.col("passes"))["currency"]) == {"eur"}

    def test_a_set_with_its_summary_needs_no_call(self, client):
        months = client.fetch_all([*self.TYPES, "balance.summary"], "2026-09")
        launched = len(client.runs(100))
        assert client.tie_out(months).passes
        assert len(client.runs(100)) == launched

    def test_monthly_balances_are_compared_as_those_of_the_whole_interval(self, client):
        """From the first start to the last end: three ending balances are no amount that anybody has."""
        types = (*self.TYPES, "balance.summary", "ending_balance_reconciliation.itemized")
        months = client.tie_out(client.fetch_all(types, "2026-Q3", split="month")).frame()
        quarter = client.tie_out("2026-Q3").frame()
        keys = ["control", "currency", "left", "right"]
        assert months.height > 20
        assert (
            months.select(keys).join(quarter.select(keys), on=keys, how="anti", nulls_equal=True).is_empty()
        )

    @pytest.mark.parametrize(
        ("types", "given", "says"),
        [
            (["balance.summary"], {}, "a tie-out needs one of balance_change_from_activity.itemized"),
            (["payouts.itemized"], {"accounts": ["acct_1"]}, "of one account"),
            (["ending_balance_reconciliation.itemized"], {}, "about a moment"),
        ],
    )
    def test_a_set_that_cannot_be_compared_is_refused(self, client, types, given, says):
        if given:
            given = {"accounts": client.simulator.account_ids(1)}
        reports = client.fetch_all(types, "2026-09", **given)
        with pytest.raises(ParameterError, match=says):
            client.tie_out(reports)

    def test_a_set_has_its_own_zone_and_currency(self, client):
        reports = client.fetch_all("payouts.itemized", "2026-09")
        with pytest.raises(ParameterError, match="its own time zone and currency"):
            client.tie_out(reports, currency="eur")
