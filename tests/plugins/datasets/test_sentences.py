"""`sentences`: five collections, three label spaces, official splits as far as there are some."""

from __future__ import annotations

import re

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from tlbench.core.domain import SPLITS
from tlbench.data.domain_checks import check_domain
from tlbench.errors import DataError
from tlbench_datasets.named.sentences import CLASS_NAMES, Sentences


@pytest.fixture
def tables(data):
    """A folder of data with small tables of each collection; sst2 and trec have copies on both sides."""

    def write(name, count, classes=2, extra=()):
        texts = [f"{name} says {number}" for number in range(count)] + [text for text, _ in extra]
        labels = [number % classes for number in range(count)] + [label for _, label in extra]
        table = pyarrow.table({"text": texts, "label": labels})
        pyarrow.parquet.write_table(table, data / "sst2-mr-trec" / f"{name}.parquet")

    (data / "sst2-mr-trec").mkdir()
    write("sst2.train", 20, extra=[("sst2.dev says 1", 1), ("sst2.test says 2", 0)])
    write("sst2.dev", 6, extra=[("sst2.test says 3", 1)])
    write("sst2.test", 8)
    for name in ("mr.all", "cr.all", "subj.all"):
        write(name, 40, extra=[(f"{name} says 1", 1)])
    write("trec.train", 120, 6, [("trec.test says 0", 0)])
    write("trec.test", 12, 6)
    return data


def sizes(domain):
    return [len(domain.split(name)) for name in SPLITS]


# What is wrong -------------------------------------------------------------------------------------------------------


def test_unknown_domain_is_answered_with_the_nearest():
    with pytest.raises(DataError, match="unknown domain 'sst'; did you mean 'sst2'"):
        Sentences().load("sst")


def test_part_that_is_missing_and_cannot_be_downloaded_is_named_with_what_to_do(tables, monkeypatch):
    def no_network(url, *_):
        raise DataError(f"{url}: no connection")

    monkeypatch.setattr("tlbench_datasets.named.public_data.download", no_network)
    (tables / "sst2-mr-trec" / "trec.test.parquet").unlink()
    with pytest.raises(DataError, match=r"TREC cannot be downloaded: https://raw\.githubusercontent\.com/harvardnlp/"):
        Sentences().load("trec")


def test_table_that_is_cut_short_is_named(tables):
    path = tables / "sst2-mr-trec" / "mr.all.parquet"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=f"{re.escape(str(path))} is damaged or another file than is expected"):
        Sentences().load("mr")


def test_download_that_is_another_file_is_refused(tables, monkeypatch):
    monkeypatch.setattr("tlbench_datasets.named.public_data.download", lambda url, *_: pytest.fail(f"asks for {url}"))
    (tables / "sst2-mr-trec" / "cr.all.parquet").unlink()
    (tables / "cr").mkdir()
    for name in ("custrev.pos", "custrev.neg"):
        (tables / "cr" / name).write_text("fine\n")
    with pytest.raises(DataError, match=r"custrev\.pos has another checksum than"):
        Sentences().load("cr")


# What is given -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", Sentences().domains)
def test_domains_are_texts_whose_splits_share_nothing(tables, name):
    domain = Sentences().load(name)
    assert (domain.name, domain.modality, domain.class_names) == (name, "text", CLASS_NAMES[name])
    assert check_domain("sentences", domain) is None


def test_sentiment_is_one_label_space_and_the_others_are_their_own():
    assert CLASS_NAMES["sst2"] == CLASS_NAMES["mr"] == CLASS_NAMES["cr"] == ("negative", "positive")
    assert len({CLASS_NAMES[name] for name in Sentences().domains}) == 3


def test_official_splits_stay_but_for_copies(tables):
    domain = Sentences().load("sst2")
    assert sizes(domain) == [20, 6, 8]
    assert domain.notes == (
        "1 of 7 examples of val are left out, for copies of them are in test",
        "2 of 22 examples of train are left out, for copies of them are in val or test",
    )


def test_a_tenth_of_train_is_val_where_there_is_none(tables):
    domain = Sentences().load("trec")
    assert sizes(domain) == [108, 12, 12]
    assert np.bincount(domain.val.labels).tolist() == [2] * 6
    assert len(domain.notes) == 1


def test_what_has_no_splits_is_dealt_by_the_seed(tables):
    first, second = Sentences().load("subj"), Sentences(Sentences.Params(seed=1)).load("subj")
    assert sum(sizes(first)) == 41
    assert len(set(first.test.inputs.tolist())) == len(set(first.val.inputs.tolist())) == 4
    assert first.revision == Sentences().load("subj").revision != second.revision


def test_every_download_is_of_one_commit_and_has_a_checksum():
    files = [file for (source,) in Sentences.sources.values() for file in source._forms[1].files]
    assert len({file.checksum for file in files}) == len({file.url for file in files}) == 11
    for file in files:
        assert re.fullmatch(r"https://raw\.githubusercontent\.com/[\w-]+/[\w-]+/[0-9a-f]{40}/data/[\w/.-]+", file.url)
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", file.checksum)


# The real files ------------------------------------------------------------------------------------------------------

REAL = {
    "sst2": ([3309, 3608], [428, 444], [912, 909], "833f27d1f91ed683"),
    "mr": ([4265, 4265], [533, 533], [533, 533], "640c37f8442d6cac"),
    "cr": ([1094, 1925], [136, 240], [136, 240], "c9d02274d2d5363c"),
    "subj": ([4000, 4000], [500, 500], [500, 500], "4e5b9a2be54f7b46"),
    "trec": (
        [76, 1041, 1126, 1101, 752, 808],
        [8, 116, 124, 122, 82, 86],
        [9, 138, 94, 65, 81, 113],
        "689bd0da19874996",
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_real_sentences_have_their_counts_and_revision(mirror, name):
    domain = Sentences().load(name)
    *counts, revision = REAL[name]
    assert [np.bincount(domain.split(split).labels).tolist() for split in SPLITS] == counts
    assert domain.revision == revision
    assert check_domain("sentences", domain) is None


def test_fourteen_real_sentences_of_the_test_of_sst2_stand_in_mr(mirror):
    tested = set(Sentences().load("sst2").test.inputs.tolist())
    mr = Sentences().load("mr")
    assert len(tested & {text for name in SPLITS for text in mr.split(name).inputs.tolist()}) == 14
