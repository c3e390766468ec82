"""The environment variables that a run has: those that libraries read and those that are passed by name, no secrets.

What a run holds, the code of its strategy can print, store and send; most programs that a user has logged in with leave
their tokens in the environment.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

from tlbench.core.secret_masking import is_secret_variable

OPTION = "--pass-env"
#: Of the system, of Python, of libraries of numbers and of devices, of hubs and their caches, and of tlbench itself.
ALLOWED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "TEMP", "TMP"),
    *(
        "SYSTEMROOT",
        "HOSTNAME",
        "PWD",
        "XDG_*",
        "LD_*",
        "DYLD_*",
        "MALLOC_*",
        "GLIBC_TUNABLES",
        "NIX_*",
        "FONTCONFIG_*",
    ),
    *("PYTHON*", "VIRTUAL_ENV", "CONDA_*", "COVERAGE_*", "PYTEST_*", "MPLBACKEND", "MPLCONFIGDIR", "JOBLIB_*"),
    *("OMP_*", "MKL_*", "OPENBLAS_*", "BLIS_*", "NUMEXPR_*", "KMP_*", "GOMP_*", "GOTO_*", "VECLIB_*", "NUMBA_*"),
    *("CUDA_*", "NVIDIA_*", "CUBLAS_*", "CUDNN_*", "NCCL_*", "PYTORCH_*", "TORCH*", "TRITON_*", "ROCM_*", "HIP_*"),
    *("HSA_*", "HF_*", "HUGGINGFACE_*", "TRANSFORMERS_*", "DATASETS_*", "TOKENIZERS_*", "KERAS_*", "TF_*", "TIMM_*"),
    *("JAX_*", "XLA_*", "SSL_CERT_*", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "*_proxy", "*_PROXY", "TLBENCH_*"),
)
_ALLOWED = re.compile("|".join(map(fnmatch.translate, ALLOWED)))


def run_environment(environment: Mapping[str, str], passed: Iterable[str] = ()) -> dict[str, str]:
    """The part of an environment that runs have. `passed` are names and globs: a name alone passes a secret too."""
    names, patterns = _split(passed)
    return {
        name: value
        for name, value in environment.items()
        if name in names or (not _is_secret(name, value) and (_ALLOWED.fullmatch(name) or _matches(name, patterns)))
    }


def kept_back(environment: Mapping[str, str], passed: Iterable[str], texts: Sequence[str]) -> list[str]:
    """The variables that runs do not have and that these texts, of a failed run, name."""
    had = run_environment(environment, passed)
    words = {word for text in texts for word in re.findall(r"\b[A-Za-z_]\w{2,}\b", text)}
    return sorted(word for word in words if word in environment and word not in had)


def hint(names: Sequence[str]) -> str:
    """What to say of such variables; nothing where there are none."""
    if not names:
        return ""
    options = " ".join(f"{OPTION} {name}" for name in names)
    return f"; not passed to runs, though set here: {', '.join(names)} ({options} passes it)"


def _is_secret(name: str, value: str) -> bool:
    login = name.lower().endswith("_proxy") and "@" in value
    return login or is_secret_variable(name)


def _split(passed: Iterable[str]) -> tuple[set[str], list[str]]:
    given = list(passed)
    return {one for one in given if not set(one) & set("*?[")}, [one for one in given if set(one) & set("*?[")]


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
