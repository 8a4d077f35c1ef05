"""When an earlier run answers a request. Read in order, this is the reuse rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given

from any_request import requests
from stripe_reports.models import Owner, ReportRequest, ReportType
from stripe_reports.planning.reuse import (
    SETTLED_AFTER,
    AskForRuns,
    AskForType,
    Await,
    KnownRun,
    Launch,
    Reuse,
    idempotency_key,
    plan,
    request_key,
    result_key,
)

END = datetime(2026, 11, 1, tzinfo=UTC)
OCTOBER = ReportRequest("balance.summary.2", interval_start=END - timedelta(days=31), interval_end=END)
PAYOUT = ReportRequest("payout_reconciliation.by_id.itemized.4", payout="po_1")
PUBLISHED = datetime(2026, 11, 3, 7, 38, tzinfo=UTC)
TYPE = ReportType(id="balance.summary.2", name="Balance summary", version=2, updated=PUBLISHED)
SETTLED = END + SETTLED_AFTER
NOW = datetime(2026, 11, 12, tzinfo=UTC)
OWNER = Owner("0123456789abcdef", None, "test")


def a_run(status="succeeded", *, as_of=PUBLISHED + timedelta(hours=1), place="stored", id_="frr_1"):
    return KnownRun(id_, status, as_of, place)


def decide(*known, request=OCTOBER, policy="auto", listed=(), report_type=TYPE, now=NOW):
    return plan(request, policy, known=known, listed=listed, report_type=report_type, now=now)


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        pytest.param([], Launch, id="nothing earlier"),
        pytest.param([a_run()], Reuse, id="nothing newer published since"),
        pytest.param(
            [a_run(as_of=PUBLISHED - timedelta(seconds=1))], Launch, id="newer data published since"
        ),
        pytest.param([a_run(as_of=PUBLISHED)], Launch, id="made in the very second of the publication"),
        pytest.param([a_run("pending", place="launched")], Await, id="same request in progress"),
        pytest.param(
            [a_run("pending", place="launched", as_of=PUBLISHED - timedelta(hours=1))],
            Launch,
            id="in progress, but on older data",
        ),
        pytest.param([a_run("failed", place="launched")], Launch, id="the earlier one failed"),
        pytest.param(
            [a_run("mystery", place="launched")], Launch, id="the earlier one has an unknown status"
        ),
        pytest.param(
            [a_run("failed", place="launched"), a_run(id_="frr_2")], Reuse, id="one failed, one did not"
        ),
    ],
)
def test_a_run_is_launched_only_when_no_earlier_one_can_answer(earlier, expected):
    """Equal requests share a run unless it failed or its data are older than what Stripe has published."""
    assert isinstance(decide(*earlier), expected)


def test_a_closed_interval_needs_no_call():
    """Data five days past the interval's end are final: the stored result answers without a call."""
    answer = plan(OCTOBER, "auto", known=[a_run(as_of=SETTLED)])
    assert isinstance(answer, Reuse)
    assert "could still restate" in answer.reason


def test_an_interval_is_closed_by_the_age_of_the_data_not_by_the_calendar():
    """A run made too early does not become final by waiting."""
    assert plan(OCTOBER, "auto", known=[a_run(as_of=SETTLED - timedelta(seconds=1))]) == AskForType()


def test_a_report_about_one_payout_is_never_closed():
    """It has no interval, so it always depends on what was published."""
    assert plan(PAYOUT, "auto", known=[a_run(as_of=NOW + timedelta(days=999))]) == AskForType()


REVENUE = replace(OCTOBER, report_type="revenue_recognition.debit_credit_summary.1")
REVENUE_TYPE = replace(TYPE, id=REVENUE.report_type, updated=END + timedelta(days=400))


@pytest.mark.parametrize(
    "report_type",
    [
        pytest.param("revenue_recognition.debit_credit_summary.1", id="catalogued"),
        pytest.param("revenue_recognition.debit_credit_summary.9", id="a newer version"),
        pytest.param("revenue_recognition.deferred_waterfall.1", id="a type that the catalogue lacks"),
    ],
)
def test_the_past_of_revenue_recognition_is_never_closed(report_type):
    """Stripe changes it when a period is reopened or a rule is changed, so a publication always counts."""
    old = a_run(as_of=END + timedelta(days=399))
    request = replace(REVENUE, report_type=report_type)
    assert plan(request, "auto", known=[old]) == AskForType()
    assert plan(OCTOBER, "auto", known=[old]) != AskForType()


@pytest.mark.parametrize("place", ["stored", "launched", "listed"])
@pytest.mark.parametrize(
    ("after_publication", "expected"),
    [(timedelta(seconds=1), Reuse), (timedelta(0), Launch), (-timedelta(days=30), Launch)],
)
def test_a_run_of_revenue_recognition_answers_only_while_nothing_newer_is_published(
    place, after_publication, expected
):
    """Wherever the run is found; the reason says why a closed interval does not count."""
    run = a_run(place=place, as_of=REVENUE_TYPE.updated + after_publication)
    known, listed = ([], [run]) if place == "listed" else ([run], [])
    answer = plan(REVENUE, "auto", known=known, listed=listed, report_type=REVENUE_TYPE)
    assert isinstance(answer, expected)
    assert "Stripe can change past periods of revenue recognition with each publication" in answer.reason


def test_the_type_is_asked_before_the_runs_and_the_runs_before_launching():
    """At most one call answers from the store; the list is read only when the store cannot answer."""
    assert plan(OCTOBER, "auto") == AskForType()
    assert plan(OCTOBER, "auto", report_type=TYPE) == AskForRuns(since=PUBLISHED)
    assert isinstance(plan(OCTOBER, "auto", report_type=TYPE, listed=[]), Launch)


def test_the_list_is_read_only_as_far_back_as_a_run_could_answer():
    """A run older than both the last publication and the settling of the interval is of no use."""
    late = replace(TYPE, updated=SETTLED + timedelta(days=30))
    assert plan(OCTOBER, "auto", report_type=late) == AskForRuns(since=SETTLED)
    assert plan(PAYOUT, "auto", report_type=late) == AskForRuns(since=late.updated)
    assert plan(REVENUE, "auto", report_type=REVENUE_TYPE) == AskForRuns(since=REVENUE_TYPE.updated)


@pytest.mark.parametrize(
    ("policy", "since"),
    [
        pytest.param("always", None, id="any run can answer"),
        pytest.param(timedelta(hours=2), NOW - timedelta(hours=2), id="one of that age"),
    ],
)
def test_another_rule_reads_the_list_as_far_as_it_allows(policy, since):
    """A shorter list would launch a run that exists; a longer one costs calls."""
    assert plan(OCTOBER, policy, report_type=TYPE, now=NOW) == AskForRuns(since=since)


def test_of_several_stored_results_the_newest_answers():
    """After a restatement there are several, and the older ones are wrong."""
    runs = [a_run(id_=f"frr_{hours}", as_of=PUBLISHED + timedelta(hours=hours)) for hours in (1, 3, 2)]
    assert decide(*runs).run.id == "frr_3"
    assert decide(*runs, policy="always").run.id == "frr_3"


def test_a_stored_result_is_preferred_to_reading_one_from_stripe():
    """If both can answer, the nearer one is used."""
    answer = decide(a_run(), listed=[a_run(place="listed", id_="frr_9", as_of=NOW)])
    assert isinstance(answer, Reuse)
    assert answer.run.id == "frr_1"


@pytest.mark.parametrize("status", ["succeeded", "pending"])
def test_always_takes_any_run_without_a_call(status):
    """The caller prefers old data to a call."""
    old = a_run(status, as_of=PUBLISHED - timedelta(days=400))
    assert isinstance(plan(OCTOBER, "always", known=[old]), Reuse | Await)


def test_never_launches_whatever_is_known():
    """The caller wants a new run."""
    assert isinstance(plan(OCTOBER, "never", known=[a_run(as_of=NOW)]), Launch)


@pytest.mark.parametrize(
    ("age", "expected"),
    [(timedelta(hours=2), Reuse), (timedelta(hours=2, seconds=1), Launch)],
)
def test_a_maximum_age_counts_from_the_data_by_stripes_clock(age, expected):
    """Neither closed intervals nor publications matter then."""
    assert isinstance(decide(a_run(as_of=NOW - age), policy=timedelta(hours=2)), expected)


def test_a_maximum_age_asks_for_the_time_first():
    """This machine's clock may be wrong by more than that age."""
    assert plan(OCTOBER, timedelta(hours=2), known=[a_run()], report_type=TYPE) == AskForType()


def test_the_reason_names_the_runs_not_used_and_why():
    """An auditor reads it."""
    answer = decide(a_run(as_of=datetime(2026, 11, 2, 9, tzinfo=UTC)))
    assert answer.reason == (
        "launched; run frr_1 was not used: its data are of 2026-11-02 09:00 UTC, "
        "newer were published on 2026-11-03 07:38 UTC"
    )


@pytest.mark.parametrize(
    ("place", "said"),
    [("stored", "stored result of run frr_1"), ("launched", "run frr_1"), ("listed", "run frr_1")],
)
def test_the_reason_names_the_run_that_is_used_and_where_it_was(place, said):
    """A result on this disk was read earlier; that of another run is read now."""
    assert decide(a_run(place=place)).reason == (
        f"{said} reused: nothing newer was published since its data of 2026-11-03 08:38 UTC"
    )


class TestRequestKey:
    @given(requests(), requests())
    def test_equal_requests_share_a_key_and_others_do_not(self, one, other):
        """It identifies stored results."""
        assert request_key(one, OWNER, "v") == request_key(replace(one), OWNER, "v")
        assume(one != other)
        assert request_key(one, OWNER, "v") != request_key(other, OWNER, "v")

    @given(requests())
    def test_any_change_of_a_field_changes_the_key(self, request):
        """Everything that is sent must be part of it."""
        key = request_key(request, OWNER, "v")
        for name in request.parameters:
            without = {n: value for n, value in request.to_stripe().items() if n != name}
            other = ReportRequest.from_stripe(request.report_type, without)
            assert request_key(other, OWNER, "v") != key
        assert request_key(replace(request, report_type=request.report_type + "1"), OWNER, "v") != key

    def test_the_order_of_columns_counts(self):
        """Stripe writes them in the requested order."""
        one = ReportRequest("a.1", columns=["net", "fee"])
        other = ReportRequest("a.1", columns=["fee", "net"])
        assert request_key(one, OWNER, "v") != request_key(other, OWNER, "v")

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(replace(OWNER, key_digest="f" * 16), id="another key"),
            pytest.param(replace(OWNER, account="acct_1"), id="for a connected account"),
            pytest.param(replace(OWNER, account="acct_1/acct_2"), id="for a path of accounts"),
            pytest.param(replace(OWNER, mode="live"), id="live data"),
            pytest.param(replace(OWNER, place="127.0.0.1:12111"), id="another place than Stripe"),
        ],
    )
    def test_owners_share_nothing(self, other):
        """One account's rows never answer another account's request."""
        assert request_key(OCTOBER, OWNER, "v") != request_key(OCTOBER, other, "v")

    def test_another_api_version_is_another_request(self):
        """A version may change what a column means."""
        assert request_key(OCTOBER, OWNER, "2026-11-18.endive") != request_key(OCTOBER, OWNER, "2027-01-01.x")


def test_the_same_run_read_with_other_types_is_another_result():
    """A column that was read as text must not answer for one of amounts."""
    overrides = {"net": "pl.String", "fee": "pl.String"}
    assert result_key("k", {}) == "k"
    assert result_key("k", overrides) == result_key("k", dict(reversed(overrides.items())))
    others = [("x", overrides), ("k", {"net": "pl.String"}), ("k", overrides | {"fee": "pl.Int64"})]
    assert len({"k", result_key("k", overrides), *(result_key(*other) for other in others)}) == 5


def test_an_idempotency_key_is_the_same_for_the_same_launch_only():
    """Two kernels with the same launch create one run; a new attempt is a new launch."""
    same = idempotency_key("k", PUBLISHED, 0)
    assert same == idempotency_key("k", PUBLISHED, 0)
    others = {
        idempotency_key("x", PUBLISHED, 0),
        idempotency_key("k", PUBLISHED + timedelta(seconds=1), 0),
        idempotency_key("k", PUBLISHED, 1),
        idempotency_key("k", None, 0),
    }
    assert len(others | {same}) == 5
    assert all(len(key) <= 255 for key in others)
