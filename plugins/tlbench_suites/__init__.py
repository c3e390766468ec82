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
        "amazon-msda",
        "tlbench_suites:amazon-msda.toml",
        summary="the same on features of denoising autoencoders, beside Ganin et al. 2016, 5 seeds",
    )
    register(
        "amazon-msda-small",
        "tlbench_suites:amazon-msda-small.toml",
        summary="one pair of amazon-msda, 300 words, 1 seed, 20 steps: does everything work?",
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
        "digits-real",
        "tlbench_suites:digits-real.toml",
        summary="MNIST, USPS and MNIST on photographs with DANN as published, beside other figures, 5 seeds",
    )
    register(
        "digits-real-small",
        "tlbench_suites:digits-real-small.toml",
        summary="two pairs of digits-real, 16 px, 1 seed, 20 steps: does everything work?",
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
    register(
        "sentences",
        "tlbench_suites:sentences.toml",
        summary="sentiment, subjectivity and questions, twelve pairs of unequal classes on a frozen encoder, 5 seeds",
    )
    register(
        "sentences-encoder",
        "tlbench_suites:sentences-encoder.toml",
        summary="the same pairs with the whole encoder trained, for a GPU, 5 seeds",
    )
    register(
        "sentences-small",
        "tlbench_suites:sentences-small.toml",
        summary="two of these pairs, 1 seed: a look at `sentences`",
    )
