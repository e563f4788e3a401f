"""Images of a generator: they depend on seed and index alone, and take nothing from the run."""

import math

import pytest
import torch
from torch import nn

from ganzoo.errors import EvaluationError
from ganzoo.training.labels import label_rule
from ganzoo.training.latents import BLOCK, latent_blocks
from ganzoo.training.sampling import GeneratedImages, as_stored, batch_length, regroup, sample_batches
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


class Latents(nn.Linear):
    """A generator of four grey levels that are its latents, the first of them moved by the label."""

    def forward(self, z, y):
        return (z.sum(1, keepdim=True) / 20 + z[:, :4] / 4 + y[:, None] / 50).tanh().reshape(-1, 1, 2, 2)


@pytest.mark.parametrize("z_dim", [4, 7, 100])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
def test_a_few_samples_are_the_first_of_many_for_any_length_of_latents(count, z_dim):
    def drawn(n):
        blocks = latent_blocks(z_dim, 7, 64)
        return torch.cat([x for x, _ in sample_batches(Latents(1, 1), blocks, label_rule(n, 3), n)])

    many = GeneratedImages(Latents(1, 1), z_dim, 3, 64)
    assert torch.equal(drawn(count), drawn(64)[:count])
    assert torch.equal(everything(GeneratedImages(Latents(1, 1), z_dim, 3, count), 2), everything(many, 64)[:count])
    assert torch.equal(many.pick([count]), everything(many, 5)[[count]])


def test_labels_follow_the_training_data_in_batches_and_picks():
    images = GeneratedImages(Latents(1, 1), 4, 2, 100, class_counts=(90, 10))
    y = torch.tensor([0] * 9 + [1]).repeat(10)
    expected = as_stored(Latents(1, 1)(images._draw(0)[:100], y), images=True)
    assert torch.equal(everything(images, 30), expected)
    assert torch.equal(images.pick([19, 18]), expected[[19, 18]])


def test_large_samples_are_made_in_smaller_batches():
    class Large(nn.Linear):
        def forward(self, z, y):
            return z[:, :1, None, None].expand(-1, 3, 512, 512)

    assert batch_length(Large(1, 1), 2, label_rule(1, 2)) == 4  # 4 x 3 x 512 x 512 = 64 x 3 x 128 x 128
    assert batch_length(Latents(1, 1), 4, label_rule(1, 2)) == 64


def test_rows_are_regrouped_without_loss():
    parts = [torch.arange(0, 5), torch.arange(5, 6), torch.arange(6, 14)]
    assert [part.tolist() for part in regroup(parts, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13]]
