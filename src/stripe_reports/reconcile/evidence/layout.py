"""The files in the evidence of a close, and its manifest.

index.html                 everything on one page, for people
evidence.json              the close: title, interval, reports
controls.csv               every control, by currency
reports/<name>.parquet     each report as stored: typed, with its provenance inside
reports/<name>.csv         the same rows, for any program
provenance/<name>.json     account, time, run, and SHA-256 of Stripe's file
charts/<name>.svg          the chart of each report that has one
manifest.sha256            SHA-256 of every other file, as ``sha256sum --check`` reads it
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from stripe_reports.errors import NotAReportError
from stripe_reports.render import remedies
from stripe_reports.storage.disk import digest, reason_of, shown_path

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
    """Return the paths of a report: Parquet, CSV and provenance."""
    return f"reports/{name}.parquet", f"reports/{name}.csv", f"provenance/{name}.json"


def files_of(folder: Path) -> list[str]:
    """List the files in the folder by relative path; also links, which do not belong there."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def manifest_text(folder: Path) -> str:
    """Return the manifest of a folder in its present state."""
    names = [name for name in files_of(folder) if name != MANIFEST]
    return "".join(f"{digest(folder / name)}  {name}\n" for name in names)


def read_manifest(folder: Path) -> dict[str, str]:
    """Return the digest of each path.

    Raises:
        NotAReportError: There is no manifest, or it cannot be read.
    """
    try:
        lines = (folder / MANIFEST).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NotAReportError(
            f"{shown_path(folder)} is not the evidence of a close: its {MANIFEST} cannot be read "
            f"({reason_of(error)}).",
            remedy=remedies.name_evidence(),
        ) from error
    matches = [_LINE.fullmatch(line) for line in lines]
    listed = {match["path"]: match["digest"] for match in matches if match}
    is_safe = all(not PurePosixPath(name).is_absolute() and ".." not in name.split("/") for name in listed)
    if None in matches or len(listed) != len(lines) or not is_safe:
        raise NotAReportError(
            f"{folder / MANIFEST} must be a list of SHA-256 and file names. Ask the sender for another copy."
        )
    return listed
