"""A trial of what nothing like it was measured before: a few examples prepared and a few steps of training, timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tlbench.data.prepared import is_prepared
from tlbench.data.stored import open_inputs
from tlbench.inputs import Inputs, take
from tlbench.preparation import preparation_of
from tlbench.trust import trust_keyword

if TYPE_CHECKING:
    from torch import Tensor

    from tlbench.backbone import Backbone
    from tlbench.cli.preparing import Ready
    from tlbench.data.ready import ReadyDomain
    from tlbench.spec import RunSpec

#: Examples that are prepared for a trial.
EXAMPLES = 16
#: Steps that are timed, after one that is not.
STEPS = 2


def step_seconds(spec: RunSpec, ready: Ready) -> float:
    """Seconds of one update of a run's backbone and a head, on one batch of its target's training inputs."""
    from tlbench.training.batches import batch_tensor

    domain = ready.domains.get(spec.target)
    preparation = preparation_of(spec.backbone, ready.host, ready.trusted)
    with _threads(spec.compute.threads):
        rows: Any = _first(domain, spec.budget.batch_size)
        rows = rows if preparation is None else preparation(rows, ready.machine.device)
        inputs = batch_tensor(rows, slice(None), ready.machine.device)
        return _timed_steps(_backbone(spec.backbone, tuple(inputs.shape[1:]), ready), inputs, len(domain.class_names))


def preparing_seconds(backbone: str, names: list[str], ready: Ready) -> float:
    """Seconds that domains will take to be prepared for a backbone: of a few examples, times all that are not yet."""
    preparation = preparation_of(backbone, ready.host, ready.trusted)
    if preparation is None:
        return 0.0
    device = ready.machine.device
    domains = [domain for name in names if not is_prepared(domain := ready.domains.get(name), preparation, device)]
    if not domains:
        return 0.0
    preparation(_first(domains[0], 1), device)  # what loads weights is not counted
    few = _first(domains[0], EXAMPLES)
    started = time.perf_counter()
    preparation(few, device)
    each = (time.perf_counter() - started) / len(few)
    return each * sum(sum(domain.counts.values()) for domain in domains)


def _first(domain: ReadyDomain, count: int) -> Inputs:
    inputs = open_inputs(domain.inputs("train"))
    return take(inputs, np.arange(min(count, len(inputs))))


def _backbone(name: str, input_shape: tuple[int, ...], ready: Ready) -> Backbone:
    entry, argument = ready.host.find("backbones", name)
    factory = entry.load()
    given = () if argument is None else (argument,)
    made: Backbone = factory(input_shape, *given, **trust_keyword(factory, name, ready.trusted))
    return made


def _timed_steps(backbone: Backbone, inputs: Tensor, classes: int) -> float:
    import torch
    from torch import nn

    model = nn.Sequential(backbone, backbone.head(classes)).to(inputs.device)
    labels = torch.zeros(len(inputs), dtype=torch.int64, device=inputs.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    started = 0.0
    for step in range(STEPS + 1):
        if step == 1:
            started = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        float(loss.detach())  # waits for the device
    return (time.perf_counter() - started) / STEPS


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """As runs compute, and then as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
