"""Many reports in one call: of several types and accounts, launched once, followed together."""

import math
import re
import threading
from collections import Counter
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from clocks import TestClock
from simulator_api import CONNECTED, MAIN
from stripe_reports import cli, errors
from stripe_reports.demo_client import DemoClient
from stripe_reports.simulator import Fault, RateLimits, Simulator, serve

CREATE = "POST /v1/reporting/report_runs"
PAYOUTS = "payouts.itemized.5"
ACTIVITY = "balance_change_from_activity.itemized.3"
ENDING = "ending_balance_reconciliation.itemized.4"
LIVE_ONLY = "all_fees.incurred_at.itemized.2"
UNKNOWN = "gift_cards.itemized.1"
QUARTER = ("2026-07-01/2026-08-01", "2026-08-01/2026-09-01", "2026-09-01/2026-10-01")


class TestGrid:
    def test_there_is_a_row_for_each_type_account_and_part(self, client):
        """Account by account, as they are launched."""
        reports = client.fetch_all([PAYOUTS, ACTIVITY], "2026-Q3", split="month", accounts=CONNECTED[:2])
        assert reports.status().select("account", "report_type", "interval").rows() == [
            (account, type_, month)
            for account in CONNECTED[:2]
            for type_ in (PAYOUTS, ACTIVITY)
            for month in QUARTER
        ]
        assert set(reports.status()["status"]) == {"launched"}
        assert reports.status()["rows"].to_list() == [len(report) for report in reports]

    def test_each_account_has_results_of_its_own(self, client, tmp_path):
        """A fetch of that account finds them, and the key's own account does not."""
        reports = client.fetch_all(PAYOUTS, "2026-09", accounts=[CONNECTED[0], "own"])
        assert [report.provenance.account for report in reports] == [CONNECTED[0], None]
        assert [each.account for each in reports.outcomes] == [CONNECTED[0], "own"]
        with DemoClient(client.simulator, cache_dir=tmp_path / "cache", account=CONNECTED[0]) as other:
            report = other.fetch(PAYOUTS, "2026-09")
        assert report.reuse.action == "stored"
        assert report.path == reports.of(account=CONNECTED[0]).parts[0].path
        assert client.fetch(PAYOUTS, "2026-09").path == reports.of(account="own").parts[0].path

    def test_several_accounts_are_one_frame_with_a_column_that_tells_them_apart(self, client):
        """It comes first, and Stripe's columns are as they are."""
        reports = client.fetch_all(PAYOUTS, "2026-09", accounts=CONNECTED[:2])
        frame = reports.frame()
        assert frame.columns[0] == "account"
        assert list(frame["account"].unique(maintain_order=True)) == list(CONNECTED[:2])
        for account, rows in frame.group_by("account", maintain_order=True):
            assert_frame_equal(rows.drop("account"), reports.of(account=account[0]).frame())

    def test_one_account_has_no_such_column(self, client):
        """The frame of one account is the same whether it was named or is the client's own."""
        alone = client.fetch_all(PAYOUTS, "2026-09", accounts=[CONNECTED[0]])
        assert_frame_equal(alone.frame(), alone.parts[0].frame())

    def test_a_report_about_a_moment_is_requested_for_the_end_of_each_part(self, client):
        """Together with itemised types; the rows say which moment they are about."""
        reports = client.fetch_all([PAYOUTS, ENDING], "2026-Q3", split="month")
        balances = reports.of(ENDING)
        assert balances.status()["interval"].to_list() == ["2026-08-01", "2026-09-01", "2026-10-01"]
        ends = balances.frame()["interval_end"].unique(maintain_order=True).to_list()
        assert ends == [request.interval_end for request in balances.requests]

    def test_a_set_of_several_types_asks_which_is_meant(self, client):
        """Their columns differ, so they are no one frame."""
        reports = client.fetch_all([PAYOUTS, ACTIVITY], "2026-09")
        for call in (reports.frame, reports.chart, reports.totals, lambda: reports.request):
            with pytest.raises(errors.ParameterError, match=rf"{PAYOUTS}, {ACTIVITY}. Name one") as caught:
                call()
            assert caught.value.param == "report_type"
        assert_frame_equal(reports.frame("payouts.itemized"), reports.of(PAYOUTS).frame())
        assert reports.of(ACTIVITY).chart()
        with pytest.raises(errors.ParameterError, match=r"no reports of 'balance\.summary'"):
            reports.scan("balance.summary")

    def test_an_account_or_a_report_that_is_named_twice_is_fetched_once(self, client):
        """Its rows would count twice."""
        twice = client.fetch_all(
            [PAYOUTS, "payouts.itemized"], "2026-09", accounts=["own", *CONNECTED[:1] * 2]
        )
        once = client.fetch_all(PAYOUTS, "2026-09", accounts=["own", CONNECTED[0]])
        assert_frame_equal(twice.frame(), once.frame())
        assert twice.status().height == 2

    def test_the_own_account_may_also_be_named_by_its_id(self, client, calls):
        """Its id is asked for once, and only if one of the names may be another name of it."""
        for _ in range(2):
            reports = client.fetch_all(PAYOUTS, "2026-09", accounts=[CONNECTED[0], MAIN, "own"])
            assert reports.accounts == (CONNECTED[0], "own")
        client.fetch_all(PAYOUTS, "2026-09", accounts=[MAIN])
        client.fetch_all(PAYOUTS, "2026-09", accounts=["own"])
        assert calls("/v1/account") == ["GET /v1/account"]

    def test_a_key_that_may_not_read_its_own_account_fetches_what_is_named(self, client, simulator):
        """Nothing tells it that both names are of one account."""
        simulator.faults.append(Fault("GET /v1/account", status=403))
        reports = client.fetch_all(PAYOUTS, "2026-09", accounts=["own", CONNECTED[0]])
        assert reports.reuse_summary == "2 reports launched"

    def test_finished_requests_are_taken_too(self, client):
        """Alone or in a list, as from a form."""
        request = client.request(PAYOUTS, "2026-09")
        assert client.fetch_all(request).requests == (request,)
        assert client.fetch_all([request]).requests == (request,)

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ({"report_types": []}, "No report type"),
            ({"report_types": 5}, "a name or a list of names"),
            ({"accounts": []}, "empty list"),
            ({"accounts": "acct_1"}, "must be a list"),
            ({"accounts": ["acct 1"]}, "is not an account"),
            ({"errors": "ignore"}, "'collect' or 'raise'"),
            ({"in_flight": 0}, "at least 1"),
            ({"executor": "threads"}, "executor must be"),
            ({"storage_options": {"aws_region": "x"}}, "into=, which is missing"),
            ({"into": ""}, "is empty"),
        ],
    )
    def test_arguments_that_mean_nothing_are_refused_before_any_call(self, client, calls, arguments, says):
        """A typing error in a night's job must show at once."""
        asked = {"report_types": PAYOUTS, "period": "2026-09"} | arguments
        with pytest.raises(errors.ParameterError, match=says):
            client.fetch_all(**asked)
        assert calls() == []


class TestCalls:
    def test_a_grid_costs_at_most_four_calls_a_cell(self, client, calls):
        """One launch, one download, a share of the lists before and after; each type is asked for once."""
        reports = client.fetch_all([PAYOUTS, ACTIVITY], "2026-Q3", split="month", accounts=CONNECTED)
        made = calls()
        assert len(made) <= 4 * len(reports)
        assert made.count(CREATE) == len(reports)
        assert sum("/report_types/" in call for call in made) == 2

    def test_an_account_with_one_report_costs_at_most_four_calls(self, client, calls):
        """The dearest case: no two of them share a list."""
        client.fetch_all(PAYOUTS, "2026-08")  # so that the duration of a run is known
        calls()
        reports = client.fetch_all(PAYOUTS, "2026-09", accounts=CONNECTED)
        assert len(calls()) <= 4 * len(reports)

    def test_no_more_runs_are_in_flight_than_allowed(self, client, simulator):
        """Whatever the number of cells."""
        most = []

        def progress(standing):
            most.append(standing.at_stripe)

        reports = client.fetch_all(PAYOUTS, "2025", split="month", in_flight=3, progress=progress)
        assert len(reports) == 12
        assert max(most) == 3

    @pytest.mark.parametrize(
        ("reason", "most"), [("global-concurrency", 4), ("endpoint-concurrency", 4), ("global-rate", 8)]
    )
    def test_too_many_calls_in_progress_halve_the_runs_in_flight(self, client, simulator, reason, most):
        """Too many calls in a second do not: those are the matter of the rate limit."""
        seen = []
        limited = {"Stripe-Rate-Limited-Reason": reason}
        simulator.faults.append(Fault(CREATE, status=429, headers=limited))
        reports = client.fetch_all(
            PAYOUTS, "2025", split="month", in_flight=8, progress=lambda each: seen.append(each.at_stripe)
        )
        assert max(seen) == most
        assert set(reports.status()["status"]) == {"launched"}
        assert len(simulator.runs) == 12

    def test_the_same_call_again_asks_for_nothing(self, client, calls):
        """Closed parts of any account are stored."""
        asked = {"split": "month", "accounts": CONNECTED[:3]}
        client.fetch_all(PAYOUTS, "2026-Q1", **asked)
        calls()
        again = client.fetch_all(PAYOUTS, "2026-Q1", **asked)
        assert again.reuse_summary == "9 reports stored"
        assert calls() == []

    def test_runs_that_were_launched_elsewhere_are_joined(self, client, simulator, tmp_path):
        """By another machine with the same key: equal launches share a run."""
        with DemoClient(simulator, cache_dir=tmp_path / "elsewhere") as other:
            theirs = other.fetch_all(PAYOUTS, "2026-Q3", split="month")
        ours = client.fetch_all(PAYOUTS, "2026-Q3", split="month")
        assert [report.run.id for report in ours] == [report.run.id for report in theirs]
        assert set(ours.status()["status"]) == {"reused"}
        assert len(simulator.runs) == 3

    def test_a_type_is_asked_for_once_whatever_the_cache_of_answers_keeps(self, client, calls, monkeypatch):
        """Also for the key's own account: otherwise each launch would cost two calls."""
        monkeypatch.setattr("stripe_reports.http.sessions.TYPES_KEPT_FOR", timedelta(seconds=1))
        client.fetch_all(PAYOUTS, "2026-Q3", split="month", in_flight=1)
        assert sum("/report_types/" in call for call in calls()) == 1

    def test_it_works_over_a_real_socket_with_stripes_limits(self, tmp_path):
        """Many threads make the calls there; in this process, one does."""
        simulator = Simulator(seed=1, latency=10.0, rate_limits=RateLimits())
        with serve(simulator) as url:
            options = {"base_url": url, "cache_dir": tmp_path, "clock": TestClock(simulator.clock)}
            with sr.Client(simulator.key, **options) as client:
                reports = client.fetch_all(
                    [PAYOUTS, ACTIVITY], "2026-Q3", split="month", accounts=CONNECTED[:4]
                )
        assert reports.reuse_summary == "24 reports launched"
        assert len(simulator.runs) == 24
        answered = Counter(request.status for request in simulator.requests)
        assert answered[200] <= 4 * 24


class TestRefused:
    """What cannot be requested is a row with its reason, without a launch; the others are fetched."""

    @pytest.mark.parametrize(
        ("report_type", "period", "error", "says"),
        [
            pytest.param(LIVE_ONLY, "2026-09", "LiveModeRequiredError", "live key", id="live data only"),
            pytest.param(LIVE_ONLY, "this month", "LiveModeRequiredError", "live key", id="period not over"),
            pytest.param(LIVE_ONLY[:-2], "2026-09", "LiveModeRequiredError", "live key", id="no version"),
            pytest.param(UNKNOWN, "2026-09", "UnknownReportTypeError", "no report type", id="not offered"),
        ],
    )
    def test_a_type_that_the_key_cannot_request(self, client, calls, report_type, period, error, says):
        """Whatever is needed of the type before the cells are known; each account has the row."""
        asked = [report_type, PAYOUTS], period
        reports = client.fetch_all(*asked, accounts=CONNECTED[:2])
        assert reports.status()["status"].to_list() == ["failed", "launched"] * 2
        assert set(reports.failed()["error"]) == {error}
        assert says in reports.failed()["reason"][0]
        assert len(calls(CREATE)) == 2
        plan = client.plan_all(*asked, accounts=CONNECTED[:2])
        assert plan.counts == {"stored": 2, "reused": 0, "awaited": 0, "launched": 0, "refused": 2} or (
            period == "this month"
        )

    @pytest.mark.parametrize(
        ("period", "statuses", "says"),
        [
            ("2026-10/2027-01", ["launched", "failed", "failed"], "ends after the available data"),
            ("2024-09/2024-12", ["failed", "launched", "launched"], "starts before the available data"),
            ("2027-01/2027-03", ["failed", "failed"], "no data for that time yet"),
        ],
    )
    def test_parts_beyond_the_data(self, client, calls, period, statuses, says):
        """Nobody takes the rest for the whole: the rows are refused until all parts are there."""
        plan = client.plan_all(PAYOUTS, period, split="month")
        assert plan.counts["refused"] == statuses.count("failed")
        reports = client.fetch_all(PAYOUTS, period, split="month")
        assert reports.status()["status"].to_list() == statuses
        assert set(reports.failed()["error"]) == {"IntervalError"}
        assert all("Stripe has data for" in reason for reason in reports.failed()["reason"])
        assert says in reports.failed()["reason"][0]
        assert reports.truncated
        assert len(calls(CREATE)) == statuses.count("launched")
        with pytest.raises(errors.IncompleteError, match=says):
            reports.scan()

    def test_an_account_that_stripe_does_not_know(self, client):
        """Among several types."""
        reports = client.fetch_all([PAYOUTS, ACTIVITY], "2026-09", accounts=["acct_1unknown", CONNECTED[0]])
        assert reports.status()["status"].to_list() == ["failed", "failed", "launched", "launched"]

    def test_they_are_an_error_at_the_end_if_the_user_wants_one(self, client):
        """The others are stored by then."""
        for types in ([LIVE_ONLY, PAYOUTS], [LIVE_ONLY]):
            with pytest.raises(errors.IncompleteError, match="1 failed") as caught:
                client.fetch_all(types, "2026-09", errors="raise")
            assert isinstance(caught.value.__cause__, errors.LiveModeRequiredError)
        assert client.fetch_all(PAYOUTS, "2026-09").reuse_summary == "1 report stored"

    def test_a_name_that_no_catalogue_has_is_a_typing_error(self, client, calls):
        """It must show before anything is launched."""
        with pytest.raises(errors.UnknownReportTypeError, match="payouts"):
            client.fetch_all([PAYOUTS, "payout.itemised"], "2026-09")
        assert calls(CREATE) == []


class TestTrouble:
    def test_a_cell_that_stripe_refuses_is_a_row_and_the_others_are_there(self, client):
        """An account that the key does not reach, among many."""
        reports = client.fetch_all(PAYOUTS, "2026-09", accounts=[CONNECTED[0], "acct_1unknown", CONNECTED[1]])
        assert reports.status()["status"].to_list() == ["launched", "failed", "launched"]
        (row,) = reports.failed().rows(named=True)
        assert row["account"] == "acct_1unknown"
        assert row["error"] in errors.__all__
        assert row["reason"]
        with pytest.raises(errors.IncompleteError, match="1 failed") as caught:
            reports.scan()
        assert caught.value.names == (f"{PAYOUTS} of acct_1unknown, 2026-09-01/2026-10-01",)
        assert list(reports.frame(partial=True)["account"].unique(maintain_order=True)) == list(CONNECTED[:2])
        assert reports.available().frame().equals(reports.frame(partial=True))

    def test_a_set_without_any_report_is_an_error_even_if_partial(self, client, simulator):
        """An empty table would look like a month without payouts."""
        simulator.outcomes.append("failed")
        reports = client.fetch_all(PAYOUTS, "2026-09")
        with pytest.raises(errors.IncompleteError, match="1 failed"):
            reports.frame(partial=True)
        assert reports
        assert len(reports) == 0

    def test_a_failed_run_is_not_repeated_within_the_call(self, client, simulator):
        """It would fail again, for thousands of accounts at once."""
        simulator.outcomes.append("failed")
        client.fetch_all(PAYOUTS, "2026-09")
        assert len(simulator.runs) == 1

    def test_a_file_that_is_gone_at_stripe_is_replaced_by_a_new_run(self, client, simulator, tmp_path):
        """The earlier run was only to be reused."""
        with DemoClient(simulator, cache_dir=tmp_path / "elsewhere") as other:
            theirs = other.fetch_all(PAYOUTS, "2026-Q3", split="month")
        simulator.faults.append(Fault("GET /v1/files/*", status=404))
        ours = client.fetch_all(PAYOUTS, "2026-Q3", split="month")
        assert sorted(ours.status()["status"]) == ["launched", "reused", "reused"]
        assert len(simulator.runs) == 4
        assert len({report.run.id for report in theirs} & {report.run.id for report in ours}) == 2

    def test_a_list_that_fails_for_a_while_costs_only_time(self, client, simulator):
        """The runs continue meanwhile."""
        lists = Fault("GET /v1/reporting/report_runs", status=500, times=9)
        simulator.faults.append(lists)
        reports = client.fetch_all(PAYOUTS, "2026-Q3", split="month")
        assert set(reports.status()["status"]) == {"launched"}

    def test_a_list_that_never_comes_says_that_the_run_goes_on(self, client, simulator):
        """The end of the time is not that of the run, and the same call joins it."""
        lists = "GET /v1/reporting/report_runs"
        simulator.faults.append(Fault(lists, change=lambda _request, answer: answer()))  # before the launch
        simulator.inject_fault("answer.slow", match=lists, times=math.inf)
        (row,) = client.fetch_all(PAYOUTS, "2026-09", timeout=60).status().rows(named=True)
        assert (row["status"], row["run"]) == ("missing", simulator.runs[0].id)
        assert row["reason"] == (
            f"Run {simulator.runs[0].id} was still pending at the end of the call, and goes on at Stripe. "
            "The same call joins it."
        )

    def test_the_error_of_a_set_keeps_the_problem_and_the_remedies_apart(self, client, simulator):
        """They are worded for Python, the command line and the form."""
        simulator.outcomes.append("no url")
        with pytest.raises(errors.IncompleteError, match="names no address") as caught:
            client.fetch_all(PAYOUTS, "2026-09", errors="raise")
        assert "reuse=" not in caught.value.problem
        assert "reuse='never'. The same call asks" in str(caught.value)
        assert "--reuse never. The same command asks" in caught.value.for_command_line()

    def test_a_key_that_stops_working_ends_the_call(self, client, simulator, calls):
        """No account is asked for after Stripe has said that the key is not valid."""
        simulator.faults.append(Fault(CREATE, status=401, times=99))
        reports = client.fetch_all(PAYOUTS, "2026-09", accounts=CONNECTED)
        assert calls(CREATE) == [CREATE]
        assert reports.status()["status"].to_list() == ["failed"] + ["missing"] * (len(CONNECTED) - 1)
        assert "Stripe refused another report" in reports.outcomes[-1].reason

    def test_an_interrupt_in_the_middle_keeps_what_was_read(self, client, simulator):
        """And the note counts the runs that go on."""

        def interrupt(standing):
            if standing.there >= 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt) as caught:
            client.fetch_all(PAYOUTS, "2025", split="month", in_flight=4, progress=interrupt)
        (note,) = caught.value.__notes__
        assert re.match(r"\d of 12 reports are stored\. \d runs? go(es)? on at Stripe", note)
        launched = len(simulator.runs)
        reports = client.fetch_all(PAYOUTS, "2025", split="month")
        assert reports.status()["status"].to_list().count("stored") >= 2
        assert launched < len(simulator.runs) == 12

    def test_an_interrupt_while_a_run_is_launched_counts_it_too(self, client):
        """Nobody knows whether Stripe has received it."""

        def interrupt(_standing):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt) as caught:
            client.fetch_all(PAYOUTS, "2025", split="month", progress=interrupt)
        (note,) = caught.value.__notes__
        assert "0 runs go on at Stripe, and up to 1 more that was being launched; the same call" in note

    def test_threads_end_with_the_call(self, client):
        """A night's job makes many calls."""
        client.fetch_all(PAYOUTS, "2026-Q3", split="month")
        before = {thread.name for thread in threading.enumerate()}
        for thread in threading.enumerate():
            if thread.name.startswith("stripe-reports ") and "piece" not in thread.name:
                thread.join(5)
        left = {t.name for t in threading.enumerate() if t.name.startswith("stripe-reports ")}
        assert {name for name in left if "piece" not in name} == set(), before  # all calls share those


class TestAllAccountsInOneRun:
    OF_ALL = "connected_account_payouts.itemized.3"

    def test_the_advice_is_a_note_of_the_set(self, client):
        """It comes with the result that it would have made cheaper."""
        reports = client.fetch_all(PAYOUTS, "2026-Q3", split="month", accounts=CONNECTED[:2])
        assert f"{self.OF_ALL} instead of {PAYOUTS}" in reports.notes[0]
        assert "3 instead of 6 runs" in reports.notes[0]

    def test_a_run_for_all_accounts_is_checked_for_its_account_column(self, client):
        """The simulator gives it, as Stripe probably does."""
        reports = client.fetch_all(self.OF_ALL, "2026-09")
        assert reports.notes == ()
        assert reports.frame()["connected_account"].n_unique() > 1

    def test_a_result_without_that_column_is_told(self, client, monkeypatch):
        """Its rows would be of nobody knows whom."""
        monkeypatch.setattr("stripe_reports.runs.fetch_all.ACCOUNT_COLUMN", "not_there")
        with pytest.warns(sr.AdvisedWarning, match="has no column not_there, so its rows"):
            reports = client.fetch_all(self.OF_ALL, "2026-09")
        assert "cannot be told apart" in reports.notes[0]


class TestPlan:
    def test_a_plan_launches_nothing_and_says_what_a_call_would_do(self, client, calls):
        """One call for each type."""
        client.fetch_all(PAYOUTS, "2026-Q1", split="month", accounts=CONNECTED[:2])
        calls()
        plan = client.plan_all([PAYOUTS, ACTIVITY], "2026-Q1", split="month", accounts=CONNECTED[:2])
        assert plan.counts == {"stored": 6, "reused": 0, "awaited": 0, "launched": 6, "refused": 0}
        assert calls(CREATE) == []
        frame = plan.frame()
        assert frame.columns == ["report_type", "account", "interval", "action", "reason"]
        assert frame.filter(pl.col("action") == "stored")["report_type"].unique().to_list() == [PAYOUTS]
        assert repr(plan).startswith("12 reports: 6 stored, 6 to launch, in about")
        assert "Fewer runs may do" in plan._repr_html_()

    def test_a_plan_says_that_a_duration_is_assumed_until_one_is_known(self, client):
        """Nobody should plan a night by a guess without knowing it."""
        assert "is assumed to take 95 s" in repr(client.plan_all(PAYOUTS, "2026-Q1", split="month"))
        client.fetch_all(PAYOUTS, "2026-04")
        plan = client.plan_all(PAYOUTS, "2026-Q1", split="month")
        assert not plan.is_assumed
        assert "assumed" not in repr(plan)
        assert plan.seconds < 60


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def _client(self, client, monkeypatch):
        monkeypatch.setattr("stripe_reports.cli.fetch_all.client_of", lambda _: client)

    def test_failures_are_a_list_and_an_exit_status(self, simulator, capsys, tmp_path):
        """A scheduler sees the status, and a person the list."""
        simulator.outcomes.extend(["succeeded", "failed"])
        target, failures = tmp_path / "rows.csv", tmp_path / "failures.csv"
        asked = ["fetch-all", PAYOUTS, "2026-Q3", "--split", "month", "--output", str(target)]
        assert cli.main([*asked, "--failures", str(failures)]) == 1
        (row,) = pl.read_csv(failures).rows(named=True)
        assert (row["interval"], row["status"]) == (QUARTER[1], "failed")
        assert not target.exists()
        assert "1 report failed or is missing, see" in capsys.readouterr().err
        assert cli.main([*asked, "--failures", str(failures)]) == 0
        assert pl.read_csv(failures).is_empty()
        assert target.exists()

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_reasons_are_in_terms_of_commands(self, simulator, capsys, form):
        """Those of Python help nobody here."""
        simulator.outcomes.append("no url")
        assert cli.main(["fetch-all", PAYOUTS, "2026-09", "--format", form]) == 1
        out, err = capsys.readouterr()
        for shown in (err, out) if form == "json" else (err,):
            assert "--reuse never" in shown
            assert "reuse=" not in shown

    def test_what_is_there_can_be_written_although_reports_are_missing(self, simulator, capsys, tmp_path):
        """Only if the user says so; the status still tells."""
        simulator.outcomes.append("failed")
        target = tmp_path / "rows.parquet"
        asked = ["fetch-all", PAYOUTS, "2026-Q3", "--split", "month", "--partial", "--output", str(target)]
        assert cli.main(asked) == 1
        assert pl.read_parquet(target).height > 0
        assert "RunFailedError" in capsys.readouterr().err

    def test_results_can_be_added_to_a_dataset(self, capsys, tmp_path):
        """A job on a machine without a disk needs nothing else; the rows of all are not printed."""
        place = tmp_path / "shared"
        asked = ["fetch-all", PAYOUTS, "2026-Q3", "--split", "month", "--into", str(place)]
        assert cli.main(asked) == 0
        assert "launched" in capsys.readouterr().out
        assert sr.dataset(place).status().height == 3
        assert cli.main([*asked, "--output", str(tmp_path / "rows.csv")]) == 0
        assert pl.read_csv(tmp_path / "rows.csv").height == sr.dataset(place).scan(PAYOUTS).collect().height

    def test_a_list_of_failures_that_cannot_be_written_is_refused_first(self, calls, capsys, tmp_path):
        """After a night it would be too late."""
        asked = ["fetch-all", PAYOUTS, "2026-Q3", "--split", "month"]
        assert cli.main([*asked, "--failures", str(tmp_path / "missing" / "failures.csv")]) == 1
        assert "Give another file with --failures." in capsys.readouterr().err
        assert calls() == []

    def test_an_interrupt_says_how_far_it_has_come(self, simulator, capsys):
        """And how many runs go on, which the same command joins."""

        def interrupted(_request, _answer):
            raise KeyboardInterrupt

        simulator.faults.append(Fault("GET /v1/files/*", change=interrupted))
        assert cli.main(["fetch-all", PAYOUTS, "2026-Q3", "--split", "month"]) == 130
        said = capsys.readouterr().err
        assert re.search(r"^\d of 3 reports are stored\. \d runs? go(es)? on at Stripe", said, re.MULTILINE)
        assert "stripe-reports: interrupted." in said

    def test_accounts_come_from_the_option_or_a_file(self, capsys, tmp_path):
        """Five thousand do not fit on a line."""
        file = tmp_path / "accounts.txt"
        file.write_text("\n".join(CONNECTED[:2]))
        for given in (",".join(CONNECTED[:2]), f"@{file}"):
            assert cli.main(["fetch-all", PAYOUTS, "2026-09", "--accounts", given]) == 0
            assert "2 reports" in capsys.readouterr().err
        assert cli.main(["fetch-all", PAYOUTS, "2026-09", "--accounts", "@nowhere.txt"]) == 2

    def test_several_types_are_shown_as_their_status(self, capsys):
        """They are no one table."""
        assert cli.main(["fetch-all", f"{PAYOUTS},{ACTIVITY}", "2026-09"]) == 0
        assert "launched" in capsys.readouterr().out
        assert cli.main(["fetch-all", f"{PAYOUTS},{ACTIVITY}", "2026-09", "--output", "x.csv"]) == 2

    def test_a_plan_says_why_reports_cannot_be_launched(self, capsys):
        """Their number alone helps nobody; of many, the first few are named."""
        assert cli.main(["fetch-all", f"{PAYOUTS},{LIVE_ONLY}", "2027", "--split", "quarter", "--plan"]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert "8 reports: 8 that cannot be launched" in shown
        assert f"{PAYOUTS} of own, 2027-01-01/2027-04-01: Stripe has no data for that time yet." in shown
        assert "and 5 more" in shown

    def test_a_plan_is_shown_and_nothing_is_launched(self, simulator, capsys):
        """Before a night's job is started."""
        assert cli.main(["fetch-all", PAYOUTS, "2026-Q3", "--split", "month", "--plan"]) == 0
        assert "3 reports: 3 to launch" in capsys.readouterr().out
        assert simulator.runs == []
