"""Networks of repositories with a hubconf.py, local or as torch keeps downloaded ones; nothing is downloaded."""

from __future__ import annotations

import json
import sys

import pytest
import torch
from safetensors.torch import save_file

from tlbench.errors import TlbenchError
from tlbench_backbones.torchhub.factory import factory
from tlbench_backbones.torchhub.name import parse

HUBCONF = """
from layers import Net


def net(width=4, pretrained=False):
    model = Net(width)
    if pretrained:
        model.features[0].weight.data.fill_(1.0)
    return model


def sequence():
    from torch import nn

    model = Net(4)
    model.fc = nn.Identity()
    model.classifier = nn.Sequential(nn.Dropout(), nn.Linear(4, 3))
    return model


def headless():
    return Net(4).features


def number():
    print("code that prints")
    return 3


def raising():
    raise KeyError("a bug of the repository")


def pair():
    from torch import nn

    class Pair(nn.Module):
        def forward(self, images):
            return images, images

    return Pair()
"""
LAYERS = """
from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.neck = nn.Linear(width, width)
        self.fc = nn.Linear(width, 3)
        self.classifier = None

    def forward(self, images):
        hidden = self.fc(self.neck(self.features(images)))
        return hidden if self.classifier is None else self.classifier(hidden)
"""
REMOTE = "someone/nets@v1.0:net"


def write_repository(folder):
    folder.mkdir(parents=True)
    (folder / "hubconf.py").write_text(HUBCONF)
    (folder / "layers.py").write_text(LAYERS)
    return folder


@pytest.fixture
def nets(tmp_path, monkeypatch):
    """The working folder has a repository in `nets`, and torch's own folder the same as someone's, downloaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    write_repository(tmp_path / "torch" / "hub" / "someone_nets_v1.0")
    return write_repository(tmp_path / "nets")


def make(argument, shape=(3, 16, 16), **options):
    torch.manual_seed(0)
    return factory(shape, argument, **options).eval()


def images(*shape):
    return torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


# ---- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("someone/nets@v1", "has an empty part; write torchhub:OWNER/NAME@TAG:MODEL or torchhub:./FOLDER:MODEL"),
        ("someone/nets:net", "neither a folder, .* nor OWNER/NAME@TAG, which must name a tag, a branch or a commit"),
        ("nets:net", "neither a folder"),
        ("./nets:", "has an empty part"),
        ("./nets:net?width", "'width' is no key=value"),
        ("./nets:net?img_size=0", "img_size=0"),
        ("./nets:no-name", "'no-name' is no name of a function"),
    ],
)
def test_a_malformed_name_is_refused(argument, message):
    with pytest.raises(TlbenchError, match=message):
        parse(argument)


def test_a_name_has_a_repository_a_tag_a_model_arguments_and_a_file():
    wanted = parse("owner/a.name@feature/x:model?mean=0.5&width=8@a folder/w@1.pt")
    assert (wanted.repository, wanted.tag, wanted.model) == ("owner/a.name", "feature/x", "model")
    assert (wanted.data["mean"], wanted.options, str(wanted.file)) == (0.5, {"width": 8}, "a folder/w@1.pt")
    assert wanted.folder.name == "owner_a.name_feature_x"


def test_a_repository_runs_remote_code_and_a_folder_does_not():
    assert factory.runs_remote_code(REMOTE)
    assert not any(factory.runs_remote_code(f"{folder}:net") for folder in ("./nets", "../nets", "/nets", "~/nets"))


@pytest.mark.parametrize(
    ("rest", "has"),
    [
        ("", False),
        ("?width=2", False),
        ("?pretrained=false", False),
        ("?weights=None", False),
        ("?pretrained=true", True),
        ("?weights=DEFAULT", True),
        ("@w.pt", True),
    ],
)
def test_weights_are_those_of_a_file_or_those_that_the_name_asks_the_entry_point_for(rest, has):
    assert factory.has_weights(f"./nets:net{rest}") == has


# ---- what cannot be had ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("./gone:net", "'gone' has no hubconf.py"),
        ("./nets:gone", r"cannot make 'gone' of '.*nets' with no argument: RuntimeError: Cannot find callable gone"),
        ("./nets:net?depth=3", "cannot make 'net' of '.*nets' with depth=3: TypeError"),
        ("./nets:raising", "KeyError: 'a bug of the repository'"),
        ("./nets:number", "'number' of './nets' is no torch.nn.Module but a int"),
        ("./nets:net@gone.pt", "'gone.pt' does not exist"),
    ],
)
def test_what_cannot_be_had_is_told_before_a_run(nets, argument, message):
    with pytest.raises(TlbenchError, match=message):
        factory.check(argument)


@pytest.mark.parametrize("argument", ["./nets:pair", "./nets:net?img_size=2"])
def test_a_network_that_gives_no_features_of_images_is_refused(nets, argument):
    with pytest.raises(TlbenchError, match=r"'torchhub:\./nets:\w+' does not take images of"):
        make(argument)


def test_vectors_are_refused(nets):
    with pytest.raises(TlbenchError, match=r"'torchhub:\./nets:net' takes images"):
        make("./nets:net", (6,))


def test_a_repository_that_is_not_there_is_named_with_a_way_round(nets, monkeypatch):
    def offline(*given, **keywords):
        raise OSError("no network")

    monkeypatch.setattr("torch.hub._validate_not_a_forked_repo", offline)
    with pytest.raises(TlbenchError, match=r"OSError: no network\. With a network .* bring a copy and name its folder"):
        factory.check("someone/others@v1:net")


# ---- features ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ("net", "what its classifier 'fc' is given"),
        ("sequence", "what its classifier 'classifier.1' is given"),
        ("headless", "its output, for no classifier is known"),
    ],
)
def test_features_are_what_a_known_classifier_is_given_or_else_the_output_and_a_note_says_which(nets, model, what):
    backbone = make(f"./nets:{model}", (1, 12, 20))
    assert backbone(images(5, 1, 12, 20)).shape == (5, 4)
    assert (backbone.feature_dim, backbone.size) == (4, (12, 20))
    assert backbone.notes == (f"the features of torchhub:./nets:{model} are {what}",)


def test_images_are_normalised_as_for_imagenet_or_as_the_name_says(nets):
    batch = images(2, 3, 16, 16)
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    assert torch.allclose(make("./nets:net").preprocess(batch), (batch / 255 - mean) / std, atol=1e-5)
    own = make("./nets:net?mean=0.5&std=0.25&img_size=8")
    assert own.preprocess(batch).shape == (2, 3, 8, 8)
    assert torch.allclose(make("./nets:net?mean=0.5&std=0.25").preprocess(batch), (batch / 255 - 0.5) / 0.25, atol=1e-5)


def test_stages_are_the_children_with_parameters_and_weights_are_there_once(nets):
    backbone = make("./nets:net")
    assert len(backbone.stages) == 2
    assert backbone.state_dict().keys() == {f"network.{name}" for name in backbone.network.state_dict()}


def test_a_repository_that_torch_has_downloaded_is_used_as_it_is(nets):
    assert make(REMOTE).feature_dim == 4
    factory.check(REMOTE)


def test_two_repositories_with_modules_of_one_name_are_kept_apart(nets):
    other = write_repository(nets.parent / "others")
    (other / "layers.py").write_text(
        LAYERS.replace("nn.Linear(width, width)", "nn.Linear(width, 7)").replace(
            "nn.Linear(width, 3)", "nn.Linear(7, 3)"
        )
    )
    assert [make(f"./{folder}:net").feature_dim for folder in ("nets", "others", "nets")] == [4, 7, 4]
    assert "layers" not in sys.modules


# ---- weights -----------------------------------------------------------------------------------------------------


def test_a_file_is_loaded_strictly_without_the_classifier_and_not_at_all_without_pretrained(nets):
    weights = make("./nets:net").state_dict()
    weights = {name.removeprefix("network."): torch.ones(value.shape) for name, value in weights.items()}
    save_file({**weights, "fc.weight": torch.ones(9, 4), "fc.bias": torch.ones(9)}, "w.safetensors")
    torch.save(weights, "w.pt")
    for file in ("w.safetensors", "w.pt"):
        assert make(f"./nets:net@{file}").network.neck.weight.eq(1).all()
        assert not make(f"./nets:net@{file}", pretrained=False).network.neck.weight.eq(1).any()
    with pytest.raises(TlbenchError, match=r"'w\.pt' does not fit the network 'net' of '\./nets': .* of another shape"):
        factory.check("./nets:net?width=5@w.pt")


def test_without_pretrained_the_entry_point_is_asked_for_none(nets):
    asked = [
        make("./nets:net?pretrained=true", pretrained=wanted).network.features[0].weight for wanted in (True, False)
    ]
    assert [bool(weight.eq(1).all()) for weight in asked] == [True, False]


def test_the_revision_changes_with_code_and_file(nets):
    revisions = {factory.revision("./nets:net"), factory.revision("./nets:net?width=5")}
    (nets / "weights.pt").write_bytes(b"one")
    revisions.add(factory.revision("./nets:net@nets/weights.pt"))
    (nets / "layers.py").write_text(LAYERS + "\n")
    revisions |= {factory.revision("./nets:net"), factory.revision("./nets:net@nets/weights.pt")}
    assert len(revisions) == 4
    assert factory.revision("someone/others@v1:net") == "v1"
    assert factory.revision(REMOTE).startswith("code:")


# ---- a suite -----------------------------------------------------------------------------------------------------

SUITE = """
name = "hub"
dataset = "digits"
backbones = ["torchhub:{backbone}"]
seeds = [0]

[budget]
steps = 4
batch_size = 8
checkpoints = 1

[[part]]
setting = "inductive"
shots = 2
pairs = ["{pair}"]
strategies = ["feature-extraction"]
"""


def test_a_repository_is_run_where_it_is_trusted_and_its_weights_are_a_source(nets, project):
    suite = project.suite(SUITE.format(backbone=f"{REMOTE}?pretrained=true", pair="weights:uci"))
    refused = project.tlbench("run", suite, plugin=False)
    assert refused.code == 2
    assert f"backbone 'torchhub:{REMOTE}?pretrained=true': it runs code from the network" in refused.err
    name = f"torchhub:{REMOTE}?pretrained=true"
    outcome = project.tlbench("run", suite, "--trust-remote-code", name, plugin=False)
    assert outcome.code == 0, outcome.err
    records = project.records("hub")
    assert {record.spec.initial for record in records} == {"own", "random"}
    assert {tuple(record.provenance["trusted_remote_code"]) for record in records} == {(name,)}
    assert any("what its classifier 'fc' is given" in note for note in records[0].notes)


def test_what_is_printed_stays_out_of_json_and_a_name_without_weights_is_no_source(nets, project):
    suite = project.suite(SUITE.format(backbone="./nets:net", pair="weights:uci"))
    outcome = project.tlbench("plan", suite, plugin=False)
    assert outcome.code == 2
    assert "'torchhub:./nets:net' has no pretrained weights" in outcome.err
    outcome = project.tlbench("plan", project.suite(SUITE.format(backbone="nets", pair="weights:uci")), plugin=False)
    assert outcome.code == 2
    assert "cannot run\n  - backbone 'torchhub:nets': 'nets' has an empty part" in outcome.err
    (nets / "hubconf.py").write_text("print('code that prints')\n" + HUBCONF)
    suite = project.suite(SUITE.format(backbone="./nets:net", pair="uci:uci_m"))
    assert json.loads(project.tlbench("plan", suite, "--json", plugin=False).out)["suite"] == "hub"
