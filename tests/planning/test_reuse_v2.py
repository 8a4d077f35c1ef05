"""The reuse rule of Reports v2, which tells of no publication and lists no runs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from stripe_reports.models import Owner, ReportRequest, ReportType
from stripe_reports.planning.reuse import (
    JUST_LAUNCHED,
    REFRESHED_EVERY,
    SETTLED_AFTER,
    AskForType,
    Await,
    KnownRun,
    Launch,
    Reuse,
    generation_of,
    plan,
    request_key,
)

END = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OCTOBER = ReportRequest(
    "balance.summary", report_id="report_1", interval_start=END - timedelta(days=31), interval_end=END
)
TYPE = ReportType(id="balance.summary", name="balance.summary", version=0, report_id="report_1")


def a_run(as_of, *, status="succeeded", created=NOW - timedelta(hours=1), place="stored"):
    return KnownRun("rrun_1", status, as_of, place, created=created)


def decide(run, policy="auto", now=NOW):
    return plan(OCTOBER, policy, known=[run], report_type=TYPE, listed=[], now=now)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        pytest.param(a_run(NOW - REFRESHED_EVERY + SECOND), Reuse, id="refreshed less than three hours ago"),
        pytest.param(a_run(NOW - REFRESHED_EVERY), Launch, id="refreshed three hours ago"),
        pytest.param(
            a_run(NOW - timedelta(days=1), created=NOW - JUST_LAUNCHED + SECOND), Reuse, id="just launched"
        ),
        pytest.param(
            a_run(NOW - timedelta(days=1), created=NOW - JUST_LAUNCHED), Launch, id="launched a while ago"
        ),
        pytest.param(a_run(NOW - SECOND, status="pending", place="launched"), Await, id="in progress"),
        pytest.param(a_run(NOW - SECOND, status="canceled", place="launched"), Launch, id="canceled"),
        pytest.param(a_run(END + SETTLED_AFTER), Reuse, id="of a closed interval"),
    ],
)
def test_a_run_answers_as_long_as_its_data_are_probably_the_newest(run, expected):
    """Only another run would tell whether they are."""
    assert isinstance(decide(run), expected)


def test_newer_data_answer_before_what_is_stored():
    """A run that was refreshed later has more of a period that is not over."""
    stored = a_run(NOW - timedelta(hours=2))
    newer = replace(a_run(NOW - timedelta(hours=1), place="launched"), id="rrun_2")
    pending = replace(a_run(NOW, status="pending", place="launched"), id="rrun_3")
    asked = plan(OCTOBER, "auto", known=[stored, newer, pending], report_type=TYPE, listed=[], now=NOW)
    assert (type(asked), asked.run.id) == (Reuse, "rrun_2")


def test_a_closed_interval_needs_no_call():
    """As in v1: its data contain the whole interval."""
    assert isinstance(plan(OCTOBER, "auto", known=[a_run(END + SETTLED_AFTER)]), Reuse)
    assert plan(OCTOBER, "auto", known=[a_run(NOW)]) == AskForType()


def test_equal_launches_of_the_same_hours_share_an_idempotency_key():
    """Another machine's launch is then answered with the same run; nothing else makes it known."""
    first = generation_of(TYPE, NOW)
    assert first == generation_of(TYPE, NOW + REFRESHED_EVERY - SECOND)
    assert generation_of(TYPE, NOW + REFRESHED_EVERY) == first + REFRESHED_EVERY
    published = replace(TYPE, report_id=None, updated=END)
    assert generation_of(published, NOW) == END


def test_generation_report_and_context_are_part_of_the_key():
    """A name without version may get another meaning."""
    owner = Owner("0123456789abcdef", None, "test", api="v2")
    keys = {
        request_key(OCTOBER, owner, "2026-10-28.preview"),
        request_key(replace(OCTOBER, report_id="report_2"), owner, "2026-10-28.preview"),
        request_key(OCTOBER, replace(owner, account="acct_1/acct_2"), "2026-10-28.preview"),
        request_key(OCTOBER, replace(owner, api="v1"), "2026-10-28.preview"),
    }
    assert len(keys) == 4


@pytest.mark.parametrize("account", [None, "acct_1", "acct_1/acct_2"])
def test_the_folder_of_an_owner_says_the_generation(account):
    """The folders of v1 are as before."""
    owner = Owner("0123456789abcdef", account, "live", "01234567", "v2")
    assert Owner.of_folder(owner.folder) == owner
    assert owner.folder == f"{replace(owner, api='v1').folder}-v2"
