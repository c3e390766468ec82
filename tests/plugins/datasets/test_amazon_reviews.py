"""`amazon-reviews`: two views, from a folder of data or from their origin, in published splits as far as there are."""

from __future__ import annotations

import hashlib
import re

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from tlbench.core.domain import SPLITS
from tlbench.core.inputs import SparseRows, Texts
from tlbench.data.array_storage import open_inputs
from tlbench.data.domain_checks import check_domain
from tlbench.data.domain_store import DomainStore
from tlbench.errors import DataError, Faults, TlbenchError
from tlbench.plugins.manager import PluginHost
from tlbench.suites.suite_file import read_suite
from tlbench_datasets.named.amazon_bow import FEATURES, BagsOfWords, read_svmlights
from tlbench_datasets.named.amazon_reviews import AmazonReviews
from tlbench_datasets.named.amazon_texts import ReviewTexts
from tlbench_datasets.named.public_data import DataFile, Form, PublicData
from tlbench_datasets.named.text_files import read_reviews

SUITE = """
name = "amazon"
dataset = "amazon-reviews"
backbones = ["linear"]
seeds = [0]

[data]
{data}

[budget]
steps = 2
batch_size = 8
checkpoints = 1

[[part]]
setting = "transductive"
pairs = ["books:dvd"]
strategies = ["dann"]
"""


def reviews(**params):
    return AmazonReviews(AmazonReviews.Params(**params))


def bags(rows, seed):
    """Rows of a few counts, labels -1 and 1 in turn."""
    rng = np.random.default_rng(seed)
    return [dict(sorted((int(at), int(rng.integers(1, 9))) for at in set(rng.integers(0, FEATURES, 6)))) for _ in rows]


def svmlight(rows):
    lines = [f"{1 - 2 * (place % 2)} " + " ".join(f"{k}:{v}" for k, v in row.items()) for place, row in enumerate(rows)]
    return "\n".join(lines).encode() + b"\n"


def archive(**splits):
    arrays = {}
    for name, rows in splits.items():
        indptr = np.cumsum([0, *map(len, rows)]).astype(np.int32)
        arrays[f"{name}_data"] = np.array([value for row in rows for value in row.values()], np.uint8)
        arrays[f"{name}_indices"] = np.array([key for row in rows for key in row], np.uint16)
        arrays[f"{name}_indptr"] = indptr
        arrays[f"{name}_y"] = np.array([1 - place % 2 for place in range(len(rows))], np.uint8)
    return arrays


TRAIN, TEST = bags(range(40), 0), bags(range(20), 1)


@pytest.fixture
def bow(data):
    """A folder of data with bags of words of two domains; one row of train stands in test as well."""
    (data / "amazon-reviews-bow").mkdir()
    for domain in ("books", "dvd"):
        arrays = archive(train=TRAIN, test=[*TEST, TRAIN[0]])
        np.savez(data / "amazon-reviews-bow" / f"{domain}.npz", **arrays)
    return data


def served(server, folder, read, files):
    """Data whose only form is at the server."""
    server.files.update(files)
    sums = {name: f"sha256:{hashlib.sha256(content).hexdigest()}" for name, content in files.items()}
    return PublicData(
        "books", Form(read, *(DataFile(f"{folder}/{name}", server.url(name), sums[name]) for name in files))
    )


def downloads(view):
    """Of every domain, the files of its origin."""
    return [file for sources in view.sources.values() for source in sources for file in source._forms[1].files]


# What is wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ("splits = [0.5, 0.2, 0.3]", "splits are dealt where view = 'text'; view = 'bow' has the published ones"),
        ('view = "txt"', "view: 'txt' must be 'bow', 'msda' or 'text'; did you mean 'text'?"),
        ('veiw = "text"', "veiw: unknown option 'veiw'; did you mean 'view'? Known: corruption, layers, seed, splits,"),
        ("layers = 2", "layers: of view = 'msda' alone; remove it, or choose that view"),
    ],
)
def test_options_that_do_not_fit_are_told_with_their_place(tmp_path, data, fault):
    path = tmp_path / "amazon.toml"
    path.write_text(SUITE.format(data=data))
    with pytest.raises(Faults) as caught:
        read_suite(str(path), PluginHost([]))
    (found,) = caught.value.faults
    assert found.split(": ", 1)[1].startswith(fault)


def test_unknown_domain_is_answered_with_the_nearest():
    with pytest.raises(DataError, match="unknown domain 'dvds'; did you mean 'dvd'"):
        reviews().load("dvds")


@pytest.mark.parametrize("view", ["bow", "text"])
def test_file_that_is_cut_short_has_another_checksum_and_nothing_is_downloaded(data, monkeypatch, view):
    monkeypatch.setattr("tlbench_datasets.named.public_data.download", lambda url, *_: pytest.fail(f"asks for {url}"))
    first, second = [data / file.path for file in downloads({"bow": BagsOfWords, "text": ReviewTexts}[view])[:2]]
    first.parent.mkdir(parents=True)
    first.write_bytes(b"1 0:1")
    second.write_bytes(b"")
    with pytest.raises(DataError, match=f"{re.escape(str(first))} has another checksum than"):
        reviews(view=view).load("books")


def test_files_that_cannot_be_had_are_named_with_what_to_do(bow, monkeypatch):
    def no_network(url, *_):
        raise DataError(f"{url}: no connection")

    monkeypatch.setattr("tlbench_datasets.named.public_data.download", no_network)
    with pytest.raises(DataError) as caught:
        reviews().load("kitchen")
    message = str(caught.value)
    assert (
        "Amazon reviews of kitchen, bags of words cannot be downloaded: https://raw.githubusercontent.com/" in message
    )
    assert "a folder of data that holds amazon-reviews-bow/kitchen.npz" in message
    assert "--data DIR or TLBENCH_DATA" in message


@pytest.mark.parametrize(
    "change",
    [
        {"train_indices": np.full(40 * 6, FEATURES, np.uint16)},
        {"train_indptr": np.zeros(3, np.int32)},
        {"test_y": None},
    ],
)
def test_archive_that_is_not_what_is_expected_is_named(bow, change):
    arrays = archive(train=TRAIN, test=TEST) | change
    path = bow / "amazon-reviews-bow" / "books.npz"
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(DataError, match=f"{re.escape(str(path))} is damaged or another file than is expected"):
        reviews().load("books")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match="is damaged or another file than is expected"):
        reviews().load("books")


def test_malformed_line_of_a_download_is_named(cache, server, monkeypatch):
    files = {"train": svmlight(TRAIN), "test": svmlight(TEST) + b"1 7:\n"}
    monkeypatch.setattr(BagsOfWords, "sources", {"books": (served(server, "bags", read_svmlights, files),)})
    with pytest.raises(TlbenchError, match="test:21: '7:' is no 'index:value'"):
        reviews().load("books")


# Bags of words -------------------------------------------------------------------------------------------------------


def test_bags_are_sparse_counts_of_two_classes_in_disjoint_splits(bow):
    domain = reviews().load("books")
    assert (domain.modality, domain.class_names) == ("vector", ("negative", "positive"))
    assert isinstance(domain.train.inputs, SparseRows)
    assert domain.train.inputs.shape == (35, FEATURES)
    assert [np.bincount(domain.split(name).labels).tolist() for name in SPLITS] == [[18, 17], [2, 2], [10, 11]]
    assert domain.notes == ("1 of 36 examples of train are left out, for copies of them are in val or test",)
    assert np.asarray(domain.test.inputs)[-1].nonzero()[0].tolist() == list(TRAIN[0])
    assert np.asarray(domain.test.inputs)[-1][list(TRAIN[0])].tolist() == list(TRAIN[0].values())
    assert check_domain("amazon-reviews", domain) is None


def test_the_seed_draws_val_and_leaves_test(bow):
    first, second = reviews(seed=0).load("books"), reviews(seed=1).load("books")
    assert first.revision != second.revision
    assert np.array_equal(np.asarray(first.test.inputs), np.asarray(second.test.inputs))


def test_the_origin_and_the_folder_of_data_give_the_same_domain(bow, server, monkeypatch):
    ours = reviews().load("books").revision
    files = {"train": svmlight(TRAIN), "test": svmlight([*TEST, TRAIN[0]])}
    # The row of test that is there twice has the place, and so the label, of a positive one in both.
    monkeypatch.setattr(BagsOfWords, "sources", {"books": (served(server, "bags", read_svmlights, files),)})
    assert reviews().load("books").revision == ours


def test_bags_are_made_ready_as_sparse_rows_and_what_was_left_out_is_told(bow, cache, capsys):
    ready = DomainStore(cache, "amazon-reviews", PluginHost([]), {"seed": 1}).get("books")
    assert (ready.storage, ready.input_shape) == ("sparse", (FEATURES,))
    assert len(open_inputs(ready.inputs("test"))) == 21
    assert "domain 'books': 1 of 36 examples of train are left out" in capsys.readouterr().err


# Texts ---------------------------------------------------------------------------------------------------------------


def words(label, count=30):
    return [f"{label} review\r\n\tnumber {number}" for number in range(count)]


def test_texts_are_dealt_with_copies_together_and_origin_and_folder_agree(data, server, monkeypatch):
    texts = [*words("fine"), "fine review\r\n\tnumber 3", *words("poor", 31)]
    (data / "amazon-reviews-text-blitzer2000").mkdir()
    table = pyarrow.table({"text": texts, "label": pyarrow.array([1] * 31 + [0] * 31, pyarrow.int8())})
    pyarrow.parquet.write_table(table, data / "amazon-reviews-text-blitzer2000" / "books.parquet")
    domain = reviews(view="text", splits=(0.6, 0.2, 0.2)).load("books")
    assert (domain.modality, domain.class_names) == ("text", ("negative", "positive"))
    assert isinstance(domain.train.inputs, Texts)
    dealt = [text for name in SPLITS for text in domain.split(name).inputs.tolist()]
    assert sorted(dealt) == sorted(texts)
    assert [len(set(domain.split(name).inputs.tolist())) for name in SPLITS] == [37, 12, 12]
    assert check_domain("amazon-reviews", domain) is None

    marked = ["".join(f"<review>\t{text}\r\n</review>" for text in part) for part in (texts[:31], texts[31:])]
    files = {name: f"<reviews>{text}\r\n</reviews>".encode() for name, text in zip(("pos", "neg"), marked, strict=True)}
    monkeypatch.setattr(ReviewTexts, "sources", {"books": (served(server, "parsed", read_reviews, files),)})
    assert reviews(view="text", splits=(0.6, 0.2, 0.2)).load("books").revision == domain.revision


# Where they come from ------------------------------------------------------------------------------------------------


def test_every_download_is_of_one_commit_and_has_a_checksum():
    files = downloads(BagsOfWords) + downloads(ReviewTexts)
    assert len({file.checksum for file in files}) == len({file.url for file in files}) == 16
    for file in files:
        assert re.fullmatch(r"https://raw\.githubusercontent\.com/[\w-]+/[\w-]+/[0-9a-f]{40}/data/[\w/.]+", file.url)
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", file.checksum)


def test_both_views_say_where_they_are(bow):
    found = reviews().whereabouts()
    assert [place.there for place in found] == [True, True, False, False, *[False] * 4]
    assert "books.npz" in found[0].words


# The real files ------------------------------------------------------------------------------------------------------

BAGS = {
    "books": ([777, 883], [83, 97], [2201, 2264], (16, 196, 144, 1804), "91225ecd26353e2d"),
    "dvd": ([777, 878], [86, 97], [1779, 1807], (13, 196, 149, 1804), "55792dd729bfb51b"),
    "electronics": ([837, 863], [96, 96], [2824, 2857], (6, 198, 102, 1802), "ed882fbecd87982b"),
    "kitchen": ([827, 865], [91, 96], [2991, 2954], (11, 198, 110, 1802), "7405511a9758a40d"),
}
TEXTS = {
    "books": "a33eefff7d9f0341",
    "dvd": "5df611cbc4b5e86e",
    "electronics": "8bafaf85ab02f2b0",
    "kitchen": "903b238e3afe0de0",
}


@pytest.mark.parametrize("name", BAGS)
def test_real_bags_have_their_counts_and_revision(mirror, name):
    domain = reviews().load(name)
    *counts, left, revision = BAGS[name]
    assert [np.bincount(domain.split(split).labels).tolist() for split in SPLITS] == counts
    assert tuple(int(number) for note in domain.notes for number in re.findall(r"\d+", note)) == left
    assert domain.revision == revision
    assert check_domain("amazon-reviews", domain) is None


@pytest.mark.parametrize("name", TEXTS)
def test_real_texts_have_their_counts_and_revision(mirror, name):
    domain = reviews(view="text").load(name)
    labels = np.concatenate([domain.split(split).labels for split in SPLITS])
    assert np.bincount(labels).tolist() == [1000, 1000]
    assert domain.revision == TEXTS[name]
    assert check_domain("amazon-reviews", domain) is None
