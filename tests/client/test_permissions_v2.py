"""Restricted keys in Reports v2: what each endpoint needs, and what the user is told without it."""

import pytest

import stripe_reports as sr
from clocks import TestClock
from stripe_reports import errors
from stripe_reports.simulator import Fault

pytestmark = pytest.mark.filterwarnings("ignore::stripe_reports.PreviewWarning")

KEY = "rk_test_restricted"
READ = "data_reports_read"
SEARCH = "POST /v2/data/operations/search"
OF_V1 = ["report_runs_and_report_types_read", "file_read"]


@pytest.fixture
def client(simulator, tmp_path):
    """A client whose restricted key has the one permission that reports need."""
    simulator.restrict(KEY, [READ])
    with sr.Client(
        KEY, api="v2", cache_dir=tmp_path, application=simulator, clock=TestClock(simulator.clock)
    ) as client:
        yield client


def later(client):
    """The client after a minute, in which a list of reports is answered from the cache."""
    client._sleep(61)
    return client


@pytest.mark.parametrize("left", [pytest.param([], id="none"), pytest.param(OF_V1, id="those of v1")])
@pytest.mark.parametrize(
    ("endpoint", "ask"),
    [
        ("GET /v2/data/reports", lambda client, request, run: later(client).report_types()),
        ("GET /v2/data/reports", lambda client, request, run: client.report_type("payouts.summary")),
        ("POST /v2/data/report_runs", lambda client, request, run: client.launch(request)),
        ("GET /v2/data/report_runs/", lambda client, request, run: client.retrieve(run.id)),
        ("GET /v2/data/report_runs/", lambda client, request, run: client.wait(run)),
    ],
)
def test_a_missing_permission_is_named_by_each_endpoint(client, simulator, calls, endpoint, ask, left):
    """Stripe's words have its name; the advice says where it is in the Dashboard."""
    request = client.request("balance.summary", "2026-09")
    run = client.launch(request)
    simulator.restrict(KEY, left)
    calls()
    with pytest.raises(errors.PermissionDeniedError, match=f"'rak_{READ}' permission") as caught:
        ask(client, request, run)
    assert "A restricted key needs 'Reports', read, under 'Data'" in str(caught.value)
    assert caught.value.status_code == 403
    assert calls()[-1].startswith(endpoint)


def test_without_the_search_the_columns_are_those_of_the_catalogue(client, simulator):
    """It only tells more of them, so its refusal is no reason to fail."""
    body = {"error": {"code": "feature_not_enabled", "message": "No."}}
    simulator.faults.append(Fault(SEARCH, status=403, body=body, times=9))
    assert client.report_type("balance.summary").column("net_amount").kind == "money"
    assert client.fetch("balance.summary", "2026-09").frame().height


def test_a_file_needs_no_permission_until_its_address_expires(client, simulator):
    """The address alone gives it; a new one comes with the run, which needs the permission."""
    runs = [
        client.wait(client.launch(client.request("balance.summary", month)))
        for month in ("2026-08", "2026-09")
    ]
    simulator.restrict(KEY, [])
    assert client.read(runs[0]).height
    simulator.clock.advance(3600)
    with pytest.raises(errors.PermissionDeniedError, match=f"'rak_{READ}' permission"):
        client.read(runs[1])
