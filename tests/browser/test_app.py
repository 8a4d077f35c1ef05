"""The form as an app: ``stripe-reports app``, from its address to Ctrl-C."""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import url2pathname

import pytest
from lab import Form

from stripe_reports import cli
from stripe_reports.cli.app import open_in_browser

pytest.importorskip("playwright.sync_api", reason="needs playwright: the dependency group 'browser'")

FUNCTIONS = """\
import altair
from IPython.display import Markdown
from words import LARGE

def rows(report):
    return Markdown(f"**{len(report)}** rows")

def by_currency(report):
    return altair.Chart(report.frame().group_by("currency").len()).mark_bar().encode(x="len", y="currency")

def wrong(report):
    return report.frame()["weather"]

def fields(client):
    return sr.inputs(client, "payouts.itemized", ["currency"], currency=LARGE).box

import stripe_reports as sr
"""
COMMAND = [sys.executable, "-m", "stripe_reports", "app", "--no-browser"]


@contextmanager
def app(folder, stripe, stripe_url):
    """The command while it runs, with functions of the user's, and its address."""
    functions = folder / "my functions.py"
    functions.write_text(FUNCTIONS)
    (folder / "words.py").write_text("LARGE = 'large'")
    environment = os.environ | {
        "STRIPE_API_KEY": stripe.key,
        "STRIPE_REPORTS_CACHE_DIR": str(folder / ".cache"),
        "IPYTHONDIR": str(folder / ".ipython"),
        "NO_PROXY": "127.0.0.1,localhost",
    }
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        [*COMMAND, str(functions), "--base-url", stripe_url], env=environment, **pipes
    ) as process:
        try:
            yield (
                process,
                re.fullmatch(
                    r"The form is at (http://127\.0\.0\.1:\d+/\?token=\S+)\n", process.stdout.readline()
                )[1],
            )
        finally:
            process.kill()


def family(pid):
    """The ids of a process and of those that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def status(url, headers=()):
    """The status of an answer to someone who has neither the token nor the cookie."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers)), timeout=20) as answer:  # noqa: S310
            return HTTPStatus(answer.status)
    except urllib.error.HTTPError as error:
        return HTTPStatus(error.code)


def test_the_form_works_in_a_browser_and_not_without_the_token(
    page, folder, stripe, stripe_url, launches, shot
):
    """On this machine alone: no other host, no key outside the processes, nothing left after Ctrl-C."""
    loaded, sockets = [], []
    page.on("request", lambda request: loaded.append(request.url))
    page.on("websocket", lambda socket: sockets.append(socket.url))
    with app(folder, stripe, stripe_url) as (process, address):
        (token,) = parse_qs(urlsplit(address).query)["token"]
        assert status(address.partition("?")[0]) == HTTPStatus.FORBIDDEN
        page.goto(address)
        form = Form(page)
        form.wait_for_button("Run report")
        shot("app-opened")
        assert token not in page.url
        form.button.click()
        form.root.locator(".sr-running").wait_for()
        shot("app-running")
        assert form.rows().count() == 36
        form.tab("Chart")
        form.live_chart()
        shot("app-chart")
        assert launches() == 1

        # What the user's functions return: a text, a chart, an error, and fields that are checked.
        form.root.locator(".sr-below strong", has_text="36").wait_for()
        picture = form.root.locator(".sr-below img")
        picture.wait_for()
        assert picture.evaluate("image => image.naturalWidth > 100")
        form.root.locator(".sr-below").get_by_text("ColumnNotFoundError").first.wait_for()
        page.get_by_text("Currency: currency must be a three-letter").wait_for()
        picture.scroll_into_view_if_needed()
        shot("app-functions")
        page.emulate_media(color_scheme="dark")
        page.locator('body[data-jp-theme-light="false"]').wait_for()
        shot("app-dark")

        # No other host is asked, and without the token this one answers nothing.
        assert page.strangers == []
        assert {status(url) for url in loaded if url.startswith("http") and token not in url} == {
            HTTPStatus.FORBIDDEN
        }
        upgrade = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "x" * 22 + "==",
        }
        assert [status(url.replace("ws://", "http://"), upgrade) for url in sockets] == [HTTPStatus.FORBIDDEN]
        assert stripe.key not in page.content() + address
        processes = family(process.pid)
        assert len(processes) > 1
        commands = "".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in processes)
        assert stripe.key not in commands
        assert token not in commands

        # A page that is left ends its kernel, and Ctrl-C ends the others.
        _, kernel, *_ = processes
        page.reload()
        Form(page)
        for _ in range(300):
            if not Path(f"/proc/{kernel}").exists():
                break
            page.wait_for_timeout(100)
        assert not Path(f"/proc/{kernel}").exists()
        processes += family(process.pid)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert out.endswith("Ended.\n")
        assert stripe.key not in out
        assert (err, process.returncode) == ("", 0)
        assert not [pid for pid in processes if Path(f"/proc/{pid}").exists()]
        form.root.get_by_role("alert").get_by_text(re.compile("no longer runs|cannot be reached")).wait_for()
        assert form.root.locator("[inert] .sr-run").count() == 1
        shot("app-ended")


@pytest.mark.parametrize(
    ("port", "says"),
    [
        (None, "Port {} cannot be used: Address already in use. Choose another"),
        (70_000, "There is no port {}"),
    ],
)
def test_a_port_that_cannot_be_used_is_one_clear_message(port, says, stripe_url, stripe, monkeypatch, capsys):
    """The default is a free one."""
    monkeypatch.setenv("STRIPE_API_KEY", stripe.key)
    port = port or urlsplit(stripe_url).port
    assert cli.main(["app", "--base-url", stripe_url, "--port", str(port)]) == 2
    assert capsys.readouterr().err.startswith(f"stripe-reports: {says.format(port)}")


def test_a_key_of_the_keyring_reaches_the_kernels_and_nothing_else(stripe, stripe_url, monkeypatch, capsys):
    """Nobody can be asked for it there; the page and the terminal do not have it."""
    monkeypatch.setenv("STRIPE_API_KEY", "")
    monkeypatch.setattr("keyring.get_password", lambda service, name: stripe.key)
    pages = []

    def serve(page, listener, folder, ready):
        pages.append(page)
        listener.close()
        ready("http://127.0.0.1:1/?token=t")

    monkeypatch.setattr("stripe_reports.notebook.app.server.serve", serve)
    assert cli.main(["app", "--no-browser", "--base-url", stripe_url]) == 0
    assert os.environ["STRIPE_API_KEY"] == stripe.key
    assert f"sr.Client(base_url={stripe_url!r})" in json.dumps(pages)
    assert stripe.key not in json.dumps(pages) + capsys.readouterr().out


def test_a_browser_is_given_the_address_in_a_private_file(monkeypatch, tmp_path):
    """Every user of the machine sees the command line of a browser; and its environment needs no key."""
    opened = queue.Queue()
    monkeypatch.setenv("STRIPE_API_KEY", "rk_test_secret")
    monkeypatch.setattr("subprocess.run", lambda command, **options: opened.put((command, options["env"])))
    open_in_browser("http://127.0.0.1:1/?token=secret", tmp_path)
    command, environment = opened.get(timeout=20)
    assert "secret" not in str(command) + str(environment)
    address = command[-1]
    assert "url=http://127.0.0.1:1/?token=secret" in Path(url2pathname(urlsplit(address).path)).read_text()
