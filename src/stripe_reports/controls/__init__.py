"""Controls over reports: whether those of a period agree, and what changed between two of one request.

    books      the frames of a period, checked to be the reports they are said to be
    checks     the controls: what must be equal
    suspects   the rows that make a control fail
    ties       tie_out and its result
    changes    diff and its result
    html       how results look in a notebook

Pure: frames in, frames out.
"""

from stripe_reports.controls.changes import Diff, diff
from stripe_reports.controls.ties import TieOut, amount_text, tie_out

__all__ = ["Diff", "TieOut", "amount_text", "diff", "tie_out"]
