"""How a job ended: what its run hands back where that can be believed, and otherwise how its process ended."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Any

from tlbench.execution.handed_back import HandedBack, UnusableOutput


@dataclass(frozen=True)
class Limits:
    """Seconds and bytes that a run may take; None is no limit."""

    timeout: float | None = None
    memory: int | None = None


def outcome_of(handed: HandedBack, details: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """The summary of a job whose process ended as `details` say, or its status and `error` alone."""
    if details.get("copies"):
        return _failure(
            "failed",
            "ForkedCopy",
            f"its training was carried out {details['copies'] + 1} times, because its code called fork() and let the "
            "copies go on; end each copy with os._exit(), or use subprocess or multiprocessing",
        )
    if "stopped" not in details:
        try:
            output = handed.output(details.get("wall_seconds"))
        except UnusableOutput as error:
            return _failure("failed", "UnusableOutput", str(error))
        if output is not None and (output["status"] != "ok" or details.get("code") == 0):
            return _with_limit(_with_rest(output, details), limits)
    return _failure(*describe_end(details, limits))


def describe_end(details: dict[str, Any], limits: Limits) -> tuple[str, str, str]:
    """Status, error type and message for a process that ended without handing back a result."""
    if stopped := details.get("stopped"):
        return _stopped(stopped, details, limits)
    if details.get("signal") == signal.SIGKILL:
        return _killed(details)
    if "signal" in details:
        name = _name_of(details["signal"])
        return "crashed", name, f"its process was ended by {name}"
    if "no_log" in details:
        return "crashed", "Log", f"its log cannot be written ({details['no_log']})"
    return "crashed", "Exit", f"its process ended by itself with exit code {details['code']}, without a result"


def _stopped(how: str, details: dict[str, Any], limits: Limits) -> tuple[str, str, str]:
    """A run that was not let go on."""
    if how == "timeout":
        return "timeout", "Timeout", f"ran past --timeout {limits.timeout:g}s and was ended"
    if how == "memory":
        return "out_of_memory", "MemoryLimit", _grown(details, limits)
    if how == "unkept":
        return "crashed", "Unkept", "the process that keeps it within its limits was killed, and so it was ended"
    return "crashed", "Template", "the process that runs are forked from ended twice while this run was in it"


def in_units(count: int) -> str:
    """Bytes as MiB or GiB."""
    return f"{count / 2**30:.3g} GiB" if count >= 2**30 else f"{count / 2**20:.3g} MiB"


def _grown(details: dict[str, Any], limits: Limits) -> str:
    """What was held by whom when it was too much."""
    processes = details["processes"]
    among = f" in {processes} processes" if processes > 1 else ""
    shared = f", {in_units(details['shared'])} of it shared memory" if details["shared"] else ""
    held = f"{in_units(details['held'])}{among}{shared}"
    return f"grew past --memory {in_units(limits.memory or 0)} and was ended: it held {held}"


def _killed(details: dict[str, Any]) -> tuple[str, str, str]:
    """SIGKILL that was not ours: the kernel counts its own."""
    if kills := details.get("memory_kills"):
        counters = ", ".join(f"oom_kill of {name} by {count}" for name, count in kills.items())
        message = f"its process was ended by SIGKILL while the kernel killed for lack of memory: it raised {counters}"
        return "out_of_memory", "KernelOutOfMemory", message
    message = "its process was ended by SIGKILL; the kernel killed nothing for lack of memory, so another process did"
    return "crashed", "SIGKILL", message


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals
        return f"signal {number}"


def _with_rest(output: dict[str, Any], details: dict[str, Any]) -> dict[str, Any]:
    """Note what a run has left behind."""
    if output["status"] == "ok" and details.get("left_behind"):
        note = f"it left {details['left_behind']} processes running, which were ended"
        return {**output, "notes": [*output["notes"], note]}
    return output


def _with_limit(output: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Name the limit that an allocation met."""
    if output["status"] != "out_of_memory" or limits.memory is None or output["error"]["type"] == "OutOfMemoryError":
        return output
    error = output["error"]
    said = f": {error['message']}" if error["message"] else ""
    message = f"more memory than --memory {in_units(limits.memory)} was asked for{said}"
    return {**output, "error": {**error, "message": message}}


def _failure(status: str, kind: str, message: str) -> dict[str, Any]:
    return {"status": status, "error": {"type": kind, "message": message}}
