"""Generator/discriminator pairs that ship with ganzoo."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.builtin.models.dcgan import DCGAN
from ganzoo.builtin.models.mlp import MLP
from ganzoo.builtin.models.resnet import ResNet
from ganzoo.contracts import Model
from ganzoo.hookspecs import hookimpl


@hookimpl
def register_models() -> Mapping[str, type[Model]]:
    """Return the models that ship with ganzoo."""
    return {"dcgan": DCGAN, "mlp": MLP, "resnet": ResNet}
