"""Checks of regularizers: terms of both losses, and the state that they keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.contracts import DataSpec, Regularizer, overrides
from ganzoo.errors import ConfigError
from ganzoo.settings.toml import from_tables
from ganzoo.testing.augmentations import SHAPES, find_shape
from ganzoo.testing.expectations import ConformanceError, Unchecked, expect, expect_tensor, refusal
from ganzoo.testing.networks import differences, expect_copy, expect_moves, expect_safe_state
from ganzoo.testing.subjects import Subject
from ganzoo.training.build import build_gan
from ganzoo.training.clock import find_clocks, set_clocks
from ganzoo.training.device import choose_device
from ganzoo.training.gan import GAN
from ganzoo.training.steps import discriminate_both

CLASSES = 3
WIDTH = 8
SMALL = {"name": "mlp", "width": WIDTH, "depth": 1, "z_dim": 4}


class Trial(NamedTuple):
    """A regularizer beside a small GAN."""

    regularizer: Regularizer
    gan: GAN
    shape: tuple[int, ...]

    def state(self) -> nn.Module:
        """Return a new state. Raises ConformanceError if it is no module."""
        state = self.regularizer.state(DataSpec(self.shape, CLASSES), int(self.gan.D.trunk.feature_dim))  # type: ignore[arg-type,union-attr]
        expect(isinstance(state, nn.Module), "state to return a torch.nn.Module", came=type(state), hint="nn.Module()")
        return state

    def term(self, name: str, state: nn.Module) -> Tensor:
        """Return a term of a batch that is always the same, by its name in the contract."""
        gan, draws = self.gan, torch.Generator().manual_seed(2)
        x, z = torch.rand(4, *self.shape, generator=draws) * 2 - 1, torch.randn(4, gan.z_dim, generator=draws)
        y = torch.arange(4) % CLASSES
        with torch.set_grad_enabled(name == "generator_term"):
            x_fake = gan.G(z, y)
        game = replace(gan.game(x_real=x, x_fake=x_fake, z=z, y=y), state=state)
        if name == "generator_term":
            return self.regularizer.generator_term(game, fake=gan.discriminate(x_fake, y))
        real, fake = discriminate_both(gan, x, x_fake, y)
        return self.regularizer.discriminator_term(game, real=real, fake=fake)

    @property
    def names(self) -> list[str]:
        """Terms that it has. Raises Unchecked if it has none."""
        own = partial(overrides, self.regularizer, contract=Regularizer)
        names = [name for name in ("discriminator_term", "generator_term") if own(name)]
        if not names:
            raise Unchecked("it has neither discriminator_term nor generator_term")
        return names


def _trial(subject: Subject) -> Trial:
    """Return a trial in the first shape that the regularizer takes. Raises ConformanceError if it takes none."""
    regularizer: Regularizer = subject.make()
    try:
        shape = smallest_shape(regularizer)
    except Unchecked:
        what = f"a state for one of {SHAPES}"
        raise ConformanceError(what, came="ConfigError for all", hint="check less in `state`") from None
    run = from_tables({"model": SMALL})
    gan = build_gan(run, subject.zoo, DataSpec(shape, CLASSES), choose_device("cpu", "fp32"))
    trial = Trial(regularizer, gan, shape)
    trial.state()  # which every check needs
    return trial


def smallest_shape(regularizer: Regularizer) -> tuple[int, ...]:
    """Return the first shape that the regularizer takes. Raises Unchecked if it takes none."""
    return find_shape(lambda shape: regularizer.state(DataSpec(shape, CLASSES), WIDTH))


def terms_are_scalars(subject: Subject) -> None:
    """Each term is a finite float32 scalar, from the first update on and at the second too."""
    trial = _trial(subject)
    for name in trial.names:
        state = trial.state()
        for _ in range(2):
            expect_tensor(_term(trial, name, state), (), name, hint="the mean over the batch, times its weight")


def _term(trial: Trial, name: str, state: nn.Module) -> Tensor:
    """Return a term. Raises Unchecked if it refuses this GAN."""
    try:
        return trial.term(name, state)
    except ConfigError as error:
        raise refusal(error) from error


def terms_reach_their_player(subject: Subject) -> None:
    """discriminator_term has a gradient by D or by the state, generator_term by G."""
    trial = _trial(subject)
    for name in trial.names:
        moved = any(_moves(trial, name, *when) for when in ((0.0, False), (0.5, False), (0.5, True)))
        hint = "game.discriminator and game.generator, or the verdicts; no no_grad() on the way"
        expect(moved, f"a gradient of {name} by the weights of its player", came="none", hint=hint)


def _moves(trial: Trial, name: str, done: float, grown: bool) -> bool:
    """Return whether a term has a gradient by its player's weights when this share of a run is done.

    A term may begin at nothing. With `grown`, the numbers of its state that could be a strength are 1.
    """
    state = trial.state()
    for buffer in state.buffers() if grown else ():
        buffer.fill_(1) if buffer.ndim == 0 and buffer.is_floating_point() else None
    set_clocks(find_clocks([state]), done)
    player = [trial.gan.G] if name == "generator_term" else [trial.gan.D, state]
    term = _term(trial, name, state)
    expect(term.requires_grad, f"a gradient of {name}", came="none", hint="no detach() on the way")
    weights = [weight for network in player for weight in network.parameters()]
    reached = torch.autograd.grad(term, weights, allow_unused=True)
    return any(gradient is not None and bool((gradient != 0).any()) for gradient in reached)


def every_head_is_trained(subject: Subject) -> None:
    """Each parameter of the state has a gradient of discriminator_term, since D's optimiser moves it."""
    trial, state = _trial(subject), _trial(subject).state()
    weights = dict(state.named_parameters())
    if not weights:
        raise Unchecked("its state has no parameters")
    expect("discriminator_term" in trial.names, "a discriminator_term that trains them", came="none", hint=_BUFFERS)
    reached = torch.autograd.grad(_term(trial, "discriminator_term", state), [*weights.values()], allow_unused=True)
    left = [name for name, gradient in zip(weights, reached, strict=True) if gradient is None]
    expect(not left, "a gradient of discriminator_term by every parameter", came=f"none by {left}", hint=_BUFFERS)


_BUFFERS = "register_buffer for what is not trained; no detach() on the way to what is"


def buffers_change_in_place(subject: Subject) -> None:
    """Buffers keep their place, shape and type, since a CUDA graph writes where it wrote when it was captured."""
    trial = _trial(subject)
    state = trial.state()
    before = {name: (buffer, buffer.shape, buffer.dtype) for name, buffer in state.named_buffers()}
    for name in trial.names:
        _term(trial, name, state)
    after = {name: (buffer, buffer.shape, buffer.dtype) for name, buffer in state.named_buffers()}
    moved = [name for name in before.keys() | after.keys() if not _is_same(before.get(name), after.get(name))]
    came = f"others: {', '.join(sorted(moved))}"
    expect(not moved, "buffers that keep place, shape and type", came=came, hint="buffer.copy_(...), buffer.lerp_(...)")


def _is_same(one: tuple[Tensor, object, object] | None, other: tuple[Tensor, object, object] | None) -> bool:
    return one is not None and other is not None and one[0] is other[0] and one[1:] == other[1:]


def terms_follow_from_the_seed(subject: Subject) -> None:
    """Equal states and random states give equal terms and states: a resumed run goes on exactly."""
    trial = _trial(subject)
    for name in trial.names:
        one, other = (_after(trial, name) for _ in range(2))
        hint = "torch.rand(..., device=x.device), and buffers of game.state for all that is kept"
        expect(not list(differences(one, other)), f"equal results of {name}", came="other ones", hint=hint)


def _after(trial: Trial, name: str) -> tuple[Tensor, dict[str, Tensor]]:
    """Return a term and the state after it, from the same random state each time."""
    torch.manual_seed(1)
    state = trial.state()
    return _term(trial, name, state).detach(), dict(state.state_dict())


def states_are_saved_copied_and_moved(subject: Subject) -> None:
    """A state can be saved, copied by copy.deepcopy and moved by .to(device)."""
    trial = _trial(subject)
    name = trial.names[0]

    def call(state: nn.Module) -> Tensor:
        return _term(trial, name, state)

    expect_safe_state(trial.state, call, "the state")
    expect_copy(trial.state(), call, "the state")
    expect_moves(trial.state(), "the state")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    terms_are_scalars,
    terms_reach_their_player,
    every_head_is_trained,
    buffers_change_in_place,
    terms_follow_from_the_seed,
    states_are_saved_copied_and_moved,
)
