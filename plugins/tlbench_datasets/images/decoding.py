"""Images as arrays: any file that Pillow reads, made square and RGB once; those that cannot be read are named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from tlbench.core.library_warnings import hidden
from tlbench.errors import DataError, Faults
from tlbench_datasets.shared.own_data import listed, quoted, readable
from tlbench_datasets.shared.scratch_arrays import scratch_array

#: A file, or its content, opened.
Source = Path | IO[bytes]


def decode(source: Source, size: int) -> NDArray[np.uint8]:
    """An image as uint8 (3, size, size), transparency on white. Raises what the decoder raises."""
    with Image.open(source) as opened:
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I;16"):  # 16 bits, which a plain conversion would cut off at 255
            image = Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
        elif image.mode in ("I", "F"):
            image = Image.fromarray(_eight_bits(np.asarray(image)))
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(image).transpose(2, 0, 1)


def _eight_bits(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey of 32 bits, which a plain conversion would cut off at 255: 16 bits in an integer, or floats from 0 to 1.

    Raises `ValueError` for values of another range.
    """
    whole = np.issubdtype(pixels.dtype, np.integer)
    top = 65535 if whole else 1.0
    if not np.isfinite(pixels).all() or pixels.min() < 0 or pixels.max() > top:
        raise ValueError(f"its 32-bit values are not from 0 to {top:g}; save it with 8 or 16 bits")
    scaled: NDArray[np.float64] = pixels.astype(np.float64) * (255 / top)
    return scaled.round().astype(np.uint8)


def decode_all(
    sources: Iterable[tuple[str, Source | None]], count: int, size: int
) -> tuple[NDArray[np.uint8], list[int], list[str]]:
    """At most `count` images, each with the name that a fault tells it by; None is an image that is not there.

    Gives those that can be read as uint8 (n, 3, size, size), which is a memory map where it is large; the numbers of
    these among all, (n,); and a fault for each of the others.
    """
    inputs: NDArray[np.uint8] = scratch_array((count, 3, size, size), np.uint8)
    good: list[int] = []
    faults: list[str] = []
    for number, (name, source) in enumerate(sources):
        try:
            if source is None:
                raise FileNotFoundError
            with hidden():  # Pillow warns of half the size that it refuses, of odd palettes, of damaged EXIF data
                inputs[len(good)] = decode(source, size)
        except Exception as error:  # decoders of broken files raise whatever they like
            faults.append(readable(f"{name}: {_reason(error)}"))
        else:
            good.append(number)
    return inputs[: len(good)], good, faults


def images_from(files: Any, size: int) -> NDArray[np.uint8]:
    """Files, named one by one, as uint8 (n, 3, size, size). Raises `Faults` naming those that cannot be read."""
    paths = [files] if isinstance(files, str | Path) else list(files)
    if wrong := [path for path in paths if not isinstance(path, str | Path)]:
        raise DataError(f"paths of image files are expected, as in ['new/1.jpg']; {type(wrong[0]).__name__} is none")
    inputs, _, faults = decode_all(((str(path), Path(path)) for path in paths), len(paths), size)
    if faults:
        raise Faults(f"{images(len(faults))} cannot be read", listed(faults))
    return inputs


def files_example(folder: str) -> list[str]:
    """Lines of Python that name all images below a folder."""
    return [
        "from pathlib import Path",
        "",
        f"folder = Path({quoted(folder)})",
        'raw = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))',
    ]


def size_on_disk(path: Path) -> tuple[int, int] | None:
    """Width and height of an image in pixels; None where it cannot be read."""
    try:
        with hidden(), Image.open(path) as image:
            return image.size
    except Exception:  # as in `decode_all`, which names it
        return None


def images(count: int) -> str:
    """`1 image`, `2 images`."""
    return f"{count} image{'' if count == 1 else 's'}"


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"\d+", str(error))
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6
        return f"has {int(pixels[0]) / 1e6 if pixels else 0:.0f} million pixels, and {most:.0f} are the most; shrink it"
    return "is no image" if isinstance(error, UnidentifiedImageError) else str(error) or type(error).__name__
