"""What is measured of a GAN: closed forms, dense matrices, known distributions; and nothing is disturbed by looking."""

import math
import statistics

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo.audit.audit import Audit, Batch, audit, draw_batch
from ganzoo.audit.diversity import count_classes, measure_diversity
from ganzoo.audit.layers import gradient_norms, spectral_norms
from ganzoo.audit.logits import measure_logits, measure_loss_gradients
from ganzoo.audit.rules import learning_rate
from ganzoo.audit.slopes import lipschitz_bound, near_limit, slopes
from ganzoo.audit.traits import Traits, read_traits
from ganzoo.audit.updates import dead_units, measure_rates, measure_saturation, measure_updates
from ganzoo.builtin.lipschitz import NoEnforcer
from ganzoo.builtin.losses import Hinge, NonSaturating, Wasserstein
from ganzoo.contracts import DataSpec, Samples
from ganzoo.errors import DataError, PluginError
from ganzoo.files import read_records
from ganzoo.layers import ConvPool, UpConv
from ganzoo.runs.folder import RunFolder
from ganzoo.settings.toml import from_tables
from ganzoo.training.build import build_gan
from support.dirac import CPU, dirac_gan
from support.runs import assert_equal_runs, train
from support.zoo import ZOO


def points(count, dim=2, seed=0):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def test_a_linear_critic_has_one_slope_everywhere():
    weight = torch.tensor([3.0, 4.0])
    found = slopes(lambda x: x @ weight, real=points(7), fake=points(7, seed=1))
    assert all(torch.allclose(slope, torch.full((7,), 5.0)) for slope in found)


def test_points_in_between_lie_between():
    """The slope of |x|^2 is 2 |x|: between real points at radius 1 and the same ones as fakes, exactly 2."""
    x = torch.nn.functional.normalize(points(9))
    assert torch.allclose(slopes(lambda x: x.square().sum(1), real=x, fake=x).between, torch.full((9,), 2.0))


def test_the_share_at_the_limit_counts_both_ends_and_biases():
    weights = [torch.tensor([[0.01, -0.01, 0.0099, 0.0097]]), torch.tensor([0.0, 0.01])]
    assert near_limit(weights, 0.01) == pytest.approx(4 / 6)  # 0.0097 is 3 % away


def dense(layer, shape):
    """The matrix of a linear layer on inputs of this shape, column by column."""
    basis = torch.eye(math.prod(shape)).reshape(-1, *shape)
    with torch.no_grad():
        return (layer(basis) - layer(torch.zeros(1, *shape))).flatten(1).T


@pytest.mark.parametrize(
    "layer, shape",
    [
        (nn.Linear(5, 3), (5,)),
        (nn.Conv2d(2, 3, 3, padding=1), (2, 6, 6)),
        (nn.Conv2d(2, 4, 4, stride=2, padding=1), (2, 8, 8)),
        (nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1), (3, 4, 4)),
        (ConvPool(2, 3), (2, 6, 6)),
        (UpConv(2, 3), (2, 4, 4)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_norm_of_a_layer_is_that_of_its_matrix_at_the_true_size(layer, shape):
    network = nn.Sequential(layer)
    norms = spectral_norms(network, torch.zeros(2, *shape), iterations=2000)
    assert norms["0"] == pytest.approx(float(torch.linalg.matrix_norm(dense(layer, shape), 2)), rel=2e-3)


def test_the_norm_of_a_convolution_is_not_that_of_its_kernel():
    """A kernel of ones is a sum over 3 x 3 pixels: 9 in the limit of large images, while as a matrix it has norm 3."""
    layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    nn.init.ones_(layer.weight)
    (norm,) = spectral_norms(nn.Sequential(layer), torch.zeros(1, 1, 32, 32), iterations=300).values()
    assert 8.8 < norm < 9
    assert float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)) == pytest.approx(3)


def test_a_dead_layer_has_norm_zero():
    layer = nn.Linear(3, 2)
    nn.init.zeros_(layer.weight)
    assert spectral_norms(nn.Sequential(layer), torch.zeros(1, 3)) == {"0": 0.0}


def test_the_bound_is_the_product():
    assert lipschitz_bound([2.0, 3.0, 0.5]) == pytest.approx(3)


def small_gan(seed=0, shape=(2,), **tables):
    run = from_tables({"model": {"name": "mlp", "width": 8, "depth": 2, "z_dim": 4}, **tables})
    torch.manual_seed(seed)
    return build_gan(run, ZOO, DataSpec(shape), CPU)


def test_gradients_of_a_critic_of_scaling_layers_are_products_of_what_comes_after():
    """D(x) = 0.1 * 10 * 0.1 * x in one dimension, Wasserstein: dL/dh is 1, then 0.1, then 1, for every sample."""
    gan = dirac_gan(Wasserstein(), NoEnforcer())
    layers = [nn.Linear(1, 1, bias=False) for _ in range(3)]
    for layer, weight in zip(layers, (0.1, 10.0, 0.1), strict=True):
        nn.init.constant_(layer.weight, weight)

    class Chain(nn.Sequential):
        def forward(self, x, y):
            from ganzoo.contracts import Verdict

            return Verdict(super().forward(x).squeeze(1))

    gan.D = Chain(*layers)
    x, y = torch.ones(5, 1), torch.zeros(5, dtype=torch.long)
    norms = gradient_norms(gan, x, -x, y)
    assert norms == {"0": pytest.approx(1.0), "1": pytest.approx(0.1), "2": pytest.approx(1.0)}


def test_equal_distributions_have_a_spread_of_one_and_few_duplicates():
    found = measure_diversity(real=points(500, 8), fake=points(500, 8, seed=1))
    assert found["spread"] == pytest.approx(1, abs=0.03)
    assert found["duplicates"] < 0.05


@pytest.mark.parametrize("size", [100, 1000])
def test_the_birthday_test_finds_the_size_of_a_finite_support(size):
    """512 draws of N things have 512 * 511 / 2N pairs of equals: 1,308 of 100, and 131 of 1,000."""
    atoms = points(size, 8, seed=2)
    drawn = torch.randint(size, (512,), generator=torch.Generator().manual_seed(3))
    found = measure_diversity(real=points(512, 8), fake=atoms[drawn])
    assert found["support"] == pytest.approx(size, rel=0.15)


def test_a_generator_of_one_sample_has_no_spread_and_nothing_but_duplicates():
    found = measure_diversity(real=points(50), fake=torch.ones(50, 2))
    assert found == {"spread": 0.0, "duplicates": 1.0, "pairs": 1225.0, "support": 1.0}


def test_classes_are_counted_by_their_largest_logit():
    assert count_classes(real=torch.eye(4), fake=torch.eye(4)[[0, 1, 1, 0]]) == {"classes/real": 4, "classes/fake": 2}


def test_overfitting_is_one_where_unseen_reals_count_as_fakes():
    """train 2, fake 0, held-out 0: r_v = 1; and a held-out of 1.5 gives 0.25."""
    train, fake = torch.full((4,), 2.0), torch.zeros(4)
    assert measure_logits(train=train, fake=fake, held_out=fake)["overfitting"] == pytest.approx(1)
    assert measure_logits(train=train, fake=fake, held_out=fake + 1.5)["overfitting"] == pytest.approx(0.25)


def test_who_is_ahead_is_the_area_under_the_curve():
    scipy = pytest.importorskip("scipy.stats")
    train, fake = points(40, 1)[:, 0] + 0.5, points(30, 1, seed=1)[:, 0]
    expected = scipy.mannwhitneyu(train.numpy(), fake.numpy()).statistic / (40 * 30)
    found = measure_logits(train=train, fake=fake, held_out=None)
    assert found["ahead"] == pytest.approx(float(expected))
    assert "overfitting" not in found


def test_the_pull_of_a_loss_is_its_slope_in_the_logit():
    real, fake = torch.zeros(3), torch.full((3,), math.log(3))
    assert measure_loss_gradients(Wasserstein(), real=real, fake=fake) == {"pull/d": 1, "pull/g": 1}
    bce = measure_loss_gradients(NonSaturating(), real=real, fake=fake)  # sigmoid(log 3) = 3 / 4
    assert bce == {"pull/d": pytest.approx((0.5 + 0.75) / 2), "pull/g": pytest.approx(0.25)}
    content = measure_loss_gradients(Hinge(), real=torch.full((3,), 2.0), fake=torch.full((3,), -2.0))
    assert content == {"pull/d": 0, "pull/g": 1}


def test_an_update_of_the_dirac_gan_is_as_long_as_its_rate():
    """theta = psi = 1, Wasserstein, SGD with rate 0.1: both gradients are 1 in size at first."""
    found = measure_updates(dirac_gan(Wasserstein(), NoEnforcer()), torch.zeros(4, 1), torch.zeros(4, dtype=torch.long))
    assert found["update/d"] == pytest.approx(0.1)
    assert found["gradient/d"] == pytest.approx(1)
    assert found["gradient/g"] == pytest.approx(0.9)  # psi, after D's update
    assert found["still/d"] == found["still/g"] == 0


def test_a_rate_is_relative_to_the_weights_as_they_are_built():
    gan = small_gan(optim={"lr_d": 1e-2, "lr_g": 1e-3})
    sizes = [float(w.detach().square().mean().sqrt()) for w in gan.D.parameters() if w.ndim > 1]
    assert measure_rates(gan)["rate/d"] == pytest.approx(1e-2 / statistics.median(sizes))
    assert measure_rates(small_gan(optim={"name": "sgd"})) == {}


@pytest.mark.parametrize(
    ("normed", "rate", "level"), [("", 0.3, "fine"), ("", 0.5, "alarm"), ("d", 2.5, "fine"), ("d", 10.0, "alarm")]
)
def test_a_network_with_norm_bears_higher_rates_than_one_without(normed, rate, level):
    """Measured: without norm, D of an mlp dies at 0.56; with batch norm, dcgan trains as well at 2.5, and not at 10."""
    numbers = {"rate/d": rate, "rate/g": 0.01, "update/d": 0.01, "update/g": 0.01, "lr/d": 1e-3, "lr/g": 1e-3}
    (finding,) = learning_rate(Audit(1, numbers, traits=Traits(normed=frozenset(normed))))
    assert finding.level == level


def test_normed_are_networks_with_norm_or_spectral_norm():
    assert read_traits(small_gan()).normed == frozenset()
    assert read_traits(small_gan(lipschitz={"name": "sn"})).normed == {"d"}
    assert read_traits(small_gan(model={"name": "dcgan", "width": 8}, shape=(1, 16, 16))).normed == {"d", "g"}


def test_saturation_is_the_share_at_the_ends():
    found = measure_saturation(real=torch.zeros(4, 2), fake=torch.tensor([[1.0, 0.5], [-1.0, 0.99]]))
    assert found == {"at the ends/real": 0, "at the ends/fake": 0.5}


def test_units_that_are_off_for_the_whole_batch_are_dead():
    layer = nn.Linear(2, 4)
    nn.init.zeros_(layer.weight)
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([-1.0, -1.0, -1.0, 1.0]))
    assert dead_units(nn.Sequential(layer, nn.ReLU()), torch.ones(5, 2)) == 0.75
    assert dead_units(nn.Sequential(layer, nn.LeakyReLU()), torch.ones(5, 2)) == 0


def test_an_audit_leaves_networks_optimisers_and_random_state_as_they_were():
    gan = small_gan(lipschitz={"name": "gp"})
    x, y = points(16).clamp(-1, 1), torch.zeros(16, dtype=torch.long)
    before = {name: value.clone() for name, value in gan.D.state_dict().items()}
    torch.manual_seed(5)
    np.random.seed(5)
    state = torch.get_rng_state()
    found = audit(gan, Batch(x, y, (x, y)), 3)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], value) for name, value in gan.D.state_dict().items())
    assert not gan.opt_d.state
    assert all(math.isfinite(value) for value in found.numbers.values())
    assert found.traits == Traits(penalised=True, target_slopes={"between": 1.0})
    assert found.numbers["held-out"] == 0.5  # the same samples


def test_the_same_audit_gives_the_same_numbers():
    gan, x = small_gan(), points(16).clamp(-1, 1)
    batch = Batch(x, torch.zeros(16, dtype=torch.long))
    assert audit(gan, batch, 0).numbers == audit(gan, batch, 0).numbers


def test_held_out_samples_of_another_shape_are_refused():
    y = torch.zeros(4, dtype=torch.long)
    flat, solid = Samples(torch.zeros(4, 2), y, ("all",)), Samples(torch.zeros(4, 3), y, ("all",))
    with pytest.raises(DataError, match="do not fit"):
        draw_batch(flat, solid, 4, torch.device("cpu"), labels=False)


def test_other_classes_are_refused_where_labels_are_read_and_ignored_elsewhere():
    few, many = (Samples(torch.zeros(4, 2), torch.arange(4) % k, tuple("abcd"[:k])) for k in (2, 4))
    with pytest.raises(DataError, match="do not fit"):
        draw_batch(few, many, 4, torch.device("cpu"), labels=True)
    batch = draw_batch(few, many, 4, torch.device("cpu"), labels=False)
    assert batch.held_out is not None
    assert batch.held_out[1].tolist() == [0, 0, 0, 0]


def test_real_samples_that_are_there_twice_blind_nothing():
    real = points(100, 4)
    fake = points(3, 4, seed=1).repeat(40, 1)[:101]
    found = measure_diversity(real=torch.cat([real, real[:1]]), fake=fake)
    assert found["duplicates"] == 1
    assert found["support"] == pytest.approx(3, rel=0.05)  # 101 of 3: C(34, 2) + C(34, 2) + C(33, 2) = 1,650 pairs


def test_layers_that_the_loss_does_not_depend_on_have_no_gradient_to_compare():
    run = from_tables({"model": {"name": "mlp", "width": 8, "depth": 1}, "conditioner": {"name": "acgan"}})
    gan = build_gan(run, ZOO, DataSpec((2,), 3), CPU)
    x, y = points(8), torch.arange(8) % 3
    assert set(gradient_norms(gan, x, -x, y)) == {"trunk.body.1", "head.linear"}


def test_an_audit_is_at_the_rates_that_the_run_began_with():
    gan = small_gan()
    batch = Batch(points(16).clamp(-1, 1), torch.zeros(16, dtype=torch.long))
    before = audit(gan, batch, 0).numbers["update/d"]
    for group in gan.opt_d.param_groups:
        group["lr"] = 0.0
    assert audit(gan, batch, 0).numbers["update/d"] == before > 0


def test_networks_that_cannot_be_copied_are_named():
    gan = small_gan()
    layer = gan.D.trunk.body[1]
    with pytest.warns(FutureWarning):
        torch.nn.utils.weight_norm(layer)
    with pytest.raises(PluginError, match="cannot be copied"):
        audit(gan, Batch(points(4), torch.zeros(4, dtype=torch.long)), 0)


def test_a_run_that_is_watched_is_the_run_that_it_is_unwatched(tmp_path):
    train(tmp_path / "plain", "--no-scores")
    train(tmp_path / "watched", "--no-scores", "--set", "train.diagnose_every=1")
    assert_equal_runs(tmp_path / "plain", tmp_path / "watched")
    looks = read_records(RunFolder(tmp_path / "watched").audits)
    assert [look["step"] for look in looks] == [1, 2, 3, 4]
    assert all(look["seconds"] > 0 and look["slope/between"] > 0 for look in looks)
