"""Periods that are not over yet, with either of the two rules that Stripe's pages give for their end."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given

import stripe_reports as sr
from any_request import requests
from clocks import TestClock, utc
from simulator_api import Api, error, form
from stripe_reports import cli
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import InvalidRequestError
from stripe_reports.models import ReportRequest
from stripe_reports.planning import data_end
from stripe_reports.simulator import Fault, Simulator

SECOND = timedelta(seconds=1)
RUNS = "POST /v1/reporting/report_runs"
SUMMARY, PAYOUTS, BALANCE_AT = (
    "balance.summary.2",
    "payouts.itemized.5",
    "ending_balance_reconciliation.summary.1",
)


@pytest.fixture
def data_ends(client):
    """The end of the data of all types of these tests."""
    ends = {client.report_type(type_).data_available_end for type_ in (SUMMARY, PAYOUTS, BALANCE_AT)}
    assert len(ends) == 1
    return ends.pop()


@pytest.fixture
def strict(simulator):
    """Stripe as in its reference."""
    simulator.strict_bounds = True


# The simulator


@pytest.mark.parametrize(
    ("moved", "is_strict", "param"),
    [
        ({}, False, None),
        ({}, True, "parameters.interval_start"),
        ({"interval_start": 1}, True, "parameters.interval_end"),
        ({"interval_end": -1}, True, "parameters.interval_start"),
        ({"interval_start": 1, "interval_end": -1}, True, None),
    ],
)
def test_strict_bounds_are_a_second_within_the_data(simulator, moved, is_strict, param):
    """The reference says so; the guide includes both bounds."""
    simulator.strict_bounds = is_strict
    api = Api(simulator)
    type_ = api.get("/v1/reporting/report_types/balance.summary.1").json
    bounds = {
        name: type_[f"data_available_{name.removeprefix('interval_')}"] + moved.get(name, 0)
        for name in ("interval_start", "interval_end")
    }
    answer = api.post(form("balance.summary.1", **bounds))
    assert answer.status_code == (200 if param is None else 400)
    if param is not None:
        assert error(answer)["param"] == param


# One second less


@given(requests())
def test_a_period_that_the_user_named_is_never_shortened(request_):
    """A closed month must not lose its last second."""
    assert data_end.shortened(request_) is None
    assert data_end.notes(request_) == ()


def test_a_truncated_period_is_shortened_once():
    """So no call can shorten it again and again."""
    end = utc(2026, 11, 5)
    request = ReportRequest(SUMMARY, interval_start=end - 2 * SECOND, interval_end=end, truncated_at=end)
    shorter = data_end.shortened(request)
    assert shorter == replace(request, interval_end=end - SECOND)
    assert data_end.shortened(shorter) is None
    assert data_end.shortened(replace(request, interval_start=end - SECOND)) is None  # nothing would be left


def test_a_request_keeps_where_it_was_truncated_and_does_not_send_it():
    """Its code makes a request that ends earlier too, if Stripe wants that."""
    end = utc(2026, 11, 5)
    request = ReportRequest(SUMMARY, interval_start=utc(2026, 11, 1), interval_end=end, truncated_at=end)
    assert eval(repr(request), {"sr": sr}).truncated_at == end  # noqa: S307 - our own repr
    assert request == replace(request, truncated_at=None)
    assert "truncated_at" not in request.parameters


# Every way to ask for an open period


@pytest.mark.parametrize("period", ["this month", "mtd", "this quarter", "ytd", "this year", "FY2027"])
@pytest.mark.parametrize("is_strict", [False, True])
def test_an_open_period_is_fetched_whichever_rule_stripe_applies(
    simulator, tmp_path, period, is_strict, data_ends
):
    """It ends with the data, or one second earlier if Stripe refuses that; and the report says so."""
    simulator.strict_bounds = is_strict
    simulator.requests.clear()
    with sr.Client(
        simulator.key,
        cache_dir=tmp_path / "own",
        fiscal_year_start=7,
        application=simulator,
        clock=TestClock(simulator.clock),
    ) as client:
        report = client.fetch(SUMMARY, period)
        end = data_ends - SECOND * is_strict
        assert report.request.interval_end == report.provenance.request.interval_end == end
        assert report.run.parameters["interval_end"] == end.timestamp()
        assert ("one second earlier" in str(report.reuse)) == is_strict
        assert "not over yet" in str(report.reuse)
        posted = [each.status for each in simulator.requests if each.method == "POST"]
        assert posted == ([400, 200] if is_strict else [200])


def test_a_refused_end_is_remembered(strict, client, calls, data_ends):
    """The second call, of any type, requests one second less at once, and finds the stored result."""
    first = client.fetch(SUMMARY, "this month")
    calls()
    assert client.plan(SUMMARY, "this month").action == "stored"
    assert "one second earlier" in " ".join(client.plan(SUMMARY, "this month").notes)
    again = client.fetch(SUMMARY, "this month")
    assert (again.reuse.action, again.run.id) == ("stored", first.run.id)
    assert again.reuse.notes == first.reuse.notes
    assert client.request(SUMMARY, "this month") == first.request
    assert calls(RUNS) == []
    client.fetch(PAYOUTS, "ytd")
    assert calls(RUNS) == [RUNS]


def test_a_refused_end_is_remembered_after_a_timeout_too(strict, client, simulator, calls):
    """The launch has shown it; the next call joins the run and launches nothing."""
    simulator.outcomes.append("stuck")
    with pytest.raises(sr.errors.RunTimeoutError):
        client.fetch(SUMMARY, "this month", timeout=30)
    assert calls(RUNS) == [RUNS, RUNS]
    assert client.plan(SUMMARY, "this month").action == "awaited"


def test_a_finished_request_is_still_an_open_period(strict, client, data_ends):
    """The form and its code work in two steps."""
    request = client.request(SUMMARY, "this month")
    assert request.interval_end == data_ends
    assert client.fetch(request).request.interval_end == data_ends - SECOND


def test_a_launch_ends_one_second_earlier(strict, client, data_ends):
    """Its run says so."""
    run = client.launch(client.request(SUMMARY, "this month"))
    assert run.parameters["interval_end"] == (data_ends - SECOND).timestamp()
    assert client.report(client.wait(run)).request.interval_end == data_ends - SECOND


def test_a_future_gives_the_shortened_report(strict, client, data_ends):
    """Several at once: each is refused at most once."""
    pending = [client.submit(type_, "this month") for type_ in (SUMMARY, PAYOUTS, BALANCE_AT)]
    assert {each.result(120).request.interval_end for each in pending} == {data_ends - SECOND}


def test_a_frame_is_read_of_the_shortened_report(strict, client):
    """As with any other period."""
    assert client.frame(SUMMARY, "this month").equals(client.frame(SUMMARY, "this month"))


def test_only_the_last_part_of_a_set_is_shortened(strict, client, calls, data_ends):
    """The set says where it ends, and is complete when asked for again."""
    reports = client.fetch_all(PAYOUTS, "2026", split="quarter")
    assert len(calls(RUNS)) == len(reports.parts) + 1
    assert reports.truncated
    assert reports.request.interval_end == data_ends - SECOND
    assert [part.request.interval_end for part in reports.parts[:-1]] == [
        utc(2026, 4, 1),
        utc(2026, 7, 1),
        utc(2026, 10, 1),
    ]
    assert reports.parts[-1].request.interval_end == data_ends - SECOND
    assert any("one second earlier" in note for note in reports.notes)
    again = client.fetch_all(PAYOUTS, "2026", split="quarter")
    assert [part.run.id for part in again.parts] == [part.run.id for part in reports.parts]
    assert again.notes == reports.notes
    assert calls(RUNS) == []


def test_all_reports_of_a_tie_out_end_at_the_same_time(strict, client, data_ends):
    """Otherwise the last second would be a difference."""
    tie_out = client.tie_out("this month")
    ends = {report.request.interval_end for name, report in tie_out.reports.items() if name != "previous"}
    assert ends == {data_ends - SECOND}
    assert tie_out.passes
    assert any("one second earlier" in note for note in tie_out.notes)


def test_the_request_of_a_form_is_shortened_too(strict, client, data_ends):
    """The form shows the request of its report; the next one is not refused."""
    explorer = sr.explore(client)
    explorer.model.learned_types(client.report_types())
    explorer.choose(period="this month")
    report = explorer.run().result(120)
    explorer.choose(currency="eur")
    explorer.choose(currency="")
    assert explorer.request == report.request
    assert explorer.request.interval_end == data_ends - SECOND
    explorer.close()


def test_the_command_line_prints_that_the_period_was_shortened(monkeypatch, capsys):
    """Beside the request that was sent."""
    monkeypatch.setattr("stripe_reports.demo_client.Simulator", partial(Simulator, strict_bounds=True))
    assert cli.main(["fetch", SUMMARY, "this month", "--demo"]) == 0
    shown = capsys.readouterr().err
    assert "interval_end='2026-11-04T23:59:59Z', truncated_at='2026-11-05T00:00:00Z'" in shown
    assert "one second earlier" in shown


# What is not shortened


def test_an_interval_that_the_user_named_is_refused_with_a_remedy(strict, client, calls, data_ends):
    """Only the user knows whether the last second may be missing."""
    with pytest.raises(InvalidRequestError, match=r"End it one second earlier, or wait until") as refused:
        client.fetch(SUMMARY, (utc(2026, 11, 1), data_ends))
    assert "interval_end" in str(refused.value)
    assert calls(RUNS) == [RUNS]
    assert client.fetch(SUMMARY, (utc(2026, 11, 1), data_ends - SECOND)).reuse.notes == ()


def test_a_start_at_the_start_of_the_data_is_refused_with_a_remedy(strict, client, calls):
    """The user named this bound too."""
    first = client.report_type(SUMMARY).data_available_start
    with pytest.raises(InvalidRequestError, match=r"Start it one second later"):
        client.fetch(SUMMARY, (first, first + timedelta(days=1)))
    assert calls(RUNS) == [RUNS]


def refusal(param, message="Refused."):
    body = {"error": {"type": "invalid_request_error", "message": message, "param": param}}
    if param is None:
        del body["error"]["param"]
    return Fault(RUNS, 400, body, times=9, stored=True)


@pytest.mark.parametrize(
    ("fault", "launches"),
    [
        pytest.param(refusal("parameters[interval_end]"), 2, id="the shorter one is refused too"),
        pytest.param(refusal(None, "Data only through …; you requested `interval_end`."), 2, id="no param"),
        pytest.param(refusal("parameters[currency]"), 1, id="another parameter"),
        pytest.param(refusal(None), 1, id="no reason given"),
    ],
)
def test_one_second_less_is_requested_once_and_only_if_the_end_was_refused(
    client, simulator, calls, data_ends, fault, launches
):
    """Never in a loop; and an end that was not the reason is not remembered."""
    simulator.faults.append(fault)
    with pytest.raises(InvalidRequestError, match=r"Refused|Data only"):
        client.fetch(SUMMARY, "this month")
    assert len(calls(RUNS)) == launches
    simulator.faults.clear()
    assert client.request(SUMMARY, "this month").interval_end == data_ends


def test_a_refusal_that_stripe_would_repeat_is_avoided(client, simulator, data_ends):
    """The shorter request has an idempotency key of its own."""
    simulator.faults.append(replace(refusal("parameters[interval_end]"), times=1))
    assert client.fetch(SUMMARY, "this month").request.interval_end == data_ends - SECOND
    assert client.fetch(SUMMARY, "this month", reuse="never").request.interval_end == data_ends - SECOND


def test_whole_months_are_never_shortened(simulator, tmp_path):
    """The fees of a tax invoice are requested by month; an open year ends with its last complete one."""
    with DemoClient(simulator, cache_dir=tmp_path / "live", livemode=True) as client:
        client._store.launch_log.note_data_end_refused()
        reports = client.fetch_all("all_fees.vat_invoice_v2.itemized.2", "2026", split="month")
        assert reports.request.interval_end == utc(2026, 11, 1)
        assert [part.request.truncated_at for part in reports.parts] == [None] * 10
