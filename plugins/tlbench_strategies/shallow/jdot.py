"""JDOT, joint distribution optimal transport (Courty, Flamary, Habrard and Rakotomamonjy, NeurIPS 2017), by skada.

Paper: https://arxiv.org/abs/1705.08848

A classifier f for the target and a plan γ from source to target examples are found in turn, so that what is moved onto
a target example is near to it and has the label that f gives it:

    min over γ, f of  Σ_ij γ_ij ((1 − label_share) ‖s_i − t_j‖² / mean + label_share · CE(y_i, f(t_j)))

f is a logistic regression on target features with the labels that the plan brings, and predicts for new inputs.
"""

from __future__ import annotations

import warnings
from typing import Annotated, Any, ClassVar

from pydantic import Field

from tlbench_strategies.shallow.alignment import Alignment, Features, Labels
from tlbench_strategies.shallow.bases import ByLogisticRegression, ComparesPairs


class JointTransport(ComparesPairs, ByLogisticRegression):
    """Logistic regression on target features, with labels that a joint transport plan brings from the source."""

    classifier_trained_on: ClassVar = {"transductive": "target train features, with labels moved from the source"}
    paper = "https://arxiv.org/abs/1705.08848"
    modules = ("ot", "skada")

    class Params(ComparesPairs.Params, ByLogisticRegression.Params):
        """`label_share`: of the labels in the cost; `most_rounds`: of plan and classifier in turn."""

        most_examples: Annotated[int, Field(ge=2)] = 2000
        label_share: Annotated[float, Field(ge=0, le=1)] = 0.5
        most_rounds: Annotated[int, Field(ge=1)] = 20

    def align(self, source: Features, labels: Labels, target: Features) -> Alignment:
        """Features stay as they are."""
        return Alignment()

    def fit_adapted(self, source: Features, labels: Labels, target: Features) -> tuple[Alignment, Any]:
        """The classifier of the last round."""
        from skada import JDOTClassifier

        from tlbench_strategies.shallow.skada_adapter import both_domains

        features, known, domains = both_domains(source, labels, target)
        joint = JDOTClassifier(
            self.classifier(len(target)), alpha=self.params.label_share, n_iter_max=self.params.most_rounds
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Maximum number of iterations reached")  # it is a parameter
            joint.fit(features, known, sample_domain=domains)
        return self.align(source, labels, target), joint.estimator_
