"""Enforcers: closed forms of penalties, singular values against SVD, weights within their box."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from ganzoo.builtin.lipschitz import (
    DRAGAN,
    R1,
    R1R2,
    GradientPenalty,
    LipschitzPenalty,
    SpectralNorm,
    WeightClipping,
)
from ganzoo.layers import ConditionalBatchNorm, gradient_norm, interpolate
from ganzoo.training.gan import Combined

BATCHES = (1, 4, 64)


def critic_of_slope(slope: float):
    """A critic whose gradient has the norm `slope` at every sample: a unit vector, scaled."""
    direction = torch.randn(3, 8, 8)
    direction *= slope / direction.norm()
    return lambda x: (x * direction).flatten(1).sum(dim=1)


def batch_of(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(n, 3, 8, 8), torch.randn(n, 3, 8, 8)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("slope", [0.5, 1.0, 3.0])
def test_gradient_penalty_of_a_linear_critic_is_weight_times_slope_minus_one_squared(batch, slope):
    real, fake = batch_of(batch)
    penalty = GradientPenalty(weight=10.0).penalty(critic_of_slope(slope), real=real, fake=fake)
    assert penalty.item() == pytest.approx(10 * (slope - 1) ** 2, abs=1e-5)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize(("slope", "expected"), [(0.5, 0.0), (3.0, 40.0)])
def test_lipschitz_penalty_leaves_gentle_slopes_alone(batch, slope, expected):
    real, fake = batch_of(batch)
    penalty = LipschitzPenalty(weight=10.0).penalty(critic_of_slope(slope), real=real, fake=fake)
    assert penalty.item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("batch", BATCHES)
def test_dragan_penalises_the_slope_around_real_samples(batch):
    real, fake = batch_of(batch)
    penalty = DRAGAN(weight=10.0, slope=1.0).penalty(critic_of_slope(3.0), real=real, fake=fake)
    assert penalty.item() == pytest.approx(40.0, abs=1e-4)


def test_dragan_does_not_look_at_fakes():
    real, fake = batch_of(4)
    torch.manual_seed(0)
    one = DRAGAN().penalty(lambda x: x.square().flatten(1).sum(1), real=real, fake=fake)
    torch.manual_seed(0)
    assert torch.equal(one, DRAGAN().penalty(lambda x: x.square().flatten(1).sum(1), real=real, fake=fake * 100))


@pytest.mark.parametrize("batch", BATCHES)
def test_r1_of_a_linear_critic_is_half_gamma_times_slope_squared(batch):
    real, fake = batch_of(batch)
    assert R1(gamma=10.0).penalty(critic_of_slope(3.0), real=real, fake=fake).item() == pytest.approx(45.0, rel=1e-5)
    assert R1R2(gamma=10.0).penalty(critic_of_slope(3.0), real=real, fake=fake).item() == pytest.approx(90.0, rel=1e-5)


def test_r1_looks_at_reals_and_r1r2_at_both():
    def critic(x):
        return x.square().flatten(1).sum(dim=1) / 2  # its gradient at x is x

    real, fake = torch.full((2, 4), 0.5), torch.full((2, 4), 1.0)  # norms 1 and 2
    assert R1(gamma=2.0).penalty(critic, real=real, fake=fake).item() == pytest.approx(1.0)
    assert R1R2(gamma=2.0).penalty(critic, real=real, fake=fake).item() == pytest.approx(1.0 + 4.0)


def test_penalty_reaches_the_weights_of_the_critic():
    """d/dw of 10 (|w| - 1)^2 at w = 3 is 40."""
    w = torch.tensor([3.0], requires_grad=True)
    GradientPenalty(weight=10.0).penalty(
        lambda x: (x * w).sum(1), real=torch.ones(5, 1), fake=torch.zeros(5, 1)
    ).backward()
    assert w.grad.item() == pytest.approx(40.0, rel=1e-5)


def test_interpolates_lie_on_the_line_between_their_own_pair():
    real, fake = torch.ones(512, 2, 3), torch.zeros(512, 2, 3)
    x = interpolate(real, fake)
    assert (x == x[:, :1, :1]).all()  # one epsilon per sample
    assert x[:, 0, 0].unique().numel() > 500  # not one per batch
    assert 0 <= x.min() < 0.02 and 0.98 < x.max() <= 1
    assert x.mean().item() == pytest.approx(0.5, abs=0.05)


def test_gradient_norm_is_the_norm_per_sample():
    x = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    assert gradient_norm(lambda x: x.square().sum(1) / 2, x).tolist() == pytest.approx([5.0, 2.0])


def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 4), nn.Linear(4, 1))


def top_singular_value(weight: torch.Tensor) -> float:
    return torch.linalg.svdvals(weight.detach().flatten(1).double())[0].item()


def test_spectral_norm_makes_the_top_singular_value_one():
    torch.manual_seed(0)  # how fast power iterations converge depends on the weights
    constrained = SpectralNorm().constrain(network())
    for _ in range(200):  # one power iteration each
        constrained(torch.randn(2, 3, 8, 8))
    layers = [layer for layer in constrained if hasattr(layer, "weight")]
    assert len(layers) == 3
    for layer in layers:
        assert top_singular_value(layer.weight) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    "kind", ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
)
def test_spectral_norm_bounds_every_convolution(kind):
    layer = getattr(nn, kind)(3, 4, 2)
    outputs = int("Transpose" in kind)  # dimension of the weight that counts outputs: Eq. 8 is of (outputs, all others)
    SpectralNorm(power_iterations=100).constrain(layer)
    assert top_singular_value(layer.weight.movedim(outputs, 0)) == pytest.approx(1.0, abs=1e-3)


def test_spectral_norm_follows_a_weight_that_changes_and_stands_still_in_eval():
    layer = SpectralNorm().constrain(nn.Linear(6, 5))
    layer.parametrizations.weight.original.data *= torch.linspace(1, 5, 6)
    layer.eval()
    before = top_singular_value(layer.weight)
    assert top_singular_value(layer.weight) == before
    layer.train()
    for _ in range(200):
        _ = layer.weight
    assert top_singular_value(layer.weight) == pytest.approx(1.0, abs=1e-3)


class Upwards(nn.Module):
    """A trunk of G with a norm whose gains come from labels."""

    def __init__(self):
        super().__init__()
        self.norm, self.conv, self.last = ConditionalBatchNorm(3, 5), nn.ConvTranspose2d(3, 4, 2), nn.Linear(4, 2)


def test_spectral_norm_of_g_is_asked_for_and_leaves_the_gains_of_norms_free():
    plain, bounded = Upwards(), Upwards()
    SpectralNorm().constrain_generator(plain)
    SpectralNorm(generator=True, power_iterations=100).constrain_generator(bounded)
    assert not any(is_parametrized(layer) for layer in plain.modules())
    assert is_parametrized(bounded.conv) and is_parametrized(bounded.last)
    assert not is_parametrized(bounded.norm.modulate)
    assert top_singular_value(bounded.conv.weight.movedim(1, 0)) == pytest.approx(1.0, abs=1e-3)
    assert top_singular_value(bounded.last.weight) == pytest.approx(1.0, abs=1e-3)


def test_clipped_weights_stay_within_the_limit():
    clipped = network()
    WeightClipping(limit=0.01).project(clipped)
    largest = max(weight.abs().max().item() for weight in clipped.parameters())
    assert largest == pytest.approx(0.01)


def test_a_sum_constrains_penalises_and_projects():
    both = Combined([SpectralNorm(), GradientPenalty(weight=10.0), R1(gamma=2.0), WeightClipping(limit=0.5)])
    real, fake = batch_of(4)
    penalty = both.penalty(critic_of_slope(3.0), real=real, fake=fake)
    assert penalty.item() == pytest.approx(40.0 + 9.0, rel=1e-4)
    constrained = both.constrain(network())
    assert hasattr(constrained[0], "parametrizations")
    Combined([SpectralNorm(generator=True), R1()]).constrain_generator(constrained_too := network())
    assert hasattr(constrained_too[0], "parametrizations")
    both.project(constrained)
    assert max(weight.abs().max().item() for weight in constrained.parameters()) <= 0.5
    assert both.per_sample and not Combined([WeightClipping()]).per_sample
