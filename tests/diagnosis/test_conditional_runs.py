"""Conditional runs: those that another classifier finds healthy raise no alarm, and AC-GAN without its recipe does."""

import pytest
import torch

import ganzoo
from ganzoo.data.images import from_uint8
from ganzoo.diagnosis.diagnose import diagnose
from ganzoo.training.latents import draw_latents
from ganzoo.training.sampling import generate
from ganzoo.zoo.recipes import settle

SMALL = {"model.width": 16, "dataset.image_size": 16, "eval.at_end": False, "train.device": "cpu"}
FAST = {"optim.lr_g": 5e-4, "optim.lr_d": 5e-4, "conditioner.embedding_std": 0.5}
"""Higher rates and a label that moves samples less at first: else classes take thousands of steps to be diverse."""
HEALTHY = {
    "cgan on digits": {"conditioner": "cgan", "dataset": "digits", "steps": 1200},
    "cgan with hinge and sn on digits": {"conditioner": "cgan", "dataset": "digits", "steps": 1200,
                                         "loss": "hinge", "lipschitz": "sn"},
    "projection on mnist-5k": {"conditioner": "projection", "dataset": "mnist-5k", "steps": 2200, "options": FAST},
    "acgan on mnist-5k": {"conditioner": "acgan", "dataset": "mnist-5k", "steps": 1600},
}  # fmt: skip
DEFAULTS = {"conditioner.fakes": True, "conditioner.embedding_std": 1.0, "optim.lr_g": 2e-4, "optim.lr_d": 2e-4}
"""Options of `acgan`, and rates of its paper, where its recipe or the dataset suggests others."""
PER_CLASS = 50


def make(path, *, options=(), **flags):
    return ganzoo.run(**{"model": "dcgan", "loss": "bce"} | flags, seed=0, out=path, options=SMALL | dict(options))


def classify(x, real, y):
    """Return the label of the nearest real sample in pixels, of any but the sample itself: (N,)."""
    distance = torch.cdist(x.flatten(1), real.flatten(1))
    return y[distance.masked_fill(distance < 1e-3, torch.inf).argmin(dim=1)]


def measure_health(run):
    """Return the accuracy of G's samples and of real ones, and the least diverse class against its real samples."""
    samples, (gan, _) = run.load_data(), run.restore(whole=True)
    real, labels = from_uint8(samples.x), torch.arange(10).repeat_interleave(PER_CLASS)
    fake = generate(gan.G_ema.module, draw_latents(len(labels), gan.z_dim, 1), labels)
    spread = [
        torch.pdist(fake[labels == k].flatten(1)).mean()
        / torch.pdist(real[samples.y == k][:PER_CLASS].flatten(1)).mean()
        for k in range(10)
    ]
    of_fake = (classify(fake, real, samples.y) == labels).double().mean()
    of_real = (classify(real[::5], real, samples.y) == samples.y[::5]).double().mean()
    return float(of_fake), float(of_real), min(spread)


@pytest.mark.full
@pytest.mark.parametrize("name", HEALTHY)
def test_a_conditional_run_that_other_means_find_healthy_raises_no_alarm(name, tmp_path):
    run = make(tmp_path / "run", **HEALTHY[name])
    of_fake, of_real, spread = measure_health(run)
    assert (of_fake > 0.9 * of_real, spread > 0.5) == (True, True), (of_fake, of_real, spread)
    assert [alarm.what for alarm in diagnose(run).alarms] == []


@pytest.mark.full
def test_acgan_without_its_recipe_is_first_said_to_collapse_within_classes_at_this_size(tmp_path):
    run = make(tmp_path / "run", conditioner="acgan", dataset="mnist-5k", steps=1600, options=DEFAULTS)
    assert diagnose(run).alarms[0].name == "class-collapse"


def test_acgan_is_set_to_keep_its_classes_right_and_diverse():
    run = settle(flags={"conditioner.name": "acgan", "dataset.name": "mnist-5k"}).run
    assert dict(run.conditioner.options) == {"weight": 1.0, "fakes": False, "embedding_std": 0.2}
    assert (run.optim.lr_g, run.optim.lr_d) == (4e-4, 4e-4)
