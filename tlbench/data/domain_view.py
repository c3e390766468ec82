"""What of a domain a run sees: which splits, by which seed, of which classes."""

from __future__ import annotations

from dataclasses import dataclass

from tlbench.core.run_spec import Evaluation, RunSpec, SourceModelSpec


@dataclass(frozen=True)
class DomainView:
    """`seed` draws the splits where the dataset leaves that to runs. `classes`: those kept; None keeps all.

    `validation`: whether `transductive-test` keeps the validation data of a source back; else they are trained on.
    """

    evaluation: Evaluation = "held-out"
    seed: int = 0
    validation: bool = True
    classes: tuple[str, ...] | None = None

    @classmethod
    def of(cls, spec: RunSpec | SourceModelSpec) -> DomainView:
        """That of a run or of a shared training."""
        return cls(spec.evaluation, spec.seed, spec.validation, spec.classes)
