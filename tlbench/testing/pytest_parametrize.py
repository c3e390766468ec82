"""The checks as parameters of a test function of pytest."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tlbench.testing.check import Check, NotApplicable
from tlbench.testing.checks_by_kind import checks_of


def parametrize_with_checks(
    names: Iterable[Any], *, kind: str = "strategy", expected_failed_checks: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call a test function with every check of these plugins, as its argument `check`; `-k NAME` chooses among them.

    `names`: names of installed entries of a `kind` (`strategy`, `dataset`, `backbone`, `metric`), or classes and
    functions themselves. `expected_failed_checks`: by name of a check the reason why it fails; a check that is expected
    to fail and passes is a failure. A check that does not apply is skipped with its reason.
    Raises `tlbench.TlbenchError` for a name that there is not, and `ValueError` for an unknown check.
    """
    import pytest

    expected = dict(expected_failed_checks or {})
    checks = [check for name in names for check in checks_of(kind, name)]
    unknown = expected.keys() - {check.name for check in checks}
    if unknown:
        known = ", ".join(sorted({check.name for check in checks}))
        raise ValueError(f"expected_failed_checks names {', '.join(sorted(unknown))}; the checks are {known}")

    def parameter(check: Check) -> Any:
        reason = expected.get(check.name)
        marks = [] if reason is None else [pytest.mark.xfail(strict=True, reason=reason)]
        return pytest.param(_skipping(check), id=repr(check), marks=marks)

    return pytest.mark.parametrize("check", [parameter(check) for check in checks])


def _skipping(check: Check) -> Callable[[], None]:
    """The check, in which what does not apply is a skip of pytest."""

    @functools.wraps(check.run)
    def run() -> None:
        import pytest

        try:
            check()
        except NotApplicable as reason:
            pytest.skip(str(reason))

    return run
