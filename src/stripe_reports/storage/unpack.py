"""Unpack compressed result files into the same folder, with a limit on the size."""

from __future__ import annotations

import gzip
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import IO

from stripe_reports.errors import DamagedFileError
from stripe_reports.storage.bounded_file import BoundedFile

__all__ = ["PACKED", "unpacked"]

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
PACKED = (_GZIP, _ZIP)
"""First bytes of the files that ``unpacked`` unpacks."""

MOST_TIMES_LARGER = 200
"""Maximum compression ratio: no report exceeds it, but an attack on the disk would."""

_CHUNK = 1 << 20


def unpacked(received: Path, *, max_bytes: int) -> Path:
    """Return the file itself, or its contents if it is gzip or a ZIP archive of one file.

    Raises:
        DamagedFileError: It cannot be unpacked, or would unpack to more than 200 times its size.
        ResultTooLargeError: It would unpack to more than *max_bytes*.
        StoreError: There is not enough disk space for it.
    """
    with received.open("rb") as file:
        start = file.read(4)
    try:
        if start.startswith(_GZIP):
            with gzip.open(received) as inside:
                return _copied(inside, received, max_bytes)
        if start == _ZIP:
            with zipfile.ZipFile(received) as archive:
                (name,) = archive.namelist()
                with archive.open(name) as inside:
                    return _copied(inside, received, max_bytes)
    except OSError as error:
        if error.errno is not None:
            raise  # the disk
        raise _damaged(error) from error
    except (
        EOFError,
        zlib.error,
        lzma.LZMAError,
        zipfile.BadZipFile,
        ValueError,
        RuntimeError,  # it needs a password, or uses an unknown method
    ) as error:
        raise _damaged(error) from error
    return received


def _damaged(error: Exception) -> DamagedFileError:
    return DamagedFileError(f"The compressed result file cannot be unpacked ({error}).")


def _copied(inside: IO[bytes] | gzip.GzipFile, received: Path, max_bytes: int) -> Path:
    unpacked, most, size = received.with_suffix(".unpacked"), MOST_TIMES_LARGER * received.stat().st_size, 0
    with BoundedFile(unpacked, max_bytes=max_bytes) as target:
        while chunk := inside.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise DamagedFileError(
                    f"The compressed result file unpacks to more than {MOST_TIMES_LARGER} times its size, "
                    "which no report does."
                )
            target.write(chunk)
    received.unlink()
    return unpacked
