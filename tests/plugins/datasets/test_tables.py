"""`csv:PATH` and `parquet:PATH`: columns by name, numbers as features, holes filled on purpose."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest
from own_files import suite, vectors

from tlbench.core.domain import SPLITS
from tlbench.data.domain_checks import check_domain
from tlbench.errors import TlbenchError
from tlbench_datasets.tables.formats import Csv, Parquet

NAMES = ["label = 'kind'", "domain = 'site'"]


def frame(count=60):
    parts = []
    for seed, site in enumerate(("north", "south 'x' 🎨")):
        inputs, labels = vectors(seed, count)
        part = pd.DataFrame(inputs, columns=list("abcd"))
        parts.append(part.assign(kind=np.where(labels == 1, "ill", "well"), site=site, note="text"))
    return pd.concat(parts, ignore_index=True)


def opened(folder, table, **params):
    table.to_csv(folder / "t.csv", index=False)
    return Csv(str(folder / "t.csv"), Csv.Params(**{"label": "kind", "domain": "site", **params}))


def error_of(folder, table, **params):
    with pytest.raises(TlbenchError) as caught:
        opened(folder, table, **params).load("north")
    return str(caught.value)


# What is wrong -------------------------------------------------------------------------------------------------------


def test_path_that_is_no_table(tmp_path):
    params = Csv.Params(label="kind", domain="site")
    with pytest.raises(TlbenchError, match=r"no\.csv' does not exist"):
        Csv(str(tmp_path / "no.csv"), params)
    with pytest.raises(TlbenchError, match="is a folder; name the table itself"):
        Csv(str(tmp_path), params)
    for content, message in (
        (b"", "is empty; its first line names the columns"),
        (b"PAR1\xff\xfe", "is a Parquet file; write parquet:.*t.csv"),
        (b"kind,site\n1,\xff\n", "is not UTF-8 in line 2 .*save the table as UTF-8"),
        (b"kind,site,a\n", "has no rows"),
        (b'kind,site,a\n"x,y,1\n', "cannot be read"),
    ):
        (tmp_path / "t.csv").write_bytes(content)
        with pytest.raises(TlbenchError, match=message):
            Csv(str(tmp_path / "t.csv"), params).load("north")


def test_table_that_is_no_parquet_is_answered_with_csv(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'tlbench[parquet]'")
    (tmp_path / "t.csv").write_text("kind,site,a\n1,north,2\n")
    with pytest.raises(TlbenchError, match=r"cannot be read: .*; if it is CSV, write csv:.*t\.csv"):
        Parquet(str(tmp_path / "t.csv"), Parquet.Params(label="kind", domain="site")).load("north")


def test_unknown_columns_are_all_named_with_the_nearest(tmp_path):
    message = error_of(tmp_path, frame(), label="knd", split="fold", features=["a", "e"])
    assert "label: unknown column 'knd'; did you mean 'kind'?" in message
    assert "split: unknown column 'fold'" in message
    assert "features: unknown column 'e'" in message


def test_the_label_is_no_feature_and_columns_have_one_role(tmp_path):
    assert "features: 'kind' is the label itself" in error_of(tmp_path, frame(), features=["a", "kind"])
    assert "must be different columns" in error_of(tmp_path, frame(), label="site")


def test_text_is_answered_with_what_it_would_take(tmp_path):
    message = error_of(tmp_path, frame(), features=["a", "note"])
    assert "column 'note' is no column of numbers (row 1 is 'text'); name columns of numbers in features" in message
    assert "has no columns of numbers" in error_of(tmp_path, frame()[["kind", "site", "note"]])


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("kind", None, "1 rows have no label in column 'kind', the first is row 3 below the header"),
        ("site", None, "1 rows have no domain in column 'site', the first is row 3"),
        ("site", "a:b", "the domain 'a:b' has an empty name, ':' or '+'"),
        ("a", None, "values are missing; fill them in, leave the columns out"),
    ],
)
def test_cell_that_cannot_be_used(tmp_path, column, value, fault):
    table = frame()
    table.loc[2, column] = value
    assert fault in error_of(tmp_path, table)


def test_a_measurement_is_no_label(tmp_path):
    message = error_of(tmp_path, frame(), label="a")
    assert "labels are whole numbers or names of classes; turn measurements into classes first" in message


def test_split_that_is_none(tmp_path):
    table = frame().assign(part="train")
    assert "splits are given (train), but none of them is 'test'" in error_of(tmp_path, table, split="part")
    table.loc[0, "part"] = "tset"
    assert "unknown split 'tset'; did you mean 'test'?" in error_of(tmp_path, table, split="part")


def test_column_without_any_value_cannot_be_imputed(tmp_path):
    message = error_of(tmp_path, frame().assign(e=np.nan), missing="mean", features=["a", "e"])
    assert "column 'e' has no value in the training data of any domain; leave it out of features" in message


# What is right -------------------------------------------------------------------------------------------------------


def test_all_other_columns_of_numbers_are_features_and_the_rest_is_told(tmp_path):
    dataset = opened(tmp_path, frame())
    assert dataset.domains == ("north", "south 'x' 🎨")
    domain = dataset.load("north")
    check_domain("own", domain)
    assert domain.class_names == ("ill", "well")
    assert domain.train.inputs.shape == (42, 4)
    assert domain.notes == ("columns that are no numbers are left out: 'note' ('text')",)
    assert opened(tmp_path, frame(), features=["d", "a"]).load("north").train.inputs.shape == (42, 2)


def test_whole_numbers_are_classes_however_they_are_written(tmp_path):
    table = frame().assign(kind=lambda t: np.where(t.kind == "ill", 10.0, 9.0))
    assert opened(tmp_path, table).load("north").class_names == ("9", "10")


def test_holes_get_the_mean_of_the_training_data_of_their_domain_alone(tmp_path):
    table = frame()
    table["a"] = np.where(table.site == "north", 1.0, 1000.0) + np.arange(len(table)) % 7
    table.loc[table.index % 5 == 0, "a"] = np.nan
    domain = opened(tmp_path, table, missing="mean", features=["a", "b"]).load("north")
    (note,) = domain.notes
    assert note == "missing values became the mean of the domain's training data: 12 in column 'a'"
    filled = np.concatenate([domain.split(name).inputs[:, 0] for name in SPLITS])
    fraction = filled[filled % 1 != 0]
    assert len(fraction) == 12
    whole = domain.train.inputs[:, 0]
    assert fraction[0] == pytest.approx(whole[whole % 1 == 0].mean())


def test_given_splits_and_separator(tmp_path):
    table = frame().assign(part=lambda t: np.where(t.index % 3 == 0, "test", "train"))
    table.to_csv(tmp_path / "t.csv", index=False, sep=";")
    params = Csv.Params(label="kind", domain="site", split="part", separator=";")
    domain = Csv(str(tmp_path / "t.csv"), params).load("north")
    assert [len(domain.split(name)) for name in SPLITS] == [40, 0, 20]


def test_a_suite_on_a_table_runs_to_a_leaderboard(project):
    frame().to_csv(project.folder / "patients.csv", index=False)
    outcome = project.tlbench("run", project.suite(suite("csv:patients.csv", "\n".join(NAMES))), "-q")
    assert outcome.code == 0, outcome.err
    assert {record.status for record in project.records("own")} == {"ok"}


def test_an_unknown_column_ends_in_one_message(project):
    frame().to_csv(project.folder / "patients.csv", index=False)
    text = suite("csv:patients.csv", "label = 'knd'\ndomain = 'site'")
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 2
    assert "dataset: csv:patients.csv: label: unknown column 'knd'; did you mean 'kind'?" in outcome.err


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TlbenchError, match=r"needs pyarrow.*pip install 'tlbench\[parquet\]'"):
        Parquet(str(tmp_path), Parquet.Params(label="kind", domain="site"))


def test_a_suite_on_a_parquet_table_runs_to_a_leaderboard(project):
    pytest.importorskip("pyarrow")
    table = frame().assign(age=pd.array([*range(119), None], dtype="Int64"))
    table.index = table["kind"] + table.index.astype(str)
    table.to_parquet(project.folder / "patients.parquet")
    outcome = project.tlbench(
        "run", project.suite(suite("parquet:patients.parquet", "\n".join([*NAMES, "missing = 'mean'"]))), "-q"
    )
    assert outcome.code == 0, outcome.err
