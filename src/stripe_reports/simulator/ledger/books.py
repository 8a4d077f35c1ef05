"""The ledgers of an organisation, and their state at a time: restatements change the main account."""

from __future__ import annotations

from dataclasses import dataclass, field

from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.ledger.organisation import SiblingAccount, organisation, platform_of
from stripe_reports.simulator.ledger.pricing import Terms
from stripe_reports.simulator.ledger.restatements import Restatement

__all__ = ["Books"]


@dataclass(slots=True)
class Books:
    """The ledgers behind a simulator, created when they are first needed.

    Attributes:
        seed: Seed of the main account.
        charges_per_day: Its size.
        categories: Reporting categories beyond Stripe's list that some of its rows have.
        terms: How it pays Stripe.
        accounts: Number of accounts connected to it.
        restatements: Changes of its closed periods.
    """

    seed: int
    charges_per_day: float
    categories: tuple[str, ...]
    terms: Terms
    accounts: int
    restatements: list[Restatement] = field(default_factory=list)

    @property
    def ledger(self) -> Ledger:
        """The rows of the main account, with all restatements."""
        return self._ledger(self.restatements)

    @property
    def organisation(self) -> tuple[SiblingAccount, ...]:
        """The main account and its siblings."""
        return organisation(self.seed, self.charges_per_day, lambda: self.ledger, self.terms, self.accounts)

    def published(self, data_end: int, account: str | None) -> Ledger:
        """Return the rows of an account's platform as they were in the data published up to then."""
        main, *_ = accounts = self.organisation
        platform = platform_of(accounts, account)
        if platform != main:
            return platform.ledger
        return self._ledger([each for each in self.restatements if each.published <= data_end])

    def _ledger(self, restatements: list[Restatement]) -> Ledger:
        restated = tuple(restatements)
        return Ledger.of(
            self.seed, self.charges_per_day, restated, self.categories, self.terms, self.accounts
        )
