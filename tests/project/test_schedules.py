"""The examples of schedules on the page of the monthly close work as they are written."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from stripe_reports.simulator import Simulator, serve

PAGE = (Path(__file__).parents[2] / "notebooks" / "monthly_close.md").read_text("utf-8")
COMMAND, NOTIFY = "/usr/local/bin/stripe-reports", "/usr/local/bin/tell-finance"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="these schedulers are those of POSIX")


def example(having):
    """The example of the page with that text in it."""
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", PAGE, re.MULTILINE)
    (found,) = [textwrap.dedent(block).strip() + "\n" for block in blocks if having in block]
    return found


def test_a_shell_of_cron_runs_the_line(tmp_path):
    """Cron sets a few variables and a short PATH. The month is not settled yet, and finance is told."""
    *_, line = example("* * finance").splitlines()
    command = re.fullmatch(r"0 14 6-12 \* \* finance (.*)", line)[1]
    notify = tmp_path / "tell-finance"
    notify.write_text(f"#!/bin/sh\ncat > {tmp_path}/told.json\n")
    notify.chmod(0o700)
    simulator = Simulator(seed=1)
    with serve(simulator) as url:
        for old, new in {
            COMMAND: f"{sys.executable} -m stripe_reports",
            NOTIFY: str(notify),
            "/srv/closes": f"{tmp_path}/closes --base-url {url}",
        }.items():
            assert old in command
            command = command.replace(old, new)
        environment = {
            "HOME": str(tmp_path),
            "LOGNAME": "finance",
            "PATH": "/usr/bin:/bin",
            "SHELL": "/bin/sh",
            "STRIPE_API_KEY": simulator.key,
        } | {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 3, done.stderr
    assert json.loads((tmp_path / "told.json").read_text())["status"] == 3
    assert not (tmp_path / "closes" / "2026-10").exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_accepts_the_units(tmp_path):
    """Here the programs of the example do not exist."""
    service, timer = tmp_path / "stripe-close.service", tmp_path / "stripe-close.timer"
    service.write_text(
        example("[Service]").replace(COMMAND, "/bin/true").replace("User=finance", "User=root")
    )
    timer.write_text(example("[Timer]"))
    done = subprocess.run(
        ["systemd-analyze", "verify", service, timer], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("is_closed", [True, False])
def test_the_workflow_keeps_the_closes(is_closed, tmp_path):
    """Also if nothing was closed, and not what is still being written."""
    workflow = example("runs-on")
    assert workflow.splitlines()[0] == "on:"
    script = textwrap.dedent(workflow.partition("run: |\n")[2])
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "origin"], check=True)
    subprocess.run(
        ["git", "clone", "-q", tmp_path / "origin", tmp_path / "work"], check=True, stderr=subprocess.DEVNULL
    )
    if is_closed:
        for name in ("2026-10", ".close"):
            (tmp_path / "work" / "closes" / name).mkdir(parents=True)
            (tmp_path / "work" / "closes" / name / "close.json").write_text("{}")
    done = subprocess.run(
        ["bash", "-e", "-c", script.replace("git push", "git push origin HEAD")],
        cwd=tmp_path / "work",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    listed = ["git", "--git-dir", tmp_path / "origin", "ls-tree", "-r", "--name-only", "--full-tree"]
    branch = subprocess.run(
        ["git", "branch", "--show-current"], cwd=tmp_path / "work", capture_output=True, text=True
    )
    kept = subprocess.run([*listed, branch.stdout.strip()], capture_output=True, text=True).stdout.split()
    assert kept == ["closes/.gitignore", *(["closes/2026-10/close.json"] if is_closed else [])]
