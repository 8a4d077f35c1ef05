"""Choose the charts of a report by its type and columns; the first is the default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from stripe_reports import catalog
from stripe_reports.catalog.splitting import PART
from stripe_reports.charts import theme as look
from stripe_reports.charts.columns import first_of, zone_of
from stripe_reports.charts.linking import linked as linked_
from stripe_reports.charts.panels import Chart
from stripe_reports.charts.recipe import Recipe
from stripe_reports.charts.recipes import RECIPES
from stripe_reports.charts.reconciliation import counting, of_categories, settled
from stripe_reports.charts.slots import Within
from stripe_reports.charts.source import Source
from stripe_reports.errors import ParameterError
from stripe_reports.models import base_of
from stripe_reports.models.values import zone_named
from stripe_reports.render.suggest import did_you_mean

if TYPE_CHECKING:
    from stripe_reports.models import ReportRequest

__all__ = [
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
    return fitting[name]


def options_of(source: Source, kind: str | None = None) -> list[str]:
    """Return the names of the options that a chart of the report takes.

    Raises:
        ParameterError: There is no such kind of chart for this report.
    """
    return recipe_for(source.request.report_type, source.columns, kind).options


def _fitting(report_type: str, columns: Iterable[str]) -> list[Recipe]:
    columns = list(columns)
    base = base_of(report_type)
    kinds = [kind for kind in RECIPES if kind.fits(base, columns)]
    kinds.sort(key=lambda kind: not kind.is_of_parts)
    if base.startswith("connected_account_"):
        kinds.sort(key=lambda kind: kind.name != _ACCOUNTS_FIRST)
    return kinds


def _none_at_all(report_type: str, columns: list[str]) -> str:
    base = base_of(report_type)
    near = [kind for kind in RECIPES if kind.fits(base, _all_needed(kind))]
    if not near:
        known = sorted({kind.types[0] for kind in RECIPES})
        return (
            f"There is no chart for {report_type}, only for {', '.join(known)} and similar types. "
            "Draw its frame with altair."
        )
    missing = [name for name in _all_needed(near[0]) if name not in columns]
    return (
        f"The chart of {report_type} needs the columns {', '.join(missing)}, which the report does not have. "
        "Fetch the report with these columns."
    )


def _all_needed(kind: Recipe) -> list[str]:
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
        ParameterError: There is no such chart for the report's type and columns, or no such theme; or the
            activity or the volume has another period or lacks a currency.
    """
    recipe = recipe_for(source.request.report_type, source.columns, kind)
    known: dict[str, Any] = {"subtitle": subtitle_of(source)}
    request = source.request
    for name in _BESIDE:
        _check_beside(request, name, options.get(name), options.get("currency") or request.currency)
    if recipe.time:
        known["timezone"] = request.timezone or request.zone
        zone = _zone_of_days(source, recipe, options.get("timezone"))
        known["within"] = _within(request, zone)
        if zone.key != request.display_zone.key:
            known["subtitle"] = [*known["subtitle"], f"Days in {zone.key}."]
    if recipe.is_of_parts:  # days make up any longer period
        known["every"] = None if source.split == "day" and PART in recipe.time else source.split
    rows, where = source.rows, None
    if "payout_reconciliation" in base_of(request.report_type) and "reporting_category" in source.columns:
        rows, where = settled(rows)
    if "summary" in base_of(request.report_type) and "reporting_category" in source.columns:
        rows, where = of_categories(rows, where)
    chart = counting(recipe(rows, **(known | options)), where)
    chart = linked_(chart) if linked else chart
    return look.dressed(chart, theme) if theme else chart


_BESIDE = {"activity": "the balance that", "volume": "the fees those"}
"""The options that are other reports, with words for the report that is drawn."""


def _check_beside(request: ReportRequest, name: str, given: Any, drawn: str | Sequence[str] | None) -> None:
    """Refuse a report of another period, or of one currency for others; a file knows neither."""
    other: ReportRequest | None = getattr(given, "request", None)
    if other is None:
        return
    currencies = [drawn] if isinstance(drawn, str) else list(drawn or ())
    if other.currency is not None and [each.lower() for each in currencies] != [other.currency]:
        raise ParameterError(
            f"The {name} is in {other.currency.upper()} only. Fetch it without currency, or draw "
            f"currency={other.currency!r}.",
            param=name,
        )
    if other.period_end is None:
        return
    if (other.period_start, other.period_end) != (request.period_start, request.period_end):
        raise ParameterError(
            f"The {name} is that of {other.days_text}, and {_BESIDE[name]} of {request.days_text}. Fetch "
            "both with the same period.",
            param=name,
        )


def _zone_of_days(source: Source, recipe: Recipe, timezone: str | None) -> ZoneInfo:
    """Return the zone of the days of a chart: that of the report, unless times are drawn in another."""
    zone = source.request.display_zone if timezone is None else zone_named(timezone)
    dates = recipe.details.get("dates", ())
    drawn = first_of(source.rows, *dates, *recipe.time)
    is_time = drawn is not None and zone_of(source.rows, drawn, None) is not None
    return zone if is_time else source.request.display_zone


def _within(request: ReportRequest, zone: ZoneInfo) -> Within:
    """Return the days that a report covers, in a zone."""
    end = request.period_end if request.interval_end else None
    start, end = (bound and bound.astimezone(zone) for bound in (request.interval_start, end))
    return Within.of(start, end)


def title_of(request: ReportRequest) -> str:
    """Return Stripe's name of the report."""
    return catalog.completed(request.report_type).name


def subtitle_of(source: Source, *, named: bool = True) -> list[str]:
    """Return the name of the report, its days with the time zone, the time of the data, and what is missing.

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
    return lines + wrap(source.left_out or "", _CHARACTERS)
