"""A .zip of evidence has the same files for every reader and cannot fill the disk, or it is refused."""

import io
import os
import shutil
import stat
import struct
import subprocess
import zipfile
import zlib

import pytest

import stripe_reports as sr
from stripe_reports import cli
from stripe_reports.errors import NotAReportError
from stripe_reports.reconcile.evidence import unpacking
from stripe_reports.simulator import Simulator

FORGED = b"<h1>All is well</h1>"
SIZES_FOLLOW = 8
"""The flag of an entry whose sizes are not in front of it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The evidence of a small October, as one file."""
    from stripe_reports.demo_client import DemoClient

    folder = tmp_path_factory.mktemp("evidence")
    with DemoClient(Simulator(1, latency=1.0, charges_per_day=8.0), cache_dir=folder / "cache") as client:
        return client.evidence("2026-10", folder / "close.zip").path


@pytest.fixture
def entries(made):
    """What is in it, in order, to be written again with something more."""
    with zipfile.ZipFile(made) as archive:
        return [(entry.filename, archive.read(entry)) for entry in archive.infolist()]


@pytest.fixture
def unpacks_nothing(monkeypatch):
    """Fails the test if anything is unpacked."""

    def unpack(*_):
        raise AssertionError("unpacked")

    monkeypatch.setattr(unpacking, "_unpack", unpack)


class OneWay(io.BytesIO):
    """A stream without a way back, as a socket is: sizes are written after the contents."""

    def seek(self, *_):
        raise io.UnsupportedOperation("seek")


def packed(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def test_an_archive_that_was_packed_again_verifies(entries, tmp_path):
    """By another program, in another order, with folders as entries."""
    path = packed(tmp_path / "x.zip", [("reports/", b""), *reversed(entries)])
    assert sr.verify(path).ok
    packed(stream := OneWay(), entries)
    with zipfile.ZipFile(io.BytesIO(stream.getvalue())) as archive:
        assert all(entry.flag_bits & SIZES_FOLLOW for entry in archive.infolist())
    (tmp_path / "y.zip").write_bytes(stream.getvalue())
    assert sr.verify(tmp_path / "y.zip").ok


@pytest.mark.skipif(shutil.which("zip") is None, reason="there is no zip")
def test_an_archive_packed_by_zip_verifies(made, tmp_path):
    """A person may unpack it, read it, and pack it again."""
    shutil.unpack_archive(made, tmp_path / "close")
    subprocess.run(["zip", "-qr", "../x.zip", "."], cwd=tmp_path / "close", check=True)
    assert sr.verify(tmp_path / "x.zip").ok


@pytest.mark.usefixtures("unpacks_nothing")
class TestWhatIsRefused:
    def test_two_files_of_one_name(self, entries, tmp_path, capsys):
        """Some programs show the first, others the second: a person could read an unchecked file."""
        with pytest.warns(UserWarning, match="Duplicate name"):
            path = packed(tmp_path / "x.zip", [("index.html", FORGED), *entries])
        with pytest.raises(NotAReportError, match=r"'index.html' is used twice"):
            sr.verify(path)
        assert cli.main(["verify", str(path)]) == 1
        assert "It was not unpacked; ask the sender" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "name",
        [
            *("INDEX.html", "Index.HTML", "reports", "Reports/summary.CSV", "index.html/x", "index.html/"),
            *("provenance/summary.json/x",),
        ],
    )
    def test_two_names_that_are_equal_on_another_disk(self, entries, tmp_path, name):
        """macOS and Windows keep one of them; nowhere can a name be a file and a folder."""
        content = b"" if name.endswith("/") else FORGED
        path = packed(tmp_path / "x.zip", [(name, content), *entries])
        with pytest.raises(NotAReportError, match="is used twice"):
            sr.verify(path)

    def test_two_spellings_of_one_name(self, entries, tmp_path):
        """An accent as a separate character, or not."""
        path = packed(tmp_path / "x.zip", [("caf\u00e9", b""), ("cafe\u0301", b""), *entries])
        with pytest.raises(NotAReportError, match="is used twice"):
            sr.verify(path)

    @pytest.mark.parametrize(
        "name",
        [
            *("./index.html", "/index.html", "reports/../index.html", "../index.html", "reports//x", "."),
            *("..\\index.html", "reports\\x", "C:/index.html", "C:index.html"),
        ],
    )
    def test_a_name_that_leaves_the_folder(self, entries, tmp_path, name):
        """Every program treats it differently."""
        path = packed(tmp_path / "x.zip", [*entries, (zipfile.ZipInfo(name), FORGED)])
        with pytest.raises(NotAReportError, match="not a plain path"):
            sr.verify(path)

    def test_a_name_with_a_nul(self, entries, tmp_path):
        """zipfile reads up to it, other programs do not."""
        path = packed(tmp_path / "x.zip", [("index.htmlXx", FORGED), *entries])
        path.write_bytes(path.read_bytes().replace(b"index.htmlXx", b"index.html\0x"))
        with pytest.raises(NotAReportError, match="not a plain path"):
            sr.verify(path)

    @pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR])
    def test_an_entry_that_is_not_a_file(self, entries, tmp_path, kind):
        """A link shows the contents of another file."""
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (kind | 0o600) << 16
        path = packed(tmp_path / "x.zip", [*entries, (entry, b"/etc/hostname")])
        with pytest.raises(NotAReportError, match="neither a regular file nor a folder"):
            sr.verify(path)

    def test_files_that_the_table_of_contents_does_not_list(self, made, tmp_path):
        """A program that reads from the start finds them: before, between and after the others."""
        hidden = io.BytesIO()
        packed(hidden, [("index.html", FORGED)])
        local = hidden.getvalue()[: 30 + len("index.html") + len(zlib.compress(FORGED))]
        for name, content in {
            "before.zip": local + made.read_bytes(),
            "comment.zip": made.read_bytes()[:-2] + struct.pack("<H", len(local)) + local,
        }.items():
            (tmp_path / name).write_bytes(content)
            with pytest.raises(NotAReportError, match="bytes outside its entries"):
                sr.verify(tmp_path / name)

    def test_a_file_that_was_only_removed_from_the_list(self, entries, tmp_path):
        """Its bytes are still in the archive."""
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            for number, (name, content) in enumerate(entries):
                archive.writestr(name, content)
                if number == 3:
                    archive.writestr("hidden.html", FORGED)
                    del archive.NameToInfo["hidden.html"], archive.filelist[-1]
        with pytest.raises(NotAReportError, match="bytes outside its entries"):
            sr.verify(tmp_path / "x.zip")

    def test_more_than_the_limit_unpacked(self, entries, tmp_path, monkeypatch):
        """A few kilobytes can unpack to a petabyte; the sizes are known before."""
        path = packed(tmp_path / "x.zip", [*entries, ("zeros", bytes(30_000_000))])
        assert path.stat().st_size < 1_000_000
        monkeypatch.setattr(unpacking, "MOST_BYTES", 30_000_000)
        with pytest.raises(NotAReportError, match=r"it unpacks to 3\d\.\d MB; the limit is 30.0 MB"):
            sr.verify(path)

    def test_more_than_the_disk_has_room_for(self, made, monkeypatch):
        """A full disk would harm all other programs there."""
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
        with pytest.raises(NotAReportError, match=r"1\.0 kB are free"):
            sr.verify(made)

    def test_entries_that_share_their_bytes(self, tmp_path):
        """The best-known kind of zip bomb: each entry has the same contents again."""
        with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("index.html", bytes(1_000_000))
            again = zipfile.ZipInfo.__new__(zipfile.ZipInfo)
            for name in zipfile.ZipInfo.__slots__:
                if hasattr(archive.filelist[0], name):
                    setattr(again, name, getattr(archive.filelist[0], name))
            again.filename = again.orig_filename = "other.html"
            archive.filelist.append(again)
        with pytest.raises(NotAReportError, match=r"bytes outside its entries|[Oo]verlap"):
            sr.verify(tmp_path / "x.zip")

    def test_more_entries_than_a_close_can_have(self, entries, tmp_path):
        """Each takes an inode."""
        path = packed(tmp_path / "x.zip", [*entries, *((f"{n}", b"") for n in range(1000))])
        with pytest.raises(NotAReportError, match="more than 1,000"):
            sr.verify(path)

    def test_an_uncommon_compression(self, entries, tmp_path):
        """Some people could not open it."""
        with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_LZMA) as archive:
            for name, content in entries:
                archive.writestr(name, content)
        with pytest.raises(NotAReportError, match="rare compression method"):
            sr.verify(tmp_path / "x.zip")


@pytest.mark.parametrize("claimed", [10, 1000])
def test_a_wrong_size_is_refused(entries, tmp_path, claimed):
    """No byte more than the stated size is unpacked, and the checked bytes are the unpacked ones."""
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
        archive.writestr("zeros", bytes(100))
        archive.filelist[-1].file_size = claimed  # in the table of contents, which is written at the end
    with pytest.raises(NotAReportError, match=r"Bad CRC|does not have the size"):
        sr.verify(path)


def test_a_folder_holds_files_and_folders_only(made, tmp_path):
    """Reading a pipe would never end, and what a link leads to can change."""
    for number, spoil in enumerate(
        [
            lambda close: [(close / "evidence.json").unlink(), os.mkfifo(close / "evidence.json")],
            lambda close: [
                (close / "reports").rename(tmp_path / "elsewhere"),
                (close / "reports").symlink_to(tmp_path / "elsewhere"),
            ],
        ]
    ):
        close = tmp_path / f"close-{number}"
        shutil.unpack_archive(made, close)
        spoil(close)
        with pytest.raises(NotAReportError, match="neither a regular file nor a folder"):
            sr.verify(close)


def test_a_manifest_that_is_a_link_is_found(made, tmp_path):
    """Its hash is what proves the rest."""
    close = tmp_path / "close"
    shutil.unpack_archive(made, close)
    (close / "manifest.sha256").rename(tmp_path / "manifest")
    (close / "manifest.sha256").symlink_to(tmp_path / "manifest")
    found = [problem for finding in sr.verify(close).findings for problem in finding.problems]
    assert found == ["manifest.sha256 is a link, so its contents can change."]
