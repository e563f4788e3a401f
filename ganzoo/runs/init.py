"""First weights of a run that are those of another run: what fits is taken, and what does not is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.data.listing import abridge
from ganzoo.errors import ConfigError
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.origin import describe_origin, load_start
from ganzoo.settings.sections import InitConfig
from ganzoo.training.gan import GAN


def initialise(gan: GAN, init: InitConfig, note: Callable[[str], None]) -> dict[str, Any]:
    """Load the weights of another run into the networks of a new one; return their origin, for the manifest.

    A tensor is taken if the other run has one of this name and shape: other classes or another image size leave some
    at their random values, and `note` names them. G_ema begins as a copy of G, and the optimisers begin anew. Without
    init.run nothing happens. Raises CheckpointError, and ConfigError if no tensor of a network fits.
    """
    if not init.run:
        return {}
    folder = RunFolder(Path(init.run).expanduser())
    folder.read_recipe()  # its error says that this is no run
    begun = load_start(folder, str(init.step) if init.step else init.checkpoint)
    for name in [network for network in ("G", "D") if init.networks in ("both", network.lower())]:
        state = _average(begun.state["G_ema"]) if name == "G" and init.weights == "ema" else begun.state[name]
        note(_take(getattr(gan, name), state, name, f"{folder.path}, step {begun.step}"))
    gan.G_ema.module.load_state_dict(gan.G.state_dict())
    chosen = {"networks": init.networks, "weights": init.weights}
    return {"origin": describe_origin(folder, begun.step) | chosen}


def _average(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a moving average by the names that they have in G."""
    return {name.removeprefix("module."): tensor for name, tensor in state.items() if name.startswith("module.")}


@torch.no_grad()
def _take(network: nn.Module, state: dict[str, Tensor], name: str, source: str) -> str:
    """Copy the tensors that fit, and return a sentence about them. Raises ConfigError if no weight does."""
    own = network.state_dict()
    fitting = [key for key, tensor in own.items() if key in state and state[key].shape == tensor.shape]
    weights = [key for key, _ in network.named_parameters()]
    if weights and not set(weights) & set(fitting):
        what = f"init.run: no weight of {name} has the name and shape of one in {source}"
        raise ConfigError(what, hint=f"--model NAME (as there), or --set init.networks={'g' if name == 'D' else 'd'}")
    for key in fitting:
        own[key].copy_(state[key])
    others = [key for key in own if key not in fitting]
    rest = f"; new, since name or shape differ: {abridge(others, 5)}" if others else ""
    return f"{name} begins with {len(fitting)} of {len(own)} tensors of {source}{rest}"
