"""A warning points to a line that the user can change."""

import warnings

from stripe_reports import notices


def test_a_warning_points_to_the_callers_line():
    """Whatever is in between: our own functions, and libraries that call us."""
    ours = {"__name__": "stripe_reports.somewhere", "warn": notices.warn}
    exec("def inner(): warn('look')\ndef outer(through): through(inner)", ours)  # noqa: S102
    library = {"__name__": "library"}
    exec("def through(function): function()", library)  # noqa: S102
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours["outer"](library["through"])
    assert [(str(warning.message), warning.filename) for warning in caught] == [("look", __file__)]
