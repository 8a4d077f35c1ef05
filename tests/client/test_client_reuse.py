"""What is stored or running at Stripe is reused: no call, or no launch, that is not needed."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from clocks import TestClock
from simulator_api import CONNECTED
from stripe_reports import errors
from stripe_reports.demo_client import DemoClient
from stripe_reports.simulator import Clock, Fault, Simulator

CREATE = "POST /v1/reporting/report_runs"


class TestReuse:
    def test_a_second_process_gets_the_stored_result_without_any_call(self, connect, calls):
        """The kernel is restarted ten times a day."""
        first = connect().fetch("balance.summary", "2026-09")
        assert first.reuse.action == "launched"
        assert len(calls(CREATE)) == 1
        second = connect().fetch("balance.summary", "2026-09")
        assert calls() == []
        assert second.reuse.action == "stored"
        assert "over 5 days after the interval's end" in str(second.reuse)
        assert_frame_equal(second.frame(), first.frame())

    def test_a_separate_process_gets_the_stored_result_too(self, connect, url, simulator, tmp_path, calls):
        """Not only another client in this process."""
        expected = connect().frame("balance.summary.2", "2026-09")
        calls()
        code = (
            "import sys, stripe_reports as sr\n"
            f"report = sr.Client({simulator.key!r}, base_url={url!r}, cache_dir={str(tmp_path / 'cache')!r})"
            ".fetch('balance.summary.2', '2026-09')\n"
            "print(report.reuse.action)\n"
            "report.frame().write_parquet(sys.argv[1])\n"
        )
        output = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "out.parquet")],
            check=True,
            capture_output=True,
            text=True,
        )
        assert output.stdout == "stored\n"
        assert calls() == []
        assert_frame_equal(pl.read_parquet(tmp_path / "out.parquet"), expected)

    def test_a_recent_month_costs_one_call_and_no_launch(self, connect, calls):
        """The report type tells whether anything newer was published."""
        connect().fetch("balance.summary", "2026-10")
        calls()
        again = connect().fetch("balance.summary", "2026-10")
        assert again.reuse.action == "stored"
        assert len(calls()) <= 1

    def test_newer_data_are_fetched_and_the_older_result_is_named(self, client, simulator):
        """An interval that is not closed must never show yesterday's figures."""
        old = client.fetch("balance.summary", "2026-10")
        simulator.clock.advance(timedelta(days=1))
        new = client.fetch("balance.summary", "2026-10")
        assert new.reuse.action == "launched"
        assert f"run {old.run.id} was not used" in str(new.reuse)
        assert new.run.id != old.run.id
        assert old.frame().height  # the older result stays stored

    @pytest.mark.parametrize(
        ("reuse", "expected"),
        [
            ("always", "stored"),
            ("never", "launched"),
            (timedelta(hours=30), "stored"),
            (timedelta(hours=1), "launched"),
        ],
    )
    def test_the_reuse_rule_can_be_overridden(self, client, simulator, reuse, expected):
        """Any run, no run, or no run older than a maximum age."""
        client.fetch("balance.summary", "2026-10")
        simulator.clock.advance(timedelta(days=1))
        assert client.fetch("balance.summary", "2026-10", reuse=reuse).reuse.action == expected

    @pytest.mark.parametrize(
        "other",
        [
            {"period": "2026-09"},
            {"currency": "eur"},
            {"timezone": "Europe/Paris"},
            {"columns": ["net_amount", "category"]},
            {"report_type": "balance.summary.1"},
        ],
    )
    def test_another_request_is_another_report(self, client, other):
        """Any difference in what is sent makes another request."""
        first = client.fetch("balance.summary", "2026-10")
        asked = {"report_type": "balance.summary", "period": "2026-10"} | other
        assert client.fetch(**asked).run.id != first.run.id

    def test_accounts_share_nothing(self, connect):
        """Rows of one account never answer a request of another."""
        accounts = (
            {},
            {"account": CONNECTED[0]},
            {"account": CONNECTED[1]},
            {"key": "rk_test_other", "account": CONNECTED[2]},
        )
        reports = [connect(**options).fetch("balance.summary", "2026-09") for options in accounts]
        assert len({report.run.id for report in reports}) == 4
        assert {report.reuse.action for report in reports} == {"launched"}

    def test_live_and_test_mode_share_nothing(self, simulator, tmp_path):
        """Test data must never answer a request for live data."""
        runs = []
        for mode in ("test", "live"):
            clock = TestClock(simulator.clock)
            with sr.Client(
                f"sk_{mode}_1234", cache_dir=tmp_path, application=simulator, clock=clock
            ) as client:
                report = client.fetch("balance.summary", "2026-09")
                assert report.provenance.livemode is report.run.livemode is (mode == "live")
                assert client.cache.info().height == 1
                runs.append(report.run.id)
        assert len(set(runs)) == 2

    def test_a_rotated_key_has_no_stored_results_but_sees_the_accounts_runs(self, connect):
        """Stored results belong to a key; the runs that Stripe lists belong to the account."""
        first = connect().fetch("balance.summary", "2026-09")
        second = connect(key="sk_test_rotated").fetch("balance.summary", "2026-09")
        assert (second.reuse.action, second.run.id) == ("reused", first.run.id)
        assert second.path != first.path

    def test_a_pending_run_is_awaited_not_launched_twice(self, connect, simulator, calls):
        """Another process does so too; it finds the run in the log of launches."""
        first = connect()
        run = first.launch(first.request("payouts.itemized.5", "2026-10"))
        calls()
        report = connect().fetch("payouts.itemized.5", "2026-10")
        assert (report.run.id, report.reuse.action) == (run.id, "awaited")
        assert calls(CREATE) == []

    def test_a_run_made_elsewhere_is_found_by_listing(self, connect, tmp_path, calls):
        """On another machine with the same key; all parameters are echoed, so the request is the same."""
        elsewhere = connect(cache_dir=tmp_path / "elsewhere")
        made = elsewhere.fetch("balance.summary.2", "2026-10", currency="eur")
        calls()
        report = connect().fetch("balance.summary.2", "2026-10", currency="eur")
        assert (report.run.id, report.reuse.action) == (made.run.id, "reused")
        assert calls(CREATE) == []

    def test_a_run_made_elsewhere_with_unknown_parameters_is_not_used(self, connect):
        """Stripe does not echo decimal_separator, which this type takes: that file may have commas."""
        client = connect()
        request = client.request("payouts.itemized.5", "2026-10")
        with_commas = replace(request, other={"decimal_separator": ","})
        foreign = client._api.create_run(with_commas, idempotency_key="someone else's").run
        assert foreign.parameters == request.to_stripe()
        assert client.fetch(request).run.id != foreign.id

    def test_two_machines_with_the_same_request_launch_one_run(self, connect, tmp_path):
        """They share nothing but the content of the idempotency key."""
        request = connect().request("payouts.itemized.5", "2026-10")
        runs = {connect(cache_dir=tmp_path / name).fetch(request).run.id for name in "ab"}
        assert len(runs) == 1

    def test_a_launch_answered_by_a_run_of_another_machine_is_not_called_launched(
        self, connect, tmp_path, simulator
    ):
        """Stripe repeats that run for the same idempotency key; the reason says so."""
        request = connect().request("payouts.itemized.5", "2026-10")
        assert connect(cache_dir=tmp_path / "a").fetch(request).reuse.action == "launched"
        simulator.clock.advance(timedelta(minutes=5))
        report = connect(cache_dir=tmp_path / "b").fetch(request)
        assert (report.reuse.action, len(simulator.runs)) == ("reused", 1)
        assert "the same had been launched elsewhere, or before" in str(report.reuse)
        assert "on 2026-11-05 12:00 UTC; its data are of 2026-11-05 " in str(report.reuse)

    def test_a_run_found_after_clearing_the_cache_is_not_called_launched(self, tmp_path):
        """Nothing here tells about it, and it is seconds old; Stripe marks its answer as a replay."""
        simulator = Simulator(1, latency=0.0)
        with DemoClient(simulator, cache_dir=tmp_path / "cache") as client:
            first = client.fetch("payouts.itemized.5", "2026-10")
            client.cache.clear()
            again = client.fetch("payouts.itemized.5", "2026-10")
        assert (first.reuse.action, again.reuse.action) == ("launched", "reused")
        assert again.run.id == first.run.id
        assert len(simulator.runs) == 1

    def test_a_launch_whose_answer_was_lost_is_called_launched(self, client, simulator):
        """Its second call is answered with the replay of the first, which was ours."""
        simulator.faults.append(Fault.named("connection.lost", match="POST /v1/reporting/report_runs"))
        assert client.fetch("payouts.itemized.5", "2026-10").reuse.action == "launched"
        assert len(simulator.runs) == 1

    def test_a_forced_launch_is_a_new_run_on_every_machine(self, connect, tmp_path):
        """Not the one that another machine launched an hour ago."""
        clients = [connect(cache_dir=tmp_path / name) for name in "ab"]
        request = clients[0].request("payouts.itemized.5", "2026-10")
        launched = {client.fetch(request, reuse="never").run.id for client in clients}
        assert len(launched | {client.launch(request).id for client in clients}) == 4

    def test_a_failed_run_of_another_machine_is_skipped(self, connect, simulator, tmp_path):
        """Stripe repeats its answer for the same launch: a run that failed."""
        simulator.outcomes.append("failed")
        first, second = (connect(cache_dir=tmp_path / name) for name in "ab")
        with pytest.raises(errors.RunFailedError):
            first.fetch("payouts.itemized.5", "2026-10")
        assert second.fetch("payouts.itemized.5", "2026-10").run.status == "succeeded"

    def test_a_run_of_another_machine_without_a_file_is_skipped(self, connect, simulator, tmp_path, calls):
        """It stays listed as succeeded; requesting its file again and again would never end."""
        simulator.inject_fault("run.no_result")
        first, second = (connect(cache_dir=tmp_path / name) for name in "ab")
        with pytest.raises(errors.ResultUnavailableError):
            first.fetch("balance.summary.2", "2026-10", currency="eur")
        simulator.clock.advance(60)  # what is launched in the same moment counts as one's own
        calls()
        report = second.fetch("balance.summary.2", "2026-10", currency="eur")
        assert (report.reuse.action, len(simulator.runs)) == ("launched", 2)
        assert f"run {simulator.runs[0].id} was not used: its file is no longer at Stripe" in str(
            report.reuse
        )
        assert len(calls()) < 20

    def test_a_finished_run_that_a_simulator_forgot_is_skipped(self, client, simulator):
        """It is recorded here; a simulator that was restarted must not be asked for it forever."""
        asked = ("payouts.itemized.5", "2026-10")
        lost = client.fetch(*asked).run
        client.cache.clear("payouts.itemized")
        client.close()
        client._store.answers_path.unlink()
        with DemoClient(Simulator(seed=1, latency=20.0), cache_dir=client.settings.cache_dir) as anew:
            report = anew.fetch(*asked)
        assert report.run.id != lost.id
        assert report.reuse.action == "launched"
        assert f"run {lost.id} was not used: it no longer exists at Stripe" in str(report.reuse)

    def test_an_error_of_a_gateway_makes_no_second_launch(self, client, simulator, calls):
        """Its 502 says nothing about Stripe, which may have launched the run."""
        made = []
        original = client._api._transport.json_session.get_adapter("https://x")._inner.send

        def send(request, **options):
            response = original(request, **options)
            if request.method == "POST":
                made.append(response.json()["id"])
                response.status_code, response._content = 502, b"<html>Bad gateway</html>"
            return response

        adapter = client._api._transport.json_session.get_adapter("https://x")
        adapter._inner.send = send
        with pytest.raises(errors.ServerError):
            client.fetch("payouts.itemized.5", "2026-10")
        adapter._inner.send = original
        assert client.fetch("payouts.itemized.5", "2026-10").run.id in made
        assert len({run.id for run in client.runs()}) == 1

    def test_the_reason_says_that_a_new_run_was_answered_with_an_older_file(self, client, simulator):
        """Stripe may answer with a file made for another run; there is no better one."""
        client.fetch("payouts.itemized.5", "2026-10")
        simulator.clock.advance(3600)
        again = client.fetch("payouts.itemized.5", "2026-10", reuse=timedelta(minutes=5))
        assert again.reuse.action == "launched"
        assert "Stripe answered with an older file, data of 2026-11-05 12:00 UTC" in str(again.reuse)
        assert client.fetch("payouts.itemized.5", "2026-10").reuse.action == "stored"

    def test_a_maximum_age_works_with_a_cached_report_type(self, connect):
        """A kernel restarted within the minute has the type cached, but no time of Stripe."""
        connect().fetch("balance.summary.2", "2026-10")
        report = connect().fetch("balance.summary.2", "2026-10", reuse=timedelta(hours=1))
        assert report.reuse.action == "stored"

    def test_a_forced_launch_is_called_launched_even_if_the_clock_is_fast(self, connect, simulator):
        """A kernel restarted within the minute has the type cached, but no time of Stripe."""
        connect().fetch("balance.summary.2", "2026-10")
        fast = connect(clock=TestClock(Clock(simulator.clock.now() + timedelta(seconds=20))))
        assert fast.fetch("balance.summary.2", "2026-10", reuse="never").reuse.action == "launched"

    @pytest.mark.parametrize("hours", [1, 2, 3])
    def test_an_old_run_of_another_machine_does_not_answer_a_maximum_age(self, connect, tmp_path, hours):
        """Both would have the same idempotency key, for which Stripe repeats the older run."""
        asked = ("payouts.itemized.5", "2026-10")
        theirs = connect(cache_dir=tmp_path / "another").fetch(*asked, timezone="Europe/Paris")
        mine = connect()
        mine._transport.clock.sleep(hours * 3600)
        report = mine.fetch(*asked, timezone="Europe/Paris", reuse=timedelta(minutes=30))
        assert report.run.id != theirs.run.id
        assert report.run.created >= theirs.run.created + timedelta(hours=hours)

    def test_the_answer_for_another_run_is_refused(self, client, simulator):
        """A cache between us and Stripe may confuse them."""
        one, other = (
            client.launch(client.request("balance.summary", month)) for month in ("2026-08", "2026-09")
        )
        simulator.faults.append(Fault(status=200, body=json.dumps(other.to_stripe())))
        with pytest.raises(errors.UnexpectedAnswerError, match=f"the answer for {one.id}"):
            client.retrieve(one.id)

    @pytest.mark.parametrize("reuse", ["Never", "force", False, None, 0, timedelta(days=-5)])
    def test_an_invalid_reuse_rule_is_refused(self, client, reuse):
        """A typing error must not mean the default rule."""
        with pytest.raises(errors.ParameterError, match="'auto', 'always', 'never'") as caught:
            client.fetch("balance.summary", "2026-10", reuse=reuse)
        assert caught.value.param == "reuse"

    def test_the_reason_names_runs_that_could_not_be_used(self, client, simulator):
        """A failed run was known, and was not used."""
        simulator.outcomes.append("failed")
        with pytest.raises(errors.RunFailedError) as caught:
            client.fetch("balance.summary", "2026-10")
        report = client.fetch("balance.summary", "2026-10")
        assert str(report.reuse) == f"Launched; run {caught.value.run.id} was not used: it failed."

    def test_a_run_that_finished_between_two_sessions_is_not_waited_for(self, client, simulator):
        """The kernel was stopped, and started again after lunch."""
        run = client.launch(client.request("balance.summary", "2026-10"))
        simulator.clock.advance(7200)
        report = client.fetch("balance.summary", "2026-10")
        assert (report.run.id, report.reuse.action) == (run.id, "reused")

    def test_a_run_that_no_longer_exists_at_stripe_is_ignored(self, client, simulator):
        """A simulator was restarted, or ids of another account were copied here."""
        run = client.launch(client.request("balance.summary", "2026-10"))
        simulator._book.runs.clear()
        report = client.fetch("balance.summary", "2026-10")
        assert report.reuse.action == "launched"
        assert f"run {run.id} was not used: it no longer exists at Stripe" in str(report.reuse)

    def test_results_of_stripe_and_of_a_simulator_are_kept_apart(self, connect, simulator, tmp_path):
        """The same key at two addresses has two sets of results."""
        here = connect(key="sk_test_same")
        stripe = sr.Client("sk_test_same", cache_dir=tmp_path / "cache")
        played = sr.Client("sk_test_same", cache_dir=tmp_path / "cache", application=simulator)
        assert len({client.settings.owner.folder for client in (here, stripe, played)}) == 3

    def test_a_failed_run_is_never_reused(self, client, simulator):
        """It is an error once, and the next fetch launches a new run."""
        simulator.outcomes.append("failed")
        with pytest.raises(errors.RunFailedError, match="fetch again") as caught:
            client.fetch("balance.summary", "2026-10")
        assert caught.value.run.status == "failed"
        report = client.fetch("balance.summary", "2026-10")
        assert (report.reuse.action, report.run.status) == ("launched", "succeeded")

    def test_a_server_error_that_stripe_would_repeat_is_avoided_by_a_new_key(self, client, simulator):
        """Stripe answers the same idempotency key with the same error for a day."""
        simulator.faults.append(Fault(CREATE, status=500, times=99, stored=True))
        with pytest.raises(errors.ServerError):
            client.fetch("balance.summary", "2026-10")
        simulator.faults.clear()
        assert client.fetch("balance.summary", "2026-10").run.status == "succeeded"

    def test_a_deleted_result_is_fetched_again_without_a_launch(self, client, calls):
        """The run is still at Stripe."""
        report = client.fetch("balance.summary", "2026-09")
        report.path.unlink()
        calls()
        again = client.fetch("balance.summary", "2026-09")
        assert (again.run.id, again.reuse.action) == (report.run.id, "reused")
        assert calls(CREATE) == []

    def test_a_result_that_is_gone_everywhere_is_launched_again(self, client, simulator):
        """Stripe keeps files for a year."""
        report = client.fetch("balance.summary", "2026-09")
        report.path.unlink()
        simulator.faults.append(Fault("GET /v1/files/*", status=404))
        assert client.fetch("balance.summary", "2026-09").reuse.action == "launched"

    def test_a_damaged_result_is_not_used(self, client):
        """An incomplete file answers no request."""
        report = client.fetch("balance.summary", "2026-09")
        report.path.write_bytes(report.path.read_bytes()[:200])
        again = client.fetch("balance.summary", "2026-09")
        assert again.reuse.action == "reused"
        assert again.frame().height
