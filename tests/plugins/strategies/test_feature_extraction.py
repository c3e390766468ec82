from __future__ import annotations

import numpy as np
import torch

from tlbench_strategies.frozen_features.feature_extraction import FeatureExtraction


def strategy(**params):
    return FeatureExtraction(FeatureExtraction.Params(**params))


def fitted(kit, source_model, task):
    seen = []

    class Watched(FeatureExtraction):
        def fit_features(self, features, labels, seed):
            seen.append((features, labels))
            return super().fit_features(features, labels, seed)

    predictor = Watched(FeatureExtraction.Params()).fit(task, kit.make_toolkit(source_model))
    return predictor, seen


def test_transductive_fits_on_source_features_alone(kit, source_model):
    task = kit.make_task("transductive", None)
    _, ((features, labels),) = fitted(kit, source_model, task)
    np.testing.assert_array_equal(labels, task.sources[0].train.labels)
    assert len(features) == len(labels)


def test_inductive_fits_on_the_labelled_target_alone(kit, source_model):
    task = kit.make_task("inductive", 3)
    _, ((features, labels),) = fitted(kit, source_model, task)
    np.testing.assert_array_equal(labels, task.target.labels)
    assert features.shape == (9, 4)


def test_the_scaler_is_fitted_on_exactly_the_training_features(kit, source_model):
    task = kit.make_task("transductive", None)
    predictor, ((features, _),) = fitted(kit, source_model, task)
    scaler = predictor._classifier.named_steps["standardscaler"]
    np.testing.assert_allclose(scaler.mean_, features.mean(axis=0, dtype=np.float64), rtol=1e-5)
    assert scaler.n_samples_seen_ == len(features)


def test_the_backbone_stays_as_it_is(kit, source_model):
    task = kit.make_task("transductive", None)
    toolkit = kit.make_toolkit(source_model)
    before = {k: v.clone() for k, v in toolkit.source_model(task).backbone.state_dict().items()}
    predictor = strategy().fit(task, toolkit)
    after = predictor._backbone.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_one_shot_per_class_takes_a_fixed_strength_since_nothing_can_be_held_out(kit, source_model):
    task = kit.make_task("inductive", 1)
    predictor, _ = fitted(kit, source_model, task)
    assert predictor._classifier.named_steps["logisticregression"].C == 1.0


def test_classes_that_were_never_seen_keep_a_finite_logit(kit, source_model):
    task = kit.make_task("inductive", 3, classes=("a", "b", "c", "d"))
    predictor, _ = fitted(kit, source_model, task)
    logits = predictor.predict(torch.from_numpy(task.target.inputs)).logits
    assert logits.shape == (60, 4)
    assert torch.isfinite(logits).all()
    assert not (logits.argmax(1) == 3).any()
