"""What is known of Stripe's report types without asking Stripe: parameters, columns, meanings.

``report_types.json`` beside this file describes each of the 206 columns once, and each of the 90 types
by the names of its columns, with marks for how well each fact is known. A type that is not in it still
works: Stripe then checks the parameters, and its columns are read as text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

from stripe_reports.catalog.currencies import CURRENCIES
from stripe_reports.catalog.names import ReportTypeName
from stripe_reports.errors import ParameterError, UnknownReportTypeError
from stripe_reports.models import Column, ReportRequest, ReportType
from stripe_reports.render.suggest import did_you_mean

__all__ = [
    "CURRENCIES",
    "ECHOED",
    "REPORTING_CATEGORIES",
    "ReportTypeName",
    "accepted",
    "check",
    "columns_named",
    "get",
    "merge",
    "missing",
    "missing_error",
    "newest",
    "not_taken",
    "report_types",
    "unknown",
]

ECHOED = frozenset(
    {
        "interval_start",
        "interval_end",
        "columns",
        "timezone",
        "currency",
        "reporting_category",
        "payout",
        "connected_account",
    }
)
"""The parameters that Stripe echoes in a run, so that a run made elsewhere can be recognised by them.

Source: https://docs.stripe.com/api/reporting/report_run/object
"""

REPORTING_CATEGORIES = (
    *("advance", "advance_funding", "anticipation_repayment", "charge", "charge_failure"),
    *("climate_order_purchase", "climate_order_refund", "connect_collection_transfer"),
    *("connect_reserved_funds", "contribution", "dispute", "dispute_reversal", "fee"),
    *("financing_paydown", "financing_paydown_reversal", "financing_payout", "financing_payout_reversal"),
    *(
        "issuing_authorization_hold",
        "issuing_authorization_release",
        "issuing_dispute",
        "issuing_transaction",
    ),
    *("network_cost", "other_adjustment", "partial_capture_reversal", "payout", "payout_reversal"),
    *("platform_earning", "platform_earning_refund", "refund", "refund_failure", "risk_reserved_funds"),
    *("tax", "topup", "topup_reversal", "transfer", "transfer_reversal", "unreconciled_customer_funds"),
)
"""The 37 reporting categories. Source: https://docs.stripe.com/reports/reporting-categories"""

_REFUSED = {
    "decimal_separator": "our tables need the point as the decimal sign",
    "decimal_format": "our tables need the point as the decimal sign",
}

_NEEDED = {
    "interval_start": "a period, such as '2026-10'",
    "interval_end": "a period, such as '2026-10'",
    "payout": "a payout: po_…",
    "connected_account": "a connected account: acct_…",
}
"""What a required parameter is called in messages."""

_MEANT = {
    "account": "Act for another account with Client(account='acct_…').",
    "tz": "The time zone is timezone='Europe/Paris'.",
    "time_zone": "The time zone is timezone='Europe/Paris'.",
    "refresh": "Launch a new run with reuse='never'.",
    "force": "Launch a new run with reuse='never'.",
    "start": "Give both bounds as the period: ('2026-10-01', '2026-11-01').",
    "end": "Give both bounds as the period: ('2026-10-01', '2026-11-01').",
}
"""Names that other libraries use, and what does the same here."""

_STRIPES_OWN = (
    *("id", "object", "name", "version", "livemode"),
    *("data_available_start", "data_available_end", "updated"),
)


@cache
def report_types() -> dict[str, ReportType]:
    """Every catalogued type by id, families together, in the order of their names."""
    data = json.loads(files(__package__).joinpath("report_types.json").read_text("utf-8"))
    return {id_: _report_type(id_, entry, data["columns"]) for id_, entry in data["report_types"].items()}


def _report_type(id_: str, entry: dict[str, Any], columns: dict[str, dict[str, Any]]) -> ReportType:
    elsewhere = entry.get("columns_source", {})
    if isinstance(elsewhere, str):
        elsewhere = {elsewhere: entry["columns"]}
    source_of = {name: source for source, names in elsewhere.items() for name in names}
    differing = entry.get("differing", {})

    def column(name: str) -> Column:
        known = columns[name] | differing.get(name, {})
        return Column(name, source=source_of.get(name, entry["source"]), **known)

    return ReportType(
        id=id_,
        name=entry["title"],
        version=int(id_.rpartition(".")[2]),
        default_columns=None if entry["default_columns"] is None else tuple(entry["default_columns"]),
        family=entry["family"],
        required_parameters=tuple(entry["required"]),
        optional_parameters=tuple(entry["optional"]),
        columns=tuple(map(column, entry["columns"])),
        columns_complete=entry["columns_complete"],
        livemode_only=entry.get("livemode_only"),
        superseded_by=entry.get("superseded_by"),
        evidence=entry["evidence"],
        default_columns_evidence=entry["default_columns_evidence"],
        notes=entry.get("notes"),
        source=entry["source"],
    )


def get(id_: str) -> ReportType | None:
    """The catalogued type of that versioned id, or None."""
    return report_types().get(id_)


def merge(answer: ReportType) -> ReportType:
    """Stripe's answer about a type, completed by what the catalogue knows of it."""
    known = get(answer.id)
    if known is None:
        return answer
    values = {name: getattr(answer, name) for name in _STRIPES_OWN}
    if answer.default_columns is not None:
        values |= {"default_columns": answer.default_columns, "default_columns_evidence": "confirmed"}
    return replace(known, **values)


def newest(name: str, offered: Collection[str] | None = None) -> str:
    """The versioned id for *name*, which may have a version already.

    Args:
        name: ``"balance.summary"`` or ``"balance.summary.1"``.
        offered: Ids that the account offers; None when Stripe was not asked, which takes the newest
            catalogued version with known columns.

    Raises:
        UnknownReportTypeError: No such name; the message has the nearest ones.
    """
    if name.rpartition(".")[2].isdigit():
        return name
    known = [type_.id for type_ in report_types().values() if type_.columns] if offered is None else offered
    versions = [id_ for id_ in known if id_.rpartition(".")[0] == name]
    if versions:
        return max(versions, key=lambda id_: int(id_.rpartition(".")[2]))
    raise unknown(name, offered=offered)


def unknown(
    name: str, *, offered: Collection[str] | None = None, says: str | None = None
) -> UnknownReportTypeError:
    """The error for a report type that is not there, with the nearest that are.

    Args:
        name: With or without version.
        offered: Ids that the account offers; None for those of the catalogue.
        says: What Stripe said, if it was asked.
    """
    known = list(report_types()) if offered is None else list(offered)
    has_version = name.rpartition(".")[2].isdigit()
    near = did_you_mean(name, known if has_version else {id_.rpartition(".")[0] for id_ in known} - {name})
    catalogued = [type_ for type_ in report_types().values() if name in (type_.id, type_.base)]
    if not near:
        near = _named_with(name, known)
    if catalogued and all(type_.livemode_only for type_ in catalogued):
        what = f"The report type {name!r} has no test data: use a live key, of an account that has it."
        near = ""  # it was meant
    elif catalogued:
        what = f"This account does not offer the report type {name!r}, which Stripe has."
    else:
        what = f"There is no report type {name!r}."
    answer = f" Stripe says: {says.removesuffix('.')}." if says else ""
    return UnknownReportTypeError(f"{what}{answer}{near} client.report_types() lists what there is.")


def columns_named(report_type: ReportType, columns: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """The list of columns to send: None for Stripe's default, the type's own columns for ``"all"``.

    Raises:
        ParameterError: A text other than ``"all"`` and ``"default"``, or ``"all"`` where no column is known.
    """
    if columns is None or columns == "default":
        return None
    if columns == "all":
        names = tuple(column.name for column in report_type.columns if column.kind != "metadata")
        if not names:
            raise ParameterError(
                f"No column of {report_type.id} is known, so 'all' cannot be spelled out; name the columns.",
                param="columns",
            )
        return names
    if isinstance(columns, str):
        raise ParameterError(
            f"columns is a list of names, 'all' or 'default', not {columns!r}.", param="columns"
        )
    return tuple(columns)


def accepted(report_type: ReportType) -> list[str]:
    """What a request of this type may have: Stripe's parameters without those that are refused here."""
    return [name for name in report_type.parameters if name not in _REFUSED]


def check(request: ReportRequest, report_type: ReportType | None = None) -> list[str]:
    """Refuse what Stripe would refuse, before any call; return warnings about what only Stripe can tell.

    A type that is not catalogued passes: Stripe decides.

    Raises:
        ParameterError: A parameter that the type does not take, misses, or that has an impossible value.
    """
    for name, why in _REFUSED.items():
        if name in request.parameters:
            raise ParameterError(f"{name} is not supported: {why}. Format the frame instead.", param=name)
    report_type = report_type or get(request.report_type)
    if report_type is None or not report_type.is_catalogued:
        return []
    _check_parameters(request, report_type)
    category = request.reporting_category
    if category is not None and category not in REPORTING_CATEGORIES:
        raise ParameterError(
            f"{category!r} is not a reporting category.{did_you_mean(category, REPORTING_CATEGORIES)}",
            param="reporting_category",
        )
    return _check_columns(request, report_type)


def _check_parameters(request: ReportRequest, report_type: ReportType) -> None:
    for name in request.parameters:
        if name not in report_type.parameters:
            raise not_taken(report_type, name)
    for name in missing(report_type, request.parameters):
        raise missing_error(report_type, name)


def missing(report_type: ReportType, given: Collection[str]) -> list[str]:
    """The parameters that the type requires and that are not among those given."""
    return [name for name in report_type.required_parameters if name not in given]


def missing_error(report_type: ReportType, name: str) -> ParameterError:
    """The error for a required parameter that was not given."""
    needed = _NEEDED.get(name, f"the parameter {name!r}")
    return ParameterError(f"{report_type.id} needs {needed}.", param=name)


def not_taken(report_type: ReportType, name: str) -> ParameterError:
    """The error for a parameter that the type does not take, with what was probably meant."""
    if name in _MEANT:
        return ParameterError(f"Reports do not take {name!r}. {_MEANT[name]}", param=name)
    taken = accepted(report_type)
    return ParameterError(
        f"{report_type.id} does not take {name!r}.{did_you_mean(name, taken)} It takes {', '.join(taken)}.",
        param=name,
    )


def _check_columns(request: ReportRequest, report_type: ReportType) -> list[str]:
    unknown = [name for name in request.columns or () if report_type.column(name) is None]
    if not unknown:
        return []
    names = [column.name for column in report_type.columns]
    hints = "".join(did_you_mean(name, names, most=1) for name in unknown[:3])
    if report_type.columns_complete:
        raise ParameterError(f"{report_type.id} has no column {', '.join(unknown)}.{hints}", param="columns")
    return [
        f"The columns of {report_type.id} are not all known; whether it has {', '.join(unknown)} "
        f"is left to Stripe, and an unknown column is read as text.{hints}"
    ]


def _named_with(word: str, known: Iterable[str]) -> str:
    """The types with a word somewhere in their name: ``fees``, ``tax``."""
    bases = sorted({id_.rpartition(".")[0] for id_ in known if word in id_})
    more = f" and {len(bases) - 3} more" if len(bases) > 3 else ""
    return f" With that word there is {', '.join(map(repr, bases[:3]))}{more}." if bases else ""
