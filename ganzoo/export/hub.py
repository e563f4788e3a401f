"""Exported folders on the Hugging Face hub: weights, JSON and a card go up; weights and JSON alone come down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ganzoo.errors import CheckpointError, ConfigError, GanzooError, ResourceError
from ganzoo.export.weights import DESCRIPTION, WEIGHTS, read_folder

PREFIX = "hf:"
"""Beginning of the name of a generator on the hub: "hf:OWNER/NAME", or "hf:OWNER/NAME@REVISION"."""
CARD, PICTURE = "README.md", "samples.png"
FILES = (DESCRIPTION, WEIGHTS, CARD, PICTURE)
"""Files of a folder that are sent to the hub; others stay here."""
_LOG_IN = "hf auth login, or export HF_TOKEN=... (a token that may write)"


def push(folder: Path, name: str, *, private: bool = False) -> str:
    """Send an exported folder to the hub as NAME or OWNER/NAME, and return its address.

    Raises CheckpointError for a folder without a generator, ResourceError if the hub cannot be reached or refuses.
    """
    about, _ = read_folder(folder)
    api = _open()
    with _explained(name, ResourceError, _LOG_IN):
        address = api.create_repo(name.removeprefix(PREFIX), private=private, exist_ok=True)
        what = f"G of {about.run.name}, step {about.run.step}"
        api.upload_folder(
            repo_id=address.repo_id, folder_path=folder, allow_patterns=list(FILES), commit_message=f"Add {what}"
        )
    return str(address)


def fetch(name: str) -> Path:
    """Bring the weights and the description of "hf:OWNER/NAME[@REVISION]" into the cache, and return their folder.

    Nothing else is read, and nothing is run. Raises CheckpointError.
    """
    repository, _, revision = name.removeprefix(PREFIX).partition("@")
    api = _open()
    hint = 'ganzoo.load("hf:OWNER/NAME"), of a folder that ganzoo push sent'
    with _explained(name, CheckpointError, hint):
        paths = [
            Path(api.hf_hub_download(repository, file, revision=revision or None)) for file in (DESCRIPTION, WEIGHTS)
        ]
    return paths[0].parent


def _open() -> Any:
    """Return the interface of the hub that HF_ENDPOINT names. Raises ResourceError if the package is absent."""
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        what = "the hub needs the package huggingface_hub"
        raise ResourceError(what, hint="pip install 'ganzoo-torch[hub]'") from error
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, library_name="ganzoo")


@contextmanager
def _explained(name: str, kind: type[GanzooError], hint: str) -> Iterator[None]:
    """Raise one error of ours for all by which the hub, or the way to it, fails."""
    from huggingface_hub.errors import HFValidationError

    try:
        yield
    except HFValidationError as error:
        raise ConfigError(f"{name} is no name of the hub: {error}", hint="OWNER/NAME, or NAME") from error
    except Exception as error:  # of HTTP, of its cache, of the network: the library has no common one
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise kind(f"no answer of the hub that can be used for {name}", where=reason, hint=hint) from error
