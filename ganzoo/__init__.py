"""A modular GAN zoo: models x losses x Lipschitz enforcers x conditioners, one exact runner.

The names below are the API of plugin authors and notebooks; each is imported when it is first used, so that
`import ganzoo` and `ganzoo --help` do not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.api.compare import compare as compare
    from ganzoo.api.functions import diagnose as diagnose
    from ganzoo.api.functions import evaluate as evaluate
    from ganzoo.api.functions import load as load
    from ganzoo.api.functions import load_zoo as load_zoo
    from ganzoo.api.functions import make_table as make_table
    from ganzoo.api.functions import push as push
    from ganzoo.api.functions import write_report as write_report
    from ganzoo.api.grid import Grid as Grid
    from ganzoo.api.run import Run as Run
    from ganzoo.api.study import Study as Study
    from ganzoo.api.study import tune as tune
    from ganzoo.api.train import run as run
    from ganzoo.audit.findings import Finding as Finding
    from ganzoo.cells import Cell as Cell
    from ganzoo.cells import Ending as Ending
    from ganzoo.cells import execute as execute
    from ganzoo.contracts import AdversarialLoss as AdversarialLoss
    from ganzoo.contracts import Augmentation as Augmentation
    from ganzoo.contracts import Coefficients as Coefficients
    from ganzoo.contracts import Conditioner as Conditioner
    from ganzoo.contracts import Critic as Critic
    from ganzoo.contracts import Dataset as Dataset
    from ganzoo.contracts import DataSpec as DataSpec
    from ganzoo.contracts import Engine as Engine
    from ganzoo.contracts import Extractor as Extractor
    from ganzoo.contracts import FeatureExtractor as FeatureExtractor
    from ganzoo.contracts import Features as Features
    from ganzoo.contracts import FeatureSet as FeatureSet
    from ganzoo.contracts import Game as Game
    from ganzoo.contracts import LazySamples as LazySamples
    from ganzoo.contracts import LipschitzEnforcer as LipschitzEnforcer
    from ganzoo.contracts import Metric as Metric
    from ganzoo.contracts import Model as Model
    from ganzoo.contracts import Observer as Observer
    from ganzoo.contracts import Regularizer as Regularizer
    from ganzoo.contracts import Sampler as Sampler
    from ganzoo.contracts import Samples as Samples
    from ganzoo.contracts import Schedule as Schedule
    from ganzoo.contracts import Score as Score
    from ganzoo.contracts import UpdateRule as UpdateRule
    from ganzoo.contracts import Verdict as Verdict
    from ganzoo.diagnosis.diagnose import Diagnosis as Diagnosis
    from ganzoo.errors import CheckpointError as CheckpointError
    from ganzoo.errors import ConfigError as ConfigError
    from ganzoo.errors import DataError as DataError
    from ganzoo.errors import DivergedError as DivergedError
    from ganzoo.errors import EvaluationError as EvaluationError
    from ganzoo.errors import FolderError as FolderError
    from ganzoo.errors import GanzooError as GanzooError
    from ganzoo.errors import GridError as GridError
    from ganzoo.errors import PluginError as PluginError
    from ganzoo.errors import ResourceError as ResourceError
    from ganzoo.errors import RunInterrupted as RunInterrupted
    from ganzoo.evaluation.protocol import Protocol as Protocol
    from ganzoo.evaluation.report import Report as Report
    from ganzoo.hookspecs import API_VERSION as API_VERSION
    from ganzoo.hookspecs import hookimpl as hookimpl
    from ganzoo.layers import ConditionalBatchNorm as ConditionalBatchNorm
    from ganzoo.layers import ConvPool as ConvPool
    from ganzoo.layers import Rectifier as Rectifier
    from ganzoo.layers import UpConv as UpConv
    from ganzoo.layers import gradient_norm as gradient_norm
    from ganzoo.results.comparison import Table as Table
    from ganzoo.results.read import Result as Result
    from ganzoo.results.read import read_results as read_results
    from ganzoo.settings.options import Depth as Depth
    from ganzoo.settings.options import NonNegativeFloat as NonNegativeFloat
    from ganzoo.settings.options import NonNegativeInt as NonNegativeInt
    from ganzoo.settings.options import PositiveFloat as PositiveFloat
    from ganzoo.settings.options import PositiveInt as PositiveInt
    from ganzoo.settings.options import Width as Width
    from ganzoo.zoo.catalogue import Zoo as Zoo

__version__ = "0.2.0"

_ORIGINS = {
    "layers": ("ConditionalBatchNorm", "ConvPool", "Rectifier", "UpConv", "gradient_norm"),
    "cells": ("Cell", "Ending", "execute"),
    "results.comparison": ("Table",),
    "contracts": (
        *("AdversarialLoss", "Augmentation", "Coefficients", "Conditioner", "Critic", "DataSpec", "Dataset"),
        *("Engine", "Extractor", "FeatureExtractor", "FeatureSet", "Features", "Game", "LazySamples"),
        *("LipschitzEnforcer", "Metric", "Model", "Observer", "Regularizer", "Sampler", "Samples", "Schedule"),
        *("Score", "UpdateRule", "Verdict"),
    ),
    "diagnosis.diagnose": ("Diagnosis",),
    "errors": (
        *("CheckpointError", "ConfigError", "DataError", "DivergedError", "EvaluationError"),
        *("FolderError", "GanzooError", "GridError", "PluginError", "ResourceError", "RunInterrupted"),
    ),
    "api.compare": ("compare",),
    "api.functions": ("diagnose", "evaluate", "load", "load_zoo", "make_table", "push", "write_report"),
    "api.grid": ("Grid",),
    "api.run": ("Run",),
    "api.study": ("Study", "tune"),
    "api.train": ("run",),
    "audit.findings": ("Finding",),
    "hookspecs": ("API_VERSION", "hookimpl"),
    "settings.options": ("Depth", "NonNegativeFloat", "NonNegativeInt", "PositiveFloat", "PositiveInt", "Width"),
    "evaluation.protocol": ("Protocol",),
    "results.read": ("Result", "read_results"),
    "evaluation.report": ("Report",),
    "zoo.catalogue": ("Zoo",),
}
_MODULES = {name: module for module, names in _ORIGINS.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        from difflib import get_close_matches  # not at the top: few names are wrong

        meant = "".join(f". Did you mean {near!r}?" for near in get_close_matches(name, _MODULES, n=1))
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}{meant}")
    return getattr(import_module(f"ganzoo.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
