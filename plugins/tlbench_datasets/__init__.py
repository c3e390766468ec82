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
        "tlbench_datasets.digits:Digits",
        summary="scanned digits, the same on photographs, and rendered ones: three 16x16 domains, embedded",
    )
    register("folder:", "tlbench_datasets.folder:Folder", summary="your own images: PATH/domain/class/*.jpg, or lists")
    register(
        "npz:",
        "tlbench_datasets.arrays:Npz",
        summary="your own arrays: PATH/domain.npz with inputs and labels, or PATH/domain/inputs.npy and so on",
    )
    register("svmlight:", "tlbench_datasets.svmlight:Svmlight", summary="your own sparse vectors: PATH/domain.svmlight")
    register(
        "csv:", "tlbench_datasets.tables:Csv", summary="your own table of numbers or of texts, columns named in [data]"
    )
    register("parquet:", "tlbench_datasets.tables:Parquet", summary="as csv:, from a Parquet file (needs pyarrow)")
