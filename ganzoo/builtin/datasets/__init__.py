"""Real samples: digits that ship with ganzoo, toy data of known truth, standard benchmarks, and your own images."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.builtin.datasets.arrays import Npy, Npz
from ganzoo.builtin.datasets.benchmarks import CIFAR10, CIFAR100, MNIST, STL10, SVHN, FashionMNIST
from ganzoo.builtin.datasets.digits import Digits
from ganzoo.builtin.datasets.mnist_5k import MNIST5k
from ganzoo.builtin.datasets.own_images import Folder, Tar, Zip
from ganzoo.builtin.datasets.packed_images import HuggingFace, Lmdb, WebDataset
from ganzoo.builtin.datasets.photo_sets import AFHQ, FFHQ, LSUN, CelebA, ImageNet, TinyImageNet
from ganzoo.builtin.datasets.stacked import StackedDigits
from ganzoo.builtin.datasets.toy import Gaussians8, Gaussians25, SwissRoll
from ganzoo.contracts import Dataset
from ganzoo.hookspecs import hookimpl


@hookimpl
def register_datasets() -> Mapping[str, type[Dataset]]:
    """Return the datasets that ship with ganzoo."""
    return {
        "digits": Digits,
        "mnist-5k": MNIST5k,
        "mnist": MNIST,
        "fashion-mnist": FashionMNIST,
        "cifar10": CIFAR10,
        "cifar100": CIFAR100,
        "svhn": SVHN,
        "stl10": STL10,
        "celeba": CelebA,
        "lsun": LSUN,
        "imagenet": ImageNet,
        "tiny-imagenet": TinyImageNet,
        "afhq": AFHQ,
        "ffhq": FFHQ,
        "folder": Folder,
        "zip": Zip,
        "tar": Tar,
        "npz": Npz,
        "npy": Npy,
        "webdataset": WebDataset,
        "lmdb": Lmdb,
        "hf": HuggingFace,
        "gaussians8": Gaussians8,
        "gaussians25": Gaussians25,
        "swissroll": SwissRoll,
        "stacked-digits": StackedDigits,
    }
