"""The ten lines of a README give the predictions of `tlbench predictions`, for every kind of data and backbone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from own_files import image_folder, suite
from taken_away import blocks, chances, rows_of, run_block

SAME = {"rtol": 0, "atol": 2e-5}


def taken(project, capsys, text, variant, *options):
    """A suite run with its models kept, one of them exported: rows of its predictions, and the README's examples."""
    file = project.suite(text, "own.toml")
    outcome = project.tlbench("run", file, "--keep-model", "-q", *options, plugin=False)
    assert outcome.code == 0, outcome.err
    key = project.record(variant, "own").run_key
    outcome = project.tlbench("export", key, "--out", "my model", plugin=False)
    assert outcome.code == 0, outcome.err + outcome.out
    assert "checked: " in outcome.out
    outcome = project.tlbench("predictions", key, "--out", "predictions.csv", plugin=False)
    assert outcome.code == 0, outcome.err
    return rows_of(project.folder / "predictions.csv"), blocks(project.folder / "my model")


def patients(path: Path, separator=";") -> pd.DataFrame:
    """Two hospitals, three classes, decimal commas, holes, and names of the rows that no count of rows gives."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(180):
        hospital, kind = ("north", "south")[number % 2], number // 2 % 3
        values = 40.0 * kind + rng.normal(0, 10, 3) + 3 * (number % 2)
        cells = [f"{value:.2f}".replace(".", ",") for value in values]
        if number % 17 == 0:
            cells[1] = "?"
        rows.append([f"P-{1000 - number}", hospital, ("ill", "well", "unknown")[kind], *cells])
    path.write_text("\n".join(map(separator.join, [["id", "hospital", "class", "a", "b", "c"], *rows])) + "\n")
    return pd.read_csv(path, sep=separator)


TABLE = """
label = "class"
domain = "hospital"
id = "id"
separator = ";"
decimal = ","
missing_values = ["?"]
missing = "mean"
scale = "standardise"
"""


def test_rows_of_a_table(project, capsys):
    patients(project.folder / "patients.csv")
    stored, (example, *_) = taken(
        project, capsys, suite("csv:patients.csv", TABLE, pairs='["north:south"]'), "feature-extraction"
    )
    names = run_block(example)
    assert len(example.splitlines()) <= 11
    assert len(stored) > 10
    found = names["raw"].assign(place=range(len(names["raw"]))).set_index("id")
    for item, row in stored.items():
        place = found.loc[item, "place"]
        assert names["predicted"][place] == row["prediction"]
        np.testing.assert_allclose(names["probabilities"][place], chances(row), **SAME)


def test_files_of_images_and_timm_alone(project, capsys):
    timm, torch = pytest.importorskip("timm"), pytest.importorskip("torch")
    from PIL import Image
    from safetensors.torch import save_file

    torch.manual_seed(0)
    save_file(timm.create_model("test_resnet", num_classes=0).state_dict(), project.folder / "weights.safetensors")
    image_folder(project.folder / "photos", domains=("shop", "street"), classes=("mug", "pen", "cup"), count=12)
    text = suite("folder:photos", "size = 40", "timm:test_resnet@weights.safetensors", '["shop:street"]')
    stored, (example, alone) = taken(
        project,
        capsys,
        text.replace("feature-extraction", "fine-tune").replace('"transductive"', '"inductive"\nshots = "all"'),
        "fine-tune",
    )
    names = run_block(example)
    by_name = {
        f"street/{path.relative_to('photos/street')}": row
        for path, row in zip(names["raw"], names["probabilities"], strict=True)
    }
    files = list(stored)
    for file in files:
        np.testing.assert_allclose(by_name[file], chances(stored[file]), **SAME)

    pixels = [
        np.asarray(Image.open(f"photos/{file}").convert("RGB").resize((40, 40), Image.Resampling.BILINEAR))
        for file in files
    ]
    inputs = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)
    found = run_block(alone, inputs=inputs)["probabilities"]
    np.testing.assert_allclose(found, [chances(stored[file]) for file in files], **SAME)
    whole = timm.create_model("local-dir:my model/network", pretrained=True)
    assert whole.num_classes == 3


def reviews(path: Path) -> None:
    rng = np.random.default_rng(1)
    good, bad = ["good", "fine", "sharp"], ["bad", "poor", "not"]
    with path.open("w") as file:
        file.write("shop,rating,text\n")
        for number in range(120):
            words = rng.choice(["the", "blade", "plot", "is", "was", "it"], 3).tolist()
            words += rng.choice((good, bad)[number // 2 % 2], 2).tolist()
            file.write(f"{('kitchen', 'books')[number % 2]},{('up', 'down')[number // 2 % 2]},{' '.join(words)}.\n")


@pytest.mark.parametrize("frozen", [False, True])
def test_texts_and_transformers_alone(project, capsys, frozen):
    pytest.importorskip("transformers")
    from tiny_encoders import write_encoder

    write_encoder(project.folder / "encoder")
    reviews(project.folder / "reviews.csv")
    backbone = f"{'frozen:' if frozen else ''}transformers:encoder?max_length=12"
    data = 'label = "rating"\ndomain = "shop"\ntext = "text"'
    variant = "linear-probe" if frozen else "source-only"
    text = suite("csv:reviews.csv", data, backbone, '["books:kitchen"]').replace("feature-extraction", "linear-probe")
    stored, (example, alone) = taken(project, capsys, text, variant)
    names = run_block(example)
    place = {f"row {number + 1}": number for number in range(len(names["raw"]))}
    rows = [place[item] for item in stored]
    expected = [chances(row) for row in stored.values()]
    np.testing.assert_allclose(names["probabilities"][rows], expected, **SAME)
    texts = names["raw"]["text"].iloc[rows].tolist()
    np.testing.assert_allclose(run_block(alone, texts=texts)["probabilities"].detach(), expected, **SAME)

    (project.folder / "encoder").rename(
        project.folder / "gone"
    )  # what is taken away needs nothing of what it came from
    np.testing.assert_allclose(run_block(example)["probabilities"][rows], expected, **SAME)
    reload = """
from transformers import AutoModel
assert AutoModel.from_pretrained("my model/network").config.hidden_size == 32
"""
    run_block(reload)


def test_arrays_of_a_named_data_set(project, capsys):
    rng = np.random.default_rng(0)
    (project.folder / "arrays").mkdir()
    for name in ("one", "two"):
        labels = np.arange(80) % 4
        inputs = (np.eye(4, 5)[labels] * 3 + rng.normal(0, 1, (80, 5))).astype(np.float32)
        np.savez(
            project.folder / "arrays" / f"{name}.npz",
            inputs=inputs,
            labels=labels,
            ids=np.array([f"{name}-{n}" for n in range(80)]),
        )
        np.save("inputs.npy", inputs)
    stored, (example,) = taken(project, capsys, suite("npz:arrays", pairs='["one:two"]'), "feature-extraction")
    names = run_block(example)
    for item, row in stored.items():
        place = int(item.removeprefix("two-"))
        np.testing.assert_allclose(names["probabilities"][place], chances(row), **SAME)
