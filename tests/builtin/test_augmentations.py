"""Augmentations: pixels moved by hand, colours against the paper's matrices, p's path, and runs that go on exactly."""

import math

import pytest
import torch
from torch.nn.functional import grid_sample, pad

from ganzoo.builtin.augmentations import AdaptiveAugmentation, DiffAugment
from ganzoo.builtin.augmentations.ada import mix_colours, product, rotation, scaling, translation
from ganzoo.builtin.augmentations.diffaug import change_colour, cut_out, translate
from ganzoo.builtin.augmentations.pixels import resample
from ganzoo.contracts import DataSpec
from ganzoo.errors import ConfigError
from ganzoo.settings.sections import Choice
from support.runs import ganzoo, log, state, train
from support.states import same
from support.trainings import interrupted_equals_whole
from support.zoo import ZOO

BOTH = [DiffAugment(), AdaptiveAugmentation()]
EVERYTHING = 1.0


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def images(n, channels=3, height=8, width=8, dtype=torch.float32):
    return 2 * torch.rand(n, channels, height, width, dtype=dtype) - 1


def transform_of(augmentation, shape=(3, 8, 8), p=EVERYTHING):
    transform = augmentation.transform(DataSpec(shape))
    if hasattr(transform, "p"):
        transform.p.fill_(p)
    return transform


def angles(*degrees):
    return torch.tensor([math.radians(angle) for angle in degrees])


# Moving pixels


@pytest.mark.parametrize("size", [7, 8])
def test_a_quarter_turn_is_rot90_bit_for_bit(size):
    x = images(4, height=size, width=size)
    turned = resample(x, rotation(angles(0, 90, 180, 270)).round())
    for n in range(4):
        assert torch.equal(turned[n], torch.rot90(x[n], n, (1, 2)))


def test_a_negative_factor_flips_bit_for_bit():
    x = images(2, width=6)
    one = torch.ones(2)
    assert torch.equal(resample(x, scaling(-one, one)), x.flip(3))


def test_whole_pixels_come_from_their_place_and_from_the_mirror_image_beyond_the_edge():
    x = torch.arange(4.0).reshape(1, 1, 1, 4).expand(1, 1, 2, 4)
    from_the_right = resample(x, translation(torch.tensor([2.0]), torch.tensor([0.0])))
    assert from_the_right[0, 0].tolist() == [[2, 3, 2, 1]] * 2


def test_between_two_pixels_lies_their_mean():
    x = torch.tensor([0.0, 1.0, 4.0, 9.0]).reshape(1, 1, 1, 4).expand(1, 1, 2, 4)
    half = resample(x, translation(torch.tensor([0.5]), torch.tensor([0.5])))
    assert half[0, 0].tolist() == [[0.5, 2.5, 6.5, 6.5]] * 2


def test_any_matrix_agrees_with_grid_sample():
    x, matrices = images(16, height=6, width=9), torch.eye(3) + 0.7 * torch.randn(16, 3, 3)
    matrices[:, :2, 2] *= 5
    down, along = torch.meshgrid(torch.arange(6) - 2.5, torch.arange(9) - 4.0, indexing="ij")
    places = torch.stack([along, down, torch.ones(6, 9)], dim=-1)  # in [-1, 1] below, where -1 and 1 are outer pixels
    grid = torch.einsum("nij,hwj->nhwi", matrices[:, :2], places) / torch.tensor([4.0, 2.5])
    expected = grid_sample(x, grid, padding_mode="reflection", align_corners=True)
    torch.testing.assert_close(resample(x, matrices), expected, atol=1e-4, rtol=0)


def test_products_are_matrix_products():
    a, b = torch.randn(2, 5, 3, 3)
    torch.testing.assert_close(product(a, b), a @ b)


def test_a_rotation_and_its_inverse_leave_a_matrix_of_one():
    there, back = rotation(angles(25, 130)), rotation(angles(-25, -130))
    torch.testing.assert_close(product(there, back), torch.eye(3).expand(2, 3, 3))


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
    # a luma flip that is chosen happens half the time; each of the four others always changes a colour image


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


# diffaug


def test_translation_gives_each_shift_of_the_image_within_zeros_as_often():
    x = images(1, 1, 16, 8)
    moved = translate(x.expand(9_000, 1, 16, 8))
    around = pad(x, (1, 1, 2, 2))
    every = torch.cat([around[:, :, i : i + 16, j : j + 8] for i in range(5) for j in range(3)])  # up to 1/8 each way
    which = (moved[:, None] == every[None]).all(dim=(2, 3, 4))
    assert which.sum(1).eq(1).all()
    assert which.float().mean(0).tolist() == pytest.approx([1 / 15] * 15, abs=0.01)


def test_cutout_is_a_box_of_half_the_sides_with_its_centre_anywhere():
    cut = cut_out(torch.ones(20_000, 1, 8, 8))[:, 0] == 0
    rows, columns = cut.any(2), cut.any(1)
    assert torch.equal(cut, rows[:, :, None] & columns[:, None, :])
    height = rows.sum(1)
    assert set(height.tolist()) == {2, 3, 4}
    assert height.float().mean().item() == pytest.approx((4 * 5 + 2 * 3 + 2 * 2) / 9, abs=0.02)  # nine places
    assert rows.float().mean(0).tolist() == pytest.approx([3 / 9, *[4 / 9] * 6, 3 / 9], abs=0.015)


def test_brightness_is_added_between_minus_and_plus_a_half():
    x = change_colour(torch.zeros(20_000, 3, 2, 2))
    torch.testing.assert_close(x, x[:, :1, :1, :1].expand_as(x))
    x = x[:, 0, 0, 0]
    assert (x.min().item(), x.max().item()) == pytest.approx((-0.5, 0.5), abs=0.001)
    assert (x.mean().item(), x.std().item()) == pytest.approx((0, 1 / math.sqrt(12)), abs=0.01)


def test_contrast_of_a_grey_image_is_halved_at_least_and_half_again_at_most():
    x = torch.tensor([-0.5, 0.5]).reshape(1, 1, 1, 2).repeat(20_000, 1, 1, 1)
    left, right = change_colour(x).flatten(1).unbind(1)
    factor = right - left  # saturation does nothing, brightness moves both
    assert (factor.min().item(), factor.max().item()) == pytest.approx((0.5, 1.5), abs=0.001)
    assert factor.mean().item() == pytest.approx(1.0, abs=0.01)


def test_saturation_is_nothing_at_least_and_double_at_most():
    x = torch.tensor([0.5, -0.5]).reshape(1, 2, 1, 1).repeat(20_000, 1, 1, 1)
    first, second = change_colour(x).flatten(1).unbind(1)
    factor = first - second  # saturation in [0, 2] times contrast in [0.5, 1.5], which are independent
    assert (factor.mean().item(), factor.min().item()) == pytest.approx((1.0, 0.0), abs=0.015)
    assert factor.square().mean().item() == pytest.approx((1 + 1 / 3) * (1 + 1 / 12), rel=0.03)


def test_a_policy_has_only_the_parts_that_it_names():
    x = torch.ones(64, 1, 8, 8)
    assert set(transform_of(DiffAugment(policy="cutout"), (1, 8, 8))(x).flatten().tolist()) == {0.0, 1.0}
    edges = transform_of(DiffAugment(policy="translation"), (1, 8, 8))(x)
    assert edges[:, :, 1:-1, 1:-1].eq(1).all() and edges.eq(0).any()


# Both


@pytest.mark.parametrize("augmentation", BOTH, ids=lambda a: type(a).__name__)
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_types_and_memory_order_are_kept(augmentation, channels):
    shape = (channels, 12, 8)
    x = images(6, *shape).to(memory_format=torch.channels_last)
    changed = transform_of(augmentation, shape)(x)
    assert (changed.shape, changed.dtype) == (x.shape, torch.float32)
    assert changed.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("augmentation", BOTH, ids=lambda a: type(a).__name__)
def test_each_sample_is_drawn_for_itself_and_the_same_seed_draws_the_same(augmentation):
    transform, x = transform_of(augmentation), images(1).repeat(8, 1, 1, 1)
    torch.manual_seed(3)
    first = transform(x)
    torch.manual_seed(3)
    assert torch.equal(transform(x), first)
    assert len({tuple(sample.flatten().tolist()) for sample in first}) == 8
    assert not torch.equal(transform(x), first)


@pytest.mark.parametrize("augmentation", BOTH, ids=lambda a: type(a).__name__)
def test_a_sample_depends_on_itself_alone(augmentation):
    x = images(4).requires_grad_()
    (gradient,) = torch.autograd.grad(transform_of(augmentation)(x)[1].sum(), x)
    assert gradient[1].any() and not gradient[[0, 2, 3]].any()


@pytest.mark.parametrize("augmentation", BOTH, ids=lambda a: type(a).__name__)
def test_gradients_and_gradients_of_gradients_are_those_of_finite_differences(augmentation):
    transform = transform_of(augmentation, (3, 3, 4))
    x = images(1, 3, 3, 4, dtype=torch.float64).requires_grad_()

    def same_draw(x):
        torch.manual_seed(5)
        return transform(x).tanh()  # curved, so that second gradients are not all zero

    assert torch.autograd.gradcheck(same_draw, x)
    assert torch.autograd.gradgradcheck(same_draw, x)


@pytest.mark.parametrize("augmentation", BOTH, ids=lambda a: type(a).__name__)
def test_what_is_drawn_does_not_depend_on_the_samples(augmentation):
    """With its draw fixed each is affine, so that T(a) + T(b) = T(a + b) + T(0), whatever is real or generated."""
    transform, (a, b) = transform_of(augmentation), (images(16), images(16))

    def same_draw(x):
        torch.manual_seed(7)
        return transform(x)

    together = same_draw(a + b) + same_draw(torch.zeros_like(a))
    torch.testing.assert_close(same_draw(a) + same_draw(b), together, atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("augmentation", BOTH, ids=lambda a: type(a).__name__)
def test_autocast_rounds_no_pixel(augmentation):
    transform, x = transform_of(augmentation), images(4)
    torch.manual_seed(1)
    exact = transform(x)
    torch.manual_seed(1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(transform(x), exact)


@pytest.mark.parametrize("augmentation", BOTH, ids=lambda a: type(a).__name__)
def test_nothing_waits_for_a_value(augmentation):
    """A meta tensor has none, and raises where one is asked for: what a CUDA graph could not record."""
    transform = transform_of(augmentation).to("meta")
    assert transform(torch.empty(4, 3, 8, 8, device="meta")).shape == (4, 3, 8, 8)
    augmentation.adapt(transform, torch.empty(4, device="meta"))


@pytest.mark.parametrize("augmentation", BOTH, ids=lambda a: type(a).__name__)
@pytest.mark.parametrize("shape", [(2,), (3, 8), (1, 1, 8)])
def test_what_is_no_image_is_refused(augmentation, shape):
    with pytest.raises(ConfigError, match="changes images"):
        augmentation.transform(DataSpec(shape))


def test_options_out_of_range_are_refused_in_words():
    with pytest.raises(ConfigError, match="Did you mean 'color'"):
        ZOO.create("augment", Choice("diffaug", {"policy": "colour,cutout"}))
    with pytest.raises(ConfigError, match=r"augment\.pipeline"):
        ZOO.create("augment", Choice("ada", {"pipeline": "cgb"}))
    with pytest.raises(ConfigError, match="changes colours of 3 channels, or 1; samples have 4"):
        AdaptiveAugmentation().transform(DataSpec((4, 8, 8)))
    assert AdaptiveAugmentation(pipeline="bg").transform(DataSpec((4, 8, 8))).p == 0


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


# In a run

ADA = ["--augment=ada", "--set=augment.interval=3", "--set=augment.target=-0.99", "--set=augment.speed=100"]
WORDS = [*ADA, "--lipschitz=gp", "--set=train.log_every=1"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Eight steps in which p rises at each third update of D."""
    train(out := tmp_path_factory.mktemp("whole") / "run", *WORDS, steps=8)
    return out


def test_a_run_that_was_continued_amidst_an_interval_is_the_one_that_was_not(whole, tmp_path):
    train(tmp_path / "run", *WORDS, steps=4)
    assert state(tmp_path / "run")["transform"]["seen"].any()
    ganzoo("resume", tmp_path / "run", "--steps", 8)
    assert same(state(whole), state(tmp_path / "run"))
    assert log(whole) == log(tmp_path / "run")


def test_the_log_has_p_and_the_checkpoint_its_state(whole):
    path = [record["augment/p"] for record in log(whole)]
    updates = [record["images"] // 8 for record in log(whole)]
    assert path == pytest.approx([min(0.8, 0.24 * (count // 3)) for count in updates], abs=1e-6)
    assert state(whole)["transform"]["p"].item() == pytest.approx(path[-1]) and path[-1] > 0.2


def test_a_run_with_diffaug_goes_on_exactly(tmp_path):
    assert interrupted_equals_whole(tmp_path, 2, augment="diffaug", lipschitz="gp")
