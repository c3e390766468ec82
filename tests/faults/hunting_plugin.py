"""A strategy that hunts for labels in every way it knows, and for harm that it could do, and tells what it got.

What it reports are words alone, in the error that it ends with: by hunt, whether it was of use.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import os
import socket
import subprocess
import threading
from pathlib import Path

import numpy as np

import tlbench

#: Filled in by the test: where things are, and hashes of labels by which they are known when they are found.
PLACES: dict = {}


def reads(path):
    """Whether a file can be read."""
    with open(path, "rb") as file:
        return len(file.read(16)) > 0


def is_label(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() in PLACES["hashes"]


def memory():
    """Through all objects of the process."""
    arrays = [one for one in gc.get_objects() if isinstance(one, np.ndarray) and one.dtype.kind == "i"]
    held = [one for every in gc.get_objects() if isinstance(every, dict) for one in list(every.values())]
    return any(map(is_label, [*arrays, *(one for one in held if isinstance(one, np.ndarray))]))


def maps():
    """Through what is mapped into the process."""
    text = Path("/proc/self/maps").read_text()
    return "test.inputs" in text or "/labels/" in text


def descriptors():
    """Through open files of the process, whatever they are."""
    found = []
    for number in range(3, 256):
        try:
            name = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        found += [name] if any(word in name for word in ("test.inputs", "/labels/", "evaluation")) else []
    return bool(found)


def early_request():
    """By speaking to the template as the host's own code does after training: it gives test inputs, and no label."""
    for number in range(3, 256):
        try:
            desk = socket.socket(fileno=os.dup(number))
        except OSError:
            continue
        try:
            desk.settimeout(5)
            desk.sendall(b"?")
            _, received, _, _ = socket.recv_fds(desk, 1, 10)
            return bool(received)
        except OSError:
            continue
    return False


def cache():
    return reads(PLACES["label_file"])


def test_inputs():
    return reads(PLACES["test_inputs"])


def evaluation_file():
    own = Path(os.environ.get("TMPDIR", "")).parent  # in a sandbox it is in the job's folder, whose name is known
    beside = [own.with_name(f"{own.name}.evaluation.json")] if os.environ.get("TLBENCH_SANDBOX") else []
    return any(map(reads, [*beside, *Path(PLACES["cache"], "jobs").glob("*/*.evaluation.json")]))


def earlier_results():
    return reads(PLACES["record"])


def earlier_predictions():
    return reads(PLACES["predictions"])


def parent_memory():
    with open(f"/proc/{os.getppid()}/mem", "rb", buffering=0) as file:
        return file is not None


def parent_environment():
    return reads(f"/proc/{os.getppid()}/environ")


def tracing():
    """ptrace(PTRACE_ATTACH) of the template."""
    if ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0:
        ctypes.CDLL(None).ptrace(17, os.getppid(), 0, 0)
        return True
    return False


def job_folders():
    return reads(PLACES["other_job"])


def package_data():
    from sklearn.datasets import load_digits

    return len(load_digits().target) > 0


def data_folder():
    return reads(PLACES["data_file"])


def home():
    return reads(PLACES["home_file"])


def made_again():
    """Data that code makes can be made again by anybody who has the code."""
    from tlbench.plugins.manager import plugin_host

    toy = plugin_host([PLACES["toy"]]).find("datasets", "toy")[0].load()()
    return len(toy.load("b").test.labels) > 0


def subprocess_():
    done = subprocess.run(["cat", PLACES["label_file"]], capture_output=True, check=False)
    return len(done.stdout) > 0


def thread():
    found = []

    def hunt():
        try:
            found.append(reads(PLACES["label_file"]))
        except OSError:
            pass

    one = threading.Thread(target=hunt)
    one.start()
    one.join()
    return any(found)


def libc():
    return ctypes.CDLL(None).open(PLACES["label_file"].encode(), 0) >= 0


def link():
    """A hard link into the own folder, and then from there."""
    own = Path(os.environ.get("TMPDIR", PLACES["scratch"])) / "linked.npy"
    try:
        os.link(PLACES["label_file"], own)
        return reads(own)
    finally:
        own.unlink(missing_ok=True)


def symbolic_link():
    own = Path(os.environ.get("TMPDIR", PLACES["scratch"])) / "symbolic.npy"
    own.symlink_to(PLACES["label_file"])
    try:
        return reads(own)
    finally:
        own.unlink()


def writing_inputs():
    with open(PLACES["train_inputs"], "r+b") as file:
        return file is not None


def writing_labels():
    with open(PLACES["label_file"], "r+b") as file:
        return file is not None


def writing_results():
    with open(PLACES["record"], "r+b") as file:
        return file is not None


def new_files():
    place = Path(PLACES["cache"], "new.txt")
    place.write_text("x")
    place.unlink()
    return True


def removing():
    """Renaming what lies in the cache."""
    os.rename(PLACES["spare"], PLACES["spare"] + "-away")
    return True


def signals():
    os.kill(PLACES["host"], 0)
    return True


def tcp():
    with socket.create_connection(("127.0.0.1", PLACES["port"]), timeout=5):
        return True


def listening():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return True


def abstract_sockets():
    with socket.socket(socket.AF_UNIX) as one:
        one.connect("\0" + PLACES["abstract"])
        return True


def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        return one.sendto(b"x", ("127.0.0.1", PLACES["port"])) == 1


def metadata():
    """Sizes and times of files, which anybody may ask for, and set on files of one's own."""
    os.utime(PLACES["train_inputs"])
    return os.stat(PLACES["label_file"]).st_size > 0


def shared_memory():
    return reads(PLACES["shared_memory"])


HUNTS = [
    memory,
    maps,
    descriptors,
    cache,
    test_inputs,
    evaluation_file,
    earlier_results,
    earlier_predictions,
    parent_memory,
    parent_environment,
    tracing,
    job_folders,
    package_data,
    data_folder,
    home,
    made_again,
    subprocess_,
    thread,
    libc,
    link,
    symbolic_link,
    writing_inputs,
    writing_labels,
    writing_results,
    new_files,
    removing,
    signals,
    tcp,
    listening,
    abstract_sockets,
    udp,
    metadata,
    shared_memory,
    early_request,
]


class Hunter(tlbench.GradientStrategy):
    """Hunts."""

    settings = {"transductive"}
    paper = "none: it hunts"
    same_label_space = True

    def loss(self, model, batch, progress):
        found = []
        for hunt in HUNTS:
            try:
                found += [hunt.__name__.strip("_")] if hunt() else []
            except (OSError, ValueError):
                continue
        raise RuntimeError("found: " + " ".join(found) + ";")


@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("hunter", Hunter, summary="hunts for labels")
