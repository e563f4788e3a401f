"""The contracts. Every component, built in or of a plugin, keeps one of them.

Shape letters
    N batch    C channels    H, W height, width    Z latent    E label embedding
    F discriminator features    A embedding of D's head    K classes    L label channels
    M images    D extractor features

Conventions, stated here and nowhere else
    samples   float32 (N, *shape) in [-1, 1]; an image has shape (C, H, W), a toy point (2,)
    images    what a dataset holds as uint8 (M, C, H, W); any other sample is float32 there too
    labels y  int64 (N,) in [0, K); an unlabelled dataset has K = 1 and every label 0; vectors are float32 (N, A)
    logits    float32 (N,) or (N, ...), unbounded; HIGHER MEANS MORE REAL for every loss; no sigmoid inside a network
    losses    scalars to minimise; `real=` and `fake=` are keyword-only everywhere, always in this order

A component is a frozen dataclass: its fields are its options in a recipe and on `--set`, its docstring is
its help, and the docstring cites its source (arXiv id or DOI, equation).
"""

from __future__ import annotations

from ganzoo.contracts.datasets import Dataset as Dataset
from ganzoo.contracts.descent import Coefficients as Coefficients
from ganzoo.contracts.descent import Schedule as Schedule
from ganzoo.contracts.descent import UpdateRule as UpdateRule
from ganzoo.contracts.engines import Engine as Engine
from ganzoo.contracts.evaluation import Extractor as Extractor
from ganzoo.contracts.evaluation import FeatureExtractor as FeatureExtractor
from ganzoo.contracts.evaluation import Metric as Metric
from ganzoo.contracts.evaluation import Sampler as Sampler
from ganzoo.contracts.game import AdversarialLoss as AdversarialLoss
from ganzoo.contracts.game import Augmentation as Augmentation
from ganzoo.contracts.game import LipschitzEnforcer as LipschitzEnforcer
from ganzoo.contracts.networks import Conditioner as Conditioner
from ganzoo.contracts.networks import Critic as Critic
from ganzoo.contracts.networks import Model as Model
from ganzoo.contracts.networks import Verdict as Verdict
from ganzoo.contracts.observers import Observer as Observer
from ganzoo.contracts.regularizers import Game as Game
from ganzoo.contracts.regularizers import Regularizer as Regularizer
from ganzoo.data.features import MODE_RADIUS as MODE_RADIUS
from ganzoo.data.features import Features as Features
from ganzoo.data.features import FeatureSet as FeatureSet
from ganzoo.data.features import Score as Score
from ganzoo.data.samples import DataSpec as DataSpec
from ganzoo.data.samples import LazySamples as LazySamples
from ganzoo.data.samples import Samples as Samples


def overrides(component: object, method: str, contract: type) -> bool:
    """Return whether a component, or its class, has a method of its own where its contract has a default."""
    own = component if isinstance(component, type) else type(component)
    return getattr(own, method) is not getattr(contract, method)
