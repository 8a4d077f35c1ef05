"""A notebook in JupyterLab or Notebook 7, as a user works in it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from servers import TOKEN

KERNEL_IS_IDLE = """() => {
    const opened = [...(window.jupyterapp?.shell.widgets("main") ?? [])];
    const notebook = opened.find((each) => each.sessionContext);
    const kernel = notebook?.sessionContext.isReady && notebook.sessionContext.session?.kernel;
    return kernel && kernel.connectionStatus === "connected" && kernel.status === "idle";
}"""

RUN_CELL = """() => Promise.race([
    window.jupyterapp.commands.execute("notebook:run-cell"),
    new Promise((_, reject) => setTimeout(() => reject(new Error("the cell ran for a minute")), 60_000)),
])"""


class Notebook:
    """An open notebook."""

    def __init__(self, page, address: str, path: Path, *, kind: str = "lab") -> None:
        self.page = page
        self.path = path
        place = f"lab/workspaces/{path.stem}/tree" if kind == "lab" else "notebooks"
        page.goto(f"{address}/{place}/{path.name}?token={TOKEN}")
        self.cells = page.locator(".jp-Notebook .jp-CodeCell")
        self.cells.first.wait_for()
        self.wait_for_kernel()

    def wait_for_kernel(self) -> None:
        self.page.wait_for_function(KERNEL_IS_IDLE)

    def run(self, index: int) -> None:
        """Run a cell once as it stands, and wait until it is done.

        By the command behind the keys, which says when it is done. Keys pressed before the kernel is
        connected do nothing, and keys pressed again because nothing seems to happen run the cell twice:
        a second run replaces the form, in which a test may be typing by then.
        """
        self.cells.nth(index).locator(".cm-content").click()
        self.page.evaluate(RUN_CELL)

    def write(self, index: int, code: str) -> None:
        """Put code into a cell."""
        self.cells.nth(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)

    def output(self, index: int) -> str:
        """What stands below a cell."""
        outputs = self.cells.nth(index).locator(".jp-OutputArea-output")
        outputs.first.wait_for()
        return "\n".join(outputs.all_inner_texts())

    def restart(self) -> None:
        """Restart the kernel, and say yes."""
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Restart Kernel…$")).click()
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")
        self.wait_for_kernel()

    def shut_down(self) -> None:
        """End the kernel: the server must not collect those of all tests."""
        script = """async token => {
            const headers = { Authorization: `token ${token}` };
            for (const { id } of await (await fetch("/api/sessions", { headers })).json())
                await fetch(`/api/sessions/${id}`, { method: "DELETE", headers });
        }"""
        self.page.evaluate(script, TOKEN)

    def save(self) -> dict:
        """Save, and return the file."""
        before = self.path.stat().st_mtime_ns
        self.page.locator(
            ".jp-Toolbar [data-jp-item-name=save] button, .jp-Toolbar [data-command='docmanager:save']"
        ).first.click()
        for _ in range(200):
            self.page.wait_for_timeout(100)
            if self.path.stat().st_mtime_ns != before:
                with suppress(ValueError):  # it is being written
                    return json.loads(self.path.read_text("utf-8"))
        raise AssertionError("the notebook was not saved")


class Form:
    """A view of the form on the page."""

    def __init__(self, page, index: int = 0) -> None:
        self.page = page
        self.root = page.locator(".sr-explorer").nth(index)
        self.button = self.root.locator(".sr-run")
        self.error = self.root.locator(".sr-error").last  # the first is about the kernel
        self.button.wait_for()

    def choose_type(self, text: str) -> None:
        """Search for a report and take the first, with the keyboard alone."""
        self.root.get_by_role("combobox", name="Report", exact=True).click()
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    def field(self, label: str):
        return (
            self.root.locator(".sr-field", has=self.page.locator("label", has_text=label))
            .first.locator("input, select")
            .first
        )

    def tab(self, name: str):
        self.root.get_by_role("tab", name=name).click()
        return self.root.get_by_role("tabpanel", name=name)

    def wait_for_button(self, text: str | re.Pattern[str]) -> None:
        self.root.locator(".sr-run", has_text=text).wait_for()

    def rows(self):
        """The rows of the table, once they are there."""
        rows = self.root.locator(".sr-table tbody tr")
        rows.first.wait_for()
        return rows

    def live_chart(self):
        """The marks of the chart, once one can select in it."""
        marks = self.root.locator(".sr-live path[aria-label]")
        marks.first.wait_for()
        return marks

    def drag(self, first, last) -> None:
        """Drag over the chart, from one of its marks to another."""
        first.scroll_into_view_if_needed()
        start, end = first.bounding_box(), last.bounding_box()
        level = start["y"] + start["height"] / 2
        self.page.mouse.move(start["x"] + 1, level)
        self.page.mouse.down()
        self.page.mouse.move(end["x"], level, steps=3)
        self.page.mouse.move(end["x"] + end["width"] / 2, level)
        self.page.mouse.up()
