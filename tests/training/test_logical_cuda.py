"""What CUDA would refuse or wait for, by tensors on the CPU that are said to lie on a device."""

import copy
import gc

import pytest
import torch
from torch import nn

from support.logical_cuda import CPU, CUDA, Event, logical_cuda


class Forgetful(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.ones(3)  # no buffer, so that it stays where it was made

    def forward(self, x):
        return x * self.scale


def mixes(x):
    return x + torch.ones(4)


def backward_mixes(x):
    x = x.clone().requires_grad_(True)
    x.register_hook(lambda gradient: gradient * torch.ones(4))
    x.sum().backward()


FAULTS = {
    "a tensor made on the CPU": ("mix", mixes),
    "the same in a backward pass": ("mix", backward_mixes),
    "a plain attribute of a module": ("mix", lambda x: Forgetful().to("cuda")(x[:3])),
    "an index on the device into what is on the CPU": ("mix", lambda x: torch.arange(9)[x.long()]),
    "numpy": ("mix", lambda x: x.detach().numpy()),
    "a network left on the CPU": ("mix", lambda x: nn.Linear(4, 2)(x)),
    "item": ("read", lambda x: x.sum().item()),
    "float": ("read", lambda x: float(x.mean())),
    "a condition": ("read", lambda x: 1 if x.sum() > 0 else 2),
    "tolist": ("read", lambda x: x.tolist()),
    "a mask": ("read", lambda x: x[x > 0]),
    "nonzero": ("read", lambda x: x.nonzero()),
    "unique": ("read", lambda x: x.unique()),
    "cpu": ("copy", lambda x: x.cpu()),
    "to the CPU": ("copy", lambda x: x.to("cpu")),
    "to the device": ("copy", lambda x: torch.ones(2).to(x.device)),
    "to the device without pinned memory": ("copy", lambda x: torch.ones(2).to(x.device, non_blocking=True)),
    "copy_": ("copy", lambda x: x.copy_(torch.ones(4))),
    "an index on the CPU": ("copy", lambda x: x[torch.tensor([0, 2])]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_with_its_line(name):
    kind, fault = FAULTS[name]
    with logical_cuda() as logical:
        fault(torch.ones(4, device="cuda"))
    assert logical.kinds() == {kind}
    assert all(event.line.startswith("tests/training/test_logical_cuda.py:") for event in logical.events)


def test_the_line_of_a_mix_is_that_of_the_operation():
    with logical_cuda() as logical:
        mixes(torch.ones(4, device="cuda"))
    line = mixes.__code__.co_firstlineno + 1
    what = "aten.add of [((4,), 'cuda'), ((4,), 'cpu')]"
    assert logical.events == [Event("mix", what, f"tests/training/test_logical_cuda.py:{line}")]


def penalised(x):
    layer = nn.Linear(4, 1, device=x.device)
    x = x.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(layer(x).sum(), x, create_graph=True)
    (slope.norm() - 1).square().backward()
    return layer.weight.grad


HEALTHY = {
    "a scalar on the CPU": lambda x: x * torch.tensor(2.0),
    "a tensor made beside it": lambda x: x + torch.ones(4, device=x.device) + torch.randn_like(x) + x.new_zeros(4),
    "an index on the device": lambda x: x[torch.arange(3, device="cuda")],
    "another type": lambda x: x.to(torch.float64).to(torch.float32),
    "a backward pass of a backward pass": penalised,
    "one-hot": lambda x: nn.functional.one_hot(x.long(), 5),
    "what is sent from pinned memory": lambda x: x + torch.ones(4).pin_memory().to(x.device, non_blocking=True),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_what_a_device_allows_is_no_event_and_stays_there(name):
    with logical_cuda() as logical:
        out = HEALTHY[name](torch.ones(4, device="cuda"))
        assert (logical.events, out.device, out.is_cuda) == ([], CUDA, True)


def test_devices_of_copies_views_and_of_what_takes_the_place_of_freed_memory():
    with logical_cuda() as logical:
        x = torch.ones(4, device="cuda")
        assert x.view(2, 2).device == x.detach().device == CUDA and torch.ones(4).device == CPU
        network = nn.Sequential(nn.Linear(4, 4)).to("cuda")
        assert next(copy.deepcopy(network).parameters()).device == CUDA
        for _ in range(100):
            torch.ones(1000, device="cuda")
        gc.collect()
        assert all(torch.ones(1000).device == CPU for _ in range(100))
    assert logical.kinds() == {"copy"}  # the weights of the network
    assert torch.ones(2).device == CPU and not torch.cuda.is_available()
