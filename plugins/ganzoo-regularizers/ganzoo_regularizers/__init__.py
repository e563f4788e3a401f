"""Regularizers for ganzoo: terms that are added to the loss of either player."""

from collections.abc import Mapping

import ganzoo
from ganzoo_regularizers.consensus import Consensus
from ganzoo_regularizers.feature_matching import FeatureMatching
from ganzoo_regularizers.infogan import InfoGAN
from ganzoo_regularizers.msgan import ModeSeeking
from ganzoo_regularizers.orthogonal import Orthogonal
from ganzoo_regularizers.ssgan import SelfSupervision
from ganzoo_regularizers.top_k import TopK

GANZOO_API = 1


@ganzoo.hookimpl
def register_regularizers() -> Mapping[str, type[ganzoo.Regularizer]]:
    """Return the regularizers of this package."""
    return {
        "consensus": Consensus,
        "feature-matching": FeatureMatching,
        "infogan": InfoGAN,
        "msgan": ModeSeeking,
        "orthogonal": Orthogonal,
        "ssgan": SelfSupervision,
        "top-k": TopK,
    }
