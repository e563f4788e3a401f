"""Where and in which number format the networks run: what makes steps fast, nothing else."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

from ganzoo.errors import ResourceError

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Device:
    """A device and the precision of forward and backward passes on it; weights are always float32."""

    torch_device: torch.device
    precision: str
    """fp32 or bf16."""

    def autocast(self) -> AbstractContextManager[None]:
        """Context in which convolutions and matrix products run in the chosen precision."""
        on = self.precision == "bf16"
        return torch.autocast(self.torch_device.type, dtype=torch.bfloat16, enabled=on)

    def place(self, network: M) -> M:
        """Move a network to the device, images in channels_last order: the one that convolutions prefer."""
        return network.to(self.torch_device).to(memory_format=torch.channels_last)


def choose_device(device: str, precision: str) -> Device:
    """Turn the settings `device` and `precision` into a Device; "auto" takes CUDA, and bf16 on it, where present.

    Raises ResourceError if CUDA is asked for and there is none.
    """
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise ResourceError("no CUDA device is available", where="--device cuda", hint="--device cpu")
    kind = device if device != "auto" else "cuda" if cuda else "cpu"
    if precision == "auto":
        # on CPUs bf16 is an explicit choice: without AMX or AVX512-BF16 it is emulated, and slower
        precision = "bf16" if kind == "cuda" and torch.cuda.is_bf16_supported() else "fp32"
    return Device(torch.device(kind), precision)
