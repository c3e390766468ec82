"""`amazon-reviews` in the view `msda`: what it is made of, and that test inputs have no part in what is learnt."""

from __future__ import annotations

import numpy as np
import pytest
from test_amazon_reviews import SUITE, archive, bags

from tlbench.core.domain import SPLITS
from tlbench.data.array_storage import open_inputs
from tlbench.data.domain_store import DomainStore
from tlbench.errors import DataError, Faults
from tlbench.plugins.manager import PluginHost
from tlbench.suites.suite_file import read_suite
from tlbench_datasets.named.amazon_bow import FEATURES
from tlbench_datasets.named.amazon_reviews import AmazonReviews

DOMAINS = ("books", "dvd", "electronics", "kitchen")
#: Cheap: the layers are of 30 words.
SMALL = {"view": "msda", "layers": 2, "words": 30}


def reviews(**params):
    return AmazonReviews(AmazonReviews.Params(**{**SMALL, **params}))


def write(data, seeds=range(4), tests=range(100, 104)):
    """A folder with the four domains, their train and test drawn by these seeds."""
    (data / "amazon-reviews-bow").mkdir(exist_ok=True)
    for domain, seed, test in zip(DOMAINS, seeds, tests, strict=True):
        arrays = archive(train=bags(range(40), seed), test=bags(range(20), test))
        np.savez(data / "amazon-reviews-bow" / f"{domain}.npz", **arrays)
    return data


@pytest.fixture
def bow(data):
    return write(data)


def learnt(cache):
    return sorted(path.name for path in (cache / "amazon-msda").iterdir())


# What is wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("layers = 0", "layers: 0 must be"),
        ("corruption = 1.0", "corruption: 1.0 must be"),
        ("corruption = 0.0", "corruption: 0.0 must be"),
        ("words = 5001", "words: 5001 must be"),
        ("splits = [0.5, 0.2, 0.3]", "splits are dealt where view = 'text'; view = 'msda' has the published ones"),
    ],
)
def test_options_that_cannot_be_are_told_with_their_place(tmp_path, option, fault):
    path = tmp_path / "amazon.toml"
    path.write_text(SUITE.format(data=f'view = "msda"\n{option}'))
    with pytest.raises(Faults) as caught:
        read_suite(str(path), PluginHost([]))
    (found,) = caught.value.faults
    assert found.split(": ", 1)[1].startswith(fault)


def test_a_domain_that_cannot_be_had_is_named_whichever_is_asked_for(bow, monkeypatch):
    def no_network(url, *_):
        raise DataError(f"{url}: no connection")

    monkeypatch.setattr("tlbench_datasets.named.public_data.download", no_network)
    (bow / "amazon-reviews-bow" / "kitchen.npz").unlink()
    with pytest.raises(DataError, match="Amazon reviews of kitchen, bags of words cannot be downloaded"):
        reviews().load("books")


def test_learning_that_is_interrupted_leaves_nothing_behind(bow, cache, monkeypatch):
    def interrupted(*_):
        yield np.zeros((30, 31), np.float32)
        raise KeyboardInterrupt

    monkeypatch.setattr("tlbench_datasets.named.amazon_msda.learnt_layers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reviews().load("books")
    assert learnt(cache) == []


# What it is ----------------------------------------------------------------------------------------------------------


def test_counts_come_first_then_each_layer_within_the_splits_of_the_bags(bow):
    domain = reviews().load("books")
    assert (domain.modality, domain.train.inputs.dtype) == ("vector", np.float16)
    assert [domain.split(name).inputs.shape for name in SPLITS] == [(36, 5060), (4, 5060), (20, 5060)]
    bags_of_words = AmazonReviews().load("books")
    for name in SPLITS:
        ours, theirs = domain.split(name), bags_of_words.split(name)
        assert np.array_equal(ours.inputs[:, :FEATURES], np.asarray(theirs.inputs))
        assert np.array_equal(ours.labels, theirs.labels)
    hidden = np.asarray(domain.test.inputs)[:, FEATURES:]
    assert (np.abs(hidden) <= 1).all()
    assert hidden[:, :30].any()
    assert hidden[:, 30:].any()


def test_it_is_kept_as_float16_and_made_ready(bow, cache):
    store = DomainStore(cache, "amazon-reviews", PluginHost([]), SMALL)
    ready = store.get("dvd")
    assert (ready.storage, ready.input_shape) == ("array", (FEATURES + 60,))
    assert open_inputs(ready.inputs("train")).dtype == np.float16


# What it is learnt on ------------------------------------------------------------------------------------------------


def weights(cache):
    """By folder the weights of all layers."""
    folders = sorted((cache / "amazon-msda").iterdir())
    return {folder.name: [np.load(folder / f"{layer}.npy") for layer in (1, 2)] for folder in folders}


def test_it_is_learnt_once_for_all_domains(bow, cache, monkeypatch, capsys):
    reviews().load("books")
    assert "learning layer 2 of 2" in capsys.readouterr().err
    monkeypatch.setattr("tlbench_datasets.named.amazon_msda.learnt_layers", lambda *_: pytest.fail("is learnt again"))
    reviews().load("dvd")
    assert len(learnt(cache)) == 1


def test_test_inputs_have_no_part_in_it(data, cache):
    write(data)
    first = reviews().load("books")
    before = weights(cache)
    write(data, tests=range(200, 204))
    second = reviews().load("books")
    assert list(weights(cache)) == list(before)
    assert np.array_equal(first.train.inputs, second.train.inputs)
    assert not np.array_equal(first.test.inputs, second.test.inputs)


def test_train_inputs_of_every_domain_and_every_option_have(data, cache):
    for kitchen in (3, 50):
        write(data, seeds=(0, 1, 2, kitchen))
        reviews().load("books")
    assert len(learnt(cache)) == 2
    reviews(corruption=0.3).load("books")
    reviews(words=20).load("books")
    found = weights(cache)
    assert len(found) == 4
    assert sorted(first.shape for first, _ in found.values()) == [(20, 21), (30, 31), (30, 31), (30, 31)]
    square = [first for first, _ in found.values() if len(first) == 30]
    assert not any(np.array_equal(a, b) for a, b in zip(square, [*square[1:], square[0]], strict=True))
