"""What every module promises, whoever made it: it can be saved, copied and moved."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.testing.expectations import ConformanceError, expect

Call = Callable[[nn.Module], Tensor]
"""Runs a module on inputs that are fixed."""


def seeded(call: Call, module: nn.Module) -> Tensor:
    """Run a module from one random state, without keeping a graph."""
    torch.manual_seed(1)
    with torch.no_grad():
        return call(module)


def expect_safe_state(make: Callable[[], nn.Module], call: Call, what: str) -> None:
    """The state of a module passes through a file that holds no code, and makes another module equal."""
    one, other = make(), make()
    seeded(call, one)  # moves what is counted or averaged
    state = _reload(one.state_dict(), what)
    try:
        other.load_state_dict(state)
    except RuntimeError as error:
        hint = "two modules of the same options have the same parameters and buffers"
        raise ConformanceError(f"{what} to load its own state", came=str(error), hint=hint) from error
    same = torch.equal(seeded(call, one.eval()), seeded(call, other.eval()))
    hint = "keep all that changes or is drawn in parameters and buffers (register_buffer)"
    expect(same, f"{what} to be the same once its state is loaded", came="other outputs", hint=hint)


def _reload(state: Mapping[str, Any], what: str) -> dict[str, Any]:
    file = BytesIO()
    torch.save(state, file)
    file.seek(0)
    try:
        loaded: dict[str, Any] = torch.load(file, weights_only=True)
    except UnpicklingError as error:
        hint = "tensors, numbers and strings alone in get_extra_state"
        raise ConformanceError(f"a state of {what} that loads with weights_only", came="objects", hint=hint) from error
    return loaded


def expect_copy(module: nn.Module, call: Call, what: str) -> None:
    """A copy is equal, and no part of it is shared: the moving average of G is one."""
    module.eval()
    try:
        twin = copy.deepcopy(module)
    except (RuntimeError, TypeError) as error:
        hint = "keep no tensor that has a gradient history as an attribute"
        raise ConformanceError(f"{what} to be copied by copy.deepcopy", came=str(error), hint=hint) from error
    before = seeded(call, twin)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(1.0)
    kept = torch.equal(before, seeded(call, twin))
    expect(kept, f"a copy of {what} that stands alone", came="one that moved", hint="no tensors kept in closures")


def expect_moves(module: nn.Module, what: str) -> None:
    """All its tensors follow `to(device)`: tried on the device "meta", which is everywhere."""
    module.to("meta")
    left = [path for path, tensor in _plain_tensors(module) if tensor.device.type != "meta"]
    expect(
        not left,
        f"all tensors of {what} to follow .to(device)",
        came=f"{', '.join(left)} stayed",
        hint="register_buffer",
    )


def _plain_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Tensors that are attributes and neither parameters nor buffers."""
    for path, part in module.named_modules():
        for name, value in vars(part).items():
            values = value if isinstance(value, list | tuple) else [value]
            yield from ((f"{path}.{name}".strip("."), each) for each in values if isinstance(each, Tensor))


def expect_gradients(networks: Mapping[str, nn.Module], loss: Tensor) -> None:
    """A loss reaches every parameter with a finite gradient."""
    loss.backward()  # type: ignore[no-untyped-call]
    for name, network in networks.items():
        for path, weight in network.named_parameters():
            what = f"a gradient of {name}.{path}"
            expect(weight.grad is not None, what, came="none", hint="drop what is not used; no detach() on the way")
            finite = weight.grad is not None and bool(weight.grad.isfinite().all())
            expect(finite, f"{what} that is finite", came="nan or inf", hint="an eps in norms and roots")


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield where two nested states are not the same, bit for bit."""
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], f"{path}.{key}".strip("."))
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, f"{path}.{index}")
    elif not (torch.equal(one, other) if isinstance(one, Tensor) and isinstance(other, Tensor) else one == other):
        yield path


def fingerprint(state: Any) -> str:
    """Return the sha256 of a nested state."""
    return hashlib.sha256(b"".join(_bytes(state))).hexdigest()


def _bytes(state: Any) -> Iterator[bytes]:
    if isinstance(state, Tensor):
        yield state.detach().cpu().contiguous().numpy().tobytes()
    elif isinstance(state, Mapping):
        for key, value in state.items():
            yield str(key).encode()
            yield from _bytes(value)
    elif isinstance(state, list | tuple):
        for value in state:
            yield from _bytes(value)
    else:
        yield repr(state).encode()
