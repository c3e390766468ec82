"""Makes the embedded dataset `digits` from what scikit-learn and matplotlib carry; no network.

    python -m tlbench_datasets.named.digits_generator [--out FILE]

Needs the extra `generate`. The images are decided by the versions of numpy (random streams), scikit-learn (digits and
photographs), matplotlib (font files) and pillow (JPEG decoding, FreeType, resampling); they are written into the file
as `versions`, and the same versions give the same arrays.

The file holds, per domain and split, `<domain>/<split>/inputs` (uint8, (n, 3, 16, 16)), `…/labels` (int64, (n,)) and
`…/index` (int64, (n,)): the number of the digit in scikit-learn's `load_digits` for `uci` and `uci_m`, the number of
the drawing for `syn`. `uci_m/<split>/patch` (int64, (n, 3)) is the photograph, top row and left column of each patch.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from sklearn.datasets import load_digits, load_sample_images

from tlbench.core.domain import SPLITS, SplitName

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
Arrays = dict[str, NDArray[Any]]

SEED = 20160101
DECIDING = ("numpy", "scikit-learn", "matplotlib", "pillow")
DEFAULT_OUT = Path(__file__).parents[1] / "data" / "digits.npz"

SIDE = 16  # pixels of an image
UCI_SHARES = (0.60, 0.15, 0.25)  # train, val, test
SYN_PER_CLASS = 600
SYN_SHARES = (2 / 3, 2 / 15, 1 / 5)  # 4,000 / 800 / 1,200 of 6,000

# A patch spans twice as many pixels of the photograph as it has: at the photographs' own scale, 16 pixels are nearly
# one colour, and blending would only invert and tint the digit.
PATCH = 2 * SIDE
# Columns left out between regions: a JPEG block with halved chroma is 16 pixels wide, and may not serve two splits.
GAP = 16

CANVAS = 4 * SIDE  # digits are drawn large and then reduced, so that position and size vary by parts of a pixel
# The Display faces are left out: they have no digits.
FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSans-BoldOblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSansMono-Oblique",
    "DejaVuSansMono-BoldOblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "DejaVuSerif-BoldItalic",
)


def generator(stream: str, item: int = 0) -> np.random.Generator:
    """Seed the random numbers of one item of one stream: what one item draws does not move what the next one gets."""
    return np.random.default_rng([SEED, *stream.encode(), item])


def main() -> None:
    """Write the dataset to `--out` (default: where the package keeps it)."""
    parser = argparse.ArgumentParser(description="Make the embedded dataset `digits`.")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    out: Path = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, **generate())  # type: ignore[arg-type]  # numpy types `allow_pickle` among the arrays


def generate() -> Arrays:
    """Make every array of the file, by its name there."""
    digits, labels = scanned_digits()
    splits = split_by_content(digits, labels, UCI_SHARES, "uci split")
    patches = draw_patches(splits)
    blended = blend(digits, patches)
    drawings, drawn_labels = rendered_digits()
    drawn_splits = split_by_content(drawings, drawn_labels, SYN_SHARES, "syn split")
    return {
        "versions": deciding_versions(),
        **domain_arrays("uci", splits, inputs=digits, labels=labels),
        **domain_arrays("uci_m", splits, inputs=blended, labels=labels, patch=patches),
        **domain_arrays("syn", drawn_splits, inputs=drawings, labels=drawn_labels),
    }


def deciding_versions() -> NDArray[np.str_]:
    """List the versions that decide the arrays, as `name version`."""
    return np.array([f"{name} {version(name)}" for name in DECIDING])


def domain_arrays(domain: str, splits: dict[SplitName, Integers], **columns: NDArray[Any]) -> Arrays:
    """Give each split of one domain an order of its own.

    The order says nothing of the labels, and row i of `uci` is not row i of `uci_m`: aligned rows would hand a
    strategy the labels of the target.
    """
    arrays: Arrays = {}
    for name, members in splits.items():
        order = generator(f"{domain} {name} order").permutation(members)
        arrays |= {f"{domain}/{name}/{column}": values[order] for column, values in columns.items()}
        arrays[f"{domain}/{name}/index"] = order
    return arrays


def split_by_content(
    images: Bytes, labels: Integers, shares: tuple[float, float, float], stream: str
) -> dict[SplitName, Integers]:
    """Deal indices to splits, each class in the same shares; images that are equal byte for byte stay together.

    Equal images count once against the shares, with the label of the first of them.
    """
    groups: dict[bytes, list[int]] = defaultdict(list)
    for index, image in enumerate(images):
        groups[image.tobytes()].append(index)
    by_class: dict[int, list[list[int]]] = defaultdict(list)
    for group in groups.values():
        by_class[int(labels[group[0]])].append(group)
    members: dict[SplitName, list[int]] = {name: [] for name in SPLITS}
    for label in sorted(by_class):
        for name, group in _deal(by_class[label], shares, generator(stream, label)):
            members[name] += group
    return {name: np.array(sorted(indices), dtype=np.int64) for name, indices in members.items()}


def _deal(
    groups: list[list[int]], shares: tuple[float, float, float], rng: np.random.Generator
) -> Iterator[tuple[SplitName, list[int]]]:
    """Yield each group with the split that it falls into."""
    train_end, val_end = round(shares[0] * len(groups)), round((shares[0] + shares[1]) * len(groups))
    for rank, number in enumerate(rng.permutation(len(groups))):
        yield ("train" if rank < train_end else "val" if rank < val_end else "test"), groups[number]


# uci


def scanned_digits() -> tuple[Bytes, Integers]:
    """Read images (1797, 3, 16, 16) and labels (1797,) from scikit-learn's `load_digits`, in its order."""
    digits = load_digits()
    # Ink is counted from 0 to 16.
    scaled = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    large = [np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for image in scaled]
    return np.repeat(np.stack(large)[:, None], 3, axis=1), digits.target.astype(np.int64)


# uci_m


def photographs() -> list[Bytes]:
    """Read scikit-learn's two sample photographs, each of shape (427, 640, 3)."""
    return [np.asarray(photograph, dtype=np.uint8) for photograph in load_sample_images().images]


def photograph_regions(width: int) -> dict[SplitName, tuple[int, int]]:
    """Cut a photograph of `width` columns into a region per split: its first column and the one past its last.

    Strips of full height, because the photographs change more from sky to ground than from left to right: every
    split sees all of it. The strips are `GAP` columns apart.
    """
    usable = width - 2 * GAP
    train_end = round(UCI_SHARES[0] * usable)
    val_end = round((UCI_SHARES[0] + UCI_SHARES[1]) * usable)
    return {"train": (0, train_end), "val": (train_end + GAP, val_end + GAP), "test": (val_end + 2 * GAP, width)}


def draw_patches(splits: dict[SplitName, Integers]) -> Integers:
    """Draw photograph, top row and left column for each digit, (1797, 3); patches stay inside their split's region."""
    shapes = [photograph.shape for photograph in photographs()]
    patches = np.zeros((sum(len(members) for members in splits.values()), 3), dtype=np.int64)
    for name, members in splits.items():
        for index in members:
            rng = generator("uci_m patch", int(index))
            photograph = int(rng.integers(len(shapes)))
            height, width, _ = shapes[photograph]
            first, end = photograph_regions(width)[name]
            top, left = rng.integers(height - PATCH + 1), rng.integers(first, end - PATCH + 1)
            patches[index] = photograph, top, left
    return patches


def blend(digits: Bytes, patches: Integers) -> Bytes:
    """Take |patch − digit| per channel, as MNIST-M is made: Ganin et al. 2016, https://jmlr.org/papers/v17/15-239.html."""
    sources = photographs()
    backgrounds = np.stack([_reduced(sources[number], top, left) for number, top, left in patches])
    return np.abs(backgrounds.astype(np.int16) - digits.astype(np.int16)).astype(np.uint8)


def _reduced(photograph: Bytes, top: int, left: int) -> Bytes:
    """Cut out a patch and reduce it to the size of an image, (3, 16, 16)."""
    patch = Image.fromarray(photograph[top : top + PATCH, left : left + PATCH])
    return np.asarray(patch.resize((SIDE, SIDE), Image.Resampling.BOX)).transpose(2, 0, 1)


# syn


def rendered_digits() -> tuple[Bytes, Integers]:
    """Draw images (6000, 3, 16, 16) and labels (6000,), every class equally often."""
    labels = np.arange(10 * SYN_PER_CLASS, dtype=np.int64) % 10
    return np.stack([render(str(label), generator("syn", item)) for item, label in enumerate(labels)]), labels


def render(text: str, rng: np.random.Generator) -> Bytes:
    """Draw `text` in a random face, size, position, angle, blur and pair of colours: uint8 of shape (3, 16, 16)."""
    mask = Image.new("L", (CANVAS, CANVAS))
    ImageDraw.Draw(mask).text((CANVAS / 2, CANVAS / 2), text, fill=255, font=random_font(rng), anchor="mm")
    shift_x, shift_y = rng.uniform(-6, 6, size=2)  # canvas pixels: up to one and a half of the image's
    mask = mask.rotate(
        rng.uniform(-20, 20), Image.Resampling.BICUBIC, translate=(round(float(shift_x)), round(float(shift_y)))
    )
    mask = mask.filter(ImageFilter.GaussianBlur(rng.uniform(0, 3)))
    ink = np.asarray(mask.resize((SIDE, SIDE), Image.Resampling.BOX)).astype(np.int64)
    foreground, background = random_colours(rng)
    mixed = ink * foreground[:, None, None] + (255 - ink) * background[:, None, None]
    return ((mixed + 127) // 255).astype(np.uint8)


def random_font(rng: np.random.Generator) -> ImageFont.FreeTypeFont:
    """Choose one of the faces that matplotlib carries; a digit is then between 9 and 14 pixels of the image tall."""
    face = FACES[rng.integers(len(FACES))]
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{face}.ttf"
    # Basic layout, because the other one depends on a library that not every pillow has.
    return ImageFont.truetype(str(path), int(rng.integers(50, 77)), layout_engine=ImageFont.Layout.BASIC)


def random_colours(rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Choose foreground and background, each (3,) in 0..255, far enough apart to be read."""
    while True:
        foreground, background = rng.integers(0, 256, size=(2, 3))
        if math.dist(foreground, background) >= 120:
            return foreground, background


if __name__ == "__main__":
    main()
