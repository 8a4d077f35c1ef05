"""The errors of the commands, as a person reads them: in terminals of any width, in pipes, without colour."""

import io
import re
import sys

import pytest

from stripe_reports import cli

DEMO = "--demo"
PAYOUTS = ("payouts.itemized", "2026-09", DEMO)
SAYS_WHAT_TO_DO = re.compile(
    r"--help' says|Did you mean|lists|shows|such as|[Ww]rite|Give|Name|Use |Pass|Set |Check|Choose|"
    r"Run the|Call|Change|Wait|Leave|Install|move it|again|adds data|only for"
)

ERRORS = [
    ["fech"],
    ["fetch"],
    ["fetch", "payouts.itemised", "2026-10", DEMO],
    ["fetch", "payouts.itemized", DEMO],
    ["fetch", "payouts.itemized", "10/11/2026", DEMO],
    ["fetch", "payouts.itemized", "2027", DEMO],
    ["fetch", "payouts.itemized", "2026-10"],
    ["fetch", *PAYOUTS, "--output", "nowhere/x.csv"],
    ["fetch", *PAYOUTS, "--output", "x.doc"],
    ["fetch", *PAYOUTS, "--currency", "euro"],
    ["fetch", *PAYOUTS, "--timezone", "Paris"],
    ["fetch", *PAYOUTS, "--columns", "nett"],
    ["fetch", *PAYOUTS, "--reuse", "sometimes"],
    ["fetch", *PAYOUTS, "--timeout", "soon"],
    ["fetch", *PAYOUTS, "--outptu", "x.csv"],
    ["fetch", *PAYOUTS, "--timeout", "0"],
    ["fetch", *PAYOUTS, "--account", "acct_1"],
    ["fetch", "all_fees.incurred_at.itemized.2", "2026-09", DEMO],
    ["fetch", "frr_123", DEMO],
    ["fetch-all", *PAYOUTS, "--split", "fortnight"],
    ["fetch-all", *PAYOUTS, "--accounts", "@nowhere.txt"],
    ["fetch-all", *PAYOUTS, "--accounts", "acct 1"],
    ["fetch-all", *PAYOUTS, "--into", "s4://x"],
    ["fetch-all", "payouts.itemized,balance.summary", "2026-09", DEMO, "--output", "x.csv"],
    ["fetch-all", "payout_reconciliation.by_id.itemized", "2026", DEMO, "--split", "month"],
    ["fetch-all", "payouts.itemized", "2027-01/2027-03", DEMO, "--split", "month"],
    ["tie-out", "2027", DEMO],
    ["evidence", "2026-10", ".", DEMO],
    ["verify", "nowhere"],
    ["verify", "."],
    ["close", "2026-10"],
    ["close", "2026-Q3", "--output", "closes", DEMO],
    ["close", "2026-10", "--output", "closes", DEMO],
    ["close", "2026-10", "--output", "closes", DEMO, "--notify", "mail 'x"],
    ["simulate", "--latency", "slow"],
    ["simulate", "--fault", "file.cud"],
    ["types", "gibberish"],
    ["types", "--search", "gibberish"],
    ["types", DEMO],
    ["app", "--port", "many"],
    ["doctor"],
    ["completions", "fish"],
]


class Stream(io.StringIO):
    """A terminal, or a pipe."""

    def __init__(self, is_terminal):
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal


@pytest.fixture
def said(monkeypatch, tmp_path):
    """Returns what a command says, in a terminal of a width or in a pipe."""

    (tmp_path / "file").touch()

    def said(command, columns=None, *, is_fine=False):
        out, err = Stream(columns is not None), Stream(columns is not None)
        with monkeypatch.context() as patched:
            patched.chdir(tmp_path)
            patched.setattr("stripe_reports.http.keys._from_keyring", lambda: None)
            patched.setenv("COLUMNS", str(columns or 80))
            patched.setattr(sys, "stdout", out)
            patched.setattr(sys, "stderr", err)
            try:
                status = cli.main(command)
            except SystemExit as ended:
                status = ended.code
        assert (status in (0, None)) is is_fine
        return out.getvalue() + err.getvalue()

    return said


@pytest.mark.parametrize("no_color", [False, True])
@pytest.mark.parametrize("columns", [60, 80, 160])
@pytest.mark.parametrize("command", ERRORS[:2], ids=" ".join)
def test_an_error_fits_the_terminal(command, columns, no_color, said, monkeypatch):
    """Whatever its width, and with https://no-color.org."""
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    text = said(command, columns)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= columns


@pytest.mark.parametrize("command", ERRORS, ids=" ".join)
def test_every_error_says_what_to_do(command, said):
    """A terminal breaks no word, since a path is copied; in a pipe nothing is wrapped."""
    in_pipe = said(command)
    assert SAYS_WHAT_TO_DO.search(in_pipe), in_pipe
    assert "\x1b" not in in_pipe
    assert "[Errno" not in in_pipe
    for columns in (60, 80, 160):
        shown = said(command, columns).rpartition("\x1b[2K")[2]  # without the line of a wait
        assert "\x1b" not in shown
        assert [line for line in shown.splitlines() if len(line) > columns and " " in line.strip()] == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--outptu", "x.csv"], "unrecognized arguments: --outptu x.csv. Did you mean '--output'?"),
        (["--outptu=x.csv"], "unrecognized arguments: --outptu=x.csv. Did you mean '--output'?"),
        (["-o", "x.csv"], "unrecognized arguments: -o x.csv."),
        (["2026-11"], "unrecognized arguments: 2026-11."),
        (["--timeout", "soon"], "argument --timeout: 'soon' is not a number."),
        (["--in-flight", "2.5"], "argument --in-flight: '2.5' is not a whole number."),
    ],
)
def test_wrong_arguments_are_those_of_their_command(more, says, capsys):
    """The help of all commands has none of its options."""
    with pytest.raises(SystemExit, match="2"):
        cli.main(["fetch-all", *PAYOUTS, *more])
    shown = " ".join(capsys.readouterr().err.split())
    assert shown.endswith(f"fetch-all: error: {says} 'stripe-reports fetch-all --help' says what it takes.")


@pytest.mark.parametrize(
    "command",
    [
        ["types"],
        ["types", "payouts.itemized"],
        ["types", "--search", "deposit"],
        ["simulate", "--list-faults"],
        ["fetch", *PAYOUTS],
        ["fetch-all", *PAYOUTS, "--plan"],
        ["fetch-all", "payouts.itemized,balance.summary", "2026-09", DEMO],
        ["tie-out", "2026-09", DEMO],
    ],
    ids=" ".join,
)
def test_what_is_printed_fits_the_terminal_too(command, said):
    """In a pipe each line stays whole, for grep."""
    for columns in (60, 80, 160):
        shown = re.sub(r"\r[^\n]*\x1b\[2K", "", said(command, columns, is_fine=True))
        assert [line for line in shown.splitlines() if len(line) > columns and " " in line.strip()] == []
    assert "\x1b" not in said(command, is_fine=True)
