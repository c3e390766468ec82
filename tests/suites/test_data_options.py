"""The table `[data]` of a suite file: the dataset's Params check it, and its domains depend on it."""

from __future__ import annotations

import json

import pytest

from tlbench.data.domain_store import DomainStore
from tlbench.errors import Faults, TlbenchError
from tlbench.plugins.manager import PluginHost
from tlbench.suites.suite_file import read_suite

PLUGIN = """
from typing import Literal
import numpy as np
import tlbench
from pydantic import Field, model_validator
from tlbench.core.domain import Dataset, Domain, Split

class Plain(Dataset):
    domains = ("a", "b")
    licence = origin = "made up"

    def load(self, domain):
        return made(domain, 4)

class Sized(Plain):
    class Params(tlbench.Params):
        size: int = 4
        shares: tuple[float, float] = (0.5, 0.5)
        count: int = 2
        first: bool | Literal["auto"] = "auto"
        mark: str = Field(",", max_length=1)
        names: str | list[str] = ""

        @model_validator(mode="after")
        def _fits(self):
            if self.count > self.size:
                raise ValueError("count is above size")
            return self

    def __init__(self, argument, params):
        self.names = tuple(f"{argument}{number}" for number in range(params.count))
        self.size = params.size

    @property
    def domains(self):
        return self.names

    def load(self, domain):
        return made(domain, self.size)

class Needy(Plain):
    class Params(tlbench.Params):
        column: str

def made(name, size):
    inputs = np.arange(24 * size, dtype=np.float32).reshape(24, size)
    labels = np.arange(24) % 2
    train, val, test = (Split(inputs[at::3], labels[at::3]) for at in range(3))
    return Domain(name, "vector", ("x", "y"), train, val, test, ("made up",))

@tlbench.hookimpl
def tlbench_register_datasets(register):
    register("plain", Plain)
    register("sized:", Sized)
    register("needy", Needy)
"""

SUITE = """
name = "trial"
dataset = "DATASET"
backbones = ["mlp:4"]
seeds = [0]
DATA
[[part]]
setting = "transductive"
pairs = PAIRS
strategies = ["feature-extraction"]
"""


@pytest.fixture
def host(tmp_path):
    (tmp_path / "sized_plugin.py").write_text(PLUGIN)
    return PluginHost([tmp_path / "sized_plugin.py"])


@pytest.fixture
def read(tmp_path, host):
    def read(dataset, data, pairs='"all"'):
        path = tmp_path / "trial.toml"
        path.write_text(SUITE.replace("DATASET", dataset).replace("DATA", data).replace("PAIRS", pairs))
        return read_suite(str(path), host)

    return read


FAULTS = [
    ("sized:p", "[data]\nsiez = 3", "[data]: siez: unknown option 'siez'; did you mean 'size'?"),
    ("sized:p", '[data]\nsize = "3"', "[data]: size: '3' must be a valid integer"),
    ("sized:p", "[data]\nshares = [0.5, true]", "[data]: shares item 2: True must be a valid number"),
    ("sized:p", '[data]\nfirst = "x"', "[data]: first: 'x' must be a valid boolean, or 'auto'"),
    ("sized:p", "[data]\ncount = 9", "data: count is above size"),
    ("sized:p", "[data]\nmark = ';;'", "[data]: mark: ';;' must have at most 1 character"),
    ("sized:p", "[data]\nnames = [3]", "[data]: names: [3] must be a valid string, or item 1 3 must be a valid string"),
    ("sized:p", "[data]\nsize = nan", "[data]: size: nan must be a finite number"),
    ("sized:p", "[data]\nsize = 2020-01-01", "[data]: size: '2020-01-01' is a date"),
    ("sized:p", "data = 3", "data: 3: write the options of the dataset as a table [data]"),
    ("plain", "[data]\nsize = 3", "[data]: size: the dataset 'plain' takes no options; remove 'size'"),
    ("needy", "", "[data]: column: is missing"),
    ("sized:p", "[data]\ncount = 1", "[[part]] 1: pairs: 'all' gives no pair"),
    ("sized:", "", "dataset: the dataset 'sized:' needs something after the colon"),
]


@pytest.mark.parametrize(("dataset", "data", "fault"), FAULTS)
def test_fault_of_an_option_names_its_place(read, dataset, data, fault):
    with pytest.raises(Faults) as caught:
        read(dataset, data)
    (found,) = caught.value.faults
    assert found.startswith(fault)


def test_faults_of_options_stand_with_all_others_in_the_order_of_the_file(read):
    with pytest.raises(Faults) as caught:
        read("sized:p", '[data]\nsize = "3"\nsiez = 1\n[budget]\nsteps = 0')
    places = [": ".join(fault.split(": ")[:2]) for fault in caught.value.faults]
    assert places == ["[data]: size", "[data]: siez", "[budget]: steps"]


def test_domains_depend_on_the_argument_and_the_options(read):
    assert read("sized:p", "[data]\ncount = 3", '["p0:p2"]').data == {"count": 3}
    with pytest.raises(Faults, match=r"unknown domain 'p2'"):
        read("sized:p", "", '["p0:p2"]')
    assert read("plain", "").data == {}


def test_what_is_made_ready_depends_on_the_options(tmp_path, host, capsys):
    def ready(options):
        return DomainStore(tmp_path / "cache", "sized:p", host, options).get("p0")

    assert ready({}).input_shape == (4,)
    assert ready({"size": 5}).input_shape == (5,)
    assert ready({}).input_shape == (4,)
    assert capsys.readouterr().err.count("note: dataset 'sized:p', domain 'p0': made up") == 2  # when made, not found


def test_options_for_a_dataset_that_takes_none_or_others(tmp_path, host):
    with pytest.raises(TlbenchError, match="'plain' takes no options"):
        DomainStore(tmp_path, "plain", host, {"size": 3})
    with pytest.raises(TlbenchError, match="dataset 'sized:p' cannot be opened"):
        DomainStore(tmp_path, "sized:p", host, {"size": "x"})


def test_long_names_are_cut_and_told_apart(tmp_path, host):
    names = ["sized:" + "p" * 300 + end for end in ("a", "b")]
    for name in names:
        store = DomainStore(tmp_path / "cache", name, host)
        assert store.get(store.dataset.domains[0]).counts["train"] == 8
    assert len({path.name for path in (tmp_path / "cache" / "domains").iterdir()}) == 2


def test_a_changed_option_is_another_plan(project):
    plugin = project.write("sized_plugin.py", PLUGIN)
    fingerprints = []
    for size in (4, 5):
        text = SUITE.replace("DATASET", "sized:p").replace("DATA", f"[data]\nsize = {size}\n[budget]\nsteps = 3")
        outcome = project.tlbench("run", project.suite(text.replace("PAIRS", '["p0:p1"]')), "-q", "--plugin", plugin)
        assert outcome.code == 0, outcome.err
        fingerprints.append(json.loads((project.folder / "results/trial/plan.json").read_text())["fingerprint"])
    assert len(set(fingerprints)) == 2
