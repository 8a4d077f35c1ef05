"""The facts about report types: complete, marked with evidence, and used to refuse invalid requests early."""

import json
from collections import Counter
from pathlib import Path

import pytest

from places import ROOT, SHARED
from stripe_reports import catalog
from stripe_reports.cli import main
from stripe_reports.errors import ParameterError, UnknownReportTypeError
from stripe_reports.models import ReportRequest, ReportType
from stripe_reports.notebook.form.menu import column_groups

REFERENCE = SHARED / "stripe" / "report_types.json"
OCTOBER = {"interval_start": "2026-10-01T00:00:00Z", "interval_end": "2026-11-01T00:00:00Z"}


def test_the_catalogue_has_96_types_and_225_columns():
    """Each column is described once in the data file, even if many types have it."""
    data = json.loads((Path(catalog.__file__).parent / "report_types.json").read_text("utf-8"))
    types = catalog.report_types()
    assert len(types) == 96
    assert len(data["columns"]) == len({c.name for t in types.values() for c in t.columns}) == 225
    assert sum(len(t.columns) for t in types.values()) == 2439


def test_pages_have_the_counts_of_the_catalogue():
    """They grow with it."""
    types = catalog.report_types().values()
    known, incomplete = sum(bool(t.columns) for t in types), sum(not t.columns_complete for t in types)
    names = Counter(column.name for type_ in types for column in type_.columns)
    shared = 1 - sum(count == 1 for count in names.values()) / names.total()
    for page, text in {
        "notebooks/simulator.md": f"all {known} report types whose columns are known",
        "notebooks/unknown_types.md": f"this package has {len(types)}, and the columns of {known}.",
        "notebooks/alternatives.md": f"for {incomplete} of the {len(types)} report types not all columns",
    }.items():
        assert text in " ".join((ROOT / page).read_text("utf-8").split()), page
    assert f"{shared:.0%}".replace("%", " %") in (ROOT / "notebooks/unknown_types.md").read_text("utf-8")


def test_every_fact_has_its_evidence():
    """Documented, reported or inferred: a reader can tell what to rely on."""
    types = catalog.report_types().values()
    assert Counter(t.evidence for t in types) == {"documented": 65, "reported": 26, "inferred": 5}
    assert Counter(t.columns_complete for t in types) == {True: 62, False: 34}
    assert all(t.source and t.default_columns_evidence for t in types)
    assert all(c.source and c.description for t in types for c in t.columns)


@pytest.mark.skipif(not REFERENCE.is_file(), reason="the folder of references is not here")
def test_the_catalogue_agrees_with_the_reference():
    """The compact file loses nothing of the long one; a newer column is marked as unproved."""
    for entry in json.loads(REFERENCE.read_text("utf-8")):
        known = catalog.get(entry["id"])
        proved = (c for c in known.columns if c.name != "application_fee")
        columns = [(c.name, c.kind, c.description, c.source) for c in proved]
        assert columns == [(c["name"], c["kind"], c["description"], c["source"]) for c in entry["columns"]]
        assert list(known.required_parameters) == entry["required_params"]
        assert list(known.optional_parameters) == entry["optional_params"]
        assert (known.default_columns and list(known.default_columns)) == entry["default_columns"]
        for name in ("family", "superseded_by", "livemode_only", "columns_complete", "evidence", "notes"):
            assert getattr(known, name) == entry[name]


@pytest.mark.parametrize(
    ("name", "offered", "expected"),
    [
        ("balance.summary", None, "balance.summary.2"),
        ("balance.summary", ["balance.summary.1", "payouts.summary.1"], "balance.summary.1"),
        ("balance.summary.1", None, "balance.summary.1"),
        ("payouts.itemized", None, "payouts.itemized.5"),
        ("new.thing", ["new.thing.9", "new.thing.10"], "new.thing.10"),
        pytest.param(
            "tax.transactions.itemized", None, "tax.transactions.itemized.2", id="known columns only"
        ),
    ],
)
def test_a_name_without_version_means_the_newest_version(name, offered, expected):
    """Of the types that the account offers; offline, of the catalogued types with known columns."""
    assert catalog.newest(name, offered) == expected


def test_an_unknown_name_is_refused_with_the_nearest_names():
    """A typing error costs no call, and the package does not guess."""
    with pytest.raises(UnknownReportTypeError, match=r"Did you mean 'balance\.summary'") as caught:
        catalog.newest("balance.sumary")
    assert caught.value.param == "report_type"


def test_stripes_answer_is_completed_not_overruled():
    """Times, mode and default columns are Stripe's; parameters and column kinds the catalogue's."""
    answer = ReportType.from_stripe(
        {
            "id": "payouts.itemized.5",
            "object": "reporting.report_type",
            "name": "Payouts (renamed)",
            "version": 5,
            "data_available_start": 1,
            "data_available_end": 2,
            "default_columns": ["payout_id"],
            "livemode": True,
            "updated": 3,
        }
    )
    merged = catalog.merge(answer)
    assert (merged.name, merged.livemode, merged.default_columns) == (
        "Payouts (renamed)",
        True,
        ("payout_id",),
    )
    assert merged.updated == answer.updated
    assert merged.family == "balance"
    assert merged.column("effective_at").kind == "datetime_local"
    assert merged.default_columns_evidence == "confirmed"


def test_a_type_outside_the_catalogue_is_taken_as_stripe_describes_it():
    """Stripe may add a type tomorrow, and it must work today."""
    answer = ReportType(id="new.thing.1", name="New", version=1)
    assert catalog.merge(answer) == answer
    assert catalog.check(ReportRequest("new.thing.1", other={"anything": "goes"})) == {}


def test_a_list_is_refused_where_stripe_describes_one_value():
    """Also by a report of Reports v2 that takes no list at all."""
    described = {"type": "string", "required": False}
    answer = {
        "id": "report_1",
        "object": "v2.data.report",
        "name": "new.thing",
        "parameters": {"word": described},
    }
    request = ReportRequest("new.thing", report_id="report_1", other={"word": ["a", "b"]})
    with pytest.raises(ParameterError, match=r"word of new\.thing must be one value") as caught:
        catalog.check(request, ReportType.from_stripe_v2(answer))
    assert caught.value.param == "word"


def test_a_metadata_column_is_known_by_its_pattern():
    """`payment_metadata[Coupon Code]` is one of `payment_metadata[key]`."""
    type_ = catalog.get("balance_change_from_activity.itemized.7")
    assert type_.column("payment_metadata[Coupon Code]").kind == "metadata"
    assert type_.column("invoice_metadata[x]") is None
    assert type_.column("payment_metadata[x") is None


@pytest.mark.parametrize(
    ("report_type", "columns", "expected"),
    [
        ("balance.summary.2", None, None),
        ("balance.summary.2", "default", None),
        ("balance.summary.2", "all", ("category", "description", "net_amount", "currency")),
        ("balance.summary.2", ["currency", "category"], ("currency", "category")),
    ],
)
def test_columns_are_a_list_or_all_or_default(report_type, columns, expected):
    """The default is Stripe's own, hence not sent."""
    assert catalog.columns_named(catalog.get(report_type), columns) == expected


UNPROVED = {
    "balance_change_from_activity.itemized.7": 1,
    "payout_reconciliation.itemized.7": 1,
    "all_fees.vat_invoice_v2.itemized.2": 18,
    "all_fees.vat_invoice_v2.summarized.2": 6,
}


def test_unproved_columns_are_marked_and_not_among_all(capsys):
    """They can be named, and Stripe decides; "all" would turn an assumption into a refused run."""
    counted = {
        type_.id: sum(column.is_unproved for column in type_.columns)
        for type_ in catalog.report_types().values()
        if any(column.is_unproved for column in type_.columns)
    }
    assert counted == UNPROVED
    type_ = catalog.get("all_fees.vat_invoice_v2.itemized.2")
    assert "fee_category" not in catalog.every_column(type_)
    assert type_._repr_html_().count("(unproved)") == 18
    groups = column_groups(type_)
    assert all(
        column["description"].endswith("(unproved)") for group in groups for column in group["columns"]
    )
    assert main(["types", type_.id]) == 0
    assert capsys.readouterr().out.count("(unproved)") == 18
    assert catalog.check(ReportRequest(type_.id, tax_invoice_month="2026-10", columns=["amount"])) == {}
    with pytest.raises(ParameterError, match="known for certain"):
        catalog.columns_named(type_, "all")


def test_a_column_that_stripe_names_is_proved():
    """Its own list of default columns is better than any assumption."""
    answer = ReportType(
        id="all_fees.vat_invoice_v2.itemized.2", name="x", version=2, default_columns=("amount", "brand_new")
    )
    merged = catalog.merge(answer)
    assert catalog.every_column(merged) == ("amount", "brand_new")


def test_all_columns_excludes_metadata_columns():
    """`payment_metadata[key]` is a pattern, not a column: its keys are unknown."""
    type_ = catalog.get("balance_change_from_activity.itemized.3")
    assert len(catalog.columns_named(type_, "all")) == 69 - 3


@pytest.mark.parametrize(
    ("report_type", "parameters", "param", "says"),
    [
        ("balance.summary.2", OCTOBER | {"payout": "po_1"}, "payout", "does not take 'payout'"),
        ("balance.summary.2", OCTOBER | {"other": {"curency": "eur"}}, "curency", "Did you mean 'currency'"),
        ("balance.summary.2", {}, "interval_start", "needs a period"),
        ("payout_reconciliation.by_id.itemized.4", {}, "payout", "needs a payout: po_…"),
        (
            "payout_reconciliation.by_id.itemized.4",
            OCTOBER | {"payout": "po_1"},
            "interval_start",
            "not take",
        ),
        ("balance.summary.2", OCTOBER | {"columns": ["net_amout"]}, "columns", "Did you mean 'net_amount'"),
        (
            "payouts.itemized.5",
            OCTOBER | {"other": {"decimal_separator": ","}},
            "decimal_separator",
            "need the point",
        ),
    ],
)
def test_an_invalid_request_is_refused_before_any_call(report_type, parameters, param, says):
    """The message has the parameter's name and the nearest valid one."""
    with pytest.raises(ParameterError, match=says) as caught:
        catalog.check(ReportRequest(report_type, **parameters))
    assert caught.value.param == param


def test_an_unknown_column_of_an_incomplete_type_is_a_warning():
    """The columns of 34 types are not completely known, so Stripe decides."""
    request = ReportRequest(
        "balance_change_from_activity.itemized.7", columns=["net", "brand_new"], **OCTOBER
    )
    (left,) = catalog.check(request).items()
    assert left[0] == "columns"
    assert "Stripe decides whether it has brand_new" in left[1]


@pytest.mark.parametrize(
    ("param", "value", "says"),
    [
        ("reporting_category", "charges", "Did you mean 'charge'"),
        ("reporting_category", "brand_new_category", "not a reporting category that this package"),
        ("currency", "eut", "Did you mean 'eur'"),
    ],
)
def test_a_value_of_an_open_list_is_left_to_stripe(param, value, says):
    """Stripe adds categories and currencies without notice; a likely typing error is a remark."""
    request = ReportRequest("payouts.itemized.5", **OCTOBER | {param: value})
    assert says in catalog.check(request)[param]


def test_the_error_for_a_type_without_test_data_asks_for_a_live_key(client):
    """A test account does not offer it; the name itself is correct."""
    with pytest.raises(UnknownReportTypeError, match="has no test data: use a live key") as raised:
        client.fetch("connect_card_payments_fees.transaction_level", "2026-10")
    assert "Did you mean" not in str(raised.value)


def test_a_word_finds_the_types_with_it_in_their_name(client):
    """A new user types ``change`` and does not know Stripe's long names."""
    with pytest.raises(UnknownReportTypeError, match=r"Types with that word: 'balance_change_from_activity"):
        client.fetch("change", "2026-10")
