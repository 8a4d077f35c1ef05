"""Inputs for a report's parameters as plain widgets, for a layout of the user's own.

They are filled and checked by the resolver that the client, the form and the command line use, with the same
messages. Every value is one that ``client.fetch`` takes: text, a day, a tuple of names, or None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

import ipywidgets
import traitlets

from stripe_reports import catalog
from stripe_reports.catalog.currencies import CURRENCIES
from stripe_reports.errors import ParameterError
from stripe_reports.models import ReportRequest, ReportType
from stripe_reports.notebook.form.choices import FIELDS, fields_of
from stripe_reports.notebook.form.menu import period_choices, static_menu
from stripe_reports.notebook.form.suggestions import known_ids
from stripe_reports.notebook.marimo_inputs import marimo_fields
from stripe_reports.notebook.protocol import InputsClient
from stripe_reports.planning.resolve import Resolution, resolve
from stripe_reports.render.printable import printable

__all__ = ["Inputs", "inputs"]

_BOUNDS = ("interval_start", "interval_end")
_LABELS = {
    **FIELDS,
    "period": "Period",
    "interval_start": "First day",
    "interval_end": "First day after",
    "timezone": "Time zone",
    "columns": "Columns",
}
_LISTS = ("columns", "connected_accounts")


def inputs(
    client: InputsClient, report_type: str, names: Sequence[str] | None = None, **values: Any
) -> Inputs:
    """Create plain ipywidgets for the parameters of a report type, by parameter.

    ``period``, currencies, categories, ids and columns are a ``Combobox`` with suggestions, ``timezone`` is a
    ``Dropdown``, ``interval_start`` and ``interval_end`` are a ``DatePicker`` each (two days instead of a
    period, the second not included). An empty one has the value None. Stripe is asked once, for the report
    type.

    Args:
        client: The client that will fetch the report.
        report_type: Id with or without version; without, the newest that the account offers.
        names: The parameters, in the order of the layout; None for all fields of the form.
        **values: Values to start with, by parameter, as ``client.fetch`` takes them, such as those of a
            papermill cell; the period is the last month otherwise.

    Raises:
        ParameterError: The type does not take one of these parameters.
        UnknownReportTypeError, StripeAPIError, NetworkError: See ``Client.report_type``.

    Example:
        >>> inputs = sr.inputs(client, "payouts.itemized", ["period", "currency"], period="2026-10")
        >>> inputs["currency"].value = "eur"
        >>> inputs.parameters
        {'period': '2026-10', 'currency': 'eur'}
        >>> client.fetch(inputs.report_type, **inputs.parameters).request == inputs.request
        True
    """
    type_ = client.report_type(report_type)
    fields = fields_of(type_)
    asked = list(fields if names is None else names)
    asked += [name for name in values if name not in asked]
    offered = [*fields, *(name for name in _BOUNDS if name in type_.parameters)]
    for name in asked:
        if name not in offered:
            raise catalog.not_taken(type_, name)
    if "period" in asked and not set(_BOUNDS) & set(asked):
        values.setdefault("period", "last month")
    made = {name: _input(name, client, type_, values.get(name)) for name in asked}
    return Inputs(client, type_, made)


class Inputs(Mapping[str, ipywidgets.ValueWidget]):
    """The widgets that ``inputs(...)`` returns: a mapping of parameters to widgets, displayed as a column.

    Place ``inputs["period"]`` wherever you like, and ``inputs.message`` beside it: it shows problems as the
    form does. ``ipywidgets.interactive_output(function, inputs)`` calls a function with all values.

    Attributes:
        report_type: Id of the report type, with its version.
        request: The request that the values make; None while one is missing or wrong.
        problems: Problems, by parameter; empty if there is a request.
        notes: Remarks, by parameter, that are no problems.
        message: A widget with the problems and remarks.
        box: A column of all inputs and the message.
    """

    def __init__(
        self, client: InputsClient, type_: ReportType, made: Mapping[str, ipywidgets.ValueWidget]
    ) -> None:
        self._client = client
        self._type = type_
        self._made = dict(made)
        self.report_type = type_.id
        self.message = ipywidgets.HTML()
        self.box = ipywidgets.VBox([*self._made.values(), self.message])
        for widget in self._made.values():
            widget.observe(self._check, "value")
        self._check()

    def __getitem__(self, name: str) -> ipywidgets.ValueWidget:
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    @property
    def parameters(self) -> dict[str, Any]:
        """The values that are not empty, for ``client.fetch(inputs.report_type, **inputs.parameters)``."""
        values = {name: widget.value for name, widget in self._made.items()}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def request(self) -> ReportRequest | None:
        """The request that the values make; None while one is missing or wrong."""
        return self._resolution.request

    @property
    def problems(self) -> dict[str, str]:
        """Problems, by parameter."""
        return {name: problem.for_form() for name, problem in self._resolution.problems.items()}

    @property
    def notes(self) -> Mapping[str, str]:
        """Remarks, by parameter, that are no problems."""
        return self._resolution.notes

    def marimo(self) -> Any:
        """Return the same fields as an element of marimo's, which shows no ipywidgets.

        Assign it to a variable and show that: cells that name it run again when something is entered, and
        ``inputs.request``, ``parameters`` and ``problems`` are up to date by then. Its ``value`` has the
        entered values. Of the suggestions, it shows the first few.

        Example::

            fields = inputs.marimo()
            fields

            fields.value  # in another cell, which runs again
            mo.stop(inputs.request is None, mo.Html(inputs.message.value))
            client.fetch(inputs.request).frame()
        """
        return marimo_fields(self._made)

    def _check(self, _: object = None) -> None:
        self._resolution = self._resolved()
        lines = [*self.problems.items(), *self.notes.items()]
        texts = (f"<div>{escape(_LABELS.get(name, name))}: {escape(text)}</div>" for name, text in lines)
        self.message.value = "".join(texts)

    def _resolved(self) -> Resolution:
        parameters = self.parameters
        settings = self._client.settings
        return resolve(
            self._type,
            parameters.pop("period", None),
            parameters,
            now=self._client.now(),
            default_zone=settings.timezone,
            fiscal_year_start=settings.fiscal_year_start,
        )

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={widget.value!r}" for name, widget in self._made.items())
        return printable(f"Inputs({self.report_type}: {values})")

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Return the column and, for places without widgets, the values."""
        return {**self.box._repr_mimebundle_(**options), "text/plain": repr(self)}

    def _mime_(self) -> tuple[str, str]:
        """Return what marimo shows."""
        return "text/plain", "marimo shows no ipywidgets. Write fields = inputs.marimo(), and show fields."


class _Field(ipywidgets.Combobox):  # type: ignore[misc]
    """A combobox whose value is None while it is empty; the front end has an empty text then."""

    value = traitlets.Any(None, allow_none=True).tag(
        sync=True,
        to_json=lambda value, _: _written(value),
        from_json=lambda text, field: field.read(text),
    )
    is_list = False

    def read(self, text: object) -> object:
        """Return what is written in the field, as ``client.fetch`` takes it."""
        if not isinstance(text, str):
            return text
        text = text.strip()
        if self.is_list and text not in ("", "all", "default"):
            return tuple(filter(None, re.split(r"[\s,;]+", text)))
        return text or None

    @traitlets.validate("value")
    def _validate_value(self, proposal: Any) -> object:
        return self.read(proposal.value)


class _ListField(_Field):
    """The same for several names, separated by commas."""

    is_list = True


def _written(value: object) -> str:
    """Return a value as it stands in its field."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _input(name: str, client: InputsClient, type_: ReportType, value: Any) -> ipywidgets.ValueWidget:
    shown: dict[str, Any] = {"description": _LABELS[name], "style": {"description_width": "10em"}}
    if name in _BOUNDS:
        return ipywidgets.DatePicker(value=_day(name, value), **shown)
    if name == "timezone":
        default = client.settings.timezone or "UTC"
        zones = dict.fromkeys([*static_menu()["timezones"], *filter(None, [value])])
        shown["options"] = [(f"{default} (the client's)", None), *((zone, zone) for zone in zones)]
        # If ipywidgets looked for the value None itself, the first option would be shown now and then only.
        shown |= {"index": 0} if value is None else {"value": value}
        return ipywidgets.Dropdown(**shown)
    class_ = _ListField if name in _LISTS else _Field
    shown["options"] = _suggestions(name, client)
    shown["placeholder"] = "needed" if name in type_.required_parameters else ""
    return class_(value=value, continuous_update=False, **shown)


def _day(name: str, value: Any) -> date | None:
    """Return a day given as such or as text."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ParameterError(
            f"{name} must be a day such as '2026-10-01'; got {value!r}.", param=name
        ) from None


def _suggestions(name: str, client: InputsClient) -> list[str]:
    """Return values to choose from: those of the stored reports first."""
    if name == "period":
        zone = client.settings.timezone or "UTC"
        return [choice["value"] for choice in period_choices(client.now(), zone)]
    if name == "columns":
        return ["default", "all"]
    usual = {"currency": CURRENCIES, "reporting_category": catalog.categories()}.get(name, ())
    return list(dict.fromkeys([*known_ids(name, client.stored()), *usual]))
