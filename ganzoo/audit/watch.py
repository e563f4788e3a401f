"""A run under observation: looks at it now and then, and tells an alarm that two looks in a row agree on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ganzoo.audit.audit import Audit, Batch, audit, draw_batch
from ganzoo.audit.findings import Finding
from ganzoo.audit.rules import judge
from ganzoo.contracts import Dataset, Samples
from ganzoo.errors import GanzooError
from ganzoo.training.gan import GAN

SAMPLES = 64
"""Real and generated samples of a look: enough for what fails, and about as long as a few steps."""
ITERATIONS = 8
"""Of the power method: norms are a few percent low."""


@dataclass
class Watch:
    """Looks at the GAN of one run while it trains."""

    samples: Samples
    dataset: Dataset
    batch_size: int
    """Of the run, whose memory a look shall not exceed by much."""
    suspected: frozenset[str] = frozenset()
    """Alarms of the look before."""
    told: set[str] = field(default_factory=set)

    batch: Batch | None = None
    """Drawn by the first look."""

    def look(self, gan: GAN, step: int) -> tuple[Audit, list[Finding], float]:
        """Return what was measured, alarms that were raised twice in a row and not told before, and the seconds."""
        self.batch = self.batch or self._draw(gan)
        start = time.perf_counter()
        seen = audit(gan, self.batch, step, iterations=ITERATIONS)
        alarms = [finding for finding in judge(seen) if finding.level == "alarm"]
        certain = [finding for finding in alarms if finding.name in self.suspected - self.told]
        self.suspected = frozenset(finding.name for finding in alarms)
        self.told |= {finding.name for finding in certain}
        return seen, certain, time.perf_counter() - start

    def _draw(self, gan: GAN) -> Batch:
        """Without held-out samples where they cannot be had: `ganzoo diagnose` says why."""
        count, device, labels = min(SAMPLES, self.batch_size), gan.device.torch_device, gan.conditioner.needs_labels
        try:
            other = self.dataset.held_out()
            return draw_batch(self.samples, None if other is None else other.load(), count, device, labels=labels)
        except GanzooError:
            return draw_batch(self.samples, None, count, device, labels=labels)
