"""Periods that are not over yet in Reports v2: sent as asked, and truncated by what the run says."""

import json
import re
from datetime import timedelta

import pytest
from polars.testing import assert_frame_equal
from werkzeug.wrappers import Response

import stripe_reports as sr
from clocks import TestClock, utc
from stripe_reports import cli, errors
from stripe_reports.models import ReportRequest

pytestmark = pytest.mark.filterwarnings("ignore::stripe_reports.PreviewWarning")

API = "v2"
PAYOUTS, BALANCE_AT = "payouts.itemized", "ending_balance_reconciliation.summary"
CREATE, FILES = "POST /v2/data/report_runs", "/files/"
DATA_END, MONTH_END = utc(2026, 11, 5), utc(2026, 12, 1)
DAY = timedelta(days=1)


def test_a_request_is_truncated_by_older_data_and_sent_as_before():
    """It stays equal, so the same call finds the report again; only the period that is shown is shorter."""
    october = ReportRequest(
        PAYOUTS, report_id="report_1", interval_start=utc(2026, 10, 1), interval_end=utc(2026, 11, 1)
    )
    shorter = october.truncated_by(utc(2026, 10, 20, 3, 0, 0, 999_999))
    assert (shorter.period_end, shorter.asked_end) == (utc(2026, 10, 20, 3), utc(2026, 11, 1))
    assert shorter == october
    assert shorter.to_stripe() == october.to_stripe()
    assert eval(repr(shorter), {"sr": sr}).period_end == shorter.period_end  # noqa: S307 - our own repr
    assert shorter.truncated_by(utc(2026, 11, 1)).period_end == october.period_end
    of_v1 = ReportRequest(f"{PAYOUTS}.5", interval_start=utc(2026, 10, 1), interval_end=utc(2026, 11, 1))
    assert of_v1.truncated_by(utc(2026, 10, 20)) is of_v1


@pytest.mark.parametrize("period", ["this month", "2026-11"])
def test_a_report_ends_where_the_data_of_its_run_end(client, v1, period):
    """Nothing tells beforehand, so the whole period is sent; everything that shows it shows the end."""
    report = client.fetch(PAYOUTS, period)
    assert report.run.parameters["interval_end"] == "2026-12-01T00:00:00.000Z"
    assert report.request.interval_end == MONTH_END
    for request in (report.request, report.provenance.request, client.stored()[0].request):
        assert (request.period_end, request.days_text) == (DATA_END, "2026-11-01 to 2026-11-04")
    assert "2026-11-01 to 2026-11-04, UTC" in str(report.chart().to_dict()["title"])
    assert "2026-11-05T00:00:00Z, not included" in report._repr_html_()
    assert "so the period until 2026-12-01T00:00:00Z is not complete" in str(report.reuse)
    assert "does not say whether all data until then" in str(report.reuse)
    assert_frame_equal(report.frame(), v1.frame(PAYOUTS, "this month"))


def test_a_plan_says_that_the_end_is_not_known_yet(client):
    """In v1 it would name it."""
    assert "tells only after a run where its data end" in " ".join(client.plan(PAYOUTS, "this month").notes)
    assert client.plan(PAYOUTS, "2026-10").notes == ()


@pytest.mark.parametrize(
    ("report_type", "period", "split"),
    [
        (PAYOUTS, "this month", "day"),
        (PAYOUTS, "2026", "quarter"),
        (PAYOUTS, "this month", None),
        (BALANCE_AT, "this month", "day"),
    ],
)
def test_a_set_is_that_of_v1(client, v1, report_type, period, split):
    """Parts without data yet are left out, and the whole ends with the data."""
    ours, theirs = (each.fetch_all(report_type, period, split=split) for each in (client, v1))
    assert ours.truncated
    assert ours.request.days_text == theirs.request.days_text
    assert ours.status()["interval"].equals(theirs.status()["interval"])
    assert ours.failed().is_empty()
    assert any("so the period until" in note for note in ours.notes)
    assert_frame_equal(ours.frame(), theirs.frame())


def test_a_set_says_which_of_its_parts_ends_too_early(client, simulator):
    """An older run that is reused on request lacks the end of its month, and the next month hides that."""
    client.fetch(PAYOUTS, "this month")
    simulator.clock.advance(35 * DAY.total_seconds())
    reused, fresh = (
        client.fetch_all(PAYOUTS, "2026-10-01/2026-12-05", split="month", reuse=policy)
        for policy in ("always", "auto")
    )
    assert (fresh.truncated, [note for note in fresh.notes if "is not complete" in note]) == (False, [])
    assert reused.status()["interval"][1] == "2026-11-01/2026-11-05"
    assert sum("until 2026-12-01T00:00:00Z is not complete" in note for note in reused.notes) == 1
    assert reused.truncated


def test_a_run_that_was_refreshed_later_covers_more(client, simulator):
    """The request is the same, and the reason says whose data are shown."""
    first = client.fetch(PAYOUTS, "this month")
    simulator.clock.advance(DAY.total_seconds())
    second = client.fetch(first.request)
    assert (second.reuse.action, second.request.period_end) == ("launched", DATA_END + DAY)
    assert second.request == first.request
    assert f"run {first.run.id} was not used: its data are of 2026-11-05 00:00 UTC" in str(second.reuse)
    assert client.fetch(first.request, reuse="always").run.id == second.run.id


def test_data_of_a_time_that_stripe_does_not_tell_are_said_to_be_so(simulator, tmp_path):
    """They cannot be newer than the launch, which is then the end that is shown."""

    def untold(environ, start_response):
        answer = Response.from_app(simulator, environ, buffered=True)
        if environ["PATH_INFO"].startswith("/v2/data/report_runs"):
            answer.set_data(re.sub(rb'"refreshed_at": ?"[^"]*"', b'"refreshed_at": null', answer.get_data()))
        return answer(environ, start_response)

    clock = TestClock(simulator.clock)
    with sr.Client(simulator.key, api="v2", application=untold, cache_dir=tmp_path, clock=clock) as client:
        report = client.fetch(PAYOUTS, "this month")
        assert report.run.refreshed_at is None
        assert report.request.period_end == report.run.created.replace(microsecond=0)
        assert "Stripe does not say of when the data of run rrun_" in str(report.reuse)


def test_a_restatement_is_about_the_days_that_the_report_has(client, simulator):
    """Later days are no change of earlier ones."""
    report = client.fetch(PAYOUTS, "this month")
    simulator.clock.advance(DAY.total_seconds())
    found = client.restatement(report)
    assert not found.is_restated
    assert found.after.run.parameters["interval_end"] == "2026-11-05T00:00:00.000Z"


@pytest.mark.parametrize(
    ("period", "launches", "says"),
    [
        pytest.param("today", 1, "the data of run rrun_.* are of 2026-11-05T00:00:00Z", id="begun"),
        pytest.param("2026-12", 0, "it is now 2026-11-05T12:00:", id="not begun"),
    ],
)
def test_a_period_without_any_data_is_an_error(client, calls, period, launches, says):
    """An empty table would look like a day without payouts; and nothing is downloaded for it."""
    for _ in range(2):
        with pytest.raises(errors.IntervalError, match=f"Stripe has no data for that time yet.*{says}"):
            client.fetch(PAYOUTS, period)
    served = calls()
    assert served.count(CREATE) == launches
    assert not any(FILES in call for call in served)


@pytest.mark.parametrize("simulator", ["real"], indirect=True)
def test_reports_of_a_tie_out_end_with_the_first_of_them(client, v1):
    """Each report has data of another time; what one has beyond the others would be a difference."""
    ours, theirs = (each.tie_out("this month") for each in (client, v1))
    of_period = [report for name, report in ours.reports.items() if name != "previous"]
    assert len({report.provenance.as_of for report in of_period}) == 2
    assert {report.request.period_end for report in of_period} == {utc(2026, 11, 4, 12)}
    assert ours.passes
    assert (ours.title, ours.interval) == (theirs.title, theirs.interval)
    assert any("so the period until" in note for note in ours.notes)


def test_a_dataset_keeps_one_result_for_the_period(client, simulator, tmp_path):
    """It is asked for by the same bounds on every day, so a newer result replaces the older one."""
    into = str(tmp_path / "data")
    for days in (0, 1):
        simulator.clock.advance(days * DAY.total_seconds())
        reports = client.fetch_all(PAYOUTS, "this month", into=into)
        status = sr.dataset(into).status().filter(status="stored")
        assert status["interval_end"].to_list() == [DATA_END + days * DAY]
        assert reports.parts[0].request.period_end == DATA_END + days * DAY
        assert reports.truncated


def test_a_form_shows_the_report_of_its_request(client):
    """Its request is still the one that was asked for, and so is its code."""
    form = sr.explore(client, request=client.request(PAYOUTS, "this month"))
    report = form.run().result(120)
    assert form.request == report.request
    assert report.request.period_end == DATA_END
    reopened = sr.explore(client, report=report)
    assert reopened.request == report.request
    for each in (form, reopened):
        assert each.code == 'client.fetch("payouts.itemized", "2026-11")'
        each.close()


def test_the_command_line_prints_where_the_data_end(capsys):
    """Beside the request that was sent; for programs, too."""
    command = ["fetch", PAYOUTS, "this month", "--demo", "--api", "v2"]
    assert cli.main(command) == 0
    shown = capsys.readouterr().err
    assert "interval_end='2026-12-01T00:00:00Z', truncated_at='2026-11-05T00:00:00Z'" in shown
    assert "so the period until" in shown
    assert cli.main([*command, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["parameters"]["interval_end"] == MONTH_END.timestamp()
    assert told["interval"] == "2026-11-01/2026-11-05"
