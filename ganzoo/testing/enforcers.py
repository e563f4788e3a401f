"""Checks of Lipschitz enforcers at their three moments: building, each loss, each step."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from ganzoo.contracts import Critic, LipschitzEnforcer, Verdict, overrides
from ganzoo.errors import ConfigError
from ganzoo.testing.expectations import ConformanceError, Unchecked, expect, expect_tensor, refusal
from ganzoo.testing.networks import expect_safe_state
from ganzoo.testing.subjects import Subject

SHAPE = (1, 8, 8)
DRAWS = 8
"""Penalties whose mean is compared, since a penalty may draw points and directions."""


class _Discriminator(nn.Module):
    """(x (N, 1, 8, 8), y (N,)) -> Verdict, without norms and blind to labels."""

    def __init__(self) -> None:
        super().__init__()
        features = (nn.Conv2d(1, 3, 3, padding=1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(192, 4))
        self.layers = nn.Sequential(*features, nn.LeakyReLU(0.2), nn.Linear(4, 1))

    def forward(self, x: Tensor, y: Tensor) -> Verdict:
        """Return the logits (N,) of samples."""
        return Verdict(self.layers(x).squeeze(1))


def _logits(network: nn.Module) -> Tensor:
    """Return the logits (4,) of four samples that are always the same."""
    x = torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(2))
    logits: Tensor = network(x, torch.zeros(4, dtype=torch.long)).logits
    return logits


def _constrained(subject: Subject) -> nn.Module:
    try:
        network: nn.Module = subject.make().constrain(_Discriminator())
    except ConfigError as error:
        raise refusal(error) from error
    return network


def _require(subject: Subject, moment: str) -> None:
    if not overrides(subject.component, moment, LipschitzEnforcer):
        raise Unchecked(f"it has no {moment}")


def _batches() -> tuple[Tensor, Tensor]:
    return torch.rand(6, *SHAPE) * 2 - 1, torch.rand(6, *SHAPE) * 2 - 1


def _steep(weight: Tensor) -> Critic:
    """Return a quadratic critic, whose slope is not 0 and varies."""
    return lambda x: (x * weight).flatten(1).sum(dim=1) + 2 * x.square().flatten(1).sum(dim=1)


def penalty_is_a_scalar_of_at_least_zero(subject: Subject) -> None:
    """The penalty is a scalar of at least 0, also of a batch of 1."""
    real, fake = _batches()
    for n in (1, 6):
        value = subject.make().penalty(_steep(torch.randn(SHAPE)), real=real[:n], fake=fake[:n])
        expect_tensor(value, (), f"the penalty of a batch of {n}", hint="return the mean over the batch")
        expect(value.item() >= 0, "a penalty of at least 0", came=f"{value.item():g}", hint="squares, or relu")


def samples_stay_as_they_were(subject: Subject) -> None:
    """The penalty changes no sample in place, since other enforcers and the loss read the same ones."""
    real, fake = _batches()
    before = real.clone(), fake.clone()
    _require(subject, "penalty")
    subject.make().penalty(_steep(torch.randn(SHAPE)), real=real, fake=fake)
    kept = torch.equal(real, before[0]) and torch.equal(fake, before[1])
    kept = kept and not (real.requires_grad or fake.requires_grad)
    hint = "x = real.clone().requires_grad_(True), and then x"
    expect(kept, "samples that stay as they were", came="a change in place", hint=hint)


def penalty_reaches_the_weights_of_the_critic(subject: Subject) -> None:
    """The penalty has a gradient by the critic's weights, though it is itself made of one by the samples."""
    _require(subject, "penalty")
    critic, weights = _weighted_critic(subject)
    real, fake = _batches()
    value = subject.make().penalty(critic, real=real, fake=fake)
    hint = "torch.autograd.grad(..., create_graph=True), or ganzoo.gradient_norm"
    expect(value.requires_grad, "a gradient of the penalty", came="none", hint=hint)
    gradients = torch.autograd.grad(value, weights, allow_unused=True, materialize_grads=True)
    for weight, gradient in zip(weights, gradients, strict=True):
        expect_tensor(gradient, tuple(weight.shape), "the gradient of the penalty by the critic's weights", hint=hint)
    moves = any(bool((gradient != 0).any()) for gradient in gradients)
    expect(moves, "a gradient by the critic's weights", came="0 everywhere", hint=hint)


def _weighted_critic(subject: Subject) -> tuple[Critic, list[Tensor]]:
    """Return a critic and its weights; of the constrained D where a penalty may count on what `constrain` put there."""
    if not overrides(subject.component, "constrain", LipschitzEnforcer):
        weight = torch.randn(SHAPE, requires_grad=True)
        return _steep(weight), [weight]
    network = _constrained(subject)
    return lambda x: network(x, torch.zeros(len(x), dtype=torch.long)).logits, list(network.parameters())


def penalty_of_a_flat_critic_has_finite_gradients(subject: Subject) -> None:
    """Gradients are finite where the slope is exactly 0, as it may be at the start of a run."""
    _require(subject, "penalty")
    weight, (real, fake) = torch.zeros(SHAPE, requires_grad=True), _batches()
    value = subject.make().penalty(lambda x: (x * weight).flatten(1).sum(dim=1), real=real, fake=fake)
    expect_tensor(value, (), "the penalty of a flat critic", hint="an eps in the root")
    if value.requires_grad:
        (gradient,) = torch.autograd.grad(value, weight, allow_unused=True, materialize_grads=True)
        expect_tensor(gradient, SHAPE, "its gradient", hint="Tensor.norm, whose gradient at 0 is 0, not sqrt")


def penalty_of_a_linear_critic_depends_on_its_slope_alone(subject: Subject) -> None:
    """The slope of f(x) = w.x is |w| everywhere, so the direction of w matters only to another norm than ||.||_2."""
    _require(subject, "penalty")
    if not subject.make().target_slopes():
        raise Unchecked("target_slopes states no slope ||dD/dx||_2, so the penalty may be about another norm")
    for slope in (0.5, 3.0):
        one, other = (_linear_penalties(subject, _direction(slope), 6) for _ in range(2))
        hint = "gradient.flatten(1).norm(dim=1) per sample; for another norm, {} from target_slopes"
        _expect_close(one, other, f"one penalty of all w with ||w||_2 = {slope:g}", hint)


def penalty_of_a_linear_critic_is_a_mean_over_the_batch(subject: Subject) -> None:
    """The slope of f(x) = w.x is the same at each sample, so batches of 1 and of 6 have the same penalty."""
    _require(subject, "penalty")
    if not _differentiates(subject):
        raise Unchecked("it does not differentiate the critic")
    for slope in (0.5, 3.0):
        w = _direction(slope)
        one, other = (_linear_penalties(subject, w, n) for n in (1, 6))
        hint = "the norm per sample, gradient.flatten(1).norm(dim=1), and then the mean over the batch"
        _expect_close(one, other, f"one penalty of batches of 1 and 6 for ||w||_2 = {slope:g}", hint)


def _expect_close(one: Tensor, other: Tensor, expected: str, hint: str) -> None:
    """Check that penalties (DRAWS,) have means that are equal, but for what their random draws explain."""
    error = (one.var() / len(one) + other.var() / len(other)).sqrt()
    far = abs(one.mean() - other.mean()) > 5 * error + 1e-3 * max(1e-3, float(one.mean()), float(other.mean()))
    expect(not far, expected, came=f"{one.mean():g} and {other.mean():g}", hint=hint)


def _direction(slope: float) -> Tensor:
    """Return weights of a random direction, of the norm `slope`."""
    w = torch.randn(SHAPE)
    return w.mul(slope / w.norm().item())


def _linear_penalties(subject: Subject, w: Tensor, n: int) -> Tensor:
    """Return penalties (DRAWS,) of the critic w.x on n samples, each with a batch and random numbers of its own."""
    w, enforcer = w.clone().requires_grad_(True), subject.make()
    penalties = torch.zeros(DRAWS)
    for draw in range(DRAWS):
        real, fake = _batches()
        penalties[draw] = enforcer.penalty(_linear(w), real=real[:n], fake=fake[:n]).detach()
    return penalties


def _linear(w: Tensor) -> Critic:
    return lambda x: (x * w).flatten(1).sum(dim=1)


def penalty_is_least_at_the_slope_it_pulls_to(subject: Subject) -> None:
    """Try a linear critic, whose slope is the same everywhere: a diagnosis compares slopes with this target."""
    targets = subject.make().target_slopes()
    kept = isinstance(targets, Mapping) and targets.keys() <= {"real", "fake", "between"}
    kept = kept and all(isinstance(slope, float | int) and 0 <= slope < math.inf for slope in targets.values())
    hint = 'return {"between": 1.0}, {"real": 0.0}, or {} where it pulls to no slope'
    expect(kept, 'target slopes of at least 0 at "real", "fake" or "between"', came=targets, hint=hint)
    if len({*targets.values()}) != 1:
        raise Unchecked("it pulls to no slope, or to several")
    (target,) = {*targets.values()}
    least = float(_linear_penalties(subject, _direction(target), 6).mean())
    for other in {target / 2, target + 1} - {target}:
        penalty = float(_linear_penalties(subject, _direction(other), 6).mean())
        came = f"{least:g} there, and {penalty:g} at {other:g}"
        expect(least < penalty, f"the least penalty at a slope of {target:g}", came=came, hint=hint)


def _differentiates(subject: Subject) -> bool:
    """Return whether the penalty asks for the gradient of the critic by its samples."""
    asked = []

    def critic(x: Tensor) -> Tensor:
        asked.append(x.requires_grad)
        return x.square().flatten(1).sum(dim=1)

    real, fake = _batches()
    subject.make().penalty(critic, real=real, fake=fake)
    return any(asked)


def per_sample_is_said_where_the_critic_is_differentiated(subject: Subject) -> None:
    """A penalty on slopes sets per_sample: else D may mix samples, and the slope is not that of one of them."""
    needed, said = _differentiates(subject), subject.component.per_sample  # type: ignore[attr-defined]
    expect(said or not needed, "per_sample = True", came="False", hint="per_sample = True in the class")


def project_done_twice_is_project_done_once(subject: Subject) -> None:
    """A projection moves weights to the nearest allowed ones, and moves allowed ones nowhere."""
    _require(subject, "project")
    enforcer, network = subject.make(), _constrained(subject)
    weights = list(network.parameters())
    enforcer.project(network)
    once = [weight.detach().clone() for weight in weights]
    enforcer.project(network)
    in_place = all(a is b for a, b in zip(weights, network.parameters(), strict=True))
    expect(
        in_place, "weights changed in place", came="other parameters", hint="weight.clamp_(...) under torch.no_grad()"
    )
    stays = all(torch.allclose(a, b, atol=1e-6) for a, b in zip(once, weights, strict=True))
    expect(stays, "a second projection that changes nothing", came="other weights", hint="clamp, or divide by a norm")


def project_moves_weights_to_the_limit_it_states(subject: Subject) -> None:
    """Project weights far above the limit: a diagnosis counts those that lie at it."""
    enforcer = subject.make()
    limit, hint = enforcer.weight_limit(), "return the bound of clamp_, or None where no weight has a bound"
    if limit is None:
        raise Unchecked("it limits no weight")
    expect(isinstance(limit, float | int) and 0 < limit < math.inf, "a limit above 0", came=limit, hint=hint)
    network = _constrained(subject)
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(4 * limit * torch.randn_like(weight))
    enforcer.project(network)
    largest = max(float(weight.detach().abs().max()) for weight in network.parameters())
    reached = math.isclose(largest, limit, rel_tol=1e-3)
    expect(reached, f"weights of up to {limit:g} after project", came=f"up to {largest:g}", hint=hint)


def constrained_discriminator_judges_as_before(subject: Subject) -> None:
    """A constrained D gives finite logits of the same shape, trains and can be copied."""
    _require(subject, "constrain")
    network = _constrained(subject)
    if not isinstance(network, nn.Module):
        raise ConformanceError("constrain to return the module", came=str(network), hint="return discriminator")
    logits = expect_tensor(_logits(network), (4,), "logits of the constrained discriminator", hint="keep its layers")
    logits.sum().backward()  # type: ignore[no-untyped-call]
    reached = all(weight.grad is not None for weight in network.parameters() if weight.requires_grad)
    expect(reached, "a gradient of every weight", came="some have none", hint="torch.nn.utils.parametrize")
    _logits(copy.deepcopy(network))


def constrained_generator_makes_samples_as_before(subject: Subject) -> None:
    """A constrained G gives finite samples of the same shape, and its state dict holds all that is remembered."""
    _require(subject, "constrain_generator")

    def constrained() -> nn.Module:
        network = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2), nn.Tanh())
        subject.make().constrain_generator(network)
        return network

    def call(network: nn.Module) -> Tensor:
        samples: Tensor = network(torch.randn(4, 3, generator=torch.Generator().manual_seed(2)))
        return samples

    expect_tensor(call(constrained()), (4, 2), "samples of the constrained generator", hint="keep its layers")
    expect_safe_state(constrained, call, "the constrained generator")


def constrained_state_loads_safely_and_exactly(subject: Subject) -> None:
    """The state dict holds all that the constraint remembers."""
    _require(subject, "constrain")
    expect_safe_state(lambda: _constrained(subject), _logits, "the constrained discriminator")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    penalty_is_a_scalar_of_at_least_zero,
    samples_stay_as_they_were,
    penalty_reaches_the_weights_of_the_critic,
    penalty_of_a_flat_critic_has_finite_gradients,
    penalty_of_a_linear_critic_is_a_mean_over_the_batch,
    penalty_of_a_linear_critic_depends_on_its_slope_alone,
    penalty_is_least_at_the_slope_it_pulls_to,
    per_sample_is_said_where_the_critic_is_differentiated,
    project_done_twice_is_project_done_once,
    project_moves_weights_to_the_limit_it_states,
    constrained_discriminator_judges_as_before,
    constrained_generator_makes_samples_as_before,
    constrained_state_loads_safely_and_exactly,
)
