"""An organisation's key and paths of accounts, through the client: each call names the account it is for.

Two contexts of one key never share a result, on any path that a result can take: threads, processes, the
store, cached answers, and runs found at Stripe.
"""

import json
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from clocks import TestClock
from simulator_api import BELOW_SIBLING, CONNECTED, MAIN, SIBLING
from stripe_reports import cli
from stripe_reports.demo_client import DemoClient
from stripe_reports.notebook.form import facts
from stripe_reports.simulator import RealClock, Simulator, serve

CONTEXTS = (MAIN, SIBLING, f"{MAIN}/{CONNECTED[0]}", f"{SIBLING}/{BELOW_SIBLING[0]}")
ASKED = ("payouts.itemized.5", "2026-09")


@pytest.fixture(params=["in process", "over a socket"])
def acting_for(request, simulator, tmp_path):
    """Makes clients with the organisation's key and one folder; the headers of their calls are recorded."""

    def acting_for(account, key=None):
        return opened.enter_context(
            sr.Client(
                key or simulator.organisation_key,
                account=account,
                cache_dir=tmp_path / "cache",
                clock=TestClock(simulator.clock),
                **where,
            )
        )

    def recording(environ, start_response):
        acting_for.calls.append(
            {
                "path": environ["PATH_INFO"],
                "context": environ.get("HTTP_STRIPE_CONTEXT"),
                "account": environ.get("HTTP_STRIPE_ACCOUNT"),
                "version": environ.get("HTTP_STRIPE_VERSION"),
            }
        )
        return simulator(environ, start_response)

    recording.clock = simulator.clock
    acting_for.calls = []
    with ExitStack() as opened:
        if request.param == "in process":
            where = {"application": recording}
        else:
            where = {"base_url": opened.enter_context(serve(recording))}
        yield acting_for


@pytest.fixture
def expected(tmp_path):
    """The figures of each context, fetched in folders of their own."""
    frames = {}
    for number, context in enumerate(CONTEXTS):
        simulator = Simulator(seed=1, latency=1.0)
        with sr.Client(
            simulator.organisation_key,
            account=context,
            application=simulator,
            clock=TestClock(simulator.clock),
            cache_dir=tmp_path / f"expected-{number}",
        ) as client:
            frames[context] = client.frame(*ASKED)
    return frames


# Every call


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_call_has_the_context_and_the_version(acting_for, context):
    """JSON through Stripe's library, and the download: Stripe requires both for an organisation's key."""
    client = acting_for(context)
    client.report_types()
    client.fetch(*ASKED)
    client.runs()
    assert any(call["path"].endswith("/contents") for call in acting_for.calls)
    seen = {(call["context"], call["account"], call["version"]) for call in acting_for.calls}
    assert seen == {(context, None, client.settings.api_version)}


@pytest.mark.parametrize(
    ("account", "sent"),
    [
        pytest.param(CONNECTED[0], (None, CONNECTED[0]), id="plain"),
        pytest.param(f"{MAIN}/{CONNECTED[0]}", (f"{MAIN}/{CONNECTED[0]}", None), id="path"),
    ],
)
def test_another_key_sends_a_path_as_context_and_a_plain_account_as_before(
    acting_for, simulator, account, sent
):
    """``Stripe-Account`` takes no path."""
    acting_for(account, key=simulator.key).fetch(*ASKED)
    assert {(call["context"], call["account"]) for call in acting_for.calls} == {sent}


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_without_a_context_the_key_is_refused_before_any_call(simulator, monkeypatch, way):
    """Stripe would refuse every call, and the first one might be a launch."""
    monkeypatch.setenv("STRIPE_API_KEY", simulator.organisation_key)
    given = {"api_key": simulator.organisation_key} if way == "argument" else {}
    with pytest.raises(sr.errors.ParameterError, match=r"organisation's key.*Client\(account='acct_…'\)"):
        sr.Client(application=simulator, **given)
    assert simulator.requests == []


# Results


def test_contexts_share_no_stored_result(acting_for, expected):
    """One after the other in one folder, and again from the store."""
    for _ in range(2):
        for context in CONTEXTS:
            assert_frame_equal(acting_for(context).frame(*ASKED), expected[context])
    runs = {acting_for(context).fetch(*ASKED).run.id for context in CONTEXTS}
    assert len(runs) == len(CONTEXTS)


def test_contexts_share_no_result_in_threads(acting_for, simulator, expected):
    """Clients of all contexts at once, several of each."""
    clients = [acting_for(context) for context in CONTEXTS * 2]
    with ThreadPoolExecutor(len(clients)) as pool:
        reports = list(pool.map(lambda client: client.fetch(*ASKED), clients * 2))
    for client, report in zip(clients * 2, reports, strict=True):
        assert report.provenance.account == client.settings.account
        assert_frame_equal(report.frame(), expected[client.settings.account])
    assert len(simulator.runs) == len(CONTEXTS)


def test_contexts_share_no_result_in_processes(tmp_path, expected):
    """Processes of all contexts on one folder, two of each."""
    simulator = Simulator(1, clock=RealClock(), latency=0.0)
    code = """
        import sys, stripe_reports as sr
        key, url, folder, account = sys.argv[1:]
        with sr.Client(key, base_url=url, account=account, cache_dir=folder) as client:
            report = client.fetch("payouts.itemized.5", "2026-09")
            print(report.run.id, report.path)
    """
    with serve(simulator) as url:
        command = [sys.executable, "-c", textwrap.dedent(code), simulator.organisation_key, url]
        processes = [
            (context, subprocess.Popen([*command, str(tmp_path / "cache"), context], stdout=-1, text=True))
            for context in CONTEXTS * 2
        ]
        printed = [(context, process.communicate(timeout=90)[0].split()) for context, process in processes]
    assert len({run for _, (run, _) in printed}) == len(simulator.runs) == len(CONTEXTS)
    for context, (_, path) in printed:
        assert_frame_equal(pl.read_parquet(path), expected[context])


def test_contexts_share_no_cached_answer(acting_for, simulator):
    """Report types are cached for a minute and finished runs forever, separately for each context."""
    for context in CONTEXTS:
        client = acting_for(context)
        client.report_types()
        client.report_types()
    assert sum(call["path"].endswith("/report_types") for call in acting_for.calls) == len(CONTEXTS)
    run = acting_for(MAIN).fetch(*ASKED).run
    assert acting_for(MAIN).retrieve(run.id) == run
    with pytest.raises(sr.errors.NotFoundError):
        acting_for(SIBLING).retrieve(run.id)


def test_another_key_of_the_account_is_another_owner_that_finds_the_run(acting_for, simulator):
    """As with a rotated key: the run at Stripe belongs to the account, the stored result to the key."""
    first = acting_for(MAIN).fetch("balance.summary.2", "2026-09")
    second = acting_for(None, key=simulator.key).fetch("balance.summary.2", "2026-09")
    assert (second.reuse.action, second.run.id) == ("reused", first.run.id)
    assert second.path != first.path


# What people see


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_account_is_named_wherever_the_owner_of_a_result_is(acting_for, tmp_path, context):
    """In reprs, cards, provenance, page, form, evidence and the list of results; the key is in none."""
    client = acting_for(context)
    report = client.fetch(*ASKED)
    folder = tmp_path / "close"
    client.evidence("2026-09", folder)
    shown = {
        "client": repr(client),
        "card": client._repr_html_(),
        "provenance": report.provenance.to_json(),
        "page": report.to_html(),
        "form": str(facts.provenance(report)),
        "evidence": (folder / "index.html").read_text("utf-8"),
    }
    for where, text in shown.items():
        assert context in text, where
        assert client.settings.api_key.reveal() not in text, where
    [of_evidence] = {
        json.loads(path.read_text("utf-8"))["account"] for path in folder.glob("provenance/*.json")
    }
    assert of_evidence == context
    [owner] = client.cache.info(all_owners=True)["owner"].unique()
    assert context.replace("/", ".") in owner
    assert sr.verify(folder).ok


@pytest.mark.parametrize(
    ("account", "says"),
    [
        (SIBLING, rf"ok  account +{SIBLING}, named in Stripe-Context"),
        (f"{MAIN}/{CONNECTED[0]}", rf"ok  account +{MAIN}/{CONNECTED[0]}, named in Stripe-Context"),
    ],
)
def test_the_doctor_names_the_account_and_the_kind_of_key(url, simulator, monkeypatch, capsys, account, says):
    """They are the first things to check when figures are unexpected."""
    monkeypatch.setenv("STRIPE_API_KEY", simulator.organisation_key)
    assert cli.main(["doctor", "--base-url", url, "--account", account]) == 0
    shown = capsys.readouterr().out
    assert re.search(says, shown)
    assert re.search(r"ok  key +an organisation's key, test mode", shown)
    assert simulator.organisation_key not in shown


@pytest.mark.parametrize("command", [["doctor"], ["fetch", *ASKED]])
def test_the_command_line_says_to_name_an_account(url, simulator, monkeypatch, capsys, command):
    """In terms of its options."""
    monkeypatch.setenv("STRIPE_API_KEY", simulator.organisation_key)
    assert cli.main([*command, "--base-url", url]) == 2
    shown = capsys.readouterr().err
    assert "--account acct_…" in shown
    assert simulator.organisation_key not in shown
    assert simulator.requests == []


def test_the_command_line_fetches_for_a_context(url, simulator, monkeypatch, tmp_path, expected):
    """With the same option as for a connected account."""
    monkeypatch.setenv("STRIPE_API_KEY", simulator.organisation_key)
    simulator.cached_answer = "off"
    target = tmp_path / "out.parquet"
    simulator._book._latency = lambda: 0.0
    arguments = ["--base-url", url, "--account", SIBLING, "--output", str(target)]
    assert cli.main(["fetch", *ASKED, *arguments]) == 0
    assert_frame_equal(pl.read_parquet(target), expected[SIBLING])


# The demo


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_demo_acts_for_any_account_of_the_organisation(simulator, expected, context):
    """With the organisation's key."""
    with DemoClient(simulator, account=context) as client:
        assert_frame_equal(client.frame(*ASKED), expected[context])
        assert context in repr(client)


@pytest.mark.parametrize("number", range(4))
def test_each_account_of_the_organisation_ties_out(simulator, tmp_path, number):
    """With the organisation's key, however the account pays its fees."""
    account = simulator.organisation[number].id
    with DemoClient(simulator, account=account, cache_dir=tmp_path / "cache") as client:
        assert client.tie_out("2026-10").passes
        assert client.fetch("payouts.itemized", "2026-10").chart() is not None
