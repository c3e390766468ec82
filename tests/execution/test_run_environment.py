from __future__ import annotations

from tlbench.execution.run_environment import hint, kept_back, run_environment

HERE = {
    "PATH": "/bin", "OMP_NUM_THREADS": "1", "HF_HOME": "/hf", "HF_TOKEN": "hf_x", "TLBENCH_DATA": "/d",
    "TLBENCH_API_KEY": "k", "EDITOR": "vi", "MY_LEVEL": "3", "MY_SECRET": "s", "https_proxy": "http://u:p@host",
    "http_proxy": "http://host",
}  # fmt: skip


def test_runs_have_what_libraries_read_and_no_secret():
    assert run_environment(HERE).keys() == {"PATH", "OMP_NUM_THREADS", "HF_HOME", "TLBENCH_DATA", "http_proxy"}


def test_what_is_named_is_passed_and_a_glob_passes_no_secret():
    assert run_environment(HERE, ["MY_*"]).keys() - run_environment(HERE).keys() == {"MY_LEVEL"}
    assert run_environment(HERE, ["MY_SECRET", "HF_TOKEN"])["MY_SECRET"] == "s"
    assert run_environment(HERE, ["NOT_THERE"]) == run_environment(HERE)


def test_a_failure_that_names_a_variable_says_how_it_is_passed():
    names = kept_back(HERE, [], ["KeyError: 'MY_LEVEL' of PATH"])
    assert names == ["MY_LEVEL"]
    assert "--pass-env MY_LEVEL" in hint(names)
    assert kept_back(HERE, ["MY_*"], ["MY_LEVEL"]) == []
    assert hint([]) == ""
