"""A client of v2 of the simulator for its tests: each JSON answer is held against Stripe's specification."""

import io
import zipfile
from typing import Any
from urllib.parse import urlsplit

import polars as pl
from werkzeug.test import Client, TestResponse

from simulator_api import checked
from stripe_reports.simulator import Simulator

REPORTS = "/v2/data/reports"
RUNS = "/v2/data/report_runs"
SEARCH = "/v2/data/operations/search"
VERSION = "2026-10-28.preview"
HOST = "https://api.stripe.com"
OCTOBER = {"interval_start": "2026-10-01T00:00:00Z", "interval_end": "2026-11-01T00:00:00Z"}


class ApiV2:
    """A client of one key, in process."""

    def __init__(self, simulator: Simulator, key: str = "sk_test_123", **headers: str | None) -> None:
        self.simulator = simulator
        self.client = Client(simulator)
        sent = {"Authorization": f"Bearer {key}", "Stripe_Version": VERSION} | headers
        self.headers = {name.replace("_", "-"): value for name, value in sent.items() if value is not None}

    def get(self, path: str, **query: Any) -> TestResponse:
        return checked(self.client.get(path, query_string=query or None, headers=self.headers, base_url=HOST))

    def post(self, body: Any, path: str = RUNS, **headers: str) -> TestResponse:
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        return checked(self.client.post(path, json=body, headers=sent, base_url=HOST))

    def create(self, name: str = "balance.summary", **members: Any) -> dict[str, Any]:
        answer = self.post(body(name, **members))
        assert answer.status_code == 200, answer.text
        return answer.json

    def retrieve(self, run: dict[str, Any], **query: Any) -> dict[str, Any]:
        return self.get(f"{RUNS}/{run['id']}", **query).json

    def finished(self, name: str = "balance.summary", **members: Any) -> dict[str, Any]:
        run = self.create(name, **members)
        self.simulator.clock.advance(20)
        return self.retrieve(run)

    def download(self, run: dict[str, Any], method: str = "GET", **headers: str) -> TestResponse:
        """Fetch the file as a client does: from another host, without a key."""
        address = urlsplit(run["result"]["file"]["download_url"]["url"])
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        host = f"{address.scheme}://{address.netloc}"
        return self.client.open(f"{address.path}?{address.query}", method=method, headers=sent, base_url=host)


def body(name: str = "balance.summary", **members: Any) -> dict[str, Any]:
    """What creates a run for October."""
    return {"format": "csv", "report": {"name": name}, "parameters": OCTOBER} | members


def error(answer: TestResponse) -> tuple[int, str]:
    """Status and code of an error, whose body has nothing else that a client goes by."""
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) <= {"code", "message", "type"}
    return answer.status_code, answer.json["error"]["code"]


def table(file: bytes) -> pl.DataFrame:
    """The rows of a file, as text; of the one member of a zip archive."""
    if file.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(file))
        assert archive.testzip() is None
        (name,) = archive.namelist()
        file = archive.read(name)
    return pl.read_csv(file, infer_schema=False)
