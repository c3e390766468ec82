"""Tiny folders in the layout of the Hugging Face hub, made for tests."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

datasets = pytest.importorskip("datasets")

CLASSES = ["dog", "cat"]  # not in the order of the alphabet
IMAGES = datasets.Features(
    {"image": datasets.Image(), "label": datasets.ClassLabel(names=CLASSES), "site": datasets.Value("string")}
)
TEXTS = datasets.Features(
    {"title": datasets.Value("string"), "text": datasets.Value("large_string"), "stars": datasets.Value("int64")}
)


def png(number: int, kind: int, side: int = 10) -> bytes:
    """An image that differs from all others by its number, and from the other class by its brightness."""
    pixels = np.random.default_rng([number, kind]).integers(0, 100, (side, side, 3)) + 150 * kind
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "png")
    return file.getvalue()


def write(path: Path, columns: dict, features) -> None:
    """A Parquet file as the hub has it, with the features in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = datasets.Dataset.from_dict(columns, features=features)
    datasets.utils.disable_progress_bars()
    try:
        rows.to_parquet(path)
    finally:
        datasets.utils.enable_progress_bars()


def images(path: Path, start: int = 0, count: int = 20, sites: str = "ab", **columns: list) -> None:
    """`count` images of two classes from two sites."""
    numbers = range(start, start + count)
    plain = {
        "image": [{"bytes": png(number, number % 2), "path": f"{number}.png"} for number in numbers],
        "label": [number % 2 for number in numbers],
        "site": [sites[2 * (number - start) // count] for number in numbers],
    }
    write(path, plain | columns, IMAGES)


def texts(path: Path, start: int = 0, count: int = 20, **columns: list) -> None:
    """`count` texts with a title, of 1 or 5 stars."""
    numbers = range(start, start + count)
    plain = {
        "title": [f"title {number}" for number in numbers],
        "text": [f"wörds {number}" for number in numbers],
        "stars": [1 + 4 * (number % 2) for number in numbers],
    }
    write(path, plain | columns, TEXTS)


def readme(folder: Path, configurations: dict[str, dict[str, str]]) -> Path:
    """A README.md that says which file is which split of which configuration."""
    lines = ["---", "configs:"]
    for name, files in configurations.items():
        lines += [f"- config_name: {name}", "  data_files:"]
        for split, path in files.items():
            lines += [f"  - split: {split}", f"    path: {path}"]
    folder.mkdir(exist_ok=True)
    (folder / "README.md").write_text("\n".join([*lines, "---", "# Made for tests"]))
    return folder


def by_configuration(folder: Path, names=("red", "blue"), make=images) -> Path:
    """A configuration for each domain, with splits train and test, through a README.md."""
    for place, name in enumerate(names):
        make(folder / name / "train.parquet", 1000 * place)
        make(folder / name / "test.parquet", 1000 * place + 100, 8)
    return readme(folder, {name: {split: f"{name}/{split}.parquet" for split in ("train", "test")} for name in names})


def by_column(folder: Path, **columns: list) -> Path:
    """One split, with a column `site` that is a or b."""
    images(folder / "data" / "train-00000-of-00001.parquet", count=40, **columns)
    return folder
