"""``client.tie_out(reports)``: the reports of a set against Stripe's summary of the whole interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_reports.errors import ParameterError
from stripe_reports.models import base_of
from stripe_reports.parsing.balances import of_whole
from stripe_reports.planning.reuse import Policy
from stripe_reports.reconcile.period_tie_out import COMPARED_TYPES
from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.render import remedies
from stripe_reports.report.outcome import OWN_ACCOUNT
from stripe_reports.report.report_set import ReportSet
from stripe_reports.runs.progress import ProgressOption

if TYPE_CHECKING:
    from stripe_reports.reconcile.protocol import ReportClient

__all__ = ["tie_out_set"]

_SUMMARY = "summary"


def tie_out_set(
    client: ReportClient,
    reports: ReportSet,
    *,
    reuse: Policy,
    timeout: float,
    progress: ProgressOption,
) -> TieOut:
    """See ``Client.tie_out``. The summary is fetched unless the set has it.

    Raises:
        ParameterError: The set has several accounts, another account than the client, no report that is part
            of a control, or an interval without a start.
        IncompleteError: Some of its reports are not there.
    """
    _check_account(reports)
    by_base = {base_of(type_id): type_id for type_id in reports.report_types}
    named = {name: by_base[base] for name, base in COMPARED_TYPES.items() if base in by_base}
    if not named.keys() - {_SUMMARY}:
        compared = ", ".join(base for name, base in COMPARED_TYPES.items() if name != _SUMMARY)
        raise ParameterError(
            f"This set has {', '.join(reports.report_types)}; a tie-out needs one of {compared}.",
            param="report_type",
        )
    whole = reports.of(next(type_ for name, type_ in named.items() if name != _SUMMARY)).request
    start, end = whole.period_start, whole.period_end
    if start is None or end is None:
        raise ParameterError(f"{whole.report_type} is about a moment; a tie-out is about an interval.")
    frames = {name: of_whole(reports.scan(type_id)).collect() for name, type_id in named.items()}
    kept = {}
    if _SUMMARY not in frames:
        request = client.request(
            COMPARED_TYPES[_SUMMARY],
            (start, end),
            timezone=whole.timezone or whole.zone,
            currency=whole.currency,
        )
        summary = client.fetch(request, reuse=reuse, timeout=timeout, progress=progress)
        kept[_SUMMARY], frames[_SUMMARY] = summary, summary.frame()
    currency = f", {whole.currency}" if whole.currency else ""
    return TieOut.of(
        reports=kept,
        notes=(*reports.notes, *([reports.left_out_text] if reports.left_out_text else [])),
        title=f"{whole.period_name}, {len(reports):,} reports{currency}",
        interval=(start, end),
        **frames,
    )


def _check_account(reports: ReportSet) -> None:
    others = [account for account in reports.accounts if account != OWN_ACCOUNT]
    if others:
        raise ParameterError(
            f"This set has reports of {', '.join(others[:3])}, and a tie-out compares the reports of one "
            "account with the summary of the same account.",
            param="account",
            remedy=remedies.act_for_another_account(),
        )
