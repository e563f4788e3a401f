"""Checks of conditioners: labels reach both networks, in the shapes that they expect."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganzoo.contracts import Conditioner, Verdict
from ganzoo.testing.expectations import ConformanceError, expect, expect_tensor
from ganzoo.testing.networks import (
    expect_beyond_0_and_1,
    expect_copy,
    expect_gradients,
    expect_moves,
    expect_safe_state,
)
from ganzoo.testing.pairs import disturb
from ganzoo.testing.subjects import Subject

CLASSES, FEATURES = 3, 5
Y = (2, 0, 1, 1)


def _labels(subject: Subject, *y: int) -> Tensor:
    """Return labels of the kind that the conditioner takes: classes (4,), or a vector (4, CLASSES) for each class."""
    classes = torch.tensor(y or Y)
    vectors = torch.rand(CLASSES, CLASSES, generator=torch.Generator().manual_seed(3)) * 2 - 1
    return vectors[classes] if subject.make().takes == "vectors" else classes


def it_says_what_labels_it_takes(subject: Subject) -> None:
    """`takes` is "classes" or "vectors"."""
    takes = subject.make().takes
    right = takes in ("classes", "vectors")
    expect(right, 'takes = "classes", or "vectors"', came=repr(takes), hint='takes = "vectors" (y is float32 (N, A))')


def _features() -> Tensor:
    return torch.randn(4, FEATURES, generator=torch.Generator().manual_seed(2))


def embedding_has_its_length(subject: Subject) -> None:
    """The label embedding maps y (N,) to float32 (N, E), where E is the int `embedding_dim`."""
    conditioner: Conditioner = subject.make()
    length = conditioner.embedding_dim
    whole = isinstance(length, int) and length >= 0
    expect(whole, "an int embedding_dim of at least 0", came=repr(length), hint="a field, or a ClassVar[int] = 0")
    c = conditioner.generator_embedding(CLASSES)(_labels(subject))
    expect_tensor(c, (4, length), "the label embedding", hint="nn.Embedding(num_classes, self.embedding_dim)")


def label_maps_have_their_channels(subject: Subject) -> None:
    """Label maps of y (N,) are float32 (N, L, *shape[1:]), where L is the int `channels`; for images and points."""
    for shape in ((1, 8, 8), (3, 16, 12), (2,)):
        maps = subject.make().discriminator_input(CLASSES, shape)
        channels = getattr(maps, "channels", None)
        if not isinstance(channels, int):
            raise ConformanceError("an int `channels` of the label maps", came=repr(channels), hint="self.channels = L")
        expect_tensor(
            maps(_labels(subject)), (4, channels, *shape[1:]), f"label maps for {shape}", hint="expand over shape[1:]"
        )


def _head(subject: Subject, classes: int = CLASSES) -> nn.Module:
    head: nn.Module = subject.make().discriminator_head(FEATURES, classes)
    return head


def head_gives_a_verdict(subject: Subject) -> None:
    """The head maps features (N, F), y (N,) to a Verdict of logits (N,), and class logits (N, K) or None."""
    verdict = _head(subject)(_features(), _labels(subject))
    if not isinstance(verdict, Verdict):
        raise ConformanceError(
            "a ganzoo.Verdict", came=f"a {type(verdict).__name__}", hint="return ganzoo.Verdict(logits)"
        )
    expect_tensor(
        verdict.logits, (4, *verdict.logits.shape[1:]), "logits", hint=".squeeze(1) of a layer with one output"
    )
    if verdict.class_logits is not None:
        expect_tensor(verdict.class_logits, (4, CLASSES), "class logits", hint="nn.Linear(feature_dim, num_classes)")


def logits_are_no_probabilities(subject: Subject) -> None:
    """Logits leave [0, 1] for some features: a sigmoid in the head would bound them."""
    head, h = _head(subject), torch.randn(64, FEATURES)
    disturb(head)
    y = _labels(subject, *(n % CLASSES for n in range(64)))
    with torch.no_grad():
        logits = torch.cat([head(scale * h, y).logits.flatten() for scale in (1.0, 100.0)])
    expect_beyond_0_and_1(logits, "logits")


def verdict_depends_on_one_sample(subject: Subject) -> None:
    """Logit 0 has a gradient of exactly 0 on the features of the other samples."""
    h = _features().requires_grad_(True)
    (gradient,) = torch.autograd.grad(_head(subject)(h, _labels(subject)).logits[0].sum(), h)
    mixed = (gradient[1:] != 0).any().item()
    expect(not mixed, "a logit of one sample", came="one that moves with others", hint="no norm over the batch")


def labels_reach_both_networks(subject: Subject) -> None:
    """Labels change what G and D compute; a conditioner with needs_labels = False takes a single class instead."""
    conditioner: Conditioner = subject.make()
    if not conditioner.needs_labels and conditioner.takes == "classes":
        _head(subject, classes=1)(_features(), torch.zeros(4, dtype=torch.long))
        conditioner.generator_embedding(1)(torch.zeros(4, dtype=torch.long))
        return
    embed, zeros, ones = (
        conditioner.generator_embedding(CLASSES),
        _labels(subject, 0, 0, 0, 0),
        _labels(subject, 1, 1, 1, 1),
    )
    hint = "needs_labels = False, if labels are to be ignored"
    expect(_differ(embed(zeros), embed(ones)), "other embeddings for other labels", came="the same", hint=hint)
    maps, head, h = conditioner.discriminator_input(CLASSES, (1, 8, 8)), _head(subject), _features()
    seen = _differ(maps(zeros), maps(ones)) or _differ(head(h, zeros).logits, head(h, ones).logits)
    reached = seen or head(h, zeros).class_logits is not None
    expect(reached, "labels that reach D by maps, logits or a classifier", came="none that does", hint=hint)


def _differ(one: Tensor, other: Tensor) -> bool:
    return one.numel() > 0 and not torch.equal(one, other)


def auxiliary_losses_are_scalars(subject: Subject) -> None:
    """The auxiliary loss of each player is a finite scalar, with a gradient if there are class logits."""
    conditioner, head = subject.make(), _head(subject)
    real, fake = (head(_features(), _labels(subject)) for _ in range(2))
    of_d = conditioner.discriminator_auxiliary(real=real, fake=fake, y=_labels(subject))
    of_g = conditioner.generator_auxiliary(fake=fake, y=_labels(subject))
    for name, value in (("discriminator_auxiliary", of_d), ("generator_auxiliary", of_g)):
        expect_tensor(value, (), name, hint="return the mean over the batch, times its weight")
    reached = of_d.requires_grad or of_g.requires_grad or real.class_logits is None
    expect(reached, "a gradient of an auxiliary loss", came="none", hint="no detach() on the way")


def a_loss_reaches_every_parameter(subject: Subject) -> None:
    """Every parameter of the embedding, the label maps and the head has a gradient."""
    conditioner: Conditioner = subject.make()
    parts = {
        "embedding": conditioner.generator_embedding(CLASSES),
        "label maps": conditioner.discriminator_input(CLASSES, (1, 8, 8)),
        "head": _head(subject),
    }
    verdict: Verdict = parts["head"](_features(), _labels(subject))
    of_d = verdict.logits.sum()
    for part in (verdict.class_logits, verdict.embedding):
        of_d = of_d if part is None else of_d + (part * torch.arange(1, 1 + part.shape[1])).sum()
    of_labels = parts["embedding"](_labels(subject)).sum() + parts["label maps"](_labels(subject)).sum()
    expect_gradients(parts, of_d + of_labels)


def modules_are_saved_copied_and_moved(subject: Subject) -> None:
    """The head and the embedding can be saved, copied by copy.deepcopy and moved by .to(device)."""
    h, y = _features(), _labels(subject)
    expect_safe_state(lambda: _head(subject), lambda head: head(h, y).logits, "the head")
    expect_safe_state(lambda: _embedding(subject), lambda embedding: embedding(y), "the embedding")
    expect_copy(_head(subject), lambda head: head(h, y).logits, "the head")
    expect_copy(_embedding(subject), lambda embedding: embedding(y), "the embedding")
    expect_moves(_head(subject), "the head")
    expect_moves(_embedding(subject), "the embedding")


def _embedding(subject: Subject) -> nn.Module:
    embedding: nn.Module = subject.make().generator_embedding(CLASSES)
    return embedding


CHECKS: tuple[Callable[[Subject], None], ...] = (
    it_says_what_labels_it_takes,
    embedding_has_its_length,
    label_maps_have_their_channels,
    head_gives_a_verdict,
    logits_are_no_probabilities,
    verdict_depends_on_one_sample,
    labels_reach_both_networks,
    auxiliary_losses_are_scalars,
    a_loss_reaches_every_parameter,
    modules_are_saved_copied_and_moved,
)
