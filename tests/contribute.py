"""The tutorial as a newcomer does it, in the environment that this is run with: `tox -e contribute`.

Every command and the whole of the strategy come from `docs/first-strategy.md`; what is measured is machine time. Ends
with 1, and says where, as soon as a step does not do what the page promises.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs" / "first-strategy.md").read_text(encoding="utf-8")
#: Ten minutes, of which this leaves half to whoever types.
LIMIT_SECONDS = 300
#: In what the page says one may do next.
NEXT = ("digits", "--set", "my_strategy.py")


def commands() -> list[str]:
    """The lines of the page that are to be typed."""
    return [line.strip() for line in PAGE.splitlines() if re.match(r"    (tlbench|cd|pip) ", line)]


def strategy() -> str:
    """The file that the page gives."""
    return re.search(r"```python\n(.*?)```", PAGE, re.S)[1]


def run(line: str, folder: Path) -> str:
    """Type a command; its output. Ends everything where it fails."""
    start = time.perf_counter()
    words = line.replace("pip uninstall", "pip uninstall -y").split()
    if words[0] in ("pip", "tlbench"):
        words = [sys.executable, "-m", *words]
    done = subprocess.run(words, check=False, cwd=folder, capture_output=True, text=True)
    print(f"{time.perf_counter() - start:6.1f} s  {line}", flush=True)
    if done.returncode:
        sys.exit(f"{line!r} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def main() -> None:
    """Write, fill in, install, check, run, look, take away."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        folder, seen = Path(place), {}
        for line in commands():
            if line.startswith("cd "):
                folder = folder / line.removeprefix("cd ")
                (folder / "src/tlbench_mixup_da/strategy.py").write_text(strategy(), encoding="utf-8")
                continue
            if any(part in line for part in NEXT):
                continue
            seen[line] = run(line, folder)
        if not re.search(r"^mixup-da\b.*\d", seen["tlbench run quick --strategy mixup-da"], re.M):
            sys.exit("`tlbench run quick --strategy mixup-da` gave no row of mixup-da")
        if "0 failed" not in seen["tlbench check mixup-da"]:
            sys.exit("`tlbench check mixup-da` does not pass")
        if "mixup-da" in run("tlbench list strategies", folder):
            sys.exit("mixup-da is still there after `pip uninstall`")
    seconds = time.perf_counter() - start
    print(f"{seconds:6.1f} s  in all, of {LIMIT_SECONDS} that leave as much to whoever types")
    if seconds > LIMIT_SECONDS:
        sys.exit("that is too long")


if __name__ == "__main__":
    main()
