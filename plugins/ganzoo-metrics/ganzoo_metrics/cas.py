"""A classifier that learns from generated images, and is tested on real ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import ganzoo
from ganzoo_metrics.pixels import as_images, require_images
from ganzoo_metrics.requirements import hits_by_class, require_classes, require_enough

BATCH = 100
LEARNING_RATE = 3e-3


@dataclass(frozen=True)
class ClassificationAccuracy(ganzoo.Metric):
    """Accuracy on real images of a classifier of generated ones: CAS. Ravuri and Vinyals 2019, arXiv:1905.10887.

    mean over classes y of P(C(x) = y | x is real, of class y);  C learns from generated images and their labels alone

    It falls where a class lacks variety or shows another class, which the other scores of labels do not see. C has
    three convolutions with layer norm, of `width`, 2 and 4 `width` channels, and reads 32 x 32 pixels; it learns by
    Adam, batches of 100, the rate falling linearly from 0.003 to 0. Departs: the paper trains a ResNet-50 on ImageNet,
    with as many generated images as there are real ones, and tests on the validation set; here the test is the
    reference, which is the training set unless told otherwise. Compare equal numbers of images alone.

    It costs `epochs` passes, forward and back, over the generated images, by a network of about 34,000 weights.
    The result follows from `seed`, but for the rounding of other machines, and has no interval: that would have to
    contain the training of C.
    """

    features = "pixels"

    epochs: ganzoo.PositiveInt = 10
    width: ganzoo.Width = 16
    seed: ganzoo.NonNegativeInt = 0

    def require(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> None:
        require_enough(real=real, fake=fake)
        require_images(real)
        require_classes(real=real, fake=fake)

    def compute(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> Mapping[str, ganzoo.Score]:
        self.require(real=real, fake=fake)
        assert real.labels is not None and fake.labels is not None  # see require
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            classifier = Classifier(as_images(fake.rows[:1]).shape[1], self.width, len(real.class_names))
            train(classifier.to(fake.rows.device), as_images(fake.rows), fake.labels, self.epochs)
        hits = predict(classifier, as_images(real.rows)) == real.labels
        return {"CAS": hits_by_class(hits, real.labels, real.class_names, interval=False)}


class Classifier(nn.Module):
    """Images (N, C, 32, 32) -> logits (N, K)."""

    def __init__(self, channels: int, width: int, classes: int) -> None:
        super().__init__()
        widths = [channels, width, 2 * width, 4 * width]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.GroupNorm(1, b) for b in widths[1:])
        self.linear = nn.Linear(widths[-1] * 4 * 4, classes)  # 32 pixels are halved three times

    def forward(self, x: Tensor) -> Tensor:
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = nn.functional.max_pool2d(norm(convolution(x)).relu(), 2)
        logits: Tensor = self.linear(x.flatten(1))
        return logits


@torch.enable_grad()
def train(classifier: nn.Module, x: Tensor, y: Tensor, epochs: int) -> None:
    """Train on images x (N, C, 32, 32) with labels y (N,), in an order that follows from torch's seed on the CPU."""
    batches = [batch for _ in range(epochs) for batch in torch.randperm(len(x)).split(BATCH)]
    optimizer = torch.optim.Adam(classifier.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=len(batches))
    classifier.train()
    for batch in batches:
        chosen = batch.to(x.device)
        optimizer.zero_grad()
        cross_entropy(classifier(x[chosen]), y[chosen].to(x.device)).backward()
        optimizer.step()
        schedule.step()
    classifier.eval()


@torch.no_grad()
def predict(classifier: nn.Module, x: Tensor) -> Tensor:
    """Images (N, C, 32, 32) -> the likeliest class of each, int64 (N,)."""
    return torch.cat([classifier(part).argmax(dim=1) for part in x.split(1000)])
