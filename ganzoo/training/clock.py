"""The clock of a run: buffers called `progress`, which hold the share of the run that is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torch import Tensor, nn

CLOCK = "progress"
"""Name of the buffers that are filled: floating-point numbers without dimensions."""


def find_clocks(modules: Sequence[nn.Module]) -> list[Tensor]:
    """Return every clock of these modules."""
    return [buffer for _, buffer in _list_buffers(modules) if is_clock(buffer)]


def set_clocks(clocks: Sequence[Tensor], done: float) -> None:
    """Fill clocks with `done`, the share of the run in [0, 1), in place: graphs read it."""
    for clock in clocks:
        clock.fill_(done)


def is_clock(buffer: Tensor) -> bool:
    """Return whether a buffer called `progress` is one number of floating point: others are their owner's."""
    return buffer.ndim == 0 and buffer.is_floating_point()


def list_idle_clocks(modules: Sequence[nn.Module]) -> list[str]:
    """Return the classes of layers with a buffer called `progress` that no clock fills, such as one of shape (1,)."""
    return [type(layer).__name__ for layer, buffer in _list_buffers(modules) if not is_clock(buffer)]


def _list_buffers(modules: Sequence[nn.Module]) -> Iterator[tuple[nn.Module, Tensor]]:
    for module in modules:
        for layer in module.modules():
            buffer = layer._buffers.get(CLOCK)  # getattr would call properties and find plain attributes
            if buffer is not None:
                yield layer, buffer
