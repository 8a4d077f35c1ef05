"""Written files contain customers' data: only the user can read them, whatever the umask is."""

import io
import os
import stat

import pytest

import stripe_reports as sr
from stripe_reports import cli
from stripe_reports.errors import StoreError


@pytest.fixture(params=[0o022, 0o000], ids=["umask 022", "umask 000"])
def folder(request, tmp_path):
    """An empty folder of the user's, in a process that closes nothing by itself."""
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    before = os.umask(request.param)
    yield folder
    os.umask(before)


@pytest.fixture
def report(client):
    return client.fetch("balance.summary", "2026-10", currency="eur")


def assert_private(folder):
    """Everything below; and there is something, and nothing that was left behind."""
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert found
    assert {path: oct(mode) for path, mode in found.items() if mode & 0o077} == {}
    assert not [path for path in found if path.suffix == ".part"]


def test_everything_that_is_stored_is_private(folder, client, tmp_path):
    """Results, their index and the answers about them, whatever the user's usual permissions are."""
    report = client.fetch("balance.summary", "2026-10")
    assert stat.S_IMODE(report.path.stat().st_mode) == 0o600
    assert_private(tmp_path / "cache")


WRITERS = {
    "write_csv": lambda report, path: report.write_csv(path / "x.csv"),
    "write_parquet": lambda report, path: report.write_parquet(path / "x.parquet"),
    "write_excel": lambda report, path: report.write_excel(path / "x.xlsx"),
    "write_raw_html": lambda report, path: report.table().write_raw_html(path / "x.html"),
    "table.save": lambda report, path: report.table().save(path / "x.html"),
    **{
        f"chart.save {ending}": lambda report, path, ending=ending: report.chart().save(path / f"x.{ending}")
        for ending in ("html", "json", "svg", "png", "pdf", "vega", "SVG")
    },
    "chart.save of a named format": lambda report, path: report.chart().save(str(path / "x"), "svg"),
    "chart.save restyled": lambda report, path: report.chart().properties(width=90).save(path / "x.svg"),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_files_of_a_report_are_private(write, report, folder):
    """Even if a file that others can read exists already."""
    write(report, folder)
    (written,) = folder.iterdir()
    assert_private(folder)
    written.chmod(0o644)
    write(report, folder)
    assert_private(folder)


def test_files_of_a_report_set_are_private(client, folder):
    """Its parts are read one after another."""
    reports = client.fetch_all("payouts.itemized", "2026-09/2026-10", split="month", currency="eur")
    for name in ("csv", "parquet"):
        getattr(reports, f"write_{name}")(folder / f"x.{name}")
    assert_private(folder)


@pytest.mark.parametrize("name", ["new/close", "new/close.zip"])
def test_evidence_is_private(client, folder, name):
    """With the folders above it that had to be created."""
    client.evidence("2026-10", folder / name, currency="eur")
    assert_private(folder)
    assert sr.verify(folder / name).ok


@pytest.mark.parametrize(
    "arguments",
    [
        ["fetch", "balance.summary", "2026-10", "--demo", "--output", "x.csv"],
        ["tie-out", "2026-10", "--demo", "--currency", "eur", "--output", "x.csv"],
        ["demo", "--output", "new/folder"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_files_of_commands_are_private(arguments, folder, monkeypatch):
    """The current folder is not changed."""
    monkeypatch.setattr("stripe_reports.demo_client.time.sleep", lambda _seconds: None)
    monkeypatch.chdir(folder)
    assert cli.main(arguments) == 0
    assert_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_the_mode_of_an_open_file_is_not_changed(report, folder):
    """The caller who opened it has chosen who may read it."""
    text, path = io.StringIO(), folder / "x.svg"
    report.chart().save(text, "svg")
    with path.open("w") as file:
        report.chart().save(file, format="svg")
    assert path.read_text() == text.getvalue()


def test_a_chart_that_cannot_be_drawn_leaves_the_existing_file(report, folder):
    """It is replaced once the new one is complete."""
    (folder / "x.bmp").write_text("old")
    with pytest.raises(ValueError, match="bmp"):
        report.chart().save(folder / "x.bmp")
    assert (folder / "x.bmp").read_text() == "old"
    assert len(list(folder.iterdir())) == 1
    with pytest.raises(StoreError, match="Could not write"):
        report.chart().save(folder / "missing" / "x.svg")
