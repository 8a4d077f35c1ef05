"""Shared datasets: each row once for every reader, whatever was restated, compacted, or ended by a crash."""

import os
import pickle
import stat
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from dataset_places import PLACES, empty, glob
from dataset_results import LARGE, OWNER, TYPE, a_result, request_of, store
from stripe_reports.errors import MixedColumnsError, ParameterError, StoreError
from stripe_reports.storage.datasets.compact import remove_leftovers
from stripe_reports.storage.datasets.folder import Folder
from stripe_reports.storage.datasets.index import Index
from stripe_reports.storage.datasets.layout import Cell, Compacted, Noted
from stripe_reports.storage.datasets.opening import place_of
from stripe_reports.storage.datasets.place import StorageOptions
from stripe_reports.storage.datasets.writing import DatasetWriter
from stripe_reports.storage.disk import digest


@pytest.fixture(scope="module", params=PLACES)
def bucket(request, tmp_path_factory):
    """A bucket, or None for a folder."""
    with PLACES[request.param](request, tmp_path_factory) as bucket:
        yield bucket


@pytest.fixture
def where(bucket, tmp_path):
    """An empty place, and its options."""
    return empty(bucket, tmp_path)


@pytest.fixture
def writer(tmp_path):
    """Writes into an empty folder."""
    return DatasetWriter(place_of(tmp_path / "ds"))


def runs_in(rows):
    """The run of each row, sorted: every run has two."""
    return sorted(rows["payout_id"].str.split(" ").list.first())


def read(writer):
    """The runs that ``scan`` reads."""
    return runs_in(sr.dataset(writer.place.path).scan(TYPE).collect())


def globbed(writer):
    """The runs that anybody reads in ``data/``."""
    return runs_in(pl.read_parquet(glob(writer.place), hive_partitioning=True))


# The contract, in a folder and in buckets


def test_every_reader_gets_each_row_once(where, tmp_path):
    """After a run is restated, and after compacting; amounts stay exact."""
    place, options = where
    writer = DatasetWriter(place_of(place, options))
    store(writer, tmp_path, "frr_1")
    store(writer, tmp_path, "frr_2", account="acct_1")
    store(writer, tmp_path, "frr_3", request=request_of("2026-09"))
    store(writer, tmp_path, "frr_4", account="acct_1", day=11)  # restates frr_2
    data = sr.dataset(place, storage_options=options)
    expected = [run for run in ("frr_1", "frr_3", "frr_4") for _ in range(2)]

    def check():
        rows = data.scan(TYPE).collect()
        assert [row.split(" ")[0] for row in rows["payout_id"][::2]] == ["frr_4", "frr_1", "frr_3"]
        assert rows["account"].to_list() == ["acct_1"] * 2 + ["own"] * 4
        assert rows["start"][0] == datetime(2026, 8, 1, tzinfo=UTC)
        assert set(rows["gross"]) == {LARGE}
        by_glob = pl.scan_parquet(glob(place), hive_partitioning=True, storage_options=data._place.options)
        assert runs_in(by_glob.collect()) == expected
        assert rows.schema == by_glob.collect_schema()
        assert data.verify().ok, data.verify()

    check()
    assert data.compact().rows() == [(TYPE, "2026-08", data._index.known().compacted[0].object)]
    check()
    assert data.compact().is_empty()
    assert data.status()["run"].to_list() == ["frr_4", "frr_1", "frr_3"]
    assert [origin.rows for origin in data.provenance()] == [2, 2, 2]


def test_two_drivers_at_once_lose_no_entry(where, tmp_path):
    """Nothing is locked: each entry is an object of its own."""
    place, options = where
    numbers = range(12)
    files = [
        a_result(
            tmp_path,
            f"frr_{n}",
            account=f"acct_{n % 3}",
            request=request_of(f"2026-0{1 + n // 6}"),
            day=1 + n,
        )
        for n in numbers
    ]

    def drive(parity):
        writer = DatasetWriter(place_of(place, options))
        writer.begin(OWNER, files[0][1][0])
        for n in numbers:
            if n % 2 == parity:
                path, cell = files[n]
                writer.add(writer.put(path, writer.object_name(*cell)))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(drive, (0, 1)))
    data = sr.dataset(place, storage_options=options)
    assert sorted(data.status()["run"]) == sorted(f"frr_{n}" for n in (3, 4, 5, 9, 10, 11))
    assert data.verify().ok, data.verify()


def test_an_object_is_never_overwritten(where, tmp_path):
    """A second worker with the same run keeps the first file, and the entry describes that one."""
    place, options = where
    first, cell = a_result(tmp_path, "frr_1")
    writer = DatasetWriter(place_of(place, options))
    name = writer.object_name(*cell)
    entry = writer.put(first, name)
    first.unlink()
    second, _ = a_result(tmp_path, "frr_1", rows=3)
    assert writer.put(second, name) == entry
    assert not writer.place.write_new(name, b"")
    assert writer.place.digest(name) == (entry.parquet_size, entry.parquet_sha256)


def test_a_large_file_is_sent_in_parts_and_not_overwritten_either(where, tmp_path, monkeypatch):
    """A condition would need all of it in memory."""
    monkeypatch.setattr("stripe_reports.storage.datasets.bucket.LARGE", 10)
    place = place_of(*where)
    large, other = tmp_path / "large", tmp_path / "other"
    large.write_bytes(os.urandom(12_000_000))
    other.write_bytes(b"other")
    assert place.upload_new(large, "data/large")
    assert not place.upload_new(other, "data/large")
    assert place.digest("data/large") == (12_000_000, digest(large))


def test_options_are_never_shown(where, tmp_path):
    """They hold passwords: no repr and no error has them, whatever goes wrong."""
    place, options = where
    if options is None:
        pytest.skip("a folder has no options")
    wrong = str(place).replace("finance", "another")
    data = sr.dataset(wrong, storage_options=options | {"max_retries": 0})
    texts = [
        repr(data),
        data._repr_html_(),
        repr(data._place),
        repr(vars(data._place)),
        str(data._place.options),
    ]
    for call in (data.status, data.compact, data.verify, lambda: data.scan(TYPE)):
        with pytest.raises(StoreError) as caught:
            call()
        texts += [str(caught.value), repr(caught.value.__cause__), repr(caught.value.__dict__)]
    secrets = [value for name, value in options.items() if "key" in name]
    assert secrets
    assert not [text for text in texts if any(secret in text for secret in secrets)]


def test_a_place_and_its_writer_are_pickled(where, tmp_path):
    """Workers are other processes."""
    place, options = where
    writer = DatasetWriter(place_of(place, options))
    store(writer, tmp_path, "frr_1")
    there = pickle.loads(pickle.dumps(writer))  # noqa: S301
    store(there, tmp_path, "frr_2", account="acct_1")
    assert len(sr.dataset(place, storage_options=options).status()) == 2


# Other readers


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # Dask's use of pandas
def test_duckdb_and_dask_read_data_with_exact_decimals(writer, tmp_path):
    """They read the folder, also after a restated run and after compacting."""
    duckdb, dask = pytest.importorskip("duckdb"), pytest.importorskip("dask.dataframe")
    store(writer, tmp_path, "frr_1")
    store(writer, tmp_path, "frr_2", account="acct_1")
    store(writer, tmp_path, "frr_3", day=11)
    for _ in range(2):
        query = "SELECT payout_id, gross, account, start FROM read_parquet(?, hive_partitioning = true)"
        found = duckdb.execute(query, [glob(writer.place)]).fetchall()
        assert sorted(row[0] for row in found) == ["frr_2 0", "frr_2 1", "frr_3 0", "frr_3 1"]
        assert {row[1] for row in found} == {LARGE}
        assert {row[2:] for row in found} == {(a, "2026-08-01T000000Z") for a in ("own", "acct_1")}
        frame = dask.read_parquet(
            str(writer.place.path / "data" / f"report_type={TYPE}"), dtype_backend="pyarrow"
        ).compute(scheduler="synchronous")
        assert sorted(frame["payout_id"]) == ["frr_2 0", "frr_2 1", "frr_3 0", "frr_3 1"]
        assert str(frame.dtypes["gross"]) == "decimal128(38, 6)[pyarrow]"
        assert set(frame["gross"]) == {LARGE}
        sr.dataset(writer.place.path).compact()


# Crashes


class CrashError(Exception):
    """Stands for the end of a process."""


class FailingFolder(Folder):
    """A folder that fails at one of its writes, before or after it is done."""

    def __init__(self, path, *, at, after):
        super().__init__(path)
        self.at, self.after, self.writes = at, after, 0

    def _fails(self, write, *arguments):
        self.writes += 1
        if self.writes == self.at and not self.after:
            raise CrashError
        done = write(*arguments)
        if self.writes == self.at:
            raise CrashError
        return done

    def write_new(self, *arguments):
        return self._fails(super().write_new, *arguments)

    def upload_new(self, *arguments):
        return self._fails(super().upload_new, *arguments)

    def move(self, *arguments):
        return self._fails(super().move, *arguments)

    def remove(self, *arguments):
        return self._fails(super().remove, *arguments)

    def prepare(self, *arguments):
        return self._fails(super().prepare, *arguments)


def crashes(path, use):
    """Call *use* with a place that fails at its first write, then at its second, …, until none is left."""
    for at in range(1, 100):
        for after in (False, True):
            place = FailingFolder(path(at, after), at=at, after=after)
            try:
                use(place)
            except CrashError:
                yield place
                continue
            assert at > 2
            return


def test_a_crash_at_any_write_leaves_each_row_once(tmp_path):
    """``scan`` reads the old run or the new one; repeating the call makes ``data/`` right too."""
    seen = set()

    def restate(place):
        store(DatasetWriter(Folder(place.path)), tmp_path, "frr_1")
        store(DatasetWriter(place), tmp_path, "frr_2", day=11)

    for place in crashes(lambda at, after: tmp_path / f"{at} {after}", restate):
        writer = DatasetWriter(Folder(place.path))
        seen.add(tuple(read(writer)))
        assert len(read(writer)) == 2
        restated = len(globbed(writer)) == 2
        assert sr.dataset(place.path).verify().ok == restated
        store(writer, tmp_path, "frr_2", day=11)
        writer.finish_moves()
        assert read(writer) == globbed(writer) == ["frr_2"] * 2
        assert sr.dataset(place.path).verify().ok
    assert seen == {("frr_1",) * 2, ("frr_2",) * 2}


def test_a_crash_while_compacting_leaves_each_row_once(tmp_path):
    """A copy is used when its entry exists, which is written last."""

    def compact(place):
        writer = DatasetWriter(Folder(place.path))
        store(writer, tmp_path, "frr_1")
        store(writer, tmp_path, "frr_2", account="acct_1")
        sr.Dataset(writer.place).compact()
        store(writer, tmp_path, "frr_3", day=11)
        sr.Dataset(place).compact()

    for place in crashes(lambda at, after: tmp_path / f"{at} {after}", compact):
        writer = DatasetWriter(Folder(place.path))
        assert read(writer) == globbed(writer) == ["frr_2"] * 2 + ["frr_3"] * 2
        sr.dataset(place.path).compact()
        assert read(writer) == globbed(writer) == ["frr_2"] * 2 + ["frr_3"] * 2


def test_verify_names_what_a_crash_left(writer, tmp_path):
    """Between writing and moving; the driver, or ``compact``, finishes it."""
    store(writer, tmp_path, "frr_1")
    path, cell = a_result(tmp_path, "frr_2", day=11)
    entry = writer.put(path, writer.object_name(*cell))
    data = sr.dataset(writer.place.path)
    assert f"{entry.object} is not in the index" in str(data.verify())
    assert read(writer) == ["frr_1"] * 2
    run = entry.run
    writer._index.note(Noted(run.cell, run.run_id, "stored", run.as_of), entry.to_json())
    assert read(writer) == ["frr_2"] * 2
    assert "frr_1.parquet has a newer run" in str(data.verify())
    assert not data.verify(contents=False).ok
    data.compact()
    assert data.verify().ok
    assert [path.name for path in (writer.place.path / "superseded").rglob("*.parquet")] == ["frr_1.parquet"]


def test_what_a_crash_left_unfinished_is_removed_after_a_day(writer, tmp_path):
    """Until then somebody may be writing it."""
    store(writer, tmp_path, "frr_1")
    left = Compacted(TYPE, "2026-08", "0" * 32, "1" * 32).object
    writer.place.prepare(left)
    writer.place.prepare("staging/left")
    known = Index(writer.place).known()
    assert f"{left} is not in the index" in str(sr.dataset(writer.place.path).verify())
    assert remove_leftovers(writer.place, known) == []
    tomorrow = datetime.now(UTC) + timedelta(days=1, minutes=1)
    assert remove_leftovers(writer.place, known, now=tomorrow) == [left, "staging/left"]


# Which run is current


def test_a_file_is_read_by_its_name_not_by_a_pattern(writer, tmp_path):
    """A folder may be named with brackets or a star; its files must not be mixed with those of others."""
    for number, name in enumerate(["[1]", "1", "*"]):
        (tmp_path / name).mkdir()
        store(writer, tmp_path / name, f"frr_{number}", account=f"acct_{number}")
    assert read(writer) == [run for run in ("frr_0", "frr_1", "frr_2") for _ in range(2)]


def test_older_data_never_replace_newer(writer, tmp_path):
    """A driver that was slow does not undo what another one stored meanwhile."""
    store(writer, tmp_path, "frr_new", day=11)
    assert store(writer, tmp_path, "frr_old", day=10).run_id == "frr_new"
    assert read(writer) == globbed(writer) == ["frr_new"] * 2


def test_a_replaced_run_that_is_stored_again_stays_replaced(writer, tmp_path):
    """A driver that resumes may be behind."""
    store(writer, tmp_path, "frr_1")
    store(writer, tmp_path, "frr_2", day=11)
    store(writer, tmp_path, "frr_1")
    assert read(writer) == globbed(writer) == ["frr_2"] * 2


def test_a_month_that_goes_on_replaces_its_beginning(writer, tmp_path):
    """``this month`` ends later every day, and has the rows of the day before."""
    start, *ends = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 5, 12))
    for number, end in enumerate(ends):
        store(writer, tmp_path, f"frr_{number}", request=request_of((start, end)), day=end.day)
    assert read(writer) == globbed(writer) == ["frr_1"] * 2


AUGUST, SEPTEMBER = datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(AUGUST, AUGUST + timedelta(days=7), id="a week of the month"),
        pytest.param(AUGUST + timedelta(days=7), SEPTEMBER, id="the rest of the month"),
        pytest.param(AUGUST - timedelta(days=31), SEPTEMBER, id="two months"),
    ],
)
def test_an_interval_that_overlaps_a_stored_one_is_refused(start, end, writer, tmp_path):
    """Rows would be there twice, or be lost."""
    store(writer, tmp_path, "frr_1")
    with pytest.raises(ParameterError, match="have days in common"):
        writer.check(OWNER, [(request_of((start, end)), None)])
    writer.check(OWNER, [(request_of((start, end)), "acct_1"), (request_of("2026-09"), None)])


def test_overlapping_results_of_two_drivers_are_not_read(writer, tmp_path):
    """Both checked before the other one stored: an error is better than rows that count twice."""
    store(writer, tmp_path, "frr_1")
    path, cell = a_result(tmp_path, "frr_2", request=request_of((AUGUST + timedelta(days=7), SEPTEMBER)))
    writer.add(writer.put(path, writer.object_name(*cell)))
    data = sr.dataset(writer.place.path)
    with pytest.raises(StoreError, match="have days in common"):
        data.scan(TYPE)
    assert "have days in common" in str(data.verify())


# What is the same for all results


def test_a_second_set_of_parameters_names_the_difference(writer, tmp_path):
    """Rows of another currency or time zone would be mixed in."""
    store(writer, tmp_path, "frr_1", request=request_of(currency="eur", timezone="UTC"))
    writer.check(OWNER, [(request_of("2026-09", currency="eur", timezone="Etc/UTC"), "acct_1")])
    for different, said in (
        ({"currency": "usd", "timezone": "UTC"}, "with currency='eur', and this request has currency='usd'"),
        ({"currency": "eur"}, "timezone='Etc/UTC', and this request has no timezone"),
    ):
        with pytest.raises(ParameterError, match=said):
            DatasetWriter(writer.place).check(OWNER, [(request_of("2026-09", **different), None)])


def test_another_report_of_the_same_name_is_refused(writer):
    """In Reports v2, a name has no version, and may get another meaning."""
    one = request_of(report_type="payouts.itemized", report_id="report_1")
    writer.check(OWNER, [(one, None)])
    writer.begin(OWNER, one)
    with pytest.raises(ParameterError, match="with report_id='report_1', and this request has report_id="):
        DatasetWriter(writer.place).check(OWNER, [(replace(one, report_id="report_2"), None)])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(OWNER, mode="live"), "has test data, and this client gives live data"),
        (replace(OWNER, place="12345678"), "gives test data of a simulator"),
    ],
)
def test_a_dataset_holds_one_mode(other, said, writer, tmp_path):
    """Test data among live ones, or a simulator's among Stripe's, would be counted."""
    store(writer, tmp_path, "frr_1")
    with pytest.raises(ParameterError, match=said):
        DatasetWriter(writer.place).check(other, [(request_of("2026-09"), None)])


def test_a_check_writes_nothing(writer):
    """A call that is refused, or a plan, leaves no dataset behind."""
    writer.check(OWNER, [(request_of(), None)])
    assert not writer.place.path.exists()


def test_other_columns_are_refused(writer, tmp_path):
    """Stripe's default columns change; nobody could read both as one."""
    store(writer, tmp_path, "frr_1")
    other = {"payout_id": pl.String, "gross": pl.Decimal(38, 12)}
    path, cell = a_result(tmp_path, "frr_2", account="acct_1", rows=0, schema=other)
    with pytest.raises(MixedColumnsError, match=r"lacks gross \(.*6\)\) and adds gross \(.*12\)\)"):
        writer.put(path, writer.object_name(*cell))
    assert globbed(writer) == ["frr_1"] * 2


def test_a_column_that_a_folder_name_would_hide_is_refused(writer, tmp_path):
    """Readers would show the folder's name instead of the column, without a word."""
    with pytest.raises(ParameterError, match="'account'"):
        writer.check(OWNER, [(request_of(columns=["payout_id", "account"]), None)])
    path, cell = a_result(tmp_path, "frr_1", rows=0, schema={"start": pl.String, "gross": pl.String})
    with pytest.raises(ParameterError, match="'start'"):
        writer.put(path, writer.object_name(*cell))
    assert not (writer.place.path / "data").exists()


# Names


@pytest.mark.parametrize(
    ("request_", "account", "name"),
    [
        (request_of(), None, f"report_type={TYPE}/account=own/start=2026-08-01T000000Z"),
        (request_of(), "acct_1/acct_2", f"report_type={TYPE}/account=acct_1.acct_2/start=2026-08-01T000000Z"),
        (
            sr.ReportRequest("ending_balance_reconciliation.itemized.4", interval_end=SEPTEMBER),
            None,
            "report_type=ending_balance_reconciliation.itemized.4/account=own/start=2026-09-01T000000Z",
        ),
        (
            sr.ReportRequest("all_fees.vat_invoice_v2.itemized.2", tax_invoice_month="2026-08"),
            None,
            "report_type=all_fees.vat_invoice_v2.itemized.2/account=own/start=2026-08-01T000000Z",
        ),
    ],
    ids=["interval", "path of accounts", "only an end", "tax invoice"],
)
def test_a_result_is_named_after_its_cell_and_run(request_, account, name):
    """All report types have the same three keys; a balance at an instant starts and ends there."""
    assert DatasetWriter.object_name(request_, account, "frr_1") == f"data/{name}/frr_1.parquet"


def test_a_report_about_one_payout_has_no_place_in_a_dataset():
    """It has no interval; the same rows are there by interval."""
    request = sr.ReportRequest("payout_reconciliation.by_id.itemized.4", payout="po_1")
    with pytest.raises(ParameterError, match=r"payout_reconciliation\.itemized has the same rows"):
        DatasetWriter.object_name(request, None, "frr_1")


@pytest.mark.parametrize("run_id", ["../frr_1", "frr_1/x", "frr.1", "", "frr_1\n", "ï"])
def test_an_unsafe_run_id_is_refused(run_id):
    """Ids come from answers: one could lead out of the folder."""
    with pytest.raises(StoreError, match="not an id of a run"):
        DatasetWriter.object_name(request_of(), None, run_id)


@pytest.mark.parametrize("account", ["..", "acct_1/..", "acct_1/../acct_2", "own", "acct_1\n", "acct_é"])
def test_an_unsafe_account_is_refused(account):
    """It is part of the path too."""
    with pytest.raises(ParameterError, match="not an account"):
        DatasetWriter.object_name(request_of(), account, "frr_1")


@pytest.mark.parametrize("event", ["asked", "launched", "stored", "superseded"])
def test_the_name_of_an_entry_tells_everything(event):
    """A list of names is enough to read a dataset."""
    as_of = datetime(2026, 9, 9, 1, 2, 3, tzinfo=UTC) if event == "stored" else None
    noted = Noted(Cell(TYPE, "acct_1/acct_2", AUGUST, SEPTEMBER), "frr_1", event, as_of)
    assert Noted.parse(noted.name) == noted


@pytest.mark.parametrize(
    "name",
    [
        f"index/{TYPE}/../2026-08-01T000000Z/2026-09-01T000000Z/frr_1.stored-2026-09-09T000000Z.json",
        f"index/{TYPE}/own/2026-08-01T000000Z/2026-09-01T000000Z/frr_1.stored.json",
        f"index/{TYPE}/own/2026-08-01T000000Z/2026-07-01T000000Z/frr_1.launched.json",
        f"index/{TYPE}/own/2026-8-1T000000Z/2026-09-01T000000Z/frr_1.launched.json",
        f"index/{TYPE}/notes.txt",
    ],
)
def test_an_unknown_entry_is_ignored_and_named_by_verify(name, writer, tmp_path):
    """Others may write into a shared bucket."""
    store(writer, tmp_path, "frr_1")
    writer.place.write_new(name.replace("../", "%2e%2e/"), b"{}")
    assert read(writer) == ["frr_1"] * 2
    assert "is not an entry" in str(sr.dataset(writer.place.path).verify())


@pytest.mark.parametrize(
    "place",
    [
        "ftp://host/x",
        "s3://",
        "s3://key:secret@bucket/x",
        "az://container/x?sig=secret",
        "s3://bucket/../x",
        "s3://bucket/account=1/x",
        "here/start=1/ds",
        "",
        7,
    ],
)
def test_a_place_that_cannot_be_used_is_refused_without_its_secrets(place):
    """Credentials do not belong into an address."""
    with pytest.raises(ParameterError) as caught:
        sr.dataset(place)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("content", ["[]", '{"name": "of another program"}', "not JSON"])
def test_a_folder_of_another_program_is_refused(content, writer):
    """Its ``dataset.json`` says nothing about a dataset of ours."""
    writer.place.write_new("dataset.json", content.encode())
    with pytest.raises(StoreError, match=r"not written by stripe-reports. Restore it, or choose another"):
        writer.check(OWNER, [(request_of(), None)])
    with pytest.raises(StoreError, match="not written by stripe-reports"):
        sr.dataset(writer.place.path).status()
    assert "not written by" in repr(sr.dataset(writer.place.path))


def test_foreign_files_in_data_are_named_by_verify(writer, tmp_path):
    """They are no results, so no call can enter them; other files of the folder are nobody's business."""
    store(writer, tmp_path, "frr_1")
    for name in ("data/notes.txt", "data/other/x.parquet", "README.md"):
        writer.place.write_new(name, b"foreign")
    data = sr.dataset(writer.place.path)
    (finding,) = [each for each in data.verify().findings if not each.ok]
    assert finding.problems == tuple(
        f"{name} is not the name of a result: somebody else has put it there."
        for name in ("data/notes.txt", "data/other/x.parquet")
    )
    assert read(writer) == ["frr_1"] * 2


def test_options_are_text_and_show_no_value():
    """polars takes text; True is a word of Python."""
    options = StorageOptions.of(
        {"aws_secret": "hidden-secret", "allow_http": True, "retries": 3, "token": None}
    )
    assert options == {"aws_secret": "hidden-secret", "allow_http": "true", "retries": "3"}
    assert repr(options) == str(options) == "StorageOptions(allow_http, aws_secret, retries)"
    assert options.hide_in("hidden-secret was refused, true") == "(aws_secret) was refused, true"
    assert StorageOptions.of(None) == {}


def test_a_folder_has_no_options(tmp_path):
    """Somebody forgot ``s3://``."""
    with pytest.raises(ParameterError, match="storage_options"):
        sr.dataset(tmp_path, storage_options={"aws_region": "x"})


# What is told


def test_a_launch_is_noted_until_its_result_is_stored(writer, tmp_path):
    """Another driver goes on with it after a crash, days later too."""
    request = request_of()
    writer.begin(OWNER, request)
    writer.note_launch(request, None, run_id=None, key="ab" * 32)
    writer.note_launch(request, "acct_1", run_id="frr_1", key="cd" * 32, record={"attempt": 2})
    index = Index(writer.place)
    asked, launched = sorted(index.known(TYPE).launches, key=lambda each: each.event)
    assert (asked.event, asked.cell.account, launched.run_id) == ("asked", None, "frr_1")
    record = writer.launch_record(launched)
    assert sr.ReportRequest.from_stripe(record["report_type"], record["parameters"]) == request
    assert (record["attempt"], record["key"], record["account"]) == (2, "cd" * 32, "acct_1")
    status = sr.dataset(writer.place.path).status()
    assert sorted(status.select("account", "status", "run").rows(), key=str) == [
        ("acct_1", "launched", "frr_1"),
        ("own", "launched", None),
    ]
    store(writer, tmp_path, "frr_1", account="acct_1")
    assert {each.event for each in index.known().launches} == {"asked"}
    store(writer, tmp_path, "frr_2")
    assert index.known().launches == ()
    assert {run.run_id for run in index.known().runs} == {"frr_1", "frr_2"}


def test_a_launch_of_reports_v2_is_noted_with_the_id_of_its_report(writer):
    """Its name alone can get another meaning until the run is read."""
    request = request_of(report_type="balance.summary", report_id="report_1")
    writer.begin(OWNER, request)
    writer.note_launch(request, None, run_id="rrun_1", key="ab" * 32)
    (launched,) = Index(writer.place).known().launches
    assert writer.launch_record(launched)["report_id"] == "report_1"


def test_verify_finds_what_was_changed_or_removed(writer, tmp_path):
    """An auditor needs no key for it."""
    for number in range(3):
        store(writer, tmp_path, f"frr_{number}", account=f"acct_{number}")
    data = sr.dataset(writer.place.path)
    first, second, third = sorted(writer.place.path.glob("data/**/*.parquet"))
    first.unlink()
    content = bytearray(second.read_bytes())
    content[100] ^= 1
    second.write_bytes(content)
    third.write_bytes(third.read_bytes() + b"x")
    found = str(data.verify())
    assert all(
        text in found for text in ("frr_0.parquet is missing", "frr_1.parquet was changed", "bytes instead")
    )
    assert not data.verify().ok
    assert "✗" in data.verify()._repr_html_()
    assert "was changed" not in str(data.verify(contents=False))


def test_verify_compares_the_copies_with_the_results(writer, tmp_path):
    """A copy is read instead of them."""
    for number in range(2):
        store(writer, tmp_path, f"frr_{number}", account=f"acct_{number}")
    data = sr.dataset(writer.place.path)
    (copy,) = (writer.place.path / name for name in data.compact()["object"])
    pl.read_parquet(copy).with_columns(pl.col("gross") + 1).write_parquet(copy)
    assert "has other rows than the results of 2026-08" in str(data.verify())


def test_verify_compares_the_entries_of_a_copy_too(writer, tmp_path):
    """The provenance of a compacted month is read from there."""
    for number in range(2):
        store(writer, tmp_path, f"frr_{number}", account=f"acct_{number}")
    data = sr.dataset(writer.place.path)
    data.compact()
    assert data.verify().ok
    (copy,) = writer.place.path.glob("index/*/compacted/*.json")
    copy.write_text(copy.read_text().replace('"rows": 2', '"rows": 3'))
    assert "has other entries than those of 2026-08" in str(data.verify())


def test_verify_goes_on_after_an_entry_that_it_cannot_read(writer, tmp_path):
    """One damaged month must not hide what is wrong with the next."""
    for number, month in enumerate(["2026-08", "2026-08", "2026-09", "2026-09"]):
        store(writer, tmp_path, f"frr_{number}", account=f"acct_{number}", request=request_of(month))
    data = sr.dataset(writer.place.path)
    data.compact()
    august, september = sorted(writer.place.path.glob("index/*/compacted/*.json"))
    august.write_text("{")
    september.write_text(september.read_text().replace('"rows": 2', '"rows": 3'))
    found = str(data.verify())
    assert f"{august.name} of the dataset" in found
    assert "has other entries than those of 2026-09" in found


def test_verify_keeps_the_copy_of_a_result_that_is_missing(writer, tmp_path):
    """It may have the only rows that are left, so nobody is told to remove it."""
    for number in range(2):
        store(writer, tmp_path, f"frr_{number}", account=f"acct_{number}")
    data = sr.dataset(writer.place.path)
    data.compact()
    (lost,) = (path for path in writer.place.path.glob("data/**/*.parquet") if "frr_0" in path.name)
    lost.unlink()
    found = str(data.verify())
    assert "is missing" in found
    assert "has other entries" not in found


# What it costs


@pytest.fixture
def operations(monkeypatch):
    """Counts what is listed and read in a folder: of a bucket, each would be a call."""
    counted = Counter()
    for name in ("objects", "folders", "read"):
        real = getattr(Folder, name)

        def counting(place, *given, real=real, name=name):
            counted[name] += 1
            return real(place, *given)

        monkeypatch.setattr(Folder, name, counting)
    return counted


@pytest.mark.parametrize("accounts", [2, 20])
def test_a_compacted_month_costs_the_same_for_any_number_of_accounts(writer, tmp_path, operations, accounts):
    """Provenance, sizes and rows of all its results are one object."""
    for number in range(accounts):
        store(writer, tmp_path, f"frr_{number}", account=f"acct_{number}")
        store(writer, tmp_path, f"frr_9{number}", account=f"acct_{number}", request=request_of("2026-09"))
    before = sr.dataset(writer.place.path).status()
    sr.dataset(writer.place.path).compact()
    operations.clear()
    assert sr.dataset(writer.place.path).status().equals(before)
    assert operations == {"objects": 1, "read": 3}  # the mode, and two months
    operations.clear()
    assert len(sr.dataset(writer.place.path).provenance()) == 2 * accounts
    assert operations == {"objects": 1, "read": 3}
    operations.clear()
    assert sr.dataset(writer.place.path).scan(TYPE).collect().height == 4 * accounts
    assert operations == {"objects": 1, "read": 2}  # the names; the mode, and the columns


def test_results_that_are_not_compacted_are_looked_up_side_by_side(writer, tmp_path, monkeypatch):
    """One after the other, each waits for the answer of a bucket."""
    for number in range(8):
        store(writer, tmp_path, f"frr_{number}", account=f"acct_{number}")
    all_at_once, real = threading.Barrier(8), Folder.read

    def read_together(place, name):
        if ".stored-" in name:
            all_at_once.wait(120)
        return real(place, name)

    monkeypatch.setattr(Folder, "read", read_together)
    assert sr.dataset(writer.place.path).status().height == 8


def test_a_copy_whose_entries_cannot_be_read_costs_only_time(writer, tmp_path):
    """Somebody compacts again at that moment; the entries themselves are never changed."""
    for number in range(2):
        store(writer, tmp_path, f"frr_{number}", account=f"acct_{number}")
    data = sr.dataset(writer.place.path)
    before = data.status()
    data.compact()
    (copy,) = writer.place.path.glob("index/*/compacted/*.json")
    for content in ("{", '{"rows": 4}', '{"entries": 5}'):
        copy.write_text(content)
        assert data.status().equals(before)


def test_months_that_are_not_compacted_keep_their_place_among_those_that_are(writer, tmp_path):
    """A single result is not worth a copy; its rows come before those of later months nevertheless."""
    for run_id, month, account in [
        ("frr_9", "2026-07", None),
        ("frr_8", "2026-08", None),
        ("frr_7", "2026-08", "acct_1"),
        ("frr_6", "2026-09", None),
    ]:
        store(writer, tmp_path, run_id, request=request_of(month), account=account)
    data = sr.dataset(writer.place.path)
    before = data.scan(TYPE).collect()
    assert data.compact().height == 1
    assert_frame_equal(sr.dataset(writer.place.path).scan(TYPE).collect(), before)
    assert before["payout_id"].str.split(" ").list.first().unique(maintain_order=True).to_list() == [
        *("frr_9", "frr_7", "frr_8", "frr_6")
    ]


def test_one_account_is_read_from_its_own_files(writer, tmp_path):
    """An unknown one is an error, not an empty table."""
    for number in range(2):
        store(writer, tmp_path, f"frr_{number}", account=f"acct_{number}/acct_x")
    data = sr.dataset(writer.place.path)
    assert runs_in(data.scan(TYPE, account="acct_1/acct_x").collect()) == ["frr_1"] * 2
    with pytest.raises(ParameterError, match="Did you mean 'acct_"):
        data.scan(TYPE, account="acct_7/acct_x")


def test_a_report_type_is_named_without_its_version_if_there_is_one(writer, tmp_path):
    """Two versions have different columns, so the user chooses."""
    data = sr.dataset(writer.place.path)
    with pytest.raises(StoreError, match="no dataset"):
        data.scan("payouts.itemized")
    assert "no dataset yet" in repr(data)
    store(writer, tmp_path, "frr_1")
    assert data.scan("payouts.itemized").collect().height == 2
    with pytest.raises(ParameterError, match="Did you mean"):
        data.scan("payout.itemized")
    store(writer, tmp_path, "frr_2", report_type="payouts.itemized.4")
    with pytest.raises(ParameterError, match=r"itemized\.4 and payouts\.itemized\.5"):
        data.scan("payouts.itemized")
    writer.note_launch(request_of(report_type="payouts.summary.1"), None, run_id="frr_3", key="0")
    with pytest.raises(ParameterError, match=r"No result of payouts\.summary\.1"):
        data.scan("payouts.summary.1")


def test_a_dataset_is_displayed_without_reading_its_entries(writer, tmp_path, monkeypatch):
    """A bucket may have hundreds of thousands."""
    store(writer, tmp_path, "frr_1")
    monkeypatch.setattr(Index, "known", lambda *_: pytest.fail("the index was listed"))
    data = sr.dataset(writer.place.path)
    assert repr(data) == f"Dataset({writer.place}: test data; {TYPE})"
    assert all(text in data._repr_html_() for text in (str(writer.place), "test data", TYPE))


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_folders_and_files_are_private(writer, tmp_path):
    """They contain customers' data."""
    for number in range(2):
        store(writer, tmp_path, f"frr_{number}", account=f"acct_{number}")
    store(writer, tmp_path, "frr_3", account="acct_1", day=11)
    sr.dataset(writer.place.path).compact()
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in writer.place.path.rglob("*")}
    assert {0o700, 0o600} == set(found.values())


def test_a_result_of_a_client_goes_into_a_dataset_and_back(client, tmp_path):
    """The same rows, and the provenance of the report."""
    report = client.fetch("payouts.itemized", "2026-09", currency="eur")
    writer = DatasetWriter(place_of(tmp_path / "ds"))
    writer.begin(client.settings.owner, report.request)
    writer.add(writer.put(report.path, writer.object_name(report.request, None, report.run.id)))
    data = sr.dataset(tmp_path / "ds")
    assert (
        data.scan("payouts.itemized").drop("report_type", "account", "start").collect().equals(report.frame())
    )
    assert data.provenance() == (report.provenance,)
    assert data.verify().ok
