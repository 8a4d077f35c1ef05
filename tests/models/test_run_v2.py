"""A run of Reports v2 as on Stripe's page, and the view of it that is the same for both generations."""

import copy
import json
from datetime import UTC, datetime

import pytest

from stripe_reports.models import ReportRun, ReportRunV2, RunView, run_from_stripe

RUN = json.loads("""
{"id": "rrun_61VWgxrbW8zNyPllt16Nsp4WJSSQIjR7nKfqrPPQWOsK", "object": "v2.data.report_run",
 "created": "2026-10-05T21:01:11.504756927Z", "livemode": true, "name": "balance.summary",
 "parameters": {"interval_end": "2026-07-01T00:00:00.000Z", "interval_start": "2026-06-01T00:00:00.000Z"},
 "refreshed_at": "2026-10-05T19:01:11.000Z", "report": "report_61Sud3n5oAGVCWiSr5",
 "result": {"col_count": "4", "row_count": "32", "file": {
   "columns": [{"name": "category", "type": "varchar"}, {"name": "description", "type": "varchar"},
               {"name": "net_amount", "type": "decimal"}, {"name": "currency", "type": "varchar"}],
   "content_type": "csv", "size": "2121", "download_url": {
     "expires_at": "2026-10-05T21:12:08.978477350Z", "url": "https://stripeusercontent.com/files/secret"}}},
 "result_options": {"compression": "none"}, "sql": null, "status": "succeeded", "status_details": null}
""")
"""The run on https://docs.stripe.com/api/v2/data/report-runs/object, with an earlier refresh of its data."""


def changed(**members):
    return ReportRunV2.from_stripe({**RUN, **members})


def test_stripes_fields_have_stripes_names():
    """Nothing renamed, nothing added: Stripe's documentation applies here."""
    assert sorted(ReportRunV2.__dataclass_fields__) == sorted(RUN)


def test_numbers_are_sent_as_text_and_times_with_nine_digits():
    """What exceeds microseconds is cut off."""
    run = run_from_stripe(RUN)
    assert isinstance(run, ReportRunV2)
    assert run.created == datetime(2026, 10, 5, 21, 1, 11, 504756, UTC)
    assert (run.result.row_count, run.result.col_count, run.result.file.size) == (32, 4, 2121)
    assert list(run.result.file.columns) == ["category", "description", "net_amount", "currency"]


def test_the_address_of_the_file_is_neither_shown_nor_stored():
    """It alone gives the file, and after some minutes it is useless."""
    run = run_from_stripe(RUN)
    assert run.file.url == "https://stripeusercontent.com/files/secret"
    stored = json.dumps(run.to_stripe())
    assert "secret" not in f"{run!r} {run.file!r} {stored} {run._repr_html_()}"
    again = run_from_stripe(json.loads(stored))
    assert again.to_stripe() == run.to_stripe()
    assert (again.file.url, again.file.size, again.file.rows) == (None, 2121, 32)


def test_both_generations_offer_the_same_view():
    """What waiting, reuse, storing and showing use."""
    names = {name for name in vars(RunView) if not name.startswith("_")}
    assert names <= set(dir(ReportRun)) & set(dir(ReportRunV2))


@pytest.mark.parametrize(
    ("status", "state"),
    [("running", "pending"), ("succeeded", "succeeded"), ("failed", "failed"), ("paused", "paused")],
)
def test_a_running_run_is_pending(status, state):
    """The first status is ``running``, never ``pending``; unknown ones stay."""
    assert changed(status=status).state == state


@pytest.mark.parametrize("options", [{"compression": "zip"}, {"compress_file": True}, None])
def test_both_spellings_of_the_compression_are_kept(options):
    """Stripe's page has the first, its library the second; the file itself shows whether it is packed."""
    run = changed(result_options=options)
    assert run.to_stripe()["result_options"] == options


def test_bounds_are_the_same_numbers_as_in_a_request():
    """So that a run is compared with its request in the same way as in v1."""
    plain = run_from_stripe(RUN).plain_parameters
    assert plain == {"interval_end": 1782864000, "interval_start": 1780272000}
    assert changed(parameters={"interval_end": "soon"}).plain_parameters == {"interval_end": "soon"}


@pytest.mark.parametrize(
    ("refreshed_at", "as_of"),
    [
        pytest.param("2026-10-05T19:01:11.000Z", "2026-10-05T19:01:11+00:00", id="before the launch"),
        pytest.param(
            "2026-10-07T21:01:11.000Z", "2026-10-05T21:01:11.504756+00:00", id="as on Stripe's page"
        ),
        pytest.param(None, "2026-10-05T21:01:11.504756+00:00", id="not told"),
    ],
)
def test_data_are_as_old_as_their_last_refresh_and_not_newer_than_the_run(refreshed_at, as_of):
    """A run that was read again after a refresh still has the data of its launch."""
    assert changed(refreshed_at=refreshed_at).as_of == datetime.fromisoformat(as_of)


@pytest.mark.parametrize(
    "details",
    [
        {"code": "file_size_above_limit", "message": "Too large.", "canceled_at": None},
        {"failed": {"error_code": "file_size_above_limit", "error_message": "Too large."}},
    ],
)
def test_the_reason_of_a_failure_is_read_in_both_forms(details):
    """Stripe's page has the first; an earlier preview had the second."""
    run = changed(status="failed", result=None, status_details=details)
    assert (run.error_code, run.error) == ("file_size_above_limit", "Too large.")


@pytest.mark.parametrize(
    "wrong",
    [
        {"object": "reporting.report_run"},
        {"created": 1780272000},
        {"created": "2026-10-05T21:01:11"},
        {"parameters": []},
        {"result": {"row_count": "-1"}},
        {"result": {"row_count": True}},
        {"result": {"file": {"columns": [{"name": "a", "type": "varchar"}] * 2}}},
    ],
)
def test_another_object_is_refused(wrong):
    """A gateway may answer with anything."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        ReportRunV2.from_stripe({**copy.deepcopy(RUN), **wrong})
