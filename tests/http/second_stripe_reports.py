"""Reports of a second stand-in for Stripe: a small ledger, the reports of it, and their files."""

import csv
import hashlib
import io
import zipfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

MAIN, BRANCH = "acct_1SecondMain", "acct_1SecondBranch"


@dataclass(frozen=True)
class Entry:
    """One balance transaction."""

    id: str
    created: datetime
    available: date
    currency: str
    gross: Decimal
    fee: Decimal
    category: str
    description: str | None
    payout: str | None

    @property
    def net(self) -> Decimal:
        return self.gross - self.fee


FIRST_DAY = datetime(2026, 6, 1, tzinfo=UTC)
JULY = datetime(2026, 7, 1, tzinfo=UTC)
CATEGORIES = (*["charge"] * 7, "refund", "fee", "payout")
DESCRIPTIONS = ("Order {}", 'Monitor 27", no. {}', "注文 {}", "two\nlines, {}", None)
LARGE = 2**53 + 1  # the first integer that a double cannot hold


def _entry(n: int) -> Entry:
    """One of the 300 transactions from June to August 2026: two of three in dollars, the others in yen."""
    currency, category = ("jpy" if n % 3 == 2 else "usd"), CATEGORIES[n % 10]
    size = LARGE if n in (100, 101) else 1_000 + n * 7_919 % 50_000
    gross = {"charge": size, "refund": -size // 4, "fee": 0, "payout": -3 * size}[category]
    fee = {"charge": size * 29 // 1_000 + 30, "fee": size // 100}.get(category, 0)
    created = JULY if n == 98 else FIRST_DAY + n * timedelta(seconds=26_473, milliseconds=7)
    text = DESCRIPTIONS[n % len(DESCRIPTIONS)]
    return Entry(
        id=f"txn_2nd{n:04}",
        created=created,
        available=created.date() + timedelta(days=2),
        currency=currency,
        gross=_major(gross, currency),
        fee=_major(fee, currency),
        category=category,
        description=text and text.format(n),
        payout=f"po_2nd{n:04}" if category == "payout" else None,
    )


def _major(minor: int, currency: str) -> Decimal:
    return Decimal(minor) if currency == "jpy" else Decimal(minor).scaleb(-2)


_ENTRIES = [_entry(n) for n in range(300)]
LEDGERS = {MAIN: _ENTRIES, BRANCH: [entry for entry in _ENTRIES[::5] if entry.currency == "usd"]}


Row = tuple[object, ...]


@dataclass(frozen=True)
class Interval:
    """What a run asks for. Not documented: which bound belongs to it; the first does, the last does not."""

    start: datetime
    end: datetime
    currency: str | None

    def within(self, ledger: list[Entry]) -> list[Entry]:
        return [entry for entry in self.until_end(ledger) if entry.created >= self.start]

    def until_end(self, ledger: list[Entry]) -> list[Entry]:
        return [e for e in ledger if e.created < self.end and self.currency in (None, e.currency)]


def _balance_summary(ledger: list[Entry], interval: Interval) -> list[Row]:
    rows = []
    for currency in ("usd", "jpy"):
        until = [entry for entry in interval.until_end(ledger) if entry.currency == currency]
        inside = [entry for entry in until if entry.created >= interval.start]
        groups = {
            ("starting_balance", "Balance at the start"): [e for e in until if e.created < interval.start],
            ("activity", "Charges, refunds and fees"): [e for e in inside if e.category != "payout"],
            ("payouts", "Paid out"): [e for e in inside if e.category == "payout"],
            ("ending_balance", "Balance at the end"): until,
        }
        if until:
            rows += [(*names, _total(entries, currency), currency) for names, entries in groups.items()]
    return rows


def _total(entries: list[Entry], currency: str) -> Decimal:
    return sum((entry.net for entry in entries), _major(0, currency))


def _activity(ledger: list[Entry], interval: Interval) -> list[Row]:
    return [
        (e.id, e.created, e.available, e.currency, e.gross, e.fee, e.net, e.category, e.description)
        for e in interval.within(ledger)
        if e.category != "payout"
    ]


def _activity_summary(ledger: list[Entry], interval: Interval) -> list[Row]:
    groups = defaultdict(list)
    for entry in interval.within(ledger):
        if entry.category != "payout":
            groups[entry.currency, entry.category].append(entry)
    return [
        (*names, len(entries), *(sum(getattr(e, part) for e in entries) for part in ("gross", "fee", "net")))
        for names, entries in sorted(groups.items())
    ]


def _payouts(ledger: list[Entry], interval: Interval) -> list[Row]:
    return [
        (e.payout, e.created, e.available, e.currency, -e.gross, e.id.endswith("9"))
        for e in interval.within(ledger)
        if e.payout
    ]


def _products(_ledger: list[Entry], _interval: None) -> list[Row]:
    return [
        ("prod_2nd1", "Chair", True, LARGE, 1, 0.1, Decimal("19.90"), date(2024, 2, 29), FIRST_DAY, JULY),
        ("prod_2nd2", "007", False, -LARGE, 2, 1.5e-07, Decimal("-0.01"), None, None, None),
        ("prod_2nd3", None, None, None, None, None, None, date(1999, 12, 31), JULY, FIRST_DAY),
    ]


@dataclass(frozen=True)
class Report:
    """One kind of report: its columns, and what fills them; without that, no account may run it."""

    name: str
    description: str
    columns: dict[str, str]
    rows: Callable[..., list[Row]] | None = None
    has_interval: bool = True
    choosable: bool = False

    @property
    def id(self) -> str:
        return f"report_61{digest(self.name)[:18]}"

    @property
    def parameters(self) -> dict[str, dict]:
        """What a run takes, as the description of a report says it."""
        if not self.has_interval:
            return {}
        currencies = {"enum_details": {"allowed_values": ["jpy", "usd"]}}
        parameters = {
            "interval_start": _parameter("timestamp", "Start of the data.", required=True),
            "interval_end": _parameter("timestamp", "End of the data.", required=True),
            "currency": _parameter("enum", "Only this currency.") | currencies,
        }
        if self.choosable:
            names = {"enum_details": {"allowed_values": list(self.columns)}}
            details = {"array_details": {"element_type": "enum"} | names}
            parameters["columns"] = _parameter("array", "Only these columns, in this order.") | details
        return parameters


def _parameter(type_: str, description: str, *, required: bool = False) -> dict:
    # Not documented: whether details of other types are absent or null; they are absent.
    return {"type": type_, "required": required, "description": description}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_AMOUNTS = dict.fromkeys(("gross", "fee", "net"), "decimal")
_INACCESSIBLE = (
    *("card_payments.fees", "connect.transfers", "disputes.itemized", "issuing.transactions"),
    *("radar.decisions", "revenue_recognition.waterfall", "tax.itemized", "terminal.readers"),
)
REPORTS = [
    Report(
        "balance.summary",
        "Balance at the start and the end, and what changed it.",
        {"category": "varchar", "description": "varchar", "net_amount": "decimal", "currency": "varchar"},
        _balance_summary,
    ),
    Report(
        "balance_change_from_activity.itemized",
        "Each balance transaction except payouts.",
        {"balance_transaction_id": "varchar", "created": "timestamp", "available_on": "date"}
        | {"currency": "varchar"}
        | _AMOUNTS
        | {"reporting_category": "varchar", "description": "varchar"},
        _activity,
        choosable=True,
    ),
    Report(
        "balance_change_from_activity.summary",
        "Balance transactions except payouts, by category.",
        {"currency": "varchar", "reporting_category": "varchar", "count": "bigint"} | _AMOUNTS,
        _activity_summary,
    ),
    *(Report(name, f"The report {name}.", {"id": "varchar"}) for name in _INACCESSIBLE),
    Report(
        "payouts.itemized",
        "Each payout.",
        {"payout_id": "varchar", "effective_at": "timestamp", "arrival_date": "date", "currency": "varchar"}
        | {"amount": "decimal", "automatic": "boolean"},
        _payouts,
    ),
    Report(
        "products.list",
        "Each product, as it is now; it has one column of each type.",
        {"product_id": "varchar", "name": "varchar", "active": "boolean", "units": "bigint"}
        | {"rank": "integer", "weight": "double", "price": "decimal"}
        | {"launched": "date", "changed": "datetime", "published": "timestamp"},
        _products,
        has_interval=False,
    ),
]


def report_named(name: str) -> Report:
    return next(report for report in REPORTS if report.name == name)


def table(report: Report, parameters: dict, account: str) -> tuple[dict[str, str], list[Row]]:
    """The columns with their types, and the rows with Python's values, of a run with these parameters."""
    interval = None
    if report.has_interval:
        bounds = (datetime.fromisoformat(parameters[name]) for name in ("interval_start", "interval_end"))
        interval = Interval(*bounds, parameters.get("currency"))
    rows = report.rows(LEDGERS[account], interval)
    names = list(report.columns)
    chosen = parameters.get("columns") or names
    places = [names.index(name) for name in chosen]
    return {name: report.columns[name] for name in chosen}, [tuple(row[i] for i in places) for row in rows]


def cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}"
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def csv_file(columns: dict[str, str], rows: list[Row]) -> bytes:
    """Not documented: line ends and quotes. They are those of RFC 4180, which defines text/csv."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([list(columns), *([cell(value) for value in row] for row in rows)])
    return text.getvalue().encode()


def zip_file(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)  # Not documented: the name of the member.
    return archive.getvalue()
