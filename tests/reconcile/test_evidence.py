"""The evidence of a close: written atomically, readable without key or Python, and verifiable forever."""

import hashlib
import json
import re
import shutil
import stat
import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

import stripe_reports as sr
from stripe_reports import cli
from stripe_reports.cli import evidence as command
from stripe_reports.errors import NotAReportError, ParameterError, StoreError
from stripe_reports.reconcile.evidence import write_evidence, writing
from stripe_reports.render.money import figure
from stripe_reports.simulator import Simulator


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The evidence of a small October."""
    from stripe_reports.demo_client import DemoClient

    folder = tmp_path_factory.mktemp("evidence")
    with DemoClient(Simulator(1, latency=1.0, charges_per_day=8.0), cache_dir=folder / "cache") as client:
        yield client.evidence("2026-10", folder / "close", timezone="Europe/Paris")


@pytest.fixture
def close(made, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(made.path, tmp_path / "close")


def problems(path):
    return [problem for finding in sr.verify(path).findings for problem in finding.problems]


def sign_again(folder):
    """A new manifest of the present files: a person who forges a file can write one too."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
        if name != "manifest.sha256"
    ]
    (folder / "manifest.sha256").write_text("".join(lines))


def test_evidence_has_everything_that_the_close_is_based_on(made):
    """Each report twice, its provenance, its chart; the controls, the page, the hashes."""
    names = ("activity", "ending_balance", "payout_reconciliation", "payouts", "previous", "summary")
    assert set(made.files) == {
        *("index.html", "evidence.json", "controls.csv", "manifest.sha256"),
        *(f"reports/{name}.{ending}" for name in names for ending in ("parquet", "csv")),
        *(f"provenance/{name}.json" for name in names),
        *(f"charts/{name}.svg" for name in names if name != "previous"),
    }
    assert made.tie_out.passes
    assert "60 of 60 controls pass" in repr(made)
    assert made.digest in repr(made)
    noted = replace(made, tie_out=replace(made.tie_out, notes=("The previous balance was not checked.",)))
    assert "was not checked" in repr(noted), "what was left out is said where the outcome is"
    assert made.digest == hashlib.sha256((made.path / "manifest.sha256").read_bytes()).hexdigest()


def test_new_evidence_verifies(made):
    """Right after it was written, and from the command line, without a key."""
    result = sr.verify(made.path)
    assert result.ok, str(result)
    assert result.digest == made.digest
    assert result.controls == "October 2026: 60 of 60 controls pass"
    assert "26 files have the hash" in result._repr_html_()
    assert cli.main(["verify", str(made.path)]) == 0


def test_sha256sum_can_check_the_hashes(made):
    """An auditor need not trust our program."""
    if shutil.which("sha256sum") is None:
        pytest.skip("needs sha256sum")
    command_ = ["sha256sum", "--check", "--strict", "manifest.sha256"]
    subprocess.run(command_, cwd=made.path, check=True, capture_output=True)


def test_the_page_loads_nothing_and_runs_nothing(made):
    """Its links lead into the folder."""
    html = made.page.read_text()
    assert "<script" not in html
    assert not re.search(r"""(src|href)=["'](https?:)?//""", html)
    links = set(re.findall(r'<a href="([^"#]+)"', html))
    assert links <= set(made.files)
    assert {"controls.csv", "reports/activity.csv"} <= links
    assert html.count("<figure>") == 5
    assert "Close of October 2026" in html
    assert "From 2026-10-01 00:00 up to, not including, 2026-11-01 00:00, Europe/Paris" in html
    assert "Test data" in html


def test_the_page_shows_both_amounts_of_a_control_that_passes(made):
    """A tick alone proves nothing; and an amount has the decimals of its currency: jpy none, kwd three."""
    html = made.page.read_text()
    for row in made.tie_out.frame().iter_rows(named=True):
        code = row["currency"]
        cells = [figure(row["left"], code), figure(row["right"], code), figure(row["difference"], code)]
        numbers = "".join(f'<td class="number">{text}</td>' for text in cells)
        assert f"<td>{row['control']}</td>{numbers}" in html
    balances = made.tie_out.reports["summary"].frame().filter(category="ending_balance")
    for amount, code in balances.select("net_amount", "currency").iter_rows():
        assert f">{figure(amount, code)}</td>" in html


def test_the_page_says_what_each_control_compares_with_what(made):
    """The reader has neither Python nor our documentation; the legend has every control, once."""
    html = made.page.read_text()
    legend = html[html.index("What each control compares</h2>") :]
    for control, (left, right) in made.tie_out.sides.items():
        assert legend.count(f"<tr><td>{control}</td><td>{left}</td><td>{right}</td></tr>") == 1
    assert list(made.tie_out.sides) == made.tie_out.frame()["control"].unique(maintain_order=True).to_list()


def test_the_page_begins_with_a_link_to_each_section(made):
    """Sixty controls, five charts and six reports are long."""
    html = made.page.read_text()
    anchors = re.findall(r'<li><a href="#([^"]+)"', html)
    assert anchors == re.findall(r'<section id="([^"]+)"', html)
    assert anchors[0] == "controls"
    assert len(set(anchors)) == len(anchors)


def test_the_reports_in_evidence_are_those_that_were_tied_out(made):
    """Byte by byte: the stored files, with their provenance inside."""
    for name, report in made.tie_out.reports.items():
        copy = made.path / "reports" / f"{name}.parquet"
        assert copy.read_bytes() == report.path.read_bytes()
        told = json.loads((made.path / "provenance" / f"{name}.json").read_text())
        assert told["sha256"] == report.provenance.sha256
        assert told["run"]["id"] == report.run.id
        assert pl.read_csv(copy.with_suffix(".csv")).height == report.frame().height


def test_evidence_is_readable_only_by_the_user(made):
    """It contains customers' data."""
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o700
    for name in made.files:
        assert stat.S_IMODE((made.path / name).stat().st_mode) == 0o600


def test_a_zip_is_private_while_it_is_written(made, tmp_path, monkeypatch):
    """Others may be able to read the folder that it is in, and writing a large one takes a while."""
    modes = set()
    copy = shutil.copyfileobj

    def watched(source, target, *more):
        modes.update(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob(".*.zip"))
        return copy(source, target, *more)

    monkeypatch.setattr(shutil, "copyfileobj", watched)
    write_evidence(made.tie_out, tmp_path / "close.zip", written_at=datetime(2026, 11, 5, tzinfo=UTC))
    assert modes == {0o600}


def test_a_zip_has_the_same_files_as_the_folder(made, tmp_path, capsys):
    """To send it, and to verify it without unpacking; the same evidence gives the same bytes."""
    written_at = made.tie_out.reports["summary"].provenance.fetched_at
    written = [
        write_evidence(made.tie_out, tmp_path / name, written_at=written_at)
        for name in ("one.zip", "two.zip")
    ]
    files = [each.path for each in written]
    assert sr.verify(files[0]).ok
    assert written[0].page is None, "a browser opens no page inside of it"
    assert files[0].read_bytes() == files[1].read_bytes()
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if "zip" in path.name) == ["one.zip", "two.zip"]
    assert cli.main(["verify", str(files[0])]) == 0


# Whole or not at all


def test_existing_files_are_never_overwritten(made, tmp_path):
    """Evidence that can be overwritten proves nothing; an empty folder may be filled."""
    now = made.tie_out.reports["summary"].provenance.fetched_at
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    with pytest.raises(ParameterError, match="never overwritten"):
        write_evidence(made.tie_out, taken, written_at=now)
    assert [path.name for path in taken.iterdir()] == ["notes.txt"]
    (tmp_path / "empty").mkdir()
    assert sr.verify(write_evidence(made.tie_out, tmp_path / "empty", written_at=now).path).ok


def test_a_failure_halfway_leaves_no_files(made, tmp_path, monkeypatch):
    """A full disk, an interrupt, a chart that cannot be drawn."""
    now = made.tie_out.reports["summary"].provenance.fetched_at
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):

        def fails(*_, error=error):
            raise error

        with monkeypatch.context() as patched:
            patched.setattr("stripe_reports.reconcile.evidence.page.page_of", fails)
            with pytest.raises((StoreError, KeyboardInterrupt)):
                write_evidence(made.tie_out, tmp_path / "close", written_at=now)
        assert [path.name for path in tmp_path.iterdir() if "close" in path.name] == []


def test_a_failed_close_is_written_as_a_failed_one(made, tmp_path, monkeypatch, capsys):
    """It is evidence of a difference; the page shows the rows, and the command exits with one."""
    frames = dict(made.tie_out.frames)
    spoiled = pl.col("category") == "activity"
    frames["summary"] = frames["summary"].with_columns(
        net_amount=pl.when(spoiled).then(pl.col("net_amount") + 1).otherwise("net_amount")
    )
    worse = sr.TieOut.of(
        **frames, interval=made.tie_out.interval, title="October", reports=made.tie_out.reports
    )
    now = made.tie_out.reports["summary"].provenance.fetched_at
    written = write_evidence(worse, tmp_path / "worse", written_at=now)
    html = written.page.read_text()
    assert "Rows that cause the differences" in html
    assert "itemised = summary, EUR" in html
    assert re.search(r'<td class="number">−1</td><td><span[^>]*>✗', html), "of jpy, without decimals"

    class Client:
        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda *_: None  # noqa: E731
        evidence = staticmethod(lambda *_, **__: written)

    monkeypatch.setattr(command, "client_of", lambda _: Client())
    assert cli.main(["evidence", "2026-10", str(tmp_path / "x")]) == 1
    assert "fail" in capsys.readouterr().out
    # The reports themselves agree: such controls were not computed from them.
    assert problems(written.path) == [
        "controls.csv differs from the controls of the reports: October: 60 of 60 controls pass."
    ]


# What is found


def test_a_changed_file_is_found(close):
    """One byte is enough."""
    page = close / "index.html"
    page.write_text(page.read_text().replace("pass", "fail", 1))
    assert problems(close) == ["index.html was changed after it was written."]
    assert cli.main(["verify", str(close)]) == 1


def test_a_missing_file_and_an_added_one_are_found(close):
    """No file was removed, and none was added."""
    (close / "charts" / "summary.svg").unlink()
    (close / "reports" / "other.csv").write_text("x")
    (close / ".hidden").write_text("x")
    (close / "link").symlink_to("/etc/hostname")
    assert problems(close) == [
        "charts/summary.svg is missing.",
        ".hidden was added: it is not in manifest.sha256.",
        "link was added: it is not in manifest.sha256.",
        "reports/other.csv was added: it is not in manifest.sha256.",
    ]


def test_a_file_that_is_a_link_is_missing(close):
    """What it points to can change without the folder."""
    target = close / "controls.csv"
    other = close.parent / "controls.csv"
    target.rename(other)
    target.symlink_to(other)
    assert "controls.csv is missing." in problems(close)


def test_a_csv_that_differs_from_its_parquet_is_found_despite_new_hashes(close):
    """A changed figure would have to be changed everywhere."""
    csv = close / "reports" / "payouts.csv"
    lines = csv.read_text().splitlines(keepends=True)
    csv.write_text("".join(lines[:-1]))
    sign_again(close)
    assert problems(close) == ["reports/payouts.csv and reports/payouts.parquet have different rows."]


def test_controls_that_do_not_follow_from_the_reports_are_found(close):
    """They are calculated again from the Parquet files."""
    frame = pl.read_parquet(close / "reports" / "activity.parquet")
    metadata = pl.read_parquet_metadata(close / "reports" / "activity.parquet")
    fewer = frame[1:]
    fewer.write_parquet(
        close / "reports" / "activity.parquet", metadata={"stripe_reports": metadata["stripe_reports"]}
    )
    sign_again(close)
    found = problems(close)
    assert found[0] == "reports/activity.csv and reports/activity.parquet have different rows."
    assert found[1] == "reports/activity.parquet has 397 rows, but provenance/activity.json says 398."
    assert re.match(r"controls.csv differs from the controls of the reports: .* fail\.", found[2])


def test_a_changed_provenance_is_found(close):
    """The run that a report is said to come from must be the one in its file."""
    told = close / "provenance" / "summary.json"
    told.write_text(told.read_text().replace("frr_", "frr_9"))
    sign_again(close)
    assert problems(close) == [
        "provenance/summary.json or evidence.json names a different run than reports/summary.parquet."
    ]


def test_an_incomplete_manifest_is_found(close):
    """The manifest does not decide what is complete."""
    (close / "reports" / "payouts.csv").unlink()
    sign_again(close)
    assert "manifest.sha256 does not list reports/payouts.csv, which belongs to it." in problems(close)


def test_a_damaged_report_is_a_finding_and_not_a_crash(close):
    """All other checks are still made."""
    (close / "reports" / "activity.parquet").write_bytes(b"PAR1 nothing PAR1")
    found = problems(close)
    assert "reports/activity.parquet was changed after it was written." in found
    assert any("cannot be compared" in problem for problem in found)
    assert any("cannot be computed" in problem for problem in found)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda close: (close / "manifest.sha256").unlink(),
        lambda close: (close / "manifest.sha256").write_text("nonsense\n"),
        lambda close: (close / "manifest.sha256").write_text(f"{'0' * 64}  ../../outside\n"),
        lambda close: (close / "evidence.json").write_text("[]"),
        lambda close: (close / "evidence.json").write_text('{"reports": "summary", "title": ""}'),
        lambda close: (close / "evidence.json").write_text('{"reports": {"../x": {}}, "title": ""}'),
    ],
)
def test_anything_other_than_evidence_is_refused(close, spoil):
    """And no file outside of the folder is ever read."""
    spoil(close)
    with pytest.raises(NotAReportError):
        sr.verify(close)


@pytest.mark.parametrize("name", ["close", "close.zip"])
def test_one_of_two_simultaneous_writers_is_refused(client, tmp_path, monkeypatch, name):
    """The files that the first one has written stay unchanged."""
    target = tmp_path / name
    real = writing.files_of

    def first_is_quicker(folder):
        monkeypatch.setattr(writing, "files_of", real)
        client.evidence("2026-10", target)
        written.append(contents_of(target))
        return real(folder)

    written = []
    monkeypatch.setattr(writing, "files_of", first_is_quicker)
    with pytest.raises(StoreError, match="Could not write"):
        client.evidence("2026-10", target)
    assert written == [contents_of(target)]
    assert [path.name for path in tmp_path.iterdir() if "close" in path.name] == [name]


def contents_of(path):
    return {each.name: each.read_bytes() for each in (path.rglob("*.*") if path.is_dir() else [path])}


def test_an_invalid_zip_is_refused(tmp_path, capsys):
    """With its name, without a traceback."""
    (tmp_path / "x.zip").write_bytes(b"no")
    assert cli.main(["verify", str(tmp_path / "x.zip")]) == 1
    assert "neither a folder nor a .zip" in capsys.readouterr().err
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(NotAReportError, match="not the evidence"):
        sr.verify(tmp_path / "y.zip")


def test_existing_evidence_is_refused_before_anything_is_launched(client, simulator, tmp_path):
    """Six runs of twenty minutes are not waited for in vain."""
    (tmp_path / "close.zip").touch()
    with pytest.raises(ParameterError, match="never overwritten"):
        client.evidence("2026-09", tmp_path / "close.zip")
    assert simulator.requests == []
