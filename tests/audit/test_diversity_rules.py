"""Samples that are alike: of a young run, of a collapsed one, of a G without a gradient, copies, and real ones."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from ganzoo.audit.audit import Audit, Batch, audit
from ganzoo.audit.copies import measure_copies
from ganzoo.audit.diversity import compare_samples, measure_diversity
from ganzoo.audit.diversity_rules import collapse, memorisation
from ganzoo.audit.findings import by_level
from ganzoo.audit.rules import apply_rules
from ganzoo.audit.watch import Watch
from ganzoo.contracts import DataSpec, Samples
from ganzoo.settings.toml import from_tables
from ganzoo.training.build import build_gan
from support.dirac import CPU
from support.zoo import ZOO


def images(count, seed=0):
    draws = torch.Generator().manual_seed(seed)
    return torch.randint(256, (count, 1, 8, 8), generator=draws, dtype=torch.uint8)


def build(**tables):
    run = from_tables({"model": {"name": "mlp", "width": 8, "depth": 2, "z_dim": 4}, **tables})
    torch.manual_seed(0)
    return build_gan(run, ZOO, DataSpec((1, 8, 8)), CPU)


def inspect(gan, x=None, **numbers):
    x = images(64).float() / 127.5 - 1 if x is None else x
    found = audit(gan, Batch(x, torch.zeros(len(x), dtype=torch.long)), 500)
    return replace(found, numbers=found.numbers | {"images": 1e6} | numbers)


def alarms(audit):
    return [finding for finding in by_level(apply_rules(audit)) if finding.level == "alarm"]


def judge(rule, **numbers):
    usual = {"w1": 1.0, "spread": 0.1, "duplicates": 0.0, "support": 100.0, "images": 1e6}
    (found,) = rule(Audit(500, usual | numbers))
    return found


@pytest.mark.parametrize(
    "numbers, level",
    [
        ({}, "alarm"),
        ({"images": 20_000.0}, "unknown"),
        ({"images": 20_000.0, "spread": 0.0}, "alarm"),  # the latents do nothing
        ({"images": 20_000.0, "spread/earlier": 0.3}, "alarm"),  # diversity is lost
        ({"images": 20_000.0, "spread/earlier": 0.05}, "unknown"),  # it grows
        ({"images": 20_000.0, "spread": 0.5}, "fine"),
        ({"spread": 0.9, "pixels": 0.15}, "alarm"),  # one picture under noise, which features tell apart
        ({"spread": 0.9, "pixels": 0.3}, "fine"),
    ],
)
def test_samples_that_are_alike_are_an_alarm_unless_the_run_is_young(numbers, level):
    found = judge(collapse, **numbers)
    assert found.level == level
    assert ("too early to tell: G has made 20,000 samples" in found.what) == (level == "unknown")


def test_one_picture_under_noise_is_told_by_its_pixels():
    x = images(64).float() / 127.5 - 1
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    found = compare_samples(x, (x[:1] + 0.1 * noise).clamp(-1, 1), DataSpec((1, 8, 8)), None)
    assert found["pixels"] < 0.2
    assert judge(collapse, spread=1.0, pixels=found["pixels"]).what.endswith(
        "as real ones, in pixels averaged to 8 a side"
    )
    points = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
    assert "pixels" not in compare_samples(points, points, DataSpec((2,)), None)


def test_repeated_samples_are_collapse_unless_they_copy_training_samples():
    repeats = {"spread": 0.9, "duplicates": 0.9}
    assert judge(collapse, **repeats).level == "alarm"
    assert judge(collapse, **repeats, copies=0.9).level == "fine"
    assert judge(memorisation, copies=0.9, **{"copies/of": 20.0}).level == "alarm"
    assert judge(memorisation, copies=0.1, **{"copies/of": 20.0}).level == "fine"
    assert judge(collapse, spread=0.1, duplicates=0.9, copies=0.9).level == "alarm"  # of one training sample


def test_copies_are_told_from_other_samples_of_the_distribution():
    data = Samples(images(300), torch.zeros(300, dtype=torch.long), ("all",))
    train = data.x.float() / 127.5 - 1
    blurred = train[:50] + 0.1 * torch.randn(50, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    assert measure_copies(blurred, data) == {"copies": 1.0, "copies/of": 300.0}
    assert measure_copies(images(50, seed=2).float() / 127.5 - 1, data)["copies"] == 0
    twice = Samples(torch.cat([data.x, data.x]), torch.zeros(600, dtype=torch.long), ("all",))
    assert measure_copies(blurred, twice) == {"copies": 1.0, "copies/of": 300.0}


def test_a_generator_that_knows_twenty_images_by_heart_is_named_so():
    data = Samples(images(20), torch.zeros(20, dtype=torch.long), ("all",))
    x = data.x.float() / 127.5 - 1
    made = x[torch.randint(20, (20,), generator=torch.Generator().manual_seed(0))]
    numbers = (
        compare_samples(x, made, DataSpec(tuple(x.shape[1:])), None) | measure_copies(made, data) | {"images": 1e6}
    )
    assert numbers["duplicates"] > 0.5
    findings = [found for rule in (collapse, memorisation) for found in rule(Audit(500, numbers))]
    assert [(found.name, found.level) for found in findings] == [("mode-collapse", "fine"), ("memorisation", "alarm")]


def test_a_constant_dataset_is_named_first():
    found = inspect(build(), torch.full((64, 1, 8, 8), -1.0))
    assert "spread" not in found.numbers
    first = alarms(found)[0]
    assert (first.name, "all 64 real samples that were drawn are the same one" in first.what) == ("constant-data", True)
    assert {f.name: f.level for f in apply_rules(found)}["mode-collapse"] == "unknown"


def test_real_rows_that_are_all_alike_measure_nothing():
    assert measure_diversity(real=torch.ones(5, 3), fake=torch.randn(5, 3)) == {}


def last_layer(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]


def test_a_flat_loss_comes_before_the_generator_that_it_leaves_without_a_gradient():
    """Minimax where D's logit is -200: softplus(-200) has slope exp(-200) = 0 in float32."""
    gan = build(loss={"name": "minimax"})
    nn.init.constant_(last_layer(gan.D).bias, -200.0)
    found = alarms(inspect(gan))
    names = [finding.name for finding in found]
    assert names.index("saturated-generator-loss") == 0 < names.index("frozen-generator")
    frozen = found[names.index("frozen-generator")]
    assert "exactly 0" in frozen.what
    assert not any("lr_g" in flags for flags in frozen.advice)
    assert "mode-collapse" not in names or names.index("mode-collapse") > names.index("frozen-generator")


def test_a_flat_critic_comes_before_the_generator_that_it_leaves_without_a_gradient():
    gan = build()
    nn.init.zeros_(last_layer(gan.D).weight)
    gan.opt_d.param_groups[0]["initial_lr"] = 0.0  # else D's update, which comes first, gives it a slope
    found = {finding.name: finding for finding in alarms(inspect(gan))}
    assert "D's slope at generated samples is 0" in found["frozen-generator"].what
    assert [*found].index("frozen-discriminator") < [*found].index("frozen-generator")


def test_a_watch_tells_how_old_a_run_is_and_how_diverse_it_was():
    data = Samples(images(64), torch.zeros(64, dtype=torch.long), ("all",))
    watch, gan = Watch(data, SimpleNamespace(held_out=lambda: None), batch_size=32), build()
    first, _, _ = watch.audit(gan, 10)
    assert (first.numbers["images"], first.numbers["spread/earlier"]) == (320, 0)
    second, _, _ = watch.audit(gan, 20)
    assert (second.numbers["images"], second.numbers["spread/earlier"]) == (640, first.numbers["spread"])
