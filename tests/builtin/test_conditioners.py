"""Conditioners: label maps, projection by hand, auxiliary losses, and labels that reach both networks."""

import math

import pytest
import torch

from ganzoo.builtin.conditioners import AuxiliaryClassifier, ConditionalGAN, LabelMaps, Projection, Unconditional
from ganzoo.contracts import DataSpec, Verdict
from ganzoo.settings.toml import from_tables
from ganzoo.training.build import build_gan
from ganzoo.training.device import choose_device
from support.zoo import ZOO

Y = torch.tensor([2, 0])


def test_label_maps_are_one_hot_planes():
    maps = LabelMaps(3, (4, 5))(Y)
    assert maps.shape == (2, 3, 4, 5)
    assert maps.sum(dim=(2, 3)).tolist() == [[0, 0, 20], [20, 0, 0]]


def test_no_label_maps_add_no_channels():
    assert LabelMaps(0, (4, 5))(Y).shape == (2, 0, 4, 5)


def test_label_maps_serve_points_of_the_plane_too():
    assert ConditionalGAN().discriminator_input(3, (2,))(Y).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_an_unconditional_embedding_has_width_zero():
    assert Unconditional().generator_embedding(10)(Y).shape == (2, 0)
    assert Unconditional().embedding_dim == 0


def test_projection_adds_the_inner_product_of_features_and_label_embedding():
    head = Projection().discriminator_head(2, 3)
    head.linear.weight.data, head.linear.bias.data = torch.tensor([[1.0, 1.0]]), torch.tensor([0.5])
    head.embed.weight.data = torch.tensor([[1.0, 0.0], [9.0, 9.0], [0.0, 2.0]])
    h = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert head(h, Y).logits.tolist() == [1 + 2 + 0.5 + 2 * 2, 3 + 4 + 0.5 + 3]


def test_auxiliary_loss_of_an_undecided_classifier_is_the_log_of_the_classes():
    verdict = Verdict(torch.zeros(2), torch.zeros(2, 10))
    assert AuxiliaryClassifier(weight=0.5).auxiliary_loss(verdict, Y).item() == pytest.approx(0.5 * math.log(10))


def test_the_classifier_of_d_learns_from_fakes_unless_told_not_to():
    """An undecided classifier costs log 10; logits of 4 and nine 0 cost log(1 + 9 exp(-4))."""
    real, fake = Verdict(torch.zeros(2), torch.zeros(2, 10)), Verdict(torch.zeros(2), 4 * torch.eye(10)[[2, 0]])
    sure = math.log(1 + 9 * math.exp(-4))
    loss = {
        fakes: AuxiliaryClassifier(weight=0.5, fakes=fakes).discriminator_auxiliary(real=real, fake=fake, y=Y).item()
        for fakes in (True, False)
    }
    assert loss == pytest.approx({True: 0.5 * (math.log(10) + sure), False: 0.5 * math.log(10)}, rel=1e-5)
    assert AuxiliaryClassifier(fakes=False).generator_auxiliary(fake=fake, y=Y).item() == pytest.approx(sure, rel=1e-5)


@pytest.mark.parametrize("conditioner", [ConditionalGAN, Projection, AuxiliaryClassifier])
def test_the_embedding_of_labels_is_scaled_and_the_default_is_that_of_torch(conditioner):
    torch.manual_seed(0)
    plain = torch.nn.Embedding(1000, 32).weight
    for std in (1.0, 0.2):
        torch.manual_seed(0)
        embedding = conditioner(embedding_std=std).generator_embedding(1000)
        assert torch.equal(embedding.weight, std * plain) and embedding.weight.requires_grad


def test_other_conditioners_have_no_auxiliary_loss():
    verdict = Verdict(torch.zeros(2))
    for conditioner in (Unconditional(), ConditionalGAN(), Projection()):
        assert conditioner.auxiliary_loss(verdict, Y).item() == 0


@pytest.mark.parametrize("conditioner", [e.name for e in ZOO.entries("conditioner")])
def test_labels_reach_the_images_and_the_verdict(conditioner):
    tables = {"conditioner": {"name": conditioner}, "model": {"name": "dcgan", "width": 4}}
    device = choose_device("cpu", "fp32")
    gan = build_gan(from_tables(tables), ZOO, DataSpec((1, 16, 16), 3), device)
    gan.G.eval(), gan.D.eval()
    z, zeros, ones = torch.randn(4, 100), torch.zeros(4).long(), torch.ones(4).long()
    reaches = ZOO.entry("conditioner", conditioner).component().needs_labels
    assert (not torch.equal(gan.G(z, zeros), gan.G(z, ones))) == reaches
    x = torch.rand(4, 1, 16, 16)
    moved = not torch.equal(gan.D(x, zeros).logits, gan.D(x, ones).logits)
    classified = gan.D(x, zeros).class_logits is not None
    assert (moved or classified) == reaches


class ZeroHead(Unconditional):
    """A conditioner whose head starts at 0."""

    def discriminator_head(self, feature_dim, num_classes):
        head = super().discriminator_head(feature_dim, num_classes)
        torch.nn.init.zeros_(head.linear.weight)
        return head


@pytest.mark.parametrize(("left_to_model", "deviation"), [(False, 0.0), (True, 0.02)])
def test_a_model_draws_the_last_layer_only_where_the_conditioner_leaves_it(monkeypatch, left_to_model, deviation):
    monkeypatch.setattr(ZeroHead, "model_initialises_head", left_to_model)
    monkeypatch.setattr("ganzoo.training.build._conditioner", lambda *_: ZeroHead())
    gan = build_gan(from_tables({"model": {"name": "dcgan"}}), ZOO, DataSpec((3, 32, 32)), choose_device("cpu", "fp32"))
    assert gan.D.head.linear.weight.std().item() == pytest.approx(deviation, rel=0.05)
