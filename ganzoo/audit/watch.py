"""Audits of a run while it trains, and the alarms on which two audits in a row agree."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from ganzoo.audit.audit import Audit, Batch, audit, draw_batch
from ganzoo.audit.findings import Finding
from ganzoo.audit.rules import apply_rules
from ganzoo.contracts import Dataset, Samples
from ganzoo.errors import GanzooError
from ganzoo.training.gan import GAN

SAMPLES = 64
"""Real and generated samples of an audit: enough to see a failure, and about as slow as a few steps."""
ITERATIONS = 8
"""Iterations of the power method: norms are a few percent low."""


@dataclass
class Watch:
    """Audits the GAN of one run while it trains."""

    samples: Samples
    dataset: Dataset
    batch_size: int
    """Training batch size; an audit uses no larger one, to bound memory."""
    previous_alarms: frozenset[str] = frozenset()
    """Names of the alarms that the audit before raised."""
    confirmed: set[str] = field(default_factory=set)
    """Names of the alarms that were returned; each is returned once."""

    most_diverse: float = 0.0
    """Largest spread of the audits so far."""
    batch: Batch | None = None
    """Samples of every audit, drawn for the first one."""

    def audit(self, gan: GAN, step: int) -> tuple[Audit, list[Finding], float]:
        """Return the audit, the alarms that it and the one before raised and that are new, and the seconds it took."""
        self.batch = self.batch or self._draw(gan)
        start = time.perf_counter()
        found = audit(gan, self.batch, step, iterations=ITERATIONS)
        age = {"images": float(step * self.batch_size), "spread/earlier": self.most_diverse}
        found = replace(found, numbers=found.numbers | age)
        self.most_diverse = max(self.most_diverse, found.numbers.get("spread", 0.0))
        alarms = [finding for finding in apply_rules(found) if finding.level == "alarm"]
        new = [finding for finding in alarms if finding.name in self.previous_alarms - self.confirmed]
        self.previous_alarms = frozenset(finding.name for finding in alarms)
        self.confirmed |= {finding.name for finding in new}
        return found, new, time.perf_counter() - start

    def _draw(self, gan: GAN) -> Batch:
        """Draw the samples, without held-out ones if these cannot be loaded: `ganzoo diagnose` gives the reason."""
        count, device, labels = min(SAMPLES, self.batch_size), gan.device.torch_device, gan.conditioner.needs_labels
        try:
            other = self.dataset.held_out()
            return draw_batch(self.samples, None if other is None else other.load(), count, device, labels=labels)
        except GanzooError:
            return draw_batch(self.samples, None, count, device, labels=labels)
