"""The form of `output.json`: what a run says of itself beside its predictions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from tlbench.core.plain_text import clipped

#: No count in a record is larger: beyond it, JSON readers of other languages lose digits.
MOST = 2**53
#: Seconds by which a run's clocks and its supervisor's may differ.
CLOCKS_DIFFER = 1.0


def _fit(most: int) -> AfterValidator:
    return AfterValidator(lambda text: clipped(text, most))


Name = Annotated[str, _fit(200)]
Line = Annotated[str, _fit(2000)]
Message = Annotated[str, _fit(10_000)]
Count = Annotated[int, Field(ge=0, le=MOST)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Scalar = bool | int | float | Line | None


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Error(_Part):
    type: Name
    message: Message


class _Seconds(_Part):
    data: Amount
    training: Amount
    evaluation: Amount
    selection: Amount
    total: Amount

    @model_validator(mode="after")
    def _add_up(self) -> _Seconds:
        if abs(self.data + self.training + self.evaluation + self.selection - self.total) > 1e-3 + 1e-6 * self.total:
            raise ValueError("the parts do not add up to the total")
        return self


class _Seen(_Part):
    phase: Name
    updates: Count
    labelled: Count
    unlabelled: Count


class _Model(_Part):
    trainable: Count
    total: Count
    feature_dim: Count

    @model_validator(mode="after")
    def _no_more_than_all(self) -> _Model:
        if self.trainable > self.total:
            raise ValueError("more parameters are trainable than there are")
        return self


class _Started(_Part):
    started_utc: Name
    cuda: Name | None


class _Failed(_Started):
    """A run that says how it failed."""

    status: Literal["failed", "diverged", "out_of_memory", "disk_full"]
    error: _Error


class _Done(_Started):
    """A run, or the training of a source model, that is done."""

    status: Literal["ok"]
    seconds: _Seconds
    train_examples_per_second: Amount | None
    inference_examples_per_second: Amount | None = None
    by_steps: bool
    seen: Annotated[list[_Seen], Field(max_length=1000)]
    curve: Annotated[list[Annotated[dict[Name, Scalar], Field(max_length=200)]], Field(max_length=10_000)]
    model: _Model | None
    notes: Annotated[list[Line], Field(max_length=1000)]
    device_mib: Amount | None
    device_name: Name | None
    host_mib: Amount
    steps: Annotated[list[Count], Field(max_length=10_000)] = []

    @model_validator(mode="after")
    def _in_order(self) -> _Done:
        if any(later <= earlier for earlier, later in zip(self.steps, self.steps[1:], strict=False)):
            raise ValueError("the steps of its checkpoints do not rise")
        return self


_FORM: TypeAdapter[_Done | _Failed] = TypeAdapter(Annotated[_Done | _Failed, Field(discriminator="status")])


def parse_output(content: bytes, wall_seconds: float | None) -> dict[str, Any]:
    """What a run says of itself. Raises `pydantic.ValidationError` or `ValueError` where it cannot be so.

    `wall_seconds` is how long its process lived: no run can have taken longer.
    """
    output = _FORM.validate_json(content)
    if isinstance(output, _Done) and wall_seconds is not None and output.seconds.total > wall_seconds + CLOCKS_DIFFER:
        raise ValueError(f"it says that it took {output.seconds.total:.1f} s, and lived {wall_seconds:.1f} s")
    return output.model_dump()
