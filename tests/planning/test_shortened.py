"""Periods that end where the data end: shortened by a second if Stripe refuses them, and never otherwise."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from clocks import utc
from stripe_reports.errors import IntervalError, InvalidRequestError
from stripe_reports.models import ReportRequest, ReportType
from stripe_reports.planning import data_end

START, END, SECOND = utc(2026, 11, 1), utc(2026, 11, 5, 12), timedelta(seconds=1)
OPEN = ReportRequest("balance.summary.2", interval_start=START, interval_end=END, truncated_at=END)
SHORTER = replace(OPEN, interval_end=END - SECOND)


@pytest.mark.parametrize(
    ("request_", "shorter"),
    [
        pytest.param(OPEN, SHORTER, id="truncated at the end of the data"),
        pytest.param(SHORTER, None, id="shortened already"),
        pytest.param(replace(OPEN, truncated_at=None), None, id="named by the user"),
        pytest.param(replace(OPEN, interval_start=END - SECOND), None, id="nothing would be left"),
        pytest.param(
            replace(OPEN, interval_start=END - 2 * SECOND),
            replace(SHORTER, interval_start=END - 2 * SECOND),
            id="a second is left",
        ),
        pytest.param(
            replace(OPEN, interval_start=None), replace(SHORTER, interval_start=None), id="about a moment"
        ),
    ],
)
def test_only_a_truncated_period_is_shortened_and_only_once(request_, shorter):
    """A closed month must not lose its last second."""
    assert data_end.shortened(request_) == shorter


def test_a_shortened_period_says_so_and_no_other():
    """In the zone of the request."""
    (said,) = data_end.notes(replace(SHORTER, zone="Europe/Paris"))
    assert "the end of its data, 2026-11-05T13:00:00+01:00; so this one ends one second earlier" in said
    assert data_end.notes(OPEN) == data_end.notes(replace(SHORTER, truncated_at=None)) == ()


@pytest.mark.parametrize(
    ("end_of_data", "has_begun"),
    [
        pytest.param(START - SECOND, False, id="before it starts"),
        pytest.param(START, False, id="when it starts"),
        pytest.param(START + SECOND / 2, False, id="less than a second later"),
        pytest.param(START + SECOND, True, id="a second later"),
    ],
)
def test_a_period_has_begun_once_there_is_a_second_of_its_data(end_of_data, has_begun):
    """Otherwise its report would be of no time at all, and end on the day before it starts."""
    with nullcontext() if has_begun else pytest.raises(IntervalError, match="Stripe has no data for that"):
        data_end.check_begun(OPEN, end_of_data, of="the data are of")


@pytest.mark.parametrize(
    ("param", "message", "bound"),
    [
        ("parameters.interval_end", "", "interval_end"),
        ("parameters[interval_start]", "interval_end is fine", "interval_start"),
        (None, "`interval_start` is too early.", "interval_start"),
        ("currency", "interval_end", None),
        (None, None, None),
    ],
)
def test_the_bound_that_is_refused_is_named_by_param_or_else_by_the_message(param, message, bound):
    """Stripe has been seen to leave ``param`` out."""
    refusal = InvalidRequestError("refused", status_code=400, stripe_message=message, param=param)
    assert data_end.bound_named(refusal) == bound


@pytest.mark.parametrize(
    ("bound", "request_", "expected"),
    [
        ("interval_end", OPEN, True),
        ("interval_end", replace(OPEN, truncated_at=None), True),
        ("interval_end", SHORTER, False),
        ("interval_start", OPEN, False),
        ("interval_start", replace(OPEN, interval_start=utc(2020, 1, 1)), True),
    ],
)
def test_a_bound_is_at_the_edge_only_exactly_where_the_data_start_or_end(bound, request_, expected):
    """Otherwise the refusal has another reason, which the user must see."""
    type_ = ReportType(
        id="balance.summary.2",
        name="Balance summary",
        version=2,
        data_available_start=utc(2020, 1, 1),
        data_available_end=END,
    )
    assert data_end.is_at_the_edge(bound, request_, type_) is expected
