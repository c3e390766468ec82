"""Marginalised denoising autoencoders: the closed form against all corruptions, written out one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_array

from tlbench_datasets.named.msda import RIDGE, denoising_map, hidden_of, learnt_layers, stacked

INPUTS = np.array([[2, 0, 1], [0, 3, 1], [1, 1, 0], [4, 0, 2]], np.float32)


def with_bias(inputs):
    return np.hstack([inputs, np.ones((len(inputs), 1))]).astype(np.float64)


def by_enumeration(inputs, corruption):
    """The least squares map from every corrupted copy, weighted by its probability, to the inputs themselves."""
    features = inputs.shape[1]
    clean = with_bias(inputs)
    outer, cross = np.zeros((features + 1, features + 1)), np.zeros((features, features + 1))
    for mask in itertools.product([0.0, 1.0], repeat=features):
        probability = np.prod([1 - corruption if kept else corruption for kept in mask])
        corrupted = clean * [*mask, 1.0]
        outer += probability * corrupted.T @ corrupted
        cross += probability * clean[:, :-1].T @ corrupted
    return cross @ np.linalg.inv(outer + RIDGE * np.diag([*[1.0] * features, 0.0]))


@pytest.mark.parametrize("corruption", [0.1, 0.5, 0.8])
def test_the_closed_form_is_the_best_map_from_all_corrupted_copies(corruption):
    clean = with_bias(INPUTS)
    found = denoising_map(clean.T @ clean, corruption)
    assert found.shape == (3, 4)
    np.testing.assert_allclose(found, by_enumeration(INPUTS, corruption), rtol=1e-9)


def test_a_feature_that_no_example_has_is_reconstructed_as_nothing():
    clean = with_bias(INPUTS * np.array([1, 0, 1], np.float32))
    found = denoising_map(clean.T @ clean, 0.5)
    assert np.isfinite(found).all()
    assert not found[1].any()
    assert not found[:, 1].any()


def test_each_layer_is_learnt_on_what_the_one_before_it_gives():
    first, second = learnt_layers(csr_array(INPUTS), 2, 0.5)
    np.testing.assert_allclose(first, by_enumeration(INPUTS, 0.5), rtol=1e-5)
    hidden = np.tanh(with_bias(INPUTS) @ first.T)
    np.testing.assert_allclose(second, by_enumeration(hidden, 0.5), rtol=1e-3)
    np.testing.assert_allclose(hidden_of(INPUTS, first), hidden, rtol=1e-5)
    given = list(stacked(csr_array(INPUTS), [first, second]))
    np.testing.assert_allclose(given[0], hidden, rtol=1e-5)
    np.testing.assert_allclose(given[1], np.tanh(with_bias(hidden) @ second.T), rtol=1e-4)
