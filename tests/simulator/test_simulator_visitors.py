"""A page in a browser cannot control a simulator on the same machine; programs can."""

import http.client
import json
import socket
from contextlib import closing

import pytest
from werkzeug.test import Client

from stripe_reports.simulator import Simulator, serve
from stripe_reports.simulator.visitors import OwnVisitors

CONTROLS = [
    ("GET", "/simulator/keys"),
    ("GET", "/simulator/clock"),
    ("POST", "/simulator/clock"),
    ("GET", "/simulator/faults"),
    ("POST", "/simulator/faults"),
    ("DELETE", "/simulator/faults"),
    ("POST", "/simulator/bounds"),
    ("POST", "/simulator/restatements"),
    ("POST", "//simulator/clock"),
    ("POST", "/%73imulator/clock"),
]


@pytest.fixture
def ask(simulator, url):
    """Sends a request over a real socket, with exactly these headers, and gives status and body."""
    port = int(url.rpartition(":")[2])

    def ask(method, path, headers, body="advance=60&fault=answer.500&period=2026-09"):
        with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            connection.putrequest(method, path, skip_host=True)
            sent = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
            for name, value in (sent | headers).items():
                connection.putheader(name, value.format(port=port))
            connection.endheaders(body.encode())
            response = connection.getresponse()
            return response.status, response.read().decode()

    return ask


@pytest.mark.parametrize(("method", "path"), CONTROLS)
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Host": "evil.example:{port}"}, id="a name that was rebound"),
        pytest.param({"Host": "127.0.0.1.evil.example:{port}"}, id="a name that looks like ours"),
        pytest.param({"Host": "evil.example"}, id="without a port"),
        pytest.param({"Host": "user@evil.example"}, id="with a user"),
        pytest.param({"Host": "203.0.113.5:{port}"}, id="an address of another machine"),
        pytest.param({"Host": "["}, id="no host at all"),
        pytest.param({"Host": ""}, id="an empty one"),
        pytest.param({"Host": "127.0.0.1:{port}", "Origin": "https://evil.example"}, id="a foreign page"),
        pytest.param({"Host": "127.0.0.1:{port}", "Origin": "http://127.0.0.1:3000"}, id="another port"),
        pytest.param({"Host": "127.0.0.1:{port}", "Origin": "https://127.0.0.1:{port}"}, id="another scheme"),
        pytest.param({"Host": "127.0.0.1:{port}", "Origin": "http://localhost:{port}"}, id="another name"),
        pytest.param({"Host": "127.0.0.1:{port}", "Origin": "null"}, id="a sandboxed page"),
        pytest.param({"Host": "127.0.0.1:{port}", "Origin": ""}, id="an empty origin"),
    ],
)
def test_a_foreign_host_or_origin_is_refused(method, path, headers, ask, simulator):
    """403, with a reason; and nothing has changed."""
    before = simulator.clock.now()
    status, body = ask(method, path, headers)
    assert status == 403
    assert "The request " in json.loads(body)["error"]["message"]
    assert simulator.clock.now() == before
    assert simulator.faults == []
    assert simulator.requests == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "127.0.0.1:{port}"},
        {"Host": "localhost:{port}"},
        {"Host": "LOCALHOST:{port}"},
        {"Host": "[::1]:{port}"},
        {"Host": "127.0.0.2:{port}"},
        {"Host": "localhost:8080"},
        {"Host": "localhost:{port}", "Origin": "http://localhost:{port}"},
    ],
    ids=str,
)
def test_programs_and_its_own_pages_are_served(headers, ask, simulator):
    """Under any name of loopback, and through a tunnel from another port."""
    before = simulator.clock.now()
    assert ask("POST", "/simulator/clock", headers)[0] == 200
    assert (simulator.clock.now() - before).total_seconds() == 60


def test_stripes_api_is_served_under_any_name(ask):
    """It requires a key, and a container may call it by another name."""
    foreign = {"Host": "stripe:12111", "Origin": "https://app.example"}
    assert ask("GET", "/", foreign)[0] == 200
    assert ask("GET", "/v1/reporting/report_types", foreign)[0] == 401


def test_the_name_that_it_was_started_with_is_allowed(simulator):
    """So a container can call it by name; listening everywhere, by any address and its own name."""

    def status(host, started, address):
        return (
            Client(OwnVisitors(simulator, started, address))
            .get("/simulator/clock", headers={"Host": host})
            .status
        )

    assert status("stripe:12111", "stripe", "172.17.0.2") == "200 OK"
    assert status("172.17.0.2:12111", "stripe", "172.17.0.2") == "200 OK"
    assert status("172.17.0.3:12111", "stripe", "172.17.0.2") == "403 FORBIDDEN"
    assert status("172.17.0.2:12111", "0.0.0.0", "0.0.0.0") == "200 OK"
    assert status(f"{socket.gethostname()}:12111", "0.0.0.0", "0.0.0.0") == "200 OK"
    assert status("stripe:12111", "0.0.0.0", "0.0.0.0") == "403 FORBIDDEN"
    assert status("evil.example", "::", "::") == "403 FORBIDDEN"


def test_in_process_nothing_is_refused(simulator):
    """No browser can reach it there, and clients call it api.stripe.com."""
    answer = Client(simulator).post(
        "/simulator/clock", data={"advance": 1}, base_url="https://api.stripe.com", headers={"Origin": "null"}
    )
    assert answer.status_code == 200


def test_a_name_of_a_loopback_address_is_allowed():
    """serve() accepts names too."""
    with serve(Simulator(), "localhost") as url, closing(_connection(url)) as connection:
        connection.request("GET", "/simulator/clock")
        assert connection.getresponse().status == 200


def _connection(url):
    host, _, port = url.removeprefix("http://").rpartition(":")
    return http.client.HTTPConnection(host.strip("[]"), int(port))
