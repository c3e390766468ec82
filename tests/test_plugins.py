from __future__ import annotations

import importlib
import sys

import pytest

from tlbench import hookspecs
from tlbench.errors import PluginFailure
from tlbench.plugins.manager import PluginHost

GOOD = """
import tlbench

@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("good", "good_module:Good", summary="fine")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Make a module an installed plugin, by a distribution of its own on the path."""

    def install(name, text):
        (tmp_path / f"{name}_module.py").write_text(text)
        info = tmp_path / f"{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[tlbench]\n{name} = {name}_module\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, f"{name}_module", raising=False)  # of another test's folder
        importlib.invalidate_caches()

    return install


def plugin(host, name):
    (found,) = [plugin for plugin in host.plugins if plugin.name == name]
    return found


def test_a_broken_plugin_breaks_nothing_and_is_remembered(install):
    install("bad", "raise ImportError('no such thing')")
    install("good", GOOD)
    host = PluginHost()
    assert plugin(host, "bad").status == "failed: ImportError: no such thing"
    assert plugin(host, "good").status == "ok"
    assert "good" in host.registries["strategies"]
    assert "dann" in host.registries["strategies"]


def test_an_unknown_name_mentions_the_plugins_that_failed(install):
    install("bad", "raise ImportError('no such thing')")
    with pytest.raises(PluginFailure, match="'bad' failed: ImportError: no such thing"):
        PluginHost().find("strategies", "bad")


def test_strict_plugins_raise_at_once(install, monkeypatch):
    install("bad", "raise ImportError('no such thing')")
    monkeypatch.setenv("TLBENCH_STRICT_PLUGINS", "1")
    with pytest.raises(PluginFailure, match="'bad'"):
        PluginHost()


def test_a_disabled_plugin_is_blocked(install, monkeypatch):
    install("good", GOOD)
    monkeypatch.setenv("TLBENCH_DISABLE_PLUGINS", "good")
    host = PluginHost()
    assert plugin(host, "good").status == "blocked"
    assert "good" not in host.registries["strategies"]


def test_a_plugin_that_fails_halfway_leaves_nothing_behind(install):
    install("half", GOOD + "    raise ValueError('halfway')\n")
    host = PluginHost()
    assert plugin(host, "half").status == "failed: ValueError: halfway"
    assert "good" not in host.registries["strategies"]


def test_an_object_that_cannot_be_imported_is_loud_when_asked_for(install):
    install("good", GOOD)
    entry, _ = PluginHost().find("strategies", "good")
    with pytest.raises(PluginFailure, match="good_module:Good"):
        entry.load()


def test_names_with_an_argument_are_split():
    host = PluginHost()
    entry, argument = host.find("backbones", "mlp:100")
    assert (entry.name, argument) == ("mlp:", "100")
    with pytest.raises(PluginFailure, match="did you mean 'mlp:'"):
        host.find("backbones", "mpl:100")


def test_every_hook_is_documented():
    hooks = [value for name, value in vars(hookspecs).items() if name.startswith("tlbench_")]
    assert len(hooks) >= 9
    assert all(hook.__doc__ for hook in hooks)


def test_the_course_of_a_suite_is_heard_by_hooks(project):
    path = project.write(
        "listener.py",
        "import tlbench, pathlib\n"
        + "".join(
            f"@tlbench.hookimpl\ndef tlbench_{name}({arguments}):\n"
            f"    with open('heard.txt', 'a') as file:\n        print('{name}', {shown}, file=file)\n"
            for name, arguments, shown in (
                ("suite_started", "suite, runs", "suite, runs"),
                ("run_started", "identity", "identity['variant']"),
                ("run_finished", "record", "record['status']"),
                ("suite_finished", "suite, exit_code", "exit_code"),
            )
        ),
    )
    project.tlbench("run", project.suite(), "--plugin", path)
    lines = (project.folder / "heard.txt").read_text().splitlines()
    assert lines[0] == "suite_started toy 3"
    assert lines[-1] == "suite_finished 0"
    assert lines.count("run_finished ok") == 3
    assert sum(line.startswith("run_started") for line in lines) == 3


def test_a_function_that_lacks_the_mark_of_a_hook_is_an_error_that_names_it(install):
    install("bad", "def tlbench_register_strategies(register):\n    pass")
    assert "'tlbench_register_strategies' looks like a hook and is none" in plugin(PluginHost(), "bad").status


def test_a_plugin_that_needs_hooks_of_a_later_tlbench_is_refused_with_both_versions(install):
    install("later", f"{GOOD}\ntlbench_contract = 99")
    status = plugin(PluginHost(), "later").status
    assert "needs version 99 of the hooks, and this tlbench has 1; upgrade tlbench" in status
    assert "good" not in PluginHost().registries["strategies"]


def test_an_allow_list_leaves_the_built_in_plugins_and_those_it_names(install, monkeypatch):
    install("good", GOOD)
    install("other", GOOD.replace("good", "other"))
    monkeypatch.setenv("TLBENCH_PLUGINS", "other")
    host = PluginHost()
    assert plugin(host, "good").status == "blocked"
    assert plugin(host, "other").status == "ok"
    assert "dann" in host.registries["strategies"]


def test_two_distributions_with_one_plugin_name_are_told_apart_and_a_shared_strategy_names_both(
    install, tmp_path, monkeypatch
):
    install("good", GOOD)
    info = tmp_path / "twin-3.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: twin\nVersion: 3.0\n")
    (info / "entry_points.txt").write_text("[tlbench]\ngood = twin_module\n")
    (tmp_path / "twin_module.py").write_text(GOOD.replace("good_module", "twin_module"))
    monkeypatch.delitem(sys.modules, "twin_module", raising=False)
    host = PluginHost()
    assert plugin(host, "good@good").status == "ok"
    status = plugin(host, "good@twin").status
    assert "two plugins offer the strategy 'good': 'good@good' and 'good@twin'" in status


def test_a_trace_says_of_each_plugin_what_it_offers_and_how_it_ended(install, monkeypatch, capsys):
    install("good", GOOD)
    install("bad", "raise ImportError('no such thing')")
    monkeypatch.setenv("TLBENCH_TRACE_PLUGINS", "1")
    PluginHost()
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("plugin good (good 1.2), ") and line.endswith("ok; offers good") for line in lines)
    assert any("plugin bad (bad 1.2), " in line and "failed: ImportError" in line for line in lines)
