"""What both augmentations share, and runs with them that go on exactly."""

import pytest
import torch

from ganzoo.builtin.augmentations import AdaptiveAugmentation, DiffAugment
from ganzoo.contracts import DataSpec
from ganzoo.errors import ConfigError
from ganzoo.settings.sections import Choice
from support.runs import ganzoo, log, state, train
from support.states import same
from support.trainings import interrupted_equals_whole
from support.transforms import images, transform_of
from support.zoo import ZOO

BOTH = [DiffAugment(), AdaptiveAugmentation()]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


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
    with pytest.raises(ConfigError, match="changes colours, of 1 or 3 channels; samples have 4"):
        AdaptiveAugmentation().transform(DataSpec((4, 8, 8)))
    assert AdaptiveAugmentation(pipeline="bg").transform(DataSpec((4, 8, 8))).p == 0


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
