"""Deep embedded clustering, DEC (Xie, Girshick and Farhadi, ICML 2016).

Paper: https://arxiv.org/abs/1511.06335

Two phases of the suite's budget each, with the backbone as the encoder z_i = φ(x_i):

1. `autoencoder`: a decoder g gives the prepared inputs back, min over φ, g of the mean of ‖g(φ(x)) − x‖² per value, on
   source and target inputs, which is where the source comes in;
2. `clustering`: centroids μ_j from k-means on z_i, one per target class; then, on the target inputs alone,

    min over φ, μ of  KL(P‖Q)    with P held fixed in every step,
    q_ij ∝ (1 + ‖z_i − μ_j‖²)^(−1),    p_ij ∝ q_ij² / f_j,    f_j = Σ_i q_ij        (eq. 1–3, α = 1)

Where this deviates from the paper: the autoencoder is trained end to end, without layer-wise pretraining and dropout;
its code is the backbone's feature vector, whatever its width and last activation. f_j is a running mean of q over
batches, which starts as the mean over all target training inputs, and P follows every step, where the paper computes
both from all data at intervals. The loss is a mean over examples, not a sum, and the budget says when to stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

import tlbench
from tlbench import Backbone, Batch, DataError, Predictor, Strategy, Toolkit, TransferModel, TransferTask
from tlbench.core.saved_heads import CentroidsHead
from tlbench_strategies.clustering.kmeans import fit_centroids, squared_distances


class ClusterHead(nn.Module):
    """Centroids μ (k, d) and the running mean f (k,) of the soft assignments; gives log q (n, k) of features (n, d)."""

    frequencies: Tensor

    def __init__(self, centroids: Tensor) -> None:
        super().__init__()
        self.centroids = nn.Parameter(centroids)
        self.register_buffer("frequencies", torch.full((len(centroids),), 1 / len(centroids)))

    def forward(self, features: Tensor) -> Tensor:
        """Log of q_ij, Student's t with one degree of freedom (eq. 1)."""
        return functional.log_softmax(-torch.log1p(squared_distances(features, self.centroids)), dim=1)

    def as_saved(self) -> CentroidsHead:
        """The centroids, for a model that is kept: the running mean is of training alone."""
        return CentroidsHead(self.centroids.detach(), student=True)

    @torch.no_grad()
    def follow(self, assignments: Tensor, weight: float) -> None:
        """Take the mean of q (n, k) into the running mean with `weight`."""
        self.frequencies.mul_(1 - weight).add_(assignments.mean(dim=0), alpha=weight)


def target_distribution(assignments: Tensor, frequencies: Tensor) -> Tensor:
    """p_ij ∝ q_ij² / f_j of q (n, k) and f (k,), known up to a factor (eq. 3)."""
    weights = assignments.square() / frequencies
    return weights / weights.sum(dim=1, keepdim=True)


class DeepEmbeddedClustering(Strategy):
    """An autoencoder, k-means on its code, then code and centroids sharpened together."""

    settings: ClassVar[set[str]] = {"unsupervised"}
    classifier_trained_on: ClassVar = {
        "unsupervised": "target train, without labels; source train inputs shape the autoencoder"
    }
    paper = "https://arxiv.org/abs/1511.06335"
    without_source = "self"
    needs_source_examples = False

    class Params(tlbench.Params):
        """`hidden`: width of the decoder's hidden layer; `n_init`: restarts of k-means.

        `clustering_lr`: factor on the suite's learning rate in the second phase (the paper's rates are 0.1, then 0.01).
        `momentum`: weight of a batch in f. A slow mean lags behind q while the features move, and then rewards the
        cluster that happens to grow until it has everything.
        """

        hidden: Annotated[int, Field(ge=1)] = 256
        n_init: Annotated[int, Field(ge=1)] = 20
        clustering_lr: Annotated[float, Field(gt=0)] = 0.1
        momentum: Annotated[float, Field(gt=0, le=1)] = 0.5

    def fit(self, task: TransferTask, toolkit: Toolkit) -> Predictor:
        """Both phases; the checkpoints are the second's."""
        if not len(task.target.inputs):
            raise DataError("the target has no training inputs to cluster")
        model = toolkit.new_model(task)
        model.source_head = None  # clusters are of the target; nothing here tells the source's classes
        example = torch.from_numpy(np.array(task.target.inputs[:1])).to(toolkit.device)
        toolkit.extend(model, task.seed, lambda: {"decoder": self.decoder(model.backbone, example)})
        reconstructing = [*model.backbone.parameters(), *model.decoder.parameters()]
        toolkit.train(model, self.reconstruction, task, groups=[(reconstructing, 1.0)], phase="autoencoder")

        features = toolkit.features(model.backbone.eval(), task.target.inputs, labelled=False)
        model.head = self.cluster_head(features, task).to(toolkit.device)
        clustering = [*model.backbone.parameters(), *model.head.parameters()]
        groups = [(clustering, self.params.clustering_lr)]
        return toolkit.train(model, self.clustering, task, groups=groups, frozen=[model.decoder], phase="clustering")

    def decoder(self, backbone: Backbone, example: Tensor) -> nn.Module:
        """Features to a flat prepared input of the size of `example` (1, …), through one hidden layer."""
        hidden, size = self.params.hidden, _flat(backbone, example).shape[1]
        return nn.Sequential(nn.Linear(backbone.feature_dim, hidden), nn.ReLU(), nn.Linear(hidden, size))

    def cluster_head(self, features: NDArray[np.float32], task: TransferTask) -> ClusterHead:
        """Centroids of k-means on the target's features (n, d), and f as it is over all of them."""
        head = ClusterHead(
            torch.from_numpy(fit_centroids(features, len(task.class_names), self.params.n_init, task.seed))
        )
        with torch.no_grad():
            head.follow(head(torch.from_numpy(features)).exp(), weight=1.0)
        return head

    def reconstruction(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """Mean squared error per value of a prepared input, over source and target inputs."""
        roles = [batch.source_inputs, batch.target] if batch.has_source else [batch.target]
        inputs = torch.cat([role.inputs for role in roles])
        decoded = model.decoder(model.features(inputs))
        return {"reconstruction": functional.mse_loss(decoded, _flat(model.backbone, inputs))}

    def clustering(self, model: TransferModel, batch: Batch, progress: float) -> Mapping[str, Tensor]:
        """KL(P‖Q) in nats, mean over target inputs, with monitors that show a collapse."""
        head = model.head
        assert isinstance(head, ClusterHead)
        log_q = model(batch.target.inputs)
        q = log_q.detach().exp()
        head.follow(q, self.params.momentum)
        p = target_distribution(q, head.frequencies)
        confidence = q.amax(dim=1, keepdim=True)
        return {
            "kl": (torch.xlogy(p, p) - p * log_q).sum(dim=1).mean(),
            "confidence": confidence.mean(),
            "largest_cluster": (q == confidence).float().mean(dim=0).amax(),
        }


def _flat(backbone: Backbone, inputs: Tensor) -> Tensor:
    """Prepared inputs (n, values), to be reconstructed and so without a gradient."""
    return backbone.preprocess(inputs).flatten(1).detach()
