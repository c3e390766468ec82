"""The built-in strategies, by name. Light: their modules are imported when a run needs one."""

from __future__ import annotations

import tlbench
from tlbench.hookspecs import Register

_SHALLOW = " (needs the extra `shallow`)"

#: Name, place in this package, and what it does.
_STRATEGIES = (
    # Fine-tuning, frozen features, multi-task.
    ("fine-tune", "fine_tuning.fine_tune:FineTune", "train on the source, go on with the target's labels"),
    (
        "feature-extraction",
        "frozen_features.feature_extraction:FeatureExtraction",
        "logistic regression on the features of a frozen backbone",
    ),
    (
        "multi-task",
        "multi_task.uncertainty_weighting:MultiTask",
        "one backbone, a head per domain, trained together",
    ),
    # Adversarial.
    ("dann", "adversarial.domain_adversarial:DomainAdversarial", "features that a domain classifier cannot tell apart"),
    ("adda", "adversarial.adda:AdversarialDiscriminative", "train a target encoder to fool a domain classifier"),
    ("cdan", "adversarial.cdan:ConditionalDomainAdversarial", "DANN on features combined with class predictions"),
    ("cdan-e", "adversarial.cdan:EntropyConditioned", "CDAN that weights examples by the entropy of their predictions"),
    (
        "mcd",
        "adversarial.mcd:MaximumClassifierDiscrepancy",
        "adversarial training on the disagreement of two classifiers",
    ),
    ("mdd", "adversarial.mdd:MarginDisparityDiscrepancy", "minimise the margin disparity to an adversarial classifier"),
    ("daln", "adversarial.daln:DiscriminatorFree", "the classifier as discriminator, by nuclear-norm Wasserstein"),
    ("bsp", "adversarial.bsp:BatchSpectralPenalization", "DANN that penalises the largest singular values of features"),
    # Discrepancy.
    ("dan", "discrepancy.dan:DeepAdaptationNetwork", "match feature distributions by multi-kernel MMD"),
    ("jan", "discrepancy.jan:JointAdaptationNetwork", "match features and predictions jointly, by joint MMD"),
    ("deep-coral", "discrepancy.deep_coral:DeepCoral", "match the covariances of both domains"),
    ("afn", "discrepancy.afn:AdaptiveFeatureNorm", "enlarge the feature norms of both domains step by step"),
    # Self-training and information maximisation.
    ("mcc", "self_training.mcc:MinimumClassConfusion", "minimise the class confusion of target predictions"),
    ("bnm", "self_training.bnm:BatchNuclearNorm", "maximise the nuclear norm of target predictions"),
    ("shot", "self_training.shot:Shot", "source-free: information maximisation and centroid pseudo-labels"),
    ("shot-im", "self_training.shot:ShotIM", "source-free: information maximisation with a frozen classifier"),
    ("fixmatch", "self_training.fixmatch:FixMatch", "confident pseudo-labels of weak views train strong views"),
    ("flexmatch", "self_training.flexmatch:FlexMatch", "FixMatch with a threshold for each class"),
    ("adamatch", "self_training.adamatch:AdaMatch", "FixMatch with distribution alignment and relative thresholds"),
    ("mean-teacher", "self_training.mean_teacher:MeanTeacher", "consistency with a moving average of the weights"),
    ("mme", "self_training.mme:MinimaxEntropy", "minimax entropy: classifier raises, backbone lowers target entropy"),
    ("pseudo-labels", "self_training.pseudo_labels:PseudoLabelling", "train on predictions for the target as labels"),
    # Several sources.
    ("mdan", "several_sources.mdan:MultisourceAdversarial", "several sources: DANN with a domain classifier for each"),
    ("mfsan", "several_sources.mfsan:MultipleFeatureSpaces", "several sources: MMD and a classifier for each"),
    ("m3sda", "several_sources.m3sda:MomentMatching", "several sources: match the moments of all domains"),
    # On frozen features.
    ("coral", "shallow.coral:Coral", "linear SVM on source features with the target's covariance"),
    (
        "subspace-alignment",
        "shallow.subspace_alignment:SubspaceAlignment",
        f"1-nearest neighbour in aligned principal subspaces{_SHALLOW}",
    ),
    (
        "tca",
        "shallow.transfer_components:TransferComponents",
        "1-nearest neighbour on transfer components (linear MMD)",
    ),
    ("jda", "shallow.transfer_components:JointDistributions", "TCA with class-wise MMD on pseudo-labels"),
    (
        "ot-emd",
        "shallow.optimal_transport:ExactTransport",
        f"1-nearest neighbour after exact optimal transport{_SHALLOW}",
    ),
    ("ot-sinkhorn", "shallow.optimal_transport:EntropicTransport", f"the same with entropic regularisation{_SHALLOW}"),
    ("ot-linear", "shallow.optimal_transport:LinearTransport", f"the same with the linear Monge map{_SHALLOW}"),
    ("jdot", "shallow.jdot:JointTransport", f"joint distribution optimal transport{_SHALLOW}"),
    ("kmm", "shallow.reweighting:KernelMeanMatching", "kernel mean matching: weighted source examples"),
    (
        "density-reweighting",
        "shallow.reweighting:DensityReweighting",
        f"source examples weighted by a density ratio{_SHALLOW}",
    ),
    # Without the source model.
    (
        "linear-probe",
        "frozen_features.linear_probe:LinearProbe",
        "logistic regression on the features of a backbone as it is initialised",
    ),
    (
        "linear-svm",
        "frozen_features.linear_svm:LinearSVM",
        "linear SVM on the features of a backbone as it is initialised",
    ),
    (
        "nearest-neighbour",
        "frozen_features.nearest_neighbour:NearestNeighbour",
        "the nearest labelled example by the features of a backbone as it is initialised",
    ),
    # Clustering.
    ("k-means", "clustering.kmeans:KMeans", "k-means on the features of a backbone as it is initialised"),
    (
        "dec",
        "clustering.deep_embedded_clustering:DeepEmbeddedClustering",
        "an autoencoder whose code is then sharpened around centroids",
    ),
    # References, which the host schedules by itself.
    ("source-only", "references:SourceOnly", "reference: the source's labels, no adaptation"),
    ("target-only", "references:TargetOnly", "reference: the setting's target labels, no source"),
    ("oracle", "references:Oracle", "reference: all target training labels"),
    ("pooling", "references:Pooling", "reference: source and target labels together, one classifier"),
    ("majority", "references:Majority", "reference: always the target's most frequent class"),
)


@tlbench.hookimpl
def tlbench_register_strategies(register: Register) -> None:
    """Adaptation, fine-tuning, classifiers on frozen features, clustering, and references."""
    for name, place, summary in _STRATEGIES:
        register(name, f"tlbench_strategies.{place}", summary=summary)
