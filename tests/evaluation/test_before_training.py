"""What is said about the scores of a run before its first step: by hand-made sets, with no network and no training."""

import pytest
import torch

from ganzoo.contracts import Samples
from ganzoo.errors import EvaluationError
from ganzoo.evaluation.before_training import foresee_scores
from ganzoo.evaluation.run_evaluator import RunEvaluator
from ganzoo.settings.toml import from_tables
from support.datasets import Stripes
from support.features import draw, features
from support.zoo import ZOO


def foresee(samples, **sections):
    run = from_tables({"dataset": {"name": "digits"}, "train": {"device": "cpu"}} | sections)
    return foresee_scores(RunEvaluator(run, ZOO, samples))


def scored(metrics, samples=200, **options):
    return {"metrics": metrics, "samples": samples, **options}


PHOTOS = {"name": "photos-cnn"}


@pytest.fixture
def without_weights(monkeypatch, tmp_path):
    monkeypatch.setenv("GANZOO_INCEPTION_WEIGHTS", str(tmp_path / "gone.pth"))


@pytest.mark.parametrize(("channels", "first"), [(3, "photos-cnn"), (1, "digits-cnn")])
def test_weights_that_are_not_there_are_missed_and_what_fits_the_images_is_offered_first(
    channels, first, without_weights
):
    with pytest.raises(EvaluationError, match="no scores: cannot read the weights of inception") as refusal:
        foresee(Stripes(channels=channels).load(), features={"name": "inception"})
    ways = refusal.value.hint.split("; ")
    assert ways[0] == f"--features {first} (needs no network)"
    assert ways[-1] == "--no-scores"
    assert any(way.startswith("--inception-weights FILE") for way in ways)


def test_a_run_without_scores_needs_no_weights(without_weights):
    settings = {"features": {"name": "inception"}, "eval": {"at_end": False}}
    assert foresee(Stripes(channels=3).load(), **settings) == []


def test_an_extractor_that_cannot_read_the_images_is_refused_with_one_that_can():
    with pytest.raises(EvaluationError, match="digits-cnn reads grey images") as refusal:
        foresee(Stripes(channels=3).load(), features={"name": "digits-cnn"})
    assert refusal.value.hint.startswith("--features photos-cnn")
    points = Samples(torch.rand(50, 2), torch.zeros(50, dtype=torch.long), ("all",))
    with pytest.raises(EvaluationError, match="reads images, but samples of shape") as refusal:
        foresee(points, features=PHOTOS)
    assert refusal.value.hint == "--features points (needs no network); --no-scores"


def test_metrics_that_the_run_cannot_have_are_named_and_the_others_stay():
    stripes = Stripes().load()  # 64 images of two classes, 64 features
    without = foresee(stripes, features={"name": "digits-cnn"}, eval=scored("fid,intra-fid"))
    few = "64 reference images are too few for FD over 64 features"
    assert [line.partition(":")[0] for line in without] == [few, "no intra-fid"]
    classes = foresee(
        stripes, features={"name": "digits-cnn"}, eval=scored("fid,intra-fid"), conditioner={"name": "cgan"}
    )
    assert [line.partition(":")[0] for line in classes] == [few]
    with pytest.raises(EvaluationError, match="no fid-infinity: 200 generated images are too few") as refusal:
        foresee(stripes, features={"name": "digits-cnn"}, eval=scored("fid-infinity"))
    assert "--samples 512" in refusal.value.hint  # 2 x 64 features are the smallest share, a quarter


def test_too_few_images_and_scores_after_the_end_are_told():
    lines = foresee(
        Stripes().load(), features={"name": "digits-cnn"}, eval=scored("fid", 40, every=500), train={"steps": 100}
    )
    assert any(line.startswith("40 generated images are too few for FD over 64 features") for line in lines)
    assert any(line.startswith("eval.every=500, and the run has 100 steps") for line in lines)


def test_nothing_is_drawn_from_the_random_states_of_the_run():
    before = torch.get_rng_state()
    foresee(Stripes(channels=3).load(), features=PHOTOS, eval=scored("fid"))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.parametrize("entry", ZOO.entries("metric"), ids=lambda entry: entry.name)
def test_a_metric_refuses_before_what_it_would_refuse_in_the_end(entry, count):
    metric = entry.component()
    real = features(draw(40, 2, seed=0))
    if count == 1:
        one = draw(1, 2, seed=1)
        fake = type(real)(1, one[0].double(), torch.zeros(2, 2).double(), one)
    else:
        fake = features(draw(count, 2, seed=1))

    def refusal(method):
        try:
            method(real=real, fake=fake)
        except EvaluationError as error:
            return error.what
        return ""

    assert refusal(metric.require) == refusal(metric.compute)
