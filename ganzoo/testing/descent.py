"""Checks of optimisers and schedules: they descend, keep what they say, and go on from a saved state."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo.contracts import Coefficients, UpdateRule
from ganzoo.testing.expectations import expect
from ganzoo.testing.networks import differences
from ganzoo.testing.subjects import Subject

SETTINGS = Coefficients(beta1=0.5, beta2=0.9)
OTHERS: dict[str, Any] = {"beta1": 0.25, "beta2": 0.5, "weight_decay": 0.5}
"""Another value for each setting that a rule may read, beside beta2_end, which ganzoo applies itself."""
RATE = 0.01


def _network() -> nn.Linear:
    """Return a layer with weights that follow from a seed."""
    network = nn.Linear(4, 3)
    generator = torch.Generator().manual_seed(1)
    for weight in network.parameters():
        weight.data.copy_(torch.randn(weight.shape, generator=generator))
    return network


def _make(subject: Subject, network: nn.Module, settings: Coefficients = SETTINGS, lr: Any = RATE) -> Optimizer:
    rule: UpdateRule = subject.make()
    made: object = rule.optimizer(list(network.parameters()), lr, settings)
    hint = "return a torch.optim.Optimizer: one of torch, or a class of your own that subclasses it"
    expect(isinstance(made, Optimizer), "a torch.optim.Optimizer", came=f"a {type(made).__name__}", hint=hint)
    return made  # type: ignore[return-value]


def _loss(network: nn.Module, update: int) -> Tensor:
    """Return a smooth loss that differs from update to update."""
    x = torch.linspace(-1, 1, 8).reshape(2, 4) + 0.3 * update
    value: Tensor = (network(x) - 1).square().mean()
    return value


def _descend(network: nn.Module, optimizer: Optimizer, updates: range) -> None:
    for update in updates:
        optimizer.zero_grad(set_to_none=True)
        _loss(network, update).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def it_lowers_a_loss(subject: Subject) -> None:
    """Sixty steps at a rate of 0.01 lower a convex loss, all weights move, and they stay finite."""
    network = _network()
    before = [weight.detach().clone() for weight in network.parameters()]
    first = _loss(network, 0).item()
    optimizer = _make(subject, network)
    for _ in range(60):
        _descend(network, optimizer, range(1))
    last = _loss(network, 0).item()
    hint = "step() goes against weight.grad: weight.sub_(lr * direction)"
    expect(last < first, "a lower loss after 60 steps", came=f"{first:.4g}, then {last:.4g}", hint=hint)
    moved = all(not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    expect(moved, "every weight to move", came="weights that stay", hint="step() walks through all groups")


def the_rate_of_the_groups_is_obeyed(subject: Subject) -> None:
    """A step reads `lr` of its group each time, which the schedule has moved: at 0 no weight changes."""
    network = _network()
    optimizer = _make(subject, network)
    _descend(network, optimizer, range(2))
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    before = [weight.detach().clone() for weight in network.parameters()]
    _descend(network, optimizer, range(2, 4))
    kept = all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    hint = 'read group["lr"] in step(), not a rate that __init__ kept'
    expect(kept, "no step at a rate of 0", came="weights that moved", hint=hint)


def weights_without_gradient_stay(subject: Subject) -> None:
    """A weight whose gradient is None stays as it is: frozen layers have none."""
    network = _network()
    network.bias.requires_grad_(False)
    before = network.bias.detach().clone()
    _descend(network, _make(subject, network), range(3))
    hint = "if weight.grad is None: continue"
    expect(torch.equal(before, network.bias), "a frozen weight to stay", came="another value", hint=hint)


def a_saved_state_goes_on_exactly(subject: Subject) -> None:
    """An optimiser that loads the state of another goes on bit for bit: all that it keeps is in `state`."""
    network, saved = _network(), _network()
    whole, first = _make(subject, network), _make(subject, saved)
    _descend(network, whole, range(6))
    _descend(saved, first, range(3))
    copied = copy.deepcopy(saved)
    second = _make(subject, copied)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    _descend(copied, second, range(3, 6))
    unlike = list(differences(network.state_dict(), copied.state_dict()))
    hint = 'keep moments and counts in self.state[weight], not in attributes: self.state[weight]["step"] += 1'
    expect(not unlike, "equal weights after the state is loaded", came=f"others: {', '.join(unlike)}", hint=hint)


def reads_says_which_settings_matter(subject: Subject) -> None:
    """The settings in `reads`, and no others, change what the optimiser does."""
    reads = subject.make().reads
    unknown = sorted({*reads} - {*OTHERS, "beta2_end"})
    expect(not unknown, f"names of {', '.join(OTHERS)} or beta2_end in `reads`", came=unknown, hint="reads = ()")
    plain = _trained(subject, SETTINGS)
    found = {name for name, value in OTHERS.items() if not torch.equal(plain, _trained(subject, _with(name, value)))}
    right = found | ({*reads} & {"beta2_end"} if "beta2" in found else set())  # the end of a beta2 that counts
    what = f"what changes a step to be {sorted(reads)}, as `reads` says"
    expect(right == {*reads}, what, came=sorted(found), hint=f"reads = {tuple(sorted(right))}")
    groups = _make(subject, _network()).param_groups
    has_betas = "beta2_end" not in reads or all("betas" in group for group in groups)
    hint = 'groups with "betas": (beta1, beta2), which step() reads; or no beta2_end in `reads`'
    expect(has_betas, "`betas` in the groups, since beta2_end is in `reads`", came="none", hint=hint)


def _with(name: str, value: Any) -> Coefficients:
    return replace(SETTINGS, **{name: value})


def _trained(subject: Subject, settings: Coefficients) -> Tensor:
    """Return the weights after twelve steps along gradients of either sign, under these settings."""
    network = _network()
    optimizer, generator = _make(subject, network, settings), torch.Generator().manual_seed(3)
    for _ in range(12):
        for weight in network.parameters():
            weight.grad = torch.randn(weight.shape, generator=generator)
        optimizer.step()
    return network.weight.detach().clone()


def normalized_says_whether_gradients_have_no_size(subject: Subject) -> None:
    """`normalized` is true if a first step is as long for a gradient that is 1,000 times as large."""
    lengths = []
    for scale in (1.0, 1000.0):
        network = _network()
        optimizer, before = _make(subject, network), network.weight.detach().clone()
        (_loss(network, 0) * scale).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        lengths.append((network.weight.detach() - before).abs().mean().item())
    alike = lengths[1] < 2 * lengths[0]
    came = f"normalized = {subject.make().normalized}, with steps of {lengths[0]:.3g} and {lengths[1]:.3g}"
    expect(subject.make().normalized == alike, f"normalized = {alike}", came=came, hint=f"normalized = {alike}")


def captured_steps_take_a_tensor_and_count_in_tensors(subject: Subject) -> None:
    """If `captured`, a rate that is a tensor gives the same steps, and nothing but tensors changes in the state."""
    if not subject.make().captured:
        return
    network, other = _network(), _network()
    _descend(network, _make(subject, network), range(3))
    optimizer = _make(subject, other, lr=torch.tensor(RATE)) if _takes_tensor(subject) else _make(subject, other)
    _descend(other, optimizer, range(3))
    alike = torch.allclose(network.weight, other.weight, atol=1e-6)
    hint = "captured = False; or operations that take a tensor as lr"
    expect(alike, "equal steps if lr is a tensor", came="others", hint=hint)
    plain = {key for kept in optimizer.state.values() for key, value in kept.items() if isinstance(value, int | float)}
    came = f"numbers of Python in the state: {', '.join(sorted(map(str, plain)))}"
    expect(not plain, "a state of tensors", came=came, hint="captured = False; or torch.zeros(()) as the count")


def _takes_tensor(subject: Subject) -> bool:
    """Return whether it takes a tensor as its rate on a CPU; some optimisers of torch do on CUDA alone."""
    try:
        _make(subject, _network(), lr=torch.tensor(RATE))
    except ValueError:
        return False
    return True


def left_goes_from_1_and_stays_finite(subject: Subject) -> None:
    """`left` is 1 at first, and a finite number at 101 points of the run."""
    schedule = subject.make()
    values = [schedule.left(share / 100) for share in range(101)]
    expect(values[0] == 1, "left(0) == 1: rates begin at their values", came=values[0], hint="return 1 - done")
    finite = all(isinstance(value, float | int) and -1e6 < value < 1e6 for value in values)
    expect(finite, "finite numbers", came=[value for value in values if not isinstance(value, float)][:3] or "inf",
           hint="return a float of Python: float(value)")  # fmt: skip
    low = min(values)
    expect(low >= 0, "numbers of at least 0: a rate is not negative", came=low, hint="max(0.0, ...)")


def left_depends_on_the_share_alone(subject: Subject) -> None:
    """`left` gives the same numbers in any order of calls, since a resumed run begins in the middle."""
    forward, backward = subject.make(), subject.make()
    shares = [share / 20 for share in range(21)]
    first = [forward.left(share) for share in shares]
    second = [backward.left(share) for share in reversed(shares)]
    hint = "a function of done alone: no counts, no random numbers"
    expect(first == second[::-1], "equal numbers in any order", came="others", hint=hint)


OPTIMIZER_CHECKS: tuple[Callable[[Subject], None], ...] = (
    it_lowers_a_loss,
    the_rate_of_the_groups_is_obeyed,
    weights_without_gradient_stay,
    a_saved_state_goes_on_exactly,
    reads_says_which_settings_matter,
    normalized_says_whether_gradients_have_no_size,
    captured_steps_take_a_tensor_and_count_in_tensors,
)
SCHEDULE_CHECKS: tuple[Callable[[Subject], None], ...] = (
    left_goes_from_1_and_stays_finite,
    left_depends_on_the_share_alone,
)
