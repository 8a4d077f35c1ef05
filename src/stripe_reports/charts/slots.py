"""The positions along a time axis: days, or longer periods if there would be too many.

A position is a text such as ``2026-10-05``, in the report's time zone. Vega never receives an instant, so a
chart is the same on every machine, in any time zone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, get_args

import altair as alt
import polars as pl

from stripe_reports.charts.sums import summed
from stripe_reports.errors import ParameterError

__all__ = ["MOST_ROWS", "NO_DATE", "Every", "Slots", "Within", "by_period", "in_short"]

Every = Literal["day", "week", "month", "quarter", "year"]
"""A period of time: one bar, or one point of a line."""

NO_DATE = "no date"
"""The position of rows without a time."""

_PALE = 0.4
WIDEST = 80
"""Maximum width of a bar."""


_ROWS = 700
"""Maximum number of bars in all panels together: about 100 KB of specification."""

MOST_ROWS = 1200
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
class Within:
    """The days that a report covers, so that a week at its edge is known to be only part of a week.

    Attributes:
        first: The first day; None if it is not known.
        last: The last day; None if it is not known.
        in_part: Days of which only some hours are covered.
    """

    first: date | None = None
    last: date | None = None
    in_part: frozenset[date] = frozenset()

    @classmethod
    def of(cls, start: datetime | None, end: datetime | None) -> Within:
        """Return the days between two instants in the report's zone; the end is not included."""
        last = end and (end - timedelta(microseconds=1))
        midnight = time()
        in_part = [each.date() for each in (start, last and end) if each and each.time() != midnight]
        return cls(start and start.date(), last and last.date(), frozenset(in_part))


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
        partial: Keys of the positions of which the report covers only a part.
        is_shared: True if all panels have all positions; otherwise each has its own.
    """

    keys: Sequence[str]
    names: Sequence[str]
    label: str
    source: Mapping[str, Any]
    every: str
    characters: int = 8
    partial: frozenset[str] = frozenset()
    is_shared: bool = True

    def of(self, rows: pl.DataFrame) -> Slots:
        """Return the positions of a panel with these rows."""
        if self.is_shared:
            return self
        present = set(rows["period"])
        pairs = [pair for pair in zip(self.keys, self.names, strict=True) if pair[0] in present]
        return replace(self, keys=[key for key, _ in pairs], names=[name for _, name in pairs])

    @property
    def remark(self) -> str | None:
        """A sentence about the pale positions, if there are any."""
        return f"Pale: the report covers only part of the {self.every}." if self.partial else None

    @property
    def in_part(self) -> str | None:
        """A sentence that names the positions covered in part, for charts where pale means something else."""
        names = [
            in_short(name) for key, name in zip(self.keys, self.names, strict=True) if key in self.partial
        ]
        return f"Only part of the {self.every} is in the report: {', '.join(names)}." if names else None

    def opacity(self) -> Any:
        """Return the opacity of the marks: partial periods are pale."""
        is_partial = f"indexof({json.dumps(sorted(self.partial))}, datum.period) >= 0"
        pale = alt.when(is_partial).then(alt.value(_PALE))
        return pale.otherwise(alt.value(1)) if self.partial else alt.Undefined

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

    def axis(self, width: int, *, padding: float = 0.25, has_labels: bool = True, beside: int = 0) -> alt.X:
        """Return the x axis, with as many labels as fit, or without, and with room *beside* it at its end."""
        width -= beside
        padding = max(padding, (width - len(self.keys) * WIDEST) / (width + WIDEST))  # few bars stay bars
        room = max(1, width // (self.characters * 6 + 14))
        step = -(-len(self.keys) // room)
        return alt.X(
            "period:O",
            title=None,
            axis=alt.Axis(
                values=list(self.keys[::step]),
                labelExpr=self.label,
                labelAngle=0,
                labelOverlap=False,
                labels=alt.Undefined if has_labels else False,
            ),
            scale=alt.Scale(
                domain=list(self.keys), padding=padding, range=[0, width] if beside else alt.Undefined
            ),
        )


def by_period(
    data: pl.DataFrame,
    column: str,
    *,
    every: Every | None,
    zone: str | None,
    width: int,
    within: Within | None = None,
    at_end: bool = False,
) -> tuple[pl.DataFrame, Slots]:
    """Sum daily amounts by period.

    Args:
        data: ``day``, keys and decimals; every decimal and the counts of rows are summed.
        column: The report's column of the days.
        every: The period; None for the shortest with marks that are wide enough and a small chart.
        zone: Time zone of the days.
        width: Width of a panel in pixels.
        within: The days that the report covers; a period that is covered only in part gets its days as label.
        at_end: True to place each period at its last day, for values that hold at its end.

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
    covered = within or Within()
    within = _extended(covered, data["day"])
    periods: list[Every] = [every] if every else list(_TRUNCATED)
    room = width if at_end else width // 8
    for period in periods:
        start = pl.col("day").dt.truncate(_TRUNCATED[period])
        sums = summed(data.with_columns(day=start))
        days = _days(sums["day"], within, _TRUNCATED[period])
        if every or period == "year" or (len(days) <= room and sums.height <= _ROWS):
            break
    if sums.height > MOST_ROWS:
        raise ParameterError(
            f"One bar per {period} would be {sums.height:,} bars, too many to read. Choose a longer "
            "period with every, a currency, or fewer names with top.",
            param="every",
        )
    spans = {day: _Span.of(day, period, within, covered) for day in days}
    undated = [NO_DATE] * bool(sums["day"].null_count())
    has_years = len({day.year for span in spans.values() for day in (span.first, span.last)}) > 1
    keys = {day: f"{span.last if at_end else span.first}" for day, span in spans.items()}
    short = {keys[day]: span.short(has_years) for day, span in spans.items() if span.is_partial}
    if period == "day" or at_end:
        short = {}
    label = _LABELS["day" if at_end else period]
    if has_years and (at_end or period in ("day", "week")):
        label += " + utcFormat(day, ' %Y')"
    label = label.replace("(day", "(toDate(datum.value + 'T00:00:00Z')")
    for key, text in {**short, **dict.fromkeys(undated, NO_DATE)}.items():
        label = f"datum.value === '{key}' ? '{text}' : {label}"
    own = (
        6 + 5 * has_years if at_end else {"month": 8, "quarter": 7, "year": 4}.get(period, 6 + 5 * has_years)
    )
    slots = Slots(
        keys=[*keys.values(), *undated],
        names=[*(_name(spans[day], day, period) for day in days), *undated],
        label=label,
        source={"column": column, "every": _TRUNCATED[period], "zone": zone},
        every=period,
        characters=max([own, *map(len, short.values())]),
        partial=frozenset(keys[day] for day, span in spans.items() if span.is_partial),
    )
    place = pl.col("day").replace_strict(keys, return_dtype=pl.String, default=NO_DATE)
    return sums.with_columns(period=place).drop("day"), slots


@dataclass(frozen=True, slots=True)
class _Span:
    """The days of a period that a report covers."""

    first: date
    last: date
    is_partial: bool

    @classmethod
    def of(cls, start: date, every: Every, within: Within, covered: Within) -> _Span:
        end = pl.select(pl.lit(start).dt.offset_by(_TRUNCATED[every])).item() - timedelta(days=1)
        first, last = max(start, within.first or start), min(end, within.last or end)
        is_outside = start < (covered.first or start) or end > (covered.last or end)
        return cls(first, last, is_outside or any(start <= day <= end for day in covered.in_part))

    def short(self, has_years: bool) -> str:
        """Write the days as people do: ``1–4 Oct``."""
        end = f"{self.last:%-d %b %Y}" if has_years else f"{self.last:%-d %b}"
        if self.first == self.last:
            return end
        is_one_month = (self.first.year, self.first.month) == (self.last.year, self.last.month)
        return f"{self.first:{'%-d' if is_one_month else '%-d %b'}}–{end}"


def _extended(within: Within, days: pl.Series) -> Within:
    """Return the days covered, including days of rows outside the interval, such as later bank dates."""
    first: Any = days.min()
    last: Any = days.max()
    return replace(
        within,
        first=within.first and min(filter(None, (within.first, first))),
        last=within.last and max(filter(None, (within.last, last))),
    )


def _days(days: pl.Series, within: Within, every: str) -> list[date]:
    """Return the starts of all periods, from the first day covered to the last."""
    first: Any = within.first or days.min()
    last: Any = within.last or days.max()
    if first is None or last is None or days.is_empty():
        return []
    starts = pl.Series([first, last]).dt.truncate(every)
    return pl.date_range(starts[0], starts[1], every, eager=True).to_list()


def in_short(name: str) -> str:
    """Write the name of a position as people write days: ``1–4 Nov 2026``; other names stay as they are."""
    first, _, last = name.partition(" to ")
    return _Span(date.fromisoformat(first), date.fromisoformat(last), True).short(True) if last else name


def _name(span: _Span, start: date, period: Every) -> str:
    if period == "day" or (span.is_partial and span.first == span.last):
        return f"{span.first}"
    if period == "week" or span.is_partial:
        return f"{span.first} to {span.last}"
    match period:
        case "month":
            return f"{start:%B %Y}"
        case "quarter":
            return f"Q{(start.month + 2) // 3} {start.year}"
        case _:
            return f"{start.year}"
