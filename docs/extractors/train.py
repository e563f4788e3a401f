"""Train the two feature extractors that ship with ganzoo; see README.md in this folder.

python docs/extractors/train.py digits-cnn --data DIR
python docs/extractors/train.py photos-cnn --data DIR
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from ganzoo.builtin.datasets.benchmarks import MNIST
from ganzoo.builtin.datasets.digits import Digits
from ganzoo.builtin.datasets.own_images import Folder
from ganzoo.builtin.features.bundled import DigitsCNN, PhotosCNN
from ganzoo.builtin.features.convnet import ConvNet
from ganzoo.data.images import from_uint8

Labelled = tuple[Tensor, Tensor]
"""Images uint8 (M, C, 32, 32) and their classes int64 (M,)."""


@dataclass(frozen=True)
class Recipe:
    """Settings that follow Jordan 2024 (arXiv:2404.00498)."""

    widths: tuple[int, ...]
    epochs: int
    flip: bool
    batch_size: int = 500
    lr: float = 0.5  # the peak, at 20 % of the steps; it starts at a fifth of it and ends at 0
    momentum: float = 0.9  # Nesterov
    weight_decay: float = 1e-3
    label_smoothing: float = 0.2
    shift: int = 2  # pixels, each way
    seed: int = 0


RECIPES = {
    "digits-cnn": Recipe(DigitsCNN.widths, epochs=6, flip=False),
    "photos-cnn": Recipe(PhotosCNN.widths, epochs=18, flip=True),
}


def main() -> None:
    """Read the arguments, train, test, write NAME.safetensors and print its sha256."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, help="folder with MNIST/ and cifar10-jpeg/")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for NAME.safetensors")
    parser.add_argument("--epochs", type=int, help="number of epochs for a trial, instead of that of the recipe")
    args = parser.parse_args()
    recipe = RECIPES[args.name]
    if args.epochs:
        recipe = replace(recipe, epochs=args.epochs)
    train, test = read_digits(args.data) if args.name == "digits-cnn" else read_photos(args.data)
    net = fit(train, test, recipe)
    path = args.out / f"{args.name}.safetensors"
    calibrate(net, test)
    accuracy = measure_accuracy(net, test)
    weights = {name: value.contiguous() for name, value in net.state_dict().items()}
    save_file(weights, path, metadata={"test_accuracy": f"{accuracy:.4f}"})
    print(f"{path}: test accuracy {accuracy:.2%}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


def read_photos(root: Path) -> tuple[Labelled, Labelled]:
    """Return the training and the test images of cifar10-jpeg."""
    train, test = (Folder(path=str(root / "cifar10-jpeg" / split), image_size=32).load() for split in ("train", "test"))
    return (train.x, train.y), (test.x, test.y)


def read_digits(root: Path) -> tuple[Labelled, Labelled]:
    """Return MNIST, with eight copies of ganzoo's digits among its training images to give them weight."""
    train, test = (MNIST(root=str(root), split=split).load() for split in ("train", "test"))
    digits = Digits().load()
    x = torch.cat([train.x, *[digits.x] * 8])
    y = torch.cat([train.y, *[digits.y] * 8])
    return (x, y), (test.x, test.y)


def fit(train: Labelled, test: Labelled, recipe: Recipe) -> ConvNet:
    """Train a network, printing its loss and test accuracy after each epoch."""
    torch.manual_seed(recipe.seed)
    torch.set_flush_denormal(True)
    x, y = train
    net = ConvNet(x.shape[1], recipe.widths).to(memory_format=torch.channels_last)
    initialise(net, x[:5000])
    trainable = [p for p in net.parameters() if p.requires_grad]
    optimiser = torch.optim.SGD(
        trainable, recipe.lr, recipe.momentum, weight_decay=recipe.weight_decay, nesterov=True, foreach=True
    )
    steps = recipe.epochs * (len(x) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: triangle(step / steps))
    parity = torch.rand(len(x)) < 0.5
    start = time.monotonic()
    for epoch in range(recipe.epochs):
        total = 0.0
        for batch, labels in batches(x, y, parity ^ bool(epoch % 2), recipe):
            loss = functional.cross_entropy(net(batch).logits, labels, label_smoothing=recipe.label_smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) / (len(x) // recipe.batch_size)
        accuracy = measure_accuracy(net, test)
        print(f"epoch {epoch + 1}: loss {total:.4f}, test {accuracy:.2%}, {time.monotonic() - start:.0f} s", flush=True)
    return net


def triangle(progress: float, peak: float = 0.2, first: float = 0.2) -> float:
    """Return the factor of the learning rate at a progress in [0, 1]."""
    return first + (1 - first) * progress / peak if progress < peak else (1 - progress) / (1 - peak)


@torch.no_grad()
def initialise(net: ConvNet, x: Tensor) -> None:
    """Set the first layer to whiten its input and freeze it; start the other convolutions near the identity."""
    patches = functional.unfold(from_uint8(x), 2).transpose(1, 2).flatten(0, 1)  # (images x positions, 4 C)
    variances, directions = torch.linalg.eigh(patches.T.cov())
    filters = directions.T / (variances + 5e-4).sqrt()[:, None]
    net.whiten.weight.copy_(torch.cat([filters, -filters]).reshape(net.whiten.weight.shape))
    net.whiten.bias.copy_(-net.whiten.weight.flatten(1) @ patches.mean(0))
    net.whiten.requires_grad_(False)
    for layer in net.stages.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight[: layer.in_channels])


def batches(x: Tensor, y: Tensor, mirrored: Tensor, recipe: Recipe) -> Iterator[Labelled]:
    """Yield the batches of an epoch in random order and shifted at random; `mirrored`, bool (M,), flips every epoch."""
    for rows in torch.randperm(len(x)).split(recipe.batch_size):
        if len(rows) < recipe.batch_size:
            return
        batch = from_uint8(x[rows])
        if recipe.flip:
            batch = torch.where(mirrored[rows, None, None, None], batch.flip(3), batch)
        yield shift(batch, recipe.shift).contiguous(memory_format=torch.channels_last), y[rows]


def shift(x: Tensor, by: int) -> Tensor:
    """Move each image (N, C, 32, 32) by up to `by` pixels each way; the border is mirrored."""
    padded = functional.pad(x, (by,) * 4, mode="reflect")
    size = x.shape[-1]
    offsets = torch.randint(2 * by + 1, (2, len(x)))
    out = torch.empty_like(x)
    for dy in range(2 * by + 1):
        for dx in range(2 * by + 1):
            here = (offsets[0] == dy) & (offsets[1] == dx)
            out[here] = padded[here, :, dy : dy + size, dx : dx + size]
    return out


@torch.no_grad()
def calibrate(net: ConvNet, test: Labelled) -> None:
    """Scale the logits so that their probabilities are calibrated on the test images, for the Inception score.

    Label smoothing makes these probabilities far too even. Guo et al. 2017, arXiv:1706.04599, section 4.2: one scale
    for all classes, chosen by the lowest negative log-likelihood; features and accuracy do not change.
    """
    x, y = test
    logits = torch.cat([net.eval()(from_uint8(images)).logits for images in x.split(500)])
    scales = torch.logspace(-1, 2, 301)
    losses = torch.stack([functional.cross_entropy(scale * logits, y) for scale in scales])
    net.head.weight *= scales[losses.argmin()]


@torch.no_grad()
def measure_accuracy(net: ConvNet, test: Labelled) -> float:
    """Return the accuracy on the test images, in one pass without mirrored copies."""
    net.eval()
    x, y = test
    parts = zip(x.split(500), y.split(500), strict=True)
    right = sum(int((net(from_uint8(images)).logits.argmax(1) == labels).sum()) for images, labels in parts)
    net.train()
    return right / len(x)


if __name__ == "__main__":
    main()
