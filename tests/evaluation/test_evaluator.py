"""Images against a dataset: which scores, which warnings, what is prepared once."""

import json
from dataclasses import replace

import pytest
import torch

from ganzoo import load_zoo
from ganzoo.builtin.datasets.digits import Digits
from ganzoo.contracts import Metric, Score
from ganzoo.data.images import from_uint8
from ganzoo.errors import EvaluationError
from ganzoo.evaluation.evaluator import open_evaluator
from ganzoo.evaluation.protocol import Generated
from ganzoo.settings.sections import EvalConfig
from ganzoo.training.sampling import StoredImages
from support.scored import CPU, Noisy, evaluate_json, images_of, scored_run, strict_json, write_idx, write_images


def open_digits(metrics="fid,prc", size=8, **options):
    samples = Digits(image_size=size).load()
    settings = EvalConfig(metrics=metrics, **options)
    return samples, open_evaluator(samples, scored_run("digits", settings), load_zoo(), CPU)


def test_the_dataset_itself_is_at_distance_zero():
    samples, evaluator = open_digits("fid,prc,dc,is")
    report = evaluator.score(StoredImages(samples.x, CPU), Generated(len(samples), "folder"))
    values = {name.partition("(")[0]: score.value for name, score in report.scores.items()}
    assert values["FD"] == pytest.approx(0, abs=1e-9)
    assert values["precision"] == values["recall"] == values["coverage"] == 1
    assert 8 < values["IS"] <= 10  # nearly all digits are recognised, and there are ten
    assert all(name.endswith("(digits-cnn)-1797") for name in report.scores)


@pytest.mark.parametrize("batch", [1, 7])
def test_the_batch_size_does_not_move_a_score(batch):
    network = Noisy()
    scores = []
    for size in (batch, 64):
        _, evaluator = open_digits("fid,prc,is,kid", batch_size=size)
        scores.append(evaluator.score(images_of(network, 100), Generated(100, "generator")).scores)
    for name, score in scores[0].items():
        assert score.value == pytest.approx(scores[1][name].value, rel=1e-5, abs=1e-9)


def test_fakes_that_were_not_quantised_are_refused():
    samples, evaluator = open_digits()
    with pytest.raises(EvaluationError, match="uint8"):
        evaluator.extractor.extract(from_uint8(samples.x[:2]))


def test_few_images_are_scored_with_a_warning():
    _, evaluator = open_digits()
    report = evaluator.score(images_of(Noisy(), 60), Generated(60, "generator"))
    assert any("60 generated images are too few for FD over 64 features" in warning for warning in report.warnings)
    report = evaluator.score(images_of(Noisy(), 200), Generated(200, "generator"))
    assert report.warnings == ()


@pytest.mark.fault(
    "a generator makes one image only", "its scores are finite, IS is 1, and a warning says that it collapsed", "F48"
)
def test_a_constant_generator_has_finite_scores_and_a_warning():
    _, evaluator = open_digits("fid,is,prc,dc,kid")
    grey = StoredImages(torch.full((100, 1, 8, 8), 128, dtype=torch.uint8), CPU)
    report = evaluator.score(grey, Generated(100, "folder"))
    assert report.scores["IS(digits-cnn)-100"].value == pytest.approx(1)
    assert report.scores["recall(digits-cnn)-100"].value == 0
    assert any("collapsed" in warning for warning in report.warnings)
    strict_json(json.dumps(report.to_json()))


def test_a_metric_that_refuses_leaves_the_others_their_scores():
    _, evaluator = open_digits("fid,prc")
    report = evaluator.score(images_of(Noisy(), 3), Generated(3, "generator"))
    assert list(report.scores) == ["FD(digits-cnn)-3", "memorised(digits-cnn)-3"]
    assert any(warning.startswith("no prc:") for warning in report.warnings)
    with pytest.raises(EvaluationError, match="no prc"):
        replace(evaluator, metrics={"prc": evaluator.metrics["prc"]}).score(images_of(Noisy(), 3), Generated(3, "x"))


def test_the_protocol_says_which_split_the_reference_is_of(tmp_path):
    write_idx(tmp_path)
    fakes = write_images(tmp_path / "fake", Digits(image_size=28).load().x[:4])
    words = [fakes, "--dataset=mnist", "--data-root", tmp_path, "--metrics=fid"]
    references = [evaluate_json(*words, f"--split={split}")["protocol"]["reference"] for split in ("train", "test")]
    assert [reference["options"]["split"] for reference in references] == ["train", "test"]
    assert references[0]["sha256"] != references[1]["sha256"]
    assert "root" not in references[0]["options"]  # where the files lie moves no score


class Remembering(Metric):
    """A metric that says how often it prepared the reference, and whether it was given that."""

    def __init__(self):
        self.prepared = []

    def prepare(self, real):
        self.prepared.append(replace(real))
        return self.prepared[-1]

    def compute(self, *, real, fake):
        return {"given": Score(float(real is self.prepared[0]), "higher")}


def test_a_metric_prepares_the_reference_once_and_is_given_it_each_time():
    samples = Digits(image_size=8).load()
    evaluator = open_evaluator(samples, scored_run("digits", EvalConfig()), load_zoo(), CPU)
    metric = Remembering()
    evaluator = replace(evaluator, metrics={"mine": metric})
    for _ in range(2):
        measured = evaluator.compute(evaluator.reference, StoredImages(samples.x, CPU))
        assert measured == ({"given(digits-cnn)-1797": Score(1.0, "higher")}, {}, [])
    assert len(metric.prepared) == 1
