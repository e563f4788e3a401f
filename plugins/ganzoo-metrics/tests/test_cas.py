"""CAS: what a classifier can and cannot learn from generated images."""

import pytest
import torch
from ganzoo_metrics import ClassificationAccuracy
from ganzoo_metrics.cas import Classifier, train
from sets import feature_set

import ganzoo


def bars(n, seed, swapped=False, of=2):
    """Images of a bright bar: class 0 has it on the left, class 1 on the right."""
    draws = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % of
    x = 0.3 * torch.randn(n, 1, 32, 32, generator=draws)
    x[labels == 0, :, :, 4:12] += 1
    x[labels == 1, :, :, 20:28] += 1
    return feature_set(x.flatten(1), 1 - labels if swapped else labels)


SMALL = ClassificationAccuracy(epochs=4, width=4)
REAL = bars(100, 1)


def cas(fake, metric=SMALL):
    return metric.compute(real=REAL, fake=fake)["CAS"]


def test_images_of_the_truth_teach_it_and_swapped_labels_teach_the_contrary():
    right, swapped = cas(bars(200, 2)), cas(bars(200, 2, swapped=True))
    assert right.value > 0.95
    assert swapped.value < 0.05
    assert right.value == pytest.approx(sum(each.value for each in right.classes.values()) / 2)


def test_images_without_a_class_teach_nothing():
    noise = feature_set(torch.randn(200, 1024, generator=torch.Generator().manual_seed(3)), torch.arange(200) % 2)
    assert 0.3 <= cas(noise).value <= 0.7


def test_it_follows_from_its_seed_and_moves_no_random_state():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    fake = feature_set(bars(40, 2).rows + 0.5 * torch.randn(40, 1024), torch.arange(40) % 2)
    torch.set_rng_state(before)
    assert cas(fake) == cas(fake)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_rate_falls_to_0_over_all_batches(monkeypatch):
    rates, adam = [], torch.optim.Adam

    class Watched(adam):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    monkeypatch.setattr(torch.optim, "Adam", Watched)
    train(Classifier(1, 1, 2), torch.randn(201, 1, 32, 32), torch.zeros(201, dtype=torch.long), 2)
    assert rates == pytest.approx([3e-3, 2.5e-3, 2e-3, 1.5e-3, 1e-3, 0.5e-3])  # batches of 100, 100 and 1, twice


def test_features_that_are_no_pixels_are_refused():
    other = feature_set(torch.zeros(4, 64), [0, 0, 1, 1])
    with pytest.raises(ganzoo.EvaluationError, match="pixels of 32 x 32"):
        SMALL.require(real=other, fake=other)
