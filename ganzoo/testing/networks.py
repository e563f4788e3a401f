"""Checks of modules of every kind: they can be saved, copied and moved to a device."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.testing.expectations import ConformanceError, expect
from ganzoo.training.randomness import capture

Call = Callable[[nn.Module], Tensor]
"""Function that runs a module on fixed inputs."""


def seeded(call: Call, module: nn.Module) -> Tensor:
    """Run a module, always from the same random state, without gradient."""
    torch.manual_seed(1)
    with torch.no_grad():
        return call(module)


def expect_safe_state(make: Callable[[], nn.Module], call: Call, what: str) -> None:
    """Check that the state of a module loads from a file without code, and makes another module equal to it."""
    one, other = make(), make()
    made = one.state_dict().keys()
    seeded(call, one)  # moves its counters and running averages
    late = sorted(one.state_dict().keys() - made)
    hint = "make layers in the constructor: no optimiser and no checkpoint has what forward makes"
    expect(not late, f"all of {what} to be made before its first call", came=", ".join(late), hint=hint)
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
    """Check that a copy is equal and shares nothing: the moving average of G is such a copy."""
    module.eval()
    try:
        twin = copy.deepcopy(module)
    except (RuntimeError, TypeError) as error:
        hint = "keep no tensor that has a gradient history as an attribute"
        raise ConformanceError(f"{what} to be copied by copy.deepcopy", came=str(error), hint=hint) from error
    before = seeded(call, copy.deepcopy(twin))  # the call may move buffers
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(1.0)
    kept = torch.equal(before, seeded(call, twin))
    expect(kept, f"a copy of {what} that stands alone", came="one that moved", hint="no tensors kept in closures")


def expect_moves(module: nn.Module, what: str) -> None:
    """Check that all tensors of a module follow `to(device)`, by the device "meta", which every machine has."""
    module.to("meta")
    left = [path for path, tensor in _plain_tensors(module) if tensor.device.type != "meta"]
    expect(
        not left,
        f"all tensors of {what} to follow .to(device)",
        came=f"{', '.join(left)} stayed",
        hint="register_buffer",
    )


def _plain_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors that are plain attributes, neither parameters nor buffers, with their paths."""
    for path, part in module.named_modules():
        for name, value in vars(part).items():
            values = value if isinstance(value, list | tuple) else [value]
            yield from ((f"{path}.{name}".strip("."), each) for each in values if isinstance(each, Tensor))


def plain_numbers(module: nn.Module) -> dict[str, int | float]:
    """Return the numbers that are attributes of a module and of those in it, by their paths; no checkpoint has them."""
    return {
        f"{path}.{name}".strip("."): value
        for path, part in module.named_modules()
        for name, value in vars(part).items()
        if isinstance(value, int | float) and name != "training"
    }


def expect_gradients(networks: Mapping[str, nn.Module], loss: Tensor) -> None:
    """Check that every parameter gets a finite gradient of a loss, but for those that are frozen."""
    if loss.requires_grad:  # else the first weight has none
        loss.backward()  # type: ignore[no-untyped-call]
    for name, network in networks.items():
        for path, weight in network.named_parameters():
            if not weight.requires_grad:
                continue
            what = f"a gradient of {name}.{path}"
            expect(weight.grad is not None, what, came="none", hint="drop what is not used; no detach() on the way")
            finite = weight.grad is not None and bool(weight.grad.isfinite().all())
            expect(finite, f"{what} that is finite", came="nan or inf", hint="an eps in norms and roots")


def expect_beyond_0_and_1(values: Tensor, what: str) -> None:
    """Check that values of large inputs or weights are no probabilities; what is not finite counts as large."""
    within = bool(((values >= 0) & (values <= 1)).all())
    came = f"all of them from {values.min():g} to {values.max():g}"
    hint = "no sigmoid at the end: a loss gets logits, which no bound holds"
    expect(not within, f"{what} that leave [0, 1] for large samples or weights", came=came, hint=hint)


@contextmanager
def expect_generators_rest(names: Sequence[str], *, hint: str) -> Iterator[None]:
    """Check that what is done within draws from none of these global generators: "torch", "python", "numpy"."""
    before = capture()
    yield
    after = capture()
    moved = [name for name in names if list(differences(before[name], after[name]))]
    came = f"some of {' and of '.join(moved)}"
    expect(not moved, f"no random numbers of {', '.join(names)}", came=came, hint=hint)


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield the paths at which two nested states differ by at least a bit."""
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
