"""Self-attention over the pixels of a map, the non-local block of arXiv:1809.11096, Tables 4-9.

Shape letters: N batch, C channels, H, W height and width, Q queries (H W pixels), K keys (a quarter of them).
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

REDUCTION = 8
"""Queries and keys have C / 8 channels, values C / 2."""


class SelfAttention(nn.Module):
    """Add to each pixel a weighted sum over the map: y = x + gamma o. Zhang et al. 2018, arXiv:1805.08318, Eq. 1-3.

    o_j = v(sum_i softmax_i(f(x_i) . g(x_j)) h(x_i)) with 1 x 1 convolutions f, g, h, v without bias, keys and values
    max-pooled to a quarter of the pixels; gamma starts at 0.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow, half = max(channels // REDUCTION, 1), max(channels // 2, 1)
        self.key, self.query, self.value = (nn.Conv2d(channels, c, 1, bias=False) for c in (narrow, narrow, half))
        self.out = nn.Conv2d(half, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C, H, W)."""
        queries = self.query(x).flatten(2)  # (N, C / 8, Q)
        keys = max_pool2d(self.key(x), 2).flatten(2)  # (N, C / 8, K)
        values = max_pool2d(self.value(x), 2).flatten(2)  # (N, C / 2, K)
        weights = torch.softmax(queries.transpose(1, 2) @ keys, dim=2)  # (N, Q, K), rows sum to 1
        read = values @ weights.transpose(1, 2)  # (N, C / 2, Q)
        y: Tensor = x + self.gamma * self.out(read.reshape(x.shape[0], -1, *x.shape[2:]))
        return y
