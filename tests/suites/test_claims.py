"""Published figures: everything that is wrong with a file is named at once, each fault with its line and column."""

from __future__ import annotations

import csv
import io

import pytest

from tlbench.errors import Faults
from tlbench.suites.claims import Claim, check_pairs, read_claims

ROW = {
    "dataset": "fruit",
    "source": "apple",
    "target": "pear",
    "setting": "transductive",
    "strategy": "source-only",
    "backbone": "mlp:16",
    "protocol": "held-out, last step",
    "metric": "accuracy",
    "value": "0.495",
    "plus_minus": "",
    "citation": "Someone et al. 2016, Table 2",
    "note": "",
    "differs": "",
}


def text_of(*rows, columns=tuple(ROW)):
    """A file with these rows, each given by what differs from `ROW`."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**ROW, **row} for row in rows)
    return out.getvalue()


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(text):
        path = tmp_path.relative_to(tmp_path) / "claims.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_claims(path)

    return read


@pytest.fixture
def faults(read):
    """The faults of a file, which must have some."""

    def faults(text):
        with pytest.raises(Faults) as caught:
            read(text)
        assert str(caught.value).startswith("claims.csv: the published figures cannot be used")
        return caught.value.faults

    return faults


# Means over pairs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [":pear", "apple:pear; pear:", "apple:pear; pear"])
def test_a_mean_over_what_is_no_pair(faults, target):
    (found,) = faults(text_of({"source": "mean", "target": target}))
    assert found.startswith("claims.csv:2: target: ")
    assert "is no pair; of a mean, write in the column target the pairs as 'a:b; b:a', or '*:*'" in found


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "apple:peer",
            "mean of apple:peer (Someone et al. 2016, Table 2): unknown domain 'peer'; did you mean 'pear'?",
        ),
        ("plum*:pear", "unknown domain 'plum*'"),
        ("pear", "unknown domain 'mean'"),
    ],
)
def test_a_mean_over_pairs_that_the_dataset_cannot_have(read, target, message):
    claims = read(text_of({"source": "mean", "target": target}))
    with pytest.raises(Faults) as caught:
        check_pairs("claims.csv", claims, "fruit", ["apple", "pear"])
    assert message in str(caught.value)
    assert ("'*:*' for all pairs of the suite" in str(caught.value)) == (target == "pear")


def test_a_mean_names_pairs_or_globs_of_them(read):
    claims = read(
        text_of({"source": "mean", "target": "apple+fig:pear; a*:pear;"}, {"source": "mean", "target": "*:*"})
    )
    check_pairs("claims.csv", claims, "fruit", ["apple", "fig", "pear"])
    assert [claim.mean_of for claim in claims] == [("apple+fig:pear", "a*:pear"), ("*:*",)]
    (one,) = read(text_of({"source": "mean"}))  # a domain may be called so
    check_pairs("claims.csv", [one], "fruit", ["mean", "pear"])
    assert (one.mean_of, one.place) == ((), "mean:pear")


# Files that cannot be read -------------------------------------------------------------------------------------------


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(Faults, match=r"absent\.csv: does not exist"):
        read_claims(tmp_path / "absent.csv")
    with pytest.raises(Faults, match="is a directory; give the CSV file itself"):
        read_claims(tmp_path)


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", " , ,\n"])
def test_empty_file_says_what_its_first_line_must_be(faults, text):
    (found,) = faults(text)
    assert found.startswith("claims.csv:1: the file is empty; its first line names the columns: dataset,source,target")


def test_header_without_a_row_is_no_file_of_claims(faults):
    (found,) = faults(text_of())
    assert found.startswith("claims.csv:1: no figure stands below the header")


def test_bytes_that_are_not_utf_8_are_named_with_their_line(faults):
    (found,) = faults(text_of({}, {"note": "é"}).encode("latin-1"))
    assert found == "claims.csv:3: a byte that is not UTF-8 (0xe9); save the file as UTF-8"


def test_semicolons_are_told_from_missing_columns(faults):
    (found,) = faults(text_of({}).replace(",", ";") + "one,and;another,one\n")
    assert found == "claims.csv:1: the columns are separated by ';'; separate them by commas"


def test_quote_that_is_never_closed(faults):
    found = faults(text_of({"value": "much"}) + 'fruit,"apple')
    assert found[0].startswith("claims.csv:2: value: 'much'")
    assert found[1].startswith("claims.csv:3: unexpected end of data")


# Faults of rows and columns ------------------------------------------------------------------------------------------

ROW_FAULTS = [
    ({"value": "much"}, "value: 'much' must be a number"),
    ({"value": "0,495"}, "value: '0,495' must be a number"),
    ({"value": ""}, "value: is empty"),
    ({"value": "nan"}, "value: 'nan' must be a finite number"),
    ({"value": "-inf"}, "value: '-inf' must be a finite number"),
    ({"value": "49.5"}, "value: 49.5 is no accuracy, which lies between 0 and 1; write a fraction, not percent"),
    ({"value": "-0.1"}, "value: -0.1 is no accuracy, which lies between 0 and 1"),
    ({"value": "-0.1", "metric": "nll"}, "value: -0.1 is no nll, which is not below 0"),
    ({"plus_minus": "few"}, "plus_minus: 'few' must be a number"),
    ({"plus_minus": "-1"}, "plus_minus: '-1' must be greater than or equal to 0"),
    ({"setting": "transductiv"}, "setting: unknown setting 'transductiv'; did you mean 'transductive'? Known: "),
    ({"setting": ""}, "setting: is empty"),
    ({"source": " "}, "source: is empty"),
    ({"citation": ""}, "citation: is empty"),
]


@pytest.mark.parametrize(("change", "fault"), ROW_FAULTS)
def test_fault_of_a_row_names_line_column_and_value(faults, change, fault):
    (found,) = faults(text_of({}, change))
    assert found.startswith(f"claims.csv:3: {fault}")


def test_missing_columns_are_each_named_once_beside_the_faults_of_rows(faults):
    columns = [name for name in ROW if name not in ("differs", "setting")]
    found = faults(text_of({"value": "much"}, {}, columns=columns))
    assert found[0].startswith("claims.csv:1: setting: the column is missing")
    assert found[1].startswith("claims.csv:1: differs: the column is missing; leave its cells empty where the suite")
    assert found[2].startswith("claims.csv:2: value:")
    assert len(found) == 3


def test_unknown_and_repeated_columns(faults):
    text = text_of({}).replace("note", "notes", 1).replace("protocol", "value", 1)
    found = "\n".join(faults(text))
    assert "claims.csv:1: notes: unknown column 'notes'; did you mean 'note'?" in found
    assert "claims.csv:1: value: the column is there more than once" in found
    assert "claims.csv:1: protocol: the column is missing" in found


def test_rows_with_another_number_of_cells(faults):
    found = faults(text_of({}) + "fruit,apple\n" + text_of({}).splitlines()[1] + ",more\n")
    assert found[0].startswith("claims.csv:3: 2 cells where the header names 13 columns")
    assert found[1].startswith("claims.csv:4: 14 cells where the header names 13 columns; quote a text")


def test_faults_are_reported_together_by_the_line_on_which_their_row_begins(faults):
    found = faults(text_of({"note": "of\nthree\nlines"}, {"value": "x", "setting": "y"}, {}, {"target": ""}))
    assert [fault.split(":")[1:3] for fault in found] == [["5", " setting"], ["5", " value"], ["7", " target"]]


# What is read --------------------------------------------------------------------------------------------------------


def test_a_claim_holds_its_row(read):
    row = {**ROW, "plus_minus": "0.007", "note": "as\nprinted", "differs": "ten times the steps"}
    assert read(text_of(row)) == [Claim(**{**row, "value": 0.495, "plus_minus": 0.007, "decimals": 3})]
    assert read(text_of({}))[0].plus_minus is None


def test_byte_order_mark_windows_line_ends_blank_lines_spaces_and_order_do_not_matter(read):
    plain = read(text_of({}, {"value": "1"}))
    text = text_of({"dataset": " fruit "}, {"value": "1"}, columns=tuple(reversed(ROW)))
    assert read(b"\xef\xbb\xbf" + text.replace("\n", "\r\n\r\n").encode()) == plain


@pytest.mark.parametrize(("value", "decimals"), [("0.495", 3), ("0.50", 2), ("1", 0), ("49.5e-2", 3), ("+.5", 1)])
def test_decimals_are_those_of_the_text(read, value, decimals):
    (claim,) = read(text_of({"value": value}))
    assert claim.decimals == decimals
    assert claim.half_unit == pytest.approx(0.5 / 10**decimals)


def test_zeros_that_a_spreadsheet_dropped_are_taken_back_from_the_figures_of_the_same_source(read):
    other = {"value": "0.4", "citation": "Another 2019"}
    found = read(text_of({"value": "0.5"}, {"value": "0.495"}, {"value": "0.9", "metric": "macro_f1"}, other))
    assert [claim.decimals for claim in found] == [3, 3, 1, 1]


def test_decimals_are_no_column(faults):
    found = faults(text_of({}, columns=(*ROW, "decimals")))
    assert found[0].startswith("claims.csv:1: decimals: unknown column 'decimals'")


def test_a_claim_of_an_older_plan_has_no_half_unit():
    assert Claim(**{**ROW, "value": 0.5}).half_unit == 0


def test_metrics_of_plugins_have_a_scale_of_their_own(read):
    assert read(text_of({"metric": "words_per_minute", "value": "61"}))[0].value == 61


def test_a_claim_comes_back_from_json(read):
    (claim,) = read(text_of({}))
    assert Claim.model_validate_json(claim.model_dump_json()) == claim
