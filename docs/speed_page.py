"""Makes docs/speed.md of what `tox -e benchmarks` has measured: python docs/speed_page.py speed.json > docs/speed.md"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = """# Speed

What tlbench takes beside a loop, or a piece of code, that one would write by hand for a single experiment
(`tests/benchmarks/`). Both take turns in one process, on one thread; seconds are those of the processor, medians of
{rounds} rounds, and the ratio is to the fastest of the others. Below 1 tlbench is the faster one.

{table}

Measured with {machine}. `tox -e benchmarks` measures it again and prints this table, with further rows where they are
not above; ratios are what can be compared from machine to machine.

## What decides it

- **Optimisers** are torch's fused ones.
- **Sparse rows** stay sparse where at most 3 % of at least 2,000 values of a row are not 0: the first dense layer
  multiplies these alone, and its weight is stored feature by feature. A batch is a tensor to everything else, made
  dense where it is asked for. Others become a dense array of up to 256 MiB (4 GiB on a GPU), kept by the run.
- **Freed memory** is kept by runs and by the preparation of inputs. By default glibc gives large blocks back to the
  system at once, and the kernel clears every page again at the next step. Set `MALLOC_TRIM_THRESHOLD_` or any other
  `MALLOC_…` variable, and tlbench leaves all to it.
- **Forward passes** without gradients take 2^20 values of inputs on a CPU (37 images of 96 pixels in colour), or 4,096
  tokens: larger ones are no faster, and take more memory.
- **Precision**: `--precision bf16` where the device has instructions for it, see [On a GPU](gpu.md).
- **Many runs**: the key of a run is computed once; a table looks the scale of a metric up once, and reads each record
  once.

## What is missing

- **Bags of words**: the fused Adam copies a weight that is stored feature by feature around its update: 0.9 ms where
  it takes 0.37 ms for the same values stored unit by unit, which would cost more in the product. The rest is
  Python: two groups of parameters, monitors, places of examples.
- **Plans**: each run is a checked description of its own, hashed once; most of the time is making it.
"""


def rows_of(benchmarks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What was noted of those that are rows of the table."""
    return [one["extra_info"] for one in benchmarks if "ratio" in one["extra_info"]]


def table_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as a table in Markdown."""
    lines = ["| work | tlbench | beside it | ratio | goal |", "|---|---|---|---|---|"]
    for row in rows:
        seconds = row["seconds"]
        others = "; ".join(f"{name} {_text(value)}" for name, value in seconds.items() if name != "tlbench")
        lines.append(f"| {row['row']} | {_text(seconds['tlbench'])} | {others} | {row['ratio']:.2f} | {row['goal']} |")
    return "\n".join(lines)


def page_of(measured: Mapping[str, Any]) -> str:
    """The whole page."""
    rows = rows_of(measured["benchmarks"])
    info = measured["machine_info"]
    machine = f"{info['cpu'].get('brand_raw', info['machine'])}, Python {info['python_version']}"
    return PAGE.format(rounds=max(row["rounds"] for row in rows), table=table_of(rows), machine=machine)


def _text(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.2f} ms"


if __name__ == "__main__":
    sys.stdout.write(page_of(json.loads(Path(sys.argv[1]).read_text())))
