"""The server of the app: Voilà, on loopback, with a token, and without other hosts.

It is imported only where Voilà is installed.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from socket import socket
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.utils import run_sync
from jupyter_server.auth.decorator import allow_unauthenticated
from nbformat.sign import MemorySignatureStore
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import HTTPError, RequestHandler
from traitlets.config import Config
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.voila_identity_provider import VoilaIdentityProvider

__all__ = ["HOST", "serve"]

logger = logging.getLogger("stripe_reports")

HOST = "127.0.0.1"

_REFUSAL = "Open the whole address that the command printed: it ends with a token, which is needed here.\n"

_EXTENSIONS = ("anywidget", "@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8")
"""Those that show widgets; what else is installed for JupyterLab is not loaded."""

# The browser refuses everything from other hosts, whatever a page, an extension or a report contains.
# Widgets are modules made of text (blob:), and Vega compiles its expressions (unsafe-eval).
_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' blob: 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
)


def serve(page: dict[str, Any], listener: socket, folder: Path, *, ready: Callable[[str], None]) -> None:
    """Serve a notebook as a page until it is interrupted, then end its kernels.

    Args:
        page: The notebook; it runs in a kernel of its own for each browser tab that shows it.
        listener: A socket that listens on ``HOST``.
        folder: A private folder, for the notebook and the addresses of its kernels.
        ready: Called with the address once it can be opened; the address contains the token.
    """
    notebook = folder / "app.ipynb"
    notebook.write_text(json.dumps(page), "utf-8")
    server = _Server(
        notebook_path=str(notebook),
        connection_dir_root=str(folder),
        config=_config(),
        config_file_paths=[],  # what was set up for other notebooks does not apply here
        token=secrets.token_urlsafe(24),
        identity_provider_class=VoilaIdentityProvider,
        log_level=logging.WARNING,
        log_format="stripe-reports: %(levelname)s: %(message)s",
        tornado_settings={
            "headers": {"Content-Security-Policy": _POLICY},
            "log_function": _note_failure,
            "ws_ping_interval": 0,  # no connection gets lost on the way
        },
    )
    server.listener, server.ready = listener, ready
    server.initialize([])
    server.start()


def _config() -> Config:
    config = Config()
    config.VoilaConfiguration.show_tracebacks = True  # to the one user, who is the owner
    config.VoilaConfiguration.extension_allowlist = list(_EXTENSIONS)
    config.VoilaConfiguration.file_allowlist = []
    config.VoilaConfiguration.kernel_spec_manager_class = _ThisPython
    config.NotebookNotary.store_factory = MemorySignatureStore  # whom to trust is noted in no file
    config.NotebookNotary.secret = secrets.token_bytes(32)
    if sys.platform == "linux":  # what a kernel publishes on a port, every user of the machine can read
        config.KernelManager.transport = "ipc"
    return config


def _note_failure(handler: RequestHandler) -> None:
    """Log a request that failed, without its query."""
    if handler.get_status() >= 500:
        logger.error("%s %s: status %d", handler.request.method, handler.request.path, handler.get_status())


class _ThisPython(KernelSpecManager):  # type: ignore[misc]
    """Offers the Python that runs this command: another, set up for other notebooks, may lack our package."""

    kernel_dirs: list[str] = []  # noqa: RUF012 - in place of a trait


class _Server(Voila):  # type: ignore[misc]
    """Voilà with a page, a socket and a log of our own."""

    listener: socket
    ready: Callable[[str], None]

    def setup_template_dirs(self) -> None:
        super().setup_template_dirs()
        self.template_paths.insert(0, str(files(__package__) / "template"))

    def init_settings(self) -> dict[str, Any]:
        """Return Voilà's own; the page is signed, since it is ours."""
        settings: dict[str, Any] = super().init_settings()
        self.contents_manager.notary.sign(nbformat.read(self.notebook_path, 4))
        return settings

    def init_handlers(self) -> list[Any]:
        """Return Voilà's own, each of them behind the token; there is no form to log in."""
        return [
            (pattern, _behind_the_token(handler), *options)
            for pattern, handler, *options in super().init_handlers()
            if pattern not in ("/login", "/logout")
        ]

    def listen(self) -> None:
        """Serve until interrupted; Voilà itself would try other ports, and log its address."""
        server = HTTPServer(self.app)
        self.listener.setblocking(False)
        server.add_socket(self.listener)
        self.ioloop = IOLoop.current()
        self.ready(f"http://{HOST}:{self.listener.getsockname()[1]}/?token={self.token}")
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            server.stop()
            self.stop()

    def stop(self) -> None:
        """End the kernels; their files are in the folder, which is removed."""
        run_sync(self.kernel_manager.shutdown_all)()


class _Page(TornadoVoilaHandler):  # type: ignore[misc]
    """The page, under an address without the token once the browser has its cookie."""

    @allow_unauthenticated  # type: ignore[untyped-decorator]
    async def get(self, path: str = "") -> None:
        if self.current_user is None:
            self.set_status(403)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(_REFUSAL)
        elif path:
            raise HTTPError(404)
        elif "token" in self.request.arguments:
            self.redirect(self.base_url)
        else:
            await super().get(path)


def _behind_the_token(handler: type[RequestHandler]) -> type[RequestHandler]:
    """Return the handler for browsers that have opened the page with its token, and so have the cookie."""
    if handler is TornadoVoilaHandler:
        return _Page

    class Private(handler):  # type: ignore[misc]
        def prepare(self) -> Any:
            if self.settings["identity_provider"].get_user_cookie(self) is not None:
                return super().prepare()
            self.set_status(403)
            return self.finish()

        if handler is VoilaShutdownKernelHandler:

            def check_xsrf_cookie(self) -> None:
                """Let a page that is left end its kernel. It cannot send this; nobody else knows the id."""

    return Private
