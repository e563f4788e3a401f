"""The weights of a generator in a safetensors file, with its description; a stranger's file runs no code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ganzoo.errors import CheckpointError, ResourceError
from ganzoo.export.description import Description, read_description
from ganzoo.files import MOST_JSON, open_regular, read_regular, write_output
from ganzoo.machine.limits import available_bytes
from ganzoo.runs.run import Run
from ganzoo.training.build import build_generator
from ganzoo.training.device import choose_device
from ganzoo.training.gan import Generator
from ganzoo.zoo.catalogue import Zoo

WEIGHTS, DESCRIPTION = "model.safetensors", "model.json"
"""Files of a folder that `ganzoo.load` reads."""
METADATA = "ganzoo"
"""Key of the description among the metadata of a safetensors file."""
_ANEW = "ganzoo export RUN -o DIR (which writes both anew)"
_NETWORK, _VECTORS = "generator.", "label_vectors"
"""Beginning of the names of weights, and name of the label vectors (L, ...) of samples for which none is given."""


def write_weights(network: Generator, vectors: Tensor | None, about: Description, path: Path) -> None:
    """Write the weights of G, label vectors (L, ...) if it takes some, and the description. Raises OSError."""
    tensors = {_NETWORK + name: tensor for name, tensor in network.state_dict().items()}
    tensors |= {} if vectors is None else {_VECTORS: vectors}
    copies = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    write_output(path, save(copies, {METADATA: about.to_text()}))


def read_folder(folder: Path) -> tuple[Description, Path]:
    """Return the description and the file of weights of an exported folder. Raises CheckpointError."""
    path = folder / DESCRIPTION
    try:
        return read_description(read_regular(path, MOST_JSON), path), folder / WEIGHTS
    except OSError as error:
        raise _unreadable(path, error) from error


def read_file(path: Path) -> tuple[Description, Path]:
    """Return the description in a safetensors file, and its path. Raises CheckpointError."""
    with _opened(path) as file:
        text = (file.metadata() or {}).get(METADATA)
    if text is None:
        what = f"{path.name} is not of ganzoo: its metadata have no description of G"
        raise CheckpointError(what, where=str(path), hint="ganzoo export RUN -o g.safetensors")
    return read_description(text.encode(), path), path


def rebuild(about: Description, path: Path, zoo: Zoo, device: str) -> tuple[Generator, Tensor | None]:
    """Return G with the weights of a file, and the label vectors in it.

    Raises CheckpointError if they do not fit the description, and what `build_generator` raises.
    """
    with torch.random.fork_rng():
        network = build_generator(about.config, zoo, about.spec, choose_device(device, "fp32"))
    with _opened(path) as file:
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
    vectors = state.pop(_VECTORS, None)
    try:
        network.load_state_dict({name.removeprefix(_NETWORK): tensor for name, tensor in state.items()})
    except (RuntimeError, KeyError) as error:
        what = f"the weights do not fit the description of G: {_first_lines(error)}"
        raise CheckpointError(what, where=str(path), hint=_ANEW) from error
    return network.eval(), vectors


def _first_lines(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _opened(path: Path) -> Any:
    """Open a safetensors file. Raises CheckpointError for what is none, ResourceError if memory is short."""
    try:
        with open_regular(path) as file:  # no pipe, and no device
            size = file.seek(0, 2)
    except OSError as error:
        raise _unreadable(path, error) from error
    if size > available_bytes():
        raise ResourceError(
            f"{path.name} has {size / 2**30:.1f} GiB", where=str(path), hint="a machine with more memory"
        )
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    reason = getattr(error, "strerror", None) or error
    hint = "ganzoo export RUN -o DIR, then ganzoo.load(DIR)"
    return CheckpointError(f"no generator in {path.name}: {reason}", where=str(path), hint=hint)


def network_of(run: Run, step: int | None) -> tuple[Generator, Tensor | None, int, int]:
    """Return G_ema of a run, its label vectors, z_dim and step, all on the CPU. Raises what `Run.generator` raises."""
    gan, step = run.restore(step)
    network = gan.G_ema.module
    assert isinstance(network, Generator)
    return network.cpu().eval(), gan.label_vectors, gan.z_dim, step
