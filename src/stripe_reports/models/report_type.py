"""Report types and their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Self, TypeVar

from stripe_reports.models.values import checked, instant, iso
from stripe_reports.render.card import card, folded

__all__ = ["Column", "Evidence", "Kind", "ReportType", "base_of", "has_version"]

Kind = Literal[
    "id",
    "currency",
    "money",
    "rate",
    "datetime_utc",
    "datetime_local",
    "date",
    "integer",
    "boolean",
    "category",
    "text",
    "metadata",
    "unknown",
]
"""Kind of a column's values; determines its polars type (see ``parsing.schema.dtype_of``)."""

Evidence = Literal["documented", "reported", "inferred"]
"""Source of a catalogued fact: Stripe's documentation, observed use, or analogy."""


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a report.

    Attributes:
        name: As in the header of the file; for metadata, ``payment_metadata[order_id]``.
        kind: Kind of its values, which determines its polars type: ``money``, ``datetime_utc``, ``id``, …
        description: Meaning of the column.
        source: Stripe's page about it.
        kind_from: Source of its kind: ``catalogue``, the id of another version of its report type,
            ``name`` (the kind that columns of this name have in other types), or ``unknown``.
        evidence: Source of the fact that the report type has this column; ``"inferred"`` means unproved.
    """

    name: str
    kind: Kind
    description: str = ""
    source: str = ""
    kind_from: str = "catalogue"
    evidence: Evidence = "inferred"

    @property
    def is_unproved(self) -> bool:
        """True if it is only assumed that the report type has this column."""
        return self.evidence == "inferred"

    @property
    def marked_description(self) -> str:
        """The meaning of the column for people, with a mark if it is unproved."""
        return f"{self.description} (unproved)" if self.is_unproved else self.description


def has_version(id_: str) -> bool:
    """Return True if the id of a report type ends in a version; names in Reports v2 do not."""
    return id_.rpartition(".")[2].isdecimal()


def base_of(id_: str) -> str:
    """Return the id of a report type without its version: ``balance.summary``."""
    return id_.rpartition(".")[0] if has_version(id_) else id_


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportType:
    """A report type, such as ``balance.summary.1`` (the last number is its version).

    The first nine fields are Stripe's; those with a time are None until Stripe was asked. The others come
    from the catalogue, and are None or empty for a type that it does not have.

    Attributes:
        id: Name and version, such as ``payouts.itemized.5``.
        object: ``reporting.report_type``.
        name: Stripe's title for people.
        version: The last number of the id; 0 in Reports v2.
        data_available_start: First instant for which Stripe has data; aware, in UTC.
        data_available_end: End of the available data, not included.
        default_columns: Columns of a run that names none.
        livemode: True if Stripe described it for live data.
        updated: Time at which data were last published; a run with older data is outdated.
        family: Group of reports to which it belongs.
        required_parameters: Parameters that a run needs.
        optional_parameters: Other parameters that a run may have.
        columns: All known columns.
        columns_complete: True if there are no other columns.
        livemode_only: True if it has no test data.
        superseded_by: The newer version, if there is one.
        evidence: Source of its parameters and columns.
        default_columns_evidence: Source of its default columns.
        notes: Other facts.
        source: Stripe's page about it.
        report_id: ``report_…``, Stripe's id of the report in Reports v2; None in v1.
        allowed_values: The values of each parameter that takes only some, as Stripe describes it in v2.
        list_parameters: Parameters that take a list, as Stripe describes them in v2.
        sibling: The known version of the same name whose parameters and columns are used, if the catalogue
            does not have those of this one; else None.

    Source: https://docs.stripe.com/api/reporting/report_type/object
    """

    id: str
    object: str = "reporting.report_type"
    name: str
    version: int
    data_available_start: datetime | None = None
    data_available_end: datetime | None = None
    default_columns: tuple[str, ...] | None = None
    livemode: bool | None = None
    updated: datetime | None = None

    family: str | None = None
    required_parameters: tuple[str, ...] = ()
    optional_parameters: tuple[str, ...] = ()
    columns: tuple[Column, ...] = field(default=(), repr=False)
    columns_complete: bool = False
    livemode_only: bool | None = None
    superseded_by: str | None = None
    evidence: Evidence | None = None
    default_columns_evidence: str | None = None
    notes: str | None = field(default=None, repr=False)
    source: str | None = field(default=None, repr=False)
    report_id: str | None = None
    allowed_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False, repr=False)
    list_parameters: tuple[str, ...] = field(default=(), repr=False)
    sibling: str | None = None

    @classmethod
    def from_stripe(cls, answer: Mapping[str, Any]) -> Self:
        """Read Stripe's nine fields; raise ``KeyError``, ``TypeError`` or ``ValueError`` for another object.

        Only the id is required. Missing or null fields are None; unknown fields are ignored.
        """
        id_ = checked(answer["id"], str)
        name, digits = id_.rpartition(".")[::2]
        if not name or not digits.isdecimal():
            raise ValueError(f"not a report type: {id_!r}")

        def given(field: str, kind: type[_T]) -> _T | None:
            value = answer.get(field)
            return None if value is None else checked(value, kind)

        def instant_of(field: str) -> datetime | None:
            seconds = answer.get(field)
            return None if seconds is None else instant(seconds)

        columns, livemode = given("default_columns", list), answer.get("livemode")
        return cls(
            id=id_,
            object=given("object", str) or "reporting.report_type",
            name=given("name", str) or id_,
            version=given("version", int) or int(digits),
            data_available_start=instant_of("data_available_start"),
            data_available_end=instant_of("data_available_end"),
            default_columns=None
            if columns is None
            else tuple(checked(name, str) for name in columns if name is not None),
            livemode=None if livemode is None else checked(livemode, bool),
            updated=instant_of("updated"),
        )

    @classmethod
    def from_stripe_v2(cls, answer: Mapping[str, Any]) -> Self:
        """Read a report of Reports v2, whose name is the id of the type; it has no version.

        Its parameters are empty if Stripe was not asked for them. Raises ``KeyError``, ``TypeError`` or
        ``ValueError`` for another object.

        Source: stripe-python 16.1.0a4, `v2/data/_report.py`
        """
        name, described = checked(answer["name"], str), answer.get("parameters")
        facts = {
            checked(parameter, str): checked(fact, dict)
            for parameter, fact in (checked(described, dict) if described is not None else {}).items()
        }
        required = [parameter for parameter, fact in facts.items() if fact.get("required") is True]
        livemode, notes = answer.get("livemode"), answer.get("description")
        return cls(
            id=name,
            object=checked(answer["object"], str),
            name=name,
            version=0,
            livemode=None if livemode is None else checked(livemode, bool),
            notes=None if notes is None else checked(notes, str),
            required_parameters=tuple(required),
            optional_parameters=tuple(parameter for parameter in facts if parameter not in required),
            report_id=checked(answer["id"], str),
            allowed_values={
                parameter: values for parameter, fact in facts.items() if (values := _allowed(fact))
            },
            list_parameters=tuple(
                parameter for parameter, fact in facts.items() if fact.get("type") == "array"
            ),
        )

    @property
    def base(self) -> str:
        """Id without its version: ``balance.summary``."""
        return base_of(self.id)

    @property
    def is_catalogued(self) -> bool:
        """True if its parameters are known, from the catalogue, from a sibling in it, or from Reports v2."""
        return self.family is not None or self.is_described

    @property
    def is_described(self) -> bool:
        """True if Stripe itself describes its parameters."""
        return self.report_id is not None

    @property
    def parameters(self) -> tuple[str, ...]:
        """All parameters of the type, the required ones first; empty if it is not catalogued."""
        return self.required_parameters + self.optional_parameters

    def column(self, name: str) -> Column | None:
        """Return the column of that name, ``payment_metadata[order_id]`` included; None if unknown."""
        by_name = {column.name: column for column in self.columns}
        if name in by_name:
            return by_name[name]
        head, bracket, _ = name.partition("[")
        pattern = by_name.get(f"{head}[key]") if bracket and name.endswith("]") else None
        return pattern and replace(pattern, name=name)

    def _repr_html_(self) -> str:
        start, end = self.data_available_start, self.data_available_end
        defaults = self.default_columns or ()
        columns = [
            (
                "●" if column.name in defaults else "○",
                column.name,
                column.kind,
                column.marked_description,
            )
            for column in self.columns
        ]
        more = "" if self.columns_complete else ", and more may exist"
        return card(
            self.id,
            [
                ("name", self.name),
                ("takes", ", ".join(self.parameters)),
                ("needs", ", ".join(self.required_parameters)),
                ("data", f"from {iso(start)} up to {iso(end)}" if start and end else None),
                ("published", self.updated and iso(self.updated)),
                ("live mode", "only" if self.livemode_only else None),
                ("superseded by", self.superseded_by),
                ("as known of", self.sibling),
                ("known from", self.evidence),
                ("note", self.notes),
            ],
            kind="report type",
            fold=folded(f"{len(columns)} columns known{more}; ● by default", columns),
        )


def _allowed(fact: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values that a parameter of Reports v2, or each element of its list, may have; else none."""
    of_array = fact.get("array_details") or {}
    details = fact.get("enum_details") or checked(of_array, dict).get("enum_details") or {}
    return tuple(checked(value, str) for value in checked(details, dict).get("allowed_values") or ())
