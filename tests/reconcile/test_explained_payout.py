"""One payout explained: the sentence, the bridge, and the rows behind each part."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stripe_reports as sr
from played_reports import EVERY_TERMS, INTERCHANGE_PLUS, PUBLISHED, random_ledgers
from stripe_reports import catalog
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import InvalidRequestError, ParameterError
from stripe_reports.parsing.payout_parts import ORDER, parts_of
from stripe_reports.reconcile.payout import ExplainedPayout
from stripe_reports.render.periods import day_text
from stripe_reports.simulator import Simulator
from stripe_reports.simulator.ledger.pricing import Terms
from stripe_reports.simulator.reports import reports

MONEY = pl.Decimal(38, 6)
TRANSACTIONS = "payout_reconciliation.by_id.itemized.4"
YEAR = {"interval_start": PUBLISHED - 300 * 86_400, "interval_end": PUBLISHED}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with DemoClient(Simulator(1, latency=1.0), cache_dir=tmp_path_factory.mktemp("cache")) as made:
        yield made


def of_ledger(report_type, parameters, ledger):
    """A report of the ledger with all its columns, read as a file from the Dashboard is."""
    type_ = catalog.get(report_type)
    columns = [column.name for column in type_.columns if "[" not in column.name]
    asked = {**parameters, "columns": columns, "timezone": "Europe/Paris"}
    text = bytes(reports.csv(ledger, type_, asked, PUBLISHED, None))
    return sr.read_csv(io.BytesIO(text), report_type=report_type, timezone="Europe/Paris")


def transactions(*rows, **columns):
    """Transactions of one payout, each with category, gross and fee."""
    table = pl.DataFrame(rows, ["reporting_category", "gross", "fee"], orient="row").with_columns(
        pl.col("gross", "fee").cast(MONEY), currency=pl.lit(columns.get("currency", "eur"))
    )
    return table.with_columns(net=(pl.col("gross") - pl.col("fee")).cast(MONEY))


def payouts(gross, fee=0, status="paid", reversed_at=None):
    """The row of the payout in payouts.itemized."""
    gross, fee = Decimal(gross), Decimal(fee)
    row = {"payout_id": "po_1", "currency": "eur", "gross": gross, "fee": fee, "net": gross - fee}
    row |= {"reporting_category": "payout", "payout_status": status, "payout_reversed_at_utc": reversed_at}
    row |= {"payout_expected_arrival_date": date(2026, 10, 6), "trace_id": "0451"}
    return pl.DataFrame([row], schema_overrides=dict.fromkeys(("gross", "fee", "net"), MONEY))


# Every payout


@settings(max_examples=12, deadline=None)
@given(ledger=random_ledgers(3.0, terms=(*EVERY_TERMS, Terms(lists_payouts=True))), data=st.data())
def test_the_bridge_sums_to_the_payout_and_each_part_to_its_rows(ledger, data):
    """To the cent, in every currency: for failed payouts, debits, fees of their own and interchange-plus."""
    table = of_ledger("payouts.itemized.5", YEAR, ledger)
    paid = ledger.payouts.filter(
        pl.col("automatic"), pl.col("effective_at").is_between(*YEAR.values(), closed="left")
    )
    if paid.is_empty():
        return
    ids = paid.select(ledger.draws.payout_id(pl.col("payout"))).to_series().to_list()
    id_ = data.draw(st.sampled_from(ids))
    found = ExplainedPayout.of(id_, of_ledger(TRANSACTIONS, {"payout": id_}, ledger), table)
    row = table.row(
        by_predicate=(pl.col("payout_id") == id_) & (pl.col("reporting_category") == "payout"), named=True
    )
    bridge = found.bridge()
    assert bridge.schema == {"part": pl.String, "amount": MONEY}
    assert bridge["amount"].sum() == found.amount == row["gross"]
    assert (found.currency, found.status) == (row["currency"], row["payout_status"])
    assert "not explained" not in bridge["part"], found.notes
    for part, amount in bridge.iter_rows():
        rows = found.rows(part)
        assert rows["amount"].sum() == amount
        assert rows["currency"].unique().to_list() == [found.currency]


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from([*catalog.categories(), "invented_by_stripe", None]),
            st.decimals(-1000, 1000, places=3),
            st.decimals(-10, 10, places=6),
        ),
        min_size=1,
    )
)
def test_the_parts_of_any_transactions_sum_to_their_net(rows):
    """Stripe adds reporting categories without notice; a part that nobody named has the category's name."""
    table = transactions(*rows)
    assert parts_of(table.lazy()).select(pl.col("amount").sum()).collect().item() == table["net"].sum()


def test_each_fee_is_a_part_of_what_it_is_for():
    """The fee of a charge is no dispute fee, and the gross of a stand-alone fee is a fee too."""
    table = transactions(
        *(("charge", 100, 3), ("refund", -20, 0), ("dispute", -30, 15), ("fee", -2, 0.4)),
        *(("network_cost", -1, 0), ("contribution", -4, 0), ("tax_fund", -5, 1)),
    )
    assert ExplainedPayout.of("po_1", table, payouts("18.6")).bridge().rows() == [
        ("sales", 100),
        ("processing fees", -3),
        ("network costs", -1),
        ("refunds", -20),
        ("disputes", -30),
        ("dispute fees", -15),
        ("other fees", -3),
        ("tax on fees", Decimal("-0.4")),
        ("contributions", -4),
        ("tax fund", -5),
    ]
    of_fees = {part for category in catalog.FEE_CATEGORIES for part in parts_in((category, -1, 0))}
    assert of_fees <= set(ORDER)


def parts_in(row):
    return parts_of(transactions(row).lazy()).collect()["part"]


# The sentence


def test_the_sentence_names_every_part():
    """ "Why is the deposit in my bank not my sales?" has an answer in one line."""
    table = transactions(("charge", 3255.06, 73.3), ("refund", -140.13, 0), ("fee", -1.38, 0))
    found = ExplainedPayout.of("po_1", table, payouts("3040.25"))
    assert found.sentence == (
        "3,040.25 EUR arrived on 6 Oct 2026: 3,255.06 of sales, less 73.30 processing fees, 140.13 refunds, "
        "1.38 other fees"
    )
    assert found.trace_id == "0451"
    assert found.sentence in repr(found)
    assert "<b>3,040.25 EUR arrived" in found._repr_html_()


@pytest.mark.parametrize(
    ("rows", "payout", "sentence"),
    [
        pytest.param(
            [("charge", 60, 2), ("refund_failure", 8, 0)],
            payouts(65, -1),
            "65.00 EUR arrived on 6 Oct 2026: 60.00 of sales, less 2.00 processing fees, 1.00 payout fee, "
            "plus 8.00 refunds",
            id="a fee of the payout: the bank gets the gross",
        ),
        pytest.param(
            [("refund", -9, 0)],
            payouts(-9),
            "9.00 EUR was taken from the bank on 6 Oct 2026: no sales, less 9.00 refunds",
            id="a debit",
        ),
        pytest.param(
            [("charge", 9, 0)],
            payouts(9, status="failed", reversed_at=datetime(2026, 10, 8, 9, tzinfo=UTC)),
            "9.00 EUR due on 6 Oct 2026 failed, back in the balance on 8 Oct 2026: 9.00 of sales",
            id="a payout that failed",
        ),
        pytest.param(
            [("charge", 9, 0)],
            payouts(9, status="in_transit"),
            "9.00 EUR is expected on 6 Oct 2026: 9.00 of sales",
            id="a payout that has not arrived",
        ),
        pytest.param(
            [("charge", 9, 0)],
            None,
            "9.00 EUR left the balance on an unknown day: 9.00 of sales",
            id="only its transactions are known",
        ),
    ],
)
def test_the_sentence_says_what_happened_to_the_money(rows, payout, sentence):
    """ "Arrived" would be wrong for most of them."""
    found = ExplainedPayout.of("po_1", transactions(*rows), payout)
    assert found.sentence == sentence
    assert found.bridge()["amount"].sum() == found.amount
    assert bool(found.notes) == (payout is None)


MIDNIGHT = datetime(2026, 10, 5, tzinfo=UTC)
IN_NEW_YORK = MIDNIGHT.astimezone(ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("of_payout", "of_transactions"),
    [
        pytest.param({"effective_at_utc": MIDNIGHT}, {}, id="its own row"),
        pytest.param(
            {"effective_at_utc": MIDNIGHT},
            {"automatic_payout_effective_at_utc": MIDNIGHT - timedelta(days=1)},
            id="its own row, before its transactions",
        ),
        pytest.param(
            {},
            {"automatic_payout_effective_at_utc": pl.Series([None, MIDNIGHT])},
            id="one of its transactions",
        ),
        pytest.param(
            {"effective_at_utc": None},
            {"automatic_payout_effective_at_utc": MIDNIGHT, "automatic_payout_effective_at": IN_NEW_YORK},
            id="its transactions, in UTC",
        ),
        pytest.param({}, {"automatic_payout_effective_at": MIDNIGHT}, id="its transactions, without a twin"),
    ],
)
def test_a_payout_of_which_no_arrival_is_known_has_the_day_on_which_it_left_the_balance(
    of_payout, of_transactions
):
    """That day is Stripe's, in UTC: midnight there is still the day before in New York."""
    row = payouts(18).drop("payout_status", "payout_expected_arrival_date").with_columns(**of_payout)
    table = transactions(("charge", 9, 0), ("charge", 9, 0)).with_columns(**of_transactions)
    found = ExplainedPayout.of("po_1", table, row)
    assert found.sentence == "18.00 EUR left the balance on 5 Oct 2026: 18.00 of sales"


def test_a_payout_fee_is_the_row_of_the_payout_itself():
    """It is in no transaction: 55 reach the bank, and 56 leave the balance."""
    found = ExplainedPayout.of("po_1", transactions(("charge", 56, 0)), payouts(55, -1))
    assert found.bridge().rows() == [("sales", 56), ("payout fee", -1)]
    assert found.rows("payout fee").select("amount", "payout_id", "gross", "net").rows() == [
        (-1, "po_1", 55, 56)
    ]


def test_a_contradiction_between_the_two_reports_is_a_part_of_its_own():
    """A bridge that does not add up, or one that hides the difference, would be worse than none."""
    found = ExplainedPayout.of("po_1", transactions(("charge", 50, 0)), payouts("49.5"))
    assert found.bridge().rows() == [("sales", 50), ("not explained", Decimal("-0.5"))]
    assert "differ by −0.50 EUR" in found.notes[0]


def test_an_unknown_part_is_refused_with_those_there_are():
    """A typing error is no empty table."""
    found = ExplainedPayout.of("po_1", transactions(("charge", 50, 1)), payouts(49))
    with pytest.raises(ParameterError, match=r"Did you mean 'processing fees'.*sales, processing fees"):
        found.rows("procesing fees")


# With a client


def test_a_client_explains_an_automatic_payout(client):
    """Two small runs: its transactions, and the payouts of its day."""
    month = client.frame("payouts.itemized", "2026-10", columns="all")
    failed = month.filter(pl.col("payout_status") == "failed")["payout_id"][0]
    found = client.explain_payout(failed)
    assert found.status == "failed"
    assert found.sentence.startswith("3,386.44 EUR due on 27 Oct 2026 failed, back in the balance on 29 Oct")
    assert found.trace_id == month.filter(payout_id=failed)["trace_id"][0]
    assert found.bridge()["amount"].sum() == Decimal("3386.44")
    assert {name: report.request.payout for name, report in found.reports.items()} == {
        "transactions": failed,
        "payouts": None,
    }
    spec = found.chart(theme="dark").to_dict()
    steps = [row["step"] for row in next(iter(spec["datasets"].values()))]
    assert steps[0] == "Sales"
    assert steps[-1] == "Payout", "a failed payout is no deposit"
    assert [row["amount"] for row in next(iter(spec["datasets"].values()))][-1] == "3,386.44 EUR"


def test_a_payout_whose_day_has_no_data_yet_is_explained_by_its_transactions(client):
    """Stripe puts it together before it leaves the balance; a note says which day is missing, and why."""
    end = client.report_type("payouts.itemized").data_available_end
    coming = client.frame(
        "balance_change_from_activity.itemized",
        (end - timedelta(days=20), end),
        columns=["automatic_payout_id", "automatic_payout_effective_at_utc", "currency", "net"],
        currency="eur",
    ).filter(pl.col("automatic_payout_effective_at_utc") >= end)
    payout, *_ = coming["automatic_payout_id"].unique(maintain_order=True)
    found = client.explain_payout(payout)
    assert found.amount == coming.filter(automatic_payout_id=payout)["net"].sum()
    assert found.bridge()["amount"].sum() == found.amount
    assert (found.status, found.arrival_date, list(found.reports)) == (None, None, ["transactions"])
    day = coming.filter(automatic_payout_id=payout)["automatic_payout_effective_at_utc"][0]
    assert f"left the balance on {day_text(day.date())}: " in found.sentence
    missing, unlisted = found.notes
    assert missing.startswith(f"Stripe has no data for that time yet. Asked for: {day:%Y-%m-%d}")
    assert "payouts.itemized does not list the payout yet" in unlisted


def test_a_payout_of_an_account_on_interchange_plus_is_explained(tmp_path):
    """Its costs are rows of their own."""
    simulator = Simulator(1, latency=1.0, charges_per_day=20.0, terms=INTERCHANGE_PLUS)
    with DemoClient(simulator, cache_dir=tmp_path) as client:
        month = client.frame("payouts.itemized", "2026-10", currency="eur")
        found = client.explain_payout(month["payout_id"][5])
    assert "network costs" in found.bridge()["part"]
    assert found.bridge()["amount"].sum() == month["gross"][5]


def test_for_a_manual_payout_it_says_why_it_cannot(client):
    """Stripe does not know which transactions it consists of."""
    month = client.frame("payouts.itemized", "2026-10", currency="kwd")
    with pytest.raises(ParameterError, match=r"cannot be explained.*transactions of automatic payouts only"):
        client.explain_payout(month["payout_id"][0])
    with pytest.raises(ParameterError, match=r"lists no transactions.*automatic payouts only"):
        ExplainedPayout.of("po_1", transactions(("charge", 1, 0)).clear(), payouts(1))


def test_a_payout_that_does_not_exist_is_an_error_of_its_own(client):
    """A wrong id is not a manual payout."""
    with pytest.raises(InvalidRequestError, match="No such payout"):
        client.explain_payout("po_1QQQQQQQQQQQQQ")
    with pytest.raises(ParameterError, match="starts with 'po_'"):
        client.explain_payout("tr_1")
