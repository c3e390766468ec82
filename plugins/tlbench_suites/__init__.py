"""The built-in suites, by name."""

from __future__ import annotations

import tlbench
from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_suites(register: Register) -> None:
    """Suite files of this package."""
    register(
        "amazon-bow",
        "tlbench_suites:amazon-bow.toml",
        summary="DANN, its plain twin and a linear SVM on bags of words, beside Ganin et al. 2016, 5 seeds",
    )
    register("digits", "tlbench_suites:digits.toml", summary="all six pairs, two settings, four strategies, 5 seeds")
    register(
        "digits-clustering",
        "tlbench_suites:digits-clustering.toml",
        summary="no label at all: do source inputs help to find clusters? 5 seeds",
    )
    register(
        "digits-lambda",
        "tlbench_suites:digits-lambda.toml",
        summary="DANN's λ chosen by every selector, with reverse validation, 5 seeds",
    )
    register(
        "digits-sources",
        "tlbench_suites:digits-sources.toml",
        summary="two sources at once, beside the best single one, 5 seeds",
    )
    register(
        "medical",
        "tlbench_suites:medical.toml",
        summary="chest X-rays with few and many labels: ImageNet weights against random ones, 5 seeds",
    )
    register(
        "medical-small",
        "tlbench_suites:medical-small.toml",
        summary="medical at 32 px with 5 labels a class, 1 seed, 3 steps: does everything work?",
    )
    register(
        "mnist-usps",
        "tlbench_suites:mnist-usps.toml",
        summary="nearest neighbour and logistic regression on rows of pixels, beside Long et al. 2013",
    )
    register(
        "pacs-mobilenet",
        "tlbench_suites:pacs-mobilenet.toml",
        summary="frozen ImageNet features of photographs, paintings, cartoons and sketches, twelve pairs, 5 seeds",
    )
    register(
        "pacs-trained",
        "tlbench_suites:pacs-trained.toml",
        summary="for a GPU: PACS with an ImageNet encoder that is trained whole, DANN on twelve pairs, 3 seeds",
    )
    register(
        "pacs-trained-shots",
        "tlbench_suites:pacs-trained-shots.toml",
        summary="for a GPU: the same with ten target labels a class, fine-tuned, 3 seeds",
    )
    register(
        "pacs-trained-shots-small",
        "tlbench_suites:pacs-trained-shots-small.toml",
        summary="one pair of pacs-trained-shots, 16 px, 1 seed, 2 steps: does everything work?",
    )
    register(
        "pacs-trained-small",
        "tlbench_suites:pacs-trained-small.toml",
        summary="one pair of pacs-trained, 16 px, 1 seed, 2 steps: does everything work?",
    )
    register("quick", "tlbench_suites:quick.toml", summary="two pairs, 1 seed: a look in under a minute")
