"""Tax by jurisdiction: in the currency of the tax return, by country, state and lower levels."""

from __future__ import annotations

import polars as pl

from stripe_reports.charts.columns import first_of
from stripe_reports.charts.groups import NONE, largest
from stripe_reports.charts.panels import Chart, in_words
from stripe_reports.charts.ranked import ranked
from stripe_reports.charts.recipe import Asked, Recipe
from stripe_reports.charts.sums import count_text, sums_of

__all__ = ["FILED", "FILING", "jurisdictions"]

FILED = ("filing_tax_amount", "tax_amount")
FILING = ("filing_currency", "currency")
"""Amount and currency of the tax return; a report without them has those of the transactions."""

_TAXABLE = {"filing_tax_amount": "filing_taxable_amount", "tax_amount": "taxable_amount"}
_PLACE = ("country_code", "state_code", "jurisdiction_name")
"""A place from the top down; only the columns that the report has."""


def jurisdictions(recipe: Recipe, asked: Asked) -> Chart:
    """Draw the tax of each jurisdiction and the amount that it is on, by country and state.

    Jurisdictions without any tax are named in a note.
    """
    place = [name for name in _PLACE if first_of(asked.frame, name)]
    name = pl.concat_str([pl.col(each) for each in place], separator=", ", ignore_nulls=True)
    category = pl.when(name != "").then(name).otherwise(pl.lit(NONE)).alias("category")
    base = first_of(asked.frame, _TAXABLE[asked.amounts[0]])
    amounts = {"amount": pl.col(asked.amounts[0])} | ({"taxable": pl.col(base)} if base else {})
    data = sums_of(asked.rows, category, money_in=asked.money_in, amounts=amounts, keeps_idle=True)
    if data.is_empty():
        return asked.nothing()
    is_taxed = (pl.col("amount") != 0) | (pl.col("nonzero") != 0)
    taxed = data.filter(is_taxed)
    untaxed = sorted({*data["category"]} - {*taxed["category"]})  # a place may be taxed in one currency only
    taxed = data if taxed.is_empty() else taxed
    is_filed = asked.money_in == FILING[0]
    remarks = [
        "In the currency of each tax return." if is_filed else "In the currencies of the transactions.",
        f"Without tax: {'; '.join(untaxed[:4])}{f' and {len(untaxed) - 4} more' if len(untaxed) > 4 else ''}."
        if untaxed and taxed is not data
        else None,
    ]
    head = asked.head(recipe.title, taxed, *remarks, sum_of="amount")
    data, groups = largest(taxed, place, top=asked.most, what=recipe.others)
    is_rest = pl.col("category") == (groups.rest or "")
    data = data.sort(is_rest, "category")  # by country, then by state
    data = data.with_columns(lines=count_text("rows"))
    names = {"category": "Jurisdiction", "exact": "Tax", "lines": "Rows"}
    if base:
        data = in_words(data, on="taxable", tax_="amount")
        data = data.with_columns(figure=pl.format("{} on {}", "tax_", "on"))
        names |= {"on": "Taxable amount"}
    return ranked(
        data,
        head,
        category=groups.source,
        names=names,
        rest=groups.rest,
        money_in=asked.money_in,
        figure="figure" if base else "exact",
    )
