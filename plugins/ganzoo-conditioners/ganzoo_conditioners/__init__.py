"""Conditioners for ganzoo: contrasts of embeddings, classifiers that see fakes, and label vectors."""

from collections.abc import Mapping

import ganzoo
from ganzoo_conditioners.classifiers import DiscriminativeClassifier, MultiHinge, TwinClassifiers
from ganzoo_conditioners.contrasts import ConditionalContrast, DataToDataCrossEntropy
from ganzoo_conditioners.vectors import LabelVectors

GANZOO_API = 1


@ganzoo.hookimpl
def register_conditioners() -> Mapping[str, type[ganzoo.Conditioner]]:
    """Return the conditioners of this package."""
    return {
        "adcgan": DiscriminativeClassifier,
        "contragan": ConditionalContrast,
        "mhgan": MultiHinge,
        "reacgan": DataToDataCrossEntropy,
        "tacgan": TwinClassifiers,
        "vectors": LabelVectors,
    }
