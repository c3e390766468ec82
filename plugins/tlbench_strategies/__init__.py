"""The built-in strategies, by name. Light: their modules are imported when a run needs one."""

from __future__ import annotations

import tlbench
from tlbench.hookspecs import Register

#: Methods of domain adaptation: name, place, summary.
_ADAPTATION = (
    ("dan", "discrepancy.dan:DeepAdaptationNetwork", "embeddings alike to several kernels (MK-MMD)"),
    ("jan", "discrepancy.jan:JointAdaptationNetwork", "embeddings and predictions jointly alike (joint MMD)"),
    ("deep-coral", "discrepancy.deep_coral:DeepCoral", "covariances of both domains alike"),
    ("afn", "discrepancy.afn:AdaptiveFeatureNorm", "features of both domains with larger and larger norms"),
    ("bsp", "adversarial.bsp:BatchSpectralPenalization", "DANN with a penalty on the largest singular value"),
    ("adda", "adversarial.adda:AdversarialDiscriminative", "a copy of the source encoder that deceives a domain head"),
    ("cdan", "adversarial.cdan:ConditionalDomainAdversarial", "features that hide their domain given the class"),
    ("cdan-e", "adversarial.cdan:EntropyConditioned", "CDAN in which sure predictions count more (CDAN+E)"),
    (
        "mcd",
        "adversarial.mcd:MaximumClassifierDiscrepancy",
        "two classifiers that disagree, a backbone that joins them",
    ),
    ("mdd", "adversarial.mdd:MarginDisparityDiscrepancy", "no second classifier disagrees on the target alone"),
    ("daln", "adversarial.daln:DiscriminatorFree", "the classifier is its own domain head, by nuclear norms"),
    ("mcc", "self_training.mcc:MinimumClassConfusion", "target predictions that confuse no classes"),
    ("bnm", "self_training.bnm:BatchNuclearNorm", "target predictions that are sure and diverse, by nuclear norms"),
    ("shot", "self_training.shot:Shot", "source-free: a frozen classifier, sure and diverse, and centroids as labels"),
    ("shot-im", "self_training.shot:ShotIM", "source-free: a frozen classifier, sure and diverse on the target"),
    ("fixmatch", "self_training.fixmatch:FixMatch", "sure predictions on weak views as labels of strong views"),
    ("flexmatch", "self_training.flexmatch:FlexMatch", "FixMatch with lower thresholds for classes learnt less"),
    ("adamatch", "self_training.adamatch:AdaMatch", "FixMatch for two domains, aligned with the source's predictions"),
    ("mean-teacher", "self_training.mean_teacher:MeanTeacher", "an average of the weights as teacher of the target"),
    ("mme", "self_training.mme:MinimaxEntropy", "prototypes that move to the target, features that gather around them"),
    ("pseudo-labels", "self_training.pseudo_labels:PseudoLabelling", "predictions for the target as its labels"),
    (
        "mdan",
        "several_sources.mdan:MultisourceAdversarial",
        "several sources: a domain head for each, the hardest first",
    ),
    ("mfsan", "several_sources.mfsan:MultipleFeatureSpaces", "several sources: a branch for each, which agree"),
    ("m3sda", "several_sources.m3sda:MomentMatching", "several sources: moments alike, a pair of classifiers for each"),
    ("coral", "shallow.coral:Coral", "a linear SVM on source features with the target's covariance"),
    (
        "subspace-alignment",
        "shallow.subspace_alignment:SubspaceAlignment",
        "nearest neighbours in principal subspaces, one turned onto the other; needs the extra `shallow`",
    ),
    ("tca", "shallow.transfer_components:TransferComponents", "nearest neighbours in a projection of equal means"),
    ("jda", "shallow.transfer_components:JointDistributions", "TCA with classes of equal means, by labels on the way"),
    (
        "ot-emd",
        "shallow.optimal_transport:ExactTransport",
        "nearest neighbours among source examples moved at the least cost; needs the extra `shallow`",
    ),
    (
        "ot-sinkhorn",
        "shallow.optimal_transport:EntropicTransport",
        "the same with a smoother plan; needs the extra `shallow`",
    ),
    (
        "ot-linear",
        "shallow.optimal_transport:LinearTransport",
        "the same by the linear map between Gaussians; needs the extra `shallow`",
    ),
    (
        "jdot",
        "shallow.jdot:JointTransport",
        "a classifier and a transport plan in turn (joint distribution OT); needs the extra `shallow`",
    ),
    (
        "kmm",
        "shallow.reweighting:KernelMeanMatching",
        "source examples weighted to the target's mean in a kernel's space",
    ),
    (
        "density-reweighting",
        "shallow.reweighting:DensityReweighting",
        "source examples weighted by a ratio of densities; needs the extra `shallow`",
    ),
)


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
    for name, place, summary in _ADAPTATION:
        register(name, f"{here}.{place}", summary=summary)
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
