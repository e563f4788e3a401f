"""Several logits for each sample: the loss sees all of them, a critic, an augmentation and the log see their mean."""

from pathlib import Path

import pytest
import torch
from torch import nn

import ganzoo
import support.patches
from ganzoo.audit.audit import audit
from ganzoo.audit.batches import Batch
from ganzoo.contracts import Verdict
from ganzoo.errors import PluginError
from ganzoo.runs.observer import Observer
from ganzoo.settings.toml import from_tables
from ganzoo.training.compatibility import check_networks
from ganzoo.training.loop import advance
from ganzoo.training.prepare import prepare
from support.runs import ganzoo as cli
from support.runs import state
from support.states import same

FILE = Path(support.patches.__file__)
ZOO = ganzoo.load_zoo(files=[FILE])
GAMES = [
    {"loss": "bce", "conditioner": "acgan"},
    {"loss": "hinge", "lipschitz": "sn", "conditioner": "projection", "augment": "ada"},
    {"loss": "wgan", "lipschitz": "gp", "conditioner": "cgan"},
    {"loss": "lsgan", "lipschitz": "r1+clip"},
]


def training(model, *, loss="bce", lipschitz="none", conditioner="none", augment="none"):
    rates = {"name": "sgd", "lr_d": 0.1, "lr_g": 0.1, "batch_size": 6}
    names = {"loss": loss, "lipschitz": lipschitz, "conditioner": conditioner, "augment": augment}
    tables = {
        "dataset": {"name": "digits", "image_size": 8}, "model": {"name": model, "width": 8, "z_dim": 4},
        "optim": rates, "train": {"device": "cpu", "precision": "fp32"},
        **{kind: {"name": name} for kind, name in names.items()},
    }  # fmt: skip
    return prepare(from_tables(tables), ZOO, Observer().note)[0]


@pytest.mark.parametrize("game", GAMES, ids=lambda game: "-".join(game.values()))
def test_a_logit_given_three_times_trains_as_the_logit_given_once(game):
    once = training("mlp", **game)
    terms = [advance(once) for _ in range(2)]
    thrice = training("repeated", **game)
    of_three = [advance(thrice) for _ in range(2)]
    for one, other in zip(terms, of_three, strict=True):
        assert {name: float(value) for name, value in other.items()} == pytest.approx(
            {name: float(value) for name, value in one.items()}, rel=1e-4, abs=1e-6
        )
    for network in ("G", "D"):
        weights, others = (list(getattr(each.gan, network).parameters()) for each in (once, thrice))
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(weights, others, strict=True))


def test_the_loss_sees_each_logit_and_a_critic_their_mean():
    logits = torch.tensor([[1.0, 3.0], [-2.0, 0.0]])
    verdict = Verdict(logits)
    assert verdict.sample_logits.tolist() == [2.0, -1.0]
    hinge = ganzoo.load_zoo().entry("loss", "hinge").component()
    # hinge of reals 1, 3, -2, 0 is 0, 0, 3, 1, and of their negatives as fakes the same; of the means it would differ
    assert float(hinge.discriminator_loss(real=logits.flatten(), fake=-logits.flatten())) == 2.0
    assert Verdict(logits[:, 0]).sample_logits.tolist() == [1.0, -2.0]


def test_patches_at_two_scales_have_one_logit_each_and_can_be_audited():
    patches = training("patchgan", loss="wgan", lipschitz="gp")
    x, y = patches.feed.next(5)
    with torch.no_grad():
        verdict = patches.gan.discriminate(x, y)
    assert verdict.logits.shape == (5, 4 * 4 + 2 * 2)  # 8 x 8 pixels, halved once and twice
    assert torch.allclose(verdict.sample_logits, verdict.logits.mean(dim=1))
    advance(patches)
    with torch.no_grad():
        mean = float(patches.gan.discriminate(x, y).logits.mean())
    assert audit(patches.gan, Batch(x, y), 1).numbers["logit/train"] == pytest.approx(mean, rel=1e-4)


class Crossed(nn.Module):
    """A head whose logits are a table of N x N, by a dimension that was not squeezed."""

    def forward(self, h, y):
        return Verdict(h.sum(dim=1) + h.sum(dim=1, keepdim=True))


def test_logits_whose_shape_grows_with_the_batch_are_refused():
    broken = training("mlp")
    broken.gan.D.head = Crossed()
    with pytest.raises(PluginError, match=r"expected logits of shape \(2, 4\), got \(2, 2\)"):
        check_networks(broken.gan, broken.run, ganzoo.DataSpec((1, 8, 8), 10))


def test_a_run_of_patches_stops_and_goes_on(tmp_path):
    words = ["--model=patchgan", "--dataset=digits", "--set=model.width=8", "--batch-size=8", "--no-scores"]
    cli("--plugin", FILE, "run", *words, "--steps=4", "--out", tmp_path / "whole")
    cli("--plugin", FILE, "run", *words, "--steps=2", "--out", tmp_path / "run")
    cli("--plugin", FILE, "resume", tmp_path / "run", "--steps=4")
    assert same(state(tmp_path / "run"), state(tmp_path / "whole"))
