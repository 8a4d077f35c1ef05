"""The client runs reports on a stand-in whose author knew neither the client nor the simulator."""

from email.utils import format_datetime

import polars as pl
import pytest
import second_stripe_v2
from second_stripe_reports import BRANCH, MAIN
from second_stripe_v2 import KEY, ORGANISATION_KEY, serve

import stripe_reports as sr
from clocks import TestClock
from stripe_reports import errors
from stripe_reports.client import Client

pytestmark = pytest.mark.filterwarnings(
    "ignore::stripe_reports.PreviewWarning", "ignore::stripe_reports.UnknownReportTypeWarning"
)


@pytest.fixture
def second(monkeypatch):
    with serve() as second:
        # Its answers have the time of the machine, while its clock stands still.
        monkeypatch.setattr(
            second_stripe_v2._Handler,
            "date_time_string",
            lambda *_: format_datetime(second.clock.now().replace(microsecond=0), usegmt=True),
        )
        yield second


@pytest.fixture
def connect(second, tmp_path):
    def connect(key=KEY, **options):
        given = {"base_url": second.base_url, "files_url": second.files_url, "cache_dir": tmp_path} | options
        return Client(key, api="v2", clock=TestClock(second.clock), **given)

    return connect


def posted(second):
    return [call for call in second.calls if call.method == "POST"]


def test_a_report_is_fetched_typed_and_reused(second, connect):
    """Unknown columns by Stripe's types; what the catalogue takes for a time is a date there."""
    report = connect().fetch("balance_change_from_activity.itemized", "2026-06")
    assert report.reuse.action == "launched"
    assert report.frame().schema["net"] == pl.Decimal(38, 6)
    assert report.frame().schema["available_on"] == pl.Date
    assert report.frame().height == report.run.result.row_count
    again = connect().fetch("balance_change_from_activity.itemized", "2026-06")
    assert (again.reuse.action, len(posted(second)), second.leaks) == ("stored", 1, [])


def test_the_columns_of_a_report_are_known_before_a_run(connect):
    """The search tells them, with the types that the file will have."""
    known = connect().report_type("payouts.itemized")
    assert {name: known.column(name).kind for name in ("arrival_date", "automatic", "payout_id")} == {
        "arrival_date": "date",
        "automatic": "boolean",
        "payout_id": "id",
    }


def test_every_report_that_the_account_has_is_read_to_the_last_row(second, connect):
    """All types of columns, among them those that the catalogue does not have."""
    client = connect()
    read = []
    for type_ in client.report_types():
        period = "2026-06" if "interval_start" in type_.parameters else None
        try:
            report = client.fetch(type_.id, period)
        except errors.PermissionDeniedError:  # its product is not active
            continue
        assert report.frame().height == report.run.result.row_count
        read.append(type_.id)
    assert len(read) == 5
    assert second.leaks == []


def test_a_month_agrees_with_itself(connect):
    """The data of the stand-in are its own; the sums are the same in every report of it."""
    client = connect()
    rows = (
        client.frame("balance_change_from_activity.itemized", "2026-06")
        .group_by("currency")
        .agg(pl.sum("net"))
    )
    sums = (
        client.frame("balance_change_from_activity.summary", "2026-06")
        .group_by("currency")
        .agg(pl.sum("net"))
    )
    assert rows.sort("currency").equals(sums.sort("currency"))


def test_an_account_of_an_organisation_has_its_own_results(connect):
    """Its key needs a context, which may be a path."""
    frames = [
        connect(ORGANISATION_KEY, account=account).frame("balance_change_from_activity.itemized", "2026-06")
        for account in (MAIN, BRANCH)
    ]
    assert not frames[0].equals(frames[1])


def test_an_expired_address_is_renewed_and_gets_no_key(second, connect):
    """Each reading of a run gives another address."""
    client = connect()
    run = client.wait(client.launch(client.request("balance.summary", "2026-06")))
    second.clock.advance(3600)
    assert client.read(run).height == run.result.row_count
    assert second.leaks == []


def test_a_lost_answer_to_a_launch_does_not_launch_twice(second, connect):
    """Every launch has an idempotency key."""
    second.lost_answers = 1
    connect().fetch("balance.summary", "2026-06")
    assert len(second.runs) == 1


def test_with_too_many_runs_a_launch_waits_for_one_of_ours(second, connect):
    """But those of another process cannot be known."""
    second.most_running = 2
    client = connect()
    reports = client.fetch_all("balance_change_from_activity.itemized", "2026-Q2", split="month")
    assert reports.status()["status"].to_list() == ["launched"] * 3
    second.occupy(2)
    with pytest.raises(errors.RunLimitError):
        client.fetch("balance.summary", "2026-05")


@pytest.mark.parametrize(
    ("ending", "error"),
    [
        (second_stripe_v2.failed("file_size_above_limit", "Too large."), errors.RunTooLargeError),
        (second_stripe_v2.failed("internal_error", "It failed."), errors.RunFailedError),
        (second_stripe_v2.canceled("2026-10-05T21:01:20.000Z"), errors.RunCanceledError),
    ],
)
def test_each_end_of_a_run_has_its_error(second, connect, ending, error):
    """And the next call launches another run."""
    second.endings.append(ending)
    with pytest.raises(error) as caught:
        connect().fetch("balance.summary", "2026-06")
    assert isinstance(caught.value.run, sr.ReportRunV2)
    assert connect().fetch("balance.summary", "2026-06").reuse.action == "launched"


def test_without_the_preview_the_error_says_so(connect, second):
    """Stripe enables it on request."""
    second.enabled = False
    with pytest.raises(errors.PermissionDeniedError, match="a preview that Stripe enables on request"):
        connect().fetch("balance.summary", "2026-06")
