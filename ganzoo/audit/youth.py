"""Age of a run: what is no failure yet because the run is young."""

from __future__ import annotations

from ganzoo.audit.audit import Audit

YOUNG = 50_000
"""Generated samples in updates of G up to which samples may still be alike in a healthy run (measured)."""
FALLING = 0.5
"""Diversity over that at an earlier checkpoint, below which it is lost rather than not there yet."""


def is_young(audit: Audit) -> bool:
    """Return whether the run is so young that samples without diversity or class are no sign of failure."""
    return audit.numbers.get("images", YOUNG) < YOUNG


def is_falling(audit: Audit) -> bool:
    """Return whether samples have become less diverse since an earlier checkpoint, which youth does not explain."""
    return audit.numbers["spread"] < FALLING * audit.numbers.get("spread/earlier", 0.0)


def too_early(audit: Audit, what: str) -> str:
    """Return the sentence of a finding that youth may explain."""
    seen = audit.numbers["images"]
    return f"{what}, but it is too early to tell: G has made {seen:,.0f} samples, and {YOUNG:,} are needed"
