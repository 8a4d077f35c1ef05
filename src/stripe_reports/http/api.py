"""The calls to Stripe that everything above ``http`` makes, whichever of its two APIs answers them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, TypeVar

from stripe_reports.models import AnyRun, ReportRequest, ReportType, RunView

__all__ = ["Api", "CreatedRun"]

_R = TypeVar("_R", bound=AnyRun)


@dataclass(frozen=True, slots=True)
class CreatedRun:
    """The answer to a launch: a run, and True if an earlier launch with the same key created it."""

    run: AnyRun
    is_replayed: bool


class Api(Protocol):
    """Stripe's reports for one owner; ``api_v1`` and ``api_v2`` are its two implementations.

    Attributes:
        has_versions: True if report types are named with a version.
        lists_runs: True if Stripe lists the runs of the account, wherever they were launched.
    """

    has_versions: ClassVar[bool]
    lists_runs: ClassVar[bool]

    def check_name(self, name: str) -> None:
        """Refuse the id of a report type of the other API; raise ``ParameterError``."""

    def check_request(self, request: ReportRequest) -> None:
        """Refuse a request of the other API; raise ``ParameterError``."""

    def create_run(self, request: ReportRequest, *, idempotency_key: str) -> CreatedRun:
        """Launch a run."""

    def retrieve_run(self, id_: str, asked: ReportRequest | None = None) -> AnyRun:
        """Return a run as it is now, compared with what was *asked* if that is known."""

    def pages_of_runs(
        self, created_from: datetime | None, *, page_size: int = 100
    ) -> Iterator[Sequence[AnyRun]]:
        """Iterate over the pages of runs that Stripe lists, newest first; none if it lists no runs."""

    def retrieve_account_id(self) -> str:
        """Return the id of the account that the key or the header names."""

    def list_report_types(self) -> tuple[ReportType, ...]:
        """Return every report type that the account offers, as Stripe describes it."""

    def retrieve_report_type(self, id_: str) -> ReportType:
        """Return a report type as Stripe describes it."""

    def output_columns(self, report_type: ReportType) -> dict[str, str]:
        """Return Stripe's types of the columns of a report, by name; empty if it does not tell them here."""

    def ask_time(self) -> None:
        """Make a call whose answer tells Stripe's time."""

    def verified(self, run: _R, asked: ReportRequest | RunView | None) -> _R:
        """Return *run* if it contradicts neither what was *asked* nor the mode of the key."""

    def forget(self, run: RunView) -> None:
        """Remove the cached description of a finished run, so that Stripe is asked the next time."""

    def request_of(self, run: RunView) -> ReportRequest:
        """Return the request of a run that was launched elsewhere."""
