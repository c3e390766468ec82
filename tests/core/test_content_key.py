"""What of a description goes into keys."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, Field

import tlbench
from tlbench.core.content_key import AddedField, key_content
from tlbench.core.run_spec import Plain


class Inner(Plain):
    old: int = 1
    new: Annotated[int, AddedField()] = 2


class Outer(tlbench.Params):
    one: Inner = Inner()
    several: tuple[Inner, ...] = ()
    named: dict[str, Inner] = {}
    rate: Annotated[float, Field(ge=0), AddedField()] = 10
    either: Annotated[bool | int, AddedField()] = False
    made: Annotated[list[int], AddedField()] = Field(default_factory=lambda: [1, 2])


@pytest.mark.parametrize("base", [Plain, tlbench.Params])
def test_a_later_field_without_a_default_is_refused_with_its_name(base):
    with pytest.raises(TypeError, match=r"Wrong: depth is marked AddedField\(\) and has no default"):
        type("Wrong", (base,), {"__annotations__": {"depth": Annotated[int, AddedField()]}, "__module__": __name__})


def test_defaults_of_later_fields_are_left_out_at_every_depth():
    outer = Outer(several=(Inner(old=3), Inner(new=4)), named={"x": Inner()})
    assert key_content(outer) == {
        "one": {"old": 1},
        "several": [{"old": 3}, {"old": 1, "new": 4}],
        "named": {"x": {"old": 1}},
    }


def test_a_default_that_is_written_is_one_that_is_not():
    assert key_content(Outer(rate=10.0, made=[1, 2], either=False)) == key_content(Outer())


@pytest.mark.parametrize(("change", "kept"), [({"rate": 0.5}, 0.5), ({"either": 0}, 0), ({"made": []}, [])])
def test_any_other_value_is_kept(change, kept):
    (name,) = change
    assert key_content(Outer(**change))[name] == kept


def test_without_later_fields_the_content_is_all_there_is():
    class Bare(BaseModel):
        pair: tuple[int, int] = (1, 2)
        text: str | None = None

    assert key_content(Bare()) == {"pair": [1, 2], "text": None}


def test_a_field_that_a_subclass_gives_another_default_without_the_mark_is_kept():
    class Sub(Inner):
        new: int = 2

    assert key_content(Sub()) == {"old": 1, "new": 2}


@pytest.mark.parametrize(("before", "now"), [("Later", "AddedField"), ("Whereabouts", "DataLocation")])
def test_a_name_of_before_is_had_with_a_warning_that_says_the_new_one(before, now):
    with pytest.warns(DeprecationWarning, match=f"tlbench.{before} is now tlbench.{now}"):
        assert getattr(tlbench, before) is getattr(tlbench, now)
