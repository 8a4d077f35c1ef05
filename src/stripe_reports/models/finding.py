"""A check and its outcome, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from stripe_reports.render.mark import mark

__all__ = ["Finding", "findings_html", "findings_lines"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and its outcome.

    Attributes:
        what: The check, in words.
        problems: A sentence about each problem; empty if the check passes.
    """

    what: str
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True if there is no problem."""
        return not self.problems


def findings_lines(findings: Sequence[Finding]) -> list[str]:
    """Return a line for each check and each problem."""
    lines = []
    for finding in findings:
        lines.append(f"{'ok' if finding.ok else 'XX'}  {finding.what}")
        lines.extend(f"      {problem}" for problem in finding.problems)
    return lines


def findings_html(findings: Sequence[Finding]) -> str:
    """Return the same as HTML, escaped."""
    return "".join(
        f"<p>{mark(finding.ok)} {escape(finding.what)}</p>"
        + "".join(f"<p style='padding-left:2em'>{escape(problem)}</p>" for problem in finding.problems)
        for finding in findings
    )
