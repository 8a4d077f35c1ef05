"""``python -m tests.catalog merge FILE``: reported names become marked facts; known facts stay."""

import copy
import json
import os
import shutil
import subprocess
import sys
import textwrap
from difflib import unified_diff
from pathlib import Path

import pytest

import stripe_reports as sr
from catalog import layout
from catalog.merging import merge
from catalog.reading import MAX_BYTES, RefusedFileError, read
from clocks import TestClock
from newer_stripe import NewerStripe
from places import ROOT

CATALOGUE = Path(sr.__file__).parent / "catalog"
TEXT = (CATALOGUE / "report_types.json").read_text("utf-8")
FILE = {
    "format": "names that stripe-reports does not know",
    "format_version": 1,
    "package_version": "0.1.0",
    "api_version": "2026-11-18.endive",
    "written": "2026-11-28",
    "from_stripe": True,
    "report_types": {},
    "column_types": [],
    "reporting_categories": [],
    "currencies": [],
    "statuses": [],
    "left_out_of_lists": [],
}
MARK = (
    "reported on 2026-11-28 by a user of stripe-reports 0.1.0, as Stripe showed it "
    "(API version 2026-11-18.endive)"
)


def a_type(default_columns=(), columns=(), parameters=()):
    return {
        "default_columns": list(default_columns),
        "columns": list(columns),
        "parameters": list(parameters),
    }


@pytest.fixture
def reported(tmp_path):
    """Writes a user's file and reads it; what is not given is empty."""

    def reported(**changes):
        path = tmp_path / "names.json"
        path.write_text(json.dumps(FILE | changes), "utf-8")
        return read(path)

    return reported


@pytest.fixture
def merged(reported):
    """The result of merging a user's file into the catalogue."""
    return lambda data=None, **changes: merge(data or layout.load(TEXT), reported(**changes))


# The file is read strictly


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": "another"}, "format version 1"),
        ({"format_version": 2}, "format version 1"),
        ({"format_version": True}, "format version 1"),
        ({"more": 1}, "exactly the fields"),
        ({"from_stripe": False}, "simulator or gateway"),
        ({"from_stripe": "yes"}, "simulator or gateway"),
        ({"api_version": "<script>"}, "api_version"),
        ({"written": "2026-02-31"}, "not a date"),
        ({"report_types": []}, "report_types"),
        ({"report_types": {"acct_1032D82eZvKYlo2C.1": a_type()}}, "not the id of a report type"),
        ({"report_types": {"x.y.1": {"columns": []}}}, "exactly the fields"),
        ({"report_types": {"x.y.1": a_type(columns=["Jane Doe"])}}, "not a name of Stripe's"),
        ({"report_types": {"x.y.1": a_type(columns=["payment_metadata[a]"])}}, "not a name of Stripe's"),
        ({"report_types": {"x.y.1": a_type(columns=["net", "net"])}}, "twice"),
        ({"report_types": {"x.y.1": a_type(columns=["net"] * 1001)}}, "at most 1,000"),
        ({"reporting_categories": [1]}, "not a name of Stripe's"),
        ({"statuses": "paused"}, "not a list"),
    ],
)
def test_a_file_that_the_command_does_not_write_is_refused(reported, changes, says):
    """It comes from outside."""
    with pytest.raises(RefusedFileError, match=says):
        reported(**changes)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"{", b"[" * 100_000, b" " * (MAX_BYTES + 1), b'{"format": 1, "format": 2}', b"[]"],
    ids=["empty", "no text", "half", "deep", "large", "twice", "list"],
)
def test_a_file_that_is_not_valid_json_is_refused(tmp_path, content):
    """It comes from outside and may contain anything."""
    path = tmp_path / "names.json"
    path.write_bytes(content)
    with pytest.raises(RefusedFileError):
        read(path)
    with pytest.raises(RefusedFileError):
        read(tmp_path / "missing.json")


# What is merged


def test_the_files_of_the_catalogue_keep_their_layout():
    """So that merging changes only the lines of new facts."""
    assert layout.dump(layout.load(TEXT)) == TEXT
    names = (CATALOGUE / "names.py").read_text("utf-8")
    assert layout.with_names(names, layout.load(TEXT)["report_types"]) == names


def test_a_new_version_takes_unreported_facts_from_its_sibling(merged):
    """They are marked as such instead of having a page of Stripe, and stand next to the other versions."""
    new = a_type(["payout_id", "net"], ["payout_id", "net", "effective_at"], ["interval_start", "brand_new"])
    result = merged(report_types={"payouts.itemized.9": new})
    types = result.data["report_types"]
    entry, sibling = types["payouts.itemized.9"], types["payouts.itemized.5"]
    assert (entry["evidence"], entry["source"]) == ("reported", MARK)
    assert entry["family"] == sibling["family"]
    assert entry["optional"] == [*sibling["optional"], "brand_new"]
    assert entry["columns"] == ["payout_id", "net", "effective_at"]
    assert entry["default_columns"] == ["payout_id", "net"]
    assert entry["default_columns_evidence"] == "reported"
    assert not entry["columns_complete"]
    ids = list(types)
    assert ids[ids.index("payouts.itemized.9") - 1] == "payouts.itemized.5"
    assert result.conflicts == result.undecided == []


def test_merging_changes_no_existing_line(merged):
    """The change can be reviewed."""
    result = merged(
        report_types={"payouts.itemized.9": a_type(["net"], ["net"])}, reporting_categories=["brand_new"]
    )
    lines = list(unified_diff(TEXT.splitlines(), layout.dump(result.data).splitlines(), n=0, lineterm=""))
    removed = [line for line in lines[2:] if line.startswith("-")]
    assert removed in ([], ["-}"])


def test_merging_twice_equals_merging_once(merged):
    """A file that arrives again adds nothing and contradicts nothing."""
    changes = {
        "report_types": {
            "payouts.itemized.9": a_type(["net"], ["net", "levy"], ["interval_start", "brand_new"]),
            "payouts.itemized.4": a_type(["net", "payout_id"], ["net"]),
        },
        "reporting_categories": ["brand_new"],
    }
    once = merged(**changes)
    again = merged(once.data, **changes)
    assert once.added
    assert (again.added, again.conflicts, again.data) == ([], once.conflicts, once.data)


def test_a_catalogued_type_without_columns_gets_those_that_stripe_showed(merged):
    """Its other facts are kept, and the source of the columns is the mark."""
    before = layout.load(TEXT)["report_types"]["payouts.itemized.4"]
    after = merged(report_types={"payouts.itemized.4": a_type(["net", "payout_id"])}).data["report_types"][
        "payouts.itemized.4"
    ]
    assert after["columns"] == after["default_columns"] == ["net", "payout_id"]
    assert after["columns_source"] == {MARK: ["net", "payout_id"]}
    assert (after["source"], after["evidence"], after["required"]) == (
        *(before["source"], before["evidence"], before["required"]),
    )


def test_a_name_with_two_kinds_is_local_if_a_utc_column_exists(merged):
    """It is local time if the same column in UTC is there too, otherwise UTC."""
    names = ["automatic_payout_effective_at", "automatic_payout_effective_at_utc"]
    id_ = "payout_reconciliation.itemized.9"
    alone = merged(report_types={id_: a_type(columns=names[:1])}).data["report_types"][id_]
    both = merged(report_types={id_: a_type(columns=names)}).data["report_types"][id_]
    assert alone["differing"][names[0]]["kind"] == "datetime_utc"
    assert "kind" not in both.get("differing", {}).get(names[0], {})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"report_types": {"balance.summary.1": a_type(columns=["net"])}}, "its columns are complete"),
        ({"report_types": {"balance.summary.1": a_type(parameters=["payout"])}}, "documented parameters"),
    ],
)
def test_a_known_fact_is_never_changed(merged, changes, says):
    """A person looks at Stripe's page again."""
    result = merged(**changes)
    assert result.data == layout.load(TEXT)
    assert says in result.conflicts[0]


def test_a_kind_that_cannot_be_derived_is_left_to_a_person(merged):
    """A kind is never guessed: an amount would silently become text. Everything else is merged."""
    result = merged(
        report_types={
            "payouts.itemized.9": a_type(["net", "levy"], ["net", "levy"]),
            "new.thing.1": a_type(["net"]),
        },
        statuses=["on_hold"],
        currencies=["xyz"],
    )
    assert result.data["report_types"]["payouts.itemized.9"]["columns"] == ["net"]
    assert "levy" not in result.data["columns"]
    assert "new.thing.1" not in result.data["report_types"]
    told = "\n".join(result.undecided)
    assert all(name in told for name in ("levy", "new.thing.1", "on_hold", "xyz"))


def test_a_column_that_a_person_has_described_is_merged_the_next_time(merged):
    """Describing it is all that has to be done by hand."""
    changes = {"report_types": {"payouts.itemized.9": a_type(["net", "levy"], ["net", "levy"])}}
    data = copy.deepcopy(merged(**changes).data)
    data["columns"]["levy"] = {"kind": "money", "description": "A levy."}
    entry = merged(data, **changes).data["report_types"]["payouts.itemized.9"]
    assert entry["columns"] == entry["default_columns"] == ["net", "levy"]


# The whole circle

READ = """
    import warnings
    import stripe_reports as sr
    from clocks import TestClock
    from newer_stripe import NewerStripe
    from stripe_reports.simulator import Simulator
    warnings.simplefilter("error")
    assert sr.catalog.get("payouts.itemized.9").evidence == "reported"
    assert "brand_new_category" in sr.catalog.categories()
    simulator = Simulator(1, latency=10.0, categories=["brand_new_category"])
    stripe = NewerStripe(simulator, renamed={"payouts.itemized.5": "payouts.itemized.9"})
    clock = TestClock(simulator.clock)
    with sr.Client(simulator.key, application=stripe, cache_dir="again", clock=clock) as client:
        client.report_types()
        report = client.fetch("payouts.itemized", "2026-10")
        client.fetch("balance_change_from_activity.itemized", "2026-10")
        assert report.run.report_type == "payouts.itemized.9"
        assert report.provenance.kinds_from == {}
        assert str(report.schema["net"]) == "Decimal(precision=38, scale=6)"
        assert client.cache.unrecognised().is_empty()
"""


@pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning")
def test_names_that_a_user_reports_are_known_to_the_next_version(tmp_path):
    """From a user's record to the catalogue, and to a report that is read without a warning."""
    from stripe_reports.simulator import Simulator

    simulator = Simulator(1, latency=10.0, categories=["brand_new_category"])
    stripe = NewerStripe(simulator, renamed={"payouts.itemized.5": "payouts.itemized.9"})
    clock = TestClock(simulator.clock)
    with sr.Client(simulator.key, application=stripe, cache_dir=tmp_path / "c", clock=clock) as client:
        client.report_types()
        client.fetch("payouts.itemized.9", "2026-10")
        client.fetch("balance_change_from_activity.itemized", "2026-10")
        file = client.cache.write_unrecognised(tmp_path / "names.json")
    written = json.loads(file.read_text("utf-8"))
    assert written["from_stripe"] is False
    file.write_text(json.dumps(written | {"from_stripe": True}), "utf-8")

    package = tmp_path / "next" / "stripe_reports"
    shutil.copytree(Path(sr.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable,
        "-m",
        "tests.catalog",
        "merge",
        str(file),
        "--catalogue",
        str(package / "catalog"),
    ]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "payouts.itemized.9, like payouts.itemized.5" in ran.stdout
    assert '"payouts.itemized.9",' in (package / "catalog" / "names.py").read_text("utf-8")
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "Added, marked as reported by a user: nothing" in again.stdout

    path = os.pathsep.join([str(package.parent), str(ROOT / "tests")])
    reading = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(READ)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert (reading.returncode, reading.stderr) == (0, "")


def test_a_refused_file_changes_nothing(tmp_path):
    """The message says what is wrong with it."""
    file = tmp_path / "names.json"
    file.write_text("{}")
    command = [sys.executable, "-m", "tests.catalog", "merge", str(file), "--catalogue", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2
    assert "was refused: the file does not have exactly the fields" in ran.stderr
