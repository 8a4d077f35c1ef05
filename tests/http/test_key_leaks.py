"""No error shows the API key: not in its texts, and not in the variables of the frames that it came through.

``%xmode Verbose``, ``pytest -l``, rich and Sentry show the variables of every frame of a traceback. So each
error that a constructor or a call can raise is searched with all its causes, in process and over sockets.
"""

import base64
import gzip
import json
import socket
import threading
import types
from contextlib import ExitStack
from fnmatch import fnmatch

import pytest
from werkzeug.wrappers import Request, Response

import stripe_reports as sr
from clocks import TestClock
from stripe_reports.http import body, json_calls
from stripe_reports.http.settings import Secret
from stripe_reports.simulator import serve
from stripe_reports.simulator.faults.changes import ConnectionDroppedError

SECRET = "4eC39HqLyjWDarjtT1zdp7dc"
KEY = f"sk_test_{SECRET}"
ORGANISATION = f"sk_org_test_{SECRET}"
BASIC = base64.b64encode(f"{KEY}:".encode()).decode()
NEEDLES = (SECRET, BASIC[4:40])

OCTOBER = sr.ReportRequest(
    "balance.summary.2", interval_start="2026-10-01T00:00:00Z", interval_end="2026-11-01T00:00:00Z"
)
NOT_SEARCHED = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    Secret,
    threading.Thread,
)
DEPTH = 6


def leaks(error):
    """The places where the key is, in an error and all its causes."""
    found, todo, seen = [], [error], set()
    while todo:
        error = todo.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        todo += [error.__cause__, error.__context__, *(a for a in error.args if isinstance(a, BaseException))]
        found += _places(f"{type(error).__name__}", [str(error), repr(error), error.args, vars(error)])
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename != __file__:
                found += _places(f"{code.co_filename}:{code.co_name}", dict(trace.tb_frame.f_locals))
            trace = trace.tb_next
    return found


def _places(where, value, depth=DEPTH, seen=None):
    """Where the key is in a value, its members and attributes, and theirs."""
    seen = set() if seen is None else seen
    if id(value) in seen or isinstance(value, NOT_SEARCHED):
        return []
    seen.add(id(value))
    shown = value if isinstance(value, str) else _repr(value)
    found = [where] if any(needle in shown for needle in NEEDLES) else []
    if depth == 0 or isinstance(value, str | bytes | int | float | None):
        return found
    if isinstance(value, dict):
        members = {f"[{name!r:.20}]": inside for name, inside in value.items()}
    elif isinstance(value, list | tuple | set | frozenset):
        members = {f"[{number}]": inside for number, inside in enumerate(value)}
    else:
        slots = [name for class_ in type(value).__mro__ for name in getattr(class_, "__slots__", ())]
        attributes = getattr(value, "__dict__", {}) | {n: getattr(value, n, None) for n in slots}
        members = {f".{name}": inside for name, inside in attributes.items()}
    for name, inside in members.items():
        found += _places(where + name, inside, depth - 1, seen)
    return found


def _repr(value):
    try:
        return repr(value)
    except Exception:  # of an object that is half made
        return ""


def on_disk(folder):
    return [path for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


class Holder:
    """An object with the key in an attribute of an attribute."""

    def __init__(self, inside):
        self.inside = inside

    def __repr__(self):
        return "Holder(...)"


@pytest.mark.parametrize(
    "value",
    [KEY, KEY.encode(), [KEY], {KEY: 1}, {"a": [{"b": KEY}]}, Holder(Holder([KEY])), f"Basic {BASIC}"],
    ids=repr,
)
def test_the_search_finds_a_key_in_a_variable(value):
    """Otherwise the tests below would prove nothing."""
    frame = {}
    exec(compile("def fail(value):\n    raise ValueError\n", "elsewhere.py", "exec"), frame)  # noqa: S102
    with pytest.raises(ValueError) as caught:
        frame["fail"](value)
    assert leaks(caught.value)


class TestConstructors:
    @pytest.mark.parametrize(
        "options",
        [
            {"account": "not an account"},
            {"account": KEY},
            {"timezone": "Mars/Olympus"},
            {"timezone": KEY},
            {"base_url": "http://stripe.example"},
            {"base_url": "ftp://stripe.example"},
            {"base_url": f"https://{KEY}@stripe.example"},
            {"base_url": f"https://{KEY}:@stripe.example"},
            {"base_url": f"https://user:{KEY}@stripe.example"},
            {"base_url": f"ftp://{KEY}@stripe.example"},
            {"base_url": f"https://stripe.example/{KEY}"},
            {"base_url": f"https://stripe.example/?key={KEY}"},
            {"base_url": KEY},
            {"files_url": "http://files.example"},
            {"files_url": f"https://{KEY}@files.example"},
            {"cache_dir": 5},
            {"trusted_hosts": 5},
            {"trusted_hosts": [[]]},
        ],
        ids=repr,
    )
    @pytest.mark.parametrize("given", ["argument", "environment"])
    def test_no_frame_has_the_key_of_a_client_that_cannot_be_created(self, options, given, monkeypatch):
        """The key is hidden before anything else is checked."""
        if given == "environment":
            monkeypatch.setenv("STRIPE_API_KEY", KEY)
        else:
            options = {"api_key": KEY} | options
        with pytest.raises(Exception) as caught:
            sr.Client(**options)
        assert leaks(caught.value) == []

    @pytest.mark.parametrize(
        "key",
        [
            f"pk_live_{SECRET}",
            f"whsec_{SECRET}",
            f"Bearer {KEY}",
            f"{KEY} {KEY}",
            f"{KEY}é",
            f"\x1b[31m{KEY}",
            SECRET,
            KEY.encode(),
            [KEY],
        ],
        ids=repr,
    )
    def test_no_frame_has_a_key_that_is_refused(self, key):
        """A mistyped key is still most of a key."""
        with pytest.raises(sr.errors.ApiKeyError) as caught:
            sr.Client(key)
        assert leaks(caught.value) == []

    @pytest.mark.parametrize("account", [None, "acct_1/", f"acct_1/{ORGANISATION}"], ids=repr)
    def test_no_frame_has_an_organisations_key_without_account(self, account):
        """It is the first mistake of everyone with such a key."""
        with pytest.raises(sr.errors.ParameterError) as caught:
            sr.Client(ORGANISATION, account=account)
        assert leaks(caught.value) == []

    def test_a_live_key_for_another_host_is_not_shown(self):
        """The address is the problem, and is named."""
        with pytest.raises(sr.errors.ApiKeyError, match=r"gateway\.example") as caught:
            sr.Client(f"sk_live_{SECRET}", base_url="https://gateway.example")
        assert leaks(caught.value) == []

    @pytest.mark.parametrize("part", ["margaret", "margaret:sesame", ":sesame"])
    def test_no_message_shows_the_user_name_in_an_address(self, part):
        """It is often a key of another kind."""
        with pytest.raises(sr.errors.ApiKeyError) as caught:
            sr.Client(KEY, base_url=f"ftp://{part}@stripe.example")
        assert part not in str(caught.value)


def said(status=400, **members):
    """An error of Stripe's that repeats the key."""
    error = {"type": "invalid_request_error", "message": "No.", "code": "no", "param": "x"} | members
    return lambda: Response(json.dumps({"error": error}), status, content_type="application/json")


def with_headers(status, body="{}", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: Response(body, status, headers=named, content_type="application/json")


def dropped():
    raise ConnectionDroppedError("The line broke.")


def cut():
    response = Response(f'{{"error": "{KEY}', 200, content_type="application/json")
    response.automatically_set_content_length = False
    response.headers["Content-Length"] = "5000"
    return response


ECHOES = {
    "message": said(message=f"No such key: {KEY}"),
    "message and 401": said(401, message=f"Invalid API Key: {KEY}"),
    "message and 403": said(403, message=f"The key {KEY} lacks a permission"),
    "message and 404": said(404, message=f"Not for {KEY}"),
    "message and 429": said(429, message=f"Too many calls by {KEY}", code="rate_limit"),
    "message and 500": said(500, message=f"Oops, {KEY}"),
    "param": said(param=KEY),
    "param that is no text": said(param={"a": [KEY]}),
    "code": said(code=KEY),
    "type": said(type=KEY),
    "message that is no text": said(message={"a": KEY}),
    "percent escapes": said(message=KEY.replace("_", "%5F")),
    "JSON escapes": lambda: Response(
        json.dumps({"error": {"message": KEY}}).replace("_", r"\u005f"), 400, content_type="application/json"
    ),
    "basic authorization": said(message=f"Basic {BASIC}"),
    "request id": with_headers(400, Request_Id=KEY),
    "any header": with_headers(200, X_Seen=f"Bearer {KEY}", Retry_After=KEY, Date=KEY),
    "name of a header": lambda: Response("{}", 400, headers={KEY: "1"}, content_type="application/json"),
    "cookie": with_headers(400, Set_Cookie=f"key={KEY}; Path=/"),
    "redirect": with_headers(302, Location=f"https://{KEY}@evil.example/"),
    "status line": lambda: Response("{}", f"403 Not for {KEY}", content_type="application/json"),
    "page": lambda: Response(f"<h1>{KEY}</h1>", 200, content_type="text/html"),
    "page and 502": lambda: Response(f"<h1>{KEY}</h1>", 502, content_type="text/html"),
    "packed page": lambda: Response(
        gzip.compress(f"<h1>{KEY}</h1>".encode()), headers={"Content-Encoding": "gzip"}
    ),
    "not UTF-8": lambda: Response(b"\xff" + KEY.encode(), 400),
    "list": lambda: Response(json.dumps([KEY]), content_type="application/json"),
    "text": lambda: Response(json.dumps(KEY), content_type="application/json"),
    "member of an odd answer": with_headers(200, json.dumps({"data": KEY, "id": KEY, "object": KEY})),
    "beyond what a message shows": with_headers(200, json.dumps({"a": "x" * 180, "b": KEY})),
    "cut": cut,
    "nothing": dropped,
}


def refuse_tls(listening):
    connection, _ = listening.accept()
    with connection:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


CALLS = {
    "retrieve": lambda client: client.retrieve("frr_1"),
    "runs": lambda client: client.runs(),
    "report_types": lambda client: client.report_types(),
    "launch": lambda client: client.launch(OCTOBER),
    "fetch": lambda client: client.fetch(OCTOBER),
}


@pytest.fixture(params=["in process", "over a socket"])
def through_gateway(request, simulator, tmp_path):
    """Makes clients of a simulator behind a gateway that answers some calls itself."""

    def through_gateway(answer, path="/v1/reporting/*"):
        def gateway(environ, start_response):
            if not fnmatch(environ["PATH_INFO"], path):
                return simulator(environ, start_response)
            assert Request(environ).headers["Authorization"] == f"Bearer {KEY}"
            return answer()(environ, start_response)

        gateway.clock = simulator.clock
        if request.param == "in process":
            where = {"application": gateway}
        else:
            where = {"base_url": opened.enter_context(serve(gateway))}
        clock = TestClock(simulator.clock)
        return opened.enter_context(sr.Client(KEY, cache_dir=tmp_path / "cache", clock=clock, **where))

    with ExitStack() as opened:
        yield through_gateway


class TestCalls:
    @pytest.mark.parametrize("call", ["retrieve", "launch"])
    @pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
    def test_an_error_does_not_show_a_key_that_was_repeated(
        self, through_gateway, echo, call, tmp_path, caplog
    ):
        """A gateway that describes the request it refused repeats its headers."""
        caplog.set_level("DEBUG")
        with pytest.raises(sr.StripeReportsError) as caught:
            CALLS[call](through_gateway(echo))
        assert leaks(caught.value) == []
        assert SECRET not in caplog.text
        assert on_disk(tmp_path) == []

    @pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
    @pytest.mark.parametrize("is_long", [False, True], ids=["short", "long"])
    def test_a_download_does_not_show_or_store_a_key_that_was_repeated(
        self, through_gateway, echo, is_long, tmp_path, caplog
    ):
        """An answer with the key instead of a file is refused before it is read as a table."""
        caplog.set_level("DEBUG")

        def answer():
            response = echo()
            if is_long and response.status_code == 200 and not response.headers.get("Content-Encoding"):
                response.data = b"x" * (body.BLOCK - 20) + response.data + b"x" * body.BLOCK
            return response

        with pytest.raises(sr.StripeReportsError) as caught:
            through_gateway(answer, "/v1/files/*").fetch(OCTOBER)
        assert leaks(caught.value) == []
        assert SECRET not in caplog.text
        assert on_disk(tmp_path) == []

    @pytest.mark.parametrize("written", [ORGANISATION, ORGANISATION.replace("_", "%5F")], ids=repr)
    @pytest.mark.parametrize("call", CALLS)
    def test_an_organisations_key_that_was_repeated_is_not_shown(
        self, simulator, written, call, tmp_path, caplog
    ):
        """Stripe repeats the key, masked, when it has no access to an account."""
        caplog.set_level("DEBUG")
        refusal = said(403, message=f"{written} does not reach acct_1", code="account_invalid")
        client = sr.Client(
            ORGANISATION,
            account="acct_1",
            application=lambda environ, start_response: refusal()(environ, start_response),
            cache_dir=tmp_path,
            clock=TestClock(simulator.clock),
        )
        with client, pytest.raises(sr.errors.PermissionDeniedError, match=r"\(API key\)") as caught:
            CALLS[call](client)
        assert leaks(caught.value) == []
        assert SECRET not in caplog.text + repr(client) + client._repr_html_()
        assert on_disk(tmp_path) == []

    @pytest.mark.parametrize("status", ["succeeded", "failed"])
    def test_no_model_and_no_file_has_a_key_that_a_run_repeats(
        self, through_gateway, simulator, status, tmp_path
    ):
        """Answers are cached, and runs are stored with their results: the key must not get there."""
        run = {
            "id": "frr_1",
            "object": "reporting.report_run",
            "created": 1793880000,
            "livemode": False,
            "report_type": "balance.summary.2",
            "parameters": {"note": KEY, KEY: "x", "basic": BASIC},
            "status": status,
            "error": f"Refused for {KEY}",
            "result": None,
        }
        client = through_gateway(with_headers(200, json.dumps(run), X_Key=KEY), "*/frr_1")
        seen = [client.retrieve("frr_1"), client.retrieve("frr_1")]
        assert _places("runs", seen) == []
        assert "(API key)" in seen[1].error
        with pytest.raises(sr.StripeReportsError) as caught:
            client.report("frr_1")
        assert leaks(caught.value) == []
        assert on_disk(tmp_path) == []
        assert list((tmp_path / "cache").rglob("*.sqlite"))

    @pytest.mark.parametrize(
        "error", [KeyboardInterrupt(), RuntimeError(f"Oops, {KEY}"), OSError(5, KEY)], ids=repr
    )
    @pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
    def test_an_interrupt_below_our_code_does_not_show_the_signed_request(
        self, simulator, tmp_path, error, call
    ):
        """It comes while a request is being sent; the frames in its traceback have the headers."""

        def broken(environ, _start_response):
            assert KEY in environ["HTTP_AUTHORIZATION"]
            raise error

        client = sr.Client(KEY, application=broken, cache_dir=tmp_path, clock=TestClock(simulator.clock))
        with client, pytest.raises((type(error), sr.errors.NetworkError)) as caught:
            call(client)
        assert leaks(caught.value) == []

    @pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
    @pytest.mark.parametrize("case", ["nobody listens", "no TLS there", "no answer in time"])
    def test_a_network_error_does_not_show_the_signed_request(
        self, simulator, tmp_path, case, call, monkeypatch
    ):
        """Frames of http.client and urllib3 have it, and so do the errors that caused ours."""
        monkeypatch.setattr(json_calls, "READ_TIMEOUT", 0.02)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            base_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            if case == "nobody listens":
                silent.close()
            elif case == "no TLS there":
                base_url = base_url.replace("http:", "https:")
                threading.Thread(target=refuse_tls, args=(silent,), daemon=True).start()
            client = sr.Client(KEY, base_url=base_url, cache_dir=tmp_path, clock=TestClock(simulator.clock))
            with client, pytest.raises(sr.errors.NetworkError) as caught:
                call(client)
        assert leaks(caught.value) == []
