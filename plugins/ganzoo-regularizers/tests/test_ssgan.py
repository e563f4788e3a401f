"""SS-GAN against turns by hand."""

import math

import pytest
import torch
from games import Scale, Slope, game, verdict
from ganzoo_regularizers import SelfSupervision
from torch import nn

import ganzoo


def update(x_real, theta=1.0, head=None):
    return game(G=Scale(theta), D=Slope(), x_real=x_real, z=x_real, state=head or nn.Identity())


def both(update, **options):
    fake, regularizer = verdict(update), SelfSupervision(**options)
    return regularizer.discriminator_term(update, real=fake, fake=fake), regularizer.generator_term(update, fake=fake)


def corner(n=1):
    """Images of 2 x 2 pixels with one light, which turns from corner to corner."""
    return torch.tensor([[0.0, 8.0], [0.0, 0.0]]).expand(n, 1, 2, 2).contiguous()


def test_a_head_that_knows_nothing_costs_log_4_in_either_update():
    head = nn.Linear(4, 4)
    nn.init.zeros_(head.weight), nn.init.zeros_(head.bias)
    terms = both(update(corner(4), head=head))
    assert [value.item() for value in terms] == pytest.approx([math.log(4), 0.2 * math.log(4)])


def test_quarters_are_told_by_where_the_light_is():
    head = nn.Linear(4, 4, bias=False)
    places = [1, 0, 2, 3]  # of the light after 0 to 3 quarters: it goes against the clock
    with torch.no_grad():
        head.weight.copy_(100 * torch.eye(4)[places])
    assert both(update(corner(), head=head))[0].item() == pytest.approx(0, abs=1e-6)


def test_a_part_of_the_batch_is_turned():
    seen = []

    class Counting(nn.Identity):
        def forward(self, features):
            seen.append(len(features))
            return features

    for share in (0.25, 0.5, 1.0):
        both(update(corner(8), head=Counting()), share=share)
    assert seen == [8, 8, 16, 16, 32, 32]


def test_g_learns_through_its_turned_fakes():
    played = update(corner(4))
    both(played)[1].backward()
    assert played.G.theta.grad.abs() > 0


@pytest.mark.parametrize("shape", [(2,), (1, 8, 12)])
def test_only_squares_can_be_turned(shape):
    with pytest.raises(ganzoo.ConfigError, match="equal sides") as refused:
        SelfSupervision().state(ganzoo.DataSpec(shape), 4)
    assert refused.value.hint == "--regularizer none"
