"""Sets of features by hand, and a generator by a formula."""

import torch

import ganzoo

NAMES = ("a", "b")


def feature_set(rows, labels=None, logits=None, names=NAMES):
    rows = torch.as_tensor(rows, dtype=torch.float32)
    own = {} if labels is None else {"labels": torch.as_tensor(labels), "class_names": tuple(names)}
    covariance = torch.zeros(rows.shape[1], rows.shape[1], dtype=torch.float64)
    logits = None if logits is None else torch.as_tensor(logits, dtype=torch.float32)
    return ganzoo.FeatureSet(len(rows), rows.double().mean(dim=0), covariance, rows, logits, **own)


class Formula(ganzoo.Sampler):
    """A generator whose samples are a function of z and y, and whose features are its samples."""

    def __init__(self, make, z_dim=4, num_classes=1):
        self.make, self.z_dim, self.num_classes, self.asked = make, z_dim, num_classes, []

    def draw(self, count):
        return torch.randn(count, self.z_dim), torch.randint(self.num_classes, (count,))

    def samples(self, z, y):
        self.asked.append(y)
        return self.make(z, y)

    def __call__(self, z, y):
        return ganzoo.Features(self.samples(z, y).flatten(1))
