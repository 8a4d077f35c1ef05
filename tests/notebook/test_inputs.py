"""Inputs: plain widgets for the parameters of a report, checked as in a call of the client."""

from datetime import date

import ipywidgets
import pytest

import stripe_reports as sr
from stripe_reports.errors import ParameterError


def typed(widget, text):
    """Change the value of a widget as its view does."""
    widget.set_state({"value": text})


def test_each_parameter_has_the_widget_that_suits_it(client):
    """They are ipywidgets' own, by parameter, in the order in which they were named."""
    names = ["interval_start", "interval_end", "currency", "timezone", "columns"]
    inputs = sr.inputs(client, "balance.summary", names)
    assert list(inputs) == names
    day, text, choice = ipywidgets.DatePicker, ipywidgets.Combobox, ipywidgets.Dropdown
    for name, class_ in zip(names, [day, day, text, choice, text], strict=True):
        assert isinstance(inputs[name], class_)
    assert inputs.box.children == (*inputs.values(), inputs.message)
    shown = inputs._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"] == repr(inputs)
    assert "balance.summary.2: interval_start=None" in repr(inputs)
    assert (inputs["timezone"].label, inputs["timezone"].value) == ("UTC (the client's)", None)
    paris = sr.inputs(client, "balance.summary", timezone="Europe/Paris")["timezone"]
    assert (paris.label, paris.value) == ("Europe/Paris", "Europe/Paris")
    assert list(sr.inputs(client, "balance.summary")) == ["period", "timezone", "currency", "columns"]


def test_the_values_are_those_of_a_call(client):
    """Whatever is typed: text, a day, a list of names, and None for an empty field."""
    inputs = sr.inputs(client, "payouts.itemized", ["period", "currency", "columns"], period="2026-10")
    typed(inputs["currency"], " EUR ")
    typed(inputs["columns"], "net, currency")
    assert inputs.parameters == {"period": "2026-10", "currency": "EUR", "columns": ("net", "currency")}
    assert client.fetch(inputs.report_type, **inputs.parameters).request == inputs.request
    typed(inputs["currency"], "")
    typed(inputs["columns"], "")
    assert (inputs["currency"].value, inputs["columns"].value) == (None, None)
    assert (inputs["currency"].get_state()["value"], inputs["columns"].get_state()["value"]) == ("", "")
    assert client.fetch(inputs.report_type, **inputs.parameters).request == inputs.request


def test_two_days_are_a_period_in_the_zone(client):
    """The second is not included, as in Stripe's interval; one alone is not enough."""
    days = {"interval_start": date(2026, 10, 1), "interval_end": date(2026, 11, 1)}
    inputs = sr.inputs(client, "balance.summary", timezone="Europe/Paris", names=list(days), **days)
    october = client.request("balance.summary", "2026-10", timezone="Europe/Paris")
    assert inputs.request == client.request(inputs.report_type, **inputs.parameters) == october
    inputs["interval_start"].value = None
    assert "needs a period" in inputs.problems["period"]
    with pytest.raises(ParameterError, match="must be a date and time with a zone, not the day"):
        client.request("balance.summary", "2026-09", **days)


def test_parameters_of_papermill_fill_the_inputs_and_wrong_ones_are_named(client):
    """The message beside them is that of the form; nothing is refused before it can be corrected."""
    inputs = sr.inputs(client, "payouts.itemized", period="2026-10", currency="euro")
    assert inputs.request is None
    assert "three-letter" in inputs.problems["currency"]
    assert "Currency: currency must be a three-letter" in inputs.message.value
    typed(inputs["currency"], "eur")
    assert (inputs.problems, inputs.message.value) == ({}, "")
    typed(inputs["currency"], "<b>")
    assert "&lt;b&gt;" in inputs.message.value
    with pytest.raises(ParameterError, match="must be a day such as '2026-10-01'; got 'October'"):
        sr.inputs(client, "payouts.itemized", interval_start="October")


def test_interactive_output_calls_a_function_with_every_value(client):
    """As with ipywidgets' own controls."""
    inputs = sr.inputs(client, "payouts.itemized", ["period", "currency"], period="2026-10")
    calls = []
    ipywidgets.interactive_output(lambda **values: calls.append(values), inputs)
    typed(inputs["currency"], "eur")
    assert calls == [{"period": "2026-10", "currency": None}, {"period": "2026-10", "currency": "eur"}]


def test_ids_and_values_of_stored_reports_are_suggested(client):
    """Nobody remembers the id of a payout."""
    payouts = client.fetch("payouts.itemized", "2026-10").frame()
    payout = sr.inputs(client, "payout_reconciliation.by_id.itemized")["payout"]
    assert set(payouts["payout_id"]) <= set(payout.options)
    currencies = sr.inputs(client, "payouts.itemized", ["currency"])["currency"].options
    assert set(currencies[: payouts["currency"].n_unique()]) == set(payouts["currency"])
    assert "2026-10" in sr.inputs(client, "payouts.itemized", ["period"])["period"].options
