"""Reports directly from a ledger, for the tests of their contents."""

from datetime import UTC, datetime
from functools import cache

import polars as pl
from hypothesis import strategies as st

from stripe_reports import catalog
from stripe_reports.simulator.ledger.connected_accounts import connected_accounts
from stripe_reports.simulator.ledger.ledger import Ledger
from stripe_reports.simulator.ledger.markets import DECIMALS
from stripe_reports.simulator.ledger.pricing import Terms
from stripe_reports.simulator.reports import reports

PUBLISHED = int(datetime(2026, 11, 5, tzinfo=UTC).timestamp())
SEPTEMBER = {"interval_start": 1788220800, "interval_end": 1790812800}
DAY = 86_400
KNOWN = [type_.id for type_ in catalog.report_types().values() if type_.columns]
INTERCHANGE_PLUS = Terms("interchange_plus", has_instant_payouts=True)
STAND_ALONE = Terms("stand_alone", has_instant_payouts=True)
EVERY_TERMS = (Terms(), INTERCHANGE_PLUS, STAND_ALONE)
"""An account with a fee in each charge, and two with fees in rows of their own and with instant payouts."""


def random_ledgers(*sizes: float, terms=EVERY_TERMS):
    """Small accounts of all kinds."""
    nothing = st.just(())
    return st.builds(
        Ledger.of, st.integers(0, 2**40), st.sampled_from(sizes), nothing, nothing, st.sampled_from(terms)
    )


@st.composite
def intervals(draw, days=120):
    """An interval that begins on any second of the last year."""
    start = draw(st.integers(PUBLISHED - 400 * DAY, PUBLISHED - DAY))
    return {"interval_start": start, "interval_end": min(PUBLISHED, start + draw(st.integers(1, days * DAY)))}


@cache
def account_and_payout() -> tuple[str, str]:
    """The largest connected account, and its last automatic payout of September."""
    account = connected_accounts(Ledger.of(1, 6.0))[0]
    paid = account.ledger.payouts.filter(
        "automatic", pl.col("effective_at").is_between(*SEPTEMBER.values(), closed="left")
    )
    return account.id, paid.select(account.ledger.draws.payout_id(pl.col("payout"))).to_series()[-1]


def named_in(report_type: str, ledger: Ledger) -> dict[str, str]:
    """The parameters that a type requires besides a period."""
    required = catalog.get(report_type).required_parameters
    if "tax_invoice_month" in required:
        return {"tax_invoice_month": "2026-09"}
    if "connected_account" in required:
        return dict(zip(("connected_account", "payout"), account_and_payout(), strict=True))
    if "payout" in required:
        paid = ledger.payouts.filter("automatic", pl.col("effective_at") < SEPTEMBER["interval_end"])
        return {"payout": paid.select(ledger.draws.payout_id(pl.col("payout"))).to_series()[-1]}
    return {}


def frame(report_type: str, parameters, ledger: Ledger, *, columns=None, account=None) -> pl.DataFrame:
    """A report from the ledger, read by the catalogue's types."""
    type_ = catalog.get(report_type)
    asked = {k: v for k, v in parameters.items() if k in type_.parameters}
    if columns is not None:
        asked["columns"] = columns
    text = bytes(reports.csv(ledger, type_, asked, PUBLISHED, account))
    raw = pl.read_csv(text, infer_schema=False)
    numbers = [c.name for c in type_.columns if c.kind in ("money", "rate") and c.name in raw.columns]
    return raw.with_columns(pl.col(numbers).str.to_decimal(scale=6))


def sums(table: pl.DataFrame, *by: str) -> dict:
    """Figures by group, without groups in which all are zero."""
    return {row[: len(by)]: row[len(by) :] for row in table.rows() if any(row[len(by) :])}


def major(minor: str) -> pl.Expr:
    """Minor units of the ledger in major ones, as the reports have them."""
    places = (
        pl.col("currency")
        .cast(pl.String)
        .replace_strict(
            {currency: 10 ** (6 - decimals) for currency, decimals in DECIMALS.items()}, return_dtype=pl.Int64
        )
    )
    return (pl.col(minor) * places).cast(pl.Decimal(38, 6)) * pl.lit("0.000001").str.to_decimal(scale=6)


def happened(ledger: Ledger, asked) -> pl.DataFrame:
    """The activity of an interval."""
    return ledger.activity.filter(pl.col("created").is_between(*asked.values(), closed="left"))
