"""A trial of what nothing like it was measured before: a few examples prepared and a few steps of training, timed.

A backbone or a preparation that fails here costs an estimate and nothing else; its runs will say what is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tlbench.core.inputs import Inputs, take
from tlbench.data.array_storage import open_inputs
from tlbench.data.domain_view import DomainView
from tlbench.data.prepared_inputs import is_prepared
from tlbench.plugins.backbone_preparation import preparation_of

if TYPE_CHECKING:
    from torch import Tensor

    from tlbench.core.backbone import Backbone
    from tlbench.core.run_spec import RunSpec
    from tlbench.data.ready_domain import ReadyDomain
    from tlbench.runner.prepare import PreparedSuite

#: Examples that are prepared for a trial.
EXAMPLES = 16
#: Steps that are timed, after one that is not.
STEPS = 2


class Trials:
    """Times what it is asked about, each thing once. `faults`: what could not be tried, and why."""

    def __init__(self, ready: PreparedSuite) -> None:
        self._ready, self._device = ready, ready.machine.device
        self._steps: dict[tuple[str, int], float] = {}
        self.faults: list[str] = []

    def step_seconds(self, spec: RunSpec) -> float:
        """Seconds of one update of a run's backbone and a head, on one batch of its target's training inputs."""
        place = (spec.backbone, spec.budget.batch_size)
        if place not in self._steps:
            self._steps[place] = self._tried(spec.backbone, lambda: self._step(spec))
        return self._steps[place]

    def preparing_seconds(self, backbone: str, domains: Collection[str]) -> float:
        """Seconds that the inputs of domains will take to be prepared for a backbone; 0 for those that are."""
        return self._tried(backbone, lambda: self._preparing(backbone, domains))

    def _tried(self, backbone: str, seconds: Callable[[], float]) -> float:
        try:
            return seconds()
        except (Exception, SystemExit) as error:  # a plugin's own, of any kind
            said = f"{type(error).__name__}: {error}".partition("\n")[0]
            self.faults.append(f"{backbone} could not be tried ({said})")
            return 0.0

    def _step(self, spec: RunSpec) -> float:
        from tlbench.plugins.backbone_factory import make_backbone
        from tlbench.training.batches import batch_tensor

        ready, domain = self._ready, self._ready.domains.get(spec.target, DomainView(seed=spec.seed))
        preparation = preparation_of(spec.backbone, ready.host, ready.trusted)
        with _threads(spec.compute.threads):
            rows: Any = _first(domain, spec.budget.batch_size)
            rows = rows if preparation is None else preparation(rows, self._device)
            inputs = batch_tensor(rows, slice(None), self._device)
            backbone = make_backbone(spec.backbone, tuple(inputs.shape[1:]), ready.host, ready.trusted)
            return _timed_steps(backbone, inputs, len(domain.class_names))

    def _preparing(self, backbone: str, names: Collection[str]) -> float:
        ready = self._ready
        preparation = preparation_of(backbone, ready.host, ready.trusted)
        if preparation is None:
            return 0.0
        view = DomainView(seed=ready.suite.seeds[0])  # what is made for the splits of one seed serves those of all
        found = [ready.domains.get(name, view) for name in names]
        domains = [domain for domain in found if not is_prepared(domain, preparation, self._device)]
        if not domains:
            return 0.0
        preparation(_first(domains[0], 1), self._device)  # what loads weights is not counted
        few = _first(domains[0], EXAMPLES)
        started = time.perf_counter()
        preparation(few, self._device)
        each = (time.perf_counter() - started) / len(few)
        return each * sum(sum(domain.counts.values()) for domain in domains)


def _first(domain: ReadyDomain, count: int) -> Inputs:
    inputs = open_inputs(domain.inputs("train"))
    return take(inputs, np.arange(min(count, len(inputs))))


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
