"""Files with weights: what is read and how, and what is said of those that do not fit."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tlbench.errors import TlbenchError
from tlbench_backbones.shared.weight_files import load_strictly, need_file, revision_of


class Runs:
    """What loading a pickle could execute."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('executed')",))


def network(width=4):
    return nn.Sequential(nn.Linear(3, width), nn.ReLU(), nn.Linear(width, 2))


@pytest.fixture(params=[".safetensors", ".pt", ".pth"])
def file(request, tmp_path):
    return tmp_path / f"weights{request.param}"


def save(weights, file):
    save_file(weights, file) if file.suffix == ".safetensors" else torch.save(weights, file)


def test_another_format_is_named_with_those_that_are_read(tmp_path):
    with pytest.raises(
        TlbenchError, match=r"is no \.safetensors, .*, \.ckpt or \.bin file, and weights are read from no other"
    ):
        need_file(tmp_path / "weights.h5")


def test_a_damaged_file_is_named(file):
    file.write_bytes(b"no weights at all")
    with pytest.raises(TlbenchError, match=r"weight file '.*weights\.\w+'"):
        load_strictly(network(), file, "the network")


def test_code_in_a_pickle_is_not_executed(tmp_path):
    torch.save({"0.weight": Runs()}, tmp_path / "evil.pt")
    with pytest.raises(TlbenchError, match=r"evil\.pt' holds more than tensors, namely '.*exec'"):
        load_strictly(network(), tmp_path / "evil.pt", "the network")


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3, "0.weight": torch.zeros(4, 3)}])
def test_what_is_no_state_dict_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(TlbenchError, match="holds no state dict, that is, tensors by name"):
        load_strictly(network(), tmp_path / "other.pt", "the network")


def test_all_that_does_not_fit_is_in_one_message_with_the_tensors_names(file):
    weights = {**network(5).state_dict(), "extra": torch.zeros(1)}
    del weights["2.bias"]
    save(weights, file)
    with pytest.raises(TlbenchError) as caught:
        load_strictly(network(4), file, "the network 'small'")
    message = str(caught.value)
    assert "does not fit the network 'small'" in message
    assert "1 of its weights are missing, as 2.bias" in message
    assert "1 of its weights are not the model's, as extra" in message
    shapes = "0.weight is (5, 3) for (4, 3), 0.bias is (5,) for (4,), 2.weight is (2, 5) for (2, 4)"
    assert f"3 of its weights are of another shape, as {shapes}" in message
    assert "Name the model" not in message


def test_a_file_is_loaded_and_its_classifier_is_left_out(file):
    whole = network()
    save(whole.state_dict(), file)
    without = nn.Sequential(*list(network())[:2], nn.Identity())
    load_strictly(without, file, "the network", ["2"])
    assert torch.equal(without[0].weight, whole[0].weight)


def test_the_state_dict_of_a_checkpoint_is_found(tmp_path):
    whole, loaded = network(), network()
    torch.save({"epoch": 3, "state_dict": whole.state_dict()}, tmp_path / "checkpoint.pt")
    load_strictly(loaded, tmp_path / "checkpoint.pt", "the network")
    assert torch.equal(loaded[0].weight, whole[0].weight)


def test_the_revision_is_that_of_the_content(file):
    file.write_bytes(b"one")
    first = revision_of(file)
    file.write_bytes(b"two!")
    assert first.startswith("sha256:")
    assert revision_of(file) != first
