"""Durations: a number of seconds, or a distribution to draw it from."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from functools import partial

__all__ = ["Latency", "drawn", "heavy_tailed", "limited", "named", "uniform"]

Latency = float | Callable[[random.Random], float]
"""Seconds, or a function that draws them from a seeded ``random.Random``."""

_99_PERCENT = 2.3263478740408408
_NUMBER = r"(\d+(?:\.\d+)?)"
_FORMS = re.compile(rf"{_NUMBER}(?:(-|~){_NUMBER})?")


def uniform(low: float, high: float) -> Callable[[random.Random], float]:
    """Draw any duration between two, all equally likely."""
    return partial(_uniform, low, high)


def heavy_tailed(median: float, p99: float) -> Callable[[random.Random], float]:
    """Draw from a log-normal distribution, as queues have: half above *median*, one percent above *p99*."""
    return partial(_log_normal, math.log(median), math.log(p99 / median) / _99_PERCENT)


def limited(
    latency: Callable[[random.Random], float], low: float, high: float
) -> Callable[[random.Random], float]:
    """Draw from a distribution, but nothing below *low* or above *high*."""
    return partial(_limited, latency, low, high)


def named(text: str) -> Latency:
    """Read a latency in its short form: ``"8"``, ``"5-20"`` (uniform), ``"8~300"`` (median, 99th percentile).

    Raises:
        ValueError: It has none of these forms, or the second number is smaller than the first.

    Example:
        >>> named("8")
        8.0
    """
    match = _FORMS.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not a latency: write 8, 5-20 or 8~300 (median~99th percentile), in seconds."
        )
    first, form, second = float(match[1]), match[2], float(match[3] or 0)
    if form is None:
        return first
    if second < first or (form == "~" and first == 0):
        raise ValueError(f"{text!r} is not a latency: write the smaller number first, and a median above 0.")
    return uniform(first, second) if form == "-" else heavy_tailed(first, second)


def drawn(latency: Latency, source: random.Random) -> float:
    """Return a number of seconds as it is, or draw one from a distribution."""
    return latency(source) if callable(latency) else latency


def _uniform(low: float, high: float, source: random.Random) -> float:
    return source.uniform(low, high)


def _limited(
    latency: Callable[[random.Random], float], low: float, high: float, source: random.Random
) -> float:
    return min(high, max(low, latency(source)))


def _log_normal(mu: float, sigma: float, source: random.Random) -> float:
    return source.lognormvariate(mu, sigma)
