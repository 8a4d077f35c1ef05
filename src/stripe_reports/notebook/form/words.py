"""Ages, periods and errors in words. Pure."""

from __future__ import annotations

from datetime import time, timedelta

from stripe_reports import errors
from stripe_reports.models import zone_named
from stripe_reports.planning.intervals import Interval

__all__ = ["age_text", "bounds_text", "error_title"]

_TITLES: dict[type[BaseException], str] = {
    errors.RunTimeoutError: "Still pending",
    errors.RunFailedError: "The run failed",
    errors.IntervalError: "This period cannot be asked for",
    errors.InputError: "Not possible",
    errors.AuthenticationError: "Stripe does not accept the key",
    errors.PermissionDeniedError: "The key lacks a permission",
    errors.LiveModeRequiredError: "Live data only",
    errors.RateLimitError: "Too many calls",
    errors.ServerError: "Stripe has a problem",
    errors.StripeAPIError: "Stripe refused the request",
    errors.NetworkError: "No answer from Stripe",
    errors.StoreError: "The result could not be stored",
    errors.FileError: "The result could not be read",
}
"""Short descriptions of errors, the most specific first."""


def error_title(error: BaseException) -> str:
    """Describe an error in a few words; its own message has the details."""
    return next((title for class_, title in _TITLES.items() if isinstance(error, class_)), "It failed")


def age_text(age: timedelta) -> str:
    """Write an age: ``just now``, ``5 min ago``, ``3 h ago``, ``2 days ago``."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    hours = minutes // 60
    if hours < 48:
        return f"{hours} h ago"
    return f"{hours // 24} days ago"


def bounds_text(interval: Interval, *, is_moment: bool) -> dict[str, str]:
    """Write both bounds and the last included day of an interval."""
    zone = zone_named(interval.timezone)
    start, end = interval.start.astimezone(zone), interval.end.astimezone(zone)
    days = (end.date() - start.date()).days
    whole = start.time() == end.time() == time.min
    return {
        "start": "" if is_moment else f"{start:%Y-%m-%d %H:%M}",
        "end": f"{end:%Y-%m-%d %H:%M}",
        "zone": interval.timezone,
        "first_day": f"{start.date()}",
        "last_day": f"{interval.last_included_day}",
        "length": "" if is_moment or not whole else f"{days} day{'' if days == 1 else 's'}",
    }
