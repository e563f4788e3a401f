"""Images to be scored, and commands that score them."""

import io
import json
import struct
from dataclasses import replace

import torch
from PIL import Image
from torch import nn

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.training.sampling import GeneratedImages
from ganzoo.zoo.recipes import settle
from support.image_files import write
from support.runs import ganzoo

CPU = torch.device("cpu")
SCORED = ["--samples=60", "--set=eval.metrics=fid,prc"]


def scored_run(dataset, settings):
    """Return the settings of a run on a dataset that is scored as [eval] says."""
    return replace(settle(flags={"dataset.name": dataset}).run, eval=settings)


class Noisy(nn.Module):
    """A generator whose images depend on its batch while it trains, as with batch normalisation."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.norm = nn.Linear(4, 64), nn.BatchNorm1d(64)

    def forward(self, z, y):
        return (self.norm(self.linear(z)) + y[:, None] / 8).tanh().reshape(-1, 1, 8, 8)


def images_of(network, count=20, **options):
    return GeneratedImages(network, 4, 3, count, **options)


def strict_json(text):
    """JSON without NaN and Infinity, which Python would read."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def evaluate_json(*words, code=0):
    return strict_json(ganzoo("evaluate", *words, "--json", code=code).stdout)


def write_images(folder, x):
    for i, image in enumerate(x):
        write(folder / f"{i:04d}.png", encode(image))
    return folder


def encode(image):
    stream = io.BytesIO()
    Image.fromarray(image[0].numpy()).save(stream, "PNG")
    return stream.getvalue()


def write_idx(root, count=12):
    """MNIST in its own format, 12 images in each split."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    digits = Digits(image_size=28).load()
    for i, split in enumerate(("train", "t10k")):
        x, y = digits.x[i * count : (i + 1) * count], digits.y[i * count : (i + 1) * count]
        head = struct.pack(">IIII", 2051, count, 28, 28)
        (raw / f"{split}-images-idx3-ubyte").write_bytes(head + x.numpy().tobytes())
        labels = struct.pack(">II", 2049, count) + y.to(torch.uint8).numpy().tobytes()
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(labels)
