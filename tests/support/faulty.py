"""Components that break one promise each, beside the check that must find it and the words that say so."""

import itertools
import random
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding, softplus

import ganzoo
from ganzoo.builtin.conditioners import AuxiliaryClassifier, ConditionalGAN, Head, LabelMaps, NoEmbedding, Projection
from ganzoo.builtin.datasets.digits import Digits
from ganzoo.builtin.engines.local import Local
from ganzoo.builtin.features.bundled import DigitsCNN
from ganzoo.builtin.lipschitz import GradientPenalty, SpectralNorm, WeightClipping
from ganzoo.builtin.losses import NonSaturating, Wasserstein
from ganzoo.builtin.models.mlp import MLP, Discriminator, Generator
from ganzoo.cells import Ending, execute
from ganzoo.contracts import Features
from ganzoo.testing import (
    augmentations,
    components,
    conditioners,
    datasets,
    enforcers,
    engines,
    extractors,
    losses,
    metrics,
    models,
    training_checks,
)

PLANTED = []
"""(kind, class, check, words of the message)."""


def planted(kind, check, words):
    """Make a class a frozen dataclass with a docstring, and note which check must find its fault."""

    def note(cls):
        cls = cls if "__dataclass_params__" in vars(cls) else dataclass(frozen=True)(cls)
        PLANTED.append((kind, cls, check, words))
        return cls

    return note


# Components of every kind


@planted("loss", components.its_first_line_is_help, "no docstring")
@dataclass(frozen=True)
class Silent(NonSaturating):
    pass


@planted("loss", components.it_cites_its_source, "arXiv:1701.07875")
class Uncited(NonSaturating):
    """A loss that somebody published somewhere."""


@planted("loss", components.its_options_construct_it, "options that are allowed")
class Unusable(NonSaturating):
    """A loss; nobody's invention."""

    def __post_init__(self):
        raise ganzoo.ConfigError("weight is 0, which is refused")


@planted("loss", components.its_options_survive_a_recipe, "options that TOML can hold")
class Nothing(NonSaturating):
    """A loss; nobody's invention."""

    weight: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "weight", None)


@planted("loss", components.making_it_draws_no_random_numbers, "a constructor that draws no random numbers")
class Drawing(NonSaturating):
    """A loss; nobody's invention."""

    def __post_init__(self):
        torch.rand(1)


def _nested():
    @dataclass(frozen=True)
    class Local(NonSaturating):
        """A loss; nobody's invention."""

    return Local


planted("loss", components.its_class_is_found_by_name, "at the top level of its module")(_nested())


# Losses


@planted("loss", losses.losses_are_scalars_with_finite_gradients, r"shape \(\)\n  came    torch.float32 \(1,\)")
class PerSample(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return softplus(-fake)


@planted("loss", losses.discriminator_loss_falls_when_real_logits_rise, "fall when real logits rise")
@planted("loss", losses.discriminator_loss_falls_when_fake_logits_fall, "fall when fake logits fall")
@planted("loss", losses.generator_loss_falls_when_fake_logits_rise, "fall when fake logits rise")
class LowerIsReal(Wasserstein):
    def discriminator_loss(self, *, real, fake):
        return real.mean() - fake.mean()

    def generator_loss(self, *, fake, real=None):
        return fake.mean()


@planted("loss", losses.relativistic_says_whether_generator_loss_reads_real, "relativistic = True")
class Secret(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return softplus(-fake).mean() if real is None else softplus(real - fake).mean()


@planted("loss", losses.relativistic_says_whether_generator_loss_reads_real, "relativistic = False")
class Pretender(NonSaturating):
    relativistic = True


@planted("loss", losses.unbounded_says_whether_its_gain_has_no_end, "unbounded = True, since D's loss goes from -200")
class Unsaid(Wasserstein):
    unbounded = False


@planted("loss", losses.logits_are_keyword_only, r"discriminator_loss\(self, real, fake\)")
class Positional(NonSaturating):
    def discriminator_loss(self, real, fake):
        return softplus(-real).mean() + softplus(fake).mean()


@planted("loss", losses.logits_stay_as_they_were, "logits changed in place")
class InPlace(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return softplus(fake.detach().neg_()).mean() + 0 * fake.sum()


@planted("loss", losses.extreme_logits_stay_finite, "logits of .-10,000 to be finite")
class Exponential(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return torch.log(1 + torch.exp(-fake)).mean()


# Enforcers


@planted("lipschitz", enforcers.penalty_is_a_scalar_of_at_least_zero, "a penalty of at least 0")
class Reward(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        return -super().penalty(critic, real=real, fake=fake)


@planted("lipschitz", enforcers.penalty_reaches_the_weights_of_the_critic, "create_graph=True")
class OneDerivative(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        return super().penalty(critic, real=real, fake=fake).detach()


@planted("lipschitz", enforcers.penalty_of_a_flat_critic_has_finite_gradients, "its gradient to be finite")
class BareRoot(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        x = real.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return (gradient.square().flatten(1).sum(dim=1).sqrt() - 1).square().mean()


@planted("lipschitz", enforcers.penalty_of_a_linear_critic_depends_on_its_slope_alone, "the norm per sample")
class WholeBatch(GradientPenalty):
    def penalty(self, critic, *, real, fake):
        x = real.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return (gradient.norm() - 1).square()


@planted("lipschitz", enforcers.per_sample_is_said_where_the_critic_is_differentiated, "per_sample = True")
class Unmentioned(GradientPenalty):
    per_sample = False


@planted("lipschitz", enforcers.project_done_twice_is_project_done_once, "a second projection that changes nothing")
class Shrinking(WeightClipping):
    @torch.no_grad()
    def project(self, discriminator):
        for weight in discriminator.parameters():
            weight.mul_(0.9)


class _Squeezed(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x, y):
        return self.network(x, y)._replace(logits=self.network(x, y).logits[:, None])


@planted("lipschitz", enforcers.constrained_discriminator_judges_as_before, r"shape \(4,\)\n  came .*\(4, 1\)")
class Reshaping(SpectralNorm):
    def constrain(self, discriminator):
        return _Squeezed(discriminator)


class _Scaled(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network, self.factor = network, random.random()  # not in its state

    def forward(self, x, y):
        return self.network(x, y)._replace(logits=self.network(x, y).logits * self.factor)


@planted("lipschitz", enforcers.constrained_state_loads_safely_and_exactly, "once its state is loaded")
class Forgetful(SpectralNorm):
    def constrain(self, discriminator):
        return _Scaled(discriminator)


# Conditioners


@planted("conditioner", conditioners.embedding_has_its_length, r"shape \(4, 16\)\n  came .*\(4, 8\)")
class Short(ConditionalGAN):
    embedding_dim: int = 16

    def generator_embedding(self, num_classes):
        return nn.Embedding(num_classes, 8)


@planted("conditioner", conditioners.label_maps_have_their_channels, "int `channels`")
class Unnumbered(ConditionalGAN):
    def discriminator_input(self, num_classes, shape):
        maps = LabelMaps(num_classes, shape[1:])
        maps.channels = None
        return maps


class _Column(Head):
    def forward(self, h, y):
        return ganzoo.Verdict(self.linear(h))


@planted("conditioner", conditioners.head_gives_a_verdict, r"logits to be float32 of shape \(4,\)")
class Columns(ConditionalGAN):
    def discriminator_head(self, feature_dim, num_classes):
        return _Column(feature_dim)


class _Centred(Head):
    def forward(self, h, y):
        return super().forward(h - h.mean(dim=0), y)


@planted("conditioner", conditioners.verdict_depends_on_one_sample, "one that moves with others")
class Mixing(ConditionalGAN):
    def discriminator_head(self, feature_dim, num_classes):
        return _Centred(feature_dim)


@planted("conditioner", conditioners.labels_reach_both_networks, "other embeddings for other labels")
class Ignoring(Projection):
    def generator_embedding(self, num_classes):
        return NoEmbedding()


@planted("conditioner", conditioners.auxiliary_loss_is_a_scalar, "a gradient of auxiliary_loss")
class Detached(AuxiliaryClassifier):
    def auxiliary_loss(self, verdict, y):
        return super().auxiliary_loss(verdict, y).detach()


class _Unused(Head):
    def __init__(self, feature_dim):
        super().__init__(feature_dim)
        self.spare = nn.Linear(2, 2)


@planted("conditioner", conditioners.a_loss_reaches_every_parameter, "a gradient of head.spare.weight")
class Wasteful(ConditionalGAN):
    def discriminator_head(self, feature_dim, num_classes):
        return _Unused(feature_dim)


class _Table(nn.Module):
    def __init__(self, classes, length):
        super().__init__()
        self.table = torch.randn(classes, length)

    def forward(self, y):
        return embedding(y, self.table)


@planted("conditioner", conditioners.modules_are_saved_copied_and_moved, "once its state is loaded")
class Plain(ConditionalGAN):
    def generator_embedding(self, num_classes):
        return _Table(num_classes, self.embedding_dim)


# Models: an MLP of which one thing is changed


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


# Augmentations


class Change(nn.Module):
    """Multiplies each sample by its own factor, unless a subclass does something else."""

    def __init__(self):
        super().__init__()
        self.register_buffer("strength", torch.zeros(()))

    def forward(self, x):
        return x * self.factors(x)

    def factors(self, x):
        return torch.rand(len(x), *[1] * (x.ndim - 1)) + 0.5


@dataclass(frozen=True)
class Brightness(ganzoo.Augmentation):
    """Factors of U[0.5, 1.5]; nobody's invention."""

    change: ClassVar[type] = Change

    def transform(self, data):
        return self.change()


class _Cropping(Change):
    def forward(self, x):
        return x[..., 1:]


@planted("augment", augmentations.samples_keep_their_shape, "changed samples to be float32 of shape")
class Cropping(Brightness):
    change = _Cropping


class _InPlace(Change):
    def forward(self, x):
        return x.mul_(self.factors(x))


@planted("augment", augmentations.samples_stay_as_they_were, "a change in place")
class Overwriting(Brightness):
    change = _InPlace


class _Mixing(Change):
    def forward(self, x):
        return x - x.mean(dim=0)


@planted("augment", augmentations.each_sample_is_changed_on_its_own, "not over the batch")
class MixingAll(Brightness):
    change = _Mixing


class _Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        return gradient * 2


class _Doubled(Change):
    def forward(self, x):
        return _Once.apply(x)


@planted("augment", augmentations.a_penalty_differentiates_through_it, "a second derivative")
class Once(Brightness):
    change = _Doubled


class _Uniform(Change):
    def factors(self, x):
        return torch.rand(()) + 0.5


@planted("augment", augmentations.samples_are_changed_differently, "one random number per sample")
class OneForAll(Brightness):
    change = _Uniform


class _OwnDraws(Change):
    def factors(self, x):
        return torch.tensor([_drawn.random() for _ in x]).reshape(-1, *[1] * (x.ndim - 1)) + 0.5


@planted("augment", augmentations.draws_follow_from_the_seed, "equal changes from equal random states")
class OwnDraws(Brightness):
    change = _OwnDraws


@planted("augment", augmentations.adapt_changes_buffers_in_place, "others: strength")
class Rebinding(Brightness):
    def adapt(self, transform, real_logits):
        transform.strength = transform.strength + real_logits.sign().mean()


class _Trained(Change):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))


@planted("augment", augmentations.nothing_in_it_is_trained, "parameters scale")
class Trained(Brightness):
    change = _Trained


class _Table8(Change):
    def __init__(self):
        super().__init__()
        self.factor = torch.rand(())

    def factors(self, x):
        return self.factor


@planted("augment", augmentations.transforms_are_saved_copied_and_moved, "once its state is loaded")
class Unsaved(Brightness):
    change = _Table8


# Datasets


@planted("dataset", datasets.samples_have_their_type_and_range, "float32 in .-1, 1.\n  came    x torch.float64")
class Doubles(Digits):
    def load(self):
        samples = super().load()
        return ganzoo.Samples(samples.x.double(), samples.y, samples.class_names)


@planted("dataset", datasets.images_are_colour_or_grey, r"\(M, 1, H, W\)")
class NoChannels(Digits):
    def load(self):
        samples = super().load()
        return ganzoo.Samples(samples.x[:, 0], samples.y, samples.class_names)


@planted("dataset", datasets.content_is_the_same_every_time, "the same samples in the same order")
class Shuffled(Digits):
    def load(self):
        samples = super().load()
        order = torch.randperm(len(samples))
        return ganzoo.Samples(samples.x[order], samples.y[order], samples.class_names)


@planted("dataset", datasets.default_features_exist, "came    'nonesuch'")
class Unscored(Digits):
    default_features: ClassVar[str] = "nonesuch"


# Feature extractors: digits-cnn, of which one thing is changed


@dataclass(frozen=True)
class Changed(DigitsCNN):
    """digits-cnn, changed; arXiv:2404.00498."""

    def load(self, device):
        inner = super().load(device)
        return ganzoo.Extractor("changed", self.words(inner), lambda x: self.change(inner.extract(x), x))

    def words(self, inner):
        return inner.fingerprint

    def change(self, features, images):
        return features


@planted("features", extractors.it_says_what_its_numbers_depend_on, "a fingerprint with weights")
class Anonymous(Changed):
    def words(self, inner):
        return {"resize": "none", "dtype": "float32"}


@planted("features", extractors.rows_are_one_per_image, "rows to be float32")
class HalfRows(Changed):
    def change(self, features, images):
        return Features(features.rows.half())


@planted("features", extractors.rows_depend_on_their_image_alone, "the same row for an image alone")
class Centring(Changed):
    def change(self, features, images):
        return Features(features.rows - features.rows.mean(dim=0))


@planted("features", extractors.rows_are_the_same_every_time, "the same rows again")
@planted("features", extractors.loading_leaves_the_random_state, "a random state that stays")
class Dropping(Changed):
    def change(self, features, images):
        return Features(features.rows * torch.rand(()))


# Metrics: the squared distance of the means, of which one thing is changed


@dataclass(frozen=True)
class MeanDistance(ganzoo.Metric):
    """Squared distance of the means; nobody's invention."""

    better: ClassVar[str] = "lower"

    def compute(self, *, real, fake):
        if fake.count < 2:
            raise ganzoo.EvaluationError("two images at least")
        return {"distance": ganzoo.Score(self.distance(real, fake), self.better)}

    def distance(self, real, fake):
        return float((real.mean - fake.mean).square().sum())


@planted("metric", metrics.scores_are_plain_finite_numbers, "distance.value to be a finite float")
class Tensorial(MeanDistance):
    def distance(self, real, fake):
        return (real.mean - fake.mean).square().sum()


@planted("metric", metrics.scores_are_the_same_every_time, "with a seed that is an option")
class Random(MeanDistance):
    def distance(self, real, fake):
        return super().distance(real, fake) * float(torch.rand(()))


@planted("metric", metrics.equal_sets_are_better_than_unlike_ones, "better scores of equal sets")
class Reversed(MeanDistance):
    better: ClassVar[str] = "higher"


@planted("metric", metrics.preparing_changes_no_score, "leaves the rest as it is")
class Preparing(MeanDistance):
    def prepare(self, real):
        return replace(real, mean=torch.zeros_like(real.mean))


@planted("metric", metrics.order_of_images_does_not_matter, "pair no rows")
class Paired(MeanDistance):
    def distance(self, real, fake):
        return float((real.rows - fake.rows).prod(dim=1).cumsum(0).mean())


@planted("metric", metrics.one_image_is_too_few, "an EvaluationError for one image")
class Careless(MeanDistance):
    def compute(self, *, real, fake):
        return {"distance": ganzoo.Score(self.distance(real, fake), self.better)}


# Engines


@planted("engine", engines.its_shares_are_counts, "an int cells_at_once of at least 0")
class Uncounted(Local):
    @property
    def cells_at_once(self):
        return -1


@planted("engine", engines.each_cell_is_run_once_with_its_ending, "the endings")
class Optimist(Local):
    def run(self, cells):
        for cell in cells:
            execute(cell, {})
            yield cell, Ending("complete")


@planted("engine", engines.closing_it_stops_what_runs, "a cell that is told to save itself")
@dataclass(frozen=True)
class Careful(Local):
    """Kills what runs; nobody's invention."""

    jobs: int = 2

    def run(self, cells):
        import subprocess

        processes = [subprocess.Popen(cell.command) for cell in cells]
        processes[0].wait()
        (cells[1].folder.parent / "second.begun").touch()
        try:
            yield cells[0], Ending("complete")
        finally:
            processes[1].kill()
            processes[1].wait()


# Runs


@planted("loss", training_checks.it_trains_some_steps, "weights of G that move")
class Frozen(NonSaturating):
    def generator_loss(self, *, fake, real=None):
        return 0 * fake.sum()


_steps = itertools.count(1)


@planted("loss", training_checks.an_interrupted_run_resumes_exactly, "a resumed run to end like a whole one")
class Counting(NonSaturating):
    def discriminator_loss(self, *, real, fake):
        return next(_steps) * super().discriminator_loss(real=real, fake=fake)
