"""The options that charts and printed tables take, for type checkers, completion and errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from stripe_reports.errors import ParameterError
from stripe_reports.render.suggest import did_you_mean

if TYPE_CHECKING:
    from stripe_reports.charts.columns import Frame, HasRows
    from stripe_reports.charts.panels import Subtitle
    from stripe_reports.charts.slots import Every

__all__ = ["ChartOptions", "TableOptions", "check_options"]


class ChartOptions(TypedDict, total=False):
    """The options of all charts; the kind of chart decides which of them it takes."""

    currency: str | Sequence[str] | None
    every: Every | None
    top: int
    by: str | None
    timezone: str | None
    volume: Frame | HasRows | None
    activity: Frame | HasRows | None
    title: str | None
    subtitle: Subtitle


class TableOptions(TypedDict, total=False):
    """The options of a table to print."""

    rows: int
    columns: str | Sequence[str] | None
    by: str | Sequence[str] | None
    title: str | None


def check_options(given: Mapping[str, object], valid: Iterable[str], what: str) -> None:
    """Refuse an option that is not valid for *what*, the subject of the error's sentence.

    Raises:
        ParameterError: It names the valid options.
    """
    valid = list(valid)
    for name in given:
        if name not in valid:
            hint = did_you_mean(name, valid, most=1)
            raise ParameterError(
                f"{what} has no option {name!r}.{hint} Its options are {', '.join(valid)}.", param=name
            )
