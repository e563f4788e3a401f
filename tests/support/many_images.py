"""Images that fill more than one chunk of a decoding process, and batches drawn of them."""

import io
import multiprocessing

import numpy as np
import torch
from PIL import Image

from ganzoo.training.feed import Feed

CPU = torch.device("cpu")
COUNT = 150  # more than two chunks of a process


def noise(index, grey=False):
    pixels = np.random.default_rng(index).integers(0, 256, (8, 8) if grey else (8, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


MEMBERS = {f"class{i % 3}/{i:04}.png": noise(i) for i in range(COUNT)}


def draw(samples, counts, position=0):
    """Batches of these sizes; the processes that decode are gone afterwards."""
    feed = Feed(samples, seed=3, device=CPU)
    feed.position = position
    batches = [feed.next(count) for count in counts]
    feed.close()
    assert multiprocessing.active_children() == []
    return batches


def same(batches, others):
    pairs = list(zip(batches, others, strict=True))
    return all(torch.equal(x, other_x) and torch.equal(y, other_y) for (x, y), (other_x, other_y) in pairs)
