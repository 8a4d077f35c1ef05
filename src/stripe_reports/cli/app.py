"""``stripe-reports app``: the form in a browser, without a notebook."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from stripe_reports.cli.clients import add_client_to, client_of
from stripe_reports.cli.output import say
from stripe_reports.errors import InputError
from stripe_reports.http.keys import ENVIRONMENT_VARIABLE
from stripe_reports.notebook.app.page import EXAMPLE, page
from stripe_reports.report.export import require

if TYPE_CHECKING:
    from stripe_reports.cli.output import Commands

__all__ = ["add_to", "check_port", "open_in_browser", "run"]

_FUNCTIONS_HELP = (
    "Python file of yours: what its functions of 'report' return for each report, and its functions of "
    "'client' once, is shown below the form"
)


def add_to(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "app",
        help="open the form in a browser, without a notebook",
        description="Serves the form to browsers on this machine until Ctrl-C. Needs the extra 'app'.",
    )
    parser.add_argument("functions", nargs="?", metavar="FILE", help=_FUNCTIONS_HELP)
    parser.add_argument("--port", type=int, default=0, help="port (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    add_client_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Serve the form until it is interrupted.

    Raises:
        InputError: There is no key, the file cannot be read, or the port cannot be used.
        MissingExtraError: Voilà is not installed.
    """
    functions = None if options.functions is None else _checked(options.functions)
    require("voila", extra="app", purpose="app")
    from stripe_reports.notebook.app.server import HOST, serve

    with client_of(options) as client:  # a wrong key or account is an error now, not later in a browser
        settings = client.settings
    if options.demo:
        about, warning = "The figures are those of a simulated account.", ""
        functions = functions or EXAMPLE
    else:
        about = f"You see {settings.mode} data of {settings.account or 'your own account'}."
        warning = f"Anyone with this address can use your key, in {settings.mode} mode. "
        os.environ[ENVIRONMENT_VARIABLE] = settings.api_key.reveal()  # a kernel cannot ask for it
    listener = _listener(HOST, options.port)
    with tempfile.TemporaryDirectory(prefix="stripe-reports-app-") as folder:  # readable only by its owner

        def ready(address: str) -> None:
            say(f"The form is at {address}")
            say(f"{warning}Press Ctrl-C to end it.")
            if not options.no_browser:
                open_in_browser(address, Path(folder))

        notebook = page(_client_code(options), about, functions, str(Path.cwd()))
        serve(notebook, listener, Path(folder), ready=ready)
    say("\nEnded.")
    return 0


def _checked(name: str) -> str:
    """Return the path of a Python file; an error in it is one now, not later in a browser."""
    file = Path(name).absolute()
    try:
        compile(file.read_bytes(), str(file), "exec")
    except OSError as error:
        raise InputError(f"{name} cannot be read: {os.strerror(error.errno or 0)}.") from None
    except (SyntaxError, ValueError) as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise InputError(f"{name}{where} is not Python: {error.args[0]}.") from None
    return str(file)


def check_port(port: int) -> None:
    """Refuse a number that is no port; of a larger one, the system takes the last 16 bits.

    Raises:
        InputError: There is no such port.
    """
    if not 0 <= port < 2**16:
        raise InputError(f"There is no port {port}: ports are 0 to 65535.")


def _listener(host: str, port: int) -> socket.socket:
    check_port(port)
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise InputError(
            f"Port {port} cannot be used: {os.strerror(error.errno or 0)}. Choose another with --port, or "
            "leave it out for a free one."
        ) from None


def _client_code(options: argparse.Namespace) -> str:
    """Return the Python expression that creates the same client in a kernel; it finds the key by itself."""
    if options.demo:
        return f"sr.demo({'' if options.api is None else f'api={options.api!r}'})"
    given = {
        "account": options.account,
        "base_url": options.base_url,
        "files_url": options.files_url,
        "api": options.api,
    }
    return f"sr.Client({', '.join(f'{name}={value!r}' for name, value in given.items() if value)})"


def open_in_browser(address: str, folder: Path) -> None:
    """Open the address in a browser, by way of a private file: every user sees the command line of others.

    The browser is started by another process, whose environment lacks the key that the kernels get.
    """
    file = folder / "open.html"
    file.write_text(f'<meta http-equiv="refresh" content="0;url={address}">', "utf-8")
    without_key = {name: value for name, value in os.environ.items() if name != ENVIRONMENT_VARIABLE}
    threading.Thread(
        target=subprocess.run,
        args=([sys.executable, "-I", "-m", "webbrowser", file.as_uri()],),
        kwargs={"env": without_key, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL},
        daemon=True,
    ).start()
