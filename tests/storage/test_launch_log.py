"""The log of launches: what later processes must know, and what may be lost at the price of a call."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clocks import utc
from stripe_reports.models import ReportRequest, ReportType
from stripe_reports.planning.reuse import KnownRun
from stripe_reports.storage.launch_log import LaunchLog, LaunchRecord

NOW = utc(2026, 11, 5, 12)
REQUEST = ReportRequest("balance.summary.2", interval_start=utc(2026, 10, 1), interval_end=utc(2026, 11, 1))
LAUNCHED = LaunchRecord(
    request=REQUEST, generation=NOW, attempt=0, run_id="frr_1", status="pending", created=NOW
)


@pytest.fixture
def log(tmp_path):
    return LaunchLog(tmp_path)


def test_everything_that_decides_on_reuse_is_recorded(log):
    """The age of the data above all: it may differ from that of the run."""
    finished = replace(LAUNCHED, status="succeeded", as_of=NOW - timedelta(hours=9))
    v2 = replace(LAUNCHED, request=replace(REQUEST, report_type="balance.summary", report_id="report_1"))
    log.remember("one", finished)
    log.remember("other", replace(v2, run_id="rrun_1"))
    assert log.launches("one") == [finished]
    assert log.launches("other") == [replace(v2, run_id="rrun_1")]
    assert log.request_of("frr_1") == REQUEST
    assert log.request_of("frr_9") is None


@pytest.mark.parametrize(
    ("record", "known"),
    [
        pytest.param(LAUNCHED, KnownRun("frr_1", "pending", NOW, "launched", NOW, NOW), id="in progress"),
        pytest.param(
            replace(LAUNCHED, status="succeeded", as_of=NOW - timedelta(hours=9)),
            KnownRun("frr_1", "succeeded", NOW - timedelta(hours=9), "launched", NOW, NOW),
            id="its data are older than it",
        ),
        pytest.param(replace(LAUNCHED, run_id=None, status="error"), None, id="no run was created"),
        pytest.param(replace(LAUNCHED, created=None), None, id="its age is not known"),
    ],
)
def test_a_launch_is_known_to_the_reuse_rule_with_the_age_of_its_data(record, known):
    """Until that is known, with the time of its creation."""
    assert record.as_known == known


def test_runs_that_were_pending_when_last_seen_are_listed(log):
    """After a restart they are waited for, and not launched again."""
    log.remember("a", LAUNCHED)
    log.remember("b", replace(LAUNCHED, run_id="frr_2"))
    log.remember("b", replace(LAUNCHED, run_id="frr_2", status="succeeded"))
    log.remember("c", replace(LAUNCHED, run_id=None, status="error"))
    assert log.pending() == [("a", LAUNCHED)]


def test_the_newest_launch_comes_first(log):
    """Those that created no run are left out."""
    for day in (2, 4, 3):
        log.remember(str(day), replace(LAUNCHED, run_id=f"frr_{day}", created=utc(2026, 11, day)))
    log.remember("none", replace(LAUNCHED, run_id=None, status="error"))
    assert [record.run_id for record in log.newest()] == ["frr_4", "frr_3", "frr_2"]


def test_attempts_without_a_run_are_counted_for_each_publication(log):
    """The same attempt has the same idempotency key, so Stripe repeats its answer; the next must differ."""
    failed = replace(LAUNCHED, run_id=None, status="error")
    later = replace(failed, generation=NOW + timedelta(hours=12))
    for record in (failed, replace(failed, attempt=1), later, failed):
        log.remember("a", record)
    assert len(log.launches("a")) == 3


def test_the_last_seven_durations_of_a_type_are_kept(log):
    """An estimate from last year is none."""
    for seconds in range(9):
        log.note_duration("balance.summary.2", float(seconds))
    log.note_duration("payouts.itemized.5", 60.0)
    assert log.durations("balance.summary.2") == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    assert log.durations("payouts.itemized.5") == [60.0]
    assert log.durations("fees.itemized.1") == []


def test_a_report_of_reports_v2_is_described_as_by_stripe(log):
    """Its parameters are checked before a call, as those of the catalogue are."""
    described = ReportType(
        id="balance.summary",
        object="v2.data.report",
        name="balance.summary",
        version=0,
        report_id="report_1",
        required_parameters=("interval_start",),
        optional_parameters=("currency", "columns"),
        allowed_values={"currency": ("eur", "usd")},
        list_parameters=("columns",),
    )
    log.remember_offered({"balance.summary": ["net"]}, NOW, described=[described])
    assert log.described("balance.summary") == described
    assert log.described("payouts.itemized") is None
    assert log.offered() == ({"balance.summary": ("net",)}, NOW)


def test_facts_of_the_account_are_remembered(log):
    """Each costs one call for all processes."""
    assert (log.own_account(), log.is_data_end_refused()) == (None, False)
    log.remember_own_account("acct_1")
    log.note_data_end_refused()
    assert (log.own_account(), log.is_data_end_refused()) == ("acct_1", True)
