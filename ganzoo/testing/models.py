"""Checks of models: a pair of trunks for the shapes that they take, with and without labels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganzoo.contracts import DataSpec, Model, overrides
from ganzoo.errors import ConfigError
from ganzoo.testing.expectations import ConformanceError, Unchecked, expect, expect_tensor, refusal
from ganzoo.testing.networks import (
    expect_beyond_0_and_1,
    expect_copy,
    expect_gradients,
    expect_moves,
    expect_safe_state,
)
from ganzoo.testing.pairs import (
    CLASSES,
    SHAPES,
    build_pair,
    discriminates,
    disturb,
    enlarge,
    generates,
    pairs,
    smallest_shape,
)
from ganzoo.testing.subjects import Subject


def shapes_are_taken_or_refused(subject: Subject) -> None:
    """Both networks take a shape, or both refuse it with a ConfigError that names what is taken."""
    model: Model = subject.make()
    for shape in dict.fromkeys((*SHAPES, smallest_shape(subject))):
        of_g, of_d = generates(model, shape), discriminates(model, shape)
        came = f"the generator takes it: {of_g}, the discriminator: {of_d}"
        expect(of_g == of_d, f"{shape} taken by both networks or by none", came=came, hint="one check, called by both")


def samples_have_their_shape_and_range(subject: Subject) -> None:
    """G: (z (N, Z), c (N, E)) -> float32 (N, *shape) in [-1, 1], for E = 0 and E > 0."""
    for pair in pairs(subject):
        x = pair.generator(*pair.inputs(2))
        what = f"samples at E = {pair.embedding_dim}"
        expect_tensor(x, (2, *pair.data.shape), what, hint="reshape to (len(z), *data.shape)")
        top = x.abs().max().item()
        expect(top <= 1, f"{what} in [-1, 1]", came=f"{top:g}", hint="torch.tanh at the end")


def samples_stay_in_range_as_weights_grow(subject: Subject) -> None:
    """Samples stay in [-1, 1] for large latents and large weights, and some of their values are below 0."""
    pair = build_pair(subject)
    (z, c), network, hint = pair.inputs(16), pair.generator, "torch.tanh at the end, not sigmoid nor relu"
    with torch.no_grad():
        tried = [network(z, c), network(100 * z, c)]
        enlarge(network)
        tried.append(network(z, c))
    values = torch.cat([x.flatten() for x in tried])
    values = values[values.isfinite()]  # weights this large may overflow
    top, low = values.abs().max().item(), values.min().item()
    expect(top <= 1, "samples in [-1, 1] for large latents and weights", came=f"{top:g}", hint=hint)
    expect(low < 0, "samples of which some values are below 0", came=f"none below {low:g}", hint=hint)


def _rows_of(features: object, count: int = 2) -> tuple[int, ...]:
    """Return the shape (N, ...) of features (N, ..., F), of which D may have several for each sample."""
    return (count, *getattr(features, "shape", ())[1:-1])


def features_have_their_length(subject: Subject) -> None:
    """D: samples -> float32 (N, F) or (N, ..., F), where F is its int `feature_dim`."""
    for pair in pairs(subject):
        length = getattr(pair.discriminator, "feature_dim", None)
        expected = "an int feature_dim of the discriminator"
        if not isinstance(length, int):
            raise ConformanceError(expected, came=repr(length), hint="self.feature_dim = F in its constructor")
        features = pair.discriminator(pair.samples(2))
        expect_tensor(features, (*_rows_of(features), length), "features", hint="h.flatten(1)")


def features_are_no_probabilities(subject: Subject) -> None:
    """Features leave [0, 1] for large samples or large weights: a sigmoid at the end of D would bound its logits."""
    pair = build_pair(subject)
    x, network = pair.samples(4), pair.discriminator
    with torch.no_grad():
        tried = [network(x), network(1000 * x)]
        enlarge(network)
        tried += [network(x), network(1000 * x)]
    h = torch.cat(tried).flatten(0, -2)
    norms = h.norm(dim=1)
    if h.shape[1] > 1 and torch.allclose(norms, norms[0].expand_as(norms), rtol=1e-3):
        return  # rows of unit length are no probabilities
    expect_beyond_0_and_1(h, "features")


def discriminator_takes_label_channels(subject: Subject) -> None:
    """The channels of `data.shape` include the label maps of the conditioner."""
    model: Model = subject.make()
    channels, *size = smallest_shape(subject)
    data = DataSpec((channels + CLASSES, *size), CLASSES)
    try:
        network = model.discriminator(data, per_sample=False)
    except ConfigError as error:
        raise refusal(error) from error
    hint = "take the channels of D's first layer from data.shape[0]"
    features = network(torch.zeros(2, *data.shape))
    expect_tensor(features, (*_rows_of(features), network.feature_dim), "features", hint=hint)  # type: ignore[arg-type]


def per_sample_features_depend_on_one_sample(subject: Subject) -> None:
    """The features of sample 0 have a gradient of exactly 0 on the other samples, if per_sample=True."""
    model: Model = subject.make()
    data = DataSpec(smallest_shape(subject), CLASSES)
    try:
        network = model.discriminator(data, per_sample=True)
    except ConfigError as error:
        raise refusal(error) from error
    x = torch.randn(4, *data.shape, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(x)[0].sum(), x)
    mixed = (gradient[1:] != 0).any().item()
    hint = "no batch norm nor batch statistics in D where per_sample is true"
    expect(not mixed, "no gradient of sample 0's features on samples 1-3", came="one that is not 0", hint=hint)


def a_loss_reaches_every_parameter(subject: Subject) -> None:
    """Every parameter of G and of D has a gradient, with and without labels."""
    for embedding_dim in (0, 3):
        pair = build_pair(subject, embedding_dim)
        h = pair.discriminator(torch.cat([pair.generator(*pair.inputs(4)), pair.samples(4)]))
        head = torch.linspace(-1, 1, h.shape[-1])
        expect_gradients({"G": pair.generator, "D": pair.discriminator}, softplus(h @ head).mean())


def one_seed_gives_one_pair(subject: Subject) -> None:
    """Weights come from torch's global random state, and from nothing else."""
    pairs = []
    for _ in range(2):
        torch.manual_seed(3)
        pairs.append(build_pair(subject, 3))
    one, other = ({**pair.generator.state_dict(), **pair.discriminator.state_dict()} for pair in pairs)
    moved = [name for name in one if not torch.equal(one[name], other[name])]
    hint = "draw weights with torch's global generator"
    expect(not moved, "equal weights from equal seeds", came=f"others in {', '.join(moved)}", hint=hint)


def samples_in_eval_depend_on_their_latent_alone(subject: Subject) -> None:
    """Image i is the same in every batch in eval mode, which sampling and scores rely on."""
    pair = build_pair(subject, 3)
    network, (z, c) = pair.generator, pair.inputs(4)
    disturb(network)
    network(z, c)  # in training mode: averages move
    network.eval()
    with torch.no_grad():
        whole, again, alone = network(z, c), network(z, c), network(z[:1], c[:1])
    hint = "in eval mode draw nothing (noise from buffers, or none), and use averages of batch statistics"
    expect(torch.equal(whole, again), "the same images again in eval mode", came="other ones", hint=hint)
    close = torch.allclose(whole[:1], alone, atol=1e-4)
    expect(close, "image 0 whatever is beside it in eval mode", came="another one", hint=hint)


def latent_and_embedding_change_the_image(subject: Subject) -> None:
    """Other latents and other labels give other images, once no weight is 0."""
    pair = build_pair(subject, 3)
    disturb(pair.generator)
    (z, c), (other_z, other_c) = pair.inputs(2), pair.inputs(2, seed=1)
    network = pair.generator.eval()
    with torch.no_grad():
        x, with_z, with_c = network(z, c), network(other_z, c), network(z, other_c)
    expect(not torch.equal(x, with_z), "other images for other latents", came="the same", hint="read z")
    expect(
        not torch.equal(x, with_c), "other images for other labels", came="the same", hint="torch.cat([z, c], dim=1)"
    )


def states_load_safely_and_exactly(subject: Subject) -> None:
    """Both state dicts pass through torch.load(weights_only=True) into another pair, which is then equal."""
    pair = build_pair(subject, 3)
    z, c, x = *pair.inputs(4), pair.samples(4)
    expect_safe_state(lambda: build_pair(subject, 3).generator, lambda network: network(z, c), "G")
    expect_safe_state(lambda: build_pair(subject, 3).discriminator, lambda network: network(x), "D")


def copies_stand_alone(subject: Subject) -> None:
    """Copies by copy.deepcopy of both networks share nothing with them; the moving average of G is one."""
    pair = build_pair(subject, 3)
    z, c, x = *pair.inputs(4), pair.samples(4)
    expect_copy(pair.generator, lambda network: network(z, c), "G")
    expect_copy(pair.discriminator, lambda network: network(x), "D")


def tensors_follow_the_device(subject: Subject) -> None:
    """`.to(device)` moves all tensors of both networks."""
    pair = build_pair(subject, 3)
    expect_moves(pair.generator, "G")
    expect_moves(pair.discriminator, "D")


def generator_penalty_is_a_scalar(subject: Subject) -> None:
    """A model that overrides it returns a finite scalar with a gradient that reaches G."""
    if subject.component.generator_penalty is Model.generator_penalty:  # type: ignore[attr-defined]
        raise Unchecked("it has none")
    pair = build_pair(subject, 3)
    due: list[Tensor] = []
    values: list[float] = []
    for _ in range(32):  # lazy regularisation returns a plain 0 in most updates
        penalty = pair.model.generator_penalty(pair.generator, *pair.inputs(4))
        expect_tensor(penalty, (), "generator_penalty", hint="return its mean, times its weight")
        due += [penalty] if penalty.requires_grad else []
        values.append(penalty.item())
        if len(due) == 2:  # the second one reads the buffers that the first one wrote
            break
    if not due and not any(values):
        raise Unchecked("it is 0 with these options: --set model.NAME.OPTION=VALUE of its weight has it checked")
    expect(len(due) > 0, "a gradient of generator_penalty", came="none", hint="no detach() on the way")
    due[-1].backward()  # type: ignore[no-untyped-call]
    reached = [w for w in pair.generator.parameters() if w.grad is not None and bool(w.grad.isfinite().all())]
    expect(len(reached) > 0, "a finite gradient of G's weights", came="none", hint="compute it from `generator`")


def truncated_generator_is_itself_for_psi_1(subject: Subject) -> None:
    """A model that overrides `truncated` gives the same samples for psi = 1, and some for a smaller one."""
    if not overrides(subject.component, "truncated", Model):
        raise Unchecked("it has none")
    pair = build_pair(subject, 3)
    generator, (z, c) = pair.generator.eval(), pair.inputs(4)
    whole, half = (pair.model.truncated(generator, psi) for psi in (1.0, 0.5))
    expect(whole is not None and half is not None, "a module for every psi > 0", came="None", hint="return a module")
    assert whole is not None and half is not None
    with torch.no_grad():
        x, same, nearer = generator(z, c), whole(z, c), half(z, c)
    far = float((x - same).abs().max())
    expect(far < 1e-3, "the samples of G for psi = 1", came=f"{far:.2g} apart", hint="mean + psi * (w - mean)")
    expect_tensor(nearer, tuple(x.shape), "truncated samples", hint="the shape of G's samples")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    shapes_are_taken_or_refused,
    samples_have_their_shape_and_range,
    samples_stay_in_range_as_weights_grow,
    features_have_their_length,
    features_are_no_probabilities,
    discriminator_takes_label_channels,
    per_sample_features_depend_on_one_sample,
    a_loss_reaches_every_parameter,
    one_seed_gives_one_pair,
    samples_in_eval_depend_on_their_latent_alone,
    latent_and_embedding_change_the_image,
    states_load_safely_and_exactly,
    copies_stand_alone,
    tensors_follow_the_device,
    generator_penalty_is_a_scalar,
    truncated_generator_is_itself_for_psi_1,
)
