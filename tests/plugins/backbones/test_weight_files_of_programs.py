"""Weight files as programs write them: prefixes, checkpoints within checkpoints, what is left out, and why not."""

from __future__ import annotations

import argparse

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tlbench.errors import TlbenchError
from tlbench_backbones.shared.weight_files import load_strictly


class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = nn.Sequential(nn.Linear(width, width), nn.Linear(width, width))


class Wrapped(nn.Module):
    """As of a repository whose network holds another."""

    def __init__(self):
        super().__init__()
        self.inner = Net()


def weights(prefix="", net=None, **more):
    net = net or Net()
    with torch.no_grad():
        net.bn1.running_mean.fill_(0.5)
    return {**{f"{prefix}{key}": value for key, value in net.state_dict().items()}, **more}


def loaded(content, folder, network=None, heads=(), name="w.pt"):
    file = folder / name
    save_file(content, file) if file.suffix == ".safetensors" else torch.save(content, file)
    network = network or Net()
    return network, load_strictly(network, file, "the network", heads)


def same(network, content, prefix=""):
    return all(
        torch.equal(value, content[prefix + key])
        for key, value in network.state_dict().items()
        if prefix + key in content
    )


def error_of(content, folder, **options):
    with pytest.raises(TlbenchError) as caught:
        loaded(content, folder, **options)
    return str(caught.value)


# What is wrong -------------------------------------------------------------------------------------------------------


def test_two_sets_of_the_weights_are_not_chosen_from(tmp_path):
    content = {**weights("module.encoder_q."), **weights("module.encoder_k.")}
    message = error_of(content, tmp_path)
    assert "holds the network's weights several times, behind 'module.encoder_k.' and 'module.encoder_q.'" in message


def test_two_state_dicts_without_a_usual_name_are_not_chosen_from(tmp_path):
    message = error_of({"student": weights(), "teacher": weights(), "epoch": 3}, tmp_path)
    assert "holds several state dicts (student, teacher); write the one that is meant" in message


def test_a_file_of_another_network_says_that_no_key_is_the_networks(tmp_path):
    message = error_of({"blocks.0.weight": torch.zeros(2), "blocks.0.bias": torch.zeros(2)}, tmp_path)
    assert "None of its 2 keys (blocks.0.weight, blocks.0.bias, …) is one of the network's (conv1.weight," in message


@pytest.mark.parametrize("prefix", ["", "module.", "model.backbone."])
def test_a_missing_a_strange_and_a_misshapen_weight_are_named(tmp_path, prefix):
    content = weights(prefix)
    del content[f"{prefix}layer1.0.bias"]
    content[f"{prefix}layer1.2.bias"] = torch.zeros(1)
    content[f"{prefix}conv1.bias"] = torch.zeros(7)
    message = error_of(content, tmp_path)
    assert "1 of its weights are missing, as layer1.0.bias" in message
    assert "1 of its weights are not the model's, as layer1.2.bias" in message
    assert "1 of its weights are of another shape, as conv1.bias is (7,) for (4,)" in message
    assert (f"keys without their prefix {prefix!r}" in message) == bool(prefix)
    assert "Name the model" not in message


def test_where_shapes_alone_differ_that_is_the_reason(tmp_path):
    message = error_of(weights(net=Net(5)), tmp_path)
    assert "as conv1.weight is (5, 3, 3, 3) for (4, 3, 3, 3)" in message
    assert "All keys are there, so it is of the same network with other sizes" in message


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_whole_model_and_a_program_are_told_by_what_they_are(tmp_path):
    assert "holds more than tensors, namely" in error_of(nn.Linear(2, 2), tmp_path)
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "p.pt")
    with pytest.raises(
        TlbenchError, match=r"p\.pt' is a program of TorchScript.*save the model's state_dict\(\) alone"
    ):
        load_strictly(Net(), tmp_path / "p.pt", "the network")


def test_an_optimisers_state_is_no_weights(tmp_path):
    optimizer = torch.optim.Adam(Net().parameters())
    assert "holds no state dict" in error_of({"optimizer": optimizer.state_dict(), "epoch": 1}, tmp_path)


# What works ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prefix",
    ["module.", "backbone.", "model.", "encoder.", "_orig_mod.", "net.", "module.encoder_q.", "0.model.trunk."],
)
@pytest.mark.parametrize("name", ["w.safetensors", "w.pth", "w.ckpt", "w.bin", "w.pth.tar"])
def test_a_prefix_is_taken_off_and_said(tmp_path, prefix, name):
    content = weights(prefix)
    network, notes = loaded(content, tmp_path, name=name)
    assert same(network, content, prefix)
    assert notes == [f"the prefix {prefix!r} of the file's keys was taken off"]


def test_what_stands_outside_the_prefix_is_left_out_and_counted(tmp_path):
    content = weights("backbone.", **{"head.weight": torch.zeros(2, 4), "queue": torch.zeros(3)})
    network, notes = loaded(content, tmp_path)
    assert same(network, content, "backbone.")
    assert "2 tensors without this prefix were left out, as head.weight, queue" in notes


def test_heads_behind_the_prefix_are_dropped_as_without_one(tmp_path):
    content = weights("module.", **{"module.fc.weight": torch.zeros(2, 4)})
    network, _ = loaded(content, tmp_path, heads=["fc"])
    assert same(network, content, "module.")


def test_a_prefix_that_the_file_lacks_is_put_before_its_keys(tmp_path):
    content = weights()
    network, notes = loaded(content, tmp_path, Wrapped())
    assert same(network.inner, content)
    assert notes == ["the prefix 'inner.' was put before the file's keys"]


@pytest.mark.parametrize(
    "entry", ["state_dict", "model", "model_state_dict", "net", "network", "weights", "module", "trained"]
)
def test_weights_within_a_checkpoint_are_found_and_said(tmp_path, entry):
    content = weights()
    optimizer = torch.optim.SGD(Net().parameters(), lr=0.1, momentum=0.9).state_dict()
    network, notes = loaded({"epoch": 3, "optimizer": optimizer, entry: content}, tmp_path)
    assert same(network, content)
    assert notes == [f"the weights are the file's entry {entry!r}"]


def test_weights_two_levels_down_with_a_prefix(tmp_path):
    content = weights("module.")
    network, notes = loaded({"model": {"state_dict": content, "step": 1}}, tmp_path)
    assert same(network, content, "module.")
    assert notes[0] == "the weights are the file's entry 'model.state_dict'"


def test_averaged_weights_beside_the_weights_are_named(tmp_path):
    content = weights()
    network, notes = loaded({"state_dict": content, "state_dict_ema": weights()}, tmp_path)
    assert same(network, content)
    assert notes == ["the weights are the file's entry 'state_dict'; beside it, and not read: 'state_dict_ema'"]


def test_what_scripts_put_beside_the_weights_is_no_obstacle(tmp_path):
    content = weights()
    beside = {"args": argparse.Namespace(lr=0.1), "best": np.float64(0.7), "epoch": np.int64(3)}
    network, _ = loaded({"model": content, **beside}, tmp_path)
    assert same(network, content)


@pytest.mark.parametrize("prefix", ["", "module."])
def test_without_the_counter_of_batches(tmp_path, prefix):
    content = {key: value for key, value in weights(prefix).items() if not key.endswith("num_batches_tracked")}
    network, notes = loaded(content, tmp_path)
    assert same(network, content, prefix)
    assert int(network.bn1.num_batches_tracked) == 0
    assert notes[-1] == "the file has no num_batches_tracked, which counts batches and decides nothing; it starts at 0"


def test_a_file_that_fits_as_it_is_needs_no_note(tmp_path):
    content = weights()
    network, notes = loaded(content, tmp_path)
    assert same(network, content)
    assert notes == []


def test_weights_in_half_precision_are_loaded(tmp_path):
    content = {key: value.half() if value.is_floating_point() else value for key, value in weights().items()}
    network, _ = loaded(content, tmp_path)
    torch.testing.assert_close(network.conv1.weight, content["conv1.weight"].float())
    assert network.conv1.weight.dtype == torch.float32
