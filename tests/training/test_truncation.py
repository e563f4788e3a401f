"""Truncated latents have the truncated normal distribution, in the order of the latents before."""

import pytest
import torch
from scipy.stats import kstest, truncnorm

from ganzoo.contracts import Model
from ganzoo.training.gan import Generator
from ganzoo.training.latents import draw_latents
from ganzoo.training.truncation import TruncatedLatents, truncate, truncate_normal, truncation_words


@pytest.mark.parametrize("limit", [0.1, 0.5, 2.0])
def test_latents_are_those_of_scipys_truncated_normal(limit):
    z = truncate_normal(draw_latents(2000, 1, seed=0), limit).flatten()
    assert z.abs().max() <= limit
    assert kstest(z.numpy(), truncnorm(-limit, limit).cdf).pvalue > 0.01


def test_truncation_keeps_the_order_and_does_nothing_far_out():
    z = draw_latents(100, 1, seed=0)
    assert torch.equal(truncate_normal(z, 0.5).argsort(0), z.argsort(0))
    assert torch.allclose(truncate_normal(z, 30.0), z, atol=1e-5)
    assert truncate_normal(torch.zeros(1), 0.5) == 0


class Styled(Model):
    z_dim = 1

    def generator(self, data, embedding_dim):
        return torch.nn.Identity()

    def discriminator(self, data, *, per_sample):
        return torch.nn.Identity()

    def truncated(self, generator, psi):
        return torch.nn.Linear(1, 1)


class Plain(Styled):
    truncated = Model.truncated


def test_the_models_own_method_goes_first_and_the_protocol_names_it():
    network = Generator(torch.nn.Identity(), torch.nn.Identity())
    plain, styled = Plain(), Styled()
    assert truncate(plain, network, 0.0) is network and truncation_words(plain, 0.0) == "none"
    assert isinstance(truncate(plain, network, 0.5), TruncatedLatents)
    assert truncation_words(plain, 0.5) == "|z| <= 0.5"
    assert isinstance(truncate(styled, network, 0.7).trunk, torch.nn.Linear)
    assert truncation_words(styled, 0.7) == "styles, psi 0.7"
