"""The record of names that Stripe showed and the catalogue lacks, in one owner's folder.

Each line of the file is a JSON object with the new names of one group. Threads and processes append to it
without a lock: one write is not interrupted by another, and a name that two of them write counts once. Only
names that ``catalog/unrecognised`` accepts are written or returned, so an altered file yields nothing else.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stripe_reports.catalog.unrecognised import SUBJECTS, Group, Names, unrecognised
from stripe_reports.errors import StoreError
from stripe_reports.storage.disk import append, reason_of, shown_path

__all__ = ["MAX_BYTES", "NameRecord"]

logger = logging.getLogger("stripe_reports")

MAX_BYTES = 1_000_000
"""Size from which nothing more is recorded; a hundred unknown types with their columns need a quarter."""


@dataclass(frozen=True, slots=True)
class NameRecord:
    """The file of one owner. Errors of the disk are logged, never raised: no fetch fails because of it."""

    path: Path

    def read(self) -> dict[Group, tuple[str, ...]]:
        """Return the recorded names that this version of the catalogue lacks, in the order of the record."""
        content = self._content()
        return unrecognised(self._names(content)) if content else {}

    def note(self, names: Names) -> None:
        """Record those names that the catalogue lacks and that are not recorded yet."""
        found = unrecognised(names)
        content = self._content() if found else None
        if content is None:
            return
        known = self._names(content)
        new = {
            group: [name for name in given if name not in known.get(group, ())]
            for group, given in found.items()
        }
        lines = "".join(f"{_line(group, given)}\n" for group, given in new.items() if given).encode()
        if not lines:
            return
        if len(content) + len(lines) > MAX_BYTES:
            logger.info("no more unknown names are recorded: %s is full", shown_path(self.path))
            return
        if content and not content.endswith(b"\n"):  # the line of a process that was killed
            lines = b"\n" + lines
        try:
            append(self.path, lines)
        except StoreError as error:
            logger.warning("unknown names are not recorded for the doctor: %s", error)

    def _content(self) -> bytes | None:
        """Return the file, empty if there is none; None if it cannot be used."""
        shown = shown_path(self.path)
        try:
            if self.path.exists() and not self.path.is_file():  # reading a pipe would wait forever
                logger.warning("the record of unknown names %s is not used: it is not a file", shown)
                return None
            with self.path.open("rb") as file:
                return file.read(2 * MAX_BYTES)
        except FileNotFoundError:
            return b""
        except OSError as error:
            logger.warning("the record of unknown names %s is not used: %s", shown, reason_of(error))
            return None

    def _names(self, content: bytes) -> dict[Group, Sequence[str]]:
        found: dict[Group, dict[str, None]] = {}
        damaged = 0
        for line in filter(None, content.split(b"\n")):
            try:
                group, names = _read(line)
            except (ValueError, KeyError, TypeError, RecursionError):
                damaged += 1
            else:
                found.setdefault(group, {}).update(dict.fromkeys(names))
        if damaged:
            logger.warning("%d damaged lines of %s are ignored", damaged, shown_path(self.path))
        return {group: tuple(names) for group, names in found.items()}


def _line(group: Group, names: Sequence[str]) -> str:
    return json.dumps({"subject": group.subject, "report_type": group.report_type, "names": names})


def _read(line: bytes) -> tuple[Group, list[str]]:
    read = json.loads(line)
    subject, report_type, names = read["subject"], read["report_type"], read["names"]
    is_text = isinstance(names, list) and all(isinstance(each, str) for each in (report_type, *names))
    if subject not in SUBJECTS or not is_text:
        raise ValueError("not a line of the record")
    return Group(subject, report_type), names
