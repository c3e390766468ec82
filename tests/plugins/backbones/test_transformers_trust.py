"""Models that bring Python code of their own: refused, or run where they are trusted, and then told of."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from own_code import HIDDEN, write_own_code
from tiny_encoders import LENGTH, features, ids_of

from tlbench.errors import TlbenchError
from tlbench_backbones.transformers.factory import factory

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'tlbench[hub]'")

TEXTS = Path(__file__).parents[2] / "text_plugin.py"
SUITE = """
name = "texts"
dataset = "reviews"
backbones = ["transformers:own?max_length=12", "frozen:transformers:own?max_length=12"]
seeds = [0]

[budget]
steps = 20
batch_size = 16
checkpoints = 1

[[part]]
setting = "transductive"
pairs = ["films:knives"]
strategies = ["linear-probe"]
"""


def run(project, *arguments):
    return project.tlbench("run", project.suite(SUITE), "--plugin", TEXTS, *arguments, plugin=False)


def test_code_that_is_not_trusted_is_refused_with_what_to_say_and_is_never_imported(project):
    sign = write_own_code(project.folder / "own")
    outcome = run(project)
    assert outcome.code == 2
    for name in ("transformers:own?max_length=12", "frozen:transformers:own?max_length=12"):
        assert f"backbone '{name}': 'own' runs Python code of its own (config.json has an 'auto_map')" in outcome.err
        assert f"say --trust-remote-code '{name}'" in outcome.err
    assert "Traceback" not in outcome.err
    assert not sign.exists()


def test_trusting_a_model_does_not_trust_its_frozen_features_nor_these_the_model(project):
    write_own_code(project.folder / "own")
    names = ["transformers:own?max_length=12", "frozen:transformers:own?max_length=12"]
    for trusted, other in (names, names[::-1]):
        outcome = run(project, "--trust-remote-code", trusted)
        assert outcome.code == 2
        assert f"say --trust-remote-code '{other}'" in outcome.err
        assert f"backbone '{trusted}'" not in outcome.err


def test_code_that_is_trusted_runs_is_recorded_and_told_of(project):
    sign = write_own_code(project.folder / "own", max_position_embeddings=12)
    names = ["transformers:own?max_length=12", "frozen:transformers:own?max_length=12"]
    outcome = run(project, *(part for name in names for part in ("--trust-remote-code", name)))
    assert outcome.code == 0, outcome.err
    assert sign.exists()
    records = project.records("texts")
    assert {(record.status, record.backbone) for record in records} == {("ok", name) for name in names}
    assert {record.model.feature_dim for record in records} == {HIDDEN}
    for record in records:
        assert record.provenance["trusted_remote_code"] == names
    oracles = {record.backbone: record.notes for record in records if record.variant == "oracle"}
    assert any("tlbench does not know its layers" in note for note in oracles[names[0]])


def test_it_is_one_stage_with_the_states_that_its_code_gives(tmp_path):
    write_own_code(tmp_path / "own")
    torch.manual_seed(0)
    backbone = factory((LENGTH,), f"{tmp_path / 'own'}?max_length={LENGTH}&pooling=cls", trusted=True).eval()
    assert [*backbone.stages] == [backbone.network]
    ids = ids_of(5, 3)
    network = backbone.network
    expected = torch.tanh(network.mix(network.words(ids[:, 0].long())))
    assert torch.allclose(features(backbone, ids), expected, atol=1e-6)
    assert backbone.state_dict().keys() == {f"network.{name}" for name in network.state_dict()}
    assert "nor whether its features of a text depend on how far the text is padded" in backbone.notes[0]


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"max_position_embeddings": 10}, "has positions for 10 tokens; say at most that"),
        ({"is_decoder": True}, "'own-words', a decoder"),
        ({"is_encoder_decoder": True}, "which is an encoder with a decoder"),
        ({"vocab_size": 41}, r"of another shape, as words\.weight is \(40, 8\) for \(41, 8\)"),
        ({"answer": "self.words(input_ids)"}, "and give a `last_hidden_state`: AttributeError"),
        ({"answer": "1 / 0"}, "and give a `last_hidden_state`: ZeroDivisionError"),
        (
            {"answer": "BaseModelOutput(last_hidden_state=self.words(input_ids).mean(1))"},
            r"gives states of the shape \(1, 8\) for a text of 2 tokens; \(1, 2, hidden size\) is expected",
        ),
        ({"auto_map": {"AutoConfig": "modeling_own.Gone"}}, "cannot read the configuration of .*own'"),
        ({"auto_map": {"AutoConfig": "gone.Config"}}, "cannot read the configuration of .*own'"),
    ],
)
def test_what_its_code_cannot_do_is_told_before_a_run(tmp_path, own, message):
    write_own_code(tmp_path / "own", **own)
    with pytest.raises(TlbenchError, match=message):
        factory.check(f"{tmp_path / 'own'}?max_length={LENGTH}", trusted=True)
