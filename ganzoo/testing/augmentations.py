"""Checks of augmentations: samples of the same shape, each changed on its own, differentiable twice."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.contracts import Augmentation, DataSpec
from ganzoo.errors import ConfigError
from ganzoo.testing.expectations import ConformanceError, Unchecked, expect, expect_tensor
from ganzoo.testing.networks import Call, expect_copy, expect_moves, expect_safe_state, plain_numbers, seeded
from ganzoo.testing.subjects import Subject

SHAPES = ((1, 8, 8), (3, 16, 16), (3, 32, 32), (1, 12, 20), (2,))
CERTAIN = 100
"""Calls of `adapt` with 10,000 real logits of 10, after which an adaptive augmentation is strong."""


class Trial(NamedTuple):
    """An augmentation and its transform for one shape."""

    augmentation: Augmentation
    transform: nn.Module
    shape: tuple[int, ...]

    def samples(self, n: int) -> Tensor:
        """Return samples (n, *shape) in [-1, 1], the same every time."""
        return torch.rand(n, *self.shape, generator=torch.Generator().manual_seed(2)) * 2 - 1


def _trials(subject: Subject) -> list[Trial]:
    """Return a trial for each shape that is taken, after `adapt` made it strong."""
    found = [each for shape in SHAPES if (each := _trial(subject, shape)) is not None]
    if not found:
        hint = "take one of them, or check less in `transform`"
        raise ConformanceError(f"a transform of one of {SHAPES}", came="ConfigError for all", hint=hint)
    return found


def _trial(subject: Subject, shape: tuple[int, ...]) -> Trial | None:
    try:
        transform = _transform(subject, shape)
    except ConfigError:
        return None
    augmentation: Augmentation = subject.make()
    for _ in range(CERTAIN):
        augmentation.adapt(transform, torch.full((10_000,), 10.0))
    return Trial(augmentation, transform, shape)


def _transform(subject: Subject, shape: tuple[int, ...]) -> nn.Module:
    augmentation: Augmentation = subject.make()
    return augmentation.transform(DataSpec(shape))


def smallest_shape(augmentation: Augmentation) -> tuple[int, ...]:
    """Return the first shape that the augmentation takes. Raises Unchecked if it takes none."""
    return find_shape(lambda shape: augmentation.transform(DataSpec(shape)))


def find_shape(take: Callable[[tuple[int, ...]], object]) -> tuple[int, ...]:
    """Return the first of SHAPES for which `take` raises no ConfigError. Raises Unchecked if there is none."""
    for shape in SHAPES:
        try:
            take(shape)
        except ConfigError:
            continue
        return shape
    raise Unchecked(f"it takes none of {SHAPES}")


def samples_keep_their_shape(subject: Subject) -> None:
    """Samples are finite float32 (N, *shape) in and out, also for N = 1; a shape may be refused with ConfigError."""
    for each in _trials(subject):
        for n in (1, 5):
            hint = "float32 (N, *data.shape) in, the same out"
            expect_tensor(each.transform(each.samples(n)), (n, *each.shape), "changed samples", hint=hint)


def samples_stay_as_they_were(subject: Subject) -> None:
    """Samples are not changed in place, since penalties differentiate with respect to them."""
    for each in _trials(subject):
        x = each.samples(4)
        each.transform(x)
        kept = torch.equal(x, each.samples(4))
        expect(kept, "samples that stay as they were", came="a change in place", hint="x * factor, not x.mul_(factor)")


def each_sample_is_changed_on_its_own(subject: Subject) -> None:
    """Gradients reach the samples, and changed sample 0 has a gradient of exactly 0 on the other ones."""
    for each in _trials(subject):
        x = each.samples(4).requires_grad_(True)
        y = each.transform(x)
        expect(y.requires_grad, "a gradient by the samples", came="none", hint="differentiable operations alone")
        (gradient,) = torch.autograd.grad(y[0].sum(), x)
        mixed = (gradient[1:] != 0).any().item()
        hint = "means over channels and pixels, not over the batch"
        expect(not mixed, "no gradient of sample 0 on the others", came="one that is not 0", hint=hint)


def a_penalty_differentiates_through_it(subject: Subject) -> None:
    """A gradient penalty needs the gradient of the gradient, which not every operation has."""
    for each in _trials(subject):
        x, weight = each.samples(4).requires_grad_(True), torch.randn(each.shape, requires_grad=True)
        logits = (each.transform(x) * weight).flatten(1).sum(dim=1)
        try:
            (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
            (gradient,) = torch.autograd.grad(slope.square().sum(), weight)
        except RuntimeError as error:
            hint = "gather, flip, pad and products; no @once_differentiable"
            raise ConformanceError("a second derivative", came=str(error).partition("\n")[0], hint=hint) from error
        expect_tensor(gradient, each.shape, "the second derivative", hint="no roots of what may be 0")


def samples_are_changed_differently(subject: Subject) -> None:
    """If the samples change, 64 copies of one do not all become the same."""
    for each in _trials(subject):
        x = each.samples(1).expand(64, *each.shape).contiguous()
        y = each.transform(x)
        changed, alike = not torch.equal(y, x), len(y.flatten(1).unique(dim=0)) == 1
        hint = "one random number per sample: torch.rand(len(x), 1, 1, 1, device=x.device)"
        expect(not (changed and alike), "other changes for other samples", came="one for all", hint=hint)


def draws_follow_from_the_seed(subject: Subject) -> None:
    """All random numbers come from torch's global generators, so that a resumed run draws the same ones.

    What changes between calls lies in buffers, which are put back for the second one.
    """
    for each in _trials(subject):
        change, transform = _changing(each.samples(16)), each.transform
        buffers, numbers = copy.deepcopy(transform.state_dict()), plain_numbers(transform)
        one = seeded(change, transform)
        moved = [path for path, number in plain_numbers(transform).items() if numbers.get(path) != number]
        transform.load_state_dict(buffers)
        hint = "torch.rand(..., device=x.device) without a generator of your own"
        if moved:
            hint = f"keep {', '.join(moved)}, which the call changed, in a buffer (register_buffer), changed in place"
        same = torch.equal(one, seeded(change, transform))
        expect(same, "equal changes from equal random states and buffers", came="other ones", hint=hint)


def adapt_changes_buffers_in_place(subject: Subject) -> None:
    """Buffers keep their place, shape and type and stay finite, whatever the logits are."""
    for each in _trials(subject):
        before = {name: (buffer, buffer.shape, buffer.dtype) for name, buffer in each.transform.named_buffers()}
        for level in (-10.0, 0.0, 10.0):
            each.augmentation.adapt(each.transform, torch.full((8,), level))
        after = {name: (buffer, buffer.shape, buffer.dtype) for name, buffer in each.transform.named_buffers()}
        moved = [name for name in before.keys() | after.keys() if not _same_place(before.get(name), after.get(name))]
        hint = "buffer.add_(...), buffer.copy_(...), not self.buffer = ..."
        expect(not moved, "buffers that keep place, shape and type", came=f"others: {', '.join(moved)}", hint=hint)
        finite = all(bool(buffer.isfinite().all()) for buffer in each.transform.buffers())
        expect(finite, "buffers that are finite", came="nan or inf", hint="clamp_")


def _same_place(one: tuple[Tensor, object, object] | None, other: tuple[Tensor, object, object] | None) -> bool:
    return one is not None and other is not None and one[0] is other[0] and one[1:] == other[1:]


def nothing_in_it_is_trained(subject: Subject) -> None:
    """A transform has no parameters, since no optimiser would train them."""
    for each in _trials(subject):
        names = [name for name, _ in each.transform.named_parameters()]
        expect(not names, "buffers alone", came=f"parameters {', '.join(names)}", hint="register_buffer")


def transforms_are_saved_copied_and_moved(subject: Subject) -> None:
    """A transform can be saved, copied by copy.deepcopy and moved by .to(device)."""
    for each in _trials(subject):
        change = _changing(each.samples(4))
        expect_safe_state(partial(_transform, subject, each.shape), change, "the transform")
        expect_copy(each.transform, change, "the transform")
        expect_moves(each.transform, "the transform")


def _changing(x: Tensor) -> Call:
    """Return a function that applies a transform to x."""

    def change(transform: nn.Module) -> Tensor:
        y: Tensor = transform(x)
        return y

    return change


CHECKS: tuple[Callable[[Subject], None], ...] = (
    samples_keep_their_shape,
    samples_stay_as_they_were,
    each_sample_is_changed_on_its_own,
    a_penalty_differentiates_through_it,
    samples_are_changed_differently,
    draws_follow_from_the_seed,
    adapt_changes_buffers_in_place,
    nothing_in_it_is_trained,
    transforms_are_saved_copied_and_moved,
)
