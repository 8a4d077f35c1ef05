"""A long interval in parts: the same rows as the whole, each part stored once."""

import inspect
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import duckdb
import openpyxl
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import stripe_reports as sr
from clocks import TestClock, utc
from simulator_api import CONNECTED
from stripe_reports import cli, errors
from stripe_reports.catalog.splitting import has_totals, why_not_split
from stripe_reports.demo_client import DemoClient
from stripe_reports.planning.parts import requests_of
from stripe_reports.report.outcome import ReportOutcome
from stripe_reports.simulator import RateLimits, Simulator, serve
from stripe_reports.simulator.ledger.pricing import Terms
from stripe_reports.simulator.reports.reports import simulated

CREATE = "POST /v1/reporting/report_runs"
PAYOUTS = "payouts.itemized.5"
ACTIVITY = "balance_change_from_activity.itemized.3"
RECONCILIATION = "payout_reconciliation.itemized.7"


SPLITTING = {
    type_.base: type_.id
    for type_ in simulated(livemode=True)
    if why_not_split(type_.id) is None
    and not has_totals(type_.id)
    and "tax_invoice_month" not in type_.parameters
}
"""Every type of events that the simulator has, in its newest version."""


OF_ONE_ACCOUNT = "connect_card_payments_fees."
"""The types that are run on a connected account."""


@pytest.fixture
def quarter(client):
    """Three closed months of payouts."""
    return client.fetch_all(PAYOUTS, "2026-Q2", split="month")


class TestParts:
    def test_the_present_year_has_the_months_so_far(self, client):
        """The page of tasks has this call. The set says where it ends."""
        year = client.fetch_all("payout_reconciliation.itemized", "2026", split="month")
        assert isinstance(year, sr.ReportSet)
        assert [part.request.interval_end for part in year.parts] == [
            *(utc(2026, month, 1) for month in range(2, 12)),
            utc(2026, 11, 5),
        ]
        assert year.truncated
        assert "Ends at 2026-11-05T00:00:00Z, the end of Stripe's data for now; the period" in repr(year)
        assert year.requests == client.fetch_all(RECONCILIATION, "this year", split="month").requests

    def test_parts_tile_the_interval_in_order(self, client):
        """The first and the last may be partial."""
        parts = client.fetch_all(PAYOUTS, "2026-01-15/2026-03-10", split="month").requests
        assert (parts[0].interval_start, parts[-1].interval_end) == (utc(2026, 1, 15), utc(2026, 3, 10))
        assert all(one.interval_end == after.interval_start for one, after in pairwise(parts))
        assert len(parts) == 3

    def test_parts_can_be_counted_and_iterated(self, client):
        """Like any collection."""
        quarter = client.fetch_all(PAYOUTS, "2026-Q3", split="month")
        assert len(quarter) == 3
        assert [part.request for part in quarter] == list(quarter.requests)

    @pytest.mark.parametrize("type_", [PAYOUTS, "payouts.itemized.1"])
    def test_months_are_in_the_zone_of_the_call(self, client, type_):
        """Whether the type takes Stripe's timezone or not."""
        parts = client.fetch_all(type_, "2026-Q1", split="month", timezone="Asia/Tokyo").requests
        assert [part.interval_start for part in parts] == [
            utc(2025, 12, 31, 15),
            utc(2026, 1, 31, 15),
            utc(2026, 2, 28, 15),
        ]
        assert [str(part.last_included_day) for part in parts] == ["2026-01-31", "2026-02-28", "2026-03-31"]

    @pytest.mark.parametrize("type_", [PAYOUTS, ACTIVITY, RECONCILIATION])
    def test_the_parts_equal_the_report_of_the_whole_interval(self, client, type_):
        """Row by row, in Stripe's order, with the same columns and types."""
        parts = client.fetch_all(type_, "2026-Q3", split="month", timezone="Europe/Paris")
        assert_frame_equal(parts.frame(), client.frame(type_, "2026-Q3", timezone="Europe/Paris"))
        assert_frame_equal(parts.scan().collect(), pl.concat([part.frame() for part in parts.parts]))
        assert {tuple(part.frame().schema.items()) for part in parts.parts} == {
            tuple(parts.frame().schema.items())
        }

    @pytest.mark.parametrize("type_", SPLITTING.values())
    def test_no_type_of_events_loses_or_repeats_a_row(self, type_, tmp_path):
        """Of all families, with live data. Reports of many accounts are by account: the order may differ.

        Tax invoices are months, and have no whole; see ``test_tax_months.py``.
        """
        account = CONNECTED[0] if type_.startswith(OF_ONE_ACCOUNT) else None
        with sr.demo(livemode=True, cache_dir=tmp_path, account=account) as client:
            parts = client.fetch_all(type_, "2026-08/2026-10", split="month")
            whole = client.frame(type_, "2026-08/2026-10")
        assert whole.height > 20
        assert_frame_equal(parts.frame(), whole, check_row_order=False)

    @settings(max_examples=10)
    @given(
        hours=st.tuples(st.integers(0, 4_000), st.integers(1, 3_000)),
        unit=st.sampled_from(["week", "month", "quarter", "year"]),
        zone=st.sampled_from(["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata"]),
    )
    def test_the_parts_of_any_interval_add_up_to_it(self, hours, unit, zone):
        """No row twice, none missing, for any bounds and across any change of clocks."""
        start = utc(2025, 1, 1) + timedelta(hours=hours[0])
        period = (start, start + timedelta(hours=hours[1]))
        with sr.demo(latency=1.0) as client:
            asked = {"timezone": zone, "columns": ["balance_transaction_id", "created_utc", "net"]}
            parts = client.fetch_all(ACTIVITY, period, split=unit, **asked)
            assert_frame_equal(parts.frame(), client.frame(ACTIVITY, period, **asked))

    def test_a_finished_request_is_split_the_same_way(self, client, quarter):
        """So a request from a form or a repr can be split, and has the same parts."""
        again = eval(repr(quarter.request), {"sr": sr})  # noqa: S307
        assert client.fetch_all(again, split=quarter.split).requests == quarter.requests
        assert quarter.request == client.request(PAYOUTS, "2026-Q2")

    @pytest.mark.parametrize(
        ("type_", "period", "says"),
        [
            ("payout_reconciliation.by_id.itemized.4", None, "one payout"),
            ("ending_balance_reconciliation.itemized.4", None, "one moment"),
            ("no.such_type.1", "2026", "not in the catalogue"),
            (PAYOUTS, None, "period"),
        ],
    )
    def test_types_that_cannot_be_split_are_refused_before_any_call(self, client, calls, type_, period, says):
        """With the reason."""
        with pytest.raises(errors.ParameterError, match=says):
            client.fetch_all(type_, period, split="month")
        assert calls() == []

    def test_a_period_that_has_just_ended_is_never_truncated(self, client):
        """A job that runs an hour after New Year must not lose the last day: December is asked for again."""
        client.simulator.clock.advance((utc(2027, 1, 1, 1) - client.simulator.clock.now()).total_seconds())
        year = client.fetch_all(PAYOUTS, "2026", split="month")
        assert year.status()["status"].to_list() == ["launched"] * 11 + ["failed"]
        with pytest.raises(errors.IncompleteError, match="Stripe has data for"):
            year.frame()
        client.simulator.clock.advance(24 * 3600)
        year = client.fetch_all(PAYOUTS, "2026", split="month")
        assert year.frame()["effective_at"].max() >= utc(2026, 12, 30)

    def test_a_part_with_other_columns_is_an_error_that_names_it(self, client, quarter):
        """Stripe's default columns may change between two launches; a table of both would be wrong."""
        other = client.fetch(PAYOUTS, "2026-05", columns=["payout_id", "net"])
        first, second, third = quarter.outcomes
        mixed = replace(quarter, outcomes=(first, ReportOutcome.of(second.cell, other), third))
        with pytest.raises(errors.MixedColumnsError, match=r"2026-05-31.*lacks .*fee.*columns=\[") as caught:
            mixed.scan()
        assert "2026-04-30" in str(caught.value)


class TestReuse:
    def test_closed_parts_are_never_requested_again(self, client, calls):
        """There is no call at all, not even one per part."""
        client.fetch_all(PAYOUTS, "2025", split="month")
        calls()
        again = client.fetch_all(PAYOUTS, "2025", split="month")
        assert again.reuse_summary == "12 months stored"
        assert calls() == []

    def test_only_what_was_not_closed_is_fetched_again(self, client, calls):
        """October's data were too young, and November is not over."""
        assert client.fetch_all(PAYOUTS, "this year", split="month").reuse_summary == "11 months launched"
        client.simulator.clock.advance(48 * 3600)
        calls()
        assert (
            client.fetch_all(PAYOUTS, "this year", split="month").reuse_summary
            == "9 months stored, 2 launched"
        )
        assert len(calls(CREATE)) == 2
        client.simulator.clock.advance(24 * 3600)
        assert (
            client.fetch_all(PAYOUTS, "this year", split="month").reuse_summary
            == "10 months stored, 1 launched"
        )

    def test_a_month_that_was_fetched_alone_is_a_part(self, client, calls):
        """And a part answers a fetch of its month."""
        alone = client.fetch(PAYOUTS, "2026-05")
        parts = client.fetch_all(PAYOUTS, "2026-Q2", split="month")
        assert parts.reuse_summary == "1 month stored, 2 launched"
        assert parts.parts[1].path == alone.path
        calls()
        assert client.fetch(PAYOUTS, "2026-06").reuse.action == "stored"
        assert calls() == []

    def test_never_launches_all_of_them(self, client, quarter):
        """As for one report."""
        again = client.fetch_all(PAYOUTS, "2026-Q2", split="month", reuse="never")
        assert again.reuse_summary == "3 months launched"
        assert not {part.run.id for part in again.parts} & {part.run.id for part in quarter.parts}


class TestTrouble:
    def test_a_failed_part_is_a_row_and_the_others_are_stored(self, client, simulator, calls):
        """The same call later requests only that one, and until then the year is not read by mistake."""
        simulator.outcomes.extend(["succeeded", "failed"])
        parts = client.fetch_all(PAYOUTS, "2026-Q1", split="month")
        (row,) = parts.failed().rows(named=True)
        assert row["interval"] == "2026-02-01/2026-03-01"
        assert row["error"] == "RunFailedError"
        assert "Stripe says" in row["reason"]
        assert row["run"] == simulator.runs[1].id
        with pytest.raises(errors.IncompleteError, match=r"Of 3 reports, 1 failed\. .*2026-02-01/2026-03-01"):
            parts.frame()
        assert parts.frame(partial=True).height == sum(map(len, parts))
        calls()
        again = client.fetch_all(PAYOUTS, "2026-Q1", split="month")
        assert again.reuse_summary == "2 months stored, 1 launched"
        assert len(calls(CREATE)) == 1

    def test_one_error_names_the_failed_reports_if_the_caller_wants_one(self, client, simulator):
        """After everything else was stored; the first failure is its cause."""
        simulator.outcomes.extend(["failed"] * 3)
        with pytest.raises(errors.IncompleteError, match="3 failed") as caught:
            client.fetch_all(PAYOUTS, "2026-Q1", split="month", errors="raise")
        assert (caught.value.total, caught.value.failed, caught.value.missing) == (3, 3, 0)
        assert caught.value.names[0] == f"{PAYOUTS}, 2026-01-01/2026-02-01"
        assert isinstance(caught.value.__cause__, errors.RunFailedError)

    def test_a_part_that_takes_too_long_is_missing_and_the_others_are_stored(self, client, simulator):
        """Nothing is lost: the run continues, and the same call joins it."""
        simulator.outcomes.append("stuck")
        parts = client.fetch_all(PAYOUTS, "2026-Q1", split="month", timeout=120)
        assert parts.status()["status"].to_list() == ["missing", "launched", "launched"]
        stuck = parts.outcomes[0]
        assert stuck.run_id == simulator.runs[0].id
        assert "goes on at Stripe. The same call joins it." in stuck.reason
        again = client.fetch_all(PAYOUTS, "2026-Q1", split="month", timeout=120)
        assert again.outcomes[0].run_id == stuck.run_id
        assert len(simulator.runs) == 3

    def test_the_same_call_after_an_interrupt_joins_the_runs(self, client, simulator):
        """No run is launched twice, and the user is told how many go on."""

        def interrupt(standing):
            if standing.at_stripe == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt) as caught:
            client.fetch_all(PAYOUTS, "2026-Q1", split="month", progress=interrupt)
        (note,) = caught.value.__notes__
        assert note == ("0 of 3 reports are stored. 3 runs go on at Stripe; the same call joins them.")
        parts = client.fetch_all(PAYOUTS, "2026-Q1", split="month")
        assert len(parts) == len(simulator.runs) == 3

    def test_progress_is_shown_from_the_calling_thread(self, client):
        """A notebook's widgets and a terminal's line do not work from many threads."""
        seen = []

        def progress(standing):
            seen.append((standing, threading.current_thread()))

        client.fetch_all(PAYOUTS, "2026-Q1", split="month", progress=progress)
        assert {thread for _, thread in seen} == {threading.current_thread()}
        assert max(standing.at_stripe for standing, _ in seen) == 3
        assert seen[-1][0].there == seen[-1][0].total == 3

    def test_a_removed_file_is_an_error(self, quarter):
        """A year must never have eleven months."""
        quarter.paths[1].unlink()
        with pytest.raises(errors.StoreError, match="gone"):
            quarter.frame()

    def test_parts_that_do_not_fit_into_the_store_together_are_an_error(self, simulator, tmp_path):
        """It names the limit: fetching again would push out the others."""
        options = {"application": simulator, "cache_dir": tmp_path, "cache_limit": 1}
        options["clock"] = TestClock(simulator.clock)
        with sr.Client(simulator.key, **options) as client:
            parts = client.fetch_all(PAYOUTS, "2026-Q1", split="month")
        gone = parts.failed()
        assert gone.height in (2, 3)
        assert set(gone["error"]) == {"StoreError"}
        assert gone["reason"].str.contains("no longer stored.*cache_limit").all()

    def test_many_parts_keep_within_stripes_limits(self, tmp_path):
        """Two years of months at once, over a real socket: few calls for each."""
        simulator = Simulator(seed=1, latency=10.0, rate_limits=RateLimits())
        with serve(simulator) as url:
            options = {"base_url": url, "cache_dir": tmp_path, "clock": TestClock(simulator.clock)}
            with sr.Client(simulator.key, **options) as client:
                parts = client.fetch_all(PAYOUTS, "2024-11/2026-10", split="month")
        assert parts.reuse_summary == "23 months launched"
        # The simulator's clock jumps while calls are on their way, so one or another may come too early.
        turned_away = sum(request.status == 429 for request in simulator.requests)
        assert turned_away <= len(parts.parts)
        assert len(simulator.requests) <= 4 * len(parts.parts)


class TestOneReportOrASet:
    def test_a_period_is_one_report_unless_a_split_is_named(self, client, quarter):
        """Not every report type can be split, and not every list of accounts should be."""
        whole = client.fetch_all(PAYOUTS, "2026-Q2")
        assert whole.requests == (quarter.request,)
        assert_frame_equal(whole.frame(), quarter.frame())

    @pytest.mark.parametrize("call", ["fetch", "frame", "submit", "plan", "request"])
    def test_only_fetch_all_takes_a_split(self, client, call):
        """So fetch always returns one report, and fetch_all always a set."""
        with pytest.raises(errors.ParameterError, match="split"):
            getattr(client, call)(PAYOUTS, "2026-Q2", split="month")


class TestTotals:
    def test_totals_are_by_currency(self, client):
        """Nothing is added across currencies."""
        parts = client.fetch_all(ACTIVITY, "2026-Q2", split="month")
        frame = parts.frame()
        totals = parts.totals()
        assert set(totals["currency"]) == set(frame["currency"])
        for currency, rows, gross, fee, net in totals.iter_rows():
            of_currency = frame.filter(pl.col("currency") == currency)
            assert (rows, net) == (of_currency.height, of_currency["net"].sum())
            assert gross - fee == net

    @pytest.mark.parametrize("type_", [PAYOUTS, ACTIVITY, RECONCILIATION])
    def test_the_parts_tie_to_the_summary_of_the_whole_interval(self, client, type_):
        """To the cent, in each currency."""
        parts = client.fetch_all(type_, "2026", split="month", timezone="Asia/Kolkata")
        summary = client.fetch(parts.summary_request())
        tied = parts.tie_out(summary)
        assert tied.drop("control").equals(parts.tie_out(summary.scan()).drop("control"))
        assert tied.columns == ["control", "currency", "left", "right", "difference", "passes"]
        assert tied.height == 3 * parts.totals().height
        assert tied["passes"].all()
        assert (tied["left"] != 0).any()

    def test_tie_out_uses_the_filters_of_the_parts(self, client):
        """One currency; and one category, which no summary takes by itself."""
        parts = client.fetch_all(
            ACTIVITY, "2026-Q1", split="month", currency="eur", reporting_category="refund"
        )
        summary = client.fetch(parts.summary_request())
        assert summary.request.currency == "eur"
        tied = parts.tie_out(summary)
        assert tied["currency"].to_list() == ["eur"] * 3
        assert tied["passes"].all()

    def test_a_month_that_stripe_restated_since_shows_as_a_difference(self, client, simulator):
        """The stored part is from before the restatement; the summary is from after it."""
        parts = client.fetch_all(ACTIVITY, "2026-Q3", split="month")
        simulator.restate("2026-08")
        simulator.clock.advance(24 * 3600)
        tied = parts.tie_out(client.fetch(parts.summary_request()))
        assert not tied["passes"].all()
        anew = client.fetch_all(ACTIVITY, "2026-Q3", split="month", reuse="never")
        assert anew.tie_out(client.fetch(parts.summary_request()))["passes"].all()

    def test_a_payout_in_its_own_reconciliation_is_counted_on_neither_side(self, tmp_path):
        """With it, every net was zero on both sides, and a payout that is missing as a whole was not seen."""
        simulator = Simulator(1, latency=1.0, charges_per_day=4.0, terms=Terms(lists_payouts=True))
        with DemoClient(simulator, cache_dir=tmp_path) as client:
            parts = client.fetch_all(RECONCILIATION, "2026-Q3", split="month")
            tied = parts.tie_out(client.fetch(parts.summary_request()))
            assert tied["passes"].all()
            nets = tied.filter(pl.col("control").str.starts_with("net"))
            totals = parts.totals()
            assert nets.select("currency", "left").rows() == totals.select("currency", "net").rows()
            assert all(totals["net"] > 0)

    def test_a_stand_alone_fee_always_counts_as_fee(self, quarter):
        """Itemised rows have it as gross; a summary may have it as either."""
        rows = quarter.frame().group_by("currency").agg(pl.col("gross", "fee", "net").sum())
        summary = rows.with_columns(reporting_category=pl.lit("payout"))
        cent = Decimal("0.02")
        for gross, fee in ((-cent, Decimal(0)), (Decimal(0), cent)):
            fees = pl.DataFrame(
                {"currency": ["eur"], "gross": [gross], "fee": [fee], "net": [-cent]}
            ).with_columns(pl.col("gross", "fee", "net").cast(pl.Decimal(38, 6)))
            both = pl.concat(
                [summary, fees.with_columns(reporting_category=pl.lit("fee"))], how="diagonal_relaxed"
            )
            off = quarter.tie_out(both).filter(~pl.col("passes"))
            assert off.select("currency", pl.col("control").str.slice(0, 3), "difference").rows() == [
                ("eur", "fee", -cent),
                ("eur", "net", cent),
            ]

    def test_a_currency_that_only_one_side_has_is_a_difference(self, quarter):
        """It is not left out."""
        rows = quarter.frame().filter(pl.col("currency") != "eur")
        summary = rows.group_by("currency", "reporting_category").agg(pl.col("gross", "fee", "net").sum())
        tied = quarter.tie_out(summary)
        assert set(tied.filter(~pl.col("passes"))["currency"]) == {"eur"}

    def test_missing_columns_or_summaries_are_named(self, client):
        """Columns that were not requested, or a summary that Stripe does not have."""
        parts = client.fetch_all(PAYOUTS, "2026-Q1", split="month", columns=["payout_id", "net"])
        with pytest.raises(errors.ParameterError, match="no column currency, gross, fee"):
            parts.totals()
        with pytest.raises(errors.ParameterError, match="no column currency, reporting_category, gross, fee"):
            parts.tie_out(pl.DataFrame())
        full = client.fetch_all(PAYOUTS, "2026-Q1", split="month")
        with pytest.raises(errors.ParameterError, match="the summary has no column currency"):
            full.tie_out(pl.DataFrame())
        with pytest.raises(errors.ParameterError, match="not a report or its frame"):
            full.tie_out(full)
        taxes = replace(parts, asked=(sr.ReportRequest("tax.transactions.itemized.2"),))
        with pytest.raises(errors.ParameterError, match="No summary"):
            taxes.summary_request()


def test_a_set_too_large_for_memory_warns_before_it_is_read(quarter, monkeypatch):
    """By the size of all parts together."""
    sizes = iter([4_000_000_000] * 3)
    monkeypatch.setattr("stripe_reports.report.memory.size_of", lambda _: next(sizes))
    monkeypatch.setattr("stripe_reports.report.memory.available", lambda: 2_000_000_000)
    with pytest.warns(sr.LargeFrameWarning, match=r"in 3 parts takes about 12\.0 GB.*2\.0 GB are left"):
        assert quarter.frame().height
    assert quarter.scan().collect().height  # without a word


class TestLeavingPolars:
    def test_a_set_can_be_exported_like_a_report(self, quarter, tmp_path):
        """The same rows in pandas, Arrow, DuckDB, CSV and Excel."""
        frame = quarter.frame()
        assert_frame_equal(pl.from_pandas(quarter.to_pandas()), frame)
        assert_frame_equal(pl.from_arrow(pa.table(quarter)), frame)
        files = [str(path) for path in quarter.paths]
        ids = duckdb.read_parquet(files).select("payout_id").fetchall()
        assert [id_ for (id_,) in ids] == frame["payout_id"].to_list()
        assert quarter.write_csv(tmp_path / "x.csv") == frame.height
        assert pl.read_csv(tmp_path / "x.csv", infer_schema=False).height == frame.height
        assert quarter.write_excel(tmp_path / "x.xlsx") == frame.height
        about = dict(openpyxl.load_workbook(tmp_path / "x.xlsx")["About"].values)
        assert about["parts"] == "3, by month"
        assert quarter.parts[2].run.id in about["part to 2026-06-30"]

    def test_the_parquet_file_of_a_set_has_the_provenance_of_each_part(self, quarter, tmp_path):
        """One file, all runs."""
        path = tmp_path / "x.parquet"
        quarter.write_parquet(path)
        assert_frame_equal(pl.read_parquet(path), quarter.frame())
        parts = json.loads(pl.read_parquet_metadata(path)["stripe_reports_parts"])
        assert [part["run"]["id"] for part in parts] == [part.run.id for part in quarter.parts]


class TestPartsThatAreNotThere:
    """Without a word, a month that failed looks like a month without payouts."""

    @pytest.fixture
    def rest(self, client, simulator):
        """Two months of three: the second one failed."""
        simulator.outcomes.extend(["succeeded", "failed", "succeeded"])
        return client.fetch_all(PAYOUTS, "2026-Q2", split="month").available()

    def test_whatever_shows_the_others_names_them(self, rest, tmp_path):
        """The subtitle has the whole interval."""
        said = "Not included: May 2026 (failed)."
        assert rest.left_out_text == said
        assert said in rest.chart().to_dict()["title"]["subtitle"]
        assert all(said in shown for shown in (repr(rest), rest._repr_html_(), rest.to_html()))
        assert said in rest.table().as_raw_html()
        assert "1 failed" in rest.reuse_summary
        rest.write_excel(tmp_path / "x.xlsx")
        about = dict(openpyxl.load_workbook(tmp_path / "x.xlsx")["About"].values)
        assert said in about["note"]

    def test_a_tie_out_and_a_comparison_name_them(self, client, rest):
        """Their differences come of that."""
        said = "Not included: May 2026 (failed)."
        assert said in client.tie_out(rest).notes
        whole = client.fetch_all(PAYOUTS, "2026-Q2", split="month")
        assert f"Q2 2026: {said}" in sr.compare(rest, whole).notes
        assert whole.left_out_text is None
        assert "Not included" not in repr(whole.available())

    def test_of_several_accounts_only_those_of_the_account_shown(self, client, simulator):
        """A chart shows one account."""
        simulator.outcomes.extend(["failed", "succeeded"])
        both = client.fetch_all(PAYOUTS, "2026-09", accounts=list(CONNECTED[:2])).available()
        assert both.left_out_text is not None
        assert both.of(account=both.accounts[0]).left_out_text is None


class TestShown:
    def test_a_repr_has_the_kind_the_source_and_the_request(self, quarter):
        """In three lines."""
        assert repr(quarter).splitlines() == [
            f"ReportSet({PAYOUTS}, 3 parts by month)",
            f"  {quarter.request!r}",
            "  3 months launched.",
        ]

    def test_a_notebook_shows_a_card_and_runs_nothing(self, quarter):
        """Parameters and ids come from outside, so they are escaped."""
        hostile = "<script>alert(1)</script>"
        shown = replace(quarter, asked=(replace(quarter.request, other={"note": hostile}),))._repr_html_()
        assert "<script" not in shown
        assert "&lt;script&gt;" in shown
        assert "3 months launched" in shown
        assert quarter.parts[1].run.id in shown
        assert len(shown) < 5_000

    def test_a_set_is_a_frozen_value(self, quarter):
        """Two fetches of the same data are equal, apart from their decisions."""
        with pytest.raises(AttributeError):
            quarter.outcomes = ()
        assert hash(quarter)


def test_the_parts_of_a_request_are_determined_without_a_call(quarter):
    """Pure: no call, no disk."""
    assert requests_of(quarter.request, "month") == quarter.requests


def test_the_command_line_takes_a_year_in_months(tmp_path, capsys):
    """A yearly job."""
    target = tmp_path / "x.parquet"
    asked = ["fetch-all", PAYOUTS, "2025", "--demo", "--split", "month", "--output", str(target)]
    assert cli.main(asked) == 0
    shown = capsys.readouterr().err
    assert "12 months launched" in shown
    times = pl.read_parquet(target)["effective_at"]
    assert times.min() >= datetime(2025, 1, 1, tzinfo=UTC)
    assert times.max() < datetime(2026, 1, 1, tzinfo=UTC)


class TestAsAReport:
    """A set is used as one report is: by the same methods, with the same arguments."""

    METHODS = [
        "chart",
        "chart_kinds",
        "table",
        "to_html",
        "to_pandas",
        "write_csv",
        "write_parquet",
        "write_excel",
    ]

    @pytest.mark.parametrize("method", METHODS)
    def test_a_method_has_the_same_signature(self, method):
        """So that code for one report works for a year of them."""
        one, many = (inspect.signature(getattr(each, method)) for each in (sr.Report, sr.ReportSet))
        assert str(one) == str(many)

    def test_each_part_has_its_decision_and_provenance(self, quarter):
        """The set has no run of its own."""
        assert quarter.reuse == tuple(part.reuse for part in quarter)
        assert quarter.provenance == tuple(part.provenance for part in quarter)

    def test_a_chart_shows_all_rows(self, quarter):
        """One chart, not one for each part; its heading has the whole interval."""
        assert quarter.chart_kinds() == quarter.parts[0].chart_kinds()
        heading = " ".join(quarter.chart("status", every="month").to_dict()["title"]["subtitle"])
        assert "2026-04-01 to 2026-06-30" in heading

    @pytest.mark.parametrize("type_", [PAYOUTS, ACTIVITY, RECONCILIATION])
    def test_a_year_of_months_is_one_chart_by_month(self, client, type_):
        """As the analyst asked for the year, and small enough to send by mail."""
        year = client.fetch_all(type_, "2025", split="month")
        kind = next(iter(year.chart_kinds()))
        chart = year.chart().to_json(indent=None)
        assert "per month" in chart
        assert len(chart) < 200_000
        assert chart == year.chart(kind, every="month").to_json(indent=None)
        assert "per week" in year.chart(kind, every="week").to_json(indent=None)
        assert "per month" in year.to_html()

    @pytest.mark.parametrize(
        "shown",
        [sr.ReportSet.chart, sr.ReportSet.chart_kinds, sr.ReportSet.table, sr.ReportSet.to_html],
        ids=lambda method: method.__name__,
    )
    def test_several_accounts_or_types_are_shown_one_at_a_time(self, client, shown, tmp_path):
        """One chart of all of them would not say whose amounts it shows; their rows can be in one file."""
        accounts = CONNECTED[:2]
        both = client.fetch_all([PAYOUTS, ACTIVITY], "2026-09", accounts=accounts)
        with pytest.raises(errors.ParameterError, match=r"reports\.scan\('payouts\.itemized\.5'\)"):
            shown(both.of(account=accounts[0]))
        payouts = both.of(PAYOUTS)
        with pytest.raises(
            errors.ParameterError, match=rf"2 accounts.*reports\.of\(account='{accounts[0]}'\)"
        ):
            shown(payouts)
        assert shown(payouts.of(account=accounts[1]))
        assert payouts.write_excel(tmp_path / "both.xlsx") == payouts.frame().height

    def test_a_page_names_the_run_of_each_part(self, quarter):
        """An auditor follows each number to its run."""
        page = quarter.to_html()
        assert all(page.count(part.run.id) == 1 for part in quarter)
        assert all(part.provenance.sha256 in page for part in quarter)

    def test_a_table_to_print_has_all_rows_and_its_runs(self, quarter):
        """Subtotals are over the whole interval."""
        printed = quarter.table(by="reporting_category").as_raw_html()
        assert f"Run {quarter.parts[0].run.id}" in printed
        assert f"and 2 more to run {quarter.parts[-1].run.id}" in printed
