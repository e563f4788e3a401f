"""A run under observation: looks at it now and then, and tells an alarm that two looks in a row agree on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property

import torch

from ganzoo.audit import Audit, Batch, audit, draw_batch
from ganzoo.audit.rules import judge
from ganzoo.build import GAN
from ganzoo.contracts import Dataset, Samples
from ganzoo.errors import GanzooError
from ganzoo.findings import Finding

SAMPLES = 64
"""Real and generated samples of a look: enough for what fails, and about as long as a few steps."""
ITERATIONS = 8
"""Of the power method: norms are a few percent low."""


@dataclass
class Watch:
    """Looks at the GAN of one run while it trains."""

    samples: Samples
    dataset: Dataset
    device: torch.device
    suspected: frozenset[str] = frozenset()
    """Alarms of the look before."""
    told: set[str] = field(default_factory=set)

    @cached_property
    def batch(self) -> Batch:
        """Drawn once; without held-out samples where they cannot be had: `ganzoo diagnose` says why."""
        try:
            other = self.dataset.held_out()
            return draw_batch(self.samples, None if other is None else other.load(), SAMPLES, self.device)
        except GanzooError:
            return draw_batch(self.samples, None, SAMPLES, self.device)

    def look(self, gan: GAN, step: int) -> tuple[Audit, list[Finding], float]:
        """Return what was measured, alarms that were raised twice in a row and not told before, and the seconds."""
        batch, start = self.batch, time.perf_counter()
        seen = audit(gan, batch, step, iterations=ITERATIONS)
        alarms = [finding for finding in judge(seen) if finding.level == "alarm"]
        certain = [finding for finding in alarms if finding.name in self.suspected - self.told]
        self.suspected = frozenset(finding.name for finding in alarms)
        self.told |= {finding.name for finding in certain}
        return seen, certain, time.perf_counter() - start
