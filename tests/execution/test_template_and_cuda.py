"""The template forks runs that may use a GPU, so it must never have asked the CUDA runtime for anything itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

from tlbench.execution.template_client import FORK_SAFE
from tlbench.plugins.manager import plugin_host

#: On a machine that seems to have one device and NVML: what is imported, and who asked the CUDA runtime meanwhile.
IMPORTING = """
import json, sys, traceback
import torch

asked = []

def spied(name):
    def spy(*_, **__):
        asked.append([name, *(f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_stack()[-4:-1])])
        return 1
    return spy

torch.cuda._is_compiled = lambda: True
torch.cuda._device_count_nvml = lambda: 1
torch._C._cuda_getDeviceCount = spied("getDeviceCount")
torch.cuda._lazy_init = torch.cuda.init = spied("init")
from tlbench.execution.template import _import, _preload

_preload()
_import(json.loads(sys.argv[1]))
print(json.dumps([asked, torch.cuda.is_initialized(), torch.cuda.is_available()]))
"""


def importing(modules: list[str], environment: dict[str, str]) -> list:
    command = [sys.executable, "-c", IMPORTING, json.dumps(modules)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_without_the_variable_a_library_that_looks_for_a_device_asks_the_cuda_runtime(tmp_path):
    (tmp_path / "looking.py").write_text("import torch\n\ntorch.cuda.is_available()\n")
    path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    asked, _, _ = importing(["looking"], path | {"PYTORCH_NVML_BASED_CUDA_CHECK": "0"})
    assert asked[0][0] == "getDeviceCount"
    assert any("looking.py" in caller for caller in asked[0])


def test_what_the_template_imports_for_any_backbone_asks_the_cuda_runtime_for_nothing():
    modules = [
        module
        for entry in plugin_host().registries["backbones"]
        for module in getattr(entry.load(), "imports", ())
        if find_spec("keras") or "keras" not in module
    ]
    assert modules
    asked, initialised, available = importing(modules, FORK_SAFE)
    assert asked == []
    assert not initialised
    assert available  # so a library that looks for a device does find one
