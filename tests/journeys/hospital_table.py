"""A table of patients of three hospitals, with `?` for what was not measured: which hospital's data help the others?

    python tests/journeys/hospital_table.py

From `tlbench doctor` to a page, with the answer checked against scikit-learn's by repeated splits.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from steps import Project, accuracies, journey, says

HOSPITALS = ("north", "south", "west")
#: How far the mean of five seeds may lie from that of twenty splits, in accuracy.
NEAR = 0.06


def patients() -> pd.DataFrame:
    """Breast tumours, dealt to three hospitals by their texture, so that each sees others; 23 cells are `?`."""
    data = load_breast_cancer(as_frame=True)
    frame = data.data.iloc[:, :10].copy()
    hospital = pd.qcut(frame["mean texture"], 3, labels=HOSPITALS).astype(str)
    frame.insert(0, "diagnosis", np.where(data.target == 1, "benign", "malignant"))
    frame.insert(1, "hospital", hospital)
    return frame


def write(frame: pd.DataFrame, path: Path) -> None:
    """As a hospital exports it: text, with `?` in 23 cells of a column."""
    text = frame.astype(str)
    text.loc[np.random.default_rng(0).choice(len(text), 23, replace=False), "mean area"] = "?"
    text.to_csv(path, index=False)


def walk(project: Project) -> None:
    """What a user does, and what has to come out."""
    frame = patients()
    write(frame, project.folder / "patients.csv")

    said = project.tlbench("doctor patients.csv --label diagnosis --domain hospital", code=1)
    says(said, 'missing_values = ["?"]', 'missing = "mean"', "9 in column 'mean area'", "benign")
    suite = project.suite_of(said, "patients.toml")
    text = suite.read_text().replace("[data]", '[data]\nscale = "standardise"')
    text = text.replace("seeds = [0, 1, 2]", "seeds = [0, 1, 2, 3, 4]").replace("steps = 300", "steps = 100")
    suite.write_text(text)

    says(project.tlbench("plan patients.toml"), "runs")
    project.tlbench("run patients.toml --quiet")
    says(project.tlbench("leaderboard patients --by source"), "north", "source-only")

    page = project.page("patients")
    says(page, "source-only", "majority")

    records = project.records("patients")
    for hospital in HOSPITALS:
        ours, theirs = np.mean(accuracies(records, "oracle", hospital)), np.mean(repeated(frame, hospital))
        print(f"oracle on {hospital}: {ours:.3f}; logistic regression over 20 splits: {theirs:.3f}")
        assert abs(ours - theirs) <= NEAR, "the oracle is not what scikit-learn has"


def repeated(frame: pd.DataFrame, hospital: str) -> list[float]:
    """The accuracy of logistic regression within a hospital, over 20 splits of 70 % and 20 %."""
    own = frame[frame.hospital == hospital]
    inputs, labels = own.iloc[:, 2:].to_numpy(), own.diagnosis.to_numpy()
    splits = StratifiedShuffleSplit(20, train_size=0.7, test_size=0.2, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return [
        float(model.fit(inputs[train], labels[train]).score(inputs[test], labels[test]))
        for train, test in splits.split(inputs, labels)
    ]


if __name__ == "__main__":
    journey(walk)
