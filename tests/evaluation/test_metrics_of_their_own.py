"""Metrics with options, with features of their own, and metrics that measure the generator itself."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d

import ganzoo
from ganzoo.builtin.datasets.digits import Digits
from ganzoo.builtin.metrics.kernel import KernelDistance
from ganzoo.errors import EvaluationError
from ganzoo.evaluation.before_training import foresee_scores
from ganzoo.evaluation.evaluator import open_evaluator
from ganzoo.evaluation.protocol import Generated, list_own_options
from ganzoo.evaluation.run_evaluator import RunEvaluator
from ganzoo.settings.sections import EvalConfig
from ganzoo.training.sampling import GeneratedImages, StoredImages
from ganzoo.zoo.plugins import load_zoo
from support.scored import CPU, scored_run

ABOUT = Generated(40, "generator")


@dataclass(frozen=True)
class PathLength(ganzoo.Metric):
    """Mean length of the way of a sample when its latent moves, over that of the latent. arXiv:1812.04948, Eq. 2."""

    pairs: ganzoo.PositiveInt = 16
    epsilon: ganzoo.PositiveFloat = 1e-2

    def compute(self, *, real, fake):
        return {}

    def compute_generator(self, sampler):
        z, y = sampler.draw(self.pairs)
        step = self.epsilon * torch.randn_like(z)
        way = (sampler.samples(z + step, y) - sampler.samples(z, y)).flatten(1).norm(dim=1)
        return {"path-length": ganzoo.Score(float((way / step.norm(dim=1)).mean()), "lower")}


@dataclass(frozen=True)
class Quarters(ganzoo.FeatureExtractor):
    """Mean brightness of each quarter of a grey image; nobody's invention."""

    def load(self, device):
        def extract(x):
            return ganzoo.Features(avg_pool2d(x.float(), x.shape[-1] // 2).flatten(1))

        return ganzoo.Extractor("quarters", {"weights": "none", "resize": "none", "dtype": "float32"}, extract)


@dataclass(frozen=True)
class Dimensions(ganzoo.Metric):
    """Number of features of `quarters`, and of the sets that have labels; nobody's invention."""

    features: ClassVar[str] = "quarters"

    def compute(self, *, real, fake):
        found = {"dimensions": real.rows.shape[1], "labelled": sum(each.labels is not None for each in (real, fake))}
        return {name: ganzoo.Score(float(value), "higher") for name, value in found.items()}


@dataclass(frozen=True)
class FirstDraw(PathLength):
    """Mean feature of one sample, which tells whose random numbers it is; nobody's invention."""

    def compute_generator(self, sampler):
        return {"draw": ganzoo.Score(float(sampler(*sampler.draw(1)).rows.mean()), "lower")}


class Scaled(nn.Module):
    """A generator whose sample is a quarter of its latent: every way is a quarter as long."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.25))

    def forward(self, z, y):
        return (self.gain * z).reshape(-1, 1, 8, 8)


@pytest.fixture(scope="module")
def zoo():
    zoo = load_zoo()
    zoo.add("mine", "register_metrics", "metric", {"ppl": PathLength, "dims": Dimensions, "draw": FirstDraw})
    zoo.add("mine", "register_features", "features", {"quarters": Quarters})
    return zoo


def digits():
    """Two hundred digits of 8 x 8 pixels."""
    samples = Digits(image_size=8).load()
    return ganzoo.Samples(samples.x[:200], samples.y[:200], samples.class_names)


def open_with(metrics, zoo, **options):
    run = scored_run("digits", EvalConfig(metrics=metrics, samples=40, memorisation=False))
    named = {name: each for name, each in options.items() if each}
    return open_evaluator(digits(), replace(run, options={"metric": named}), zoo, CPU)


def generated(seed=0):
    return GeneratedImages(Scaled(), 64, 3, 40, seed)


def test_the_path_length_of_a_linear_generator_is_its_gain(zoo):
    report = open_with("ppl", zoo).score(generated(), ABOUT)
    assert report.scores["path-length(digits-cnn)-40"].value == pytest.approx(0.25, abs=1e-4)


def test_random_numbers_of_a_metric_follow_from_the_seed_alone_and_leave_those_of_the_run(zoo):
    evaluator, before = open_with("draw", zoo), torch.get_rng_state()
    one, again, other = (evaluator.score(generated(seed), ABOUT).scores["draw(digits-cnn)-40"] for seed in (0, 0, 1))
    assert one == again != other
    assert torch.equal(before, torch.get_rng_state())


def test_images_without_a_generator_are_refused_in_words(zoo):
    evaluator = open_with("ppl,fid", zoo)
    report = evaluator.score(StoredImages(evaluator.real[:40], CPU), ABOUT)
    assert [name.partition("(")[0] for name in report.scores] == ["FD"]
    (remark,) = [line for line in report.warnings if "ppl" in line]
    assert remark.startswith("no ppl: it measures the generator itself, and these are images without one")


def test_a_metric_reads_the_features_that_it_names_and_its_score_says_so(zoo):
    evaluator = open_with("fid,dims", zoo)
    report = evaluator.score(generated(), ABOUT, torch.arange(40) % 10)
    quarters = evaluator.open_view("quarters")
    assert report.scores["dimensions(quarters)-40"].value == 4
    assert report.scores["labelled(quarters)-40"].value == 2
    made = report.to_json()["protocol"]["metrics"]
    assert made["dimensions(quarters)-40"] == {
        "features": "quarters",
        "fingerprint": dict(quarters.extractor.fingerprint),
    }
    assert "FD(digits-cnn)-40" in report.scores and "FD(digits-cnn)-40" not in made


def test_features_of_the_run_are_extracted_once_for_a_metric_that_names_them(zoo):
    evaluator = open_with("fid", zoo)
    assert evaluator.open_view("digits-cnn").extractor is evaluator.extractor


def test_options_that_are_not_defaults_are_in_the_name_and_in_the_protocol(zoo):
    assert list_own_options(KernelDistance()) == {}
    plain = open_with("kid", zoo).score(generated(), ABOUT)
    report = open_with("kid", zoo, kid={"subsets": 5}).score(generated(), ABOUT)
    assert list(report.scores) == ["KD(digits-cnn subsets=5)-40"]
    assert report.to_json()["protocol"]["metrics"] == {"KD(digits-cnn subsets=5)-40": {"options": {"subsets": 5}}}
    assert list(plain.scores) == ["KD(digits-cnn)-40"] and "metrics" not in plain.to_json()["protocol"]
    assert plain.protocol.differences(report.protocol) == {}  # other scores of both reports may be ranked


def test_two_metrics_with_one_name_of_a_score_are_told_apart_or_refused(zoo):
    report = open_with("kid,kid@ganzoo", zoo).score(generated(), ABOUT)
    assert list(report.scores) == ["KD(digits-cnn)-40"]
    assert any("another metric gives the score KD(digits-cnn)-40 too" in line for line in report.warnings)


def test_what_features_lack_is_known_before_training(zoo):
    samples = digits()
    run = scored_run("digits", EvalConfig(metrics="fid,dims", samples=200))
    assert foresee_scores(RunEvaluator(run, zoo, samples)) == []
    absent = type("Absent", (Dimensions,), {"features": "nowhere", "__doc__": "Nothing."})
    zoo.add("other", "register_metrics", "metric", {"absent": dataclass(frozen=True)(absent)})
    run = replace(run, eval=replace(run.eval, metrics="fid,absent"))
    with pytest.raises(ganzoo.ConfigError, match="no feature extractor is named 'nowhere'"):
        foresee_scores(RunEvaluator(run, zoo, samples))


def test_statistics_are_of_one_extractor_alone():
    from ganzoo.evaluation.views import no_view

    with pytest.raises(EvaluationError, match="it reads the features of quarters"):
        no_view("quarters")
