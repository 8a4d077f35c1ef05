"""The simulator's files: Stripe's bytes, and figures that agree with each other to the last minor unit."""

import csv
import hashlib
import io
import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from played_reports import EVERY_TERMS, INTERCHANGE_PLUS, random_ledgers
from stripe_reports import catalog
from stripe_reports.simulator.api.answers import StripeError
from stripe_reports.simulator.api.availability import Publications
from stripe_reports.simulator.api.checks import checked_request
from stripe_reports.simulator.ledger.ledger import ACCOUNT_OPENED, Ledger
from stripe_reports.simulator.profiles import TIDY
from stripe_reports.simulator.reports import reports, selections
from stripe_reports.simulator.reports.offer import Offer

PUBLISHED = int(datetime(2026, 11, 5, tzinfo=UTC).timestamp())
DECIMALS = {"eur": 2, "usd": 2, "jpy": 0, "kwd": 3, "gbp": 2, None: 2}
# Those on the platform's own balance; test_simulator_families.py has the others.
SIMULATED = [
    type_.id
    for type_ in reports.simulated()
    if type_.family in ("balance", "payout_reconciliation") and not type_.base.startswith("activity.")
]
"""Those by component have a file of their own, ``test_components.py``."""
ITEMIZED = [id_ for id_ in SIMULATED if "itemized" in id_]
DAY = 86_400
ZONES = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]


def month(text: str) -> dict[str, int]:
    first = datetime.fromisoformat(f"{text}-01T00:00:00+00:00")
    return interval(first, (first + timedelta(days=32)).replace(day=1))


def interval(start: datetime, end: datetime) -> dict[str, int]:
    return {"interval_start": int(start.timestamp()), "interval_end": int(end.timestamp())}


def parameters_of(report_type, asked, *, ledger=None) -> dict[str, int | str]:
    """Those of *asked* that the type takes, and an automatic payout of the interval where it takes that."""
    known = catalog.get(report_type).parameters
    if "payout" in known:
        asked = asked | {"payout": automatic_payouts(asked, ledger)[0]}
    return {name: value for name, value in asked.items() if name in known}


def automatic_payouts(asked, ledger=None) -> list[str]:
    """Ids of those that take effect in the interval, in that order."""
    ledger = ledger or Ledger.of(1)
    inside = pl.col("effective_at").is_between(asked["interval_start"], asked["interval_end"], closed="left")
    return (
        ledger.payouts.filter(inside & pl.col("automatic"))
        .select(ledger.draws.payout_id(pl.col("payout")))
        .to_series()
        .to_list()
    )


def produce(report_type, parameters, *, ledger=None, as_of=PUBLISHED) -> bytes:
    return bytes(reports.csv(ledger or Ledger.of(1), catalog.get(report_type), parameters, as_of))


def read(report_type, parameters, **given) -> list[dict[str, str | None]]:
    """The rows as a careful reader sees them: an empty cell is None."""
    text = produce(report_type, parameters, **given).decode()
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return [{name: value or None for name, value in row.items()} for row in rows]


def total(rows, column, *, by="currency") -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row[by]] += Decimal(row[column])
    return dict(sums)


def summary(parameters, ledger=None) -> dict[str, dict[str, Decimal]]:
    """Balance summary by currency; a row with a blank currency belongs to the set it stands in."""
    rows = read("balance.summary.2", parameters, ledger=ledger)
    sets = [rows[k : k + 9] for k in range(0, len(rows), 9)]
    return {
        next((row["currency"] for row in nine if row["currency"]), None): {
            row["category"]: Decimal(row["net_amount"]) for row in nine
        }
        for nine in sets
    }


# Bytes


def test_a_file_looks_like_stripes():
    """LF, header and every non-empty cell quoted, empty cells bare: a line can end in a comma."""
    assert produce("balance.summary.1", month("2024-10")) == (
        b'"category","description","net_amount","currency"\n'
        b'"starting_balance","Starting balance (2024-10-01)","0.00",\n'
        b'"activity_gross","Account activity before fees","0.00",\n'
        b'"activity_fee","Less fees","0.00",\n'
        b'"activity","Activity","0.00",\n'
        b'"payouts_gross","Payouts to bank","0.00",\n'
        b'"payouts_fee","Payout fees","0.00",\n'
        b'"payouts","Total payouts","0.00",\n'
        b'"ending_balance","Ending balance (2024-10-31)","0.00",\n'
    )


@pytest.mark.parametrize(
    "report_type",
    [id_ for id_ in SIMULATED if not id_.startswith("balance.summary") and "by_id" not in id_],
)
def test_an_empty_report_is_its_header(report_type):
    """Most genuine files are."""
    columns = reports.default_columns(catalog.get(report_type))
    expected = ",".join(f'"{name}"' for name in columns) + "\n"
    assert produce(report_type, month("2024-10")).decode() == expected


def test_a_file_is_made_in_pages(monkeypatch):
    """Its bytes are the same, and however large it gets, few rows are text at one time."""
    names = [column.name for column in catalog.get("payout_reconciliation.itemized.7").columns]
    asked = month("2026-09") | {"columns": names}
    whole = produce("payout_reconciliation.itemized.7", asked)
    monkeypatch.setattr(selections, "_PAGE", 100)
    made = selections.Asked(
        Ledger.of(1), catalog.get("payout_reconciliation.itemized.7"), asked, names, PUBLISHED
    )
    heights = [page.height for page in selections.in_payouts(made).pages()]
    assert len(heights) > 10
    assert max(heights) == 100
    assert produce("payout_reconciliation.itemized.7", asked) == whole


def test_a_seed_gives_the_same_bytes_on_any_machine():
    """Stored results are owned by seed and ledger version, texts and all."""
    digest = hashlib.sha256()
    for id_ in SIMULATED:
        names = [column.name.replace("[key]", "[note]") for column in catalog.get(id_).columns]
        asked = parameters_of(id_, month("2026-09"), ledger=Ledger.of(1, 5.0))
        digest.update(produce(id_, asked | {"columns": names}, ledger=Ledger.of(1, 5.0)))
    assert digest.hexdigest()[:16] == "3e24caa18e5b7368"


def test_every_cell_is_quoted_or_bare():
    """Quotes are doubled, line breaks stay inside."""
    for report_type in (
        "balance_change_from_activity.itemized.7",
        "payouts.itemized.5",
        "ending_balance_reconciliation.itemized.4",
    ):
        columns = [column.name for column in catalog.get(report_type).columns]
        asked = parameters_of(report_type, month("2026-09")) | {"columns": columns}
        text = produce(report_type, asked).decode()
        cell = r'(?:"(?:[^"]|"")+"|)'
        assert re.fullmatch(rf"(?:{cell}(?:,{cell})*\n)+", text)


def test_text_is_hostile_and_awkward_and_survives():
    """What a customer typed is data: scripts, formulas, templates, quotes, line breaks, other scripts."""
    columns = ["customer_name", "customer_description", "description", "payment_metadata[note]"]
    rows = read(
        "balance_change_from_activity.itemized.3",
        interval(ACCOUNT_OPENED, datetime.fromtimestamp(PUBLISHED, UTC)) | {"columns": columns},
    )
    texts = {value for row in rows for value in row.values()}
    assert texts >= {
        *("<script>alert(1)</script>", "=1+1", "@SUM(A1:A9)", "{{7*7}}"),
        *('Quoted "inside", and a comma', "Two\nlines", "Windows\r\nlines", " spaces around "),
        *("O'Brien, Pat", "山田 太郎", "محمد علي", "🦊 Fox & Sons", "007", None),
    }


@pytest.mark.parametrize("report_type", SIMULATED)
def test_every_column_of_a_type_is_there_in_the_form_of_its_kind(report_type):
    """Decimal major units with the decimals of the currency, times without zone, booleans as words."""
    type_ = catalog.get(report_type)
    asked = parameters_of(report_type, month("2026-09"))
    rows = read(report_type, asked | {"columns": [column.name for column in type_.columns]})
    assert list(rows[0]) == [column.name for column in type_.columns]
    forms = {
        "id": r"(txn|ch|re|dp|pi|po|cus|in|sub|ba)_[A-Za-z0-9]+",
        "currency": r"[a-z]{3}",
        "datetime_utc": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
        "datetime_local": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
        "date": r"\d{4}-\d\d-\d\d 00:00:00",
        "integer": r"\d+",
        "boolean": r"true|false",
        "category": r"[a-z_0-9]+",
    }
    for row in rows:
        for column in type_.columns:
            value = row[column.name]
            if column.kind == "money" and value is not None:
                facing = column.name == "customer_facing_amount"
                decimals = DECIMALS[row["customer_facing_currency" if facing else "currency"]]
                assert re.fullmatch(r"-?\d+" + (rf"\.\d{{{decimals}}}" if decimals else ""), value), column
            elif value is not None:
                assert re.fullmatch(forms.get(column.kind, r"(?s).+"), value), (column, value)


@pytest.mark.parametrize("report_type", ITEMIZED)
def test_columns_come_as_asked(report_type):
    """In the order of the request; the type's default ones when nothing is asked."""
    asked = ["net", "currency", "gross"]
    period = parameters_of(report_type, month("2026-09"))
    assert list(read(report_type, period | {"columns": asked})[0]) == asked
    default = list(reports.default_columns(catalog.get(report_type)))
    assert list(read(report_type, period)[0]) == default
    assert len(default) in (9, 11)


def test_metadata_keys_are_taken_literally():
    """Spaces, capitals and dots count; two keys may differ only in case; an unknown key is empty."""
    keys = ["order_id", "Coupon Code", "cart.size", "channel", "Channel", "nobody"]
    columns = [
        *(f"payment_metadata[{key}]" for key in keys),
        "refund_metadata[reason_code]",
        "reporting_category",
    ]
    rows = read("balance_change_from_activity.itemized.7", month("2026-09") | {"columns": columns})
    values = {name: {row[name] for row in rows} - {None} for name in columns}
    assert all(re.fullmatch(r"0\d{7}", value) for value in values["payment_metadata[order_id]"])
    assert {"$149.00", "01/04/2024", "007"} <= values["payment_metadata[Coupon Code]"]
    assert values["payment_metadata[channel]"].isdisjoint(values["payment_metadata[Channel]"])
    assert values["payment_metadata[nobody]"] == set()
    assert all(re.fullmatch(r"0\d{3}", value) for value in values["refund_metadata[reason_code]"])
    assert {row["reporting_category"] for row in rows if row["refund_metadata[reason_code]"]} <= {
        "refund",
        "refund_failure",
    }


def test_leading_zeros_are_kept():
    """Postal codes, invoice numbers and the references of banks are text."""
    columns = ["trace_id", "customer_address_postal_code", "invoice_number"]
    rows = read("balance_change_from_activity.itemized.7", month("2026-09") | {"columns": columns})
    for name in columns:
        assert any((row[name] or "").startswith("0") for row in rows), name
    assert {len(row["trace_id"]) for row in rows if row["trace_id"]} == {15}


def test_the_decimal_sign_is_the_points_unless_asked_otherwise():
    """``decimal_separator`` changes the text of amounts, nothing else."""
    point = produce("payouts.itemized.5", month("2026-09"))
    comma = produce("payouts.itemized.5", month("2026-09") | {"decimal_separator": ","})
    assert re.sub(rb'"(-?\d+)\.(\d+)"', rb'"\1,\2"', point) == comma


# Time


@given(
    report_type=st.sampled_from(
        [
            "balance_change_from_activity.itemized.7",
            "payout_reconciliation.itemized.7",
            "ending_balance_reconciliation.itemized.4",
        ]
    ),
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2024, 11, 10), date(2026, 11, 3)),
)
@settings(deadline=None, max_examples=25)
def test_local_times_are_the_utc_ones_in_the_zone_of_the_run(report_type, zone, day):
    """The zone moves no bound and no row; a repeated hour is written twice, a skipped one never."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    names = ["created", "available_on", "charge_created", "automatic_payout_effective_at"]
    columns = [*names, *(f"{name}_utc" for name in names), "balance_transaction_id"]
    asked = parameters_of(report_type, interval(start, start + timedelta(days=5))) | {"columns": columns}
    rows = read(report_type, asked | {"timezone": zone}, ledger=Ledger.of(1, 5.0))
    assert rows
    for row in rows:
        for name in names:
            utc = row[f"{name}_utc"]
            local = utc and datetime.fromisoformat(f"{utc}+00:00").astimezone(ZoneInfo(zone))
            assert row[name] == (local and f"{local:%Y-%m-%d %H:%M:%S}")
    in_utc = read(report_type, asked, ledger=Ledger.of(1, 5.0))
    assert [row["balance_transaction_id"] for row in rows] == [
        row["balance_transaction_id"] for row in in_utc
    ]


def test_a_repeated_hour_is_in_the_ledger():
    """So that readers of local times meet one: 02:30 in Paris, twice on the last Sunday of October."""
    asked = interval(datetime(2025, 10, 26, tzinfo=UTC), datetime(2025, 10, 26, 2, tzinfo=UTC))
    rows = read(
        "balance_change_from_activity.itemized.7",
        asked | {"columns": ["created", "created_utc"], "timezone": "Europe/Paris"},
        ledger=Ledger.of(1, 200.0),
    )
    assert {row["created"][11:13] for row in rows} == {"02"}
    assert {row["created_utc"][11:13] for row in rows} == {"00", "01"}


def test_a_skipped_hour_is_in_no_file():
    """No clock in Paris showed 02:30 on the last Sunday of March."""
    asked = interval(datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC))
    rows = read(
        "balance_change_from_activity.itemized.7",
        asked | {"columns": ["created", "created_utc"], "timezone": "Europe/Paris"},
        ledger=Ledger.of(1, 200.0),
    )
    assert {row["created_utc"][11:13] for row in rows} == {"00", "01"}
    assert {row["created"][11:13] for row in rows} == {"01", "03"}


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        pytest.param(None, "2026-08-31", "2026-09-30", id="UTC"),
        pytest.param("Europe/Paris", "2026-09-01", "2026-09-30", id="Paris"),
        pytest.param("US/Pacific-New", "2026-08-31", "2026-09-30", id="a zone that few libraries know"),
    ],
)
def test_labels_show_the_first_and_the_last_included_day(zone, first, last):
    """The dates of a balance summary stand nowhere else."""
    asked = interval(datetime(2026, 8, 31, 22, tzinfo=UTC), datetime(2026, 9, 30, 22, tzinfo=UTC))
    rows = read("balance.summary.2", asked | ({"timezone": zone} if zone else {}))
    assert [row["description"] for row in rows[:9]] == [
        f"Starting balance ({first})",
        f"Available balance ({first})",
        "Account activity before fees",
        "Less fees",
        "Activity",
        "Payouts to bank",
        "Payout fees",
        "Total payouts",
        f"Ending balance ({last})",
    ]


def test_nothing_shows_that_was_not_yet_published():
    """A payout that is made tomorrow is in no file of today."""
    day = interval(datetime(2026, 9, 3, tzinfo=UTC), datetime(2026, 9, 4, tzinfo=UTC))
    asked = day | {"columns": ["automatic_payout_id", "trace_id", "trace_id_status"], "currency": "eur"}
    early = read("balance_change_from_activity.itemized.7", asked, as_of=day["interval_end"])
    late = read("balance_change_from_activity.itemized.7", asked)
    assert {tuple(row.values()) for row in early} == {(None, None, None)}
    assert all(row["automatic_payout_id"] and row["trace_id"] for row in late)
    payouts = month("2026-09") | {"columns": ["payout_id", "payout_status", "reporting_category"]}
    assert "in_transit" not in {row["payout_status"] for row in read("payouts.itemized.5", payouts)}


# Agreement


def random_interval(draw) -> dict[str, int]:
    bounds = st.integers(int(ACCOUNT_OPENED.timestamp()), PUBLISHED)
    start, end = sorted(draw(st.lists(bounds, min_size=2, max_size=2, unique=True)))
    return {"interval_start": start, "interval_end": end}


any_ledger = random_ledgers(0.3, 3.0)


@given(data=st.data(), ledger=any_ledger, zone=st.sampled_from(ZONES))
@settings(deadline=None, max_examples=40)
def test_the_reports_agree_for_any_seed_interval_and_zone(data, ledger, zone):
    """The identities that hold on genuine files, with the trap of stand-alone fees."""
    asked = random_interval(data.draw)
    balance = summary(asked | {"timezone": zone}, ledger)
    asked_for_rows = asked | {"columns": ["currency", "gross", "fee", "net", "reporting_category"]}
    activity = read("balance_change_from_activity.itemized.7", asked_for_rows, ledger=ledger)
    payouts = read("payouts.itemized.5", asked_for_rows, ledger=ledger)

    for row in (*activity, *payouts):
        assert Decimal(row["gross"]) - Decimal(row["fee"]) == Decimal(row["net"])
    fee_rows = [row for row in activity if row["reporting_category"] in ("fee", "network_cost")]
    nets, fees, stand_alone = total(activity, "net"), total(activity, "fee"), total(fee_rows, "gross")
    paid, to_bank = total(payouts, "net"), total(payouts, "gross")
    assert set(nets) | set(paid) <= set(balance)
    for currency, f in balance.items():
        assert f["starting_balance"] + f["activity"] + f["payouts"] == f["ending_balance"]
        assert f["activity_gross"] + f["activity_fee"] == f["activity"]
        assert f["payouts_gross"] + f["payouts_fee"] == f["payouts"]
        assert f["activity"] == nets.get(currency, 0)
        assert f["activity_fee"] == -fees.get(currency, 0) + stand_alone.get(currency, 0)
        assert f["payouts"] == -paid.get(currency, 0)
        assert f["payouts_gross"] == -to_bank.get(currency, 0)


@given(data=st.data(), ledger=any_ledger)
@settings(deadline=None, max_examples=15)
def test_the_ending_balance_is_the_next_starting_balance(data, ledger):
    """Intervals that touch tile time: nothing is counted twice, and nothing is lost."""
    asked = random_interval(data.draw)
    middle = data.draw(st.integers(asked["interval_start"], asked["interval_end"]))
    before = summary(asked | {"interval_end": middle}, ledger)
    after = summary(asked | {"interval_start": middle}, ledger)
    whole = summary(asked, ledger)
    for currency, f in whole.items():
        first = before.get(currency, defaultdict(Decimal))
        assert first["ending_balance"] == after[currency]["starting_balance"]
        assert first["activity"] + after[currency]["activity"] == f["activity"]
        assert first["payouts"] + after[currency]["payouts"] == f["payouts"]


@given(data=st.data(), ledger=any_ledger)
@settings(deadline=None, max_examples=15)
def test_a_summary_counts_the_rows_of_its_itemised_twin(data, ledger):
    """By currency and reporting category: count, gross, fee, net."""
    period = random_interval(data.draw)
    for family, version in (
        ("balance_change_from_activity", 3),
        ("payouts", 3),
        ("payout_reconciliation", 5),
        ("payout_reconciliation.by_id", 4),
        ("ending_balance_reconciliation", 4),
    ):
        if family.endswith("by_id") and not automatic_payouts(period, ledger):
            continue
        asked = parameters_of(f"{family}.itemized.{version}", period, ledger=ledger)
        rows = read(f"{family}.itemized.{version}", asked, ledger=ledger)
        groups = defaultdict(list)
        for row in rows:
            groups[row["currency"], row["reporting_category"]].append(row)
        expected = [
            (
                currency,
                category,
                len(members),
                *(sum(Decimal(m[name]) for m in members) for name in ("gross", "fee", "net")),
            )
            for (currency, category), members in sorted(groups.items())
        ]
        got = [
            (
                row["currency"],
                row["reporting_category"],
                int(row["count"]),
                *(Decimal(row[n]) for n in ("gross", "fee", "net")),
            )
            for row in read(f"{family}.summary.1", asked, ledger=ledger)
        ]
        assert got == expected


def test_payouts_are_positive_here_and_a_failed_one_has_two_rows():
    """Both carry the same payout; a negative payout is Stripe debiting the bank."""
    asked = interval(ACCOUNT_OPENED, datetime.fromtimestamp(PUBLISHED, UTC))
    names = [column.name for column in catalog.get("payouts.itemized.5").columns]
    rows = read("payouts.itemized.5", asked | {"columns": names})
    failed = [row for row in rows if row["payout_status"] == "failed"]
    pairs = defaultdict(list)
    for row in failed:
        pairs[row["payout_id"]].append((row["reporting_category"], Decimal(row["net"])))
        assert (
            row["payout_reversed_at_utc"] > row["effective_at_utc"]
            or row["reporting_category"] == "payout_reversal"
        )
    for (first, out), (second, back) in pairs.values():
        assert (first, second) == ("payout", "payout_reversal")
        assert out == -back > 0
    assert any(Decimal(row["net"]) < 0 for row in rows if row["reporting_category"] == "payout")
    assert all(row["payout_reversed_at"] is None for row in rows if row["payout_status"] == "paid")


def test_the_currency_of_an_untouched_zero_is_blank():
    """Before the first dinar there are no rows for dinars; in a week without payouts theirs are blank."""
    early = read("balance.summary.1", month("2024-12"))
    assert {row["currency"] for row in early} == {"eur", "usd", "jpy"}
    asked = interval(datetime(2026, 9, 7, tzinfo=UTC), datetime(2026, 9, 8, tzinfo=UTC))
    rows = read("balance.summary.1", asked | {"currency": "kwd"})
    assert [(row["category"], row["currency"]) for row in rows] == [
        ("starting_balance", "kwd"),
        ("activity_gross", "kwd"),
        ("activity_fee", "kwd"),
        ("activity", "kwd"),
        ("payouts_gross", None),
        ("payouts_fee", None),
        ("payouts", None),
        ("ending_balance", "kwd"),
    ]
    assert [row["net_amount"] for row in rows[4:7]] == ["0.00"] * 3


def test_a_currency_nobody_used_gives_one_blank_set():
    """Eight rows as in an empty month, not a header alone."""
    rows = read("balance.summary.1", month("2026-09") | {"currency": "sek"})
    assert len(rows) == 8
    assert {(row["net_amount"], row["currency"]) for row in rows} == {("0.00", None)}


@pytest.mark.parametrize(
    "report_type",
    [
        "balance_change_from_activity.itemized.3",
        "payouts.itemized.3",
        "payout_reconciliation.itemized.7",
        "payout_reconciliation.by_id.itemized.4",
        "ending_balance_reconciliation.itemized.4",
    ],
)
def test_filters_keep_rows_and_change_none(report_type):
    """``currency`` (in any case) and ``reporting_category``; one that nobody used keeps nothing."""
    asked = parameters_of(report_type, month("2026-10"))
    every = read(report_type, asked)
    category = "payout_reversal" if "payouts" in report_type else "fee"
    kept = read(report_type, asked | {"reporting_category": category})
    assert kept == [row for row in every if row["reporting_category"] == category] != []
    assert read(report_type, asked | {"reporting_category": "topup"}) == []
    if "currency" in catalog.get(report_type).parameters:
        assert read(report_type, asked | {"currency": "EUR"}) == [r for r in every if r["currency"] == "eur"]
        assert read(report_type, asked | {"currency": "sek"}) == []


def test_rows_are_in_the_order_of_time():
    """By creation, payouts by the day they take effect, what they settle payout by payout."""
    created = [
        row["created_utc"] for row in read("balance_change_from_activity.itemized.1", month("2026-10"))
    ]
    effective = [row["effective_at_utc"] for row in read("payouts.itemized.1", month("2026-10"))]
    assert created == sorted(created)
    assert effective == sorted(effective)
    settled = read("payout_reconciliation.itemized.5", month("2026-10"))
    by_payout = [(row["automatic_payout_effective_at"], row["automatic_payout_id"]) for row in settled]
    assert [key[0] for key in by_payout] == sorted(key[0] for key in by_payout)
    assert len([key for key, next_ in pairwise(by_payout) if key != next_]) + 1 == len(set(by_payout))
    open_ = read("ending_balance_reconciliation.itemized.1", {"interval_end": PUBLISHED})
    assert [row["created_utc"] for row in open_] == sorted(row["created_utc"] for row in open_)


# Payouts and what they settle


SETTLED = [
    "automatic_payout_id",
    "balance_transaction_id",
    "created_utc",
    "currency",
    "net",
    "reporting_category",
]


def settled(asked, ledger) -> dict[str, list[dict[str, str | None]]]:
    """The rows of payout_reconciliation, payout by payout."""
    groups = defaultdict(list)
    for row in read("payout_reconciliation.itemized.7", asked | {"columns": SETTLED}, ledger=ledger):
        groups[row["automatic_payout_id"]].append(row)
    return dict(groups)


def nets(rows) -> Decimal:
    return sum((Decimal(row["net"]) for row in rows), Decimal())


@given(data=st.data(), ledger=any_ledger)
@settings(deadline=None, max_examples=20)
def test_an_interval_reconciles_exactly_the_automatic_payouts_that_take_effect_in_it(data, ledger):
    """Each group sums to its payout, to the minor unit, failed and negative ones included."""
    asked = random_interval(data.draw)
    columns = ["payout_id", "net", "reporting_category", "payout_description"]
    expected = {
        row["payout_id"]: Decimal(row["net"])
        for row in read("payouts.itemized.5", asked | {"columns": columns}, ledger=ledger)
        if row["reporting_category"] == "payout" and row["payout_description"] == "STRIPE PAYOUT"
    }
    assert {id_: nets(rows) for id_, rows in settled(asked, ledger).items()} == expected


@given(data=st.data(), ledger=any_ledger)
@settings(deadline=None, max_examples=20)
def test_activity_by_payout_gives_each_payout_except_at_the_edges(data, ledger):
    """What it lacks was earned before the interval, what it has too much leaves after it."""
    asked = random_interval(data.draw)
    start = f"{datetime.fromtimestamp(asked['interval_start'], UTC):%Y-%m-%d %H:%M:%S}"
    rows = read("balance_change_from_activity.itemized.7", asked | {"columns": SETTLED}, ledger=ledger)
    by_payout = total([row for row in rows if row["automatic_payout_id"]], "net", by="automatic_payout_id")
    groups = settled(asked, ledger)
    for id_, group in groups.items():
        earned_before = nets(row for row in group if row["created_utc"] < start)
        assert by_payout.pop(id_, Decimal()) + earned_before == nets(group)
    open_ = read(
        "ending_balance_reconciliation.itemized.4",
        {"interval_end": asked["interval_end"], "columns": SETTLED},
        ledger=ledger,
    )
    assert set(by_payout) <= {row["automatic_payout_id"] for row in open_}


@given(data=st.data(), ledger=any_ledger)
@settings(deadline=None, max_examples=15)
def test_a_payout_by_id_is_its_group_in_the_report_by_interval(data, ledger):
    """The same rows in the same order, with its own zone and columns."""
    groups = settled(random_interval(data.draw), ledger)
    if groups:
        id_ = data.draw(st.sampled_from(sorted(groups)))
        asked = {"payout": id_, "columns": SETTLED}
        assert read("payout_reconciliation.by_id.itemized.4", asked, ledger=ledger) == groups[id_]


@given(data=st.data(), ledger=any_ledger)
@settings(deadline=None, max_examples=20)
def test_what_is_open_at_the_end_sums_to_the_ending_balance(data, ledger):
    """In every currency, those paid out by hand and those with a payout that failed included."""
    asked = random_interval(data.draw)
    end = {"interval_end": asked["interval_end"]}
    ending = {currency: f["ending_balance"] for currency, f in summary(asked, ledger).items() if currency}
    itemized = total(read("ending_balance_reconciliation.itemized.4", end, ledger=ledger), "net")
    assert {currency: itemized.get(currency, Decimal()) for currency in ending} == ending
    assert set(itemized) <= set(ending)


@given(data=st.data(), ledger=any_ledger)
@settings(deadline=None, max_examples=15)
def test_every_transaction_is_settled_once_or_open(data, ledger):
    """Never both, never twice, and none is lost."""
    until = interval(ACCOUNT_OPENED, ACCOUNT_OPENED) | {
        "interval_end": random_interval(data.draw)["interval_end"]
    }
    ids = {"columns": ["balance_transaction_id", "reporting_category"]}
    activity = read("balance_change_from_activity.itemized.7", until | ids, ledger=ledger)
    done = read("payout_reconciliation.itemized.7", until | ids, ledger=ledger)
    end = {"interval_end": until["interval_end"]}
    open_ = read("ending_balance_reconciliation.itemized.4", end | ids, ledger=ledger)
    open_ = [row for row in open_ if not row["reporting_category"].startswith("payout")]
    assert sorted(row["balance_transaction_id"] for row in done + open_) == sorted(
        row["balance_transaction_id"] for row in activity
    )


@pytest.mark.parametrize("terms", EVERY_TERMS, ids=lambda terms: terms.pricing)
def test_a_payout_may_be_a_row_of_its_own_reconciliation(terms):
    """Some people find it there; with its own id as source, after the transactions that it settled."""
    plain = Ledger.of(1, 3.0, (), (), terms)
    listing = Ledger.of(1, 3.0, (), (), replace(terms, lists_payouts=True))
    columns = {"columns": [*SETTLED, "source_id"]}
    asked = month("2026-09") | columns
    rows = read("payout_reconciliation.itemized.7", asked, ledger=listing)
    own = [row for row in rows if row["reporting_category"] == "payout"]
    assert {row["source_id"] for row in own} == {row["automatic_payout_id"] for row in rows}
    assert [row for row in rows if row not in own] == read(
        "payout_reconciliation.itemized.7", asked, ledger=plain
    )
    assert set(total(rows, "net").values()) == {Decimal(0)}
    by_id = {"payout": own[0]["source_id"]} | columns
    assert read("payout_reconciliation.by_id.itemized.4", by_id, ledger=listing) == [
        row for row in rows if row["automatic_payout_id"] == own[0]["source_id"]
    ]


def test_an_instant_payouts_fee_is_between_the_balance_and_the_bank():
    """Gross is what the bank gets; the fee is negative here, and net is what the balance falls by."""
    ledger = Ledger.of(1, 3.0, (), (), INTERCHANGE_PLUS)
    every = interval(ACCOUNT_OPENED, datetime.fromtimestamp(PUBLISHED, UTC)) | {"currency": "kwd"}
    instant = [row for row in read("payouts.itemized.5", every, ledger=ledger) if Decimal(row["fee"])]
    assert instant
    for row in instant:
        assert 0 < Decimal(row["gross"]) < Decimal(row["net"])
        assert Decimal(row["gross"]) - Decimal(row["fee"]) == Decimal(row["net"])
    figures = summary(every, ledger)["kwd"]
    assert figures["payouts_fee"] == sum(Decimal(row["fee"]) for row in instant) < 0


@pytest.mark.parametrize(("where", "fees"), [("fee", {"fee", "network_cost"}), ("gross", {"fee"})])
def test_where_the_summary_counts_network_costs_is_a_switch(where, fees):
    """No genuine file proves it; either way, gross and fee together are the activity."""
    ledger = Ledger.of(1, 3.0, (), (), replace(INTERCHANGE_PLUS, network_cost=where))
    rows = read("balance_change_from_activity.itemized.3", month("2026-09"), ledger=ledger)
    as_fee = total([row for row in rows if row["reporting_category"] in fees], "gross")
    for currency, f in summary(month("2026-09"), ledger).items():
        carried = sum(Decimal(row["fee"]) for row in rows if row["currency"] == currency)
        assert f["activity_fee"] == as_fee[currency] - carried
        assert f["activity_gross"] + f["activity_fee"] == f["activity"]


def test_rows_of_fees_are_described_as_stripe_describes_them():
    """By product and day; a credit names no day."""
    ledger = Ledger.of(1, 3.0, (), (), INTERCHANGE_PLUS)
    rows = read("balance_change_from_activity.itemized.3", month("2026-10"), ledger=ledger)
    texts = {row["description"] for row in rows if row["reporting_category"] == "network_cost"}
    assert "Card payments (2026-10-02): Interchange" in texts
    assert "Credit for previously-assessed fees" in texts


def test_a_payout_counts_from_the_second_it_takes_effect():
    """An interval that ends there leaves it out, one that starts there has it."""
    ledger = Ledger.of(1)
    row = ledger.payouts.filter(pl.col("automatic") & (pl.col("effective_at") > PUBLISHED - 40 * DAY)).row(
        0, named=True
    )
    at, currency = row["effective_at"], {"currency": row["currency"]}
    before = {"interval_start": at - 1, "interval_end": at} | currency
    after = {"interval_start": at, "interval_end": at + 1} | currency
    open_ = {"columns": ["automatic_payout_id"]} | currency
    (id_,) = settled(after, ledger)
    assert settled(before, ledger) == {}
    ids = [
        {
            r["automatic_payout_id"]
            for r in read("ending_balance_reconciliation.itemized.4", open_ | {"interval_end": end})
        }
        for end in (at, at + 1)
    ]
    assert id_ in ids[0]
    assert id_ not in ids[1]


def test_a_failed_payout_settles_its_transactions_and_comes_back_as_one_sum():
    """Until it goes out again by hand, that sum is part of the balance."""
    ledger = Ledger.of(1)
    failed = ledger.payouts.filter(pl.col("failed_at") < PUBLISHED - 2 * DAY).row(-1, named=True)
    amount = Decimal(failed["amount"]).scaleb(-DECIMALS[failed["currency"]])
    end = {
        "currency": failed["currency"],
        "columns": ["net", "reporting_category", "source_id", "description"],
    }
    came_back, went_out = (
        read("ending_balance_reconciliation.itemized.4", end | {"interval_end": failed["failed_at"] + after})
        for after in (1, DAY + 1)
    )
    (back,) = [
        r for r in came_back if r["reporting_category"] == "payout_reversal" and Decimal(r["net"]) == amount
    ]
    assert back["description"] == "PAYOUT FAILURE (STRIPE PAYOUT)"
    payouts = read(
        "payouts.itemized.5",
        {"interval_start": failed["effective_at"], "interval_end": failed["failed_at"] + DAY + 1}
        | {"currency": failed["currency"], "columns": ["payout_id", "net", "reporting_category"]},
    )
    assert {
        "payout_id": back["source_id"],
        "net": f"-{back['net']}",
        "reporting_category": "payout_reversal",
    } in payouts
    (out,) = [row for row in went_out if row not in came_back and row["reporting_category"] == "payout"]
    assert Decimal(out["net"]) == -amount
    assert out["description"] == 'By hand, "treasury"'


def test_what_is_paid_out_by_hand_settles_nothing():
    """Stripe cannot tell what such a payout holds: its transactions stay open, and so does the payout."""
    asked = interval(ACCOUNT_OPENED, datetime.fromtimestamp(PUBLISHED, UTC)) | {"currency": "kwd"}
    assert read("payout_reconciliation.itemized.7", asked) == []
    open_ = read("ending_balance_reconciliation.itemized.4", {"interval_end": PUBLISHED, "currency": "kwd"})
    paid = read("payouts.itemized.5", asked)
    by_hand = [row for row in open_ if row["reporting_category"] == "payout"]
    assert [row["net"] for row in by_hand] == [f"-{row['net']}" for row in paid]
    assert [row["balance_transaction_id"] for row in by_hand] == [
        row["balance_transaction_id"] for row in paid
    ]


def test_a_negative_payout_is_a_group_of_refunds_and_fees():
    """Stripe debits the bank for them."""
    ledger = Ledger.of(1)
    debit = ledger.payouts.filter("automatic", pl.col("amount") < 0).row(-1, named=True)
    at = debit["effective_at"]
    groups = settled({"interval_start": at, "interval_end": at + 1, "currency": debit["currency"]}, ledger)
    ((_, rows),) = groups.items()
    assert nets(rows).scaleb(DECIMALS[debit["currency"]]) == debit["amount"] < 0


def test_columns_of_a_payout_say_what_the_bank_shows():
    """Token, descriptor and trace are the payout's: one each."""
    columns = ["automatic_payout_id", "payout_reference_token", "payout_statement_descriptor", "trace_id"]
    rows = read("payout_reconciliation.itemized.7", month("2026-09") | {"columns": columns})
    assert (
        len({tuple(row.values()) for row in rows}) == len({row["automatic_payout_id"] for row in rows}) > 40
    )
    assert all(re.fullmatch(r"ST-[0-9A-Z]{12}", row["payout_reference_token"]) for row in rows)


@pytest.mark.parametrize(
    ("payout", "code", "message"),
    [
        pytest.param("po_unknown", "resource_missing", "No such payout: 'po_unknown'", id="unknown"),
        pytest.param("tomorrow", "resource_missing", "No such payout: '", id="not in the data yet"),
        pytest.param(
            "by hand", None, "Balance transaction history can only be filtered on automatic", id="by hand"
        ),
    ],
)
def test_only_an_automatic_payout_that_is_in_the_data_can_be_asked_for(payout, code, message):
    """Anything else is an error, not an empty file that looks like an answer."""
    ledger, now = Ledger.of(1), datetime.fromtimestamp(PUBLISHED, UTC) + timedelta(hours=9)
    ids = ledger.payouts.with_columns(id=ledger.draws.payout_id(pl.col("payout")))
    by_name = {
        "tomorrow": ids.filter("automatic", pl.col("created") > PUBLISHED)["id"][0],
        "by hand": ids.filter(~pl.col("automatic"))["id"][0],
    }
    parameters = {"payout": by_name.get(payout, payout)}
    form = {"report_type": "payout_reconciliation.by_id.itemized.4", "parameters": parameters}
    with pytest.raises(StripeError) as raised:
        checked_request(
            form,
            livemode=False,
            now=now,
            offer=Offer(),
            publications=Publications(TIDY, 1),
            find_payout=lambda id_, _: ledger.payout(id_),
        )
    assert raised.value.status == 400
    assert raised.value.error.get("code") == code
    assert raised.value.error["param"] == "parameters[payout]"
    assert raised.value.error["message"].startswith(message)
