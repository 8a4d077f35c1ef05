"""Where a result comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from stripe_reports.models.request import ReportRequest
from stripe_reports.models.run import ReportRun

__all__ = ["Provenance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a result comes from: who asked, for what, which run answered, when, and with which bytes.

    Attributes:
        request: What was asked for.
        run: Stripe's run, as it was when it had succeeded.
        as_of: How old the data are: the earlier of the creation of run and file.
        fetched_at: When the file was read from Stripe, by Stripe's clock.
        account: ``acct_…`` acted for, or None for the key's own account.
        livemode: Live data or test data.
        key_digest: First digits of the key's SHA-256: enough to tell keys apart, not to know one.
        place: None for Stripe; else what tells simulators and gateways apart.
        api_version: Stripe's API version asked for.
        size: Bytes of the CSV file.
        sha256: SHA-256 of the CSV file, in hex.
        package_version: Version of this package that stored it.
        is_complete: Whether all parameters of the run are known; if not, it answers no later request.
        rows: How many rows the result has; None only inside the Parquet file, which is written before they
            are counted. They are noted beside it, and in the footer that every Parquet file has.
        schema_overrides: The polars types that the user set, by column, in words.
        kinds_from: The columns whose kinds are not catalogued for the report type, by where the kinds come
            from: the id of another version, ``name``, ``name, in UTC``, or ``unknown``, which is text.
    """

    request: ReportRequest
    run: ReportRun
    as_of: datetime
    fetched_at: datetime
    account: str | None
    livemode: bool
    key_digest: str
    api_version: str
    size: int
    sha256: str
    package_version: str
    place: str | None = None
    is_complete: bool = True
    rows: int | None = None
    schema_overrides: Mapping[str, str] = field(default_factory=dict, hash=False)
    kinds_from: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False)

    def to_json(self) -> str:
        """All of it, as one line."""
        return json.dumps(
            {
                "report_type": self.request.report_type,
                "parameters": self.request.to_stripe(),
                "run": self.run.to_stripe(),
                "as_of": self.as_of.isoformat(),
                "fetched_at": self.fetched_at.isoformat(),
                "account": self.account,
                "livemode": self.livemode,
                "key_digest": self.key_digest,
                "place": self.place,
                "api_version": self.api_version,
                "size": self.size,
                "sha256": self.sha256,
                "package_version": self.package_version,
                "is_complete": self.is_complete,
                **({} if self.rows is None else {"rows": self.rows}),
                "schema_overrides": dict(self.schema_overrides),
                "kinds_from": {source: list(names) for source, names in self.kinds_from.items()},
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Back from ``to_json``; raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
        read = json.loads(text)
        return cls(
            request=ReportRequest.from_stripe(read.pop("report_type"), read.pop("parameters")),
            run=ReportRun.from_stripe(read.pop("run")),
            as_of=datetime.fromisoformat(read.pop("as_of")),
            fetched_at=datetime.fromisoformat(read.pop("fetched_at")),
            **read,
        )
