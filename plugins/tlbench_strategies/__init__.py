"""The built-in strategies, by name. Light: their modules are imported when a run needs one."""

from __future__ import annotations

import tlbench
from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_strategies(register: Register) -> None:
    """Strategies that train the backbone, classifiers on what it brings along, two for clustering, and references."""
    here = "tlbench_strategies"
    register(
        "fine-tune",
        f"{here}.fine_tuning.fine_tune:FineTune",
        summary="train on the source, go on with the target's labels",
    )
    register(
        "feature-extraction",
        f"{here}.frozen_features.feature_extraction:FeatureExtraction",
        summary="logistic regression on the features of a frozen backbone",
    )
    register(
        "multi-task",
        f"{here}.multi_task.uncertainty_weighting:MultiTask",
        summary="one backbone, a head per domain, trained together",
    )
    register(
        "dann", f"{here}.adversarial.domain_adversarial:DomainAdversarial", summary="features that hide their domain"
    )
    register(
        "linear-probe",
        f"{here}.frozen_features.linear_probe:LinearProbe",
        summary="logistic regression on the features of a backbone as it is initialised",
    )
    register(
        "linear-svm",
        f"{here}.frozen_features.linear_svm:LinearSVM",
        summary="linear SVM on the features of a backbone as it is initialised",
    )
    register(
        "nearest-neighbour",
        f"{here}.frozen_features.nearest_neighbour:NearestNeighbour",
        summary="the nearest labelled example by the features of a backbone as it is initialised",
    )
    register(
        "k-means",
        f"{here}.clustering.kmeans:KMeans",
        summary="k-means on the features of a backbone as it is initialised",
    )
    register(
        "dec",
        f"{here}.clustering.deep_embedded_clustering:DeepEmbeddedClustering",
        summary="an autoencoder whose code is then sharpened around centroids",
    )
    register("source-only", f"{here}.references:SourceOnly", summary="reference: the source's labels, no adaptation")
    register(
        "target-only", f"{here}.references:TargetOnly", summary="reference: the setting's target labels, no source"
    )
    register("oracle", f"{here}.references:Oracle", summary="reference: all target training labels")
    register(
        "pooling", f"{here}.references:Pooling", summary="reference: source and target labels together, one classifier"
    )
    register("majority", f"{here}.references:Majority", summary="reference: always the target's most frequent class")
