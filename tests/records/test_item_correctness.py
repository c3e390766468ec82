"""Which test items runs have right, stored and published."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from tlbench.errors import TlbenchError
from tlbench.leaderboard.analysis.result_set import load_result_set
from tlbench.publishing.page_inputs import read_page_inputs
from tlbench.publishing.published_files import suite_files, write
from tlbench.records.item_correctness import CORRECT_FILE, correct_bytes, look_up, pack, stored_correct, unpack

RIGHT = np.arange(100) < 60


@pytest.fixture
def folder(results, tmp_path):
    """A published folder of runs with 60 of 100 items right at step 600."""
    results.transductive({"dann": {"syn:uci": [0.6]}}, [0], {"syn:uci": [0.6]}, oracle=0.6)
    for key, record in results.result_set().records.items():
        path = results.folder / f"{key}.json"
        path.write_text(record.model_copy(update={"checkpoints": [300, 600]}).model_dump_json())
        save_file({"600/correct": RIGHT.astype(np.uint8)}, results.folder / f"{key}.safetensors")
    write(suite_files(read_page_inputs(results.folder), tmp_path / "out"))
    return tmp_path / "out" / "digits"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda name: b"none", "damaged .*correct.safetensors"),
        (lambda name: correct_bytes({name: pack(~RIGHT)}), "0.4000 of the items right, by its record"),
        (lambda name: correct_bytes({f"{name}0": pack(RIGHT)}), "right, by its record"),
        (lambda name: correct_bytes({"other/600": pack(RIGHT)}), "is of no run of the plan"),
    ],
)
def test_a_file_that_is_not_that_of_the_records_is_refused(folder, content, message):
    key = next(iter(load_result_set(folder).records))
    (folder / CORRECT_FILE).write_bytes(content(f"{key}/600"))
    with pytest.raises(TlbenchError, match=message):
        read_page_inputs(folder)


@pytest.mark.parametrize("items", [0, 1, 8, 9, 1000])
def test_bits_come_back(items):
    right = np.random.default_rng(items).random(items) < 0.5
    assert np.array_equal(unpack(pack(right)), right)


def test_what_is_published_is_had_by_run_and_step(folder):
    result_set = load_result_set(folder)
    key = next(iter(result_set.records))
    for correct in (result_set.correct, stored_correct(folder), read_page_inputs(folder).result_set.correct):
        assert np.array_equal(correct(key, 600), RIGHT)
        assert correct(key, 300) is None
        assert correct("none", 600) is None
    assert look_up({})(key, 600) is None


def test_a_published_folder_is_made_of_itself_again(folder):
    before = (folder / CORRECT_FILE).read_bytes()
    write(suite_files(read_page_inputs(folder), folder.parent))
    assert (folder / CORRECT_FILE).read_bytes() == before
