"""The record of one run: what was asked, how it ended, what it scored, what it cost, where it comes from."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tlbench.core.run_spec import Budget, Evaluation, RunSpec, Setting, Shots, Training
from tlbench.core.secret_masking import masked_data, masked_params

SCHEMA_VERSION = 1

Status = Literal["ok", "skipped", "failed", "diverged", "timeout", "out_of_memory", "crashed"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Throughput(_Part):
    """Examples per second; `by_steps` is false where no gradient step was taken (marked † and not ranked)."""

    train_examples_per_second: float | None = None
    inference_examples_per_second: float | None = None
    by_steps: bool = True


class PeakMemory(_Part):
    """MiB: the allocator's peak on the device, and the peak resident set of the run's own process."""

    device_mib: float | None = None
    host_mib: float | None = None


class Seconds(_Part):
    """Wall seconds, split into data, training, evaluation, and the second training of reverse validation."""

    data: float = 0.0
    training: float = 0.0
    evaluation: float = 0.0
    selection: float = 0.0
    total: float = 0.0


class Cost(_Part):
    """What the run took itself, and what it uses of work that other runs use too (counted in full)."""

    own: Seconds = Field(default_factory=Seconds)
    shared: Seconds = Field(default_factory=Seconds)


#: Phases of the second training of reverse validation begin so; it chooses, and teaches the strategy nothing.
REVERSE_PHASE = "reverse "


class Seen(_Part):
    """What one training phase saw: optimiser updates, labelled and unlabelled examples (with repetition)."""

    phase: str
    updates: int
    labelled: int
    unlabelled: int


class ModelSize(_Part):
    """Numbers of parameters and the dimension of a feature vector."""

    trainable: int
    total: int
    feature_dim: int


class Failure(_Part):
    """How a run that is not ok ended: the error's type and message, and the last 20 lines of its log."""

    type: str
    message: str
    log: list[str] = Field(default_factory=list)


class Record(_Part):
    """One run. `metrics[selection protocol]` holds `checkpoint` and the scores on the target test split."""

    schema_version: int = SCHEMA_VERSION
    run_key: str
    strategy: str
    variant: str
    backbone: str
    dataset: str
    source: list[str]
    target: str
    setting: Setting
    shots: Shots | None
    evaluation: Evaluation
    seed: int
    budget: Budget
    training: Training
    params: dict[str, Any]
    spec: RunSpec
    status: Status
    reason: str | None = None
    metrics: dict[str, dict[str, Any]] = Field(default_factory=dict)
    selection: dict[str, list[float | None]] = Field(default_factory=dict)
    checkpoints: list[int] = Field(default_factory=list)
    references: dict[str, str] = Field(default_factory=dict)
    throughput: Throughput = Field(default_factory=Throughput)
    peak_memory: PeakMemory = Field(default_factory=PeakMemory)
    seconds: Cost = Field(default_factory=Cost)
    seen: list[Seen] = Field(default_factory=list)
    curve: list[dict[str, Any]] = Field(default_factory=list)
    model: ModelSize | None = None
    health: list[str] = Field(default_factory=list)
    flags: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    provenance: dict[str, Any] = Field(default_factory=dict)
    error: Failure | None = None

    @property
    def why(self) -> str:
        """Why a run has no numbers, as far as its record says; empty for one that is ok."""
        return (self.error.message if self.error else self.reason) or ""

    @property
    def trained_itself(self) -> bool:
        """Whether its own process took gradient steps, and did not just take over what other runs have trained."""
        return len(self._trained_phases) > bool(self.seconds.shared.training)

    @property
    def milliseconds_per_update(self) -> float | None:
        """Wall milliseconds of an optimiser step of the last phase; None where there was none or it was not timed."""
        speed = self.throughput.train_examples_per_second
        if not self._trained_phases or not speed or not self.throughput.by_steps:
            return None
        phase = self._trained_phases[-1]
        return 1000 * (phase.labelled + phase.unlabelled) / phase.updates / speed

    @property
    def _trained_phases(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.updates and not seen.phase.startswith(REVERSE_PHASE)]

    @property
    def saw_target_inputs(self) -> bool:
        """Whether the strategy's own training read unlabelled inputs: in `transductive`, those of the target."""
        return any(seen.unlabelled > 0 for seen in self.seen if not seen.phase.startswith(REVERSE_PHASE))


def new_record(spec: RunSpec, variant: str, status: Status, references: dict[str, str], **rest: Any) -> Record:
    """A record whose identity is taken from its run's description. Secrets, of parameters too, are masked in it."""
    if (params := masked_params(spec.params)) != spec.params:  # the key stays the same
        spec = spec.model_copy(update={"params": params})
    rest |= {name: masked_data(rest[name]) for name in ("reason", "notes", "health", "flags") if name in rest}
    if (error := rest.get("error")) is not None:
        rest["error"] = Failure(**masked_data(error.model_dump()))
    identity = {name: getattr(spec, name) for name in Record.model_fields.keys() & RunSpec.model_fields.keys()}
    identity["source"] = list(spec.source)
    return Record(
        run_key=spec.key, variant=variant, spec=spec, status=status, references=references, **identity, **rest
    )
