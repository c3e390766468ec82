"""A run, described by plain data alone, and the key that its content gives it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field

from tlbench.core.content_key import AddedField, Keyed, key_content
from tlbench.core.secret_masking import masked_params

#: Raised whenever the same description would give other numbers: the loop, the splits, the scoring.
PROTOCOL_VERSION = 2

Setting = Literal["transductive", "inductive", "unsupervised"]
#: What backbones compute in; see `tlbench.core.precision`.
Precision = Literal["float32", "tf32", "bf16"]
Evaluation = Literal["held-out", "transductive-test"]
#: Labelled target examples: so many per class, a share of each class below 1, `50 examples` in all, or all.
Shots = int | float | Literal["all"] | Annotated[str, Field(pattern=r"^[1-9]\d* examples?$")]

#: Metrics of the setting `unsupervised`, the first its primary one: clusters have no names, and these ask for none.
CLUSTERING: tuple[str, ...] = ("clustering_accuracy", "nmi", "ari")

#: As a source: the pretrained weights of the backbone alone.
WEIGHTS = "weights"


class Plain(Keyed):
    """Plain, unchangeable data with no unknown keys. A field that is added to it is marked `AddedField()`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, but what was derived from the old values is derived anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class Budget(Plain):
    """How much every training phase may use. A step is one optimiser update; `batch_size` is per role."""

    steps: int = Field(600, ge=1)
    batch_size: int = Field(64, ge=1)
    checkpoints: int = Field(4, ge=1)

    def checkpoint_steps(self) -> list[int]:
        """The steps after which the weights are kept: evenly spaced, the last step always among them."""
        count = min(self.checkpoints, self.steps)
        return [round(self.steps * (index + 1) / count) for index in range(count)]


class Training(Plain):
    """The optimiser and its schedule, the same for every strategy of a suite or of a part of it.

    `schedule`: `constant`; `cosine` decays to zero over the phase; `inverse` is lr/(1 + decay·p)^0.75 with progress p
    from 0 to 1, where Ganin et al. (2016) have a `decay` of 10. `momentum` and `nesterov` are of `sgd` alone.
    `backbone_lr` is the factor on `lr` of all parameters of the backbone, in every phase: in Long et al. (ICML 2015,
    https://arxiv.org/abs/1502.02791) layers that were trained before learn at a tenth of the rate of new ones.
    `augment = "weak"`: every strategy and reference trains on weak views of its inputs (`tlbench.training.views`).
    `mirror = false`: no view of an image is mirrored, for digits, letters and whatever else is not the same then.
    """

    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    lr: float = Field(1e-3, gt=0)
    schedule: Literal["constant", "cosine", "inverse"] = "cosine"
    weight_decay: float = Field(0.0, ge=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    nesterov: Annotated[bool, AddedField()] = False
    decay: Annotated[float, Field(ge=0), AddedField()] = 10.0
    backbone_lr: Annotated[float, Field(gt=0, allow_inf_nan=False), AddedField()] = 1.0
    augment: Annotated[Literal["none", "weak"], AddedField()] = "none"
    mirror: Annotated[bool, AddedField()] = True


class Compute(Plain):
    """What of the machine decides the last bits of the numbers."""

    device: Literal["cpu", "cuda"] = "cpu"
    precision: Precision = "float32"
    threads: int = Field(1, ge=1)
    deterministic: bool = False


#: Whether validation data that there are have been kept back; `transductive-test` trains on them unless asked.
Validation = Annotated[bool, AddedField()]
#: The classes that source and target share, where the others are left out; None keeps all.
Classes = Annotated[tuple[str, ...] | None, AddedField()]


class SourceModelSpec(Plain):
    """A backbone and head trained on source labels alone: work that several runs share.

    `evaluation`, `validation` and `classes` decide which source examples are trained on, see `DomainView`.
    """

    dataset: str
    revisions: dict[str, str]
    source: tuple[str, ...]
    backbone: str
    backbone_version: str
    evaluation: Evaluation
    seed: int
    budget: Budget
    training: Training
    compute: Compute
    validation: Validation = True
    classes: Classes = None
    protocol: int = PROTOCOL_VERSION

    @cached_property
    def key(self) -> str:
        """The content key of the trained model."""
        return content_key("source-model", key_content(self))


class RunSpec(Plain):
    """What decides the numbers of one run, and nothing else.

    `source` is empty for a run without a source (`oracle`, `target-only`, A(∅, T)), and `weights` where the backbone's
    pretrained weights are the source; `initial` says whether training starts from the backbone's own initialisation,
    pretrained where it has such weights, or from random weights, as A(∅, T) of a pair from weights does. `params` are
    all parameters but later ones at their defaults (`tlbench.core.content_key`). Names of
    variants, the selection protocol, the order of the command line and the number of workers are not here.
    """

    strategy: str
    strategy_version: str
    params: dict[str, Any]
    dataset: str
    revisions: dict[str, str]
    backbone: str
    backbone_version: str
    initial: Literal["own", "random"] = "own"
    source: tuple[str, ...]
    target: str
    setting: Setting
    shots: Shots | None
    evaluation: Evaluation
    seed: int
    budget: Budget
    training: Training
    compute: Compute
    validation: Validation = True
    classes: Classes = None
    protocol: int = PROTOCOL_VERSION

    @cached_property
    def key(self) -> str:
        """The run key."""
        content = key_content(self)
        # As a record has them, so that its description still has its key.
        return content_key("run", {**content, "params": masked_params(content["params"])})

    @property
    def source_domains(self) -> tuple[str, ...]:
        """The sources that have examples: none where the source is weights alone."""
        return () if self.source == (WEIGHTS,) else self.source

    @property
    def domains(self) -> tuple[str, ...]:
        """Every domain that has a part in it, the target last."""
        return (*self.source_domains, self.target)

    def source_model(self) -> SourceModelSpec:
        """The shared training on this run's source."""
        shared = SourceModelSpec.model_fields.keys() - {"revisions", "protocol"}
        revisions = {name: self.revisions[name] for name in self.source}
        return SourceModelSpec(revisions=revisions, **self.model_dump(include=set(shared)))

    @property
    def pair(self) -> str:
        """`source:target`, as users type it; `-:target` without a source."""
        return f"{'+'.join(self.source) or '-'}:{self.target}"


def of_examples(count: int) -> str:
    """A label budget of so many target examples in all, whatever their classes."""
    return f"{count} example{'' if count == 1 else 's'}"


def examples_of(shots: Shots | None) -> int | None:
    """How many examples a budget has in all; None for one that is counted by class, and for `all`."""
    return int(shots.split()[0]) if isinstance(shots, str) and shots != "all" else None


def label_budget(shots: Shots | None) -> str:
    """What follows a setting's name: `, 5 shots`; nothing where the setting has no such budget."""
    if shots is None:
        return ""
    if shots == "all":
        return ", all target labels"
    if isinstance(shots, float):
        return f", {100 * shots:g} % of target labels"
    if isinstance(shots, str):
        return f", {shots} labelled"
    return f", {shots} shot{'' if shots == 1 else 's'}"


def content_key(kind: str, content: dict[str, Any]) -> str:
    """A hash (20 hex digits) of plain data in canonical order."""
    text = json.dumps([kind, content], sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
