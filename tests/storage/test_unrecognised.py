"""Names that Stripe shows and the catalogue lacks are recorded: names only, for the doctor."""

import json
import os
import stat
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stripe_reports as sr
from clocks import TestClock
from newer_stripe import NewerStripe
from stripe_reports import catalog, cli
from stripe_reports.catalog.unrecognised import SUBJECTS, Group, for_maintainers, looks_like, unrecognised
from stripe_reports.cli.diagnosis import examine
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import ParameterError, RunFailedError, StoreError
from stripe_reports.http.settings import API_VERSION, Settings
from stripe_reports.simulator import Simulator
from stripe_reports.storage import unrecognised as storage
from stripe_reports.storage.unrecognised import NameRecord

pytestmark = pytest.mark.filterwarnings("ignore::stripe_reports.UnknownReportTypeWarning")

PAYOUTS = {"payouts.itemized.5": "payouts.itemized.9"}
LEVY = {"payouts.itemized.9": {"levy": "1.50", "payout_metadata[favourite_song]": "secret"}}


@pytest.fixture
def newer(simulator, tmp_path):
    """Makes a client of a Stripe that is newer than the catalogue."""
    clients = []

    def newer(**changes):
        stripe = NewerStripe(simulator, **changes)
        clock = TestClock(simulator.clock)
        client = sr.Client(simulator.key, application=stripe, cache_dir=tmp_path / "cache", clock=clock)
        clients.append(client)
        return client

    yield newer
    for client in clients:
        client.close()


def listed(client, subject):
    """The recorded names of a subject, with their report type."""
    names = client.cache.unrecognised().filter(pl.col("subject") == subject)
    return [f"{type_} {name}".strip() for type_, name in names.select("report_type", "name").rows()]


def says(client):
    """What the doctor says of unknown names."""
    return "\n".join(finding.says for finding in examine(client) if finding.what == "not known")


# What is noticed


def test_a_completely_known_account_leaves_no_record(client, tmp_path):
    """Nothing is written, and the doctor says so."""
    client.report_types()
    client.fetch("balance_change_from_activity.itemized", "2026-10")
    assert client.cache.unrecognised().is_empty()
    assert says(client).startswith("nothing")
    assert not list(tmp_path.rglob("unrecognised*"))


def test_the_types_that_the_account_offers_are_compared_with_the_catalogue(newer):
    """Their ids and their default columns, which no page of Stripe's lists; each once."""
    client = newer(types={"new.thing.1": ["net", "levy"], "payouts.itemized.9": ["payout_id"]})
    client.report_types()
    client.report_types()
    assert listed(client, "report types") == ["new.thing.1", "payouts.itemized.9"]
    assert listed(client, "default columns") == [
        *("new.thing.1 net", "new.thing.1 levy", "payouts.itemized.9 payout_id"),
    ]


def test_the_header_and_the_parameters_of_a_new_type_are_recorded_in_order(newer):
    """A new version can be added to the catalogue from them. Metadata keys are the user's own."""
    client = newer(renamed=PAYOUTS, columns=LEVY)
    report = client.fetch("payouts.itemized.9", "2026-10")
    header = [name for name in report.schema.names() if "[" not in name]
    assert listed(client, "columns") == [f"payouts.itemized.9 {name}" for name in header]
    assert "payouts.itemized.9 levy" in listed(client, "columns")
    assert set(listed(client, "parameters")) == {
        "payouts.itemized.9 interval_start",
        "payouts.itemized.9 interval_end",
    }


def test_a_new_column_of_a_known_type_is_recorded(newer):
    """Stripe adds columns without a new version."""
    client = newer(columns={"payouts.itemized.5": {"levy": "1.50"}})
    client.fetch("payouts.itemized.5", "2026-10")
    assert listed(client, "columns") == ["payouts.itemized.5 levy"]


def test_a_new_category_in_the_rows_is_recorded(tmp_path):
    """Known ones, listed by Stripe or not, are not."""
    simulator = Simulator(1, latency=10.0, categories=["brand_new_category", "reward"])
    with DemoClient(simulator, cache_dir=tmp_path / "cache") as client:
        client.fetch("balance_change_from_activity.itemized", "2026-10")
        assert client.cache.unrecognised().rows() == [("reporting categories", "", "brand_new_category")]


def test_an_unknown_status_is_recorded(newer, monkeypatch):
    """It ends the wait, and the maintainers learn of it."""
    client = newer()
    run = client.launch(client.request("payouts.itemized", "2026-10"))
    answer = NewerStripe._changed

    def paused(self, content, asked):
        content = answer(self, content, asked)
        return content | {"status": "on_hold"} if content.get("id") == run.id else content

    monkeypatch.setattr(NewerStripe, "_changed", paused)
    with pytest.raises(RunFailedError, match="on_hold"):
        client.wait(run)
    assert listed(client, "statuses") == ["on_hold"]


def test_an_object_of_a_list_that_cannot_be_used_is_recorded_by_its_shape(newer):
    """The id of a run is a value, and so may be the name of a member."""
    client = newer(
        lists=[{"id": "frr_1Secret", "object": "x", "order 66": 1}, {"id": "a.b.1", "version": "x"}]
    )
    client.report_types()
    assert listed(client, "left out of lists") == [
        "report type (id str, object str)",
        "report type a.b.1 (id str, version str)",
    ]


@pytest.mark.parametrize(
    ("subject", "name", "is_one"),
    [
        ("report types", "payouts.itemized.9", True),
        pytest.param("report types", "payouts.itemized", True, id="as in Reports v2"),
        ("report types", "payouts", False),
        ("column types", "geography", True),
        ("column types", "decimal(38,6)", False),
        ("report types", "acct_1032D82eZvKYlo2C.1", False),
        ("columns", "card_address_line1", True),
        ("columns", "balance_24hr_net_change", True),
        ("columns", "payment_metadata[order_id]", False),
        ("columns", "Jane Doe", False),
        ("columns", "order_20261031", False),
        ("reporting categories", "brand_new_category", True),
        ("reporting categories", "po_1a", False),
        ("reporting categories", "Coffee, large", False),
        ("currencies", "xyz", True),
        ("currencies", "12.00", False),
        ("statuses", "on_hold", True),
        ("statuses", "sk_live_abc1234", False),
        ("parameters", "x" * 81, False),
        ("left out of lists", "report run (created str, id str)", True),
        ("left out of lists", "report run frr_1 (id str)", False),
    ],
)
def test_only_what_looks_like_a_name_of_stripes_is_recorded(subject, name, is_one):
    """Ids, keys, amounts and people's words do not have the form of Stripe's identifiers."""
    assert looks_like(subject, name) is is_one


def test_all_names_of_the_catalogue_have_the_form_of_a_name():
    """Otherwise, the next ones of their kind would be missed."""
    types = catalog.report_types()
    assert all(looks_like("report types", id_) for id_ in types)
    columns = {column.name for type_ in types.values() for column in type_.columns}
    assert {name for name in columns if not looks_like("columns", name)} == {
        name for name in columns if "[" in name
    }
    assert all(looks_like("reporting categories", name) for name in catalog.categories())
    assert all(looks_like("currencies", name) for name in catalog.CURRENCIES)
    assert all(looks_like("parameters", name) for type_ in types.values() for name in type_.parameters)


def test_what_a_newer_catalogue_knows_is_listed_no_more():
    """The record outlives an update of the package."""
    names = {
        Group("report types"): ("payouts.itemized.5", "payouts.itemized.9"),
        Group("columns", "payouts.itemized.5"): ("net",),
    }
    assert unrecognised(names) == {Group("report types"): ("payouts.itemized.9",)}


# No value is ever recorded

cells = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"(acct|po|cus|sk_live)_[A-Za-z0-9]{14}", fullmatch=True),
    st.from_regex(r"[a-z]{1,12}(_[a-z]{1,12}){0,3}", fullmatch=True),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One account for all examples: each new fetch reads the file that the example made."""
    stripe = NewerStripe(Simulator(1, latency=0.0), renamed=PAYOUTS)
    folder = tmp_path_factory.mktemp("values")
    clock = TestClock(stripe.simulator.clock)
    with sr.Client(stripe.simulator.key, application=stripe, cache_dir=folder, clock=clock) as client:
        yield stripe, client, folder


@settings(max_examples=25)
@given(text=cells, key=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20))
def test_no_value_of_a_report_is_ever_in_the_record(shared, text, key):
    """Whatever a cell or a metadata key holds: only header, parameters and categories are looked at."""
    stripe, client, folder = shared
    value = f"~{text}"  # no word of Stripe's, so finding it would be no accident
    columns = {"levy": text, f"payout_metadata[{key}x]": text, "note": value}
    stripe.columns["payouts.itemized.9"] = columns
    client.cache.clear()
    client.fetch("payouts.itemized.9", "2026-10", reuse="never")
    (record,) = folder.rglob("unrecognised.jsonl")
    groups = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    names = [name for group in groups for name in group["names"]]
    known = {"levy", "note", *catalog.get("payouts.itemized.5").parameters, "payouts.itemized.9"}
    known |= {column.name for column in catalog.get("payouts.itemized.5").columns}
    assert set(names) <= known


@given(st.text(max_size=60))
def test_a_category_that_is_no_identifier_is_not_recorded(text):
    """A file whose columns are mixed up has anything there."""
    found = unrecognised({Group("reporting categories"): (text,)})
    assert not found or set(text) <= set("abcdefghijklmnopqrstuvwxyz_")


# The record on the disk


def test_the_record_is_private(newer, tmp_path):
    """Like everything in the folder of results."""
    client = newer(types={"new.thing.1": ["net"]})
    client.report_types()
    (record,) = tmp_path.rglob("unrecognised.jsonl")
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700


def test_a_stored_result_is_fetched_without_a_write(newer, tmp_path):
    """Names are noticed once, when the result is new."""
    client = newer(renamed=PAYOUTS)
    client.fetch("payouts.itemized.9", "2026-09")
    record = tmp_path / "cache"
    before = {path: path.stat().st_mtime_ns for path in record.rglob("*") if path.suffix != ".lock"}
    (unknown,) = record.rglob("unrecognised.jsonl")
    unknown.unlink()
    assert client.fetch("payouts.itemized.9", "2026-09").reuse.action == "stored"
    assert not unknown.exists()
    after = {path: path.stat().st_mtime_ns for path in before if path.is_file() and path != unknown}
    assert after == {path: before[path] for path in after}


@pytest.mark.parametrize(
    "content",
    [
        *(b"\xff\x00\n{", b'{"subject": 1}\n', b'[]\n"x"\n', b'{"subject": "columns"'),
        b'{"subject": "statuses", "report_type": "", "names": [["paused"]]}\n',
        b'{"subject": "statuses", "report_type": "", "names": "paused"}\n',
    ],
)
def test_a_damaged_record_is_ignored_with_a_warning_and_still_grows(newer, tmp_path, caplog, content):
    """A process that was killed may leave half a line."""
    record = NameRecord(tmp_path / "names.jsonl")
    record.path.write_bytes(content)
    record.note({Group("statuses"): ("on_hold",)})
    assert record.read() == {Group("statuses"): ("on_hold",)}
    assert "damaged lines" in caplog.text


def test_an_altered_record_gives_no_value(tmp_path):
    """What is listed is checked again, so the file for the maintainers holds names even then."""
    record = NameRecord(tmp_path / "names.jsonl")
    lines = [
        {"subject": "columns", "report_type": "acct_1032D82eZvKYlo2C", "names": ["net"]},
        {"subject": "statuses", "report_type": "", "names": ["po_1032D82eZv", "on_hold"]},
    ]
    record.path.write_text("\n".join(map(json.dumps, lines)))
    assert record.read() == {Group("statuses"): ("on_hold",)}


@pytest.mark.parametrize("obstacle", ["folder", "pipe", "read-only"])
def test_a_fetch_succeeds_if_the_record_cannot_be_written(newer, tmp_path, monkeypatch, caplog, obstacle):
    """It is worth less than a report; the log says that it is missing."""
    client = newer(renamed=PAYOUTS)
    client.report_types()
    (record,) = tmp_path.rglob("unrecognised.jsonl")
    if obstacle == "read-only":
        monkeypatch.setattr(storage, "append", refuse)
    else:
        record.unlink()
        record.mkdir() if obstacle == "folder" else os.mkfifo(record)
    assert client.fetch("payouts.itemized.9", "2026-10").frame().height
    assert "unknown names" in caplog.text


def refuse(path, content):
    """A disk that takes nothing."""
    raise StoreError("The disk is full.")


def test_the_record_has_a_maximum_size(tmp_path, monkeypatch):
    """A server that answers with ever new names does not fill the disk."""
    monkeypatch.setattr(storage, "MAX_BYTES", 2_000)
    record = NameRecord(tmp_path / "names.jsonl")
    for number in range(100):
        record.note({Group("columns", "new.thing.1"): (f"column_{number}",)})
    assert record.path.stat().st_size <= 2_000
    assert 10 < len(record.read()[Group("columns", "new.thing.1")]) < 100


def test_many_threads_lose_no_name(tmp_path):
    """Each appends in one write."""
    record = NameRecord(tmp_path / "names.jsonl")
    names = [f"column_{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: record.note({Group("columns", "new.thing.1"): (name,)}), names))
    assert sorted(record.read()[Group("columns", "new.thing.1")]) == names


def test_many_processes_lose_no_name(tmp_path):
    """Several notebooks use one folder."""
    code = """
        import sys
        from pathlib import Path
        from stripe_reports.catalog.unrecognised import Group
        from stripe_reports.storage.unrecognised import NameRecord
        record = NameRecord(Path(sys.argv[1]) / "names.jsonl")
        for letter in "abcdefghijklmnopqrst":
            record.note({Group("columns", "new.thing.1"): (f"{sys.argv[2]}_{letter}",)})
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    processes = [subprocess.Popen([*command, name]) for name in ("one", "two", "three")]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    expected = {f"{name}_{letter}" for name in ("one", "two", "three") for letter in "abcdefghijklmnopqrst"}
    assert set(NameRecord(tmp_path / "names.jsonl").read()[Group("columns", "new.thing.1")]) == expected


def test_clearing_the_cache_removes_the_record(newer, tmp_path):
    """And what is seen afterwards is recorded again."""
    client = newer(types={"new.thing.1": ["net"]})
    client.report_types()
    client.cache.clear()
    assert client.cache.unrecognised().is_empty()
    assert not list(tmp_path.rglob("unrecognised*"))
    client.report_types()
    assert listed(client, "report types") == ["new.thing.1"]


# The doctor, and the file for the maintainers


@pytest.fixture
def doctor(newer, monkeypatch, capsys):
    """Runs the doctor against a newer Stripe; gives its exit status, output and errors."""

    def doctor(*arguments, **changes):
        monkeypatch.setattr("stripe_reports.client.Client", lambda **_: newer(**changes))
        return cli.main(["doctor", *arguments]), *capsys.readouterr()

    return doctor


NEWER = {"types": {"new.thing.2": ["net"], "new.thing.1": ["net", "levy"]}}


def test_the_doctor_lists_and_counts_unknown_names(doctor):
    """One line for each subject, and the version that does not know them."""
    status, output, _ = doctor(**NEWER)
    assert status == 0
    assert "report types (2): new.thing.2, new.thing.1\n" in output
    assert "default columns (3): new.thing.1 net, new.thing.1 levy, new.thing.2 net\n" in output
    version = sr.__version__
    assert f"stripe-reports {version} does not know these names" in output


def test_many_names_are_counted_by_report_type(doctor):
    """Hundreds of columns of new types would hide everything else; the file has them all."""
    columns = [f"column_{letter}" for letter in "abcdefgh"]
    _, output, _ = doctor(types={"new.thing.1": columns, "new.thing.2": columns})
    assert "default columns (16): new.thing.1 (8), new.thing.2 (8)\n" in output


@pytest.mark.parametrize("is_stripe", [True, False])
def test_only_names_from_stripe_are_to_be_sent(doctor, monkeypatch, tmp_path, is_stripe):
    """A simulator invents names. In the catalogue, they would be marked as shown by Stripe."""
    if is_stripe:
        owner = Settings.owner.fget
        monkeypatch.setattr(Settings, "owner", property(lambda self: replace(owner(self), place=None)))
    file = tmp_path / "names.json"
    _, output, _ = doctor("--unknown", str(file), **NEWER)
    assert ("to send them to the maintainers: stripe-reports doctor --unknown FILE" in output) is is_stripe
    assert ("no values, account ids or keys" in output) is is_stripe
    assert ("please do not send it" in output) is not is_stripe
    assert json.loads(file.read_text("utf-8"))["from_stripe"] is is_stripe


def test_the_file_has_names_and_versions_only(doctor, tmp_path):
    """In a stable order, private, with a format version; the command says what it holds."""
    file = tmp_path / "names.json"
    status, output, _ = doctor("--unknown", str(file), **NEWER)
    assert status == 0
    assert "holds only names: report types: 2, default columns: 3" in output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = json.loads(file.read_text("utf-8"))
    assert list(found["report_types"]) == ["new.thing.1", "new.thing.2"]
    assert found["report_types"]["new.thing.1"] == {
        "default_columns": ["net", "levy"],
        "columns": [],
        "parameters": [],
    }
    assert {key: value for key, value in found.items() if key != "report_types"} == {
        "format": "names that stripe-reports does not know",
        "format_version": 1,
        "package_version": sr.__version__,
        "api_version": API_VERSION,
        "written": "2026-11-05",
        "from_stripe": False,
        "column_types": [],
        "reporting_categories": [],
        "currencies": [],
        "statuses": [],
        "left_out_of_lists": [],
    }


def test_an_existing_file_is_not_overwritten(doctor, newer, tmp_path):
    """By neither the command nor the call."""
    file = tmp_path / "names.json"
    file.write_text("mine")
    status, _, error = doctor("--unknown", str(file), **NEWER)
    assert status == 2
    assert "already exists" in error
    client = newer(**NEWER)
    client.report_types()
    with pytest.raises(ParameterError, match="already exists"):
        client.cache.write_unrecognised(file)
    assert file.read_text() == "mine"
    with pytest.raises(StoreError, match="Could not write"):
        client.cache.write_unrecognised(tmp_path / "no" / "such" / "folder.json")


def test_if_nothing_is_unknown_no_file_is_written(doctor, tmp_path):
    """There would be nothing to send."""
    status, output, _ = doctor("--unknown", str(tmp_path / "names.json"))
    assert status == 0
    assert "No unknown names were recorded" in output
    assert not (tmp_path / "names.json").exists()


def test_the_same_names_give_the_same_file():
    """Whatever the order in which groups were recorded."""
    names = {Group("statuses"): ("b", "a"), Group("report types"): ("x.y.2", "x.y.1")}
    versions = {"package_version": "1", "api_version": "2", "written": "3", "from_stripe": True}
    backwards = dict(reversed(names.items()))
    assert json.dumps(for_maintainers(names, **versions)) == json.dumps(
        for_maintainers(backwards, **versions)
    )
    assert {group.subject for group in names} <= set(SUBJECTS)


def test_the_many_types_of_a_real_account_fit_into_the_record(tmp_path):
    """Most of them are not in the catalogue; their columns are recorded with them."""
    simulator = Simulator(1, profile="real")
    with DemoClient(simulator, cache_dir=tmp_path / "cache") as client:
        unknown = {type_.id for type_ in client.report_types() if catalog.get(type_.id) is None}
        assert len(unknown) > 20
        assert set(listed(client, "report types")) == unknown
        (record,) = tmp_path.rglob("unrecognised.jsonl")
        assert record.stat().st_size < storage.MAX_BYTES / 4
