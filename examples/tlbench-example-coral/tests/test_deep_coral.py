"""The strategy does what every strategy has to do."""

from tlbench.testing import Check, parametrize_with_checks


@parametrize_with_checks(["deep-coral"])
def test_deep_coral(check: Check) -> None:
    """One check each."""
    check()
