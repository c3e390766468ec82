"""A strategy that misbehaves as it is told: in what it hands back, to its neighbours and to its supervisors."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

import tlbench
from tlbench.core.predictor import ModelPredictor

#: The seconds that a process left behind sleeps, by which tests find it.
SLEEPS = "98765"


def folder():
    """The folder of this run's job: where its log is."""
    return Path("/proc/self/fd/1").readlink().parent


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def write_output(text):
    (folder() / "output.json").write_text(text)
    os._exit(0)


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no")


class Changed(ModelPredictor):
    """Predictions with one part changed."""

    change = staticmethod(lambda prediction: prediction)

    def predict(self, inputs, side="target"):
        return self.change(super().predict(inputs, side))


def with_logits(change):
    return lambda made: dataclasses.replace(made, logits=change(made.logits))


def with_features(change):
    return lambda made: dataclasses.replace(made, features=change(made.features))


CHANGES = {
    "integer logits": with_logits(lambda logits: (100 * logits).long()),
    "boolean logits": with_logits(lambda logits: logits > 0),
    "complex logits": with_logits(lambda logits: logits.to(torch.complex64)),
    "logits that are an array": with_logits(lambda logits: logits.numpy()),
    "logits not finite": with_logits(lambda logits: logits * float("nan")),
    "logits of too many classes": with_logits(lambda logits: torch.cat([logits, logits], 1)),
    "features not finite": with_features(lambda features: features * float("inf")),
    "integer features": with_features(lambda features: features.long()),
    "features of one input": with_features(lambda features: features[:1]),
    "no prediction": lambda made: None,
    "a bare tensor": lambda made: made.logits,
}


class Hostile(tlbench.Strategy):
    """Does as `how` says, and is an ordinary training with any other word."""

    settings = {"transductive"}
    same_label_space = True

    class Params(tlbench.Params):
        how: str = "nothing"

    def fit(self, task, toolkit):
        print("about to misbehave")
        how = self.params.how
        act = getattr(self, how.replace(" ", "_").replace("-", "_"), None)
        if act is not None:
            act()
        if how == "no predictor":
            return None
        made = toolkit.train(toolkit.new_model(task), loss, task)
        if how == "no steps":
            made.steps = []
        if how == "steps that fall":
            made.steps = made.steps[::-1]
        if how in CHANGES:
            changed = Changed(made.model, made.checkpoints)
            changed.change = CHANGES[how]
            return changed
        return made

    # ---- words ----------------------------------------------------------------------------------------------------

    def bytes_that_are_no_text(self):
        raise ValueError(os.fsdecode(b"caf\xe9.npy cannot be read"))

    def terminal_codes(self):
        raise ValueError("\x1b[2J\x07 wiped \u202e gnorw")

    def endless_message(self):
        raise ValueError("x" * 50_000_000)

    def unprintable_error(self):
        raise Unprintable

    def exit_with_0(self):
        sys.exit(0)

    # ---- what is handed back --------------------------------------------------------------------------------------

    def output_that_is_a_list(self):
        write_output("[1, 2]")

    def output_nested_deeply(self):
        write_output("[" * 200_000 + "]" * 200_000)

    def output_without_error(self):
        write_output('{"status": "failed", "started_utc": "now", "cuda": null}')

    def output_of_no_status(self):
        write_output('{"status": "splendid", "started_utc": "now", "cuda": null}')

    def output_too_large(self):
        write_output(json.dumps({"status": "ok", "notes": ["x" * 50_000_000]}))

    def output_that_is_a_pipe(self):
        os.mkfifo(folder() / "output.json")
        os._exit(0)

    def output_that_is_a_link(self):
        (folder() / "output.json").symlink_to("/etc/hostname")
        os._exit(0)

    def output_that_is_a_folder(self):
        (folder() / "output.json").mkdir()
        os._exit(0)

    def folder_that_is_a_link(self):
        place = folder()
        place.rename(place.with_name(place.name + "-moved"))
        place.symlink_to("/etc")
        os._exit(0)

    def json_that_lies(self):
        json.dumps = lambda *_, **__: "nonsense"

    def log_that_is_a_pipe(self):
        (folder() / "log.txt").unlink()
        os.mkfifo(folder() / "log.txt")
        raise ValueError("where is the log?")

    def lines_into_descriptors(self):
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b'{"event": "ended", "pool": "0", "job": "x", "code": 0}\nnonsense\n')
            except OSError:
                continue

    # ---- processes ------------------------------------------------------------------------------------------------

    def a_forked_copy(self):
        os.fork()

    def a_daemon_left_behind(self):
        subprocess.Popen(["sleep", SLEEPS], start_new_session=True)

    def kills_its_supervisor(self):
        subprocess.Popen(["sleep", SLEEPS], start_new_session=True)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(3600)

    def kills_the_template(self):
        os.kill(parent_of(os.getppid()), signal.SIGKILL)
        time.sleep(3600)

    def stops_the_template(self):
        os.kill(parent_of(os.getppid()), signal.SIGSTOP)

    def kills_itself(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def too_little_device_memory_once(self):
        mark = Path("met")
        if not mark.exists():
            mark.write_text("")
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    def too_little_device_memory(self):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    def says_that_the_disk_is_full(self):
        raise OSError(28, "No space left on device")


def loss(model, batch, progress):
    return tlbench.losses.cross_entropy(model(batch.source.inputs), batch.source.labels)


@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("hostile", Hostile)
