"""What the builder accepts, refuses and looks after."""

import copy
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from ganzoo.contracts import Augmentation, DataSpec, Model
from ganzoo.errors import ConfigError, DataError, PluginError, ResourceError
from ganzoo.settings.toml import from_tables
from ganzoo.training.build import build_gan
from ganzoo.training.compatibility import advise
from ganzoo.training.device import choose_device
from ganzoo.training.steps import discriminator_step, generator_step
from ganzoo.zoo.catalogue import Zoo
from support.zoo import ZOO

CPU = choose_device("cpu", "fp32")
GREY = DataSpec((1, 16, 16), num_classes=3)


def build(data=GREY, zoo=ZOO, **names):
    tables = {kind: value if isinstance(value, dict) else {"name": value} for kind, value in names.items()}
    return build_gan(from_tables({"model": {"name": "dcgan", "width": 4}, **tables}), zoo, data, CPU)


def with_model(component: type) -> Zoo:
    zoo = Zoo(plugins=list(ZOO.plugins), _entries={kind: dict(known) for kind, known in ZOO._entries.items()})
    zoo.add("test", "register_models", "model", {"odd": component})
    return zoo


@pytest.mark.parametrize("lipschitz", ["gp", "lp", "dragan", "r1", "r1r2", "sn", "sn+gp"])
def test_batch_norm_asked_for_under_a_per_sample_enforcer_is_refused_with_a_way_out(lipschitz):
    with pytest.raises(ConfigError, match="batch norm") as caught:
        build(model={"name": "dcgan", "norm_d": "batch"}, lipschitz=lipschitz)
    assert "model.norm_d=none" in caught.value.hint


@pytest.mark.parametrize(("lipschitz", "norms"), [("none", 1), ("clip", 1), ("gp", 0), ("sn", 0)])
def test_batch_norm_not_asked_for_gives_way_to_a_per_sample_enforcer(lipschitz, norms):
    gan = build(lipschitz=lipschitz)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in gan.D.modules()) == norms


@pytest.mark.parametrize("norm", ["layer", "none"])
def test_norms_within_a_sample_are_accepted_under_a_gradient_penalty(norm):
    build(model={"name": "dcgan", "width": 4, "norm_d": norm}, lipschitz="gp")


class Mixing(nn.Module):
    """Features that depend on the mean of the batch, without any layer that says so."""

    feature_dim = 4

    def __init__(self, shape):
        super().__init__()
        self.linear = nn.Linear(shape[0] * shape[1] * shape[2], 4)

    def forward(self, x):
        h = self.linear(x.flatten(1))
        return h - h.mean(dim=0)


class Constant(nn.Module):
    def __init__(self, shape, value=0.5):
        super().__init__()
        self.image = nn.Parameter(torch.full(shape, value))

    def forward(self, z, c):
        return self.image.expand(len(z), *self.image.shape)


@dataclass(frozen=True)
class Odd(Model):
    z_dim: int = 4

    def generator(self, data, embedding_dim):
        return Constant(data.shape)

    def discriminator(self, data, *, per_sample):
        return Mixing(data.shape)


def test_a_third_party_discriminator_that_mixes_samples_is_found_numerically():
    with pytest.raises(ConfigError, match="depends on the other samples"):
        build(zoo=with_model(Odd), model="odd", lipschitz="gp")
    build(zoo=with_model(Odd), model="odd", lipschitz="clip")


@dataclass(frozen=True)
class WrongShape(Odd):
    def generator(self, data, embedding_dim):
        return Constant((1, 14, 14))


@dataclass(frozen=True)
class NotFinite(Odd):
    def generator(self, data, embedding_dim):
        return Constant(data.shape, float("nan"))


@pytest.mark.fault(
    "a plugin's generator makes samples of another shape", "exit 4 with both shapes, before the first step", "F58"
)
def test_a_generator_of_the_wrong_shape_is_refused_before_the_first_step():
    with pytest.raises(PluginError, match=r"expected samples of shape \(4, 1, 16, 16\), got \(4, 1, 14, 14\)"):
        build(zoo=with_model(WrongShape), model="odd")


@pytest.mark.fault("a plugin's generator gives nan", "exit 4 before the first step", "F58")
def test_a_generator_that_gives_nan_is_refused_before_the_first_step():
    with pytest.raises(PluginError, match="not finite"):
        build(zoo=with_model(NotFinite), model="odd")


def test_an_augmentation_that_follows_d_is_remarked_where_the_loss_leaves_its_level_free():
    def remarks(loss):
        run = from_tables({"loss": {"name": loss}, "augment": {"name": "ada"}})
        return "".join(advise(run, build(loss=loss, augment="ada")))

    assert "leaves free" in remarks("wgan") and "leaves free" not in remarks("bce")


class Averaging(nn.Module):
    def forward(self, x):
        return x - x.mean(dim=0)


@dataclass(frozen=True)
class Averaged(Augmentation):
    """Mixes samples."""

    def transform(self, data):
        return Averaging()


def test_an_augmentation_that_mixes_samples_is_found_numerically():
    zoo = with_model(Odd)
    zoo.add("test", "register_augmentations", "augment", {"averaged": Averaged})
    with pytest.raises(PluginError, match="augment 'averaged' breaks its contract"):
        build(zoo=zoo, augment="averaged")


@pytest.mark.parametrize("conditioner", ["cgan", "projection", "acgan"])
def test_a_conditioner_without_classes_is_refused(conditioner):
    with pytest.raises(DataError, match="at least 2 classes"):
        build(DataSpec((1, 16, 16)), conditioner=conditioner)


@pytest.mark.parametrize(
    ("model", "shape"), [("dcgan", (3, 50, 50)), ("dcgan", (3, 512, 512)), ("dcgan", (2,)), ("resnet", (1, 8, 8))]
)
def test_a_model_refuses_shapes_that_it_cannot_make(model, shape):
    with pytest.raises(ConfigError, match=r"makes samples \(C, H, W\) with sides of 16"):
        build(DataSpec(shape), model=model)


def test_the_checks_leave_weights_buffers_and_random_state_as_they_were():
    torch.manual_seed(3)
    gan = build(lipschitz="sn")
    after = torch.get_rng_state()
    state = copy.deepcopy(gan.D.state_dict())
    from ganzoo.training.compatibility import check_networks

    run = from_tables({"lipschitz": {"name": "sn"}})
    check_networks(gan, run, GREY)
    assert torch.equal(after, torch.get_rng_state())
    assert all(torch.equal(value, gan.D.state_dict()[name]) for name, value in state.items())


def test_the_same_seed_builds_the_same_weights():
    def weights():
        torch.manual_seed(7)
        return build().G.state_dict()

    one, two = weights(), weights()
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize(("name", "kind"), [("adam", "Adam"), ("rmsprop", "RMSprop"), ("sgd", "SGD")])
def test_the_optimiser_is_the_one_asked_for_with_its_settings(name, kind):
    gan = build(optim={"name": name, "lr_g": 0.5, "lr_d": 0.25, "beta1": 0.0, "beta2": 0.9})
    assert type(gan.opt_g).__name__ == kind
    assert (gan.opt_g.param_groups[0]["lr"], gan.opt_d.param_groups[0]["lr"]) == (0.5, 0.25)
    if name == "adam":
        assert gan.opt_d.param_groups[0]["betas"] == (0.0, 0.9)
    if name == "rmsprop":
        assert gan.opt_d.param_groups[0]["alpha"] == 0.9


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_is_refused_where_there_is_none():
    with pytest.raises(ResourceError, match="no CUDA device"):
        choose_device("cuda", "auto")


def test_bf16_trains_with_float32_weights_and_logits():
    run = from_tables({"model": {"name": "dcgan", "width": 4}, "lipschitz": {"name": "gp"}})
    gan = build_gan(run, ZOO, GREY, choose_device("cpu", "bf16"))
    from ganzoo.training.steps import discriminator_step

    terms = discriminator_step(gan, torch.rand(4, 1, 16, 16), torch.zeros(4).long())
    assert all(value.dtype == torch.float32 and torch.isfinite(value) for value in terms.values())
    assert all(weight.dtype == torch.float32 for weight in gan.D.parameters())


@pytest.mark.parametrize("lipschitz", ["sn", "sn+gp"])
def test_spectral_norm_beside_a_norm_that_undoes_it_is_refused(lipschitz):
    with pytest.raises(ConfigError, match="GroupNorm in D rescales"):
        build(model={"name": "dcgan", "width": 4, "norm_d": "layer"}, lipschitz=lipschitz)


def test_clipping_weights_that_are_reparametrised_is_refused():
    with pytest.raises(ConfigError, match="do not combine"):
        build(lipschitz="sn+clip")


def test_projection_starts_as_a_small_correction_of_the_logit():
    torch.manual_seed(0)
    gan = build(conditioner="projection", lipschitz="gp")
    x = torch.rand(64, 1, 16, 16)
    by_label = torch.stack([gan.D(x, torch.full((64,), label)).logits for label in range(3)])
    assert by_label.std(dim=0).mean() < 1  # N(0, 1) embeddings made it tens


def test_spectral_norm_of_g_reaches_its_moving_average_and_both_learn():
    gan = build(model={"name": "mlp", "width": 8}, lipschitz={"name": "sn", "generator": True})
    before = {name: weight.clone() for name, weight in gan.G.named_parameters()}
    x, y = torch.rand(4, *GREY.shape) * 2 - 1, torch.zeros(4, dtype=torch.long)
    for _ in range(2):
        discriminator_step(gan, x, y)
        generator_step(gan, x, y)
    changed = [name for name, weight in gan.G.named_parameters() if not torch.equal(weight, before[name])]
    assert "trunk.body.0.parametrizations.weight.original" in changed
    assert gan.G_ema.module.state_dict().keys() == gan.G.state_dict().keys()
