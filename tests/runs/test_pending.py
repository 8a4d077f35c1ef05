"""Runs in progress are listed, and can be joined, whichever process launched them."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from datetime import timedelta

import pytest

import stripe_reports as sr
from stripe_reports import cli, errors
from stripe_reports.simulator import Fault, Simulator, serve

MONTHS = ["2026-07", "2026-08", "2026-09"]


@pytest.fixture
def simulator():
    """Runs take twenty minutes."""
    return Simulator(seed=1, latency=1200.0)


def given_up(client, month, **options):
    """The run of a fetch that was ended early."""
    with pytest.raises(errors.RunTimeoutError) as caught:
        client.fetch("payouts.itemized.5", month, timeout=30, **options)
    return caught.value.run


def test_runs_in_progress_are_listed_in_another_process(connect):
    """Newest first; one that ends is no longer in progress."""
    runs = [given_up(connect(), month) for month in MONTHS]
    other = connect()
    assert [run.id for run in other.pending()] == [run.id for run in reversed(runs)]
    assert other.wait(runs[0].id, timeout=2000).status == "succeeded"
    assert runs[0].id not in [run.id for run in other.pending()]


def test_runs_of_other_machines_are_listed_too(connect, tmp_path):
    """Or of this one, after its cache was cleared."""
    run = given_up(connect(), MONTHS[0])
    assert [each.id for each in connect(cache_dir=tmp_path / "other").pending()] == [run.id]


def test_a_run_in_progress_is_listed_however_many_are_newer(connect, monkeypatch):
    """The list of Stripe is read only in part; the log of launches has the others."""
    client = connect()
    monkeypatch.setattr("stripe_reports.runs.find.PAGES_LISTED", 0)
    assert client.pending() == []
    run = given_up(client, MONTHS[0])
    assert [each.id for each in connect().pending()] == [run.id]


def test_a_run_that_ended_unseen_is_asked_for_once(connect, simulator, calls):
    """The log notes its end, so that many of them cost nothing later."""
    run = given_up(connect(), MONTHS[0])
    simulator.clock.advance(timedelta(days=1))
    client = connect()
    calls()
    assert client.pending() == []
    assert len(calls(run.id)) == 1
    assert connect().pending() == []
    assert calls(run.id) == []


def test_a_run_that_no_longer_exists_is_not_in_progress(connect, monkeypatch):
    """A simulator was restarted."""
    client = connect()
    run = given_up(client, MONTHS[0])
    monkeypatch.setattr("stripe_reports.runs.find.PAGES_LISTED", 0)
    error = errors.NotFoundError("gone", status_code=404)
    monkeypatch.setattr(client._api, "retrieve_run", lambda *_: (_ for _ in ()).throw(error))
    assert client.pending() == []
    monkeypatch.undo()
    assert [each.id for each in client.pending()] == [run.id]


RETRIEVE = "GET /v1/reporting/report_runs/*"


def passed(_request, answer):
    return answer()


@pytest.mark.parametrize("call", ["fetch", "fetch_all"])
def test_a_run_that_disappears_is_not_said_to_go_on(call, client, simulator):
    """Stripe says that there is none: waiting is in vain, and the same fetch launches a new one."""
    empty = {"object": "list", "data": [], "has_more": False, "url": "/v1/reporting/report_runs"}
    gone = [
        Fault("GET /v1/reporting/report_runs", status=200, body=empty, times=math.inf),
        Fault(RETRIEVE, change=passed, times=call == "fetch"),  # right after the launch
        Fault(RETRIEVE, status=404, times=math.inf),
    ]
    simulator.faults.extend(gone)
    with pytest.raises(errors.StripeReportsError, match="a new run is launched") as caught:
        getattr(client, call)(
            "payouts.itemized", MONTHS[0], **({"errors": "raise"} if call != "fetch" else {})
        )
    assert "goes on" not in str(caught.value)
    simulator.faults.clear()
    simulator.faults.append(Fault(RETRIEVE, status=404))
    assert client.fetch("payouts.itemized", MONTHS[0], timeout=2000).reuse.action == "launched"


@pytest.mark.parametrize(
    "match",
    ["POST /v1/reporting/report_runs", RETRIEVE, "GET /v1/files/*"],
    ids=["while it is launched", "after its launch", "while its result is read"],
)
def test_an_interrupt_at_any_moment_says_how_to_continue(match, client, simulator):
    """Not only one while a run is waited for; the same fetch then launches no second run."""

    def interrupted(_request, answer):
        answer()
        raise KeyboardInterrupt

    simulator.faults.append(Fault(match, change=interrupted))
    with pytest.raises(KeyboardInterrupt) as caught:
        client.fetch("payouts.itemized", MONTHS[0], timeout=2000)
    (note,) = caught.value.__notes__
    assert "the same fetch comes back to it" in note
    assert client.fetch("payouts.itemized", MONTHS[0], timeout=2000).frame().height > 0
    assert len(simulator.runs) == 1


def test_a_run_that_changes_is_not_said_to_go_on(client, simulator):
    """One remedy is a new run; to come back to this one cannot be the other."""
    simulator.faults.append(Fault(RETRIEVE, change=passed))
    simulator.inject_fault("run.other_interval", match=RETRIEVE, times=math.inf)
    with pytest.raises(errors.AnswerMismatchError, match="reuse='never'") as caught:
        client.fetch("payouts.itemized", MONTHS[0])
    assert "goes on" not in str(caught.value)


def test_the_message_of_a_timeout_says_that_the_same_call_joins_the_run(connect):
    """Nobody launches a second one by hand, or waits at the screen."""
    with pytest.raises(errors.RunTimeoutError, match="Even tomorrow that joins this run") as caught:
        connect().fetch("payouts.itemized.5", MONTHS[0], timeout=30)
    assert "Even tomorrow that joins this run" in caught.value.for_command_line()


ASKED = ("payouts.itemized.5", "2026-08")


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """The simulator, its address, and the folder that the killed process has left."""
    simulator, is_waiting = Simulator(seed=1, latency=1200.0), threading.Event()

    def polled(_request, answer):
        is_waiting.set()
        return answer()

    simulator.faults.append(Fault("GET /v1/reporting/report_runs/*", times=math.inf, change=polled))
    folder = tmp_path_factory.mktemp("left")
    with serve(simulator) as url:
        script = f"""
            import stripe_reports as sr
            client = sr.Client({simulator.key!r}, base_url={url!r}, cache_dir={str(folder)!r})
            client.fetch(*{ASKED}, currency="eur", timeout=3600)
        """
        with subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)]) as process:
            assert is_waiting.wait(60)
            process.kill()
        assert process.returncode == -signal.SIGKILL
        with sr.Client(simulator.key, base_url=url, cache_dir=folder) as client:
            assert [run.id for run in client.pending()] == [run.id for run in simulator.runs]
        simulator.clock.advance(timedelta(days=1))
        yield simulator, url, folder


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")
class TestTheNextDay:
    """A run of twenty minutes was launched, its process was killed, and the same is asked for a day later."""

    @pytest.fixture
    def joined(self, left, tmp_path, monkeypatch):
        """Checks that the run was joined; each way starts with what the killed process has left."""
        simulator, url, folder = left
        shutil.copytree(folder, tmp_path / "cache", dirs_exist_ok=True)
        monkeypatch.setenv("STRIPE_API_KEY", simulator.key)

        def joined(run_id):
            assert [run_id] == [run.id for run in simulator.runs]

        return url, joined

    def test_python_joins_the_run(self, joined):
        """The same call."""
        url, check = joined
        with sr.Client(base_url=url) as client:
            report = client.fetch(*ASKED, currency="eur")
        check(report.run.id)
        assert report.reuse.action == "reused"

    def test_the_form_joins_the_run(self, joined):
        """The same choices, and its button."""
        url, check = joined
        with sr.Client(base_url=url) as client:
            form = sr.explore(client, request=client.request(*ASKED, currency="eur"))
            form.run().result(60)
            check(form.report.run.id)
            form.close()

    @pytest.mark.parametrize("is_by_id", [False, True])
    def test_the_command_line_joins_the_run(self, is_by_id, left, joined, capsys):
        """The same command, or the id of the run."""
        url, check = joined
        asked = [left[0].runs[0].id] if is_by_id else [*ASKED, "--currency", "eur"]
        assert cli.main(["fetch", *asked, "--base-url", url, "--format", "json"]) == 0
        check(json.loads(capsys.readouterr().out)["run"])


def test_a_run_that_is_still_pending_is_waited_for(connect, simulator):
    """The next process joins it after ten minutes."""
    run = given_up(connect(), "2026-08")
    simulator.clock.advance(600)
    report = connect().fetch("payouts.itemized.5", "2026-08", timeout=2000)
    assert (report.run.id, report.reuse.action) == (run.id, "awaited")


def test_the_run_of_a_form_is_known_once_it_is_launched(client):
    """A timeout of its future leaves the id."""
    form = sr.explore(client, request=client.request("payouts.itemized.5", "2026-08"))
    pending = form.run()
    with pytest.raises(errors.RunTimeoutError):
        pending.result(60)
    assert [pending.run.id] == [run.id for run in client.pending()]
