"""History of a run beside the audit of one moment: how old it is, how it began, how diverse it was."""

from __future__ import annotations

from dataclasses import replace

import torch

from ganzoo.audit.audit import Audit
from ganzoo.audit.diversity import compare_samples
from ganzoo.audit.updates import measure_rates
from ganzoo.audit.youth import is_young
from ganzoo.contracts import Extractor
from ganzoo.runs import checkpoint
from ganzoo.runs.run import Run
from ganzoo.training.labels import label_rule
from ganzoo.training.latents import draw_latents
from ganzoo.training.sampling import generate


def add_history(audit: Audit, run: Run, extractor: Extractor | None) -> Audit:
    """Return the audit with the samples that G made so far, the rates of the first update, and an earlier diversity."""
    optim = run.config.optim
    numbers = {"images": float(audit.step * (optim.batch_size_g or optim.batch_size)), **measure_rates(run.build())}
    audit = replace(audit, numbers={**audit.numbers, **numbers})
    steps = [step for step in checkpoint.available_steps(run.folder.checkpoints) if 0 < step < audit.step]
    if not steps or not is_young(audit) or "spread" not in audit.numbers:
        return audit
    earlier = _measure_spread(run, min(steps), audit, extractor)
    return replace(audit, numbers={**audit.numbers, "spread/earlier": earlier})


def _measure_spread(run: Run, step: int, audit: Audit, extractor: Extractor | None) -> float:
    """Return the diversity of samples at another checkpoint, 0 if they are not finite there."""
    gan, _ = run.restore(step)
    real = audit.samples[0]
    device = gan.device.torch_device
    y = label_rule(len(real), run.data.num_classes, vectors=gan.label_vectors)(torch.arange(len(real)))
    x = generate(gan.G_ema.module, draw_latents(len(real), gan.z_dim, 0), y)
    return compare_samples(real.to(device), x.to(device), gan.data, extractor).get("spread", 0.0)
