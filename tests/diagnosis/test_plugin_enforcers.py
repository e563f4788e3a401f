"""Enforcers of plugins are diagnosed by what they state, whatever their classes are called."""

import numpy as np
import pytest

import ganzoo as package
from ganzoo.audit.traits import Traits, read_traits
from ganzoo.contracts import DataSpec
from ganzoo.diagnosis.diagnose import diagnose, save
from ganzoo.diagnosis.figures import draw_slopes, draw_weights
from ganzoo.settings.toml import from_tables
from ganzoo.training.build import build_gan
from ganzoo.zoo.plugins import load_zoo
from support.dirac import CPU
from support.zoo import ZOO

PLUGIN = '''"""A clipping, a zero-centred and a unit penalty, with no class of ganzoo's but the contract."""
from dataclasses import dataclass

import torch

import ganzoo


@dataclass(frozen=True)
class Box(ganzoo.LipschitzEnforcer):
    """Keep every weight of D in a box. arXiv:1701.07875."""

    side: ganzoo.PositiveFloat = 0.01

    @torch.no_grad()
    def project(self, discriminator):
        for weight in discriminator.parameters():
            weight.clamp_(-self.side, self.side)

    def weight_limit(self):
        return self.side


@dataclass(frozen=True)
class Flat(ganzoo.LipschitzEnforcer):
    """Flatten D on real and generated samples. arXiv:1801.04406."""

    per_sample = True
    weight: ganzoo.NonNegativeFloat = 5.0

    def penalty(self, critic, *, real, fake):
        return self.weight * sum(ganzoo.gradient_norm(critic, x).square().mean() for x in (real, fake))

    def target_slopes(self):
        return {"real": 0.0, "fake": 0.0}


@dataclass(frozen=True)
class Unit(ganzoo.LipschitzEnforcer):
    """Pull the slope of D to 1 between real and generated samples. arXiv:1704.00028."""

    per_sample = True
    weight: ganzoo.NonNegativeFloat = 10.0

    def penalty(self, critic, *, real, fake):
        epsilon = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device)
        slope = ganzoo.gradient_norm(critic, epsilon * real + (1 - epsilon) * fake)
        return self.weight * (slope - 1).square().mean()

    def target_slopes(self):
        return {"between": 1.0}


@ganzoo.hookimpl
def register_lipschitz():
    return {"box": Box, "flat": Flat, "unit": Unit}
'''


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    path = tmp_path_factory.mktemp("plugin") / "enforcers.py"
    path.write_text(PLUGIN)
    return load_zoo(files=[path])


def trained(path, zoo, lipschitz, steps=10, **options):
    """A run of lsgan, to which no recipe with an enforcer belongs, so that only the enforcer differs."""
    options |= {"eval.at_end": False, "train.device": "cpu"}
    return package.run(
        model="mlp", loss="lsgan", lipschitz=lipschitz, dataset="gaussians8", steps=steps, out=path, zoo=zoo, seed=0,
        options=options,
    )  # fmt: skip


def finding_of(diagnosis, name):
    (finding,) = [finding for finding in diagnosis.findings if finding.name == name]
    return finding


def dashed(figure):
    (axes,) = figure.axes
    return [float(line.get_xdata()[0]) for line in axes.lines]


@pytest.mark.parametrize(
    ("plugin", "builtin"),
    [
        (("box", {"lipschitz.side": 0.02}), ("clip", {"lipschitz.limit": 0.02})),
        (("flat", {}), ("r1r2", {})),
        (("unit", {}), ("gp", {})),
    ],
    ids=["box", "flat", "unit"],
)
def test_a_method_of_a_plugin_is_diagnosed_as_the_same_method_that_ships(plugin, builtin, zoo, tmp_path):
    """Bit for bit: both make the same run, so all that is found must be the same but for advice on options."""
    one, other = (diagnose(trained(tmp_path / name, zoo, name, **options)) for name, options in (plugin, builtin))
    assert one.audit.traits == other.audit.traits
    assert one.audit.numbers == other.audit.numbers
    told = [[(found.name, found.level, found.what, found.evidence) for found in each.findings] for each in (one, other)]
    assert told[0] == told[1]


def test_a_clipping_of_a_plugin_is_seen_at_its_limit(zoo, tmp_path):
    run = trained(tmp_path / "run", zoo, "box", **{"lipschitz.side": 1e-3})
    found = diagnose(run)
    assert found.audit.traits == Traits(weight_limit=1e-3)
    unused = finding_of(found, "unused-capacity")
    assert unused.level == "remark"
    assert unused.evidence["near limit"] == found.audit.numbers["near limit"] > 0.2
    assert finding_of(found, "vanishing-gradients").level == "alarm"
    save(found, run)
    assert dashed(draw_weights(found.audit, found.audit.traits.weight_limit)) == [-1e-3, 1e-3]
    assert max(np.abs(found.audit.values["weight"])) <= 1e-3


def test_zero_centred_and_unit_penalties_of_a_plugin_are_told_apart(zoo, tmp_path):
    flat, unit = (diagnose(trained(tmp_path / name, zoo, name, steps=1)) for name in ("flat", "unit"))
    assert flat.audit.traits == Traits(penalised=True, target_slopes={"real": 0.0, "fake": 0.0})
    assert unit.audit.traits == Traits(penalised=True, target_slopes={"between": 1.0})
    of_flat, of_unit = (finding_of(found, "lipschitz") for found in (flat, unit))
    assert all(abs(found.audit.numbers["slope/between"] - 1) > 0.15 for found in (flat, unit))  # after one step
    assert (of_flat.level, of_unit.level) == ("fine", "remark")
    assert of_flat.what.endswith("; the enforcer pulls it to 0 at real samples and at generated samples")
    assert "pulls" not in of_unit.what
    assert 1.0 not in dashed(draw_slopes(flat.audit))
    assert dashed(draw_slopes(unit.audit)) == [1.0]


@pytest.mark.parametrize(
    ("name", "traits"),
    [
        ("none", Traits()),
        ("sn", Traits(normed=frozenset("d"))),
        ("sn+none", Traits(normed=frozenset("d"))),
        ("lp", Traits(penalised=True)),
        ("clip", Traits(weight_limit=0.01)),
        ("clip+gp", Traits(penalised=True, weight_limit=0.01, target_slopes={"between": 1.0})),
        ("dragan", Traits(penalised=True, target_slopes={"real": 1.0})),
        ("gp+r1", Traits(penalised=True, target_slopes={"between": 1.0, "real": 0.0})),
        ("dragan+r1r2", Traits(penalised=True, target_slopes={"fake": 0.0})),  # at real samples they disagree
    ],
)
def test_traits_of_an_enforcer_and_of_a_sum_are_what_its_parts_state(name, traits):
    run = from_tables({"model": {"name": "mlp", "width": 8, "depth": 1}, "lipschitz": {"name": name}})
    assert read_traits(build_gan(run, ZOO, DataSpec((2,)), CPU)) == traits
