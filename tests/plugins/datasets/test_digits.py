from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from importlib.metadata import version
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tlbench_datasets
from tlbench.core.domain import SPLITS, Domain
from tlbench.errors import DataError
from tlbench_datasets.named.digits import Digits

Arrays = dict[str, NDArray[Any]]

ARCHIVE = resources.files("tlbench_datasets") / "data" / "digits.npz"
COUNTS = {"uci": (1078, 269, 450), "uci_m": (1078, 269, 450), "syn": (4000, 800, 1200)}
FEWEST_OF_A_CLASS = {"uci": (104, 26, 44), "uci_m": (104, 26, 44), "syn": (400, 80, 120)}
CELLS = list(product(Digits.domains, SPLITS))


@pytest.fixture(scope="module")
def archive() -> Arrays:
    with ARCHIVE.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def domains() -> dict[str, Domain]:
    return {name: Digits().load(name) for name in Digits.domains}


@pytest.fixture(scope="module")
def generator() -> Any:
    return pytest.importorskip("tlbench_datasets.named.digits_generator", reason="needs the extra `generate`")


def test_the_hook_file_registers_digits() -> None:
    registered: list[tuple[str, str]] = []
    tlbench_datasets.tlbench_register_datasets(lambda name, target, summary="": registered.append((name, target)))
    assert ("digits", "tlbench_datasets.named.digits:Digits") in registered


def test_the_hook_file_imports_no_heavy_library() -> None:
    code = "import sys, tlbench_datasets; print({'numpy', 'sklearn', 'torch', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_loading_imports_neither_sklearn_nor_torch_nor_matplotlib() -> None:
    code = (
        "import sys; from tlbench_datasets.named.digits import Digits; Digits().load('uci');"
        "print({'sklearn', 'torch', 'matplotlib', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_an_unknown_domain_is_answered_with_the_nearest() -> None:
    with pytest.raises(DataError, match="unknown domain 'uci-m'; did you mean 'uci_m'"):
        Digits().load("uci-m")


def test_a_missing_file_is_a_data_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tlbench_datasets.named.digits._archive", lambda: ARCHIVE.parent / "gone.npz")  # type: ignore[attr-defined]
    with pytest.raises(DataError, match=r"gone\.npz is missing: .*tlbench_datasets\.named\.digits_generator"):
        Digits().load("uci")


def test_the_file_is_under_five_megabytes() -> None:
    assert len(ARCHIVE.read_bytes()) < 5_000_000


@pytest.mark.parametrize("name", Digits.domains)
def test_domains_are_named_images_of_ten_classes(domains: dict[str, Domain], name: str) -> None:
    domain = domains[name]
    assert (domain.name, domain.modality) == (name, "image")
    assert domain.class_names == tuple("0123456789")


@pytest.mark.parametrize(("name", "split"), CELLS)
def test_shapes_types_and_counts(domains: dict[str, Domain], name: str, split: Any) -> None:
    examples = domains[name].split(split)
    count = COUNTS[name][SPLITS.index(split)]
    assert examples.inputs.shape == (count, 3, 16, 16)
    assert examples.inputs.dtype == np.uint8
    assert examples.labels.shape == (count,)
    assert examples.labels.dtype == np.int64


@pytest.mark.parametrize(("name", "split"), CELLS)
def test_the_range_of_values_is_used(domains: dict[str, Domain], name: str, split: Any) -> None:
    inputs = domains[name].split(split).inputs
    assert inputs.min() <= 5
    assert inputs.max() >= 250


@pytest.mark.parametrize(("name", "split"), CELLS)
def test_every_image_shows_something(domains: dict[str, Domain], name: str, split: Any) -> None:
    inputs = domains[name].split(split).inputs
    spans = (inputs.max(axis=(2, 3)).astype(int) - inputs.min(axis=(2, 3))).max(axis=1)
    assert spans.min() >= 30


@pytest.mark.parametrize(("name", "split"), CELLS)
def test_every_class_is_in_every_split_in_its_share(domains: dict[str, Domain], name: str, split: Any) -> None:
    counts = np.bincount(domains[name].split(split).labels, minlength=10)
    assert len(counts) == 10
    assert counts.min() == FEWEST_OF_A_CLASS[name][SPLITS.index(split)]


@pytest.mark.parametrize(("name", "split"), CELLS)
def test_the_order_says_nothing_of_the_labels(domains: dict[str, Domain], name: str, split: Any) -> None:
    labels = domains[name].split(split).labels
    # With ten equal classes a tenth of neighbours are equal by chance, and the mean label does not drift.
    assert np.mean(labels[1:] == labels[:-1]) < 0.2
    assert abs(np.corrcoef(np.arange(len(labels)), labels)[0, 1]) < 0.2
    # A cycle 0, 1, …, 9, 0 passes both; it repeats its steps.
    assert np.bincount((labels[1:] - labels[:-1]) % 10).max() < 0.2 * len(labels)


@pytest.mark.parametrize("split", SPLITS)
def test_rows_of_uci_and_uci_m_are_not_aligned(archive: Arrays, split: str) -> None:
    assert np.mean(archive[f"uci/{split}/index"] == archive[f"uci_m/{split}/index"]) < 0.05


@pytest.mark.parametrize(("here", "there"), list(product(("uci", "uci_m"), repeat=2)))
@pytest.mark.parametrize(("split", "other"), list(permutations(SPLITS, 2)))
def test_no_digit_is_in_two_splits_of_any_two_domains(
    archive: Arrays, here: str, there: str, split: str, other: str
) -> None:
    assert not set(archive[f"{here}/{split}/index"]) & set(archive[f"{there}/{other}/index"])


@pytest.mark.parametrize("name", Digits.domains)
def test_every_item_is_there_once(archive: Arrays, name: str) -> None:
    index = np.concatenate([archive[f"{name}/{split}/index"] for split in SPLITS])
    np.testing.assert_array_equal(np.sort(index), np.arange(sum(COUNTS[name])))


@pytest.mark.parametrize("name", ["uci", "uci_m"])
@pytest.mark.parametrize("split", SPLITS)
def test_the_stored_index_is_the_digit_shown(archive: Arrays, name: str, split: str) -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    index = archive[f"{name}/{split}/index"]
    np.testing.assert_array_equal(archive[f"{name}/{split}/labels"], digits.target[index])
    if name == "uci":
        shown = archive[f"uci/{split}/inputs"][:, 0].reshape(-1, 8, 2, 8, 2).mean(axis=(2, 4))
        similarity = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(shown, digits.images[index], strict=True)]
        assert min(similarity) > 0.98


@pytest.mark.parametrize("name", Digits.domains)
@pytest.mark.parametrize(("split", "other"), [("train", "val"), ("train", "test"), ("val", "test")])
def test_no_exact_duplicate_straddles_splits(domains: dict[str, Domain], name: str, split: Any, other: Any) -> None:
    assert not contents(domains[name], split) & contents(domains[name], other)


def contents(domain: Domain, split: Any) -> set[bytes]:
    return {image.tobytes() for image in domain.split(split).inputs}


def test_duplicates_are_dealt_to_one_split(generator: Any) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, size=(200, 3, 2, 2), dtype=np.uint8)
    images[100:] = images[rng.integers(0, 100, size=100)]
    labels = np.zeros(200, dtype=np.int64)
    splits = generator.split_by_content(images, labels, (0.6, 0.15, 0.25), "a test")
    sets = [{images[index].tobytes() for index in splits[name]} for name in SPLITS]
    assert sorted(np.concatenate(list(splits.values()))) == list(range(200))
    assert [len(contents) for contents in sets] == [60, 15, 25]
    assert not any(a & b for a, b in permutations(sets, 2))


@pytest.mark.parametrize("width", [640, 427, 1000])
def test_regions_of_a_photograph_are_disjoint_and_wide_enough(generator: Any, width: int) -> None:
    regions = generator.photograph_regions(width)
    columns = {name: set(range(*regions[name])) for name in SPLITS}
    assert set.union(*columns.values()) <= set(range(width))
    assert not any(columns[a] & columns[b] for a, b in permutations(SPLITS, 2))
    assert min(len(those) for those in columns.values()) > generator.PATCH


def test_no_pixel_of_a_photograph_serves_two_splits(generator: Any, archive: Arrays) -> None:
    used = {split: covered(archive[f"uci_m/{split}/patch"], generator.PATCH) for split in SPLITS}
    assert all(mask.any() for mask in used.values())
    assert not any((used[a] & used[b]).any() for a, b in permutations(SPLITS, 2))


def covered(patches: NDArray[np.int64], side: int) -> NDArray[np.bool_]:
    """Which pixels of the two photographs, (2, 427, 640), the patches take."""
    mask = np.zeros((2, 427, 640), dtype=bool)
    for photograph, top, left in patches:
        assert top + side <= 427 and left + side <= 640
        mask[photograph, top : top + side, left : left + side] = True
    return mask


@pytest.mark.parametrize("split", SPLITS)
def test_uci_m_is_the_stored_patch_minus_the_stored_digit(generator: Any, archive: Arrays, split: str) -> None:
    # Within a tolerance, as JPEG decoders differ by a step or two; this holds on every version.
    digits = digits_by_index(archive)
    photographs = generator.photographs()
    side = generator.PATCH
    for row, (photograph, top, left) in enumerate(archive[f"uci_m/{split}/patch"]):
        patch = photographs[photograph][top : top + side, left : left + side].astype(float)
        reduced = patch.reshape(16, side // 16, 16, side // 16, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
        digit = digits[int(archive[f"uci_m/{split}/index"][row])]
        assert np.abs(np.abs(reduced - digit) - archive[f"uci_m/{split}/inputs"][row]).max() <= 4


def digits_by_index(archive: Arrays) -> dict[int, NDArray[np.uint8]]:
    return dict(rows(archive))


def rows(archive: Arrays) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for split in SPLITS:
        for index, image in zip(archive[f"uci/{split}/index"], archive[f"uci/{split}/inputs"], strict=True):
            yield int(index), image


def test_the_two_photographs_are_both_used(archive: Arrays) -> None:
    for split in SPLITS:
        assert 0.4 < archive[f"uci_m/{split}/patch"][:, 0].mean() < 0.6


def test_an_item_of_syn_is_drawn_independently_of_the_others(generator: Any) -> None:
    alone = generator.render("7", generator.generator("syn", 17))
    generator.render("3", generator.generator("syn", 16))
    np.testing.assert_array_equal(alone, generator.render("7", generator.generator("syn", 17)))
    assert (alone != generator.render("7", generator.generator("syn", 27))).any()


def test_every_face_draws_ten_different_digits(generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for face in generator.FACES:
        monkeypatch.setattr(generator, "FACES", (face,))
        drawn = [generator.render(str(digit), generator.generator("a test")) for digit in range(10)]
        assert len({image.tobytes() for image in drawn}) == 10


def test_the_generator_makes_the_same_arrays_again(generator: Any, archive: Arrays) -> None:
    made_with, here = list(archive["versions"]), [f"{name} {version(name)}" for name in generator.DECIDING]
    if made_with != here:
        pytest.skip(f"digits.npz was made with {', '.join(made_with)}; installed are {', '.join(here)}")
    made = generator.generate()
    assert made.keys() == archive.keys()
    for name, array in made.items():
        assert array.dtype == archive[name].dtype
        np.testing.assert_array_equal(array, archive[name], err_msg=name)


def test_the_command_writes_what_generate_makes(generator: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    out = tmp_path / "folder" / "digits.npz"
    monkeypatch.setattr(generator, "generate", lambda: {"uci/train/labels": np.arange(3)})
    monkeypatch.setattr(sys, "argv", ["digits_generator", "--out", str(out)])
    generator.main()
    with np.load(out) as arrays:
        np.testing.assert_array_equal(arrays["uci/train/labels"], np.arange(3))


def test_the_fingerprint_changes_with_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    other = tmp_path / "digits.npz"
    other.write_bytes(b"another release")
    before = Digits().fingerprint()
    assert before == Digits().fingerprint()
    monkeypatch.setattr("tlbench_datasets.named.digits._archive", lambda: other)
    assert Digits().fingerprint() != before
