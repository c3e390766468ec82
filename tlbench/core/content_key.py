"""Fields that were added to a description after results were published, and what of a description goes into keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class AddedField:
    """Marks a field whose default means what was done before there was the field.

    `ramp: Annotated[bool, tlbench.AddedField()] = True`. With its default it is left out of run keys, so that
    earlier results are still found; with any other value it is part of them. A default that was published with the mark
    must never change, and a field that has been published without it must not get it: its default is in the keys.
    """


class Keyed(BaseModel):
    """A model whose content goes into keys. Raises `TypeError` for a subclass with a later field without a default."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for name, field in cls.model_fields.items():
            if _is_later(cls, name) and field.is_required():
                raise TypeError(
                    f"{cls.__qualname__}: {name} is marked AddedField() and has no default: give it the one"
                )


def key_content(model: BaseModel) -> dict[str, Any]:
    """A model as plain data, without later fields that have their defaults, those of models inside it included."""
    content: dict[str, Any] = _kept(model, model.model_dump(mode="json"))
    return content


def _kept(value: Any, plain: Any) -> Any:
    """`plain`, which is `value` as plain data, less what was added later."""
    if isinstance(plain, dict):
        if isinstance(value, BaseModel):
            later = _later_fields(type(value))
            return {
                name: _kept(getattr(value, name, None), part) if isinstance(part, dict | list) else part
                for name, part in plain.items()
                if name not in later or not _is_as_before(value, name, later[name])
            }
        if isinstance(value, Mapping):
            return {name: _kept(part, plain[name]) for name, part in zip(plain, value.values(), strict=True)}
    if isinstance(plain, list) and isinstance(value, list | tuple):
        return [_kept(*parts) for parts in zip(value, plain, strict=True)]
    return plain


def _is_as_before(model: BaseModel, name: str, field: FieldInfo) -> bool:
    """Whether a later field has its default."""
    value, default = getattr(model, name), field.default
    if field.default_factory is not None:
        default = field.get_default(call_default_factory=True, validated_data=model.__dict__)
    # In Python 1 equals True, and where both are allowed they may mean different things.
    return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)


@lru_cache(maxsize=1024)
def _later_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields that are marked `AddedField`."""
    return {name: field for name, field in model.model_fields.items() if _is_later(model, name)}


def _is_later(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and any(mark is AddedField or isinstance(mark, AddedField) for mark in field.metadata)
