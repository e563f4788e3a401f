"""Judges the classes of conditional runs on MNIST by a classifier of its own, which shares nothing with `digits-cnn`.

    python docs/results/judge.py runs/conditional --data-root DIR

The classifier is a small network of two convolutions, trained on the 60,000 training images of MNIST in DIR. For each
run it prints the share of samples that show the class they were asked for, the worst class, and the mean distance in
pixels between samples of a class as a share of that between real images of the class, for the least diverse class.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate, pdist

import ganzoo
from ganzoo.data.images import from_uint8

PER_CLASS = 200


def train(x: Tensor, y: Tensor, epochs: int = 2) -> nn.Module:
    """Train the classifier on images in [-1, 1] (N, 1, 28, 28)."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 5, stride=2), nn.ReLU(),
        nn.Flatten(), nn.LazyLinear(64), nn.ReLU(), nn.Dropout(0.25), nn.Linear(64, 10),
    )  # fmt: skip
    network(x[:2])
    descent = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(epochs):
        for at in torch.randperm(len(x)).split(128):
            descent.zero_grad()
            cross_entropy(network(x[at]), y[at]).backward()
            descent.step()
    return network.eval()


@torch.no_grad()
def classify(network: nn.Module, x: Tensor) -> Tensor:
    """Return the class of each image: (N,)."""
    return torch.cat([network(interpolate(part, (28, 28))).argmax(dim=1) for part in x.split(500)])


def measure_spread(x: Tensor) -> Tensor:
    """Return the mean distance between two images."""
    return pdist(x[:PER_CLASS].flatten(1)).mean()


def judge(path: Path, network: nn.Module, real: list[Tensor]) -> str:
    """Return a line of the table: name, accuracy, worst class, least diverse class."""
    samples = [from_uint8(ganzoo.Run(path).samples(PER_CLASS, label=label)) for label in range(10)]
    right = torch.stack([(classify(network, x) == label).double().mean() for label, x in enumerate(samples)])
    spread = torch.stack([measure_spread(x) / measure_spread(r) for x, r in zip(samples, real, strict=True)])
    worst, least = int(right.argmin()), int(spread.argmin())
    return f"| {path.name} | {right.mean():.1%} | {right.min():.1%} ({worst}) | {spread.min():.2f} ({least}) |"


def main() -> None:
    """Print the table of all runs of a grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("grid", type=Path)
    parser.add_argument("--data-root", type=Path, required=True)
    how = parser.parse_args()
    train_set, test_set = (load(how.data_root, split) for split in ("train", "test"))
    network = train(*train_set)
    x, y = test_set
    real = [x[y == label] for label in range(10)]
    print(f"real test images: {(classify(network, x) == y).double().mean():.1%}")
    print("| run | accuracy | worst class | least diverse class |\n|---|---|---|---|")
    for path in sorted((how.grid / "cells").iterdir()):
        if (path / "scores.json").is_file() and ganzoo.Run(path).num_classes > 1:
            print(judge(path, network, real))


def load(root: Path, split: str) -> tuple[Tensor, Tensor]:
    """Return the images of MNIST in [-1, 1] (N, 1, 28, 28), and their classes."""
    from torchvision.datasets import MNIST

    data = MNIST(str(root), train=split == "train")
    return from_uint8(data.data[:, None]), data.targets


if __name__ == "__main__":
    main()
