"""For any answer, the client gives the right frame or a clear error, and writes nowhere else."""

import json
import random
import re
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from polars.testing import assert_frame_equal
from werkzeug.wrappers import Response

import stripe_reports as sr
from clocks import TestClock
from stripe_reports import errors
from stripe_reports.simulator import Fault, Simulator

ASKED = ("payouts.itemized.5", "2026-09")

NESTED = json.loads("[" * 300 + "]" * 300)
TOO_DEEP = "[" * 100_000

ODD = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1.5, float("inf"), float("nan"), [], {}, [[]], NESTED, {"a": NESTED}),
        *(10**10, 10**18, -(10**18), 253_402_300_799, 10**30, 10**400, -(10**400), 10**4000),
        *("", " ", "0", "١٢", "é", "\x00", "\x1b[2J", "\ud800", "\u202e", "x" * 5000, "NaN", "9" * 5000),
        *("../../escaped", "/var/escaped", "frr_../../escaped", "frr_a/b", "frr_\n"),
        *("CON", "..", "~", "*", "[a]"),
        *(
            "succeeded",
            "failed",
            "pending",
            "balance.summary.2",
            "file_../../escaped",
            "reporting.report_run",
        ),
        *("https://evil.example/", "http://127.0.0.1:9/", "file:///etc/passwd", "https://[", "https://[::1"),
        *("https://evil\\@files.stripe.com/", "https://files.stripe.com:99999999/", "//", "https://a..b/"),
        *("https://files.stripe.com:١٢/", "https://files.stripe.com:0/", "https://é.example/", "mailto:x"),
        {"$ref": "x"},
        {"id": "../../escaped", "object": "file", "url": "file:///etc/passwd", "created": 1, "size": 10**18},
    ]
)
HEADERS = {
    "Date": [
        "",
        "junk",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 01 Jan 0001 00:00:00 +1400",
        "Thu, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Thu, 05 Nov 2026 12:00:00 -0000",
    ],
    "Retry-After": ["", "-1", "9" * 400, "nan", "inf", "\xb2", "Fri, 31 Dec 9999 23:59:59 GMT", "1e400"],
    "Stripe-Should-Retry": ["", "true", "TRUE", "'false'", "perhaps", "1"],
    "Request-Id": ["", "req_1\x1b[2J", "req_\x9b", "r" * 5000, "req 1"],
    "Content-Length": ["", "-1", "1, 2", "junk", "9" * 30, "\xb2", "1"],
    "Content-Encoding": ["gzip", "deflate", "br", "zstd", "junk", ", ".join(["gzip"] * 20)],
    "Content-Type": ["", "text/html", "text/html; charset=junk", "application/json; charset=utf-16"],
    "Location": ["", "https://[", "http://a:99999999/", "//", "\xff", "https://files.stripe.com/"],
    "Transfer-Encoding": ["chunked", "junk"],
    "Set-Cookie": ["a=b; expires=junk", "=", "a" * 5000],
    "Cache-Control": ["max-age=junk", "max-age=-1", "no-store", "immutable, max-age=" + "9" * 400],
    "Expires": ["junk", "-1", "Fri, 31 Dec 9999 23:59:59 GMT"],
    "ETag": ["", '"'],
}
HEADER = st.sampled_from([(name, value) for name, values in HEADERS.items() for value in values])
STATUS = st.sampled_from([None, None, None, 204, 206, 301, 302, 304, 400, 401, 404, 409, 429, 500, 599])


class Raw(Response):
    """Sends its headers unchanged: werkzeug would correct some and refuse others."""

    def get_wsgi_headers(self, environ):
        return self.headers


class Liar:
    """The simulator, with changed members or headers in some answers."""

    def __init__(self, simulator, seed, odd, header, status, share):
        self.simulator, self.odd, self.header, self.status, self.share = simulator, odd, header, status, share
        self.rng = random.Random(seed)  # noqa: S311
        self.has_lied = False

    def __call__(self, environ, start_response):
        answer = Response.from_app(self.simulator, environ)
        if self.rng.random() < self.share:
            self.has_lied = True
            answer = self.lie(answer)
        return answer(environ, start_response)

    def lie(self, answer):
        if self.status is not None and self.rng.random() < 0.5:
            answer.status_code = self.status
        if answer.is_json and self.rng.random() < 0.7:
            content = answer.json
            if answer.status_code >= 400:
                error = {"type": "invalid_request_error", "code": "a", "message": "b", "param": "c"}
                content = {"error": error}
            answer.data = json.dumps(self.changed(content))
        else:
            answer = Raw(answer.get_data(), answer.status, answer.headers)
            answer.headers[self.header[0]] = self.header[1]
        return answer

    def changed(self, content):
        paths = list(_paths(content))
        path = self.rng.choice(paths)
        if not path:
            return self.odd
        *way, last = path
        inside = content
        for step in way:
            inside = inside[step]
        if self.rng.random() < 0.2 and isinstance(inside, dict):
            del inside[last]
        else:
            inside[last] = self.odd
        return content


def outcome_of(call):
    try:
        return call()
    except sr.StripeReportsError as error:
        return error


def _paths(content, path=()):
    yield path
    members = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content if isinstance(content, list) else ())
    )
    for name, inside in members:
        if not (isinstance(name, int) and name > 1):  # the first two of a list stand for all
            yield from _paths(inside, (*path, name))


@pytest.fixture(scope="module")
def expected():
    """The frame without any change."""
    with tempfile.TemporaryDirectory() as folder, sr.demo(cache_dir=folder) as client:
        return client.frame(*ASKED)


@contextmanager
def lied_to(seed, odd, header, status, share):
    """A client of a simulator that lies, the liar, and the folder in which the client may write."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder) / "a" / "b"
        folder.mkdir(parents=True)
        simulator = Simulator(1, latency=10.0)
        liar = Liar(simulator, seed, odd, header, status, share)
        client = sr.Client(
            simulator.key, application=liar, cache_dir=folder / "cache", clock=TestClock(simulator.clock)
        )
        with client:
            yield client, liar, folder
        assert [path.name for path in folder.parent.parent.rglob("*escaped*")] == []
        assert [path.name for path in folder.iterdir()] in ([], ["cache"])
        assert [path.name for path in folder.parent.iterdir()] == ["b"]
        assert not Path("/var/escaped").exists()


LIES = {
    "seed": st.integers(0, 10**6),
    "odd": ODD,
    "header": HEADER,
    "status": STATUS,
    "share": st.sampled_from([0.2, 0.5, 1.0]),
}


@given(**LIES)
@settings(max_examples=150)
def test_a_hostile_answer_gives_the_right_frame_or_a_clear_error(expected, **lies):
    """Ids become file names, addresses are called, sizes are trusted: never unchecked. The fault ends."""
    with lied_to(**lies) as (client, liar, folder):
        outcome = outcome_of(lambda: client.frame(*ASKED, timeout=60))
        if isinstance(outcome, sr.StripeReportsError):
            assert liar.has_lied, outcome
            assert liar.simulator.key not in str(outcome)
            assert not list((folder / "cache").rglob("*.parquet"))
        else:
            assert_frame_equal(outcome, expected)

        liar.share = 0
        liar.simulator.clock.advance(4000)  # what an answer said of the time or of a type is asked for again
        assert_frame_equal(client.frame(*ASKED), expected)


CALLS = {
    "report_types": lambda client, run: client.report_types(),
    "report_type": lambda client, run: client.report_type("payouts.itemized.5"),
    "request": lambda client, run: client.request("payouts.itemized", "last month"),
    "plan": lambda client, run: client.plan(*ASKED),
    "launch": lambda client, run: client.launch(client.request(*ASKED)),
    "runs": lambda client, run: client.runs(),
    "retrieve": lambda client, run: client.retrieve(run.id),
    "wait": lambda client, run: client.wait(run.id, timeout=60),
    "report": lambda client, run: client.report(run.id),
    "cache": lambda client, run: client.cache.info(),
    "stored": lambda client, run: client.stored(),
}


@pytest.mark.parametrize("name", CALLS)
@given(**LIES)
@settings(max_examples=30)
def test_every_call_returns_a_value_or_a_clear_error(name, **lies):
    """And the returned value can be displayed."""
    share = lies.pop("share")
    with lied_to(share=0, **lies) as (client, liar, _):
        run = client.launch(client.request(*ASKED))
        liar.simulator.clock.advance(100)
        liar.share = share
        outcome = outcome_of(lambda: CALLS[name](client, run))
        assert liar.has_lied or not isinstance(outcome, sr.StripeReportsError), outcome
        assert liar.simulator.key not in str(outcome)
        for each in outcome if isinstance(outcome, list) else [outcome]:
            getattr(each, "_repr_html_", lambda: None)()


# What was found odd, one by one

RUN = "GET /v1/reporting/report_runs/*"
TYPE = "GET /v1/reporting/report_types/*"
FILE = "GET /v1/files/*"


def changed(path, value):
    """An answer in which one member is another."""

    def change(_request, answer):
        response = answer()
        content = inside = response.json
        *way, last = path.split(".")
        for step in way:
            inside = inside[step]
        inside[last] = value
        response.data = json.dumps(content)
        return response

    return change


def with_headers(headers):
    """An answer with other headers."""

    def change(_request, answer):
        response = answer()
        response = Raw(response.get_data(), response.status, response.headers)
        response.headers.update(headers)
        return response

    return change


def the_error(client, simulator, fault):
    """The error of a fetch if the answers for a finished run are changed."""
    run = client.launch(client.request(*ASKED))
    simulator.clock.advance(100)
    fault.times = 99
    simulator.faults.append(fault)
    with pytest.raises(sr.StripeReportsError) as caught:
        client.report(run.id)
    assert "onnection" not in str(caught.value), "the connection is all right"
    simulator.faults.clear()
    assert client.report(run.id).frame().height > 0
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "https://[",
        "https://[::1",
        "https://files.stripe.com:99999999/x",
        "https://files.stripe.com:\u0661\u0662/x",
        "https://files.stripe.com:/\ud800",
        "https://a..b/x",
        f"https://{'a' * 64}.example/x",
        "//[",
        "mailto:x",
    ],
)
@pytest.mark.parametrize("place", ["result.url", "Location"])
def test_an_invalid_address_is_named_and_not_called(client, simulator, place, url):
    """The answer is wrong, not the connection."""
    if place == "Location":
        location = url.encode("utf-8", "surrogatepass").decode("latin-1")
        fault = Fault(FILE, change=lambda *_: Raw(status=302, headers={"Location": location}))
    else:
        fault = Fault(RUN, change=changed(place, url))
    error = the_error(client, simulator, fault)
    assert isinstance(error, errors.ResultUnavailableError)
    assert "no address that can be read" in str(error)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("result.size", 10**4000, "not a possible file size"),
        ("result.size", -1, "not a possible file size: -1 bytes"),
        ("result.size", "many", "must be int; got 'many'"),
        ("result.size", float("nan"), "must be int; got nan"),
        ("result.created", 10**18, "must be a time in Unix seconds"),
        ("result.links", NESTED, "must be Mapping"),
        ("created", float("inf"), "time in Unix seconds; got inf"),
        ("created", True, "time in Unix seconds; got True"),
        ("created", 253_402_300_799, "must be a time in Unix seconds"),
        ("created", NESTED, "TypeError"),
        ("livemode", "false", "must be bool; got 'false'"),
        ("status", NESTED, "must be str"),
        ("id", NESTED, "TypeError"),
        ("parameters", [], r"must be dict; got \[\]"),
        ("report_type", 5, "must be str; got 5"),
    ],
)
def test_an_impossible_member_of_a_run_is_named(client, simulator, path, value, says):
    """If it were used, it would cause a raw error or a wrong figure."""
    error = the_error(client, simulator, Fault(RUN, change=changed(path, value)))
    assert isinstance(error, errors.UnexpectedAnswerError)
    assert re.search(says, str(error)), error


@pytest.mark.parametrize("value", [10**18, 253_402_300_799, -1, float("nan"), True, "soon", NESTED])
def test_an_impossible_end_of_the_data_is_named(client, simulator, value):
    """Periods are truncated there, and days are added to it."""
    simulator.faults.append(Fault(TYPE, change=changed("data_available_end", value), times=99))
    with pytest.raises(errors.UnexpectedAnswerError, match="does not answer like Stripe's Reporting API"):
        client.frame("payouts.itemized.5", "this year")
    simulator.faults.clear()
    assert client.frame("payouts.itemized.5", "this year").height > 0


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    "body", [TOO_DEEP, "[" * 900 + "]" * 900, '{"a":' * 990 + "1" + "}" * 990, "1" * 5000]
)
def test_json_that_is_too_deep_or_too_long_is_an_error(client, simulator, status, body):
    """Python fails on it in unusual ways."""
    error = the_error(client, simulator, Fault(RUN, status=status, body=body))
    assert isinstance(error, errors.UnexpectedAnswerError | errors.ServerError)
    error = the_error(client, simulator, Fault(FILE, status=403, body=body))
    assert isinstance(error, errors.UnexpectedAnswerError)


@pytest.mark.parametrize("odd", [5, ["a"], {"a": [[[1]]]}, True, float("nan"), 10**4000])
@pytest.mark.parametrize("member", ["message", "param", "code", "type", "doc_url", "request_log_url"])
@pytest.mark.parametrize("match", [RUN, FILE])
def test_members_of_an_error_that_are_not_text_are_left_out(client, simulator, match, member, odd):
    """All attributes of the error are texts."""
    described = {"type": "invalid_request_error", "message": "No.", "param": "a", "code": "b"}
    error = the_error(client, simulator, Fault(match, status=400, body={"error": described | {member: odd}}))
    assert isinstance(error, errors.InvalidRequestError)
    for held in (error.code, error.param, error.stripe_message):
        assert held is None or isinstance(held, str)


@pytest.mark.parametrize("match", [RUN, FILE])
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": ", ".join(["gzip"] * 20)},
        {"Content-Length": "1, 2"},
    ],
    ids=str,
)
def test_headers_that_contradict_the_answer_are_named(client, simulator, match, headers):
    """The answer is wrong, not the connection."""
    error = the_error(client, simulator, Fault(match, change=with_headers(headers)))
    assert isinstance(error, errors.UnexpectedAnswerError | errors.DamagedFileError)
    assert "cannot be read" in str(error)


@pytest.mark.parametrize("date", [date for date in HEADERS["Date"] if "0001" not in date])
def test_an_impossible_date_is_not_taken_for_stripes_time(client, simulator, expected, date):
    """Days are added to it, and the age of data is calculated from it."""
    simulator.faults.append(Fault("*", change=with_headers({"Date": date}), times=999))
    report = client.fetch(*ASKED, reuse=timedelta(days=2))
    assert_frame_equal(report.frame(), expected)
    assert abs(report.provenance.fetched_at - simulator.clock.now()) < timedelta(days=1)


@pytest.mark.parametrize("request_id", HEADERS["Request-Id"])
def test_an_invalid_request_id_is_left_out(client, simulator, request_id):
    """It would be printed in the terminal."""
    fault = Fault(RUN, status=400, body={"error": {"message": "No."}}, headers={"Request-Id": request_id})
    fault.change = with_headers({"Request-Id": request_id})
    simulator.faults.append(fault)
    with pytest.raises(errors.NotFoundError) as caught:
        client.retrieve("frr_1")
    assert caught.value.request_id is None
    assert "Request " not in str(caught.value)
