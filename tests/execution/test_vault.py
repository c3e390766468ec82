"""Labels that a strategy must not see are not in its process, whether or not it is in a sandbox."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_suite import SUITE

from tlbench.execution.evaluation_inputs import evaluation_file

PEEKING = Path(__file__).parent / "peeking_plugin.py"

# In the process of one job, where a test can put a label on purpose.
WHOLE = SUITE.replace("seeds = [0]", 'seeds = [0]\nevaluation = "transductive-test"')
UNSUPERVISED = SUITE.replace('"transductive"', '"unsupervised"')
INDUCTIVE = SUITE.replace('"transductive"', '"inductive"\nshots = 4')


@pytest.fixture
def peek(project, monkeypatch):
    """Run the peeking strategy; give what it found, and the labels of the target by split."""
    monkeypatch.setenv("TLBENCH_TEST_PEEK", str(project.folder / "found.npz"))

    def run(text):
        suite = project.suite(text.replace("feature-extraction", "peek"))
        outcome = project.tlbench("run", suite, "--plugin", PEEKING, "--strategy", "peek", "--sandbox", "off")
        assert outcome.code == 0, outcome.err
        found = np.load(project.folder / "found.npz")
        revision = peeking(project).spec.revisions["b"]
        (folder,) = [path for path in (project.folder / "cache" / "labels").rglob(revision) if path.is_dir()]
        labels = {str(file.relative_to(folder)): np.load(file) for file in folder.rglob("*.npy")}
        return [found[name] for name in found.files], labels

    return run


def peeking(project):
    (record,) = [record for record in project.records() if record.variant == "peek" and record.source]
    return record


def tells(found, labels):
    """Whether an array is these labels, in this order or sorted."""
    return [
        array
        for array in found
        if array.shape == labels.shape
        and array.size  # a split without examples has no labels to tell
        and np.array_equal(np.sort(array), np.sort(labels))
        and (np.array_equal(array, labels) or np.array_equal(array, np.sort(labels)))
    ]


@pytest.mark.parametrize("text", [SUITE, INDUCTIVE, WHOLE], ids=["transductive", "inductive", "transductive-test"])
def test_a_strategy_that_searches_its_process_finds_no_target_label_that_it_may_not_have(peek, text):
    found, labels = peek(text)
    assert len(found) > 3  # it does find the labels of the source
    assert len(labels) >= 3
    for of_split in labels.values():
        assert not tells(found, of_split)


def test_in_unsupervised_it_finds_no_label_of_the_source_either(peek, project):
    found, labels = peek(UNSUPERVISED)
    revision = peeking(project).spec.revisions["a"]
    (folder,) = [path for path in (project.folder / "cache" / "labels").rglob(revision) if path.is_dir()]
    for of_split in [*labels.values(), *map(np.load, folder.glob("*.npy"))]:
        assert not tells(found, of_split)


def test_the_search_finds_the_labels_when_they_are_put_there_on_purpose(peek, monkeypatch):
    from tlbench.execution import job

    honest = job._target

    def opened(folder, domain, spec):
        view = honest(folder, domain, spec)
        np.save(folder / "target-labelled.npy", np.arange(domain.counts["train"]))
        np.save(folder / "target-shots.labels.npy", domain.labels("train"))
        return {
            **view,
            "labelled": str(folder / "target-labelled.npy"),
            "labels": str(folder / "target-shots.labels.npy"),
        }

    monkeypatch.setattr(job, "_target", opened)
    found, labels = peek(SUITE)
    assert tells(found, labels["train.npy"])


def spec_and_domains(project, variant):
    """What a job is written from, after a run that has made the domains ready."""
    from toy_suite import TOY

    from tlbench.data.domain_store import DomainStore
    from tlbench.plugins.manager import PluginHost

    project.tlbench("run", project.suite())
    store = DomainStore(project.folder / "cache", "toy", PluginHost([TOY]))
    return project.record(variant).spec, {name: store.get(name) for name in ("a", "b")}


def test_a_job_names_no_test_file_before_training_and_no_folder_of_labels_ever(project):
    from tlbench.execution.job import write_run_job

    spec, domains = spec_and_domains(project, "source-only")
    folder = project.folder / "job"
    write_run_job(folder, spec, domains, "cpu", (), None)
    assert "test.inputs" not in (folder / "job.json").read_text()
    assert "test.inputs" in evaluation_file(folder).read_text()
    for file in (folder / "job.json", evaluation_file(folder)):
        text = file.read_text()
        assert "cache/labels" not in text
    assert not [file.name for file in folder.iterdir() if "target" in file.name]


def test_target_arrays_are_in_an_order_of_the_hosts(project):
    project.tlbench("run", project.suite())
    files = list((project.folder / "cache" / "labels").rglob("train.npy"))
    assert files
    for file in files:
        labels = np.load(file)
        assert not np.array_equal(labels, np.arange(len(labels)) % (labels.max() + 1))  # the order of the toy dataset
        assert not np.array_equal(labels, np.sort(labels))


def test_the_job_of_a_second_training_holds_predictions_and_no_label_of_anybody(project):
    from tlbench.execution.job import write_reverse_job

    spec, domains = spec_and_domains(project, "feature-extraction")
    folder = project.folder / "job"
    write_reverse_job(folder, spec, domains, "cpu", (), np.zeros(400, np.int64))
    assert {file.name for file in folder.iterdir()} == {"job.json", "predicted.npy"}
    for file in (folder / "job.json", evaluation_file(folder)):
        assert "cache/labels" not in file.read_text()
        assert "test.inputs" not in file.read_text()
