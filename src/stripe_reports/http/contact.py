"""Which addresses have answered: where nothing ever has, a failed call is not tried again and again."""

from __future__ import annotations

import requests

from stripe_reports.http.addresses import Origin, origin_of
from stripe_reports.http.settings import LOOPBACK
from stripe_reports.http.sockets import NothingListens

__all__ = ["Contact"]


class Contact:
    """The addresses that have answered a client, and those that no call of it has reached."""

    def __init__(self) -> None:
        self._answered: set[Origin | None] = set()
        self._unreached: set[Origin | None] = set()

    def answered(self, url: str | None) -> None:
        """Note an answer, of whatever kind."""
        self._answered.add(origin_of(url))

    def gave_up(self, url: str | None) -> None:
        """Note that a call got no answer by all its tries."""
        self._unreached.add(origin_of(url))

    def is_in_vain(self, url: str | None, error: requests.RequestException) -> bool:
        """Return True if another try is in vain, since nothing has ever answered there.

        On this machine, a refused connection means that nothing runs there. Elsewhere one call tries for as
        long as usual, since the network may just be starting; after that, each further call tries once.
        """
        origin = origin_of(url)
        if origin is None or origin in self._answered:
            return False
        is_here = isinstance(error, NothingListens) and origin.host in LOOPBACK
        return is_here or origin in self._unreached
