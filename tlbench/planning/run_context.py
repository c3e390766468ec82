"""Where runs stand: all that decides a cell of a table but the variant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from tlbench.core.recipe import Recipe
from tlbench.core.run_spec import WEIGHTS, Setting, Shots
from tlbench.core.task import TaskOutline
from tlbench.data.domain_view import DomainView
from tlbench.data.ready_domain import ReadyDomain


@dataclass(frozen=True)
class RunContext:
    """A pair under a setting for a backbone and a seed, trained by a recipe. `ready` holds its domains.

    `initial` is `random` where A(∅, T) of a pair from weights starts, and the backbone's own elsewhere.
    """

    setting: Setting
    shots: Shots | None
    backbone: str
    sources: tuple[str, ...]
    target: str
    seed: int
    ready: Mapping[str, ReadyDomain]
    recipe: Recipe
    initial: Literal["own", "random"] = "own"
    #: What of the domains is seen; `ready` shows them so.
    view: DomainView = field(default_factory=DomainView)

    def alone(self) -> RunContext:
        """The target without the source, and without what its backbone brought where that was the source."""
        return replace(self, sources=(), initial="random" if self.from_weights else self.initial)

    def ceiling(self) -> RunContext:
        """All target labels, no source, the backbone's own initialisation."""
        return replace(self, setting="inductive", shots="all", sources=())

    def from_sources(self, *sources: str) -> RunContext:
        """Labelled examples of these sources alone, whatever the setting gives of the target."""
        return replace(self, setting="transductive", shots=None, sources=sources)

    @property
    def from_weights(self) -> bool:
        """Whether the source is the backbone's pretrained weights alone."""
        return self.sources == (WEIGHTS,)

    @property
    def source_domains(self) -> tuple[str, ...]:
        """The sources that have examples."""
        return () if self.from_weights else self.sources

    @property
    def has_source_labels(self) -> bool:
        """Whether there is anything to train a source model on."""
        return bool(self.source_domains) and self.setting != "unsupervised"

    @property
    def domains(self) -> tuple[str, ...]:
        """Every domain that has a part in it, the target last."""
        return (*self.source_domains, self.target)

    @cached_property
    def same_label_space(self) -> bool:
        """Whether every source has the target's classes."""
        return len({self.ready[name].class_names for name in self.domains}) == 1

    @cached_property
    def outline(self) -> TaskOutline:
        """What strategies may know before data is read."""
        return TaskOutline(
            self.setting, self.shots, self.source_domains, self.target, self.same_label_space, self.from_weights
        )
