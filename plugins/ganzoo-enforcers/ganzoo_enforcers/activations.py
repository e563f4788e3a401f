"""Find the activations of a discriminator, and put other modules in their place."""

from collections.abc import Callable

from torch import nn

import ganzoo

ACTIVATIONS = (ganzoo.Rectifier, nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.SiLU, nn.GELU, nn.Softplus)


def replace_activations(network: nn.Module, make: Callable[[nn.Module], nn.Module], who: str) -> None:
    """Replace each activation by what `make` returns for it. Raises ConfigError if the network has none as a module."""
    found = [
        (name, part) for name, part in network.named_modules(remove_duplicate=False) if isinstance(part, ACTIVATIONS)
    ]
    if not found:
        what = f"lipschitz {who!r} changes the activations of D, and this D has none that is a module"
        raise ganzoo.ConfigError(what, hint="--model dcgan, or --lipschitz gp")
    for name, part in found:
        parent, _, last = name.rpartition(".")
        setattr(network.get_submodule(parent), last, make(part))
