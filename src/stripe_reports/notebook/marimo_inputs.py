"""Inputs for a report's parameters as elements of marimo's own, which shows no ipywidgets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import ipywidgets

__all__ = ["marimo_fields"]


def marimo_fields(fields: Mapping[str, ipywidgets.ValueWidget]) -> Any:
    """Return one element with a field for each widget; what is entered is the widget's value at once."""
    import marimo

    def changed(values: Mapping[str, object]) -> None:
        for name, value in values.items():
            fields[name].value = value

    for field in fields.values():
        if isinstance(field, ipywidgets.DatePicker) and field.value is None:
            field.value = date.today()  # noqa: DTZ011 - marimo has no empty date, and shows the local one
    elements = {name: _element(field) for name, field in fields.items()}
    column = "".join(f"<div>{{{name}}}</div>" for name in elements)
    return marimo.ui.batch(marimo.Html(column), elements, on_change=changed)


def _element(field: ipywidgets.ValueWidget) -> Any:
    import marimo

    label = field.description
    if isinstance(field, ipywidgets.DatePicker):
        return marimo.ui.date(value=field.value, label=label)
    if isinstance(field, ipywidgets.Dropdown):
        return marimo.ui.dropdown(dict(field.options), value=field.label, label=label)
    placeholder = field.placeholder or ", ".join([*field.options[:3], "…"])
    return marimo.ui.text(value=field.get_state("value")["value"], placeholder=placeholder, label=label)
