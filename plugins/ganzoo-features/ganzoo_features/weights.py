"""Files of weights, read without running any code in them."""

import hashlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

import ganzoo

MOST_BYTES = 2**31


class Weights(NamedTuple):
    """The tensors of a file that was read once."""

    state: Mapping[str, Tensor]
    sha256: str


def read_weights(path: Path, name: str) -> Weights:
    """Read a state dict, or one under "state_dict". Raises EvaluationError, saying what is wrong with the file."""
    hint = "--set features.weights=FILE"
    path = path.expanduser()
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        why = "it is no file" if path.exists() else "there is no such file"
        raise ganzoo.EvaluationError(f"no weights of {name}: {why}", where=str(path), hint=hint)
    data = path.read_bytes()
    try:
        state = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # torch's readers raise almost anything
        what = f"{path.name} has no weights of {name}: it is damaged, or holds code, which was not run"
        raise ganzoo.EvaluationError(what, where=str(path), hint=hint) from error
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        what = f"{path.name} has no weights of {name}: it holds something other than named tensors"
        raise ganzoo.EvaluationError(what, where=str(path), hint=hint)
    return Weights(state, hashlib.sha256(data).hexdigest())
