"""InfoGAN: some numbers of the latent are codes that can be read from the image."""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, leaky_relu, mse_loss

import ganzoo


class Reader(nn.Module):
    """The head Q: features of D (N, F) -> means of the continuous codes (N, C), logits of the categories (N, K)."""

    def __init__(self, feature_dim: int, width: int, continuous: int, categories: int) -> None:
        super().__init__()
        self.sizes = [continuous, categories]
        self.hidden, self.last = nn.Linear(feature_dim, width), nn.Linear(width, continuous + categories)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """features (N, F) -> (N, C), (N, K)."""
        means, logits = self.last(leaky_relu(self.hidden(features), 0.1)).split(self.sizes, dim=1)
        return means, logits


@dataclass(frozen=True)
class InfoGAN(ganzoo.Regularizer):
    """Make codes of the latent readable from the image. Chen et al. 2016, arXiv:1606.03657, Eq. 5-6 and Appendix C.

    G and D: -weight * E log Q(category | G(z)) - weight_continuous * E log Q(code | G(z)), a bound on the mutual
    information. The first `continuous` numbers of z are the continuous codes. The category is the place of the largest
    of the next `categories` numbers, so that all are equally likely. Q is a head of two layers on D's features, which
    says a category, and the mean of a normal distribution of variance 1 for each continuous code.
    Departs: codes are N(0, 1) as z is, where the paper has U(-1, 1) and a one-hot category; Q learns no variance and
    has no batch norm.
    """

    continuous: ganzoo.NonNegativeInt = 2
    """Number of continuous codes."""
    categories: ganzoo.NonNegativeInt = 10
    """Classes of the one categorical code; 0 for no such code."""
    weight: ganzoo.NonNegativeFloat = 1.0
    """Weight of the categorical code."""
    weight_continuous: ganzoo.NonNegativeFloat = 1.0
    """Weight of each continuous code."""
    width: ganzoo.Width = 128
    """Width of the hidden layer of Q."""

    def __post_init__(self) -> None:
        if self.continuous + self.categories == 0 or self.categories == 1:
            what = f"no code: {self.continuous} continuous ones and a category of {self.categories}"
            raise ganzoo.ConfigError(what, where="regularizer infogan", hint="--set regularizer.categories=10")

    def state(self, data: ganzoo.DataSpec, feature_dim: int) -> nn.Module:
        return Reader(feature_dim, self.width, self.continuous, self.categories)

    def discriminator_term(self, game: ganzoo.Game, *, real: ganzoo.Verdict, fake: ganzoo.Verdict) -> Tensor:
        return self._error(game, fake)

    def generator_term(self, game: ganzoo.Game, *, fake: ganzoo.Verdict) -> Tensor:
        return self._error(game, fake)

    def _error(self, game: ganzoo.Game, fake: ganzoo.Verdict) -> Tensor:
        """Return how badly Q reads the codes, a scalar. Raises ConfigError if z has too few numbers for them."""
        codes = self.continuous + self.categories
        if game.z.shape[1] < codes:
            what = f"regularizer 'infogan' has {codes} codes, and the latent has {game.z.shape[1]} numbers"
            raise ganzoo.ConfigError(what, where="model.z_dim", hint=f"--set model.z_dim={codes + 62}")
        assert fake.features is not None  # D gives features with every head
        features = fake.features if fake.features.ndim == 2 else fake.features.mean(dim=1)  # of patches
        means, logits = game.state(features)
        error = fake.logits.new_zeros(())
        if self.continuous:
            wrong = mse_loss(means, game.z[:, : self.continuous]) * self.continuous / 2  # -log N(code; mean, 1)
            error = error + self.weight_continuous * wrong
        if self.categories:
            category = game.z[:, self.continuous : codes].argmax(dim=1)
            error = error + self.weight * cross_entropy(logits, category)
        return error
