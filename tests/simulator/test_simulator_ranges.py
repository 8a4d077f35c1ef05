"""Parts of a file: which ``Range`` and ``If-Range`` give 206, which the whole file, and which 416."""

import gzip

import pytest
from werkzeug.test import Client

from simulator_api import LINKS
from stripe_reports.simulator import FAULTS


@pytest.fixture(params=["contents", "link"])
def ask(request, api, simulator):
    """Asks for the same file with headers: at its own address with the key, or at a link without one."""
    run = api.finished("payouts.itemized.5")
    if request.param == "contents":
        return lambda method="GET", **headers: api.contents(run, method=method, **headers)
    link = api.post({"file": run["result"]["id"]}, LINKS).json["url"]
    path = link.removeprefix("https://files.stripe.com")
    client = Client(simulator)
    return lambda method="GET", **headers: client.open(path, method=method, headers=_named(headers))


@pytest.fixture
def first(ask):
    """The whole file."""
    return ask()


def _named(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def test_a_complete_file_says_that_parts_can_be_requested(first):
    """A strong ETag, and that byte ranges are accepted."""
    assert first.status_code == 200
    assert first.headers["Accept-Ranges"] == "bytes"
    assert first.get_etag() == (first.get_etag()[0], False)
    assert first.content_length == len(first.data)


@pytest.mark.parametrize(
    ("requested", "start", "stop"),
    [
        pytest.param("bytes=0-", 0, None, id="all"),
        pytest.param("bytes=100-", 100, None, id="the rest"),
        pytest.param("bytes=100-199", 100, 200, id="a part"),
        pytest.param("bytes=100-9999999", 100, None, id="beyond the end"),
        pytest.param("bytes=-10", -10, None, id="the last bytes"),
    ],
)
@pytest.mark.parametrize("is_conditional", [False, True])
def test_a_part_is_sent_with_its_range(ask, first, requested, start, stop, is_conditional):
    """With the ETag of the whole; a matching If-Range changes nothing."""
    condition = {"If_Range": first.headers["ETag"]} if is_conditional else {}
    answer, length = ask(Range=requested, **condition), len(first.data)
    begin, end, _ = slice(start, stop).indices(length)
    assert (answer.status_code, answer.data) == (206, first.data[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{length}"
    assert answer.content_length == end - begin
    assert answer.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize(
    "requested",
    [
        pytest.param({"Range": "bytes=0-9,20-29"}, id="several ranges"),
        pytest.param({"Range": "lines=0-9"}, id="another unit"),
        pytest.param({"Range": "bytes=9-0"}, id="no range"),
        pytest.param({"Range": "bytes=-9999999"}, id="more last bytes than there are"),
        pytest.param({"Range": "bytes=10-", "If_Range": '"another"'}, id="another ETag"),
        pytest.param({"Range": "bytes=10-", "If_Range": "W/{etag}"}, id="a weak ETag"),
        pytest.param(
            {"Range": "bytes=10-", "If_Range": "Thu, 05 Nov 2026 12:00:00 GMT"},
            id="a date",
        ),
        pytest.param({"If_Range": "{etag}"}, id="a condition alone"),
    ],
)
def test_the_whole_file_is_sent_for_any_other_range(ask, first, requested):
    """A client that requests a part of a changed file must not get a part of the new one."""
    sent = {name: value.format(etag=first.headers["ETag"]) for name, value in requested.items()}
    answer = ask(**sent)
    assert (answer.status_code, answer.data) == (200, first.data)
    assert "Content-Range" not in answer.headers


def test_a_part_beyond_the_end_is_refused(ask, first):
    """416 tells the length of the file."""
    answer = ask(Range=f"bytes={len(first.data)}-")
    assert (answer.status_code, answer.data) == (416, b"")
    assert answer.headers["Content-Range"] == f"bytes */{len(first.data)}"


def test_headers_can_be_requested_alone(ask, first):
    """Length and ETag without a byte of the file."""
    answer = ask(method="HEAD")
    assert (answer.status_code, answer.data) == (200, b"")
    assert (answer.headers["ETag"], answer.content_length) == (first.headers["ETag"], len(first.data))


def test_the_compressed_file_has_its_own_etag_and_parts(api, simulator):
    """A range counts the bytes sent; a part of one representation does not continue the other."""
    run = api.finished()
    plain = api.contents(run)
    simulator.inject_fault("file.gzip_encoded", times=3)
    packed = api.contents(run)
    assert packed.headers["ETag"] != plain.headers["ETag"]
    part = api.contents(run, Range="bytes=20-", If_Range=packed.headers["ETag"])
    assert (part.status_code, gzip.decompress(packed.data[:20] + part.data)) == (206, plain.data)
    other = api.contents(run, Range="bytes=20-", If_Range=plain.headers["ETag"])
    assert (other.status_code, other.data) == (200, packed.data)


class TestFaults:
    @pytest.fixture
    def part(self, api, simulator):
        """What a part of a file is answered with, under a fault."""
        run = api.finished()

        def part(name):
            etag = api.contents(run).headers["ETag"]
            simulator.inject_fault(name)
            return api.contents(run, Range="bytes=10-", If_Range=etag)

        part.whole = api.contents(run).data
        return part

    @pytest.mark.parametrize("name", ["file.etag_changed", "file.etag_weak", "file.range_ignored"])
    def test_the_whole_file_is_sent_in_place_of_a_part(self, part, name):
        """The file has changed, or its server does not send parts."""
        answer = part(name)
        assert (answer.status_code, answer.data) == (200, part.whole)

    def test_a_changed_etag_is_different_each_time(self, api, simulator):
        """So no part ever continues an earlier answer."""
        run = api.finished()
        simulator.inject_fault("file.etag_changed", times=3)
        assert len({api.contents(run).headers["ETag"] for _ in range(4)}) == 4

    def test_a_weak_etag_is_marked(self, api, simulator):
        """``W/`` means that the same bytes are not promised."""
        simulator.inject_fault("file.etag_weak")
        assert api.contents(api.finished()).headers["ETag"].startswith('W/"')

    def test_a_part_can_be_refused(self, part):
        """Although that part exists."""
        answer = part("file.range_refused")
        assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(part.whole)}")

    def test_another_part_can_be_sent(self, part):
        """It says so, and must not be taken for the requested one."""
        answer, length = part("file.range_wrong"), len(part.whole)
        assert (answer.status_code, answer.data) == (206, part.whole)
        assert answer.headers["Content-Range"] == f"bytes 0-{length - 1}/{length}"

    @pytest.mark.parametrize(
        "name",
        [name for name in FAULTS if name.startswith(("file.etag_", "file.range_"))],
    )
    def test_a_request_for_the_whole_file_is_not_affected(self, api, simulator, name):
        """These faults apply to parts only; a missing file is still missing."""
        run = api.finished()
        whole = api.contents(run).data
        simulator.inject_fault(name, times=2)
        answer = api.contents(run)
        assert (answer.status_code, answer.data) == (200, whole)
        simulator.clock.advance(366 * 86_400)
        assert api.contents(run).status_code == 404
