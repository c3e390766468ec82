"""tlbench: which strategy, which source, at what cost, and when does transfer do harm?

The names below are what plugins use. They are loaded when first touched, so that `import tlbench` stays light.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

import pluggy

from tlbench.version import __version__

#: Marks a function of a plugin as the implementation of a hook in `tlbench.hookspecs`.
hookimpl = pluggy.HookimplMarker("tlbench")

if TYPE_CHECKING:
    from tlbench.api.results import Results, load_results
    from tlbench.api.run import run
    from tlbench.core.backbone import Backbone
    from tlbench.core.content_key import AddedField
    from tlbench.core.domain import DataLocation, Dataset, Domain, Split, SplitOrigin
    from tlbench.core.health import Health
    from tlbench.core.model import TransferModel
    from tlbench.core.predictor import ModelPredictor, Prediction, Predictor
    from tlbench.core.strategy import FeatureStrategy, GradientStrategy, Params, Strategy
    from tlbench.core.task import TransferTask
    from tlbench.errors import DataError, TlbenchError
    from tlbench.exporting.exported_model import ExportedModel, load_model
    from tlbench.training import layers, losses, schedules
    from tlbench.training.batches import Batch, batch_tensor
    from tlbench.training.toolkit import Toolkit

_HOME = {
    "AddedField": "tlbench.core.content_key",
    "Backbone": "tlbench.core.backbone",
    "Batch": "tlbench.training.batches",
    "DataError": "tlbench.errors",
    "DataLocation": "tlbench.core.domain",
    "ExportedModel": "tlbench.exporting.exported_model",
    "Dataset": "tlbench.core.domain",
    "Domain": "tlbench.core.domain",
    "FeatureStrategy": "tlbench.core.strategy",
    "GradientStrategy": "tlbench.core.strategy",
    "Health": "tlbench.core.health",
    "ModelPredictor": "tlbench.core.predictor",
    "Params": "tlbench.core.strategy",
    "Prediction": "tlbench.core.predictor",
    "Predictor": "tlbench.core.predictor",
    "Results": "tlbench.api.results",
    "Split": "tlbench.core.domain",
    "SplitOrigin": "tlbench.core.domain",
    "Strategy": "tlbench.core.strategy",
    "TlbenchError": "tlbench.errors",
    "Toolkit": "tlbench.training.toolkit",
    "TransferModel": "tlbench.core.model",
    "TransferTask": "tlbench.core.task",
    "batch_tensor": "tlbench.training.batches",
    "load_model": "tlbench.exporting.exported_model",
    "load_results": "tlbench.api.results",
    "run": "tlbench.api.run",
}
#: Names of before, each with the one that it has now.
_RENAMED = {"Later": "AddedField", "Whereabouts": "DataLocation"}
_MODULES = {"layers", "losses", "schedules"}

__all__ = [
    "AddedField",
    "Backbone",
    "Batch",
    "DataError",
    "DataLocation",
    "Dataset",
    "Domain",
    "ExportedModel",
    "FeatureStrategy",
    "GradientStrategy",
    "Health",
    "ModelPredictor",
    "Params",
    "Prediction",
    "Predictor",
    "Results",
    "Split",
    "SplitOrigin",
    "Strategy",
    "TlbenchError",
    "Toolkit",
    "TransferModel",
    "TransferTask",
    "__version__",
    "batch_tensor",
    "hookimpl",
    "layers",
    "load_model",
    "load_results",
    "losses",
    "run",
    "schedules",
]


def __getattr__(name: str) -> Any:
    if name in _RENAMED:
        warnings.warn(f"tlbench.{name} is now tlbench.{_RENAMED[name]}", DeprecationWarning, stacklevel=2)
        name = _RENAMED[name]
    if name in _MODULES:
        return importlib.import_module(f"tlbench.training.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'tlbench' has no attribute {name!r}")
