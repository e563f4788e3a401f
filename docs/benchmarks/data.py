"""Time three ways to feed a folder or an archive of images to training: in memory, cached, streamed.

    python docs/benchmarks/data.py --images 100000 --size 64 --repeats 5

The script makes synthetic photographs (smooth noise, JPEG) and loads them once in each way. It then draws batches from
the three feeds, and trains a small DCGAN on them. These measurements alternate between the feeds, because the speed of
a machine varies, but hardly within one round. `--folder` writes files instead of one archive.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ganzoo import load_zoo, machine
from ganzoo.builtin.datasets.own_images import Folder, ImageFiles, Zip
from ganzoo.contracts import Samples
from ganzoo.training.build import build_gan
from ganzoo.training.device import choose_device
from ganzoo.training.feed import Feed
from ganzoo.training.steps import discriminator_step, generator_step
from ganzoo.zoo.recipes import settle

WAYS = ("memory", "cached", "streamed")


def main() -> None:
    """Print the loading times, and the rates of each way with their ratios to that of "memory"."""
    args = read_args()
    with tempfile.TemporaryDirectory(prefix="ganzoo-data-") as folder:
        os.environ["GANZOO_CACHE"] = str(Path(folder) / "cache")
        dataset = make(Path(folder), args)
        samples = load_all(dataset, args)
        compare("batches/s", samples, lambda feed: draw(feed, args), args.repeats)
        compare("steps/s", samples, train(samples["memory"], args), args.repeats)


def read_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=64, help="height and width in pixels")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--batches", type=int, default=200, help="batches per measurement of a feed without training")
    parser.add_argument("--steps", type=int, default=10, help="steps per measurement of training")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=0, help="processes that decode streamed images; 0: cores - 1")
    parser.add_argument("--folder", action="store_true", help="write files in 10 class folders instead of one archive")
    return parser.parse_args()


def make(folder: Path, args: argparse.Namespace) -> ImageFiles:
    """Write the images and return them as a dataset."""
    pictures = ((f"class{i % 10}/{i:07}.jpg", data) for i, data in enumerate(photographs(args.images, args.size)))
    with timed(f"write {args.images:,} JPEG files of {args.size}x{args.size}"):
        if args.folder:
            for name, data in pictures:
                (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / "images" / name).write_bytes(data)
        else:
            with zipfile.ZipFile(folder / "images.zip", "w") as archive:
                for name, data in pictures:
                    archive.writestr(name, data)
    kind, name = (Folder, "images") if args.folder else (Zip, "images.zip")
    return kind(str(folder / name), image_size=args.size, mode="rgb", workers=args.workers)


def photographs(count: int, size: int) -> Iterator[bytes]:
    """Yield `count` different JPEG files of enlarged noise."""
    generator = np.random.default_rng(0)
    for _ in range(count):
        coarse = Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        stream = io.BytesIO()
        coarse.resize((size, size), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
        yield stream.getvalue()


def load_all(dataset: ImageFiles, args: argparse.Namespace) -> dict[str, Samples]:
    """Load the dataset in each way: with the cache twice, to write it and to open it as a second run does."""
    cached = type(dataset)(**{**vars(dataset), "cache": True})
    samples = {}
    with timed("load into memory"):
        samples["memory"] = dataset.load()
    with timed("load and write the cache"):
        cached.load()
    with timed("open the cache"):
        samples["cached"] = cached.load()
    with timed("hash the files (a part of that)"), cached.list_images() as listing:
        cached.hash_files(listing)
    free, machine.available_bytes = machine.available_bytes, lambda: 0
    with timed("first pass over streamed images"):
        samples["streamed"] = dataset.load()
    machine.available_bytes = free
    with timed("hash the pixels in memory"):
        assert samples["memory"].digests == samples["cached"].digests == samples["streamed"].digests
    return samples


def compare(unit: str, samples: dict[str, Samples], measure: Callable[[Feed], float], repeats: int) -> None:
    """Alternate between the ways; print the median rates, and the median of the ratios to "memory" within a round."""
    feeds = {way: Feed(samples[way], 0, torch.device("cpu")) for way in WAYS}
    rounds = []
    for _ in range(repeats + 1):
        rates = {}
        for way, feed in feeds.items():
            rates[way] = measure(feed)
            feed.close()  # otherwise its processes decode ahead while the other feeds are measured
        rounds.append(rates)
    for way in WAYS:
        rates = [rates[way] for rates in rounds[1:]]  # the first round fills caches
        ratio = statistics.median(rates[way] / rates["memory"] for rates in rounds[1:])
        spread = f"{min(rates):,.1f} to {max(rates):,.1f}"
        print(f"{unit:10} {way:9} {statistics.median(rates):10,.1f}  ({spread})  {ratio:.2f} of memory")


def draw(feed: Feed, args: argparse.Namespace) -> float:
    """Return the batches per second of a feed without training; the first batch starts processes and is not timed."""
    feed.next(args.batch)
    start = time.perf_counter()
    for _ in range(args.batches):
        feed.next(args.batch)
    return args.batches / (time.perf_counter() - start)


def train(samples: Samples, args: argparse.Namespace) -> Callable[[Feed], float]:
    """Return a function that trains a DCGAN on a feed and returns steps per second."""
    run = settle(flags={"model.name": "dcgan", "optim.batch_size": args.batch}).run
    gan = build_gan(run, load_zoo(), samples.spec, choose_device("cpu", "auto"))

    def measure(feed: Feed) -> float:
        discriminator_step(gan, *feed.next(args.batch))
        start = time.perf_counter()
        for _ in range(args.steps):
            discriminator_step(gan, *feed.next(args.batch))
            generator_step(gan, *feed.next(args.batch))
        return args.steps / (time.perf_counter() - start)

    return measure


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the body of the `with` statement took."""
    start = time.perf_counter()
    yield
    print(f"{what:45} {time.perf_counter() - start:7.1f} s", flush=True)


if __name__ == "__main__":
    main()
