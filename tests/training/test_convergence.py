from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tlbench.core.fit_warnings import unfinished_fits_noted

LABELS = np.arange(60) % 3
FEATURES = np.random.default_rng(0).standard_normal((60, 4)) + LABELS[:, None]


def fit(max_iter):
    return LogisticRegression(max_iter=max_iter).fit(FEATURES, LABELS)


def test_an_error_within_is_not_swallowed():
    with pytest.raises(ValueError, match="2 classes"), unfinished_fits_noted([]):
        LogisticRegression().fit(FEATURES, np.zeros(60))


def test_other_warnings_go_their_way():
    notes = []
    with pytest.warns(UserWarning, match="something else"), unfinished_fits_noted(notes):
        warnings.warn("something else", stacklevel=1)
    assert notes == []


def test_a_fit_that_converged_leaves_no_note():
    notes = []
    with unfinished_fits_noted(notes):
        fit(1000)
    assert notes == []


def test_fits_that_did_not_are_counted_in_one_note_that_says_what_to_do():
    notes = ["there before"]
    with unfinished_fits_noted(notes):
        fit(1)
        fit(1)
    first, note = notes
    assert first == "there before"
    assert note.startswith("the classifier did not converge in 2 fits (lbfgs failed to converge after 1 iteration")
    assert note.endswith("raise max_iter, scale the features, or lower C")
    assert "\n" not in note
