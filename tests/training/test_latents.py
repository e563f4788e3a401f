"""Latents: row i depends on the seed and on i alone."""

import pytest
import torch

from ganzoo.training.latents import (
    BLOCK,
    code_blocks,
    draw_block,
    draw_latents,
    latent_blocks,
    path_blocks,
    vary_code,
    walk_blocks,
)


@pytest.mark.parametrize("z_dim", [1, 7, 100])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
def test_a_few_latents_are_the_first_of_many(count, z_dim):
    many = draw_latents(64, z_dim, seed=7)
    assert torch.equal(draw_latents(count, z_dim, seed=7), many[:count])
    assert torch.equal(draw_block(0, z_dim, 7, 1)[:count], draw_block(0, z_dim, 7, 1)[:64][:count])


def test_latents_are_standard_normal_and_all_different():
    z = draw_latents(1001, 7, seed=0)
    assert abs(z.mean()) < 0.05 and abs(z.std() - 1) < 0.05
    assert len(z.flatten().unique()) > 7000  # none of them is drawn twice


@pytest.mark.parametrize("rows", [64, 256])
def test_blocks_are_one_draw_in_parts(rows):
    blocks = latent_blocks(7, 3, rows)
    assert torch.equal(torch.cat([next(blocks) for _ in range(3)]), draw_latents(3 * rows, 7, seed=3))


def test_a_path_is_the_same_however_many_follow():
    blocks = path_blocks(7, seed=0)
    first, second = next(blocks), next(blocks)
    z = draw_latents(32, 7, seed=0)
    assert torch.allclose(first[:1], z[:1], atol=1e-5) and torch.allclose(first[7], z[8], atol=1e-5)
    assert torch.allclose(second[:1], z[16:17], atol=1e-5) and len(first) == 64


def test_a_block_of_a_stream_needs_no_block_before_it():
    assert draw_block(5, 3, 0, 0).shape == (BLOCK, 3)
    assert not torch.equal(draw_block(5, 3, 0, 0), draw_block(4, 3, 0, 0))


@pytest.mark.parametrize("count", [2, 60, 100])
def test_a_walk_is_closed_and_even(count):
    blocks = walk_blocks(count, 512, seed=0)
    z = torch.cat([next(blocks) for _ in range(4)])
    assert torch.allclose(z[count : count + 40], z[:40], atol=1e-3)  # it begins again
    assert torch.allclose(z[0], draw_latents(1, 512, seed=0)[0], atol=1e-4)
    steps = (z[1 : count + 1] - z[:count]).norm(dim=1)
    assert steps.max() < 2 * steps.min()  # shorter where it turns between two frames


def test_a_code_of_one_number_goes_from_minus_2_to_2_and_leaves_the_others():
    z = draw_latents(3, 5, seed=0)
    rows = vary_code(z, 1, 1)
    assert rows.shape == (3, 8, 5)
    assert torch.allclose(rows[:, :, 1], torch.tensor([-14, -10, -6, -2, 2, 6, 10, 14]) / 7)
    assert torch.equal(rows[:, :, [0, 2, 3, 4]], z[:, None, [0, 2, 3, 4]].expand(3, 8, 4))


def test_a_category_has_the_largest_of_its_numbers_at_each_place_in_turn():
    rows = vary_code(torch.tensor([[9.0, 1.0, 5.0, 3.0, 7.0]]), 1, 3)
    assert rows.tolist() == [[[9, 5, 1, 3, 7], [9, 1, 5, 3, 7], [9, 1, 3, 5, 7]]]


def test_rows_of_a_code_begin_at_the_latents_of_the_seed():
    block = next(code_blocks(2, 4, 6, seed=1))
    z = draw_latents(64, 6, seed=1)
    assert len(block) == 64 * 3
    assert torch.equal(block.reshape(64, 3, 6)[:, :, [0, 1, 5]], z[:, None, [0, 1, 5]].expand(64, 3, 3))
