"""``verify``: checks that the evidence of a close is unchanged and agrees with its reports."""

from __future__ import annotations

import filecmp
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from stripe_reports.errors import NotAReportError, StripeReportsError
from stripe_reports.models.finding import Finding, findings_html, findings_lines
from stripe_reports.parsing.parquet import UNREADABLE, count_rows
from stripe_reports.reconcile.evidence.layout import (
    CONTROLS,
    FACTS,
    MANIFEST,
    PAGE,
    files_of,
    read_manifest,
    report_files,
)
from stripe_reports.reconcile.evidence.unpacking import folder_of
from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.render import remedies
from stripe_reports.render.printable import printable
from stripe_reports.report.export import write_csv
from stripe_reports.storage.disk import digest, reason_of, shown_path
from stripe_reports.storage.store import METADATA_KEY

__all__ = ["Verification", "verify"]


@dataclass(frozen=True, slots=True, repr=False)
class Verification:
    """The outcome of verifying the evidence of a close.

    Attributes:
        path: The folder or .zip.
        findings: Every check with its outcome, in order.
        digest: SHA-256 of the manifest, to compare with the one recorded earlier.
        controls: The result of the controls themselves: sound evidence can show a difference.
    """

    path: Path
    findings: tuple[Finding, ...]
    digest: str
    controls: str

    @property
    def ok(self) -> bool:
        """True if the evidence is complete, unchanged and consistent."""
        return all(finding.ok for finding in self.findings)

    def __str__(self) -> str:
        lines = findings_lines(self.findings)
        lines.append(f"{self.controls}. SHA-256 of the manifest: {self.digest}")
        return "\n".join(map(printable, lines))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<div>{findings_html(self.findings)}<p>{escape(self.controls)}</p></div>"


def verify(path: str | os.PathLike[str]) -> Verification:
    """Verify the evidence of a close, without a key and without network access.

    Every file has the hash of the manifest, and no file is missing or added; each CSV has the rows of
    its Parquet file; the provenance is the one inside, and tells how many rows there are; and the controls,
    computed again from the Parquet files, are those of ``controls.csv``.

    Args:
        path: The folder or the .zip that ``client.evidence`` wrote.

    Raises:
        NotAReportError: It is not the evidence of a close; or it is a .zip in which two entries have one
            name, an entry lies outside the folder, or which is too large for the disk when unpacked.

    Example:
        >>> folder = client.evidence("2026-10", "close-2026-10")
        >>> sr.verify("close-2026-10").ok
        True
    """
    path = Path(path).expanduser()
    with folder_of(path) as folder:
        listed = read_manifest(folder)
        facts = _facts(folder)
        names = list(facts["reports"])
        recomputed = _recomputed(folder, facts)
        findings = (
            Finding(f"{len(listed)} files have the hash of {MANIFEST}", tuple(_changed(folder, listed))),
            Finding("no file is missing or added", tuple(_amiss(folder, listed, names))),
            Finding("each CSV has the rows of its Parquet file", tuple(_unlike(folder, names))),
            Finding(
                "the provenance equals the one inside the reports, and their row counts",
                tuple(_foreign(folder, facts)),
            ),
            Finding(
                "the controls, computed again, equal those written", tuple(_uncontrolled(folder, recomputed))
            ),
        )
        controls = recomputed.summary if isinstance(recomputed, TieOut) else "Controls: unknown"
        return Verification(path, findings, digest(folder / MANIFEST), controls)


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / FACTS).read_text("utf-8"))
        if not (isinstance(facts["reports"], dict) and isinstance(facts["title"], str)):
            raise TypeError("fields have other types")  # noqa: TRY301
        if not all(name.isidentifier() for name in facts["reports"]):
            raise ValueError("a report has no proper name")  # noqa: TRY301
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotAReportError(
            f"{shown_path(folder)} is not the evidence of a close: its {FACTS} cannot be read "
            f"({reason_of(error)}).",
            remedy=remedies.name_evidence(),
        ) from error
    return dict(facts)


def _changed(folder: Path, listed: dict[str, str]) -> Iterator[str]:
    for name, hash_ in listed.items():
        file = folder / name
        if file.is_file() and not file.is_symlink() and digest(file) != hash_:
            yield f"{name} was changed after it was written."


def _amiss(folder: Path, listed: dict[str, str], names: list[str]) -> Iterator[str]:
    links = {name for name in files_of(folder) if (folder / name).is_symlink()}
    there = set(files_of(folder)) - links
    needed = {PAGE, FACTS, CONTROLS, *(file for name in names for file in report_files(name))}
    for name in sorted(listed.keys() - there):
        yield f"{name} is missing."
    for name in sorted(needed - listed.keys()):
        yield f"{MANIFEST} does not list {name}, which belongs to it."
    for name in sorted(set(files_of(folder)) - listed.keys() - {MANIFEST}):
        yield f"{name} was added: it is not in {MANIFEST}."
    if MANIFEST in links:
        yield f"{MANIFEST} is a link, so its contents can change."


def _unlike(folder: Path, names: list[str]) -> Iterator[str]:
    for name in names:
        parquet, csv, _ = report_files(name)
        with tempfile.TemporaryDirectory(prefix="stripe-reports-verify-") as elsewhere:
            expected = Path(elsewhere) / "expected.csv"
            try:
                write_csv(pl.scan_parquet(folder / parquet, glob=False), expected)
                is_same = filecmp.cmp(expected, folder / csv, shallow=False)  # of any size, byte by byte
                if not is_same and not _texts(expected).equals(_texts(folder / csv)):
                    yield f"{csv} and {parquet} have different rows."
            except (*UNREADABLE, StripeReportsError) as error:
                yield f"{parquet} and {csv} cannot be compared: {_first_line(error)}"


def _texts(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False, glob=False)


def _foreign(folder: Path, facts: dict[str, Any]) -> Iterator[str]:
    for name, asked in facts["reports"].items():
        parquet, _, provenance = report_files(name)
        try:
            inside = json.loads(pl.read_parquet_metadata(folder / parquet)[METADATA_KEY])
            outside = json.loads((folder / provenance).read_text("utf-8"))
            rows, there = outside.pop("rows"), count_rows(folder / parquet)
            is_same = inside == outside and inside["run"]["id"] == asked["run"]
        except (*UNREADABLE, ValueError, KeyError, TypeError, AttributeError) as error:
            yield f"The provenance of {name} cannot be read: {_first_line(error)}"
        else:
            if rows != there:
                yield f"{parquet} has {there} rows, but {provenance} says {rows}."
            if not is_same:
                yield f"{provenance} or {FACTS} names a different run than {parquet}."


def _recomputed(folder: Path, facts: dict[str, Any]) -> TieOut | str:
    """Compute the controls from the Parquet files; return a sentence if that fails."""
    try:
        interval = facts["interval"] and tuple(map(datetime.fromisoformat, facts["interval"]))
        frames: dict[str, Any] = {
            name: pl.read_parquet(folder / report_files(name)[0], glob=False) for name in facts["reports"]
        }
        return TieOut.of(interval=interval, title=facts["title"], **frames)
    except (*UNREADABLE, ValueError, KeyError, TypeError, StripeReportsError) as error:
        return f"They cannot be computed: {_first_line(error)}"


def _uncontrolled(folder: Path, recomputed: TieOut | str) -> Iterator[str]:
    if isinstance(recomputed, str):
        yield recomputed
        return
    try:
        written = pl.read_csv(folder / CONTROLS, schema=dict(recomputed.frame().schema))
    except UNREADABLE as error:
        yield f"{CONTROLS} cannot be read: {_first_line(error)}"
        return
    if not written.equals(recomputed.frame()):
        yield f"{CONTROLS} differs from the controls of the reports: {recomputed.summary}."


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
