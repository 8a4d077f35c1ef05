"""Convert a selection in a chart to the rows behind it: as a polars expression, and as code.

    chart = report.chart(linked=True)
    widget = altair.JupyterChart(chart)
    picked = selection_expr(chart, widget.selections)
    report.frame().filter(picked.expr)      # exactly the rows behind the selected bars
    print(picked.code)                      # pl.col("created").dt.date().is_between(date(2026, 10, 5), …)

Our charts record in their specification (``usermeta``) the columns of their axis and colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import reduce
from typing import Any

import polars as pl

from stripe_reports.catalog.splitting import MOMENT
from stripe_reports.charts import theme
from stripe_reports.parsing.columns import column, is_pattern

__all__ = ["Selected", "selection_expr"]

_NO_DATE, _NONE = "no date", "(none)"
_EVERY = {"1d", "1w", "1mo", "1q", "1y"}


@dataclass(frozen=True, slots=True)
class Selected:
    """The rows behind a selection; equal if the code is equal.

    Attributes:
        expr: For ``frame.filter(expr)``; without a selection, true for every row that the chart counted.
        code: The same as Python code, for a cell with ``import polars as pl`` and ``from datetime import
            date``.
        is_everything: True if nothing is selected.
    """

    expr: pl.Expr = field(compare=False)
    code: str
    is_everything: bool

    def __str__(self) -> str:
        return self.code


def selection_expr(chart: Any, selections: Any) -> Selected:
    """Return the rows behind the selection in one of our charts.

    Args:
        chart: The chart, or its specification as a dict.
        selections: ``JupyterChart.selections``; or a dict of their names and values, as altair delivers
            them: ``{"period": ["2026-10-05", …]}`` for a span, ``[{"category": "charge"}, …]`` for marks.

    Example:
        >>> report = client.fetch("balance_change_from_activity.itemized", "2026-10")
        >>> chart = report.chart(linked=True, every="day")
        >>> print(selection_expr(chart, {"span": {"period": ["2026-10-05", "2026-10-06"]}}))
        pl.col("created").dt.date().is_between(date(2026, 10, 5), date(2026, 10, 6))
    """
    links = theme.remarks(chart).get("links") or {}
    asked = (_chosen(value, links) for value in _values(selections))
    chosen = [each for each in asked if each is not None]
    counted = _counted(links.get("where"))
    parts = [*([counted] if counted else []), *chosen]
    whole = _all_of(parts) if parts else _Clause(pl.lit(True), "pl.lit(True)")
    return Selected(whole.expr, whole.code, is_everything=not chosen)


@dataclass(frozen=True, slots=True)
class _Clause:
    """A condition as expression and as code; both are built together, so that they agree."""

    expr: pl.Expr
    code: str
    is_joined: bool = False

    @property
    def inner(self) -> str:
        return f"({self.code})" if self.is_joined else self.code


def _all_of(parts: Sequence[_Clause]) -> _Clause:
    return _joined(parts, "&")


def _any_of(parts: Sequence[_Clause]) -> _Clause:
    return _joined(parts, "|") if parts else _Clause(pl.lit(False), "pl.lit(False)")


def _joined(parts: Sequence[_Clause], sign: str) -> _Clause:
    if len(parts) == 1:
        return parts[0]
    both = (lambda a, b: a & b) if sign == "&" else (lambda a, b: a | b)
    expr = reduce(both, (part.expr for part in parts))
    return _Clause(expr, f" {sign} ".join(part.inner for part in parts), is_joined=True)


def _values(selections: Any) -> Iterable[Any]:
    """Return the values, from altair's widget or from a dict; the widget's objects are unwrapped."""
    if isinstance(selections, Mapping):
        values = list(selections.values())
    else:
        values = [getattr(selections, name) for name in selections.trait_names()]
    return [getattr(value, "value", value) for value in values]


def _chosen(value: Any, links: Mapping[str, Any]) -> _Clause | None:
    """Return the condition of one selection; None if it is empty or is not a selection."""
    if isinstance(value, Mapping):
        fields = {
            name: list(keys) for name, keys in value.items() if name in links and not isinstance(keys, str)
        }
        return (
            _all_of([_condition(links[name], name, keys) for name, keys in fields.items()])
            if fields
            else None
        )
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        rows = [
            [_condition(links[name], name, [key]) for name, key in row.items() if name in links]
            for row in value
        ]
        return _any_of([_all_of(row) for row in rows if row]) if any(rows) else None
    return None


def _condition(source: Mapping[str, Any], name: str, keys: list[str]) -> _Clause:
    """Return the condition of some keys of an axis, some categories, or some currencies."""
    if source.get("all") in keys:
        return _Clause(pl.lit(True), "pl.lit(True)")
    if source.get("every") in _EVERY:
        places = source.get("keys", {})
        return _within(source, [places.get(key, key) for key in keys])
    if "sides" in source:
        names = [each for key in keys for each in source["sides"].get(key, [])]
        return _one_of(_column(source["columns"][0]), list(dict.fromkeys(names)), none=_NONE)
    if "returned" in source:
        return _of_status(source, keys)
    if name == "currency":
        return _one_of(_column(source["columns"][0]), keys, none="")
    if source.get("either"):
        sides = [_category(source, _column(column), keys) for column in source["columns"]]
        return _any_of(sides)
    start = source.get("from", 0)
    none = source.get("none", _NONE)
    column = (
        _column(source["columns"][0]) if len(source["columns"]) == 1 else _side_by_side(source["columns"])
    )
    return _category({**source, "none": none}, column, [key[start:] for key in keys])


def _category(source: Mapping[str, Any], column: _Clause, keys: list[str]) -> _Clause:
    none = source.get("none", _NONE)
    named = [key for key in keys if key != source.get("rest")]
    parts = [_one_of(column, named, none=none)] if named else []
    if len(named) < len(keys):
        others = _one_of(column, source["named"], none=none)
        parts.append(_Clause(~others.expr.fill_null(False), f"~({others.code}).fill_null(False)"))
    return _any_of(parts)


def _one_of(column: _Clause, keys: Sequence[str], *, none: str) -> _Clause:
    named = [key for key in keys if key != none]
    parts = [_is_in(column, named)] if named else []
    if len(named) < len(keys):
        missing = [_Clause(column.expr.is_null(), f"{column.code}.is_null()"), _equals(column, "")]
        parts.append(_any_of(missing))
    return _any_of(parts)


def _is_in(column: _Clause, names: Sequence[str]) -> _Clause:
    if len(names) == 1:
        return _equals(column, names[0])
    return _Clause(column.expr.is_in(list(names)), f"{column.code}.is_in({_texts(names)})")


def _equals(column: _Clause, name: str) -> _Clause:
    return _Clause(column.expr == name, f"({column.code} == {_text(name)})")


def _column(name: str) -> _Clause:
    if is_pattern(name):
        return _Clause(column(name), f"pl.selectors.by_name({_text(name)}).as_expr()")
    return _Clause(column(name), f"pl.col({_text(name)})")


def _side_by_side(names: Sequence[str]) -> _Clause:
    return _Clause(
        pl.concat_str(map(column, names), separator=", ", ignore_nulls=True),
        f'pl.concat_str({_texts(names)}, separator=", ", ignore_nulls=True)',
    )


def _within(source: Mapping[str, Any], keys: list[str]) -> _Clause:
    """Return the condition of a day in one of the periods; adjacent periods are one span."""
    day = _bank_day(source) if source.get("arrival") else _day(source["column"], source.get("zone"))
    spans: list[tuple[date, date]] = []
    every = source["every"]
    days = pl.Series([date.fromisoformat(key) for key in keys if key != _NO_DATE], dtype=pl.Date)
    for start in days.dt.truncate(every).unique().sort():  # a key is some day of its period
        end = pl.select(pl.lit(start).dt.offset_by(every)).item() - timedelta(days=1)
        start -= timedelta(days=source.get("back", 0))  # the days that a rolling sum has behind it
        if spans and start <= spans[-1][1] + timedelta(days=1):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    parts = [
        _Clause(day.expr.is_between(first, last), f"{day.code}.is_between({_date(first)}, {_date(last)})")
        for first, last in spans
    ]
    if _NO_DATE in keys:
        parts.append(_Clause(day.expr.is_null(), f"{day.code}.is_null()"))
    return _any_of(parts)


_BACK = "payout_reversal"


def _of_status(source: Mapping[str, Any], keys: list[str]) -> _Clause:
    """Return the condition of payouts with one of these statuses, or that were returned."""
    category, status = _column("reporting_category"), _column(source["columns"][0])
    sent = [key for key in keys if key != source["returned"]]
    is_sent = _Clause(category.expr.ne_missing(_BACK), f"{category.code}.ne_missing({_text(_BACK)})")
    parts = [_all_of([_one_of(status, sent, none=_NONE), is_sent])] if sent else []
    return _any_of([*parts, *([_equals(category, _BACK)] if len(sent) < len(keys) else [])])


def _bank_day(source: Mapping[str, Any]) -> _Clause:
    """Return the bank date of a payout; of a returned one, the day on which it came back."""
    own, bank = _day(source["column"], source.get("zone")), _column(source["arrival"])
    back = _equals(_column("reporting_category"), _BACK)
    return _Clause(
        pl.when(back.expr).then(own.expr).otherwise(pl.coalesce(bank.expr.cast(pl.Date), own.expr)),
        f"pl.when({back.code}).then({own.code})"
        f".otherwise(pl.coalesce({bank.code}.cast(pl.Date), {own.code}))",
    )


def _day(column: str, zone: str | None) -> _Clause:
    """Return the calendar day of a time, in its own zone or another; a date is unchanged."""
    own = _column(column)
    if column == MOMENT:  # the end of a period, which is not included
        own = _Clause(own.expr.dt.offset_by("-1us"), f'{own.code}.dt.offset_by("-1us")')
    if not zone:
        return _Clause(own.expr.dt.date(), f"{own.code}.dt.date()")
    return _Clause(
        own.expr.dt.convert_time_zone(zone).dt.date(),
        f"{own.code}.dt.convert_time_zone({_text(zone)}).dt.date()",
    )


def _counted(where: Mapping[str, Any] | None) -> _Clause | None:
    """Return the condition of the rows that a chart counts; None if it counts all."""
    if not where:
        return None
    if "equal" in where:
        one, other = (_column(name) for name in where["equal"])
        return _Clause(one.expr.eq_missing(other.expr), f"{one.code}.eq_missing({other.code})")
    if "differ" in where:
        one, other = (_column(name) for name in where["differ"])
        return _Clause(one.expr.ne_missing(other.expr), f"{one.code}.ne_missing({other.code})")
    if "not in" in where:
        kept = _is_in(_column(where["columns"][0]), where["not in"])
        return _Clause(kept.expr.not_(), f"{kept.code}.not_()")
    return _is_in(_column(where["columns"][0]), where["in"])


def _date(day: date) -> str:
    return f"date({day.year}, {day.month}, {day.day})"


def _text(text: str) -> str:
    quoted = repr(text)
    return f'"{quoted[1:-1]}"' if quoted[0] == "'" and '"' not in quoted else quoted


def _texts(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"
