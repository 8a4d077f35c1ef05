"""Stripe's own libraries over HTTP: Python's here, and both of today and of a year ago in scripts."""

import json
import os
import shutil
import subprocess
import sys
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
import stripe

from other_libraries import IN_CI, installed
from simulator_api import CONNECTED, OCTOBER, SIBLING
from stripe_reports.simulator import Simulator, serve

SUMMARY = {"report_type": "balance.summary.1", "parameters": OCTOBER}


@pytest.fixture
def url(simulator):
    with serve(simulator) as url:
        yield url


@pytest.fixture
def connect(url):
    """Makes clients of Stripe's Python library, each with its own connections."""

    def connect(key="sk_test_123", **options):
        sessions.append(requests.Session())
        http_client = stripe.RequestsClient(session=sessions[-1])
        addresses = {"api": url, "files": url}
        options = {
            "base_addresses": addresses,
            "http_client": http_client,
            "max_network_retries": 0,
        } | options
        return stripe.StripeClient(key, **options).v1

    sessions: list[requests.Session] = []
    yield connect
    for session in sessions:
        session.close()


@pytest.fixture
def v1(connect):
    return connect()


@pytest.fixture
def runs(v1):
    return v1.reporting.report_runs


def finished(runs, simulator, **parameters):
    run = runs.create(SUMMARY | {"parameters": OCTOBER | parameters})
    simulator.clock.advance(10)
    return runs.retrieve(run.id)


def download(file, key="sk_test_123", **headers):
    return requests.get(file.url, auth=(key, ""), headers=headers, timeout=60)


# Python


def test_a_run_goes_from_its_creation_to_its_file(v1, runs, simulator):
    """With the library's parameter encoding and models, and the same key for the file."""
    columns = ["net_amount", "currency"]
    run = runs.create(SUMMARY | {"parameters": OCTOBER | {"columns": columns, "timezone": "Asia/Tokyo"}})
    assert isinstance(run, stripe.reporting.ReportRun)
    assert (run.status, run.result, run.parameters["columns"]) == ("pending", None, columns)
    simulator.clock.advance(10)
    run = runs.retrieve(run.id, {"expand": ["result"]})
    assert (run.status, run.succeeded_at) == ("succeeded", run.created + 10)
    assert isinstance(run.result, stripe.File)
    assert v1.files.retrieve(run.result.id).url == run.result.url
    answer = download(run.result)
    assert answer.content.startswith(b'"net_amount","currency"\n"')
    assert len(answer.content) == run.result.size
    assert parsedate_to_datetime(answer.headers["Date"]) == simulator.clock.now()
    assert requests.get(run.result.url, timeout=60).status_code == 401


def test_a_failed_run_says_why(runs, simulator):
    """And has no file."""
    simulator.inject_fault("run.failed")
    run = finished(runs, simulator)
    assert (run.status, run.result) == ("failed", None)
    assert "could not be generated" in run.error


def test_lists_are_paged_by_the_library(runs, simulator):
    """In both directions, as long as there are more."""
    made = [finished(runs, simulator, currency=c).id for c in ("eur", "usd", "jpy", "kwd", "eur")][::-1]
    assert [run.id for run in runs.list({"limit": 2}).auto_paging_iter()] == made
    back = runs.list({"limit": 2, "ending_before": made[-1]}).auto_paging_iter()
    assert [run.id for run in back] == made[-2::-1]


def test_lists_are_filtered_by_time(runs, simulator):
    """By ``created``, as a number or as bounds."""
    made = [finished(runs, simulator, currency=c) for c in ("eur", "usd", "jpy")]
    middle = made[1].created
    assert [run.id for run in runs.list({"created": middle}).data] == [made[1].id]
    assert [run.id for run in runs.list({"created": {"gte": middle}}).data] == [made[2].id, made[1].id]
    assert [run.id for run in runs.list({"created": {"lt": middle}}).data] == [made[0].id]


def test_report_types_tell_the_range_of_their_data(v1):
    """One by one, or all on one page."""
    listed = v1.reporting.report_types.list()
    type_ = v1.reporting.report_types.retrieve("payouts.itemized.5")
    assert (type_.name, type_.version, type_.livemode) == ("Itemized payouts", 5, False)
    assert type_.data_available_start < type_.data_available_end < type_.updated
    assert type_ in listed.data
    assert not listed.has_more


def test_one_idempotency_key_makes_one_run(runs, simulator):
    """Other parameters under the same key are an error of their own class."""
    first, second = (runs.create(SUMMARY, {"idempotency_key": "k1"}) for _ in range(2))
    assert first.id == second.id
    with pytest.raises(stripe.IdempotencyError):
        runs.create({"report_type": "payouts.itemized.5"}, {"idempotency_key": "k1"})
    assert len(simulator.runs) == 1


def test_files_can_be_listed_and_linked(v1, runs, simulator):
    """A link needs no key until it expires."""
    run = finished(runs, simulator)
    assert [file.id for file in v1.files.list({"purpose": "finance_report_run"}).data] == [run.result.id]
    link = v1.file_links.create({"file": run.result.id, "metadata": {"for": "the auditor"}})
    assert len(requests.get(link.url, timeout=60).content) == run.result.size
    assert v1.file_links.retrieve(link.id, {"expand": ["file"]}).file.filename == run.result.filename
    assert [listed.id for listed in v1.file_links.list({"file": run.result.id}).data] == [link.id]
    assert v1.file_links.update(link.id, {"expires_at": "now"}).expired
    assert requests.get(link.url, timeout=60).status_code == 404


@pytest.mark.parametrize("profile", ["tidy", "real"])
def test_account_balance_and_events_are_models_of_the_library(profile):
    """Pages are followed by the library, and an event has the run that ended."""
    simulator = Simulator(seed=1, latency=10, profile=profile)
    with serve(simulator) as url, requests.Session() as session:
        v1 = stripe.StripeClient(
            "sk_test_123",
            base_addresses={"api": url, "files": url},
            http_client=stripe.RequestsClient(session=session),
        ).v1
        run = finished(v1.reporting.report_runs, simulator)
        account, balance = v1.accounts.retrieve_current(), v1.balance.retrieve()
        types = ["reporting.report_run.succeeded", "reporting.report_type.updated"]
        events = list(v1.events.list({"limit": 100, "types": types}).auto_paging_iter())
        again = v1.events.retrieve(events[0].id)
    assert isinstance(account, stripe.Account)
    assert (account.country, account.default_currency) == ("LU", "eur")
    assert isinstance(balance, stripe.Balance)
    assert {each.currency for each in balance.available} == {"eur", "usd", "jpy", "kwd"}
    assert isinstance(again, stripe.Event)
    assert (again.type, again.data.object.id) == (types[0], run.id)
    assert len({event.id for event in events}) > 100


def test_a_platform_can_act_for_a_connected_account(runs, simulator):
    """On the run and on the download."""
    options = {"stripe_account": CONNECTED[0]}
    run = runs.create(SUMMARY, options)
    simulator.clock.advance(10)
    with pytest.raises(stripe.InvalidRequestError, match="No such report run"):
        runs.retrieve(run.id)
    file = runs.retrieve(run.id, options=options).result
    assert download(file).status_code == 404
    assert download(file, **{"Stripe-Account": CONNECTED[0]}).status_code == 200


def test_an_organisations_key_acts_for_the_account_of_its_context(connect, simulator):
    """On the run and on the download; the account's own key sees the same run."""
    main, sibling, *_ = simulator.organisation
    runs = connect(simulator.organisation_key).reporting.report_runs
    options = [{"stripe_context": account.id} for account in (main, sibling)]
    made = [runs.create(SUMMARY, each) for each in options]
    simulator.clock.advance(10)
    assert connect().reporting.report_runs.retrieve(made[0].id).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="No such report run"):
        runs.retrieve(made[1].id, options=options[0])
    file = runs.retrieve(made[1].id, options=options[1]).result
    headers = {"Stripe-Context": sibling.id, "Stripe-Version": stripe.api_version}
    assert download(file, simulator.organisation_key, **headers).status_code == 200
    headers["Stripe-Context"] = main.id
    assert download(file, simulator.organisation_key, **headers).status_code == 404


def test_an_organisations_key_needs_a_context_that_exists(connect, simulator):
    """Stripe's text, and the code that it has for accounts that a key does not reach."""
    runs = connect(simulator.organisation_key).reporting.report_runs
    with pytest.raises(stripe.InvalidRequestError, match="Please include the Stripe-Context header"):
        runs.list()
    with pytest.raises(stripe.PermissionError) as caught:
        runs.list(options={"stripe_context": "acct_nobody"})
    assert (caught.value.http_status, caught.value.error.code) == (403, "account_invalid")


@pytest.mark.parametrize(
    ("fault", "expected", "status", "code"),
    [
        ("answer.401", stripe.AuthenticationError, 401, "api_key_expired"),
        ("answer.403", stripe.PermissionError, 403, None),
        ("answer.409", stripe.APIError, 409, "idempotency_key_in_use"),
        ("answer.424", stripe.APIError, 424, None),
        ("answer.429", stripe.RateLimitError, 429, "rate_limit"),
        ("answer.429_bare", stripe.RateLimitError, 429, "rate_limit"),
        ("answer.lock_timeout", stripe.RateLimitError, 429, "lock_timeout"),
        ("answer.500", stripe.APIError, 500, None),
        ("answer.502", stripe.APIError, 502, None),
        ("answer.html", stripe.APIError, 200, None),
        ("connection.reset", stripe.APIConnectionError, None, None),
        ("connection.lost", stripe.APIConnectionError, None, None),
    ],
)
def test_each_fault_has_the_class_that_it_has_with_stripe(runs, simulator, fault, expected, status, code):
    """Status, code and request id are where support asks for them."""
    simulator.inject_fault(fault)
    with pytest.raises(stripe.StripeError) as caught:
        runs.list()
    assert type(caught.value) is expected
    body = caught.value.json_body if isinstance(caught.value.json_body, dict) else None
    assert caught.value.http_status == status
    assert (body and body["error"].get("code")) == code
    if body:
        assert caught.value.request_id == simulator.requests[-1].request_id


@pytest.mark.parametrize(
    ("sent", "status", "code", "param", "says"),
    [
        ({"report_type": "nonsense"}, 404, "resource_missing", "report_type", "No such report type"),
        (
            {"report_type": "balance.summary.1"},
            400,
            "parameter_missing",
            "parameters[interval_start]",
            "Missing",
        ),
        (
            SUMMARY | {"parameters": OCTOBER | {"interval_end": 1799999999}},
            400,
            None,
            "parameters.interval_end",
            "only available through",
        ),
        ({"report_type": "all_fees.incurred_at.itemized.2"}, 404, None, None, "requires a live mode key"),
    ],
)
def test_each_refusal_is_an_invalid_request_error(runs, sent, status, code, param, says):
    """With Stripe's text, code and parameter."""
    with pytest.raises(stripe.InvalidRequestError, match=says) as caught:
        runs.create(sent)
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (status, code, param)


def test_a_wrong_key_and_a_missing_permission_have_their_own_classes(connect, simulator):
    """The two problems have different remedies."""
    simulator.restrict("rk_test_files", ["file_read"])
    for key, expected in (
        ("nonsense", stripe.AuthenticationError),
        ("rk_test_files", stripe.PermissionError),
    ):
        with pytest.raises(expected):
            connect(key).reporting.report_types.list()


def test_retries_of_the_library_create_no_second_run(connect, simulator, monkeypatch):
    """It sends its idempotency key again, and obeys ``Stripe-Should-Retry``."""
    monkeypatch.setattr("stripe._http_client.HTTPClient._sleep_time_seconds", lambda *_, **__: 0)
    patient = connect(max_network_retries=2).reporting.report_runs
    for fault in ("connection.lost", "connection.reset", "answer.500", "answer.lock_timeout"):
        simulator.inject_fault(fault)
        patient.create(SUMMARY)
    assert len(simulator.runs) == 4
    assert len(simulator.requests) == 8


def test_a_tax_invoice_month_is_sent_and_echoed(connect, simulator):
    """Instead of an interval; the newest library sends it like any other parameter."""
    runs = connect("sk_live_123").reporting.report_runs
    month = {"tax_invoice_month": "2026-10"}
    run = runs.create({"report_type": "all_fees.vat_invoice_v2.itemized.2", "parameters": month})
    simulator.clock.advance(10)
    run = runs.retrieve(run.id)
    assert run.parameters.to_dict() == month
    assert b'"fee_category"' in download(run.result, "sk_live_123").content


# A year of both libraries

YEAR_OLD_PYTHON, YEAR_OLD_NODE = "14.0.1", "20.0.0"
"""The libraries of November 2025; older ones are not tested."""


def outcome(command: list[str], **environment: str) -> dict:
    """What a program printed as JSON."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("version", [None, YEAR_OLD_PYTHON], ids=["installed", "a year old"])
def test_each_generation_of_the_python_library_works(request, tmp_path_factory, simulator, url, version):
    """The script has the rules; an older library sends parameters that it does not know."""
    path = {}
    if version is not None:
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            f"stripe=={version}",
            "--target",
        ]
        path["PYTHONPATH"] = str(
            installed(request, tmp_path_factory, f"stripe-python-{version}", "stripe", pip)
        )
    script = Path(__file__).parent / "python" / "life.py"
    organisation = (simulator.organisation_key, SIBLING, CONNECTED[0])
    said = outcome([sys.executable, "-W", "ignore", str(script), url, simulator.key, *organisation], **path)
    assert said["version"] == (version or stripe.VERSION)
    assert len(said["rules"]) == 7
    assert {rule: what for rule, what in said["rules"].items() if what != "ok"} == {}


@pytest.mark.parametrize("version", ["23", YEAR_OLD_NODE], ids=["newest", "a year old"])
def test_each_generation_of_the_node_library_works(request, tmp_path_factory, simulator, url, version):
    """The script has the rules: runs, pages, idempotency, files, links, accounts, errors, retries."""
    if not IN_CI and not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node is not here")
    npm = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"stripe@{version}", "--prefix"]
    library = installed(request, tmp_path_factory, f"stripe-node-{version}", "node_modules/stripe", npm)
    simulator.restrict("rk_test_nothing", [])
    script = Path(__file__).parent / "node" / "life.mjs"
    organisation = (simulator.organisation_key, SIBLING, CONNECTED[0])
    results = outcome(["node", str(script), str(library), url, simulator.key, *organisation])
    assert len(results) == 13
    assert {rule: said for rule, said in results.items() if said != "ok"} == {}
