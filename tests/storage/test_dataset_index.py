"""What the names of a dataset's entries say, without reading one of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from stripe_reports.errors import StoreError
from stripe_reports.storage.datasets.folder import Folder
from stripe_reports.storage.datasets.index import Index, Known
from stripe_reports.storage.datasets.layout import Cell, Compacted, Noted, StoredRun

AUGUST = Cell(
    "payouts.itemized.5", "acct_1", datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
)
OLD = StoredRun(AUGUST, "frr_old", datetime(2026, 11, 3, tzinfo=UTC))
NEW = StoredRun(AUGUST, "frr_new", datetime(2026, 11, 4, tzinfo=UTC))


def known(*names):
    return Known.of(names)


def noted(run_id, event, cell=AUGUST):
    return Noted(cell, run_id, event).name


def test_the_newest_data_of_a_cell_are_current_whatever_the_order_of_names():
    """The ids of runs are random, so their order says nothing."""
    for names in ([OLD.entry, NEW.entry], [NEW.entry, OLD.entry]):
        assert (known(*names).runs, known(*names).replaced) == ((NEW,), (OLD,))


def test_a_run_that_was_moved_away_is_never_read_again():
    """Its file is in ``superseded/``; also if the entry of its successor is lost."""
    both = known(OLD.entry, NEW.entry, noted("frr_old", "superseded"))
    assert (both.runs, both.replaced, both.moved) == ((NEW,), (OLD,), {OLD})
    alone = known(OLD.entry, noted("frr_old", "superseded"))
    assert (alone.runs, alone.replaced, alone.moved) == ((), (OLD,), {OLD})


def test_a_longer_interval_of_older_data_is_kept():
    """It has rows that the shorter one lacks."""
    half = replace(NEW, cell=replace(AUGUST, end=AUGUST.start + timedelta(days=15)))
    assert (known(half.entry, OLD.entry).runs, known(half.entry, OLD.entry).replaced) == ((OLD,), (half,))


def test_results_are_in_the_order_of_time_and_then_of_accounts():
    """So a month is a stretch of them; the key's own account is named ``own``."""
    september = replace(AUGUST, start=AUGUST.end, end=AUGUST.end + timedelta(days=30))
    cells = [AUGUST, replace(AUGUST, account="acct_2"), replace(AUGUST, account=None), september]
    runs = [StoredRun(cell, f"frr_{9 - n}", OLD.as_of) for n, cell in enumerate(cells)]
    assert known(*(run.entry for run in reversed(runs))).runs == tuple(runs)


@pytest.mark.parametrize(
    ("events", "left"),
    [
        pytest.param([("frr_1", "launched")], [("frr_1", "launched")], id="its result is not stored"),
        pytest.param([("frr_old", "launched")], [], id="its result is stored"),
        pytest.param([("key", "asked")], [], id="asked for before a run was stored"),
        pytest.param([("key", "asked"), ("frr_1", "launched")], [("frr_1", "launched")], id="then launched"),
    ],
)
def test_a_launch_is_open_until_its_result_is_stored(events, left):
    """It is waited for, and not launched again."""
    found = known(OLD.entry, *(noted(*event) for event in events))
    assert [(each.run_id, each.event) for each in found.launches] == left


def test_a_launch_without_a_run_is_open_while_the_cell_has_none():
    """Stripe gave no answer, and the run may exist."""
    assert [each.event for each in known(noted("key", "asked")).launches] == ["asked"]


def test_copies_facts_and_foreign_names_are_told_apart():
    """Somebody else may write into a shared bucket."""
    copy = Compacted(AUGUST.report_type, "2026-08", "a" * 32, "b" * 32)
    facts = [f"index/{AUGUST.report_type}/{fact}.json" for fact in ("parameters", "columns")]
    strange = ["index/notes.txt", f"index/{AUGUST.report_type}/other.json", OLD.entry.replace("acct_1", "x")]
    found = known(copy.entry, *facts, *strange)
    assert (found.compacted, found.unknown, found.runs) == ((copy,), tuple(sorted(strange)), ())


@pytest.mark.parametrize(
    ("content", "said"), [(None, "does not exist"), (b"[1]", "is damaged"), (b"", "is damaged")]
)
def test_an_entry_that_cannot_be_read_says_why(tmp_path, content, said):
    """One that is missing was removed; one that is damaged was changed."""
    place = Folder(tmp_path)
    if content is not None:
        place.write_new(OLD.entry, content)
    with pytest.raises(StoreError, match=rf"The entry {OLD.entry} of the dataset at .* {said}\."):
        Index(place).read(OLD.entry)


def test_an_empty_place_has_no_report_types(tmp_path):
    """Nothing was written yet, not even a folder."""
    assert Index(Folder(tmp_path / "new")).report_types() == []
