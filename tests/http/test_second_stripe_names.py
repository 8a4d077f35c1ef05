"""Names of Reports v2 that the catalogue lacks: recorded, written and merged like those of v1."""

import json
import shutil

import polars as pl
import pytest
from second_stripe_reports import report_named
from second_stripe_v2 import KEY, serve

from catalog.__main__ import CATALOGUE, main
from clocks import TestClock
from stripe_reports import cli
from stripe_reports.client import Client

pytestmark = pytest.mark.filterwarnings(
    "ignore::stripe_reports.PreviewWarning", "ignore::stripe_reports.UnknownReportTypeWarning"
)

UNKNOWN = "products.list"
"""A report of the stand-in that v1 does not have, with a column of each type."""


@pytest.fixture
def client(monkeypatch, tmp_path):
    """A client of the stand-in, which has a type of columns that is not known."""
    monkeypatch.setitem(report_named(UNKNOWN).columns, "weight", "geography")
    with serve() as second:
        options = {
            "base_url": second.base_url,
            "files_url": second.files_url,
            "clock": TestClock(second.clock),
        }
        with Client(KEY, api="v2", cache_dir=tmp_path / "cache", **options) as client:
            yield client


def recorded(client, subject):
    names = client.cache.unrecognised().filter(pl.col("subject") == subject)
    return names.select("report_type", "name").rows()


def test_a_list_of_reports_shows_names_and_parameters(client):
    """Names have no version; Stripe describes the parameters itself."""
    client.report_types()
    assert ("", UNKNOWN) in recorded(client, "report types")
    assert ("", "balance.summary") not in recorded(client, "report types")
    described = client.report_type(UNKNOWN).parameters
    assert [each for each in recorded(client, "parameters") if each[0] == UNKNOWN] == [
        (UNKNOWN, name) for name in described
    ]


@pytest.mark.parametrize(
    "learn",
    [
        pytest.param(lambda client: client.report_type(UNKNOWN), id="by the search"),
        pytest.param(lambda client: client.fetch(UNKNOWN), id="by a result"),
    ],
)
def test_columns_and_their_types_are_recorded(client, learn):
    """They have a type of Stripe's whether or not the catalogue has their names."""
    learn(client)
    assert {(UNKNOWN, "weight"), (UNKNOWN, "rank")} <= {*recorded(client, "columns")}
    assert recorded(client, "column types") == [("", "geography")]


def test_what_is_recorded_can_be_merged(client, monkeypatch, tmp_path, capsys):
    """By the same commands; a person decides, since no name tells which rows a report has."""
    client.fetch(UNKNOWN)
    file, folder = tmp_path / "names.json", tmp_path / "catalogue"
    monkeypatch.setattr("stripe_reports.cli.doctor.client_of", lambda _: client)
    assert cli.main(["doctor", "--api", "v2", "--unknown", str(file)]) == 0
    written = json.loads(file.read_text("utf-8"))
    assert (written["from_stripe"], written["column_types"]) == (False, ["geography"])
    assert written["api_version"].endswith(".preview")
    file.write_text(json.dumps(written | {"from_stripe": True}), "utf-8")  # as if Stripe had shown them
    folder.mkdir()
    for name in ("report_types.json", "names.py"):
        shutil.copy(CATALOGUE / name, folder / name)
    capsys.readouterr()
    assert main(["merge", str(file), "--catalogue", str(folder)]) == 0
    said = capsys.readouterr().out
    assert f"{UNKNOWN} in Reports v2: add it to catalog/reports_v2.json" in said
    assert "column types: geography: add it to catalog/siblings.py" in said
    for name in ("report_types.json", "names.py"):
        assert (folder / name).read_bytes() == (CATALOGUE / name).read_bytes()
