"""Images to be scored, and the words in which they are refused."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.errors import EvaluationError
from ganzoo.evaluation.image_sets import read_images
from ganzoo.runs.evaluate_images import refuse_runs


def noise(count, size=16, channels=3, seed=0):
    """uint8 (N, H, W, C)."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), dtype=np.uint8)


def png_of(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(stream, "PNG")
    return stream.getvalue()


def channels_first(pixels):
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


def refusal(path, kind=EvaluationError, **options):
    """The error that reading raises, in all its parts."""
    with pytest.raises(kind) as caught:
        refuse_runs(path)
        read_images(path, **options)
    assert type(caught.value) is kind
    return str(caught.value)
