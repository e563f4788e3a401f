"""Pictures of a diagnosis: what is drawn where, and that no number and no name keeps them from being drawn."""

import io
import math
import re

import numpy as np
import pytest
import torch
from matplotlib.colors import same_color
from PIL import Image

import ganzoo
from ganzoo.audit import class_rules, class_tests, diversity_rules, rules, youth
from ganzoo.audit.audit import Audit
from ganzoo.audit.classes import ClassAudit
from ganzoo.diagnosis import course
from ganzoo.diagnosis.class_figure import draw_classes
from ganzoo.diagnosis.diagnose import diagnose, save
from ganzoo.diagnosis.figures import (
    COLOURS,
    choose_edges,
    draw_curves,
    draw_layers,
    draw_logits,
    draw_samples,
    draw_slopes,
    draw_weights,
    encode,
)
from support.checkout import ROOT

PAGE = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
NONE = (np.empty(0), np.empty(0))
IMAGES = torch.linspace(-1, 1, 64 * 64).reshape(64, 1, 8, 8)
FILES = {"slopes.png", "layers.png", "logits.png", "weights.png", "curves.png", "samples.png"}


def seen(*, layers=None, samples=(IMAGES, IMAGES), **values):
    """An audit with values by kind: slope_real=[...] is "slope/real", held_out is "logit/held-out"."""
    names = {"held_out": "logit/held-out", "weight": "weight"}
    return Audit(7, {}, layers=layers or {}, samples=samples, values={
        names.get(key, key.replace("_", "/")): value for key, value in values.items()
    })  # fmt: skip


def bars(axes, name):
    """{left edge of a bin: share} of the bars of one series that are not empty."""
    (drawn,) = [p for p in axes.patches if p.get_label().startswith(name)]
    shares, edges, _ = drawn.get_data()
    return {float(f"{left:.6g}"): float(share) for left, share in zip(edges, shares, strict=False) if share}


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def vertical_lines(axes):
    return [float(line.get_xdata()[0]) for line in axes.lines if len(set(line.get_xdata())) == 1]


def size_of(figure):
    """Width and height of the PNG file in pixels, and its bytes."""
    data = encode(figure)
    return Image.open(io.BytesIO(data)).size, len(data)


# histograms


def test_bins_hold_all_values_and_have_a_width_where_these_are_alike():
    assert choose_edges(np.array([1.0, 4.0]))[[0, -1]].tolist() == [1, 4]
    assert choose_edges(np.array([4.0, 4.0]))[[0, -1]].tolist() == [2, 6]
    assert choose_edges(np.array([-2e38] * 2))[[0, -1]] == pytest.approx([-3e38, -1e38])
    assert choose_edges(np.zeros(3))[[0, -1]].tolist() == choose_edges(np.empty(0))[[0, -1]].tolist() == [-0.5, 0.5]


def test_weights_at_the_clip_value_stand_at_both_ends():
    (axes,) = draw_weights(seen(weight=[0.01, 0.01, 0.01, -0.01]), 0.01).axes
    assert vertical_lines(axes) == [-0.01, 0.01]
    low, high = bars(axes, "weights")
    assert (low < -0.0099, high > 0.0094) == (True, True)
    assert list(bars(axes, "weights").values()) == [0.25, 0.75]
    assert labels(axes) == ["weights, mean 0.005", "clip value 0.01"]


def test_scales_near_one_leave_the_other_weights_their_bars():
    (axes,) = draw_weights(seen(weight=[*np.linspace(-0.1, 0.1, 998), 1, 1]), None).axes
    assert len(bars(axes, "weights")) > 50
    assert vertical_lines(axes) == []


def test_slopes_near_one_have_a_plain_axis_and_those_of_a_clipped_critic_a_logarithmic_one():
    (near,) = draw_slopes(seen(slope_real=[0.9, 1.1], slope_between=[1.0, 1.0], slope_fake=[1.2, 0.8])).axes
    (far,) = draw_slopes(seen(slope_real=[1e-6, 1e-6], slope_between=[1e-5, 0.0], slope_fake=[1e-3, 1e-3])).axes
    assert (near.get_xscale(), far.get_xscale()) == ("linear", "log")
    assert vertical_lines(near) == vertical_lines(far) == [1]
    assert labels(near) == ["real, mean 1", "between, mean 1", "generated, mean 1", "slope 1"]
    for name in ("real", "between", "generated"):
        assert sum(bars(near, name).values()) == sum(bars(far, name).values()) == 1  # a slope of 0 too


def test_held_out_logits_are_drawn_where_there_are_any():
    (with_them,) = draw_logits(seen(logit_train=[3, 4], held_out=[1, 2], logit_fake=[-1, 0])).axes
    (without,) = draw_logits(seen(logit_train=[3, 4], logit_fake=[-1, 0])).axes
    assert labels(with_them) == ["real, mean 3.5", "held-out, mean 1.5", "generated, mean -0.5"]
    assert labels(without) == ["real, mean 3.5", "generated, mean -0.5"]
    assert list(bars(with_them, "generated").values()) == [0.5, 0.5] and min(bars(with_them, "generated")) == -1


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_counted_and_not_drawn(bad):
    values = {"slope_real": [1, bad], "slope_between": [bad, bad], "slope_fake": [1, 1]}
    (axes,) = draw_slopes(seen(**values)).axes
    assert labels(axes)[:2] == ["real, mean 1 (1 of 2 not finite)", "between: none (2 of 2 not finite)"]
    assert sum(bars(axes, "real").values()) == 0.5 and bars(axes, "between") == {}
    every = seen(**values, logit_train=[bad], logit_fake=[bad], weight=[bad, bad])
    for figure in (draw_slopes(every), draw_logits(every), draw_weights(every, None), draw_weights(every, 0.01)):
        assert size_of(figure)[0] == (720, 320)


# layers


def test_the_first_layer_is_on_top_and_what_cannot_be_drawn_stands_beside_its_name():
    layers = {"spectral norm": {"a": 2.0, "b": math.inf}, "gradient": {"a": 1e-6, "b": 0.0, "head": math.nan}}
    left, right = draw_layers(seen(layers=layers)).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["a", "b (0) (inf)", "head (nan)"]
    assert left.get_ylim() == (2.5, -0.5)
    assert [bar.get_width() for bar in left.patches] == [2, 0, 0]
    assert right.get_xscale() == "log"
    assert right.lines[0].get_xydata().tolist() == [[1e-6, 0]]


def test_many_layers_with_long_names_fit():
    names = [f"trunk.{'block.' * 20}{i}" for i in range(30)]
    layers = {"spectral norm": dict.fromkeys(names, 1.0), "gradient": {n: 10.0**-i for i, n in enumerate(names)}}
    (width, height), size = size_of(draw_layers(seen(layers=layers)))
    assert (width, height > 700, size < 100_000) == (720, True, True)


@pytest.mark.parametrize("layers", [{}, {"gradient": {"a": math.nan}}, {"gradient": {"a": 1.0}}])
def test_few_layers_or_none_are_drawn(layers):
    assert size_of(draw_layers(seen(layers=layers)))[0][0] == 720


# curves


def records(values, **more):
    return [{"step": i, "d/adversarial": v, "g/adversarial": -v} | more for i, v in enumerate(values)]


def test_the_score_has_a_panel_where_there_is_one():
    scores = np.array([10.0, 20.0]), np.array([5.0, 4.0])
    losses, score = draw_curves(records([1, 2, 3]), scores, "FD(digits-cnn)-1k").axes
    assert score.get_title() == "FD(digits-cnn)-1k (lower is better)"
    assert score.lines[0].get_xydata().tolist() == [[10, 5], [20, 4]]
    assert labels(losses) == ["d/adversarial", "g/adversarial"]
    assert len(draw_curves(records([1, 2, 3]), NONE, "").axes) == 1


def test_a_penalty_is_drawn_unless_it_is_zero():
    (axes,) = draw_curves(records([1, 2], **{"d/penalty": 0.5}), NONE, "").axes
    assert labels(axes) == ["d/adversarial", "g/adversarial", "d/penalty"]
    (axes,) = draw_curves(records([1, 2], **{"d/penalty": 0.0}), NONE, "").axes
    assert labels(axes) == ["d/adversarial", "g/adversarial"]


def test_both_ends_of_a_loss_without_bound_are_seen():
    (axes,) = draw_curves(records([1, 2, 3, 1e30]), NONE, "").axes
    (usual,) = draw_curves(records([1, 2, 3, 4]), NONE, "").axes
    assert (axes.get_yscale(), usual.get_yscale()) == ("symlog", "linear")


def test_an_empty_log_and_a_strange_name_are_drawn():
    scores = np.array([1.0]), np.array([2.0])
    assert size_of(draw_curves([], scores, "$\\frac{$ 分数 \U0001f600"))[0] == (720, 550)


# samples


def test_generated_images_stand_beside_real_ones():
    left, right = draw_samples(seen(samples=(IMAGES, -IMAGES))).axes
    assert (left.get_title(), right.get_title()) == ("Real samples", "Generated by G_ema, step 7")
    shown = [axes.images[0].get_array() for axes in (left, right)]
    assert shown[0].shape == (8 * 8 + 7 * 2, 8 * 8 + 7 * 2)
    assert (shown[0][0, 0], shown[0][-1, -1], shown[1][0, 0]) == (0, 255, 255)


@pytest.mark.parametrize("channels, size, side", [(1, 16, 8), (3, 32, 6), (3, 256, 2), (2, 32, 8)])
def test_pictures_of_noise_stay_small(channels, size, side):
    noise = torch.rand(64, channels, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    figure = draw_samples(seen(samples=(noise, noise)))
    assert figure.axes[0].images[0].get_array().shape[0] == side * size + (side - 1) * 2
    assert size_of(figure)[1] < 100_000


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("shape", [(64, 1, 8, 8), (64, 2)])
def test_samples_that_are_not_finite_are_said_to_be_so(bad, shape):
    real = torch.linspace(-1, 1, math.prod(shape)).reshape(shape)
    figure = draw_samples(seen(samples=(real, torch.full(shape, bad))))
    assert figure.axes[1].get_title() == "Generated by G_ema, step 7: not finite"
    assert size_of(figure)[0] == (720, 390)


def test_points_of_the_plane_are_seen_in_the_window_of_the_real_ones():
    real, fake = torch.tensor([[0.0, 0.0], [1.0, 2.0]]), torch.tensor([[0.5, 0.5], [9.0, 0.5], [0.5, -9.0]])
    left, right = draw_samples(seen(samples=(real, fake))).axes
    assert left.get_xlim() == right.get_xlim() == pytest.approx((-0.151, 1.151))
    below, above = right.collections
    assert below.get_offsets().tolist() == real.tolist() and above.get_offsets().tolist() == [[0.5, 0.5]]
    assert same_color(above.get_facecolor()[0], COLOURS["generated"])
    assert right.get_xlabel() == "2 of 3 lie outside"


@pytest.mark.parametrize("shape", [(64, 1, 8, 8), (64, 2), (64, 5)])
def test_samples_that_are_all_alike_or_neither_images_nor_points_are_drawn(shape):
    alike = torch.zeros(shape)
    assert size_of(draw_samples(seen(samples=(alike, alike))))[0] == (720, 390)


def test_classes_that_are_seen_stand_beside_the_diversity_of_each_label():
    fake = torch.tensor([[9.0, 1.0], [10.0, 0.0]])
    figure = draw_classes(ClassAudit(("cat", "$dog$"), fake, fake, ({"spread": 0.5}, {})), step=7)
    left, right = figure.axes
    assert left.images[0].get_array().flatten().tolist() == pytest.approx([0.9, 0.1, 1.0, 0.0])
    assert [label.get_text() for label in left.get_yticklabels()] == ["cat", r"\$dog\$"]
    assert [bar.get_width() for bar in right.patches] == [0.5, 0.0]
    assert size_of(figure)[1] < 100_000


# a run


@pytest.fixture(scope="module")
def clipped(tmp_path_factory):
    """A run of two steps, clipped at 0.02."""
    options = {"model.width": 8, "dataset.image_size": 8, "lipschitz.limit": 0.02, "optim.batch_size": 16}
    options |= {"eval.at_end": False}
    out = tmp_path_factory.mktemp("figures") / "run"
    return ganzoo.run(model="mlp", loss="wgan", lipschitz="clip", steps=2, options=options, out=out)


def test_every_picture_that_a_finding_names_is_written(clipped):
    found = diagnose(clipped)
    save(found, clipped)
    written = {path.name: path.read_bytes() for path in clipped.folder.figures.iterdir()}
    assert {finding.figure for finding in found.findings if finding.figure} <= written.keys() == FILES
    assert all(len(data) < 100_000 and data.startswith(b"\x89PNG") for data in written.values())
    assert found.audit.traits.weight_limit == 0.02
    save(found, clipped)  # in the place of the older ones
    assert {path.name: path.read_bytes() for path in clipped.folder.figures.iterdir()} == written


# the page


def test_the_page_explains_every_finding_and_every_picture(clipped):
    explained = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)
    of_classes = [name for name, _, _ in class_rules.RULES]
    assert sorted(explained) == sorted([*(finding.name for finding in diagnose(clipped).findings), *of_classes])
    assert set(re.findall(r"^\| `([a-z]+\.png)` \|", PAGE, re.MULTILINE)) == FILES | {"classes.png"}


@pytest.mark.parametrize(
    "module", [rules, diversity_rules, class_rules, class_tests, youth, course], ids=lambda module: module.__name__
)
def test_thresholds_of_the_page_are_those_of_the_rules(module):
    """Those that have a name: its constants."""
    table = PAGE[PAGE.index("| finding |") : PAGE.index("## What it cannot find")]
    named = {name: f"{value:g}" for name, value in vars(module).items() if isinstance(value, float)}
    assert named
    assert {name: value for name, value in named.items() if f" {value}" not in table} == {}
