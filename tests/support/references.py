"""An extractor for tests of the cache of references, and images for it."""

import torch

from ganzoo.builtin.metrics.frechet import FrechetDistance
from ganzoo.contracts import Extractor, Features
from ganzoo.evaluation.references import load_reference

CPU = torch.device("cpu")
PREPARE = FrechetDistance().prepare
IMAGES = torch.randint(0, 256, (40, 1, 3, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
NAMES = ("mean", "covariance", "root", "rows", "logits")


class Eye:
    """An extractor that counts the images it has seen."""

    def __init__(self, label="eye", logits=True, **fingerprint):
        self.seen, self.logits = 0, logits
        fingerprint = {"weights": "a" * 64, "resize": "none", "dtype": "float32"} | fingerprint
        self.extractor = Extractor(label, fingerprint, self.look)

    def look(self, x):
        self.seen += len(x)
        rows = x.flatten(1).float().sqrt()
        return Features(rows, -rows[:, :4] if self.logits else None)

    def load(self, folder, x=IMAGES, sha256="of the images"):
        return load_reference(x, sha256, self.extractor, prepare=PREPARE, device=CPU, batch_size=7, folder=folder)


def assert_same(one, two):
    assert one.count == two.count
    for name in NAMES:
        a, b = getattr(one, name), getattr(two, name)
        assert (a is None and b is None) or torch.equal(a, b), name


MANY = (torch.arange(600 * 64) * 2654435761 // 128 % 256).to(torch.uint8).reshape(600, 1, 8, 8)  # an entry of 0.2 MB
