"""Logits of training samples, of real samples that D has not seen, and of generated ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo.audit.batches import Batch
from ganzoo.audit.diversity import Numbers
from ganzoo.contracts import AdversarialLoss


def read_logits(D: nn.Module, batch: Batch, x_fake: Tensor) -> dict[str, Tensor]:
    """Return D's logits (N,) in training of "train", "fake" and, if there are some, "held_out" samples.

    Each kind is a batch of its own, which matters to a D with batch statistics. x_fake (N, *shape).
    """
    with torch.no_grad():
        logits = {"train": D(batch.x, batch.y).sample_logits, "fake": D(x_fake, batch.y).sample_logits}
        if batch.held_out is not None:
            logits["held_out"] = D(*batch.held_out).sample_logits
    return logits


def measure_logits(*, train: Tensor, fake: Tensor, held_out: Tensor | None = None) -> Numbers:
    """train, fake, held_out: logits (N,) -> their means and sizes, how well D tells them apart, signs of overfitting.

    size          largest absolute value of a logit
    reach         largest distance of a logit from the mean of both sets
    ahead         probability that a training sample has a higher logit than a generated one: 0.5 if D cannot tell
    sign          E[sign D(train)], r_t of Karras et al. 2020, arXiv:2006.06676, Eq. 1: towards 1 as D overfits, for
                  losses whose border between real and fake is 0
    overfitting   (E D(train) - E D(held-out)) / (E D(train) - E D(fake)), r_v of the same equation: 0 if D treats
                  unseen reals as those it has seen, 1 if it treats them as fakes
    held-out      probability that a training sample has a higher logit than a held-out one: 0.5 without overfitting
    """
    both = torch.cat([train, fake])
    numbers = {
        "logit/train": float(train.mean()),
        "logit/fake": float(fake.mean()),
        "logit/size": float(both.abs().max()),
        "logit/reach": float((both - both.mean()).abs().max()),
        "ahead": _exceeds(train, fake),
        "sign": float(train.sign().mean()),
    }
    if held_out is None:
        return numbers
    gap = float(train.mean() - fake.mean())
    numbers |= {"logit/held-out": float(held_out.mean()), "held-out": _exceeds(train, held_out)}
    numbers |= {"held-out/count": float(min(len(train), len(held_out)))}
    return numbers | {"overfitting": float(train.mean() - held_out.mean()) / gap if gap > 0 else 0.0}


def measure_loss_gradients(loss: AdversarialLoss, *, real: Tensor, fake: Tensor) -> Numbers:
    """real, fake: logits (N,) -> |d loss / d logit| of each player's loss, mean over samples: "pull/d" and "pull/g".

    It is 1 for a Wasserstein loss, and the sigmoid of a logit for bce. Near 0 the player learns nothing.
    """
    real, fake = (logits.detach().requires_grad_(True) for logits in (real, fake))
    loss_d = loss.discriminator_loss(real=real, fake=fake)
    loss_g = loss.generator_loss(fake=fake, real=real if loss.relativistic else None)
    return {"pull/d": _sum_gradients(loss_d, real, fake) / 2, "pull/g": _sum_gradients(loss_g, fake)}


def _sum_gradients(loss: Tensor, *logits: Tensor) -> float:
    """Sum of |d loss / d logit| over the batch; since a loss is a mean over it, this is the mean over samples."""
    gradients = torch.autograd.grad(loss, logits, allow_unused=True)
    return float(sum(gradient.abs().sum() for gradient in gradients if gradient is not None))


def _exceeds(one: Tensor, other: Tensor) -> float:
    """one (N,), other (M,) -> P(a > b) for a of one and b of the other, ties halved: the area under the ROC curve."""
    a, b = one[:, None], other[None, :]
    return float(((a > b).double() + 0.5 * (a == b).double()).mean())
