"""Warnings of libraries: in our words or not at all, in `doctor`, `plan` and `run`; `-W` and `--debug` show them."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from own_files import image_folder, suite
from PIL import Image

from tlbench_datasets.images import decoding

#: A plugin that warns and logs where it is imported, as libraries do.
NOISY = """
import logging
import warnings

import tlbench

warnings.warn("a library's own words", FutureWarning, stacklevel=1)
warnings.warn("deprecated in a library", DeprecationWarning, stacklevel=1)
logging.getLogger("some.library").warning("a line of a library's log")


@tlbench.hookimpl
def tlbench_register_backbones(register):
    register("none", object, summary="for a test")
"""


def started(project, *arguments, **environment):
    """The outcome of a process of its own, as a terminal has it."""
    return subprocess.run(
        [sys.executable, "-m", "tlbench", *arguments],
        cwd=project.folder,
        env={**os.environ, "PYTHONWARNINGS": "", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def noisy(project):
    (project.folder / "noisy.py").write_text(NOISY)
    return project


def test_pillows_warning_of_a_large_image_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 150)
    Image.new("RGB", (16, 16)).save(tmp_path / "large.png")  # more than the 150 of which it warns
    inputs, good, faults = decoding.decode_all([("large", tmp_path / "large.png")], 1, 8)
    assert (len(inputs), good, faults) == (1, [0], [])
    assert decoding.size_on_disk(tmp_path / "large.png") == (16, 16)


def test_an_image_beyond_pillows_limit_is_refused_in_our_words(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
    Image.new("1", (2000, 1500)).save(tmp_path / "huge.png")
    _, _, faults = decoding.decode_all([("huge", tmp_path / "huge.png")], 1, 8)
    assert faults == ["huge: has 3 million pixels, and 2 are the most; shrink it"]


@pytest.mark.parametrize("transparency", [b"\x00\x10\x20", 3])
def test_odd_palettes_and_damaged_exif_data_are_read_without_a_word(tmp_path, transparency):
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).convert("P")
    image.save(tmp_path / "p.png", transparency=transparency)
    Image.new("RGB", (8, 8)).save(tmp_path / "e.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    for name in ("p.png", "e.jpg"):
        assert decoding.decode_all([(name, tmp_path / name)], 1, 8)[2] == []


def test_pandas_words_on_longer_rows_stay_out_of_doctor(project):
    rows = [f"{site},{label},{i},{len(label)}," for site in "ab" for label in ("ill", "well") for i in range(10)]
    (project.folder / "t.csv").write_text("\n".join(["domain,label,dose,x", *rows]))
    outcome = started(project, "doctor", "t.csv")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "Warning" not in outcome.stderr + outcome.stdout


def test_a_large_image_says_nothing_in_doctor_and_run(project):
    photos = image_folder(project.folder / "photos", ("a", "b"))
    Image.new("1", (10000, 9000)).save(photos / "a" / "cat" / "large.png")
    path = project.suite(suite("folder:photos", "size = 8", "small-cnn"))
    for arguments in (("doctor", "photos"), ("run", str(path), "-q")):
        outcome = started(project, *arguments)
        assert outcome.returncode == 0, outcome.stderr
        assert "Warning" not in outcome.stderr + outcome.stdout
        assert "warnings.warn" not in outcome.stderr + outcome.stdout


def test_what_libraries_warn_and_log_is_not_shown(noisy):
    outcome = started(noisy, "list", "strategies", "--plugin", "noisy.py")
    assert outcome.returncode == 0, outcome.stderr
    assert "library" not in outcome.stderr


@pytest.mark.parametrize(("more", "environment"), [(["--debug"], {}), ([], {"PYTHONWARNINGS": "default"})])
def test_those_who_look_for_them_see_them(noisy, more, environment):
    outcome = started(noisy, "list", "strategies", "--plugin", "noisy.py", *more, **environment)
    assert "a library's own words" in outcome.stderr


def test_few_examples_of_many_classes_are_no_reason_for_scikit_learns_words(project):
    pd.DataFrame(
        [(site, label, float(i + 10 * ord(label))) for site in "ab" for label in "xyz" for i in range(4)],
        columns=["domain", "label", "dose"],
    ).to_csv(project.folder / "t.csv", index=False)
    text = suite("csv:t.csv", 'label = "label"\ndomain = "domain"', "mlp:4")
    outcome = started(project, "run", str(project.suite(text)), "-q")
    assert outcome.returncode == 0, outcome.stderr
    assert "Warning" not in outcome.stderr + outcome.stdout
