"""Label vectors: both ways into D, the shapes of labels, and what is refused."""

import pytest
import torch
from ganzoo_conditioners.vectors import Embedding, LabelVectors

import ganzoo

Y = torch.tensor([[1.0, -0.5], [0.25, 0.0], [0.0, 1.0]])


def test_an_embedding_is_two_linear_layers_with_a_rectifier_between():
    embed = Embedding(2, 7, 4)
    first, _, second = embed.layers
    by_hand = (Y @ first.weight.T + first.bias).clamp(min=0) @ second.weight.T + second.bias
    assert torch.allclose(embed(Y), by_hand)


def test_labels_of_any_shape_are_read_as_their_numbers():
    embed, y = Embedding(6, 7, 4), torch.randn(3, 2, 3)
    assert torch.equal(embed(y), embed(y.reshape(3, 6)))


def test_projection_adds_the_product_with_the_embedded_label():
    head, h = LabelVectors(width=7).discriminator_head(5, 2), torch.randn(3, 5)
    by_hand = h @ head.logit.linear.weight[0] + head.logit.linear.bias + (h * head.embed(Y)).sum(dim=1)
    assert torch.allclose(head(h, Y).logits, by_hand)
    patches = head(torch.stack([h, 2 * h], dim=1), Y).logits
    assert torch.allclose(patches[:, 0], head(h, Y).logits, atol=1e-6)


@pytest.mark.parametrize(("way", "channels"), [("projection", 0), ("planes", 2)])
def test_planes_hold_one_number_of_the_label_each(way, channels):
    maps = LabelVectors(way=way).discriminator_input(2, (1, 4, 3))
    assert maps.channels == channels
    planes = maps(Y)
    assert planes.shape == (3, channels, 4, 3)
    assert torch.equal(planes, Y[:, :channels, None, None].expand(planes.shape))


def test_with_planes_the_head_reads_no_label():
    head, h = LabelVectors(way="planes").discriminator_head(5, 2), torch.randn(3, 5)
    assert torch.equal(head(h, Y).logits, head(h, -Y).logits)


def test_another_way_is_refused_with_those_that_there_are():
    options = {"conditioner.way": "sum"}
    with pytest.raises(ganzoo.ConfigError, match=r"conditioner.way") as refusal:
        ganzoo.run(model="mlp", conditioner="vectors", dataset="gaussians8", steps=1, options=options)
    assert "projection" in str(refusal.value) and "planes" in str(refusal.value)


def test_classes_are_refused():
    with pytest.raises(ganzoo.DataError, match="takes label vectors"):
        ganzoo.run(model="mlp", conditioner="vectors", dataset="gaussians8", steps=1)
