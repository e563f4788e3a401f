"""Low-pass filters, and a nonlinearity between two of them. arXiv:2106.12423, Sec. 2 and 3.2, Appendix C.

Shape letters: N batch, C channels, H, W height and width, T taps.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu, pad


def design_filter(taps: int, cutoff: float, width: float, rate: float) -> Tensor | None:
    """Return a low-pass filter (T,) of sum 1, a sinc in a Kaiser window; None, to change nothing, for one tap.

    cutoff is where its response is one half, width that of the transition, rate the sampling rate, all in the same
    units. beta is Kaiser's for the attenuation that so many taps reach.
    """
    if taps == 1:
        return None
    attenuation = 2.285 * (taps - 1) * math.pi * width / (rate / 2) + 7.95  # dB
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation > 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    window = torch.kaiser_window(taps, periodic=False, beta=beta, dtype=torch.float64, device="cpu")
    times = torch.arange(taps, dtype=torch.float64, device="cpu") - (taps - 1) / 2
    ideal = torch.sinc(times * (2 * cutoff / rate))
    return (ideal * window / (ideal * window).sum()).float()


class FilteredRectifier(nn.Module):
    """LeakyReLU at a higher sampling rate, so that what it adds above the band can be removed. Fig. 4b.

    Sizes: H -> `up` H -> + `padding` -> filter -> rectify -> filter -> / `down`. Without filters and with slope 1 it
    crops.
    """

    rise: Tensor | None
    fall: Tensor | None

    def __init__(
        self,
        rise: Tensor | None,
        fall: Tensor | None,
        factors: tuple[int, int],
        padding: tuple[int, int],
        slope: float,
    ) -> None:
        super().__init__()
        self.register_buffer("rise", rise)
        self.register_buffer("fall", fall)
        self.up, self.down = factors
        self.padding, self.slope = padding, slope

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C, H', W')."""
        x = pad(_insert_zeros(x, self.up), [*self.padding, *self.padding])  # negative padding crops
        if self.rise is not None:
            x = _filter(x, self.rise * self.up)  # of `up` values in each direction all but one are 0
        if self.slope != 1:
            x = leaky_relu(x, self.slope) * math.sqrt(2)
        return x if self.fall is None else _filter(x, self.fall, self.down)


def _insert_zeros(x: Tensor, up: int) -> Tensor:
    """Put up - 1 zeros after each pixel: (N, C, H, W) -> (N, C, up H, up W)."""
    n, channels, height, width = x.shape
    x = pad(x.reshape(n, channels, height, 1, width, 1), [0, up - 1, 0, 0, 0, up - 1])
    return x.reshape(n, channels, height * up, width * up)


def _filter(x: Tensor, taps: Tensor, down: int = 1) -> Tensor:
    """Filter rows and columns, and keep every `down`-th: (N, C, H, W) -> (N, C, (H - T) // down + 1, ...)."""
    channels = x.shape[1]
    column = taps[:, None].expand(channels, 1, -1, 1)  # a group for each channel: CPUs are far slower at batches of one
    x = conv2d(x, column, stride=(down, 1), groups=channels)
    return conv2d(x, column.transpose(2, 3), stride=(1, down), groups=channels)
