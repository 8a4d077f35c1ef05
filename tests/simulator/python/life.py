"""What a program sees of the simulator with Stripe's Python library of any version: a function for each rule.

python life.py URL KEY ORGANISATION_KEY SIBLING CONNECTED_ACCOUNT prints
{"version": …, "rules": {"rule": "ok" or what went wrong, …}}
"""

import json
import sys
import traceback

import requests
import stripe

URL, KEY, ORGANISATION_KEY, SIBLING, CONNECTED = sys.argv[1:]
OCTOBER = {"interval_start": 1790812800, "interval_end": 1793491200}
TAX_INVOICE = "all_fees.vat_invoice_v2.itemized.2"


def connect(key):
    """A client of the simulator."""
    addresses = {"api": URL, "files": URL}
    return stripe.StripeClient(key, base_addresses=addresses, max_network_retries=0).v1


def advance(seconds):
    """Move the simulator's clock."""
    requests.post(f"{URL}/simulator/clock", data={"advance": seconds}, timeout=60).raise_for_status()


def text_of(file, key, **headers):
    """The contents of a file, read with the same key."""
    answer = requests.get(file.url, auth=(key, ""), headers=headers, timeout=60)
    answer.raise_for_status()
    return answer.text


def finished(v1, report_type, parameters):
    """A run, from its creation to its end."""
    run = v1.reporting.report_runs.create({"report_type": report_type, "parameters": parameters})
    assert run.status == "pending", run.status
    advance(20)
    run = v1.reporting.report_runs.retrieve(run.id)
    assert run.status == "succeeded", run.status
    return run


def a_summary_goes_from_its_creation_to_its_file():
    """The oldest report of all."""
    run = finished(connect(KEY), "balance.summary.1", OCTOBER | {"columns": ["net_amount", "currency"]})
    assert text_of(run.result, KEY).startswith('"net_amount","currency"\n')


def a_tax_invoice_month_is_sent_and_echoed():
    """An older library does not know the parameter, and passes it through."""
    key = KEY.replace("_test_", "_live_")
    run = finished(connect(key), TAX_INVOICE, {"tax_invoice_month": "2026-10"})
    assert run.parameters["tax_invoice_month"] == "2026-10", run.parameters
    assert "interval_start" not in run.parameters
    assert '"fee_category"' in text_of(run.result, key).partition("\n")[0]


def a_wrong_month_is_an_invalid_request():
    """With the parameter at fault."""
    runs = connect(KEY.replace("_test_", "_live_")).reporting.report_runs
    for month, param in (
        ("10/2026", "parameters[tax_invoice_month]"),
        ("2031-10", "parameters.tax_invoice_month"),
    ):
        error = refusal(runs, month)
        assert (error.http_status, error.param) == (400, param), error


def refusal(runs, month):
    """The error for a month."""
    try:
        runs.create({"report_type": TAX_INVOICE, "parameters": {"tax_invoice_month": month}})
    except stripe.InvalidRequestError as error:
        return error
    raise AssertionError(month)


def the_activity_comes_by_component():
    """With the columns that were asked for."""
    columns = ["balance_transaction_id", "balance_transaction_component", "amount", "currency"]
    run = finished(connect(KEY), "activity.itemized.3", OCTOBER | {"columns": columns})
    assert '"payments_fee"' in text_of(run.result, KEY)
    assert finished(connect(KEY), "activity.summary.1", OCTOBER).result.size > 100


def the_fees_of_financial_accounts_are_offered():
    """A preview."""
    v1 = connect(KEY)
    listed = {type_.id for type_ in v1.reporting.report_types.list().data}
    assert "treasury_fees.administrative_facilitation_fee.1" in listed
    run = finished(v1, "treasury_fees.administrative_facilitation_fee.1", OCTOBER)
    assert '"effr_value"' in text_of(run.result, KEY)


def an_organisations_key_acts_for_the_account_of_its_context():
    """With an option of each call; the key of another account does not see the run."""
    runs = connect(ORGANISATION_KEY).reporting.report_runs
    context = {"stripe_context": SIBLING}
    made = runs.create({"report_type": "balance.summary.1", "parameters": OCTOBER}, context)
    advance(20)
    run = runs.retrieve(made.id, options=context)
    headers = {"Stripe-Context": SIBLING, "Stripe-Version": stripe.api_version}
    assert text_of(run.result, ORGANISATION_KEY, **headers).startswith('"category"')
    for other, options, status in (
        (connect(KEY).reporting.report_runs, {}, 404),
        (runs, {}, 400),
        (runs, {"stripe_context": f"{SIBLING}/{CONNECTED}"}, 403),
    ):
        assert status_of(other, made.id, options) == status, options


def status_of(runs, id_, options):
    """The status of the answer to a retrieval."""
    try:
        return runs.retrieve(id_, options=options).last_response.code
    except stripe.StripeError as error:
        return error.http_status


def each_context_has_its_own_account_balance_and_events():
    """As models of the library, with pages that it follows; of a sibling as of the key's own account."""
    for v1, options in (
        (connect(KEY), {}),
        (connect(ORGANISATION_KEY), {"stripe_context": SIBLING}),
        (connect(KEY), {"stripe_account": CONNECTED}),
    ):
        account = v1.accounts.retrieve_current(options=options)
        named = options.get("stripe_context") or options.get("stripe_account") or account.id
        assert account.id == named, account
        balance = v1.balance.retrieve(options=options)
        assert account.default_currency in {each.currency for each in balance.available}, balance
        asked = {"report_type": "balance.summary.1", "parameters": OCTOBER}
        made = [v1.reporting.report_runs.create(asked, options).id for _ in range(3)]
        advance(20)
        ended = {"type": "reporting.report_run.succeeded", "limit": 2}
        listed = list(v1.events.list(ended, options).auto_paging_iter())
        assert set(made) <= {event.data.object.id for event in listed}
        event = v1.events.retrieve(listed[0].id, options=options)
        assert isinstance(event, stripe.Event)
        assert getattr(event, "account", None) == options.get("stripe_account"), event


def main():
    """Run every rule."""
    rules = (
        a_summary_goes_from_its_creation_to_its_file,
        a_tax_invoice_month_is_sent_and_echoed,
        a_wrong_month_is_an_invalid_request,
        the_activity_comes_by_component,
        the_fees_of_financial_accounts_are_offered,
        an_organisations_key_acts_for_the_account_of_its_context,
        each_context_has_its_own_account_balance_and_events,
    )
    results = {}
    for rule in rules:
        try:
            rule()
            results[rule.__name__] = "ok"
        except Exception:
            results[rule.__name__] = traceback.format_exc()
    print(json.dumps({"version": stripe.VERSION, "rules": results}))


main()
