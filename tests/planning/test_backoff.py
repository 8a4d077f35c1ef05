"""Pauses are short while the run may end at any moment, otherwise long, and never too many."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, islice, pairwise, takewhile
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.planning.backoff import estimate, poll_pauses, retry_pause


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - jitter is no secret


class LeastJitter(Random):
    """Always the lower limit: the most polls that there can be."""

    def uniform(self, a: float, b: float) -> float:
        return a


class MostJitter(Random):
    """Always the upper limit: the fewest."""

    def uniform(self, a: float, b: float) -> float:
        return b


any_rng = st.integers().map(seeded) | st.just(LeastJitter()) | st.just(MostJitter())
anything_expected = st.none() | st.floats(0, 7200)


def times(expected: float | None, rng: Random) -> Iterator[float]:
    """The times of the polls, in seconds after the launch."""
    return accumulate(poll_pauses(expected, rng))


def found(duration: float, expected: float | None, rng: Random) -> float:
    """The time at which a run of that duration is found finished."""
    return next(time for time in times(expected, rng) if time >= duration)


# Polls of a pending run


@given(duration=st.floats(0, 3600), rng=any_rng)
def test_a_run_of_unknown_duration_is_found_soon_after_its_end(duration, rng):
    """The wait is never much longer than the run itself."""
    assert found(duration, None, rng) <= 1.35 * duration + 2


@given(expected=anything_expected, rng=any_rng)
def test_no_minute_has_more_than_twelve_polls(expected, rng):
    """Any 13 polls in a row take more than a minute."""
    at = list(islice(times(expected, rng), 700))
    assert all(late - early > 60 for early, late in zip(at, at[12:], strict=False))


@given(expected=anything_expected, duration=st.floats(0, 7200), rng=any_rng)
def test_two_polls_are_at_most_15_seconds_apart(expected, duration, rng):
    """A run is found within 15 seconds of its end, whatever duration was expected."""
    assert found(duration, expected, rng) <= duration + 15


def test_pauses_between_polls_never_get_shorter():
    pauses = list(islice(poll_pauses(None, LeastJitter()), 20))
    assert pauses[0] == 1
    assert all(one <= next_ for one, next_ in pairwise(pauses))
    assert pauses[-1] == 12.5


@pytest.mark.parametrize("expected", [5, 10, 20, 40, 60, 120])
def test_a_known_duration_saves_polls_and_time(expected):
    """Over runs that take 10 % more or less than expected, compared with nothing known."""

    def cost(known: float | None) -> tuple[float, int]:
        rng = seeded(1)
        durations = [expected * rng.uniform(0.9, 1.1) for _ in range(500)]
        polls = [[*takewhile(duration.__gt__, times(known, rng))] for duration in durations]
        late = [found(duration, known, rng) - duration for duration in durations]
        return sum(late), sum(map(len, polls))

    (late, polls), (late_unknown, polls_unknown) = cost(expected), cost(None)
    assert late < late_unknown
    assert polls < polls_unknown


@given(expected=st.floats(0, 3600), off=st.floats(-1, 1), rng=any_rng)
def test_a_run_whose_duration_is_known_is_found_at_its_end(expected, off, rng):
    """A short run too, although Stripe counts whole seconds, so a known duration can be off by up to one."""
    duration = max(0.0, expected + off)
    assert found(duration, expected, rng) <= 1.15 * duration + 1 + 1e-6


@given(expected=st.floats(0, 14), rng=any_rng)
def test_a_run_is_not_polled_long_before_its_expected_end(expected, rng):
    """Such polls are wasted."""
    assert next(poll_pauses(expected, rng)) >= min(0.75 * expected + 1, 1.15 * max(0, expected - 1) + 1)


@given(expected=st.floats(0, 600), more=st.floats(0, 600), rng=any_rng)
def test_a_run_slower_than_expected_is_polled_like_a_new_one(expected, more, rng):
    """From 75 to 85 % of the expected time on, pauses grow with the time since then."""
    assert found(expected + more, expected, rng) <= expected + more + 0.35 * (0.25 * expected + more) + 2


def test_runs_launched_together_are_not_polled_together():
    assert (
        len({next(poll_pauses(expected, seeded(seed))) for seed in range(50) for expected in (None, 30)})
        == 100
    )


# What earlier runs teach


@pytest.mark.parametrize(
    ("durations", "expected"),
    [
        pytest.param([], None, id="no earlier run"),
        pytest.param([12.0], 12.0, id="one"),
        pytest.param([10.0, 12.0], 11.0, id="two"),
        pytest.param([10.0, 900.0, 12.0], 12.0, id="an outlier does not count"),
        pytest.param([900.0] * 50 + [10.0] * 7, 10.0, id="only the last ones count"),
    ],
)
def test_the_expected_duration_is_the_median_of_the_last_runs(durations, expected):
    assert estimate(durations) == expected


# Calls that failed


@pytest.mark.parametrize(
    ("attempt", "longest"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 8), (10_000, 8)]
)
def test_the_pause_before_a_retry_doubles_up_to_a_limit_and_is_at_most_halved(attempt, longest):
    assert retry_pause(attempt, MostJitter()) == longest
    assert retry_pause(attempt, LeastJitter()) == longest / 2


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [
        pytest.param(None, 1, id="not asked"),
        pytest.param(0, 1, id="asked for none"),
        pytest.param(-5, 1, id="asked for nonsense"),
        pytest.param(7, 7, id="asked for more than we would take"),
        pytest.param(3600, 3600, id="asked for an hour"),
    ],
)
def test_the_server_may_ask_for_a_longer_pause(retry_after, pause):
    assert retry_pause(2, MostJitter(), retry_after=retry_after) == pause
