"""The part of MNIST that ships, and the run that a newcomer starts with it."""

import torch

from ganzoo.builtin.datasets.benchmarks import MNIST
from ganzoo.builtin.datasets.mnist_5k import MNIST5k
from ganzoo.settings.kinds import DEFAULT_NAMES
from ganzoo.zoo.recipes import settle

torch.set_num_threads(1)


def test_mnist_5k_has_500_images_of_each_class_at_their_own_size():
    samples = MNIST5k().load()
    assert (samples.spec.shape, samples.spec.num_classes, len(samples)) == ((1, 28, 28), 10, 5000)
    assert samples.y.bincount().tolist() == [500] * 10
    assert samples.class_names == tuple("0123456789")
    assert samples.y[:5].tolist() == [5, 0, 4, 1, 9]  # the first labels of MNIST
    assert (samples.x[0, 0, 5, 12:24]).tolist() == [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127]  # its first 5


def test_a_run_without_a_dataset_trains_on_mnist_5k_in_short():
    run = settle(flags={"loss.name": "wgan", "lipschitz.name": "gp"}).run
    assert DEFAULT_NAMES["dataset"] == run.dataset.name == "mnist-5k"
    assert (run.optim.n_critic, run.optim.lr_d, run.train.steps) == (5, 4e-3, 400)


def test_mnist_and_its_part_are_scored_by_the_same_features():
    assert MNIST5k.default_features == MNIST.default_features
