import pytest
import torch
from ganzoo_stylegan2 import StyleGAN2
from ganzoo_stylegan2.discriminator import Block, MinibatchDeviation

from ganzoo import ConfigError, DataSpec

DATA = DataSpec((1, 16, 16), 1)


def gradient_on_the_batch(discriminator, n=4):
    """How the features of sample 0 move with each sample: (N,)."""
    torch.manual_seed(0)
    x = torch.randn(n, 1, 16, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(discriminator(x)[0].sum(), x)
    return gradient.abs().sum(dim=(1, 2, 3))


def test_the_deviation_of_a_group_is_appended_as_a_map():
    x = torch.tensor([0.0, 7.0, 2.0, 7.0]).reshape(4, 1, 1, 1).expand(4, 1, 2, 2)
    out = MinibatchDeviation(group=2)(x)  # samples 0 and 2 are a group, 1 and 3 another
    assert out.shape == (4, 2, 2, 2) and torch.equal(out[:, :1], x)
    assert out[:, 1, 0, 0].tolist() == pytest.approx([1.0, 1e-4, 1.0, 1e-4], rel=1e-3)


def test_the_deviation_is_averaged_over_all_values():
    x = torch.zeros(2, 2, 1, 2)
    x[1, 0, 0] = torch.tensor([2.0, 6.0])  # deviations 1, 3, 0, 0
    assert MinibatchDeviation(group=4)(x)[:, 2].flatten().tolist() == pytest.approx([1.0] * 4, rel=1e-3)


@pytest.mark.parametrize(("n", "group", "size"), [(6, 4, 3), (7, 4, 1), (8, 4, 4), (2, 4, 2)])
def test_groups_divide_the_batch(n, group, size):
    x = torch.randn(n, 3, 4, 4)
    expected = x[:: n // size].var(dim=0, correction=0).add(1e-8).sqrt().mean()
    assert MinibatchDeviation(group)(x)[0, 3, 0, 0].item() == pytest.approx(expected.item(), rel=1e-4)


def test_a_feature_depends_on_its_sample_alone_where_that_is_asked_for():
    alone = gradient_on_the_batch(StyleGAN2().discriminator(DATA, per_sample=True))
    assert alone[0] > 0 and (alone[1:] == 0).all()


@pytest.mark.parametrize(("choice", "mixes"), [("auto", True), ("on", True), ("off", False)])
def test_elsewhere_it_depends_on_its_group_unless_that_is_off(choice, mixes):
    moved = gradient_on_the_batch(StyleGAN2(minibatch_std=choice).discriminator(DATA, per_sample=False))
    assert (moved[1:] > 0).all() if mixes else (moved[1:] == 0).all()


def test_a_group_under_a_per_sample_enforcer_is_refused():
    with pytest.raises(ConfigError, match="each logit depend on its group") as refusal:
        StyleGAN2(minibatch_std="on").discriminator(DATA, per_sample=True)
    assert refusal.value.where == "model.minibatch_std = on"
    assert refusal.value.hint == "--set model.minibatch_std=auto, or --lipschitz none"


def test_features_have_length_one_whatever_their_number():
    torch.manual_seed(0)
    for most in (8, 64):
        discriminator = StyleGAN2(channel_max=most).discriminator(DATA, per_sample=True)
        features = discriminator(torch.randn(32, 1, 1, 1).expand(-1, -1, 16, 16))  # noise would be blurred away
        assert features.shape == (32, most) and discriminator.feature_dim == most
        assert 0.3 < features.square().sum(dim=1).mean().item() < 3


def test_without_its_convolutions_a_block_is_half_the_power_of_its_shortcut():
    block, x = Block(1, 1), torch.full((1, 1, 8, 8), 3.0)
    torch.nn.init.zeros_(block.conv1.weight)
    torch.nn.init.ones_(block.shortcut.weight)
    assert torch.allclose(block(x)[0, 0, 1:3, 1:3], torch.tensor(3 / 2**0.5))  # away from the edges


def test_label_maps_are_channels_of_the_input():
    discriminator = StyleGAN2(channel_max=24).discriminator(DataSpec((11, 16, 16), 10), per_sample=True)
    assert discriminator(torch.randn(2, 11, 16, 16)).shape == (2, 24)
