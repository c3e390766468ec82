"""Our way beside a bare one: the rows of docs/speed.md. Timings, not assertions; see `ratios.py`."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import torch
from bare_loops import SparseLinear, dense, sparse, train
from ratios import compare, processor_seconds
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn

from tlbench.core.inputs import SparseRows
from tlbench.core.run_spec import Budget, RunSpec, Training
from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.evaluation.validators import weighted_errors
from tlbench.leaderboard.analysis.result_set import load_result_set
from tlbench.leaderboard.leaderboard import leaderboard
from tlbench.records.record import new_record
from tlbench.records.result_folder import ResultFolder
from tlbench.runner.prepare import Request, prepare
from tlbench.training.toolkit import Toolkit
from tlbench_backbones.small.lenet import lenet
from tlbench_backbones.small.mlp import factory as mlp
from tlbench_backbones.small.small_cnn import small_cnn
from tlbench_strategies.adversarial.domain_adversarial import DomainAdversarial

STEPS = 60
MANY = """
name = "many"
dataset = "digits"
backbones = ["small-cnn"]
seeds = {seeds}
[[part]]
setting = "transductive"
pairs = ["syn:uci"]
strategies = ["dann"]
[strategies.dann]
use = "dann"
grid = {{ adversarial_weight = {weights} }}
"""


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# ---- steps -------------------------------------------------------------------------------------------------------


def task(source, target, classes):
    labels = np.arange(len(source)) % classes
    names = tuple(map(str, range(classes)))
    nothing = np.empty(0, np.int64)
    view = SourceView("s", names, Examples(source, labels), Examples(source[:8], labels[:8]))
    return TransferTask("transductive", None, (view,), TargetView("t", names, target, nothing, nothing), (1,), 0)


def our_steps(backbone, made, batch, recipe, **params):
    """Seconds of one step of DANN in our loop, without what it takes to begin."""

    def fit(steps):
        toolkit = Toolkit(backbone, Budget(steps=steps, batch_size=batch, checkpoints=1), recipe, "cpu", None, _silent)
        strategy = DomainAdversarial(DomainAdversarial.Params(**params))
        return processor_seconds(lambda: strategy.fit(made, toolkit))

    return lambda: (fit(STEPS + 5) - fit(5)) / STEPS


def bare_steps(parts, optimizer, draws, labels, batch):
    """Seconds of one step of the bare loop."""
    features, head, domain_head = parts
    parameters = [parameter for part in parts for parameter in part.parameters()]
    made = optimizer(parameters, lr=1e-3, fused=True)
    run = lambda: train(features, head, domain_head, made, draws, labels, STEPS, batch)  # noqa: E731
    return lambda: processor_seconds(run) / STEPS


def _silent(*_):
    pass


class Scaled(nn.Module):
    """A network on bytes of images."""

    def __init__(self, network):
        super().__init__()
        self.stages = nn.Sequential(*network.stages)

    def forward(self, images):
        scaled = images.float().div_(127.5).sub_(1.0)
        return self.stages(scaled.contiguous(memory_format=torch.channels_last))


@pytest.mark.parametrize(
    ("name", "network", "side", "goal"), [("LeNet", lenet, 28, "≤ 1.03"), ("small-cnn", small_cnn, 16, "≤ 1.05")]
)
def test_benchmark_of_a_step_on_images(benchmark, name, network, side, goal):
    shape = (3, side, side)
    source, target = np.random.default_rng(0).integers(0, 255, (2, 2000, *shape), dtype=np.uint8)
    width = network(shape).feature_dim
    parts = (Scaled(network(shape)), nn.Linear(width, 10), domain_head(width))
    draws = dense(torch.from_numpy(source)), dense(torch.from_numpy(target))
    labels = torch.arange(len(source)) % 10
    ours = our_steps(lambda: network(shape), task(source, target, 10), 64, Training())
    bare = {"bare loop": bare_steps(parts, torch.optim.AdamW, draws, labels, 64)}
    compare(benchmark, f"DANN step, {name}, 3 channels of {side} pixels, 64 + 64", ours, bare, goal)


def domain_head(width):
    return nn.Sequential(nn.Linear(width, 100), nn.ReLU(), nn.Linear(100, 1))


def test_benchmark_of_a_step_on_bags_of_words(benchmark):
    shape = (1800, 5000)
    source, target = (
        scipy.sparse.random_array(shape, density=0.018, rng=seed, dtype=np.float32, format="csr") for seed in (0, 1)
    )
    labels = torch.arange(shape[0]) % 2
    arrays = [torch.from_numpy(matrix.toarray()) for matrix in (source, target)]
    kinds = {
        "dense bare loop": (nn.Linear(5000, 100), (dense(arrays[0]), dense(arrays[1]))),
        "sparse bare loop": (SparseLinear(5000, 100), (sparse(source), sparse(target))),
    }
    bare = {
        name: bare_steps(
            (nn.Sequential(first, nn.Sigmoid()), nn.Linear(100, 2), nn.Linear(100, 1)),
            torch.optim.Adam,
            draws,
            labels,
            50,
        )
        for name, (first, draws) in kinds.items()
    }
    made = task(SparseRows.of(source), SparseRows.of(target), 2)
    ours = our_steps(lambda: mlp((5000,), "100:sigmoid"), made, 50, Training(optimizer="adam"), hidden=0)
    compare(benchmark, "DANN step, bags of words, 5000-100-2, 50 + 50", ours, bare, "≤ 1.05")


# ---- inference ---------------------------------------------------------------------------------------------------

#: Seconds of the processor for each of 303 images; a process of its own, for what it does to memory cannot be undone.
FORWARD = """
import sys, time
import numpy as np, timm, torch
from tlbench.core.allocator import keep_freed_memory
from tlbench.training.inference import inference_slices
torch.set_num_threads(1)
images = np.random.default_rng(0).integers(0, 255, (303, 3, 96, 96), dtype=np.uint8)
ours = sys.argv[1] == "ours"
if ours or sys.argv[1] == "kept":
    keep_freed_memory({})
network = timm.create_model("mobilenetv2_100", pretrained=False).eval().to(memory_format=torch.channels_last)
slices = list(inference_slices(images, "cpu")) if ours else [slice(at, at + 32) for at in range(0, 303, 32)]
if sys.argv[1] == "whole":
    slices = [slice(0, 303)]
def forward():
    with torch.inference_mode():
        for rows in slices:
            batch = torch.from_numpy(np.array(images[rows])).float().div_(127.5).sub_(1.0)
            network(batch.contiguous(memory_format=torch.channels_last)).numpy()
forward()
start = time.process_time()
forward()
print((time.process_time() - start) / len(images))
"""


def test_benchmark_of_forward_passes(benchmark):
    pytest.importorskip("timm", reason="the network is one of timm's")

    def seconds(how):
        return lambda: float(
            subprocess.run([sys.executable, "-c", FORWARD, how], capture_output=True, check=True).stdout
        )

    others = {"bare, 32 at a time, memory kept": seconds("kept"), "32, as glibc does": seconds("32")}
    others["303 at a time, as glibc does"] = seconds("whole")
    compare(benchmark, "MobileNetV2 forward, 96 pixels, an image", seconds("ours"), others, "≤ 1.05", rounds=3)


# ---- selection ---------------------------------------------------------------------------------------------------


def test_benchmark_of_the_density_ratio_of_frozen_features(benchmark):
    """Features that come back in four runs: a fit, and three look-ups."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(shift, 1, (1000, 512)).astype(np.float32) for shift in (0, 0.3, 0)]

    def four():
        weighted_errors._ratios.clear()
        return processor_seconds(lambda: [weighted_errors.density_ratio(*arrays) for _ in range(4)])

    def fit():
        pooled = np.concatenate(arrays[:2]).astype(np.float64)
        scaler = StandardScaler().fit(pooled)
        LogisticRegression(max_iter=1000).fit(scaler.transform(pooled), np.repeat([0, 1], 1000))
        scaler.transform(arrays[2].astype(np.float64))

    bare = {"one fit": lambda: processor_seconds(fit)}
    compare(benchmark, "density ratio of the same 512 features in four runs", four, bare, "≤ 2")


# ---- many runs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A suite of some 2,000 runs."""
    monkeypatch.setenv("TLBENCH_CACHE", str(tmp_path / "cache"))
    weights = [round(0.01 * index, 2) for index in range(1, 41)]
    (tmp_path / "many.toml").write_text(MANY.format(seeds=list(range(50)), weights=weights))
    request = Request(suite=str(tmp_path / "many.toml"), device="cpu")
    prepare(request)
    return request, tmp_path


def test_benchmark_of_a_plan(benchmark, many):
    request, _ = many
    specs = [run.spec.model_dump() for run in prepare(request).plan.runs.values()]

    def bare():
        for spec in specs:
            hashlib.sha256(json.dumps(RunSpec.model_validate(spec).model_dump(mode="json")).encode()).hexdigest()

    row = f"plan of {len(specs):,} runs"
    beside = {"checking and hashing as many": lambda: processor_seconds(bare)}
    compare(benchmark, row, lambda: processor_seconds(lambda: prepare(request)), beside, "≤ 3")


def test_benchmark_of_a_leaderboard(benchmark, many):
    request, folder = many
    ready = prepare(request)
    results = ResultFolder(folder, "many")
    results.create()
    rng = np.random.default_rng(0)
    for run in ready.plan.runs.values():
        scores = {"checkpoint": 600, "accuracy": rng.random(), "macro_f1": rng.random()}
        rest = {"metrics": {"last": scores, "source-val": scores}, "checkpoints": [600]}
        results.write(new_record(run.spec, run.variant, "ok", run.references, **rest))
    results.write_plan(ready.plan.to_json())
    files = [results.record_file(key) for key in ready.plan.runs]

    def bare():
        for file in files:
            json.loads(Path(file).read_bytes())

    row = f"leaderboard of {len(files):,} records"
    ours = lambda: processor_seconds(lambda: leaderboard(load_result_set(results.folder)))  # noqa: E731
    compare(benchmark, row, ours, {"reading as many files of JSON": lambda: processor_seconds(bare)}, "≤ 10")
