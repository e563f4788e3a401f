"""Adaptive augmentation: colours against the paper's matrices, what is drawn, and the path of p."""

import math

import pytest
import torch

from ganzoo.builtin.augmentations import AdaptiveAugmentation
from ganzoo.builtin.augmentations.ada import mix_colours
from support.transforms import images, transform_of


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


# Colours of ada, against the matrices of Algorithm 1


def colours(brightness=0.0, contrast=1.0, flip=0.0, hue=0.0, saturation=1.0):
    return [torch.full((1, 1, 1, 1), value) for value in (brightness, contrast, flip, hue, saturation)]


def paper_matrix(brightness, contrast, flip, hue, saturation):
    """Five homogeneous matrices (4, 4), multiplied in float64; the rotation by the exponential of its generator."""
    v = torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64)[:, None] / math.sqrt(3)
    one, luma = torch.eye(4, dtype=torch.float64), v @ v.T
    moved = one.clone()
    moved[:3, 3] = brightness
    generator = torch.zeros(4, 4, dtype=torch.float64)
    generator[0, 1] = generator[1, 2] = generator[2, 0] = -1 / math.sqrt(3)
    turned = torch.matrix_exp(hue * (generator - generator.T))
    saturated = luma + saturation * (one - luma)
    scaled = torch.diag(torch.tensor([contrast] * 3 + [1.0], dtype=torch.float64))
    return saturated @ turned @ (one - 2 * flip * luma) @ scaled @ moved


@pytest.mark.parametrize(
    "strengths", [(0.3, 1.4, 0.0, 2.0, 0.5), (-0.2, 0.7, 1.0, -3.0, 2.5), (0.1, 1.0, 1.0, 0.4, 1.0)]
)
def test_five_changes_of_colour_are_the_five_matrices_of_the_paper(strengths):
    x = images(2)
    rgb1 = torch.cat([x, torch.ones(2, 1, 8, 8)], dim=1).double()
    expected = torch.einsum("ij,njhw->nihw", paper_matrix(*strengths), rgb1)[:, :3]
    torch.testing.assert_close(mix_colours(x, *colours(*strengths)), expected.float())


def test_a_third_of_a_turn_of_hue_makes_red_green():
    red = torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)
    green = mix_colours(red, *colours(hue=2 * math.pi / 3))
    assert green.flatten().tolist() == pytest.approx([0, 1, 0], abs=1e-6)


def test_no_change_of_colour_is_none_bit_for_bit():
    x = images(2)
    assert torch.equal(mix_colours(x, *colours()), x)


def test_hue_and_saturation_keep_the_mean_over_channels():
    x = images(2)
    torch.testing.assert_close(mix_colours(x, *colours(hue=1.0, saturation=3.0)).mean(1), x.mean(1))


def test_a_luma_flip_negates_grey_and_twice_is_nothing():
    x = images(2)
    flipped = mix_colours(x, *colours(flip=1.0))
    torch.testing.assert_close(flipped.mean(1), -x.mean(1))
    torch.testing.assert_close(flipped - flipped.mean(1, keepdim=True), x - x.mean(1, keepdim=True))
    torch.testing.assert_close(mix_colours(flipped, *colours(flip=1.0)), x)


def test_one_channel_is_changed_as_three_equal_ones_are():
    x = images(2, channels=1)
    strengths = colours(brightness=0.3, contrast=1.4, flip=1.0, hue=2.0, saturation=0.5)
    grey = mix_colours(x, *strengths)
    torch.testing.assert_close(grey, -1.4 * (x + 0.3))
    torch.testing.assert_close(mix_colours(x.expand(2, 3, 8, 8), *strengths), grey.expand(2, 3, 8, 8))


# What ada draws


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 28, 28), (3, 6, 11)])
def test_at_p_0_nothing_changes_bit_for_bit(shape):
    x = images(4, *shape)
    assert torch.equal(transform_of(AdaptiveAugmentation(), shape, p=0.0)(x), x)


def test_p_is_the_share_of_samples_that_change():
    changed = transform_of(AdaptiveAugmentation(pipeline="c"), p=0.1)(x := images(20_000, height=2, width=2)) != x
    assert changed.flatten(1).any(1).float().mean().item() == pytest.approx(1 - 0.9**4 * 0.95, abs=0.01)


def test_two_rotations_take_place_as_often_as_one_thing():
    transform = transform_of(AdaptiveAugmentation(), p=0.3)
    before, after = (matrix[:, 0, 1] != 0 for matrix in transform._warp(images(20_000, height=2, width=2))[1:4:2])
    assert (before | after).float().mean().item() == pytest.approx(0.3, abs=0.012)


def test_blits_flip_half_turn_evenly_and_shift_by_whole_pixels_up_to_an_eighth():
    flip, turn, shift = transform_of(AdaptiveAugmentation())._blit(images(20_000, 1, 16, 32))
    assert flip[:, 0, 0].mean().item() == pytest.approx(0, abs=0.025)
    right = turn[:, :2, 0].mean(0)  # where (1, 0) goes: each of four directions as often
    assert right.tolist() == pytest.approx([0, 0], abs=0.02)
    assert torch.equal(turn[:, :2, 0].abs().sum(1), torch.ones(20_000))
    assert [sorted(set(shift[:, row, 2].tolist())) for row in (0, 1)] == [list(range(-4, 5)), list(range(-2, 3))]


def test_warps_are_as_strong_as_in_the_paper():
    size, _, stretch, _, shift = transform_of(AdaptiveAugmentation())._warp(images(20_000, 1, 16, 32))
    assert size[:, 0, 0].log2().std().item() == pytest.approx(0.2, rel=0.03)
    assert stretch[:, 0, 0].log2().std().item() == pytest.approx(0.2, rel=0.03)
    torch.testing.assert_close(stretch[:, 0, 0] * stretch[:, 1, 1], torch.ones(20_000))
    assert [shift[:, row, 2].std().item() for row in (0, 1)] == pytest.approx([4.0, 2.0], rel=0.03)


def test_colours_are_as_strong_as_in_the_paper():
    black, red = torch.zeros(20_000, 3, 1, 1), torch.tensor([1.0, 0, 0]).reshape(1, 3, 1, 1).repeat(20_000, 1, 1, 1)
    transform = transform_of(AdaptiveAugmentation())
    grey = transform._recolour(black)[:, 0]  # contrast * brightness: E = 0, and E of squares in closed form
    assert grey.square().mean().item() == pytest.approx(0.2**2 * math.exp(2 * (0.5 * math.log(2)) ** 2), rel=0.05)
    chroma = (across := transform._recolour(red)) - across.mean(1, keepdim=True)
    strength = chroma.flatten(1).norm(dim=1) / math.sqrt(2 / 3)  # contrast * saturation
    assert strength.log2().mean().item() == pytest.approx(0, abs=0.03)
    assert strength.log2().std().item() == pytest.approx(math.hypot(0.5, 1.0), rel=0.03)


def test_parts_that_are_not_named_do_nothing():
    x = torch.full((8, 3, 8, 8), 0.5)
    assert torch.equal(transform_of(AdaptiveAugmentation(pipeline="b"))(x), x)
    torch.testing.assert_close(transform_of(AdaptiveAugmentation(pipeline="bg"))(x), x)
    moved = transform_of(AdaptiveAugmentation(pipeline="c"))(x)
    assert torch.equal(moved, moved[:, :, :1, :1].expand_as(moved)) and not torch.equal(moved, x)


# p


def path_of_p(logits, updates, start=0.0, **options):
    """p after each update of D, which gives these logits; four updates of 10 images move it by 0.04."""
    ada = AdaptiveAugmentation(**{"speed": 1000, **options})
    transform = transform_of(ada, p=start)
    path = []
    for _ in range(updates):
        ada.adapt(transform, torch.tensor(logits))
        path.append(round(transform.p.item(), 6))
    return path


def test_p_rises_by_images_over_speed_at_each_interval_while_d_is_sure():
    assert path_of_p([2.0] * 10, 9) == [0, 0, 0, 0.04, 0.04, 0.04, 0.04, 0.08, 0.08]


def test_p_falls_while_d_is_not_sure_and_never_below_0():
    assert path_of_p([-1.0] * 10, 8, start=0.05, interval=2) == [0.05, 0.03, 0.03, 0.01, 0.01, 0, 0, 0]


def test_p_stays_within_its_bound():
    assert path_of_p([1.0] * 10, 3, start=0.78, interval=1) == [0.79, 0.8, 0.8]
    assert path_of_p([1.0] * 10, 3, start=0.98, interval=1, p_max=1.0) == [0.99, 1, 1]


@pytest.mark.parametrize(("positive", "p"), [(7, 0.09), (8, 0.1), (9, 0.11)])
def test_the_target_is_a_mean_sign_of_0_6_whatever_the_size_of_the_logits(positive, p):
    logits = [0.01] * positive + [-100.0] * (10 - positive)  # mean signs 0.4, 0.6, 0.8
    assert path_of_p(logits, 1, start=0.1, interval=1) == [p]


def test_the_interval_is_judged_as_a_whole():
    ada = AdaptiveAugmentation(speed=1000, interval=2)
    transform = transform_of(ada, p=0.5)
    for logits in (torch.ones(10), -torch.ones(10), torch.ones(20), torch.ones(10)):  # mean signs 0, then 1
        ada.adapt(transform, logits)
    assert transform.p.item() == pytest.approx(0.5 - 0.02 + 0.03)


def test_p_and_what_was_seen_survive_a_round_trip():
    ada = AdaptiveAugmentation(speed=1000)
    one, other = transform_of(ada, p=0.3), transform_of(ada, p=0.0)
    for _ in range(3):
        ada.adapt(one, torch.ones(10))
    other.load_state_dict(one.state_dict())
    for transform in (one, other):
        ada.adapt(transform, torch.ones(10))
    assert one.p.item() == other.p.item() == pytest.approx(0.34)
