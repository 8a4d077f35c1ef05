"""Files of v2: addresses that need no key, on a host of their own, for minutes.

A docstring says first how well a rule of Stripe's is known: documented, reported by users, or inferred. The
others are about the simulator alone.
"""

from urllib.parse import urlsplit

import pytest
import requests

from simulator_api_v2 import RUNS, ApiV2, table
from stripe_reports.simulator import ConnectionDroppedError, Simulator, serve


@pytest.fixture
def api(simulator) -> ApiV2:
    return ApiV2(simulator)


def address(run):
    return run["result"]["file"]["download_url"]["url"]


def test_the_address_is_on_a_host_of_its_own_and_needs_no_key(api):
    """Documented: host and beginning of the path are in Stripe's example of a run."""
    run = api.finished()
    assert address(run).startswith("https://stripeusercontent.com/files/us-west-2/")
    download = api.download(run)
    assert (download.status_code, len(download.data)) == (200, int(run["result"]["file"]["size"]))


def test_a_key_that_is_sent_with_it_is_refused(api):
    """Inferred from how S3 treats two ways to authenticate; so no test overlooks a key that is sent."""
    assert api.download(api.finished(), Authorization="Bearer sk_test_123").status_code == 400


@pytest.fixture
def served(simulator):
    """What a client sees over a socket: the address of the API, and of a file when it is asked for."""
    with serve(simulator) as url:
        api = ApiV2(simulator)
        run = api.create("payouts.itemized")
        simulator.clock.advance(10)

        def fresh():
            answer = requests.get(f"{url}{RUNS}/{run['id']}", headers=api.headers, timeout=10)
            return address(answer.json())

        yield url, fresh


def test_on_loopback_the_host_has_another_name(served):
    """Inferred: a client that allows the host of the API alone does not reach the file."""
    url, fresh = served
    found = fresh()
    assert (urlsplit(found).hostname, urlsplit(found).port) == ("localhost", urlsplit(url).port)
    assert table(requests.get(found, timeout=10).content).height == 51


def test_a_download_over_a_socket_goes_on_at_another_address(simulator, served):
    """Inferred: cut, then expired, then continued with the ETag of the first."""
    _, fresh = served
    first, whole = fresh(), requests.get(fresh(), timeout=10).content
    simulator.inject_fault("file.cut")
    with requests.get(first, timeout=10, stream=True) as answer:
        begun = answer.raw.read(len(whole) // 2)
        part = {"Range": f"bytes={len(begun)}-", "If-Range": answer.headers["ETag"]}
    simulator.clock.advance(300)
    assert requests.get(first, headers=part, timeout=10).status_code == 403
    rest = requests.get(fresh(), headers=part, timeout=10)
    assert (rest.status_code, begun + rest.content) == (206, whole)


def test_the_host_can_be_named():
    """As for v1."""
    simulator = Simulator(latency=10, files_url="https://files.example.org/")
    assert address(ApiV2(simulator).finished()).startswith("https://files.example.org/files/us-west-2/")


def test_an_address_is_valid_for_five_minutes(api, simulator):
    """Reported for query runs; inferred for report runs, and the status of the refusal from S3."""
    run = api.finished()
    simulator.clock.advance(299.9)
    assert api.download(run).status_code == 200
    simulator.clock.advance(0.1)
    refused = api.download(run)
    assert (refused.status_code, b"Request has expired" in refused.data) == (403, True)


def test_reading_the_run_again_gives_another_address(api, simulator):
    """Documented: read the run again."""
    run = api.finished()
    simulator.clock.advance(300)
    assert api.download(api.retrieve(run)).status_code == 200


def test_an_address_cannot_be_made_up(api):
    """Documented: it is signed. Neither its expiry nor its run can be changed."""
    run, other = api.finished(), api.finished()
    for wrong in (
        address(run).replace("expires=1", "expires=9"),
        address(run).replace(run["id"], other["id"]),
    ):
        run["result"]["file"]["download_url"]["url"] = wrong
        assert api.download(run).status_code == 403


def test_a_download_goes_on_after_its_address_has_expired(api, simulator):
    """Inferred: parts, and an ETag that is the same at the next address of the file."""
    simulator.inject_fault("file.cut")
    run = api.finished("payouts.itemized")
    answer = api.download(run)
    chunks = answer.iter_encoded()
    begun = next(chunks)
    with pytest.raises(ConnectionDroppedError):
        next(chunks)
    simulator.clock.advance(300)
    part = {"Range": f"bytes={len(begun)}-", "If_Range": answer.headers["ETag"]}
    assert api.download(run, **part).status_code == 403
    rest = api.download(api.retrieve(run), **part)
    assert rest.status_code == 206
    assert begun + rest.data == api.download(api.retrieve(run)).data


def test_only_get_is_allowed(api):
    """Inferred: the signature is for one method."""
    assert api.download(api.finished(), method="HEAD").status_code == 405


def test_a_file_can_expire_at_once_each_time(api, simulator):
    """So a client must stop at some time."""
    simulator.inject_fault("run.expired")
    run = api.finished()
    assert [api.download(api.retrieve(run)).status_code for _ in range(3)] == [403] * 3


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"compress_file": True}, id="as Stripe's libraries write it"),
        pytest.param({"compression": "zip"}, id="as Stripe's example of a run writes it"),
    ],
)
def test_a_file_can_be_a_zip_archive(api, options):
    """Documented that it can; inferred is the value zip."""
    plain = api.finished("payouts.itemized")
    packed = api.finished("payouts.itemized", result_options=options)
    assert packed["result_options"] == {"compression": "zip"}
    file = packed["result"]["file"]
    assert (file["content_type"], packed["result"]["row_count"]) == ("zip", plain["result"]["row_count"])
    download = api.download(packed).data
    assert len(download) == int(file["size"]) < int(plain["result"]["file"]["size"])
    assert table(download).equals(table(api.download(plain).data))


def test_the_other_spelling_of_the_compression_can_be_shown(api, simulator):
    """Documented: Stripe's libraries and its example of a run differ."""
    simulator.preview.result_options = "compress_file"
    assert api.create()["result_options"] == {"compress_file": False}
    assert api.create(result_options={"compress_file": True})["result_options"] == {"compress_file": True}


def test_times_have_milliseconds(api, simulator):
    """Reported for query runs, inferred for report runs; both forms can be had."""
    run = api.finished("payouts.itemized")
    assert table(api.download(run).data)["effective_at"].str.contains(r"^[\d-]{10} [\d:]{8}\.000$").all()
    simulator.preview.milliseconds = False
    run = api.finished("payouts.itemized")
    assert table(api.download(run).data)["effective_at"].str.contains(r"^[\d-]{10} [\d:]{8}$").all()


@pytest.mark.parametrize(
    ("name", "column", "type_"),
    [
        ("payouts.itemized", "effective_at", "timestamp"),
        ("payouts.itemized", "gross", "decimal"),
        ("payouts.itemized", "payout_expected_arrival_date", "date"),
        ("payouts.summary", "count", "bigint"),
        ("tax.transactions.itemized", "filing_exchange_rate", "decimal"),
        ("payouts.itemized", "payout_id", "varchar"),
    ],
)
def test_a_column_has_the_type_of_its_kind(api, name, column, type_):
    """Documented are the names of the types; inferred is which column has which."""
    file = api.finished(name)["result"]["file"]
    assert {"name": column, "type": type_} in file["columns"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("file.gone", 404),
        ("file.redirect_https", 302),
        ("v2.url_expired", 403),
        ("answer.503", 503),
    ],
)
def test_faults_of_files_apply_to_v2(api, simulator, fault, status):
    """The same as in v1, and one of its own."""
    run = api.finished()
    simulator.inject_fault(fault)
    assert api.download(run).status_code == status
    assert api.download(run).status_code == 200
