"""ReACGAN: the cosines of each sample with its class, and with the samples of other classes."""

from dataclasses import dataclass

import torch
from torch.nn import Embedding, Linear, Module, functional

import ganzoo


class Head(Module):
    def __init__(self, features, classes, size):
        super().__init__()
        self.logit, self.embed, self.proxies = Linear(features, 1), Linear(features, size), Embedding(classes, size)

    def forward(self, h, y):
        e, v = functional.normalize(self.embed(h)), functional.normalize(self.proxies.weight)
        return ganzoo.Verdict(self.logit(h).squeeze(1), e @ v.T, embedding=e)


@dataclass(frozen=True)
class ReACGAN(ganzoo.load_zoo(disabled=["all"]).entry("conditioner", "acgan").component):
    """Data-to-data cross-entropy. Kang et al. 2021, arXiv:2111.01118; its margins are m and 1 - m."""

    temperature: ganzoo.PositiveFloat = 0.5
    margin: ganzoo.NonNegativeFloat = 0.98

    def discriminator_head(self, feature_dim, num_classes):
        return Head(feature_dim, num_classes, self.embedding_dim)

    def auxiliary_loss(self, verdict, y):
        own = (verdict.class_logits.gather(1, y[:, None]) - self.margin).clamp(max=0)  # (N, 1)
        others = (verdict.embedding @ verdict.embedding.T - 1 + self.margin).clamp(min=0)  # (N, N)
        logits = torch.cat([own, others.masked_fill(y[:, None] == y, -torch.inf)], dim=1) / self.temperature
        return self.weight * functional.cross_entropy(logits, torch.zeros_like(y))  # of the first column

    def discriminator_auxiliary(self, *, real, fake, y):
        return self.auxiliary_loss(real, y)  # of fakes in the loss of G alone


@ganzoo.hookimpl
def register_conditioners():
    return {"reacgan": ReACGAN}
