"""Labelled texts of each format: what is wrong is named by file and line, and texts come back as they are."""

from __future__ import annotations

import pyarrow
import pyarrow.parquet
import pytest

from tlbench.errors import DataError
from tlbench_datasets.named.text_files import (
    read_files_of_classes,
    read_labelled_lines,
    read_questions,
    read_reviews,
    read_tables,
)

questions = read_questions(["DESC", "NUM"])


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    return path


def content(splits):
    return [(split.inputs.tolist(), split.labels.tolist()) for split in splits]


# What is wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reader", "line", "fault"),
    [
        (read_labelled_lines, b"good film", "'good film' is not of the form text, tab, number"),
        (read_labelled_lines, b"good film\t", "'good film' is not of the form"),
        (read_labelled_lines, b"caf\xe9\t1", "byte 4 is not utf-8"),
        (questions, b"Where ?", "'Where ?' is not of the form CLASS:kind question, CLASS being DESC, NUM"),
        (questions, b"LOC:city Where ?", "'LOC:city Where ?' is not of the form"),
        (questions, b"NUM:date", "'NUM:date' is not of the form"),
        (read_files_of_classes("ascii"), b"caf\xe9", "byte 4 is not ascii"),
    ],
)
def test_malformed_line_is_named_with_its_file(tmp_path, reader, line, fault):
    first = {read_labelled_lines: b"fine\t0", questions: b"NUM:count How many ?"}.get(reader, b"fine")
    with pytest.raises(ValueError, match=r"lines\.txt, line 2: ") as caught:
        reader(written(tmp_path, "lines.txt", first + b"\n" + line + b"\n"))
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("cut", "fault"),
    [
        (b"", "0 reviews, and around them ''"),
        (b"<reviews><review>one</review><review>tw", "1 reviews, and around them '<reviews> <review>tw'"),
        (b"<reviews><review>one</review>stray</reviews>", "1 reviews, and around them '<reviews> stray</reviews>'"),
        (b"<reviews><review>caf\xe9</review></reviews>", "byte 21 is not utf-8"),
    ],
)
def test_reviews_that_are_cut_short_are_told_with_the_file(tmp_path, cut, fault):
    with pytest.raises(ValueError, match=r"positive\.parsed") as caught:
        read_reviews(written(tmp_path, "positive.parsed", cut))
    assert fault in str(caught.value)


def test_table_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DataError, match=r"mr\.parquet needs pyarrow, .*pip install 'tlbench\[parquet\]'"):
        read_tables(tmp_path / "mr.parquet")


# What is read --------------------------------------------------------------------------------------------------------


def test_labelled_lines_are_parts_and_only_the_last_tab_counts(tmp_path):
    train = written(tmp_path, "train.tsv", "a café\t1\nleft\tright\t0".encode())
    test = written(tmp_path, "test.tsv", b"dull\t0\n")
    assert content(read_labelled_lines(train, test)) == [(["a café", "left\tright"], [1, 0]), (["dull"], [0])]


def test_questions_are_of_their_class_and_their_kind_is_dropped(tmp_path):
    path = written(tmp_path, "train", b"NUM:dist How far ?\nDESC:manner What \xe9lan : why ?\n")
    assert content(questions(path)) == [(["How far ?", "What élan : why ?"], [1, 0])]


def test_files_of_classes_are_one_part_the_first_of_the_highest_label(tmp_path):
    positive = written(tmp_path, "pos", b"good\n\n  better \n")
    negative = written(tmp_path, "neg", b"bad\n")
    assert content(read_files_of_classes("ascii")(positive, negative)) == [(["good", "better", "bad"], [1, 1, 0])]


def test_signs_of_windows_in_latin_1_become_what_was_meant_and_end_no_line(tmp_path):
    path = written(tmp_path, "pos", b"it went on \x96 and on \x85 caf\xe9 \x81\n")
    assert content(read_files_of_classes("latin-1")(path)) == [(["it went on – and on … café \x81"], [0])]


def test_reviews_keep_their_lines_and_lose_the_space_around_them(tmp_path):
    positive = written(tmp_path, "positive", b"<reviews>\r\n<review>\tFine & <b>\r\n\tso.\r\n</review>\n</reviews>\r\n")
    negative = written(tmp_path, "negative", b"<reviews><review>No</review><review>Nor</review></reviews>")
    assert content(read_reviews(positive, negative)) == [(["Fine & <b>\r\n\tso.", "No", "Nor"], [1, 0, 0])]


def test_tables_are_parts(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"text": [" a", "b\x96"], "label": [1, 0]}), tmp_path / "x.parquet")
    assert content(read_tables(tmp_path / "x.parquet")) == [(["a", "b–"], [1, 0])]
