"""Points and their modes are scored by numbers known beforehand; images and points keep apart."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo import Run
from ganzoo.builtin.datasets.stacked import StackedDigits
from ganzoo.builtin.datasets.toy import Gaussians8, Gaussians25, SwissRoll, grid_centres
from ganzoo.builtin.features.points import Gaussians8Modes, Gaussians25Modes, Points
from ganzoo.builtin.features.stacked import StackedDigitsCNN
from ganzoo.builtin.metrics.frechet import FrechetDistance
from ganzoo.builtin.metrics.modes import Modes, divergence
from ganzoo.builtin.metrics.wasserstein import Wasserstein1
from ganzoo.data.images import FAKE_COLOUR, REAL_COLOUR, draw_points
from ganzoo.data.transport import wasserstein1
from ganzoo.errors import EvaluationError
from ganzoo.evaluation.extraction import extract
from ganzoo.evaluation.references import load_reference
from support.image_files import write
from support.runs import ganzoo

CPU = torch.device("cpu")
WITHIN = 1 - math.exp(-4.5)  # of a Gaussian of the plane, within 3 deviations
TINY = ["--model=mlp", "--set=model.width=16", "--batch-size=16", "--device=cpu", "--set=dataset.count=400"]
TINY += ["--steps=4", "--set=train.sample_every=2", "--set=train.save_every=2", "--samples=200"]


def look(samples, extractor):
    return extract(samples.x.split(512), extractor.load(CPU))


def compute(metric, real, fake):
    return {name: score.value for name, score in metric.compute(real=real, fake=fake).items()}


@pytest.fixture(scope="module")
def grid():
    return look(Gaussians25().load(), Gaussians25Modes())


# Modes


@pytest.mark.parametrize(
    ("dataset", "extractor", "modes"), [(Gaussians8, Gaussians8Modes, 8), (Gaussians25, Gaussians25Modes, 25)]
)
def test_a_fresh_draw_of_the_truth_has_every_mode_evenly_and_at_its_quality(dataset, extractor, modes):
    """Of 10,000 points the share within 3 deviations is off by 0.001, one standard error; four are allowed."""
    real, fresh = (look(dataset(seed=seed).load(), extractor()) for seed in (0, 1))
    found = compute(Modes(), real, fresh)
    assert found["modes"] == modes and found["KL-modes"] == 0
    assert abs(found["high-quality"] - WITHIN) < 4 * (WITHIN * (1 - WITHIN) / 10_000) ** 0.5


def test_half_of_the_modes_have_a_divergence_of_ln_2():
    samples = Gaussians8().load()
    half = replace(samples, x=samples.x[samples.y < 4])
    found = compute(Modes(), look(samples, Gaussians8Modes()), look(half, Gaussians8Modes()))
    assert found["modes"] == 4 and found["KL-modes"] == pytest.approx(math.log(2), abs=1e-12)


def test_divergence_by_hand_and_finite_where_reals_lack_a_class():
    counts = torch.tensor([3, 1]), torch.tensor([2, 2])
    assert divergence(*counts) == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    assert divergence(torch.tensor([0, 4]), torch.tensor([4, 0])) == pytest.approx(math.log(4.5 / 0.5))


def test_deviations_and_classes_of_points_placed_by_hand(grid):
    steps = torch.tensor([[0.0, 0], [0.02, 0], [0, 0.05], [0.06, 0.08], [0.1, 0]])  # 0, 1, 2.5, 5 and 5 deviations
    placed = extract([grid_centres()[7] + steps], Gaussians25Modes().load(CPU))
    assert placed.deviations.tolist() == pytest.approx([0, 1, 2.5, 5, 5], rel=1e-4, abs=1e-4)
    assert placed.logits.argmax(dim=1).tolist() == [7] * 5
    assert placed.logits[:, 7].tolist() == pytest.approx([0, -0.5, -3.125, -12.5, -12.5], rel=1e-4, abs=1e-4)
    found = compute(Modes(), grid, placed)
    assert (found["modes"], found["high-quality"]) == (1, 0.6)
    assert found["KL-modes"] == pytest.approx(math.log(25))


def test_a_mode_that_is_only_reached_from_afar_does_not_count(grid):
    far = extract([grid_centres() + 0.1], Gaussians25Modes().load(CPU))
    found = compute(Modes(), grid, far)
    assert (found["modes"], found["high-quality"], found["KL-modes"]) == (0, 0, 0)


@pytest.mark.parametrize("std", [0.015, 0.04])
def test_an_extractor_of_another_width_than_the_data_is_refused(grid, std):
    wide = look(Gaussians25(std=std).load(), Gaussians25Modes())
    with pytest.raises(EvaluationError, match=f"{std / 0.02:.2f} times as wide") as caught:
        Modes().compute(real=wide, fake=grid)
    assert "--set features.std=" in caught.value.hint
    right = look(Gaussians25(std=std).load(), Gaussians25Modes(std=std))
    assert Modes().compute(real=right, fake=right)["modes"].value == 25


def test_without_classes_there_are_no_modes():
    roll = look(SwissRoll().load(), Points())
    with pytest.raises(EvaluationError, match="this extractor has none"):
        Modes().compute(real=roll, fake=roll)


def test_stacked_digits_are_read_channel_by_channel():
    """The network has seen the shipped digits, so it reads all of these right, whatever digit is in which channel."""
    samples = StackedDigits(image_size=32, count=1000).load()
    features = look(samples, StackedDigitsCNN())
    assert features.rows.shape == (1000, 192) and features.logits.shape == (1000, 1000)
    assert torch.equal(features.logits.argmax(dim=1), samples.y)
    assert features.logits.exp().sum(dim=1).tolist() == pytest.approx([1.0] * 1000, rel=1e-4)
    odd = replace(samples, x=samples.x[samples.y % 2 == 1])
    found = compute(Modes(), features, look(odd, StackedDigitsCNN()))
    assert found == {"modes": 500, "KL-modes": pytest.approx(math.log(2))}


# Wasserstein-1


def test_a_shift_moves_every_point_by_its_length():
    x = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    assert wasserstein1(x, x + torch.tensor([0.3, 0.4])) == pytest.approx(0.5, rel=1e-6)
    assert wasserstein1(x, x[torch.randperm(300)]) == 0


def test_on_a_line_it_is_the_mean_gap_of_the_sorted_values():
    x, y = (torch.randn(200, 1, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    expected = (x.sort(dim=0).values - y.sort(dim=0).values).abs().double().mean().item()
    assert wasserstein1(x, y) == pytest.approx(expected, rel=1e-6)


def test_sets_of_unlike_size_give_equally_many_whatever_their_order(grid):
    """Of data in the order of their modes, as of a folder in the order of its classes, all modes are drawn."""
    sorted_rows = torch.arange(2.0).repeat_interleave(5000)[:, None]  # 0 and 1
    few, many = (extract([rows], Points().load(CPU)) for rows in (torch.full((500, 1), 0.0), sorted_rows))
    assert compute(Wasserstein1(), many, few)["W1"] == pytest.approx(0.5, abs=4 * 0.5 / 500**0.5)
    fresh = look(Gaussians25(seed=1).load(), Gaussians25Modes())
    assert compute(Wasserstein1(limit=500), grid, fresh)["W1"] < 0.2


# Points are scored as they are


def test_points_are_not_rounded_and_their_reference_is_cached_with_its_deviations(tmp_path):
    samples, extractor = Gaussians8(count=300).load(), Gaussians8Modes().load(CPU)
    options = {"prepare": FrechetDistance().prepare, "device": CPU, "batch_size": 64, "folder": tmp_path}
    first, second = (load_reference(samples.x, samples.digests.images, extractor, **options) for _ in range(2))
    assert (first.cached, second.cached) == (False, True)
    assert torch.equal(second.features.rows, samples.x)
    for name in ("rows", "logits", "deviations"):
        assert torch.equal(getattr(first.features, name), getattr(second.features, name))
    (entry,) = tmp_path.glob("*.npz")
    with np.load(entry) as saved:
        arrays = dict(saved)
    arrays["deviations"] = arrays["deviations"][:-1]
    np.savez(entry, **arrays)
    mended = load_reference(samples.x, samples.digests.images, extractor, **options)
    assert not mended.cached and "deviations" in mended.notes[0]


@pytest.mark.parametrize("extractor", [Points(), Gaussians8Modes()])
def test_extractors_of_points_refuse_images_and_points_of_other_dimensions(extractor):
    with pytest.raises(EvaluationError, match="of float32 samples"):
        extractor.load(CPU).extract(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))
    if extractor != Points():
        with pytest.raises(EvaluationError, match="points of 2 coordinates, and samples have 3"):
            extractor.load(CPU).extract(torch.zeros(2, 3))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("plane") / "run"
    words = ["run", *TINY, "--dataset=gaussians8", "--eval-every=2", "--set=eval.metrics=modes,w1,fid,prc"]
    ganzoo(*words, "--out", out)
    return out


def test_a_run_on_points_is_scored_on_the_way_and_at_its_end(run):
    names = {name.partition("(")[0] for name in Run(run).final_scores[0]["scores"]}
    assert names >= {"modes", "KL-modes", "high-quality", "W1", "FD", "precision", "memorised"}
    assert [record["step"] for record in Run(run).evaluations] == [2, 4]
    assert not (run / "samples" / "closest.png").exists()


def test_a_run_on_points_is_evaluated_resumed_tabulated_and_reported(run, tmp_path):
    again = json.loads(ganzoo("evaluate", run, "--samples=200", "--json").stdout)
    assert again["scores"] == Run(run).final_scores[0]["scores"]
    ganzoo("resume", run, "--steps=6")
    assert [record["step"] for record in Run(run).evaluations] == [2, 4, 6]
    assert "modes(gaussians8)-200" in ganzoo("table", run, "--format=csv").stdout
    ganzoo("report", run, "-o", tmp_path / "report.html")
    assert "W1(gaussians8)-200" in (tmp_path / "report.html").read_text()


def test_a_run_on_points_has_pictures_and_its_samples_are_numbers(run, tmp_path):
    with Image.open(Run(run).grid) as picture:
        colours = {colour for _, colour in picture.getcolors()}
        assert picture.size == (788, 840) and {REAL_COLOUR, FAKE_COLOUR} <= colours
    ganzoo("sample", run, "-n", "5", "-o", tmp_path / "points.png")
    assert (tmp_path / "points.png").is_file()
    points = Run(run).samples(5)
    assert points.shape == (5, 2) and points.dtype == torch.float32
    refused = ganzoo("sample", run, "--folder", "-o", tmp_path / "folder", code=7)
    assert "not images" in refused.output and not (tmp_path / "folder").exists()


def test_points_and_images_do_not_meet(run, tmp_path):
    said = ganzoo("evaluate", run, "--features=digits-cnn", code=7).output
    assert "extractor reads images" in said and "--features points" in said
    assert "(2,)" in ganzoo("evaluate", run, "--dataset=digits", code=7).output
    for name in ("a.png", "b.png"):
        write(tmp_path / name)
    assert "(2,)" in ganzoo("evaluate", tmp_path, "--dataset=gaussians8", code=7).output


def test_dots_lie_where_the_points_are():
    picture = draw_points(torch.tensor([[-1.0, 1.0]]), torch.tensor([[1.0, -1.0], [9.0, -9.0], [-1.0, 1.0]]))
    assert picture.shape == (3, 256, 256)
    assert picture[:, 0, 0].tolist() == list(FAKE_COLOUR) and picture[:, 255, 255].tolist() == list(REAL_COLOUR)
    assert (picture != 255).any(dim=0).sum() == 1 + 4  # a dot is the pixel of the point, and those left and above
    with pytest.raises(EvaluationError, match="neither images nor points"):
        draw_points(torch.zeros(4, 3))
