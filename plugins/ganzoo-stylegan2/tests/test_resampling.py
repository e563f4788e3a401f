import torch
from ganzoo_stylegan2.resampling import Downsample, Upsample


def test_a_pixel_becomes_the_filter_when_enlarged():
    x = torch.zeros(1, 2, 5, 5)
    x[:, 1, 2, 2] = 16.0
    enlarged = Upsample()(x)
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    assert torch.allclose(enlarged[0, 1, 3:7, 3:7], torch.outer(taps, taps))
    assert enlarged.shape == (1, 2, 10, 10) and enlarged.sum().item() == 64.0  # and nothing beside it


def test_inside_a_ramp_stays_a_ramp_when_it_is_halved():
    x = torch.arange(12.0).expand(1, 1, 12, 12)
    halved = Downsample()(x)
    assert torch.allclose(halved[0, 0, 2, 1:-1], torch.tensor([2.5, 4.5, 6.5, 8.5]))


def test_halving_is_enlarging_turned_round():
    torch.manual_seed(0)
    small, large = torch.randn(1, 3, 4, 4), torch.randn(1, 3, 8, 8)
    assert torch.allclose((Upsample()(small) * large).sum(), 4 * (small * Downsample()(large)).sum(), atol=1e-4)
