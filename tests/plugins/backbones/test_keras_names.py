"""What a `keras:` name says, without Keras itself."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import pytest

from tlbench.errors import TlbenchError
from tlbench_backbones.keras.factory import factory
from tlbench_backbones.keras.name import parse


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("VGG16?", "has an empty part; write keras:NAME"),
        ("VGG16?pooling", "'pooling' is no key=value"),
        ("VGG16?pooling=flat", "pooling=flat: it must be avg or max"),
        ("VGG16?weights=mine.h5", r"weights=mine\.h5: it must be imagenet or none"),
        ("VGG16@w.safetensors", "weights from a file are not loaded into networks of Keras"),
        ("VGG16?include_top=true", "'include_top' cannot be given"),
        ("VGG16?mean=0.5", "'mean' cannot be given: .* preprocess_input"),
        ("VGG16?img_size=0", "img_size=0: it must be a whole number"),
    ],
)
def test_a_malformed_name_is_refused(argument, message):
    with pytest.raises(TlbenchError, match=message):
        parse(argument)


def test_a_name_has_weights_pooling_a_size_and_arguments():
    wanted = parse("MobileNet?alpha=0.25&pooling=max&img_size=96&weights=none")
    assert (wanted.name, wanted.imagenet, wanted.pooling, wanted.img_size) == ("MobileNet", False, "max", 96)
    assert wanted.options == {"alpha": 0.25}


@pytest.mark.parametrize(
    ("argument", "has"), [("VGG16", True), ("VGG16?weights=none", False), ("VGG16?weights=None", False)]
)
def test_weights_of_imagenet_are_the_default_and_have_a_revision(argument, has):
    assert factory.has_weights(argument) == has
    assert factory.revision(argument) == ("imagenet" if has else None)


def missing(name):
    raise importlib.metadata.PackageNotFoundError(name)


@pytest.mark.parametrize(
    ("version", "message"), [(missing, "keras is not installed"), (lambda _: "2.15.0", "keras 2.15.0 is too old")]
)
def test_without_keras_or_with_an_old_one_one_is_told_what_to_install(monkeypatch, version, message):
    monkeypatch.setattr("importlib.metadata.version", version)
    with pytest.raises(TlbenchError, match=rf"{message}.*pip install 'tlbench\[keras\]'"):
        factory.check("VGG16")


def test_names_and_revisions_need_no_heavy_library():
    code = (
        "import sys, json; from tlbench_backbones.keras.factory import factory; factory.revision('VGG16'); "
        "from tlbench_backbones.torchhub.factory import factory; factory.revision('owner/name@v1:net'); "
        "print(json.dumps([name for name in ('torch', 'keras', 'timm') if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
