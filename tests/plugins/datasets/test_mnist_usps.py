"""`mnist-usps`: all of a domain is both trained on and tested under transductive-test."""

from __future__ import annotations

import numpy as np
import pytest

from tlbench.core.domain import SPLITS
from tlbench.data.domain_checks import check_domain
from tlbench.data.domain_store import DomainStore
from tlbench.errors import DataError
from tlbench.plugins.manager import PluginHost
from tlbench_datasets.named.mnist_usps import MnistUsps


def subsets(folder, mnist=60, usps=40):
    rng = np.random.default_rng(0)
    (folder / "mnist-usps-2000-1800").mkdir(parents=True)
    np.savez(
        folder / "mnist-usps-2000-1800" / "mnist_usps_jda.npz",
        mnist_x=rng.integers(0, 256, (mnist, 256), dtype=np.uint8),
        mnist_y=(np.arange(mnist) % 10).astype(np.uint8),
        usps_x=rng.random((usps, 256)).astype(np.float16),
        usps_y=(np.arange(usps) % 10).astype(np.uint8),
    )


def test_subsets_that_are_missing_say_what_they_are_made_of(data):
    with pytest.raises(DataError, match=r"needs mnist-usps-2000-1800/mnist_usps_jda\.npz .* MNIST_vs_USPS\.mat"):
        MnistUsps().load("usps")


def test_rows_are_vectors_from_0_to_1_and_val_is_empty(data):
    subsets(data)
    for name, counts in {"usps": [30, 0, 10], "mnist": [50, 0, 10]}.items():
        domain = MnistUsps().load(name)
        check_domain("mnist-usps", domain)
        assert [len(domain.split(split)) for split in SPLITS] == counts
        assert domain.modality == "vector"
        assert domain.train.inputs.dtype == np.float32
        assert domain.train.inputs.shape[1:] == (256,)
        assert 0 <= domain.train.inputs.min() < domain.train.inputs.max() <= 1


def test_copies_are_in_one_split(data):
    subsets(data)
    path = data / "mnist-usps-2000-1800" / "mnist_usps_jda.npz"
    arrays = dict(np.load(path))
    arrays["mnist_x"][10:50:10] = arrays["mnist_x"][0]  # of one class
    np.savez(path, **arrays)
    domain = MnistUsps().load("mnist")
    check_domain("mnist-usps", domain)
    copied = arrays["mnist_x"][0].astype(np.float32) / 256
    found = [int((np.asarray(domain.split(split).inputs) == copied).all(axis=1).sum()) for split in SPLITS]
    assert sorted(found) == [0, 0, 5]


def whole(cache, domain):
    """Rows of length 1 and labels, as transductive-test trains on a source and tests a target."""
    ready = DomainStore(cache, "mnist-usps", PluginHost()).get(domain, "transductive-test")
    rows = {split: np.load(ready.inputs(split)) for split in ("train", "test")}
    return {split: (x / np.linalg.norm(x, axis=1, keepdims=True), ready.labels(split)) for split, x in rows.items()}


def test_source_and_target_are_whole(data, cache):
    subsets(data)
    domain = whole(cache, "usps")
    for rows, labels in domain.values():
        assert len(rows) == 40
        assert np.bincount(labels).tolist() == [4] * 10


@pytest.mark.parametrize(("source", "target", "published"), [("usps", "mnist", 44.70), ("mnist", "usps", 65.94)])
def test_nearest_neighbour_has_the_published_accuracy(mirror, tmp_path, source, target, published):
    (known, labels), (asked, truth) = whole(tmp_path, source)["train"], whole(tmp_path, target)["test"]
    predicted = labels[(asked @ known.T).argmax(axis=1)]
    assert round(100 * float((predicted == truth).mean()), 2) == published
