"""Results that go into a shared dataset: Stripe is asked once for all who read it."""

from collections import Counter

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from executors import Refusing
from simulator_api import CONNECTED
from stripe_reports import errors
from stripe_reports.demo_client import DemoClient
from stripe_reports.simulator import Simulator
from stripe_reports.storage.datasets.folder import Folder

CREATE = "POST /v1/reporting/report_runs"
PAYOUTS = "payouts.itemized.5"
ACTIVITY = "balance_change_from_activity.itemized.3"
ASKED = {"period": "2026-Q3", "split": "month", "accounts": [*CONNECTED[:2], "own"]}
DAY = 24 * 3600


@pytest.fixture
def machine(simulator, tmp_path):
    """Makes clients of machines that share nothing but the dataset."""
    made = []

    def machine():
        made.append(DemoClient(simulator, cache_dir=tmp_path / f"machine-{len(made)}"))
        return made[-1]

    yield machine
    for client in made:
        client.close()


@pytest.fixture
def place(tmp_path):
    return tmp_path / "shared"


def test_the_dataset_has_the_rows_of_the_call(machine, place):
    """And those who read its files without this package get each of them once."""
    ours, theirs = machine(), machine()
    reports = ours.fetch_all([PAYOUTS, ACTIVITY], **ASKED, into=place)
    expected = theirs.fetch_all([PAYOUTS, ACTIVITY], **ASKED)
    for report_type in (PAYOUTS, ACTIVITY):
        assert_frame_equal(reports.frame(report_type), expected.frame(report_type))
        shared = sr.dataset(place).scan(report_type).collect()
        assert shared.height == expected.frame(report_type).height
        files = f"{place}/data/report_type={report_type}/**/*.parquet"
        assert len(duckdb.read_parquet(files)) == shared.height
    assert sr.dataset(place).verify().ok


def test_another_machine_asks_for_nothing_that_is_there(machine, place, calls):
    """A team of twenty asks Stripe once."""
    first = machine().fetch_all(PAYOUTS, **ASKED, into=place)
    other = machine()
    calls()
    again = other.fetch_all(PAYOUTS, **ASKED, into=place)
    assert calls() == ["GET /v1/account"]  # whether "own" is one of the others
    assert again.reuse_summary == "9 reports stored"
    assert_frame_equal(again.frame(), first.frame())
    assert again.provenance == first.provenance
    assert again.status()["rows"].to_list() == first.status()["rows"].to_list()


@pytest.mark.parametrize("months", [2, 6])
def test_a_call_for_what_is_there_costs_the_same_for_any_number_of_accounts(
    machine, place, monkeypatch, months
):
    """One list for each report type, and one object for each month: of a bucket, each would be a call."""
    asked = {"period": f"2026-03/2026-{3 + months:02}", "split": "month", "accounts": CONNECTED[:4]}
    machine().fetch_all([PAYOUTS, ACTIVITY], **asked, into=place)
    sr.dataset(place).compact()
    done = []
    for name in ("objects", "folders", "read"):
        real = getattr(Folder, name)

        def noting(folder, *given, real=real, name=name):
            done.append((name, *given))
            return real(folder, *given)

        monkeypatch.setattr(Folder, name, noting)
    again = machine().fetch_all([PAYOUTS, ACTIVITY], **asked, into=place)
    assert again.reuse_summary == f"{2 * 4 * months} reports stored"
    counted = Counter(name for name, *_ in done)
    assert counted == {"objects": 2, "read": 3 + 2 * months}, done  # mode and parameters, then the months


def test_a_damaged_entry_is_a_row_and_the_others_are_there(machine, place):
    """One object of many that somebody has changed."""
    machine().fetch_all(PAYOUTS, "2026-Q3", split="month", into=place)
    entry = next(place.glob("index/*/own/2026-08*/*/*.stored-*.json"))
    entry.write_text("{")
    reports = machine().fetch_all(PAYOUTS, "2026-Q3", split="month", into=place)
    assert reports.status()["status"].to_list() == ["stored", "failed", "stored"]
    assert "is damaged. Remove it" in reports.failed()["reason"][0]
    entry.unlink()
    healed = machine().fetch_all(PAYOUTS, "2026-Q3", split="month", into=place)
    assert set(healed.status()["status"]) == {"stored", "reused"}
    assert sr.dataset(place).verify().ok


def test_a_copy_of_a_month_that_was_removed_is_written_again(machine, place):
    """It holds nothing that is not elsewhere, but without it the month could not be read any more."""
    rows = machine().fetch_all(PAYOUTS, **ASKED, into=place).frame().height
    data = sr.dataset(place)
    lost, *_ = data.compact()["object"]
    (place / lost).unlink()
    assert f"{lost} is missing. compact() writes it again." in str(data.verify())
    assert data.compact().height == 1
    assert data.scan(PAYOUTS).collect().height == rows
    assert data.verify().ok
    assert data.compact().height == 0


def test_a_result_is_added_again_if_what_replaced_it_was_removed(machine, place):
    """The index says that it was superseded, by a run that is not there any more."""
    ours = machine()
    first = ours.fetch_all(PAYOUTS, "2026-09", into=place)
    (newer,) = machine().fetch_all(PAYOUTS, "2026-09", into=place, reuse="never")
    for path in [*place.glob(f"index/**/{newer.run.id}.*"), *place.glob(f"data/**/{newer.run.id}.*")]:
        path.unlink()
    again = ours.fetch_all(PAYOUTS, "2026-09", into=place)
    assert again.status()["status"].to_list() == ["stored"]
    assert sr.dataset(place).status()["run"].to_list() == [each.run.id for each in first]
    assert sr.dataset(place).scan(PAYOUTS).collect().height == first.frame().height
    assert sr.dataset(place).verify().ok


def test_what_this_machine_has_is_added_without_a_call(machine, place, calls):
    """A dataset that is begun late costs nothing at Stripe."""
    client = machine()
    client.fetch_all(PAYOUTS, **ASKED)
    calls()
    client.fetch_all(PAYOUTS, **ASKED, into=place)
    assert calls() == []
    assert sr.dataset(place).status().height == 9


def test_a_month_that_was_not_closed_is_asked_for_again_and_replaced(machine, place, simulator):
    """Each row is there once: the older run is moved."""
    machine().fetch_all(PAYOUTS, "2026-09/2026-11", split="month", into=place)
    simulator.clock.advance(2 * DAY)
    again = machine().fetch_all(PAYOUTS, "2026-09/2026-11", split="month", into=place)
    assert again.status()["status"].to_list() == ["stored", "launched"]
    assert sr.dataset(place).verify().ok
    assert sr.dataset(place).scan(PAYOUTS).collect().height == sum(map(len, again))


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # Dask's use of pandas
def test_every_reader_gets_a_restated_month_once(machine, place, simulator):
    """polars, DuckDB and Dask read the folder, before and after compacting; sums agree to the last digit."""
    dask = pytest.importorskip("dask.dataframe")
    machine().fetch_all(ACTIVITY, **ASKED, into=place)
    before = sr.dataset(place).scan(ACTIVITY).collect()["net"].sum()
    simulator.restate("2026-08", currency="eur")
    simulator.clock.advance(DAY)
    machine().fetch_all(ACTIVITY, "2026-08", accounts=ASKED["accounts"], reuse="never", into=place)
    expected = machine().fetch_all(ACTIVITY, **ASKED, reuse="never").frame()["net"]
    assert expected.sum() != before
    files = f"{place}/data/report_type={ACTIVITY}"
    for _ in range(2):
        read_by = {
            "the package": sr.dataset(place).scan(ACTIVITY).collect()["net"],
            "polars": pl.read_parquet(f"{files}/**/*.parquet")["net"],
            "DuckDB": duckdb.read_parquet(f"{files}/**/*.parquet").pl()["net"],
            "Dask": pl.Series(
                dask.read_parquet(files, dtype_backend="pyarrow")["net"].compute(scheduler="synchronous"),
                dtype=pl.Decimal(38, 6),
            ),
        }
        assert {name: (len(net), net.sum()) for name, net in read_by.items()} == dict.fromkeys(
            read_by, (len(expected), expected.sum())
        )
        sr.dataset(place).compact()
    assert sr.dataset(place).verify().ok


def test_a_launch_is_found_days_after_a_crash_on_another_machine(machine, place, simulator):
    """Stripe forgets the idempotency key after a day; the note in the dataset stays."""

    def crash(standing):
        if standing.at_stripe == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        machine().fetch_all(PAYOUTS, "2026-Q3", split="month", into=place, progress=crash)
    assert sr.dataset(place).status()["status"].to_list() == ["launched"] * 3
    simulator.clock.advance(3 * DAY)
    reports = machine().fetch_all(PAYOUTS, "2026-Q3", split="month", into=place)
    assert set(reports.status()["status"]) == {"reused"}
    assert len(simulator.runs) == 3
    assert sr.dataset(place).status()["status"].to_list() == ["stored"] * 3


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"report_type": 1, "parameters": []}'])
def test_a_note_of_a_launch_that_cannot_be_read_costs_no_report(machine, place, content):
    """It only saves a call. The month would fail each time, until somebody removed the note."""

    def crash(standing):
        if standing.at_stripe:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        machine().fetch_all(PAYOUTS, "2026-09", into=place, progress=crash)
    (note,) = place.glob("index/*/own/*/*/*.launched.json")
    note.write_text(content)
    reports = machine().fetch_all(PAYOUTS, "2026-09", into=place)
    assert reports.failed().height == 0
    assert sr.dataset(place).verify().ok


def test_a_second_set_of_parameters_is_refused_before_anything_is_launched(machine, place, simulator):
    """A table with the rows of both would be wrong; the error names the difference."""
    machine().fetch_all(PAYOUTS, "2026-09", into=place)
    with pytest.raises(errors.ParameterError, match="currency"):
        machine().fetch_all(PAYOUTS, "2026-08", currency="eur", into=place)
    assert len(simulator.runs) == 1


def test_the_own_account_of_another_key_must_be_the_same_account(machine, place, connect, calls):
    """``own`` names none: the rows of one account would be given out as those of another."""
    ours = machine().fetch_all(PAYOUTS, "2026-08", into=place)
    with (
        DemoClient(Simulator(seed=2)) as theirs,
        pytest.raises(errors.ParameterError, match="own account of this"),
    ):
        theirs.fetch_all(PAYOUTS, "2026-08/2026-10", split="month", into=place)
    again = connect("sk_test_rotated").fetch_all(PAYOUTS, "2026-08", into=place)
    assert again.reuse_summary == "1 report stored"
    assert_frame_equal(sr.dataset(place).scan(PAYOUTS).collect()[ours.frame().columns], ours.frame())
    assert len(calls("POST")) == 1


def test_a_key_that_cannot_tell_its_account_adds_nothing_to_that_of_another_key(
    connect, place, simulator, calls
):
    """It may be a new key of the same account, or one of any other."""
    simulator.restrict("rk_test_reports", ["report_runs_and_report_types_read", "file_read"])
    connect().fetch_all(PAYOUTS, "2026-08", into=place)
    with pytest.raises(errors.ParameterError, match="not known whether this key is of the same account"):
        connect("rk_test_reports").fetch_all(PAYOUTS, "2026-08", into=place)
    connect("rk_test_reports").fetch_all(PAYOUTS, "2026-08", accounts=CONNECTED[:1], into=place)
    assert len(calls("POST")) == 2


def test_a_call_that_is_refused_leaves_nothing(machine, place):
    """A dataset that nobody filled would keep the parameters of a mistake."""
    with pytest.raises(errors.IncompleteError, match="no data for that time"):
        machine().fetch_all(PAYOUTS, "2027-01", currency="eur", into=place, errors="raise")
    with pytest.raises(errors.WorkerError):
        machine().fetch_all(PAYOUTS, "2026-08", currency="eur", into=place, executor=Refusing())
    assert [path for path in place.rglob("*") if path.is_file()] == []
    machine().fetch_all(PAYOUTS, "2026-08", into=place)
    assert sr.dataset(place).verify().ok


def test_a_failed_report_is_a_row_and_not_in_the_dataset(machine, place, simulator):
    """The next call on any machine asks for it."""
    simulator.outcomes.append("failed")
    reports = machine().fetch_all(PAYOUTS, "2026-Q3", split="month", into=place)
    assert reports.status()["status"].to_list() == ["failed", "launched", "launched"]
    again = machine().fetch_all(PAYOUTS, "2026-Q3", split="month", into=place)
    assert again.status()["status"].to_list() == ["launched", "stored", "stored"]


def test_a_set_of_a_dataset_is_used_like_any_other(machine, place, tmp_path):
    """Charts, pages and files read the dataset."""
    machine().fetch_all(PAYOUTS, "2026-Q3", split="month", into=place)
    reports = machine().fetch_all(PAYOUTS, "2026-Q3", split="month", into=place)
    assert reports.chart()
    assert PAYOUTS in reports.to_html()
    assert reports.write_parquet(tmp_path / "x.parquet") == reports.frame().height
    assert all(report.frame().height == len(report) for report in reports)
    assert reports.tie_out(machine().fetch(reports.summary_request()))["passes"].all()
