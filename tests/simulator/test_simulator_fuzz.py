"""Requests made from Stripe's specification, right ones and wrong ones: none breaks the simulator."""

import re
from urllib.parse import urlencode

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from simulator_api import CONNECTED, LINKS, MAIN, SIBLING, Api, checked, specification
from stripe_reports.simulator import Simulator

OPERATIONS = [
    (method, path, operation)
    for path, operations in specification().get("paths", {}).items()
    if path.startswith("/v1/")
    for method, operation in operations.items()
    if method in ("get", "post") and "multipart/form-data" not in str(operation.get("requestBody"))
]

pytestmark = pytest.mark.skipif(not OPERATIONS, reason="Stripe's specification is not here")

ODD = st.sampled_from(["", "0", "-1", "9" * 40, "now", "true", "٣", "1e5", "\x00", "frr_1", "eur"])
JUNK = ODD | st.text(max_size=12)


TEXTS = st.sampled_from(
    ["balance.summary.1", "balance_change_from_activity.itemized.3", "<file>", "net", "eur"]
)
NUMBERS = st.integers(1, 100) | st.integers(1_727_740_000, 1_793_800_000) | st.integers()


def rarely(junk, usual):
    """Mostly right: a request with everything wrong is refused for the first thing only."""
    return st.integers(0, 9).flatmap(lambda number: junk if number == 9 else usual)


def values(schema):
    """A value that a schema allows, and now and then any other, as the pairs of a form: brackets and text."""
    if "anyOf" in schema:
        return st.one_of([values(one) for one in schema["anyOf"]])
    match schema.get("type"):
        case "array":
            right = st.lists(values(schema["items"]), max_size=3).map(_listed)
        case "object":
            right = members(schema.get("properties") or {"key": schema.get("additionalProperties", {})})
        case "integer":
            right = NUMBERS.map(lambda number: [("", str(number))])
        case "boolean":
            right = st.sampled_from([[("", "true")], [("", "false")]])
        case _:
            texts = st.sampled_from(schema["enum"]) if "enum" in schema else TEXTS
            right = texts.map(lambda text: [("", text)])
    return rarely(JUNK.map(lambda text: [("", text)]), right)


def members(properties, required=()):
    """Members of an object, and now and then one that it has not."""
    sent = {name: values(schema) for name, schema in properties.items()}
    named = st.fixed_dictionaries({name: sent.pop(name) for name in required}, optional=sent)
    strange = st.dictionaries(st.text(max_size=8), JUNK.map(lambda text: [("", text)]), max_size=1)
    return st.tuples(named, rarely(strange, st.just({}))).map(
        lambda both: [
            (f"[{name}]{rest}", text) for sent in both for name, pairs in sent.items() for rest, text in pairs
        ]
    )


def _listed(items):
    return [(f"[{k}]{rest}", text) for k, pairs in enumerate(items) for rest, text in pairs]


@st.composite
def requests(draw):
    """Method, path with ids to be filled in, query, form and headers."""
    method, path, operation = draw(st.sampled_from(OPERATIONS))
    parameters = {p["name"]: p["schema"] for p in operation.get("parameters", ()) if p.get("in") == "query"}
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/x-www-form-urlencoded", {}).get("schema", {})
    id_ = draw(st.sampled_from(["known"] * 9 + ["frr_1", "balance.summary.1", "é", "%00", "x" * 300]))
    headers = st.fixed_dictionaries(
        {},
        optional={
            "Stripe-Version": st.sampled_from(["2026-11-18.endive", "yesterday"]),
            "Stripe-Account": st.sampled_from([CONNECTED[0], "me"]),
            "Stripe-Context": st.sampled_from([MAIN, f"{MAIN}/{CONNECTED[0]}", SIBLING, "/"]),
            "Idempotency-Key": st.sampled_from(["k", "k" * 300]),
            "Authorization": st.sampled_from(
                ["Bearer rk_live_1", "Bearer sk_org_test_1", "Basic c2s6", "Basic !", "Digest x", "Bearer"]
            ),
        },
    )
    return (
        method.upper(),
        re.sub(r"{\w+}", id_, path),
        _form(draw(members(parameters))),
        _form(draw(members(schema.get("properties", {}), schema.get("required", ())))),
        draw(rarely(headers, st.just({}))),
    )


def _form(pairs):
    """``[a][b]`` as ``a[b]``."""
    return [(re.sub(r"^\[(.*?)\]", r"\1", name, flags=re.DOTALL), text) for name, text in pairs]


@given(request=requests())
@settings(deadline=None, max_examples=150)
def test_no_request_ends_in_a_server_error(request):
    """It is answered or refused, and the specification has either answer."""
    method, path, query, body, headers = request
    simulator = Simulator(latency=0)
    api = Api(simulator)
    run = api.create()
    file = api.get(f"/v1/reporting/report_runs/{run['id']}").json["result"]["id"]
    ids = {"report_runs": run["id"], "files": file, "report_types": "payouts.itemized.5"}
    ids["file_links"] = api.post({"file": file}, LINKS).json["id"]
    path = re.sub(r"(\w+)/known", lambda found: f"{found[1]}/{ids[found[1]]}", path)

    def encoded(pairs):
        return urlencode([(name, file if text == "<file>" else text) for name, text in pairs])

    sent = {"Content-Type": "application/x-www-form-urlencoded"} | api.headers | headers
    answer = checked(
        Client(simulator).open(
            path, method=method, query_string=encoded(query), data=encoded(body), headers=sent
        )
    )
    event(f"{method} {answer.status_code}")
    assert answer.status_code in (200, 400, 401, 403, 404), answer.text


@given(
    name=st.text(max_size=20) | st.from_regex(r"[a-z]+(\.[a-z_0-9]+)?(:\w+)?(@[0-9.]+)?", fullmatch=True),
    amount=st.sampled_from(["60", "-60", "1e400", "nan", "soon", ""]) | st.text(max_size=8),
    path=st.sampled_from(
        [
            "/simulator/clock",
            "/simulator/faults",
            "/simulator/restatements",
            "/simulator/",
            "/links/",
            "/links/é",
        ]
    ),
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT"]),
)
@settings(deadline=None, max_examples=100)
def test_no_request_to_the_simulator_itself_ends_in_a_server_error(name, amount, path, method):
    """Its own addresses validate as carefully as Stripe's."""
    sent = {"fault": name, "advance": amount, "to": name, "period": amount, "change": name}
    answer = Client(Simulator()).open(path, method=method, data=sent)
    assert answer.status_code in (200, 400, 401, 404), answer.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | JUNK | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(JUNK, inner, max_size=3),
    max_leaves=5,
)
TIMES = st.sampled_from(
    [
        *("2026-10-01T00:00:00Z", "2026-10-02T12:30:00.123456789+05:45", "1970-01-01T00:00:00Z"),
        *("0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59.9Z", "2026-10-01", "T"),
    ]
)


@st.composite
def bodies(draw):
    """What creates a run in v2, and now and then anything else in one of its places."""
    bounds = {name: draw(rarely(JSON, TIMES)) for name in ("interval_start", "interval_end")}
    others = st.sampled_from(["currency", "columns", "timezone", "payout", "tax_invoice_month", "customer"])
    parameters = bounds | draw(rarely(st.dictionaries(others, JSON, max_size=2), st.just({})))
    name = draw(st.sampled_from(["balance.summary", "payouts.itemized", "tax.transactions.itemized"]))
    right = {
        "format": "csv",
        "report": {"name": name},
        "parameters": parameters,
        "result_options": {"compress_file": True},
    }
    return {member: draw(rarely(JSON, st.just(value))) for member, value in right.items()}


@given(
    body=rarely(JSON, bodies()),
    query=st.dictionaries(
        st.sampled_from(["include[0]", "include", "limit", "page", "page[]", "name"]),
        st.sampled_from(["result.inline", "parameters", "3", "eyJmaXJzdCI6IC01fQ", "e30", "W10"]) | JUNK,
        max_size=3,
    ),
    search=JSON,
)
@settings(deadline=None, max_examples=100)
def test_no_request_to_v2_ends_in_a_server_error(body, query, search):
    """Whatever the JSON is, it is answered or refused, and so is its file."""
    simulator = Simulator(latency=0)
    headers = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-10-28.preview"}
    client = Client(simulator)
    answers = [client.post("/v2/data/report_runs", json=body, headers=headers)]
    for run in simulator.report_runs:
        path = f"/v2/data/report_runs/{run.id}"
        found = client.get(path, headers=headers).json
        answers.append(client.get(found["result"]["file"]["download_url"]["url"]))
        answers.append(client.get(path, query_string=query, headers=headers))
    answers.append(client.get("/v2/data/reports", query_string=query, headers=headers))
    searches = (search, {"query": search}, {"query": "payout", "limit": search, "catalogs": search})
    answers += [client.post("/v2/data/operations/search", json=sent, headers=headers) for sent in searches]
    for answer in answers:
        event(f"{answer.request.path[:20]} {answer.status_code}")
        assert answer.status_code in (200, 400, 403, 404), answer.text


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b"{} {}", b'{"format": NaN}', b'"csv"'])
def test_a_body_that_is_no_json_object_is_refused(body):
    """Also one that is nested too deeply to be read."""
    headers = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-10-28.preview"}
    assert Client(Simulator()).post("/v2/data/report_runs", data=body, headers=headers).status_code == 400
