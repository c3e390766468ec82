"""Images that memory need not hold: `npz:` folders of any size, and the command under a limit of memory.

As a script it writes two domains, makes them ready and runs a suite on them, each under the limit:

    python tests/large_arrays.py --folder large --gigabytes 8 --limit 2
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

GIB = 2**30
BLOCK = 256

SUITE = """
name = "large"
dataset = "npz:{folder}"
backbones = ["small-cnn"]
seeds = [0]

[data]
splits = {splits}

[budget]
steps = {steps}
batch_size = 16
checkpoints = 1

[[part]]
setting = "transductive"
pairs = ["one:two"]
strategies = {strategies}
"""


def suite(folder: Path, steps=3, splits="[0.98, 0.01, 0.01]", strategies='["dann"]'):
    """A suite from the domain `one` to the domain `two`."""
    return SUITE.format(folder=folder, steps=steps, splits=splits, strategies=strategies)


def write_images(folder: Path, count: int, side: int, seed: int) -> None:
    """`count` different images (3, side, side) of two classes, of which one is brighter, in two `.npy` files."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 156, (BLOCK, 3, side, side), dtype=np.uint8)
    labels = np.arange(count) % 2
    np.save(folder / "labels.npy", labels)
    inputs = np.lib.format.open_memmap(folder / "inputs.npy", "w+", np.uint8, (count, 3, side, side))
    for at in range(0, count, BLOCK):
        block, brighter = inputs[at : at + BLOCK], labels[at : at + BLOCK, None, None, None].astype(np.uint8)
        block[:] = noise[: len(block)] + 60 * brighter
        block[:, 0, 0, :4] = np.arange(at, at + len(block), dtype=np.uint32).view(np.uint8).reshape(-1, 4)
    inputs.flush()


def run_within(limit: int, arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Python with arguments, and all that it starts, each with at most `limit` bytes of memory of its own.

    Pages of files that are mapped are not counted: the system takes them back when it needs memory.
    """
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "TLBENCH_CACHE": str(folder / "cache")},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="a folder to be made; it takes twice the gigabytes")
    parser.add_argument("--gigabytes", type=float, default=8.0, help="of both domains together")
    parser.add_argument("--limit", type=float, default=2.0, help="GiB of memory of each process")
    parser.add_argument("--side", type=int, default=224, help="pixels")
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    count = int(options.gigabytes * 1e9 / 2 / (3 * options.side**2))
    for seed, name in enumerate(("one", "two")):
        write_images(options.folder / "data" / name, count, options.side, seed)
    text = suite(Path("data"), options.steps, "[0.7, 0.1, 0.2]", '["feature-extraction", "dann"]')
    (options.folder / "large.toml").write_text(text)
    for command in ("plan", "run"):
        began = time.perf_counter()
        done = run_within(int(options.limit * GIB), ["-m", "tlbench", command, "large.toml"], options.folder)
        print(f"{command}: exit {done.returncode}, {time.perf_counter() - began:.0f} s\n{done.stdout}\n{done.stderr}")


if __name__ == "__main__":
    main()
