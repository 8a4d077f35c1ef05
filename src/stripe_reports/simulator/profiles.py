"""Profiles: how tidy the simulated account is. A profile changes no figure of the ledger.

``TIDY`` is easy to predict: every publication comes at its hour and a run takes seconds. ``REAL`` has the
habits of genuine accounts; each trait can be used by itself:
``Simulator(profile=dataclasses.replace(TIDY, sorted_keys=True))``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from stripe_reports.simulator.latency import Latency, heavy_tailed, limited, uniform

__all__ = ["PROFILES", "REAL", "TIDY", "Profile", "Publishing", "profile_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """The rhythm in which new data of a report type are published.

    Attributes:
        step: Time between two ends of the data.
        shortest_lag: Shortest time from an end of the data to its publication.
        longest_lag: Longest time; shorter than *shortest_lag* and *step* together, so that publications stay
            in order.
        lag_varies: True if every publication has its own lag, False if every report type has one.
        missed: One publication in this number is left out, and the next one has its data too; 0 for none.
    """

    step: timedelta
    shortest_lag: timedelta
    longest_lag: timedelta
    lag_varies: bool = False
    missed: int = 0

    def __post_init__(self) -> None:
        """Refuse a rhythm in which the end of the data could go back, or never come."""
        if not self.shortest_lag < self.longest_lag < self.shortest_lag + self.step:
            raise ValueError("longest_lag must be between shortest_lag and shortest_lag + step.")
        if self.missed == 1 or self.missed < 0:
            raise ValueError("missed must be 0 or at least 2.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The habits of an account.

    Attributes:
        name: ``"tidy"``, ``"real"``, or a name of your own.
        publishing: Publication of the data of most report types.
        revenue_recognition: The same for revenue recognition.
        latency: Seconds that a run stays pending, unless the simulator is given another latency.
        report_types: Number of report types listed for a live key. Types that the catalogue does not know are
            invented up to this number; None lists no invented ones.
        announced: Report types that have ``reporting.report_type.updated`` events; None for all.
        sorted_keys: True if the members of JSON objects are in alphabetical order.
    """

    name: str
    publishing: Publishing
    revenue_recognition: Publishing
    latency: Latency
    report_types: int | None = None
    announced: tuple[str, ...] | None = None
    sorted_keys: bool = False


_TWICE_A_DAY = timedelta(hours=12)
"""Source: https://docs.stripe.com/reports/api"""

_SEVERAL_TIMES_A_DAY = timedelta(hours=3, minutes=30)
"""Three to four hours. Source: https://docs.stripe.com/revenue-recognition/data-freshness"""

TIDY = Profile(
    name="tidy",
    # A lag of 7 h 38 min 53 s is in https://docs.stripe.com/api/reporting/report_type/object
    publishing=Publishing(
        step=_TWICE_A_DAY,
        shortest_lag=timedelta(hours=7, minutes=10),
        longest_lag=timedelta(hours=7, minutes=55),
    ),
    revenue_recognition=Publishing(
        step=_SEVERAL_TIMES_A_DAY,
        shortest_lag=timedelta(hours=3, minutes=10),
        longest_lag=timedelta(hours=3, minutes=55),
    ),
    latency=uniform(5, 20),
)

REAL = Profile(
    name="real",
    # Lags of 7.2, 7.6, 11.9 and 16.2 hours are in report types of real accounts. How often a publication is
    # missed is our guess.
    publishing=Publishing(
        step=_TWICE_A_DAY,
        shortest_lag=timedelta(hours=7),
        longest_lag=timedelta(hours=16),
        lag_varies=True,
        missed=12,
    ),
    revenue_recognition=Publishing(
        step=_SEVERAL_TIMES_A_DAY,
        shortest_lag=timedelta(hours=3, minutes=15),
        longest_lag=timedelta(hours=3, minutes=45),
        lag_varies=True,
        missed=12,
    ),
    # "Most runs complete within a few minutes": https://docs.stripe.com/reports/api
    latency=limited(heavy_tailed(60, 400), 10, 600),
    # A production account listed 159 in August 2026; the list differs from account to account.
    report_types=150,
    # Stripe's guide counts 20 to 30 webhooks a day, two for each report type: https://docs.stripe.com/reports/api
    # Which types those are is our guess.
    announced=(
        "balance.summary.2",
        "balance_change_from_activity.itemized.7",
        "balance_change_from_activity.summary.2",
        "ending_balance_reconciliation.itemized.4",
        "ending_balance_reconciliation.summary.1",
        "payout_reconciliation.by_id.itemized.4",
        "payout_reconciliation.by_id.summary.1",
        "payout_reconciliation.itemized.7",
        "payout_reconciliation.summary.2",
        "payouts.itemized.5",
        "payouts.summary.2",
    ),
    sorted_keys=True,
)

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in (TIDY, REAL)})
"""The profiles by name."""


def profile_named(profile: Profile | str) -> Profile:
    """Return the profile with that name, or the profile itself.

    Raises:
        ValueError: There is no such profile.
    """
    if isinstance(profile, Profile):
        return profile
    if profile not in PROFILES:
        raise ValueError(f"{profile!r} is not one of {', '.join(map(repr, PROFILES))}.")
    return PROFILES[profile]
