"""Restatements: what changed since a report was run, row by row, and what it means in money."""

import contextlib
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stripe_reports as sr
from stripe_reports import catalog
from stripe_reports.catalog.natural_keys import natural_key
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import ParameterError
from stripe_reports.planning.period_before import period_before
from stripe_reports.simulator.reports import reports

ACTIVITY = "balance_change_from_activity.itemized"
THIRTEEN_HOURS = 13 * 3600


def rows(ids, nets, currency="eur"):
    currencies = [currency] * len(ids) if isinstance(currency, str) else currency
    columns = {"balance_transaction_id": ids, "currency": currencies, "net": nets}
    schema = {"balance_transaction_id": pl.String, "currency": pl.String, "net": pl.Decimal(38, 6)}
    return pl.DataFrame({**columns, "net": [Decimal(net) for net in nets]}, schema)


# From the client


def test_a_later_publication_names_exactly_the_rows_that_changed(client, simulator):
    """A late fee in each of two currencies, a fee waived in one: three rows, and their money."""
    report = client.fetch(ACTIVITY, "2026-09")
    simulator.restate("2026-09", currency="eur")
    simulator.restate("2026-09", currency="usd")
    simulator.restate("2026-09", "fee waived", currency="jpy")
    simulator.clock.advance(THIRTEEN_HOURS)
    result = client.restatement(report)

    fee = pl.col("reporting_category") == "fee"
    before, after = result.before.frame(), result.after.frame()
    assert result.diff.added.equals(after.join(before, on="balance_transaction_id", how="anti"))
    assert result.diff.removed.equals(before.join(after, on="balance_transaction_id", how="anti"))
    assert result.diff.added.filter(fee).sort("currency").select("currency", "net").rows() == [
        ("eur", Decimal("-12.34")),
        ("usd", Decimal("-12.34")),
    ]
    (waived,) = result.diff.removed.select("currency", "net").rows()
    effect = {row["currency"]: row["effect"] for row in result.diff.effect.to_dicts()}
    assert effect == {"eur": Decimal("-12.34"), "usd": Decimal("-12.34"), "jpy": -waived[1], "kwd": 0}
    assert result.diff.changed.is_empty()
    assert re.fullmatch(
        r"September 2026 changed by −12\.34 EUR, −12\.34 USD and \+\d+ JPY in 3 rows "
        r"\(2 added, 1 removed\) since the data of 5 Nov 2026\.",
        str(result),
    )


def test_changed_cells_are_named_with_old_and_new_value(client, simulator):
    """Other descriptions of the charges: no money moves, and the result says so."""
    report = client.fetch(ACTIVITY, "2026-09", currency="kwd")
    simulator.restate("2026-09", "description", currency="kwd")
    simulator.clock.advance(THIRTEEN_HOURS)
    result = client.restatement(report)
    charges = report.frame().filter(pl.col("reporting_category") == "charge").height
    assert result.diff.changed.height == charges
    assert set(result.diff.cells["column"]) == {"description"}
    assert result.diff.cells["after"].str.ends_with("(corrected)").all()
    assert result.diff.cells.columns == ["balance_transaction_id", "column", "before", "after"]
    assert str(result).endswith("with no effect on its totals.")


def test_a_restated_summary_names_its_changed_figures(client, simulator):
    """Its money is the balance at the end."""
    report = client.fetch("balance.summary", "2026-09")
    simulator.restate("2026-09", currency="eur")
    simulator.clock.advance(THIRTEEN_HOURS)
    result = client.restatement(report)
    assert result.diff.cells.select("category", "currency", "column").rows() == [
        (category, "eur", "net_amount") for category in ("activity_fee", "activity", "ending_balance")
    ]
    assert str(result) == (
        "September 2026 changed by −12.34 EUR in 3 rows (3 changed) since the data of 5 Nov 2026."
    )


def test_both_runs_stay_stored(client, simulator):
    """The figures that were closed can always be read again."""
    report = client.fetch("balance.summary", "2026-09")
    closed = report.frame()
    simulator.restate("2026-09")
    simulator.clock.advance(THIRTEEN_HOURS)
    result = client.restatement(report)
    assert result.after.run.id != report.run.id
    assert client.read(report.run).equals(closed)
    assert client.read(result.after.run).equals(result.after.frame())
    assert client.cache.info().height == 2


def test_no_change_is_stated_as_such(client):
    """And that both runs have the same file."""
    result = client.restatement(client.fetch("payouts.itemized", "2026-09"))
    assert not result.is_restated
    sentence, note = str(result).split("\n")
    assert sentence.startswith("September 2026 is unchanged since the data of 5 Nov 2026: all ")
    assert note.startswith("Both runs have the same file")
    assert "unchanged" in result._repr_html_()


# Two frames


@pytest.fixture(scope="module")
def live():
    """An account that may run every type, some of which are for live data only."""
    with sr.demo(latency=1.0, livemode=True) as client:
        yield client


@pytest.mark.parametrize("type_", reports.simulated(), ids=lambda type_: type_.id)
def test_the_natural_key_of_a_type_is_unique(live, type_):
    """A key that occurs twice would pair rows by chance. Blank currencies of a summary are their set's."""
    asked = {"columns": "all"} if catalog.every_column(type_) and "columns" in type_.parameters else {}
    by_payout = "payout" in type_.required_parameters
    if by_payout:
        is_connected = "connected_account" in type_.required_parameters
        listed = "connected_account_payouts.itemized" if is_connected else "payouts.itemized"
        payouts = live.frame(listed, "2026-10", columns="all").sort("currency", maintain_order=True)
        payout = payouts.row(0, named=True)  # in euros, and automatic
        asked |= {name: payout[PAYOUT_LIST.get(name, name)] for name in type_.required_parameters}
    with contextlib.ExitStack() as stack:
        if type_.id.startswith("connect_card_payments_fees."):  # run on a connected account
            live = stack.enter_context(
                DemoClient(live.simulator, account=live.simulator.account_ids(1)[0], livemode=True)
            )
        frame = live.frame(type_.id, None if by_payout else "2026-10", **asked)
    key = natural_key(frame.columns, type_.id)
    if key is not None and type_.base.rpartition("_")[2] != "balance.summary":
        assert frame.height or by_payout
        assert frame.select(key).is_unique().all()
    assert sr.diff(frame, frame, report_type=type_.id).is_empty


PAYOUT_LIST = {"payout": "payout_id"}


def test_a_failed_payout_is_distinguished_by_its_category():
    """Two rows of one id are two movements."""
    before = pl.DataFrame(
        {"payout_id": ["po_1", "po_1"], "reporting_category": ["payout", "payout_reversal"], "x": ["a", "b"]}
    )
    result = sr.diff(before, before.with_columns(x=pl.Series(["a", "c"])))
    assert result.key == ("payout_id", "reporting_category")
    assert result.cells.rows() == [("po_1", "payout_reversal", "x", "b", "c")]


@given(
    before=st.lists(st.tuples(st.sampled_from("abc"), st.integers(-3, 3)), max_size=8),
    after=st.lists(st.tuples(st.sampled_from("abc"), st.integers(-3, 3)), max_size=8),
)
def test_the_difference_accounts_for_every_row_and_every_cent(before, after):
    """For any frames, including repeated keys: nothing is counted twice, nothing is lost."""
    first, second = (rows([i for i, _ in each], [n for _, n in each]) for each in (before, after))
    result = sr.diff(first, second)
    assert result.same + result.changed.height + result.added.height == second.height
    assert result.same + result.changed.height + result.removed.height == first.height
    assert sum(result.effect["effect"]) == sum(n for _, n in after) - sum(n for _, n in before)
    assert result.is_empty == (sorted(before) == sorted(after))
    back = sr.diff(second, first)
    assert (back.added.height, back.removed.height) == (result.removed.height, result.added.height)


def test_rows_with_a_repeated_key_are_paired_by_equality_first():
    """Of three rows with one id, one is new: the row that the other frame does not have."""
    result = sr.diff(rows(["a", "a"], [1, 2]), rows(["a", "a", "a"], [2, 5, 1]))
    assert result.added["net"].to_list() == [5]
    assert (result.same, result.changed.height, result.removed.height) == (2, 0, 0)


def test_a_report_with_only_key_columns_is_compared_too():
    """Rows can be added or removed; there is no other cell that could change."""
    before = rows(["a", "b"], [1, 2]).select("balance_transaction_id")
    result = sr.diff(before, before[1:], key="balance_transaction_id")
    assert (result.removed["balance_transaction_id"].to_list(), result.same) == (["a"], 1)
    assert result.cells.columns == ["balance_transaction_id", "column", "before", "after"]
    assert result.cells.is_empty()


def test_a_changed_whole_number_keeps_its_zeros():
    """100 is not 1; only decimals lose zeros at their end."""
    before = pl.DataFrame(
        {"id": ["a"], "amount": [Decimal(100)]}, schema_overrides={"amount": pl.Decimal(38, 0)}
    )
    after = before.with_columns(amount=pl.lit(Decimal(200), pl.Decimal(38, 0)))
    assert sr.diff(before, after, key="id").cells.rows() == [("a", "amount", "100", "200")]


def test_without_a_natural_key_whole_rows_are_compared():
    """A fee can occur twice without any difference. The result says so."""
    before = pl.DataFrame({"fee_description": ["a", "a", "b"], "tax": ["1", "1", "2"]})
    result = sr.diff(
        before, before[1:].with_columns(tax=pl.Series(["1", "3"])), report_type="all_fees.itemized"
    )
    assert (result.added.height, result.removed.height, result.same) == (1, 2, 1)
    assert result.key == ()
    assert "no natural key" in result.notes[0]
    by = sr.diff(before.unique(), before.unique(), key=["fee_description"])
    assert by.key == ("fee_description",)


def test_money_is_not_summed_across_currencies():
    """A row that changed its currency leaves one and is added to the other."""
    result = sr.diff(rows(["a"], ["7.50"]), rows(["a"], ["7.50"], ["usd"]))
    assert result.effect.select("currency", "effect").rows() == [
        ("eur", Decimal("-7.50")),
        ("usd", Decimal("7.50")),
    ]
    assert result.summary == ("It changed by −7.50 EUR and +7.50 USD in 1 row (1 changed); 0 are the same.")


def test_a_figure_that_was_a_zero_without_currency_is_a_changed_cell():
    """Its currency was blank, and is that of its set."""
    page = pl.DataFrame(
        {
            "category": ["starting_balance", "ending_balance"] * 2,
            "net_amount": ["0", "4", "0", "9"],
            "currency": [None, "eur", None, "usd"],
        }
    ).with_columns(pl.col("net_amount").cast(pl.Decimal(38, 6)))
    later = page.with_columns(
        net_amount=pl.Series(["0", "4", "2", "9"]).cast(pl.Decimal(38, 6)),
        currency=pl.Series([None, "eur", "usd", "usd"]),
    )
    result = sr.diff(page, later)
    assert (result.changed.height, result.added.height, result.removed.height) == (1, 0, 0)
    assert result.cells.select("column", "before", "after").rows() == [
        ("net_amount", "0", "2"),
        ("currency", None, "usd"),
    ]


def test_equal_instants_in_two_zones_are_equal_and_naive_times_are_refused():
    """A file read in another zone is the same report."""
    at = pl.Series([datetime(2026, 10, 1, tzinfo=UTC)])
    paris = at.dt.convert_time_zone("Europe/Paris")
    assert sr.diff(pl.DataFrame({"at": at}), pl.DataFrame({"at": paris})).is_empty
    with pytest.raises(ParameterError, match="timezone="):
        sr.diff(pl.DataFrame({"at": at}), pl.DataFrame({"at": at.dt.replace_time_zone(None)}))


def test_columns_of_only_one_frame_are_named():
    """They cannot be compared; the others are."""
    frame = rows(["a"], [1])
    result = sr.diff(frame, frame.with_columns(extra=pl.lit("x")))
    assert result.is_empty
    assert result.notes == ("Only the second frame has extra, so it was not compared.",)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"after": [1]}, "must be a polars frame"),
        ({"after": pl.DataFrame({"x": [1]})}, "share no columns"),
        ({"key": ["y"]}, "key names y"),
        ({"key": []}, "no column"),
    ],
)
def test_frames_that_cannot_be_compared_are_refused(options, says):
    """No result would be read as no change."""
    frame = rows(["a"], [1])
    with pytest.raises(ParameterError, match=says):
        sr.diff(**{"before": frame, "after": frame} | options)


def test_a_difference_shows_its_rows_escaped():
    """Text from a report is escaped in the page too; a long difference is truncated, and says so."""
    before = rows(["<b>"], [1])
    html = sr.diff(before, rows([f"<i>{n}" for n in range(40)], [2] * 40))._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<i>" not in html
    assert "and 28 more" in html


# Names


@pytest.mark.parametrize(
    ("period", "zone", "name", "before"),
    [
        ("2026-10", "UTC", "October 2026", ("2026-09-01", "2026-10-01")),
        ("2026-10", "Europe/Paris", "October 2026", ("2026-09-01", "2026-10-01")),
        ("2026-01", "UTC", "January 2026", ("2025-12-01", "2026-01-01")),
        ("2026-Q3", "UTC", "Q3 2026", ("2026-04-01", "2026-07-01")),
        ("2025", "UTC", "2025", ("2024-01-01", "2025-01-01")),
        ("2026-10-26", "Europe/Paris", "26 Oct 2026", ("2026-10-25", "2026-10-26")),
        ("2026-10-05/2026-10-12", "UTC", "5 Oct 2026 to 11 Oct 2026", ("2026-09-28", "2026-10-05")),
        ("2026-10-01/2026-10-15", "UTC", "1 Oct 2026 to 14 Oct 2026", ("2026-09-01", "2026-10-01")),
    ],
)
def test_a_period_has_a_name_and_a_previous_period(client, period, zone, name, before):
    """The period before a month is a month, even if the clocks change; that before days is days."""
    request = client.request("balance.summary", period, timezone=zone)
    assert request.period_name == name
    assert period_before(request) == tuple(map(date.fromisoformat, before))


def test_a_period_of_hours_has_as_many_hours_before_it(client):
    """It is not a calendar period."""
    start, end = datetime(2026, 10, 5, 6, tzinfo=UTC), datetime(2026, 10, 5, 9, tzinfo=UTC)
    request = client.request("balance.summary", (start, end))
    assert request.period_name == "2026-10-05 06:00 to 2026-10-05 09:00"
    assert period_before(request) == (datetime(2026, 10, 5, 3, tzinfo=UTC), start)


def test_reports_without_a_period_have_names_too(client):
    """One moment, or one payout."""
    assert client.request("ending_balance_reconciliation.itemized", "2026-10").period_name == (
        "The balance at the end of 31 Oct 2026"
    )
    assert client.request("payout_reconciliation.by_id.itemized", payout="po_1").period_name == "Payout po_1"


@pytest.mark.parametrize("report_type", ["payout_reconciliation.itemized.7", None])
def test_a_payout_in_its_own_reconciliation_is_in_no_total(report_type):
    """A sale of two euros more made the payout two more too, with no effect on any total."""

    def settled(sales):
        amounts = pl.Series([sales, -sales]).cast(pl.Decimal(38, 6))
        return pl.DataFrame(
            {
                "automatic_payout_id": ["po_1", "po_1"],
                "balance_transaction_id": ["txn_1", "txn_2"],
                "source_id": ["ch_1", "po_1"],
                "reporting_category": ["charge", "payout"],
                "currency": ["eur", "eur"],
            }
        ).with_columns(gross=amounts, fee=amounts * 0, net=amounts)

    result = sr.diff(settled(10), settled(12), report_type=report_type)
    assert result.changed.height == 2
    assert result.effect_text == "+2.00 EUR"
