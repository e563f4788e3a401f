"""Checks of losses: scalars with gradient, the right sign for each player, and true flags."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo.contracts import AdversarialLoss
from ganzoo.testing.expectations import ConformanceError, Unchecked, expect, expect_tensor
from ganzoo.testing.subjects import Subject

SIGN = "higher logits mean more real, for every loss: -D(x).mean() falls when D(x) rises"


def _logits(*values: float) -> Tensor:
    return torch.tensor(values, requires_grad=True)


def _generator_loss(loss: AdversarialLoss, fake: Tensor, real: Tensor) -> Tensor:
    """Return G's loss as a step computes it. Raises ConformanceError if it needs real logits and does not say so."""
    if loss.relativistic:
        return loss.generator_loss(fake=fake, real=real)
    try:
        return loss.generator_loss(fake=fake)
    except Exception as error:
        if not _works(lambda: loss.generator_loss(fake=fake, real=real)):
            raise  # real logits are not what it lacks
        came, hint = f"{type(error).__name__}: {error}", "relativistic = True in the class: only then it gets real"
        raise ConformanceError("a generator_loss that works without real", came=came, hint=hint) from error


def _works(call: Callable[[], object]) -> bool:
    try:
        call()
    except Exception:  # a loss may raise anything
        return False
    return True


def _slope(value: Tensor, logits: Tensor) -> Tensor:
    """Return the derivative of a loss by logits (N,); 0 for logits that it does not read."""
    (gradient,) = torch.autograd.grad(value, logits, allow_unused=True, materialize_grads=True)
    return gradient


def losses_are_scalars_with_finite_gradients(subject: Subject) -> None:
    """Both losses of batches of 1, 2 and 7 are finite float32 scalars, with finite gradients by the logits."""
    loss = subject.make()
    for n in (1, 2, 7):
        real, fake = (torch.randn(n, requires_grad=True) for _ in range(2))
        of_both = {
            "discriminator_loss": (loss.discriminator_loss(real=real, fake=fake), (real, fake)),
            "generator_loss": (_generator_loss(loss, fake, real), (fake,)),
        }
        for name, (value, logits) in of_both.items():
            expect_tensor(value, (), f"{name} of a batch of {n}", hint="return the mean over the batch")
            expect(value.requires_grad, f"a gradient of {name}", came="none", hint="no detach(), no item() on the way")
            for each in logits:
                expect_tensor(_slope_kept(value, each), (n,), f"the gradient of {name}", hint="a form that is smooth")


def _slope_kept(value: Tensor, logits: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(value, logits, retain_graph=True, allow_unused=True, materialize_grads=True)
    return gradient


def losses_are_means_over_the_batch(subject: Subject) -> None:
    """A batch that is given twice moves networks as the batch does: ranks and parts of a batch average gradients."""
    loss = subject.make()
    real, fake, before = torch.randn(4), torch.randn(4), torch.get_rng_state()
    _discriminator_loss(loss, fake, real)
    _generator_loss(loss, fake, real)
    if not torch.equal(before, torch.get_rng_state()):
        raise Unchecked("it draws random numbers")
    for name, compute in (("discriminator_loss", _discriminator_loss), ("generator_loss", _generator_loss)):
        once, twice = (_slopes(loss, compute, real.repeat(n), fake.repeat(n)) for n in (1, 2))
        summed = torch.stack(twice.chunk(2, dim=1)).sum(dim=0)  # over both copies of a logit
        same = torch.allclose(once, summed, rtol=1e-3, atol=1e-6)
        came, hint = f"{once.tolist()} and {summed.tolist()}", "mean() over the batch, not sum()"
        expect(same, f"the gradient of {name} of a batch and of the batch twice to be the same", came=came, hint=hint)


def _discriminator_loss(loss: AdversarialLoss, fake: Tensor, real: Tensor) -> Tensor:
    return loss.discriminator_loss(real=real, fake=fake)


def _slopes(
    loss: AdversarialLoss, compute: Callable[[AdversarialLoss, Tensor, Tensor], Tensor], real: Tensor, fake: Tensor
) -> Tensor:
    """Return the derivatives of a loss by real and fake logits (N,): (2, N)."""
    both = torch.stack([real, fake]).requires_grad_(True)
    return _slope(compute(loss, both[1], both[0]), both)


def _falls(slopes: Tensor) -> bool:
    """Return whether no slope is above 0, and at least one is below."""
    return bool((slopes <= 0).all() and (slopes < 0).any())


def discriminator_loss_falls_when_real_logits_rise(subject: Subject) -> None:
    """D's loss falls when real logits rise towards 0."""
    loss, real, fake = subject.make(), _logits(-0.5, -0.25, 0.0), _logits(0.0, 0.0, 0.0)
    slopes = _slope(loss.discriminator_loss(real=real, fake=fake), real)
    expect(_falls(slopes), "D's loss to fall when real logits rise", came=f"slopes {slopes.tolist()}", hint=SIGN)


def discriminator_loss_falls_when_fake_logits_fall(subject: Subject) -> None:
    """D's loss falls when fake logits fall from 0.5 towards 0."""
    loss, real, fake = subject.make(), _logits(0.0, 0.0, 0.0), _logits(0.1, 0.25, 0.5)
    slopes = _slope(loss.discriminator_loss(real=real, fake=fake), fake)
    expect(_falls(-slopes), "D's loss to fall when fake logits fall", came=f"slopes {slopes.tolist()}", hint=SIGN)


def generator_loss_falls_when_fake_logits_rise(subject: Subject) -> None:
    """G's loss falls when fake logits rise from -0.5 towards 0."""
    loss, real, fake = subject.make(), _logits(0.0, 0.0, 0.0), _logits(-0.5, -0.25, -0.1)
    slopes = _slope(_generator_loss(loss, fake, real), fake)
    expect(_falls(slopes), "G's loss to fall when fake logits rise", came=f"slopes {slopes.tolist()}", hint=SIGN)


def relativistic_says_whether_generator_loss_reads_real(subject: Subject) -> None:
    """`relativistic` is true if G's loss reads real logits, which are computed in its update only then."""
    loss, fake = subject.make(), _logits(-0.5, 0.25, 1.0)
    if not loss.relativistic:
        real = _logits(-1.0, 0.0, 2.0)
        values = [_generator_loss(loss, fake, real), loss.generator_loss(fake=fake, real=real)]
        same = torch.equal(*values)
        expect(same, "G's loss not to read real", came="a value that real changes", hint="relativistic = True")
        return
    values = [loss.generator_loss(fake=fake, real=torch.full((3,), level)) for level in (-1.0, 1.0)]
    moved = not torch.equal(*values)
    expect(moved, "G's loss to read real", came="the same value for other reals", hint="relativistic = False")


def unbounded_says_whether_its_gain_has_no_end(subject: Subject) -> None:
    """`unbounded` is true if D's loss falls without end as logits grow apart: such a loss needs an enforcer."""
    loss = subject.make()
    near, far = (float(loss.discriminator_loss(real=torch.tensor([a]), fake=torch.tensor([-a]))) for a in (1e2, 1e4))
    gains = far < near - 1
    expected = f"unbounded = {gains}, since D's loss goes from {near:g} to {far:g} as logits part from 100 to 10,000"
    expect(loss.unbounded == gains, expected, came=f"unbounded = {loss.unbounded}", hint=f"unbounded = {gains}")


def logits_are_keyword_only(subject: Subject) -> None:
    """`real=` and `fake=` are keyword-only, so that nobody swaps them by accident."""
    for name in ("discriminator_loss", "generator_loss"):
        parameters = inspect.signature(getattr(subject.component, name)).parameters
        by_position = [
            key for key in ("real", "fake") if key not in parameters or not _is_keyword_only(parameters[key])
        ]
        signature = f"{name}({', '.join(map(str, parameters.values()))})"
        hint = "def discriminator_loss(self, *, real, fake) and def generator_loss(self, *, fake, real=None)"
        expect(not by_position, f"keyword-only real and fake in {name}", came=signature, hint=hint)


def _is_keyword_only(parameter: inspect.Parameter) -> bool:
    return parameter.kind is inspect.Parameter.KEYWORD_ONLY


def logits_stay_as_they_were(subject: Subject) -> None:
    """A loss changes no logits, since enforcers and logs read them after it."""
    loss, real, fake = subject.make(), torch.randn(5), torch.randn(5)
    before = real.clone(), fake.clone()
    loss.discriminator_loss(real=real, fake=fake)
    _generator_loss(loss, fake, real)
    kept = torch.equal(real, before[0]) and torch.equal(fake, before[1])
    expect(kept, "logits to stay as they were", came="logits changed in place", hint="relu(x), not relu_(x)")


def extreme_logits_stay_finite(subject: Subject) -> None:
    """Both losses and their gradients are finite at logits of -10,000 and 10,000."""
    loss, hint = subject.make(), "softplus(x), not log(1 + exp(x)) nor log(sigmoid(x) + 1e-8)"
    real, fake = _logits(-1e4, 1e4, 1e4), _logits(1e4, -1e4, 1e4)
    of_d, of_g = loss.discriminator_loss(real=real, fake=fake), _generator_loss(loss, fake, real)
    for name, value in (("discriminator_loss", of_d), ("generator_loss", of_g)):
        expect_tensor(value, (), f"{name} at logits of +-10,000", hint=hint)
        expect_tensor(_slope(value, fake), (3,), f"the gradient of {name} at logits of +-10,000", hint=hint)


CHECKS: tuple[Callable[[Subject], None], ...] = (
    losses_are_scalars_with_finite_gradients,
    losses_are_means_over_the_batch,
    discriminator_loss_falls_when_real_logits_rise,
    discriminator_loss_falls_when_fake_logits_fall,
    generator_loss_falls_when_fake_logits_rise,
    relativistic_says_whether_generator_loss_reads_real,
    unbounded_says_whether_its_gain_has_no_end,
    logits_are_keyword_only,
    logits_stay_as_they_were,
    extreme_logits_stay_finite,
)
