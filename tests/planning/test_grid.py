"""The next step of a call that fetches many reports, decided from what is known, in any order of events."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.planning.grid import LIFECYCLE, InFlight, Standing, State, Step, Widths, next_step

WIDTHS = Widths(calling=2, reading=2, in_flight=3)


def decide(*, polling=0, poll_due=None, now=0.0, is_over=False, widths=WIDTHS, **counts):
    """The next step for so many cells in each stage."""
    return next_step(Counter(counts), widths, polling=polling, poll_due=poll_due, now=now, is_over=is_over)


@pytest.mark.parametrize(
    ("known", "step"),
    [
        pytest.param({}, Step("finish"), id="nothing is asked for"),
        pytest.param({"unasked": 5}, Step("ask"), id="cells wait, and there is room"),
        pytest.param(
            {"unasked": 5, "asking": 1, "pending": 2, "poll_due": 9}, Step("await", 9), id="no room"
        ),
        pytest.param(
            {"unasked": 5, "pending": 3, "poll_due": 9}, Step("pause", 9), id="no room, all is quiet"
        ),
        pytest.param({"unasked": 5, "asking": 2}, Step("await", float("inf")), id="no free thread"),
        pytest.param(
            {"unasked": 5, "asking": 1, "polling": 1}, Step("await", float("inf")), id="a poll takes a thread"
        ),
        pytest.param({"unasked": 5, "unread": 1, "pending": 1}, Step("read"), id="reading comes first"),
        pytest.param({"unread": 1, "reading": 2, "unasked": 1}, Step("ask"), id="no thread to read"),
        pytest.param({"pending": 2, "unasked": 5, "poll_due": 0}, Step("poll"), id="a poll before a launch"),
        pytest.param({"pending": 2, "poll_due": 7, "now": 5}, Step("pause", 2), id="only waiting is left"),
        pytest.param({"pending": 2, "polling": 1}, Step("await", float("inf")), id="the poll is on its way"),
        pytest.param({"ended": 9}, Step("finish"), id="all have ended"),
        pytest.param({"unasked": 5, "pending": 2, "is_over": True}, Step("finish"), id="the time is over"),
        pytest.param({"reading": 1, "unread": 1, "is_over": True}, Step("await"), id="over, and one is read"),
    ],
)
def test_each_step_follows_from_what_is_known(known, step):
    """The whole decision is a table."""
    assert decide(**known) == step


@pytest.mark.parametrize("stage", LIFECYCLE)
def test_a_cell_moves_only_along_its_lifecycle(stage):
    """So a cell that is asked for twice in one call, or ends twice, is an error of ours that tests find."""
    state = State(stage, "frr_1")
    for other in LIFECYCLE:
        if other in LIFECYCLE[stage]:
            assert state.moved(other).stage == other
        else:
            with pytest.raises(ValueError, match=f"is {stage} cannot become {other}"):
                state.moved(other)


def test_a_run_whose_file_is_gone_is_not_chosen_again():
    """The cell is asked for again, and knows which runs are of no use."""
    state = State().moved("asking").moved("unread", "frr_1").moved("reading").unusable_for("expired")
    state = state.moved("unasked")
    assert state == State("unasked", None, {"frr_1": "expired"})
    again = state.moved("asking").moved("unread", "frr_2").moved("reading").unusable_for("damaged")
    assert again.moved("unasked").unusable == {"frr_1": "expired", "frr_2": "damaged"}


EVENTS = st.lists(st.integers(0, 1_000), max_size=200)


@settings(max_examples=200)
@given(
    cells=st.integers(0, 12),
    widths=st.builds(Widths, st.integers(1, 3), st.integers(1, 3), st.integers(1, 5)),
    events=EVENTS,
)
def test_any_order_of_answers_ends_every_cell_and_keeps_the_limits(cells, widths, events):
    """A driver that does what it is told, with answers in any order: launches, failures, lost files."""
    states, asked, random = [State()] * cells, Counter(), iter(events)
    polling, now = False, 0.0
    for _ in range(40 * cells + 10):
        counts = Counter(state.stage for state in states)
        assert counts["asking"] + counts["pending"] <= widths.in_flight
        assert counts["reading"] <= widths.reading
        assert counts["asking"] + polling <= widths.calling
        due = None if polling or not counts["pending"] else now + 1.0 - now % 1.0
        step = next_step(counts, widths, polling=int(polling), poll_due=due, now=now, is_over=False)
        of = {stage: [n for n, state in enumerate(states) if state.stage == stage] for stage in LIFECYCLE}
        match step.action:
            case "ask":
                number = of["unasked"][0]
                asked[number] += 1
                states[number] = states[number].moved("asking")
            case "read":
                states[of["unread"][0]] = states[of["unread"][0]].moved("reading")
            case "poll":
                polling = True
            case "pause":
                assert not of["asking"] + of["reading"]
                assert not polling
                now += step.seconds
                polling = True  # as a driver does once the time has come
            case "await":
                chance = next(random, 0)
                if of["reading"]:
                    may_be_gone = chance % 3 == 1 and asked[of["reading"][0]] < 2
                    to = "unasked" if may_be_gone else "ended"
                    states[of["reading"][0]] = states[of["reading"][0]].moved(to)
                elif of["asking"]:
                    to = ("pending", "unread", "ended", "pending")[chance % 4]
                    states[of["asking"][0]] = states[of["asking"][0]].moved(to, f"frr_{chance}")
                else:
                    polling = False
                    for number in of["pending"]:
                        if chance % 2 == 0:
                            states[number] = states[number].moved("unread")
            case "finish":
                break
    assert {state.stage for state in states} <= {"ended"}
    assert max(asked.values(), default=0) <= 2


class TestInFlight:
    def test_a_refusal_halves_it_down_to_one(self):
        """Stripe's advice for concurrency limits is to have fewer calls at work."""
        limit, seen = InFlight(500, 500), []
        for second in range(0, 200, 20):
            limit = limit.refused(float(second))
            seen.append(limit.limit)
        assert seen == [250, 125, 62, 31, 15, 7, 3, 1, 1, 1]
        assert limit.refused(1_000.0).limit == 1

    def test_refusals_of_one_moment_count_once(self):
        """A burst of calls is refused together."""
        once = InFlight(500, 500).refused(100.0)
        assert once.refused(105.0) == once
        assert once.refused(110.0).limit == 125

    def test_it_grows_again_after_a_calm_minute_and_never_beyond_what_was_allowed(self):
        """A busy minute must not slow down a night."""
        limit = InFlight(500, 500).refused(0.0)
        assert limit.calm(59.0) == limit
        assert limit.calm(60.0).limit == 275
        for minute in range(1, 60):
            limit = limit.calm(60.0 * minute)
        assert limit.limit == 500


def test_the_share_of_a_call_counts_failures_as_ended():
    """Otherwise a bar would never be full."""
    standing = Standing(total=10, there=7, failed=3, at_stripe=0, seconds=5.0)
    assert standing.share == 1.0
    assert Standing(total=0, there=0, failed=0, at_stripe=0, seconds=0.0).share == 1.0
