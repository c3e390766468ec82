"""A one-file plugin for tests: small made-up domains, and strategies that misbehave in every way a test needs."""

from __future__ import annotations

import os
import time

import numpy as np

import tlbench
from tlbench.core.domain import Dataset, Domain, Split


def _domain(name, classes, make, sizes=(400, 100, 400)):
    rng = np.random.default_rng(abs(hash_of(name)))
    splits = []
    for split, size in zip(("train", "val", "test"), sizes, strict=True):
        labels = np.arange(size) % classes
        inputs, labels = make(rng, labels, split)
        splits.append(Split(inputs.astype(np.float32), labels.astype(np.int64)))
    return Domain(name, "vector", tuple(f"class {i}" for i in range(classes)), *splits)


def hash_of(text):
    """A hash that is the same in every process."""
    return int.from_bytes(text.encode()[:7], "big")


class Toy(Dataset):
    """`a` and `b`: three classes, a small shift. `other`: two classes."""

    domains = ("a", "b", "other")
    licence = "made up"
    origin = "this file"

    def load(self, domain):
        classes = 2 if domain == "other" else 3
        shift = {"a": 0.0, "b": 0.7, "other": 0.2}[domain]

        def make(rng, labels, split):
            centres = 2.0 * np.eye(3, 6)
            return centres[labels] + shift + 0.6 * rng.standard_normal((len(labels), 6)), labels

        return _domain(domain, classes, make)


class Three(Toy):
    """Three domains with the same classes, for pairs of several sources."""

    domains = ("a", "b", "c")

    def load(self, domain):
        if domain != "c":
            return super().load(domain)

        def make(rng, labels, split):
            return 2.0 * np.eye(3, 6)[labels] - 0.5 + 0.6 * rng.standard_normal((len(labels), 6)), labels

        return _domain("c", 3, make)


def pretrained(input_shape, *, pretrained=True):
    """A backbone whose weights know the task: they pick the three coordinates that tell the classes of `Toy`."""
    import torch
    from torch import nn

    from tlbench.core.backbone import Backbone

    layer = nn.Linear(input_shape[0], 3)
    if pretrained:
        with torch.no_grad():
            layer.weight.copy_(3.0 * torch.eye(3, input_shape[0]))
            layer.bias.zero_()
    return Backbone([layer], 3)


class Closable(Dataset):
    """A shift that domain-adversarial training must close.

    A shortcut tells the class in the source; in the target it sits far to one side whatever the class, so a classifier
    that rests on it fails, and features that hide their domain cannot use it. The core tells the class in both.
    """

    domains = ("source", "target")
    licence = "made up"
    origin = "this file"

    def load(self, domain):
        def make(rng, labels, split):
            sign = 2.0 * labels - 1.0
            core = sign[:, None] * 1.2 + rng.standard_normal((len(labels), 4))
            centre = sign if domain == "source" else np.full(len(labels), 4.0)
            shortcut = centre + 0.5 * rng.standard_normal(len(labels))
            return np.column_stack([core, shortcut]), labels

        return _domain(domain, 2, make, (1000, 200, 1000))


class LabelShift(Dataset):
    """A shift under which matching the domains' features must do harm (Zhao et al. 2019, arxiv.org/abs/1901.09453).

    Nine in ten target examples are of the second class, against half of the source's. A background offset lets the
    domain head see the domains; the core, which tells the class in both, cannot be matched without mixing classes.
    """

    domains = ("source", "target")
    licence = "made up"
    origin = "this file"

    def load(self, domain):
        def make(rng, labels, split):
            if domain == "target":
                labels = (np.arange(len(labels)) % 10 > 0).astype(int)
            sign = 2.0 * labels - 1.0
            core = sign[:, None] * 1.2 + rng.standard_normal((len(labels), 4))
            background = (2.0 if domain == "target" else 0.0) + 0.5 * rng.standard_normal(len(labels))
            return np.column_stack([core, background]), labels

        return _domain(domain, 2, make, (1000, 200, 1000))


class Broken(tlbench.Strategy):
    """Misbehaves as `how` says."""

    settings = {"transductive", "inductive"}

    class Params(tlbench.Params):
        how: str = "raise"

    def fit(self, task, toolkit):
        print("about to misbehave")
        if self.params.how == "exit":
            os._exit(3)
        if self.params.how == "sleep":
            time.sleep(3600)
        if self.params.how == "kill":
            os.kill(os.getpid(), 11)
        if self.params.how == "memory":
            held = [bytearray(2**26) for _ in range(4096)]
            raise AssertionError(len(held))
        raise RuntimeError("this strategy always raises")


class NotFinite(tlbench.GradientStrategy):
    """Its loss is infinite from the first step."""

    settings = {"transductive"}

    def loss(self, model, batch, progress):
        return model(batch.source.inputs).sum() * float("inf")


class Twin(tlbench.GradientStrategy):
    """Source labels alone, but by its own training: what plain gradient descent gives."""

    settings = {"transductive"}
    same_label_space = True

    def loss(self, model, batch, progress):
        return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)


@tlbench.hookimpl
def tlbench_register_datasets(register):
    register("toy", Toy, summary="made-up vectors")
    register("three", Three)
    register("closable", Closable)
    register("label-shift", LabelShift)


@tlbench.hookimpl
def tlbench_register_backbones(register):
    register("toy-pretrained", pretrained)


@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("broken", Broken)
    register("not-finite", NotFinite)
    register("twin", Twin)
