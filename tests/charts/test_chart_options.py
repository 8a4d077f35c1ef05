"""The options of charts and printed tables: complete in help, and a wrong one is an error that helps."""

import inspect

import pytest

import stripe_reports as sr
from stripe_reports import errors
from stripe_reports.charts.recipes import RECIPES
from stripe_reports.report.options import ChartOptions


@pytest.fixture
def report(client):
    """Activity of one day."""
    return client.fetch("balance_change_from_activity.itemized", "2026-10-05")


def test_the_options_are_those_that_some_chart_takes():
    """None is missing from help and completion, and none is there that no chart takes."""
    taken = {name for recipe in RECIPES for name in recipe.options}
    assert set(ChartOptions.__annotations__) == taken


@pytest.mark.parametrize("value", [sr.Report, sr.ReportSet])
@pytest.mark.parametrize(("method", "option"), [("chart", "currency"), ("chart", "every"), ("table", "by")])
def test_help_and_completion_name_every_option(value, method, option):
    """Jupyter reads the signature."""
    shown = inspect.signature(getattr(value, method)).parameters
    assert option in shown
    assert all(each.kind is not each.VAR_KEYWORD for each in shown.values())


@pytest.mark.parametrize(
    ("method", "option", "says"),
    [
        (
            "chart",
            "curency",
            r"The chart 'net' has no option 'curency'\. Did you mean 'currency'\?.* every, timezone, top",
        ),
        (
            "chart",
            "by",
            r"The chart 'net' has no option 'by'\..*Its options are every, timezone, top, currency",
        ),
        ("table", "row", r"A table to print has no option 'row'\. Did you mean 'rows'\?.*columns"),
    ],
)
def test_an_option_that_does_not_apply_is_refused_with_those_that_do(report, method, option, says):
    """Python's own error would name a function that the user never called."""
    with pytest.raises(errors.ParameterError, match=says) as caught:
        getattr(report, method)(**{option: "x"})
    assert caught.value.param == option
