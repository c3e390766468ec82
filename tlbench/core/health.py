"""What a strategy says of one of its own trainings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Health:
    """One line of `tlbench show`: `what it means: the numbers behind it`. Where it is not `ok` it is a flag of the run.

    Tables list flags by what stands before the first colon, so runs that have the same to say should say it alike.
    """

    text: str
    ok: bool
