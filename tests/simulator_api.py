"""A client of the simulator for its tests: each JSON answer is held against Stripe's specification."""

import json
import re
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from werkzeug.test import Client, TestResponse

from places import SHARED
from stripe_reports import catalog
from stripe_reports.simulator import Simulator

RUNS = "/v1/reporting/report_runs"
TYPES = "/v1/reporting/report_types"
FILES = "/v1/files"
LINKS = "/v1/file_links"
_MAIN, _SIBLING, *_ = Simulator(seed=1).organisation
MAIN, SIBLING = _MAIN.id, _SIBLING.id
CONNECTED, BELOW_SIBLING = (
    tuple(account.id for account in platform.connected_accounts) for platform in (_MAIN, _SIBLING)
)
OCTOBER = {"interval_start": 1790812800, "interval_end": 1793491200}
SPECIFICATION = SHARED / "stripe" / "openapi-reporting.json"

BOTH_PROFILES = pytest.mark.parametrize("simulator", ["tidy", "real"], indirect=True)


class Api:
    """A client of one key, in process."""

    def __init__(self, simulator: Simulator, key: str = "sk_test_123", **headers: str) -> None:
        self.client = Client(simulator)
        self.headers = {"Authorization": f"Bearer {key}"} | {
            k.replace("_", "-"): v for k, v in headers.items()
        }

    def get(self, path: str, **query: Any) -> TestResponse:
        return checked(
            self.client.get(path, query_string=query, headers=self.headers, base_url="https://api.stripe.com")
        )

    def post(self, form: dict[str, Any], path: str = RUNS, **headers: str) -> TestResponse:
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return checked(self.client.post(path, data=form, headers=sent, base_url="https://api.stripe.com"))

    def create(self, report_type: str = "balance.summary.1", **parameters: Any) -> dict[str, Any]:
        answer = self.post(form(report_type, **parameters))
        assert answer.status_code == 200, answer.text
        return answer.json

    def finished(self, report_type: str = "balance.summary.1", **parameters: Any) -> dict[str, Any]:
        run = self.create(report_type, **parameters)
        self.client.application.clock.advance(20)
        return self.get(f"{RUNS}/{run['id']}").json

    def contents(self, run: dict[str, Any], method: str = "GET", **headers: str) -> TestResponse:
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"{FILES}/{run['result']['id']}/contents"
        return checked(self.client.open(path, method=method, headers=sent, base_url="https://api.stripe.com"))


def form(report_type: str = "balance.summary.1", **parameters: Any) -> dict[str, Any]:
    """October, in the parameters that the type takes."""
    known = catalog.get(report_type)
    october = {
        k: v
        for k, v in (OCTOBER | {"tax_invoice_month": "2026-10"}).items()
        if (k in OCTOBER if known is None else k in known.parameters)
    }
    return {"report_type": report_type} | {
        f"parameters[{name}]": value for name, value in (october | parameters).items()
    }


def error(answer: TestResponse) -> dict[str, Any]:
    """The members of an error body, without the two that are the same for all."""
    assert list(answer.json) == ["error"]
    assert None not in answer.json["error"].values()
    members = dict(answer.json["error"])
    members.pop("request_log_url", None)
    members.pop("doc_url", None)
    return members


def checked(answer: TestResponse) -> TestResponse:
    """The answer, if the specification allows it; skipped where that is not here."""
    validator = _validator(answer.request.method, answer.request.path, answer.status_code == 200)
    if validator is not None and answer.is_json:
        validator.validate(answer.json)
    return answer


@cache
def specification() -> dict[str, Any]:
    """Stripe's machine-readable API, with what is newer; empty where it is not here."""
    if not SPECIFICATION.exists():
        return {}
    specified = json.loads(SPECIFICATION.read_text("utf-8"))
    run = specified["components"]["schemas"]["financial_reporting_finance_report_run_run_parameters"]
    # https://docs.stripe.com/changelog/endive/2026-11-18/invoice-filtered-all-fees-report
    run["properties"].setdefault("tax_invoice_month", {"maxLength": 5000, "type": "string"})
    # https://docs.stripe.com/api/v2/data/report-runs/object
    options = specified["components"]["schemas"]["v2.data.report_run"]["properties"]["result_options"]
    options["properties"].setdefault("compression", {"type": "string"})
    return specified


@cache
def _validator(method: str, path: str, is_success: bool) -> Draft202012Validator | None:
    for template, operations in specification().get("paths", {}).items():
        if method.lower() in operations and re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            answer = operations[method.lower()]["responses"]["200" if is_success else "default"]
            schema = answer["content"].get("application/json", {}).get("schema")
            components = {"schemas": _strict(specification()["components"]["schemas"])}
            return schema and Draft202012Validator(_strict(schema) | {"components": components})
    return None


def _strict(node: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` in the words of JSON Schema; members that are not listed are none.

    An open enumeration has other values too.
    """
    if isinstance(node, list):
        return [_strict(child) for child in node]
    if not isinstance(node, dict):
        return node
    left_out = {"nullable", "enum"} if node.get("x-open-enum") is True else {"nullable"}
    plain = {name: _strict(child) for name, child in node.items() if name not in left_out}
    if isinstance(plain.get("properties"), dict) and plain.get("type") == "object":
        plain.setdefault("additionalProperties", False)
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain
