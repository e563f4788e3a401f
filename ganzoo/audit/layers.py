"""Spectral norms of the layers of D, and norms of the gradients that reach them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import Parameter, signature
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.training.gan import GAN

LINEAR = (nn.Linear, nn.modules.conv._ConvNd)
"""Layers that are linear but for their bias."""
ITERATIONS = 30
"""Iterations of the power method: on the layers of a trained critic, the norm is then right to about 1 %."""


def linear_layers(network: nn.Module) -> dict[str, nn.Module]:
    """Return {name: layer} of the layers that are linear but for their bias, in the order in which they were built."""
    return {name: layer for name, layer in network.named_modules() if isinstance(layer, LINEAR) and _reads_one(layer)}


def _reads_one(layer: nn.Module) -> bool:
    """Return whether a layer runs on one input; a subclass may need others, such as labels."""
    return sum(each.default is Parameter.empty for each in signature(layer.forward).parameters.values()) == 1


def spectral_norms(network: nn.Module, *inputs: Tensor, iterations: int = ITERATIONS) -> dict[str, float]:
    """Return {layer: largest singular value} of the linear layers that `network(*inputs)` runs.

    A convolution's is that of the map on inputs of its true size, its padding and stride included, and not that of
    its kernel as a matrix, which Miyato et al. 2018, arXiv:1802.05957, bound in its place: for 3 x 3 kernels the two
    differ by up to 3 (Tsuzuku et al. 2018, arXiv:1802.04034).
    """
    seen = dict[str, Tensor]()

    def note(name: str, x: Tensor, y: Tensor) -> None:
        seen[name] = x

    with torch.no_grad(), _observing(network, note):
        network(*inputs)
    layers = linear_layers(network)
    return {name: _spectral_norm(layers[name], x, iterations) for name, x in seen.items()}


def _spectral_norm(layer: nn.Module, like: Tensor, iterations: int) -> float:
    """Run the power method on A^T A, where A x = layer(x) - layer(0) for one input x of the shape of `like[0]`."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, *like.shape[1:], generator=generator).to(like)
    zero = torch.zeros_like(x)
    norm = 0.0
    for _ in range(iterations):
        x = (x / x.norm()).requires_grad_(True)
        image = layer(x) - layer(zero)
        if not (norm := float(image.detach().norm())):
            return 0.0
        (x,) = torch.autograd.grad(image, x, image.detach())
    return norm


def gradient_norms(gan: GAN, x_real: Tensor, x_fake: Tensor, y: Tensor) -> dict[str, float]:
    """Return {layer: ||dL/dh||_2, mean per sample} for outputs h of D's linear layers; L is its adversarial loss.

    The curve of arXiv:1704.00028, Figure 1(b): flat if signals pass, straight on a logarithmic axis if each layer
    shrinks or stretches them. x_real, x_fake (N, *shape), y (N,). A penalty is no part of L, and layers that L does not
    depend on, such as those of an auxiliary classifier, are left out.
    """
    outputs = list[tuple[str, Tensor]]()
    with _observing(gan.D, lambda name, _, h: outputs.append((name, h))):
        real, fake = gan.D(x_real, y).logits.flatten(), gan.D(x_fake, y).logits.flatten()
    loss = len(y) * gan.loss.discriminator_loss(real=real, fake=fake)  # a loss is a mean: this gives each sample's own
    gradients = torch.autograd.grad(loss, [h for _, h in outputs], allow_unused=True)
    norms = dict[str, list[float]]()
    for (name, _), gradient in zip(outputs, gradients, strict=True):
        if gradient is not None:
            norms.setdefault(name, []).append(_mean_norm(gradient))
    return {name: sum(each) / len(each) for name, each in norms.items()}


def _mean_norm(gradient: Tensor) -> float:
    """gradient (N, ...) -> mean norm of its rows, squared in float64: deep critics have gradients below 1e-20."""
    return float(gradient.double().flatten(1).norm(dim=1).mean())


@contextmanager
def _observing(network: nn.Module, note: Callable[[str, Tensor, Tensor], Any]) -> Iterator[None]:
    """Call note(name, input, output) after each run of a linear layer inside the `with` block."""

    def hook_of(name: str) -> Callable[..., None]:
        def hook(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            note(name, inputs[0], output)

        return hook

    handles = [layer.register_forward_hook(hook_of(name)) for name, layer in linear_layers(network).items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
