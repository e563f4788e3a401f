"""Conditioners that break one promise each."""

import torch
from torch import nn
from torch.nn.functional import embedding

import ganzoo
from ganzoo.builtin.conditioners import AuxiliaryClassifier, ConditionalGAN, Head, LabelMaps, NoEmbedding, Projection
from ganzoo.testing import conditioners
from support.faulty.plant import planted


@planted("conditioner", conditioners.it_says_what_labels_it_takes, 'takes = "classes", or "vectors"\n  came .*vector')
class OneVector(ConditionalGAN):
    takes = "vector"


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


class _Mean(Head):
    def forward(self, h, y):
        return ganzoo.Verdict(self.linear(h).mean(dim=0))


@planted("conditioner", conditioners.head_gives_a_verdict, r"logits to be float32 of shape \(4,\)")
class OneForAll(ConditionalGAN):
    def discriminator_head(self, feature_dim, num_classes):
        return _Mean(feature_dim)


class _Probable(Head):
    def forward(self, h, y):
        return ganzoo.Verdict(torch.sigmoid(super().forward(h, y).logits))


@planted("conditioner", conditioners.logits_are_no_probabilities, "no sigmoid at the end")
class Probabilities(ConditionalGAN):
    def discriminator_head(self, feature_dim, num_classes):
        return _Probable(feature_dim)


class _Detached(Head):
    def forward(self, h, y):
        return ganzoo.Verdict(super().forward(h, y).logits.detach())


@planted("conditioner", conditioners.a_loss_reaches_every_parameter, "a gradient of head")
class Blocked(Projection):
    def discriminator_head(self, feature_dim, num_classes):
        return _Detached(feature_dim)


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


@planted("conditioner", conditioners.auxiliary_losses_are_scalars, "a gradient of an auxiliary loss")
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
