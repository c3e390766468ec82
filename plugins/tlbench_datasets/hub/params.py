"""The options of `hub:` in a suite's table `[data]`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from tlbench.core.domain import SPLITS
from tlbench.errors import unknown
from tlbench_datasets.shared.drawn_splits import GroupedSplits


class HubParams(GroupedSplits):
    """What of a data set is taken, and how.

    `revision`: a commit, a branch or a tag. `label`, `inputs`, `domain`, `group`: columns. `domains`: what they are
    where no column says it. `configurations`: those that count. `hub_splits`: the hub's splits that count, or that are
    the domains. `roles`: which of them are train, val and test. `max_per_class`: for a sample, how many examples of
    each class are taken from each of the hub's splits. `size`: pixels of a side. `on_error`: whether an image that
    cannot be read, or a text without a word, stops everything.
    """

    revision: str | None = Field(None, min_length=1)
    label: str = "label"
    inputs: list[str] | None = Field(None, min_length=1)
    domain: str | None = None
    domains: Literal["configurations", "splits"] | None = None
    configurations: list[str] | None = Field(None, min_length=1)
    hub_splits: list[str] | None = Field(None, min_length=1)
    roles: dict[str, str] | None = None
    max_per_class: int | None = Field(None, ge=2)
    size: int = Field(32, ge=8, le=1024)
    on_error: Literal["fail", "skip"] = "fail"

    @field_validator("inputs", mode="before")
    @classmethod
    def _one_column_is_a_list_of_one(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("roles")
    @classmethod
    def _roles_are_splits(cls, roles: dict[str, str] | None) -> dict[str, str] | None:
        for role in roles or ():
            if role not in SPLITS:
                raise ValueError(unknown("role", role, SPLITS))
        if roles is not None and not {"train", "test"} <= roles.keys():
            raise ValueError('must name train and test, as in { train = "train", test = "validation" }')
        return roles

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> HubParams:
        if self.domain is not None and self.domains is not None:
            raise ValueError("the column that domain names says the domains already; leave out domains")
        if self.roles is not None and self.hub_splits is not None:
            raise ValueError("roles names the splits that count already; leave out hub_splits")
        if self.roles is not None and self.domains == "splits":
            raise ValueError("where each split is a domain, none has a role; leave out roles or domains")
        return self
