"""The options of the commands that fetch: report, parameters, output, account."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, TypedDict, cast

import polars as pl

from stripe_reports import catalog
from stripe_reports.cli.clients import add_client_to
from stripe_reports.cli.output import show
from stripe_reports.errors import ParameterError
from stripe_reports.render.remedies import everywhere
from stripe_reports.report.export import Exports, writer_for
from stripe_reports.storage.disk import disk_errors

if TYPE_CHECKING:
    from stripe_reports.client import Parameters
    from stripe_reports.parsing import SchemaOverrides
    from stripe_reports.planning.reuse import Policy
    from stripe_reports.runs.progress import ProgressOption

__all__ = [
    "add_report_options_to",
    "check_folder_of",
    "check_output",
    "deliver",
    "fetch_options",
    "parameters_of",
]

_PARAMETERS = {
    "timezone": "zone of the period and of local times, such as Europe/Paris",
    "currency": "one currency only, such as eur",
    "tax_invoice_month": "2026-10, for the types by tax invoice; the same as the month as PERIOD",
    "reporting_category": "one reporting category only, such as charge",
    "payout": "po_…, for one payout's report",
    "connected_account": "acct_…, for the Connect types",
    "connected_accounts": "acct_… with commas between, for the Connect types that take several",
    "customer": "cus_…, for revenue recognition",
    "invoice": "in_…, for revenue recognition",
    "invoice_line_item": "il_…, for revenue recognition",
    "columns": "names with commas between, 'all' or 'default'",
}
"""Stripe's parameters, with the help of their options."""

_LISTS = ("columns", "connected_accounts")

_MEANT = tuple(name for name in catalog.MEANT if name != "account")
"""Options of other tools. They are taken only to say what does the same here."""

_TYPES: dict[str, pl.DataType] = {
    "String": pl.String(),
    "Decimal": pl.Decimal(38, 6),
    "Int64": pl.Int64(),
    "Boolean": pl.Boolean(),
    "Date": pl.Date(),
}


class FetchOptions(TypedDict):
    """The arguments of a fetch besides the report and Stripe's parameters."""

    reuse: Policy
    timeout: float
    progress: ProgressOption
    schema_overrides: SchemaOverrides


def add_report_options_to(
    parser: argparse.ArgumentParser, *, period_required: bool, timeout: float | None = 900
) -> None:
    """Add the options for the report, its output and the account; without *timeout*, there is no limit."""
    parser.add_argument("report_type", metavar="TYPE", help="such as balance.summary or payouts.itemized.5")
    parser.add_argument(
        "period", metavar="PERIOD", nargs=None if period_required else "?", help="2026-10, 'last month', …"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write FILE.csv, FILE.parquet or FILE.xlsx"
    )
    for name, text in _PARAMETERS.items():
        parser.add_argument(_option(name), metavar=name.rpartition("_")[2].upper(), help=text)
    for name in _MEANT:
        parser.add_argument(_option(name), nargs="?", const=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--schema-overrides",
        metavar="COLUMN=TYPE,…",
        help="read columns as String, Decimal, Int64, Boolean or Date, instead of the types chosen",
    )
    parser.add_argument(
        "--reuse", choices=["auto", "always", "never"], default="auto", help="use earlier runs; default auto"
    )
    by_default = "no limit by default" if timeout is None else f"default {timeout:.0f}"
    parser.add_argument(
        "--timeout", type=float, default=timeout, metavar="SECONDS", help=f"maximum duration; {by_default}"
    )
    add_client_to(parser)


def parameters_of(options: argparse.Namespace) -> Parameters:
    """Return Stripe's parameters as the client takes them, and those of other tools, which it refuses."""
    given = {name: getattr(options, name) for name in (*_PARAMETERS, *_MEANT)}
    for name in _LISTS:
        if given[name] not in (None, "all", "default"):
            given[name] = [each.strip() for each in given[name].split(",")]
    return cast("Parameters", {name: value for name, value in given.items() if value is not None})


def fetch_options(options: argparse.Namespace, progress: ProgressOption) -> FetchOptions:
    """Return the other options as the client accepts them."""
    return {
        "reuse": options.reuse,
        "timeout": options.timeout,
        "progress": progress,
        "schema_overrides": _overrides(options.schema_overrides),
    }


def check_output(path: Path | None) -> None:
    """Refuse a file that cannot be written, before anything is fetched.

    Raises:
        ParameterError: Its ending is unknown.
        MissingExtraError: The library that writes it is not installed.
        StoreError: Its folder is missing or read-only, or it is a folder.
    """
    if path is not None:
        writer_for(path)
        check_folder_of(path)


def check_folder_of(path: Path, option: str = "--output") -> None:
    """Refuse a file whose folder is missing or read-only, or that is a folder; *option* names it.

    Raises:
        StoreError: It is.
    """
    with disk_errors("write", path, remedy=everywhere(f"Give another file with {option}.")):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with TemporaryFile(dir=path.parent):
            pass


def deliver(reports: Exports, path: Path | None) -> None:
    """Show the rows, or write them to a file."""
    if path is None:
        show(reports.frame())
    else:
        print(f"{writer_for(path)(reports):,} rows in {path}", file=sys.stderr)


def _option(parameter: str) -> str:
    return f"--{parameter.replace('_', '-')}"


def _overrides(text: str | None) -> dict[str, pl.DataType]:
    """Read ``date=String,levy=Decimal`` as polars types."""
    overrides: dict[str, pl.DataType] = {}
    for part in text.split(",") if text else ():
        name, _, dtype = part.partition("=")
        if dtype.strip() not in _TYPES:
            raise ParameterError(
                f"--schema-overrides takes COLUMN=TYPE with a type of {', '.join(_TYPES)}; got {part!r}.",
                param="schema_overrides",
            )
        overrides[name.strip()] = _TYPES[dtype.strip()]
    return overrides
