"""Images of a generator: they depend on seed and index alone, and take nothing from the run."""

import math

import pytest
import torch
from torch import nn

from ganzoo.errors import EvaluationError
from ganzoo.training.sampling import BLOCK
from support.scored import Noisy, images_of


def everything(images, batch):
    return torch.cat(list(images.batches(batch)))


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_images_depend_on_seed_and_index_alone(batch):
    network = Noisy()
    whole = everything(images_of(network, 150), 50)
    assert torch.equal(everything(images_of(network, 150), batch), whole)
    assert torch.equal(everything(images_of(network, 20), batch), whole[:20])
    assert torch.equal(images_of(network, 150).pick([149, 3]), whole[[149, 3]])
    assert not torch.equal(everything(images_of(network, 20, seed=1), batch), whole[:20])


def test_images_beyond_a_block_of_latents_go_on_as_before():
    images = images_of(Noisy(), BLOCK + 5)
    assert torch.equal(everything(images, 1000)[-3:], images.pick([BLOCK + 2, BLOCK + 3, BLOCK + 4]))


def test_streams_of_one_seed_share_no_image():
    one, other = (everything(images_of(Noisy(), BLOCK + 20, stream=k), 512) for k in (0, 1))
    assert not {row.numpy().tobytes() for row in one} & {row.numpy().tobytes() for row in other}


def test_labels_run_through_the_classes():
    class Labels(nn.Linear):
        def forward(self, z, y):
            return (y / 127.5 - 1)[:, None, None, None].float()

    assert everything(images_of(Labels(1, 1), 7), 3).flatten().tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_the_generator_is_in_eval_mode_meanwhile_and_keeps_its_mode_and_averages():
    network = Noisy().train()
    before = network.norm.running_mean.clone()
    trained, evaluated = everything(images_of(network), 20), everything(images_of(network.eval()), 20)
    assert torch.equal(trained, evaluated)
    network.train()
    list(images_of(network).batches(8))
    assert network.training
    assert torch.equal(network.norm.running_mean, before)
    with torch.no_grad():  # the fault that this guards against does move the images
        z = images_of(network)._draw(0)[:20]
        assert (network(z, torch.arange(20) % 3) - network.eval()(z, torch.arange(20) % 3)).abs().max() > 0.1


def test_scoring_takes_nothing_from_the_random_state_of_the_run():
    network, before = Noisy(), torch.get_rng_state()
    list(images_of(network).batches(8))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_generator_of_nan_is_refused():
    network = Noisy()
    network.linear.weight.data.fill_(math.nan)
    with pytest.raises(EvaluationError, match="nan or inf"):
        list(images_of(network).batches(8))
