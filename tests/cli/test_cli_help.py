"""The text of the commands in narrow and wide terminals, in pipes, and without colour."""

import io
import json
import re
import sys

import pytest

from stripe_reports import cli

COMMANDS = re.findall(r"^    ([a-z][a-z-]+) ", cli._parser().format_help(), re.MULTILINE)


class Terminal(io.StringIO):
    """Standard output of a terminal."""

    def isatty(self):
        return True


def help_of(command, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("columns", [60, 80, 160])
@pytest.mark.parametrize(
    "command", [[], *([name] for name in COMMANDS)], ids=lambda command: "".join(command)
)
def test_every_help_fits_the_terminal(command, columns, capsys, monkeypatch):
    """A line that the terminal breaks is hard to read; a command that is broken cannot be copied."""
    monkeypatch.setenv("COLUMNS", str(columns))
    text = help_of(command, capsys)
    assert max(map(len, text.splitlines())) <= columns
    assert not re.search(r"^  +stripe-reports .*\n {5,}\S", text, re.MULTILINE)


def test_each_command_is_on_a_line_with_its_help(capsys, monkeypatch):
    """Also the one with the longest name."""
    monkeypatch.setenv("COLUMNS", "80")
    text = help_of([], capsys)
    assert "fetch-all" in COMMANDS
    assert all(re.search(rf"^    {name} +\w", text, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("no_color", [None, "1"])
@pytest.mark.parametrize(
    "command",
    [
        ["types"],
        ["types", "payouts.itemized"],
        ["types", "nothing"],
        ["tie-out", "2026-10", "--demo"],
        ["fetch"],
    ],
    ids=" ".join,
)
def test_nothing_is_coloured(command, no_color, capsys, monkeypatch):
    """In a terminal, a pipe, and with NO_COLOR alike: https://no-color.org."""
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    try:
        cli.main(command)
    except SystemExit as ended:
        assert ended.code == 2  # noqa: PT017
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err


class TestDoctor:
    @pytest.fixture
    def doctor(self, connect, simulator, url, monkeypatch):
        """Runs the command with a key of the simulator."""
        monkeypatch.setenv("STRIPE_API_KEY", simulator.key)
        return lambda *options: cli.main(["doctor", "--base-url", url, *options])

    @pytest.mark.parametrize("columns", [60, 80])
    def test_its_lines_fit_the_terminal(self, doctor, columns, monkeypatch):
        """What follows stands below what was said."""
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "stdout", terminal := Terminal())
        doctor()
        lines = terminal.getvalue().splitlines()
        assert max(map(len, lines)) <= columns or all(
            " " not in line.strip() for line in lines if len(line) > columns
        )
        assert any(line.startswith(" " * 18) for line in lines)

    def test_in_a_pipe_each_finding_is_one_line(self, doctor, capsys, monkeypatch):
        """For grep."""
        monkeypatch.setenv("COLUMNS", "60")
        doctor()
        lines = capsys.readouterr().out.splitlines()
        assert all(line[:2] in ("ok", "!!", "XX") for line in lines[:-2])


def test_fetch_all_prints_json(capsys):
    """The status of each report, and exact amounts."""
    assert (
        cli.main(
            ["fetch-all", "balance.summary", "2026-10", "--currency", "eur", "--demo", "--format", "json"]
        )
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert [(each["account"], each["status"]) for each in told["reports"]] == [("own", "launched")]
    assert re.fullmatch(r"-?\d+\.\d{6}", told["rows"][0]["net_amount"])


def test_fetch_all_prints_json_of_a_file_and_of_several_types(tmp_path, capsys):
    """The rows are then in the file; types with different columns have no common rows."""
    path = tmp_path / "all.csv"
    asked = ["2026-09", "--currency", "eur", "--demo", "--format", "json"]
    assert cli.main(["fetch-all", "balance.summary", *asked, "--output", str(path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["output"], told["row_count"]) == (str(path), 9)
    assert path.is_file()
    assert cli.main(["fetch-all", "balance.summary,payouts.itemized", *asked]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["report_type"] for each in told["reports"]] == ["balance.summary.2", "payouts.itemized.5"]
    assert "rows" not in told


def test_a_plan_has_no_json(capsys):
    """It is text for people."""
    assert cli.main(["fetch-all", "balance.summary", "2026-10", "--demo", "--plan", "--format", "json"]) == 2
    assert "leave --format json out" in capsys.readouterr().err


def test_the_first_line_of_a_help_names_what_must_be_given(capsys):
    """With twenty options in it, nobody finds the two that matter."""
    assert help_of(["close"], capsys).startswith(
        "usage: stripe-reports close --output DIR [OPTIONS] PERIOD\n"
    )
