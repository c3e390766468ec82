"""What shallow methods of domain adaptation share: features of both domains, an alignment, a classifier on the source.

Features are those that the backbone has as it is initialised. A method says what becomes of source and of target
features, also of new ones, and how much each source example counts; then a classifier is trained on the source's. The
classifier is that of another strategy, with its parameters, which is so the same without adapting.
"""

from __future__ import annotations

import importlib.util
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import tlbench
from tlbench import Backbone, Prediction, Predictor, Strategy, Toolkit, TransferTask
from tlbench.core.fit_warnings import unfinished_fits_noted
from tlbench.core.predictor import PredictorParts, Side
from tlbench.core.saved_heads import SavedHead
from tlbench.core.task import TaskOutline
from tlbench_strategies.frozen_features.initial_features import InitialFeatures
from tlbench_strategies.frozen_features.scaling import Scale, Scaler

Features = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]
#: Features (n, d) of a domain to what the classifier sees (n, k), each row by itself.
Map = Callable[[Features], Features]

#: A share of source examples, by their weights, below which a note says so.
FEW = 0.1


def unchanged(features: Features) -> Features:
    """Features as they are."""
    return features


@dataclass(frozen=True)
class Alignment:
    """What becomes of scaled features of each side, and how much each source example counts (n,), by default alike."""

    source: Map = unchanged
    target: Map = unchanged
    weights: NDArray[np.floating[Any]] | None = None


class ShallowAdaptation(Strategy):
    """A classifier on source features that are aligned with the target's: give `twin`, its name, and `align`."""

    settings: ClassVar[set[str]] = {"transductive"}
    classifier_trained_on: ClassVar = {"transductive": "source train features, adapted to the target's"}
    same_label_space = True
    deterministic = True
    #: The strategy whose classifier this has; `without_adaptation` is its name.
    twin: ClassVar[type[InitialFeatures]]
    #: Modules of the extra `shallow` that it needs.
    modules: ClassVar[tuple[str, ...]] = ()

    class Params(tlbench.Params):
        """`scale`: features as they are, of norm 1, or standardised, **each domain by its own** mean and deviation."""

        scale: Scale = "none"

    @classmethod
    def not_applicable(cls, outline: TaskOutline) -> str | None:
        """As for all, and without its libraries."""
        lacking = [name for name in cls.modules if importlib.util.find_spec(name) is None]
        if lacking:
            return f"it needs {' and '.join(lacking)}, not installed: pip install 'tlbench[shallow]'"
        return super().not_applicable(outline)

    @abstractmethod
    def align(self, source: Features, labels: Labels, target: Features) -> Alignment:
        """From scaled features (n, d) and labels (n,) of the source, and features (m, d) of the target."""

    def classifier(self, examples: int) -> Any:
        """The twin's, before its fit on a number of examples, with those parameters that both have."""
        shared = {name: getattr(self.params, name) for name in self.twin.Params.model_fields}
        return self.twin(self.twin.Params(**shared)).classifier(examples)

    def fit_adapted(self, source: Features, labels: Labels, target: Features) -> tuple[Alignment, Any]:
        """The alignment, and the classifier fitted on the source in it."""
        alignment = self.align(source, labels, target)
        classifier = self.classifier(len(source))
        weights = {} if alignment.weights is None else {"sample_weight": alignment.weights}
        return alignment, classifier.fit(alignment.source(source).astype(np.float32), labels, **weights)

    def fit(self, task: TransferTask, toolkit: Toolkit) -> Predictor:
        """Features of both domains, each scaled, aligned, and the classifier."""
        backbone = toolkit.frozen_backbone(task, of_source_model=False)
        examples = toolkit.classifier_examples(task)
        of_source = self.chosen(toolkit.features(backbone, examples.inputs), "source", toolkit)
        labels = self.chosen(examples.labels, "", toolkit)
        of_target = toolkit.features(backbone, task.target.inputs, labelled=False)
        of_target = self.chosen(of_target, "target", toolkit)
        scalers: dict[Side, Scaler] = {
            "source": Scaler(of_source, self.params.scale),
            "target": Scaler(of_target, self.params.scale),
        }
        scaled = scalers["source"].of_array(of_source), scalers["target"].of_array(of_target)
        with unfinished_fits_noted(toolkit.report.notes):
            alignment, classifier = self.fit_adapted(scaled[0], labels, scaled[1])
        toolkit.report.notes += notes_on(alignment)
        return AlignedPredictor(backbone, scalers, alignment, classifier, task, toolkit)

    def chosen(self, rows: NDArray[Any], what: str, toolkit: Toolkit) -> NDArray[Any]:
        """The examples that are used: all. `what` they are of, for a note; empty where it was told already."""
        return rows


class AlignedPredictor(Predictor):
    """Features by the backbone, scaled and mapped as those of their side, and logits by the classifier."""

    def __init__(
        self,
        backbone: Backbone,
        scalers: dict[Side, Scaler],
        alignment: Alignment,
        classifier: Any,
        task: TransferTask,
        toolkit: Toolkit,
    ) -> None:
        self._backbone = backbone
        self._scalers = scalers
        self._alignment = alignment
        as_they_are = Backbone([nn.Identity()], backbone.feature_dim)
        self._on_features = toolkit.feature_predictor(as_they_are, classifier, task)

    def has_side(self, side: Side) -> bool:
        """Both: their classes are the same."""
        return self._on_features.has_side(side)

    def parts(self) -> PredictorParts | None:
        """Backbone and classifier, where target features are at most scaled before it."""
        parts = self._on_features.parts()
        if parts is None or self._alignment.target is not unchanged or not isinstance(parts.head, SavedHead):
            return None
        parts.head.scaling = self._scalers["target"]
        return PredictorParts(self._backbone, parts.head)

    def predict(self, inputs: Tensor, side: Side = "target") -> Prediction:
        """Logits (n, classes), and the features that the classifier sees (n, k)."""
        features = self._scalers[side].of_array(self._backbone(inputs).cpu().numpy())
        mapped = getattr(self._alignment, side)(features)
        return self._on_features.predict(torch.from_numpy(np.ascontiguousarray(mapped, dtype=np.float32)), side)


def notes_on(alignment: Alignment) -> list[str]:
    """What is to be told of weights: where few examples have nearly all of it, the classifier sees few."""
    if alignment.weights is None:
        return []
    total = alignment.weights.sum()
    effective = total**2 / np.square(alignment.weights).sum() if total > 0 else 0.0
    if effective >= FEW * len(alignment.weights):
        return []
    return [f"weights leave {effective:.0f} of {len(alignment.weights)} source examples in effect (Kish's formula)"]
