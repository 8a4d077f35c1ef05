"""v1 and v2 of one account agree to the cent: every family that both have, for any interval."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator_api import CONNECTED, Api
from simulator_api_v2 import ApiV2, table
from stripe_reports import catalog
from stripe_reports.catalog.reports_v2 import reports_v2
from stripe_reports.simulator import Simulator
from stripe_reports.simulator.ledger.connected_accounts import connected_account
from stripe_reports.simulator.ledger.ledger import Ledger

LIVE = "sk_live_1"
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
"""Every report is for a live key."""

_SIMULATOR = Simulator(seed=1, latency=10)


def rows_of_both(
    name: str, start: datetime, end: datetime, **asked: Any
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The files of v1 and v2 as tables of text."""
    report_type = catalog.get(reports_v2()[name].report_type)
    account = {"Stripe_Context": CONNECTED[0]} if name.startswith("connect_card_payments_fees") else {}
    v1, v2 = Api(_SIMULATOR, LIVE, **account), ApiV2(_SIMULATOR, LIVE, **account)
    bounds = {"interval_start": start, "interval_end": end, "tax_invoice_month": f"{start:%Y-%m}"}
    if "payout" in report_type.required_parameters:
        asked |= by_id(report_type.id)
    asked = {key: value for key, value in (bounds | asked).items() if key in report_type.parameters}
    sent = {key: int(v.timestamp()) if isinstance(v, datetime) else v for key, v in asked.items()}
    run = v1.post(
        {"report_type": report_type.id} | {f"parameters[{key}]": value for key, value in sent.items()}
    ).json
    sent = {key: v.isoformat() if isinstance(v, datetime) else v for key, v in asked.items()}
    run_v2 = v2.create(name, parameters=sent)
    _SIMULATOR.clock.advance(10)
    first = v1.contents(v1.get(f"/v1/reporting/report_runs/{run['id']}").json)
    result = v2.retrieve(run_v2)
    rows = table(v2.download(result).data)
    assert result["result"]["row_count"] == str(rows.height)
    assert [column["name"] for column in result["result"]["file"]["columns"]] == rows.columns
    _SIMULATOR.clock.set(datetime(2026, 11, 5, 12, tzinfo=UTC))
    return table(first.data), as_in_v1(rows, result["result"]["file"]["columns"])


def by_id(report_type: str) -> dict[str, str]:
    """What a report by payout needs: a payout with transactions, and its account."""
    if not report_type.startswith("connected_account"):
        return {"payout": last_payout(_SIMULATOR.ledger)}
    account = connected_account(_SIMULATOR.ledger, CONNECTED[0])
    return {"connected_account": account.id, "payout": last_payout(account.ledger)}


def last_payout(ledger: Ledger) -> str:
    settled = ledger.payouts.filter("automatic", pl.col("effective_at") < OCTOBER[1].timestamp())
    return settled.select(ledger.draws.payout_id(pl.col("payout"))).to_series()[-1]


def as_in_v1(rows: pl.DataFrame, columns: list[dict[str, str]]) -> pl.DataFrame:
    """Times without milliseconds; each has them."""
    times = [column["name"] for column in columns if column["type"] == "timestamp"]
    for name in times:
        assert rows[name].drop_nulls().str.ends_with(".000").all()
    return rows.with_columns(pl.col(times).str.strip_suffix(".000"))


@pytest.mark.parametrize("name", reports_v2())
def test_every_family_has_the_same_rows_in_v2(name):
    """Inferred for all but the columns of the balance summary: a report of v2 has the rows of v1."""
    first, second = rows_of_both(name, *OCTOBER)
    assert first.equals(second)
    assert second.height > 0


@given(data=st.data())
@settings(max_examples=15)
def test_any_interval_and_filter_gives_the_same_rows(data):
    """Also with a time zone, a currency and columns of one's own."""
    name = data.draw(st.sampled_from([name for name in reports_v2() if "by_id" not in name]))
    start = OCTOBER[0] - timedelta(seconds=data.draw(st.integers(0, 30 * 86_400)))
    end = start + timedelta(seconds=data.draw(st.integers(1, 40 * 86_400)))
    asked = {
        "currency": data.draw(st.sampled_from(["eur", "jpy"])),
        "timezone": data.draw(st.sampled_from(["Asia/Kathmandu", "America/New_York"])),
    }
    first, second = rows_of_both(name, start, min(end, OCTOBER[1]), **asked)
    assert first.equals(second)
