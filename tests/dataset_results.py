"""Results as the store makes them, of any account and month, for tests of shared datasets."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl

from stripe_reports.models import Owner, Provenance, ReportRequest, ReportRun, month_bounds
from stripe_reports.storage.store import METADATA_KEY

TYPE = "payouts.itemized.5"
OWNER = Owner("0123456789abcdef", None, "test")
LARGE = Decimal("12345678901234567890123456789012.123456")
"""An amount that no float holds."""


def request_of(period="2026-08", report_type=TYPE, **parameters):
    """A request of a month, or of ``(start, end)``."""
    start, end = month_bounds(period) if isinstance(period, str) else period
    return ReportRequest(report_type, interval_start=start, interval_end=end, **parameters)


def a_result(folder, run_id, *, request=None, account=None, rows=2, day=10, schema=None, report_type=TYPE):
    """A Parquet file with its provenance, and the arguments of ``object_name``.

    Args:
        folder: Where to write it.
        run_id: The run.
        request: Its request, of August by default.
        account: Its account.
        rows: How many rows, each with the name of the run and a large amount.
        day: The day of November 2026 on which the run was created.
        schema: Two other columns.
        report_type: Of the request, if none is given.
    """
    request = request or request_of(report_type=report_type)
    created = datetime(2026, 11, day, 12, tzinfo=UTC)
    run = ReportRun.from_stripe(
        {
            "id": run_id,
            "object": "reporting.report_run",
            "created": int(created.timestamp()),
            "livemode": False,
            "report_type": request.report_type,
            "parameters": request.to_stripe(),
            "status": "succeeded",
            "succeeded_at": int(created.timestamp()) + 9,
            "error": None,
            "result": None,
        }
    )
    provenance = Provenance(
        request=request,
        run=run,
        as_of=created,
        fetched_at=created + timedelta(seconds=10),
        account=account,
        livemode=False,
        key_digest=OWNER.key_digest,
        api_version="2026-11-18.endive",
        size=100,
        sha256="0" * 64,
        package_version="0.1.0",
    )
    frame = pl.DataFrame(
        [(f"{run_id} {n}", LARGE) for n in range(rows)],
        schema=schema or {"payout_id": pl.String, "gross": pl.Decimal(38, 6)},
        orient="row",
    )
    path = folder / f"{run_id}.parquet"
    frame.write_parquet(path, metadata={METADATA_KEY: provenance.to_json()})
    return path, (request, account, run_id)


def store(writer, folder, run_id, **options):
    """Put a result into a dataset, as worker and driver do."""
    path, cell_and_run = a_result(folder, run_id, **options)
    writer.check(OWNER, [cell_and_run[:2]])
    writer.begin(OWNER, cell_and_run[0])
    return writer.add(writer.put(path, writer.object_name(*cell_and_run)))
