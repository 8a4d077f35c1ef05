"""What lies where in the evidence of a close, and its manifest.

index.html                 all of it for people, in one page
evidence.json              what was closed: title, interval, reports
controls.csv               every control, by currency
reports/<name>.parquet     each report as it was stored, typed, with its provenance inside
reports/<name>.csv         the same rows for any program
provenance/<name>.json     who asked for it, when, which run answered, SHA-256 of Stripe's file
charts/<name>.svg          a picture of each report that has one
manifest.sha256            SHA-256 of every other file, as ``sha256sum --check`` reads it
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from stripe_reports.errors import NotAReportError
from stripe_reports.storage.disk import digest

__all__ = [
    "CONTROLS",
    "FACTS",
    "MANIFEST",
    "PAGE",
    "files_of",
    "manifest_text",
    "read_manifest",
    "report_files",
]

PAGE, FACTS, CONTROLS, MANIFEST = "index.html", "evidence.json", "controls.csv", "manifest.sha256"

_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<path>[^\\\n]+)")


def report_files(name: str) -> tuple[str, str, str]:
    """Where a report lies: Parquet, CSV and provenance."""
    return f"reports/{name}.parquet", f"reports/{name}.csv", f"provenance/{name}.json"


def files_of(folder: Path) -> list[str]:
    """Everything in the folder but folders, by path from it; links too, which do not belong there."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def manifest_text(folder: Path) -> str:
    """The manifest of a folder as it is now."""
    names = [name for name in files_of(folder) if name != MANIFEST]
    return "".join(f"{digest(folder / name)}  {name}\n" for name in names)


def read_manifest(folder: Path) -> dict[str, str]:
    """Digest by path.

    Raises:
        NotAReportError: There is no manifest, or it is not one.
    """
    try:
        lines = (folder / MANIFEST).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NotAReportError(
            f"{folder} is not the evidence of a close: its {MANIFEST} cannot be read ({error})."
        ) from error
    matches = [_LINE.fullmatch(line) for line in lines]
    listed = {match["path"]: match["digest"] for match in matches if match}
    is_safe = all(not PurePosixPath(name).is_absolute() and ".." not in name.split("/") for name in listed)
    if None in matches or len(listed) != len(lines) or not is_safe:
        raise NotAReportError(f"{folder / MANIFEST} is not a list of SHA-256 and file names.")
    return listed
