"""Which models can be kept and exported, and what is said of those that cannot."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from toy_suite import SUITE

import tlbench
from tlbench.records.kept_models import kept_model
from tlbench.records.result_folder import ResultFolder

ALL = """
import numpy as np
import tlbench
from tlbench import FeatureStrategy, Predictor, Prediction, Strategy


class Forest(FeatureStrategy):
    settings = {"transductive"}

    def fit_features(self, features, labels, seed):
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(5, random_state=0).fit(features, labels)


class Halves:
    def __init__(self, fitted):
        self.fitted, self.classes_ = fitted, fitted.classes_

    def predict_proba(self, features):
        return self.fitted.predict_proba(features)


class Wrapped(Forest):
    def fit_features(self, features, labels, seed):
        return Halves(super().fit_features(features, labels, seed))


class OwnPredictor(Predictor):
    def __init__(self, inner):
        self.inner = inner

    def predict(self, inputs, side="target"):
        return self.inner.predict(inputs, side)


class Own(Strategy):
    settings = {"transductive"}
    uses_source_model = True

    def fit(self, task, toolkit):
        return OwnPredictor(toolkit.source_predictor(task))


@tlbench.hookimpl
def tlbench_register_strategies(register):
    for name, kind in {"forest": Forest, "wrapped": Wrapped, "own-way": Own}.items():
        register(name, kind, summary=name)
"""
NAMES = ["feature-extraction", "linear-probe", "linear-svm", "nearest-neighbour", "three-neighbours", "dann"]
STRATEGIES = [*NAMES, "forest", "wrapped", "own-way"]
CLOSED = (
    SUITE.replace('["feature-extraction"]', json.dumps(STRATEGIES))
    + """
[strategies.three-neighbours]
use = "nearest-neighbour"
k = 3
scale = "standardise"
"""
)


@pytest.fixture
def every(project):
    """A suite of all kinds of strategies, run with its models kept."""
    plugin = project.write("ways.py", ALL)
    outcome = project.tlbench("run", project.suite(CLOSED), "--keep-model", "-q", "--plugin", plugin)
    assert outcome.code == 0, outcome.err
    return outcome


def test_what_is_kept_predicts_as_the_run_did_and_what_is_not_has_a_reason(project, every):
    pytest.importorskip("skops")
    for variant in [*NAMES, "forest", "source-only", "oracle"]:
        key = project.record(variant).run_key
        outcome = project.tlbench("export", key, "--out", variant, plugin=False)
        assert outcome.code == 0, (variant, outcome.err)
        assert "400 of 400 test items are predicted as the run did" in outcome.out, variant
        assert tlbench.load_model(variant, plugins=[]).class_names == ("class 0", "class 1", "class 2")
    assert (project.folder / "forest" / "classifier.skops").is_file()

    assert "own-way a:b, seed 0" in every.err
    for variant, why in {"own-way": "Predictor.parts()", "wrapped": "Halves"}.items():
        key = project.record(variant).run_key
        assert kept_model(ResultFolder(project.folder / "results", "toy"), key).fault
        outcome = project.tlbench("export", key, "--out", "nothing", plugin=False)
        assert outcome.code == 2
        assert why in outcome.err
        assert not (project.folder / "nothing").exists()


def test_the_readme_tells_of_training_data_within(project, every):
    for variant, within in {"nearest-neighbour": True, "linear-svm": False}.items():
        project.tlbench("export", project.record(variant).run_key, "--out", variant, plugin=False)
        assert (
            "holds the features of its training examples" in (project.folder / variant / "README.md").read_text()
        ) is within


def test_models_are_listed_with_their_sizes_and_removed(project, every):
    listed = project.tlbench("models", plugin=False).out
    assert "dann · a:b · mlp:16 · transductive · seed 0" in listed
    assert "KiB" in listed
    dann = project.record("dann").run_key
    assert "1 model removed" in project.tlbench("models", "--remove", dann[:8], plugin=False).out
    assert project.tlbench("models", "--remove", dann[:8], plugin=False).code == 2
    assert project.record("dann").status == "ok"
    assert "removed" in project.tlbench("models", "--remove-all", plugin=False).out
    assert "no run in results has kept its model" in project.tlbench("models", plugin=False).out


def test_without_a_model_the_command_that_keeps_one_is_told_and_works(project):
    project.tlbench("run", project.suite(), "-q")
    before = project.record("feature-extraction")
    outcome = project.tlbench("export", before.run_key, "--out", "model", plugin=False)
    assert outcome.code == 2
    command = outcome.err.strip().splitlines()[-1].split()
    assert command[:2] == ["tlbench", "run"]
    assert command[-1] == "--keep-model"
    again = project.tlbench(*command[1:], "-q", plugin=False)
    assert again.code == 0, again.err
    after = project.record("feature-extraction")
    assert (after.run_key, after.metrics) == (before.run_key, before.metrics)
    assert project.tlbench("export", before.run_key, "--out", "model", plugin=False).code == 0


def test_a_model_is_kept_once_and_of_what_is_asked_for_alone(project):
    suite = project.suite()
    project.tlbench("run", suite, "--strategy", "feature-extraction", "--keep-model", "-q")
    folders = list((project.folder / "results" / "toy").glob("*.model"))
    assert [folder.stem for folder in folders] == [project.record("feature-extraction").run_key]
    outcome = project.tlbench("run", suite, "--strategy", "feature-extraction", "--keep-model", "-v")
    assert "all 3 runs are there" in outcome.err


def test_the_oracle_of_five_folds_is_no_single_model(project):
    whole = SUITE.replace("seeds = [0]", 'seeds = [0]\nevaluation = "transductive-test"')
    project.tlbench("run", project.suite(whole), "--keep-model", "-q")
    outcome = project.tlbench("export", project.record("oracle").run_key, "--out", "model", plugin=False)
    assert outcome.code == 2
    assert "five models" in outcome.err
    outcome = project.tlbench("export", project.record("source-only").run_key, "--out", "model", plugin=False)
    assert outcome.code == 0, outcome.err
    assert "900 of 900" in outcome.out


@pytest.mark.parametrize("variant", ["k-means", "dec"])
def test_clusters(project, variant):
    text = SUITE.replace("transductive", "unsupervised").replace("feature-extraction", variant)
    project.tlbench("run", project.suite(text), "--keep-model", "-q")
    key = next(one.run_key for one in project.records() if one.variant == variant and one.source)
    outcome = project.tlbench("export", key, "--out", "model", plugin=False)
    assert "400 of 400" in outcome.out, outcome.err
    assert tlbench.load_model("model").class_names[0] == "cluster 0"


def test_a_folder_that_is_there_already_is_left_alone(project):
    project.tlbench("run", project.suite(), "--keep-model", "-q")
    key = project.record("feature-extraction").run_key
    (project.folder / "mine").mkdir()
    (project.folder / "mine" / "thesis.txt").write_text("mine")
    outcome = project.tlbench("export", key, "--out", "mine", plugin=False)
    assert outcome.code == 2
    assert "not empty" in outcome.err
    assert [file.name for file in (project.folder / "mine").iterdir()] == ["thesis.txt"]


def test_weights_of_another_model_are_refused_and_changed_ones_are_found_out(project):
    from safetensors.numpy import load_file, save_file

    project.tlbench("run", project.suite(), "--keep-model", "-q")
    key = project.record("feature-extraction").run_key
    kept = project.folder / "results" / "toy" / f"{key}.model" / "weights.safetensors"
    weights = load_file(kept)
    save_file({**weights, "head.weight": -weights["head.weight"]}, kept)
    outcome = project.tlbench("export", key, "--out", "changed", plugin=False)
    assert outcome.code == 1
    assert "400 of 400" not in outcome.out
    save_file({**weights, "backbone.stages.0.1.weight": np.zeros((3, 3), np.float32)}, kept)
    outcome = project.tlbench("export", key, "--out", "other", plugin=False)
    assert outcome.code == 2
    assert "are not those of the backbone 'mlp:16'" in outcome.err
    kept.unlink()
    assert "damaged model" in project.tlbench("export", key, "--out", "other", plugin=False).err


def test_onnx_gives_the_logits_of_torch(project):
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    project.tlbench("run", project.suite(), "--keep-model", "-q")
    key = project.record("feature-extraction").run_key
    outcome = project.tlbench("export", key, "--out", "model", "--onnx", plugin=False)
    assert outcome.code == 0, outcome.err
    rows = np.random.default_rng(0).standard_normal((7, 6)).astype(np.float32)
    session = onnxruntime.InferenceSession("model/model.onnx", providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"inputs": rows})
    from toy_plugin import Toy  # the data set is of a plugin file, which the model does not need

    assert Toy.domains
    np.testing.assert_allclose(logits, tlbench.load_model("model").logits(rows), atol=1e-4)


def test_what_has_no_onnx_form_is_said_and_the_rest_is_written(project, every):
    pytest.importorskip("skops")
    outcome = project.tlbench("export", project.record("forest").run_key, "--out", "model", "--onnx", plugin=False)
    assert outcome.code == 1
    assert "scikit-learn's own" in outcome.err
    assert (project.folder / "model" / "README.md").is_file()


def test_a_full_disk_costs_no_result(project, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tlbench.execution.model_storage.store_model", full)
    assert project.tlbench("run", project.suite(), "--keep-model", "-q").code == 0
    record = project.record("feature-extraction")
    assert record.status == "ok"
    assert any("could not be kept" in note for note in record.notes)


def test_no_exported_model(project):
    (project.folder / "empty").mkdir()
    with pytest.raises(tlbench.TlbenchError, match="no exported model"):
        tlbench.load_model("empty")
    (project.folder / "empty" / "config.json").write_text('{"format": "other"}')
    with pytest.raises(tlbench.TlbenchError, match="no config of a model"):
        tlbench.load_model("empty")


def test_inputs_of_another_shape_are_refused(project):
    project.tlbench("run", project.suite(), "--keep-model", "-q")
    project.tlbench("export", project.record("feature-extraction").run_key, "--out", "model", plugin=False)
    model = tlbench.load_model("model")
    with pytest.raises(tlbench.DataError, match=r"the model takes \(n, 6\)"):
        model.predict(np.zeros((2, 5), np.float32))
    assert model.predict(np.zeros((0, 6), np.float32)).shape == (0, 3)
    shutil.rmtree("model")
