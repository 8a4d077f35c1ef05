"""The folder to verify: given as such, or unpacked from a .zip that every program reads in the same way.

A .zip can hold two files of one name, and files that its table of contents does not list. A person could then
open one page while ``verify`` checks another, so such an archive is refused before anything is unpacked.
"""

from __future__ import annotations

import shutil
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from stripe_reports.errors import NotAReportError
from stripe_reports.reconcile.evidence.layout import files_of
from stripe_reports.render import remedies
from stripe_reports.storage.disk import reason_of, shown_path, size_text

__all__ = ["MOST_BYTES", "MOST_FILES", "folder_of"]

MOST_FILES = 1_000
"""Maximum entries of a .zip; evidence has about thirty."""

MOST_BYTES = 100_000_000_000
"""Maximum bytes of all unpacked files together: the default limit of one result."""

_CHUNK = 1 << 20

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_HAS_DESCRIPTOR = 0x08
_DESCRIPTORS = (12, 16, 20, 24)
"""Bytes after the contents of an entry: with and without a signature, with sizes of 4 or 8 bytes."""


@contextmanager
def folder_of(path: Path) -> Iterator[Path]:
    """Give the folder itself, or a temporary folder with the contents of the .zip.

    Raises:
        NotAReportError: It is neither, or it contains something that evidence never does.
    """
    if path.is_dir():
        _check_kinds(path)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="stripe-reports-verify-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                if odd := _what_is_odd(archive, Path(folder)):
                    raise NotAReportError(
                        f"{shown_path(path)} is not unchanged evidence of a close: {odd}. It was not "
                        "unpacked; ask the sender for another copy."
                    )
                for entry in archive.infolist():
                    _unpack(archive, entry, Path(folder))
        except (
            OSError,
            ValueError,  # such as an offset before the start
            EOFError,
            RuntimeError,  # it needs a password
            NotImplementedError,  # packed in a way that zipfile cannot read
            zipfile.BadZipFile,
            zlib.error,
            struct.error,
        ) as error:
            raise NotAReportError(
                f"{shown_path(path)} is neither a folder nor a .zip with the evidence of a close "
                f"({reason_of(error)}).",
                remedy=remedies.name_evidence(),
            ) from error
        yield Path(folder)


def _check_kinds(folder: Path) -> None:
    for name in files_of(folder):
        file = folder / name
        if file.exists() and not file.is_file():
            raise NotAReportError(
                f"{shown_path(folder)} is not unchanged evidence of a close: {name!r} is neither a regular "
                "file nor a folder. Remove it, or ask the sender for another copy."
            )


def _what_is_odd(archive: zipfile.ZipFile, folder: Path) -> str | None:
    """Describe something that our archives never have; None if there is nothing of the kind."""
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        return f"it has {len(entries):,} entries, more than {MOST_FILES:,}"
    for entry in entries:
        if odd := _odd_entry(entry):
            return f"its entry {entry.orig_filename!r} {odd}"
    if twice := _twice([entry.filename for entry in entries]):
        return f"the name {twice!r} is used twice in it"
    if archive.comment or not _is_without_gaps(archive):
        return "it contains bytes outside its entries, which some programs read as files"
    size, free = sum(entry.file_size for entry in entries), shutil.disk_usage(folder).free
    if size > min(MOST_BYTES, free):
        return (
            f"it unpacks to {size_text(size)}; the limit is {size_text(MOST_BYTES)}, and "
            f"{size_text(free)} are free at {folder.parent}"
        )
    return None


def _odd_entry(entry: zipfile.ZipInfo) -> str | None:
    name, kind = entry.orig_filename, stat.S_IFMT(entry.external_attr >> 16)
    parts = name.removesuffix("/").split("/")
    if (
        entry.filename != name  # cut at a NUL
        or "\\" in name
        or ":" in name  # a drive of Windows
        or not {"", ".", ".."}.isdisjoint(parts)  # the first part of an absolute name is empty
    ):
        return "is not a plain path inside the folder"
    if kind not in (0, stat.S_IFDIR if entry.is_dir() else stat.S_IFREG):
        return "is neither a regular file nor a folder"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "uses a rare compression method"
    if entry.is_dir() and entry.file_size:
        return "is a folder that contains data"
    return None


def _twice(names: Iterable[str]) -> str | None:
    """Find a name used by two files, or by a file and a folder, on any kind of disk."""
    files: set[str] = set()
    folders: set[str] = set()
    for name in names:
        # macOS and Windows treat these as the same name.
        alike = PurePosixPath(unicodedata.normalize("NFC", name).casefold())
        if name.endswith("/"):
            folders.add(str(alike))
        elif str(alike) in files:
            return name
        else:
            files.add(str(alike))
        folders.update(str(parent) for parent in alike.parents)
    return next(iter(sorted(files & folders)), None)


def _is_without_gaps(archive: zipfile.ZipFile) -> bool:
    """Tell whether the entries follow each other without gaps up to the table of contents.

    A program that reads the file from its start could find a file in a gap. Entries that overlap share bytes,
    which lets a small file unpack to a huge one.
    """
    file: IO[bytes] | None = archive.fp
    ends = {0}
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        if file is None or entry.header_offset not in ends:
            return False
        file.seek(entry.header_offset)
        *_, name_size, extra_size = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        end = entry.header_offset + _LOCAL_HEADER.size + name_size + extra_size + entry.compress_size
        ends = {end + size for size in (_DESCRIPTORS if entry.flag_bits & _HAS_DESCRIPTOR else (0,))}
    return archive.start_dir in ends


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / entry.filename
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as source, target.open("xb") as copy:
        shutil.copyfileobj(source, copy, _CHUNK)  # zipfile returns at most the size that was checked
    if target.stat().st_size != entry.file_size:
        raise zipfile.BadZipFile(f"{entry.filename!r} does not have the size that the archive states")
