"""Classifiers that know more than the class, against closed forms on two points and two classes."""

import math

import pytest
import torch
from ganzoo_conditioners.classifiers import DiscriminativeClassifier, MultiHinge, TwinClassifiers, multi_hinge

import ganzoo

# shares of (point, class) among the data and the samples of G, in sixteenths
P = {(0, 0): 6, (0, 1): 2, (1, 0): 2, (1, 1): 6}
Q = {(0, 0): 7, (0, 1): 1, (1, 0): 1, (1, 1): 7}
KL = sum(q / 16 * math.log(q / P[cell]) for cell, q in Q.items())


def batch(shares):
    """Points and classes (16,), each cell as often as its share."""
    cells = [cell for cell, count in shares.items() for _ in range(count)]
    points, y = torch.tensor(cells).T
    return points, y


def by_class(shares):
    """Indices of a batch whose labels are 0 eight times, then 1."""
    points, y = batch(shares)
    order = y.argsort(stable=True)
    return points[order], y[order]


def verdict(**fields):
    return ganzoo.Verdict(torch.zeros(16), **fields)


def test_the_best_discriminative_classifier_leaves_g_the_divergence_of_its_samples_from_the_data():
    """C of a point x is p(x, y) and q(x, y), normalised: D's loss has no gradient, G's is KL(q || p), of x and y."""
    joint = torch.tensor([[math.log(P[x, 0]), math.log(P[x, 1]), math.log(Q[x, 0]), math.log(Q[x, 1])] for x in (0, 1)])
    joint.requires_grad_(True)
    (x_real, y), (x_fake, y_fake) = by_class(P), by_class(Q)
    assert torch.equal(y, y_fake)  # as in a run, reals and fakes have the same labels
    real, fake = verdict(embedding=joint[x_real]), verdict(embedding=joint[x_fake])
    conditioner = DiscriminativeClassifier()
    (gradient,) = torch.autograd.grad(conditioner.discriminator_auxiliary(real=real, fake=fake, y=y), joint)
    assert gradient.abs().max().item() == pytest.approx(0, abs=1e-6)
    assert conditioner.generator_auxiliary(fake=fake, y=y).item() == pytest.approx(KL, abs=1e-6)


def test_the_classifier_of_2k_outcomes_costs_their_cross_entropies():
    zero = verdict(embedding=torch.zeros(16, 6))
    y = torch.arange(16) % 3
    conditioner = DiscriminativeClassifier(weight_d=2.0)
    assert conditioner.discriminator_auxiliary(real=zero, fake=zero, y=y).item() == pytest.approx(4 * math.log(6))
    assert conditioner.generator_auxiliary(fake=zero, y=y).item() == 0


def test_g_is_pulled_from_fake_and_of_its_class_to_real_and_of_its_class():
    embedding = torch.randn(2, 6, requires_grad=True)
    fake = ganzoo.Verdict(torch.zeros(2), embedding=embedding)
    DiscriminativeClassifier(weight_g=3.0).generator_auxiliary(fake=fake, y=torch.tensor([0, 2])).backward()
    assert embedding.grad.tolist() == [[-1.5, 0, 0, 1.5, 0, 0], [0, 0, -1.5, 0, 0, 1.5]]


def test_class_logits_are_those_of_a_class_real_or_fake():
    head = DiscriminativeClassifier().discriminator_head(5, 3)
    found = head(torch.randn(4, 5), torch.zeros(4, dtype=torch.long))
    probabilities = found.embedding.softmax(dim=1)
    assert torch.allclose(found.class_logits.softmax(dim=1), probabilities[:, :3] + probabilities[:, 3:])


def test_the_twin_takes_back_what_makes_classes_easier_to_tell_than_those_of_the_data():
    """With the best C and C_mi, G's loss is E_q log q(y | x) / p(y | x); here both points have equal shares."""
    classify = torch.tensor([[math.log(P[x, 0]), math.log(P[x, 1])] for x in (0, 1)], requires_grad=True)
    twin = torch.tensor([[math.log(Q[x, 0]), math.log(Q[x, 1])] for x in (0, 1)], requires_grad=True)
    (x_real, y), (x_fake, _) = by_class(P), by_class(Q)
    real = verdict(class_logits=classify[x_real], embedding=twin[x_real])
    fake = verdict(class_logits=classify[x_fake], embedding=twin[x_fake])
    conditioner = TwinClassifiers()
    of_d = conditioner.discriminator_auxiliary(real=real, fake=fake, y=y)
    for gradient in torch.autograd.grad(of_d, [classify, twin]):
        assert gradient.abs().max().item() == pytest.approx(0, abs=1e-6)
    assert conditioner.generator_auxiliary(fake=fake, y=y).item() == pytest.approx(KL, abs=1e-6)


def test_each_twin_learns_of_one_kind_alone():
    real, fake = (verdict(class_logits=torch.zeros(16, 2), embedding=torch.zeros(16, 2)) for _ in range(2))
    parts = [
        part.requires_grad_(True) for part in (real.class_logits, real.embedding, fake.class_logits, fake.embedding)
    ]
    value = TwinClassifiers(weight_d=2.0).discriminator_auxiliary(real=real, fake=fake, y=batch(P)[1])
    assert value.item() == pytest.approx(4 * math.log(2))
    reached = torch.autograd.grad(value, parts, allow_unused=True)
    assert [gradient is not None for gradient in reached] == [True, False, False, True]


def test_where_the_twins_agree_g_is_left_alone():
    logits = torch.randn(16, 3)
    fake = verdict(class_logits=logits, embedding=logits)
    assert TwinClassifiers().generator_auxiliary(fake=fake, y=torch.arange(16) % 3).item() == 0


@pytest.mark.parametrize(
    ("y", "value"),
    [
        (0, 0.0),  # 3 is more than 1 above the best other, 1
        (1, 3.0),  # 1 - 1 + 3
        (2, 4.0),  # 1 - 0 + 3
    ],
)
def test_the_multi_hinge_counts_the_best_other_class(y, value):
    assert multi_hinge(torch.tensor([[3.0, 1.0, 0.0]]), torch.tensor([y])).item() == value


def test_of_two_classes_the_multi_hinge_is_the_hinge_of_their_difference():
    logits, y = torch.randn(8, 2), torch.arange(8) % 2
    margin = (logits[:, 1] - logits[:, 0]) * (2 * y - 1)
    assert torch.allclose(multi_hinge(logits, y), (1 - margin).relu().mean())


def test_its_gradient_raises_the_class_and_lowers_the_best_other():
    logits = torch.tensor([[0.0, 0.5, 0.2]], requires_grad=True)
    multi_hinge(logits, torch.tensor([2])).backward()
    assert logits.grad.tolist() == [[0, 1, -1]]


def test_d_weighs_the_hinge_of_reals_and_g_that_of_fakes():
    real, fake, y = torch.randn(16, 3), torch.randn(16, 3), torch.arange(16) % 3
    conditioner, of_fakes = MultiHinge(weight_d=2.0, weight_g=0.1), verdict(class_logits=fake)
    of_d = conditioner.discriminator_auxiliary(real=verdict(class_logits=real), fake=of_fakes, y=y)
    assert torch.allclose(of_d, 2 * multi_hinge(real, y))
    assert torch.allclose(conditioner.generator_auxiliary(fake=of_fakes, y=y), multi_hinge(fake, y) / 10)


def test_its_logit_is_that_of_projection():
    head, h, y = MultiHinge().discriminator_head(5, 3), torch.randn(4, 5), torch.tensor([0, 2, 1, 1])
    by_hand = h @ head.logit.linear.weight[0] + head.logit.linear.bias + (h * head.embed.weight[y]).sum(dim=1)
    assert torch.allclose(head(h, y).logits, by_hand)


@pytest.mark.parametrize("conditioner", [DiscriminativeClassifier(), TwinClassifiers(), MultiHinge()])
def test_of_patches_each_has_a_logit_and_their_mean_a_class(conditioner):
    head, h, y = conditioner.discriminator_head(5, 3), torch.randn(4, 6, 5), torch.tensor([0, 2, 1, 1])
    found = head(h, y)
    assert found.logits.shape == (4, 6)
    assert torch.allclose(found.logits[:, 2], head(h[:, 2], y).logits, atol=1e-6)
    assert torch.allclose(found.class_logits, head(h.mean(dim=1), y).class_logits, atol=1e-6)
