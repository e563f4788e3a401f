"""The device and the number format in which networks run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import nn

from ganzoo.errors import ConfigError, ResourceError
from ganzoo.training.ranks import Ranks

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Device:
    """A device and the precision of forward and backward passes on it; weights are always float32."""

    torch_device: torch.device
    precision: str
    """fp32; tf32, on CUDA alone; or bf16, with TF32 on CUDA for operations that stay in float32."""

    def autocast(self) -> AbstractContextManager[None]:
        """Return a context in which convolutions and matrix products run in this precision."""
        on = self.precision == "bf16"
        return torch.autocast(self.torch_device.type, dtype=torch.bfloat16, enabled=on)

    def place(self, network: M) -> M:
        """Move a network to the device, in channels_last order, which convolutions prefer."""
        return network.to(self.torch_device).to(memory_format=torch.channels_last)

    @contextmanager
    def arithmetic(self) -> Iterator[None]:
        """Within the body, on CUDA: compute float32 products exactly at fp32, else in TF32; let cuDNN benchmark."""
        if self.torch_device.type != "cuda":
            yield
            return
        cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
        conv = cudnn.conv  # type: ignore[attr-defined]  # made when torch is imported
        before = conv.fp32_precision, matmul.fp32_precision, cudnn.benchmark
        conv.fp32_precision = matmul.fp32_precision = "ieee" if self.precision == "fp32" else "tf32"
        cudnn.benchmark = True
        try:
            yield
        finally:
            conv.fp32_precision, matmul.fp32_precision, cudnn.benchmark = before


def choose_device(device: str, precision: str) -> Device:
    """Return the Device for the settings `device` and `precision`.

    "auto" means CUDA if present, and bf16 where the device computes in it. Nothing is timed: a machine that is busy
    would choose otherwise, and the same command would give other numbers.
    Raises ResourceError if CUDA is asked for and there is none, ConfigError for tf32 on a CPU.
    """
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise ResourceError("no CUDA device is available", where="--device cuda", hint="--device cpu")
    kind = device if device != "auto" else "cuda" if cuda else "cpu"
    if precision == "tf32" and kind == "cpu":
        raise ConfigError("tf32 is a format of CUDA devices", where="--precision tf32", hint="--precision fp32")
    if precision == "auto":
        fast = torch.cuda.is_bf16_supported() if kind == "cuda" else has_bf16()
        precision = "bf16" if fast else "tf32" if kind == "cuda" else "fp32"
    return Device(torch.device(kind), precision)


def agree(device: Device, ranks: Ranks) -> Device:
    """Return the device in one precision for all ranks: bf16 if one of them computes in it."""
    (bf16,) = ranks.maximum(device.precision == "bf16")
    return replace(device, precision="bf16") if bf16 else device


def has_bf16() -> bool:
    """Return whether this CPU has bf16 arithmetic: AMX or AVX512-BF16."""
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
