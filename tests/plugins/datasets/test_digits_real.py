"""`digits-real`: one shape for MNIST, USPS and MNIST on photographs, official splits, and what to do without them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from public_files import digit_files, photographs

from tlbench.core.domain import SPLITS
from tlbench.data.domain_checks import check_domain
from tlbench.errors import DataError
from tlbench_datasets.named.digits_real import MNIST, PHOTOGRAPHS, DigitsReal
from tlbench_datasets.named.mnist_m import blended


def opened(**params):
    return DigitsReal(DigitsReal.Params(**params))


def sizes(domain):
    return [len(domain.split(name)) for name in SPLITS]


def test_unknown_domain_is_answered_with_the_nearest(data):
    with pytest.raises(DataError, match="unknown domain 'mnits'; did you mean 'mnist'"):
        DigitsReal().load("mnits")


def test_photographs_that_are_missing_say_what_to_do(data):
    digit_files(data)
    with pytest.raises(DataError, match=r"needs bsds500-train-for-mnistm/bsds500_train_q65\.npz in .*npz:PATH"):
        DigitsReal().load("mnist-m-q65")


@pytest.mark.parametrize("params", [{"size": 7}, {"channels": 2}, {"colour": True}])
def test_options_that_are_none(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        opened(**params)


def test_what_is_not_here_is_downloaded_from_its_origin(cache):
    found = DigitsReal().whereabouts()
    assert [data.there for data in found] == [False] * 3
    assert "train-images-idx3-ubyte.gz and 3 more" in found[0].words


@pytest.mark.parametrize(
    ("params", "shape"),
    [
        ({}, (3, 28, 28)),
        ({"channels": 1}, (1, 28, 28)),
        ({"size": 32, "channels": 1}, (1, 32, 32)),
        ({"size": 16}, (3, 16, 16)),
    ],
)
def test_all_domains_have_the_shape_that_is_asked_for(data, params, shape):
    photographs(digit_files(data))
    dataset = opened(**params)
    for name in dataset.domains:
        domain = dataset.load(name)
        check_domain("digits-real", domain)
        assert sizes(domain) == [90, 10, 20]
        for split in SPLITS:
            assert domain.split(split).inputs.shape[1:] == shape
            assert domain.split(split).inputs.dtype == np.uint8
        assert any("stretched" in note for note in domain.notes) == (shape[-1] != (16 if name == "usps" else 28))


def test_images_are_those_of_the_files_in_their_order(data):
    arrays = np.load(digit_files(data) / "digits" / "mnist.npz")
    domain = DigitsReal().load("mnist")
    for channel in range(3):
        assert np.array_equal(domain.test.inputs[:, channel], arrays["test_x"])
    assert np.array_equal(domain.test.labels, arrays["test_y"])
    rows = {image.tobytes(): label for image, label in zip(arrays["train_x"], arrays["train_y"].tolist(), strict=True)}
    for split in (domain.train, domain.val):
        given = [rows[image[0].tobytes()] for image in split.inputs]
        assert given == split.labels.tolist()


def test_a_digit_is_in_the_same_split_of_both_domains_of_mnist(data):
    photographs(digit_files(data))
    plain, mixed = (DigitsReal().load(name) for name in ("mnist", "mnist-m-q65"))
    for name in SPLITS:
        one, other = plain.split(name), mixed.split(name)
        assert np.array_equal(one.labels, other.labels)
        for digit, image in zip(one.inputs.astype(int), other.inputs, strict=True):
            assert any(np.array_equal(abs(20 * grey - digit), image) for grey in range(10))


def test_domain_on_photographs_says_that_it_is_not_the_published_one(data):
    photographs(digit_files(data))
    assert "not the images of the published MNIST-M" in DigitsReal().load("mnist-m-q65").notes[0]


def test_loading_imports_no_torch(data):
    digit_files(data)
    code = (
        "import sys; from tlbench_datasets.named.digits_real import DigitsReal; DigitsReal().load('usps');"
        "print({'sklearn', 'torch', 'pooch', 'requests'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_real_files_have_the_official_counts(mirror):
    dataset = opened(channels=1)
    counts = {name: sizes(dataset.load(name)) for name in ("mnist", "usps")}
    assert counts == {"mnist": [54000, 6000, 10000], "usps": [6562, 729, 2007]}


def test_real_photographs_are_behind_the_digits(mirror):
    digits = MNIST.load()[1].inputs[:1000]
    images = blended(digits, PHOTOGRAPHS.load(), "test").transpose(1, 0, 2, 3)
    # Where there is no ink the photograph is seen, and it is coloured.
    assert 60 < images[:, digits == 0].mean() < 140
    assert (images[0] != images[2]).mean() > 0.5
