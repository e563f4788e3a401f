"""The losses of cosines, against numbers by hand and the sums of their equations."""

import math

import pytest
import torch
from ganzoo_conditioners.contrasts import ConditionalContrast, DataToDataCrossEntropy
from torch.nn.functional import normalize

import ganzoo

BOTH = [DataToDataCrossEntropy(), ConditionalContrast()]


def verdict(embedding, proxies):
    """Verdict of the head on unit embeddings (N, A) and proxies (K, A)."""
    e, v = torch.as_tensor(embedding), torch.as_tensor(proxies)
    return ganzoo.Verdict(torch.zeros(len(e)), e @ v.T, embedding=e)


def drawn(classes, seed=0):
    torch.manual_seed(seed)
    y = torch.tensor(classes)
    e, v = normalize(torch.randn(len(y), 4, dtype=torch.double)), normalize(torch.randn(3, 4, dtype=torch.double))
    return verdict(e, v), y


def d2d_ce(cosines, own, y, t, m):
    """The equation, term by term."""
    total = 0.0
    for i in range(len(y)):
        kept = math.exp(min(own[i] - m, 0) / t)
        others = sum(math.exp(max(cosines[i][j] - (1 - m), 0) / t) for j in range(len(y)) if y[j] != y[i])
        total -= math.log(kept / (kept + others)) / len(y)
    return total


def two_c(cosines, own, y, t):
    """The equation, term by term; a sample is not compared with itself."""
    total = 0.0
    for i in range(len(y)):
        terms = {j: math.exp(cosines[i][j] / t) for j in range(len(y)) if j != i}
        own_term = math.exp(own[i] / t)
        same = sum(term for j, term in terms.items() if y[j] == y[i])
        total -= math.log((own_term + same) / (own_term + sum(terms.values()))) / len(y)
    return total


@pytest.mark.parametrize("classes", [(0, 1, 2, 1), (0, 0, 1, 1, 1), (2, 0)])
@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_both_are_the_sums_of_their_equations(classes, temperature):
    found, y = drawn(classes)
    cosines, own = (found.embedding @ found.embedding.T).tolist(), [found.class_logits[i, c] for i, c in enumerate(y)]
    loss = DataToDataCrossEntropy(temperature=temperature, margin=0.9, weight=2.0).auxiliary_loss(found, y)
    assert loss.item() == pytest.approx(2 * d2d_ce(cosines, own, y, temperature, 0.9))
    loss = ConditionalContrast(temperature=temperature, weight=2.0).auxiliary_loss(found, y)
    assert loss.item() == pytest.approx(2 * two_c(cosines, own, y, temperature))


def test_samples_on_their_proxies_and_at_right_angles_cost_what_the_equations_say():
    found, y = verdict([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])
    # within both margins: exp(0) against exp(0)
    assert DataToDataCrossEntropy(weight=1.0).auxiliary_loss(found, y).item() == pytest.approx(math.log(2))
    # exp(1) against exp(1) + exp(0)
    assert ConditionalContrast().auxiliary_loss(found, y).item() == pytest.approx(math.log(1 + math.exp(-1)))


def test_a_sample_opposite_to_its_proxy_is_the_worst():
    found, y = verdict([[1.0, 0.0], [0.0, 1.0]], [[-1.0, 0.0], [0.0, -1.0]]), torch.tensor([0, 1])
    worst = math.log(1 + math.exp(1.98 / 0.5))
    assert DataToDataCrossEntropy(weight=1.0).auxiliary_loss(found, y).item() == pytest.approx(worst)


@pytest.mark.parametrize("conditioner", BOTH)
def test_a_batch_of_one_class_costs_nothing(conditioner):
    found, y = drawn((1, 1, 1))
    assert conditioner.auxiliary_loss(found, y).item() == pytest.approx(0)


def test_within_the_margin_a_sample_is_drawn_no_more():
    e = normalize(torch.tensor([[1.0, 0.05], [0.0, 1.0]])).requires_grad_(True)
    found = ganzoo.Verdict(torch.zeros(2), e @ torch.eye(2), embedding=e)
    own = DataToDataCrossEntropy().auxiliary_loss(found._replace(embedding=e.detach()), torch.tensor([0, 1]))
    assert torch.autograd.grad(own, e)[0].abs().max() == 0


def test_2c_draws_samples_of_a_class_together_and_d2d_ce_does_not():
    """The gradient on the cosine of two samples of class 0, beside one of class 1, tells the loss."""
    y, found = torch.tensor([0, 0, 1]), {}
    for conditioner in BOTH:
        e = normalize(torch.tensor([[1.0, 0.5], [0.5, 1.0], [-1.0, 0.2]])).requires_grad_(True)
        loss = conditioner.auxiliary_loss(ganzoo.Verdict(torch.zeros(3), torch.zeros(3, 2), embedding=e), y)
        (gradient,) = torch.autograd.grad(loss, e)
        found[type(conditioner)] = (gradient[0] @ e[1].detach()).item()
    assert found[ConditionalContrast] < 0  # the first sample moves to the second
    assert found[DataToDataCrossEntropy] == 0  # and is moved by nothing that is not of another class, all beyond


@pytest.mark.parametrize("conditioner", BOTH)
def test_d_learns_of_reals_alone_and_g_of_fakes(conditioner):
    (real, y), (fake, _) = drawn((0, 1, 2), seed=1), drawn((0, 1, 2), seed=2)
    of_d = conditioner.discriminator_auxiliary(real=real, fake=fake, y=y)
    assert torch.equal(of_d, conditioner.auxiliary_loss(real, y))
    assert torch.equal(conditioner.generator_auxiliary(fake=fake, y=y), conditioner.auxiliary_loss(fake, y))


@pytest.mark.parametrize("conditioner", BOTH)
def test_the_head_gives_unit_embeddings_and_cosines(conditioner):
    head = conditioner.discriminator_head(5, 3)
    found = head(torch.randn(4, 5), torch.zeros(4, dtype=torch.long))
    assert found.embedding.norm(dim=1).tolist() == pytest.approx([1] * 4, abs=1e-5)
    assert found.class_logits.shape == (4, 3) and found.class_logits.abs().max() <= 1 + 1e-5


def test_a_margin_that_is_no_cosine_is_refused():
    options = {"conditioner.margin": 1.5}
    with pytest.raises(ganzoo.ConfigError, match=r"conditioner.margin") as refusal:
        ganzoo.run(model="mlp", conditioner="reacgan", dataset="gaussians8", steps=1, options=options)
    assert "at most 1" in str(refusal.value)
