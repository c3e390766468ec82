"""`svmlight:PATH`: sparse rows of one width, and faults by their lines."""

from __future__ import annotations

import bz2
import gzip

import numpy as np
import pytest
from own_files import suite

from tlbench.core.domain import SPLITS
from tlbench.core.inputs import SparseRows
from tlbench.data.domain_checks import check_domain
from tlbench.errors import TlbenchError
from tlbench_datasets.arrays.svmlight import Svmlight


def lines(seed=0, count=40, first=1, features=30):
    """Lines of two classes, −1 and +1, whose values are of different size."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        label = number % 2
        indices = np.sort(rng.choice(features, 4, replace=False))
        values = " ".join(f"{index + first}:{rng.random() + 2 * label:.6f}" for index in indices)
        rows.append(f"{'+1' if label else '-1'} {values}")
    return [*rows, f"+1 {first}:9 {features - 1 + first}:9", f"-1 {first}:-9 {features - 1 + first}:-9"]


def written(folder, name="one.svmlight", rows=None):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(lines() if rows is None else rows) + "\n")
    return folder


def opened(folder, **params):
    return Svmlight(str(folder), Svmlight.Params(**params))


def error_of(folder, domain="one", **params):
    with pytest.raises(TlbenchError) as caught:
        opened(folder, **params).load(domain)
    return str(caught.value)


# What is wrong -------------------------------------------------------------------------------------------------------


def test_path_that_holds_no_such_files(tmp_path):
    assert "does not exist" in error_of(tmp_path / "no")
    assert "holds no such files; a folder holds domain.svmlight (or .libsvm" in error_of(tmp_path)
    written(tmp_path)
    assert "is a file; name its folder" in error_of(tmp_path / "one.svmlight")
    assert "unknown domain 'oen'; did you mean 'one'?" in error_of(tmp_path, "oen")


def test_two_files_for_one_domain(tmp_path):
    written(written(tmp_path), "one.libsvm.gz")
    assert "'one.libsvm.gz' and 'one.svmlight' would be one domain" in error_of(tmp_path)
    (tmp_path / "one.libsvm.gz").unlink()
    written(written(tmp_path, "one_train.svmlight"), "one_test.svmlight")
    assert "'one' is there as a whole and as one_train" in error_of(tmp_path)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("1,2 3:4", "the labels '1,2' are several; an example has one label here"),
        ("3:4 5:6", "'3:4' stands where the label belongs; a line is 'label index:value"),
        ("dog 3:4", "the label 'dog' is no number"),
        ("0.5 3:4", "the label is 0.5; labels are whole numbers, which name classes; turn measurements into classes"),
        ("nan 3:4", "the label is nan"),
        ("1 qid:3 3:4", "ranking by queries is no task here; remove 'qid:'"),
        ("1 3", "'3' is no 'index:value'"),
        ("1 3:x", "'3:x' is no 'index:value'"),
        ("1 a:1", "'a:1' is no 'index:value'"),
        ("1 5:1 4:1", "the index 4 stands after 5; indices are whole numbers that rise"),
        ("1 5:1 5:1", "the index 5 stands there twice"),
        ("1 99999999999:1", "the index 99999999999 is too high; 2147483646 is the highest"),
        ("1 -1:1", "the index -1 stands below 0"),
    ],
)
def test_line_that_cannot_be_used_is_named(tmp_path, line, fault):
    written(tmp_path, rows=["# a comment", "", *lines()[:2], line, "1 1:1"])
    message = error_of(tmp_path)
    assert f"one.svmlight:5: {fault}" in message


def test_archive_that_is_damaged(tmp_path):
    whole = gzip.compress("\n".join(lines(count=400)).encode())
    (tmp_path / "one.svmlight.gz").write_bytes(whole[: len(whole) // 2])
    assert "one.svmlight.gz cannot be read: " in error_of(tmp_path)
    (tmp_path / "one.svmlight.gz").write_bytes(b"plain")
    assert "one.svmlight.gz cannot be read: " in error_of(tmp_path)


def test_index_beyond_the_features_that_are_given(tmp_path):
    written(tmp_path, rows=["# x", *lines()])
    assert "the index 30 is not from 1 to 29, as features = 29 in [data] has it" in error_of(tmp_path, features=29)
    written(tmp_path, rows=["# x", "1 1:1", "1 0:1"])
    message = error_of(tmp_path, zero_based=False)
    assert "one.svmlight:3: the index 0 is not from 1 to 1, as zero_based = false in [data] has it" in message


def test_files_without_any_example_or_value(tmp_path):
    assert "no line has a value" in error_of(written(tmp_path, rows=["1", "2"]))
    written(written(tmp_path, rows=["# nothing"]), "two.svmlight")
    assert "domain 'one' has no examples" in error_of(tmp_path)


# What is right -------------------------------------------------------------------------------------------------------


def test_rows_stay_sparse_and_integers_become_names_of_classes(tmp_path):
    domain = opened(written(tmp_path)).load("one")
    check_domain("own", domain)
    assert domain.class_names == ("-1", "1")
    assert isinstance(domain.train.inputs, SparseRows)
    assert [len(domain.split(name)) for name in SPLITS] == [30, 4, 8]
    assert domain.train.inputs.shape == (30, 30)


def test_all_domains_are_as_wide_as_the_widest(tmp_path):
    written(tmp_path, "narrow.svmlight")
    before = opened(tmp_path)
    fingerprint = before.fingerprint()
    assert before.load("narrow").train.inputs.shape[1] == 30
    written(tmp_path, "wide.libsvm", lines(1, features=50))
    dataset = opened(tmp_path)
    assert {dataset.load(name).train.inputs.shape[1] for name in dataset.domains} == {50}
    assert dataset.fingerprint() != fingerprint
    assert opened(tmp_path, features=60).load("wide").train.inputs.shape[1] == 60


def test_a_zero_in_any_file_makes_all_of_them_count_from_it(tmp_path):
    written(tmp_path, "one.svmlight", ["0 1:5", "0 1:6", "1 1:7", "1 1:8"])
    assert np.asarray(opened(tmp_path).load("one").train.inputs).shape == (2, 1)
    written(tmp_path, "two.svmlight", lines(first=0))
    rows = np.asarray(opened(tmp_path).load("one").train.inputs)
    assert rows.shape == (2, 30)
    assert set(np.flatnonzero(rows.any(axis=0))) == {1}
    assert opened(tmp_path, zero_based=True).load("one").train.inputs.shape == (2, 30)


def test_given_splits_packed_files_and_marks_of_editors(tmp_path):
    (tmp_path / "one_train.txt.gz").write_bytes(gzip.compress(("\ufeff" + "\r\n".join(lines(0))).encode()))
    (tmp_path / "one_test.txt.bz2").write_bytes(bz2.compress("\n".join([*lines(1, 10), "1 # qid:1"]).encode()))
    domain = opened(tmp_path).load("one")
    assert [len(domain.split(name)) for name in SPLITS] == [42, 0, 13]
    assert np.asarray(domain.test.inputs)[-1].sum() == 0


def test_texts_are_taken_where_nothing_else_is_meant(tmp_path):
    written(tmp_path, "one.txt")
    assert opened(tmp_path).domains == ("one",)
    written(tmp_path, "two.svm")
    assert opened(tmp_path).domains == ("two",)


def test_a_suite_on_sparse_rows_runs_to_a_leaderboard(project):
    for seed, name in enumerate(("one", "two")):
        written(project.folder / "bags", f"{name}.libsvm", lines(seed, 60))
    text = suite("svmlight:bags", "zero_based = 'auto'", "linear", '["one:two"]')
    outcome = project.tlbench("run", project.suite(text), "-q")
    assert outcome.code == 0, outcome.err
    assert {record.status for record in project.records("own")} == {"ok"}
    assert project.tlbench("run", project.suite(suite("svmlight:bags", "zero_based = 1"))).code == 2
