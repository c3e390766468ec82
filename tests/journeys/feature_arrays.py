"""Arrays of features and a method of one's own: does CORAL help, and is it what was published?

    python tests/journeys/feature_arrays.py

A researcher's features of two cameras, a strategy written with `fit`, and a file of published figures.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from steps import Project, accuracies, journey, says

NEAR = 0.05
SUITE = """
name = "cameras"
dataset = "npz:cameras"
backbones = ["linear"]
seeds = [0, 1, 2, 3, 4]
claims = "published.csv"

[budget]
steps = 600

[training]
lr = 0.01

[[part]]
setting = "transductive"
strategies = ["linear-svm", "coral-svm"]
pairs = ["old:new"]
"""


def cameras() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Digits as vectors in [0, 1]; the new camera mixes neighbouring pixels and has another gain."""
    inputs, labels = load_digits(return_X_y=True)
    inputs = (inputs / 16).astype(np.float32)
    images = inputs.reshape(-1, 8, 8)
    blurred = (images + np.roll(images, 1, axis=1) + np.roll(images, 1, axis=2)) / 3
    half = len(inputs) // 2
    return {
        "old": (inputs[:half], labels[:half]),
        "new": ((1.5 * blurred[half:] + 0.2).reshape(-1, 64).astype(np.float32), labels[half:]),
    }


def strategy_of_the_docs() -> str:
    """CORAL with a linear SVM, as docs/strategy-by-fit.md has it."""
    page = Path(__file__).parents[2] / "docs" / "strategy-by-fit.md"
    return page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]


def walk(project: Project) -> None:
    """What a user does, and what has to come out."""
    (project.folder / "cameras").mkdir()
    data = cameras()
    for name, (inputs, labels) in data.items():
        np.savez(project.folder / "cameras" / f"{name}.npz", inputs=inputs, labels=labels)
    says(project.tlbench("doctor cameras"), "old", "new", 'dataset = "npz:cameras"')
    (project.folder / "cameras.toml").write_text(SUITE)
    (project.folder / "published.csv").write_text(
        "dataset,source,target,setting,strategy,backbone,protocol,metric,value,plus_minus,citation,note,differs\n"
        "npz:cameras,old,new,transductive,lineer-svm,linear,,accuracy,0.5,,Someone 2020,,\n"
    )
    (project.folder / "tlbenchfile.py").write_text(strategy_of_the_docs())
    says(project.tlbench("plan cameras.toml"), "lineer-svm", "linear-svm")

    text = (project.folder / "published.csv").read_text()
    (project.folder / "published.csv").write_text(text.replace("lineer", "linear"))
    project.tlbench("run cameras.toml --quiet")
    says(project.tlbench("leaderboard cameras"), "coral-svm", "linear-svm", "majority")

    page = project.page("cameras")
    says(page, "source-only", "majority")

    records = project.records("cameras")
    aligned, plain = (np.mean(accuracies(records, name, "new")) for name in ("coral-svm", "linear-svm"))
    print(f"coral-svm {aligned:.3f}, linear-svm {plain:.3f}")
    assert aligned > plain, "CORAL does not help where a camera changes the covariance alone"
    ours = np.mean(accuracies(records, "oracle", "new"))
    theirs = np.mean(repeated(*data["new"]))
    print(f"oracle on new: {ours:.3f}; logistic regression over 20 splits: {theirs:.3f}")
    assert abs(ours - theirs) <= NEAR, "the oracle is not what scikit-learn has"


def repeated(inputs: np.ndarray, labels: np.ndarray) -> list[float]:
    """The accuracy of logistic regression over 20 splits of 70 % and 20 %."""
    splits = StratifiedShuffleSplit(20, train_size=0.7, test_size=0.2, random_state=0)
    model = LogisticRegression(max_iter=1000)
    return [
        float(model.fit(inputs[train], labels[train]).score(inputs[test], labels[test]))
        for train, test in splits.split(inputs, labels)
    ]


if __name__ == "__main__":
    journey(walk)
