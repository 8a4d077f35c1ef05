"""``client.evidence``: writes everything behind a close; atomically, mode 0600, never overwrites."""

from __future__ import annotations

import json
import os
import shutil
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_reports.errors import ParameterError
from stripe_reports.models import iso
from stripe_reports.reconcile.evidence.layout import (
    CONTROLS,
    FACTS,
    MANIFEST,
    PAGE,
    files_of,
    manifest_text,
    report_files,
)
from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.render.printable import printable
from stripe_reports.render.remedies import everywhere
from stripe_reports.report.report import Report
from stripe_reports.storage.disk import digest, disk_errors, make_missing, make_private, shown_path

if TYPE_CHECKING:
    from stripe_reports.charts.panels import Chart

__all__ = ["EvidenceFolder", "new_path", "write_evidence"]

_SAME_TIME = (1980, 1, 1, 0, 0, 0)
"""Time of every member of a .zip, so that the same evidence gives the same bytes."""


@dataclass(frozen=True, slots=True, repr=False)
class EvidenceFolder:
    """The evidence of a close, on disk.

    Attributes:
        path: The folder, or the .zip.
        tie_out: The controls in it; ``tie_out.passes`` is True if every control passes.
        files: Its files, by relative path.
        digest: SHA-256 of its manifest. Recorded elsewhere, it proves that no file was replaced.
    """

    path: Path
    tie_out: TieOut
    files: tuple[str, ...]
    digest: str

    @property
    def page(self) -> Path | None:
        """The page to open in a browser; None in a .zip, which has to be unpacked first."""
        return self.path / PAGE if self.path.is_dir() else None

    def __repr__(self) -> str:
        path = printable(shown_path(self.path))
        return (
            f"{self.tie_out}\n"
            f"{len(self.files)} files in {path}; open {PAGE} in a browser\n"
            f"Verify them: stripe-reports verify {path}\n"
            f"SHA-256 of the manifest: {self.digest}"
        )


def new_path(target: str | os.PathLike[str]) -> Path:
    """Return the absolute path of new evidence.

    Raises:
        ParameterError: It already exists, and is no empty folder.
    """
    path = Path(target).expanduser().absolute()
    if path.exists() and (_is_zip(path) or not path.is_dir() or any(path.iterdir())):
        raise ParameterError(
            f"{shown_path(path)} already exists, and evidence is never overwritten. Choose another name, "
            "or move it away.",
            param="folder",
        )
    return path


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip"


def write_evidence(
    tie_out: TieOut, target: str | os.PathLike[str], *, written_at: datetime
) -> EvidenceFolder:
    """Write the evidence of a tie-out made from reports; see ``Client.evidence``."""
    path = new_path(target)
    is_zip = _is_zip(path)
    with (
        disk_errors("write", path, remedy=everywhere("Choose another path, or free some disk space.")),
        _beside(path) as folder,
    ):
        _fill(folder, tie_out, written_at)
        (folder / MANIFEST).write_text(manifest_text(folder), "utf-8")
        for name in files_of(folder):
            (folder / name).chmod(0o600)
        files, fingerprint = tuple(files_of(folder)), digest(folder / MANIFEST)
        finished = _packed(folder, files) if is_zip else folder
        if is_zip:
            path.touch(0o600, exist_ok=False)  # so that only one of two concurrent writers succeeds
        finished.replace(path)
    return EvidenceFolder(path, tie_out, files, fingerprint)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Give an empty folder next to *path*, removed afterwards with everything left in it."""
    parent = path.parent
    make_missing(parent)
    folder = parent / f".{path.stem}.{uuid.uuid4().hex}.part"
    make_private(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.with_suffix(".zip").unlink()


def _fill(folder: Path, tie_out: TieOut, written_at: datetime) -> None:
    from stripe_reports.reconcile.evidence.page import page_of  # imports altair; verifying does not

    for name in ("reports", "provenance", "charts"):
        make_private(folder / name)
    charts: dict[str, Chart] = {}
    for name, report in tie_out.reports.items():
        parquet, csv, provenance = report_files(name)
        report.write_parquet(folder / parquet)
        report.write_csv(folder / csv)
        _write_json(folder / provenance, json.loads(report.provenance.to_json()))
        if name != "previous" and report.chart_kinds():
            charts[name] = _chart(name, tie_out)
            charts[name].save(str(folder / "charts" / f"{name}.svg"))
    if not charts:
        (folder / "charts").rmdir()
    tie_out.frame().write_csv(folder / CONTROLS)
    _write_json(folder / FACTS, _facts(tie_out, written_at))
    (folder / PAGE).write_text(page_of(tie_out, charts, written_at), "utf-8")


def _chart(name: str, tie_out: TieOut) -> Chart:
    """Draw a report; the steps of the balance are those of its activity."""
    report = tie_out.reports[name]
    activity = tie_out.reports.get("activity") if name == "summary" else None
    return report.chart() if activity is None else report.chart(activity=activity)


def _facts(tie_out: TieOut, written_at: datetime) -> dict[str, object]:
    interval = tie_out.interval
    return {
        "title": tie_out.title,
        "interval": [iso(bound) for bound in interval] if interval else None,
        "passes": tie_out.passes,
        "summary": tie_out.summary,
        "notes": list(tie_out.notes),
        "reports": {name: _asked(report) for name, report in tie_out.reports.items()},
        "written_at": iso(written_at),
        "package_version": version("stripe-reports"),
    }


def _asked(report: Report) -> dict[str, object]:
    return {
        "report_type": report.run.report_type,
        "parameters": report.request.to_stripe(),
        "run": report.run.id,
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _packed(folder: Path, files: tuple[str, ...]) -> Path:
    target = folder.with_suffix(".zip")
    target.touch(0o600, exist_ok=False)  # private before anything is written to it
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in files:
            member = zipfile.ZipInfo(name, _SAME_TIME)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            with (folder / name).open("rb") as source, archive.open(member, "w") as copy:
                shutil.copyfileobj(source, copy)
    return target
