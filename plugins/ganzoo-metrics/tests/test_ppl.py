"""Path lengths against the chord of a circle."""

import math

import pytest
import torch
from ganzoo_metrics import PathLength
from ganzoo_metrics.ppl import slerp
from sets import Formula


class Across(Formula):
    """Draws latents of length 2 at right angles: first along one axis, then along the other."""

    turn = 0

    def draw(self, count):
        z = torch.zeros(count, self.z_dim)
        z[:, self.turn] = 2.0
        self.turn += 1
        return z, torch.arange(count) % self.num_classes


@pytest.mark.parametrize(("epsilon", "scale"), [(0.05, 1.0), (0.2, 3.0)])
def test_a_linear_generator_has_the_chord_of_the_arc(epsilon, scale):
    score = PathLength(pairs=50, epsilon=epsilon).compute_generator(Across(lambda z, y: scale * z))["PPL-features"]
    chord = 2 * scale * 2 * math.sin(math.pi / 2 * epsilon / 2)
    assert score.value == pytest.approx((chord / epsilon) ** 2, rel=1e-4)
    assert score.better == "lower" and score.low == pytest.approx(score.high, rel=1e-3)


def test_a_generator_that_ignores_z_has_0_whatever_the_label():
    score = PathLength(pairs=50).compute_generator(Across(lambda z, y: y[:, None].float(), num_classes=5))
    assert score["PPL-features"][:4] == (0, "lower", 0, 0)


def test_a_jump_costs_more_than_a_slope_of_the_same_way():
    torch.manual_seed(0)
    smooth, jump = (
        PathLength(pairs=2000).compute_generator(Formula(make))["PPL-features"]
        for make in (lambda z, y: z[:, :1].clamp(-1, 1), lambda z, y: z[:, :1].sign())
    )
    assert jump.low > 2 * smooth.high


def test_slerp_keeps_the_length_and_passes_lines_straight():
    torch.manual_seed(0)
    a, b = (x / x.norm(dim=1, keepdim=True) for x in torch.randn(2, 20, 3))
    t = torch.rand(20, 1)
    assert slerp(a, b, t).norm(dim=1).tolist() == pytest.approx([1] * 20, rel=1e-5)
    assert torch.allclose(slerp(a, b, torch.zeros(20, 1)), a, atol=1e-6)
    assert torch.allclose(slerp(a, 3 * a, t), (1 + 2 * t) * a, atol=1e-3)
