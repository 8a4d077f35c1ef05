"""Restated data: a later publication shows other figures for a month that was closed."""

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from stripe_reports import catalog
from stripe_reports.errors import IntervalError
from stripe_reports.simulator import Simulator
from stripe_reports.simulator.ledger.ledger import ACCOUNT_OPENED, Ledger
from stripe_reports.simulator.ledger.restatements import Restatement
from stripe_reports.simulator.reports import reports

KEY = {"Authorization": "Bearer sk_test_123"}
SEPTEMBER = {
    "interval_start": int(datetime(2026, 9, 1, tzinfo=UTC).timestamp()),
    "interval_end": int(datetime(2026, 10, 1, tzinfo=UTC).timestamp()),
}
PUBLISHED = int(datetime(2026, 11, 5, tzinfo=UTC).timestamp())
ACTIVITY = "balance_change_from_activity.itemized.3"
TWELVE_HOURS = timedelta(hours=12)


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(seed=1, latency=0)


def fetch(simulator, report_type=ACTIVITY, **parameters) -> tuple[str, list[dict[str, str]]]:
    """The id of the file that answers a new run, and its rows."""
    form = {f"parameters[{name}]": value for name, value in (SEPTEMBER | parameters).items()}
    client = Client(simulator)
    run = client.post("/v1/reporting/report_runs", data={"report_type": report_type} | form, headers=KEY).json
    file = client.get(f"/v1/reporting/report_runs/{run['id']}", headers=KEY).json["result"]
    text = client.get(f"/v1/files/{file['id']}/contents", headers=KEY).text
    return file["id"], list(csv.DictReader(io.StringIO(text, newline="")))


def changed(before, after) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Rows that were removed, and rows that were added."""
    return [row for row in before if row not in after], [row for row in after if row not in before]


def test_a_restatement_is_visible_from_the_next_publication_on(simulator):
    """The same request gives the old file until then, and a new one with other figures afterwards."""
    old_file, before = fetch(simulator)
    simulator.restate("2026-09", currency="eur")
    assert fetch(simulator) == (old_file, before)
    simulator.clock.advance(TWELVE_HOURS)
    new_file, after = fetch(simulator)
    assert new_file != old_file
    gone, (fee,) = changed(before, after)
    assert gone == []
    assert (fee["gross"], fee["fee"], fee["net"]) == ("-12.34", "0.00", "-12.34")
    assert fee["reporting_category"] == "fee"
    assert fee["created"] == "2026-09-30 23:59:59"
    assert fee["description"] == "Card payments (2026-09-30): Network costs, adjusted"


def test_a_run_made_before_shows_what_was_published_before(simulator):
    """Even if its file is looked at later, as files of earlier data stay as they are."""
    _, before = fetch(simulator)
    simulator.cached_answer = "off"
    form = {f"parameters[{name}]": value for name, value in SEPTEMBER.items()}
    client = Client(simulator)
    run = client.post("/v1/reporting/report_runs", data={"report_type": ACTIVITY} | form, headers=KEY).json
    simulator.restate("2026-09")
    simulator.clock.advance(TWELVE_HOURS)
    file = client.get(f"/v1/reporting/report_runs/{run['id']}", headers=KEY).json["result"]
    text = client.get(f"/v1/files/{file['id']}/contents", headers=KEY).text
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == before


def test_a_late_fee_is_deducted_from_a_later_payout(simulator):
    """Amounts that the bank received stay the same; in the restated month the balance is lower."""
    _, payouts = fetch(simulator, "payouts.itemized.5", interval_end=PUBLISHED)
    _, balance = fetch(simulator, "balance.summary.1", currency="usd")
    simulator.restate("2026-09", "late fee", currency="usd")
    simulator.clock.advance(TWELVE_HOURS)
    assert fetch(simulator, "payouts.itemized.5", interval_end=PUBLISHED)[1] == payouts
    _, restated = fetch(simulator, "balance.summary.1", currency="usd")
    moved = {
        new["category"]: Decimal(new["net_amount"]) - Decimal(old["net_amount"])
        for old, new in zip(balance, restated, strict=True)
    }
    fee = Decimal("-12.34")
    assert {category for category, by in moved.items() if by == fee} == {
        "activity",
        "activity_fee",
        "ending_balance",
    }
    assert set(moved.values()) == {fee, Decimal()}


def test_a_waived_fee_is_removed_and_its_payout_is_corrected(simulator):
    """There is one row less, and the sum of a payout that arrived long ago changes."""
    _, before = fetch(simulator)
    _, payouts = fetch(simulator, "payouts.itemized.5", interval_end=PUBLISHED)
    simulator.restate("2026-09", "fee waived", currency="eur")
    simulator.clock.advance(TWELVE_HOURS)
    (fee,), new = changed(before, fetch(simulator)[1])
    assert (fee["reporting_category"], new) == ("fee", [])
    _, corrected = fetch(simulator, "payouts.itemized.5", interval_end=PUBLISHED)
    (old_payout,), (new_payout,) = changed(payouts, corrected)
    assert old_payout["payout_id"] == new_payout["payout_id"]
    assert Decimal(new_payout["net"]) - Decimal(old_payout["net"]) == -Decimal(fee["net"])


def test_descriptions_change_without_any_figure(simulator):
    """Equal sums do not mean equal files."""
    _, before = fetch(simulator)
    simulator.restate("2026-09", "description")
    simulator.clock.advance(TWELVE_HOURS)
    _, after = fetch(simulator)
    without = [[{**row, "description": None} for row in rows] for rows in (before, after)]
    assert without[0] == without[1]
    gone, new = changed(before, after)
    assert {row["reporting_category"] for row in gone} == {"charge"}
    assert len(new) == sum(row["reporting_category"] == "charge" for row in after)
    assert all(row["description"].endswith(" (corrected)") for row in new)


def test_other_months_are_unchanged(simulator):
    """Only balances that follow from the restated month change."""
    august = {
        "interval_start": SEPTEMBER["interval_start"] - 31 * 86_400,
        "interval_end": SEPTEMBER["interval_start"],
    }
    october = {
        "interval_start": SEPTEMBER["interval_end"],
        "interval_end": SEPTEMBER["interval_end"] + 31 * 86_400,
    }
    before = [fetch(simulator, **month)[1] for month in (august, october)]
    for change in ("late fee", "fee waived", "description"):
        simulator.restate("2026-09", change)
    simulator.clock.advance(TWELVE_HOURS)
    assert [fetch(simulator, **month)[1] for month in (august, october)] == before


def test_an_invalid_restatement_is_refused(simulator):
    """A test whose month never changes would pass for the wrong reason."""
    with pytest.raises(IntervalError):
        simulator.restate("september")
    with pytest.raises(ValueError, match="'late fees' is not one of 'late fee', 'fee waived', 'description'"):
        simulator.restate("2026-09", "late fees")
    with pytest.raises(ValueError, match="'sek' is not a currency of the ledger, which has eur, jpy, kwd"):
        simulator.restate("2026-09", currency="sek")


# The books balance again

OPENED = int(ACCOUNT_OPENED.timestamp())
restatements = st.builds(
    lambda change, bounds, currency, published: Restatement(
        change=change, start=min(bounds), end=max(bounds), published=published, currency=currency
    ),
    st.sampled_from(["late fee", "fee waived", "description"]),
    st.lists(st.integers(OPENED, PUBLISHED), min_size=2, max_size=2, unique=True),
    st.sampled_from([None, "eur", "usd", "jpy", "kwd"]),
    st.integers(PUBLISHED - 200 * 86_400, PUBLISHED).map(lambda at: at // 43_200 * 43_200),
)


def read(ledger, report_type, parameters) -> list[dict[str, str]]:
    text = bytes(reports.csv(ledger, catalog.get(report_type), parameters, PUBLISHED)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def total(rows, by) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row[by]] += Decimal(row["net"])
    return dict(sums)


@given(
    seed=st.integers(0, 2**40),
    changes=st.lists(restatements, min_size=1, max_size=4),
    bounds=st.lists(st.integers(OPENED, PUBLISHED), min_size=2, max_size=2, unique=True),
)
@settings(deadline=None, max_examples=20)
def test_restated_reports_agree_with_each_other(seed, changes, bounds):
    """A restatement changes figures, but the reports still agree."""
    changes = [r for r in changes if r.published >= r.end]
    ledger = Ledger(seed, 3.0, changes)
    asked = {"interval_start": min(bounds), "interval_end": max(bounds)}
    activity = total(read(ledger, ACTIVITY, asked), "currency")
    columns = ["payout_id", "currency", "net", "reporting_category", "payout_description"]
    payouts = read(ledger, "payouts.itemized.5", asked | {"columns": columns})
    open_ = total(
        read(ledger, "ending_balance_reconciliation.itemized.4", {"interval_end": max(bounds)}), "currency"
    )
    paid = total(payouts, "currency")
    for currency in ("eur", "jpy", "kwd", "usd"):
        figures = {
            row["category"]: Decimal(row["net_amount"])
            for row in read(ledger, "balance.summary.1", asked | {"currency": currency})
        }
        assert figures["activity"] == activity.get(currency, 0)
        assert figures["payouts"] == -paid.get(currency, 0)
        assert (
            figures["starting_balance"] + figures["activity"] + figures["payouts"]
            == figures["ending_balance"]
        )
        assert open_.get(currency, 0) == figures["ending_balance"]
    automatic = [
        row
        for row in payouts
        if row["reporting_category"] == "payout" and row["payout_description"] == "STRIPE PAYOUT"
    ]
    settled = read(ledger, "payout_reconciliation.itemized.5", asked)
    assert total(settled, "automatic_payout_id") == {
        row["payout_id"]: Decimal(row["net"]) for row in automatic
    }
    assert ledger.activity["transaction"].is_unique().all()
