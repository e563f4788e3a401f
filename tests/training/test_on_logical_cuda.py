"""Everything that a run does on CUDA, on a device that is not there: no mix of devices, and steps that never wait."""

import itertools
import sys

import pytest
import torch

from ganzoo import load_zoo
from ganzoo.audit.audit import audit
from ganzoo.audit.batches import Batch
from ganzoo.evaluation.evaluator import open_evaluator
from ganzoo.evaluation.protocol import Generated
from ganzoo.runs import checkpoint
from ganzoo.settings.toml import from_tables
from ganzoo.training.build import build_gan
from ganzoo.training.device import Device
from ganzoo.training.feed import Feed
from ganzoo.training.graphs import eager_updates
from ganzoo.training.labels import spread_labels
from ganzoo.training.loop import Training, advance, measure
from ganzoo.training.sampling import GeneratedImages
from support.checkout import ROOT
from support.datasets import Stripes
from support.logical_cuda import CUDA, logical_cuda
from support.product import NAMES
from support.zoo import ZOO

GAMES = [
    {"model": "mlp", "loss": "bce", "lipschitz": "none", "conditioner": "acgan"},
    {"model": "dcgan", "loss": "wgan", "lipschitz": "gp", "conditioner": "cgan", "augment": "diffaug"},
    {"model": "resnet", "loss": "hinge", "lipschitz": "sn+r1", "conditioner": "projection", "augment": "ada"},
    {"model": "mlp", "loss": "lsgan", "lipschitz": "clip"},
    {"model": "dcgan", "loss": "minimax", "lipschitz": "dragan+lp", "precision": "bf16"},
    {"model": "mlp", "loss": "bce", "lipschitz": "r1r2", "optimizer": "rmsprop"},
]
SMALL = {"mlp": {"width": 8, "z_dim": 4}, "dcgan": {"width": 4, "z_dim": 4}}
SMALL["resnet"] = {"width_g": 4, "width_d": 4, "z_dim": 4}
SMALL |= {"r3gan": {"width": 8, "group_width": 4}, "sagan": {"width": 4}, "stylegan2": {"channel_max": 4, "w_dim": 4}}
SIDE = 16


def train_on(device, game, zoo=ZOO):
    """Return a training on the device, and its samples, of 64 striped images."""
    game = dict(game)
    optim = {
        "batch_size": 4,
        "batch_size_g": 6,
        "n_critic": 2,
        "lr_decay": "linear",
        "name": game.pop("optimizer", "adam"),
    }
    precision, model = game.pop("precision", "fp32"), game.pop("model")
    tables = {"model": {"name": model, **SMALL[model]}, **{kind: {"name": name} for kind, name in game.items()}}
    clip = {"steps": 6, "clip_grad_norm": 1.0}
    run = from_tables({**tables, "optim": optim, "train": clip})
    samples = Stripes(image_size=SIDE).load()
    gan = build_gan(run, zoo, samples.spec, Device(device, precision))
    return Training(run, gan, Feed(samples, 0, device), eager_updates(gan)), samples


def place(training):
    """Return the devices of all weights, buffers and moments."""
    state = training.gan.state_dict()
    tensors = [t for name in ("G", "D", "transform") for t in state[name].values()]
    moments = [t for name in ("opt_g", "opt_d") for each in state[name]["state"].values() for t in each.values()]
    return {tensor.device for tensor in [*tensors, *moments] if isinstance(tensor, torch.Tensor)}


def in_turn():
    """Yield every enforcer with every model; losses, conditioners and augmentations take turns."""
    models, enforcers = NAMES["model"], NAMES["lipschitz"]
    augments = [entry.name for entry in ZOO.entries("augment")]
    for n, (model, lipschitz) in enumerate(itertools.product(models, enforcers)):
        others = {kind: NAMES[kind][n % len(NAMES[kind])] for kind in ("loss", "conditioner")}
        game = {"model": model, "lipschitz": lipschitz, **others, "augment": augments[n % len(augments)]}
        yield pytest.param(game, marks=pytest.mark.full)


@pytest.mark.parametrize("game", [*GAMES, *in_turn()], ids=lambda game: "-".join(game.values()))
def test_steps_mix_no_devices_and_never_wait(game):
    with logical_cuda() as logical:
        training, _ = train_on(CUDA, game)
        logical.events.clear()  # weights were moved there
        for _ in range(2):
            terms = advance(training)
        assert logical.events == []
        assert {term.device for term in terms.values()} == place(training) == {CUDA}
        measure(training.gan, terms, 2)
    assert logical.kinds() == {"read"}  # numbers of a record


def load_package(name, monkeypatch):
    """Load a package of plugins/, whether it is installed or not."""
    for module in [module for module in sys.modules if module.startswith(f"ganzoo_{name}")]:
        monkeypatch.delitem(sys.modules, module)  # an installed one
    monkeypatch.syspath_prepend(ROOT / "plugins" / f"ganzoo-{name}")
    return load_zoo(files=[ROOT / "plugins" / f"ganzoo-{name}" / f"ganzoo_{name}" / "__init__.py"])


PACKAGES = ["stylegan2", *(pytest.param(name, marks=pytest.mark.full) for name in ("r3gan", "sagan"))]


@pytest.mark.parametrize("name", PACKAGES)
def test_models_of_the_packages_beside_never_wait_either(name, monkeypatch):
    zoo = load_package(name, monkeypatch)
    with logical_cuda() as logical:
        training, _ = train_on(CUDA, {"model": name, "loss": "hinge", "lipschitz": "none"}, zoo)
        advance(training)  # what is read once is read now
        logical.events.clear()
        for _ in range(9):  # path lengths are penalised at every eighth update
            advance(training)
        assert logical.events == [] and place(training) == {CUDA}


def test_batches_of_what_stays_on_the_host_are_sent_without_waiting(monkeypatch):
    monkeypatch.setattr("ganzoo.training.feed.place", lambda x, device: x)
    with logical_cuda() as logical:
        training, _ = train_on(CUDA, GAMES[0])
        logical.events.clear()
        x, y = training.feed.next(6)
        assert logical.events == [] and x.device == y.device == CUDA


def test_a_checkpoint_goes_back_to_the_device(tmp_path):
    with logical_cuda() as logical:
        training, _ = train_on(CUDA, GAMES[1])
        advance(training)
        checkpoint.save(tmp_path, 1, training.state_dict())
        again, _ = train_on(CUDA, GAMES[1])
        again.load_state_dict(checkpoint.load(tmp_path).state)
        logical.events.clear()
        advance(again)
        assert logical.events == [] and place(again) == {CUDA}


def test_samples_scores_and_audits_mix_no_devices():
    with logical_cuda() as logical:
        training, samples = train_on(CUDA, {"model": "mlp", "loss": "bce", "lipschitz": "none", "conditioner": "cgan"})
        gan = training.gan
        images = GeneratedImages(gan.G_ema.module, gan.z_dim, 2, 70)
        metrics = "fid,fid-infinity,is,kid,prc,dc,intra-fid,prc-per-class"
        choices = {"dataset": {"name": "digits"}, "features": {"name": "digits-cnn"}, "eval": {"metrics": metrics}}
        evaluator = open_evaluator(samples, from_tables(choices), ZOO, CUDA)
        report = evaluator.score(images, Generated(70, "generator"), spread_labels(70, 2))
        audit(gan, Batch(*training.feed.next(8)), 1, evaluator.extractor)
    assert [event for event in logical.events if event.kind == "mix"] == []
    assert len(report.scores) >= 10
