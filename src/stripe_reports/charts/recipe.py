"""A recipe is data: the columns, amounts, categories and time of a chart, and the shape that draws it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

import polars as pl

from stripe_reports.catalog.splitting import MOMENT, PART, are_states
from stripe_reports.charts.columns import Frame, HasRows, as_day, check, first_of, only_currencies, zone_of
from stripe_reports.charts.panels import NOTHING, Chart, Subtitle, currencies_of, heading, note, sizes_of
from stripe_reports.charts.slots import Every, Slots, Within, by_period
from stripe_reports.render.currency_order import busiest_first, nonzero_rows
from stripe_reports.render.money import money

__all__ = ["Asked", "Recipe"]

Where = Mapping[str, Any]
"""A condition of the rows that a chart counts; see ``charts.selections``."""


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """A chart that some report types can have; call it with a frame to draw it.

    Attributes:
        name: Name to request it by.
        title: Title in a list, and the beginning of the chart's own.
        shape: Function that draws it.
        types: Beginnings of its report types, without ``connected_account_`` and version.
        needs: Required columns; of a tuple, one is enough, the first one preferred.
        amounts: Those of them that must be exact amounts; of a tuple, the preferred one.
        time: Columns with the time, in order of preference; empty if the chart has no time.
        by: Columns for the categories, in order of preference; empty if there are none.
        called: What an amount is, for tooltips.
        others: Name of the small groups: "7 others".
        top: Maximum number of named groups by default.
        money_in: Columns with the currency, in order of preference; empty if ``currency`` may be missing.
        is_timed: False if the chart can do without the time.
        extra: Options besides those that follow from the other attributes.
        details: Anything else that the shape needs.
    """

    name: str
    title: str
    shape: Callable[[Recipe, Asked], Chart]
    types: tuple[str, ...]
    _: KW_ONLY
    needs: tuple[str | tuple[str, ...], ...] = ()
    amounts: tuple[str | tuple[str, ...], ...] = ("amount",)
    time: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    called: str = "Amount"
    others: str = "others"
    top: int | None = None
    money_in: tuple[str, ...] = ("currency",)
    is_timed: bool = True
    extra: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str | tuple[str, ...], ...]:
        """All required columns."""
        time = [self.time] if self.time and self.is_timed else []
        return (*self.needs, *time, *self.amounts, *([self.money_in] if self.money_in else []))

    @property
    def is_of_parts(self) -> bool:
        """True if each position is a part of a set; totals and states of parts cannot be split otherwise."""
        return self.time[:1] in ((PART,), (MOMENT,))

    @property
    def options(self) -> list[str]:
        """The names of the options that the chart takes."""
        return [
            *(["every", "timezone"] if self.time and not self.is_of_parts else []),
            *(["top"] if self.top else []),
            *self.extra,
            *("currency", "title", "subtitle"),
        ]

    def fits(self, base: str, columns: Iterable[str]) -> bool:
        """Tell whether reports of that type with these columns can have the chart."""
        present = set(columns)
        if are_states(present) and not self.is_of_parts:
            return False
        plain = base.removeprefix("connected_account_")  # drawn like the reports of a single account
        return plain.startswith(self.types) and all(
            not present.isdisjoint((needed,) if isinstance(needed, str) else needed)
            for needed in self.columns
        )

    def __call__(self, frame: Frame, **options: Any) -> Chart:
        """Draw a frame from ``report.frame()``, ``report.scan()`` or ``sr.read_csv``.

        Args:
            frame: The rows of a report.
            **options: ``options``, and ``within`` for the days that the report covers.

        Raises:
            ParameterError: A column is missing, an amount is not a decimal, or an option has a wrong value.
        """
        needed = [
            name if isinstance(name, str) else first_of(frame, *name) or name[0] for name in self.columns
        ]
        amounts = [
            name if isinstance(name, str) else first_of(frame, *name) or name[0] for name in self.amounts
        ]
        check(frame, f"The chart {self.title!r}", needed, exact=amounts)
        rows = frame.lazy()
        if not self.money_in and first_of(frame, "currency") is None:
            rows = rows.with_columns(currency=pl.lit(None, pl.String))
        return self.shape(self, Asked(rows, self, amounts, **options))


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A frame to draw, and the options of the caller.

    Attributes:
        frame: All rows of the report.
        recipe: The chart.
        amounts: The columns of its amounts that the frame has.
        currency: Draw only this currency, or these.
        every: ``"day"``, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; None for the shortest that is
            readable. Weeks begin on Monday.
        timezone: Time zone of the days; None for that of the column.
        within: The days that the report covers.
        top: Maximum number of named groups; the others are combined.
        by: Column to group by.
        volume: The report, or its rows, whose charges the fees are a rate of.
        activity: The report, or its rows, of the activity in the period of a balance.
        title: Title of the chart.
        subtitle: One line or several below it.
    """

    frame: pl.LazyFrame
    recipe: Recipe
    amounts: Sequence[str]
    currency: str | Sequence[str] | None = None
    every: Every | None = None
    timezone: str | None = None
    within: Within | None = None
    top: int | None = None
    by: str | None = None
    volume: Frame | HasRows | None = None
    activity: Frame | HasRows | None = None
    title: str | None = None
    subtitle: Subtitle = None

    @property
    def money_in(self) -> str:
        """The column with the currency."""
        return first_of(self.frame, *self.recipe.money_in) or "currency"

    @property
    def time(self) -> str:
        """The column with the time."""
        return first_of(self.frame, *self.recipe.time) or self.recipe.time[0]

    @property
    def is_of_moments(self) -> bool:
        """True for states at several moments, whose sum has no meaning."""
        return self.time == MOMENT

    @property
    def grouped_by(self) -> str | None:
        """The column of the categories; None if the frame has none."""
        return self.by or first_of(self.frame, *self.recipe.by)

    @property
    def most(self) -> int:
        """The maximum number of named groups."""
        return self.top if self.top is not None else self.recipe.top or 8

    @property
    def rows(self) -> pl.LazyFrame:
        """The rows in the currencies that were asked for."""
        return only_currencies(self.frame, self.currency, self.money_in)

    @property
    def day(self) -> pl.Expr:
        """The calendar day of a row."""
        return as_day(self.frame, self.time, self.timezone, is_end=self.is_of_moments).alias("day")

    def by_period(self, data: pl.DataFrame, **options: Any) -> tuple[pl.DataFrame, Slots]:
        """Sum daily amounts by period; see ``slots.by_period``. A state is no part of one: none is pale."""
        width, _ = next(iter(sizes_of(data).values()))
        zone = zone_of(self.frame, self.time, self.timezone)
        data, slots = by_period(
            data, self.time, every=self.every, zone=zone, width=width, within=self.within, **options
        )
        return data, replace(slots, partial=frozenset()) if self.is_of_moments else slots

    def head(
        self, title: str, data: pl.DataFrame, *remarks: str | None, sum_of: str | None = None, word: str = ""
    ) -> Any:
        """Return the heading, with a remark about currencies that are not drawn.

        Args:
            title: What is drawn.
            data: The amounts drawn.
            remarks: Sentences about them.
            sum_of: The amount whose sum in each currency the title says.
            word: A word after the sums.
        """
        _, left = currencies_of(data)
        if sum_of:
            title = _with_sums(title, data, sum_of, word)
        return heading(self.title or title, self.subtitle, left, *remarks)

    def nothing(self) -> Chart:
        """Return a note that nothing can be drawn; if a currency was asked for, name those that there are."""
        text = NOTHING
        if self.currency is not None:
            counts = nonzero_rows(self.frame, currency=self.money_in, amounts=self.amounts)
            names = ", ".join(name.upper() for name in busiest_first(counts) if name)
            asked = [self.currency] if isinstance(self.currency, str) else self.currency
            if names:
                text = f"The report has no rows in {' or '.join(asked).upper()} for this chart, only {names}."
        return note(text, heading(self.title or self.recipe.title, self.subtitle))


_LONGEST = 68
"""Maximum characters of a title, which fit 600 pixels."""


def _with_sums(title: str, data: pl.DataFrame, amount: str, word: str) -> str:
    """Add the sum in each currency to a title, in the order of the currencies, as long as there is room."""
    sums = dict(data.group_by("currency").agg(pl.col(amount).sum()).iter_rows())
    texts = [money(sums[currency], currency) for currency in currencies_of(data)[0] if currency]
    if len(texts) < len(sums):  # a sum without a currency has no meaning
        return title
    for number in range(len(texts), 0, -1):
        more = len(texts) - number
        shown = [*texts[:number], *([f"{more} more"] if more else [])]
        said = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
        text = f"{title}: {said} {word}".rstrip()
        if len(text) <= _LONGEST:
            return text
    return title
