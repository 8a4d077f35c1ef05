"""The parts of a net amount: sales, less fees by what they are for, less refunds and disputes, and the rest.

Every row of a balance report has gross, fee and net, and net is gross less fee. A charge is a sale and a
processing fee; a fee that is a row of its own has its amount in ``gross`` and the tax on it in ``fee``.
"""

from __future__ import annotations

import polars as pl

from stripe_reports.catalog import FEE_CATEGORIES
from stripe_reports.charts.groups import NONE, Groups
from stripe_reports.charts.sums import summed
from stripe_reports.parsing.payout_parts import OF_FEE, OF_GROSS, ORDER, OTHER_FEES, SALES

__all__ = ["are_billed_apart", "flows_of"]

BILLED_APART = ("fee", "network_cost")
"""Categories of fees that are rows of their own."""

_ALL_FEES = "processing and other fees"
"""The name of fee rows of an account that pays for its charges with such rows."""

_ORDER = (SALES, "gross", *ORDER[1:3], _ALL_FEES, *ORDER[3:])
_UNEXPLAINED = "unexplained"


def flows_of(
    sums: pl.DataFrame, *, billed_apart: bool, gross_as_one: bool = False
) -> tuple[pl.DataFrame, Groups]:
    """Split sums by reporting category into the parts of their net.

    Args:
        sums: ``category`` (the reporting category), ``gross``, ``fee``, ``net``, counts, and other keys.
        billed_apart: True if the account pays for its charges with fees in rows of their own.
        gross_as_one: True for one part "gross" instead of sales, refunds, disputes and so on.

    Returns:
        ``category`` (the part), ``amount`` and ``net`` of all parts with the same keys, counts and keys,
        without parts that are zero everywhere; and the parts in order. The amounts add up to the net; what
        gross and fee do not explain is a part of its own.
    """
    keys = [
        name
        for name, dtype in sums.schema.items()
        if not (dtype.is_decimal() or name in ("rows", "nonzero", "category"))
    ]
    category = pl.col("category").fill_null(NONE)
    own = OF_GROSS | ({"fee": _ALL_FEES} if billed_apart else {})
    if gross_as_one:
        own = {name: own.get(name, name) for name in FEE_CATEGORIES}
    gross = category.replace_strict(own, default=pl.lit("gross") if gross_as_one else category)
    none = pl.lit(0).cast(pl.Int64)
    sides = [
        sums.with_columns(part=gross, amount=pl.col("gross")),
        sums.with_columns(
            part=category.replace_strict(OF_FEE, default=pl.lit(OTHER_FEES)),
            amount=-pl.col("fee"),
            rows=none,
            nonzero=none,
        ),
        sums.with_columns(
            part=pl.lit(_UNEXPLAINED),
            amount=pl.col("net") - pl.col("gross") + pl.col("fee"),
            rows=none,
            nonzero=none,
        ),
    ]
    parts = pl.concat(
        side.filter(pl.col("amount") != 0).select(*keys, "part", category, "amount", "rows", "nonzero")
        for side in sides
    )
    if parts.is_empty():  # all amounts are zero
        parts = sides[0].select(*keys, "part", category, "amount", "rows", "nonzero")
    members = dict(
        parts.group_by("part")
        .agg(pl.col("category").unique().sort(), size=pl.col("amount").abs().sum())
        .sort("size", descending=True)
        .select("part", "category")
        .iter_rows()
    )
    rest = [name for name in members if name not in _ORDER and name != _UNEXPLAINED]
    names = [name for name in (*_ORDER, *rest, _UNEXPLAINED) if name in members]
    data = summed(parts.drop("category")).rename({"part": "category"})
    nets = summed(sums.select(*keys, "net"))
    data = data.join(nets, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return data, Groups(names, None, {"columns": ["reporting_category"], "sides": members})


def are_billed_apart(rows: pl.LazyFrame) -> bool:
    """Tell whether the account pays for its charges with fees in rows of their own.

    Then no charge carries a fee, or network costs are rows too.
    """
    category = pl.col("reporting_category")
    found = rows.select(
        carried=(pl.col("fee") != 0).filter(category == "charge").any(),
        apart=category.is_in(BILLED_APART).any(),
        costs=(category == "network_cost").any(),
        charges=(category == "charge").any(),
    ).collect(engine="streaming")
    carried, apart, costs, charges = found.row(0)
    return bool(costs or (apart and charges and not carried))
