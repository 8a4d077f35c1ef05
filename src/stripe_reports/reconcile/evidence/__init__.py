"""The evidence of a close: a folder, or one .zip, that anyone can read and verify.

layout      what lies where
writing     client.evidence: writes atomically, mode 0600, never overwrites
page        index.html, which needs neither key nor Python
unpacking   a .zip, unless its readers could see different files in it, or it unpacks to too much
checking    verify: hashes, completeness, CSV = Parquet, controls computed again
"""

from stripe_reports.models.finding import Finding
from stripe_reports.reconcile.evidence.checking import Verification, verify
from stripe_reports.reconcile.evidence.writing import EvidenceFolder, new_path, write_evidence

__all__ = ["EvidenceFolder", "Finding", "Verification", "new_path", "verify", "write_evidence"]
