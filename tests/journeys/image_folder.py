"""A folder of images as people have them: a broken file, a class that one shop lacks, emoji and spaces in names.

python tests/journeys/image_folder.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from steps import Project, accuracies, journey, says

NEAR = 0.06
SHOPS = ("corner shop", "web shop 🛒")
CLASSES = ("red mug", "blue mug", "green mug")
COLOURS = {"red mug": (200, 60, 60), "blue mug": (60, 60, 200), "green mug": (60, 180, 60)}
EACH = 24


def write_images(folder: Path) -> None:
    """Noisy patches of a colour, darker in the second shop, which has no green mugs; one file is cut off."""
    rng = np.random.default_rng(0)
    for shop in SHOPS:
        for name in CLASSES if shop == SHOPS[0] else CLASSES[:2]:
            place = folder / shop / name
            place.mkdir(parents=True)
            for number in range(EACH):
                light = 1.0 if shop == SHOPS[0] else 0.6
                pixels = rng.normal(np.multiply(COLOURS[name], light), 45, (24, 24, 3)).clip(0, 255)
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"my photo {number}.png")
    broken = folder / SHOPS[0] / "red mug" / "my photo 0.png"
    broken.write_bytes(broken.read_bytes()[:200])


def walk(project: Project) -> None:
    """What a user does, and what has to come out."""
    write_images(project.folder / "photos")
    said = project.tlbench("doctor photos", code=1)
    says(said, "my photo 0.png", "green mug", "web shop")
    suite = project.suite_of(said, "photos.toml")
    text = suite.read_text().replace('pairs = "all"', 'pairs = "all"\nclasses = "shared"')
    text = text.replace("steps = 300", "steps = 40")
    suite.write_text(text)
    says(project.tlbench("run photos.toml --quiet") + project.tlbench("leaderboard photos"), "🛒", "source-only")

    page = project.page("photos")
    says(page, "source-only", "majority")

    shop = SHOPS[1]
    ours, theirs = np.mean(accuracies(project.records("photos"), "oracle", shop)), np.mean(repeated(project.folder))
    print(f"oracle on {shop}: {ours:.3f}; logistic regression on pixels over 20 splits: {theirs:.3f}")
    assert abs(ours - theirs) <= NEAR, "the oracle is not what scikit-learn has"


def repeated(folder: Path) -> list[float]:
    """The accuracy of logistic regression on the mean colour within the second shop, over 20 splits."""
    files = sorted((folder / "photos" / SHOPS[1]).rglob("*.png"))
    inputs = np.stack([np.asarray(Image.open(file)).mean(axis=(0, 1)) / 255 for file in files])
    labels = np.array([file.parent.name for file in files])
    splits = StratifiedShuffleSplit(20, train_size=0.7, test_size=0.2, random_state=0)
    model = LogisticRegression(C=100.0, max_iter=1000)
    return [
        float(model.fit(inputs[train], labels[train]).score(inputs[test], labels[test]))
        for train, test in splits.split(inputs, labels)
    ]


if __name__ == "__main__":
    journey(walk)
