"""One update of each player. Read beside Algorithm 1 of arXiv:1704.00028, whose line numbers are quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from ganzoo.contracts import Verdict
from ganzoo.training.freezing import project
from ganzoo.training.gan import GAN
from ganzoo.training.ranks import SINGLE, Ranks
from ganzoo.training.regularizers import add_up

Terms = dict[str, Tensor]
"""Named scalars of a step, on the device: reading one waits for the device."""


def discriminator_step(gan: GAN, x_real: Tensor, y: Tensor) -> Terms:
    """x_real (N, *shape) in [-1, 1], y (N,). Updates D in place; returns the terms of its loss and mean logits."""
    z = gan.sample_z(y)  # line 4
    gan.opt_d.zero_grad(set_to_none=True)
    logits, terms = [], []
    for part in split_batch(gan.accumulate, x_real, y, z):
        loss, real_logits, of_part = discriminator_loss(gan, *part)
        backward(loss, share := len(real_logits) / len(y))
        logits.append(real_logits)
        terms.append((share, of_part))
    descend(gan.opt_d, gan.ranks, running_statistics(gan.regularizers), limit=gan.clip_grad_norm)  # line 9
    project(gan)
    gan.adapt(torch.cat(logits))
    states = {f"augment/{name}": state.clone() for name, state in gan.transform.named_buffers() if state.ndim == 0}
    return average_terms(terms) | states


def discriminator_loss(gan: GAN, x_real: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Terms]:
    """x_real (N, *shape), y (N,), z (N, Z) -> D's loss, a scalar with its graph; logits of reals (N,); its terms."""
    with gan.device.autocast(), gan.ranks.distinct_draws(y.device):
        with torch.no_grad():  # D's update needs no gradient through G
            x_fake = gan.G(z, y).float()  # line 5
        real, fake = discriminate_both(gan, x_real, x_fake, y)

        adversarial = gan.loss.discriminator_loss(real=real.logits.flatten(), fake=fake.logits.flatten())
        penalty = gan.lipschitz.penalty(gan.critic(y), real=x_real, fake=x_fake)  # lines 6-7
        penalty = penalty * gan.penalty_scale
        auxiliary = gan.conditioner.discriminator_auxiliary(real=real, fake=fake, y=y)
        losses = {"d/adversarial": adversarial, "d/penalty": penalty, "d/auxiliary": auxiliary}
        game = gan.game(x_real=x_real, x_fake=x_fake, z=z, y=y)
        losses |= gan.regularizers.discriminator_terms(game, real=real, fake=fake)
    scores = {"score/real": real.logits.mean(), "score/fake": fake.logits.mean()}
    terms = detached(losses | scores)
    return add_up(losses.values()), real.sample_logits.detach(), terms


def discriminate_both(gan: GAN, x_real: Tensor, x_fake: Tensor, y: Tensor) -> tuple[Verdict, Verdict]:
    """Return D's verdicts on both batches; in one pass of 2N samples if logits depend on one sample each."""
    if not gan.per_sample:  # batch norm takes separate statistics of reals and fakes: code of arXiv:1511.06434
        return gan.discriminate(x_real, y), gan.discriminate(x_fake, y)
    both = gan.discriminate(torch.cat([x_real, x_fake]), torch.cat([y, y]))
    real, fake = zip(*((None, None) if part is None else part.chunk(2) for part in both), strict=True)
    return Verdict(*real), Verdict(*fake)


def generator_step(gan: GAN, x_real: Tensor, y: Tensor) -> Terms:
    """x_real (N, *shape) in [-1, 1], y (N,). Updates G and G_ema in place; returns the terms of G's loss."""
    terms = update_generator(gan, x_real, y)
    update_average(gan.G_ema, gan.G, gan.ema_decay)
    return terms


def update_generator(gan: GAN, x_real: Tensor, y: Tensor) -> Terms:
    """Update G as `generator_step` does, but leave G_ema alone."""
    z = gan.sample_z(y)
    gan.opt_g.zero_grad(set_to_none=True)
    terms = []
    for part in split_batch(gan.accumulate, x_real, y, z):
        loss, of_part = generator_loss(gan, *part)
        backward(loss, share := len(part[1]) / len(y))
        terms.append((share, of_part))
    statistics = running_statistics(gan.G, gan.D, gan.regularizers)
    descend(gan.opt_g, gan.ranks, statistics, limit=gan.clip_grad_norm)  # line 12
    return average_terms(terms)


def generator_loss(gan: GAN, x_real: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Terms]:
    """x_real (N, *shape), y (N,), z (N, Z) -> G's loss, a scalar with its graph, and its terms."""
    with gan.device.autocast(), frozen(gan.D, gan.regularizers), gan.ranks.distinct_draws(y.device):
        x_fake = gan.G(z, y).float()
        fake = gan.discriminate(x_fake, y)  # line 11
        real_logits = gan.discriminate(x_real, y).logits.flatten() if gan.loss.relativistic else None

        adversarial = gan.loss.generator_loss(fake=fake.logits.flatten(), real=real_logits)
        auxiliary = gan.conditioner.generator_auxiliary(fake=fake, y=y)
        penalty = gan.generator_penalty(z, y)
        losses = {"g/adversarial": adversarial, "g/penalty": penalty, "g/auxiliary": auxiliary}
        game = gan.game(x_real=x_real, x_fake=x_fake, z=z, y=y)
        losses |= gan.regularizers.generator_terms(game, fake=fake)
    terms = detached(losses)
    return add_up(losses.values()), terms


def detached(terms: Terms) -> Terms:
    """Return terms without their graphs."""
    return {name: term.detach() for name, term in terms.items()}


def split_batch(parts: int, *batch: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield tensors (N, ...) in `parts` parts, whose sizes differ by one at most; fewer if N is smaller."""
    return zip(*(tensor.tensor_split(min(parts, len(tensor))) for tensor in batch), strict=True)


def backward(loss: Tensor, share: float) -> None:
    """Add the gradient of a part of the batch; its mean counts by the share of the batch that the part is."""
    (loss if share == 1 else loss * share).backward()  # type: ignore[no-untyped-call]


def average_terms(parts: Sequence[tuple[float, Terms]]) -> Terms:
    """Return the terms of a whole batch, by the share and the terms of each part."""
    if len(parts) == 1:
        return parts[0][1]
    return {name: torch.stack([share * terms[name] for share, terms in parts]).sum() for name in parts[0][1]}


def descend(optimizer: Optimizer, ranks: Ranks = SINGLE, buffers: Sequence[Tensor] = (), *, limit: float = 0.0) -> None:
    """Take one step by the gradients, which stay readable until the next one. Ranks average them and `buffers`.

    A gradient whose norm exceeds `limit` is scaled down to it, unless `limit` is 0.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"] if weight.grad is not None]
    if ranks.size > 1:
        ranks.average([*(weight.grad for weight in weights), *buffers])
    if limit:
        torch.nn.utils.clip_grad_norm_(weights, limit, foreach=True)
    optimizer.step()


def running_statistics(*networks: nn.Module) -> list[Tensor]:
    """Return the running statistics of networks, such as those of batch norm, which differ between ranks."""
    return [buffer for network in networks for buffer in network.buffers() if buffer.is_floating_point()]


@torch.no_grad()
def update_average(average: AveragedModel, G: nn.Module, decay: float) -> None:
    """Move the average towards G, and copy its buffers. At update t the decay is at most (1 + t) / (10 + t).

    Without that warm-up the first random weights would still weigh 37 % after 1,000 steps at 0.999.
    AveragedModel.update_parameters would wait for the device at each step, to count.
    """
    t = int(average.n_averaged)
    rate = 1 - min(decay, (1 + t) / (10 + t)) if t else 1.0
    torch._foreach_lerp_(list(average.module.parameters()), list(G.parameters()), rate)
    for slow, fast in zip(average.module.buffers(), G.buffers(), strict=True):
        slow.copy_(fast)
    average.n_averaged += 1


@contextmanager
def frozen(*networks: nn.Module) -> Iterator[None]:
    """Let gradients flow through networks but not into their weights: G's update needs none of D's weights."""
    trainable = [weight for network in networks for weight in network.parameters() if weight.requires_grad]
    for weight in trainable:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in trainable:
            weight.requires_grad_(True)
