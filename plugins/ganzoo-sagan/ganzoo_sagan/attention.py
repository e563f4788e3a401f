"""Self-attention over the pixels of a map. Zhang et al. 2018, arXiv:1805.08318, Sec. 3.

Shape letters: N batch, C channels, H, W height and width, Q queries (H W pixels), K keys (a quarter of them).
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

REDUCTION = 8
"""Queries and keys have C / 8 channels, values C / 2."""


class SelfAttention(nn.Module):
    """Add to each pixel a weighted sum over all pixels: y = gamma o + x. arXiv:1805.08318, Eq. 1-3.

    beta_ji = softmax_i(f(x_i) . g(x_j)),  o_j = v(sum_i beta_ji h(x_i)); f, g, h and v are convolutions of 1 x 1
    without bias, and gamma starts at 0, so that D and G learn local structure first. Keys f and values h are max-pooled
    to a quarter of the pixels, and values have C / 2 channels: not in the paper's text, but in the authors' code.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow, half = max(channels // REDUCTION, 1), max(channels // 2, 1)
        self.key, self.query, self.value = (nn.Conv2d(channels, c, 1, bias=False) for c in (narrow, narrow, half))
        self.out = nn.Conv2d(half, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def weights(self, x: Tensor) -> Tensor:
        """Return the attention beta of each query over the keys, whose rows sum to 1: x (N, C, H, W) -> (N, Q, K)."""
        queries = self.query(x).flatten(2)  # (N, C / 8, Q)
        keys = max_pool2d(self.key(x), 2).flatten(2)  # (N, C / 8, K)
        return torch.softmax(queries.transpose(1, 2) @ keys, dim=2)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C, H, W)."""
        values = max_pool2d(self.value(x), 2).flatten(2)  # (N, C / 2, K)
        read = values @ self.weights(x).transpose(1, 2)  # (N, C / 2, Q)
        y: Tensor = self.gamma * self.out(read.reshape(x.shape[0], -1, *x.shape[2:])) + x
        return y
