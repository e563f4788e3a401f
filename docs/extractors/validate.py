"""Show that the distances of an extractor grow with the strength of a change of the images.

python docs/extractors/validate.py digits-cnn
python docs/extractors/validate.py photos-cnn --data DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.builtin.datasets.own_images import Folder
from ganzoo.builtin.features.bundled import DigitsCNN, PhotosCNN
from ganzoo.builtin.metrics.frechet import frechet_distance
from ganzoo.contracts import Extractor, FeatureSet
from ganzoo.data.images import from_uint8, to_uint8
from ganzoo.evaluation.extraction import extract, in_batches

NOISE = (0.0, 0.05, 0.1, 0.2, 0.4)  # standard deviation; images are in [-1, 1]
BLUR = (0.0, 1.0, 1.5, 2.0, 4.0)  # standard deviation in pixels
CLASSES = (10, 8, 6, 4, 2, 1)  # number of classes that remain
CPU = torch.device("cpu")


def main() -> None:
    """Read the arguments, measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=["digits-cnn", "photos-cnn"])
    parser.add_argument("--data", type=Path, help="folder with cifar10-jpeg/, whose test images are used")
    args = parser.parse_args()
    if args.name == "digits-cnn":
        samples, extractor = Digits().load(), DigitsCNN().load(CPU)
    else:
        samples = Folder(path=str(args.data / "cifar10-jpeg" / "test"), image_size=32).load()
        extractor = PhotosCNN().load(CPU)
    for name, row in measure(extractor, samples.x, samples.y).items():
        print(f"{name:15}" + "".join(f"  {level}: {distance:.2f}" for level, distance in row.items()))


def measure(extractor: Extractor, x: Tensor, y: Tensor) -> dict[str, dict[float, float]]:
    """Return distances between every second image, changed, and the other images: {"blur": {0.5: ...}, ...}."""
    torch.manual_seed(0)
    order = torch.randperm(len(x))
    reference = extract_features(x[order[::2]], extractor)
    x, y = x[order[1::2]], y[order[1::2]]

    def distance(images: Tensor) -> float:
        return frechet_distance(reference, extract_features(images, extractor))

    return {
        "random pixels": {1.0: distance(torch.randint_like(x, 256))},
        "added noise": {level: distance(add_noise(x, level)) for level in NOISE},
        "blur": {level: distance(blur(x, level)) for level in BLUR},
        "classes left": {float(count): distance(x[y < count]) for count in CLASSES},
    }


def extract_features(x: Tensor, extractor: Extractor) -> FeatureSet:
    """Return the features of images uint8 (M, C, H, W)."""
    return extract(in_batches(x, 100, CPU), extractor)


def add_noise(x: Tensor, level: float) -> Tensor:
    """Add Gaussian noise to images uint8 (M, C, H, W)."""
    return to_uint8(from_uint8(x) + level * torch.randn(x.shape))


def blur(x: Tensor, level: float) -> Tensor:
    """Blur images uint8 (M, C, H, W) by a Gaussian of this standard deviation in pixels."""
    if level == 0:
        return x
    radius = min(round(3 * level), x.shape[-1] - 1)
    kernel = torch.exp(-(torch.arange(-radius, radius + 1) ** 2) / (2 * level**2))
    kernel /= kernel.sum()
    planes = pad(from_uint8(x).flatten(0, 1)[:, None], (radius,) * 4, mode="reflect")
    planes = conv2d(conv2d(planes, kernel[None, None, :, None]), kernel[None, None, None, :])
    return to_uint8(planes.reshape(x.shape))


if __name__ == "__main__":
    main()
