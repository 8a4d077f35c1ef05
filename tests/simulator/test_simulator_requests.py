"""What a request may contain, whose key may send it, and Stripe's texts when it is refused."""

import polars as pl
import pytest
from werkzeug.test import Client

from simulator_api import CONNECTED, OCTOBER, RUNS, SPECIFICATION, TYPES, Api, error, form, specification
from stripe_reports.simulator import Simulator
from stripe_reports.simulator.reports.cells import timestamp

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
