"""Optimisers without the compiler: torch's own updates, bit for bit."""

import copy

import pytest
import torch

from ganzoo.builtin import eager_optimizers as optimizers
from support.states import same

CASES = [
    ("Adam", {"lr": 1e-2, "betas": (0.5, 0.9), "fused": True}),
    ("AdamW", {"lr": 1e-2, "betas": (0.5, 0.9), "weight_decay": 0.1, "fused": True}),
    ("RMSprop", {"lr": 1e-2, "alpha": 0.9, "foreach": True}),
    ("SGD", {"lr": 1e-2, "foreach": True}),
]


def descend(network, optimizer, updates=3):
    for update in range(updates):
        optimizer.zero_grad(set_to_none=True)
        network(torch.full((2, 3), 1.0 + update)).square().sum().backward()
        optimizer.step()


def twins(name, options):
    """The same network under our optimiser and under torch's."""
    torch.manual_seed(0)
    ours = torch.nn.Linear(3, 2)
    theirs = copy.deepcopy(ours)
    return (
        (ours, getattr(optimizers, name)(ours.parameters(), **options)),
        (theirs, getattr(torch.optim, name)(theirs.parameters(), **options)),
    )


@pytest.mark.parametrize(("name", "options"), CASES)
def test_weights_and_states_are_those_of_torch(name, options):
    (ours, opt), (theirs, reference) = twins(name, options)
    before = copy.deepcopy(ours.state_dict())
    descend(ours, opt)
    descend(theirs, reference)
    assert not same(ours.state_dict(), before)
    assert same(ours.state_dict(), theirs.state_dict())
    assert same(opt.state_dict(), reference.state_dict())


@pytest.mark.parametrize(("name", "options"), CASES)
def test_states_of_torch_are_taken_over_and_a_copy_goes_on_alike(name, options):
    (ours, opt), (theirs, reference) = twins(name, options)
    descend(theirs, reference)
    ours.load_state_dict(theirs.state_dict())
    opt.load_state_dict(reference.state_dict())
    network, optimizer = copy.deepcopy((ours, opt))
    descend(network, optimizer)
    descend(theirs, reference)
    assert same(network.state_dict(), theirs.state_dict())


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_step_leaves_no_graph_behind_and_keeps_gradients_on(name, options):
    (ours, opt), _ = twins(name, options)
    descend(ours, opt)
    assert torch.is_grad_enabled()
    assert all(weight.grad_fn is None and weight.requires_grad for weight in ours.parameters())
