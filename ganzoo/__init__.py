"""A modular GAN zoo: models x losses x Lipschitz enforcers x conditioners, one exact runner.

The names below are the API of plugin authors and notebooks; each is imported when it is first used, so that
`import ganzoo` and `ganzoo --help` do not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.builtin.lipschitz import gradient_norm as gradient_norm
    from ganzoo.builtin.models.norms import ConditionalBatchNorm as ConditionalBatchNorm
    from ganzoo.builtin.models.shortcuts import ConvPool as ConvPool
    from ganzoo.builtin.models.shortcuts import Rectifier as Rectifier
    from ganzoo.builtin.models.shortcuts import UpConv as UpConv
    from ganzoo.cells import Cell as Cell
    from ganzoo.cells import Ending as Ending
    from ganzoo.cells import execute as execute
    from ganzoo.comparison import Table as Table
    from ganzoo.comparison import compare as compare
    from ganzoo.contracts import AdversarialLoss as AdversarialLoss
    from ganzoo.contracts import Augmentation as Augmentation
    from ganzoo.contracts import Conditioner as Conditioner
    from ganzoo.contracts import Critic as Critic
    from ganzoo.contracts import Dataset as Dataset
    from ganzoo.contracts import DataSpec as DataSpec
    from ganzoo.contracts import Engine as Engine
    from ganzoo.contracts import Extractor as Extractor
    from ganzoo.contracts import FeatureExtractor as FeatureExtractor
    from ganzoo.contracts import Features as Features
    from ganzoo.contracts import FeatureSet as FeatureSet
    from ganzoo.contracts import LipschitzEnforcer as LipschitzEnforcer
    from ganzoo.contracts import Metric as Metric
    from ganzoo.contracts import Model as Model
    from ganzoo.contracts import Samples as Samples
    from ganzoo.contracts import Score as Score
    from ganzoo.contracts import Verdict as Verdict
    from ganzoo.diagnosis import Diagnosis as Diagnosis
    from ganzoo.diagnosis import diagnose as diagnose
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
    from ganzoo.evaluation import evaluate as evaluate
    from ganzoo.experiment import Run as Run
    from ganzoo.experiment import run as run
    from ganzoo.findings import Finding as Finding
    from ganzoo.hookspecs import API_VERSION as API_VERSION
    from ganzoo.hookspecs import hookimpl as hookimpl
    from ganzoo.lifecycle import Observer as Observer
    from ganzoo.options import NonNegativeFloat as NonNegativeFloat
    from ganzoo.options import NonNegativeInt as NonNegativeInt
    from ganzoo.options import PositiveFloat as PositiveFloat
    from ganzoo.options import PositiveInt as PositiveInt
    from ganzoo.protocol import Protocol as Protocol
    from ganzoo.report import write_report as write_report
    from ganzoo.results import Result as Result
    from ganzoo.results import read_results as read_results
    from ganzoo.scoring import Report as Report
    from ganzoo.zoo import Zoo as Zoo
    from ganzoo.zoo import load_zoo as load_zoo

__version__ = "0.1.0"

_ORIGINS = {
    "builtin.lipschitz": ("gradient_norm",),
    "builtin.models.norms": ("ConditionalBatchNorm",),
    "builtin.models.shortcuts": ("ConvPool", "Rectifier", "UpConv"),
    "cells": ("Cell", "Ending", "execute"),
    "comparison": ("Table", "compare"),
    "contracts": (
        *("AdversarialLoss", "Augmentation", "Conditioner", "Critic", "DataSpec", "Dataset", "Engine", "Extractor"),
        *("FeatureExtractor", "FeatureSet", "Features", "LipschitzEnforcer", "Metric", "Model"),
        *("Samples", "Score", "Verdict"),
    ),
    "diagnosis": ("Diagnosis", "diagnose"),
    "errors": (
        *("CheckpointError", "ConfigError", "DataError", "DivergedError", "EvaluationError"),
        *("FolderError", "GanzooError", "GridError", "PluginError", "ResourceError", "RunInterrupted"),
    ),
    "evaluation": ("evaluate",),
    "experiment": ("Run", "run"),
    "findings": ("Finding",),
    "hookspecs": ("API_VERSION", "hookimpl"),
    "lifecycle": ("Observer",),
    "options": ("NonNegativeFloat", "NonNegativeInt", "PositiveFloat", "PositiveInt"),
    "protocol": ("Protocol",),
    "report": ("write_report",),
    "results": ("Result", "read_results"),
    "scoring": ("Report",),
    "zoo": ("Zoo", "load_zoo"),
}
_MODULES = {name: module for module, names in _ORIGINS.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
    return getattr(import_module(f"ganzoo.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
