"""Turn a finished run into one typed Parquet file, while its result is on its way.

This needs a connection and a folder, and nothing else of the client: it can run anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from stripe_reports import catalog, parsing
from stripe_reports.catalog.assumptions import KindsFrom
from stripe_reports.errors import DamagedFileError, NotAReportError, ResultUnavailableError
from stripe_reports.http.body import Download
from stripe_reports.http.files import Files
from stripe_reports.models import AnyRun, FileView, Owner, Provenance, ReportRequest
from stripe_reports.parsing.overrides import NO_OVERRIDES, Overrides, in_words
from stripe_reports.parsing.pieces import DOWNLOAD_AGAIN
from stripe_reports.render import remedies
from stripe_reports.render.remedies import Remedy
from stripe_reports.storage.arriving import ArrivingFile
from stripe_reports.storage.store import METADATA_KEY
from stripe_reports.storage.unpack import PACKED, unpacked

__all__ = ["Converted", "convert", "provenance_of"]


@dataclass(frozen=True, slots=True)
class Converted:
    """A run as a Parquet file, with its provenance inside.

    Attributes:
        parquet: The file.
        rows: Number of rows.
        provenance: The provenance, without the number of rows.
        ambiguous: A sentence for each column with local times whose instant is not certain.
    """

    parquet: Path
    rows: int
    provenance: Provenance
    ambiguous: tuple[str, ...]


def convert(
    run: AnyRun,
    request: ReportRequest,
    folder: Path,
    *,
    files: Files,
    max_bytes: int,
    describe: Callable[[Download, KindsFrom], Provenance],
    keep_damaged: Callable[[Path], Path | None],
    overrides: Overrides = NO_OVERRIDES,
) -> Converted:
    """Download the result of a run into *folder*, and convert it to Parquet on the way.

    Args:
        run: A succeeded run.
        request: The request that it answers.
        folder: An empty folder. Afterwards it also has what Stripe sent.
        files: The result files at Stripe.
        max_bytes: Maximum size of the result, also unpacked.
        describe: Returns the provenance.
        keep_damaged: Moves a file that cannot be read to where a person can look at it, and returns its path;
            None if it is not kept.
        overrides: Types of columns that the user set.

    Raises:
        ResultUnavailableError, NetworkError, CallTimeoutError, RunTimeoutError: It cannot be downloaded.
        ResultTooLargeError, StoreError: It has more than *max_bytes*, or than the disk has room for.
        DamagedFileError, NotAReportError: It has another size than Stripe says, or is not the report.
        OSError: A file cannot be written.
    """
    if run.file is None:
        raise ResultUnavailableError(
            f"Report run {run.id} succeeded, but Stripe names no result file.",
            remedy=remedies.launch_anew(),
        )
    parquet, csv = folder / "result.parquet", folder / "received"
    described: list[Provenance] = []

    def metadata(kinds_from: KindsFrom) -> dict[str, str]:
        described.append(describe(download, kinds_from))
        return {METADATA_KEY: described[-1].to_json()}

    def read(blocks: Iterable[bytes]) -> parsing.Written:
        return parsing.write_parquet(
            blocks,
            parquet,
            name=f"The result file {file.id}",
            report_type=catalog.with_column_types(catalog.completed(request.report_type), file.column_types),
            columns=request.columns if file.column_types is None else tuple(file.column_types),
            timezone=request.timezone or "UTC",
            schema_overrides=overrides,
            has_fractions=file.column_types is not None,
            metadata=metadata,
        )

    file = run.file
    with ArrivingFile(csv, max_bytes=max_bytes, read=read) as target:
        download = files.download(file, target)
        target.seek(0)
        is_packed = target.read(4).startswith(PACKED)
        if not is_packed:
            target.finish()
    if is_packed:
        csv = unpacked(csv, max_bytes=max_bytes)
        _check_size(file, download, csv)
    try:
        if is_packed:
            with csv.open("rb") as unpacked_file:
                written = read(parsing.file_blocks(unpacked_file))
        else:
            written = target.result()
    except (DamagedFileError, NotAReportError) as error:
        kept = keep_damaged(csv)
        place = f", and is kept as {kept}" if kept else ""
        error.add_note(f"It is the result of run {run.id}, as Stripe sent it{place}.")
        error.remedy = _for_runs(error.remedy)
        if error.remedy is None and isinstance(error, DamagedFileError):
            error.needs_new_run = True  # with another remedy, the same file can be read
        error.advise(remedies.launch_anew())
        raise
    if file.rows not in (None, written.rows):
        raise DamagedFileError(
            f"The result of run {run.id} should have {file.rows:,} rows, and has {written.rows:,}. Nothing "
            "was stored; fetch again."
        )
    return Converted(parquet, written.rows, described[-1], written.ambiguous)


def provenance_of(
    request: ReportRequest,
    run: AnyRun,
    download: Download,
    kinds_from: KindsFrom,
    *,
    owner: Owner,
    api_version: str,
    fetched_at: datetime,
    is_complete: bool,
    overrides: Overrides,
) -> Provenance:
    """Return the provenance of a result that was just downloaded; see its attributes."""
    return Provenance(
        request=request.truncated_by(run.as_of),
        run=run,
        as_of=run.as_of,
        fetched_at=fetched_at,
        account=owner.account,
        livemode=owner.mode == "live",
        key_digest=owner.key_digest,
        place=owner.place,
        api_version=api_version,
        size=download.size,
        sha256=download.sha256,
        package_version=version("stripe-reports"),
        is_complete=is_complete,
        schema_overrides=in_words(overrides),
        kinds_from=kinds_from,
    )


def _for_runs(remedy: Remedy | None) -> Remedy | None:
    """Return a remedy without the advice for files that a user downloads; None if nothing else is left."""
    if remedy is None:
        return None
    texts = zip(astuple(remedy), astuple(DOWNLOAD_AGAIN), strict=True)
    left = [text.removesuffix(advice).rstrip() for text, advice in texts]
    return Remedy(*left) if all(left) else None


def _check_size(file: FileView, download: Download, csv: Path) -> None:
    if file.size not in (None, download.size, csv.stat().st_size):
        raise DamagedFileError(
            f"The result file {file.id} should have {file.size:,} bytes, packed or "
            f"unpacked, and has {csv.stat().st_size:,}. Nothing was stored; fetch again."
        )
