"""The built-in plugins pass the checks that are asked of everybody's. A check that fails raises `CheckFailed`."""

from __future__ import annotations

from tlbench.testing import parametrize_with_checks

STRATEGIES = ["fine-tune", "feature-extraction", "multi-task", "dann", "linear-probe", "linear-svm"]
STRATEGIES += ["nearest-neighbour", "k-means", "dec"]
STRATEGIES += ["dan", "jan", "deep-coral", "afn", "bsp", "adda", "cdan", "cdan-e", "mcd", "mdd", "daln"]
NO_PAPER = {"metadata": "a reference of the host, which no paper proposes"}
CLUSTERS = {"tells": "of clusters, which have no names, classes that are all mistaken are all right"}


@parametrize_with_checks(STRATEGIES)
def test_strategies(check):
    check()


@parametrize_with_checks(["source-only", "target-only", "oracle", "pooling"], expected_failed_checks=NO_PAPER)
def test_references(check):
    check()


@parametrize_with_checks(["majority"], expected_failed_checks={**NO_PAPER, "learns": "it does not look at inputs"})
def test_the_trivial_reference(check):
    check()


@parametrize_with_checks(["digits"], kind="dataset")
def test_datasets(check):
    check()


@parametrize_with_checks(["mlp:16", "small-cnn", "linear", "lenet", "bag-of-words:64"], kind="backbone")
def test_backbones(check):
    check()


@parametrize_with_checks(["accuracy", "balanced_accuracy", "macro_f1", "auroc", "nll", "ece"], kind="metric")
def test_metrics(check):
    check()


@parametrize_with_checks(["clustering_accuracy", "nmi", "ari"], kind="metric", expected_failed_checks=CLUSTERS)
def test_metrics_of_clusters(check):
    check()
