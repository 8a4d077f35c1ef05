"""Compressed result files are unpacked, and bombs are not."""

import gzip
import io
import zipfile

import pytest

from stripe_reports.errors import DamagedFileError
from stripe_reports.storage.unpack import unpacked

CSV = b'"currency","gross"\n"eur","1.00"\n' * 50


def zipped(*, method=zipfile.ZIP_DEFLATED, **files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def locked(packed):
    """A ZIP archive that says that it has a password."""
    entry = packed.index(b"PK\x01\x02")
    return packed[:6] + b"\x01" + packed[7 : entry + 8] + b"\x01" + packed[entry + 9 :]


def damaged(packed):
    return packed[:45] + bytes(255 - byte for byte in packed[45:60]) + packed[60:]


@pytest.mark.parametrize(
    "content", [CSV, gzip.compress(CSV), zipped(report=CSV)], ids=["plain", "gzip", "zip"]
)
def test_a_compressed_report_is_unpacked(tmp_path, content):
    """A plain file is not moved."""
    received = tmp_path / "received"
    received.write_bytes(content)
    assert unpacked(received, max_bytes=10**9).read_bytes() == CSV
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(gzip.compress(CSV)[:-20], "cannot be unpacked", id="cut gzip"),
        pytest.param(b"\x1f\x8b" + b"x" * 50, "cannot be unpacked", id="no gzip at all"),
        pytest.param(b"PK\x03\x04" + b"x" * 50, "cannot be unpacked", id="no ZIP at all"),
        pytest.param(damaged(zipped(report=CSV)), "cannot be unpacked", id="damaged ZIP"),
        pytest.param(damaged(zipped(method=zipfile.ZIP_BZIP2, report=CSV)), "cannot be unpacked", id="bzip2"),
        pytest.param(damaged(zipped(method=zipfile.ZIP_LZMA, report=CSV)), "cannot be unpacked", id="LZMA"),
        pytest.param(locked(zipped(report=CSV)), "password", id="ZIP with a password"),
        pytest.param(zipped(a=CSV, b=CSV), "cannot be unpacked", id="two files in a ZIP"),
        pytest.param(gzip.compress(b"\0" * 50_000_000), "200 times", id="gzip bomb"),
        pytest.param(zipped(a=b"\0" * 50_000_000), "200 times", id="ZIP bomb"),
    ],
)
def test_an_archive_that_cannot_be_a_report_is_refused(tmp_path, content, says):
    """Before the disk is full."""
    received = tmp_path / "received"
    received.write_bytes(content)
    with pytest.raises(DamagedFileError, match=says):
        unpacked(received, max_bytes=10**9)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 300 * len(content)
