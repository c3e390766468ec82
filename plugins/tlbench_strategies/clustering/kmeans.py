"""k-means (Lloyd 1982) on the features of a backbone as it is initialised: what clustering gives without training.

Paper: https://doi.org/10.1109/TIT.1982.1056489

    min over c_1 … c_k of  Σ_i min_j ‖φ(x_i) − c_j‖²,    logit_j(x) = −‖φ(x) − c_j‖²

with φ the backbone's pretrained weights, or its random initialisation, and k the number of the target's classes. The
sum runs over source and target training inputs together, which is all the transfer there is; without a source over the
target alone.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

import tlbench
from tlbench import Backbone, DataError, Prediction, Predictor, Strategy, Toolkit, TransferTask
from tlbench.core.predictor import PredictorParts, Side
from tlbench.core.saved_heads import CentroidsHead
from tlbench_strategies.frozen_features.scaling import Scale, Scaler


class KMeans(Strategy):
    """Nearest of k centroids, fitted without any label."""

    settings: ClassVar[set[str]] = {"unsupervised"}
    classifier_trained_on: ClassVar = {"unsupervised": "source and target train features, without labels"}
    paper = "https://doi.org/10.1109/TIT.1982.1056489"
    without_source = "self"
    needs_source_examples = False

    class Params(tlbench.Params):
        """`n_init`: restarts, of which the best is kept; `scale`: features as they are, standardised, or of norm 1."""

        n_init: Annotated[int, Field(ge=1)] = 20
        scale: Scale = "none"

    def fit(self, task: TransferTask, toolkit: Toolkit) -> Predictor:
        """Features of all training inputs, then the centroids."""
        backbone = toolkit.frozen_backbone(task)
        inputs = [*(source.train.inputs for source in task.sources), task.target.inputs]
        features = np.concatenate([toolkit.features(backbone, part, labelled=False) for part in inputs])
        scaler = Scaler(features, self.params.scale)
        centroids = fit_centroids(scaler.of_array(features), len(task.class_names), self.params.n_init, task.seed)
        return CentroidPredictor(backbone, scaler, centroids, toolkit.device)


class CentroidPredictor(Predictor):
    """Logits are minus the squared distances to centroids (k, d) of scaled features. A source has no classes here."""

    def __init__(self, backbone: Backbone, scaler: Scaler, centroids: NDArray[np.float32], device: str) -> None:
        self._backbone = backbone
        self._scaler = scaler.to(device)
        self.centroids = torch.from_numpy(centroids).to(device)

    def parts(self) -> PredictorParts:
        """Backbone and centroids."""
        return PredictorParts(self._backbone, CentroidsHead(self.centroids, scaling=self._scaler))

    def predict(self, inputs: Tensor, side: Side = "target") -> Prediction:
        """The nearest centroid has the largest logit."""
        features = self._backbone(inputs)
        return Prediction(-squared_distances(self._scaler(features), self.centroids), features)


def fit_centroids(features: NDArray[np.float32], clusters: int, n_init: int, seed: int) -> NDArray[np.float32]:
    """The centroids (clusters, d) of the best of `n_init` runs of k-means on features (n, d)."""
    from sklearn.cluster import KMeans as ScikitKMeans  # here, for scikit-learn takes a second to import

    if len(features) < clusters:
        raise DataError(f"{len(features)} training inputs cannot form {clusters} clusters, one for each target class")
    fitted = ScikitKMeans(clusters, n_init=n_init, random_state=seed % 2**32).fit(features)
    centroids: NDArray[np.float32] = fitted.cluster_centers_.astype(np.float32)
    return centroids


def squared_distances(features: Tensor, centroids: Tensor) -> Tensor:
    """‖z_i − c_j‖² (n, k) of features (n, d) and centroids (k, d), by way of one product of matrices."""
    norms = features.square().sum(dim=1, keepdim=True) + centroids.square().sum(dim=1)
    return (norms - 2 * features @ centroids.T).clamp_min(0)  # rounding may take a distance of 0 below it
