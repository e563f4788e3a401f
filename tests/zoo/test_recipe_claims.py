"""What recipes state, read from the networks and optimisers that are built of them. Numbers are of the papers."""

from functools import cache
from math import sqrt
from typing import NamedTuple

import pytest
import torch
from torch import nn

from ganzoo.contracts import DataSpec
from ganzoo.layers import ConditionalBatchNorm, Rectifier
from ganzoo.training.build import build_gan
from ganzoo.training.device import choose_device
from ganzoo.zoo.recipes import find_recipe, list_recipes, settle
from support.zoo import ZOO

CIFAR = DataSpec((3, 32, 32), 10)


class Stated(NamedTuple):
    """Numbers of a recipe, for two players (G, D) unless something else is said."""

    decays: tuple[float, ...]  # Adam's betas, or RMSprop's alpha
    rate: float
    batches: tuple[int, int]  # of D and of G
    n_critic: int
    steps: int
    z: int
    weights: str
    slopes: tuple[float, float]  # of the rectifiers of G and D, below 0
    norms: tuple[str, str]  # in G and D
    pool: str = ""
    rate_at_half: float = 1.0  # as a share of the first rate
    ema: float = 0.999


BATCH, GAINED, BARE = "BatchNorm2d", "ConditionalBatchNorm", ""
DCGAN = Stated((0.5, 0.999), 2e-4, (128, 128), 1, 50_000, 100, "normal", (0, 0.2), (BATCH, BATCH))
WGAN_GP = Stated(
    (0, 0.9), 2e-4, (64, 128), 5, 100_000, 128, "glorot", (0, 0), (GAINED, BARE), pool="mean", rate_at_half=0.5
)
SNGAN = WGAN_GP._replace(steps=50_000, pool="sum")
STATED = {
    "acgan": DCGAN._replace(batches=(100, 100)),
    "cgan": DCGAN._replace(batches=(64, 64), steps=20_000),
    "cgan_pd": SNGAN,
    "dcgan": DCGAN,
    "dragan": DCGAN._replace(decays=(0.5, 0.9), rate=1e-4, weights="he in D", norms=(BATCH, BARE)),
    "lsgan": DCGAN._replace(decays=(0.5, 0.99), rate=1e-3, steps=100_000),
    "r1": Stated((0.99,), 1e-4, (64, 64), 1, 100_000, 256, "glorot", (0.2, 0.2), (BARE, BARE), pool="flatten"),
    "sngan": SNGAN,
    "wgan": DCGAN._replace(decays=(0.99,), rate=5e-5, batches=(64, 64), n_critic=5, steps=100_000),
    "wgan_gp": WGAN_GP,
    "wgan_lp": WGAN_GP,
}
RECIPES = sorted(recipe.name for recipe in list_recipes() if not recipe.plugin)


@cache
def config(name):
    return settle(recipe=find_recipe(name)).run


@cache
def built(name):
    """The GAN of a recipe; a residual G has 32 channels in place of 256 or 128, which saves 5 s."""
    torch.manual_seed(0)
    narrow = {"model.width_g": 32} if "model.width_g" in find_recipe(name).values or name == "r1" else {}
    run = settle(recipe=find_recipe(name), sets=narrow).run
    return build_gan(run, ZOO, CIFAR, choose_device("cpu", "fp32"))


def test_each_recipe_that_ships_is_read_here():
    assert sorted(STATED) == RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_both_players_move_by_the_rates_and_means_that_are_stated(name):
    stated = STATED[name]
    for optimizer in (built(name).opt_g, built(name).opt_d):
        (group,) = optimizer.param_groups
        assert float(group["lr"]) == pytest.approx(stated.rate)
        assert (group["betas"] if len(stated.decays) == 2 else (group["alpha"],)) == stated.decays
        assert group["weight_decay"] == 0


@pytest.mark.parametrize("name", RECIPES)
def test_batches_updates_of_d_steps_and_the_average_are_those_that_are_stated(name):
    run, stated = config(name), STATED[name]
    batches = (run.optim.batch_size, run.optim.batch_size_g or run.optim.batch_size)
    assert (batches, run.optim.n_critic, run.train.steps) == (stated.batches, stated.n_critic, stated.steps)
    assert (built(name).ema_decay, built(name).z_dim) == (stated.ema, stated.z)
    assert built(name).schedule.left(0.5) == stated.rate_at_half
    assert run.optim.lr_end == 0


BCE, WGAN, HINGE, LSGAN = (1.4402, 0.3133), (-1.0, -1.0), (2.0, -1.0), (1.0, 0.0)
LOSSES = {  # of D and of G, by hand, where D gives 2 to the reals and 1 to the fakes
    "acgan": BCE, "cgan": BCE, "cgan_pd": HINGE, "dcgan": BCE, "dragan": BCE, "lsgan": LSGAN,
    "r1": BCE, "sngan": HINGE, "wgan": WGAN, "wgan_gp": WGAN, "wgan_lp": WGAN,
}  # fmt: skip
PENALTIES = {  # of a critic of slope 3, and of slope 1/2: 10 (3 - 1)^2 and 10 (1/2)^2, or 10 / 2 times the squares
    "dragan": (40.0, 2.5), "r1": (45.0, 1.25), "wgan_gp": (40.0, 2.5), "wgan_lp": (40.0, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
def test_losses_and_penalties_are_those_that_are_stated(name):
    gan, real, fake = built(name), torch.full((4,), 2.0), torch.full((4,), 1.0)
    losses = (gan.loss.discriminator_loss(real=real, fake=fake), gan.loss.generator_loss(fake=fake, real=real))
    assert [loss.item() for loss in losses] == pytest.approx(LOSSES[name], abs=1e-4)
    x, y = torch.rand(2, 4, 3, 8, 8)
    for slope, expected in zip((3.0, 0.5), PENALTIES.get(name, (0.0, 0.0)), strict=True):
        critic = lambda x, slope=slope: slope * x[:, 0, 0, 0]  # noqa: E731
        assert float(gan.lipschitz.penalty(critic, real=x, fake=y)) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("name", "layers"), [("sngan", 11), ("cgan_pd", 12)])
def test_spectral_norm_divides_every_layer_of_d_and_none_of_g(name, layers):
    """Four blocks of two convolutions and 2 shortcuts, the last layer; and the embedding of the labels."""
    bounded = [layer for layer in built(name).D.modules() if hasattr(layer, "parametrizations")]
    own = [layer for layer in built(name).D.modules() if any(True for _ in layer.parameters(recurse=False))]
    assert len(bounded) == layers
    assert not [layer for layer in own if layer not in bounded and hasattr(layer, "weight")]
    assert not [layer for layer in built(name).G.modules() if hasattr(layer, "parametrizations")]


def test_clipping_of_wgan_leaves_no_weight_beyond_a_hundredth():
    gan = built("wgan")
    discriminator = nn.Linear(100, 100)
    gan.lipschitz.project(discriminator)
    assert discriminator.weight.abs().max().item() == pytest.approx(0.01)


def weighted(network):
    """Names, layers and first weights, before spectral norm divides them, of convolutions and linear layers."""
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and not name.endswith("modulate"):
            bounded = getattr(layer, "parametrizations", None)
            yield name, layer, (bounded.weight.original if bounded else layer.weight).detach()


def expected_deviation(rule, name, layer, weight):
    """The standard deviation of a layer's weights: by hand, from their number of inputs and outputs."""
    inputs, outputs = weight[0].numel(), weight.numel() // weight.shape[1]
    if rule == "normal":
        return 0.02  # arXiv:1511.06434, Sec. 4
    if rule == "he":  # of a rectifier of slope 0.2; the last layer is torch's, U[-1, 1] / sqrt(inputs)
        return 1 / sqrt(3 * inputs) if name == "head.linear" else sqrt(2 / (1 + 0.2**2) / inputs)
    gain = sqrt(2) if name.endswith(("conv1", "conv2")) else 1.0
    return gain * sqrt(2 / (inputs + outputs))


@pytest.mark.parametrize("player", ["G", "D"])
@pytest.mark.parametrize("name", RECIPES)
def test_first_weights_have_the_deviation_that_is_stated_in_every_layer(name, player):
    rule = STATED[name].weights
    rule = ("he" if player == "D" else "normal") if rule == "he in D" else rule
    layers = list(weighted(getattr(built(name), player)))
    assert len(layers) >= 4
    for path, layer, weight in layers:
        error = 4 / sqrt(2 * weight.numel())  # 4 standard errors of a normal's deviation
        assert weight.std().item() == pytest.approx(expected_deviation(rule, path, layer, weight), rel=error), path
        if layer.bias is not None and not (rule == "he" and path == "head.linear"):
            assert not layer.bias.any(), path


def test_widths_are_those_that_are_stated():
    options = {name: config(name).model.options for name in STATED}
    widths = {name: (each.get("width_g"), each.get("width_d")) for name, each in options.items()}
    assert widths["sngan"] == widths["cgan_pd"] == (256, 128)
    assert widths["wgan_gp"] == widths["wgan_lp"] == (128, 128)
    assert built("dcgan").D.trunk.body[0].out_channels == 64


def test_the_last_layers_have_the_papers_scales():
    """0.02 of 4,096 features, by hand; Glorot's sqrt(2 / (128 + 1)) = 0.1245 of 128."""
    heads = {name: built(name).D.head.linear for name in ("dcgan", "wgan_gp")}
    assert heads["dcgan"].weight.shape == (1, 4096)
    assert heads["dcgan"].weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert heads["wgan_gp"].weight.shape == (1, 128)
    assert heads["wgan_gp"].weight.std().item() == pytest.approx(0.1245, rel=0.2)


def kinds(network):
    norms = (nn.BatchNorm2d, nn.GroupNorm, ConditionalBatchNorm)
    inside = {layer.norm for layer in network.modules() if isinstance(layer, ConditionalBatchNorm)}
    return [layer for layer in network.modules() if isinstance(layer, norms) and layer not in inside]


@pytest.mark.parametrize("name", RECIPES)
def test_norms_rectifiers_and_pooling_are_those_that_are_stated(name):
    gan, stated = built(name), STATED[name]
    for network, slope, norm in zip((gan.G, gan.D), stated.slopes, stated.norms, strict=True):
        assert {layer.slope for layer in network.modules() if isinstance(layer, Rectifier)} == {slope}
        found = {type(layer).__name__ for layer in kinds(network)} - ({BATCH} if norm == GAINED else set())
        assert found == ({norm} if norm else set())
    if stated.pool:
        assert pooled(gan.D.trunk) == stated.pool


def pooled(trunk):
    """What a trunk makes of its last map: 8 x 8 pixels at 32, of which a sum is 64 means."""
    maps = []
    hook = trunk.rectify.register_forward_hook(lambda _, __, out: maps.append(out))
    with torch.no_grad():
        features = trunk(torch.rand(2, 3, 32, 32))
    hook.remove()
    assert maps[-1].shape[2:] == (8, 8)
    ways = {"sum": maps[-1].sum((2, 3)), "mean": maps[-1].mean((2, 3)), "flatten": maps[-1].flatten(1)}
    return next(way for way, h in ways.items() if h.shape == features.shape and torch.allclose(h, features))


def test_residual_paths_of_r1_are_a_tenth_of_what_they_compute():
    block = built("r1").D.trunk.blocks[-1]
    x = torch.rand(2, 128, 8, 8)
    with torch.no_grad():
        whole = block(x)
        block.conv2.weight.mul_(2), block.conv2.bias.mul_(2)
        double = block(x)
        block.conv2.weight.div_(2), block.conv2.bias.div_(2)
        h = block.conv2(block.rectify(block.conv1(block.rectify(x))))
    assert torch.allclose(double - whole, 0.1 * h, atol=1e-5)
    assert torch.allclose(whole, x + 0.1 * h, atol=1e-5)
