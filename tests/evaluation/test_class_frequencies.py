"""A generator of unbalanced classes is scored as it was trained."""

from types import SimpleNamespace

import torch
from torch import nn

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.data.images import from_uint8
from ganzoo.data.samples import DataSpec, Samples
from ganzoo.evaluation.evaluator import open_evaluator
from ganzoo.evaluation.protocol import LABELS
from ganzoo.evaluation.run_evaluator import describe_images, generated_images
from ganzoo.settings.sections import EvalConfig
from support.scored import CPU, scored_run
from support.zoo import ZOO

CONDITIONAL = SimpleNamespace(
    z_dim=1, model=None, conditioner=SimpleNamespace(embedding_dim=2), data=DataSpec((1, 8, 8), 2), label_vectors=None
)


class Perfect(nn.Linear):
    """A generator that returns a real image of the class asked for."""

    def __init__(self, samples):
        super().__init__(1, 1)
        self.by_class = [from_uint8(samples.x[samples.y == k]) for k in range(2)]

    def forward(self, z, y):
        shares = torch.special.ndtr(z[:, 0])
        return torch.stack([self.by_class[k][int(u * len(self.by_class[k]))] for u, k in zip(shares, y, strict=True)])


def nine_to_one():
    """162 zeros and 18 ones."""
    digits = Digits(image_size=8).load()
    chosen = torch.cat([(digits.y == k).nonzero()[:n, 0] for k, n in ((0, 162), (1, 18))])
    return Samples(digits.x[chosen], digits.y[chosen], ("zero", "one"))


def test_a_perfect_generator_of_unbalanced_classes_is_near_the_data_with_their_frequencies_only():
    samples, distances = nine_to_one(), {}
    assert samples.class_counts == (162, 18)
    for labels, words in LABELS.items():
        settings = EvalConfig(samples=400, metrics="fid", labels=labels)
        evaluator = open_evaluator(samples, scored_run("digits", settings), ZOO, CPU)
        images = generated_images(Perfect(samples), CONDITIONAL, settings, samples.class_counts)
        assert describe_images(images, "ema", 0).labels == words
        distances[labels] = evaluator.distance(images).value
    assert distances["training"] < 3 < 30 < distances["balanced"]
