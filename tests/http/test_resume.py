"""A download whose connection breaks is resumed or starts again: never a mixed file.

RFC 9110: a part continues a file only if both answers carry the same strong ETag.
"""

import gzip
import hashlib
import random
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from werkzeug.wrappers import Request, Response

from clocks import TestClock
from stripe_reports import errors
from stripe_reports.demo_client import DemoClient
from stripe_reports.http.body import BLOCK, BREAKS, PROGRESS, Download, StartAgainError
from stripe_reports.http.files import DOWNLOAD_ATTEMPTS, Files
from stripe_reports.http.settings import Secret, Settings
from stripe_reports.http.transport import Transport
from stripe_reports.models import ResultFile
from stripe_reports.models.values import instant
from stripe_reports.planning import deadline
from stripe_reports.simulator import FAULTS, Clock, Fault
from stripe_reports.simulator.faults.changes import truncated, truncated_after

KEY = "sk_test_123"
NOW = instant(1793880000)
ADDRESS = "https://files.stripe.com/v1/files/file_1/contents"
OCTOBER = ("payouts.itemized.5", "2026-10")


@dataclass
class Answer:
    """How a server answers one request.

    Attributes:
        kind: A name; see ``Server``.
        break_after: Bytes after which the connection breaks; None if it does not.
    """

    kind: str = "correct"
    break_after: int | None = None


@dataclass
class Server:
    """A server of one file, correct but for the answers that are prescribed, each used in turn.

    Kinds of wrong answers: ``ignores ranges``, ``refuses ranges``, ``weak``, ``no etag``, ``new version``
    (from then on), ``other etag``, ``other start``, ``other end``, ``other length`` and ``other encoding`` of
    a part, ``no range`` (a part that does not say which), ``no length`` (sent until the end of the
    connection) and ``no ranges`` (it says so).
    """

    versions: list[bytes]
    answers: list[Answer] = field(default_factory=list)
    packed: bool = False
    requests: list[Request] = field(default_factory=list)
    sent: int = 0
    strong: set = field(default_factory=set)

    def __call__(self, environ, start_response):
        request = Request(environ)
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else Answer()
        if answer.kind == "new version" and len(self.versions) > 1:
            self.versions.pop(0)
        response = self._response(request, answer.kind)
        content = response.get_data()
        response.response = self._pieces(content, answer.break_after)
        if answer.kind != "no length":
            response.content_length = len(content)
        return response(environ, start_response)

    def _pieces(self, content, break_after):
        step = max(7, len(content) // 50)
        for start in range(0, len(content), step):
            piece = content[start : start + step]
            if break_after is not None and start + len(piece) > break_after:
                self.sent += len(piece[: break_after - start])
                yield piece[: break_after - start]
                raise ConnectionResetError("the connection broke")
            self.sent += len(piece)
            yield piece

    def _response(self, request, kind):
        content = self.versions[0]
        if self.packed:
            content = gzip.compress(content, mtime=0)
        etag = f'"{hashlib.sha256(content).hexdigest()[:8]}"'
        headers = {"ETag": etag, "Accept-Ranges": "bytes"}
        if self.packed:
            headers["Content-Encoding"] = "gzip"
        if kind == "weak":
            headers["ETag"] = f"W/{etag}"
        if kind == "no etag":
            del headers["ETag"]
        if kind == "no ranges":
            headers["Accept-Ranges"] = "none"
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        is_same = request.headers.get("If-Range") == etag
        if asked is None or kind == "ignores ranges" or not (is_same or kind.startswith("other")):
            if headers.get("ETag") == etag and kind != "no ranges":
                self.strong.add(etag)
            return Response(content, headers=headers)
        first, length = int(asked[1]), len(content)
        if kind == "refuses ranges" or first >= length:
            return Response(status=416, headers={"Content-Range": f"bytes */{length}"})
        last = length - 1
        if kind == "other etag":
            headers["ETag"] = '"other"'
        if kind == "other start":
            first -= 1
        if kind == "other end" and last > first:
            last -= 1
        if kind == "other length":
            content += b"!"
            last, length = last + 1, length + 1
        if kind == "other encoding":
            headers["Content-Encoding"] = "" if self.packed else "gzip"
        if kind != "no range":
            headers["Content-Range"] = f"bytes {first}-{last}/{length}"
        return Response(content[first : last + 1], 206, headers)

    @property
    def ranges(self):
        """The requested ranges; None for the whole file."""
        return [request.headers.get("Range") for request in self.requests]


KINDS = [
    "correct",
    *("ignores ranges", "refuses ranges", "weak", "no etag", "new version", "other etag", "other start"),
    *("other end", "other length", "other encoding", "no range", "no length", "no ranges"),
]


@pytest.fixture
def files(tmp_path):
    """Makes the files of a client whose network is a WSGI application, and its clock."""

    def files(application):
        clock = TestClock(Clock())
        transport = Transport(
            Settings(api_key=Secret(KEY), cache_dir=tmp_path),
            application=application,
            clock=clock,
            rng=random.Random(1),  # noqa: S311
        )
        transports.append(transport)
        return Files(transport), clock

    transports = []
    yield files
    for transport in transports:
        transport.close()


def the_file(size, url=ADDRESS):
    return ResultFile(id="file_1", created=NOW, size=size, url=url)


def read(files, size=None, discarded=None):
    """The bytes of a file; those that had to be discarded before are added to a list."""

    def consume(body):
        blocks = []
        try:
            blocks.extend(body)
        finally:
            content = b"".join(blocks)
            if discarded is not None:
                discarded.append(content)
        assert body.received == Download(len(content), hashlib.sha256(content).hexdigest())
        return content

    return files.read(the_file(size), consume)


@given(
    versions=st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=2),
    answers=st.lists(
        st.builds(Answer, st.sampled_from(KINDS), st.none() | st.integers(0, 300)), min_size=1, max_size=6
    ),
    is_packed=st.booleans(),
    has_size=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_the_exact_bytes_of_one_version_arrive_or_one_of_our_errors(versions, answers, is_packed, has_size):
    """Wherever the connection breaks, and whatever the server does then."""
    clock, server = TestClock(Clock()), Server(list(versions), answers, is_packed)
    settings_ = Settings(api_key=Secret(KEY), cache_dir=Path("unused"))
    transport = Transport(settings_, application=server, clock=clock)
    given = []
    try:
        content = read(Files(transport), len(versions[0]) if has_size else None, given)
    except errors.StripeReportsError:
        pass
    else:
        assert content in versions
    finally:
        transport.close()
    assert all(any(version.startswith(each) for version in versions) for each in given)
    for request in server.requests:
        assert ("Range" in request.headers) == ("If-Range" in request.headers)
        assert request.headers.get("If-Range") in {None, *server.strong}


@given(before=st.integers(0, 2000), first=st.integers(0, 2500), second=st.integers(0, 30))
@example(before=100, first=104, second=3)
@settings(max_examples=100, deadline=None)
def test_a_body_that_repeats_the_key_is_refused_wherever_it_is_cut(before, first, second):
    """Also if the key comes in three parts."""
    content = b"a" * before + KEY.encode() + b"a" * 500
    server = Server([content], [Answer(break_after=first), Answer(break_after=second)])
    settings_ = Settings(api_key=Secret(KEY), cache_dir=Path("unused"))
    transport = Transport(settings_, application=server, clock=TestClock(Clock()))
    try:
        with pytest.raises(errors.UnexpectedAnswerError, match="repeats the API key"):
            read(Files(transport))
    finally:
        transport.close()


class TestResuming:
    CONTENT = b"".join(b"%06d\n" % number for number in range(100))

    def test_only_the_rest_is_sent_again(self, files):
        """A resume from the start would send more bytes than the file has."""
        server = Server([self.CONTENT], [Answer(break_after=300), Answer(break_after=200)])
        assert read(files(server)[0], len(self.CONTENT)) == self.CONTENT
        assert server.ranges == [None, "bytes=300-", "bytes=500-"]
        assert server.sent == len(self.CONTENT)

    def test_ranges_of_a_packed_file_count_the_packed_bytes(self, files):
        """They are unpacked when they are together."""
        server = Server([self.CONTENT], [Answer(break_after=100)], packed=True)
        assert read(files(server)[0], len(self.CONTENT)) == self.CONTENT
        assert server.ranges == [None, "bytes=100-"]
        assert server.sent == len(gzip.compress(self.CONTENT, mtime=0))

    def test_a_file_whose_length_was_not_announced_is_resumed_too(self, files):
        """The part tells the length of the file."""
        server = Server([self.CONTENT], [Answer("no length", 300)])
        assert read(files(server)[0]) == self.CONTENT
        assert server.sent == len(self.CONTENT)

    @pytest.mark.parametrize(
        "first",
        [
            pytest.param(Answer("weak", 300), id="a weak ETag"),
            pytest.param(Answer("no etag", 300), id="no ETag"),
            pytest.param(Answer("no ranges", 300), id="no ranges accepted"),
            pytest.param(Answer(break_after=0), id="not a byte came"),
        ],
    )
    def test_no_part_is_requested_without_a_strong_etag(self, files, first):
        """The download starts again."""
        server = Server([self.CONTENT], [first])
        assert read(files(server)[0]) == self.CONTENT
        assert server.ranges == [None, None]

    @pytest.mark.parametrize("kind", [k for k in KINDS if k.startswith("other") or k == "no range"])
    def test_a_part_that_is_not_the_rest_is_not_used(self, files, kind):
        """The download starts again: a first failure may be a mistake of the server's cache."""
        server, given = Server([self.CONTENT], [Answer(break_after=300), Answer(kind)]), []
        assert read(files(server)[0], None, given) == self.CONTENT
        assert given == [self.CONTENT[:300], self.CONTENT]
        assert server.ranges == [None, "bytes=300-", None]

    @pytest.mark.parametrize("kind", ["ignores ranges", "refuses ranges", "new version"])
    def test_a_file_that_changed_is_read_from_its_start(self, files, kind):
        """So is one that cannot be sent in parts."""
        newer = self.CONTENT[::-1]
        server = Server([self.CONTENT, newer], [Answer(break_after=300), Answer(kind)])
        assert read(files(server)[0]) == (newer if kind == "new version" else self.CONTENT)
        assert server.ranges == [None, "bytes=300-", None]

    def test_a_server_that_never_sends_the_rest_ends_in_a_clear_error(self, files):
        """After a few tries."""
        answers = [Answer(break_after=300), Answer("refuses ranges")] * DOWNLOAD_ATTEMPTS
        server = Server([self.CONTENT], answers)
        with pytest.raises(errors.NetworkError, match=r"failed again and again .*HTTP 416.* fetch it again"):
            read(files(server)[0])
        assert len(server.requests) == 2 * DOWNLOAD_ATTEMPTS

    def test_a_download_with_endless_broken_connections_is_given_up(self, files):
        """If each connection sends very little."""
        server = Server([self.CONTENT], [Answer(break_after=10)] * 99)
        with pytest.raises(errors.NetworkError, match="again and again"):
            read(files(server)[0])
        assert len(server.requests) == BREAKS

    def test_a_large_file_is_resumed_as_long_as_it_makes_progress(self, files):
        """A download of an hour must not fail because the connection broke four times."""
        content = random.Random(1).randbytes(5 * PROGRESS)  # noqa: S311
        server = Server([content], [Answer(break_after=PROGRESS + PROGRESS // 8)] * 99)
        assert read(files(server)[0], len(content)) == content
        assert len(server.requests) > BREAKS + 1
        assert server.sent == len(content)

    def test_the_last_check_is_of_the_size(self, files):
        """Even a server that is wrong about everything else cannot pass half a file as complete."""
        server = Server([self.CONTENT[:300]])
        with pytest.raises(errors.DamagedFileError, match="should have 700 bytes, but only 300 came"):
            read(files(server)[0], 700)
        assert server.ranges == [None] * DOWNLOAD_ATTEMPTS


class TestPauses:
    CONTENT = TestResuming.CONTENT

    def test_there_is_a_pause_before_each_retry(self, files):
        """A server with problems is not called at once, nor by all clients at the same moment."""
        server = Server([self.CONTENT], [Answer(break_after=count) for count in (300, 10, 10)])
        opened, clock = files(server)
        with pytest.raises(errors.NetworkError):
            read(opened)
        assert len(clock.slept) == len(server.requests) - 1 == BREAKS - 1
        assert 0.25 <= clock.slept[0] <= 0.5 <= clock.slept[1] <= 1

    def test_a_pause_that_the_server_requests_is_respected(self, client, simulator):
        """For the rest of a file as for any other call."""
        expected = client.frame(*OCTOBER)
        simulator.inject_fault("file.cut")
        simulator.inject_fault("answer.429_retry_after", match="GET /v1/files/*/contents")
        client.cache.clear()
        began = simulator.clock.now()
        assert_frame_equal(client.frame(*OCTOBER), expected)
        assert 30 <= (simulator.clock.now() - began).total_seconds() < 32

    def test_no_retry_starts_after_the_time_limit(self, files):
        """The error says how much of the file had arrived."""
        server = Server([self.CONTENT], [Answer(break_after=300)] * 9)
        opened, clock = files(server)
        with (
            deadline.within(clock, 0.2),
            pytest.raises(errors.CallTimeoutError, match=r"did not arrive \(300 B of 700 B had come\)"),
        ):
            read(opened, 700)
        assert (len(server.requests), clock.slept) == (1, [])


class TestRedirects:
    CONTENT = TestResuming.CONTENT

    @pytest.fixture
    def hosts(self, files):
        """Files whose address redirects to presigned ones, newly signed, at the given hosts in turn."""

        def hosts(*names):
            server, names, asked = Server([self.CONTENT], [Answer(break_after=300)]), iter(names), []

            def application(environ, start_response):
                request = Request(environ)
                asked.append((request.host, request.headers.get("Authorization")))
                if request.host == "files.stripe.com":
                    location = f"https://{next(names)}/file_1?signature={len(asked)}"
                    return Response(status=302, headers={"Location": location})(environ, start_response)
                return server(environ, start_response)

            return files(application)[0], server, asked

        return hosts

    def test_the_rest_is_requested_at_a_new_presigned_address(self, hosts):
        """The first one may have expired. The key is sent only to Stripe."""
        opened, server, asked = hosts("cdn.example", "cdn.example")
        assert read(opened) == self.CONTENT
        assert server.ranges == [None, "bytes=300-"]
        stripe, cdn = ("files.stripe.com", f"Bearer {KEY}"), ("cdn.example", None)
        assert asked == [stripe, cdn, stripe, cdn]

    def test_a_part_from_another_host_is_not_used(self, hosts):
        """Its ETag says nothing about the file of the first host."""
        opened, server, _ = hosts("cdn.example", "other.example", "other.example")
        assert read(opened) == self.CONTENT
        assert server.ranges == [None, "bytes=300-", None]


class TestStartingAgain:
    CONTENT = TestResuming.CONTENT

    def test_the_reader_is_called_again_and_knows_why(self, files):
        """It must discard the result of earlier blocks."""
        server = Server([self.CONTENT], [Answer("weak", 300), Answer("weak", 400)])
        lengths, signals = [], []

        def consume(body):
            lengths.append(0)
            try:
                for block in body:
                    lengths[-1] += len(block)
            except StartAgainError as signal:
                signals.append(signal)
                raise
            return body.received.size

        assert files(server)[0].read(the_file(None), consume) == 700
        assert lengths == [300, 400, 700]
        assert [type(signal.error) for signal in signals] == [errors.NetworkError] * 2

    def test_an_error_of_the_reader_ends_the_download(self, files):
        """It is not an error of the connection."""
        server = Server([self.CONTENT])
        with pytest.raises(ZeroDivisionError):
            files(server)[0].read(the_file(None), lambda body: 1 / (len(list(body)) * 0))
        assert len(server.requests) == 1

    def test_a_body_tells_the_announced_length_encoding_and_etag(self, files):
        """Bytes as they are sent, their encoding, and the ETag if it is strong."""
        server = Server([self.CONTENT], packed=True)
        with files(server)[0].open(the_file(700)) as body:
            assert (body.length, body.encoding) == (len(gzip.compress(self.CONTENT, mtime=0)), "gzip")
            assert {body.etag} == server.strong
            assert b"".join(body) == self.CONTENT
        with files(Server([self.CONTENT], [Answer("weak")]))[0].open(the_file(700)) as body:
            assert (body.length, body.encoding, body.etag) == (700, "", None)


class TestEncodings:
    @pytest.fixture
    def sent(self, files):
        """Reads a body that is sent with an encoding."""

        def sent(content, encoding="gzip"):
            headers = {"Content-Encoding": encoding}
            opened, _ = files(lambda *wsgi: Response(content, headers=headers)(*wsgi))
            return read(opened)

        return sent

    @pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
    def test_gzip_with_any_contents_is_unpacked(self, sent, encoding):
        """Several members are one body, and a block stays small."""
        assert sent(gzip.compress(b"a,b\n") + gzip.compress(b"1,2\n"), encoding) == b"a,b\n1,2\n"
        zeros = bytes(10 * BLOCK)
        assert sent(gzip.compress(zeros)) == zeros

    def test_a_file_that_is_itself_packed_is_returned_unchanged(self, files):
        """Also a tiny one, which is larger packed than the size that is announced."""
        packed = gzip.compress(b"a,b\n")
        assert read(files(lambda *wsgi: Response(packed)(*wsgi))[0], 4) == packed

    def test_no_block_exceeds_the_maximum_size(self, files):
        """However well it is packed."""
        content = gzip.compress(bytes(4 * BLOCK + 1))
        opened, _ = files(lambda *wsgi: Response(content, headers={"Content-Encoding": "gzip"})(*wsgi))
        with opened.open(the_file(None)) as body:
            assert [len(block) for block in body] == [BLOCK] * 4 + [1]

    @pytest.mark.parametrize(
        ("content", "encoding", "says"),
        [
            pytest.param(gzip.compress(b"a,b\n")[:-1], "gzip", "no end", id="no end"),
            pytest.param(b"", "gzip", "no end", id="nothing"),
            pytest.param(b"a,b\n", "gzip", "incorrect header", id="plain"),
            pytest.param(gzip.compress(b"a,b\n") + b"more", "gzip", "incorrect header", id="more"),
            pytest.param(b"a,b\n", "br", "its encoding is 'br'", id="another encoding"),
            pytest.param(gzip.compress(gzip.compress(b"a,b\n")), "gzip, gzip", "encoding is", id="twice"),
        ],
    )
    def test_a_body_that_cannot_be_unpacked_completely_is_refused(self, sent, content, encoding, says):
        """Half a file is never accepted as a file."""
        with pytest.raises(errors.DamagedFileError, match=says):
            sent(content, encoding)


PARTS = [name for name in FAULTS if name.startswith(("file.etag_", "file.range_"))]


def packed_and_cut():
    """The first half of a file that is sent as gzip."""
    packed = FAULTS["file.gzip_encoded"].change
    return Fault(
        "GET /v1/files/*/contents", change=lambda r, answer: truncated(r, partial(packed, r, answer))
    )


class TestReports:
    """The same through a client, in process and over a real socket."""

    @pytest.fixture(params=["in process", "over a socket"])
    def fetched(self, request, simulator, tmp_path):
        """The frame of a report after some faults, and the calls for its file."""
        if request.param == "in process":
            client = DemoClient(simulator, cache_dir=tmp_path / "cache")
        else:
            client = request.getfixturevalue("connect")()

        def fetched(*faults):
            client.cache.clear()
            simulator.faults[:] = faults
            before = len(simulator.requests)
            frame = client.frame(*OCTOBER)
            return frame, [r.status for r in simulator.requests[before:] if r.path.endswith("/contents")]

        with client:
            yield fetched

    def test_a_broken_download_is_resumed(self, fetched):
        """Several times."""
        expected, _ = fetched()
        cut = partial(Fault, "GET /v1/files/*/contents")
        frame, statuses = fetched(cut(change=truncated_after(1000)), cut(change=truncated_after(1)))
        assert_frame_equal(frame, expected)
        assert statuses == [200, 206, 206]

    @pytest.mark.parametrize("name", PARTS)
    def test_a_wrong_part_makes_the_download_start_again(self, fetched, name):
        """After each fault of parts, the rows are those of the file."""
        expected, _ = fetched()
        frame, statuses = fetched(Fault.named("file.cut"), Fault.named(name))
        assert_frame_equal(frame, expected)
        wrong = {"file.range_refused": 416, "file.range_wrong": 206}.get(name, 200)
        assert statuses == [200, wrong, 200]

    def test_a_packed_download_is_resumed(self, fetched):
        """In the middle of a compressed block."""
        expected, _ = fetched()
        packed = FAULTS["file.gzip_encoded"].change
        broken = Fault(
            "GET /v1/files/*/contents", change=lambda r, answer: truncated(r, partial(packed, r, answer))
        )
        frame, statuses = fetched(broken, Fault.named("file.gzip_encoded"))
        assert_frame_equal(frame, expected)
        assert statuses == [200, 206]

    def test_a_packed_download_that_continues_unpacked_starts_again(self, fetched):
        """Its rest belongs to another representation."""
        expected, _ = fetched()
        packed = FAULTS["file.gzip_encoded"].change
        broken = Fault(
            "GET /v1/files/*/contents", change=lambda r, answer: truncated(r, partial(packed, r, answer))
        )
        frame, statuses = fetched(broken)
        assert_frame_equal(frame, expected)
        assert statuses == [200, 200, 200]

    @pytest.mark.parametrize("seed", range(8))
    def test_the_rows_are_right_for_any_sequence_of_faults(self, fetched, seed):
        """Or the connection broke so often that an error says so."""
        rng = random.Random(seed)  # noqa: S311
        expected, _ = fetched()
        faults = [Fault.named(rng.choice(PARTS)) for _ in range(5)]
        for place in (0, 2, 4):
            faults[place] = Fault("GET /v1/files/*/contents", change=truncated_after(rng.randrange(20_000)))
        try:
            frame, _ = fetched(*faults)
        except errors.NetworkError:
            frame, _ = fetched()
        assert_frame_equal(frame, expected)
