"""Report types, versions and columns that the catalogue does not have are read as exactly as those it has."""

import re
import warnings
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import stripe_reports as sr
from clocks import TestClock
from newer_stripe import NewerStripe
from places import ROOT
from stripe_reports import UnknownReportTypeWarning, catalog, cli, notices
from stripe_reports.catalog.siblings import AMBIGUOUS, columns_in
from stripe_reports.cli.diagnosis import examine
from stripe_reports.demo_client import DemoClient
from stripe_reports.errors import (
    DamagedFileError,
    InvalidRequestError,
    ParameterError,
    UnknownReportTypeError,
)
from stripe_reports.models import ReportType
from stripe_reports.notebook.form.menu import families, static_menu
from stripe_reports.notebook.form.model import Model
from stripe_reports.notebook.form.suggestions import known_ids
from stripe_reports.notebook.form.view import shown
from stripe_reports.simulator import Fault, Simulator
from stripe_reports.simulator.faults.changes import bytes_changed

MONEY = pl.Decimal(38, 6)
PAYOUTS = {"payouts.itemized.5": "payouts.itemized.9"}


@pytest.fixture
def newer(simulator, tmp_path):
    """Makes a client of a Stripe that is newer than the catalogue."""
    clients = []

    def newer(*, timezone=None, folder="cache", **changes):
        stripe = NewerStripe(simulator, **changes)
        client = sr.Client(
            simulator.key,
            application=stripe,
            cache_dir=tmp_path / folder,
            clock=TestClock(simulator.clock),
            timezone=timezone,
        )
        client.stripe = stripe
        clients.append(client)
        return client

    yield newer
    for client in clients:
        client.close()


def quietly(call, *args, **options):
    """Return the result of a call, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **options)


# What is known of a type that is not catalogued


def test_a_newer_version_is_completed_from_its_newest_known_sibling():
    """It most likely takes the same parameters, and its columns mean the same."""
    known, sibling = catalog.completed("payouts.itemized.9"), catalog.get("payouts.itemized.5")
    assert (known.id, known.version, known.sibling) == ("payouts.itemized.9", 9, "payouts.itemized.5")
    assert (known.name, known.family, known.parameters) == (sibling.name, sibling.family, sibling.parameters)
    assert [(c.name, c.kind) for c in known.columns] == [(c.name, c.kind) for c in sibling.columns]
    assert {column.kind_from for column in known.columns} == {"payouts.itemized.5"}
    assert not known.columns_complete


def test_a_catalogued_type_without_columns_takes_those_of_its_sibling_and_nothing_else():
    """Its parameters are catalogued."""
    known = catalog.completed("payouts.itemized.4")
    assert known.sibling == "payouts.itemized.5"
    assert known.parameters == catalog.get("payouts.itemized.4").parameters
    assert known.column("net").kind == "money"


def test_a_catalogued_type_is_unchanged():
    """The catalogue's own facts are never replaced by a sibling's."""
    for id_, type_ in catalog.report_types().items():
        if type_.columns:
            assert catalog.completed(id_) is type_


def test_uncatalogued_default_columns_are_columns_of_the_type():
    """So the form shows them and columns="all" requests them."""
    answer = ReportType(
        id="payouts.itemized.9", name="Payouts", version=9, default_columns=("net", "trace_id", "novelty")
    )
    merged = catalog.merge(answer)
    assert merged.column("novelty").kind_from == "unknown"
    assert "novelty" in catalog.columns_named(merged, "all")


def test_all_but_two_names_have_one_kind_in_all_types():
    """So a column can be read by its name alone."""
    kinds = {}
    for type_ in catalog.report_types().values():
        for column in type_.columns:
            kinds.setdefault(column.name, set()).add(column.kind)
    assert {name for name, found in kinds.items() if len(found) > 1} == AMBIGUOUS
    assert all(kinds[name] == {"datetime_utc", "datetime_local"} for name in AMBIGUOUS)


@pytest.mark.parametrize(
    ("names", "kind", "kind_from"),
    [
        (["payout_reversed_at"], "datetime_utc", "name, in UTC"),
        (["payout_reversed_at", "payout_reversed_at_utc"], "datetime_local", "name"),
    ],
)
def test_a_name_with_two_kinds_is_local_if_a_utc_column_exists(names, kind, kind_from):
    """Old versions took no time zone, and had no UTC column."""
    column = columns_in(names, None)["payout_reversed_at"]
    assert (column.kind, column.kind_from) == (kind, kind_from)


def test_a_metadata_column_is_known_by_its_bracket():
    """Its key is the user's own."""
    column = columns_in(["payment_metadata[order id]"], None)["payment_metadata[order id]"]
    assert (column.name, column.kind) == ("payment_metadata[order id]", "metadata")


# Which version a name stands for


@pytest.mark.parametrize(
    ("offered", "expected", "skipped"),
    [
        pytest.param(
            {"payouts.itemized.5": None, "payouts.itemized.9": ("payout_id", "net")},
            "payouts.itemized.9",
            (),
            id="every column has a kind",
        ),
        pytest.param(
            {"payouts.itemized.5": None, "payouts.itemized.9": ("payout_id", "novelty")},
            "payouts.itemized.5",
            ("payouts.itemized.9 was skipped: the kind of its column novelty is not known",),
            id="a column has none",
        ),
        pytest.param(
            {"payouts.itemized.5": None, "payouts.itemized.9": None},
            "payouts.itemized.5",
            (
                "payouts.itemized.9 was skipped: it is not in the catalogue, and Stripe does not say which "
                "columns it has",
            ),
            id="its columns are not known",
        ),
        pytest.param({"payouts.itemized.9": ("novelty",)}, "payouts.itemized.9", (), id="there is no other"),
        pytest.param(
            {"new.thing.1": ("net",), "new.thing.2": ("novelty",), "new.thing.x": ("net",)},
            "new.thing.1",
            ("new.thing.2 was skipped: the kind of its column novelty is not known",),
            id="none is catalogued",
        ),
    ],
)
def test_a_name_means_the_newest_version_that_can_be_read_completely(offered, expected, skipped):
    """A newer one would suddenly turn amounts into text."""
    chosen = catalog.chosen(expected.rpartition(".")[0], offered)
    assert (chosen.id, chosen.skipped) == (expected, skipped)


def test_report_reuse_says_which_versions_were_skipped(newer):
    """A user who expects the newest version finds the reason."""
    client = newer(types={"payouts.itemized.9": ["payout_id", "novelty"]})
    report = client.fetch("payouts.itemized", "2026-10")
    assert report.run.report_type == "payouts.itemized.5"
    assert (
        "payouts.itemized.9 was skipped: the kind of its column novelty is not known" in report.reuse.reason
    )
    pending = client.submit("payouts.itemized", "2026-10")
    assert "payouts.itemized.9 was skipped" in str(pending.result().reuse)
    reports = client.fetch_all("payouts.itemized", "2026-Q3", split="month")
    assert "payouts.itemized.9 was skipped" in reports.reuse_summary


def test_the_form_marks_the_version_that_the_name_means(newer):
    """Form and fetch choose the same one."""
    client = newer(types={"payouts.itemized.9": ["payout_id", "novelty"]})
    types = {type_.id: type_ for type_ in client.report_types()}
    entries = [entry for group in families(types, asked=True, livemode=False) for entry in group["types"]]
    current = {entry["id"] for entry in entries if not entry["is_old"]}
    assert "payouts.itemized.5" in current
    assert "payouts.itemized.9" not in current


# Fetching


@pytest.mark.parametrize("name", ["payouts.itemized", "payouts.itemized.9"])
def test_a_newer_version_is_read_like_its_sibling_with_one_warning(newer, client, name):
    """Money is exact and times have types, and the user is told the assumption."""
    expected = client.frame("payouts.itemized.5", "2026-10", timezone="Europe/Paris")
    newest = newer(timezone="Europe/Paris", renamed=PAYOUTS, folder="newer")
    with pytest.warns(UnknownReportTypeWarning) as caught:
        report = newest.fetch(name, "2026-10")
    newest.fetch(name, "2026-10")
    newest.fetch("payouts.itemized.9", "2026-09", columns=["payout_id", "net"])
    assert [str(each.message) for each in caught] == [
        "payouts.itemized.9 is not in the catalogue of this version of stripe-reports. It is treated like "
        "payouts.itemized.5: its parameters, natural key, charts and kinds of columns are used."
    ]
    assert report.request.report_type == "payouts.itemized.9"
    assert ("parameters[timezone]", "Europe/Paris") in newest.stripe.sent[0]
    assert_frame_equal(report.frame(), expected)


def test_assumptions_are_in_provenance_and_reuse(newer):
    """An auditor asks a year later where the type of a column came from."""
    columns = {"payouts.itemized.9": {"customer_facing_amount": "1.50", "novelty": "x"}}
    client = newer(renamed=PAYOUTS, columns=columns)
    with pytest.warns(UnknownReportTypeWarning, match=r"the same name in other report types: customer_fac"):
        report = client.fetch("payouts.itemized.9", "2026-10")
    assert report.frame().schema["customer_facing_amount"] == MONEY
    assert report.frame().schema["novelty"] == pl.String
    known = report.provenance.kinds_from
    assert known["name"] == ["customer_facing_amount"]
    assert known["unknown"] == ["novelty"]
    assert "net" in known["payouts.itemized.5"]
    again = client.fetch("payouts.itemized.9", "2026-10")
    assert again.provenance == report.provenance
    assert "Kept as text, since its kind is unknown: novelty." in str(again.reuse)


def test_a_report_of_catalogued_columns_assumes_nothing(client):
    """No assumption is shown if there is none."""
    report = client.fetch("payouts.itemized", "2026-10")
    assert report.provenance.kinds_from == {}
    assert report.reuse.assumed == ()


def test_all_columns_of_a_newer_version_are_those_of_the_sibling_and_the_new_ones(newer):
    """Stripe names its default columns; the others are those of the sibling."""
    client = newer(renamed=PAYOUTS, columns={"payouts.itemized.9": {"novelty": "x"}})
    client.report_types()
    frame = quietly(client.frame, "payouts.itemized.9", "2026-10", columns="all")
    sibling = catalog.columns_named(catalog.get("payouts.itemized.5"), "all")
    assert frame.columns == [*sibling, "novelty"]
    assert quietly(client.frame, "payouts.itemized.9", "2026-10", columns=["net", "novelty"]).columns == [
        "net",
        "novelty",
    ]


def test_a_newer_version_is_split_drawn_and_tied_out_like_its_sibling(newer):
    """Natural key, splitting and chart depend on the name without version."""
    client = newer(renamed=PAYOUTS)
    reports = quietly(client.fetch_all, "payouts.itemized.9", "2026-Q3", split="month")
    assert len(reports) == 3
    assert "payouts.itemized.9 is not in the catalogue" in reports.reuse_summary
    report = quietly(client.fetch, "payouts.itemized.9", "2026-10")
    assert list(report.chart_kinds()) == ["status"]
    assert report.chart().to_dict()["title"]["text"]
    assert not client.restatement(report).is_restated
    assert client.restatement(report).diff.key == ("payout_id", "reporting_category")


def test_a_parameter_that_the_sibling_does_not_take_is_left_to_stripe(newer):
    """A newer version may take it."""
    client = newer(renamed=PAYOUTS)
    with pytest.warns(UserWarning, match=r"treated like payouts\.itemized\.5.*does not take 'novelty'"):
        request = client.request("payouts.itemized.9", "2026-10", novelty="x")
    assert request.other == (("novelty", "x"),)


def test_an_unknown_type_is_read_by_the_names_of_its_columns(newer):
    """206 names of columns are known, and nearly all mean the same in every type."""
    client = newer(renamed={"payouts.itemized.5": "settlements.lines.1"})
    columns = ["net", "effective_at", "effective_at_utc"]
    with pytest.warns(UnknownReportTypeWarning, match="Read like columns of the same name in other"):
        frame = client.frame("settlements.lines", "2026-10", timezone="Europe/Paris", columns=columns)
    assert frame.schema["net"] == MONEY
    assert frame.schema["effective_at_utc"] == pl.Datetime("us", "UTC")
    assert frame.schema["effective_at"] == pl.Datetime("us", "Europe/Paris")


# Cells that do not fit, and the way out

BAD = {"payouts.itemized.9": {"customer_facing_amount": "about 5"}}


def test_a_cell_that_contradicts_an_assumed_kind_is_an_error_with_a_remedy(newer):
    """The file is not damaged; the assumption is wrong."""
    client = newer(renamed=PAYOUTS, columns=BAD)
    with pytest.raises(DamagedFileError) as caught:
        client.fetch("payouts.itemized.9", "2026-10")
    assert caught.value.column == "customer_facing_amount"
    assert "schema_overrides={'customer_facing_amount': pl.String}" in str(caught.value)
    assert "columns of that name in other report types" in str(caught.value)


def test_a_cell_that_contradicts_a_catalogued_kind_is_a_damaged_file():
    """Reading text instead of money would hide the damage."""
    with pytest.raises(DamagedFileError) as caught:
        sr.read_csv(b"currency,gross,fee,net\nusd,x,0.65,11.35\n")
    assert "schema_overrides" not in str(caught.value)


def test_a_time_by_other_rules_of_its_zone_can_be_read_as_text(client, simulator):
    """A law may change clocks before polars knows. Another run would have the same times."""
    simulator.faults.append(
        Fault("GET /v1/files/*", change=bytes_changed(lambda body: body.replace(b" 00:", b" 23:")), times=9)
    )
    asked = {"timezone": "Europe/Paris", "columns": ["created", "created_utc", "currency", "net"]}
    for _ in range(2):
        with pytest.raises(DamagedFileError, match="If a law has changed the clocks") as caught:
            client.fetch("balance_change_from_activity.itemized.3", "2026-09", **asked)
        assert "schema_overrides={'created': pl.String}" in str(caught.value)
        assert "spreadsheet" not in str(caught.value)
    as_text = {"created": pl.String, "created_utc": pl.String}
    assert client.fetch(
        "balance_change_from_activity.itemized.3", "2026-09", **asked, schema_overrides=as_text
    ).frame().schema == {"created": pl.String, "created_utc": pl.String, "currency": pl.String, "net": MONEY}
    assert len(simulator.runs) == 1


def test_an_override_changes_the_type_of_a_column_and_is_in_the_provenance(newer):
    """The user decided it, not the catalogue."""
    client = newer(renamed=PAYOUTS, columns=BAD)
    report = quietly(
        client.fetch, "payouts.itemized.9", "2026-10", schema_overrides={"customer_facing_amount": pl.String}
    )
    assert report.frame()["customer_facing_amount"].unique().to_list() == ["about 5"]
    assert report.provenance.schema_overrides == {"customer_facing_amount": "String"}
    assert "customer_facing_amount" not in str(report.reuse)


def test_overrides_share_the_run_and_not_the_stored_file(client, calls):
    """They are not sent to Stripe; but a result that is read with them is different."""
    plain = client.fetch("payouts.itemized", "2026-10")
    other = client.fetch("payouts.itemized", "2026-10", schema_overrides={"net": pl.String})
    assert other.run == plain.run
    assert other.path != plain.path
    assert plain.frame().schema["net"] == MONEY
    assert other.frame().schema["net"] == pl.String
    assert other.request == plain.request
    calls()
    again = client.frame("payouts.itemized", "2026-10", schema_overrides={"net": pl.String})
    assert again.schema["net"] == pl.String
    assert client.submit(plain.request, schema_overrides={"net": pl.String}).result().path == other.path
    assert client.report(plain.run).path == plain.path
    assert calls() == []


def test_a_restatement_reads_the_new_run_with_the_types_of_the_old_one(client):
    """Otherwise the two could not be compared."""
    report = client.fetch(
        "payouts.itemized", "2026-10", schema_overrides={"description": pl.String, "fee": pl.String}
    )
    after = client.restatement(report).after
    assert after.frame().schema == report.frame().schema


def test_a_result_that_was_just_removed_is_read_again_with_its_overrides(client, monkeypatch):
    """Another process made space; the frame must not get other types."""
    gone = sr.Report.frame

    def frame(report):
        monkeypatch.setattr(sr.Report, "frame", gone)
        report.path.unlink()
        return gone(report)

    monkeypatch.setattr(sr.Report, "frame", frame)
    schema = client.frame("payouts.itemized", "2026-10", schema_overrides={"net": pl.String}).schema
    assert schema["net"] == pl.String


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"nett": pl.String}, "Did you mean 'net'"),
        ({"net": pl.Float64}, "cannot read 'net' as Float64"),
        ({"net": pl.Decimal}, "cannot read 'net' as Decimal"),
        ({"net": "text"}, "cannot read 'net' as text"),
        (["net"], "must be a mapping"),
    ],
)
def test_an_impossible_override_is_refused(client, overrides, says):
    """A typing error must not leave a column unchanged; a float is not money."""
    with pytest.raises(ParameterError, match=says) as caught:
        client.fetch("payouts.itemized", "2026-10", schema_overrides=overrides)
    assert caught.value.param == "schema_overrides"
    with pytest.raises(ParameterError, match=says):
        sr.read_csv(b"currency,gross,fee,net\n", schema_overrides=overrides)


@pytest.mark.parametrize(
    ("dtype", "text", "value"),
    [
        (pl.String, "007", "007"),
        (pl.Int64, "7", 7),
        (pl.Boolean(), "true", True),
        (pl.Decimal(20, 2), "1.50", Decimal("1.50")),
        (pl.Date, "2026-10-01", pl.date(2026, 10, 1)),
        (pl.Datetime("us", "UTC"), "2026-10-01 10:00:00", None),
        (pl.Datetime("us", "Europe/Paris"), "2026-10-01 10:00:00", None),
        (pl.Datetime("us"), "2026-10-01 10:00:00", None),
    ],
)
def test_an_override_reads_values_as_exactly_as_the_catalogue_does(dtype, text, value):
    """The same formats, and the same check to the last byte."""
    file = f"currency,gross,fee,net,novelty\nusd,1.00,0.00,1.00,{text}\n".encode()
    frame = sr.read_csv(file, schema_overrides={"novelty": dtype})
    assert frame.schema["novelty"] == dtype
    assert value is None or frame.filter(pl.col("novelty") == value).height == 1
    if dtype != pl.String:
        with pytest.raises(DamagedFileError, match=r"You asked to read the column as"):
            sr.read_csv(file.replace(text.encode(), b"?"), schema_overrides={"novelty": dtype})


# Files

FILE = b"payout_id,effective_at_utc,gross,currency,novelty\npo_1,2026-10-01 10:00:00,1.50,eur,x\n"


@pytest.mark.parametrize(
    "name", [None, "payouts.itemized.9", "payouts.itemized", "failed_payouts.itemized.2"]
)
def test_read_csv_reads_like_fetch_with_and_without_a_name(name):
    """The same kinds, the same single warning."""
    with pytest.warns(
        UnknownReportTypeWarning, match="Kept as text, since its kind is unknown: novelty"
    ) as caught:
        frame, again = (sr.read_csv(FILE, report_type=name) for _ in range(2))
    assert len(caught) == 1
    assert frame.schema == {
        "payout_id": pl.String,
        "effective_at_utc": pl.Datetime("us", "UTC"),
        "gross": MONEY,
        "currency": pl.String,
        "novelty": pl.String,
    }
    assert_frame_equal(frame, again)


def test_a_file_of_columns_of_several_types_is_read_by_their_names():
    """It is an unknown report with known columns."""
    file = b"charge_id,tax_amount,plan_name,accounting_period,payout_status\nch_1,1.50,a,b,c\n"
    with pytest.warns(UnknownReportTypeWarning, match="columns of this file match no report type"):
        frame = sr.read_csv(file)
    assert frame.schema["tax_amount"] == MONEY


def test_an_unknown_name_is_accepted_if_the_columns_are_known():
    """A typing error in the name of a report with unknown columns is still an error."""
    with pytest.warns(UnknownReportTypeWarning, match=r"settlements\.lines\.1 is not in the catalogue"):
        frame = sr.read_csv(b"payout_id,gross\npo_1,1.50\n", report_type="settlements.lines.1")
    assert frame.schema["gross"] == MONEY
    with pytest.raises(UnknownReportTypeError):
        sr.read_csv(b"a,b\n1,2\n", report_type="settlements.lines.1")


# Amounts that are text


def with_amounts(newer):
    """A report with a column that looks like amounts, and whose kind is unknown."""
    client = newer(renamed=PAYOUTS, columns={"payouts.itemized.9": {"levy": "1.50", "code": "007"}})
    return client, quietly(client.fetch, "payouts.itemized.9", "2026-10")


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_exporting_amounts_that_are_text_warns(newer, tmp_path, ending):
    """Excel sums text as zero, without a warning."""
    from stripe_reports.report.export import writer_for

    client, report = with_amounts(newer)
    write = writer_for(tmp_path / f"payouts.{ending}")
    with pytest.warns(UserWarning, match=r"^levy is text, not an amount.*\{'levy': pl\.Decimal\(38, 6\)\}"):
        assert write(report) == report.frame().height
    overrides = {"levy": pl.Decimal(38, 6)}
    again = client.fetch("payouts.itemized.9", "2026-10", schema_overrides=overrides)
    assert again.frame().schema["levy"] == MONEY
    write(again)


def test_sums_do_not_leave_out_amounts_that_are_text(newer):
    """A total without a part of the money is wrong."""
    _, report = with_amounts(newer)
    with pytest.raises(ParameterError, match="levy is text, not an amount, so it cannot be added up"):
        report.table(by="reporting_category")
    assert "levy is text, not an amount, so it is in no total" in report.to_html()


OVERRIDE = {"net": pl.String}


def test_charts_sums_and_controls_refuse_money_that_is_text(client):
    """The error says how to read it, but does not recommend an override that is already set."""
    period = "2026-10"
    payouts = client.fetch("payouts.itemized", period, schema_overrides=OVERRIDE)
    set_ = client.fetch_all("payouts.itemized", "2026-Q3", split="month", schema_overrides=OVERRIDE)
    activity = client.fetch("balance_change_from_activity.itemized", period, schema_overrides=OVERRIDE)
    refused = [
        lambda: activity.chart(),
        lambda: sr.tie_out(payouts=payouts.frame()),
        lambda: set_.totals(),
        lambda: set_.tie_out(client.fetch(set_.summary_request())),
    ]
    for call in refused:
        with pytest.raises(ParameterError, match="net is text, not an amount") as caught:
            call()
        assert "schema_overrides={'net': pl.Decimal(38, 6)}" in str(caught.value)
        assert "report.frame()" not in str(caught.value)
    assert "net is text, not an amount" in str(sr.diff(payouts.frame(), payouts.frame()))


# Values of open lists

NEW = "brand_new_category"


@pytest.fixture
def unlisted(tmp_path):
    """A client of an account whose fees have unlisted categories."""
    simulator = Simulator(1, latency=10.0, categories=[NEW, "reward"])
    with DemoClient(simulator, cache_dir=tmp_path / "unlisted") as client:
        yield client


def test_an_unknown_category_is_read_drawn_and_tied_out(unlisted):
    """It is a category like any other: the reports agree to the cent."""
    report = unlisted.fetch("balance_change_from_activity.itemized", "2026-10")
    assert {NEW, "reward", "fee"} <= set(report.frame()["reporting_category"])
    assert NEW in report.chart("net", top=20).to_json()
    assert unlisted.tie_out("2026-10").passes
    summary = unlisted.frame("balance_change_from_activity.summary", "2026-10")
    assert NEW in summary["reporting_category"].to_list()


def test_an_unknown_category_is_requested_with_one_warning(unlisted):
    """Stripe decides; a likely typing error is pointed out."""
    with pytest.warns(UserWarning, match="'brand_new_category' is not a reporting category") as caught:
        frame = unlisted.frame("payouts.itemized", "2026-10", reporting_category=NEW)
    unlisted.frame("balance_change_from_activity.itemized", "2026-10", reporting_category="reward")
    activity = unlisted.frame("balance_change_from_activity.itemized", "2026-09", reporting_category=NEW)
    assert frame.is_empty()
    assert activity["reporting_category"].unique().to_list() == [NEW]
    assert len(caught) == 1


def test_menus_offer_the_values_that_were_seen_before(unlisted):
    """Besides the catalogued ones."""
    unlisted.fetch("balance_change_from_activity.itemized", "2026-10")
    assert NEW in known_ids("reporting_category", unlisted.stored())
    assert set(known_ids("currency", unlisted.stored())) == {"eur", "usd", "jpy", "kwd"}
    assert "reward" in static_menu()["categories"]


def test_the_form_notes_an_unknown_value_at_its_field(unlisted):
    """The report can be run all the same."""
    model = Model(now=unlisted.now, livemode=False)
    model.choose(report_type="payouts.itemized.5", period="2026-10", reporting_category=NEW)
    (field,) = [each for each in shown(model)["fields"] if each["name"] == "reporting_category"]
    assert "Stripe decides" in field["note"]
    assert model.request is not None


def test_unknown_options_of_the_simulator_are_refused():
    """A typing error in a test is reported at once."""
    with pytest.raises(ValueError, match="'no_such' is not one of"):
        Simulator(1, categories=["no_such"])


def test_the_simulator_refuses_only_impossible_categories(client):
    """Stripe says that its own list is not complete."""
    with pytest.warns(UserWarning, match="Stripe decides"), pytest.raises(InvalidRequestError):
        client.frame("payouts.itemized", "2026-10", reporting_category="Nonsense!")


def test_unknown_file_purposes_and_error_codes_are_accepted(newer):
    """No decision depends on them."""
    client = newer(renamed=PAYOUTS, file={"purpose": "brand_new_purpose", "type": "csv2"})
    report = quietly(client.fetch, "payouts.itemized.9", "2026-10")
    assert report.run.result.purpose == "brand_new_purpose"
    client = newer(folder="other", error={"code": "brand_new_code", "type": "brand_new_type"})
    with pytest.raises(sr.errors.NotFoundError) as caught:
        client.retrieve("frr_none")
    assert caught.value.code == "brand_new_code"


# Objects that are not as expected


@pytest.mark.parametrize(
    "changes",
    [
        {"without": ["default_columns"]},
        {"without": ["livemode", "object", "name", "data_available_start", "updated"]},
        {"nulls": ["default_columns", "livemode", "name", "data_available_end", "updated"]},
        {"keys": {"brand_new": {"a": [1]}}},
    ],
)
def test_a_report_type_that_lacks_something_or_has_more_is_usable(newer, changes):
    """Only its id must be there."""
    client = newer(**changes)
    types = client.report_types()
    (type_,) = [type_ for type_ in types if type_.id == "payouts.itemized.5"]
    assert type_.column("net").kind == "money"
    assert client.fetch("payouts.itemized", "2026-10").frame().schema["net"] == MONEY
    assert client.report_type("payouts.itemized").name


def test_missing_fields_of_a_report_type_are_unknown():
    """They are not invented."""
    type_ = ReportType.from_stripe({"id": "new.thing.12", "default_columns": ["net", None]})
    assert (type_.name, type_.version, type_.default_columns) == ("new.thing.12", 12, ("net",))
    assert type_.data_available_end is type_.updated is type_.livemode is None
    for answer in ({}, {"id": "new"}, {"id": "new.thing.x"}, {"id": 3}, {"id": "a.1", "default_columns": 3}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            ReportType.from_stripe(answer)


BROKEN = [{"id": "broken.type.1", "default_columns": "secret", "other": 5}, "secret", {"id": "\x00secret"}]


def test_one_unusable_object_in_a_list_is_left_out_logged_and_named_by_the_doctor(newer, caplog):
    """It must not hide the others; its values may be anything, and are shown nowhere."""
    client = newer(lists=BROKEN, types={"new.thing.1": ["net"]})
    offered = {type_.id for type_ in client.report_types()}
    assert "payouts.itemized.5" in offered
    assert "new.thing.1" in offered
    client.frame("payouts.itemized", "2026-10")
    assert [run.report_type for run in client.runs(limit=5)] == ["payouts.itemized.5"]
    findings = [finding for finding in examine(client) if finding.what == "not known"]
    says = "\n".join(finding.says for finding in findings)
    assert "report type broken.type.1 (default_columns str, id str, other int)" in says
    assert "report run (str)" in says
    assert "report types (1): new.thing.1" in says
    assert {finding.verdict for finding in findings} == {"warning"}
    assert "broken.type.1" in caplog.text
    assert "secret" not in says + caplog.text


def test_a_list_with_only_unusable_objects_is_an_error(newer):
    """Such an answer is not from Stripe; an empty list would hide it."""
    client = newer(only=BROKEN)
    with pytest.raises(sr.errors.UnexpectedAnswerError):
        client.report_types()


def test_paging_continues_after_a_page_that_ends_with_an_unusable_run(newer, simulator):
    """The next page starts after the last object, usable or not."""
    client = newer()
    for month in ("2026-07", "2026-08", "2026-09"):
        client.fetch("payouts.itemized", month)
    client.stripe.broken_runs = {client.runs()[1].id}
    assert len(list(client._account.runs(page_size=2))) == 2


# The command line

COMMAND_LINE = {
    "renamed": PAYOUTS,
    "columns": {"payouts.itemized.9": {"customer_facing_amount": "1.50", "levy": "2.50"}},
}


@pytest.fixture
def command(newer, monkeypatch, capsys):
    """Runs a command against a newer Stripe, and gives its status and standard error."""

    def command(*arguments, **changes):
        monkeypatch.setattr("stripe_reports.demo_client.demo", lambda **_: newer(**changes))
        notices._said.clear()  # a command is a process of its own
        return cli.main([*arguments, "--demo"]), capsys.readouterr().err

    return command


@pytest.mark.filterwarnings("default")
class TestCommandLine:
    """Warnings go to standard error, a line each; the exit status does not change."""

    @pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
    def test_an_unknown_report_is_written(self, command, tmp_path, ending):
        """And says once what was assumed, and once which amounts are text."""
        target = tmp_path / f"payouts.{ending}"
        arguments = ["fetch", "payouts.itemized.9", "2026-10", "--output", str(target)]
        status, error = command(*arguments, **COMMAND_LINE)
        assert status == 0
        told = [line for line in error.splitlines() if line.startswith("stripe-reports: warning: ")]
        assert len(told) == 2
        assert "It is treated like payouts.itemized.5" in told[0]
        assert error.count("Kept as text, since its kind is unknown: levy") == 1
        assert "levy is text, not an amount" in told[1]
        assert target.exists()

    def test_an_override_is_an_option(self, command, tmp_path):
        """By the same name as in Python."""
        target = tmp_path / "payouts.parquet"
        overrides = "levy=Decimal,customer_facing_amount=String"
        arguments = ["fetch", "payouts.itemized.9", "2026-10", "--output", str(target)]
        status, error = command(*arguments, "--schema-overrides", overrides, **COMMAND_LINE)
        assert status == 0
        assert error.count("warning") == 1
        schema = pl.read_parquet_schema(target)
        assert (schema["levy"], schema["customer_facing_amount"]) == (MONEY, pl.String)
        status, error = command(*arguments, "--schema-overrides", "levy=Float64")
        assert status == 2
        assert "String, Decimal, Int64, Boolean, Date" in error

    def test_a_skipped_version_is_reported(self, command):
        """It is in the log of a monthly job."""
        status, error = command("fetch", "payouts.itemized", "2026-10", **COMMAND_LINE)
        assert status == 0
        assert "payouts.itemized.9 was skipped: the kind of its column levy is not known" in error
        assert "warning" not in error

    def test_a_tie_out_skips_newer_versions(self, command):
        """With a warning for each."""
        renamed = PAYOUTS | {"balance.summary.2": "balance.summary.3"}
        status, error = command("tie-out", "2026-10", renamed=renamed)
        assert status == 0
        told = [line for line in error.splitlines() if line.startswith("stripe-reports: warning: ")]
        assert len(told) == 2
        assert {line.split()[2] for line in told} == {"payouts.itemized.9", "balance.summary.3"}


# The page

PAGE = (ROOT / "notebooks" / "unknown_types.md").read_text("utf-8")


def test_the_page_quotes_the_warning_that_users_see(newer):
    """Word for word."""
    client = newer(renamed=PAYOUTS, columns={"payouts.itemized.9": {"levy": "1.50"}})
    with pytest.warns(UnknownReportTypeWarning) as caught:
        client.fetch("payouts.itemized.9", "2026-10")
    quoted = " ".join(line.removeprefix("> ") for line in PAGE.splitlines() if line.startswith("> "))
    assert str(caught[0].message) == quoted


def test_the_code_of_the_page_runs(newer, tmp_path, monkeypatch):
    """Unchanged."""
    monkeypatch.chdir(tmp_path)
    Path("downloaded.csv").write_bytes(b"currency,gross,fee,net,date\nusd,1.00,0.00,1.00,soon\n")
    client = newer(renamed=PAYOUTS, columns={"payouts.itemized.9": {"levy": "1.50"}})
    names = {"sr": sr, "client": client}
    for code in re.findall(r"^```python\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL):
        quietly(exec, code, names)
    assert names["report"].frame().schema["levy"] == MONEY
    assert names["frame"]["date"].to_list() == ["soon"]
