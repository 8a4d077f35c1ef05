"""Merge reported names into the catalogue's data. Pure: data in, data out.

A known fact is never changed, and nothing is guessed: a new version takes title, family and parameters from
its sibling, and a column the kind that its name has. What neither gives is left to a person.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stripe_reports.catalog.siblings import AMBIGUOUS
from stripe_reports.models import base_of, has_version

from .reading import Reported


@dataclass(slots=True)
class Merged:
    """The catalogue's data after merging; a line for each fact added, contradicted or left to a person."""

    data: dict[str, Any]
    added: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)


def merge(data: dict[str, Any], reported: Reported) -> Merged:
    """Return *data* with the reported facts that neither contradict it nor need a person; *data* is kept."""
    merged = Merged(copy.deepcopy(data))
    for id_, facts in sorted(reported.report_types.items(), key=lambda item: _in_order(item[0])):
        if not has_version(id_):
            _leave_report(merged, id_, facts)
            continue
        if id_ not in merged.data["report_types"]:
            _add_type(merged, id_, reported.mark)
        if id_ in merged.data["report_types"]:
            _add_columns(merged, id_, facts, reported.mark)
            _add_parameters(merged, id_, facts["parameters"], reported.mark)
    _add_categories(merged, reported.names["reporting_categories"], reported.mark)
    for name, why in (
        ("column_types", "add it to catalog/siblings.py, with the kind that follows from it"),
        ("currencies", "add it to catalog/currencies.py, with its decimal places in render/money.py"),
        ("statuses", "the code must know what to do with a run of this status"),
        ("left_out_of_lists", "the models cannot read it"),
    ):
        merged.undecided += [f"{name.replace('_', ' ')}: {each}: {why}" for each in reported.names[name]]
    return merged


def _leave_report(merged: Merged, name: str, facts: dict[str, list[str]]) -> None:
    """Leave a report of Reports v2 to a person: which rows it has is not known from its name."""
    columns = ", ".join(facts["columns"])
    merged.undecided.append(
        f"{name} in Reports v2: add it to catalog/reports_v2.json with the type of v1 that has its rows"
        + (f", or add to that type the columns {columns}" if columns else "")
    )
    merged.undecided += [f"{name} in Reports v2: parameter {each}" for each in facts["parameters"]]


def _add_type(merged: Merged, id_: str, mark: str) -> None:
    types = merged.data["report_types"]
    base = id_.rpartition(".")[0]
    versions = [each for each in types if each.rpartition(".")[0] == base]
    sibling = max((each for each in versions if types[each]["columns"]), key=_in_order, default=None)
    if sibling is None:
        merged.undecided.append(
            f"{id_}: no version of it has known columns; family and parameters are needed"
        )
        return
    known = types[sibling]
    entry = {
        "title": known["title"],
        "family": known["family"],
        "evidence": "reported",
        "source": mark,
        "required": list(known["required"]),
        "optional": list(known["optional"]),
        "default_columns": None,
        "default_columns_evidence": "unknown",
        "columns_complete": False,
        "columns": [],
        "notes": f"It was {mark}. Title, family and parameters are those of {sibling}.",
    }
    if "livemode_only" in known:
        _set(entry, "livemode_only", known["livemode_only"])
    before = list(types.items())
    place = 1 + max(number for number, (each, _) in enumerate(before) if each in versions)
    merged.data["report_types"] = dict([*before[:place], (id_, entry), *before[place:]])
    merged.added.append(f"{id_}, like {sibling}")


def _add_columns(merged: Merged, id_: str, facts: dict[str, list[str]], mark: str) -> None:
    entry, known = merged.data["report_types"][id_], merged.data["columns"]
    shown = list(dict.fromkeys([*facts["columns"], *facts["default_columns"]]))
    new = [name for name in shown if name not in entry["columns"]]
    if new and entry["columns_complete"]:
        merged.conflicts.append(f"{id_}: its columns are complete, and Stripe showed {', '.join(new)} too")
        return
    for name in new:
        if name not in known:
            merged.undecided.append(
                f'{id_}: column {name}: no type has a column of this name; add it to "columns" with its '
                "kind, and merge again"
            )
    new = [name for name in new if name in known]
    if new:
        if entry["source"] != mark:
            _set(entry, "columns_source", _sources(entry) | {mark: [*_sources(entry).get(mark, ()), *new]})
        entry["columns"] += new
        _set(entry, "differing", entry.get("differing", {}) | _differing(merged, id_, new))
        merged.added.append(f"{id_}: columns {', '.join(new)}")
    _add_default_columns(merged, id_, facts["default_columns"], mark)


def _add_default_columns(merged: Merged, id_: str, names: list[str], mark: str) -> None:
    """Add the default columns if they are all here: a file has only those that its version did not know."""
    entry = merged.data["report_types"][id_]
    if not set(names) <= set(entry["columns"]):
        return
    are_all_reported = entry["source"] == mark or set(_sources(entry)) == {mark}
    if names and entry["default_columns"] is None and are_all_reported:
        entry |= {"default_columns": names, "default_columns_evidence": "reported"}
        merged.added.append(f"{id_}: default columns {', '.join(names)}")
    more = [name for name in names if name not in (entry["default_columns"] or names)]
    if more:
        evidence = entry["default_columns_evidence"]
        merged.conflicts.append(
            f"{id_}: default columns are {evidence}, and Stripe has {', '.join(more)} too"
        )


def _sources(entry: dict[str, Any]) -> dict[str, list[str]]:
    found = entry.get("columns_source", {})
    return {found: list(entry["columns"])} if isinstance(found, str) else dict(found)


def _differing(merged: Merged, id_: str, names: Sequence[str]) -> dict[str, Any]:
    """Return what is particular to these columns of the type: as in its sibling, and kinds of times."""
    types, base = merged.data["report_types"], id_.rpartition(".")[0]
    versions = [each for each in types if each.rpartition(".")[0] == base and each != id_]
    sibling = max((each for each in versions if types[each]["columns"]), key=_in_order, default=None)
    of_sibling = types[sibling].get("differing", {}) if sibling else {}
    found = {name: dict(of_sibling[name]) for name in names if name in of_sibling}
    for name in AMBIGUOUS & set(names):
        is_local = f"{name}_utc" in types[id_]["columns"]
        kind = "datetime_local" if is_local else "datetime_utc"
        facts = {key: value for key, value in found.get(name, {}).items() if key != "kind"}
        if kind != merged.data["columns"][name]["kind"]:
            facts = {"kind": kind} | facts
        found[name] = facts
    return {name: facts for name, facts in sorted(found.items()) if facts}


def _add_parameters(merged: Merged, id_: str, names: Sequence[str], mark: str) -> None:
    entry = merged.data["report_types"][id_]
    new = [name for name in names if name not in (*entry["required"], *entry["optional"])]
    if not new:
        return
    if entry["evidence"] == "documented":
        merged.conflicts.append(f"{id_}: its documented parameters do not have {', '.join(new)}")
        return
    entry["optional"] += new
    note = f"Parameters {', '.join(new)}: {mark}."
    _set(entry, "notes", f"{entry['notes']} {note}" if entry.get("notes") else note)
    merged.added.append(f"{id_}: parameters {', '.join(new)}")


def _add_categories(merged: Merged, names: Sequence[str], mark: str) -> None:
    known = merged.data.get("reporting_categories", {})
    new = {name: {"evidence": "reported", "source": mark} for name in names if name not in known}
    if new:
        merged.data["reporting_categories"] = dict(sorted((known | new).items()))
        merged.added += [f"reporting category {name}" for name in new]


_ORDER = (
    *("title", "family", "evidence", "source", "superseded_by", "livemode_only", "required", "optional"),
    *("default_columns", "default_columns_evidence", "columns_complete", "columns", "columns_source"),
    *("differing", "notes"),
)


def _set(entry: dict[str, Any], name: str, value: Any) -> None:
    """Set a fact of an entry in the place that it has in every entry; leave it out if it is empty."""
    facts = {**entry, name: value}
    entry.clear()
    entry.update({each: facts[each] for each in _ORDER if each in facts and facts[each] != {}})


def _in_order(id_: str) -> tuple[str, int]:
    return base_of(id_), int(id_.rpartition(".")[2]) if has_version(id_) else 0
