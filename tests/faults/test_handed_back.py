"""Nothing that a run hands back is believed: it fits the form, or it is named as unusable."""

from __future__ import annotations

import json
import math
import os
import random

import numpy as np
import pytest
from faults import many
from safetensors.numpy import save

from tlbench.core.plain_text import clipped
from tlbench.execution.handed_back import HandedBack, UnusableOutput
from tlbench.execution.job import PREDICTED
from tlbench.execution.output_arrays import Expected, read_arrays

GOOD = {
    "status": "ok",
    "started_utc": "2026-01-01T00:00:00+00:00",
    "cuda": None,
    "seconds": {"data": 0.1, "training": 2.0, "evaluation": 0.4, "selection": 0.0, "total": 2.5},
    "train_examples_per_second": 1000.5,
    "inference_examples_per_second": 9000.0,
    "by_steps": True,
    "seen": [{"phase": "adaptation", "updates": 40, "labelled": 640, "unlabelled": 640}],
    "curve": [{"phase": "adaptation", "step": 1, "loss": 1.5}, {"phase": "adaptation", "step": 40, "loss": 0.5}],
    "model": {"trainable": 10, "total": 20, "feature_dim": 16},
    "notes": ["a note"],
    "device_mib": None,
    "device_name": None,
    "host_mib": 300.0,
    "steps": [20, 40],
}
FORM = Expected({"test": (6, 3), "source_val": (4, 3)}, ("test",), ("source_val",), 5, 3)
STEPS = ("20/", "40/")
LIVED = 3.0


def good_arrays():
    rng = np.random.default_rng(0)
    arrays = {PREDICTED: np.arange(5) % 3}
    for step in STEPS:
        arrays[f"{step}test/logits"] = rng.standard_normal((6, 3)).astype(np.float32)
        arrays[f"{step}source_val/logits"] = rng.standard_normal((4, 3)).astype(np.float32)
        arrays[f"{step}source_val/features"] = rng.standard_normal((4, 16)).astype(np.float32)
    return arrays


@pytest.fixture
def handed(tmp_path):
    folder = HandedBack(tmp_path)
    yield folder
    folder.close()


def unusable(handed, tmp_path, change):
    text = json.loads(json.dumps(GOOD))
    change(text)
    (tmp_path / "output.json").write_text(json.dumps(text))
    with pytest.raises(UnusableOutput) as caught:
        handed.output(LIVED)
    return str(caught.value)


def test_what_is_good_is_taken_as_it_is(handed, tmp_path):
    assert handed.output(LIVED) is None
    (tmp_path / "output.json").write_text(json.dumps(GOOD))
    assert handed.output(LIVED) == GOOD
    (tmp_path / "output.safetensors").write_bytes(save(good_arrays()))
    found = read_arrays(handed, STEPS, FORM)
    assert all((found[name] == array).all() for name, array in good_arrays().items())


LIES = {
    "longer than it lived": lambda out: out["seconds"].update(training=20.0, total=20.5),
    "parts that do not add up": lambda out: out["seconds"].update(total=2.9),
    "negative time": lambda out: out["seconds"].update(data=-0.1, total=2.3),
    "a rate without end": lambda out: out.update(train_examples_per_second=math.inf),
    "a rate that is none": lambda out: out.update(inference_examples_per_second=math.nan),
    "updates taken back": lambda out: out["seen"][0].update(updates=-1),
    "steps that fall": lambda out: out.update(steps=[40, 20]),
    "steps twice": lambda out: out.update(steps=[20, 20]),
    "a step that is a truth value": lambda out: out.update(steps=[True]),
    "more trainable than there are": lambda out: out["model"].update(trainable=21),
    "another status": lambda out: out.update(status="skipped"),
    "a key of its own": lambda out: out.update(metrics={"accuracy": 1.0}),
    "a key too few": lambda out: out.pop("seen"),
    "an error and ok": lambda out: out.update(error={"type": "E", "message": "m"}),
    "notes without end": lambda out: out.update(notes=["n"] * 10_000),
    "a curve of objects": lambda out: out["curve"][0].update(loss={"a": 1}),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_named(handed, tmp_path, lie):
    assert "output.json is not what a run hands back" in unusable(handed, tmp_path, LIES[lie])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"3",
        b"null",
        b'"ok"',
        b"{}",
        b"[" * 10**6,
        b'{"status": ' * 10**5,
        b"\xff\xfe",
        b'"\\udcff"',
        b"NaN",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_output_at_all_is_named(handed, tmp_path, content):
    (tmp_path / "output.json").write_bytes(content)
    with pytest.raises(UnusableOutput):
        handed.output(LIVED)


def link(path):
    other = path.with_name("elsewhere")
    other.write_text(json.dumps(GOOD))
    path.symlink_to(other)


def hard_link(path):
    other = path.with_name("elsewhere")
    other.write_text(json.dumps(GOOD))
    path.hardlink_to(other)


def too_large(path):
    with path.open("wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize("name", ["output.json", "output.safetensors"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, link, hard_link, too_large, lambda path: path.symlink_to(path)])
def test_only_regular_files_of_a_bounded_size_are_opened(handed, tmp_path, name, make):
    make(tmp_path / name)
    with pytest.raises(UnusableOutput, match=name):
        handed.output(LIVED) if name == "output.json" else read_arrays(handed, STEPS, FORM)


def test_another_folder_in_its_place_is_not_looked_into(tmp_path):
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    (other / "output.json").write_text(json.dumps(GOOD))
    handed = HandedBack(own)
    own.rmdir()
    own.symlink_to(other)
    assert handed.output(LIVED) is None
    handed.close()
    with pytest.raises(OSError):
        HandedBack(own)


FALSE_ARRAYS = {
    "lacks": lambda arrays: arrays.pop("40/test/logits"),
    "lacks predictions": lambda arrays: arrays.pop(PREDICTED),
    "not asked for": lambda arrays: arrays.update({"60/test/logits": arrays["40/test/logits"]}),
    "a role of its own": lambda arrays: arrays.update({"40/target_test/logits": arrays["40/test/logits"]}),
    "too many classes": lambda arrays: arrays.update({"40/test/logits": np.zeros((6, 4), np.float32)}),
    "too few items": lambda arrays: arrays.update({"40/test/logits": np.zeros((5, 3), np.float32)}),
    "doubles": lambda arrays: arrays.update({"40/test/logits": np.zeros((6, 3))}),
    "integers": lambda arrays: arrays.update({"40/test/logits": np.zeros((6, 3), np.int64)}),
    "flat features": lambda arrays: arrays.update({"40/source_val/features": np.zeros(4, np.float32)}),
    "classes beyond": lambda arrays: arrays.update({PREDICTED: np.array([0, 1, 2, 3, 0])}),
    "classes below": lambda arrays: arrays.update({PREDICTED: np.array([0, 1, 2, -1, 0])}),
}


@pytest.mark.parametrize("how", FALSE_ARRAYS)
def test_arrays_of_another_form_are_named(handed, tmp_path, how):
    arrays = good_arrays()
    FALSE_ARRAYS[how](arrays)
    (tmp_path / "output.safetensors").write_bytes(save(arrays))
    with pytest.raises(UnusableOutput):
        read_arrays(handed, STEPS, FORM)


@pytest.mark.parametrize("name", ["20/test/logits", "40/source_val/features", "40/source_val/logits"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_a_training_that_diverged(handed, tmp_path, name, value):
    arrays = good_arrays()
    arrays[name][0, 0] = value
    (tmp_path / "output.safetensors").write_bytes(save(arrays))
    step, role, what = name.split("/")
    with pytest.raises(FloatingPointError, match=f"{what} of the {role.replace('_', ' ')} items .* step {step}"):
        read_arrays(handed, STEPS, FORM)


VALUES = [None, True, -1, 0, 10**30, 1e308, "", "\x1b[2J", "\ud800", [], [[]], {}, {"a": {}}, math.nan, math.inf, "ok"]


def mutated(rng, content):
    """The bytes of a summary with one thing changed: a value, a key, a byte, or its end."""
    way = rng.randrange(4)
    if way == 0:
        return content[: rng.randrange(len(content))]
    if way == 1:
        at = rng.randrange(len(content))
        return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]
    out = json.loads(content)
    place = out
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = rng.choice(keys)
        if not isinstance(place[key], dict | list) or not place[key] or rng.random() < 0.3:
            break
        place = place[key]
    if way == 2:
        place[key] = rng.choice(VALUES)
    else:
        place.pop(key)
    return json.dumps(out).encode()


def is_sound(out):
    """What every record relies on, said once more and apart from the schema."""
    assert set(out) == set(GOOD) or out["status"] in ("failed", "diverged", "out_of_memory", "disk_full")
    if out["status"] == "ok":
        numbers = [*out["seconds"].values(), out["host_mib"], *(seen["updates"] for seen in out["seen"]), *out["steps"]]
        assert all(math.isfinite(number) and number >= 0 and not isinstance(number, bool) for number in numbers)
        assert out["seconds"]["total"] <= LIVED + 1.0
        assert out["steps"] == sorted(set(out["steps"]))
    json.dumps(out, ensure_ascii=False).encode()  # fit for a record
    assert "\x1b" not in str(out)


def test_mutations_of_a_summary_are_sound_or_unusable(handed, tmp_path):
    rng = random.Random(0)
    content = json.dumps(GOOD).encode()
    refused = 0
    for _ in range(tried := many(300, 1000)):
        (tmp_path / "output.json").write_bytes(mutated(rng, content))
        try:
            is_sound(handed.output(LIVED))
        except UnusableOutput:
            refused += 1
    assert refused > tried / 2  # the rest are other numbers that may be true, and other texts


def test_mutations_of_arrays_are_what_was_asked_for_or_unusable(handed, tmp_path):
    rng = random.Random(0)
    content = save(good_arrays())
    header = int.from_bytes(content[:8], "little") + 8
    refused = 0
    for index in range(tried := many(300, 1000)):
        at = rng.randrange(header if index % 2 else len(content))
        flipped = content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]
        (tmp_path / "output.safetensors").write_bytes(content[:at] if index % 3 == 0 else flipped)
        try:
            found = read_arrays(handed, STEPS, FORM)
        except (UnusableOutput, FloatingPointError):
            refused += 1
            continue
        assert {name: (array.dtype, array.shape) for name, array in found.items() if "features" not in name} == {
            name: (array.dtype, array.shape) for name, array in good_arrays().items() if "features" not in name
        }
        assert all(np.isfinite(array).all() for array in found.values())
    assert refused > tried / 3


@pytest.mark.parametrize(
    "change",
    [
        lambda place: (place / "model").symlink_to("/etc"),
        lambda place: (place / "model").write_text(""),
        lambda place: (place / "model").mkdir(),
        lambda place: ((place / "model").mkdir(), (place / "model" / "meta.json").symlink_to("/etc/hostname")),
        lambda place: ((place / "model").mkdir(), os.mkfifo(place / "model" / "40.safetensors")),
        lambda place: ((place / "model").mkdir(), (place / "model" / "40.pkl").write_text("")),
    ],
)
def test_a_source_model_is_a_folder_of_checkpoints_and_nothing_else(handed, tmp_path, change):
    change(tmp_path)
    with pytest.raises(UnusableOutput, match=r"model|no regular file"):
        handed.model_files(2**20)


def test_a_log_that_is_no_file_gives_no_lines_and_of_a_long_stack_the_innermost_frames_are_kept(handed, tmp_path):
    os.mkfifo(tmp_path / "log.txt")
    assert handed.log_lines() == []
    (tmp_path / "log.txt").unlink()
    stack = ["Current thread 0x0000 (most recent call first):", *(f'  File "{n}.py", line 1 in f' for n in range(60))]
    (tmp_path / "log.txt").write_text("\n".join(["before", *stack]))
    assert handed.log_lines() == stack[:20]
    (tmp_path / "log.txt").write_bytes(b"a\xff\x1b[2J\n" + b"x" * 10**6)
    assert all(len(line) < 600 and "\x1b" not in line for line in handed.log_lines())


def test_text_is_cut_and_what_is_no_text_is_shown_as_its_escape():
    assert clipped("\x1b[2J\x07\u202e\udce9\x00", 100) == "\\x1b[2J\\x07\\u202e\\udce9\\x00"
    assert clipped("tab\tline\né 漢 😀", 100) == "tab\tline\né 漢 😀"
    assert clipped("x" * 50, 10) == "x" * 10 + " … (40 characters more)"
