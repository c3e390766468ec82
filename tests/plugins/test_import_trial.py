"""Installed plugins that end, crash, hang or print when they are imported; and those that take names of others."""

from __future__ import annotations

import importlib
import json
import sys

import pytest

from tlbench.cli.main import main
from tlbench.plugins.manager import PluginHost, entry_version, forget_hosts
from tlbench.version import __version__

GOOD = """
import tlbench

@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("good", "good_module:Good", summary="fine")
"""
BAD = {
    "exits": ("import sys; sys.exit(0)", "failed: SystemExit: it called sys.exit(0)"),
    "ends": ("import os; os._exit(0)", "its import ended the process with exit code 0"),
    "crashes": ("import os; os.kill(os.getpid(), 11)", "its import ended the process by SIGSEGV"),
    "hangs": ("import time; time.sleep(600)", "its import did not end within 5 s"),
    "deaf": (
        "import time\nwhile True:\n    try:\n        time.sleep(600)\n    except BaseException:\n        pass",
        "its import did not end within 5 s",
    ),
    "exits later": (
        "import os, tlbench\n@tlbench.hookimpl\ndef tlbench_register_metrics(register):\n    os._exit(3)",
        "its import ended the process with exit code 3",
    ),
    "wordless": (
        "class E(Exception):\n    def __str__(self):\n        raise SystemExit(0)\nraise E",
        "failed: E: (a message that cannot be had)",
    ),
}


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Make a module an installed plugin, by a distribution of its own on the path."""
    monkeypatch.setenv("TLBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))
    forget_hosts()

    def install(name, text, entry=None):
        (tmp_path / f"{name}_module.py").write_text(text)
        info = tmp_path / f"{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[tlbench]\n{entry or name} = {name}_module\n")
        monkeypatch.delitem(sys.modules, f"{name}_module", raising=False)  # of another test's folder
        importlib.invalidate_caches()

    yield install
    forget_hosts()


def plugin(host, name):
    (found,) = [plugin for plugin in host.plugins if plugin.name == name]
    return found


def listed(capsys, *arguments):
    capsys.readouterr()
    assert main(["list", "strategies", "--json", *arguments]) == 0
    return [one["name"] for one in json.loads(capsys.readouterr().out)["strategies"]]


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD.keys())
def test_a_plugin_that_misbehaves_at_import_empties_no_list(install, capsys, monkeypatch, text, said):
    monkeypatch.setenv("TLBENCH_PLUGIN_SECONDS", "5")
    install("bad", text)
    install("good", GOOD)
    host = PluginHost()
    assert said in plugin(host, "bad").status
    assert "good" in host.registries["strategies"]
    assert {"good", "dann"} <= set(listed(capsys))


def test_what_is_known_of_a_file_is_not_tried_again_until_it_changes(install, tmp_path, monkeypatch):
    trials = tmp_path / "trials"
    install("bad", f"open({str(trials)!r}, 'a').write('x')\nimport os; os._exit(0)")
    for _ in range(3):
        assert "ended the process" in plugin(PluginHost(), "bad").status
    assert trials.read_text() == "x"
    (tmp_path / "bad_module.py").write_text(GOOD)
    assert plugin(PluginHost(), "bad").status == "ok"


def test_what_a_plugin_prints_breaks_no_json(install, capfd):
    install("loud", "import os\nprint('one')\nos.write(1, b'two')\nos.system('echo three')\n" + GOOD)
    capfd.readouterr()
    assert main(["list", "strategies", "--json"]) == 0
    captured = capfd.readouterr()
    assert "good" in [one["name"] for one in json.loads(captured.out)["strategies"]]
    assert all(word in captured.err for word in ("one", "two", "three"))


def test_a_newcomer_that_takes_a_built_in_name_fails_and_the_built_ins_stay(install):
    install("aaa", GOOD.replace('"good", ', '"dann", '))
    host = PluginHost()
    status = plugin(host, "aaa").status
    assert "two plugins offer the strategy 'dann': 'builtin-strategies' and 'aaa'; give yours another name" in status
    entry, _ = host.find("strategies", "dann")
    assert entry.builtin
    assert {"dann", "fine-tune", "multi-task"} <= set(host.registries["strategies"].names)


def test_nobody_passes_for_a_built_in_plugin(install, tmp_path):
    install("sly", GOOD, entry="builtin-sly")
    host = PluginHost()
    assert "names that begin with 'builtin-' are those of tlbench's own plugins" in plugin(host, "builtin-sly").status
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    entry, _ = PluginHost([path]).find("strategies", "good")
    assert not entry.builtin
    assert entry_version(entry) != __version__


def test_a_plugin_that_fails_takes_nothing_of_its_namesake_along(install):
    install("bad", GOOD.replace("good", "mine") + "\n    register('dann', 'x:y')\n", entry="strategies")
    host = PluginHost()
    assert "failed" in next(one.status for one in host.plugins if one.distribution == "bad")
    assert "dann" in host.registries["strategies"]
    assert "mine" not in host.registries["strategies"]


@pytest.mark.parametrize("name", ["a\\x1b[31m", "a\\nb", "", " ", "a\\u202eb"])
def test_names_with_control_characters_are_no_names(install, name):
    install("odd", GOOD.replace('"good", ', f'"{name}", '))
    assert "is no name of a strategy" in plugin(PluginHost(), "odd").status


def test_secrets_of_the_environment_are_masked_in_what_a_plugin_says(install, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "open-sesame")
    install("leaky", "import os\nraise RuntimeError(os.environ['SOME_API_KEY'])")
    found = plugin(PluginHost(), "leaky")
    assert found.status == "failed: RuntimeError: ***"
    assert "open-sesame" not in found.details
