"""The accounts that one key reaches: each has its own results, and all share connections and report types."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from stripe_reports.http.account_transport import AccountTransport
from stripe_reports.http.api import Api
from stripe_reports.http.clock import Clock
from stripe_reports.http.connect import api_of
from stripe_reports.http.transport import Transport
from stripe_reports.models import ReportType
from stripe_reports.runs.account import Account
from stripe_reports.runs.fetch import Runs
from stripe_reports.runs.listing import RecentRuns
from stripe_reports.storage.store import Store

__all__ = ["AccountRuns", "Accounts", "RecentTypes"]

TYPES_KEPT_FOR = 60.0
"""Seconds for which a report type is not asked for again, as in the cache of answers."""


@dataclass(frozen=True, slots=True)
class AccountRuns:
    """The runs of one account, and those that Stripe lists for it, for one call."""

    runs: Runs
    recent: RecentRuns = field(repr=False)


class RecentTypes:
    """Report types as Stripe described them in the last minute, for any number of threads and accounts."""

    def __init__(self, ask: Callable[[str], ReportType], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[ReportType, float]] = {}

    def __call__(self, id_: str) -> ReportType:
        """Return a report type; see ``Account.report_type``."""
        with self._lock:  # also during the call: the other threads need the same answer
            known = self._known.get(id_)
            if known is None or self._clock.monotonic() - known[1] >= TYPES_KEPT_FOR:
                known = self._known[id_] = self._ask(id_), self._clock.monotonic()
            return known[0]


class Accounts:
    """Gives the runs of each account, and creates them when they are needed first.

    The report types of the client's own account are used for all of them: what Stripe has published, and the
    time for which it has data. If an account has no data for an interval, Stripe refuses the launch.

    Args:
        own: The runs of the client's own account.
        store: Its stored results; those of the other accounts are in folders beside it.
        transport: Its transport.
    """

    def __init__(self, own: Runs, store: Store, transport: Transport) -> None:
        self._own = own
        self._store = store
        self._transport = transport
        self._lock = threading.Lock()
        self._made: dict[str | None, AccountRuns] = {}
        self.types = RecentTypes(own.account.report_type, transport.clock)

    @property
    def own(self) -> str | None:
        """The account that the client acts for; None for the key's own."""
        return self._transport.settings.account

    def __getitem__(self, account: str | None) -> AccountRuns:
        with self._lock:
            if account not in self._made:
                runs = self._own_runs() if account in (None, self.own) else self._runs_of(account)
                self._made[account] = AccountRuns(runs, RecentRuns(runs.api))
            return self._made[account]

    def forget(self, account: str | None) -> None:
        """Let go of an account that is not needed any more."""
        with self._lock:
            self._made.pop(account, None)

    def _own_runs(self) -> Runs:
        return self._runs(self._own.api, self._store, self._transport)

    def _runs_of(self, account: str) -> Runs:
        transport = AccountTransport(self._transport, account)
        return self._runs(api_of(transport), Store(self._store.root, transport.settings.owner), transport)

    def _runs(self, api: Api, store: Store, transport: Transport) -> Runs:
        account = Account(api, store.launch_log, transport, types=self.types)
        return Runs(account, api, store, transport, self._own.room)
