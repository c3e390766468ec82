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
    register(
        "amazon-text",
        "tlbench_suites:amazon-text.toml",
        summary="raw reviews, twelve pairs: a frozen MiniLM beside bags of words, and ten target labels, 5 seeds",
    )
    register(
        "amazon-text-encoder",
        "tlbench_suites:amazon-text-encoder.toml",
        summary="raw reviews, four pairs with the whole MiniLM trained, for a GPU, 5 seeds",
    )
    register(
        "amazon-text-small",
        "tlbench_suites:amazon-text-small.toml",
        summary="two pairs of raw reviews, 1 seed: a look at `amazon-text`",
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
        "mnist-usps",
        "tlbench_suites:mnist-usps.toml",
        summary="nearest neighbour and logistic regression on rows of pixels, beside Long et al. 2013",
    )
    register(
        "pacs-mobilenet",
        "tlbench_suites:pacs-mobilenet.toml",
        summary="frozen ImageNet features of photographs, paintings, cartoons and sketches, twelve pairs, 5 seeds",
    )
    register("quick", "tlbench_suites:quick.toml", summary="two pairs, 1 seed: a look in under a minute")
