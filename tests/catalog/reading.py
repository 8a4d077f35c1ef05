"""Read a file of ``stripe-reports doctor --unknown``, and refuse whatever that command does not write."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from stripe_reports.catalog.unrecognised import FORMAT, FORMAT_VERSION, Subject, looks_like

MAX_BYTES = 2_000_000
MAX_TYPES, MAX_NAMES = 1_000, 1_000

_OF_TYPE: dict[str, Subject] = {
    "default_columns": "default columns",
    "columns": "columns",
    "parameters": "parameters",
}
_OF_ALL: dict[str, Subject] = {
    "column_types": "column types",
    "reporting_categories": "reporting categories",
    "currencies": "currencies",
    "statuses": "statuses",
    "left_out_of_lists": "left out of lists",
}
_TEXTS = {
    "package_version": re.compile(r"[0-9][0-9A-Za-z.+-]{0,39}", re.ASCII),
    "api_version": re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(?:\.[a-z]{1,30})?", re.ASCII),
    "written": re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII),
}


class RefusedFileError(ValueError):
    """The file is not one that the command writes; nothing of it is used."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What a user's file holds, checked.

    Attributes:
        mark: The source of every fact that comes from it.
        report_types: Default columns, columns and parameters by the id of their type.
        names: Categories, currencies, statuses and shapes.
    """

    mark: str
    report_types: dict[str, dict[str, list[str]]]
    names: dict[str, list[str]]


def read(path: Path) -> Reported:
    """Return the contents of the file.

    Raises:
        RefusedFileError: It is not exactly of the format; the message says where.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise RefusedFileError(f"it is larger than {MAX_BYTES:,} bytes")
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_object)
    except RefusedFileError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise RefusedFileError(f"it is no JSON file ({type(error).__name__})") from None
    _check_keys(
        found, {"format", "format_version", "from_stripe", "report_types", *_TEXTS, *_OF_ALL}, "the file"
    )
    version = found["format_version"]
    if found["format"] != FORMAT or type(version) is not int or version != FORMAT_VERSION:
        raise RefusedFileError(f"it is not of format version {FORMAT_VERSION}")
    if found["from_stripe"] is not True:
        raise RefusedFileError("its names are not from Stripe's own address, but from a simulator or gateway")
    for name, form in _TEXTS.items():
        if not isinstance(found[name], str) or not form.fullmatch(found[name]):
            raise RefusedFileError(f"{name} is not of the right form")
    try:
        date.fromisoformat(found["written"])
    except ValueError:
        raise RefusedFileError("written is not a date") from None
    return Reported(
        f"reported on {found['written']} by a user of stripe-reports {found['package_version']}, "
        f"as Stripe showed it (API version {found['api_version']})",
        _types(found["report_types"]),
        {key: _names(found[key], subject, key) for key, subject in _OF_ALL.items()},
    )


def _types(found: Any) -> dict[str, dict[str, list[str]]]:
    if not isinstance(found, dict) or len(found) > MAX_TYPES:
        raise RefusedFileError(f"report_types is not an object of at most {MAX_TYPES:,} types")
    types = {}
    for id_, facts in found.items():
        if not looks_like("report types", id_):
            raise RefusedFileError(f"{id_[:60]!a} is not the id of a report type")
        _check_keys(facts, set(_OF_TYPE), id_)
        types[id_] = {
            key: _names(facts[key], subject, f"{key} of {id_}") for key, subject in _OF_TYPE.items()
        }
    return types


def _names(found: Any, subject: Subject, where: str) -> list[str]:
    if not isinstance(found, list) or len(found) > MAX_NAMES:
        raise RefusedFileError(f"{where} is not a list of at most {MAX_NAMES:,} names")
    for name in found:
        if not isinstance(name, str) or not looks_like(subject, name):
            raise RefusedFileError(f"{where} has {str(name)[:60]!a}, which is not a name of Stripe's")
    if len(set(found)) != len(found):
        raise RefusedFileError(f"{where} names something twice")
    return found


def _check_keys(found: Any, expected: set[str], where: str) -> None:
    if not isinstance(found, dict) or set(found) != expected:
        raise RefusedFileError(f"{where} does not have exactly the fields {', '.join(sorted(expected))}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RefusedFileError("a field occurs twice")
    return found
