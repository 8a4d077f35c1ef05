"""``stripe-reports types``: the report types that can be requested."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from stripe_reports import catalog
from stripe_reports.catalog import purposes
from stripe_reports.catalog.reports_v2 import reports_v2
from stripe_reports.cli.clients import add_api_to
from stripe_reports.cli.json_output import add_format_to, say_json
from stripe_reports.cli.output import say
from stripe_reports.errors import UnknownReportTypeError
from stripe_reports.models import ReportType, base_of
from stripe_reports.render import reports_v2_remedies
from stripe_reports.render.remedies import everywhere

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands

__all__ = ["add_to", "run"]


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "types",
        help="list the report types, or show the parameters and columns of one",
        description="Lists the report types, or the parameters and columns of one. Makes no call to Stripe.",
    )
    parser.add_argument("report_type", nargs="?", metavar="TYPE", help="such as payouts.itemized")
    parser.add_argument(
        "--search",
        metavar="WORDS",
        help="list the reports for a purpose, the best first: 'sales tax', deposit, fees",
    )
    parser.add_argument("--all", action="store_true", help="include old versions")
    add_api_to(parser)
    add_format_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """List the report types, or describe one."""
    types = catalog.report_types_of(options.api or "v1")
    if options.search is not None:
        found = _found(options.search, types)
        if options.format == "json":
            say_json({"report_types": [_as_json(type_) for type_ in found]})
        else:
            _list_found(options.search, found)
        return 0
    if options.report_type:
        described = _catalogued(options.report_type, types)
        if options.format == "json":
            say_json(_as_json(described) | {"columns": _columns_as_json(described)})
        else:
            _describe(described)
        return 0
    listed = [type_ for type_ in types.values() if options.all or not type_.superseded_by]
    if options.format == "json":
        say_json({"report_types": [_as_json(type_) for type_ in listed]})
        return 0
    for family, of_one in groupby(listed, key=lambda type_: type_.family):
        say(f"\n{str(family).replace('_', ' ').capitalize()}")
        of_family = list(of_one)
        width = max(len(type_.id) for type_ in of_family)
        for type_ in of_family:
            mark = " (live mode only)" if type_.livemode_only else ""
            say(f"  {type_.id:<{width}}  {type_.name}{mark}")
    return 0


def _found(words: str, types: Mapping[str, ReportType]) -> list[ReportType]:
    """Return the newest types that people mean with these words, the best first.

    Raises:
        UnknownReportTypeError: No report has them.
    """
    found = purposes.search(words, [each for each in types.values() if not each.superseded_by])
    if not found:
        remedy = everywhere("Leave out --search to list all.")
        raise UnknownReportTypeError(f"No report is known for {words!r}.", remedy=remedy)
    return found


def _list_found(words: str, found: list[ReportType]) -> None:
    """Print them, and the questions that they answer."""
    width = max(len(type_.id) for type_ in found)
    for type_ in found:
        mark = " (live mode only)" if type_.livemode_only else ""
        say(f"{type_.id:<{width}}  {type_.name}{mark}")
    for purpose in purposes.purposes():
        if purpose.has(purposes.words_of(words)):
            say(f"\n{purpose.question}\n  {purpose.report_types[0]}. {purpose.advice}")


def _catalogued(name: str, types: Mapping[str, ReportType]) -> ReportType:
    type_ = types.get(catalog.newest(name, [id_ for id_, type_ in types.items() if type_.columns]))
    if type_ is None:
        remedy = everywhere("Leave it out to list all, with --all also old versions.")
        if base_of(name) in types:
            remedy = reports_v2_remedies.leave_out_version(name)
        raise UnknownReportTypeError(f"The catalogue has no {name}.", remedy=remedy)
    return type_


def _as_json(type_: ReportType) -> dict[str, object]:
    return {
        "id": type_.id,
        "name": type_.name,
        "family": type_.family,
        "superseded_by": type_.superseded_by,
        "livemode_only": type_.livemode_only,
        "parameters": list(catalog.accepted(type_)),
        "columns_complete": type_.columns_complete,
        "source": type_.source,
    }


def _columns_as_json(type_: ReportType) -> list[dict[str, object]]:
    return [
        {
            "name": column.name,
            "kind": column.kind,
            "is_default": column.name in (type_.default_columns or ()),
            "description": column.marked_description,
        }
        for column in type_.columns
    ]


def _describe(type_: ReportType) -> None:
    say(f"{type_.id}  {type_.name}")
    say(f"  accepts   {', '.join(catalog.accepted(type_))}", indent=12)
    say(f"  known     {type_.evidence}; {type_.source}", indent=12)
    in_v1 = reports_v2().get(type_.id)
    if in_v1 is not None:
        rows = f"taken to be those of {in_v1.report_type} of v1, with its parameters; {in_v1.evidence}"
        say(f"  rows      {rows}", indent=12)
    if type_.notes:
        say(f"  note      {type_.notes}", indent=12)
    complete = "" if type_.columns_complete else " (more may exist)"
    say(f"  columns   {len(type_.columns)}{complete}; * by default")
    defaults = type_.default_columns or ()
    for column in type_.columns:
        mark = "*" if column.name in defaults else " "
        say(f"  {mark} {column.name:<38} {column.kind:<15} {column.marked_description}", indent=6)
