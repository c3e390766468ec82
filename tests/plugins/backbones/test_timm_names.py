"""What a `timm:` name says, without timm itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tlbench.errors import TlbenchError
from tlbench_backbones.timm.factory import factory
from tlbench_backbones.timm.name import parse


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("@w.safetensors", "has an empty part; write timm:NAME"),
        ("resnet18@", "has an empty part"),
        ("resnet18?", "has an empty part"),
        ("resnet18?pad_type", "'pad_type' is no key=value"),
        ("resnet18?pad type=same", "'pad type=same' is no key=value"),
        ("resnet18?num_classes=3", "'num_classes' cannot be given: tlbench sets it"),
        ("resnet18?checkpoint_path=w.pth", "weights are named as @FILE"),
        ("resnet18?img_size=0", "img_size=0: it must be a whole number"),
        ("resnet18?img_size=big", "img_size=big: it must be a whole number"),
        ("resnet18?std=0", "std=0: it must be one number or three"),
        ("resnet18?mean=(0.5,0.5)", "mean=.*: it must be one number or three"),
        ("resnet18?interpolation=lanczos", "interpolation=lanczos: it must be one of bicubic, bilinear, nearest"),
    ],
)
def test_a_malformed_name_is_refused(argument, message):
    with pytest.raises(TlbenchError, match=message):
        parse(argument)


def test_a_name_has_data_arguments_and_a_file():
    wanted = parse("vit_tiny.tag?img_size=96&mean=(0.5,0.4,0.3)&qkv_bias=false&pad_type=same@a folder/w@1.safetensors")
    assert wanted.name == "vit_tiny.tag"
    assert wanted.data == {"img_size": 96, "mean": (0.5, 0.4, 0.3)}
    assert wanted.options == {"qkv_bias": False, "pad_type": "same"}
    assert wanted.file == Path("a folder/w@1.safetensors")


def test_without_timm_one_is_told_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for ask in (factory.check, factory.revision):
        with pytest.raises(TlbenchError, match=r"pip install 'tlbench\[hub\]'"):
            ask("resnet18")


def test_a_missing_file_and_another_format_are_named(tmp_path):
    with pytest.raises(TlbenchError, match=r"gone\.safetensors' does not exist"):
        factory.revision(f"resnet18@{tmp_path}/gone.safetensors")
    with pytest.raises(TlbenchError, match="weights are read from no other"):
        factory.revision(f"resnet18@{tmp_path}/weights.h5")


def test_the_revision_of_a_file_is_its_content_whatever_its_time(tmp_path):
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"one")
    first = factory.revision(f"resnet18@{file}")
    os.utime(file, ns=(1, 1))
    assert factory.revision(f"resnet18@{file}") == first
    file.write_bytes(b"two")
    assert factory.revision(f"resnet18@{file}") != first


def test_the_revision_of_a_file_needs_no_heavy_library(tmp_path):
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"one")
    code = (
        f"import sys, json; from tlbench_backbones.timm.factory import factory; factory.revision('x@{file}'); "
        "print(json.dumps([name for name in ('torch', 'timm', 'torchvision') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_the_hook_says_how_a_name_is_written(project):
    out = project.tlbench("list", "backbones").out
    assert "timm:NAME[?key=value&…][@FILE.safetensors]" in out
