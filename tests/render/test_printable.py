"""Text from outside is shown in a terminal, but never controls it."""

import gc
import io
import json
import logging
import sys
import threading
import traceback
import unicodedata
import warnings
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stripe_reports as sr
from stripe_reports import cli, errors, notices
from stripe_reports.cli import clients
from stripe_reports.cli.output import only_printable, show, waiting
from stripe_reports.notebook.form import Explorer
from stripe_reports.reconcile.evidence import EvidenceFolder, Finding, Verification
from stripe_reports.reconcile.restatement import Restatement
from stripe_reports.reconcile.tie_out import TieOut
from stripe_reports.render.printable import printable, printable_lines
from stripe_reports.runs.futures import PendingReport
from stripe_reports.runs.progress import Line, text_of
from stripe_reports.simulator import Fault
from stripe_reports.simulator.ledger import pools

JOINERS = "\u200c\u200d"
CONTROLS = [
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in JOINERS
]
STEERING = frozenset(CONTROLS) - {"\n", "\t"}

HOSTILE = (
    "\x1b]52;c;cm0gLXJm\x07\x1b[2J\x9b31m\x00\x08\x7f\x85\u202a\u202e\u2066\u2069\u200e\u200f\u061c"
    "\u200b\u2028\ufeff\U000e0041\r\n\tEND"
)
"""Fills the clipboard, clears the screen, turns what follows around, and begins a line."""


def assert_harmless(text):
    """Assert that no character controls a terminal, and that the hostile text is there."""
    assert sorted(STEERING.intersection(text)) == []
    assert r"\x1b]52;c;cm0gLXJm\x07" in text


class TestEveryCharacter:
    def test_no_control_character_is_printed(self):
        """Over all code points: C0, C1, bidirectional and invisible ones, and surrogates."""
        everything = "".join(map(chr, range(sys.maxunicode + 1)))
        assert set(CONTROLS).isdisjoint(printable(everything))
        assert STEERING.isdisjoint(printable_lines(everything))

    def test_all_other_characters_are_unchanged(self):
        """Letters, signs, spaces and emoji of any script."""
        ordinary = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if c not in CONTROLS)
        assert printable(ordinary) == ordinary
        assert printable_lines(ordinary) == ordinary

    @pytest.mark.parametrize(
        "text",
        [
            *("Zürich", "三菱UFJ銀行", "مرحبا", "1\u00a0000 €", "\\x1b", ""),
            "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}",
            "می\N{ZERO WIDTH NON-JOINER}خواهم",
        ],
    )
    def test_text_of_any_language_stays_readable(self, text):
        """Words that need a joiner, right-to-left words, narrow spaces, backslashes."""
        assert printable(text) == text

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("a\x1bb", r"a\x1bb"),
            ("\x9b", r"\x9b"),
            ("\u202e", r"\u202e"),
            ("\U000e0041", r"\U000e0041"),
            ("a\r\n\tb", r"a\r\n\tb"),
            ("\udc80", r"\udc80"),
        ],
    )
    def test_an_escape_is_written_as_in_python(self, text, shown):
        """A reader who knows that notation knows which character it was."""
        assert printable(text) == shown

    def test_messages_keep_their_lines(self):
        """A carriage return alone would overwrite the line."""
        assert printable_lines("a\nb\tc\rd") == "a\nb\tc\\rd"

    @given(st.text())
    def test_escaping_twice_equals_escaping_once(self, text):
        """A message contains parts that are already escaped."""
        assert printable(printable(text)) == printable(text)
        assert printable_lines(printable(text)) == printable(text)


@pytest.fixture
def report(client):
    """A report with hostile text in everything that comes from outside."""
    report = client.fetch("balance.summary", "2026-10", currency="eur")
    run = replace(
        report.run, report_type=HOSTILE, error=HOSTILE, status=HOSTILE, parameters={HOSTILE: HOSTILE}
    )
    run = replace(run, result=replace(run.result, filename=HOSTILE, title=HOSTILE, url=HOSTILE))
    request = sr.ReportRequest("a.1", columns=[HOSTILE], other={HOSTILE: HOSTILE})
    return replace(
        report,
        run=run,
        request=request,
        reuse=replace(report.reuse, reason=HOSTILE),
        provenance=replace(report.provenance, run=run, account=HOSTILE),
        path=Path(HOSTILE.replace("\x00", "")),
    )


def _failed(request):
    pending = PendingReport(request)
    pending.set_exception(errors.StripeAPIError(HOSTILE))
    return pending


def _tie_out(client):
    tied = client.tie_out("2026-10", currency="eur")
    failing = tied.frame().with_columns(currency=pl.lit(HOSTILE), passes=pl.lit(value=False))
    return replace(tied, _controls=failing, title=HOSTILE, notes=(HOSTILE,))


def _diff():
    before = pl.DataFrame({"currency": [HOSTILE], "net": ["1"], HOSTILE: ["a"]}).cast(
        {"net": pl.Decimal(38, 6)}
    )
    found = sr.diff(before, before.with_columns(net=pl.lit("2").cast(pl.Decimal(38, 6))), key=HOSTILE)
    return replace(found, notes=(HOSTILE,))


SHOWN = {
    "run": lambda report, client: report.run,
    "file": lambda report, client: report.run.result,
    "request": lambda report, client: report.request,
    "report": lambda report, client: report,
    "decision": lambda report, client: report.reuse,
    "provenance": lambda report, client: report.provenance,
    "report type": lambda report, client: replace(
        client.report_type("payouts.itemized"), name=HOSTILE, default_columns=(HOSTILE,)
    ),
    "report set": lambda report, client: replace(
        client.fetch_all("payouts.itemized", "2026-08/2026-10", split="month"), asked=(report.request,)
    ),
    "pending": lambda report, client: _failed(report.request),
    "tie-out": lambda report, client: _tie_out(client),
    "diff": lambda report, client: _diff(),
    "restatement": lambda report, client: Restatement(
        client.fetch("balance.summary", "2026-10"), client.fetch("balance.summary", "2026-10"), _diff()
    ),
    "verification": lambda report, client: Verification(
        Path("x"), (Finding(HOSTILE, (HOSTILE,)),), "0" * 64, HOSTILE
    ),
    "evidence": lambda report, client: EvidenceFolder(Path(HOSTILE), _tie_out(client), (HOSTILE,), "0" * 64),
    "form": lambda report, client: Explorer(client, request=report.request),
}


@pytest.mark.parametrize("make", SHOWN.values(), ids=SHOWN)
def test_the_text_of_a_value_cannot_control_the_terminal(make, report, client):
    """A REPL prints ``repr``, and ``print`` takes ``str``."""
    value = make(report, client)
    for text in (repr(value), str(value)):
        assert_harmless(text)


def test_a_name_cannot_add_a_line(report, client):
    """Otherwise the name of a file in evidence, or a title in it, could add a false verdict."""
    found = Verification(Path("x"), (Finding("no file is missing", (f"a\nok{HOSTILE}",)),), "0", HOSTILE)
    assert len(str(found).splitlines()) == 3
    for value in (_tie_out(client), _diff(), report, report.reuse):
        assert not [line for line in str(value).splitlines() if line.strip().startswith("END")]


def test_the_text_of_a_client_and_its_cache_is_printable(client, tmp_path):
    """Users copy addresses and folders from anywhere."""
    folder = tmp_path / HOSTILE.replace("\x00", "")
    assert_harmless(repr(sr.demo(cache_dir=folder).cache))
    with pytest.raises(errors.ApiKeyError) as refused:
        replace(client.settings, base_url=f"http://127.0.0.1:1/{HOSTILE}")
    assert "127.0.0.1" not in str(refused.value)  # it is not repeated at all


@pytest.mark.parametrize("name", errors.__all__)
def test_the_message_of_an_error_cannot_control_the_terminal(name, report):
    """Tracebacks and logs print it; the attribute with Stripe's own words is unchanged."""
    kind = getattr(errors, name)
    more = {"run": report.run} if issubclass(kind, errors.RunError) else {}
    error = kind(HOSTILE, **more)
    for text in (str(error), repr(error), "".join(traceback.format_exception(error))):
        assert_harmless(text)
    assert error.args[0] == HOSTILE


def test_a_warning_cannot_control_the_terminal():
    """Python prints it on standard error."""
    with pytest.warns(UserWarning, match="52;c") as caught:
        notices.warn(HOSTILE)
    assert_harmless(str(caught[0].message))


def test_a_damaged_cell_is_shown_with_escapes():
    """The error quotes the cell, and no error behind it quotes it without escapes."""
    file = io.BytesIO(f'payout_id,net\npo_1,"{HOSTILE}"\n'.replace("\x00", "").encode())
    with pytest.raises(errors.DamagedFileError) as caught:
        sr.read_csv(file, report_type="payouts.itemized.5")
    text = "".join(traceback.format_exception(caught.value))
    assert sorted(STEERING.intersection(text)) == []
    assert "52;c;cm0gLXJm" in text


def test_only_the_progress_line_may_rewrite_itself(report, monkeypatch):
    """In a terminal, with text from outside as escapes."""
    monkeypatch.setenv("COLUMNS", "500")
    stream = io.StringIO()
    Line(stream).draw(text_of(report.run, 1.0, None), 0.5)
    drawn = stream.getvalue()
    assert drawn.startswith("\r\x1b[2K[")
    assert_harmless(drawn.removeprefix("\r\x1b[2K"))


def test_the_progress_line_of_a_command_may_rewrite_itself_too(report, monkeypatch):
    """It passes the check of the streams; text from outside in it does not."""
    drawn = threading.Event()

    class Terminal(io.StringIO):
        def isatty(self):
            return True

        def flush(self):
            if "is pending" in self.getvalue():
                drawn.set()

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.setattr("stripe_reports.runs.progress.DRAWN_AFTER", 0.0)
    with only_printable():
        with waiting(HOSTILE, sys.stderr) as told:
            told(replace(report.run, status="pending", report_type=HOSTILE), 1.0, None)
            assert drawn.wait(120)
        print(HOSTILE, file=sys.stderr)
    _, *progress, message = terminal.getvalue().split("\r\x1b[2K")
    for each in (*progress, message):
        assert_harmless(each)


class TestTables:
    def test_a_frame_is_printed_with_escapes_in_names_and_cells(self, capsys):
        """A line break in a cell would look like another row."""
        frame = pl.DataFrame({HOSTILE: ["a"], "text": [HOSTILE], "two": ["a\nb\tc"], "n": [1]})
        show(frame)
        shown = capsys.readouterr().out
        assert_harmless(shown)
        assert r"a\nb\tc" in shown
        assert frame["text"].to_list() == [HOSTILE]

    def test_two_columns_may_have_the_same_printed_name(self, capsys):
        """One named with a control character, and one with its escape."""
        show(pl.DataFrame({"a\x1b": [1], "a\\x1b": [2]}))
        assert r"a\x1b'" in capsys.readouterr().out


class TestCommands:
    """Each command on an account with only hostile texts, or with a hostile argument."""

    @pytest.fixture(autouse=True)
    def hostile_account(self, client, simulator, monkeypatch):
        monkeypatch.setattr(pools, "CHARGE_DESCRIPTIONS", (HOSTILE.replace("\x00", ""),))

        def renamed(_request, true_answer):
            response = true_answer()
            types = response.json
            for type_ in types.get("data", [types]):
                type_["name"] = HOSTILE
            response.set_data(json.dumps(types))
            return response

        simulator.faults.append(
            Fault(
                "GET /v1/reporting/report_types*", times=float("inf"), change=renamed, about="hostile names"
            )
        )
        monkeypatch.setattr(clients, "client_of", lambda _: client)
        for name in ("fetch", "tie_out", "evidence"):
            monkeypatch.setattr(sys.modules[f"stripe_reports.cli.{name}"], "client_of", lambda _: client)

    def outcome(self, capsys, *arguments):
        try:
            status = cli.main(arguments)
        except SystemExit as end:
            status = end.code
        shown = capsys.readouterr()
        return status, shown.out + shown.err

    def test_fetch_escapes_descriptions_and_metadata_names(self, capsys):
        """A customer typed the one, a developer the other."""
        columns = "balance_transaction_id,description,payment_metadata[\x1b]52;c;cm0gLXJm\x07]"
        status, text = self.outcome(
            capsys, "fetch", "balance_change_from_activity.itemized.6", "2026-10-05", "--columns", columns
        )
        assert status == 0, text
        assert_harmless(text)

    @pytest.mark.parametrize(
        "arguments",
        [
            ["fetch", HOSTILE, "2026-10"],
            ["fetch", "balance.summary", HOSTILE],
            ["fetch", "balance.summary", "2026-10", "--currency", HOSTILE],
            ["fetch", "balance.summary", "2026-10", "--output", HOSTILE + ".csv"],
            ["fetch", "balance.summary", "2026-10", "--output", HOSTILE],
            ["fetch", "balance.summary", "2026-10", "--reuse", HOSTILE],
            ["fetch", "balance.summary", "2026-10", HOSTILE],
            ["tie-out", HOSTILE],
            ["tie-out", "2026-10", "--output", HOSTILE],
            ["evidence", HOSTILE, "x"],
            ["verify", HOSTILE],
            ["types", HOSTILE],
            ["doctor", "--account", HOSTILE],
            ["doctor", "--base-url", HOSTILE],
            ["simulate", "--fault", HOSTILE],
            ["simulate", "--start", HOSTILE],
            ["demo", "--period", HOSTILE],
            [HOSTILE],
        ],
        ids=lambda arguments: " ".join(a if a.isprintable() else "HOSTILE" for a in arguments),
    )
    def test_an_argument_is_escaped_in_messages(self, arguments, capsys, monkeypatch):
        """By our messages, by argparse, and by whatever fails with it: files copied names from a report."""
        monkeypatch.setenv("STRIPE_API_KEY", "sk_test_1234")
        status, text = self.outcome(capsys, *arguments)
        assert status in (1, 2), text
        assert sorted(STEERING.intersection(text)) == []

    @pytest.mark.parametrize("status", [400, 403, 404, 500])
    def test_stripes_message_is_escaped(self, status, simulator, capsys):
        """It quotes the request, or a proxy's page."""
        simulator.faults.insert(
            0,
            Fault(
                "POST /v1/reporting/report_runs",
                status=status,
                body={"error": {"message": HOSTILE, "type": HOSTILE, "code": HOSTILE, "param": HOSTILE}},
                times=float("inf"),
            ),
        )
        code, text = self.outcome(capsys, "fetch", "balance.summary", "2026-10")
        assert code == 1
        assert_harmless(text)

    @pytest.mark.parametrize("form", [[], ["--format", "json"]])
    def test_the_controls_of_a_period_are_escaped(self, form, client, capsys, monkeypatch):
        """As text with the rows behind a difference, and as JSON."""
        tied = client.tie_out("2026-10", currency="eur")
        activity = tied.frames["activity"][1:].with_columns(reporting_category=pl.lit(HOSTILE))
        frames = {**tied.frames, "activity": activity}
        worse = TieOut.of(**frames, interval=tied.interval, title=HOSTILE, notes=(HOSTILE,))
        monkeypatch.setattr(client, "tie_out", lambda *_, **__: worse)
        status, text = self.outcome(capsys, "tie-out", "2026-10", "--rows", *form)
        assert status == 1
        assert sorted(STEERING.intersection(text)) == []
        assert "52;c;cm0gLXJm" in text

    def test_the_demo_and_the_list_of_types_are_escaped(self, simulator, capsys, monkeypatch, tmp_path):
        """Stripe chooses the names of types."""
        from stripe_reports import demo_client

        monkeypatch.setattr(demo_client.time, "sleep", lambda _seconds: None)
        client = demo_client.DemoClient(simulator, cache_dir=tmp_path / "demo")
        monkeypatch.setattr(demo_client, "demo", lambda *_, **__: client)
        status, text = self.outcome(capsys, "demo", "--output", str(tmp_path / "out"))
        assert status == 0, text
        assert_harmless(text)

    def test_warnings_and_the_log_are_escaped(self, client, capsys, monkeypatch):
        """Both are written to standard error by other code."""

        def fetch(*_, **__):
            sys.stderr.write(warnings.formatwarning(HOSTILE, UserWarning, "x.py", 1))  # as Python does
            logging.lastResort.handle(logging.LogRecord("x", logging.ERROR, "", 1, HOSTILE, (), None))
            raise RuntimeError(HOSTILE)

        monkeypatch.setattr(client, "fetch", fetch)
        status, text = self.outcome(capsys, "fetch", "balance.summary", "2026-10")
        assert status == 1
        assert_harmless(text)
        assert text.count("52;c;cm0gLXJm") >= 3
        assert "RuntimeError" in text


def test_a_stream_is_not_flushed_after_the_command(monkeypatch):
    """It may be closed by then; Python 3.13 reports what goes wrong there."""
    flushed = []
    for name in ("stdout", "stderr"):
        stream = io.StringIO()
        stream.flush = lambda name=name: flushed.append(name)
        monkeypatch.setattr(sys, name, stream)
    with only_printable():
        print("shown")
        shown = sys.stdout
    assert shown.stream.getvalue() == "shown\n"
    del shown
    gc.collect()
    assert flushed == []
