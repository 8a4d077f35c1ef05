"""The provenance of a result: where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from stripe_reports.models.request import ReportRequest
from stripe_reports.models.runs import AnyRun, run_from_stripe

__all__ = ["Provenance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The provenance of a result: its account, request, run, times, and the hash of Stripe's file.

    Attributes:
        request: The request.
        run: Stripe's run, as described when it succeeded.
        as_of: Time of the data: the earlier of the creation of run and file.
        fetched_at: Time at which the file was downloaded, by Stripe's clock.
        account: ``acct_…`` or path of accounts acted for, or None for the key's own account.
        livemode: True for live data, False for test data.
        key_digest: First digits of the key's SHA-256: enough to distinguish keys, not to derive one.
        place: None for Stripe; else an identifier of the simulator or gateway.
        api_version: Stripe's API version requested.
        size: Bytes of the CSV file.
        sha256: SHA-256 of the CSV file, in hex.
        package_version: Version of this package that stored it.
        is_complete: True if all parameters of the run are known; if not, it is not reused for a request.
        rows: Number of rows; None only inside the Parquet file, which is written before they are counted. The
            number is stored next to it, and in the footer of the Parquet file.
        schema_overrides: The polars types that the user set, by column, as text.
        kinds_from: The columns whose kinds are not catalogued for the report type, by the source of the kind:
            the id of another version, ``name``, ``name, in UTC``, or ``unknown``, which is text.
    """

    request: ReportRequest
    run: AnyRun
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
        """Return everything as one line of JSON."""
        return json.dumps(
            {
                "report_type": self.request.report_type,
                "parameters": self.request.to_stripe(),
                **({} if self.request.report_id is None else {"report_id": self.request.report_id}),
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
        """Read the text of ``to_json``; raise ``KeyError``, ``TypeError`` or ``ValueError`` otherwise."""
        read = json.loads(text)
        as_of = datetime.fromisoformat(read.pop("as_of"))
        request = ReportRequest.from_stripe(
            read.pop("report_type"), read.pop("parameters"), report_id=read.pop("report_id", None)
        )
        return cls(
            request=request.truncated_by(as_of),
            run=run_from_stripe(read.pop("run")),
            as_of=as_of,
            fetched_at=datetime.fromisoformat(read.pop("fetched_at")),
            **read,
        )
