"""Tables whose inputs are columns of text, or numbers that are standardised."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from own_files import vectors
from pydantic import ValidationError

from tlbench.core.domain import SPLITS
from tlbench.core.inputs import Texts
from tlbench.data.array_storage import open_inputs
from tlbench.data.domain_checks import check_domain
from tlbench.data.domain_store import DomainStore
from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginHost
from tlbench_datasets.tables.formats import Csv, Parquet

ROLES = {"label": "kind", "domain": "site"}


def frame(count=40):
    parts = []
    for seed, site in enumerate(("north", "south")):
        inputs, labels = vectors(seed, count)
        part = pd.DataFrame(inputs, columns=list("abcd")).assign(kind=labels, site=site)
        words = [f"Note {number} of {site}, “naïve”,\nin two lines" for number in range(count)]
        parts.append(part.assign(body=words, title=[f"title {number % 3}" for number in range(count)]))
    return pd.concat(parts, ignore_index=True)


def opened(folder, table, **params):
    table.to_csv(folder / "t.csv", index=False)
    return Csv(str(folder / "t.csv"), Csv.Params(**ROLES, **params))


def error_of(folder, table, **params):
    with pytest.raises(TlbenchError) as caught:
        opened(folder, table, **params).load("north")
    return str(caught.value)


def all_texts(domain):
    return [text for name in SPLITS for text in domain.split(name).inputs.tolist()]


# What is wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"text": "body", "features": ["a"]}, "text and features"),
        ({"text": "body", "scale": "standardise"}, "text and features"),
        ({"text": "body", "missing": "mean"}, "missing = 'mean' is for numbers"),
        ({"missing": "empty"}, "missing = 'empty' is for text"),
        ({"text": []}, "at least 1"),
        ({"scale": "max"}, "'none' or 'standardise'"),
    ],
)
def test_options_that_do_not_go_together(options, fault):
    with pytest.raises(ValidationError, match=fault):
        Csv.Params(**ROLES, **options)


def test_column_of_text_that_is_not_there_or_has_another_role(tmp_path):
    assert "text: unknown column 'boddy'; did you mean 'body'?" in error_of(tmp_path, frame(), text="boddy")
    assert "text: 'kind' is the label itself" in error_of(tmp_path, frame(), text=["body", "kind"])


def test_missing_texts_are_counted_by_column(tmp_path):
    table = frame()
    table.loc[[3, 5], "body"] = None
    message = error_of(tmp_path, table, text=["title", "body"])
    assert 'texts are missing; fill them in, or set missing = "empty" in [data]' in message
    assert "2 rows have no text in column 'body', the first is row 4 below the header" in message


def test_missing_label_beside_texts(tmp_path):
    table = frame().astype({"kind": object})
    table.loc[2, "kind"] = None
    assert "1 rows have no label in column 'kind', the first is row 3" in error_of(tmp_path, table, text="body")


def test_numbers_in_a_parquet_table_are_no_text(tmp_path):
    pytest.importorskip("pyarrow")
    frame().to_parquet(tmp_path / "t.parquet")
    with pytest.raises(TlbenchError, match=r"column 'a' is no column of text \(row 1 is '.*', float32\)"):
        Parquet(str(tmp_path / "t.parquet"), Parquet.Params(**ROLES, text="a")).load("north")


def test_tables_as_excel_writes_them(tmp_path):
    table = frame().assign(body=lambda t: t.title + "é")
    table.to_csv(tmp_path / "t.csv", index=False, sep=";")
    with pytest.raises(TlbenchError, match=r"the columns are separated by ';': write separator = \";\" in \[data\]"):
        Csv(str(tmp_path / "t.csv"), Csv.Params(**ROLES, text="body")).load("north")
    table.to_csv(tmp_path / "t.csv", index=False, encoding="cp1252")
    with pytest.raises(TlbenchError, match=r"is not UTF-8 in line 2 \(.*title 0é.*save the table as UTF-8"):
        Csv(str(tmp_path / "t.csv"), Csv.Params(**ROLES, text="body")).load("north")


# What is right -------------------------------------------------------------------------------------------------------


def test_a_mark_at_the_beginning_is_no_part_of_the_first_column(tmp_path):
    frame()[["kind", "site", "body"]].to_csv(tmp_path / "t.csv", index=False, encoding="utf-8-sig")
    assert Csv(str(tmp_path / "t.csv"), Csv.Params(**ROLES, text="body")).load("north").class_names == ("0", "1")


def test_texts_are_kept_as_they_are_written(tmp_path):
    table = frame()
    table.loc[:5, "body"] = ["NA", "None", "007", " a ", "1.0", "null"]
    dataset = opened(tmp_path, table, text="body")
    domain = dataset.load("north")
    check_domain("own", domain)
    assert domain.modality == "text"
    assert isinstance(domain.train.inputs, Texts)
    assert sorted(all_texts(domain)) == sorted(table.body[:40])
    assert dataset.about("south") == ["texts of 38 to 39 characters, 39 on average"]


def test_several_columns_are_joined_by_a_line_break_and_what_is_missing_may_be_empty(tmp_path):
    table = frame()
    table.loc[[0, 1], "title"] = None
    table.loc[[1, 2], "body"] = ""
    domain = opened(tmp_path, table, text=["title", "body"], missing="empty").load("north")
    texts = all_texts(domain)
    assert table.body[0] in texts
    assert "" in texts
    assert "title 2" in texts
    assert f"title 0\n{table.body[3]}" in texts
    (note,) = domain.notes
    assert "missing texts are taken as empty: 2 rows have no text in column 'title', the first is row 1" in note


def test_parquet_gives_the_texts_that_csv_gives(tmp_path):
    pytest.importorskip("pyarrow")
    frame().to_parquet(tmp_path / "t.parquet")
    of_parquet = Parquet(str(tmp_path / "t.parquet"), Parquet.Params(**ROLES, text="body")).load("north")
    assert of_parquet.revision == opened(tmp_path, frame(), text="body").load("north").revision


def test_equal_texts_go_to_one_split(tmp_path):
    table = frame().assign(body=lambda t: t.kind.astype(str) + t.title)
    domain = opened(tmp_path, table, text="body").load("north")
    check_domain("own", domain)
    assert len(set(all_texts(domain))) == 6


def test_texts_are_made_ready_in_a_new_order(tmp_path):
    frame().to_csv(tmp_path / "t.csv", index=False)
    store = DomainStore(tmp_path, f"csv:{tmp_path / 't.csv'}", PluginHost(), {**ROLES, "text": "body"})
    ready = store.get("north")
    inputs = open_inputs(ready.inputs("train"))
    assert (ready.modality, ready.storage) == ("text", "text")
    assert isinstance(inputs, Texts)
    loaded = store.dataset.load("north").train.inputs.tolist()
    assert sorted(inputs.tolist()) == sorted(loaded) != inputs.tolist()


def test_features_are_standardised_by_the_training_data_of_their_own_domain(tmp_path):
    table = frame().assign(a=lambda t: t.a * 1000 + 5e5 * (t.site == "south"), d=3.0)
    table.loc[7, "b"] = np.nan
    for name in ("north", "south"):
        plain = opened(tmp_path, table, missing="mean").load(name)
        domain = opened(tmp_path, table, missing="mean", scale="standardise").load(name)
        check_domain("own", domain)
        mean, deviation = plain.train.inputs.mean(axis=0), plain.train.inputs.std(axis=0)
        deviation[3] = 1
        for split in SPLITS:
            expected = (plain.split(split).inputs - mean) / deviation
            assert domain.split(split).inputs == pytest.approx(expected, abs=1e-2)
        assert np.abs(domain.train.inputs.mean(axis=0)).max() < 1e-5
        assert "standardised by the mean and the deviation of the domain's own training data" in domain.notes[-2]
        assert domain.notes[-1] == "columns that are constant in the training data: 'd'"


def test_features_are_left_as_they_are_by_default(tmp_path):
    domain = opened(tmp_path, frame(), features=["a"]).load("north")
    assert set(np.concatenate([domain.split(name).inputs[:, 0] for name in SPLITS])) == {
        np.float32(value) for value in pd.read_csv(tmp_path / "t.csv").a[:40]
    }
