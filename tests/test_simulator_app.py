"""The simulator's API as a client sees it, over WSGI and a socket, in the order of a run's life."""

import html
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from unittest.mock import Mock

import polars as pl
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from simulator_api import CONNECTED, OCTOBER, RUNS, SPECIFICATION, TYPES, Api, error, form, specification
from stripe_reports import catalog
from stripe_reports.simulator import FAULTS, Clock, Fault, Outcome, RealClock, Simulator, serve
from stripe_reports.simulator.reports.cells import timestamp
from stripe_reports.simulator.reports.reports import simulated

BOTH_PROFILES = pytest.mark.parametrize("simulator", ["tidy", "real"], indirect=True)


@pytest.fixture
def simulator(request) -> Simulator:
    return Simulator(seed=1, latency=10, profile=getattr(request, "param", "tidy"))


@pytest.fixture
def api(simulator: Simulator) -> Api:
    return Api(simulator)


# The life of a run


def test_a_run_is_pending_and_then_succeeds(api, simulator):
    """Exactly Stripe's ten fields, at every moment."""
    run = api.create()
    assert run == {
        "id": run["id"],
        "object": "reporting.report_run",
        "created": 1793880000,
        "error": None,
        "livemode": False,
        "parameters": OCTOBER,
        "report_type": "balance.summary.1",
        "result": None,
        "status": "pending",
        "succeeded_at": None,
    }
    simulator.clock.advance(9.9)
    assert api.get(f"{RUNS}/{run['id']}").json == run
    simulator.clock.advance(0.1)
    finished = api.get(f"{RUNS}/{run['id']}").json
    file = finished["result"]
    assert finished == run | {"status": "succeeded", "succeeded_at": run["created"] + 10, "result": file}
    assert file == {
        "id": file["id"],
        "object": "file",
        "created": run["created"] + 10,
        "expires_at": run["created"] + 10 + 31_536_000,
        "filename": f"{run['id']}.csv",
        "links": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/file_links?file={file['id']}",
        },
        "purpose": "finance_report_run",
        "size": file["size"],
        "title": f"FinanceReportRun {run['id']}",
        "type": "csv",
        "url": f"https://files.stripe.com/v1/files/{file['id']}/contents",
    }
    assert api.get(f"/v1/files/{file['id']}").json == file


def test_the_file_has_the_announced_size(api):
    """It is CSV, and named after the run."""
    file = api.finished()["result"]
    answer = api.get(f"/v1/files/{file['id']}/contents")
    assert len(answer.data) == file["size"]
    assert answer.data.startswith(b'"category","description","net_amount","currency"\n"starting_balance"')
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{file["filename"]}"'


def test_a_file_expires_after_a_year(api, simulator):
    """After 365 days; its run stays."""
    run = api.finished()
    simulator.clock.advance(timedelta(days=365))
    assert api.get(f"/v1/files/{run['result']['id']}").status_code == 404
    assert api.get(f"/v1/files/{run['result']['id']}/contents").status_code == 404
    assert api.get(f"{RUNS}/{run['id']}").json == run


@pytest.mark.parametrize(
    ("latency", "expected"),
    [
        pytest.param(3.0, {3.0}, id="a number"),
        pytest.param(lambda random: 40 + random.randrange(2), {40, 41}, id="a function of a seeded random"),
    ],
)
def test_latency_can_be_set(latency, expected):
    """Distributions are functions; the seed makes them repeatable."""
    simulator = Simulator(latency=latency)
    for _ in range(20):
        Api(simulator).create()
    assert {run.finishes_at - run.created for run in simulator.runs} == expected


def test_a_run_takes_5_to_20_seconds_by_default():
    """Long enough to be seen pending; the same for the same seed."""
    first, second = Simulator(7), Simulator(7)
    for simulator in (first, second):
        for k in range(20):
            Api(simulator).create(interval_end=OCTOBER["interval_end"] - k)
    delays = [run.finishes_at - run.created for run in first.runs]
    assert 5 <= min(delays) < max(delays) <= 20
    assert delays == [run.finishes_at - run.created for run in second.runs]


@pytest.mark.parametrize(
    ("outcome", "status", "has_error", "result"),
    [
        pytest.param("failed", "failed", True, None, id="failed"),
        pytest.param("stuck", "pending", False, None, id="pending for ever"),
        pytest.param("canceled", "canceled", False, None, id="a status that nobody knows"),
        pytest.param("no result", "succeeded", False, None, id="succeeded without a file"),
        pytest.param("no url", "succeeded", False, {"url": None}, id="succeeded with a file nowhere"),
        pytest.param(Outcome("failed", error="why"), "failed", True, None, id="with words of one's own"),
    ],
)
def test_the_outcome_of_the_next_run_can_be_set(api, simulator, outcome, status, has_error, result):
    """One outcome for one run; the run after it succeeds again."""
    simulator.outcomes.append(outcome)
    run = api.create()
    simulator.clock.advance(10_000)
    ended = api.get(f"{RUNS}/{run['id']}").json
    assert ended["status"] == status
    assert (ended["error"] is not None) == has_error
    assert (ended["result"] and {"url": ended["result"]["url"]}) == result
    assert api.finished()["status"] == "succeeded"


# The same again


def test_an_equal_run_is_answered_by_the_older_file(api, simulator):
    """A new id, finished in the second of its creation, and a file named after the first run."""
    first = api.finished()
    simulator.clock.advance(100)
    again = api.create()
    assert (again["status"], again["result"]) == ("pending", None)
    finished = api.get(f"{RUNS}/{again['id']}").json
    assert finished["id"] != first["id"]
    assert finished["created"] == finished["succeeded_at"] > finished["result"]["created"]
    assert finished["result"] == first["result"]


def test_the_create_answer_of_such_a_run_may_already_be_succeeded(api, simulator):
    """Stripe does not document it; clients must handle both."""
    first = api.finished()
    simulator.cached_answer = "succeeded"
    assert api.create()["result"] == first["result"]


@pytest.mark.parametrize(
    ("key", "headers", "parameters"),
    [
        pytest.param("sk_test_1", {}, {"currency": "eur"}, id="another parameter"),
        pytest.param("sk_live_1", {}, {}, id="another mode"),
        pytest.param("sk_test_1", {"Stripe_Account": CONNECTED[0]}, {}, id="another account"),
    ],
)
def test_a_run_that_differs_gets_a_file_of_its_own(api, simulator, key, headers, parameters):
    """Type, parameters and owner must all be the same."""
    api.finished()
    Api(simulator, key, **headers).create(**parameters)
    assert simulator.runs[-1].answered_by is None


def test_newer_data_make_a_new_file(api, simulator):
    """A file answers until newer data of its type are published."""
    api.finished()
    simulator.clock.advance(timedelta(hours=12))
    api.create()
    assert simulator.runs[-1].answered_by is None


def test_answering_from_older_files_can_be_switched_off(api, simulator):
    """For tests in which every run has to take its time."""
    simulator.cached_answer = "off"
    api.finished()
    api.create()
    assert simulator.runs[-1].answered_by is None


def test_a_failed_run_answers_no_other_run(api, simulator):
    """The next one is computed again."""
    simulator.outcomes.append("failed")
    api.finished()
    assert api.finished()["status"] == "succeeded"
    assert simulator.runs[-1].answered_by is None


# Idempotency


def test_the_same_idempotency_key_creates_no_second_run(api, simulator):
    """The stored answer is repeated unchanged, although the run has continued."""
    first = api.post(form(), Idempotency_Key="k1")
    simulator.clock.advance(3600)
    second = api.post(form(), Idempotency_Key="k1")
    assert second.json == first.json
    assert len(simulator.runs) == 1
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Original-Request"] == first.headers["Request-Id"] != second.headers["Request-Id"]
    assert "Idempotent-Replayed" not in first.headers


def test_the_same_idempotency_key_with_other_parameters_is_an_error(api, simulator):
    """It is a mistake of the client."""
    api.post(form(), Idempotency_Key="k1")
    answer = api.post(form(currency="eur"), Idempotency_Key="k1")
    assert answer.status_code == 400
    assert error(answer)["type"] == "idempotency_error"
    assert len(simulator.runs) == 1


def test_a_refused_request_is_not_stored(api):
    """Validation comes before execution, so the idempotency key is still unused."""
    assert api.post(form("nonsense"), Idempotency_Key="k1").status_code == 404
    assert api.post(form(), Idempotency_Key="k1").status_code == 200


def test_an_idempotency_key_is_dropped_after_a_day(api, simulator):
    """24 hours after its first use."""
    api.post(form(), Idempotency_Key="k1")
    simulator.clock.advance(86_399)
    api.post(form(), Idempotency_Key="k1")
    assert len(simulator.runs) == 1
    simulator.clock.advance(1)
    api.post(form(), Idempotency_Key="k1")
    assert len(simulator.runs) == 2


def test_idempotency_keys_of_different_owners_are_independent(api, simulator):
    """They belong to an account and a mode."""
    api.post(form(), Idempotency_Key="k1")
    Api(simulator, "sk_live_1").post(form(), Idempotency_Key="k1")
    assert len(simulator.runs) == 2


def test_an_idempotency_key_has_at_most_255_characters(api):
    """Stripe's limit."""
    assert api.post(form(), Idempotency_Key="k" * 255).status_code == 200
    assert api.post(form(), Idempotency_Key="k" * 256).status_code == 400


# Owners and keys


@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        pytest.param(None, "You did not provide an API key.", id="none"),
        pytest.param("Bearer nonsense", "Invalid API Key provided: non*****", id="not a key"),
        pytest.param("Bearer sk_test_", "Invalid API Key provided: sk_test_***", id="a prefix alone"),
        pytest.param(
            "Bearer sk_prod_1234567890", "Invalid API Key provided: sk_***********7890", id="another prefix"
        ),
        pytest.param(
            "Bearer pk_test_123", "This API call cannot be made with a publishable API key.", id="publishable"
        ),
        pytest.param(
            "Bearer sk_test_simulator_seed2_ledger1",
            "Invalid API Key provided: sk_test_*******************ger1.",
            id="another simulator's",
        ),
    ],
)
def test_a_wrong_key_is_401(simulator, authorization, text):
    """The answer does not repeat the key."""
    answer = Client(simulator).get(TYPES, headers={"Authorization": authorization} if authorization else {})
    assert answer.status_code == 401
    assert error(answer)["type"] == "invalid_request_error"
    assert error(answer)["message"].startswith(text)


def test_the_key_of_another_simulator_is_refused_with_the_right_one(simulator):
    """Results belong to a seed and a version: they must not be mixed up."""
    answer = Api(simulator, "rk_live_simulator_seed2_ledger1").get(TYPES)
    assert "this simulator's key is sk_test_simulator_seed1_ledger1." in error(answer)["message"]
    assert Simulator(3, charges_per_day=2.5).key == "sk_test_simulator_seed3_ledger1_size2_5"


@pytest.mark.parametrize(
    "key", ["sk_test_simulator_seed1_ledger1", "sk_test_1", "rk_test_ab", "sk_live_1", "rk_live_a_b"]
)
def test_any_well_formed_key_is_accepted_basic_or_bearer(simulator, key):
    """Restricted ones, too; the prefix determines the mode."""
    bearer = Client(simulator).get(f"{TYPES}/balance.summary.1", headers={"Authorization": f"Bearer {key}"})
    basic = Client(simulator).get(f"{TYPES}/balance.summary.1", auth=(key, ""))
    assert bearer.json == basic.json
    assert bearer.json["livemode"] == ("_live_" in key)


def test_runs_and_files_are_visible_to_their_owner_only(simulator):
    """By mode and ``Stripe-Account``; two keys of one mode are one account."""
    mine = Api(simulator, "sk_test_1").finished()
    paths = (
        f"{RUNS}/{mine['id']}",
        f"/v1/files/{mine['result']['id']}",
        f"/v1/files/{mine['result']['id']}/contents",
    )
    for stranger in (Api(simulator, "sk_live_1"), Api(simulator, "sk_test_1", Stripe_Account=CONNECTED[0])):
        assert [stranger.get(path).status_code for path in paths] == [404] * 3
        assert stranger.get(RUNS).json["data"] == []
    assert [Api(simulator, "rk_test_2").get(path).status_code for path in paths] == [200] * 3
    assert [Client(simulator).get(path).status_code for path in paths] == [401] * 3


def test_live_data_come_from_the_same_ledger(simulator):
    """Only ``livemode`` differs."""
    test, live = (Api(simulator, f"sk_{mode}_1").finished() for mode in ("test", "live"))
    assert (test["livemode"], live["livemode"]) == (False, True)
    assert test["result"]["size"] == live["result"]["size"]


def test_an_invalid_account_is_403(simulator):
    """``Stripe-Account`` takes ``acct_…``."""
    answer = Api(simulator, Stripe_Account="somebody").get(TYPES)
    assert (answer.status_code, error(answer)["code"]) == (403, "account_invalid")


# Refusals


@pytest.mark.parametrize(
    ("sent", "status", "expected"),
    [
        pytest.param(
            {},
            400,
            {
                "code": "parameter_missing",
                "param": "report_type",
                "message": "Missing required param: report_type.",
            },
            id="no report type",
        ),
        pytest.param(
            form("balance.summary.99"),
            404,
            {
                "code": "resource_missing",
                "param": "report_type",
                "message": "No such report type: 'balance.summary.99'",
            },
            id="unknown type",
        ),
        pytest.param(
            form("all_fees.incurred_at.itemized.2"),
            404,
            {"message": "This report type is only available for live data and requires a live mode key."},
            id="live only",
        ),
        pytest.param(
            form("tax.transactions.itemized.3"),
            404,
            {
                "param": "report_type",
                "message": "The report type tax.transactions.itemized.3 exists at Stripe, but its columns "
                "are not published, so this simulator does not offer it. "
                "GET /v1/reporting/report_types lists the report types it offers.",
            },
            id="unknown columns",
        ),
        pytest.param(
            form() | {"colour": "red"},
            400,
            {"code": "parameter_unknown", "param": "colour", "message": "Received unknown parameter: colour"},
            id="unknown parameter",
        ),
        pytest.param(
            form(payout="po_1", colour="red"),
            400,
            {
                "code": "parameter_unknown",
                "param": "parameters[payout]",
                "message": "Received unknown parameters: parameters[payout], parameters[colour]",
            },
            id="parameters that the type does not take",
        ),
        pytest.param(
            {"report_type": "balance.summary.1", "parameters[interval_end]": "1793491200"},
            400,
            {
                "code": "parameter_missing",
                "param": "parameters[interval_start]",
                "message": "Missing required param: parameters[interval_start].",
            },
            id="missing parameter",
        ),
        pytest.param(
            form(interval_start="yesterday"),
            400,
            {
                "code": "parameter_invalid_integer",
                "param": "parameters[interval_start]",
                "message": "Invalid integer: yesterday",
            },
            id="no integer",
        ),
        pytest.param(
            form(interval_start=1640995432),
            400,
            {
                "param": "parameters.interval_start",
                "message": "Data for the report type balance.summary.1 is only available starting at "
                "2024-10-01 00:00:00 UTC; you requested `interval_start` = 2022-01-01 00:03:52 UTC.",
            },
            id="too early",
        ),
        pytest.param(
            form("payouts.itemized.5", interval_end=1793923200),
            400,
            {
                "param": "parameters.interval_end",
                "message": "Data for the report type payouts.itemized.5 is only available through "
                "2026-11-05 00:00:00 UTC; you requested `interval_end` = 2026-11-06 00:00:00 UTC.",
            },
            id="too late",
        ),
        pytest.param(
            form(interval_start=OCTOBER["interval_end"]),
            400,
            {
                "param": "parameters.interval_end",
                "message": "`interval_start` must be before `interval_end`; you requested `interval_start` = "
                "2026-11-01 00:00:00 UTC and `interval_end` = 2026-11-01 00:00:00 UTC.",
            },
            id="empty interval",
        ),
        pytest.param(
            form(currency=""),
            400,
            {
                "code": "parameter_invalid_empty",
                "param": "parameters[currency]",
                "message": "You passed an empty string for 'parameters[currency]'. We assume empty values "
                "are an attempt to unset a parameter; however 'parameters[currency]' cannot be unset. You "
                "should remove 'parameters[currency]' from your request or supply a non-empty value.",
            },
            id="empty value",
        ),
        pytest.param(
            form(currency="euro"),
            400,
            {"param": "parameters[currency]", "message": "Invalid currency: euro"},
            id="no currency",
        ),
        pytest.param(
            form("payouts.itemized.5", decimal_separator=";"),
            400,
            {
                "param": "parameters[decimal_separator]",
                "message": "Invalid parameters[decimal_separator]: must be one of . or ,",
            },
            id="no decimal sign",
        ),
        pytest.param(
            {"report_type": "balance.summary.1", "parameters": "all"},
            400,
            {"param": "parameters", "message": "Invalid object"},
            id="no parameters but a text",
        ),
        pytest.param(
            form() | {"expand": "result"},
            400,
            {"param": "expand", "message": "Invalid array"},
            id="expand is a list",
        ),
        pytest.param(
            form() | {"parameters[currency][]": "eur"},
            400,
            {"param": "parameters[currency]", "message": "Invalid string: ['eur']"},
            id="a list where a value belongs",
        ),
        pytest.param(
            form(timezone="Mars/Olympus"),
            400,
            {
                "param": "parameters[timezone]",
                "message": "Invalid parameters[timezone]: 'Mars/Olympus' is not an IANA time zone.",
            },
            id="no zone",
        ),
        pytest.param(
            form(columns="category"),
            400,
            {"param": "parameters[columns]", "message": "Invalid array"},
            id="a value where a list belongs",
        ),
        pytest.param(
            form() | {"parameters[columns][]": "colour"},
            400,
            {
                "param": "parameters[columns][0]",
                "message": "Invalid column: 'colour' is not a column of balance.summary.1.",
            },
            id="unknown column",
        ),
        pytest.param(
            form() | {"parameters[columns][]": ["category", "category"]},
            400,
            {"param": "parameters[columns][1]", "message": "Duplicate column: 'category'."},
            id="a column twice",
        ),
        pytest.param(
            form() | {"parameters[columns]": "x", "parameters[columns][]": "category"},
            400,
            {
                "param": "parameters[columns][]",
                "message": "Invalid parameters[columns][]: sent both as a value and as a list.",
            },
            id="value and list",
        ),
    ],
)
def test_invalid_requests_are_refused_with_stripes_texts(api, simulator, sent, status, expected):
    """Type, mode, parameters, interval, columns, in this order; members that do not apply are absent."""
    answer = api.post(sent)
    assert (answer.status_code, error(answer)) == (status, {"type": "invalid_request_error"} | expected)
    assert simulator.runs == []


def test_an_unknown_reporting_category_is_accepted(api):
    """Stripe adds to its list without notice; text that cannot be a category is refused."""
    assert api.post(form("payouts.itemized.5", reporting_category="brand_new")).status_code == 200
    answer = api.post(form("payouts.itemized.5", reporting_category="Charges!"))
    assert error(answer)["message"] == "Invalid parameters[reporting_category]: Charges!"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (f"{RUNS}/frr_1", "No such report run: 'frr_1'"),
        (f"{TYPES}/nonsense", "No such report type: 'nonsense'"),
        ("/v1/files/file_1", "No such file upload: 'file_1'"),
        ("/v1/files/file_1/contents", "No such file upload: 'file_1'"),
    ],
)
def test_an_unknown_id_is_404(api, path, text):
    """With the wrong id, and a link to Stripe's page about the code."""
    answer = api.get(path)
    expected = {"code": "resource_missing", "message": text, "param": "id", "type": "invalid_request_error"}
    assert (answer.status_code, error(answer)) == (404, expected)
    assert answer.json["error"]["doc_url"] == "https://stripe.com/docs/error-codes/resource-missing"
    assert (
        f"/test/logs/{answer.headers['Request-Id']}?t=1793880000" in answer.json["error"]["request_log_url"]
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/charges"), ("DELETE", f"{RUNS}/frr_1"), ("POST", TYPES), ("GET", f"{RUNS}/")],
)
def test_an_unknown_endpoint_is_404(api, method, path):
    """Stripe has no 405; there is no way to cancel or delete a run."""
    answer = api.client.open(path, method=method, headers=api.headers)
    assert answer.status_code == 404
    assert error(answer)["message"].startswith(f"Unrecognized request URL ({method}: {path}).")


# Parameters


def test_parameters_are_echoed_as_sent(api):
    """Those that Stripe echoes; bounds as numbers, columns as a list."""
    run = api.post(
        form("payouts.itemized.5", timezone="Europe/Paris", currency="eur", decimal_separator=".")
        | {"parameters[columns][1]": "net", "parameters[columns][0]": "payout_id"}
    ).json
    assert run["parameters"] == OCTOBER | {
        "timezone": "Europe/Paris",
        "currency": "eur",
        "columns": ["payout_id", "net"],
    }


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"parameters[columns][]": ["net", "gross"]}, id="as documented"),
        pytest.param(
            {"parameters[columns][0]": "net", "parameters[columns][1]": "gross"}, id="as libraries do"
        ),
        pytest.param({"parameters[columns][10]": "gross", "parameters[columns][9]": "net"}, id="by number"),
    ],
)
def test_lists_are_accepted_in_two_encodings(api, columns):
    """A server must take both."""
    assert api.post(form("payouts.itemized.5") | columns).json["parameters"]["columns"] == ["net", "gross"]


def test_a_metadata_column_keeps_its_brackets(api):
    """They are percent-encoded inside the value."""
    name = "payment_metadata[Coupon Code]"
    run = api.post(form("balance_change_from_activity.itemized.3") | {"parameters[columns][]": [name]}).json
    assert run["parameters"]["columns"] == [name]


def test_expand_is_accepted(api):
    """Results are always complete."""
    run = api.post(form() | {"expand[]": "result"}).json
    assert api.get(f"{RUNS}/{run['id']}", **{"expand[0]": "result"}).json == run
    assert api.get(RUNS, **{"expand[]": "data.result"}).json["data"] == [run]


def test_every_zone_of_stripes_specification_works(api):
    """599 names, some of which few libraries know."""
    if not SPECIFICATION.exists():
        pytest.skip("Stripe's specification is not here")
    zones = next(_enums_with("Etc/UTC", specification()))
    assert len(zones) > 590
    written = pl.select(timestamp(pl.lit(0), zone).alias(zone) for zone in zones)
    assert written["Asia/Tokyo"][0] == "1970-01-01 09:00:00"
    for zone in zones:
        api.create(timezone=zone)


def _enums_with(value, node):
    if isinstance(node, dict):
        if value in node.get("enum", ()):
            yield node["enum"]
        for child in node.values():
            yield from _enums_with(value, child)
    elif isinstance(node, list):
        for child in node:
            yield from _enums_with(value, child)


# Report types and the data they have


def test_all_listed_report_types_can_be_requested(api):
    """One page, with exactly Stripe's nine fields each."""
    answer = api.get(TYPES).json
    assert {k: v for k, v in answer.items() if k != "data"} == {
        "object": "list",
        "has_more": False,
        "url": TYPES,
    }
    assert [type_["id"] for type_ in answer["data"]] == [type_.id for type_ in simulated(livemode=False)]
    assert {"balance.summary.2", "balance_change_from_activity.itemized.7", "payouts.itemized.5"} <= {
        type_["id"] for type_ in answer["data"]
    }
    for type_ in answer["data"]:
        assert api.get(f"{TYPES}/{type_['id']}").json == type_
    assert api.get(f"{TYPES}/balance.summary.1").json == {
        "id": "balance.summary.1",
        "object": "reporting.report_type",
        "data_available_end": 1793836800,
        "data_available_start": 1727740800,
        "default_columns": ["category", "description", "net_amount", "currency"],
        "livemode": False,
        "name": "Balance summary",
        "updated": 1793836800 + 7 * 3600 + 51 * 60 + 59,
        "version": 1,
    }


def test_every_simulated_type_runs_from_end_to_end(api):
    """Every listed type gives a file with its default columns."""
    payouts = api.contents(api.finished("payouts.itemized.5")).text
    named = {"payout": re.search(r"po_\w+", payouts)[0]}
    of_accounts = api.contents(api.finished("connected_account_payouts.itemized.3")).text
    account, payout = re.search(r'"(acct_\w+)","(po_\w+)"', of_accounts).groups()
    for type_ in api.get(TYPES).json["data"]:
        required = catalog.get(type_["id"]).required_parameters
        wanted = (
            named if "connected_account" not in required else {"connected_account": account, "payout": payout}
        )
        run = api.finished(type_["id"], **{name: wanted[name] for name in wanted if name in required})
        header = api.contents(run).text.splitlines()[0]
        assert header == ",".join(f'"{name}"' for name in type_["default_columns"])


def test_data_are_published_twice_a_day_some_hours_after_noon_and_midnight(api, simulator):
    """Never data younger than seven hours; ``updated`` is the time of publication."""
    simulator.clock.set(datetime(2026, 11, 5, tzinfo=UTC))
    seen = []
    for _ in range(48):
        type_ = api.get(f"{TYPES}/payouts.itemized.5").json
        now = simulator.clock.now().timestamp()
        assert type_["data_available_end"] % 43_200 == 0
        assert 7 * 3600 <= type_["updated"] - type_["data_available_end"] < 8 * 3600
        assert type_["updated"] <= now < type_["updated"] + 43_200
        seen.append(type_["data_available_end"])
        simulator.clock.advance(1800)
    assert len(set(seen)) == 3
    assert len({t["updated"] for t in api.get(TYPES).json["data"]}) > 10


@BOTH_PROFILES
def test_the_bounds_of_the_data_can_be_requested(api):
    """Equal bounds are allowed; a second beyond is not."""
    type_ = api.get(f"{TYPES}/balance.summary.1").json
    whole = {"interval_start": type_["data_available_start"], "interval_end": type_["data_available_end"]}
    assert api.post(form(**whole)).status_code == 200
    assert api.post(form(**whole | {"interval_end": whole["interval_end"] + 1})).status_code == 400
    assert api.post(form(**whole | {"interval_start": whole["interval_start"] - 1})).status_code == 400


# Lists


@pytest.fixture
def runs(api, simulator) -> list[str]:
    """Twelve runs, a minute apart, newest first."""
    ids = []
    for _ in range(12):
        ids.append(api.create()["id"])
        simulator.clock.advance(60)
    return ids[::-1]


@BOTH_PROFILES
def test_runs_are_listed_newest_first_ten_a_page(api, runs):
    """In Stripe's envelope, each in its present state."""
    answer = api.get(RUNS).json
    assert {k: v for k, v in answer.items() if k != "data"} == {
        "object": "list",
        "has_more": True,
        "url": RUNS,
    }
    assert [run["id"] for run in answer["data"]] == runs[:10]
    assert {run["status"] for run in answer["data"]} == {"succeeded"}


@BOTH_PROFILES
@pytest.mark.parametrize(
    ("query", "expected", "has_more"),
    [
        pytest.param({"limit": 3}, slice(0, 3), True, id="a short page"),
        pytest.param({"limit": 12}, slice(0, 12), False, id="all"),
        pytest.param({"limit": 3, "starting_after": 2}, slice(3, 6), True, id="the next page"),
        pytest.param({"starting_after": 8}, slice(9, 12), False, id="the last page"),
        pytest.param({"limit": 3, "ending_before": 9}, slice(6, 9), True, id="the page before"),
        pytest.param({"ending_before": 2}, slice(0, 2), False, id="the first page"),
        pytest.param({"created[gte]": 1793880000 + 600}, slice(0, 2), False, id="since"),
        pytest.param({"created[gt]": 1793880000 + 600}, slice(0, 1), False, id="after"),
        pytest.param({"created[lt]": 1793880060}, slice(11, 12), False, id="before"),
        pytest.param({"created[lte]": 1793880060}, slice(10, 12), False, id="until"),
        pytest.param({"created": 1793880060}, slice(10, 11), False, id="at"),
    ],
)
def test_lists_are_paged_and_filtered(api, runs, query, expected, has_more):
    """``has_more`` refers to the direction of the page."""
    sent = {
        name: runs[value] if name.endswith(("after", "before")) else value for name, value in query.items()
    }
    answer = api.get(RUNS, **sent).json
    assert [run["id"] for run in answer["data"]] == runs[expected]
    assert answer["has_more"] is has_more


@BOTH_PROFILES
@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"starting_after": "frr_1"}, "starting_after"),
        ({"starting_after": "frr_1", "ending_before": "frr_1"}, None),
        ({"status": "pending"}, "status"),
        ({"created[near]": 1}, "created[near]"),
        ({"created": "today"}, "created"),
    ],
)
def test_other_filters_of_a_list_are_refused(api, query, param):
    """Runs cannot be filtered by type or status."""
    answer = api.get(RUNS, **query)
    assert (answer.status_code, error(answer).get("param")) == (400, param)


# Answers


def test_every_answer_has_stripes_headers(simulator):
    """The date is the simulator's, not the machine's: it decides about reuse."""
    api = Api(simulator, Stripe_Version="2025-01-27.acacia")
    for answer in (api.get(TYPES), api.get(f"{RUNS}/frr_1"), api.post(form())):
        assert parsedate_to_datetime(answer.headers["Date"]) == simulator.clock.now()
        assert answer.headers["Request-Id"].startswith("req_")
        assert answer.headers["Stripe-Version"] == "2025-01-27.acacia"
        assert answer.headers["Content-Type"] == "application/json"
    assert Api(simulator).get(TYPES).headers["Stripe-Version"] == "2026-11-18.endive"


def test_served_requests_are_counted(api, simulator):
    """So that a test can check how many calls an action took."""
    run = api.finished()
    assert [(r.method, r.path, r.status) for r in simulator.requests] == [
        ("POST", RUNS, 200),
        ("GET", f"{RUNS}/{run['id']}", 200),
    ]
    assert len({r.request_id for r in simulator.requests}) == 2


def page(simulator, accept):
    return Client(simulator).get("/", base_url="http://127.0.0.1:12111", headers={"Accept": accept})


@pytest.mark.parametrize(
    ("accept", "kind"),
    [("*/*", "text/plain"), ("text/html,application/xml;q=0.9,*/*;q=0.8", "text/html"), ("", "text/plain")],
)
def test_the_front_page_explains_the_simulator(simulator, accept, kind):
    """Reading it needs no key; curl gets text, a browser gets a page."""
    answer = page(simulator, accept)
    assert (answer.status_code, answer.mimetype, answer.headers["Vary"]) == (200, kind, "Accept")
    text = html.unescape(answer.text)
    assert "This is not Stripe." in text
    assert simulator.key in text
    for way in (
        "curl http://127.0.0.1:12111/v1/",
        "StripeClient",
        "new Stripe(",
        "def test_",
        "/simulator/clock",
    ):
        assert way in text
    assert all(name in text and fault.about in text for name, fault in FAULTS.items())


def test_the_front_page_loads_nothing_and_runs_nothing(simulator):
    """It works offline, in light and dark mode; text from the request is escaped."""
    answer = page(simulator, "text/html")
    assert "http" not in re.sub(
        r"http://127\.0\.0\.1:12111|<code>.*?</code>", "", answer.text, flags=re.DOTALL
    )
    assert "color-scheme: light dark" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    odd = Client(simulator).get("/", headers={"Accept": "text/html", "Host": "a<script>b"})
    assert "<script" not in odd.text


# The simulator's own addresses


def test_the_keys_are_told_over_http(simulator):
    """Workers of a demo get the key from its simulator, so that no task has it."""
    keys = Client(simulator).get("/simulator/keys").json["keys"]
    assert keys[:2] == [simulator.key, simulator.organisation_key]
    assert [key.replace("_live_", "_test_") for key in keys[2:]] == keys[:2]


def test_the_clock_can_be_moved_over_http(simulator):
    """Without a key; forwards by seconds, or to a time."""
    client = Client(simulator)
    assert client.get("/simulator/clock").json == {
        "now": "2026-11-05T12:00:00+00:00",
        "unix": 1793880000,
        "is_running": False,
    }
    assert client.post("/simulator/clock", data={"advance": "90.5"}).json["unix"] == 1793880090.5
    moved = client.post("/simulator/clock", data={"to": "2026-11-06T00:00:00Z"})
    assert moved.json["now"] == "2026-11-06T00:00:00+00:00" == simulator.clock.now().isoformat()


@pytest.mark.parametrize(
    ("path", "sent", "param"),
    [
        ("clock", {}, "advance"),
        ("clock", {"advance": "soon"}, "advance"),
        ("clock", {"advance": "1e300"}, "advance"),
        ("clock", {"to": "2026-11-06"}, "to"),
        ("faults", {}, "fault"),
        ("faults", {"fault": ""}, "fault"),
        ("faults", {"fault": "file.cutt"}, "fault"),
        ("bounds", {}, "strict"),
        ("bounds", {"strict": "yes"}, "strict"),
        ("restatements", {}, "period"),
        ("restatements", {"period": "soon"}, "period"),
        ("restatements", {"period": "2026-09", "change": "all"}, "change"),
        ("restatements", {"period": "2026-09", "currency": "xxx"}, "currency"),
    ],
)
def test_invalid_control_values_are_refused(simulator, path, sent, param):
    """With the wrong parameter."""
    answer = Client(simulator).post(f"/simulator/{path}", data=sent)
    assert (answer.status_code, error(answer)["param"]) == (400, param)


def test_strict_bounds_can_be_switched_over_http(simulator):
    """Stripe's pages disagree about them, so a client should be tested with both."""
    client = Client(simulator)
    assert client.get("/simulator/bounds").json == {"strict": False}
    assert client.post("/simulator/bounds", data={"strict": "true"}).json == {"strict": True}
    assert simulator.strict_bounds
    assert client.post("/simulator/bounds", data={"strict": "false"}).json == {"strict": False}


def test_a_closed_month_can_be_restated_over_http(simulator):
    """From the next publication on; the answer tells its time."""
    made = Client(simulator).post("/simulator/restatements", data={"period": "2026-09", "currency": "eur"})
    assert made.json == {
        "change": "late fee",
        "currency": "eur",
        "start": "2026-09-01T00:00:00+00:00",
        "end": "2026-10-01T00:00:00+00:00",
        "published": "2026-11-05T12:00:00+00:00",
    }
    assert [restatement.currency for restatement in simulator._restatements] == ["eur"]


def test_faults_can_be_set_over_http(api, simulator):
    """In their short form; they are listed, and can be removed."""
    client = Client(simulator)
    assert client.get("/simulator/faults").json["names"]["answer.503"] == "Stripe is not available"
    set_ = client.post("/simulator/faults", data={"fault": "answer.503:2"})
    assert set_.json["faults"] == [{"about": "Stripe is not available", "times": 2}]
    assert api.get(TYPES).status_code == 503
    client.post("/simulator/faults", data={"fault": "file.cut:always"})
    assert [fault["times"] for fault in client.get("/simulator/faults").json["faults"]] == [1, "always"]
    assert client.delete("/simulator/faults").json["faults"] == []
    assert api.get(TYPES).status_code == 200


def test_another_simulator_with_the_same_seed_creates_other_ids():
    """A client may keep finished runs on disk under their id."""
    assert Api(Simulator(1)).create()["id"] != Api(Simulator(1)).create()["id"]


@pytest.mark.parametrize(
    ("files_url", "asked", "expected"),
    [
        pytest.param(None, "https://api.stripe.com", "https://files.stripe.com", id="as Stripe"),
        pytest.param(None, "http://127.0.0.1:12111", "http://127.0.0.1:12111", id="over HTTP"),
        pytest.param("https://f.example/", "http://127.0.0.1:12111", "https://f.example", id="as told"),
    ],
)
def test_the_address_of_a_file_has_the_host_of_the_request(files_url, asked, expected):
    """It is an address of the simulator itself, wherever it is mounted."""
    simulator = Simulator(latency=0, files_url=files_url)
    api = Api(simulator)
    run = api.create()
    answer = api.client.get(f"{RUNS}/{run['id']}", headers=api.headers, base_url=asked)
    assert answer.json["result"]["url"].startswith(f"{expected}/v1/files/file_")


@given(
    method=st.sampled_from(["GET", "POST"]),
    path=st.sampled_from([RUNS, TYPES, f"{RUNS}/x", "/v1/files/x/contents", "/", "/v1/%00"]),
    pairs=st.lists(
        st.tuples(
            st.sampled_from(["report_type", "limit", "created", "expand"])
            | st.from_regex(r"(parameters|created)(\[[a-z_0-9²]{0,14}\]){0,6}", fullmatch=True)
            | st.text(max_size=12),
            st.sampled_from(["balance.summary.1", "1793491200", "-1", "", "9" * 40]) | st.text(max_size=12),
        ),
        max_size=6,
    ),
)
@settings(deadline=None, max_examples=150)
def test_no_request_causes_a_traceback(method, path, pairs):
    """A strange request is refused, with Stripe's body."""
    simulator = Simulator()
    sent = {"query_string" if method == "GET" else "data": _multi(pairs)}
    answer = Client(simulator).open(
        path, method=method, headers={"Authorization": "Bearer sk_test_1"}, **sent
    )
    assert answer.status_code in (200, 400, 404)


def _multi(pairs):
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def test_the_size_of_a_body_is_limited(api):
    """A megabyte; a larger one is not processed."""
    assert api.post({"report_type": "x" * 2_000_000}).status_code == 413


# Faults


def test_a_fault_replaces_the_correct_answer(api, simulator):
    """As often as set; after that, answers are correct again."""
    simulator.faults.append(
        Fault(f"POST {RUNS}", status=429, headers={"Stripe-Should-Retry": "true"}, times=2)
    )
    assert api.get(TYPES).status_code == 200
    for _ in range(2):
        answer = api.post(form(), Idempotency_Key="k1")
        assert (answer.status_code, error(answer)["code"]) == (429, "rate_limit")
        assert answer.headers["Stripe-Should-Retry"] == "true"
    assert api.post(form(), Idempotency_Key="k1").status_code == 200
    assert len(simulator.runs) == 1


def test_faults_are_used_in_order(api, simulator):
    """The first that matches is used up first; parts of a match may be a star."""
    simulator.faults += [
        Fault(status=500),
        Fault("GET /v1/reporting/*", status=503, body={"error": {"type": "api_error"}}),
    ]
    first, second, third = api.get(TYPES), api.get(TYPES), api.get(TYPES)
    assert (first.status_code, second.status_code, third.status_code) == (500, 503, 200)
    assert error(first)["type"] == "api_error"
    assert second.json == {"error": {"type": "api_error"}}


def test_a_stored_fault_is_replayed(api, simulator):
    """Stripe keeps a 500 whose execution had begun: only a new idempotency key helps."""
    simulator.faults.append(Fault(f"POST {RUNS}", status=500, stored=True))
    answers = [api.post(form(), Idempotency_Key=key) for key in ("k1", "k1", "k2")]
    assert [answer.status_code for answer in answers] == [500, 500, 200]
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_a_fault_can_have_any_body_and_headers(api, simulator):
    """A proxy's page, a wrong clock."""
    date = "Thu, 01 Jan 1970 00:00:00 GMT"
    simulator.faults.append(
        Fault(status=200, body="<html>", headers={"Date": date, "Content-Type": "text/html"})
    )
    answer = api.get(TYPES)
    assert (answer.text, answer.headers["Date"], answer.content_type) == ("<html>", date, "text/html")


# Over a socket


def test_many_clients_at_once_create_one_run_each():
    """Threads of a server share one simulator."""
    simulator = Simulator(latency=0)
    failures: list[str] = []

    def use(k: int, url: str) -> None:
        with requests.Session() as session:
            session.auth = ("sk_test_1", "")
            run = session.post(
                f"{url}{RUNS}", data=form(interval_end=OCTOBER["interval_end"] - k), timeout=30
            ).json()
            file = session.get(f"{url}{RUNS}/{run['id']}", timeout=30).json()["result"]
            if len(session.get(file["url"], timeout=30).content) != file["size"]:
                failures.append(run["id"])

    with serve(simulator) as url:
        threads = [threading.Thread(target=use, args=(k, url)) for k in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    assert len(simulator.runs) == 16


def test_a_server_ends_with_its_block_and_frees_its_port(simulator):
    """Even with a connection kept open; another server can use the port at once."""
    with serve(simulator) as url, requests.Session() as session:
        assert session.get(url, timeout=5).status_code == 200
        port = int(url.rpartition(":")[2])
    with serve(Simulator(clock=RealClock()), port=port) as again:
        assert again == url
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)


def test_serving_forever_ends_with_an_interrupt():
    """Without a message: the user who pressed Ctrl-C knows."""
    code = (
        "from stripe_reports.simulator import Simulator, serve_forever; "
        "serve_forever(Simulator(), port=0, ready=lambda url: print(url, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        url = process.stdout.readline().strip()
        assert requests.get(url, timeout=10).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0


def test_a_queue_of_requests_is_not_logged(caplog):
    """Any number may arrive at once; who serves a simulator in a terminal has nothing to do about it."""
    from waitress.task import ThreadedTaskDispatcher

    with serve(Simulator()):
        ThreadedTaskDispatcher().add_task(Mock())
    assert caplog.text == ""


def test_the_clock_is_an_argument():
    """Any clock can be used."""
    clock = Clock(datetime(2025, 3, 1, tzinfo=UTC))
    type_ = Api(Simulator(clock=clock)).get(f"{TYPES}/balance.summary.1").json
    assert type_["data_available_end"] == datetime(2025, 2, 28, 12, tzinfo=UTC).timestamp()
