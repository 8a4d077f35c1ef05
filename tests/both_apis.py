"""Both generations of Stripe's API, for tests of what holds for both."""

import pytest

BOTH_APIS = pytest.mark.parametrize("client", ["v1", "v2"], indirect=True)
"""Runs a test with a client of v1 and with one of v2: what it says holds for both."""
