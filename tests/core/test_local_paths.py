"""Names as tables show them: a weight file by its name, never by its place on this machine."""

from __future__ import annotations

import pytest

from tlbench.core.local_paths import shown_name, shown_names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("timm:resnet18@/home/me/weights/best.pt", "timm:resnet18@best.pt"),
        ("timm:resnet18?mean=0.5@/home/me/my weights/best.pt", "timm:resnet18?mean=0.5@best.pt"),
        ("frozen:transformers:/srv/models/minilm?pooling=cls", "frozen:transformers:minilm?pooling=cls"),
        ("transformers:~/models/minilm", "transformers:minilm"),
        (r"timm:vit@C:\Users\me\vit.safetensors", "timm:vit@vit.safetensors"),
        ("csv:/home/me/patients.csv", "csv:patients.csv"),
    ],
)
def test_a_path_of_this_machine_becomes_the_name_of_the_file(name, shown):
    assert shown_name(name) == shown
    assert shown_name(shown) == shown


@pytest.mark.parametrize(
    "name", ["mlp:64", "timm:resnet18@weights/best.pt", "torchhub:pytorch/vision@v0.20.0:resnet18", "hub:OWNER/NAME"]
)
def test_other_names_stay(name):
    assert shown_name(name) == name


def test_two_files_of_one_name_keep_the_folders_that_tell_them_apart():
    names = ["timm:r@/a/x/best.pt", "timm:r@/a/y/best.pt", "timm:r@/a/y/last.pt", "timm:r@best.pt"]
    assert shown_names(names) == {
        "timm:r@/a/x/best.pt": "timm:r@x/best.pt",
        "timm:r@/a/y/best.pt": "timm:r@y/best.pt",
        "timm:r@/a/y/last.pt": "timm:r@last.pt",
        "timm:r@best.pt": "timm:r@best.pt",
    }
    same_ends = ["m:/a/w", "m:/b/a/w"]
    assert len(set(shown_names(same_ends).values())) == 2
