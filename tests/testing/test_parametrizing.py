"""Checks as tests of pytest: named, chosen by -k, skipped with a reason, expected to fail with one."""

from __future__ import annotations

import pytest

from tlbench.testing import parametrize_with_checks

pytest_plugins = ["pytester"]

TEST = """
    from tlbench.testing import parametrize_with_checks

    @parametrize_with_checks(["dann", "source-only"]{more})
    def test_them(check):
        check()
"""


def run(pytester, *arguments, more=""):
    pytester.makepyfile(TEST.format(more=more))
    return pytester.runpytest("-p", "no:cacheprovider", *arguments)


def test_an_unknown_check_is_refused_with_the_list():
    with pytest.raises(ValueError, match="expected_failed_checks names metadat; the checks are budget, buffers"):
        parametrize_with_checks(["dann"], expected_failed_checks={"metadat": "why"})


def test_they_are_named_after_plugin_and_check_and_chosen_by_k(pytester):
    result = run(pytester, "-k", "metadata or parameters", "-v")
    result.stdout.fnmatch_lines(["*test_them?dann-metadata?*PASSED*", "*test_them?dann-parameters?*PASSED*"])
    result.assert_outcomes(passed=3, failed=1, deselected=result.parseoutcomes()["deselected"])


def test_what_does_not_apply_is_skipped_with_its_reason(pytester):
    result = run(pytester, "-k", "dann-without-source", "-rs")
    result.stdout.fnmatch_lines(["*without a source the host takes 'target-only'*"])
    result.assert_outcomes(skipped=1, deselected=result.parseoutcomes()["deselected"])


def test_an_expected_failure_has_its_reason_and_one_that_passes_is_a_failure(pytester):
    more = ", expected_failed_checks={'metadata': 'a reference'}"
    result = run(pytester, "-k", "metadata", more=more)
    result.assert_outcomes(xfailed=1, failed=1, deselected=result.parseoutcomes()["deselected"])  # dann has a paper
