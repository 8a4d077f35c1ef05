"""The state of a page whose test failed: what the form shows, what Python knows, and the messages between."""

from __future__ import annotations

import json
import struct
import time
from collections import deque
from itertools import pairwise
from pathlib import Path

from jupyter_client import BlockingKernelClient

FRONT_END = """() => ({
  focus: document.hasFocus() && document.activeElement
    && `${document.activeElement.tagName} ${document.activeElement.className} ${document.activeElement.id}`,
  cells: [...document.querySelectorAll(".jp-CodeCell .jp-InputArea-prompt")].map((each) => each.innerText),
  kernel: document.querySelector(".jp-Notebook-ExecutionIndicator")?.dataset.status,
  dialog: document.querySelector(".jp-Dialog")?.innerText,
  forms: [...document.querySelectorAll(".sr-explorer")].map((form) => ({
    fields: [...form.querySelectorAll(".sr-choices input, .sr-choices select")].slice(0, 20)
      .map((each) => `${each.labels?.[0]?.innerText ?? each.placeholder}: `
        + (each.type === "radio" ? each.checked : each.value)
        + (each === document.activeElement ? " (has the focus)" : "")),
    type: form.querySelector(".sr-picker .sr-hint code")?.innerText,
    list: form.querySelector(".sr-panel").hidden
      ? "closed" : form.querySelector(".sr-active")?.innerText ?? "open",
    problems: [...form.querySelectorAll(":is(.sr-problem, .sr-error):not([hidden])")]
      .map((each) => each.innerText),
    button: form.querySelector(".sr-run")?.innerText,
  })),
})"""

KERNEL = {
    "choices": "form.model.choices",
    "problems": "form.model.checked.problems",
    "shown": "[form.shown['type'], form.shown['button']]",
    "forms": "sum(type(each).__name__ == 'Explorer' for each in __import__('gc').get_objects())",
}


class Recorder:
    """Keeps the last messages between a page and its kernels, and the page's console."""

    def __init__(self, page) -> None:
        self._began = time.monotonic()
        self.lines: deque[str] = deque(maxlen=80)
        page.on("console", lambda message: self._note(f"console {message.type}: {message.text[:300]}"))
        page.on("pageerror", lambda error: self._note(f"page error: {error}"))
        page.on("websocket", self._listen)

    def _listen(self, socket) -> None:
        socket.on("framesent", lambda frame: self._message("->", frame))
        socket.on("framereceived", lambda frame: self._message("<-", frame))
        socket.on("close", lambda _: self._note("a socket was closed"))

    def _message(self, way: str, frame: str | bytes) -> None:
        try:
            message = _decoded(frame)
        except (ValueError, LookupError, struct.error):  # what is only noted down must fail no test
            message = f"not understood: {frame[:300]!r}"
        if message is not None:
            self._note(f"{way} {message}")

    def _note(self, text: str) -> None:
        self.lines.append(f"{time.monotonic() - self._began:8.2f} s {text}")


def _decoded(frame: str | bytes) -> str | None:
    """A message of Jupyter's protocol in a line; None for any other."""
    if isinstance(frame, str):
        return None
    count = struct.unpack_from("<Q", frame)[0]
    places = struct.unpack_from(f"<{count}Q", frame, 8)
    parts = [frame[start:end] for start, end in pairwise(places)]
    header, content = json.loads(parts[1]), json.loads(parts[4])
    kind = header["msg_type"]
    if kind in ("status", "kernel_info_request", "kernel_info_reply"):
        return f"{kind} {content.get('execution_state', '')}"
    return f"{kind} {json.dumps(content.get('data', content), ensure_ascii=False)[:300]}"


def describe(page, recorder: Recorder, folder: Path, picture: Path) -> str:
    """What a failed test leaves behind, in text; a picture of the page is written to *picture*."""
    lines = [f"picture of the page: {picture}"]
    page.screenshot(path=picture, timeout=10_000)
    lines.append(f"front end: {json.dumps(page.evaluate(FRONT_END), indent=1, ensure_ascii=False)}")
    connections = (folder / ".jupyter-home" / "runtime").glob("kernel-*.json")
    files = sorted(connections, key=lambda file: file.stat().st_mtime)
    lines.append(f"kernel: {_kernel_state(files[-1]) if files else 'there is none'}")
    return "\n".join([*lines, "last messages:", *recorder.lines])


def _kernel_state(connection: Path) -> str:
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels()
    try:
        reply = client.execute("", silent=True, user_expressions=KERNEL, reply=True, timeout=20)
    except TimeoutError:
        return "busy: it gave no answer within 20 s"
    finally:
        client.stop_channels()
    answers = reply["content"].get("user_expressions", {})
    texts = {
        name: each.get("data", {}).get("text/plain", each.get("evalue")) for name, each in answers.items()
    }
    return json.dumps(texts, indent=1, ensure_ascii=False)
