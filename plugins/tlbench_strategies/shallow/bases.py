"""Shallow adaptation by the classifier that it has in its paper, and that of methods that compare all pairs."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tlbench import Toolkit
from tlbench_strategies.frozen_features.linear_probe import LinearProbe
from tlbench_strategies.frozen_features.linear_svm import LinearSVM
from tlbench_strategies.frozen_features.nearest_neighbour import NearestNeighbour
from tlbench_strategies.shallow.alignment import ShallowAdaptation

_Strength = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ByNeighbours(ShallowAdaptation):
    """With nearest neighbours."""

    twin = NearestNeighbour
    without_adaptation = "nearest-neighbour"

    class Params(ShallowAdaptation.Params):
        """`k`: neighbours that vote."""

        k: Annotated[int, Field(ge=1)] = 1


class ByLinearSVM(ShallowAdaptation):
    """With a linear SVM."""

    twin = LinearSVM
    without_adaptation = "linear-svm"

    class Params(ShallowAdaptation.Params):
        """`C`, `max_iter`: of the SVM, as in `linear-svm`."""

        C: _Strength = 1.0
        max_iter: Annotated[int, Field(ge=1)] = 1000


class ByLogisticRegression(ShallowAdaptation):
    """With logistic regression."""

    twin = LinearProbe
    without_adaptation = "linear-probe"

    class Params(ShallowAdaptation.Params):
        """`C`, `max_iter`: of the regression, as in `linear-probe`."""

        C: _Strength = 1.0
        max_iter: Annotated[int, Field(ge=1)] = 1000


class ComparesPairs(ShallowAdaptation):
    """One that needs memory for all pairs of examples: of many examples it takes some, evenly spaced, and says so."""

    class Params(ShallowAdaptation.Params):
        """`most_examples`: that are used of each domain."""

        most_examples: Annotated[int, Field(ge=2)] = 5000

    def chosen(self, rows: NDArray[Any], what: str, toolkit: Toolkit) -> NDArray[Any]:
        """At most `most_examples`, the same for every seed."""
        most = self.params.most_examples
        if len(rows) <= most:
            return rows
        if what:
            toolkit.report.notes.append(f"{most} of {len(rows)} {what} examples are used (most_examples)")
        return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
