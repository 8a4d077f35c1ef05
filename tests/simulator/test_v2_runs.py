"""Report runs of v2, in the order of their life.

A docstring says first how well a rule of Stripe's is known: documented, reported by users, or inferred. The
others are about the simulator alone.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from simulator_api import CONNECTED, Api
from simulator_api_v2 import OCTOBER, RUNS, VERSION, ApiV2, body, error
from stripe_reports.simulator import RateLimits, Simulator, serve


@pytest.fixture
def api(simulator) -> ApiV2:
    return ApiV2(simulator)


NANOSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


# Life


def test_a_run_is_running_and_then_succeeds(api, simulator):
    """Documented: Stripe's twelve fields at every moment; the first status is never pending."""
    run = api.create()
    assert run == {
        "id": run["id"],
        "object": "v2.data.report_run",
        "created": run["created"],
        "livemode": False,
        "name": "balance.summary",
        "parameters": {
            "interval_start": "2026-10-01T00:00:00.000Z",
            "interval_end": "2026-11-01T00:00:00.000Z",
        },
        "refreshed_at": "2026-11-05T00:00:00.000Z",
        "report": run["report"],
        "result": None,
        "result_options": {"compression": "none"},
        "sql": None,
        "status": "running",
        "status_details": None,
    }
    assert re.fullmatch(r"rrun_\w+", run["id"])
    assert re.fullmatch(r"report_\w+", run["report"])
    simulator.clock.advance(9.9)
    assert api.retrieve(run) == run
    simulator.clock.advance(0.1)
    finished = api.retrieve(run)
    assert finished == run | {"status": "succeeded", "result": finished["result"]}


def test_the_first_answer_is_running_however_short_the_run():
    """Documented: a client always has to retrieve the run."""
    simulator = Simulator(seed=1, latency=0)
    run = ApiV2(simulator).create()
    assert (run["status"], run["result"]) == ("running", None)
    assert ApiV2(simulator).retrieve(run)["status"] == "succeeded"


def test_a_result_has_its_size_as_text_and_its_columns_with_types(api):
    """Documented: the columns of this report are those in Stripe's example of a run."""
    file = (result := api.finished()["result"])["file"]
    assert (result["col_count"], result["row_count"], file["content_type"]) == ("4", "36", "csv")
    assert file["columns"] == [
        {"name": "category", "type": "varchar"},
        {"name": "description", "type": "varchar"},
        {"name": "net_amount", "type": "decimal"},
        {"name": "currency", "type": "varchar"},
    ]
    assert re.fullmatch(r"\d+", file["size"])


def test_times_have_nine_digits(api, simulator):
    """Documented: of the creation and of the expiry of an address, and they are not all zero."""
    simulator.clock.advance(0.504756)
    run = api.finished()
    for text in (run["created"], run["result"]["file"]["download_url"]["expires_at"]):
        assert NANOSECONDS.fullmatch(text)
    assert run["created"].startswith("2026-11-05T12:00:00.504756")
    assert datetime.fromisoformat(run["created"]) == simulator.clock.now() - timedelta(seconds=20)


def test_there_is_no_list_of_runs(api):
    """Documented: Stripe's libraries create and retrieve runs, and do nothing else with them."""
    api.create()
    assert error(api.get(RUNS)) == (404, "not_found")
    assert api.client.delete(f"{RUNS}/rrun_1", headers=api.headers).status_code == 404


def test_runs_of_v1_and_v2_do_not_see_each_other(api, simulator):
    """Inferred: each generation has ids of its own."""
    run = api.create()
    assert error(api.get(f"{RUNS}/frr_1QabcdefghijklmnopqrstUV")) == (404, "not_found")
    assert api.get("/v1/reporting/report_runs").json["data"] == []
    assert [each.id for each in simulator.report_runs] == [run["id"]]


# Creating


def test_a_report_is_named_by_its_name_or_its_id(api):
    """Documented: one of the two."""
    first = api.create()
    assert api.create(report={"id": first["report"]})["name"] == "balance.summary"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        pytest.param({"report": {"name": "balance.Summary"}}, (404, "not_found"), id="names are exact"),
        pytest.param({"report": {"name": "balance.summary.1"}}, (404, "not_found"), id="no versions"),
        pytest.param({"report": {"id": "report_1"}}, (404, "not_found"), id="no such id"),
    ],
)
def test_an_unknown_report_is_not_found(api, members, expected):
    """Documented: 404 not_found."""
    assert error(api.post(body(**members))) == expected


@pytest.mark.parametrize("missing", ["format", "report", "parameters"])
def test_three_members_are_required(api, missing):
    """Documented that they are required, parameters too where there are none; inferred which error it is."""
    sent = {name: value for name, value in body().items() if name != missing}
    assert error(api.post(sent)) == (400, "parameter_missing")


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"format": "json"}, id="format"),
        pytest.param({"report": "balance.summary"}, id="report as text"),
        pytest.param({"report": {}}, id="no report"),
        pytest.param({"report": {"name": "balance.summary", "id": "report_1"}}, id="two reports"),
        pytest.param({"parameters": []}, id="parameters as a list"),
        pytest.param({"parameters": {"interval_end": "2026-10-01T00:00:00Z"}}, id="no start"),
        pytest.param(
            {"parameters": {"interval_start": 1790812800, "interval_end": 1793491200}}, id="seconds"
        ),
        pytest.param(
            {"parameters": {"interval_start": "2026-10-01", "interval_end": "2026-11-01"}}, id="days"
        ),
        pytest.param(
            {"parameters": {"interval_start": "2026-10-01T00:00:00", "interval_end": "2026-11-01T00:00:00"}},
            id="no zone",
        ),
        pytest.param(
            {
                "parameters": {
                    "interval_start": "2026-11-01T00:00:00Z",
                    "interval_end": "2026-10-01T00:00:00Z",
                }
            },
            id="end before start",
        ),
        pytest.param({"result_options": {"compress_file": "yes"}}, id="compression"),
        pytest.param({"reports": {}}, id="unknown member"),
    ],
)
def test_a_body_that_is_not_valid_is_refused(api, simulator, members):
    """Inferred: 400, and nothing is created."""
    assert api.post(body(**members)).status_code == 400
    assert simulator.report_runs == []


def test_a_form_is_not_a_body(api):
    """Inferred: v2 takes JSON."""
    answer = api.client.post(RUNS, data={"format": "csv"}, headers=api.headers)
    assert error(answer) == (400, "invalid_request")


def test_an_interval_may_end_after_the_data(api):
    """Inferred: the end of the data is not told beforehand, so the run says how far they went."""
    november = {"interval_start": "2026-11-01T00:00:00Z", "interval_end": "2026-12-01T00:00:00Z"}
    to_the_end = november | {"interval_end": "2026-11-05T00:00:00Z"}
    open_, cut = (
        api.finished("balance_change_from_activity.itemized", parameters=sent)
        for sent in (november, to_the_end)
    )
    assert open_["parameters"]["interval_end"] == "2026-12-01T00:00:00.000Z"
    assert open_["refreshed_at"] == "2026-11-05T00:00:00.000Z"
    assert api.download(open_).data == api.download(cut).data


@pytest.mark.parametrize("profile", ["tidy", "real"])
def test_a_run_says_how_far_its_data_go(profile):
    """Inferred: the end that v1 tells beforehand for the same rows, late and missed publications too."""
    simulator = Simulator(seed=1, latency=10, profile=profile)
    for hours in range(0, 60, 5):
        simulator.clock.set(datetime(2026, 11, 2, tzinfo=UTC) + timedelta(hours=hours))
        published = Api(simulator).get("/v1/reporting/report_types/balance.summary.2").json
        refreshed_at = ApiV2(simulator).create()["refreshed_at"]
        assert datetime.fromisoformat(refreshed_at).timestamp() == published["data_available_end"]


# Headers


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Stripe_Version": None}, id="none"),
        pytest.param({"Stripe_Version": "2026-10-28.endive"}, id="no preview"),
    ],
)
def test_a_preview_version_is_required(simulator, headers):
    """Documented that it is required; inferred which error it is."""
    assert error(ApiV2(simulator, **headers).post(body())) == (400, "invalid_request")


def test_the_version_is_answered_back(api):
    """Documented: as in v1."""
    assert api.post(body()).headers["Stripe-Version"] == VERSION


def test_a_key_is_required(simulator):
    """Documented: 401; inferred which code it has."""
    assert error(ApiV2(simulator, "pk_test_1").post(body()))[0] == 401
    assert error(ApiV2(simulator, Authorization=None).post(body())) == (401, "unauthenticated")


# Faults


@pytest.mark.parametrize(
    ("fault", "status", "details"),
    [
        pytest.param(
            "v2.too_large",
            "failed",
            {
                "code": "file_size_above_limit",
                "message": "The file generated by this request exceeds the 5 GB limit.",
                "canceled_at": None,
            },
            id="more than 5 GB",
        ),
        pytest.param("run.failed", "failed", {"code": "internal_error", "canceled_at": None}, id="failed"),
        pytest.param("v2.canceled", "canceled", {"code": None}, id="canceled"),
        pytest.param("run.unknown_status", "paused", {"code": "internal_error"}, id="unknown"),
    ],
)
def test_a_run_can_end_without_a_result(api, simulator, fault, status, details):
    """Documented: status and details of a failed run, and that one can be canceled."""
    simulator.inject_fault(fault)
    run = api.finished()
    assert (run["status"], run["result"]) == (status, None)
    assert run["status_details"] | details == run["status_details"]
    canceled_at = run["status_details"]["canceled_at"]
    assert canceled_at is None if status != "canceled" else NANOSECONDS.fullmatch(canceled_at)


def test_earlier_previews_tell_details_by_status(api, simulator):
    """Reported: a map with the status as its key, which is empty unless the run failed."""
    simulator.preview.status_details = "by_status"
    simulator.inject_fault("v2.too_large")
    run = api.client.post(RUNS, json=body(), headers=api.headers).json
    assert run["status_details"] == {}
    simulator.clock.advance(10)
    failed = api.client.get(f"{RUNS}/{run['id']}", headers=api.headers).json
    assert failed["status_details"] == {
        "failed": {
            "error_code": "file_size_above_limit",
            "error_message": "The file generated by this request exceeds the 5 GB limit.",
        }
    }


def test_a_stuck_run_stays_running(api, simulator):
    """As in v1, where it stays pending."""
    simulator.inject_fault("run.stuck")
    run = api.create()
    simulator.clock.advance(timedelta(days=1))
    assert api.retrieve(run) == run


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("v2.inaccessible", 403, "report_inaccessible"),
        ("v2.not_enabled", 403, "feature_not_enabled"),
        ("v2.too_many_running", 429, "report_run_rate_limit_exceeded"),
        ("answer.403", 403, "forbidden"),
        ("answer.429", 429, "rate_limit"),
        ("answer.500", 500, "internal_error"),
        ("answer.503", 503, "internal_error"),
    ],
)
def test_a_fault_answers_with_an_error_of_v2(api, simulator, fault, status, code):
    """Documented: the codes of access and of too many running reports; the others are inferred."""
    simulator.inject_fault(fault)
    assert error(api.post(body())) == (status, code)
    assert api.post(body()).status_code == 200


@pytest.mark.parametrize(
    ("fault", "member", "value"),
    [
        ("run.other_type", "name", "payouts.itemized"),
        ("run.other_mode", "livemode", True),
        (
            "run.other_interval",
            "parameters",
            {"interval_start": "2026-10-02T00:00:00Z", "interval_end": "2026-11-02T00:00:00Z"},
        ),
        (
            "run.other_currency",
            "parameters",
            {
                "interval_start": "2026-10-01T00:00:00.000Z",
                "interval_end": "2026-11-01T00:00:00.000Z",
                "currency": "eur",
            },
        ),
    ],
)
def test_an_answer_can_show_another_run(api, simulator, fault, member, value):
    """The same faults as in v1."""
    simulator.inject_fault(fault)
    shown = api.create()
    assert shown[member] == value
    assert api.retrieve(shown)[member] != value


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        ("run.no_result", lambda run: run["result"] is None),
        ("run.no_size", lambda run: run["result"]["file"]["size"] is None),
        ("run.no_url", lambda run: run["result"]["file"]["download_url"] is None),
        ("run.foreign_host", lambda run: "//files.example.com/" in str(run["result"])),
        ("run.other_file", lambda run: run["result"]["col_count"] != "4"),
    ],
)
def test_a_run_can_succeed_with_a_wrong_result(api, simulator, fault, wrong):
    """The same faults as in v1."""
    simulator.inject_fault(fault)
    run = api.client.post(RUNS, json=body(), headers=api.headers).json
    simulator.clock.advance(10)
    assert wrong(api.client.get(f"{RUNS}/{run['id']}", headers=api.headers).json)


def test_a_run_can_name_other_columns_than_its_file_has(api, simulator):
    """A client that types values by the run must compare it with the file."""
    simulator.inject_fault("v2.other_columns")
    run = api.finished()
    assert run["result"]["file"]["columns"][0]["name"] == "currency"
    assert api.download(run).data.startswith(b'"category"')


# Limits, and sending again


def test_a_key_can_have_so_many_reports_running(api, simulator):
    """Documented: the code and that it is a key's limit. One run that ends makes room for another."""
    simulator.rate_limits = RateLimits(running_reports=2)
    api.create(), api.create()
    refused = api.post(body())
    assert error(refused) == (429, "report_run_rate_limit_exceeded")
    assert "Retry-After" not in refused.headers
    assert ApiV2(simulator, "sk_test_another").post(body()).status_code == 200
    simulator.clock.advance(10)
    assert api.post(body()).status_code == 200


def test_the_limits_of_v1_hold_too(api, simulator):
    """Documented: requests per second, of both generations together; downloads do not count."""
    simulator.rate_limits = RateLimits()
    run = api.finished()
    simulator.clock.advance(60)
    assert [api.download(run).status_code for _ in range(30)] == [200] * 30
    assert [api.get("/v1/reporting/report_types").status_code for _ in range(13)] == [200] * 13
    assert [api.get("/v2/data/reports").status_code for _ in range(13)] == [200] * 12 + [429]
    assert error(api.get("/v2/data/reports")) == (429, "rate_limit")


def test_an_idempotency_key_creates_one_run(api, simulator):
    """Documented: as in v1, and with other parameters it is an error."""
    first, again = (api.post(body(), Idempotency_Key="k") for _ in range(2))
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(simulator.report_runs) == 1
    refused = api.post(body(result_options={"compress_file": True}), Idempotency_Key="k")
    assert (refused.status_code, refused.json["error"]["type"]) == (400, "idempotency_error")


def test_a_failure_is_not_repeated_for_its_idempotency_key(api, simulator):
    """Documented: in v2 a retry continues failed work; v1 repeats the failure."""
    simulator.inject_fault("answer.500_stored")
    statuses = [api.post(body(), Idempotency_Key="k").status_code for _ in range(2)]
    assert statuses == [500, 200]


def test_stripes_stable_library_creates_and_reads_a_run(simulator):
    """Documented: its raw requests are JSON, with version, context and idempotency key; numbers stay text."""
    with serve(simulator) as url:
        client = stripe.StripeClient(simulator.key, base_addresses={"api": url})
        options = {"stripe_version": VERSION, "stripe_context": CONNECTED[0]}
        answer = client.raw_request(
            "post", RUNS, format="csv", report={"name": "balance.summary"}, parameters=OCTOBER, **options
        )
        run = client.deserialize(answer, api_mode="V2")
        simulator.clock.advance(10)
        answer = client.raw_request("get", f"{RUNS}/{run.id}", **options)
        found = client.deserialize(answer, api_mode="V2")
        assert (run.status, found.status, found.result.row_count) == ("running", "succeeded", "9")
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.raw_request("get", f"{RUNS}/rrun_1", **options)
        assert (caught.value.http_status, caught.value.code) == (404, "not_found")
