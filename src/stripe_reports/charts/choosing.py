"""Choose the charts of a report by its type and columns; the first is the default."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from inspect import signature
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Protocol, cast

from stripe_reports import catalog
from stripe_reports.charts import theme as look
from stripe_reports.charts.activity import activity_cumulated, activity_net, gross_fee_net
from stripe_reports.charts.balance import balance_waterfall
from stripe_reports.charts.columns import Frame
from stripe_reports.charts.components import COMPONENT, COMPONENT_TIMES, amounts_by_component
from stripe_reports.charts.connect import account_balances, accounts_by_volume, fees_by_plan
from stripe_reports.charts.fee_totals import fee_totals
from stripe_reports.charts.fees import card_fee_rate, fee_rate, fees_by_product
from stripe_reports.charts.financial import financial_activity, financial_waterfall
from stripe_reports.charts.linking import linked as linked_
from stripe_reports.charts.panels import Chart
from stripe_reports.charts.payouts import payout_arrival, payouts_over_time
from stripe_reports.charts.rates import dispute_and_refund_rates
from stripe_reports.charts.reconciliation import payout_composition, payouts_made_of
from stripe_reports.charts.revenue import debits_and_credits
from stripe_reports.charts.settled import counting, settled
from stripe_reports.charts.source import Source
from stripe_reports.charts.summary import by_category
from stripe_reports.charts.tax import tax_by_jurisdiction, tax_over_time
from stripe_reports.errors import ParameterError
from stripe_reports.render.suggest import did_you_mean

if TYPE_CHECKING:
    from stripe_reports.models import ReportRequest

__all__ = [
    "Recipe",
    "chart_of",
    "kinds_for",
    "kinds_of",
    "options_of",
    "recipe_for",
    "subtitle_of",
    "title_of",
]

_CHARACTERS = 84
"""Maximum characters of a line of the subtitle, which fit 600 pixels."""


class Recipe(Protocol):
    """A function that draws the frame of one kind of report."""

    def __call__(self, frame: Frame, *, title: str | None = ..., subtitle: Any = ...) -> Chart:
        """Return an altair chart of *frame*, one panel per currency."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A chart that reports can have.

    Attributes:
        name: Name to request it by.
        title: Title in a list.
        recipe: Function that draws it.
        types: Beginnings or endings of its report types, without version.
        columns: Required columns; of a tuple, one is enough.
    """

    name: str
    title: str
    recipe: Any
    types: tuple[str, ...]
    columns: tuple[str | tuple[str, ...], ...]

    def fits(self, base: str, columns: Iterable[str]) -> bool:
        present = set(columns)
        return any(_is_like(base, pattern) for pattern in self.types) and all(
            not present.isdisjoint((needed,) if isinstance(needed, str) else needed)
            for needed in self.columns
        )


def _is_like(base: str, pattern: str) -> bool:
    """Tell whether a type matches a pattern; Connect reports are drawn like those of a single account."""
    return base.removeprefix("connected_account_").startswith(pattern)


_ITEMIZED = (
    "balance_change_from_activity.itemized",
    "ending_balance_reconciliation.itemized",
    "payout_reconciliation.itemized",
    "payout_reconciliation.by_id.itemized",
)
_SUMMARIES = (
    "activity.summary",
    "balance_change_from_activity.summary",
    "ending_balance_reconciliation.summary",
    "payouts.summary",
    "payout_reconciliation.summary",
    "payout_reconciliation.by_id.summary",
)
_CREATED = ("created", "created_utc")
_AMOUNTS = ("currency", "gross", "fee", "net")
_ACCOUNT = ("connected_account", "connected_account_id")
_PAID = ("gross", "net")
_CATEGORY = "reporting_category"

_KINDS = (
    _Kind(
        "waterfall",
        "From the starting to the ending balance",
        balance_waterfall,
        ("balance.summary",),
        ("category", "net_amount", "currency"),
    ),
    _Kind(
        "payouts",
        "Composition of each payout",
        payouts_made_of,
        ("payout_reconciliation.itemized",),
        ("automatic_payout_id", _CATEGORY, "net", "currency"),
    ),
    _Kind(
        "composition",
        "Composition of all payouts",
        payout_composition,
        ("payout_reconciliation",),
        (_CATEGORY, "net", "currency"),
    ),
    _Kind(
        "net", "Net by reporting category", activity_net, _ITEMIZED, (_CREATED, _CATEGORY, "net", "currency")
    ),
    _Kind(
        "components",
        "Amounts by component",
        amounts_by_component,
        ("activity.itemized",),
        (COMPONENT_TIMES, COMPONENT, "amount", "currency"),
    ),
    _Kind("cumulated", "Net, cumulated", activity_cumulated, _ITEMIZED, (_CREATED, "net", "currency")),
    _Kind("gross_fee_net", "Gross, fees and net", gross_fee_net, _ITEMIZED, (_CREATED, *_AMOUNTS)),
    _Kind("fee_rate", "Fees as a rate of charges", fee_rate, _ITEMIZED, (_CREATED, _CATEGORY, *_AMOUNTS)),
    _Kind(
        "rates",
        "Disputes and refunds as rates",
        dispute_and_refund_rates,
        _ITEMIZED[:2],
        (_CREATED, _CATEGORY, "gross", "currency"),
    ),
    _Kind(
        "accounts",
        "Connected accounts by volume",
        accounts_by_volume,
        (*_ITEMIZED, "payouts.itemized"),
        (_ACCOUNT, "gross", "currency"),
    ),
    _Kind("categories", "Gross, fees and net by category", by_category, _SUMMARIES, (_CATEGORY, *_AMOUNTS)),
    _Kind(
        "status",
        "Payouts by status",
        payouts_over_time,
        ("payouts.itemized",),
        (("effective_at", "effective_at_utc"), _PAID, "currency", "payout_status"),
    ),
    _Kind(
        "arrival",
        "Days until payouts arrive",
        payout_arrival,
        ("payouts.itemized",),
        (("effective_at", "effective_at_utc"), "payout_expected_arrival_date", _PAID, "currency"),
    ),
    _Kind(
        "products",
        "Fees by product",
        fees_by_product,
        ("all_fees",),
        (("incurred_at", "balance_transaction_created"), "amount", "currency"),
    ),
    _Kind(
        "totals",
        "Total fees by product",
        fee_totals,
        ("all_fees.vat_invoice_v2",),
        ("product", "amount", "currency"),
    ),
    _Kind(
        "totals",
        "Total fees by financial account",
        fee_totals,
        ("treasury_fees",),
        ("financial_account", "fee", "balance_currency"),
    ),
    _Kind(
        "fee_rate",
        "Card fees as a rate of volume",
        card_fee_rate,
        ("connect_card_payments_fees.transaction_level", "card_payments_fees.transaction_level"),
        (
            "fee_incurred_at",
            "total_amount",
            "fee_currency",
            "captured_amount",
            "captured_currency",
            "charge_id",
        ),
    ),
    _Kind(
        "plans",
        "Card payment fees by plan",
        fees_by_plan,
        ("connect_card_payments_fees.plan_level",),
        ("plan_name", "total_amount", "fee_currency"),
    ),
    _Kind(
        "waterfall",
        "From the starting to the ending balance",
        financial_waterfall,
        ("financial_account_balance.summary",),
        ("category", "amount"),
    ),
    _Kind(
        "activity",
        "Amounts by category",
        financial_activity,
        ("financial_account_balance_change_from_activity.itemized",),
        (_CREATED, "category", "amount"),
    ),
    _Kind(
        "jurisdictions",
        "Tax by jurisdiction",
        tax_by_jurisdiction,
        ("tax.transactions",),
        (("jurisdiction_name", "country_code"), "tax_amount", "currency"),
    ),
    _Kind(
        "over_time",
        "Tax over time",
        tax_over_time,
        ("tax.transactions",),
        (("transaction_date", "transaction_date_utc"), "tax_amount", "currency"),
    ),
    _Kind(
        "balances",
        "Connected accounts by balance",
        account_balances,
        ("connect.negative_balance",),
        ("account_id", "balance", "currency"),
    ),
    _Kind(
        "debits_credits",
        "Debits and credits per period",
        debits_and_credits,
        ("revenue_recognition",),
        ("accounting_period", "debit", "credit", "amount", "currency"),
    ),
)
"""The kinds in the order of a list; the first that fits is the default."""

_ACCOUNTS_FIRST = "accounts"
"""The kind shown first for a platform's accounts."""


def kinds_for(report_type: str, columns: Iterable[str]) -> dict[str, str]:
    """Return the charts of a report of that type with these columns: name and title.

    Args:
        report_type: With or without its version.
        columns: Columns of the report's frame.
    """
    return {kind.name: kind.title for kind in _fitting(report_type, columns)}


def kinds_of(source: Source) -> dict[str, str]:
    """Return the charts of a report: name, and title for people; the first is the default."""
    return kinds_for(source.request.report_type, source.columns)


def recipe_for(report_type: str, columns: Iterable[str], kind: str | None = None) -> Recipe:
    """Return the recipe for such a report.

    Raises:
        ParameterError: There is no such kind of chart, or none at all, for this type and these columns.
    """
    columns = list(columns)
    fitting = {each.name: each for each in _fitting(report_type, columns)}
    if not fitting:
        raise ParameterError(_none_at_all(report_type, columns), param="kind")
    name = next(iter(fitting)) if kind is None else kind
    if name not in fitting:
        hint = did_you_mean(name, fitting, most=1)
        raise ParameterError(
            f"There is no chart {name!r} for {report_type} with these columns.{hint} "
            f"The charts are {', '.join(map(repr, fitting))}.",
            param="kind",
        )
    return cast("Recipe", fitting[name].recipe)


def options_of(source: Source, kind: str | None = None) -> list[str]:
    """Return the names of the options that a chart of the report takes.

    Raises:
        ParameterError: There is no such kind of chart for this report.
    """
    parameters = signature(recipe_for(source.request.report_type, source.columns, kind)).parameters.values()
    return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]


def _fitting(report_type: str, columns: Iterable[str]) -> list[_Kind]:
    columns = list(columns)
    base = _base(report_type)
    kinds = [kind for kind in _KINDS if kind.fits(base, columns)]
    if base.startswith("connected_account_"):
        kinds.sort(key=lambda kind: kind.name != _ACCOUNTS_FIRST)
    return kinds


def _base(report_type: str) -> str:
    base, _, version = report_type.rpartition(".")
    return base if version.isdigit() else report_type


def _none_at_all(report_type: str, columns: list[str]) -> str:
    base = _base(report_type)
    near = [kind for kind in _KINDS if kind.fits(base, _all_needed(kind))]
    if not near:
        known = sorted({kind.types[0] for kind in _KINDS})
        return (
            f"There is no chart for {report_type}, only for {', '.join(known)} and similar types. "
            "Draw its frame with altair."
        )
    missing = [name for name in _all_needed(near[0]) if name not in columns]
    return (
        f"The chart of {report_type} needs the columns {', '.join(missing)}, which the report does not have. "
        "Fetch the report with these columns."
    )


def _all_needed(kind: _Kind) -> list[str]:
    return [needed if isinstance(needed, str) else needed[0] for needed in kind.columns]


def chart_of(
    source: Source,
    kind: str | None = None,
    *,
    theme: look.Theme | None = None,
    linked: bool = False,
    **options: Any,
) -> Chart:
    """Draw a report; title and subtitle give its contents, period, time zone and age of the data.

    Args:
        source: The report to draw.
        kind: One of ``kinds_of(source)``; None for the first.
        theme: ``"light"``, ``"dark"``, or ``"page"`` for the colours of the page around it; None means the
            page in a notebook and light in a file.
        linked: True to allow selections; see ``linked``.
        options: Options of the recipe; ``title`` and ``subtitle`` replace ours.

    Raises:
        ParameterError: There is no such chart for the report's type and columns, or no such theme.
    """
    recipe = recipe_for(source.request.report_type, source.columns, kind)
    known: dict[str, Any] = {"subtitle": subtitle_of(source)}
    zone = source.request.timezone or source.request.zone
    if "timezone" in recipe.__annotations__ and zone:
        known["timezone"] = zone
    base, rows, where = _base(source.request.report_type), source.rows, None
    if "payout_reconciliation" in base and _CATEGORY in source.columns:
        rows, where = settled(rows)
    chart = counting(recipe(rows, **(known | options)), where)
    chart = linked_(chart) if linked else chart
    return look.dressed(chart, theme) if theme else chart


def title_of(request: ReportRequest) -> str:
    """Return Stripe's name of the report."""
    return catalog.completed(request.report_type).name


def subtitle_of(source: Source, *, named: bool = True) -> list[str]:
    """Return the name of the report, its days with the time zone, and the time of the data.

    Args:
        source: The report.
        named: False to leave out the name, if the title has it.
    """
    request = source.request
    zone = f", {request.display_zone.key}" if request.period_end else ""
    is_dated = request.period_end is not None or request.payout is not None
    parts = [
        [*([title_of(request)] if named else []), *([f"{request.days_text}{zone}"] if is_dated else [])],
        [request.report_type, source.origin_text],
    ]
    lines = []
    for two in parts:
        together = " · ".join(two)
        lines += (
            [together]
            if len(together) <= _CHARACTERS
            else [part for p in two for part in wrap(p, _CHARACTERS)]
        )
    return lines
