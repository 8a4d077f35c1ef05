"""The simulator as an application: its report types, answers, addresses, faults, and server."""

import html
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from unittest.mock import Mock

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from simulator_api import (
    BOTH_PROFILES,
    OCTOBER,
    RUNS,
    TYPES,
    Api,
    error,
    form,
)
from stripe_reports import catalog
from stripe_reports.simulator import FAULTS, Clock, Fault, RealClock, Simulator, serve
from stripe_reports.simulator.reports.reports import simulated

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
        assert session.get(url, timeout=60).status_code == 200
        port = int(url.rpartition(":")[2])
    with serve(Simulator(clock=RealClock()), port=port) as again:
        assert again == url
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=60)


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
        assert requests.get(url, timeout=60).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=120) == ("", "")
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
