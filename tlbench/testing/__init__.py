"""The conformance kit: small named checks of a plugin, for its own tests and for `tlbench check`.

from tlbench.testing import parametrize_with_checks

@parametrize_with_checks(["mixup-da"])
def test_mixup_da(check):
    check()
"""

from __future__ import annotations

from tlbench.testing.check import Check, CheckFailed, NotApplicable
from tlbench.testing.checks_by_kind import checks_of
from tlbench.testing.pytest_parametrize import parametrize_with_checks

__all__ = ["Check", "CheckFailed", "NotApplicable", "checks_of", "parametrize_with_checks"]
