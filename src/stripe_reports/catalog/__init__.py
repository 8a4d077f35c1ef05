"""The catalogue: facts about Stripe's report types, known without asking Stripe.

``report_types.json`` next to this file describes each column once, and each report type
by the names of its columns, with marks for how well each fact is known. Other types work too: ``siblings``
completes them from other versions of the type and from the names of their columns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from stripe_reports.catalog.categories import (
    FEE_CATEGORIES,
    REPORTING_CATEGORIES,
    UNLISTED_CATEGORIES,
    categories,
)
from stripe_reports.catalog.currencies import CURRENCIES
from stripe_reports.catalog.known import get, report_types, report_types_of
from stripe_reports.catalog.names import ReportTypeName
from stripe_reports.catalog.purposes import answering
from stripe_reports.catalog.siblings import completed, merge, with_column_types
from stripe_reports.catalog.versions import Chosen, Offered, newest_of
from stripe_reports.errors import ParameterError, UnknownReportTypeError
from stripe_reports.models import ReportRequest, ReportType, base_of, has_version
from stripe_reports.render import remedies, reports_v2_remedies
from stripe_reports.render.suggest import did_you_mean, suggestion

__all__ = [
    "CURRENCIES",
    "ECHOED",
    "FEE_CATEGORIES",
    "MEANT",
    "REPORTING_CATEGORIES",
    "UNLISTED_CATEGORIES",
    "Chosen",
    "Offered",
    "ReportTypeName",
    "accepted",
    "categories",
    "check",
    "chosen",
    "columns_named",
    "completed",
    "every_column",
    "get",
    "merge",
    "missing",
    "missing_error",
    "newest",
    "not_taken",
    "report_types",
    "report_types_of",
    "unknown",
    "with_column_types",
]

ECHOED = frozenset(
    {
        "interval_start",
        "interval_end",
        "tax_invoice_month",
        "columns",
        "timezone",
        "currency",
        "reporting_category",
        "payout",
        "connected_account",
    }
)
"""Parameters that Stripe echoes in a run, which identify a run made elsewhere.

Sources: https://docs.stripe.com/api/reporting/report_run/object; for ``tax_invoice_month``,
https://docs.stripe.com/changelog/endive/2026-11-18/invoice-filtered-all-fees-report
"""

_REFUSED = {
    "decimal_separator": "our tables need the point as the decimal sign",
    "decimal_format": "our tables need the point as the decimal sign",
}

_SUGGESTED = 3

_NEEDED = {
    "interval_start": "a period, such as '2026-10'",
    "interval_end": "a period, such as '2026-10'",
    "tax_invoice_month": "a period of one whole month, such as '2026-10'",
    "payout": "a payout: po_…",
    "connected_account": "a connected account: acct_…",
}
"""The description of a required parameter in messages."""

MEANT = {
    "account": remedies.act_for_another_account(),
    "tz": remedies.name_timezone(),
    "time_zone": remedies.name_timezone(),
    "refresh": remedies.launch_anew(),
    "force": remedies.launch_anew(),
    "start": remedies.give_both_bounds(),
    "end": remedies.give_both_bounds(),
}
"""Names that other libraries use, and how to do the same here."""


def newest(name: str, offered: Collection[str] | Offered | None = None) -> str:
    """Return the versioned id for *name*, which may have a version already; see ``chosen``."""
    return chosen(name, offered).id


def chosen(name: str, offered: Collection[str] | Offered | None = None) -> Chosen:
    """Choose the version for *name*; also return the newer versions that were skipped.

    Args:
        name: ``"balance.summary"`` or ``"balance.summary.1"``, which is returned unchanged.
        offered: Ids that the account offers, with their default columns where those are known; None if Stripe
            was not asked: then the newest catalogued version with known columns is chosen.

    Raises:
        UnknownReportTypeError: There is no such name; the message suggests the nearest ones.
    """
    if name.rpartition(".")[2].isdigit() or (offered is not None and name in offered):
        return Chosen(name)  # names have no version in Reports v2
    known = [type_.id for type_ in report_types().values() if type_.columns] if offered is None else offered
    versions = [id_ for id_ in known if id_.rpartition(".")[0] == name and id_.rpartition(".")[2].isdecimal()]
    if versions:
        columns = offered if isinstance(offered, Mapping) else dict.fromkeys(known)
        return newest_of(versions, columns)
    raise unknown(name, offered=offered, have_versions=_have_versions(offered))


def unknown(
    name: str,
    *,
    offered: Collection[str] | None = None,
    says: str | None = None,
    have_versions: bool = True,
) -> UnknownReportTypeError:
    """Return the error for an unknown report type, with the nearest known ones.

    Args:
        name: With or without version.
        offered: Ids that the account offers; None for those of the catalogue.
        says: Stripe's message, if it was asked.
        have_versions: False for Reports v2, whose names have none.
    """
    known = list(report_types()) if offered is None else list(offered)
    has_version = name.rpartition(".")[2].isdigit()
    near = _meant(name, known)
    if not near:
        near = did_you_mean(name, known if has_version else {base_of(id_) for id_ in known} - {name})
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
    return UnknownReportTypeError(
        f"{what}{answer}{near}", remedy=reports_v2_remedies.list_types(have_versions=have_versions)
    )


def _have_versions(offered: Collection[str] | None) -> bool:
    return not offered or any(map(has_version, offered))


def columns_named(report_type: ReportType, columns: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """Return the columns to send: None for Stripe's default, all known columns of the type for ``"all"``.

    Columns that are unproved are not among all: Stripe refuses a request for a column that a type lacks.

    Raises:
        ParameterError: A text other than ``"all"`` and ``"default"``, or ``"all"`` if no column is known.
    """
    if columns is None or columns == "default":
        return None
    if columns == "all":
        names = every_column(report_type)
        if not names:
            raise ParameterError(
                f"No column of {report_type.id} is known for certain, so 'all' is not possible. "
                "Name the columns.",
                param="columns",
            )
        return names
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        raise ParameterError(
            f"columns must be a list of names, 'all' or 'default'; got {columns!r}.", param="columns"
        )
    return tuple(columns)


def every_column(report_type: ReportType) -> tuple[str, ...]:
    """Return the names that ``"all"`` means: without metadata, whose keys are unknown, and the unproved."""
    return tuple(
        column.name for column in report_type.columns if column.kind != "metadata" and not column.is_unproved
    )


def accepted(report_type: ReportType) -> list[str]:
    """List the parameters of a request of this type, without those that are refused here."""
    return [name for name in report_type.parameters if name not in _REFUSED]


def check(request: ReportRequest, report_type: ReportType | None = None) -> dict[str, str]:
    """Refuse a request that Stripe would refuse; return remarks on what only Stripe can decide, by parameter.

    A type without known facts passes. A type that is not catalogued, but has a sibling, is compared with the
    sibling; the result is a remark, and Stripe decides. The same applies to values that Stripe may add.

    Raises:
        ParameterError: The type does not take a parameter, a required one is missing, or a value is
            impossible.
    """
    for name, why in _REFUSED.items():
        if name in request.parameters:
            raise ParameterError(f"{name} is not supported: {why}. Format the frame instead.", param=name)
    report_type = report_type or completed(request.report_type)
    if not report_type.is_catalogued:
        return {}
    left_to_stripe = {}
    try:
        _check_parameters(request, report_type)
    except ParameterError as problem:
        if get(report_type.id) is not None:
            raise
        left_to_stripe[str(problem.param)] = (
            f"{report_type.id} is treated like {report_type.sibling}, so this may be wrong: {problem} "
            "Stripe decides."
        )
    _check_described(request, report_type)
    return left_to_stripe | _check_values(request) | _check_columns(request, report_type)


def _check_parameters(request: ReportRequest, report_type: ReportType) -> None:
    for name in request.parameters:
        if name not in report_type.parameters:
            raise not_taken(report_type, name)
    for name in missing(report_type, request.parameters):
        raise missing_error(report_type, name)


def _check_described(request: ReportRequest, report_type: ReportType) -> None:
    """Refuse values that a report of Reports v2 does not take, as Stripe itself describes it."""
    for name, value in request.parameters.items():
        is_list = isinstance(value, tuple)
        if report_type.is_described and is_list != (name in report_type.list_parameters):
            expected = "a list of values" if not is_list else "one value"
            raise ParameterError(f"{name} of {report_type.id} must be {expected}; got {value!r}.", param=name)
        allowed = report_type.allowed_values.get(name, ())
        for one in value if is_list else (value,):
            if allowed and one not in allowed:
                raise ParameterError(
                    f"{report_type.id} takes no {name} {one!r}.{did_you_mean(str(one), allowed)}",
                    param=name,
                    remedy=reports_v2_remedies.name_what_type_takes(has_version=has_version(report_type.id)),
                )


def missing(report_type: ReportType, given: Collection[str]) -> list[str]:
    """List the required parameters that were not given."""
    return [name for name in report_type.required_parameters if name not in given]


def missing_error(report_type: ReportType, name: str) -> ParameterError:
    """Return the error for a required parameter that was not given."""
    needed = _NEEDED.get(name, f"the parameter {name!r}")
    return ParameterError(f"{report_type.id} needs {needed}.", param=name)


def not_taken(report_type: ReportType, name: str) -> ParameterError:
    """The error for a parameter that the type does not take, with what was probably meant."""
    if name in MEANT:
        return ParameterError(f"Reports do not take {name!r}.", param=name, remedy=MEANT[name])
    taken = accepted(report_type)
    return ParameterError(
        f"{report_type.id} does not take {name!r}.{did_you_mean(name, taken)} It takes {', '.join(taken)}.",
        param=name,
    )


def _check_values(request: ReportRequest) -> dict[str, str]:
    known = {"reporting_category": categories(), "currency": CURRENCIES}
    return {
        name: f"{value!r} is not a {name.replace('_', ' ')} that this package knows; Stripe "
        f"decides whether to accept it.{did_you_mean(value, values)}"
        for name, values in known.items()
        if (value := request.parameters.get(name)) is not None and value not in values
    }


def _check_columns(request: ReportRequest, report_type: ReportType) -> dict[str, str]:
    unknown = [name for name in request.columns or () if report_type.column(name) is None]
    if not unknown:
        return {}
    names = [column.name for column in report_type.columns]
    hints = "".join(did_you_mean(name, names, most=1) for name in unknown[:3])
    if report_type.columns_complete:
        raise ParameterError(f"{report_type.id} has no column {', '.join(unknown)}.{hints}", param="columns")
    return {
        "columns": f"Not all columns of {report_type.id} are known; Stripe decides whether it has "
        f"{', '.join(unknown)}.{hints}"
    }


def _meant(name: str, known: Iterable[str]) -> str:
    """Return a sentence that names the reports for what people call *name*: ``sales tax``, ``deposits``."""
    asked = set(known)
    found = answering(name, (type_ for id_, type_ in report_types().items() if id_ in asked))
    return suggestion([*dict.fromkeys(type_.base for type_ in found)][:_SUGGESTED])


def _named_with(word: str, known: Iterable[str]) -> str:
    """Return a sentence that lists types with a word in their name: ``fees``, ``tax``."""
    bases = sorted({base_of(id_) for id_ in known if word in id_})
    more = f" and {len(bases) - 3} more" if len(bases) > 3 else ""
    return f" Types with that word: {', '.join(map(repr, bases[:3]))}{more}." if bases else ""
