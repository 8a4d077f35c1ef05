"""HTTP for another account of the same key, over the connections of the client's transport."""

from __future__ import annotations

from dataclasses import replace

from stripe_reports.http.sessions import Session
from stripe_reports.http.transport import Transport

__all__ = ["AccountTransport"]


class AccountTransport(Transport):
    """The same connections, rate limit and time as another transport, for one of the accounts of its key.

    It caches no answers, since thousands of accounts would be as many files.

    Args:
        shared: The transport of the client.
        account: ``acct_…`` or a path of accounts.
    """

    def __init__(self, shared: Transport, account: str) -> None:
        # Nothing of a transport's own is created: what is not overridden here uses only these four.
        self.settings = replace(shared.settings, account=account)
        self.clock = shared.clock
        self.rng = shared.rng
        self._stripe_time = shared._stripe_time  # according to its last answer for any account
        self._shared = shared

    @property
    def json_session(self) -> Session:
        """The shared session that caches nothing."""
        return self._shared.file_session

    @property
    def file_session(self) -> Session:
        """The shared session for file contents."""
        return self._shared.file_session

    @property
    def concurrency_refusals(self) -> int:
        """How often Stripe refused a call because too much was in progress, for any account."""
        return self._shared.concurrency_refusals

    def take_download(self) -> None:
        """Wait until a file may be downloaded; see ``Transport.take_download``."""
        self._shared.take_download()

    def close(self) -> None:
        """Do nothing: the connections belong to the client's transport."""
