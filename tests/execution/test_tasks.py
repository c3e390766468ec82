from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.execution.task_loading import fold_tasks, read_reversed_task

NAMES = ("x", "y")


@pytest.fixture
def task():
    def examples(start, size):
        inputs = np.arange(start, start + size, dtype=np.float32)[:, None]
        return Examples(inputs, (np.arange(size) % 2).astype(np.int64))

    sources = tuple(
        SourceView(name, NAMES, examples(100 * at, 6), examples(50 + 100 * at, 4)) for at, name in enumerate("ab")
    )
    target = examples(1000, 10)
    return TransferTask(
        "inductive", "all", sources, TargetView("t", NAMES, target.inputs, np.arange(10), target.labels), (1,), 0
    )


def test_no_fold_holds_a_label_of_the_items_that_it_is_tested_on(task):
    folds = np.array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    tested = []
    for fold, (part, items) in enumerate(fold_tasks(task, folds)):
        assert not set(part.target.labelled) & set(items)
        assert len(part.target.labelled) == len(part.target.labels) == 8
        np.testing.assert_array_equal(part.target.labels, part.target.labelled % 2)
        assert set(items) == {fold, fold + 5}
        tested += items.tolist()
    assert sorted(tested) == list(range(10))


def test_a_reversed_task_has_predictions_as_labels_and_no_label_of_the_source(tmp_path):
    target, one, two = (np.full((size, 1), size, np.float32) for size in (10, 6, 4))
    predicted = np.ones(10, np.int64)
    for name, array in {"target": target, "one": one, "two": two, "predicted": predicted}.items():
        np.save(tmp_path / f"{name}.npy", array)
    job = {
        "source": {
            "name": "t",
            "class_names": NAMES,
            "inputs": f"{tmp_path}/target.npy",
            "labels": f"{tmp_path}/predicted.npy",
        },
        "target": {"name": "a+b", "class_names": NAMES, "inputs": [f"{tmp_path}/one.npy", f"{tmp_path}/two.npy"]},
        "input_shape": [1],
    }
    back = read_reversed_task(job, SimpleNamespace(setting="transductive", shots=None, seed=0))
    (source,) = back.sources
    np.testing.assert_array_equal(source.train.labels, predicted)
    np.testing.assert_array_equal(source.train.inputs, target)
    assert len(source.val) == 0
    np.testing.assert_array_equal(back.target.inputs, np.concatenate([one, two]))
    assert len(back.target.labelled) == len(back.target.labels) == 0
