"""A report is not a DataFrame: it has a length and a schema, and an error names frame() for all else."""

import copy
import pickle

import narwhals as nw
import polars as pl
import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def report(client):
    """One currency's balance summary."""
    return client.fetch("balance.summary.2", "2026-10", currency="eur")


@pytest.fixture
def reports(client):
    """Three months of payouts."""
    return client.fetch_all("payouts.itemized.5", "2026-Q3", split="month")


def test_a_report_has_the_length_and_the_schema_of_its_frame(report):
    """Users ask for both by habit, and neither needs the rows."""
    assert len(report) == report.frame().height
    assert report.schema == report.frame().schema


def test_a_set_has_the_schema_of_its_frame(reports):
    """Its length is the number of its parts, over which it iterates."""
    assert reports.schema == reports.frame().schema
    assert len(reports) == len(list(reports)) == 3


def test_a_report_without_rows_is_true(client):
    """``if report`` asks whether there is one, not whether it has rows."""
    empty = client.fetch("balance_change_from_activity.itemized", "2026-10-05", reporting_category="topup")
    assert len(empty) == 0
    assert empty


@pytest.mark.parametrize("name", ["columns", "height", "filter", "select", "sort", "head", "to_dicts"])
@pytest.mark.parametrize("kind", ["report", "reports"])
def test_an_attribute_of_a_dataframe_says_to_write_frame(kind, name, request):
    """Many users see this error first; it must say what to type."""
    value = request.getfixturevalue(kind)
    with pytest.raises(AttributeError, match=rf"write report\.frame\(\)\.{name}\.$"):
        getattr(value, name)


def test_another_attribute_is_missing_as_usual(report):
    """A hint that does not work would be wrong."""
    with pytest.raises(AttributeError, match=r"^A Report has no attribute 'colums'\.$"):
        report.colums  # noqa: B018


@pytest.mark.parametrize("kind", ["report", "reports"])
class TestWhatLooksForAttributes:
    def test_hasattr_is_false(self, kind, request):
        """Libraries use it to find out what an object is."""
        value = request.getfixturevalue(kind)
        assert not hasattr(value, "columns")
        assert not hasattr(value, "_repr_mimebundle_")

    def test_a_copy_is_equal(self, kind, request):
        """Both look for methods on an object that is not initialised yet."""
        value = request.getfixturevalue(kind)
        assert copy.copy(value) == copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value  # noqa: S301

    def test_ipython_shows_its_card(self, kind, request, tmp_path, monkeypatch):
        """It asks for a dozen methods of display."""
        monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
        formatted, _ = InteractiveShell().display_formatter.format(request.getfixturevalue(kind))
        assert set(formatted) == {"text/plain", "text/html"}

    def test_narwhals_takes_its_rows(self, kind, request):
        """Through Arrow."""
        value = request.getfixturevalue(kind)
        assert nw.from_arrow(value, backend=pl).to_native().equals(value.frame())
