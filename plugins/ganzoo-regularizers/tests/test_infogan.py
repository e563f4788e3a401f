"""InfoGAN against likelihoods by hand."""

import math

import pytest
import torch
from games import game
from ganzoo_regularizers import InfoGAN
from torch import nn

import ganzoo


class Says(nn.Module):
    """A head Q that says the same of every image."""

    def __init__(self, means, logits):
        super().__init__()
        self.means, self.logits = nn.Parameter(torch.tensor(means)), nn.Parameter(torch.tensor(logits))

    def forward(self, features):
        return self.means.expand(len(features), -1), self.logits.expand(len(features), -1)


Z = torch.tensor([[1.0, -1.0, 0.2, 0.9, 0.1], [0.0, 2.0, 5.0, -9.0, 0.0]])  # two codes, and a category of three


def term(head, features=None, **options):
    update = game(z=Z, state=head)
    fake = ganzoo.Verdict(torch.zeros(2), features=torch.zeros(2, 7) if features is None else features)
    regularizer = InfoGAN(continuous=2, categories=3, **options)
    both = regularizer.generator_term(update, fake=fake), regularizer.discriminator_term(update, real=fake, fake=fake)
    assert both[0].item() == both[1].item()
    return both[0]


def test_a_head_that_knows_nothing_costs_log_3_and_the_variance_of_the_codes():
    value = term(Says([0.0, 0.0], [0.0, 0.0, 0.0]), weight_continuous=1.0)
    assert value.item() == pytest.approx(math.log(3) + (1 + 1 + 0 + 4) / 2 / 2)  # sum over codes, mean over images


def test_the_category_is_the_place_of_the_largest_number():
    value = term(Says([0.0, 0.0], [0.0, 100.0, 0.0]), weight=2.0, weight_continuous=0.0)
    assert value.item() == pytest.approx(2 * (0 + 100) / 2)  # right for the first image, and wrong for the second


def test_the_likelihood_is_that_of_a_normal_distribution_of_variance_1():
    means = torch.tensor([0.3, -0.4])
    value = term(Says(means.tolist(), [0.0, 0.0, 0.0]), weight=0.0, weight_continuous=1.0)
    likelihood = torch.distributions.Normal(means, 1.0).log_prob(Z[:, :2]).sum(dim=1).mean()
    assert value.item() == pytest.approx(-likelihood.item() - math.log(2 * math.pi), rel=1e-5)


def test_categories_are_equally_likely():
    draws = torch.randn(30_000, 10, generator=torch.Generator().manual_seed(0)).argmax(dim=1).bincount(minlength=10)
    assert ((draws - 3000).abs() < 5 * 3000**0.5).all()


def test_features_of_patches_are_averaged():
    head = InfoGAN(continuous=2, categories=3).state(ganzoo.DataSpec((1,)), 7)
    features = torch.randn(2, 4, 7)
    assert torch.allclose(term(head, features), term(head, features.mean(dim=1)))


def test_too_short_a_latent_is_refused_with_one_that_fits():
    update = game(z=torch.zeros(2, 4))
    fake = ganzoo.Verdict(torch.zeros(2), features=torch.zeros(2, 1))
    with pytest.raises(ganzoo.ConfigError, match="12 codes, and the latent has 4 numbers") as refused:
        InfoGAN().generator_term(update, fake=fake)
    assert refused.value.hint == "--set model.z_dim=74"


@pytest.mark.parametrize("options", [{"continuous": 0, "categories": 0}, {"categories": 1}])
def test_no_code_is_refused(options):
    with pytest.raises(ganzoo.ConfigError, match="no code"):
        InfoGAN(**options)
