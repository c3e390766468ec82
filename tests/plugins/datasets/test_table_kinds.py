"""Tables as people write them: each kind is read right, or told with what to do about it."""

import decimal

import numpy as np
import pandas as pd
import pytest

from tlbench.core.domain import SPLITS
from tlbench.data.domain_checks import check_domain
from tlbench.errors import TlbenchError
from tlbench_datasets.tables.formats import Csv, Parquet

ROLES = {"label": "class", "domain": "hospital"}


def csv(folder, text, **params):
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return Csv(str(folder / "t.csv"), Csv.Params(**{**ROLES, **params}))


def rows(line, count=20, header="hospital,class,dose", **values):
    """A header, and for each hospital and class some rows; `{i}` counts them."""
    body = [
        line.format(hospital=hospital, label=label, i=i, **values)
        for hospital in ("north", "south")
        for i, label in enumerate(["ill"] * count + ["well"] * count)
    ]
    return "\n".join([header, *body]) + "\n"


def error_of(data):
    with pytest.raises(TlbenchError) as caught:
        data.load(data.domains[0])
    return str(caught.value)


# Separators ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [",", ",,", ", "])
def test_separators_at_the_end_of_each_line_make_no_column(tmp_path, end):
    data = csv(tmp_path, rows("{hospital},{label},{i}" + end))
    assert data.domains == ("north", "south")
    domain = data.load("north")
    assert domain.class_names == ("ill", "well")
    assert domain.train.inputs.shape[1] == 1


def test_a_separator_at_the_end_of_the_header_too(tmp_path):
    domain = csv(tmp_path, rows("{hospital},{label},{i},", header="hospital,class,dose,")).load("north")
    assert domain.train.inputs.shape[1] == 1


@pytest.mark.parametrize("row", [1, 7])
def test_a_row_with_more_values_than_the_header_is_named(tmp_path, row):
    lines = rows("{hospital},{label},{i}").split("\n")
    lines[row] += ",9"
    assert f"row {row} has 4 values, the header 3" in error_of_opening(tmp_path, "\n".join(lines))


def test_one_row_with_an_empty_value_more_is_named_too(tmp_path):
    lines = rows("{hospital},{label},{i}").split("\n")
    lines[3] += ","
    assert "row 3 has 4 values, the header 3" in error_of_opening(tmp_path, "\n".join(lines))


def error_of_opening(folder, text):
    with pytest.raises(TlbenchError) as caught:
        csv(folder, text).domains  # noqa: B018
    return str(caught.value)


def test_two_columns_of_one_name_are_told(tmp_path):
    text = rows("{hospital},{label},{i},{i}", header="hospital,class,dose,dose")
    assert "two columns 'dose'" in error_of_opening(tmp_path, text)


# Words that are no holes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["None", "NA", "null", "n/a", "nan", "NULL"])
def test_labels_and_domains_are_what_is_written(tmp_path, word):
    text = rows("{hospital},{label},{i}").replace("ill", word).replace("north", word + "1")
    data = csv(tmp_path, text.replace(word + "1", word))
    assert set(data.domains) == {word, "south"}
    assert word in data.load(word).class_names


def test_an_empty_label_is_missing(tmp_path):
    text = rows("{hospital},{label},{i}").replace("north,ill,3", "north,,3")
    assert "1 rows have no label in column 'class', the first is row 4 below the header" in error_of(
        csv(tmp_path, text)
    )


def test_na_among_numbers_is_a_hole_beside_a_label_of_that_name(tmp_path):
    text = rows("{hospital},NA{label},{i}").replace(",NAwell", ",well").replace("NAill", "NA").replace(",4\n", ",NA\n")
    domain = csv(tmp_path, text, missing="mean").load("north")
    assert domain.class_names == ("NA", "well")
    assert "1 in column 'dose'" in domain.notes[0]


# How numbers are written ---------------------------------------------------------------------------------------------

COMMA = rows("{hospital};{label};{i},5", header="hospital;class;dose")


def test_a_decimal_comma_is_told_and_read_by_its_option(tmp_path):
    message = error_of(csv(tmp_path, COMMA, separator=";"))
    assert "column 'dose'" in message
    assert "such as '0,5'" in message
    assert 'write decimal = "," in [data]' in message
    domain = csv(tmp_path, COMMA, separator=";", decimal=",").load("north")
    assert set(np.concatenate([s.inputs[:, 0] for s in (domain.train, domain.val, domain.test)])) == {
        i + 0.5 for i in range(40)
    }


def test_thousands_are_read_by_their_option(tmp_path):
    text = rows("{hospital};{label};1.{i:03d},5", header="hospital;class;dose")
    message = error_of(csv(tmp_path, text, separator=";"))
    assert 'decimal = "," and thousands = "."' in message
    domain = csv(tmp_path, text, separator=";", decimal=",", thousands=".").load("north")
    assert domain.train.inputs.min() >= 1000.5


def test_a_comma_that_may_mean_two_things_is_asked_about(tmp_path):
    text = rows('{hospital},{label},"1,{i:03d}"')
    assert 'thousands = "," (1,234 is 1234) or decimal = "," (1,234 is 1.234)' in error_of(csv(tmp_path, text))


@pytest.mark.parametrize("sign", ["?", "-", "--", "*", "unknown"])
def test_a_sign_for_missing_values_is_told_and_read_by_its_option(tmp_path, sign):
    text = rows("{hospital},{label},{i}").replace(",3\n", f",{sign}\n")
    message = error_of(csv(tmp_path, text))
    assert f"column 'dose': 2 of 80 cells are {sign!r}; missing?" in message
    assert f'write missing_values = ["{sign}"] in [data]' in message
    domain = csv(tmp_path, text, missing_values=[sign], missing="mean").load("north")
    assert "1 in column 'dose'" in domain.notes[0]


@pytest.mark.parametrize("cell", ["<5", "12 %", "~3"])
def test_measurements_that_are_no_plain_numbers_are_told(tmp_path, cell):
    text = rows("{hospital},{label},{i}").replace(",3\n", f",{cell}\n")
    message = error_of(csv(tmp_path, text))
    assert f"2 of 80 cells are {cell!r}" in message
    assert "write plain numbers in their place" in message


def test_a_column_of_words_is_left_out_with_an_example(tmp_path):
    text = rows("{hospital},{label},{i},red", header="hospital,class,dose,colour")
    assert csv(tmp_path, text).load("north").notes == ("columns that are no numbers are left out: 'colour' ('red')",)


def test_signs_that_are_the_same_are_refused():
    with pytest.raises(ValueError, match="must be different signs"):
        Csv.Params(**ROLES, decimal=",")


# Large whole numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [1_700_000_000, 1_700_000_000_000])
def test_large_numbers_are_standardised_before_they_are_rounded(tmp_path, offset):
    text = rows("{hospital},{label},{value}", value=0).split("\n")
    lines = [text[0]] + [f"{line.rsplit(',', 1)[0]},{offset + i}" for i, line in enumerate(text[1:-1])]
    domain = csv(tmp_path, "\n".join(lines), scale="standardise").load("north")
    assert len(np.unique(domain.train.inputs)) == len(domain.train.inputs)
    assert not any("constant" in note for note in domain.notes)
    small = csv(tmp_path, "\n".join(lines).replace(str(offset)[:-3], ""), scale="standardise").load("north")
    np.testing.assert_allclose(domain.train.inputs, small.train.inputs, atol=1e-4)


def seconds(step):
    lines = rows("{hospital},{label}").replace("hospital,class,dose", "hospital,class,dose").split("\n")
    return "\n".join([lines[0], *(f"{line},{1_700_000_000 + step * i}" for i, line in enumerate(lines[1:-1]))])


def test_what_rounding_makes_equal_is_told_and_stays_in_one_split(tmp_path):
    domain = csv(tmp_path, seconds(50)).load("north")
    assert "different values become equal in 32 bits in columns 'dose'" in domain.notes[-1]
    check_domain("csv", domain)


def test_where_too_few_are_left_the_reason_is_told(tmp_path):
    message = error_of(csv(tmp_path, seconds(1)))
    assert "examples that differ become equal in 32 bits, and too few are left; set scale = " in message


def test_identifiers_beyond_53_bits_are_told_apart(tmp_path):
    lines = rows("{hospital},{label}").split("\n")
    text = "\n".join([lines[0], *(f"{line},{900_000_000_000_000_000 + i}" for i, line in enumerate(lines[1:-1]))])
    domain = csv(tmp_path, text, scale="standardise").load("north")
    assert len(np.unique(np.concatenate([domain.split(name).inputs for name in SPLITS]))) == 40


def test_a_constant_column_is_shifted_and_nothing_more(tmp_path):
    text = rows("{hospital},{label},{i},0.1", header="hospital,class,dose,batch")
    domain = csv(tmp_path, text, scale="standardise").load("north")
    assert np.all(domain.train.inputs[:, 1] == 0)
    assert "columns that are constant in the training data: 'batch'" in domain.notes


# Parquet -------------------------------------------------------------------------------------------------------------


def parquet(folder, frame, **params):
    frame.to_parquet(folder / "t.parquet")
    return Parquet(str(folder / "t.parquet"), Parquet.Params(**{**ROLES, **params}))


def table(count=40):
    return pd.DataFrame(
        {
            "hospital": ["north", "south"] * count,
            "class": (["ill"] * 2 + ["well"] * 2) * (count // 2),
            "dose": np.arange(2.0 * count),
        }
    )


@pytest.mark.parametrize("index", ["hospital", "class", "dose", ["hospital", "class"]])
def test_a_named_index_is_a_column(tmp_path, index):
    expected = parquet(tmp_path, table()).load("north")
    domain = parquet(tmp_path, table().set_index(index)).load("north")
    np.testing.assert_array_equal(domain.train.inputs, expected.train.inputs)


def test_an_index_without_a_name_is_no_column(tmp_path):
    domain = parquet(tmp_path, table().sample(frac=1.0, random_state=0)).load("north")
    assert domain.train.inputs.shape[1] == 1


def test_bytes_are_text_and_decimals_are_numbers(tmp_path):
    frame = table()
    frame["class"] = frame["class"].str.encode("utf-8")
    frame["dose"] = [decimal.Decimal(f"{value:.2f}") for value in frame["dose"]]
    domain = parquet(tmp_path, frame).load("north")
    assert domain.class_names == ("ill", "well")
    assert domain.train.inputs.dtype == np.float32


def test_bytes_that_are_no_text_are_told(tmp_path):
    frame = table()
    frame["class"] = [b"\xff\xfe"] * len(frame)
    assert "column 'class' holds bytes that are no text in UTF-8" in error_of_parquet(tmp_path, frame)


def error_of_parquet(folder, frame):
    with pytest.raises(TlbenchError) as caught:
        parquet(folder, frame).load("north")
    return str(caught.value)
