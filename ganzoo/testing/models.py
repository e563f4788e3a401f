"""Checks of models: a pair of trunks for the shapes that they take, with and without labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganzoo.contracts import DataSpec, Model, overrides
from ganzoo.errors import ConfigError
from ganzoo.testing.expectations import ConformanceError, Unchecked, expect, expect_tensor, refusal
from ganzoo.testing.networks import expect_copy, expect_gradients, expect_moves, expect_safe_state
from ganzoo.testing.subjects import Subject

SHAPES = ((1, 8, 8), (1, 16, 16), (3, 32, 32), (3, 64, 64), (1, 24, 40), (2,))
"""Shapes that are tried on every model."""
LARGER = ((3, 128, 128), (3, 256, 256), (3, 512, 512))
"""Shapes that are tried on a model that takes none of SHAPES."""
CLASSES = 3


class Pair(NamedTuple):
    """Both trunks for one shape, and the length of the label embedding that G takes."""

    model: Model
    data: DataSpec
    embedding_dim: int
    generator: nn.Module
    discriminator: nn.Module

    def inputs(self, n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
        """Return z (n, Z) and c (n, E), the same every time."""
        generator = torch.Generator().manual_seed(seed)
        z = torch.randn(n, self.model.z_dim, generator=generator)
        return z, torch.randn(n, self.embedding_dim, generator=generator)

    def samples(self, n: int) -> Tensor:
        """Return samples (n, *shape) in [-1, 1], the same every time."""
        return torch.rand(n, *self.data.shape, generator=torch.Generator().manual_seed(2)) * 2 - 1


def smallest_shape(model: Model) -> tuple[int, ...]:
    """Return the first shape that the model takes. Raises ConformanceError if it takes none."""
    for shape in (*SHAPES, *LARGER):
        try:
            model.generator(DataSpec(shape, CLASSES), 0)
        except ConfigError:
            continue
        return shape
    tried = ", ".join(map(str, (*SHAPES, *LARGER)))
    raise ConformanceError(f"a model of one of the shapes {tried}", came="ConfigError for all", hint="take one of them")


def _build(subject: Subject, embedding_dim: int = 0, shape: tuple[int, ...] = ()) -> Pair:
    """Return a pair, in which D has no batch statistics unless the model refuses that."""
    model: Model = subject.make()
    data = DataSpec(shape or smallest_shape(model), CLASSES)
    try:
        discriminator = model.discriminator(data, per_sample=True)
    except ConfigError:
        discriminator = model.discriminator(data, per_sample=False)
    return Pair(model, data, embedding_dim, model.generator(data, embedding_dim), discriminator)


def shapes_are_taken_or_refused(subject: Subject) -> None:
    """Both networks take a shape, or both refuse it with a ConfigError that names what is taken."""
    model: Model = subject.make()
    smallest_shape(model)
    for shape in SHAPES:
        of_g, of_d = _generates(model, shape), _discriminates(model, shape)
        came = f"the generator takes it: {of_g}, the discriminator: {of_d}"
        expect(of_g == of_d, f"{shape} taken by both networks or by none", came=came, hint="one check, called by both")


def _generates(model: Model, shape: tuple[int, ...]) -> bool:
    return _is_built(f"generator of {shape}", lambda: model.generator(DataSpec(shape, CLASSES), 0))


def _discriminates(model: Model, shape: tuple[int, ...]) -> bool:
    return _is_built(
        f"discriminator of {shape}", lambda: model.discriminator(DataSpec(shape, CLASSES), per_sample=False)
    )


def _is_built(what: str, build: Callable[[], nn.Module]) -> bool:
    """Return whether a network is built; False for a ConfigError. Raises ConformanceError for any other error."""
    try:
        build()
    except ConfigError as error:
        expect(error.what != "", f"words in the refusal of a {what}", came="none", hint="ConfigError(what, hint=...)")
        return False
    except Exception as error:
        came, hint = f"{type(error).__name__}: {error}", "raise ganzoo.ConfigError for shapes that cannot be made"
        raise ConformanceError(f"a {what}, or a ConfigError", came=came, hint=hint) from error
    return True


def _pairs(subject: Subject) -> Iterator[Pair]:
    """Yield a pair for each shape that is taken, without labels and with an embedding of 3 numbers."""
    model: Model = subject.make()
    shapes: list[tuple[int, ...]] = [shape for shape in SHAPES if _generates(model, shape)]
    for shape in shapes or [smallest_shape(model)]:
        yield from (_build(subject, embedding_dim, shape) for embedding_dim in (0, 3))


def samples_have_their_shape_and_range(subject: Subject) -> None:
    """G: (z (N, Z), c (N, E)) -> float32 (N, *shape) in [-1, 1], for E = 0 and E > 0."""
    for pair in _pairs(subject):
        x = pair.generator(*pair.inputs(2))
        what = f"samples at E = {pair.embedding_dim}"
        expect_tensor(x, (2, *pair.data.shape), what, hint="reshape to (len(z), *data.shape)")
        top = x.abs().max().item()
        expect(top <= 1, f"{what} in [-1, 1]", came=f"{top:g}", hint="torch.tanh at the end")


def _rows_of(features: object, count: int = 2) -> tuple[int, ...]:
    """Return the shape (N, ...) of features (N, ..., F), of which D may have several for each sample."""
    return (count, *getattr(features, "shape", ())[1:-1])


def features_have_their_length(subject: Subject) -> None:
    """D: samples -> float32 (N, F) or (N, ..., F), where F is its int `feature_dim`."""
    for pair in _pairs(subject):
        length = getattr(pair.discriminator, "feature_dim", None)
        expected = "an int feature_dim of the discriminator"
        if not isinstance(length, int):
            raise ConformanceError(expected, came=repr(length), hint="self.feature_dim = F in its constructor")
        features = pair.discriminator(pair.samples(2))
        expect_tensor(features, (*_rows_of(features), length), "features", hint="h.flatten(1)")


def discriminator_takes_label_channels(subject: Subject) -> None:
    """The channels of `data.shape` include the label maps of the conditioner."""
    model: Model = subject.make()
    channels, *size = smallest_shape(model)
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
    data = DataSpec(smallest_shape(model), CLASSES)
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
        pair = _build(subject, embedding_dim)
        h = pair.discriminator(torch.cat([pair.generator(*pair.inputs(4)), pair.samples(4)]))
        head = torch.linspace(-1, 1, h.shape[-1])
        expect_gradients({"G": pair.generator, "D": pair.discriminator}, softplus(h @ head).mean())


def one_seed_gives_one_pair(subject: Subject) -> None:
    """Weights come from torch's global random state, and from nothing else."""
    pairs = []
    for _ in range(2):
        torch.manual_seed(3)
        pairs.append(_build(subject, 3))
    one, other = ({**pair.generator.state_dict(), **pair.discriminator.state_dict()} for pair in pairs)
    moved = [name for name in one if not torch.equal(one[name], other[name])]
    hint = "draw weights with torch's global generator"
    expect(not moved, "equal weights from equal seeds", came=f"others in {', '.join(moved)}", hint=hint)


def samples_in_eval_depend_on_their_latent_alone(subject: Subject) -> None:
    """Image i is the same in every batch in eval mode, which sampling and scores rely on."""
    pair = _build(subject, 3)
    network, (z, c) = pair.generator, pair.inputs(4)
    _disturb(network)
    network(z, c)  # in training mode: averages move
    network.eval()
    with torch.no_grad():
        whole, again, alone = network(z, c), network(z, c), network(z[:1], c[:1])
    hint = "in eval mode draw nothing (noise from buffers, or none), and use averages of batch statistics"
    expect(torch.equal(whole, again), "the same images again in eval mode", came="other ones", hint=hint)
    close = torch.allclose(whole[:1], alone, atol=1e-4)
    expect(close, "image 0 whatever is beside it in eval mode", came="another one", hint=hint)


def _disturb(network: nn.Module) -> None:
    """Move weights off their initial values: weights that begin at 0 hide what they multiply."""
    torch.manual_seed(4)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.05)


def latent_and_embedding_change_the_image(subject: Subject) -> None:
    """Other latents and other labels give other images, once no weight is 0."""
    pair = _build(subject, 3)
    _disturb(pair.generator)
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
    pair = _build(subject, 3)
    z, c, x = *pair.inputs(4), pair.samples(4)
    expect_safe_state(lambda: _build(subject, 3).generator, lambda network: network(z, c), "G")
    expect_safe_state(lambda: _build(subject, 3).discriminator, lambda network: network(x), "D")


def copies_stand_alone(subject: Subject) -> None:
    """Copies by copy.deepcopy of both networks share nothing with them; the moving average of G is one."""
    pair = _build(subject, 3)
    z, c, x = *pair.inputs(4), pair.samples(4)
    expect_copy(pair.generator, lambda network: network(z, c), "G")
    expect_copy(pair.discriminator, lambda network: network(x), "D")


def tensors_follow_the_device(subject: Subject) -> None:
    """`.to(device)` moves all tensors of both networks."""
    pair = _build(subject, 3)
    expect_moves(pair.generator, "G")
    expect_moves(pair.discriminator, "D")


def generator_penalty_is_a_scalar(subject: Subject) -> None:
    """A model that overrides it returns a finite scalar with a gradient that reaches G."""
    if subject.component.generator_penalty is Model.generator_penalty:  # type: ignore[attr-defined]
        raise Unchecked("it has none")
    pair = _build(subject, 3)
    due: list[Tensor] = []
    for _ in range(32):  # lazy regularisation returns a plain 0 in most updates
        penalty = pair.model.generator_penalty(pair.generator, *pair.inputs(4))
        expect_tensor(penalty, (), "generator_penalty", hint="return its mean, times its weight")
        due += [penalty] if penalty.requires_grad else []
        if len(due) == 2:  # the second one reads the buffers that the first one wrote
            break
    expect(len(due) > 0, "a gradient of generator_penalty", came="none", hint="no detach() on the way")
    due[-1].backward()  # type: ignore[no-untyped-call]
    reached = [w for w in pair.generator.parameters() if w.grad is not None and bool(w.grad.isfinite().all())]
    expect(len(reached) > 0, "a finite gradient of G's weights", came="none", hint="compute it from `generator`")


def truncated_generator_is_itself_for_psi_1(subject: Subject) -> None:
    """A model that overrides `truncated` gives the same samples for psi = 1, and some for a smaller one."""
    if not overrides(subject.component, "truncated", Model):
        raise Unchecked("it has none")
    pair = _build(subject, 3)
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
    features_have_their_length,
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
