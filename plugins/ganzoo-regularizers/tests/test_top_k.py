"""Top-k training against means by hand."""

import pytest
import torch
from games import Pairing, built_in, game, verdict
from ganzoo_regularizers import TopK
from ganzoo_regularizers.top_k import each_loss

import ganzoo

LOGITS = [3.0, -1.0, 2.0, 0.0]


def update(done, loss="wgan"):
    made = game(z=torch.tensor(LOGITS)[:, None], loss=loss, state=TopK().state(ganzoo.DataSpec((1,)), 1))
    made.state.progress.fill_(done)
    return made


def test_the_sum_with_the_loss_is_the_loss_of_the_best():
    made = update(0.5)  # k = 2
    rest = TopK().generator_term(made, fake=verdict(made))
    whole = made.loss.generator_loss(fake=verdict(made).logits)
    assert whole.item() == -1
    assert (whole + rest).item() == -2.5  # -(3 + 2) / 2


@pytest.mark.parametrize("loss", ["bce", "minimax", "hinge", "lsgan", "wgan"])
def test_gradients_reach_the_best_alone(loss):
    logits, best = torch.tensor(LOGITS, requires_grad=True), torch.tensor([3.0, 2.0], requires_grad=True)
    made = update(0.9, loss)
    (TopK().generator_term(made, fake=ganzoo.Verdict(logits)) + made.loss.generator_loss(fake=logits)).backward()
    made.loss.generator_loss(fake=best).backward()
    assert torch.allclose(logits.grad, torch.tensor([best.grad[0], 0, best.grad[1], 0]))


@pytest.mark.parametrize("loss", ["bce", "minimax", "hinge", "lsgan", "wgan"])
def test_the_loss_of_a_batch_is_the_mean_of_each(loss):
    loss, logits = built_in("loss", loss), torch.randn(6, 4)
    assert torch.allclose(each_loss(loss, logits).mean(), loss.generator_loss(fake=logits.flatten()))


@pytest.mark.parametrize(("done", "k"), [(0, 64), (0.125, 54), (0.25, 46), (0.5, 32), (0.99, 32)])
def test_k_falls_by_a_constant_factor_until_the_least(done, k):
    assert TopK().k(torch.tensor(done), 64).item() == k  # 64 * 2^-0.25 = 53.8, 64 * 2^-0.5 = 45.3


def test_at_the_start_the_term_is_0():
    made = update(0.0)
    assert TopK().generator_term(made, fake=verdict(made)).item() == 0


def test_a_sample_of_several_logits_counts_by_their_mean():
    made, logits = update(0.5), torch.tensor([[9.0, -9.0], [1.0, 1.0], [-2.0, -2.0], [2.0, 2.0]])
    rest = TopK().generator_term(made, fake=ganzoo.Verdict(logits))
    assert (rest + made.loss.generator_loss(fake=logits.flatten())).item() == -1.5


def test_a_relativistic_loss_is_refused():
    made = update(0.5, Pairing())
    with pytest.raises(ganzoo.ConfigError, match="each fake alone") as refused:
        TopK().generator_term(made, fake=verdict(made))
    assert "--loss hinge" in refused.value.hint
