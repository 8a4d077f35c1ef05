"""The reports of v2: listed, described and found; and who may see them.

A docstring says first how well a rule of Stripe's is known: documented, reported by users, or inferred. The
others are about the simulator alone.
"""

import pytest

from simulator_api import BELOW_SIBLING, CONNECTED, MAIN, SIBLING, Api
from simulator_api_v2 import REPORTS, RUNS, SEARCH, ApiV2, body, error, table
from stripe_reports.catalog.reports_v2 import reports_v2
from stripe_reports.simulator import Simulator

READ, QUERIES = "data_reports_read", "data_queries_read"


@pytest.fixture
def api(simulator) -> ApiV2:
    return ApiV2(simulator)


# The list


def test_a_list_has_pages(api):
    """Documented: ten on a page, and the path of the next; no has_more."""
    names, path = [], REPORTS
    while path:
        page = api.get(path).json
        assert set(page) == {"data", "next_page_url", "previous_page_url"}
        assert len(page["data"]) <= 10
        names += [report["name"] for report in page["data"]]
        path = page["next_page_url"]
    assert names == [report["name"] for report in api.get(REPORTS, limit=1000).json["data"]]
    assert set(names) < set(reports_v2())


def test_a_page_leads_back(api):
    """Documented: the path of the previous page."""
    first = api.get(REPORTS, limit=2).json
    second = api.get(first["next_page_url"]).json
    assert (first["previous_page_url"], api.get(second["previous_page_url"]).json) == (None, first)


def test_the_next_page_has_what_was_requested(api):
    """Inferred: its path has page and limit only, so the token holds the rest."""
    page = api.get(REPORTS, **{"include[0]": "parameters", "limit": 2}).json
    assert all(report["parameters"] for report in api.get(page["next_page_url"]).json["data"])


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"page": "p2"}, {"include[0]": "x"}, {"x": 1}]
)
def test_a_query_that_is_not_valid_is_refused(api, query):
    """Documented: at most a thousand; inferred are status and code."""
    assert error(api.get(REPORTS, **query))[0] == 400


def test_a_report_is_found_by_its_exact_name(api):
    """Documented: and case counts."""
    (report,) = api.get(REPORTS, name="balance.summary").json["data"]
    assert api.get(f"{REPORTS}/{report['id']}").json == report
    assert api.get(REPORTS, name="Balance.summary").json["data"] == []


def test_an_account_can_have_reports_that_nobody_knows():
    """Inferred: as in v1. Their columns and types are told by the search, and by the run."""
    api = ApiV2(Simulator(seed=1, latency=10, profile="real"))
    names = {report["name"] for report in api.get(REPORTS, limit=1000).json["data"]}
    unknown = names - set(reports_v2())
    assert "radar.reviews.itemized" in unknown
    columns = {}
    for name in unknown:
        run = api.finished(name)
        file = run["result"]["file"]
        assert table(api.download(run).data).columns == [column["name"] for column in file["columns"]]
        columns |= {column["name"]: column["type"] for column in file["columns"]}
    assert {"decimal", "bigint", "boolean", "varchar", "timestamp"} <= set(columns.values())


# One report


def test_a_report_has_parameters_only_if_they_are_requested(api):
    """Documented: else null, and the same for its SQL."""
    (report,) = api.get(REPORTS, name="balance.summary").json["data"]
    assert (report["parameters"], report["default_sql"]) == (None, None)
    query = {"include[0]": "default_sql", "include[1]": "parameters"}
    whole = api.get(f"{REPORTS}/{report['id']}", **query).json
    assert whole["default_sql"]
    assert set(whole["parameters"]) == {"interval_start", "interval_end", "timezone", "currency", "columns"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("interval_start", {"type": "timestamp", "required": True}),
        ("currency", {"type": "string", "required": False}),
        ("decimal_separator", {"type": "enum", "enum_details": {"allowed_values": [".", ","]}}),
        (
            "connected_accounts",
            {"type": "array", "array_details": {"element_type": "string", "enum_details": None}},
        ),
    ],
)
def test_a_parameter_is_described(api, name, expected):
    """Documented are the types and details; inferred is which parameter has which."""
    query = {"name": "connected_account_balance_change_from_activity.itemized", "include[0]": "parameters"}
    (report,) = api.get(REPORTS, **query).json["data"]
    described = report["parameters"][name]
    assert described | expected == described
    assert described["description"]


def test_every_report_describes_its_parameters_as_the_specification_has_them(simulator):
    """Documented is the form; the answer is held against the specification."""
    query = {"include[0]": "parameters", "limit": 1000}
    for report in ApiV2(simulator, "sk_live_1").get(REPORTS, **query).json["data"]:
        assert any(described["required"] for described in report["parameters"].values())
        assert all(described["description"] for described in report["parameters"].values())


def test_columns_can_be_chosen_among_those_that_the_report_names(api):
    """Inferred: an array of an enumeration, which is how a report would describe it."""
    (report,) = api.get(REPORTS, **{"name": "payouts.itemized", "include[0]": "parameters"}).json["data"]
    details = report["parameters"]["columns"]["array_details"]
    assert details["element_type"] == "enum"
    *_, last = details["enum_details"]["allowed_values"]
    october = body()["parameters"]
    run = api.finished("payouts.itemized", parameters=october | {"columns": [last, "net"]})
    assert table(api.download(run).data).columns == [last, "net"]
    assert api.post(body("payouts.itemized", parameters=october | {"columns": ["x"]})).status_code == 400


# Search


def test_the_search_names_the_columns_of_a_report(api):
    """Documented: with types and descriptions; there is no other way to know them before a run."""
    (found,) = api.post({"query": "balance.summary", "limit": 1}, SEARCH).json["data"]
    columns = found["reports"]["output_columns"]
    run = api.finished(report={"id": found["execution_spec"]["id"]})
    assert [{"name": c["name"], "type": c["type"]} for c in columns] == run["result"]["file"]["columns"]
    assert all(column["description"] for column in columns)
    assert found["reference_url"] == f"{REPORTS}/{run['report']}"
    parameters = api.get(found["reference_url"], **{"include[0]": "parameters"}).json["parameters"]
    assert found["reports"]["parameters"] == parameters


def test_the_search_has_pages(api):
    """Documented: five at most by default, and a token instead of a path."""
    first = api.post({"query": "payout"}, SEARCH).json
    second = api.post({"query": "payout", "page": first["next_page_url"]}, SEARCH).json
    names = [found["name"] for found in first["data"] + second["data"]]
    assert len(first["data"]) == 5
    assert len(set(names)) == len(names) > 5
    assert api.post({"query": "payout", "limit": 21}, SEARCH).status_code == 400


def test_the_search_finds_reports_by_what_they_are_for(api):
    """Inferred: which words find which. Metrics and schemas are not simulated, and nothing is no error."""
    assert "payouts.itemized" in [
        each["name"] for each in api.post({"query": "deposit"}, SEARCH).json["data"]
    ]
    assert api.post({"query": "deposit", "catalogs": ["metrics"]}, SEARCH).json["data"] == []
    assert api.post({"query": "zzz"}, SEARCH).json["data"] == []


# Rows in the answer


def test_rows_can_be_in_the_answer(api, simulator):
    """Documented: by column name, page by page; inferred are values as text and null for an empty cell."""
    run = api.finished("payouts.itemized")
    rows, query = [], {"include[0]": "result.inline", "limit": 30}
    while True:
        inline = api.retrieve(run, **query)["result"]["inline"]
        rows += [row["data"] for row in inline["rows"]]
        if inline["next_page_url"] is None:
            break
        query["page"] = inline["next_page_url"]
    assert rows == table(api.download(run).data).to_dicts()
    assert "inline" not in api.retrieve(run)["result"]


def test_the_sql_of_a_run_is_shown_on_request(api):
    """Documented: as text, which may be a message that it cannot be shown."""
    run = api.create()
    assert (run["sql"], isinstance(api.retrieve(run, **{"include[0]": "sql"})["sql"], str)) == (None, True)


# Access


def test_a_restricted_key_needs_one_permission(simulator):
    """Documented: data_reports_read lists reports, and creates and reads runs."""
    simulator.restrict("rk_test_reports", [READ])
    api = ApiV2(simulator, "rk_test_reports")
    assert api.finished()["status"] == "succeeded"
    assert api.get(REPORTS).status_code == 200
    assert Api(simulator, "rk_test_reports").get("/v1/reporting/report_runs").status_code == 403


@pytest.mark.parametrize("granted", [[], ["report_runs_and_report_types_read", "file_read"], [QUERIES]])
def test_other_permissions_are_not_enough(simulator, granted):
    """Documented: those of v1 and of queries are others; inferred is the code."""
    simulator.restrict("rk_test_others", granted)
    api = ApiV2(simulator, "rk_test_others")
    answers = [api.get(REPORTS), api.post(body()), api.get(f"{RUNS}/rrun_1")]
    assert [error(answer) for answer in answers] == [(403, "forbidden")] * 3
    assert f"rak_{READ}" in answers[0].json["error"]["message"]


def test_a_report_for_live_data_cannot_be_accessed_with_a_test_key(api, simulator):
    """Documented: 403 report_inaccessible, and the message says why."""
    fees = "all_fees.incurred_at.itemized"
    refused = api.post(body(fees))
    assert error(refused) == (403, "report_inaccessible")
    assert "live" in refused.json["error"]["message"]
    assert ApiV2(simulator, "sk_live_1").post(body(fees)).json["livemode"] is True


def test_queries_are_not_enabled(api):
    """Documented: the code. The simulator runs no SQL."""
    sent = {"dataset": "analytical", "format": "csv", "query": {"sql": "select 1"}}
    for answer in (api.post(sent, "/v2/data/query_runs"), api.get("/v2/data/query_runs/qrun_61")):
        assert error(answer) == (403, "query_run_api_inaccessible")


@pytest.mark.parametrize("context", [CONNECTED[0], f"{MAIN}/{CONNECTED[0]}"], ids=["account", "path"])
def test_a_context_is_an_account_or_a_path(simulator, api, context):
    """Documented: the context of a call; the rows are that account's, and so are the runs."""
    theirs = ApiV2(simulator, Stripe_Context=context)
    run = theirs.finished()
    assert theirs.download(run).data != api.download(api.finished()).data
    assert error(api.get(f"{RUNS}/{run['id']}")) == (404, "not_found")


def test_a_key_of_the_organisation_needs_a_context(simulator):
    """Documented: with the version, on every request."""
    key = simulator.organisation_key
    assert error(ApiV2(simulator, key).post(body())) == (400, "invalid_request")
    run = ApiV2(simulator, key, Stripe_Context=f"{SIBLING}/{BELOW_SIBLING[0]}").finished()
    assert run["status"] == "succeeded"


def test_the_header_of_v1_for_accounts_is_refused(simulator):
    """Inferred: the context supersedes it; to ignore it would give the figures of another account."""
    assert error(ApiV2(simulator, Stripe_Account=CONNECTED[0]).post(body())) == (400, "invalid_request")


def test_a_context_that_is_not_reached_is_refused(simulator):
    """Inferred: as in v1."""
    assert error(ApiV2(simulator, Stripe_Context="acct_other").post(body()))[0] == 403


def test_the_first_page_can_come_again_and_again(api, simulator):
    """A client must notice that a list makes no progress."""
    simulator.inject_fault("v2.list_repeated", times=9)
    first = api.get(REPORTS).json
    assert [report["name"] for report in api.get(first["next_page_url"]).json["data"]] == [
        report["name"] for report in first["data"]
    ]
