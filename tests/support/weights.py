"""A stand-in for Inception, its weights, and images for it."""

import hashlib
import io
import sys
import warnings

import torch
from torch import nn

from ganzoo.builtin.features import fidelity

CPU = torch.device("cpu")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def make_images(count, channels=3, size=32):
    """Noise around another brightness in each image."""
    noise = torch.randint(0, 100, (count, channels, size, size), generator=torch.Generator().manual_seed(1))
    return (noise + torch.linspace(0, 155, count).reshape(-1, 1, 1, 1)).to(torch.uint8)


class Small(nn.Module):
    """Average colour, times a matrix."""

    INPUT_IMAGE_SIZE = 299
    files: list

    def __init__(self, name, layers, path):
        super().__init__()
        warnings.warn("deprecated", FutureWarning, stacklevel=2)
        sys.stderr.write("Downloading")
        self.fc = nn.Linear(3, 5, bias=False)
        self.files.append(path.getvalue())
        self.load_state_dict(torch.load(path, weights_only=False))

    def forward(self, x):
        rows = self.fc(x.to(self.feature_extractor_internal_dtype).mean((2, 3)))
        return rows.float(), rows.float()


SMALL_STATE = {"fc.weight": torch.linspace(-1, 1, 15).reshape(5, 3)}


def saved(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def publish(monkeypatch, **changes):
    """Change what counts as published."""
    monkeypatch.setattr(fidelity, "INCEPTION", fidelity.INCEPTION._replace(**changes))
