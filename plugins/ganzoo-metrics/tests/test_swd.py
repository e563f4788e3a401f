"""SWD against filters of SciPy and its Wasserstein distance."""

import numpy as np
import pytest
import torch
from ganzoo_metrics import SlicedWasserstein
from ganzoo_metrics.swd import cut, normalise, pyramid, sliced_distance
from scipy.ndimage import convolve1d
from scipy.stats import wasserstein_distance
from sets import feature_set

BELL = np.array([1, 4, 6, 4, 1]) / 16


def images(n, seed=0, channels=1):
    return torch.randn(n, channels, 32, 32, generator=torch.Generator().manual_seed(seed))


def smooth(image):
    return convolve1d(convolve1d(image, BELL, axis=0, mode="mirror"), BELL, axis=1, mode="mirror")


def test_the_pyramid_is_that_of_scipy():
    x = images(2, channels=3)
    fine, coarse = pyramid(x)
    image = x[1, 2].double().numpy()
    small = smooth(image)[::2, ::2]
    large = np.zeros((32, 32))
    large[::2, ::2] = 4 * small
    assert np.allclose(coarse[1, 2], small, atol=1e-5)
    assert np.allclose(fine[1, 2], image - smooth(large), atol=1e-5)


def test_patches_are_cut_at_their_places():
    x = images(2, channels=3)
    patches = cut(x, torch.tensor([[[0, 25], [3, 4]], [[0, 25], [5, 6]]]))
    assert torch.equal(patches[0], x[0, :, :7, :7])
    assert torch.equal(patches[1], x[0, :, 25:, 25:])
    assert torch.equal(patches[3], x[1, :, 4:11, 6:13])


def test_each_channel_is_normalised_over_all_patches():
    patches = normalise(3 + 5 * torch.randn(400, 2, 7, 7)).reshape(400, 2, 49)
    assert patches.mean(dim=(0, 2)).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert patches.std(dim=(0, 2), correction=0).tolist() == pytest.approx([1, 1], rel=1e-5)


def test_the_distance_is_the_mean_of_those_of_scipy():
    torch.manual_seed(0)
    one, other, directions = torch.randn(30, 5), torch.randn(30, 5) + 1, torch.randn(5, 20)
    pairs = zip((one @ directions).T.numpy(), (other @ directions).T.numpy(), strict=True)
    expected = np.mean([wasserstein_distance(a, b) for a, b in pairs])
    assert sliced_distance(one, other, directions) == pytest.approx(expected, rel=1e-5)


def scores(real, fake, **options):
    found = SlicedWasserstein(**options).compute(real=feature_set(real.flatten(1)), fake=feature_set(fake.flatten(1)))
    return {name: score.value for name, score in found.items()}


def test_equal_sets_have_0_and_the_mean_is_that_of_both_scales():
    assert scores(images(8), images(8)) == {"SWD-32": 0, "SWD-16": 0, "SWD": 0}
    found = scores(images(8), images(8, seed=1).abs())
    assert found["SWD"] == pytest.approx((found["SWD-32"] + found["SWD-16"]) / 2)


def test_a_missing_layout_shows_in_the_coarse_scale_alone():
    ramp = torch.linspace(-3, 3, 32).expand(16, 1, 32, 32)
    noise = scores(images(16), images(16, seed=1))
    flat = scores(images(16) + ramp, images(16, seed=1))
    assert flat["SWD-16"] > 5 * noise["SWD-16"]
    assert flat["SWD-32"] < 2 * noise["SWD-32"]


def test_it_is_the_same_every_time_reads_equal_numbers_and_moves_no_random_state():
    before = torch.get_rng_state()
    assert scores(images(8), images(6, seed=1)) == scores(images(8), images(6, seed=1))
    assert scores(images(8), images(6, seed=1), seed=1) != scores(images(8), images(6, seed=1))
    assert torch.equal(torch.get_rng_state(), before)
