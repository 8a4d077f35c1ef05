"""The simulator's files: Stripe's bytes, and figures that agree with each other to the last minor unit."""

import csv
import io
import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports import catalog
from stripe_reports.simulator import reports
from stripe_reports.simulator.ledger import ACCOUNT_OPENED, Ledger

PUBLISHED = int(datetime(2026, 11, 5, tzinfo=UTC).timestamp())
DECIMALS = {"eur": 2, "usd": 2, "jpy": 0, "kwd": 3, "gbp": 2, None: 2}
SIMULATED = [type_.id for type_ in reports.simulated()]
ITEMIZED = [id_ for id_ in SIMULATED if "itemized" in id_]
ZONES = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]


def month(text: str) -> dict[str, int]:
    first = datetime.fromisoformat(f"{text}-01T00:00:00+00:00")
    return interval(first, (first + timedelta(days=32)).replace(day=1))


def interval(start: datetime, end: datetime) -> dict[str, int]:
    return {"interval_start": int(start.timestamp()), "interval_end": int(end.timestamp())}


def produce(report_type, parameters, *, ledger=None, as_of=PUBLISHED) -> bytes:
    return reports.csv(ledger or Ledger.of(1), catalog.get(report_type), parameters, as_of)


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


@pytest.mark.parametrize("report_type", [id_ for id_ in SIMULATED if not id_.startswith("balance.summary")])
def test_an_empty_report_is_its_header(report_type):
    """Most genuine files are."""
    columns = reports.default_columns(catalog.get(report_type))
    expected = ",".join(f'"{name}"' for name in columns) + "\n"
    assert produce(report_type, month("2024-10")).decode() == expected


def test_every_cell_is_quoted_or_bare():
    """Quotes are doubled, line breaks stay inside."""
    for report_type in ("balance_change_from_activity.itemized.7", "payouts.itemized.5"):
        columns = [column.name for column in catalog.get(report_type).columns]
        text = produce(report_type, month("2026-09") | {"columns": columns}).decode()
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
    rows = read(report_type, month("2026-09") | {"columns": [column.name for column in type_.columns]})
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
    assert list(read(report_type, month("2026-09") | {"columns": asked})[0]) == asked
    default = list(reports.default_columns(catalog.get(report_type)))
    assert list(read(report_type, month("2026-09"))[0]) == default
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
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2024, 11, 10), date(2026, 11, 3)),
)
@settings(deadline=None, max_examples=25)
def test_local_times_are_the_utc_ones_in_the_zone_of_the_run(zone, day):
    """The zone moves no bound and no row; a repeated hour is written twice, a skipped one never."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    names = ["created", "available_on", "charge_created", "automatic_payout_effective_at"]
    columns = [*names, *(f"{name}_utc" for name in names), "balance_transaction_id"]
    asked = interval(start, start + timedelta(days=2)) | {"columns": columns}
    rows = read("balance_change_from_activity.itemized.7", asked | {"timezone": zone})
    assert rows
    for row in rows:
        for name in names:
            utc = row[f"{name}_utc"]
            local = utc and datetime.fromisoformat(f"{utc}+00:00").astimezone(ZoneInfo(zone))
            assert row[name] == (local and f"{local:%Y-%m-%d %H:%M:%S}")
    in_utc = read("balance_change_from_activity.itemized.7", asked)
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


random_ledgers = st.builds(Ledger.of, st.integers(0, 2**40), st.sampled_from([0.3, 3.0]))


@given(data=st.data(), ledger=random_ledgers, zone=st.sampled_from(ZONES))
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
    fee_rows = [row for row in activity if row["reporting_category"] == "fee"]
    nets, fees, stand_alone = total(activity, "net"), total(activity, "fee"), total(fee_rows, "gross")
    paid = total(payouts, "net")
    assert set(nets) | set(paid) <= set(balance)
    for currency, f in balance.items():
        assert f["starting_balance"] + f["activity"] + f["payouts"] == f["ending_balance"]
        assert f["activity_gross"] + f["activity_fee"] == f["activity"]
        assert f["payouts_gross"] + f["payouts_fee"] == f["payouts"]
        assert f["activity"] == nets.get(currency, 0)
        assert f["activity_fee"] == -fees.get(currency, 0) + stand_alone.get(currency, 0)
        assert f["payouts"] == -paid.get(currency, 0)


@given(data=st.data(), ledger=random_ledgers)
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


@given(data=st.data(), ledger=random_ledgers)
@settings(deadline=None, max_examples=15)
def test_a_summary_counts_the_rows_of_its_itemised_twin(data, ledger):
    """By currency and reporting category: count, gross, fee, net."""
    asked = random_interval(data.draw)
    for family in ("balance_change_from_activity", "payouts"):
        rows = read(f"{family}.itemized.3", asked, ledger=ledger)
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


def test_activity_by_payout_gives_each_payout():
    """Except at the edges: money earned before the interval, or paid out after it."""
    asked = interval(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    groups = total(
        [
            row
            for row in read(
                "balance_change_from_activity.itemized.7", asked | {"columns": ["automatic_payout_id", "net"]}
            )
            if row["automatic_payout_id"]
        ],
        "net",
        by="automatic_payout_id",
    )
    inner = interval(datetime(2026, 9, 15, tzinfo=UTC), datetime(2026, 10, 15, tzinfo=UTC))
    payouts = read("payouts.itemized.5", inner)
    automatic = [
        row for row in payouts if row["reporting_category"] == "payout" and row["payout_id"] in groups
    ]
    assert len(automatic) > 40
    for row in automatic:
        assert groups[row["payout_id"]] == Decimal(row["net"])
    others = {row["description"] for row in payouts if row not in automatic}
    assert others <= {'By hand, "treasury"', "PAYOUT FAILURE (STRIPE PAYOUT)"}


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


@pytest.mark.parametrize("report_type", ["balance_change_from_activity.itemized.3", "payouts.itemized.3"])
def test_filters_keep_rows_and_change_none(report_type):
    """``currency`` (in any case) and ``reporting_category``."""
    every = read(report_type, month("2026-10"))
    category = "refund" if "activity" in report_type else "payout_reversal"
    assert read(report_type, month("2026-10") | {"currency": "EUR"}) == [
        r for r in every if r["currency"] == "eur"
    ]
    kept = read(report_type, month("2026-10") | {"reporting_category": category})
    assert kept == [row for row in every if row["reporting_category"] == category] != []


def test_rows_are_in_the_order_of_time():
    """By creation, payouts by the day they take effect."""
    created = [
        row["created_utc"] for row in read("balance_change_from_activity.itemized.1", month("2026-10"))
    ]
    effective = [row["effective_at_utc"] for row in read("payouts.itemized.1", month("2026-10"))]
    assert created == sorted(created)
    assert effective == sorted(effective)
