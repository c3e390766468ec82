"""The strategy does what every strategy has to do."""

from tlbench.testing import Check, parametrize_with_checks


@parametrize_with_checks(["shrunken-lda"])
def test_shrunken_lda(check: Check) -> None:
    """One check each."""
    check()
