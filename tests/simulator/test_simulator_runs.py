"""The life of a simulated run, from its creation to the end of its file; and how runs are listed."""

from datetime import timedelta

import pytest

from simulator_api import BOTH_PROFILES, CONNECTED, OCTOBER, RUNS, Api, error, form
from stripe_reports.simulator import Outcome, Simulator

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
