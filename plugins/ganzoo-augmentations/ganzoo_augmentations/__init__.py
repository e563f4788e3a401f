"""Augmentations for ganzoo: changes of what D sees, and fakes that pass for reals."""

from collections.abc import Mapping

import ganzoo
from ganzoo_augmentations.apa import PseudoAugmentation
from ganzoo_augmentations.cr import ConsistencySet
from ganzoo_augmentations.instance_noise import InstanceNoise
from ganzoo_augmentations.simclr import SimCLR

GANZOO_API = 1


@ganzoo.hookimpl
def register_augmentations() -> Mapping[str, type[ganzoo.Augmentation]]:
    """Return the augmentations of this package."""
    return {"cr": ConsistencySet, "instance-noise": InstanceNoise, "simclr": SimCLR}


@ganzoo.hookimpl
def register_regularizers() -> Mapping[str, type[ganzoo.Regularizer]]:
    """Return the augmentation that a change of single samples cannot be, since it mixes fakes among the reals."""
    return {"apa": PseudoAugmentation}
