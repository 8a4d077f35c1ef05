"""A plan shows what a fetch would do, without doing it."""

import pytest

MONTH = "balance.summary.2", "2026-10"


def test_planning_a_new_request_launches_nothing(client, calls):
    """A plan costs one call for the report type, and creates no run."""
    assert client.plan(*MONTH).action == "launched"
    assert calls() == ["GET /v1/reporting/report_types/balance.summary.2"]


def test_a_stored_result_would_be_shown_with_its_age(client, simulator):
    """A button can say how old it is."""
    report = client.fetch(*MONTH)
    simulator.clock.advance(3 * 3600)
    fetch_plan = client.plan(report.request)
    assert fetch_plan.action == "stored"
    assert fetch_plan.stored_at == report.provenance.fetched_at
    assert fetch_plan.run_id == report.run.id
    assert client.fetch(report.request).reuse.reason == fetch_plan.reason


def test_a_closed_interval_is_planned_without_a_call(client, calls):
    """Fetching it needs no call either."""
    request = client.fetch("balance.summary.2", "2026-09").request
    calls()
    assert client.plan(request).action == "stored"
    assert calls() == []


def test_revenue_recognition_is_planned_with_a_call_whatever_its_age(client, calls, simulator):
    """One call tells whether anything was published since; then the plan and the fetch launch a new run."""
    request = client.fetch("revenue_recognition.debit_credit_summary.1", "2026-08").request
    simulator.clock.advance(61)  # what Stripe said about the type is kept for a minute
    calls()
    assert (client.plan(request).action, client.fetch(request).reuse.action) == ("stored", "stored")
    assert calls() == ["GET /v1/reporting/report_types/revenue_recognition.debit_credit_summary.1"]
    simulator.clock.advance(13 * 3600)  # more than the time between any two publications
    assert (client.plan(request).action, client.fetch(request).reuse.action) == ("launched", "launched")
    assert len(client.stored()) == 2


def test_a_pending_run_of_this_machine_would_be_waited_for(client):
    """It is not launched twice."""
    request = client.request(*MONTH)
    run = client.launch(request)
    fetch_plan = client.plan(request)
    assert (fetch_plan.action, fetch_plan.run_id) == ("awaited", run.id)


def test_a_plan_takes_another_reuse_rule(client):
    """As for a fetch."""
    request = client.fetch(*MONTH).request
    assert client.plan(request, reuse="never").action == "launched"
    with pytest.raises(ValueError, match="reuse must be 'auto', 'always', 'never' or a timedelta"):
        client.plan(request, reuse="perhaps")


def test_stored_reports_are_listed_newest_first_without_a_call(client, calls, simulator):
    """The history works without Stripe."""
    assert client.stored() == []
    first = client.fetch("balance.summary.2", "2026-09")
    simulator.clock.advance(60)
    second = client.fetch("payouts.itemized.5", "2026-09")
    calls()
    assert [report.run.id for report in client.stored()] == [second.run.id, first.run.id]
    assert client.stored()[1].frame().equals(first.frame())
    assert client.report(client.stored()[0].run).path == second.path
    assert calls() == []


def test_the_report_of_a_run_is_returned_by_its_id(client):
    """With its request, not only the frame."""
    report = client.fetch(*MONTH)
    again = client.report(report.run.id)
    assert again.request == report.request
    assert again.path == report.path
