"""The folder of an unattended monthly close: what lies where, and the check that nothing was changed.

2026-10/                     one folder for each closed month, which appears when it is complete
  close.json                 the outcome: controls, and the earlier months that Stripe restated
  controls.xlsx              the controls as a workbook
  evidence/                  as ``client.evidence`` writes it
  restated/2026-07/          new evidence of each earlier month that changed since its evidence was written
  manifest.sha256            SHA-256 of every other file, as ``sha256sum --check`` reads it
.close/                      a lock, and the month that is being written
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from filelock import Timeout

from stripe_reports.errors import DamagedFileError, NotAReportError, StoreError
from stripe_reports.models import Provenance
from stripe_reports.models.finding import Finding
from stripe_reports.parsing.parquet import UNREADABLE
from stripe_reports.reconcile.evidence.checking import verify
from stripe_reports.reconcile.evidence.layout import (
    FACTS,
    MANIFEST,
    files_of,
    manifest_text,
    read_manifest,
    report_files,
)
from stripe_reports.render.remedies import everywhere
from stripe_reports.storage.disk import (
    digest,
    disk_errors,
    locked,
    make_private,
    read_json,
    remove_folder,
    shown_path,
)
from stripe_reports.storage.store import METADATA_KEY

__all__ = [
    "CONTROLS_BOOK",
    "EVIDENCE",
    "OUTCOME",
    "RESTATED",
    "ClosedMonths",
    "ClosedReport",
]

OUTCOME, CONTROLS_BOOK, EVIDENCE, RESTATED = "close.json", "controls.xlsx", "evidence", "restated"

_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_WORK = ".close"


@dataclass(frozen=True, slots=True)
class ClosedReport:
    """A report as the evidence of a closed month has it.

    Attributes:
        month: ``"2026-10"``.
        name: Its name in the tie-out, such as ``"activity"``.
        path: The Parquet file.
        provenance: Its provenance, from the file.
    """

    month: str
    name: str
    path: Path
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class ClosedMonths:
    """The closed months in one folder.

    Attributes:
        folder: The folder that contains them.
    """

    folder: Path

    def before(self, month: str, most: int) -> list[str]:
        """List the closed months before *month*, at most the last *most*, oldest first."""
        return [name for name in self._names() if name < month][-most:]

    def has(self, month: str) -> bool:
        """Tell whether there is a folder or file of that name."""
        return (self.folder / month).exists()

    def _names(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        found = (path.name for path in self.folder.iterdir() if (path / MANIFEST).is_file())
        return sorted(name for name in found if _MONTH.fullmatch(name))

    def reports(self, month: str) -> list[ClosedReport]:
        """Return the reports of a closed month as last known: by its close, or by a later restatement.

        Raises:
            DamagedFileError: A file was changed after it was written.
            NotAReportError: The evidence cannot be read.
        """
        evidence = self._newest_evidence(month)
        listed, found = read_manifest(evidence), []
        for name in _facts(evidence)["reports"]:
            if name == "previous":
                continue  # the summary of the month before, whose own evidence has it
            parquet = report_files(name)[0]
            path = evidence / parquet
            try:
                is_same = listed.get(parquet) == digest(path)
                text = pl.read_parquet_metadata(path)[METADATA_KEY] if is_same else ""
                provenance = Provenance.from_json(text)
            except (*UNREADABLE, ValueError, KeyError, TypeError) as error:
                raise DamagedFileError(
                    f"{shown_path(path)} was changed or removed after the close of {month}, so that month "
                    "cannot be checked for restatements. Restore it from a copy.",
                    path=str(path),
                ) from error
            found.append(ClosedReport(month, name, path, provenance))
        return found

    def _newest_evidence(self, month: str) -> Path:
        """Return the evidence of a month that was written last."""
        evidence = [self.folder / name / RESTATED / month for name in self._names()]
        evidence = [self.folder / month / EVIDENCE, *(path for path in evidence if path.is_dir())]
        return max(evidence, key=lambda path: datetime.fromisoformat(_facts(path)["written_at"]))

    def interval(self, month: str) -> tuple[datetime, datetime]:
        """Return the first instant of a closed month, and the first one after it."""
        start, end = _facts(self.folder / month / EVIDENCE)["interval"]
        return datetime.fromisoformat(start), datetime.fromisoformat(end)

    def findings(self, month: str) -> tuple[Finding, ...]:
        """Verify a closed month: every file by its hash, and each evidence in it as ``sr.verify`` does.

        Raises:
            NotAReportError: The folder is not that of a close, or its manifest cannot be read.
        """
        folder = self.folder / month
        findings = [Finding(f"{month}: the files are those of {MANIFEST}", _differences(folder))]
        for evidence in (folder / EVIDENCE, *sorted((folder / RESTATED).glob("*"))):
            inside = evidence.relative_to(self.folder).as_posix()
            found = verify(evidence).findings
            findings += [replace(each, what=f"{inside}: {each.what}") for each in found]
        return tuple(findings)

    @contextmanager
    def writing(self, month: str) -> Iterator[Path]:
        """Give a new folder, which becomes that of the month at the end of the block if it has an outcome.

        Raises:
            StoreError: It cannot be written, or another close is writing.
        """
        remedy = everywhere("Give another folder with --output, or free some disk space.")
        part = self.folder / _WORK / month
        try:
            with (
                disk_errors("write the close", self.folder, remedy=remedy),
                locked(self.folder / _WORK / "lock", timeout=0),
            ):
                remove_folder(part)  # of a close that was interrupted
                make_private(part)
                try:
                    yield part
                    if not (part / OUTCOME).exists():
                        return
                    (part / MANIFEST).write_text(manifest_text(part), "utf-8")
                    for name in files_of(part):
                        (part / name).chmod(0o600)
                    part.rename(self.folder / month)
                finally:
                    remove_folder(part)
        except Timeout as error:
            raise StoreError(
                f"Another close is writing to {shown_path(self.folder)}.",
                remedy=everywhere("Wait until it has ended."),
            ) from error


def _facts(evidence: Path) -> dict[str, Any]:
    try:
        return dict(read_json(evidence / FACTS))
    except (OSError, ValueError, TypeError) as error:
        raise NotAReportError(
            f"{evidence} is not the evidence of a close: its {FACTS} cannot be read ({error})."
        ) from error


def _differences(folder: Path) -> tuple[str, ...]:
    """Return a sentence for each file that differs from the manifest of the folder."""
    listed = read_manifest(folder)
    there = {name for name in files_of(folder) if name != MANIFEST}
    missing = (f"{name} is missing." for name in sorted(listed.keys() - there))
    added = (f"{name} was added: it is not in {MANIFEST}." for name in sorted(there - listed.keys()))
    changed = (
        f"{name} was changed after it was written."
        for name in sorted(there & listed.keys())
        if (folder / name).is_symlink() or digest(folder / name) != listed[name]
    )
    return (*missing, *added, *changed)
