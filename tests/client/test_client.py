"""The main job: a report type and a period in, an exact frame out, and never more calls than needed."""

import json
import logging
import stat
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import stripe_reports as sr
from both_apis import BOTH_APIS
from clocks import TestClock, utc
from stripe_reports import errors
from stripe_reports.simulator import Clock, Fault

MONEY = pl.Decimal(38, 6)

CREATE = "POST /v1/reporting/report_runs"


class TestMainJob:
    @BOTH_APIS
    def test_a_type_and_a_month_give_an_exact_typed_frame(self, client):
        """The README shows it."""
        frame = client.frame("balance.summary", "2026-10")
        assert dict(frame.schema) == {
            "category": pl.String,
            "description": pl.String,
            "net_amount": MONEY,
            "currency": pl.String,
        }
        for (currency,), rows in frame.drop_nulls("currency").group_by("currency"):
            by = dict(rows.select("category", "net_amount").iter_rows())
            assert by["starting_balance"] + by["activity"] + by["payouts"] == by["ending_balance"], currency

    def test_a_report_has_its_run_its_request_and_its_provenance(self, client, simulator):
        """An auditor asks for them."""
        report = client.fetch("balance_change_from_activity.itemized.3", "2026-09", currency="eur")
        assert report.run == client.retrieve(report.run.id)
        assert report.run.status == "succeeded"
        assert report.request == client.request(
            "balance_change_from_activity.itemized.3", "2026-09", currency="eur"
        )
        assert report.run.parameters == report.request.to_stripe()
        assert report.provenance.size == report.run.result.size
        assert len(report.provenance.sha256) == 64
        assert report.provenance.as_of == report.run.created
        assert report.provenance.livemode is False
        assert set(report.frame()["currency"]) == {"eur"}
        assert_frame_equal(report.scan().collect(), report.frame())

    @BOTH_APIS
    def test_the_provenance_is_inside_the_parquet_file(self, client):
        """A file that is copied elsewhere still has its provenance."""
        report = client.fetch("balance.summary", "2026-10")
        metadata = json.loads(pl.read_parquet_metadata(report.path)["stripe_reports"])
        assert metadata["run"]["id"] == report.run.id
        assert metadata["sha256"] == report.provenance.sha256
        assert_frame_equal(pl.read_parquet(report.path), report.frame())

    def test_launch_wait_and_read_can_be_called_one_by_one(self, client):
        """For users who want to keep the run in between."""
        request = client.request("payouts.itemized.5", "last month", currency="usd")
        run = client.launch(request)
        assert run.status == "pending"
        with pytest.raises(errors.RunError, match=r"client\.wait\("):
            client.read(run)
        run = client.wait(run)
        frame = client.read(run)
        assert frame.height > 0
        assert_frame_equal(client.scan(run).collect(), frame)

    def test_an_empty_report_has_all_its_columns_with_their_types(self, client):
        """A month without anything is normal, and joins and concatenates like any other."""
        columns = ["created", "created_utc", "gross", "is_link", "description"]
        frame = client.frame(
            "balance_change_from_activity.itemized.3",
            "2026-10",
            reporting_category="climate_order_purchase",
            columns=columns,
            timezone="Europe/Paris",
        )
        assert dict(frame.schema) == {
            "created": pl.Datetime("us", "Europe/Paris"),
            "created_utc": pl.Datetime("us", "UTC"),
            "gross": MONEY,
            "is_link": pl.Boolean,
            "description": pl.String,
        }
        assert frame.height == 0

    @BOTH_APIS
    def test_the_reports_of_a_month_agree_to_the_cent(self, client):
        """Summary, items and payouts come from one ledger, and no digit is lost on the way."""
        items = client.frame("balance_change_from_activity.itemized", "2026-10")
        summary = client.frame("balance.summary", "2026-10").drop_nulls("currency")
        activity = dict(
            summary.filter(pl.col("category") == "activity").select("currency", "net_amount").iter_rows()
        )
        sums = dict(items.group_by("currency").agg(pl.col("net").sum()).iter_rows())
        assert {currency: total for currency, total in activity.items() if total} == sums
        assert items.filter(pl.col("gross") - pl.col("fee") != pl.col("net")).height == 0


class TestWaiting:
    def test_it_polls_rarely_and_ends_at_the_first_poll_after_the_end(self, client, calls):
        """At most twelve polls a minute."""
        run = client.launch(client.request("balance.summary", "2026-10"))
        calls()
        seen = []
        finished = client.wait(
            run, progress=lambda run, elapsed, expected: seen.append((run.status, elapsed))
        )
        assert finished.status == "succeeded"
        assert 1 <= len(calls()) <= 6
        assert [status for status, _ in seen] == ["pending"] * (len(seen) - 1) + ["succeeded"]
        assert seen[-1][1] <= 1.35 * 10 + 2

    @BOTH_APIS
    def test_a_finished_run_is_returned_without_a_call(self, client, calls):
        """There is nothing to wait for."""
        run = client.fetch("balance.summary", "2026-10").run
        calls()
        assert client.wait(run) == run
        assert calls() == []

    def test_the_expected_duration_is_learned_across_processes(self, connect):
        """From the last runs of the type."""
        expected = []
        for month in ("2026-08", "2026-09"):
            connect().fetch(
                "balance.summary", month, progress=lambda _, __, estimate: expected.append(estimate)
            )
        assert expected[0] is None
        assert expected[-1] == pytest.approx(10, abs=1)

    @BOTH_APIS
    def test_a_timeout_says_that_nothing_is_lost_and_how_to_continue(self, client, simulator):
        """The same fetch later joins the same run."""
        simulator.outcomes.append("stuck")
        with pytest.raises(errors.RunTimeoutError, match=r"not cancelled.*client\.wait\(") as caught:
            client.fetch("balance.summary", "2026-10", timeout=30)
        run = caught.value.run
        assert isinstance(caught.value, TimeoutError)
        with pytest.raises(errors.RunTimeoutError) as caught:
            client.fetch("balance.summary", "2026-10", timeout=30)
        assert caught.value.run.id == run.id

    @BOTH_APIS
    def test_an_unknown_status_ends_the_wait(self, client, simulator):
        """A loop that waits only for the known statuses would never end."""
        simulator.outcomes.append("quantum")
        with pytest.raises(errors.RunFailedError, match="'quantum'"):
            client.fetch("balance.summary", "2026-10")

    @pytest.mark.parametrize("outcome", ["no url", "no result"])
    @BOTH_APIS
    def test_a_run_that_succeeded_without_a_file_is_an_error(self, client, simulator, outcome):
        """Not an empty table."""
        simulator.outcomes.append(outcome)
        with pytest.raises(errors.ResultUnavailableError):
            client.fetch("balance.summary", "2026-10")

    @BOTH_APIS
    def test_an_interrupt_ends_the_wait_and_says_how_to_continue(self, client, simulator, monkeypatch):
        """The run continues at Stripe."""

        def interrupt(_seconds):
            raise KeyboardInterrupt

        run = client.launch(client.request("balance.summary", "2026-10"))
        monkeypatch.setattr(client._transport.clock, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt) as caught:
            client.wait(run)
        assert f"client.retrieve('{run.id}')" in caught.value.__notes__[0]

    @BOTH_APIS
    def test_a_run_can_be_retrieved_by_its_id(self, client, simulator):
        """From a note, after the weekend."""
        run = client.launch(client.request("balance.summary", "2026-10"))
        simulator.clock.advance(3600)
        assert client.read(client.retrieve(run.id)).height

    def test_runs_of_several_pages_are_listed(self, client, calls):
        """A page has a hundred runs."""
        request = client.request("balance.summary", "2026-09")
        made = {client._api.create_run(request, idempotency_key=str(n)).run.id for n in range(120)}
        calls()
        assert {run.id for run in client.runs(limit=120)} == made
        assert len(calls()) == 2
        with pytest.raises(errors.ParameterError, match="one run at least"):
            client.runs(limit=0)

    @BOTH_APIS
    def test_a_failed_run_is_not_read(self, client, simulator):
        """Stripe's reason is the error."""
        simulator.outcomes.append("failed")
        run = client.launch(client.request("balance.summary", "2026-10"))
        simulator.clock.advance(60)
        with pytest.raises(errors.RunFailedError, match="Stripe says"):
            client.read(run)

    def test_a_run_with_unknown_parameters_is_read_but_not_reused(self, client, simulator):
        """Its file may have been made with a parameter that Stripe does not echo."""
        request = client.request("payouts.itemized.5", "2026-10")
        foreign = client._api.create_run(request, idempotency_key="someone else's").run
        simulator.clock.advance(60)
        assert client.read(foreign.id).height
        assert client.cache.info()["reusable"].to_list() == [
            "only by the id of the run: not all of its parameters are known"
        ]
        assert client.fetch(request).run.id != foreign.id

    def test_runs_are_listed_newest_first(self, client):
        """Across pages, as many as requested."""
        for month in ("2026-07", "2026-08", "2026-09"):
            client.launch(client.request("balance.summary", month))
        runs = client.runs(limit=2)
        assert len(runs) == 2
        assert runs[0].parameters["interval_end"] == int(utc(2026, 10, 1).timestamp())


class TestRefusals:
    @pytest.mark.parametrize(
        ("call", "says"),
        [
            (lambda client: client.fetch(client.report_types()[0], "2026-10"), r"pass its id, '\w"),
            (lambda client: client.fetch(None, "2026-10"), "not by a NoneType"),
            (lambda client: client.wait(5), "not 5"),
            (lambda client: client.fetch("payouts.itemized", "2026-10", progress=True), "progress is 'auto'"),
            (
                lambda client: client.restatement(
                    client.fetch_all("payouts.itemized", "2026-Q3", split="month", timeout=60)
                ),
                "each of its parts",
            ),
        ],
    )
    def test_impossible_arguments_are_refused_with_a_clear_message(self, client, call, says):
        """Each of these mistakes is common; none may end in a Python error that names our internals."""
        with pytest.raises(errors.ParameterError, match=says):
            call(client)


class TestRequests:
    def test_a_period_is_meant_in_the_clients_zone(self, tmp_path):
        """October in Paris starts on the evening of 30 September in UTC, and has 31 days and an hour."""
        with sr.demo(timezone="Europe/Paris", cache_dir=tmp_path) as client:
            request = client.request("payouts.itemized.5", "2026-10")
            assert request.interval_start == utc(2026, 9, 30, 22)
            assert request.interval_end == utc(2026, 10, 31, 23)
            assert request.timezone == "Europe/Paris"
            elsewhere = client.request("payouts.itemized.5", "2026-10", timezone="America/New_York")
            assert elsewhere.interval_start == utc(2026, 10, 1, 4)

    def test_a_zone_is_sent_only_if_the_type_takes_it(self, client):
        """It determines the bounds all the same."""
        request = client.request(
            "balance_change_from_activity.itemized.1", "2026-10", timezone="Europe/Paris"
        )
        assert request.timezone is None
        assert request.interval_start == utc(2026, 9, 30, 22)

    def test_a_zone_that_is_not_sent_is_still_known_when_the_report_is_found_again(self, client):
        """October in New York ends on the 31st, in the first answer and in the stored one."""
        asked = ("tax.transactions.itemized.1", "2026-10")
        for action in ("launched", "stored"):
            report = client.fetch(*asked, timezone="America/New_York")
            assert report.reuse.action == action
            assert report.request.zone == "America/New_York"
            assert report.request.last_included_day == date(2026, 10, 31)

    @pytest.mark.parametrize(
        ("period", "start", "end"),
        [
            ("2026-10-05", utc(2026, 10, 5), utc(2026, 10, 6)),
            ("2026-Q3", utc(2026, 7, 1), utc(2026, 10, 1)),
            ("last month", utc(2026, 10, 1), utc(2026, 11, 1)),
            ("2026-10-01/2026-10-15", utc(2026, 10, 1), utc(2026, 10, 15)),
            ((date(2026, 10, 1), date(2026, 10, 15)), utc(2026, 10, 1), utc(2026, 10, 15)),
            ((utc(2026, 10, 1, 8), utc(2026, 10, 1, 9)), utc(2026, 10, 1, 8), utc(2026, 10, 1, 9)),
        ],
    )
    @BOTH_APIS
    def test_periods_become_instants(self, client, period, start, end):
        """The start is included, the end is not, as in Stripe's parameters."""
        request = client.request("balance.summary", period)
        assert (request.interval_start, request.interval_end) == (start, end)

    def test_this_month_is_truncated_where_the_data_end(self, client, simulator):
        """That is half a day and a publication before now."""
        request = client.request("balance.summary", "this month")
        available = client.report_type("balance.summary").data_available_end
        assert request.interval_end == available < simulator.clock.now()

    def test_a_period_beyond_the_data_is_an_error_that_names_both_limits(self, client, calls):
        """Before anything is launched."""
        for period in ("2027-01", "2019-01"):
            with pytest.raises(errors.IntervalError, match=r"from 20.* to 2026-11-0.* \(UTC\)"):
                client.fetch("balance.summary", period)
        assert calls(CREATE) == []

    def test_last_month_is_by_stripes_clock(self, connect, simulator):
        """A laptop whose clock is a year behind must not fetch last year's month."""
        behind = connect(clock=TestClock(Clock(utc(2025, 3, 15))))
        assert behind.request("balance.summary", "last month").interval_start == utc(2026, 10, 1)

    def test_the_version_of_a_name_is_asked_for_once_a_day(self, connect, simulator, calls):
        """And every repr shows the version that was chosen."""
        listed = "GET /v1/reporting/report_types"
        assert connect().request("balance.summary", "2026-10").report_type == "balance.summary.2"
        assert calls().count(listed) == 1
        connect().request("payouts.itemized", "2026-10")
        assert calls().count(listed) == 0
        simulator.clock.advance(timedelta(days=1))
        connect().request("balance.summary", "2026-10")
        assert calls().count(listed) == 1

    def test_offline_a_name_means_the_newest_catalogued_version(self, connect, monkeypatch):
        """So a stored result can be read on a train."""
        client = connect(base_url="http://127.0.0.1:9")
        assert client.request("payouts.itemized", "2026-10").report_type == "payouts.itemized.5"

    @pytest.mark.parametrize(
        ("arguments", "error", "says"),
        [
            (("balance.sumary", "2026-10"), errors.UnknownReportTypeError, "Did you mean"),
            (("balance.summary", "Oktober"), errors.IntervalError, "not a period"),
            (("balance.summary",), errors.ParameterError, "needs a period"),
            (("payout_reconciliation.by_id.itemized.4", "2026-10"), errors.ParameterError, "takes no period"),
        ],
    )
    def test_mistakes_are_reported_before_a_run_is_launched(self, client, calls, arguments, error, says):
        """With a message that helps."""
        with pytest.raises(error, match=says):
            client.fetch(*arguments)
        assert calls(CREATE) == []

    def test_a_moment_beyond_the_data_is_an_error_that_names_both_limits(self, client, calls):
        """The package does not invent a start for it."""
        with pytest.raises(
            errors.IntervalError, match=r"Asked for: 2027-02-01T00:00:00Z. .* from 20.* to 2026-11-0"
        ):
            client.fetch("ending_balance_reconciliation.itemized.4", "2027-01")
        assert calls(CREATE) == []

    def test_offline_last_month_is_by_this_machines_clock(self, connect):
        """Stripe cannot be asked, and a stored result may still be read."""
        client = connect(base_url="http://127.0.0.1:9")
        assert client.request("balance.summary.2", "last month").interval_start == utc(2026, 10, 1)

    def test_types_that_describe_a_moment_take_the_end_of_a_period(self, client):
        """The eleven types that have no start."""
        request = client.request("ending_balance_reconciliation.itemized.4", "2026-10")
        assert (request.interval_start, request.interval_end) == (None, utc(2026, 11, 1))

    def test_a_report_about_one_payout_takes_the_payout(self, client):
        """And no period."""
        request = client.request("payout_reconciliation.by_id.itemized.4", payout="po_1")
        assert request.parameters == {"payout": "po_1"}

    def test_a_type_the_catalogue_does_not_know_is_left_to_stripe(self, client):
        """Its answer is the error, its columns are text."""
        with pytest.raises(errors.UnknownReportTypeError, match="Stripe says: No such report type"):
            client.fetch("brand.new.1", "2026-10")

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("balance.sumary.2", "Did you mean 'balance.summary.2'"),
            ("balance.summary.99", "Did you mean 'balance.summary.2'"),
            ("financial_account_balance_change_from_activity.summary", "does not offer the report type"),
        ],
    )
    def test_the_error_for_a_mistyped_type_names_the_nearest(self, client, name, says):
        """With or without version."""
        with pytest.raises(errors.UnknownReportTypeError, match=says):
            client.fetch(name, "2026-10")

    def test_blanks_and_capitals_around_a_type_do_not_matter(self, client):
        """Copied from a web page."""
        assert client.request(" Balance.Summary.2 ", "2026-10").report_type == "balance.summary.2"

    @BOTH_APIS
    def test_a_request_is_fetched_unchanged(self, client):
        """Code can be turned into a form, and a form into code."""
        request = client.request("balance.summary", "2026-10")
        assert client.fetch(request).request == request
        with pytest.raises(errors.ParameterError, match="says it all"):
            client.fetch(request, "2026-09")

    def test_unknown_columns_of_a_type_not_fully_known_are_a_warning(self, client):
        """Stripe decides; the simulator, which knows them all, refuses."""
        with (
            pytest.warns(UserWarning, match="Stripe decides"),
            pytest.raises(errors.InvalidRequestError),
        ):
            client.fetch("balance_change_from_activity.itemized.7", "2026-10", columns=["net", "brand_new"])


class TestTrouble:
    def test_a_short_outage_does_not_end_a_wait(self, client, simulator, monkeypatch):
        """The run continues at Stripe meanwhile."""
        run = client.launch(client.request("balance.summary", "2026-10"))
        original, failures = client._api.list_runs, [errors.NetworkError("gone"), errors.ServerError("down")]
        look = client._api.retrieve_run
        monkeypatch.setattr(
            client._api,
            "retrieve_run",
            lambda id_: (_ for _ in ()).throw(failures.pop()) if failures else look(id_),
        )
        assert client.wait(run).status == "succeeded"
        assert not failures
        assert original

    @BOTH_APIS
    def test_a_long_outage_ends_with_the_timeout_and_says_how_to_continue(self, client, monkeypatch):
        """The error says which run it was, and that it is not lost."""
        run = client.launch(client.request("balance.summary", "2026-10"))

        def fail(_):
            raise errors.NetworkError("gone")

        monkeypatch.setattr(client._api, "retrieve_run", fail)
        with pytest.raises(errors.RunTimeoutError, match=run.id) as caught:
            client.wait(run, timeout=60)
        assert isinstance(caught.value.__cause__, errors.NetworkError)

    @BOTH_APIS
    def test_the_error_for_a_revoked_key_says_how_to_continue(self, client, simulator):
        """With another key of the account the run can be waited for again."""
        run = client.launch(client.request("balance.summary", "2026-10"))
        simulator.faults.append(Fault("GET *", status=401, times=99))
        with pytest.raises(errors.AuthenticationError) as caught:
            client.wait(run)
        assert f"client.retrieve('{run.id}')" in str(caught.value)

    @pytest.mark.parametrize(
        ("permissions", "lacks"),
        [(["report_runs_and_report_types_read"], "file"), (["file_read"], "report")],
    )
    def test_a_missing_permission_is_named(self, simulator, tmp_path, permissions, lacks):
        """A restricted key has the two that it needs, and no more."""
        simulator.restrict("rk_test_few", permissions)
        clock = TestClock(simulator.clock)
        with (
            sr.Client("rk_test_few", cache_dir=tmp_path, application=simulator, clock=clock) as client,
            pytest.raises(errors.PermissionDeniedError, match=rf"{lacks}.*restricted key"),
        ):
            client.fetch("balance.summary", "2026-09")

    @pytest.mark.parametrize("timeout", [None, "5", -1])
    def test_an_invalid_timeout_is_refused_before_anything_is_launched(self, client, calls, timeout):
        """Not afterwards."""
        with pytest.raises(errors.ParameterError, match="number of seconds"):
            client.fetch("balance.summary", "2026-10", timeout=timeout)
        assert calls(CREATE) == []

    @pytest.mark.parametrize("id_", ["", "frr_1/../x", "../report_types/balance.summary.2", "file_1"])
    def test_an_invalid_id_is_refused_before_any_call(self, client, calls, id_):
        """It would be sent to another endpoint."""
        with pytest.raises(errors.ParameterError, match="'frr_'"):
            client.retrieve(id_)
        assert calls() == []

    @BOTH_APIS
    def test_an_id_with_spaces_around_it_is_accepted_in_place_of_a_run(self, client):
        """Copied from a note."""
        run = client.fetch("balance.summary", "2026-10").run
        assert client.retrieve(f" {run.id}\n") == run
        assert client.wait(run.id) == run
        assert client.read(run.id).height == client.scan(run.id).collect().height

    @pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
    def test_a_stored_result_of_which_one_bit_changed_is_never_shown(self, client, position):
        """Parquet itself does not notice; the hash beside it does. The next fetch reads the result again."""
        report = client.fetch("balance_change_from_activity.itemized.3", "2026-09")
        expected = report.frame()
        content = bytearray(report.path.read_bytes())
        content[int(len(content) * position)] ^= 1
        report.path.write_bytes(content)
        with pytest.raises(errors.StoreError, match="damaged"):
            report.frame()
        assert_frame_equal(client.frame("balance_change_from_activity.itemized.3", "2026-09"), expected)

    def test_a_read_only_cache_can_still_be_read(self, client, tmp_path, monkeypatch):
        """A closed, stored interval needs no lock."""
        client.fetch("balance.summary.2", "2026-09")

        def refuse(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("os.mkdir", refuse)
        monkeypatch.setattr("stripe_reports.storage.disk.FileLock.acquire", refuse)
        assert client.fetch("balance.summary.2", "2026-09").frame().height
        with pytest.raises(errors.StoreError, match="cache_dir"):
            client.fetch("balance.summary.2", "2026-08")


class TestManners:
    def test_an_error_and_its_causes_contain_no_key(self, connect, simulator):
        """Notebooks can show the variables of every frame of a traceback, and every error behind an error."""
        import traceback

        client = connect(base_url="http://127.0.0.1:9")
        with pytest.raises(errors.NetworkError) as caught:
            client.retrieve("frr_1")
        shown = "".join(
            traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
        )
        assert simulator.key not in shown
        error = caught.value
        while error is not None:
            request = getattr(error, "request", None)
            assert simulator.key not in str(getattr(request, "headers", ""))
            error = error.__cause__ or error.__context__

    def test_many_threads_share_one_transport(self, simulator, tmp_path):
        """Its call budget and its clock are the client's."""
        from concurrent.futures import ThreadPoolExecutor

        with (
            sr.Client(simulator.key, cache_dir=tmp_path, application=simulator) as client,
            ThreadPoolExecutor(16) as pool,
        ):
            assert len({id(t) for t in pool.map(lambda _: client._transport.json_session, range(64))}) == 1

    def test_a_report_of_the_demo_outlives_its_client(self):
        """`client` is assigned again in every notebook."""
        report = sr.demo().fetch("balance.summary", "2026-10")
        import gc

        gc.collect()
        assert report.frame().height

    def test_the_folder_may_be_relative_or_start_with_a_tilde(self, simulator, tmp_path, monkeypatch):
        """It stays the same when the working directory changes."""
        monkeypatch.chdir(tmp_path)
        home = sr.Client(simulator.key, cache_dir="~/reports", application=simulator)
        assert home.settings.cache_dir == tmp_path / "home" / "reports"
        assert (
            sr.Client(simulator.key, cache_dir="x", application=simulator).settings.cache_dir
            == tmp_path / "x"
        )

    @BOTH_APIS
    def test_a_folder_that_others_can_read_is_closed_to_them(self, client, tmp_path):
        """It may have been copied from elsewhere."""
        client.fetch("balance.summary", "2026-10")
        (folder,) = (tmp_path / "cache").iterdir()
        folder.chmod(0o777)
        client.close()
        client.report_types()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_making_a_client_touches_neither_network_nor_disk(self, simulator, tmp_path, calls):
        """It may stand at the top of a module."""
        sr.Client(simulator.key, cache_dir=tmp_path / "none", application=simulator)
        assert calls() == []
        assert not (tmp_path / "none").exists()

    @BOTH_APIS
    def test_results_are_readable_only_by_the_user(self, client, tmp_path):
        """They contain customers' names."""
        client.fetch("balance.summary", "2026-10")
        for path in (tmp_path / "cache").rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    def test_no_key_is_in_any_file_log_or_repr(self, client, simulator, tmp_path, caplog):
        """Byte by byte, including the names of files."""
        with caplog.at_level(logging.DEBUG):
            report = client.fetch("balance.summary", "2026-10")
            simulator.faults.append(Fault(status=401, times=9))
            with pytest.raises(errors.AuthenticationError) as caught:
                client.retrieve("frr_1")
        client.close()
        paths = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        texts = [path.read_bytes() for path in paths] + [str(path).encode() for path in paths]
        texts += [text.encode() for text in (caplog.text, repr(client), repr(report), str(caught.value))]
        assert len(paths) > 3
        assert not any(simulator.key.encode() in text for text in texts)

    def test_nothing_is_left_in_staging(self, client, simulator, tmp_path):
        """Neither after a success nor after a failure."""
        client.fetch("balance.summary", "2026-10")
        simulator.faults.append(Fault("GET /v1/files/*", status=200, body=b'"a","a"\n', times=9))
        with pytest.raises(errors.FileError):
            client.fetch("balance.summary", "2026-09")
        assert not list((tmp_path / "cache").glob("*/staging/*"))

    def test_a_damaged_file_is_not_stored(self, client, simulator, tmp_path):
        """The error names the run; the next fetch reads the file again."""
        run = client.wait(client.launch(client.request("balance.summary", "2026-10")))
        body = b'"category","category"\n' + b"x" * (run.result.size - 22)
        simulator.faults.append(Fault("GET /v1/files/*", status=200, body=body))
        with pytest.raises(errors.DamagedFileError) as caught:
            client.read(run)
        assert run.id in caught.value.__notes__[0]
        assert not list((tmp_path / "cache").rglob("*.parquet"))
        assert client.read(run).height

    @pytest.mark.parametrize("call", ["fetch", "fetch_all"])
    def test_a_run_whose_file_stays_damaged_is_replaced_when_it_is_asked_for_again(
        self, client, simulator, call
    ):
        """Its file is read again first: the way here may have damaged it."""

        def fetched():
            report = getattr(client, call)("balance.summary.1", "2026-09")
            return report if call == "fetch" else report.parts[0]

        def is_refused():
            with pytest.raises((errors.DamagedFileError, IndexError)):
                fetched()
            return len(simulator.runs)

        simulator.inject_fault("file.corrupt", times=1)
        assert is_refused() == 1
        assert fetched().reuse.action == "reused"
        client.cache.clear("balance.summary")
        simulator.inject_fault("file.corrupt", times=2)
        assert is_refused() == 2  # a new run too is damaged, and is not replaced in the same call
        simulator.inject_fault("file.corrupt", times=2)  # of both runs
        report = fetched()
        assert len(simulator.runs) == 3
        assert "its file is damaged" in report.reuse.reason

    @pytest.mark.parametrize("call", ["fetch", "fetch_all"])
    def test_a_call_launches_few_runs_however_old_they_seem(self, client, simulator, calls, call):
        """By a wrong clock each seems to be of an earlier launch; and the file of none can be had."""
        simulator.faults.append(Fault("GET /v1/files/*", status=404, times=99))
        simulator.inject_fault("date.ahead", times=999)
        if call == "fetch":
            with pytest.raises(errors.ResultUnavailableError):
                client.fetch("balance.summary.1", "2026-09")
        else:
            failed = client.fetch_all("balance.summary.1", "2026-09").failed()
            assert failed["error"].to_list() == ["ResultUnavailableError"]
        assert len(calls(CREATE)) <= 3

    def test_money_is_never_a_float(self, client):
        """It is Decimal from the text of the file to the frame."""
        frame = client.frame("balance_change_from_activity.itemized.3", "2026-10", columns="all")
        assert not any(dtype.is_float() for dtype in frame.schema.values())
        assert isinstance(frame["net"][0], Decimal)

    @given(seed=st.integers(0, 3))
    def test_the_demo_is_the_same_for_the_same_seed(self, seed, tmp_path_factory):
        """A figure in a tutorial stays correct."""
        frames = []
        for _ in range(2):
            with sr.demo(seed, cache_dir=tmp_path_factory.mktemp("demo")) as client:
                frames.append(client.frame("balance.summary", "2026-10"))
        assert_frame_equal(*frames)

    def test_the_demos_clock_starts_at_the_documented_time(self, client):
        """And it moves only while the client waits."""
        assert client.simulator.clock.now() == datetime(2026, 11, 5, 12, tzinfo=UTC)
        client.fetch("balance.summary", "2026-10")
        assert client.simulator.clock.now() < datetime(2026, 11, 5, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda client: client.retrieve(None), "by its id, a text such as 'frr_…', not by None"),
        (lambda client: client.launch("balance.summary"), "for a ReportRequest, not for 'balance.summary'"),
        (lambda client: client.request("balance.summary", "2026-10", columns=5), "columns must be a list"),
    ],
    ids=["retrieve", "launch", "columns"],
)
def test_an_argument_of_another_type_is_an_error_of_this_package(call, says, client):
    """A script that catches the errors of this package would end with Python's."""
    with pytest.raises(errors.ParameterError, match=says):
        call(client)
