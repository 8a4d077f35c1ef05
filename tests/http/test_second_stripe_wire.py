"""The second stand-in answers Stripe's own library, which knows neither it nor our client."""

import json

import pytest
import requests
import stripe
from second_stripe_reports import BRANCH, REPORTS
from second_stripe_v2 import KEY, ORGANISATION_KEY, serve

JUNE = {"interval_start": "2026-06-01T00:00:00Z", "interval_end": "2026-07-01T00:00:00Z"}


@pytest.fixture
def second():
    with serve() as second:
        yield second


@pytest.fixture
def ask(second):
    """Sends a request with Stripe's library."""

    def ask(method, path, key=KEY, version="2026-10-28.preview", context=None, **body):
        client = stripe.StripeClient(key, base_addresses={"api": second.base_url}, max_network_retries=0)
        response = client.raw_request(method, path, stripe_version=version, stripe_context=context, **body)
        return json.loads(json.dumps(response.data))

    return ask


def launch(ask, name, parameters, **options):
    return ask(
        "post", "/v2/data/report_runs", format="csv", report={"name": name}, parameters=parameters, **options
    )


def test_a_run_goes_from_its_name_to_its_file(second, ask):
    """The file needs no key, has another host, and its address expires."""
    run = launch(ask, "balance.summary", JUNE)
    path = f"/v2/data/report_runs/{run['id']}"
    assert (run["status"], run["result"]) == ("running", None)
    assert ask("get", path)["status"] == "running"
    second.clock.advance(20)
    file = ask("get", path)["result"]["file"]
    url = file["download_url"]["url"]
    content = requests.get(url, timeout=10).content
    assert content.splitlines()[:2] == [
        b"category,description,net_amount,currency",
        b"starting_balance,Balance at the start,0.00,usd",
    ]
    assert file["size"] == str(len(content))
    with_key = requests.get(url, headers={"Authorization": f"Bearer {KEY}"}, timeout=10)
    assert (with_key.status_code, second.leaks) == (400, second.downloads[1:])
    second.clock.advance(300)
    assert requests.get(url, timeout=10).status_code == 403


def test_pages_of_reports_and_of_rows_follow_each_other(second, ask):
    """What a page includes is on the next one too."""
    first = ask("get", "/v2/data/reports?include%5B0%5D=parameters&limit=10")
    second_page = ask("get", first["next_page_url"])
    assert [report["name"] for page in (first, second_page) for report in page["data"]] == [
        report.name for report in REPORTS
    ]
    assert second_page["data"][-2]["parameters"]["interval_end"]["required"]
    run = launch(ask, "payouts.itemized", JUNE)
    second.clock.advance(20)
    path, token, rows = f"/v2/data/report_runs/{run['id']}?include%5B0%5D=result.inline&limit=4", "", []
    while token is not None:
        inline = ask("get", path + token)["result"]["inline"]
        rows += inline["rows"]
        token = inline["next_page_url"] and f"&page={inline['next_page_url']}"
    assert [row["data"]["payout_id"] for row in rows] == [f"po_2nd{n:04}" for n in range(9, 98, 10)]


@pytest.mark.parametrize(
    ("name", "parameters", "options", "code"),
    [
        ("balance.summary", {}, {}, "invalid_parameters"),
        ("balance.summary", JUNE | {"interval_end": 1_782_864_000}, {}, "invalid_parameters"),
        ("balance.summary", JUNE | {"timezone": "UTC"}, {}, "invalid_parameters"),
        ("balance.summary", JUNE, {"version": "2026-10-28.endive"}, "invalid_parameters"),
        ("balance.summary", JUNE, {"key": ORGANISATION_KEY}, "invalid_parameters"),
        ("balance.summary", JUNE, {"key": "sk_test_other"}, "unauthorized"),
        ("balance.summary.1", JUNE, {}, "not_found"),
        ("tax.itemized", JUNE, {}, "report_inaccessible"),
    ],
)
def test_a_wrong_request_is_refused(ask, name, parameters, options, code):
    """A stand-in that takes everything proves nothing."""
    with pytest.raises(stripe.StripeError) as refused:
        launch(ask, name, parameters, **options)
    assert refused.value.json_body["error"]["code"] == code


def test_a_lost_answer_does_not_cost_a_second_run(second, ask):
    """The same Idempotency-Key means the same run."""
    second.lost_answers = 1
    options = {"idempotency_key": "once", "context": f"org_2nd/{BRANCH}"}
    with pytest.raises(stripe.APIConnectionError):
        launch(ask, "balance.summary", JUNE, **options)
    run = launch(ask, "balance.summary", JUNE, **options)
    assert [*second.runs] == [run["id"]]
    assert [call.headers["Stripe-Context"] for call in second.calls] == [f"org_2nd/{BRANCH}"] * 2
