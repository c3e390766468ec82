"""Digits of the literature: `digits-real`, MNIST, USPS and MNIST-M in one shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from tlbench.core.domain import Domain, Split
from tlbench.core.strategy import Params as Options
from tlbench_datasets.named.digit_files import read_mnist, read_usps
from tlbench_datasets.named.mnist_m import blended
from tlbench_datasets.named.npz_files import JpegArchive, read_train_and_test
from tlbench_datasets.named.official_splits import official_domain, with_validation
from tlbench_datasets.named.public_data import DataFile, Form, PublicData, PublicDataset

CLASS_NAMES = tuple(str(digit) for digit in range(10))

# Addresses and checksums of both are those that torchvision's classes MNIST and USPS have.
_MNIST_ORIGIN = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_USPS_ORIGIN = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/"

MNIST = PublicData(
    "MNIST",
    Form(read_train_and_test, DataFile("digits/mnist.npz")),
    Form(
        read_mnist,
        *(
            DataFile(f"mnist/{name}-ubyte.gz", f"{_MNIST_ORIGIN}{name}-ubyte.gz", f"md5:{checksum}")
            for name, checksum in {
                "train-images-idx3": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "train-labels-idx1": "d53e105ee54ea40749a09fcbcd1e9432",
                "t10k-images-idx3": "9fb629c4189551a2d022fa330f9573f3",
                "t10k-labels-idx1": "ec29112dd5afa0611ce80d1b7f02629c",
            }.items()
        ),
    ),
)
USPS = PublicData(
    "USPS",
    Form(read_train_and_test, DataFile("digits/usps.npz")),
    Form(
        read_usps,
        DataFile("usps/usps.bz2", f"{_USPS_ORIGIN}usps.bz2", "md5:ec16c51db3855ca6c91edd34d0e9b197"),
        DataFile("usps/usps.t.bz2", f"{_USPS_ORIGIN}usps.t.bz2", "md5:8ea070ee2aca1ac39742fdd1ef5ed118"),
    ),
)
PHOTOGRAPHS = PublicData(
    "photographs for mnist-m-q65",
    Form(JpegArchive, DataFile("bsds500-train-for-mnistm/bsds500_train_q65.npz")),
    advice="It holds the 200 train photographs of BSDS500, recompressed, and docs/datasets.md says how to make it; "
    "an MNIST-M of your own can be used as npz:PATH.",
)


class DigitsReal(PublicDataset):
    """Ten classes; by default uint8 images of shape (n, 3, 28, 28), three equal channels where they are grey.

    - `mnist`: 60,000 and 10,000 digits (LeCun, Bottou, Bengio and Haffner, Proc. IEEE 1998);
    - `usps`: 7,291 and 2,007 digits of 16×16 pixels (Hull, PAMI 1994), enlarged as a whole, bilinearly, so that they
      fill the image where those of MNIST have a margin;
    - `mnist-m-q65`: the digits of MNIST on photographs of BSDS500 (Arbeláez et al., PAMI 2011), as Ganin et al.
      (JMLR 2016) have it. The photographs are recompressed and the places drawn anew, so these are not the images of
      the MNIST-M that they published, hence the name. Digits of test have photographs of their own.

    Test is the official test split; val is a tenth of the official train split, drawn once, of the same digits in
    `mnist` and `mnist-m-q65`.
    """

    licence: ClassVar[str] = (
        "MNIST: CC BY-SA 3.0; USPS: none stated; BSDS500: research and education, not for commerce; "
        "each at its origin, nothing comes with tlbench"
    )
    origin: ClassVar[str] = (
        "http://yann.lecun.com/exdb/mnist/; https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass.html; "
        "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/resources.html"
    )
    primary_metric: ClassVar[str] = "accuracy"
    sources: ClassVar[Mapping[str, Sequence[PublicData[Any]]]] = {
        "mnist": (MNIST,),
        "usps": (USPS,),
        "mnist-m-q65": (MNIST, PHOTOGRAPHS),
    }

    class Params(Options):
        """`size`: pixels of a side, to which images of another size are stretched. `channels`: 3, or 1 for grey."""

        size: int = Field(28, ge=8, le=256)
        channels: Literal[1, 3] = 3

    def __init__(self, params: Params | None = None) -> None:
        self._params = params or self.Params.model_validate({})

    def make(self, domain: str) -> Domain:
        """A domain in the shape that is asked for."""
        train, test = (USPS if domain == "usps" else MNIST).load()
        notes = []
        side = train.inputs.shape[-1]
        if domain == "mnist-m-q65":
            train, test = _on_photographs(train, test)
            notes.append("made of MNIST and recompressed photographs; not the images of the published MNIST-M")
        if side != self._params.size:
            notes.append(f"images of {side}x{side} pixels are stretched to {self._params.size} bilinearly")
        # The same purpose for both domains of MNIST, so that a digit of val in one is not trained on in the other.
        train, val = with_validation(train, "usps" if domain == "usps" else "mnist")
        train, val, test = map(self._shaped, (train, val, test))
        return official_domain(domain, "image", CLASS_NAMES, train, val, test, tuple(notes))

    def _shaped(self, split: Split) -> Split:
        """From uint8 (n, side, side) or (n, 3, side, side) to (n, channels, size, size)."""
        images: NDArray[Any] = np.asarray(split.inputs)
        images = images if images.ndim == 4 else images[:, None]
        if images.shape[1] > self._params.channels:
            images = _grey(images)
        images = _resized(images, self._params.size)
        shape = (len(images), self._params.channels, *images.shape[2:])
        return Split(np.broadcast_to(images, shape), split.labels)


def _on_photographs(train: Split, test: Split) -> tuple[Split, Split]:
    photographs = PHOTOGRAPHS.load()
    return (
        Split(blended(train.inputs, photographs, "train"), train.labels),  # type: ignore[arg-type]  # bytes, as read
        Split(blended(test.inputs, photographs, "test"), test.labels),  # type: ignore[arg-type]
    )


def _grey(images: NDArray[Any]) -> NDArray[Any]:
    """The luma of ITU-R BT.601, as pillow has it: uint8 (n, 1, side, side)."""
    return np.stack([np.asarray(Image.fromarray(image.transpose(1, 2, 0)).convert("L"))[None] for image in images])


def _resized(images: NDArray[Any], size: int) -> NDArray[Any]:
    if images.shape[-1] == size:
        return images
    out = np.empty((*images.shape[:2], size, size), dtype=np.uint8)
    for target, image in zip(out.reshape(-1, size, size), images.reshape(-1, *images.shape[2:]), strict=True):
        target[:] = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
    return out
