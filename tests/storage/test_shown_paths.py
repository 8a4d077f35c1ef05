"""Shown paths: notebooks are saved and passed on, and the name of a home folder is often its owner's."""

from pathlib import Path

import pytest

import stripe_reports as sr
from stripe_reports.errors import ParameterError, StoreError
from stripe_reports.notebook.form.facts import provenance
from stripe_reports.reconcile.evidence import EvidenceFolder
from stripe_reports.storage.disk import shown_path
from stripe_reports.storage.unrecognised import NameRecord


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder with everything that the user has."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def texts(value):
    """Everything that a notebook would save of a value."""
    html = getattr(value, "_repr_html_", str)
    return [repr(value), str(value), html()]


def test_only_what_is_below_the_home_folder_is_shortened(home, monkeypatch):
    """A machine without one, or whose home is the root, has nothing to hide."""
    assert shown_path(home / "a" / "b.csv") == str(Path("~/a/b.csv"))
    assert shown_path(home) == "~"
    assert shown_path(home.parent / "b.csv") == str(home.parent / "b.csv")
    assert shown_path("october.csv") == "october.csv"
    monkeypatch.setenv("HOME", "/")
    assert shown_path("/data/b.csv") == "/data/b.csv"


@pytest.mark.skipif("os.name != 'posix'", reason="the home folder is set by HOME")
def test_no_card_or_message_names_the_home_folder(home, client, caplog):
    """Of clients, reports, files, the cache, sets, datasets, evidence; in messages and provenance too."""
    report = client.fetch("balance.summary", "2026-09")
    report.write_csv(home / "september.csv")
    read = sr.Report.from_csv(home / "september.csv", report_type="balance.summary")
    dataset = sr.dataset("shared")
    reports = client.fetch_all("balance.summary", "2026-08", into=home / "shared")
    shown = [client, report, report.run, report.request, read, reports, *reports, client.stored()]
    shown += [client.cache, client.cache.info().rows(), dataset, dataset.verify(), *dataset.provenance()]
    shown += [EvidenceFolder(home / "close", "60 of 60 controls pass", (), "0")]
    shown += [provenance(each) for each in (report, read, reports)]
    with pytest.raises(ParameterError) as exists:
        client.evidence("2026-09", home / "september.csv")
    report.path.write_bytes(b"")
    with pytest.raises(StoreError) as gone:
        report.frame()
    (index,) = (home / "cache").rglob("index.sqlite")
    index.write_bytes(b"damaged" * 1000)
    (home / "names").mkdir()
    (home / "names.jsonl").write_text("damaged\n")
    shown += [NameRecord(home / name).read() for name in ("names", "names.jsonl")]
    shown += [client.stored(), exists.value, gone.value, caplog.text]
    for warning in ("was damaged", "it is not a file", "damaged lines"):
        assert warning in caplog.text
    assert [text for value in shown for text in texts(value) if str(home) in text] == []
    assert any("~/cache/" in text for text in texts(report))


def test_shortened_paths_work_where_paths_are_taken(home, client):
    """The list of the cache is used to remove results, and a file is opened again by its shown name."""
    report = client.fetch("balance.summary", "2026-09")
    report.write_csv("~/september.csv")
    read = sr.Report.from_csv(home / "september.csv", report_type="balance.summary")
    assert (
        sr.Report.from_csv(read.provenance.name, report_type="balance.summary").frame().equals(read.frame())
    )
    assert client.cache.clear("balance.summary").height == 1
    assert not report.path.exists()
