"""The ledger behind the simulator: what is in it, and what holds of it for every seed."""

import hashlib
import subprocess
import sys
import zlib
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from played_reports import EVERY_TERMS, INTERCHANGE_PLUS, STAND_ALONE, random_ledgers
from stripe_reports.simulator.clock import DEMO_START, Clock, RealClock
from stripe_reports.simulator.ledger import ledger as ledger_module
from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.ledger.markets import DECIMALS
from stripe_reports.simulator.ledger.organisation import sibling_accounts
from stripe_reports.simulator.ledger.pricing import Terms

SMALL = 5.0

ledgers = random_ledgers(0.3, 2.0, 11.5)
for_every_ledger = settings(deadline=None, max_examples=15)


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger.of(1)


def digest(ledger: Ledger) -> str:
    tables = ledger.activity, ledger.payouts.drop("fee"), ledger.movements.drop("fee")
    return hashlib.sha256("".join(table.write_csv() for table in tables).encode()).hexdigest()[:16]


def splitmix64(z: int) -> int:
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


# Draws


@given(seed=st.integers(0, 2**64), index=st.integers(0, 2**64 - 1))
@settings(deadline=None, max_examples=25)
def test_a_draw_is_integer_arithmetic_that_no_version_of_anything_changes(seed, index):
    """Otherwise the figures of a seed would depend on the polars that computes them."""
    offset = splitmix64((seed * 0x9E3779B97F4A7C15 + zlib.crc32(b"amount")) % 2**64)
    drawn = pl.select(Draws(seed).hash("amount", pl.lit(index, pl.UInt64))).item()
    assert drawn == splitmix64((index + offset) % 2**64)


def test_ids_of_different_things_differ():
    """An id encodes all 64 bits of its draw."""
    index = pl.int_range(50_000, dtype=pl.UInt64)
    assert pl.select(Draws(7).id("ch_", "charge", index)).to_series().n_unique() == 50_000


# Same seed, same rows


def test_a_seed_gives_the_same_rows_in_any_process():
    """Stored results are owned by seed and ledger version.

    When this figure has to change, so has LEDGER_VERSION. No payout of this account has a fee.
    """
    assert set(Ledger(1, SMALL).payouts["fee"]) == {0}
    assert digest(Ledger(1, SMALL)) == "fec983ce84a05e9e"


def test_a_seed_gives_the_same_rows_under_another_hash_seed(ledger):
    """Nothing depends on the order of a set or on Python's own hash."""
    code = (
        "import hashlib; from stripe_reports.simulator.ledger.ledger import Ledger; l = Ledger(1); "
        "print(hashlib.sha256(l.activity.write_csv().encode()).hexdigest())"
    )
    environment = {"PYTHONHASHSEED": "42", "PYTHONPATH": ":".join(sys.path)}
    printed = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == hashlib.sha256(ledger.activity.write_csv().encode()).hexdigest()


def test_another_seed_gives_other_rows():
    """A seed is an account."""
    assert digest(Ledger(1, SMALL)) != digest(Ledger(2, SMALL))


def test_the_size_is_the_mean_number_of_charges_a_day(ledger):
    """The size is a knob: later tests and benchmarks turn it up."""
    charges = ledger.activity.filter(pl.col("reporting_category") == "charge").height
    days = (datetime(2027, 1, 1) - datetime(2024, 11, 5)).days  # noqa: DTZ001
    assert charges / days == pytest.approx(40, rel=0.05)


# What is in it


def test_it_spans_two_years_before_the_clock_and_goes_on_after(ledger):
    """Whatever the demo's clock is moved to within weeks, there is more to come."""
    first, last = ledger.activity["created"][0], ledger.activity["created"][-1]
    assert first < DEMO_START.replace(year=2024).timestamp()
    assert last > DEMO_START.timestamp() + 50 * 86_400


@pytest.mark.parametrize("currency", ["eur", "usd", "jpy", "kwd"])
def test_every_category_happens_in_every_currency(ledger, currency):
    """Two, no and three decimals meet in all kinds of rows."""
    categories = ledger.activity.filter(pl.col("currency") == currency)["reporting_category"].unique()
    assert set(categories) == {
        *("charge", "dispute", "dispute_reversal", "fee"),
        *("refund", "refund_failure"),
    }


def test_refunds_are_full_partial_and_repeated(ledger):
    """A partial refund leaves something, and a second one may follow; never more than was paid."""
    charges = ledger.activity.filter(pl.col("reporting_category") == "charge").select("charge", paid="gross")
    refunds = (
        ledger.activity.filter(pl.col("reporting_category") == "refund")
        .group_by("charge")
        .agg(times=pl.len(), refunded=-pl.col("gross").sum())
        .join(charges, on="charge")
    )
    assert set(refunds["times"]) == {1, 2}
    assert refunds.filter(pl.col("refunded") == pl.col("paid")).height > 100
    assert refunds.filter(pl.col("refunded") < pl.col("paid")).height > 100
    assert refunds.filter(pl.col("refunded") > pl.col("paid")).is_empty()


def test_disputes_are_won_and_lost_and_cost_a_fee(ledger):
    """A won one comes back under the same charge; in eur with its fee."""
    disputes = ledger.activity.filter(pl.col("reporting_category") == "dispute")
    won = ledger.activity.filter(pl.col("reporting_category") == "dispute_reversal")
    assert 0 < won.height < disputes.height
    assert won.join(disputes, on="charge").filter(pl.col("gross") != -pl.col("gross_right")).is_empty()
    assert set(won.group_by("currency").agg(pl.col("fee").max()).filter(pl.col("fee") < 0)["currency"]) == {
        "eur"
    }


def test_stand_alone_fees_have_their_amount_in_gross(ledger):
    """The trap of the balance summary: gross -0.02, fee 0.00, and yet a fee."""
    fees = ledger.activity.filter(pl.col("reporting_category") == "fee")
    assert set(fees["fee"]) == {0}
    assert (fees["gross"] < 0).all()
    assert fees.filter(pl.col("gross") == -2).height > 0
    assert fees["charge"].null_count() == fees.height


def test_payouts_are_automatic_manual_negative_and_failed(ledger):
    """All in the two years before the demo's clock, and a failed one in the month before it."""
    past = ledger.payouts.filter(pl.col("effective_at") < DEMO_START.timestamp())
    assert set(past["automatic"]) == {True, False}
    assert past.filter(pl.col("amount") < 0).height > 5
    failed = past.filter(pl.col("failed_at").is_not_null())
    assert failed.height > 5
    october = datetime(2026, 10, 1, tzinfo=UTC).timestamp(), datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    assert failed.filter(pl.col("failed_at").is_between(*october)).height > 0


# Fees in rows of their own


@pytest.mark.parametrize("terms", EVERY_TERMS[1:], ids=lambda terms: terms.pricing)
def test_how_an_account_pays_changes_no_sale(ledger, terms):
    """The same customers pay the same amounts; only Stripe's part is elsewhere."""
    sold = [*("charge", "charge_created", "created", "currency", "gross", "reporting_category")]
    own = pl.col("charge").is_not_null()
    other = Ledger.of(1, 40.0, (), (), terms)
    assert_frame_equal(ledger.activity.filter(own)[sold], other.activity.filter(own)[sold])


def test_two_accounts_of_the_organisation_pay_beside_their_charges():
    """What no source proves is for them as for the main account."""
    main = Ledger.of(1, SMALL, (), (), Terms(network_cost="gross", lists_payouts=True))
    terms = [account.ledger.terms for account in sibling_accounts(main)]
    assert [each.pricing for each in terms] == ["blended", "blended", "interchange_plus", "stand_alone"]
    assert [each.has_instant_payouts for each in terms] == [False, False, True, True]
    assert {(each.network_cost, each.lists_payouts) for each in terms} == {("gross", True)}


def test_stand_alone_fees_leave_every_charge_and_dispute_without_a_fee():
    """Not even withheld tax: its net is its gross."""
    rows = Ledger.of(1, SMALL, (), (), STAND_ALONE).activity
    assert rows.filter(pl.col("charge").is_not_null() & (pl.col("gross") != pl.col("net"))).is_empty()
    assert set(rows["withheld_tax"]) == {0}
    assert "network_cost" not in set(rows["reporting_category"])


def test_interchange_plus_leaves_card_payments_without_a_fee():
    """Other payment methods keep theirs, and disputes too."""
    rows = Ledger.of(1, SMALL, (), (), INTERCHANGE_PLUS).activity
    charges = rows.filter(pl.col("reporting_category") == "charge")
    assert 0.8 < (charges["fee"] == 0).mean() < 0.9
    assert (rows.filter(pl.col("reporting_category") == "dispute")["fee"] > 0).all()
    costs = rows.filter(pl.col("reporting_category") == "network_cost")
    assert (costs["gross"] < 0).any()
    assert (costs["gross"] > 0).any(), "credits for earlier days"


@given(ledger=random_ledgers(2.0, 11.5, terms=EVERY_TERMS[1:]))
@for_every_ledger
def test_a_row_of_fees_is_the_sum_of_what_its_charges_cost(ledger):
    """Rounded up to a minor unit, so that no fee is nothing; its tax is rounded to the nearest."""
    units = {currency: 10 ** (6 - decimals) for currency, decimals in DECIMALS.items()}
    unit = pl.col("currency").replace_strict(units, return_dtype=pl.Int64)
    sums = ledger.assessed.group_by("transaction").agg(pl.col("amount", "tax").sum())
    rows = ledger.activity.join(sums, on="transaction", validate="1:1")
    assert rows.height == sums.height > 0
    rounded = rows.with_columns(amount=-pl.col("gross") * unit - pl.col("amount"))
    assert rounded.filter(pl.col("amount") * -pl.col("gross").sign() >= unit).is_empty()
    assert rounded.filter(pl.col("amount") * -pl.col("gross").sign() < 0).is_empty()
    assert rows.filter((pl.col("fee") * unit - pl.col("tax")).abs() * 2 > unit).is_empty()
    assert set(rows.filter(pl.col("fee") != 0)["currency"]) <= {"eur", "jpy"}


@given(ledger=random_ledgers(2.0, terms=EVERY_TERMS[1:]))
@for_every_ledger
def test_a_row_of_fees_is_of_one_product_and_day_and_up_to_36_hours_late(ledger):
    """A credit comes eight days after that."""
    each = ledger.assessed.with_columns(day=pl.col("incurred_at") // 86_400)
    same = each.group_by("transaction").agg(pl.col("product", "day", "currency").n_unique())
    assert same.select(pl.col("product", "day", "currency").max()).row(0) == (1, 1, 1)
    late = pl.col("created") - (pl.col("day") + 1) * 86_400
    credited = late - pl.when(pl.col("amount") < 0).then(8 * 86_400).otherwise(0)
    assert each.filter(~credited.is_between(0, 36 * 3600)).is_empty()


@given(ledger=random_ledgers(2.0, terms=EVERY_TERMS[1:]))
@for_every_ledger
def test_an_instant_payout_costs_a_fee(ledger):
    """The bank gets less than leaves the balance; a payout by schedule, and a debit, cost nothing."""
    by_hand = pl.col("automatic").not_() & (pl.col("amount") > 0)
    assert ledger.payouts.filter(~by_hand)["fee"].unique().to_list() == [0]
    instant = ledger.payouts.filter(pl.col("fee") > 0)
    assert 0 < instant.height < ledger.payouts.filter(by_hand).height
    assert instant.filter(pl.col("amount") // 56 != pl.col("fee")).is_empty()


# What holds of it


@given(ledger=ledgers)
@for_every_ledger
def test_net_is_gross_less_fee(ledger):
    """On every row."""
    assert ledger.activity.filter(pl.col("gross") - pl.col("fee") != pl.col("net")).is_empty()


@given(ledger=ledgers)
@for_every_ledger
def test_an_automatic_payout_is_the_sum_of_its_transactions(ledger):
    """Grouping activity by its payout gives the payout, to the minor unit, and leaves none out."""
    groups = ledger.activity.filter(pl.col("payout").is_not_null())
    groups = groups.group_by("payout", "currency").agg(amount=pl.col("net").sum())
    automatic = ledger.payouts.filter("automatic").select("payout", "currency", "amount")
    assert groups.sort("payout").equals(automatic.sort("payout"))


@given(ledger=ledgers)
@for_every_ledger
def test_money_is_paid_out_when_it_is_there(ledger):
    """After it came, after it is available, and before it reaches the bank."""
    paid = ledger.activity.filter(pl.col("payout").is_not_null())
    early = (pl.col("payout_created") < pl.col("available_on")) | (
        pl.col("payout_created") < pl.col("created")
    )
    assert paid.filter(early | (pl.col("payout_effective_at") <= pl.col("payout_created"))).is_empty()


@given(ledger=ledgers)
@for_every_ledger
def test_a_failed_payout_comes_back_whole_and_goes_out_again_by_hand(ledger):
    """Two rows of one payout, then another payout of the same amount."""
    back = ledger.movements.filter(pl.col("reporting_category") == "payout_reversal")
    out = ledger.movements.filter(pl.col("reporting_category") == "payout")
    both = back.join(out, on="payout")
    assert both.height == back.height
    assert both.filter(
        (pl.col("net") != -pl.col("net_right")) | (pl.col("effective_at") <= pl.col("effective_at_right"))
    ).is_empty()
    again = out.filter(~pl.col("automatic")).select("currency", "net", effective_at=pl.col("effective_at"))
    expected = back.select("currency", net=-pl.col("net"), effective_at=pl.col("effective_at") + 86_400)
    assert expected.join(again, on=["currency", "net", "effective_at"], how="anti").is_empty()


@given(ledger=ledgers)
@for_every_ledger
def test_no_two_rows_share_a_transaction(ledger):
    """Ids are made of these numbers."""
    assert ledger.activity["transaction"].is_unique().all()
    assert ledger.payouts["payout"].is_unique().all()


# Clocks


def test_the_clock_moves_only_when_told():
    """Tests decide how long a run takes."""
    clock = Clock()
    assert clock.now() == clock.now() == datetime(2026, 11, 5, 12, tzinfo=UTC)
    assert clock.advance(90) == datetime(2026, 11, 5, 12, 1, 30, tzinfo=UTC)
    clock.set(datetime(2026, 11, 6, tzinfo=UTC))
    assert clock.now() == datetime(2026, 11, 6, tzinfo=UTC)


def test_a_clock_knows_instants_only():
    """A time without a zone is none."""
    with pytest.raises(ValueError, match="no time zone"):
        Clock(datetime(2026, 11, 5))  # noqa: DTZ001


def test_a_real_clock_runs_by_itself_and_jumps_when_told():
    """Over HTTP nobody moves a clock by hand."""
    clock = RealClock()
    before = clock.now()
    assert before >= DEMO_START
    assert clock.now() >= before
    assert (clock.advance(3600) - before).total_seconds() >= 3600
    clock.set(DEMO_START)
    assert 0 <= (clock.now() - DEMO_START).total_seconds() < 60


@pytest.mark.parametrize("at_once", [97, 1000])
def test_how_many_charges_are_drawn_together_changes_nothing(monkeypatch, at_once):
    """A large ledger is drawn in parts, so that it takes no more memory than its rows."""
    whole = Ledger(1, 10.0)
    monkeypatch.setattr(ledger_module, "_AT_ONCE", at_once)
    parts = Ledger(1, 10.0)
    for table in ("activity", "payouts", "movements"):
        assert_frame_equal(getattr(parts, table), getattr(whole, table))
