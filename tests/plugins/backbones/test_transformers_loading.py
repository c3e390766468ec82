"""Which folders become encoders, and with which weights; no test takes anything from a network."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_encoders import LENGTH, POSITIONS, encoder, features, ids_of, make, write_encoder

from tlbench.errors import TlbenchError
from tlbench_backbones.transformers.factory import factory

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'tlbench[hub]'")


@pytest.fixture
def folder(tmp_path):
    """A small BERT."""
    write_encoder(tmp_path / "bert")
    return tmp_path / "bert"


def change(folder, **config):
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **config}))


# ---- what cannot be had ------------------------------------------------------------------------------------------


def without(name):
    def change_weights(folder):
        weights = load_file(folder / "model.safetensors")
        del weights[name]
        save_file(weights, folder / "model.safetensors", {"format": "pt"})

    return change_weights


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("encoder.layer.1.output.dense.weight"), r"1 of its weights are missing, as encoder\.layer\.1\.output"),
        (without("embeddings.word_embeddings.weight"), r"missing, as embeddings\.word_embeddings\.weight"),
        (lambda folder: change(folder, intermediate_size=50), r"of another shape, as encoder\.layer\.0\.\S+ is \(48"),
        (lambda folder: change(folder, num_hidden_layers=4), r"16 of its weights are missing, as encoder\.layer\.3"),
        (lambda folder: change(folder, num_hidden_layers=2), r"16 of its weights are not the model's, as encoder\.lay"),
        (lambda folder: change(folder, model_type="distilbert"), r"missing, .* not the model's, as embeddings\.token"),
        (lambda folder: change(folder, num_attention_heads=5), r"cannot load '.*bert': ValueError: The hidden size"),
        (lambda folder: change(folder, vocab_size="many"), r"cannot read the configuration of '.*bert'"),
        (lambda folder: change(folder, model_type="nonesuch"), r"cannot read the configuration of .*`nonesuch`"),
        (lambda folder: change(folder, model_type="gpt2"), "'gpt2', a decoder, which reads from left to right"),
        (lambda folder: change(folder, is_decoder=True), "'bert', a decoder"),
        (
            lambda folder: (folder / "config.json").write_text('{"model_type": "t5"}'),
            "'t5', which is an encoder with a decoder",
        ),
        (lambda folder: change(folder, model_type="convbert"), "whose features depend on padding; .* albert, bert,"),
        (lambda folder: change(folder, max_position_embeddings=8), "has positions for 8 tokens; say at most that"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"no weights"), "cannot load .*bert': Safetensor"),
        (lambda folder: (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"), "knows no word"),
        (
            lambda folder: (folder / "vocab.txt").write_text("\n".join(map(str, range(60)))),
            r"knows 6\d tokens, and its",
        ),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "cannot make the tokenizer of .*bert"),
    ],
)
def test_what_cannot_be_had_is_told_before_a_run(folder, damage, message):
    factory.check(f"{folder}?max_length={LENGTH}")
    damage(folder)
    with pytest.raises(TlbenchError, match=message):
        factory.check(f"{folder}?max_length={LENGTH}")


def test_the_longest_text_is_what_the_positions_allow(tmp_path):
    for kind, most in (("bert", POSITIONS), ("roberta", POSITIONS - 2)):
        write_encoder(tmp_path / kind, kind)
        backbone = make(tmp_path / kind, keys=f"max_length={most}", length=most)
        assert features(backbone, ids_of(most, 3, length=most)).isfinite().all()
        with pytest.raises(TlbenchError, match=f"has positions for {most} tokens; .* transformers:.*max_length={most}"):
            make(tmp_path / kind, keys=f"max_length={most + 1}", length=most + 1)


def test_inputs_of_another_shape_and_floats_are_refused(folder):
    for shape in ((LENGTH + 1,), (3, 32, 32)):
        with pytest.raises(TlbenchError, match=r"takes texts as ids of 12 tokens; the inputs are \("):
            factory(shape, f"{folder}?max_length={LENGTH}")
    with pytest.raises(TlbenchError, match=r"takes token ids, and the inputs are torch\.float32"):
        make(folder)(torch.zeros(2, LENGTH))


# ---- weights -----------------------------------------------------------------------------------------------------


def test_a_head_and_a_pooler_are_dropped_or_may_be_missing(tmp_path):
    from transformers import AutoModelForMaskedLM

    network = encoder()
    whole = AutoModelForMaskedLM.from_config(network.config)
    whole.bert.load_state_dict(network.state_dict(), strict=False)
    write_encoder(tmp_path)
    whole.save_pretrained(tmp_path)
    names = load_file(tmp_path / "model.safetensors")
    assert any(name.startswith("cls.") for name in names)
    assert not any("pooler" in name for name in names)
    backbone = make(tmp_path)
    assert not any("pooler" in name for name in backbone.state_dict())
    own = network.embeddings.word_embeddings.weight
    assert torch.equal(backbone.network.embeddings.word_embeddings.weight, own)


def test_weights_in_half_precision_and_in_parts_are_read(tmp_path):
    network = write_encoder(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    network.half().save_pretrained(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    backbone = make(tmp_path)
    assert {parameter.dtype for parameter in backbone.parameters()} == {torch.float32}
    own = network.encoder.layer[2].output.dense.weight
    assert torch.equal(backbone.network.encoder.layer[2].output.dense.weight, own.float())


def test_without_pretrained_the_weights_are_random_by_the_seed_and_the_file_is_not_read(folder):
    (folder / "model.safetensors").unlink()
    first, again = make(folder, pretrained=False), make(folder, pretrained=False)
    torch.manual_seed(1)
    other = factory((LENGTH,), f"{folder}?max_length={LENGTH}", pretrained=False).eval()
    found = [features(backbone, ids_of(6)) for backbone in (first, again, other)]
    assert torch.equal(found[0], found[1])
    assert not torch.allclose(found[0], found[2], atol=1e-3)


def test_weights_are_there_once_and_a_copy_has_its_own_stages(folder):
    backbone = make(folder)
    assert backbone.state_dict().keys() == {f"network.{name}" for name in backbone.network.state_dict()}
    copied = copy.deepcopy(backbone)
    for stage in copied.stages:
        stage.requires_grad_(False)
    assert not any(parameter.requires_grad for parameter in copied.parameters())
    assert all(parameter.requires_grad for parameter in backbone.parameters())


def test_nothing_is_printed_and_the_librarys_own_settings_stay(folder, capfd):
    from transformers.utils import logging

    without("pooler.dense.weight")(folder)
    before = logging.get_verbosity()
    factory.check(f"{folder}?max_length={LENGTH}")
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == (before, True)
