"""A suite: a file that names a grid of runs. Its model, what it stands for, and changes to it from the command line."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    PrivateAttr,
    ValidationInfo,
    field_serializer,
    field_validator,
)

from tlbench.core.recipe import Recipe
from tlbench.core.run_spec import (
    CLUSTERING,
    Budget,
    Evaluation,
    Plain,
    Precision,
    Setting,
    Shots,
    Training,
    of_examples,
)
from tlbench.evaluation.verdicts import ROPE
from tlbench.suites.claims import Claim
from tlbench.suites.pairs import Pairs, expanded, parse_pair
from tlbench.suites.part_overrides import stand_over
from tlbench.suites.unique_values import AtLeastOne, Distinct, distinct, repeated

#: The keys of a suite that name a file beside it.
NAMING_FILES = ("about", "claims")
#: References that are added for a user's own data, or where a suite asks for them by `references`.
FURTHER_REFERENCES = ("majority", "pooling")
#: Strategies that the host schedules by itself, since they give every other number its meaning.
REFERENCES = ("source-only", "target-only", "oracle", *FURTHER_REFERENCES)
#: Between `source-only` and one source of several: the references from which the best single source is taken.
SINGLE_SOURCE = " from "

_EXAMPLES_FORM = "write a positive whole number of labelled target examples in all, or a list of these"
_SHOTS_FORM = 'write a positive whole number per class, a share below 1 such as 0.1, "all", or a list of these'
_SAFE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")


def safe_name(name: str) -> str:
    """A name that can be that of a folder. Raises `ValueError` for another."""
    if not _SAFE_NAME.fullmatch(name):
        message = "letters, digits, '-', '_' and '.', at most 100, with a letter or digit first and no '.' last"
        raise ValueError(f"{name!r} cannot name a folder; allowed are {message}")
    return name


def _no_reference(name: str) -> str:
    if name in REFERENCES:
        raise ValueError(f"{name!r} is a reference, which the host adds by itself; leave it out")
    return name


def _variant_name(name: str) -> str:
    return _no_reference(safe_name(name))


def _shots(value: Any) -> Any:
    """The form alone; whether there may be shots at all depends on the setting."""
    items = value if isinstance(value, list) else [value]
    wrong = [item for item in items if item != "all" and not _is_budget(item)]
    if value is None:
        return value
    if wrong:
        raise ValueError(f"{', '.join(map(repr, wrong))} is not allowed; {_SHOTS_FORM}")
    if not items:
        raise ValueError(f"the list is empty; {_SHOTS_FORM}")
    return distinct(value) if isinstance(value, list) else value


def _is_budget(value: Any) -> bool:
    return (type(value) is int and value > 0) or (type(value) is float and 0 < value < 1)


def _examples(value: Any) -> Any:
    """Label budgets by the number of examples in all, whatever their classes."""
    items = value if isinstance(value, list) else [value]
    if value is None:
        return value
    if wrong := [item for item in items if type(item) is not int or item < 1]:
        raise ValueError(f"{', '.join(map(repr, wrong))} is not allowed; {_EXAMPLES_FORM}")
    if not items:
        raise ValueError(f"the list is empty; {_EXAMPLES_FORM}")
    return distinct(value) if isinstance(value, list) else value


Names = Annotated[list[str], AtLeastOne, Distinct]
StrategyNames = Annotated[list[Annotated[str, AfterValidator(_no_reference)]], AtLeastOne, Distinct]
# scikit-learn and numpy take seeds below 2³².
Seeds = Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], AtLeastOne, Distinct]
Grid = Annotated[dict[str, Annotated[list[Any], AtLeastOne]], AtLeastOne]


class Part(Plain):
    """Strategies on pairs in one setting. `backbones` stands for the suite's own where it is given.

    `shots` are label budgets by class, `examples` are budgets in all. `classes`: whether source and target are cut down
    to the classes that both have.
    `budget` and `training` are what the part's tables say; their other keys are the suite's, see `Suite.recipe`.
    """

    setting: Setting
    pairs: Pairs
    strategies: StrategyNames
    classes: Literal["all", "shared"] = "all"
    examples: Annotated[int | list[int] | None, PlainValidator(_examples)] = None
    shots: Annotated[Shots | list[Shots] | None, PlainValidator(_shots)] = Field(default=None, validate_default=True)
    backbones: Names | None = None
    budget: Budget | None = None
    training: Training | None = None

    @field_serializer("budget", "training")
    def _what_is_written(self, table: Plain | None) -> dict[str, Any] | None:
        """A key that is not written means the suite's, and not the default."""
        return None if table is None else table.model_dump(exclude_unset=True)

    @field_validator("shots")
    @classmethod
    def _shots_fit_the_setting(cls, shots: Any, info: ValidationInfo) -> Any:
        setting = info.data.get("setting")  # absent where it is wrong itself
        if setting == "inductive" and shots is None and info.data.get("examples", 0) is None:
            raise ValueError(f"is missing, and the setting 'inductive' needs it, or examples; {_SHOTS_FORM}")
        if setting in ("transductive", "unsupervised") and shots is not None:
            raise ValueError(f"{shots!r} does not go with the setting {setting!r}, which has no target labels; remove")
        return shots

    @field_validator("examples")
    @classmethod
    def _examples_fit_the_setting(cls, examples: Any, info: ValidationInfo) -> Any:
        setting = info.data.get("setting")
        if setting in ("transductive", "unsupervised") and examples is not None:
            message = f"does not go with the setting {setting!r}, which has no target labels; remove"
            raise ValueError(f"{examples!r} {message}")
        return examples

    @property
    def label_budgets(self) -> list[Shots | None]:
        """All budgets of the part, those by class first; one that is None where the setting has none."""
        shots = self.shots if isinstance(self.shots, list) else [self.shots]
        examples = self.examples if isinstance(self.examples, list) else [self.examples]
        named = [of_examples(count) for count in examples if count is not None]
        return [*(budget for budget in shots if budget is not None or not named), *named]


class Variant(Plain):
    """A strategy with named parameters. In a file the parameters stand beside `use` and `grid`."""

    use: Annotated[str, AfterValidator(_no_reference)]
    grid: Grid | None = None
    params: dict[str, Any] = Field(default_factory=dict)

    @field_validator("params")
    @classmethod
    def _params_are_not_in_the_grid(cls, params: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        both = sorted(set(params) & set(info.data.get("grid") or {}))
        if both:
            raise ValueError(f"{', '.join(map(repr, both))} stands in the grid and beside it; keep one")
        return params

    @field_validator("grid")
    @classmethod
    def _grid_members_differ(cls, grid: dict[str, list[Any]] | None) -> dict[str, list[Any]] | None:
        for key, values in (grid or {}).items():
            if twice := repeated([_text(value) for value in values]):
                raise ValueError(f"{key!r} has {twice[0]} more than once; name each value once")
        return grid

    def members(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The cross product of the grid: what the grid chose, and all parameters with it."""
        grid = self.grid or {}
        for values in itertools.product(*grid.values()):
            chosen = dict(zip(grid, values, strict=True))
            yield chosen, {**self.params, **chosen}


@dataclass(frozen=True)
class NamedVariant:
    """A strategy with parameters, under the name that tables show."""

    name: str
    use: str
    params: dict[str, Any] = field(default_factory=dict)
    #: The grid that it is a member of: selection protocols choose among its members.
    family: str | None = None


class Suite(Plain):
    """A grid of runs.

    `claims` names a CSV file of published figures, `about` a Markdown file with the text of its page, both beside the
    suite's own. `views` are the further shapes in which the page shows its tables.
    """

    name: Annotated[str, AfterValidator(safe_name)]
    summary: str = ""
    dataset: str
    #: Options of the dataset, which its Params checks.
    data: dict[str, Any] = Field(default_factory=dict)
    backbones: Names
    seeds: Seeds
    metrics: Names = Field(default_factory=lambda: ["accuracy", "macro_f1"])
    selection: str = "last"
    rope: Annotated[float, Field(gt=0, lt=0.5)] = ROPE
    #: Whether strategies of `transductive` are trained a second time, back to the source, to choose among variants.
    reverse_validation: bool = False
    evaluation: Evaluation = "held-out"
    #: Whether `transductive-test` keeps the validation data of the sources back, which selectors need.
    validation: bool = False
    claims: str | None = None
    about: str | None = None
    views: Annotated[list[str], Distinct] = Field(default_factory=list)
    #: Beside those that every suite has; None: all of them for the user's own data, none for a published dataset.
    references: Annotated[list[Literal["majority", "pooling"]], Distinct] | None = None
    budget: Budget = Field(default_factory=lambda: Budget.model_validate({}))
    training: Training = Field(default_factory=lambda: Training.model_validate({}))
    #: What backbones compute in, unless `--precision` says otherwise.
    precision: Precision = "float32"
    part: Annotated[list[Part], AtLeastOne]
    strategies: dict[Annotated[str, AfterValidator(_variant_name)], Variant] = Field(default_factory=dict)
    _published: tuple[Claim, ...] = PrivateAttr(default=())
    _about_text: str = PrivateAttr(default="")

    @field_validator("validation")
    @classmethod
    def _validation_is_of_transductive_test(cls, validation: bool, info: ValidationInfo) -> bool:
        if validation and info.data.get("evaluation") == "held-out":
            raise ValueError("true is for evaluation = 'transductive-test'; 'held-out' always keeps them back; remove")
        return validation

    @property
    def published(self) -> tuple[Claim, ...]:
        """What the file of `claims` says; `read_suite` has read it."""
        return self._published

    @property
    def about_text(self) -> str:
        """What the file of `about` says; `read_suite` has read it."""
        return self._about_text

    @property
    def reverses(self) -> bool:
        """Whether second trainings are asked for, by name or by the protocol that needs them."""
        return self.reverse_validation or self.selection == "reverse-validation"

    @property
    def has_clusters(self) -> bool:
        """Whether some part is scored by clusters."""
        return any(part.setting == "unsupervised" for part in self.part)

    @property
    def scored_by(self) -> list[str]:
        """All metrics of its runs: its own, accuracy, which selection speaks of, and those of clusters where asked."""
        return list(dict.fromkeys([*self.metrics, "accuracy", *(CLUSTERING if self.has_clusters else ())]))

    def metrics_of(self, strategy: str, setting: Setting) -> tuple[str, ...]:
        """The metrics of one run. Clusters have no names, so some metrics say nothing of them."""
        if setting == "unsupervised":
            return CLUSTERING
        # The oracle is the ceiling of clusters too; no other run would be asked for their metrics in vain.
        clusters = CLUSTERING if strategy == "oracle" and self.has_clusters else ()
        return tuple(dict.fromkeys([*self.metrics, "accuracy", *clusters]))

    def variants(self, part: Part) -> list[NamedVariant]:
        """The variants of a part with every grid expanded; a name without an entry is the strategy itself."""
        return [variant for name in part.strategies for variant in _expand(name, self.strategies.get(name))]

    def recipe(self, part: Part) -> Recipe:
        """How runs of a part, references included, are trained: what the part says, over what the suite says."""
        return Recipe(
            budget=stand_over(self.budget, part.budget) if part.budget else self.budget,
            training=stand_over(self.training, part.training) if part.training else self.training,
        )

    def pairs(self, part: Part, domains: Sequence[str]) -> list[tuple[tuple[str, ...], str]]:
        """Sources and target of each pair of a part; "all" are the ordered pairs of distinct domains."""
        if part.pairs == "all":
            return [((source,), target) for source, target in itertools.permutations(domains, 2)]
        return [parse_pair(text) for text in expanded(part.pairs, domains)]


def _expand(name: str, variant: Variant | None) -> list[NamedVariant]:
    if variant is None:
        return [NamedVariant(name, name)]
    return [
        NamedVariant(f"{name}[{_join(chosen)}]", variant.use, params, name)
        if chosen
        else NamedVariant(name, variant.use, params)
        for chosen, params in variant.members()
    ]


def _join(chosen: Mapping[str, Any]) -> str:
    return ",".join(f"{key}={_text(value)}" for key, value in chosen.items())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def plain_fault(value: Any) -> str | None:
    """Why a value cannot be part of a run's content, or None: numbers must be finite, and TOML's dates are no data."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value!r} must be a finite number"
    if isinstance(value, Mapping):
        return next(filter(None, map(plain_fault, value.values())), None)
    if isinstance(value, list):
        return next(filter(None, map(plain_fault, value)), None)
    if not isinstance(value, str | int | float | bool | None):
        return f"{str(value)!r} is a {type(value).__name__}; allowed are numbers, strings, booleans, lists and tables"
    return None
