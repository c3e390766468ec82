"""A scikit-learn classifier for tlbench. This file only names it: what it needs is imported when a run uses it."""

import tlbench
from tlbench.hookspecs import Register


@tlbench.hookimpl
def tlbench_register_strategies(register: Register) -> None:
    """Offer the strategy."""
    register(
        "shrunken-lda",
        "tlbench_example_sklearn.strategy:ShrunkenLDA",
        summary="linear discriminant analysis on frozen features, its covariance shrunken",
    )
