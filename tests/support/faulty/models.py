"""Models that break one promise each: an MLP of which one thing is changed."""

import random
from typing import ClassVar

import torch
from torch import nn

import ganzoo
from ganzoo.builtin.models.mlp import MLP, Discriminator, Generator
from ganzoo.testing import models
from support.faulty.plant import planted


class SmallMLP(MLP):
    """A pair of one narrow layer each; nobody's invention."""

    def generator(self, data, embedding_dim):
        return self.changed_generator(self.z_dim + embedding_dim, 8, 1, data.shape)

    def discriminator(self, data, *, per_sample):
        return self.changed_discriminator(data.shape, 8, 1)

    changed_generator: ClassVar[type] = Generator
    changed_discriminator: ClassVar[type] = Discriminator


@planted("model", models.shapes_are_taken_or_refused, "ValueError: only images")
class Crashing(SmallMLP):
    def discriminator(self, data, *, per_sample):
        if len(data.shape) < 3:
            raise ValueError("only images")
        return super().discriminator(data, per_sample=per_sample)


class _Unbounded(Generator):
    def forward(self, z, c):
        return 3 * super().forward(z, c) + 2


@planted("model", models.samples_have_their_shape_and_range, r"in \[-1, 1\]")
class Loud(SmallMLP):
    changed_generator = _Unbounded


class _Linear(Generator):
    def __init__(self, *words):
        super().__init__(*words)
        self.body = self.body[:-1]


@planted("model", models.samples_stay_in_range_as_weights_grow, "torch.tanh at the end")
class NoTanh(SmallMLP):
    changed_generator = _Linear


class _Sigmoid(Generator):
    def forward(self, z, c):
        return torch.sigmoid(super().forward(z, c))


@planted("model", models.samples_stay_in_range_as_weights_grow, "some values are below 0")
class Bright(SmallMLP):
    changed_generator = _Sigmoid


class _Probable(Discriminator):
    def forward(self, x):
        return torch.sigmoid(super().forward(x))


@planted("model", models.features_are_no_probabilities, "no sigmoid at the end")
class Probabilities(SmallMLP):
    changed_discriminator = _Probable


class _Precise(Discriminator):
    def forward(self, x):
        return super().forward(x).double()


@planted("model", models.features_have_their_length, r"float64 \(2, 8\)\n  try     \.float\(\)")
class Precise(SmallMLP):
    changed_discriminator = _Precise


class _Cut(Generator):
    def forward(self, z, c):
        return super().forward(z, c).detach()


@planted("model", models.a_loss_reaches_every_parameter, r"a gradient of G\.\S+\n  came    none")
class Cut(SmallMLP):
    changed_generator = _Cut


@planted("model", models.shapes_are_taken_or_refused, "register a dataset of the shape that it takes")
class TakesNothing(SmallMLP):
    def generator(self, data, embedding_dim):
        raise ganzoo.ConfigError(f"no shape suits it, not {data.shape} either")


class _Late(Generator):
    def forward(self, z, c):
        if not hasattr(self, "late"):
            self.late = nn.Linear(z.shape[1], z.shape[1])
        return super().forward(self.late(z), c)


@planted("model", models.states_load_safely_and_exactly, "make layers in the constructor")
class Late(SmallMLP):
    changed_generator = _Late


class _Miscounted(Discriminator):
    def __init__(self, *words):
        super().__init__(*words)
        self.feature_dim = 9


@planted("model", models.features_have_their_length, r"shape \(2, 9\)\n  came .*\(2, 8\)")
class Miscounting(SmallMLP):
    changed_discriminator = _Miscounted


@planted("model", models.discriminator_takes_label_channels, r"from data.shape\[0\]")
class OwnChannels(SmallMLP):
    def discriminator(self, data, *, per_sample):
        network = super().discriminator(data, per_sample=per_sample)
        return network if data.shape[0] in (1, 2, 3) else _Cropped(network)


class _Cropped(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network, self.feature_dim = network, 8

    def forward(self, x):
        return self.network(x)[:1]


class _Batched(Discriminator):
    def forward(self, x):
        h = super().forward(x)
        return h - h.mean(dim=0)


@planted("model", models.per_sample_features_depend_on_one_sample, "no batch norm nor batch statistics")
class BatchNormed(SmallMLP):
    changed_discriminator = _Batched


class _Idle(Generator):
    def __init__(self, *words):
        super().__init__(*words)
        self.spare = nn.Parameter(torch.zeros(3))


@planted("model", models.a_loss_reaches_every_parameter, "a gradient of G.spare")
class Idle(SmallMLP):
    changed_generator = _Idle


_drawn = random.Random(0)


class _Own(Generator):
    def __init__(self, *words):
        super().__init__(*words)
        nn.init.constant_(self.body[-2].bias, _drawn.random())


@planted("model", models.one_seed_gives_one_pair, "equal weights from equal seeds")
class OwnDice(SmallMLP):
    changed_generator = _Own


class _Noisy(Generator):
    def forward(self, z, c):
        return (super().forward(z, c) + 0.1 * torch.randn(1)).clamp(-1, 1)


@planted("model", models.samples_in_eval_depend_on_their_latent_alone, "the same images again in eval mode")
class Noisy(SmallMLP):
    changed_generator = _Noisy


class _Deaf(Generator):
    def forward(self, z, c):
        return super().forward(z, 0 * c)


@planted("model", models.latent_and_embedding_change_the_image, "other images for other labels")
class Deaf(SmallMLP):
    changed_generator = _Deaf


class _Scaling(Generator):
    def __init__(self, *words):
        super().__init__(*words)
        self.factor = torch.rand(1)  # neither a parameter nor a buffer

    def forward(self, z, c):
        return self.factor * super().forward(z, c)


@planted("model", models.states_load_safely_and_exactly, "G to be the same once its state is loaded")
@planted("model", models.tensors_follow_the_device, "factor stayed")
class PlainTensor(SmallMLP):
    changed_generator = _Scaling


class _Shared(Generator):
    def __init__(self, *words):
        super().__init__(*words)
        weight = self.body[0].weight
        self.read = lambda: weight.sum()  # a copy reads the weights of the first

    def forward(self, z, c):
        return torch.tanh(super().forward(z, c) + self.read())


@planted("model", models.copies_stand_alone, "a copy of G that stands alone")
class Sharing(SmallMLP):
    changed_generator = _Shared


@planted("model", models.generator_penalty_is_a_scalar, "a gradient of generator_penalty")
class NoGradient(SmallMLP):
    def generator_penalty(self, generator, z, c):
        return generator(z, c).square().mean().detach()


@planted("model", models.truncated_generator_is_itself_for_psi_1, "the samples of G for psi = 1")
class AlwaysNearer(SmallMLP):
    def truncated(self, generator, psi):
        return _Halved(generator)


class _Halved(torch.nn.Module):
    def __init__(self, generator):
        super().__init__()
        self.generator = generator

    def forward(self, z, c):
        return self.generator(0.5 * z, c)
