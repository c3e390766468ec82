"""What a `transformers:` name says, and which files it means, without transformers itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_encoders import write_vocabulary

from tlbench.errors import TlbenchError
from tlbench_backbones.transformers.factory import factory
from tlbench_backbones.transformers.files import locate, weight_files
from tlbench_backbones.transformers.name import ParsedName, parse


@pytest.fixture
def folder(tmp_path):
    """A folder that has all files, of which none is of a real model."""
    place = tmp_path / "model"
    write_vocabulary(place)
    (place / "config.json").write_text('{"model_type": "bert"}')
    (place / "model.safetensors").write_bytes(b"one")
    return place


# ---- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("?pooling=cls", "has an empty part; write transformers:FOLDER_OR_ID"),
        ("bert?", "has an empty part"),
        ("bert?pooling", "'pooling' is no key=value"),
        ("bert?pooling=", "'pooling=' is no key=value"),
        ("bert?poling=cls", "unknown key 'poling'; did you mean 'pooling'"),
        ("bert?pooling=max", "pooling=max: it must be one of mean, cls"),
        ("bert?max_length=long", "max_length=long: it must be a whole number of tokens from 4"),
        ("bert?max_length=3", "max_length=3: it must be a whole number of tokens from 4"),
        ("./bert?revision=main", r"revision=main: '\./bert' is a folder, and revisions are those of the hub"),
    ],
)
def test_a_malformed_name_is_refused(argument, message):
    with pytest.raises(TlbenchError, match=message):
        parse(argument)


@pytest.mark.parametrize("name", ["./gone", "/gone", "~/gone", "a/b/gone"])
def test_a_folder_that_is_not_there_is_named_and_not_looked_for_on_the_hub(name):
    with pytest.raises(TlbenchError, match=f"there is no folder '{name}'"):
        factory.revision(name)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", None, r"has no config\.json; name the folder that save_pretrained"),
        ("config.json", "{", r"config\.json' is not JSON"),
        ("config.json", "[]", r"config\.json' is no JSON object"),
        ("model.safetensors", None, r"has no model\.safetensors, and weights are read from no other form"),
    ],
)
def test_a_folder_that_will_not_do_is_told_before_anything_is_read_of_it(folder, file, content, message):
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    for ask in (factory.check, factory.revision):
        with pytest.raises(TlbenchError, match=message):
            ask(str(folder))


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_that_comes_with_a_model_is_refused_with_what_to_say_and_is_part_of_its_revision(folder, file):
    plain = factory.revision(str(folder))
    (folder / "code.py").write_text("raise SystemExit('it has run')")
    assert factory.revision(str(folder)) == plain  # nobody asks for it
    (folder / file).write_text('{"auto_map": {"AutoModel": "code.Model"}}')
    revisions = [factory.revision(str(folder)), factory.tokenizer(str(folder), trusted=True).revision]
    argument = f"{folder}?pooling=cls"
    for ask in (factory.check, factory.tokenizer, lambda argument: factory((128,), argument)):
        with pytest.raises(TlbenchError) as raised:
            ask(argument)
        message = str(raised.value)
        assert f"runs Python code of its own ({file} has an 'auto_map'), which could do anything" in message
        assert message.endswith(f"say --trust-remote-code 'transformers:{argument}'")
    (folder / "code.py").write_text("raise SystemExit('another')")
    assert factory.revision(str(folder)) != revisions[0]
    assert factory.tokenizer(str(folder), trusted=True).revision != revisions[1]


def test_code_of_another_repository_is_refused_even_where_the_model_is_trusted(folder):
    (folder / "config.json").write_text('{"auto_map": {"AutoModel": "other/one--code.Model"}}')
    for ask in (lambda: factory.tokenizer(str(folder), trusted=True), lambda: factory.revision(str(folder))):
        with pytest.raises(TlbenchError, match=r"takes code from another repository, as other/one--code\.Model"):
            ask()


def test_a_folder_without_a_vocabulary_is_refused(folder):
    (folder / "vocab.txt").unlink()
    with pytest.raises(TlbenchError, match=r"has no vocabulary, which is one of tokenizer\.json, vocab\.txt"):
        factory.tokenizer(str(folder))


def test_a_missing_part_of_the_weights_is_named(folder):
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    weights = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(weights))
    with pytest.raises(TlbenchError, match=r"lacks model-2\.safetensors, which model\.safetensors\.index\.json names"):
        factory.revision(str(folder))
    (folder / "model-2.safetensors").write_bytes(b"two")
    names = [file.name for file in weight_files(ParsedName(str(folder)))]
    assert names == ["model.safetensors.index.json", "model-1.safetensors", "model-2.safetensors"]


def test_without_transformers_one_is_told_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for ask in (factory.check, factory.tokenizer):
        with pytest.raises(TlbenchError, match=r"pip install 'tlbench\[hub\]'"):
            ask("bert")


def test_pickled_weights_become_safetensors_by_the_command_of_the_message(folder, monkeypatch):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    (folder / "model.safetensors").unlink()
    tied = torch.ones(2, 3)
    torch.save({"one": tied, "two": tied}, folder / "pytorch_model.bin")
    with pytest.raises(TlbenchError) as raised:
        factory.check(str(folder))
    command = str(raised.value).partition("in its folder: python ")[2]
    code = command.removeprefix('-c "').removesuffix('"')
    monkeypatch.chdir(folder)
    exec(code, {})
    assert torch.equal(load_file(folder / "model.safetensors")["two"], tied)


# ---- what a name means -------------------------------------------------------------------------------------------


def test_a_name_has_keys():
    assert parse("roberta-base") == ParsedName("roberta-base", "mean", 128, None)
    assert parse("o/n?pooling=cls&max_length=64&revision=refs/pr/1") == ParsedName("o/n", "cls", 64, "refs/pr/1")


def test_a_name_is_a_folder_where_there_is_one_and_else_an_id(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse("roberta-base").folder is None
    assert parse("o/roberta-base").folder is None
    (tmp_path / "roberta-base").mkdir()
    assert parse("roberta-base").folder == Path("roberta-base")


# ---- revisions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "vocab.txt", "tokenizer_config.json"])
def test_the_revision_is_the_content_of_what_counts_whatever_its_time(folder, file):
    first = factory.revision(str(folder))
    os.utime(folder / file, ns=(1, 1))
    (folder / "README.md").write_text("no part of the model")
    assert factory.revision(str(folder)) == first
    (folder / file).write_bytes((folder / file).read_bytes() + b" ")
    assert factory.revision(str(folder)) != first


def test_the_revision_has_pooling_and_length(folder):
    revisions = {factory.revision(f"{folder}{keys}") for keys in ("", "?pooling=cls", "?max_length=64")}
    assert len(revisions) == 3
    assert factory.revision(f"{folder}?pooling=mean&max_length=128") in revisions


def test_the_revision_of_a_folder_needs_no_heavy_library(folder):
    code = (
        f"import sys, json; from tlbench_backbones.transformers.factory import factory; factory.revision('{folder}'); "
        "heavy = ('torch', 'transformers', 'tokenizers', 'huggingface_hub', 'numpy'); "
        "print(json.dumps([name for name in heavy if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


# ---- the hub -----------------------------------------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub's cache, which is empty, behind a network that is down."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def cache(hub, name="models--o--n", commit="0123456789abcdef0123456789abcdef01234567"):
    """What a download leaves there."""
    (hub / name / "refs").mkdir(parents=True)
    (hub / name / "refs" / "main").write_text(commit)
    snapshot = hub / name / "snapshots" / commit
    write_vocabulary(snapshot)
    (snapshot / "config.json").write_text('{"model_type": "bert"}')
    return snapshot


@pytest.mark.parametrize("name", ["o/n", "bert-base-uncased"])
def test_without_a_network_one_is_told_what_to_bring(hub, name):
    for ask in (factory.check, factory.tokenizer):
        with pytest.raises(TlbenchError) as raised:
            ask(name)
        message = str(raised.value)
        assert f"'{name}' is no folder here" in message
        assert "LocalEntryNotFoundError: Cannot find" in message
        for remedy in ("HF_HUB_OFFLINE", "HF_HOME", "model.safetensors", "transformers:FOLDER"):
            assert remedy in message


def test_what_is_no_id_is_told_in_the_same_way(hub):
    with pytest.raises(TlbenchError, match=r"'no id' is no folder here .*HFValidationError"):
        factory.check("no id")


def test_an_id_in_the_cache_is_used_and_its_revision_is_the_commit(hub):
    assert factory.revision("o/n") == "hub:o/n@main, not downloaded,mean,128"
    snapshot = cache(hub)
    assert factory.revision("o/n") == "hub:o/n@main, not downloaded,mean,128"  # there are no weights yet
    (snapshot / "model.safetensors").write_bytes(b"one")
    assert factory.revision("o/n") == f"hub:{snapshot.name},mean,128"
    assert locate(parse("o/n")) == snapshot
    assert factory.revision(f"o/n?revision={snapshot.name}") == f"hub:{snapshot.name},mean,128"


def test_what_was_downloaded_without_its_code_is_downloaded_again_once_it_is_trusted(hub, monkeypatch):
    import huggingface_hub

    snapshot = cache(hub)
    (snapshot / "model.safetensors").write_bytes(b"one")
    (snapshot / "config.json").write_text('{"auto_map": {"AutoModel": "code.Model"}}')
    asked = []

    def download(name, *, allow_patterns, local_files_only, **rest):
        asked.append(("*.py" in allow_patterns, local_files_only))
        if not local_files_only:
            (snapshot / "code.py").touch()
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(TlbenchError, match="--trust-remote-code 'transformers:o/n'"):
        locate(parse("o/n"))
    assert asked == [(False, True)]
    trusted = replace(parse("o/n"), trusted=True)
    assert locate(trusted) == locate(trusted) == snapshot
    assert asked[1:] == [(True, True), (True, False), (True, True)]


def test_the_hook_says_how_a_name_is_written(project):
    assert "transformers:FOLDER_OR_ID[?key=value&…]" in project.tlbench("list", "backbones").out
