"""The facts that all results of a dataset share: the mode, and for each report type parameters and columns.

The first writer notes it in an object that nobody can overwrite; everybody else is compared with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import polars as pl

from stripe_reports import catalog
from stripe_reports.errors import MixedColumnsError, ParameterError, StoreError
from stripe_reports.models import Owner, ReportRequest
from stripe_reports.render.remedies import everywhere
from stripe_reports.storage.datasets.layout import HIVE_KEYS, MODE, OWNED, type_facts
from stripe_reports.storage.datasets.place import Place

__all__ = ["Same"]

FORMAT = 1
"""The version of this layout."""

_NEEDED = {
    MODE: {"format", "mode", "is_stripe"},
    OWNED: {"key_digest", "account"},
    "columns.json": {"columns"},
}
"""What a fact must have, by the last part of its name."""

_OF_CELLS = ("interval_start", "interval_end", "tax_invoice_month")


class Same:
    """The facts of one dataset; each is read once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._read: dict[str, dict[str, Any]] = {}

    def mode(self) -> str | None:
        """Return the mode in words, ``live data`` or ``test data of a simulator``; None without a dataset."""
        facts = self._fact(MODE)
        return None if facts is None else _in_words(facts)

    def check_mode(self, owner: Owner, *, notes: bool = False) -> None:
        """Check that results of an owner may be added; *notes* creates the dataset if there is none.

        Raises:
            ParameterError: The dataset has data of the other mode, or results of Stripe and of a simulator,
                or of the two generations of Stripe's API, would be mixed.
        """
        wanted: dict[str, Any] = {"format": FORMAT, "mode": owner.mode, "is_stripe": owner.place is None}
        wanted |= owner.api_facts
        there = self._first(MODE, wanted, notes=notes)
        if there["format"] != FORMAT:
            raise StoreError(
                f"The dataset at {self._place} was written by another version of stripe-reports (format "
                f"{there['format']}; this one writes {FORMAT}). Use that version, or choose another place."
            )
        if there != wanted:
            raise ParameterError(
                f"The dataset at {self._place} has {_in_words(there)}, and this client gives "
                f"{_in_words(wanted)}. Choose another place for it.",
                param="into",
            )

    def check_own(self, owner: Owner, account_id: Callable[[], str | None], *, notes: bool = False) -> None:
        """Check that ``own`` is the same account for a key as in the dataset, or note it.

        Another key may be a new one of the same account, or that of another account. Only Stripe can tell.

        Args:
            owner: The owner of the results; its key matters.
            account_id: Returns the id of the key's own account; None if it cannot be known.
            notes: True to note it, if the dataset has no results of an own account yet.

        Raises:
            ParameterError: It is another account, or it is not known whether it is.
        """
        there = self._fact(OWNED)
        if there is None and notes:
            wanted = {"key_digest": owner.key_digest, "account": account_id()}
            there = self._first(OWNED, wanted, notes=True)
        if there is None or there["key_digest"] == owner.key_digest:
            return
        id_ = account_id()
        if id_ is None or there["account"] is None:
            raise ParameterError(
                f"The dataset at {self._place} has results of the own account of another API key, and it is "
                "not known whether this key is of the same account. Allow both to read their account, or "
                "choose another place.",
                param="accounts",
            )
        if id_ != there["account"]:
            raise ParameterError(
                f"In the dataset at {self._place}, 'own' is {there['account']}, and the own account of this "
                f"API key is {id_}. Choose another place for its reports.",
                param="accounts",
            )

    def check_requests(self, requests: Iterable[ReportRequest]) -> None:
        """Check requests, those that differ only in their interval together; see ``check_request``."""
        checked: set[str] = set()
        for request in requests:
            what = json.dumps([request.report_type, _parameters(request)], default=str)
            if what not in checked:
                checked.add(what)
                self.check_request(request)

    def check_request(self, request: ReportRequest, *, notes: bool = False) -> None:
        """Check that a request has the parameters of its report type in this dataset, or note them.

        Raises:
            ParameterError: It has others, or gives a column that the names of folders would hide.
        """
        type_ = catalog.get(request.report_type)
        columns = request.columns or (type_ and type_.default_columns) or ()
        self._check_not_hidden(request.report_type, columns)
        wanted = _parameters(request)
        there = self._first(type_facts(request.report_type, "parameters"), wanted, notes=notes)
        if there != wanted:
            names = [name for name in {**there, **wanted} if there.get(name) != wanted.get(name)]
            raise ParameterError(
                f"The dataset at {self._place} has {request.report_type} with {_listed(there, names)}, and "
                f"this request has {_listed(wanted, names)}. A dataset has one set of parameters for each "
                "report type: use the same, or choose another place.",
                param=names[0],
            )

    def check_columns(self, report_type: str, schema: pl.Schema) -> None:
        """Check that a result has the columns of its report type in this dataset.

        Raises:
            MixedColumnsError: It has others, or in another order or with other types.
        """
        self._check_not_hidden(report_type, schema)
        wanted = {"columns": [[name, str(dtype)] for name, dtype in schema.items()]}
        there = self._first(type_facts(report_type, "columns"), wanted, notes=True)
        if there != wanted:
            old, new = ([f"{n} ({t})" for n, t in facts["columns"]] for facts in (there, wanted))
            lacks, adds = [n for n in old if n not in new], [n for n in new if n not in old]
            what = (
                f"it lacks {', '.join(lacks) or 'none'} and adds {', '.join(adds) or 'none'}"
                if lacks or adds
                else "their order differs"
            )
            raise MixedColumnsError(
                f"The result of {report_type} has other columns than the dataset at {self._place}: {what}. "
                "Stripe's default columns change now and then. Name the columns you want, in a new dataset: "
                "columns=[...]."
            )

    def columns(self, report_type: str) -> list[str] | None:
        """Return the columns of a report type, in order; None if no result of it was stored."""
        facts = self._fact(type_facts(report_type, "columns"))
        return None if facts is None else [name for name, _ in facts["columns"]]

    def _check_not_hidden(self, report_type: str, columns: Any) -> None:
        hidden = [name for name in columns if name in HIVE_KEYS]
        if hidden:
            raise ParameterError(
                f"{report_type} has a column {hidden[0]!r}, which the folders data/…/{hidden[0]}=…/ would "
                "hide from readers of the dataset. Request it without that column (columns=[...]), or fetch "
                "it without a dataset.",
                param="columns",
            )

    def _first(self, name: str, wanted: dict[str, Any], *, notes: bool) -> dict[str, Any]:
        """Return the fact that is noted, or else *wanted*, which is noted if *notes* says so."""
        there = self._fact(name)
        if there is None and notes:
            self._place.write_new(name, json.dumps(wanted).encode())
            there = self._fact(name)  # another driver may have been faster
        return wanted if there is None else there

    def _fact(self, name: str) -> dict[str, Any] | None:
        if name not in self._read:
            content = self._place.read(name)
            if content is None:
                return None
            try:
                facts = json.loads(content)
            except ValueError:
                facts = None
            if not isinstance(facts, dict) or not _NEEDED.get(name.rpartition("/")[2], set()) <= facts.keys():
                raise StoreError(
                    f"{name} at {self._place} is damaged, or was not written by stripe-reports.",
                    remedy=everywhere("Restore it, or choose another place."),
                )
            self._read[name] = facts
        return self._read[name]


def _parameters(request: ReportRequest) -> dict[str, Any]:
    sent = {name: value for name, value in request.to_stripe().items() if name not in _OF_CELLS}
    if request.report_id is not None:
        sent["report_id"] = request.report_id  # a name without version can get another meaning
    return sent | ({"timezone": "Etc/UTC"} if sent.get("timezone") == "UTC" else {})


def _listed(parameters: Mapping[str, Any], names: list[str]) -> str:
    given = [f"{name}={parameters[name]!r}" for name in names if name in parameters]
    return ", ".join(given + [f"no {name}" for name in names if name not in parameters])


def _in_words(facts: Mapping[str, Any]) -> str:
    place = "" if facts.get("is_stripe") else " of a simulator"
    return f"{facts.get('mode')} data{place}" + (f" from Reports {facts['api']}" if "api" in facts else "")
