"""A listing is a list, is displayed as a table, and has ``frame()``."""

import copy
import pickle
from dataclasses import replace

import polars as pl
import pytest

from stripe_reports.report.listings import ReportRuns

HOSTILE = "\x1b[2J<script>\u202e"


@pytest.fixture
def client(client):
    """A client with one stored report, and with a run in progress."""
    client.fetch("balance.summary.2", "2026-10", currency="eur")
    client.launch(client.request("payouts.itemized.5", "2026-10"))
    return client


@pytest.mark.parametrize("call", ["report_types", "runs", "pending", "stored"])
class TestEveryListing:
    def test_a_listing_is_a_list(self, client, call):
        """Code that expects a list needs no change."""
        listed = getattr(client, call)()
        assert isinstance(listed, list)
        assert listed == list(listed)
        assert copy.copy(listed) == pickle.loads(pickle.dumps(listed)) == listed  # noqa: S301

    def test_the_frame_of_a_listing_has_a_row_for_each_item(self, client, call):
        """Lists can be filtered and sorted with polars."""
        listed = getattr(client, call)()
        assert listed.frame().height == len(listed) > 0

    def test_the_frame_of_an_empty_listing_has_the_same_types(self, client, call):
        """A filter on a time must not fail on the first day."""
        listed = getattr(client, call)()
        schema = type(listed)().frame().schema
        assert schema == listed.frame().schema
        assert pl.Null not in schema.dtypes()

    def test_a_listing_is_shown_as_a_table(self, client, call):
        """In a notebook and in a terminal."""
        listed = getattr(client, call)()
        heading = f"{len(listed):,} "
        assert repr(listed).startswith(heading)
        assert "<table>" in listed._repr_html_()
        assert len(repr(listed).splitlines()) <= 15


def test_text_from_outside_is_escaped(client):
    """Errors and statuses are Stripe's texts; they must not control a terminal or be markup."""
    runs = ReportRuns([replace(client.runs()[0], error=HOSTILE)])
    assert "\\x1b[2J<script>\\u202e" in repr(runs)
    assert "<script>" not in runs._repr_html_()
    assert runs.frame()["error"].item() == HOSTILE


def test_the_bounds_of_a_run_are_times(client):
    """Stripe sends seconds; a missing or invalid time is empty."""
    run = client.runs()[-1]
    odd = replace(run, parameters={"interval_start": 10**30, "interval_end": "soon"})
    frame = ReportRuns([run, odd]).frame()
    assert str(frame["interval_start"][0]) == "2026-10-01 00:00:00+00:00"
    assert frame.select("interval_start", "interval_end").row(1) == (None, None)
