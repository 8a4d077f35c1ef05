"""Types that the user sets instead of those of the catalogue: only those that hold a report exactly."""

import polars as pl
import pytest

from stripe_reports.errors import ParameterError
from stripe_reports.parsing.overrides import check_names, checked_overrides, in_words, kind_of


@pytest.mark.parametrize(
    ("given", "used", "kind"),
    [
        (pl.String, pl.String(), "text"),
        (pl.Int64(), pl.Int64(), "integer"),
        (pl.Boolean, pl.Boolean(), "boolean"),
        (pl.Date, pl.Date(), "date"),
        (pl.Decimal(38, 2), pl.Decimal(38, 2), "money"),
        (pl.Decimal(1, 1), pl.Decimal(1, 1), "money"),
        (pl.Datetime("us", "UTC"), pl.Datetime("us", "UTC"), "datetime_utc"),
        (pl.Datetime("us", "Europe/Paris"), pl.Datetime("us", "Europe/Paris"), "datetime_local"),
        (pl.Datetime("us"), pl.Datetime("us"), "datetime_local"),
    ],
)
def test_a_type_that_holds_the_text_exactly_is_taken_as_class_or_instance(given, used, kind):
    """The text is then read as for a column of that kind."""
    checked = checked_overrides({"x": given})
    assert checked == {"x": used}
    assert isinstance(checked["x"], pl.DataType)
    assert kind_of(checked["x"]) == kind
    assert in_words(checked) == {"x": str(used)}


@pytest.mark.parametrize(
    "dtype",
    [pl.Float64, pl.Int32, pl.Decimal(38, 0), pl.Datetime("ms", "UTC"), pl.Categorical, "String", None],
)
def test_a_type_that_could_lose_something_is_refused(dtype):
    """Cents, digits, or microseconds."""
    with pytest.raises(ParameterError, match="schema_overrides cannot read 'net' as") as caught:
        checked_overrides({"net": dtype})
    assert caught.value.param == "schema_overrides"


@pytest.mark.parametrize("zone", ["Nowhere/City", "europe/paris", ""])
def test_a_zone_that_polars_does_not_know_is_refused(zone):
    """Before any call: otherwise the file of a new run could not be read."""
    with pytest.raises(ParameterError, match="does not know the time zone") as caught:
        checked_overrides({"created": pl.Datetime("us", zone)})
    assert caught.value.param == "schema_overrides"


def test_no_override_and_no_mapping():
    """None is the usual case; a list of types has no names."""
    assert checked_overrides(None) == {}
    with pytest.raises(ParameterError, match="must be a mapping such as") as caught:
        checked_overrides([pl.String])
    assert caught.value.param == "schema_overrides"


def test_a_column_that_the_file_lacks_is_refused_with_the_nearest():
    """A slip would leave the column as it was."""
    check_names({"net": pl.String()}, ["gross", "net"])
    with pytest.raises(
        ParameterError, match=r"'nett', which is no column.*Did you mean 'net'.*gross, net"
    ) as caught:
        check_names({"gross": pl.String(), "nett": pl.String()}, ["gross", "net"])
    assert caught.value.param == "schema_overrides"
