"""The positions along a time axis: days, or longer periods if there would be too many.

A position is a text such as ``2026-10-05``, in the report's time zone. Vega never receives an instant, so a
chart is the same on every machine, in any time zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal, get_args

import altair as alt
import polars as pl

from stripe_reports.errors import ParameterError

__all__ = ["NO_DATE", "Every", "Slots", "by_period"]

Every = Literal["day", "week", "month", "quarter", "year"]
"""A period of time: one bar, or one point of a line."""

NO_DATE = "no date"
"""The position of rows without a time."""

_ROWS = 700
"""Maximum number of bars in all panels together: about 100 KB of specification."""

_MOST_ROWS = 1200
"""Maximum for a period that the user chose: more would take more than 200 KB."""

_TRUNCATED: dict[Every, str] = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}
_LABELS: dict[Every, str] = {
    "day": "utcFormat(day, '%-d %b')",
    "week": "utcFormat(day, '%-d %b')",
    "month": "utcFormat(day, '%b %Y')",
    "quarter": "'Q' + utcquarter(day) + utcFormat(day, ' %Y')",
    "year": "utcFormat(day, '%Y')",
}


@dataclass(frozen=True, slots=True)
class Slots:
    """Positions along an axis, in order.

    Attributes:
        keys: Their keys in Vega.
        names: Their names for people.
        label: Vega's expression for the text below the axis.
        source: Converts a selection of keys back to rows; see ``charts.selections``.
        every: Unit of a position: "day", "payout".
        characters: Length of the longest label.
        is_shared: True if all panels have all positions; otherwise each has its own.
    """

    keys: Sequence[str]
    names: Sequence[str]
    label: str
    source: Mapping[str, Any]
    every: str
    characters: int = 8
    is_shared: bool = True

    def of(self, rows: pl.DataFrame) -> Slots:
        """Return the positions of a panel with these rows."""
        if self.is_shared:
            return self
        present = set(rows["period"])
        pairs = [pair for pair in zip(self.keys, self.names, strict=True) if pair[0] in present]
        return replace(self, keys=[key for key, _ in pairs], names=[name for _, name in pairs])

    def named(self, data: pl.DataFrame) -> pl.DataFrame:
        """Add ``label``, the name of the position."""
        names = dict(zip(self.keys, self.names, strict=True))
        return data.with_columns(label=pl.col("period").replace_strict(names, return_dtype=pl.String))

    def filled(self, data: pl.DataFrame, *keys: str) -> pl.DataFrame:
        """Return a row for each position and combination of *keys*, in order; missing values are null."""
        places = pl.DataFrame({"period": self.keys}, schema={"period": pl.String})
        grid = (
            data.select(keys)
            .unique(maintain_order=True)
            .join(places, how="cross", maintain_order="left_right")
        )
        return grid.join(data, on=[*keys, "period"], how="left", maintain_order="left")

    def axis(self, width: int, *, padding: float = 0.25) -> alt.X:
        """Return the x axis, with as many labels as fit."""
        room = max(1, width // (self.characters * 6 + 14))
        step = -(-len(self.keys) // room)
        return alt.X(
            "period:O",
            title=None,
            axis=alt.Axis(
                values=list(self.keys[::step]), labelExpr=self.label, labelAngle=0, labelOverlap=False
            ),
            scale=alt.Scale(domain=list(self.keys), padding=padding),
        )


def by_period(
    data: pl.DataFrame, column: str, *, every: Every | None, zone: str | None, width: int
) -> tuple[pl.DataFrame, Slots]:
    """Sum daily amounts by period.

    Args:
        data: ``day``, keys and decimals; every decimal and ``rows`` are summed.
        column: The report's column of the days.
        every: The period; None for the shortest with bars that are wide enough and a small chart.
        zone: Time zone of the days.
        width: Width of a panel in pixels.

    Returns:
        The sums with ``period``, the key of a position, instead of ``day``; and the positions, including
        empty ones.

    Raises:
        ParameterError: There is no such period, or there are too many to draw.
    """
    if every is not None and every not in _TRUNCATED:
        raise ParameterError(
            f"every must be one of {', '.join(map(repr, get_args(Every)))}; got {every!r}.", param="every"
        )
    periods: list[Every] = [every] if every else list(_TRUNCATED)
    for period in periods:
        start = pl.col("day").dt.truncate(_TRUNCATED[period])
        sums = _summed(data.with_columns(day=start))
        days = _days(sums["day"], _TRUNCATED[period])
        if every or period == "year" or (len(days) * 8 <= width and sums.height <= _ROWS):
            break
    if sums.height > _MOST_ROWS:
        raise ParameterError(
            f"One bar per {period} would be {sums.height:,} bars, too many to read. Choose a longer "
            "period with every, a currency, or fewer names with top.",
            param="every",
        )
    undated = [NO_DATE] * bool(sums["day"].null_count())
    several_years = len({day.year for day in days}) > 1
    label = _LABELS[period] + (
        " + utcFormat(day, ' %Y')" if several_years and period in ("day", "week") else ""
    )
    label = label.replace("(day", "(toDate(datum.value + 'T00:00:00Z')")
    slots = Slots(
        keys=[*map(str, days), *undated],
        names=[*(_name(day, period) for day in days), *undated],
        label=f"datum.value === '{NO_DATE}' ? '{NO_DATE}' : {label}",
        source={"column": column, "every": _TRUNCATED[period], "zone": zone},
        every=period,
        characters={"month": 8, "quarter": 7, "year": 4}.get(period, 11 if several_years else 6),
    )
    return sums.with_columns(period=pl.col("day").dt.to_string("%Y-%m-%d").fill_null(NO_DATE)).drop(
        "day"
    ), slots


def _days(days: pl.Series, every: str) -> list[date]:
    first: Any = days.min()
    last: Any = days.max()
    return [] if first is None else pl.date_range(first, last, every, eager=True).to_list()


def _summed(data: pl.DataFrame) -> pl.DataFrame:
    numbers = [name for name, dtype in data.schema.items() if dtype.is_decimal() or name == "rows"]
    keys = [name for name in data.columns if name not in numbers]
    return data.group_by(keys).agg(pl.col(numbers).sum()).sort(keys, nulls_last=True)


def _name(day: date, period: Every) -> str:
    match period:
        case "day":
            return f"{day}"
        case "week":
            return f"{day} to {day + timedelta(days=6)}"
        case "month":
            return f"{day:%B %Y}"
        case "quarter":
            return f"Q{(day.month + 2) // 3} {day.year}"
        case "year":
            return f"{day.year}"
