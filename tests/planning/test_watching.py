"""How often the runs of an account are listed while they are pending."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.planning.watching import Watch


def simulated(watch, ends, *, expected=None, pace=0.0, is_launching=False, until=10_000.0):
    """The times of the polls until the last run has ended."""
    polls = []
    while not polls or polls[-1] < max(ends):
        now = watch.due(expected, is_launching=is_launching, pace=pace)
        assert now > (polls[-1] if polls else watch.latest)
        polls.append(now)
        watch = watch.polled(now, first=watch.first)
        if now > until:
            break
    return polls


@given(seconds=st.floats(1.0, 2_000.0))
def test_one_run_is_found_as_soon_as_a_wait_for_it_alone_would_find_it(seconds):
    """Within 1.35 of its time and two seconds, although nothing is known of its duration."""
    polls = simulated(Watch(0.0, 0.0), [seconds])
    assert polls[-1] <= 1.35 * seconds + 2.0


@given(seconds=st.floats(3.0, 100.0))
def test_the_last_of_fifty_runs_is_found_soon(seconds):
    """They share each poll, so it may come more often: a tenth of the time late at most."""
    polls = simulated(Watch(0.0, 0.0, runs=50), [seconds])
    assert polls[-1] <= 1.1 * seconds + 0.6 or len(polls) > 45
    assert len(polls) <= 50


@given(seconds=st.floats(5.0, 300.0), late=st.floats(0.0, 1.0))
def test_a_single_run_of_a_known_duration_costs_one_poll(seconds, late):
    """With thousands of accounts, each poll is a call that another account waits for."""
    polls = simulated(Watch(0.0, 0.0), [seconds + late], expected=seconds, is_launching=True)
    assert len(polls) == 1


def test_launches_come_before_guesses():
    """While cells wait, an account with many runs is polled like one with few."""
    watch = Watch(0.0, 2.0, runs=50)
    assert watch.due(10.0, is_launching=True, pace=0.0) == pytest.approx(11.0)
    assert watch.due(10.0, is_launching=False, pace=0.0) == pytest.approx(2.5)


def test_all_accounts_together_keep_within_the_rate():
    """Five hundred accounts at five polls a second are polled every hundred seconds each."""
    watch = Watch(0.0, 0.0).polled(50.0, first=0.0)
    assert watch.due(None, is_launching=False, pace=100.0) == 150.0


def test_a_few_polls_are_kept_for_the_last_runs():
    """Fifty runs may cost fifty polls; if all were spent on guesses, the last run would be found late."""
    guessing, sparing = (Watch(0.0, 0.0, runs=50, polls=polls).polled(20.0, first=0.0) for polls in (45, 46))
    assert guessing.due(None, is_launching=False, pace=0.0) == 22.0
    assert sparing.due(None, is_launching=False, pace=0.0) == 25.0
