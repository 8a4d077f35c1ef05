"""Where the repository is, and the reference material that only its developers have."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
"""Stripe's specification and genuine samples. Tests that need it skip where it is missing."""
