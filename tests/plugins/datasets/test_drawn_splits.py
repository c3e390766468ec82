"""Splits of users' own data: what cannot be drawn, and that each seed, fold and group gets what was asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from own_files import image_folder, vectors
from pydantic import ValidationError
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit

from tlbench.core.domain import SPLITS
from tlbench.core.inputs import digests
from tlbench.data.domain_checks import check_domain
from tlbench.errors import TlbenchError
from tlbench_datasets.arrays.dataset import Npz
from tlbench_datasets.arrays.svmlight import Svmlight
from tlbench_datasets.images.folder import Folder
from tlbench_datasets.shared.drawn_splits import OwnSplits
from tlbench_datasets.tables.formats import Csv, Parquet

CSV = {"label": "kind", "domain": "site"}


def patients(count=60, each=3):
    """Rows of two sites, `each` of a person, who has one class; the persons of both sites have the same names."""
    parts = []
    for seed, site in enumerate(("north", "south")):
        inputs, _ = vectors(seed, count)
        person = np.arange(count) // each
        kinds = np.where(person % 2, "ill", "well")
        parts.append(pd.DataFrame(inputs, columns=list("abcd")).assign(kind=kinds, site=site, person=person))
    return pd.concat(parts, ignore_index=True)


def table(folder, frame, **params):
    frame.to_csv(folder / "t.csv", index=False)
    return Csv(str(folder / "t.csv"), Csv.Params(**CSV, **params))


def error_of(folder, frame, **params):
    with pytest.raises((TlbenchError, ValidationError)) as caught:
        table(folder, frame, **params).load_drawn("north", 0)
    return str(caught.value)


def persons_of(domain, frame, site):
    """By split the persons that have a row in it."""
    rows = frame[frame.site == site]
    contents = dict(zip(digests(rows[list("abcd")].to_numpy(np.float32)), rows.person.tolist(), strict=True))
    return {split: {contents[row] for row in digests(domain.split(split).inputs)} for split in SPLITS}


# What is wrong -------------------------------------------------------------------------------------------------------


def test_group_that_is_no_column_is_answered_with_the_nearest(tmp_path):
    assert "group: unknown column 'persn'; did you mean 'person'?" in error_of(tmp_path, patients(), group="persn")


def test_rows_without_a_group_are_counted(tmp_path):
    message = error_of(tmp_path, patients().assign(person=["", *["p"] * 119]), group="person")
    assert "1 rows have no group in column 'person'" in message


def test_one_group_alone_cannot_be_split(tmp_path):
    message = error_of(tmp_path, patients().assign(person="p"), group="person")
    assert "domain 'north': 'person' is 'p' in every row; a split takes two or more, or leave out group" in message


def test_group_with_all_of_a_class_is_named(tmp_path):
    frame = patients()
    frame.loc[frame.kind == "ill", "person"] = 7
    message = error_of(tmp_path, frame, group="person")
    assert "domain 'north': all of class 'ill' is of 1 'person' (7), and it takes 2, train and test" in message


def test_folds_beyond_the_groups_of_a_class_are_named(tmp_path):
    message = error_of(tmp_path, patients(), group="person", folds=11)
    assert "all of class 'ill' is of 10 'person' (1, 11, 13), and it takes 11, one for each fold" in message


def test_folds_beyond_the_examples_of_a_class_are_named_copies_counted_once(tmp_path):
    frame = patients(40)
    frame.loc[frame.kind == "ill", list("abcd")] = 1.0
    message = error_of(tmp_path, frame, folds=2, features=list("abcd"))
    assert "class 'ill' has 1, fewer different examples than folds = 2; lower folds" in message


def test_folds_do_not_go_with_splits_that_the_data_give(tmp_path):
    frame = patients().assign(part=["train", "test", "train"] * 40)
    assert "split names a column with the splits, and folds = 3" in error_of(tmp_path, frame, folds=3, split="part")
    inputs, labels = vectors(0)
    arrays = {
        f"{split}_{name}": array
        for split in ("train", "test")
        for name, array in (("inputs", inputs + (split == "test")), ("labels", labels))
    }
    np.savez(tmp_path / "one.npz", **arrays)
    with pytest.raises(TlbenchError, match=r"the data name their splits, and folds = 3 in \[data\] asks for others"):
        Npz(str(tmp_path), Npz.Params(folds=3)).load("one")


def test_splits_of_the_data_that_divide_a_group_are_refused(tmp_path):
    frame = patients().assign(part=["train", "test", "train"] * 40)
    message = error_of(tmp_path, frame, split="part", group="person")
    assert "20 of 'person' stand in several of the splits that the data give" in message


def test_shares_that_do_not_go_with_folds_are_told_with_those_that_do():
    with pytest.raises(ValidationError, match=r"4 test on 1/4 .* says 0.4; write splits = \[0.65, 0.1, 0.25\]"):
        OwnSplits(splits=(0.5, 0.1, 0.4), folds=4)


def test_seeds_that_name_no_fold_are_told():
    assert OwnSplits(folds=3).seed_faults([0, 1, 2]) == []
    assert OwnSplits().seed_faults([9]) == []
    (fault,) = OwnSplits(folds=3).seed_faults([0, 3, 4])
    assert fault.endswith("from 0 to 2, and seeds holds 3, 4; write seeds = [0, 1, 2], or folds = 5")


def test_expression_of_groups_that_is_none_or_finds_nothing(tmp_path):
    with pytest.raises(ValidationError, match="is no regular expression"):
        Folder.Params(group="(")
    root = image_folder(tmp_path / "photos")
    with pytest.raises(TlbenchError, match=r"group = 'p\[0-9\]\+' finds nothing in 20 names, such as '0.png'"):
        Folder(str(root), Folder.Params(group="p[0-9]+")).load("one")


@pytest.mark.parametrize(
    ("groups", "message"),
    [({}, "group: unknown array 'person'"), ({"person": np.zeros(59, int)}, "must name a group for each of 60 rows")],
)
def test_array_of_groups_that_does_not_fit(tmp_path, groups, message):
    inputs, labels = vectors(0)
    np.savez(tmp_path / "one.npz", inputs=inputs, labels=labels, **groups)
    with pytest.raises(TlbenchError, match=message):
        Npz(str(tmp_path), Npz.Params(group="person")).load("one")


# What is right -------------------------------------------------------------------------------------------------------


def test_each_seed_draws_its_own_split_and_a_written_seed_draws_one_for_all(tmp_path):
    free, fixed = table(tmp_path, patients()), table(tmp_path, patients(), seed=1)
    assert free.split_origin("north").redrawn and not fixed.split_origin("north").redrawn
    drawn = [free.load_drawn("north", seed).revision for seed in range(4)]
    assert len(set(drawn)) == 4
    assert free.load("north").revision == drawn[0]
    assert {fixed.load_drawn("north", seed).revision for seed in range(4)} == {drawn[1]}
    assert "intervals do not cover the split" in fixed.split_origin("north").words


def test_splits_that_the_data_give_are_never_redrawn(tmp_path):
    frame = patients().assign(part=["train", "test", "train"] * 40)
    dataset = table(tmp_path, frame, split="part")
    assert dataset.split_origin("north").words == ""
    assert dataset.load_drawn("north", 0).revision == dataset.load_drawn("north", 5).revision


@pytest.mark.parametrize("group", [None, "person"])
def test_every_example_is_tested_by_one_fold(tmp_path, group):
    frame = patients()
    dataset = table(tmp_path, frame, folds=5, group=group)
    domains = [dataset.load_drawn("north", seed) for seed in range(5)]
    tested = [row for domain in domains for row in digests(domain.test.inputs)]
    assert len(tested) == len(set(tested)) == 60
    for domain in domains:
        check_domain("own", domain)
        assert sum(len(domain.split(split)) for split in SPLITS) == 60
        assert np.bincount(domain.test.labels).min() >= 3
        assert len(domain.val) in range(3, 10)


@pytest.mark.parametrize("options", [{}, {"folds": 4}, {"seed": 3}])
def test_a_person_is_on_one_side_in_all_domains(tmp_path, options):
    frame = patients(120)
    dataset = table(tmp_path, frame, group="person", **options)
    seen = set()
    for seed in range(4):
        found = {site: persons_of(dataset.load_drawn(site, seed), frame, site) for site in ("north", "south")}
        for one, other in (("train", "test"), ("train", "val"), ("val", "test")):
            everywhere = [found[site][split] for site in found for split in (one, other)]
            assert (everywhere[0] | everywhere[2]).isdisjoint(everywhere[1] | everywhere[3])
        seen.add(tuple(sorted(found["north"]["test"])))
    assert len(seen) == (1 if "seed" in options else 4)


def test_groups_are_split_in_the_shares_of_the_classes_however_large_they_are(tmp_path):
    rng = np.random.default_rng(0)
    frame = patients(600, 1)
    frame["person"] = [f"{kind[0]}{rng.integers(25)}" for kind in frame.kind]
    domain = table(tmp_path, frame, group="person").load_drawn("north", 3)
    counts = np.array([np.bincount(domain.split(split).labels, minlength=2) for split in SPLITS])
    np.testing.assert_allclose(counts / counts.sum(axis=0), [[0.7] * 2, [0.1] * 2, [0.2] * 2], atol=0.06)


def test_copies_of_another_persons_rows_are_left_out_of_training(tmp_path):
    frame = patients(120)
    frame[list("abcd")] = frame[list("abcd")].round(0)  # many persons have the same
    domain = table(tmp_path, frame, group="person").load_drawn("north", 0)
    check_domain("own", domain)
    assert any("copies of what another person has in a later split" in note for note in domain.notes)


def test_images_are_grouped_by_what_an_expression_finds_in_their_names(tmp_path):
    for path in sorted(image_folder(tmp_path / "photos").glob("*/*/*.png")):
        path.rename(path.with_name(f"p{int(path.stem) // 2}_{path.stem}.png"))
    dataset = Folder(str(tmp_path / "photos"), Folder.Params(group="^(p[0-9]+)_", size=10))
    domain = dataset.load_drawn("one", 0)
    assert [len(domain.split(split)) % 2 for split in SPLITS] == [0, 0, 0]
    assert len(domain.test) == 4


def test_arrays_and_sparse_rows_are_redrawn_too(tmp_path):
    inputs, labels = vectors(0)
    np.savez(tmp_path / "one.npz", inputs=inputs, labels=labels, person=np.arange(60) // 4)
    grouped = Npz(str(tmp_path), Npz.Params(group="person"))
    assert grouped.load_drawn("one", 0).revision != grouped.load_drawn("one", 1).revision
    lines = [f"{label} 1:{row}" for row, label in enumerate(labels.tolist(), 1)]
    (tmp_path / "one.svmlight").write_text("\n".join(lines))
    sparse = Svmlight(str(tmp_path), Svmlight.Params(folds=3))
    assert sparse.load_drawn("one", 0).revision != sparse.load_drawn("one", 1).revision


def test_mean_and_spread_over_seeds_are_those_of_repeated_splits(tmp_path):
    """25 test patients of a real data set, made harder by noise, against scikit-learn's own repeated splits."""
    data = load_breast_cancer()
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(data.target))[:125]
    inputs = data.data[rows, :10]
    inputs = (inputs + 2 * inputs.std(axis=0) * rng.standard_normal(inputs.shape)) / inputs.std(axis=0)
    frame = pd.DataFrame(inputs, columns=list("abcdefghij")).assign(kind=data.target[rows], site="north")
    dataset = table(tmp_path, frame)

    def accuracy(train, test):
        return LogisticRegression(max_iter=1000).fit(*train).score(*test)

    drawn = (dataset.load_drawn("north", seed) for seed in range(20))
    ours = [accuracy((d.train.inputs, d.train.labels), (d.test.inputs, d.test.labels)) for d in drawn]
    repeated = StratifiedShuffleSplit(20, train_size=87, test_size=25, random_state=0)
    labels = frame.kind.to_numpy()
    theirs = [
        accuracy((inputs[train], labels[train]), (inputs[test], labels[test]))
        for train, test in repeated.split(inputs, labels)
    ]
    error = np.hypot(np.std(ours, ddof=1), np.std(theirs, ddof=1)) / np.sqrt(20)
    assert abs(np.mean(ours) - np.mean(theirs)) < 2.5 * error
    # The ratio of two variances of 20 each is within 0.33 to 3.0 in 98 % of samples.
    assert 0.33 < np.var(ours) / np.var(theirs) < 3.0
    assert np.std(ours) > 0.03  # one split for all seeds has none


def test_feature_without_values_in_one_domain_gets_its_mean_elsewhere(tmp_path):
    frame = patients().assign(e=5.0)
    frame.loc[frame.site == "north", "e"] = np.nan
    frame.loc[frame.index[-30:], "e"] = 7.0
    dataset = table(tmp_path, frame, missing="mean")
    north, south = dataset.load_drawn("north", 2), dataset.load_drawn("south", 2)
    np.testing.assert_allclose(north.train.inputs[:, 5], south.train.inputs[:, 5].mean(), rtol=1e-6)
    assert any("became their mean in that of 'south': 'e'" in note for note in north.notes)
    check_domain("own", north)


def test_feature_without_values_anywhere_is_left_out_and_told(tmp_path):
    domain = table(tmp_path, patients().assign(e=np.nan)).load("north")
    assert domain.train.inputs.shape[1] == 5  # person is a number too
    assert any("left out: 'e' (empty)" in note for note in domain.notes)


@pytest.mark.parametrize("options", [{}, {"folds": 3}, {"seed": 4}])
def test_numbers_that_rounding_makes_equal_stay_in_one_split(tmp_path, options):
    frame = patients()[["kind", "site"]].assign(time=1_700_000_000 + 50 * np.arange(120) // 2)
    domain = table(tmp_path, frame, **options).load_drawn("north", 1)
    assert any("become equal in 32 bits" in note for note in domain.notes)
    check_domain("own", domain)


def test_numbers_that_rounding_makes_equal_divide_no_group(tmp_path):
    frame = patients()
    # A third of the rows differ by less than 32 bits hold after they are standardised.
    frame["x"] = 1e9 + np.where(frame.index % 3 == 0, 1e-6 * frame.index, 1000.0 * frame.index)
    options = {"group": "person", "scale": "standardise", "features": ["x"]}
    dataset = table(tmp_path, frame, **options)
    domain = dataset.load_drawn("north", 0)
    assert any("became equal in 32 bits to what another group has in a later split" in note for note in domain.notes)
    check_domain("own", domain)
    persons = [{row.split()[1] for row in domain.split(split).items} for split in SPLITS]
    of = {f"{row + 1}": person for row, person in enumerate(frame.person.tolist())}
    first, second, third = ({of[row] for row in rows} for rows in persons)
    assert not (first & second or first & third or second & third)


def test_whole_numbers_of_another_domain_are_counted_as_those_of_the_domain_itself(tmp_path):
    frame = patients().assign(e=pd.array(1_700_000_000_000 + np.arange(120), "Int64"), split="train")
    frame.loc[frame.index % 3 == 0, "split"] = "test"
    frame.loc[(frame.site == "north") & (frame.split == "train"), "e"] = pd.NA
    frame.to_parquet(tmp_path / "t.parquet")
    params = {"split": "split", "missing": "mean", "scale": "standardise", "features": ["a", "e"]}
    domain = Parquet(str(tmp_path / "t.parquet"), Parquet.Params(**CSV, **params)).load("north")
    # Constant in the training data, and so only shifted: by how much the others are above the test data's own.
    other = frame[(frame.site == "south") & (frame.split == "train")].e.astype(float).mean()
    own = frame[(frame.site == "north") & (frame.split == "test")].e.astype(float)
    np.testing.assert_allclose(domain.test.inputs[:, 1], own - other, atol=1e-3)
    assert domain.reading["missing"][1] == pytest.approx(other)
