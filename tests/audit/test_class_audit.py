"""Conditional generators class by class: planted failures are named, healthy ones are not, and chance is no alarm."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo.audit.class_tests import are_ignored, are_informative, find_swaps, find_wrong
from ganzoo.audit.classes import ClassAudit
from ganzoo.audit.discriminant import SHRINKAGE, fit_discriminant
from ganzoo.contracts import Extractor, Features, Samples
from support.class_audits import alarms, judge
from support.class_audits import look as audit

K, DIM = 10, 8
CENTRES = 3 * torch.randn(K, DIM, generator=torch.Generator().manual_seed(0))
PLAIN = Extractor("plain", {}, lambda x: Features(x.flatten(1)))
NAMES = tuple("abcdefghij")


def around(y, seed):
    """Points of normal distributions, scaled into [-1, 1]: those of nine labels in ten are told from the others."""
    noise = torch.randn(len(y), DIM, generator=torch.Generator().manual_seed(seed))
    return (CENTRES[y] + noise) / 16


def draw_data(per_class=100, seed=1):
    y = torch.arange(K).repeat(per_class)
    return Samples(around(y, seed), y, NAMES)


class Drawing(nn.Module):
    """Makes samples of class `classes[y]`, all equal for the labels of `collapsed`."""

    def __init__(self, classes=range(K), collapsed=(), blind=False):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.classes, self.collapsed, self.blind = torch.tensor([*classes]), collapsed, blind

    def forward(self, z, y):
        labels = z.abs().mul(997).long()[:, 0] % K if self.blind else self.classes[y]
        noise = z.clone()
        for k in self.collapsed:
            noise[y == k] *= 0.05
        return (CENTRES[labels] + noise) / 16


def look(network, samples=None, extractor=PLAIN):
    return audit(network, draw_data() if samples is None else samples, extractor)


def relabelled(samples, change):
    return replace(samples, y=change(samples.y))


def shuffled(y):
    return y[torch.randperm(len(y), generator=torch.Generator().manual_seed(3))]


def exchanged(*pairs):
    order = list(range(K))
    for i, k in pairs:
        order[i] = k
    return order


PLANTED = {
    "uninformative-labels": ({}, shuffled, "tells"),
    "ignored-labels": ({"blind": True}, None, "% by chance"),
    "swapped-labels": ({"classes": exchanged((3, 5), (5, 3))}, None, "label f makes d (100 %); d makes f"),
    "missing-classes": ({"classes": exchanged((3, 5))}, None, "label d show it in 0 %, f in"),
    "class-collapse": ({"collapsed": [3]}, None, "within 1 of 10 classes samples are alike"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_failure_of_a_conditional_run_is_the_first_alarm(name):
    planted, change, words = PLANTED[name]
    samples = draw_data() if change is None else relabelled(draw_data(), change)
    found = alarms(look(Drawing(**planted), samples))
    assert found[0].name == name
    assert words in found[0].what
    assert found[0].topic and found[0].advice


def test_one_sample_per_class_is_collapse_though_all_samples_together_are_diverse():
    classes = look(Drawing(collapsed=range(K)))
    (found,) = alarms(classes)
    assert (found.name, "within 10 of 10 classes" in found.what) == ("class-collapse", True)
    assert found.evidence["spread/d"] == pytest.approx(0.05, rel=0.1)
    assert float(classes.accuracy.mean()) > 0.9


def test_a_class_without_samples_is_named():
    samples = draw_data()
    kept = samples.y != 7
    found = alarms(look(Drawing(), Samples(samples.x[kept], samples.y[kept], NAMES)))
    assert [finding.name for finding in found] == ["missing-classes"]
    assert "no training sample is of class h" in found[0].what


@pytest.mark.parametrize("seed", range(4))
def test_a_generator_of_the_distribution_raises_no_alarm(seed):
    """Of 40 samples of each class, 20 teach the classifier and 20 test it: as few as there may be."""
    assert alarms(look(Drawing(), draw_data(per_class=40, seed=seed))) == []


def test_a_class_with_few_samples_is_left_out():
    samples = draw_data()
    kept = (samples.y != 2) | (torch.arange(len(samples)) < 100)  # 10 of the third class
    classes = look(Drawing(), Samples(samples.x[kept], samples.y[kept], NAMES))
    assert classes.names == tuple(name for name in NAMES if name != "c")
    assert (classes.absent, classes.skipped) == ((), 1)
    assert alarms(classes) == []


def test_at_most_a_thousand_samples_are_made_of_a_part_of_many_classes():
    y = torch.arange(200).repeat_interleave(40)
    made = []
    network = Drawing(range(K))
    network.forward = lambda z, y: made.append(len(y)) or torch.randn(len(y), DIM)
    classes = look(network, Samples(torch.randn(len(y), DIM), y, tuple(map(str, range(200)))), None)
    assert sum(made) <= 1024  # in batches of 64
    assert (len(classes.names), classes.fake.sum().item(), classes.skipped) == (50, 1000, 150)


def test_labels_of_samples_without_an_extractor_may_be_too_hard_for_the_classifier():
    classes = look(Drawing(), relabelled(draw_data(), shuffled), None)
    assert judge(classes)[0].level == "unknown"


@pytest.mark.parametrize("planted", [{"blind": True}, {"collapsed": range(K)}])
def test_what_a_young_run_has_not_learnt_is_no_alarm(planted):
    classes = look(Drawing(**planted))
    assert alarms(classes, images=20_000.0) == []
    assert any("too early to tell: G has made 20,000 samples" in finding.what for finding in judge(classes, images=2e4))


@pytest.mark.parametrize("name", ["swapped-labels", "missing-classes", "class-collapse"])
def test_a_young_run_is_blamed_for_one_class_where_it_has_learnt_the_others(name):
    assert [finding.name for finding in alarms(look(Drawing(**PLANTED[name][0])), images=2e4)] == [name]


def test_duplicates_of_few_training_samples_are_no_collapse_of_classes():
    classes = look(Drawing())
    often, always = (
        replace(classes, diversity=tuple({**numbers, "duplicates": share} for numbers in classes.diversity))
        for share in (0.8, 0.95)
    )
    assert [finding.name for finding in alarms(always)] == ["class-collapse"]
    assert alarms(always, copies=0.9) == []
    assert alarms(often) == []  # samples of all classes are as far apart as real ones


def counts(accuracy, seed, n=20, k=K):
    """Counts of a generator, or of reals, whose samples show their class with a probability, and else any other."""
    draws = np.random.RandomState(seed)
    rows = [
        draws.multinomial(n, [accuracy if i == j else (1 - accuracy) / (k - 1) for j in range(k)]) for i in range(k)
    ]
    return torch.tensor(np.array(rows)).double()


def test_chance_makes_no_class_wrong():
    """As accurate as real samples, with 20 samples a class: one of 100 sets may have a wrong class, and none a swap."""
    sets = [ClassAudit(NAMES, counts(a, i), counts(a, 1000 + i)) for a in (0.4, 0.7, 0.95) for i in range(60)]
    assert sum(find_wrong(classes) != [] for classes in sets) <= 5  # of 180: 1.8 are expected at most
    assert all(find_swaps(classes) == {} and are_informative(classes) for classes in sets)
    assert not any(are_ignored(classes) for classes in sets[::6])


def test_chance_does_not_hide_that_labels_do_nothing():
    for seed in range(20):
        nothing, real = counts(1 / K, seed), counts(0.95, 1000 + seed)
        assert are_ignored(ClassAudit(NAMES, nothing, real))
        assert not are_informative(ClassAudit(NAMES, real, nothing))


def test_labels_that_are_exchanged_are_not_ignored():
    real = counts(0.95, 0)
    classes = ClassAudit(NAMES, counts(0.95, 1).roll(1, dims=1), real)
    assert not are_ignored(classes)
    assert find_swaps(classes) == {(k + 1) % K: k for k in range(K)}


def test_the_discriminant_has_the_accuracy_of_the_best_classifier_of_two_normal_distributions():
    """At Mahalanobis distance 2 the best is right with probability Phi(1) = 0.8413, whatever the scale."""
    y = torch.arange(40_000) % 2
    x = torch.randn(len(y), 2, generator=torch.Generator().manual_seed(0))
    x[:, 0] += 2 * y
    found = fit_discriminant(5 * x[:20_000], y[:20_000], 2)
    right = (found.classify(5 * x[20_000:]) == y[20_000:]).double().mean()
    assert float(right) == pytest.approx(0.8413, abs=0.02)


def test_fewer_rows_than_features_give_what_the_shrunk_covariance_gives():
    rows, y = torch.randn(12, 30, generator=torch.Generator().manual_seed(0)).double(), torch.arange(12) % 3
    found = fit_discriminant(rows, y, 3)
    means = torch.stack([rows[y == k].mean(dim=0) for k in range(3)])
    covariance = (rows - means[y]).T @ (rows - means[y]) / 12
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * covariance.trace() / 30 * torch.eye(30)
    expected = torch.linalg.solve(shrunk, (means - rows.mean(dim=0)).T)
    differences = found.weight[:, 1:] - found.weight[:, :1]
    assert torch.allclose(differences, expected[:, 1:] - expected[:, :1], rtol=1e-6)
