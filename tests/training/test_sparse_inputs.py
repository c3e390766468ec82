from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save
from scipy.sparse import random_array
from torch import nn
from torch.func import functional_call, grad, vmap

from tlbench.core.backbone import Backbone
from tlbench.core.inputs import SparseRows
from tlbench.core.run_spec import Budget, Training
from tlbench.core.task import Examples, SourceView, TargetView, TransferTask
from tlbench.training import losses
from tlbench.training.batches import Batches, batch_tensor
from tlbench.training.sparse_inputs import FEATURES, SparseBatch, lay_out, stays_sparse
from tlbench.training.toolkit import Toolkit

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def rows(count=40, features=FEATURES, density=0.02, seed=0):
    return SparseRows.of(random_array((count, features), density=density, rng=seed, dtype=np.float32))


def both(inputs=None):
    """The same batch, sparse and dense."""
    inputs = rows() if inputs is None else inputs
    return SparseBatch.of(inputs.matrix), torch.from_numpy(np.asarray(inputs))


@pytest.mark.parametrize(
    ("inputs", "device"),
    [
        (rows(features=FEATURES - 1), "cpu"),
        (rows(density=0.2), "cpu"),
        (rows(), "cuda"),
        (np.zeros((4, FEATURES), np.float32), "cpu"),
    ],
)
def test_what_a_dense_product_is_faster_on_is_dense(inputs, device):
    assert not stays_sparse(inputs, device)
    assert stays_sparse(rows(), "cpu")


def test_rows_that_are_not_sparse_enough_are_dense_tensors():
    assert type(batch_tensor(rows(density=0.2), slice(0, 3), "cpu")) is torch.Tensor
    assert isinstance(batch_tensor(rows(), slice(0, 3), "cpu"), SparseBatch)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("laid_out", [True, False])
def test_a_sparse_product_and_its_gradients_are_the_dense_ones(bias, laid_out):
    torch.manual_seed(0)
    dense = nn.Sequential(nn.Flatten(), nn.Linear(FEATURES, 20, bias=bias), nn.Sigmoid(), nn.Linear(20, 3))
    sparse = copy.deepcopy(dense)
    if laid_out:
        lay_out(sparse, rows(), "cpu")
    few, plain = both()
    given, expected = sparse(few), dense(plain)
    assert few._dense is None
    given.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(given, expected, **CLOSE)
    for one, other in zip(sparse.parameters(), dense.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, **CLOSE)


@pytest.mark.parametrize(
    "what",
    [
        lambda x: x + 1,
        lambda x: x @ torch.ones(FEATURES, 2),
        lambda x: x[3:5],
        lambda x: x.double(),
        lambda x: x.flatten(),
        lambda x: torch.cat([x, torch.ones_like(x)]),
        lambda x: torch.stack([x, x]),
        lambda x: torch.where(x > 0, x, -1.0),
        lambda x: F.mse_loss(x, torch.zeros(x.shape)),
        lambda x: torch.from_numpy(x.numpy()),
        lambda x: torch.tensor(x.tolist()),
        lambda x: x.detach().clone().mul_(2),
        lambda x: F.linear(x.double(), torch.ones(2, FEATURES).double()),
        lambda x: F.linear(x, torch.ones(FEATURES)),
        lambda x: torch.autograd.functional.jacobian(lambda w: F.linear(x, w), torch.ones(1, FEATURES))[:, 0, 0],
        lambda x: copy.deepcopy(x) * 1,
    ],
)
def test_whatever_else_is_done_with_a_batch_sees_a_dense_tensor(what):
    sparse, dense = both()
    torch.testing.assert_close(what(sparse), what(dense), **CLOSE)


def test_a_batch_says_what_it_is_without_being_made_dense():
    batch, dense = both()
    assert (batch.shape, batch.dtype, batch.device) == (dense.shape, dense.dtype, dense.device)
    assert (len(batch), batch.ndim, batch.size(1)) == (40, 2, FEATURES)
    assert batch.float().flatten(1) is batch
    assert batch._dense is None


def test_batches_are_joined_as_sparse_rows():
    joined = torch.cat([both()[0], both(rows(seed=1))[0]])
    assert isinstance(joined, SparseBatch)
    assert torch.equal(joined.to_plain(), torch.cat([both()[1], both(rows(seed=1))[1]]))


def test_a_gradient_of_a_gradient_is_the_dense_one():
    found = []
    for batch in both():
        weight = torch.ones(2, FEATURES, requires_grad=True)
        (first,) = torch.autograd.grad(F.linear(batch, weight).square().sum(), weight, create_graph=True)
        found.append(torch.autograd.grad(first.square().sum(), weight)[0])
    torch.testing.assert_close(*found, **CLOSE)


def test_functions_of_torch_func_see_dense_tensors():
    model = nn.Linear(FEATURES, 2)
    weights = {name: value.detach() for name, value in model.named_parameters()}
    stacked = {name: torch.stack([value, value]) for name, value in weights.items()}
    for transform in (
        lambda x: grad(lambda w: functional_call(model, w, x).square().sum())(weights)["weight"],
        lambda x: vmap(lambda w: functional_call(model, w, x))(stacked),
    ):
        torch.testing.assert_close(*(transform(batch) for batch in both()), **CLOSE)


def test_a_copied_layer_can_be_written_to_a_file_and_is_read_as_it_was():
    model = nn.Linear(FEATURES, 2)
    before = model.weight.detach().clone()
    lay_out(model, rows(), "cpu")
    assert torch.equal(model.weight, before)
    assert save({"weight": model.weight.detach().clone(memory_format=torch.contiguous_format)})
    model.load_state_dict({"weight": 2 * before, "bias": model.bias.detach()})
    assert torch.equal(model.weight, 2 * before)


# ---- training ----------------------------------------------------------------------------------------------------


def task(inputs):
    labels = np.arange(40) % 2
    source = SourceView("s", ("a", "b"), Examples(inputs, labels), Examples(inputs[:4], labels[:4]))
    nothing = np.empty(0, np.int64)
    return TransferTask("transductive", None, (source,), TargetView("t", ("a", "b"), inputs, nothing, nothing), (1,), 0)


def loss(model, batch, progress):
    of_source, of_target = model.features_of(batch.source.inputs, batch.target.inputs)
    return losses.cross_entropy(model.head(of_source), batch.source.labels) + of_target.square().mean()


#: Before batch norm no bias: its gradient is nothing but rounding, of which Adam would make whole steps.
BACKBONES = [
    lambda: Backbone([nn.Flatten()], FEATURES),
    lambda: Backbone([nn.Sequential(nn.Flatten(), nn.Linear(FEATURES, 8), nn.Sigmoid())], 8),
    lambda: Backbone(
        [nn.Sequential(nn.Flatten(), nn.Linear(FEATURES, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU())], 8
    ),
]


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("augment", ["none", "weak"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_training_on_sparse_rows_is_training_on_the_same_rows_dense(backbone, augment, optimizer):
    found = []
    for inputs in (rows(), np.asarray(rows())):
        recipe = Training(lr=1e-2, augment=augment, optimizer=optimizer)
        toolkit = Toolkit(backbone, Budget(steps=12, batch_size=8), recipe, "cpu", None, lambda *_: None)
        made = task(inputs)
        predictor = toolkit.train(toolkit.new_model(made), loss, made)
        batch = batch_tensor(inputs, slice(None), "cpu")
        with torch.inference_mode():
            prediction = predictor.predict(batch)
        found.append((prediction.logits + 0, prediction.features + 0, torch.tensor(toolkit.report.curve[-1]["loss"])))
    for sparse, dense in zip(*found, strict=True):
        torch.testing.assert_close(sparse, dense, **CLOSE)


def test_batches_of_sparse_rows_know_their_labels_and_places():
    drawn = Batches(task(rows()), 8, "cpu").draw_source()
    assert isinstance(drawn.inputs, SparseBatch)
    assert torch.equal(drawn.labels, drawn.index % 2)
    assert torch.equal(drawn.inputs.to_plain(), torch.from_numpy(np.asarray(rows()[drawn.index.numpy()])))


def test_several_sources_make_one_sparse_batch():
    one = task(rows())
    drawn = Batches(TransferTask("transductive", None, one.sources * 2, one.target, (1,), 0), 8, "cpu").draw_source()
    assert isinstance(drawn.inputs, SparseBatch)
    assert len(drawn.inputs) == 8
