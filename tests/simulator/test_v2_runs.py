"""Report runs of v2, in the order of their life.

Each docstring begins with how well the rule is known: documented by Stripe, reported by users, or inferred.
"""

import re
from datetime import datetime, timedelta

import pytest

from simulator_api_v2 import RUNS, VERSION, ApiV2, body, error
from stripe_reports.simulator import Simulator


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(seed=1, latency=10)


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
