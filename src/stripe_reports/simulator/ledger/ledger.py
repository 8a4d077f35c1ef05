"""A seeded account of an invented merchant: every change of its balance, exact to the minor unit.

Activity (charges, refunds, disputes, fees) counts when it was created; payouts count when they take
effect. Amounts are integer minor units, times are Unix seconds. Rows hold numbers only: customer, card and
metadata are drawn from those numbers when a report needs them (``details``).

The merchant sells in four currencies, each with its own payout schedule:

    eur, usd   automatic, every business day      jpy   automatic, every Friday
    kwd        manual, every fourth week, whole dinars

In some weeks nothing is sold in usd or jpy while refunds and fees go on: then Stripe debits the bank. Some
automatic payouts fail; the money comes back and goes out again by hand the next day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Any

import polars as pl

from stripe_reports.simulator.ledger.draws import Draws
from stripe_reports.simulator.ledger.markets import CATEGORY, CURRENCY, MARKETS, Market
from stripe_reports.simulator.ledger.pricing import Terms, priced
from stripe_reports.simulator.ledger.restatements import Restatement, restated

__all__ = ["ACCOUNT_OPENED", "LEDGER_VERSION", "USUAL_ACCOUNTS", "Ledger"]

LEDGER_VERSION = 1
"""Version of the ledger: changes whenever the same seed gives other figures."""

DAY = 86_400
_EPOCH = date(1970, 1, 1)
USUAL_ACCOUNTS = 14
"""Accounts that are connected to a platform by default: the larger ones, which have names."""


def _day(day: date) -> int:
    return (day - _EPOCH).days


ACCOUNT_OPENED = datetime(2024, 10, 1, tzinfo=UTC)
"""Start of the available data, although nothing is sold in the first month."""
_FIRST_DAY, _LAST_DAY = _day(min(market.opened for market in MARKETS)), _day(date(2027, 1, 1))
_CODES = {market.currency: code for code, market in enumerate(MARKETS)}

_DAYS = _LAST_DAY - _FIRST_DAY
_AT_ONCE = 1_000_000
"""Number of charges drawn together: more are not faster."""
_ROWS_OF_A_CHARGE = 8
"""Row numbers reserved for each charge and its later events; number 0 is the charge itself."""
_STAND_ALONE = 1 << 60
_RETRIED = 1 << 50
_CANDIDATES = 1.457
"""Charges drawn for each one that is kept; growth and weekends remove the others."""
_FAILING = 29
"""One in this number of automatic payouts fails."""
_INSTANT_SHARE = 56
"""The fee of an instant payout is one of this number of parts of what leaves the balance."""

_at, _day_of = pl.col("created"), pl.col("created") // DAY
_USUAL_TERMS = Terms()


class Ledger:
    """All rows of one seed.

    Args:
        seed: The same seed gives the same rows, in any process and Python version.
        charges_per_day: Mean number of charges a day over the two years.
        restatements: Late changes to closed intervals, in the order they were published. Affected payouts
            change too, so that the ledger still balances.
        categories: Reporting categories that some of the stand-alone fees have instead of ``fee``.
        terms: How the account pays Stripe, and how its reports treat what no source proves.
        accounts: Number of accounts that are connected to it.

    Attributes:
        activity: One row per balance transaction that is not a payout, by ``created``.
        payouts: One row per payout.
        movements: Changes of the balance by payouts, by ``effective_at``: a row for each payout and one for
            each that was returned.
        draws: The draws of the seed, for values that the rows do not hold.
        charges_per_day: As given.
        restatements: As given.
        terms: As given.
        accounts: As given.
        assessed: The fees of each charge that are in rows of their own, by product; see ``pricing.priced``.
    """

    def __init__(
        self,
        seed: int,
        charges_per_day: float = 40.0,
        restatements: Sequence[Restatement] = (),
        categories: Sequence[str] = (),
        terms: Terms = _USUAL_TERMS,
        accounts: int = USUAL_ACCOUNTS,
    ) -> None:
        self.draws = Draws(seed)
        self.charges_per_day = charges_per_day
        self.restatements = tuple(restatements)
        self.terms = terms
        self.accounts = accounts
        rows = pl.concat(_activity(self.draws, charges_per_day), rechunk=False)
        rows, assessed = priced(rows, self.draws, terms.pricing)
        if self.restatements:
            rows = restated(rows, self.restatements).sort("created", "transaction")
        self.assessed = assessed.join(rows, on="transaction", how="semi")
        rows = rows.with_columns(_in_categories(categories), net=pl.col("gross") - pl.col("fee"))
        self.settle(rows)

    def settle(self, rows: pl.DataFrame, *by: str) -> None:
        """Pay out the rows of the activity: each account's by themselves, if *by* names their column."""
        rows = rows.with_columns(payout_day=_payout_day())
        each = (*by, "currency", "payout_day")
        sums = rows.group_by(each).agg(amount=pl.col("net").sum())
        self.payouts = _payouts(self.draws, sums, by, has_instant=self.terms.has_instant_payouts)
        self.activity = rows.with_columns(_automatic_payout(each))
        self.movements = _movements(self.payouts)

    @staticmethod
    @lru_cache(maxsize=4)
    def of(
        seed: int,
        charges_per_day: float = 40.0,
        restatements: tuple[Restatement, ...] = (),
        categories: tuple[str, ...] = (),
        terms: Terms = _USUAL_TERMS,
        accounts: int = USUAL_ACCOUNTS,
    ) -> Ledger:
        """Return the ledger of a seed; the last few are cached."""
        return Ledger(seed, charges_per_day, restatements, categories, terms, accounts)

    def payout(self, id_: str) -> dict[str, Any] | None:
        """Return the row of a payout; None if there is none with that id."""
        number = self._payouts_by_id.get(id_)
        return None if number is None else self.payouts.row(number, named=True)

    @cached_property
    def _payouts_by_id(self) -> dict[str, int]:
        ids = self.payouts.select(self.draws.payout_id(pl.col("payout"))).to_series()
        return {id_: number for number, id_ in enumerate(ids)}


def _per_market(value: str) -> pl.Expr:
    """Return a field of the market of the row's currency."""
    values = {market.currency: getattr(market, value) for market in MARKETS}
    return pl.col("currency").replace_strict(values, return_dtype=pl.Int64)


def _currency(market: Market) -> pl.Expr:
    return pl.lit(market.currency, CURRENCY)


def _activity(draws: Draws, charges_per_day: float) -> Iterator[pl.DataFrame]:
    """Return all rows by time, some hundred thousand charges at a time: memory is needed only for the rows.

    Later events of a charge, such as its refund, wait for the frame of their own time.
    """
    candidates = max(1, round(charges_per_day * _DAYS * _CANDIDATES))
    waiting = _stand_alone_fees(draws)
    for first in range(0, candidates, _AT_ONCE):
        last = min(first + _AT_ONCE, candidates)
        charges = _charges(draws, first, last, candidates)
        rows = pl.concat(
            [
                waiting,
                _rows("charge", charges, 0),
                *_refunds(draws, charges),
                *_disputes(draws, charges),
            ]
        )
        # No later charge is earlier than this.
        until = _FIRST_DAY * DAY + last * _DAYS * DAY // candidates
        yield rows.filter(_at < until).sort("created", "transaction")
        waiting = rows.filter(_at >= until)


def _charges(draws: Draws, first: int, last: int, candidates: int) -> pl.DataFrame:
    """Return the charges with those numbers and their amounts; growth and weekends remove some."""
    charge = pl.col("charge")
    drawn = pl.select(charge=pl.int_range(first, last, dtype=pl.UInt64)).with_columns(
        created=_FIRST_DAY * DAY
        + charge.cast(pl.Int64) * (_DAYS * DAY) // candidates
        + draws.below(DAY // 4, "created", charge)
    )
    weight = (550 + 450 * (_day_of - _FIRST_DAY) // _DAYS) * pl.when(_weekday(_day_of) > 4).then(3).otherwise(
        5
    )
    kept = drawn.filter(draws.below(5000, "kept", charge) < weight)

    chance, shares, currency = draws.below(1000, "currency", charge), 0, _currency(MARKETS[-1])
    for code, market in enumerate(MARKETS[:-1]):
        is_open = _day_of >= _day(market.opened)
        if market.pauses:
            week = (_day_of + 3) // 7 * len(MARKETS) + code
            is_open &= draws.below(13, "paused", week) > 0
        in_share = (chance >= shares) & (chance < shares + market.share)
        currency = pl.when(in_share & is_open).then(_currency(market)).otherwise(currency)
        shares += market.share

    curve = draws.below(1000, "amount", charge)
    cents = (490 + curve**3 // 60_000) * pl.when(draws.below(400, "large", charge) == 0).then(40).otherwise(1)
    step = _per_market("price_step")
    amount = cents * _per_market("price") // 100 // step * step
    return kept.with_columns(currency=currency).with_columns(amount=amount)


def _rows(
    category: str,
    charges: pl.DataFrame,
    number: int,
    *,
    created: pl.Expr = _at,
    gross: pl.Expr | None = None,
    fee: pl.Expr | None = None,
) -> pl.DataFrame:
    """Return the rows of the activity that belong to charges, with the same columns for all categories."""
    amount = pl.col("amount")
    charge_fee = (amount * _per_market("fee_rate") + 500) // 1000 + _per_market("fee_fixed")
    none = pl.lit(0, pl.Int64)
    is_charge = category == "charge"
    available = _business_day(_day_of + 2) if is_charge else pl.col("at") // DAY
    withheld = pl.when((pl.col("currency") == "eur") & (pl.col("charge") % 25 == 7)).then(amount // 50)
    return (
        charges.with_columns(at=created)
        .select(
            transaction=pl.col("charge") * _ROWS_OF_A_CHARGE + number,
            reporting_category=pl.lit(category, CATEGORY),
            currency="currency",
            created="at",
            available_on=available * DAY,
            gross=amount if gross is None else gross,
            fee=charge_fee if is_charge else none if fee is None else fee,
            withheld_tax=withheld.otherwise(0) if is_charge else none,
            charge="charge",
            charge_created="created",
        )
        .with_columns(fee=pl.col("fee") + pl.col("withheld_tax"))
    )


def _refunds(draws: Draws, charges: pl.DataFrame) -> list[pl.DataFrame]:
    """Return full refunds, partial ones, sometimes a second partial one, and some that fail."""
    charge, amount = pl.col("charge"), pl.col("amount")
    chance = draws.below(1000, "trouble", charge)
    refunded_at = _at + 3600 + draws.below(20 * DAY, "refunded", charge)
    share = draws.below(50, "refunded share", charge) + 10
    first = pl.when(chance < 36).then(amount).otherwise(amount * share // 100)
    refunded = charges.filter(chance < 60)
    again = refunded.filter((chance >= 36) & (chance < 42))
    bounced = refunded.filter(draws.below(40, "bounced", charge) == 0)
    return [
        _rows("refund", refunded, 1, created=refunded_at, gross=-first),
        _rows(
            "refund", again, 2, created=refunded_at + 3 * DAY + 77, gross=-(amount * (share // 2 + 4) // 100)
        ),
        _rows("refund_failure", bounced, 3, created=refunded_at + 6 * DAY + 4321, gross=first),
    ]


def _disputes(draws: Draws, charges: pl.DataFrame) -> list[pl.DataFrame]:
    """Return disputes, and the reversals of those won; in eur the fee of a won dispute is returned."""
    charge, amount = pl.col("charge"), pl.col("amount")
    chance = draws.below(1000, "trouble", charge)
    disputed = charges.filter((chance >= 60) & (chance < 72))
    won = disputed.filter(draws.below(5, "won", charge) < 2)
    disputed_at = _at + 5 * DAY + draws.below(50 * DAY, "disputed", charge)
    won_at = disputed_at + 20 * DAY + draws.below(40 * DAY, "decided", charge)
    fee = _per_market("dispute_fee")
    returned = pl.when(pl.col("currency") == "eur").then(-fee).otherwise(0)
    return [
        _rows("dispute", disputed, 4, created=disputed_at, gross=-amount, fee=fee),
        _rows("dispute_reversal", won, 5, created=won_at, gross=amount, fee=returned),
    ]


def _stand_alone_fees(draws: Draws) -> pl.DataFrame:
    """Return stand-alone fees: their amount is in gross, and fee is zero."""
    frames = []
    for code, market in enumerate(MARKETS):
        every = 1 if market.schedule == "daily" else 7
        number = pl.col("day").cast(pl.UInt64) * len(MARKETS) + code
        smallest, values = market.radar_fee
        created = pl.col("day") * DAY + 2 * 3600 + draws.below(3600, "fee at", number)
        frames.append(
            pl.select(day=pl.int_range(_day(market.opened), _LAST_DAY, every)).select(
                transaction=number + _STAND_ALONE,
                reporting_category=pl.lit("fee", CATEGORY),
                currency=_currency(market),
                created=created,
                available_on=created // DAY * DAY,
                gross=-(smallest + draws.below(values, "fee", number)),
                fee=pl.lit(0, pl.Int64),
                withheld_tax=pl.lit(0, pl.Int64),
                charge=pl.lit(None, pl.UInt64),
                charge_created=pl.lit(None, pl.Int64),
            )
        )
    return pl.concat(frames)


def _in_categories(categories: Sequence[str]) -> pl.Expr:
    """Return the category of a row: stand-alone fees are divided by day among the categories and ``fee``."""
    category, day = pl.col("reporting_category"), pl.col("transaction") // len(MARKETS)
    turn = day % (len(categories) + 1)
    for number, name in enumerate(categories):
        is_due = (pl.col("reporting_category") == "fee") & (turn == number)
        category = pl.when(is_due).then(pl.lit(name, CATEGORY)).otherwise(category)
    return category.alias("reporting_category")


def _weekday(day: pl.Expr) -> pl.Expr:
    """Return the weekday, 0 for Monday; the first of January 1970 was a Thursday."""
    return (day + 3) % 7


def _business_day(day: pl.Expr) -> pl.Expr:
    """Return the day itself, or the Monday after its weekend."""
    return day + pl.when(_weekday(day) > 4).then(7 - _weekday(day)).otherwise(0)


def _has_schedule(schedule: str) -> pl.Expr:
    return pl.col("currency").is_in([m.currency for m in MARKETS if m.schedule == schedule])


def _payout_day() -> pl.Expr:
    """Return the first payout day of the currency on which the row's money is available."""
    ready = pl.max_horizontal(pl.col("available_on") // DAY, _day_of + 1)
    return (
        pl.when(_has_schedule("daily"))
        .then(_business_day(ready))
        .when(_has_schedule("weekly"))
        .then(ready + (4 - _weekday(ready)) % 7)
        .otherwise(ready + (-ready) % 28)
    )


def _payout_number() -> pl.Expr:
    code = pl.col("currency").replace_strict(_CODES, return_dtype=pl.Int64)
    return (pl.col("payout_day") * len(MARKETS) + code).cast(pl.UInt64)


_AUTOMATIC_AT = pl.col("payout_day") * DAY + 11 * 60
_AUTOMATIC_EFFECTIVE_AT = _business_day(pl.col("payout_day") + 1) * DAY


def _automatic_payout(each: Sequence[str]) -> list[pl.Expr]:
    """Return the automatic payout that settles the row; none if the rows of a payout sum to zero."""
    is_paid = ~_has_schedule("manual") & (pl.col("net").sum().over(each) != 0)
    return [
        pl.when(is_paid).then(_payout_number()).alias("payout"),
        pl.when(is_paid).then(_AUTOMATIC_AT).alias("payout_created"),
        pl.when(is_paid).then(_AUTOMATIC_EFFECTIVE_AT).alias("payout_effective_at"),
    ]


def _payouts(draws: Draws, sums: pl.DataFrame, by: Sequence[str], *, has_instant: bool) -> pl.DataFrame:
    """Return one row per payout: the amount that leaves the balance, negative where Stripe debits the bank.

    The bank gets the amount less the fee.
    """
    groups = sums.sort("currency", "payout_day").with_columns(payout=_payout_number())
    number = pl.col("payout")

    automatic = groups.filter(~_has_schedule("manual")).with_columns(
        automatic=pl.lit(True), created=_AUTOMATIC_AT, effective_at=_AUTOMATIC_EFFECTIVE_AT
    )
    fails = (pl.col("amount") > 0) & (draws.below(_FAILING, "payout fails", number) == 0)
    failed_at = pl.col("effective_at") + 2 * DAY + 9 * 3600 + draws.below(3600, "payout failed", number)
    automatic = automatic.with_columns(failed_at=pl.when(fails).then(failed_at))

    # Whole dinars are paid out by hand; the rest waits for the next payout.
    whole = pl.col("amount").cum_sum().over(*by, "currency", order_by="payout_day") // 1000 * 1000
    by_hand = pl.col("payout_day") * DAY + 10 * 3600 + draws.below(3600, "paid by hand", number)
    manual = groups.filter(_has_schedule("manual")).with_columns(
        automatic=pl.lit(False), created=by_hand, effective_at=by_hand, failed_at=pl.lit(None, pl.Int64)
    )
    manual = manual.with_columns(amount=whole - whole.shift(1, fill_value=0).over(*by, "currency"))

    again = pl.col("failed_at") + DAY
    retried = automatic.filter(pl.col("failed_at").is_not_null()).with_columns(
        payout=number + _RETRIED,
        automatic=pl.lit(False),
        created=again,
        effective_at=again,
        failed_at=pl.lit(None, pl.Int64),
    )
    arrival = _business_day(pl.col("created") // DAY + 1) * DAY
    is_instant = ~pl.col("automatic") & (draws.below(2, "instant", number) == 0) & has_instant
    fee = pl.when(is_instant & (pl.col("amount") > 0)).then(pl.col("amount") // _INSTANT_SHARE)
    return (
        pl.concat([automatic, manual, retried])
        .filter(pl.col("amount") != 0)
        .with_columns(arrival=arrival, fee=fee.otherwise(0))
        .drop("payout_day")
        .sort("effective_at", "payout")
    )


def _movements(payouts: pl.DataFrame) -> pl.DataFrame:
    """Return the balance changes by payouts: out when they take effect, back when they fail.

    ``net`` is the change; its ``fee`` stays with Stripe, so the bank gets or gives ``net + fee``.
    """
    out = payouts.with_columns(reporting_category=pl.lit("payout", CATEGORY), net=-pl.col("amount"))
    back = payouts.filter(pl.col("failed_at").is_not_null()).with_columns(
        reporting_category=pl.lit("payout_reversal", CATEGORY),
        net=pl.col("amount"),
        effective_at=pl.col("failed_at"),
    )
    return pl.concat([out, back]).sort("effective_at", "payout", "reporting_category")
