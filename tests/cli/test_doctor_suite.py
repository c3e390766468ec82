"""`tlbench doctor SUITE.toml`: all that is wrong with a suite and its data at once, or what it would run."""

from __future__ import annotations

import pytest
from own_files import suite, vectors


@pytest.fixture
def patients(project):
    """A table of two domains; `patients(change)` writes it with changed lines."""

    def write(change=lambda lines: lines):
        lines = ["class,site,height,weight"]
        for seed, site in enumerate(("north", "south")):
            inputs, labels = vectors(seed, 40)
            lines += [f"k{y},{site},{row[0]},{row[1]}" for row, y in zip(inputs, labels, strict=True)]
        project.write("patients.csv", "\n".join(change(lines)))

    write()
    return write


SUITE = suite("csv:patients.csv", 'label = "class"\ndomain = "site"')


def doctor(project, text):
    project.write("own.toml", text)
    return project.tlbench("doctor", "own.toml", plugin=False)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("none.toml", None, "suite file 'none.toml' does not exist"),
        ("own.toml", "name = ", "own.toml: not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_read(project, name, text, message):
    if text is not None:
        project.write(name, text)
    outcome = project.tlbench("doctor", name, plugin=False)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


def test_a_suite_that_can_run_is_described_with_its_data(project, patients):
    outcome = doctor(project, SUITE)
    assert outcome.code == 0, outcome.out
    assert "own.toml: a suite on csv:patients.csv" in outcome.out
    assert "classes: k0, k1" in outcome.out and "2 features" in outcome.out
    assert "runs on 2 pairs: north:south, south:north" in outcome.out
    assert outcome.out.endswith("nothing stands in the way: tlbench run own.toml\n")
    assert not (project.folder / "results").exists()


def test_faults_of_the_suite_and_of_the_data_are_told_together(project, patients):
    patients(lambda lines: [*lines[:5], lines[5].replace("k", ""), *lines[6:9], "k0,north,,1.0", *lines[10:]])
    outcome = doctor(
        project, SUITE.replace("feature-extraction", "feature-extracton").replace("steps = 20", "steps = 0")
    )
    assert outcome.code == 1
    assert "did you mean 'feature-extraction'?" in outcome.out
    assert "steps" in outcome.out
    assert "domain 'north': values are missing" in outcome.out
    assert outcome.out.rstrip().endswith("to mend")


def test_options_of_the_data_that_are_wrong_are_told_once(project, patients):
    outcome = doctor(project, SUITE.replace('"class"', '"clas"'))
    assert outcome.code == 1
    assert outcome.out.count("unknown column 'clas'") == 1


def test_what_only_planning_finds_is_told(project, patients):
    figure = "csv:patients.csv,north,souht,transductive,oracle,mlp:16,,accuracy,0.9,,Someone 2016,,"
    columns = "dataset,source,target,setting,strategy,backbone,protocol,metric,value,plus_minus,citation,note,differs"
    project.write("claims.csv", f"{columns}\n{figure}\n")
    outcome = doctor(project, SUITE.replace("seeds = [0]", 'seeds = [0]\nclaims = "claims.csv"'))
    assert outcome.code == 1
    assert "fault: claims.csv: published figures of pairs that 'csv:patients.csv' cannot have" in outcome.out
    assert "unknown domain 'souht'; did you mean 'south'?" in outcome.out
    assert "Traceback" not in outcome.out + outcome.err
