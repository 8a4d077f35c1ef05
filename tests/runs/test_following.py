"""Many runs that no list shows, such as those of Reports v2: they are followed by their ids."""

from collections import Counter

import pytest

from stripe_reports.demo_client import DemoClient
from stripe_reports.runs.following import Followed, Following
from stripe_reports.simulator import Fault, Simulator

pytestmark = pytest.mark.filterwarnings("ignore::stripe_reports.PreviewWarning")

PAYOUTS = "payouts.itemized"


EMPTY = Fault(
    "GET /v1/reporting/report_runs",
    200,
    {"object": "list", "data": [], "has_more": False, "url": "/v1/reporting/report_runs"},
    times=10_000,
)
"""A list that lacks all runs, as if those of others filled its first pages."""


def fetched(tmp_path, latency, period, *, api="v2", **options):
    """What came of each day of a period, and the calls by method."""
    simulator = Simulator(seed=1, latency=latency)
    simulator.faults += options.pop("faults", [])
    with DemoClient(simulator, cache_dir=tmp_path / "cache", api=api) as client:
        reports = client.fetch_all(PAYOUTS, period, split="day", **options)
    calls = Counter(
        call.method for call in simulator.requests if call.path.startswith("/v2/data/report_runs")
    )
    return reports.status(), calls


@pytest.mark.parametrize(("api", "faults"), [("v1", [EMPTY]), ("v2", [])])
def test_slow_runs_do_not_hide_those_that_have_ended(tmp_path, api, faults):
    """A few runs were asked for at a time, always the same ones, until they ended."""
    slow = iter([2000.0] * 8)
    options = {"timeout": 300, "api": api, "faults": faults}
    status, _ = fetched(tmp_path, lambda _: next(slow, 20.0), "2026-09-01/2026-09-13", **options)
    assert status["status"].to_list() == ["missing"] * 8 + ["launched"] * 4


def test_the_next_poll_is_planned_by_the_oldest_run(client):
    """By how long its type takes, also after a poll in which it was still pending."""
    following = Following({"balance.summary.2": [100.0]}, polls_per_second=100.0)
    requests = [client.request("balance.summary", "2026-09")]
    requests += [client.request(PAYOUTS, f"2026-09-{day:02}") for day in range(1, 10)]
    for number, request in enumerate(requests):
        followed = Followed(number, client.launch(request), request, launched_at=0.0)
        following.add(None, followed, is_listed=True)
    planned = following.due(is_launching=True)
    assert planned > 100
    watched, pending, _ = following.take()
    assert len(pending) == 10
    following.done(watched, {}, 1.0)
    assert following.due(is_launching=True) == planned


@pytest.mark.slow
def test_a_report_costs_at_most_four_calls(tmp_path):
    """The launch, the file, and a look or two at each run: the more are in flight, the longer it waits."""
    status, calls = fetched(tmp_path, lambda rng: rng.uniform(20, 60), "2026-03-01/2026-09-01")
    assert calls["POST"] == status.height
    assert calls["GET"] <= 2 * status.height


def test_runs_that_cannot_be_asked_for_end_the_wait(tmp_path):
    """A call without time limit would never end; as in v1, ten polls may fail one after the other."""
    outage = Fault("GET /v2/data/report_runs/*", status=500, body="", times=10_000)
    status, calls = fetched(
        tmp_path, lambda _: 20.0, "2026-09-01/2026-09-03", faults=[outage], timeout=86_400
    )
    assert status["error"].to_list() == ["ServerError"] * 2
    assert calls["POST"] == 2
