"""Weights that do not ship with ganzoo: found on disk or downloaded, and read without running any code in them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import torch

from ganzoo.data.download import downloading
from ganzoo.data.torch_files import require_stored
from ganzoo.errors import DataError, EvaluationError, ResourceError
from ganzoo.files import read_regular

SHIPPED = "--features digits-cnn (or photos-cnn: they ship with ganzoo)"
ONCE = "run it once with a network"
MOST_BYTES = 2**31
"""Size of a file of weights: CLIP's, the largest that is read so, has 0.9 GB."""


class Published(NamedTuple):
    """Weights as their authors published them."""

    label: str
    file: str
    """Name of the file in torch's cache."""
    sha256: str
    url: str
    flag: str
    """Flag that names another file."""
    variable: str
    """Environment variable with the path of another file."""

    @property
    def way_of_own(self) -> str:
        """Hint on how to name another file."""
        return f"{self.flag} (or {self.variable}=FILE)"


class Weights(NamedTuple):
    """A file that is read once, so that the bytes that were checked are the bytes that are used."""

    path: Path
    data: bytes
    sha256: str
    label: str
    """The published label; for another file, followed by the first 8 digits of its hash."""
    official: bool


def find(published: Published, named: str) -> Weights:
    """Return the file `named`, else that of the environment variable, else that of torch's cache, or download it.

    A file that the user names may have any hash. Raises EvaluationError if it cannot be read or downloaded, or
    if the one in the cache is damaged; ResourceError if the disk is full.
    """
    path = locate(published, named)
    if named or os.environ.get(published.variable):
        return read(path, published)
    if not path.exists():
        download(published, path)
    weights = read(path, published)
    if not weights.official:
        what = f"the weights of {published.label} are damaged: sha256 {weights.sha256[:8]}, not {published.sha256[:8]}"
        raise EvaluationError(what, where=str(path), hint=f"delete that file, then {ONCE}")
    return weights


def locate(published: Published, named: str) -> Path:
    """Return the path of the file `named`, else of the environment variable's, else of that in torch's cache."""
    if named := named or os.environ.get(published.variable, ""):
        return Path(named)
    return Path(torch.hub.get_dir(), "checkpoints", published.file)


def read(path: Path, published: Published) -> Weights:
    """Read a file and hash it. Raises EvaluationError."""
    try:
        path = path.expanduser()
        data = read_regular(path, MOST_BYTES)
    except MemoryError as error:
        what = f"not enough memory to read the weights of {published.label}"
        raise ResourceError(what, where=str(path), hint=published.way_of_own) from error
    except (OSError, RuntimeError) as error:  # RuntimeError: no such home
        reason = getattr(error, "strerror", None) or error
        what = f"cannot read the weights of {published.label}: {reason}"
        raise EvaluationError(what, where=str(path), hint=published.way_of_own) from error
    sha256 = hashlib.sha256(data).hexdigest()
    official = sha256 == published.sha256
    return Weights(path, data, sha256, published.label if official else f"{published.label}@{sha256[:8]}", official)


def download(published: Published, path: Path) -> None:
    """Download the published file; one with another hash is never kept.

    Raises EvaluationError with three remedies if that fails, ResourceError if the disk is full.
    """
    hint = f"{SHIPPED}; {published.way_of_own}; {ONCE}"
    with wording(hint), downloading(published.label, published.url, path.parent, hint):
        if not path.exists():  # another process may have finished while this one waited
            torch.hub.download_url_to_file(published.url, str(path), published.sha256, progress=False)


@contextmanager
def wording(hint: str) -> Iterator[None]:
    """Turn errors of a download into errors with the remedies of an evaluation."""
    try:
        yield
    except DataError as error:
        raise EvaluationError(f"no weights: {error.what}", where=error.where, hint=hint) from error
    except ResourceError as error:
        raise ResourceError(error.what, where=error.where, hint="make room, or TORCH_HOME=DIR") from error


def plain_tensors(weights: Weights) -> BytesIO:
    """Return the state dict, written anew to a file in memory.

    torch-fidelity unpickles in a way that runs any code in a file, so it never gets the bytes of the user: they
    are read as plain data first. Raises EvaluationError if they are anything else.
    """
    try:
        if weights.data.startswith(b"PK"):  # older files of torch are no zip
            require_stored(weights.data)
        state = torch.load(BytesIO(weights.data), map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # torch's zip and pickle readers raise almost anything
        raise not_weights(weights, "it is damaged, or holds code, which was not run") from error
    if not is_state_dict(state):
        raise not_weights(weights, "it holds something other than named tensors")
    file = BytesIO()
    torch.save(dict(state), file)
    file.seek(0)
    return file


def is_state_dict(state: object) -> bool:
    """Return True for a dict of tensors by name."""
    if not isinstance(state, dict):
        return False
    return all(isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items())


def not_weights(weights: Weights, reason: str) -> EvaluationError:
    """Return the error about a file without the weights."""
    what = f"{weights.path.name} has no weights of {weights.label.split('@')[0]}: {reason}"
    return EvaluationError(what, where=str(weights.path), hint=f"name another file; {SHIPPED}")
