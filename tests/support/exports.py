"""Generators with a description, as `ganzoo export` has them, in memory and untrained."""

import torch
from torch import nn

from ganzoo.contracts import DataSpec
from ganzoo.export.description import DataOrigin, Description, Origin
from ganzoo.export.write import Subject
from ganzoo.settings.toml import from_tables
from ganzoo.training.build import build_generator
from support.trainings import CPU
from support.zoo import ZOO

SMALL = {
    "mlp": {"name": "mlp", "width": 8, "z_dim": 5},
    "dcgan": {"name": "dcgan", "width": 4, "max_width": 8, "z_dim": 5},
    "resnet": {"name": "resnet", "width_g": 4, "width_d": 4, "z_dim": 5},
}


def make_subject(model, conditioner, shape=(1, 16, 16), zoo=ZOO):
    """G of a model, whose batch norms have seen something, for ten classes."""
    tables = {"model": model, "conditioner": {"name": conditioner}}
    config, names = from_tables(tables), tuple("0123456789")
    torch.manual_seed(0)
    network = build_generator(config, zoo, DataSpec(shape, len(names)), CPU).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
    about = Description(
        z_dim=zoo.create("model", config.model).z_dim,
        classes=() if conditioner == "none" else names,
        data=DataOrigin(shape=shape, classes=names, dataset="digits", licence="CC-BY-4.0"),
        run=Origin("test", 1),
        generator=tables,
        components=(),
        settings=tables,
        outputs={"x": {"shape": ["N", *shape], "dtype": "float32", "range": [-1, 1]}},
    )
    return Subject(network, None, about, zoo)
