"""Images as numbers: the way to uint8 and back, grids, and what a generator draws."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from ganzoo.data.images import from_uint8, make_grid, to_uint8, write_png
from ganzoo.training.labels import spread_labels
from ganzoo.training.latents import draw_latents, interpolate
from ganzoo.training.sampling import generate


def test_all_256_values_survive_the_trip_to_the_networks_range_and_back():
    every = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_uint8(from_uint8(every)), every)


@pytest.mark.parametrize(("x", "expected"), [(-1.0, 0), (0.0, 128), (1.0, 255), (-1.2, 0), (1.02, 255), (9.0, 255)])
def test_values_out_of_range_are_clamped_not_wrapped(x, expected):
    assert to_uint8(torch.tensor([x])).item() == expected


def test_samples_that_are_no_images_pass_unchanged():
    points = torch.tensor([[0.25, -0.5]])
    assert torch.equal(from_uint8(points), points)


def test_a_grid_is_row_by_row_with_white_gaps():
    x = torch.arange(6, dtype=torch.uint8).reshape(6, 1, 1, 1).expand(6, 1, 2, 2)
    grid = make_grid(x, columns=3, gap=1)
    assert grid.shape == (1, 2 * 2 + 1, 3 * 2 + 2)
    assert grid[0, 0].tolist() == [0, 0, 255, 1, 1, 255, 2, 2]
    assert grid[0, 3].tolist() == [3, 3, 255, 4, 4, 255, 5, 5]
    assert grid[0, 2].tolist() == [255] * 8


def test_an_incomplete_last_row_is_filled_with_white():
    grid = make_grid(torch.zeros(3, 1, 2, 2, dtype=torch.uint8), columns=2, gap=1)
    assert grid[0, 4, 3:].tolist() == [255, 255]


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_png_files_hold_the_very_pixels(tmp_path, channels, mode):
    image = torch.randint(0, 256, (channels, 5, 7), dtype=torch.uint8)
    path = write_png(tmp_path / "deep" / "image.png", image)
    with Image.open(path) as read:
        assert read.mode == mode
        pixels = torch.from_numpy(np.array(read)).reshape(5, 7, channels).permute(2, 0, 1)
    assert torch.equal(pixels, image)


class Normed(nn.Module):
    """A generator whose batch norm shows in which mode it runs."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)

    def forward(self, z, y):
        return self.norm(z) + y[:, None]


def test_generating_runs_in_eval_mode_and_restores_the_mode_and_the_statistics():
    network = Normed().train()
    network(torch.randn(8, 3) * 5, torch.zeros(8))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    z = draw_latents(5, 3, seed=0)
    alone = generate(network, z[:1], torch.zeros(1))
    together = generate(network, z, torch.zeros(5))
    assert torch.equal(alone[0], together[0])  # in train mode they would differ
    assert network.training
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in before.items())


def test_the_number_of_images_does_not_change_them():
    network, z = Normed(), draw_latents(200, 3, seed=0)
    y = spread_labels(200, 10)
    assert torch.equal(generate(network, z, y)[:70], generate(network, z[:70], y[:70]))


def test_latents_follow_their_seed_and_leave_the_random_state_alone():
    before = torch.get_rng_state()
    assert torch.equal(draw_latents(4, 3, seed=1), draw_latents(4, 3, seed=1))
    assert not torch.equal(draw_latents(4, 3, seed=1), draw_latents(4, 3, seed=2))
    assert torch.equal(before, torch.get_rng_state())


def test_labels_run_through_the_classes():
    assert spread_labels(7, 3).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert spread_labels(3, 1).tolist() == [0, 0, 0]


def test_interpolations_start_and_end_at_latents_and_keep_their_length():
    start, end = draw_latents(4, 512, seed=0).chunk(2)
    path = interpolate(start, end, torch.linspace(0, 1, 9))
    assert torch.allclose(path[:, 0], start, atol=1e-4) and torch.allclose(path[:, -1], end, atol=1e-4)
    lengths = path.norm(dim=2)
    assert lengths.min() > 0.9 * 512**0.5  # a straight line would dip to 0.7
