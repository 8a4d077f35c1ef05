"""Rounded figures: short, and never zero if the figure is not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.render.rounded import percent, rounded, share


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        ("1234.56", "1,234.6"),
        ("-0.5", "−0.5"),
        ("0.06", "0.1"),
        ("0.04", "<0.1"),
        ("-0.000001", "−<0.1"),
        ("0", "0.0"),
        ("-0.0", "0.0"),
    ],
)
def test_a_figure_too_small_for_its_decimals_is_less_than_the_smallest(figure, text):
    """A dispute of a cent among large sales is not nothing."""
    assert rounded(Decimal(figure), 1) == text


def test_the_sign_of_a_change_is_written_unless_it_is_zero():
    """A rise that is too small to show is a rise."""
    texts = [percent(Decimal(figure), 1, signed=True) for figure in ("0.25", "0.0001", "-0.0001", "0")]
    assert texts == ["+25.0 %", "+<0.1 %", "−<0.1 %", "0.0 %"]


@given(figure=st.decimals(allow_nan=False, allow_infinity=False, places=12), digits=st.integers(0, 3))
def test_only_zero_is_written_as_zero(figure, digits):
    """Whatever the size, the sign and the number of decimals."""
    assert (not rounded(figure, digits).strip("−0.")) == (figure == 0)


@given(parts=st.lists(st.integers(0, 10**9), min_size=2, max_size=5).filter(any), digits=st.integers(0, 3))
def test_only_a_share_of_everything_is_written_as_everything(parts, digits):
    """99.98 % beside others is not 100.0 %."""
    texts = [share(part / sum(parts), digits) for part in parts]
    assert [text == percent(1, digits) for text in texts] == [part == sum(parts) for part in parts]
    assert {share(0.9998, 1), share(0.25, 1)} == {">99.9 %", "25.0 %"}
