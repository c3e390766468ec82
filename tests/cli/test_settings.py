"""Settings, sources and evaluations, each from a suite file to its table."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file
from toy_suite import SUITE

INDUCTIVE = SUITE.replace('"transductive"', '"inductive"\nshots = 4')
WHOLE = SUITE.replace("seeds = [0]", 'seeds = [0]\nevaluation = "transductive-test"')
WEIGHTS = INDUCTIVE.replace('"mlp:16"', '"toy-pretrained"').replace("a:b", "weights:b")


def refused(project, text):
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert not list((project.folder / "cache").glob("source-models/*"))
    return outcome.err


# ---- what does not go together -------------------------------------------------------------------------------------


def test_a_named_transductive_pair_with_other_classes_is_refused_naming_domains_and_classes(project):
    message = refused(project, SUITE.replace("a:b", "a:other"))
    assert "pair a:other" in message
    assert "'a' has 'class 0', 'class 1', 'class 2', 'other' has 'class 0', 'class 1'" in message


def test_sources_with_other_classes_cannot_be_joined(project):
    message = refused(project, INDUCTIVE.replace("a:b", "a+other:b"))
    assert "sources that are joined must share their classes" in message


def test_inductive_with_transductive_test_is_refused(project):
    text = INDUCTIVE.replace("seeds = [0]", 'seeds = [0]\nevaluation = "transductive-test"')
    assert "use evaluation = 'held-out'" in refused(project, text)


def test_weights_as_source_without_any_label_are_refused(project):
    assert "no labels at all" in refused(project, WEIGHTS.replace('"inductive"\nshots = 4', '"transductive"'))


def test_weights_as_source_of_a_backbone_without_weights_are_refused(project):
    message = refused(project, INDUCTIVE.replace("a:b", "weights:b"))
    assert "'mlp:16' has no pretrained weights" in message


def test_two_faults_of_two_parts_are_reported_together(project):
    text = INDUCTIVE.replace("a:b", "weights:b") + SUITE[SUITE.index("[[part]]") :].replace("a:b", "weights:b")
    message = refused(project, text)
    assert "[[part]] 1" in message
    assert "[[part]] 2" in message


# ---- a share of labels ---------------------------------------------------------------------------------------------


def test_a_share_of_the_labels_is_a_subset_of_a_larger_one(project):
    text = INDUCTIVE.replace("shots = 4", "shots = [0.05, 4, 0.1]")
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 0, outcome.err
    assert "inductive, 5 % of target labels" in outcome.out
    seen = {record.shots: record.spec.shots for record in project.records() if record.variant == "target-only"}
    assert set(seen) == {0.05, 4, 0.1}
    curve = project.tlbench("leaderboard", "toy", "--by", "shots", "--format", "json", plugin=False)
    (table,) = json.loads(curve.out)
    names = [column["name"] for column in table["columns"]]
    assert names == ["strategy", "any", "4", "0.05", "0.1", "gap:4", "gap:0.05", "gap:0.1"]
    one_source = project.tlbench("leaderboard", "toy", "--by", "source", plugin=False)
    assert (one_source.code, one_source.out) == (2, "")
    assert "type `tlbench leaderboard toy --by strategy`" in one_source.err
    assert "Traceback" not in one_source.err


# ---- weights as the source -----------------------------------------------------------------------------------------


def test_weights_alone_are_a_source_and_what_they_gain_is_measured_against_random_weights(project):
    text = WEIGHTS.replace('["feature-extraction"]', '["feature-extraction", "fine-tune", "dann"]')
    outcome = project.tlbench("run", project.suite(text.replace("seeds = [0]", "seeds = [0, 1, 2]")))
    assert outcome.code == 0, outcome.err
    records = {(record.variant, record.spec.initial, record.seed): record for record in project.records()}
    assert records["dann", "own", 0].status == "skipped"
    assert "needs source examples" in records["dann", "own", 0].reason
    assert records["oracle", "own", 0].source == []
    assert ("target-only", "random", 0) in records
    assert ("target-only", "own", 0) not in records
    tuned = records["fine-tune", "own", 0]
    assert tuned.source == ["weights"]
    assert tuned.references["without-source"] == records["target-only", "random", 0].run_key
    assert [seen.phase for seen in tuned.seen] == ["adaptation"]  # no training on a source came first
    with_weights, without = (
        np.mean([records["feature-extraction", initial, seed].metrics["last"]["accuracy"] for seed in (0, 1, 2)])
        for initial in ("own", "random")
    )
    assert with_weights > without
    assert "weights:b" in project.tlbench("leaderboard", "toy", "--by", "pair", plugin=False).out


# ---- no label at all -----------------------------------------------------------------------------------------------


def test_unsupervised_gives_no_label_and_is_scored_by_clusters_beside_the_target_alone(project):
    text = SUITE.replace('"transductive"', '"unsupervised"').replace("seeds = [0]", "seeds = [0, 1, 2]")
    text = text.replace('["feature-extraction"]', '["k-means", "dec", "dann"]').replace("a:b", "other:b")
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 0, outcome.err
    for record in project.records():
        if record.variant in ("k-means", "dec"):
            assert set(record.metrics["last"]) == {"checkpoint", "clustering_accuracy", "nmi", "ari"}
            assert record.metrics.keys() == {"last"}
            assert all(seen.labelled == 0 for seen in record.seen)
        elif record.variant == "oracle":
            assert record.metrics["last"]["clustering_accuracy"] >= record.metrics["last"]["accuracy"]
        else:
            assert record.status == "skipped"
    names = ["k-means (target alone)", "dec (target alone)", "k-means", "dec", "oracle"]
    lines = [line.split("  ")[0].rstrip("¹²³⁴ ⚑") for line in outcome.out.splitlines()]
    assert [line for line in lines if line in names][: len(names)] == names
    assert "not applicable, so without a row: dann" in outcome.out
    assert "gap to" in outcome.out
    without = {cell["references"]["without-source"] for cell in project.plan()["cells"] if cell["variant"] == "dec"}
    alone = {record.run_key for record in project.records() if record.variant == "dec" and not record.source}
    assert without == alone


# ---- several sources -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["transductive", "inductive"])
def test_several_sources_have_their_union_and_the_best_single_one_as_references(project, setting):
    text = (SUITE if setting == "transductive" else INDUCTIVE).replace('"toy"\nback', '"three"\nback')
    text = text.replace("a:b", "a+c:b").replace('["feature-extraction"]', '["feature-extraction", "dann"]')
    text = text.replace("[[part]]", "[training]\nlr = 1e-2\n\n[[part]]")
    outcome = project.tlbench("run", project.suite(text))
    assert outcome.code == 0, outcome.err
    by_source = {tuple(record.source): record for record in project.records() if record.variant == "source-only"}
    assert set(by_source) == {("a",), ("c",), ("a", "c")}
    best = max(("a", "c"), key=lambda name: by_source[name,].metrics["last"]["accuracy"])
    shown = project.tlbench("leaderboard", "toy", plugin=False).out
    assert f"chosen in hindsight ({best} on a+c:b)" in " ".join(shown.split())
    row = next(line for line in shown.splitlines() if line.startswith("best single source"))
    assert f"{100 * by_source[best,].metrics['last']['accuracy']:.1f}" in row
    dann = project.record("dann")
    assert {"source-val", "iwv", "dev"} <= dann.metrics.keys()
    assert dann.metrics["last"]["source_accuracy"] > 0.5


def test_a_batch_is_divided_evenly_over_the_sources(project):
    text = SUITE.replace('"toy"\nback', '"three"\nback').replace("a:b", "a+c:b")
    project.tlbench("run", project.suite(text.replace('["feature-extraction"]', '["dann"]')))
    (seen,) = project.record("dann").seen
    assert (seen.labelled, seen.unlabelled) == (40 * 16, 40 * 16)


# ---- the target set is the test set --------------------------------------------------------------------------------


def test_transductive_test_tests_on_the_unlabelled_target_set_and_its_oracle_by_folds(project):
    outcome = project.tlbench("run", project.suite(WHOLE))
    assert outcome.code == 0, outcome.err
    assert "transductive-test" in outcome.out
    files = {record.variant: load_file(project.folder / "results" / "toy" / f"{record.run_key}.safetensors")
             for record in project.records()}  # fmt: skip
    assert {len(arrays["40/test"]) for name, arrays in files.items() if name != "feature-extraction"} == {900}
    oracle = project.record("oracle")
    assert [seen.updates for seen in oracle.seen] == [40] * 5
    assert oracle.metrics.keys() == {"last", "target-test"}
    assert project.record("source-only").seen[0].labelled == 40 * 16


def test_the_oracle_by_folds_never_predicts_what_it_was_trained_on(project):
    """Labels without any rule can be learnt by heart, but not be told of items that were not seen."""
    plugin = project.write("noise.py", NOISE)
    suite = project.suite(WHOLE.replace('"toy"\nback', '"noise"\nback').replace("steps = 40", "steps = 400"))
    outcome = project.tlbench("run", suite, "--plugin", plugin)
    assert outcome.code == 0, outcome.err
    assert 0.3 < project.record("oracle").metrics["last"]["accuracy"] < 0.7


def test_held_out_and_transductive_test_never_share_a_record(project):
    project.tlbench("run", project.suite())
    keys = {record.run_key for record in project.records()}
    project.tlbench("run", project.suite(WHOLE))
    assert len({record.run_key for record in project.records()}) == 2 * len(keys)
    assert len(list((project.folder / "cache" / "source-models").iterdir())) == 2  # trained on other examples


NOISE = """
import numpy as np

import tlbench
from tlbench.core.domain import Dataset, Domain, Split


class Noise(Dataset):
    domains = ("a", "b")
    licence = origin = "made up"

    def load(self, domain):
        rng = np.random.default_rng(len(domain) + ord(domain))
        sizes = (60, 30, 60)
        splits = [
            Split(rng.standard_normal((n, 6)).astype(np.float32), rng.permutation(np.arange(n) % 2).astype(np.int64))
            for n in sizes
        ]
        return Domain(domain, "vector", ("x", "y"), *splits)


@tlbench.hookimpl
def tlbench_register_datasets(register):
    register("noise", Noise)
"""


def test_a_class_of_copies_alone_is_refused_before_anything_runs(project):
    rng = np.random.default_rng(0)
    folder = project.folder / "arrays"
    folder.mkdir()
    for domain, different in {"a": 20, "b": 2}.items():
        few = np.repeat(rng.normal(size=(different, 6)), 20 // different, axis=0)  # in test; b has two in train, too
        arrays = {
            "train_inputs": rng.normal(size=(22, 6)),
            "train_labels": np.repeat([0, 1], [20, 2]),
            "test_inputs": np.concatenate([rng.normal(size=(20, 6)), few]),
            "test_labels": np.repeat([0, 1], 20),
        }
        np.savez(folder / f"{domain}.npz", **arrays)
    message = refused(project, WHOLE.replace('dataset = "toy"', f'dataset = "npz:{folder}"'))
    assert "domain 'b': class '1' has 4 examples, fewer than the 5 folds" in message
