"""The built-in datasets. This file only names them: a dataset is imported when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tlbench

if TYPE_CHECKING:
    from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_datasets(register: Register) -> None:
    """Register the built-in datasets."""
    register(
        "digits",
        "tlbench_datasets.named.digits:Digits",
        summary="scanned digits, the same on photographs, and rendered ones: three 16x16 domains, embedded",
    )
    register(
        "folder:",
        "tlbench_datasets.images.folder:Folder",
        summary="your own images: PATH/domain/class/*.jpg, or lists",
    )
    register(
        "npz:",
        "tlbench_datasets.arrays.dataset:Npz",
        summary="your own arrays: PATH/domain.npz with inputs and labels, or PATH/domain/inputs.npy and so on",
    )
    register(
        "svmlight:",
        "tlbench_datasets.arrays.svmlight:Svmlight",
        summary="your own sparse vectors: PATH/domain.svmlight",
    )
    register(
        "csv:",
        "tlbench_datasets.tables.formats:Csv",
        summary="your own table of numbers or of texts, columns named in [data]",
    )
    register(
        "parquet:",
        "tlbench_datasets.tables.formats:Parquet",
        summary="as csv:, from a Parquet file (needs pyarrow)",
    )
    register(
        "digits-real",
        "tlbench_datasets.named.digits_real:DigitsReal",
        summary="MNIST, USPS and MNIST on photographs, 28x28 and RGB unless [data] says otherwise",
    )
    register(
        "mnist-usps",
        "tlbench_datasets.named.mnist_usps:MnistUsps",
        summary="the subsets of 2,000 and 1,800 digits of JDA, as vectors, for transductive-test",
    )
    register(
        "pacs",
        "tlbench_datasets.named.pacs:Pacs",
        summary="photographs, paintings, cartoons, sketches: your copy",
    )
    register("pacs-96", "tlbench_datasets.named.pacs:Pacs96", summary="all of PACS, reduced to 96x96")
    register(
        "pneumonia",
        "tlbench_datasets.named.pneumonia:Pneumonia",
        summary="chest X-rays of MedMNIST, 28x28, grey",
    )
    register(
        "pneumonia-rebuilt",
        "tlbench_datasets.named.pneumonia:PneumoniaRebuilt",
        summary="as pneumonia, put together from two incomplete copies",
    )
    register(
        "amazon-reviews",
        "tlbench_datasets.named.amazon_reviews:AmazonReviews",
        summary="sentiment of product reviews in four domains, as bags of words or ([data] view = 'text') as texts",
    )
    register(
        "sentences",
        "tlbench_datasets.named.sentences:Sentences",
        summary="SST-2, MR, CR, Subj and TREC: texts, three label spaces",
    )
    register(
        "hub:",
        "tlbench_datasets.hub.dataset:Hub",
        summary="images or texts of the Hugging Face hub, OWNER/NAME, or a folder in its layout, ./FOLDER",
    )
