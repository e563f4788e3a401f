"""Top-k training: G learns from the samples of a batch that D finds most real."""

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Gt, Le
from torch import Tensor, nn

import ganzoo

Share = Annotated[float, Gt(0), Le(1)]


class Clock(nn.Module):
    """Share of the run that is done."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("progress", torch.zeros(()))


@dataclass(frozen=True)
class TopK(ganzoo.Regularizer):
    """Let G learn from the k samples of a batch with the highest logits. Sinha et al. 2020, arXiv:2002.06224.

    G: (mean loss of the k samples) - (mean loss of all N), which leaves the loss of the k in the sum of G's terms. At
    first k = N; then k = least^(done / over) * N, rounded up, until the share `over` of the run is done.
    Departs: the paper multiplies k by 0.99 after each epoch until `least`. That is the same curve, which here takes a
    share of the run, so that it does not depend on the size of the dataset.
    """

    least: Share = 0.5
    """Share of the batch that G learns from in the end."""
    over: Share = 0.5
    """Share of the run in which k falls."""

    def state(self, data: ganzoo.DataSpec, feature_dim: int) -> nn.Module:
        return Clock()

    def generator_term(self, game: ganzoo.Game, *, fake: ganzoo.Verdict) -> Tensor:
        """Raises ConfigError for a loss that compares each fake with a real sample."""
        if game.loss.relativistic:
            what = "regularizer 'top-k' needs a loss of each fake alone, and that of this run compares it with a real"
            raise ganzoo.ConfigError(what, hint="--loss hinge, or --regularizer none")
        losses = each_loss(game.loss, fake.logits)
        rank = fake.sample_logits.detach().argsort(descending=True).argsort()  # 0 for the highest
        kept = rank < self.k(game.state.get_buffer("progress"), len(losses))
        return torch.where(kept, losses, 0).sum() / kept.sum() - losses.mean()

    def k(self, done: Tensor, n: int) -> Tensor:
        """Return how many of n samples G learns from, a scalar on the device; done: share of the run, in [0, 1)."""
        share = torch.pow(self.least, (done.double() / self.over).clamp(max=1))
        return (share * n - 1e-6).ceil()  # 0.5 * 64 is 32, also where it is a rounding above


def each_loss(loss: ganzoo.AdversarialLoss, logits: Tensor) -> Tensor:
    """Return G's loss of each sample alone, (N,), from logits (N,) or (N, ...); that of a batch is their mean."""
    return torch.vmap(lambda row: loss.generator_loss(fake=row))(logits.reshape(len(logits), -1))
