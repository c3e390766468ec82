from __future__ import annotations

import numpy as np
import pytest

from tlbench.execution.tasks import fold_tasks, reversed_task
from tlbench.task import Examples, SourceView, TargetView, TransferTask

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


def test_a_reversed_task_has_predictions_as_labels_and_no_label_of_the_source(task):
    predicted = np.ones(10, np.int64)
    back = reversed_task(task, predicted)
    (source,) = back.sources
    assert source.train.labels is predicted
    assert source.train.inputs is task.target.inputs
    assert len(source.val) == 0
    np.testing.assert_array_equal(back.target.inputs, np.concatenate([view.train.inputs for view in task.sources]))
    assert len(back.target.labelled) == len(back.target.labels) == 0
