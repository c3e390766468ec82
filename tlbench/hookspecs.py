"""Everything a plugin can say to tlbench.

A plugin is a module that is named by an entry point of the group `tlbench`, or a file given with `--plugin`.
Registration is lazy: `register` takes a name and `"module:object"`; the object is imported when a run needs it,
so hook files import neither torch nor data. The order in which plugins register never matters.

    # my_package/__init__.py
    import tlbench

    @tlbench.hookimpl
    def tlbench_register_strategies(register):
        register("hello", "my_package.strategy:Hello", summary="label smoothing on the source")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import pluggy

#: The version of what is below. A plugin that needs a later one than the oldest says so, `tlbench_contract = 2` beside
#: its hooks, and is refused by a tlbench that has it not; a hook that only grows does not raise it.
CONTRACT = 1

hookspec = pluggy.HookspecMarker("tlbench")


class Register(Protocol):
    """Announces an object by name: `register("dann", "package.module:Class", summary="…")`.

    In a one-file plugin the object itself may be given in place of `"module:object"`.
    A name that ends in a colon, as `"mlp:"`, takes an argument: `mlp:100` calls the object with `argument="100"`. One
    that ends in a question mark, as `"minilm?"`, may: `minilm` calls it without, `minilm?max_length=64` with
    `argument="max_length=64"`.
    """

    def __call__(self, name: str, target: str | object, *, summary: str = "") -> None:
        """Announce `target` as `name`."""


@hookspec
def tlbench_register_strategies(register: Register) -> None:
    """Offer strategies: subclasses of `tlbench.Strategy`.

    Example: `register("dann", "tlbench_strategies.adversarial.domain_adversarial:DomainAdversarial", summary="…")`
    """


@hookspec
def tlbench_register_datasets(register: Register) -> None:
    """Offer datasets: subclasses of `tlbench.Dataset`, or callables that return one.

    A class with `class Params(tlbench.Params)` takes options, from a suite's table `[data]`, as the keyword `params`.

    Example: `register("digits", "tlbench_datasets.named.digits:Digits", summary="…")`
    """


@hookspec
def tlbench_register_backbones(register: Register) -> None:
    """Offer backbones: callables `(input_shape) -> tlbench.Backbone`.

    For `"name:"` and `"name?"` they are called as `(input_shape, argument)`, with what is written after the mark.

    One with pretrained weights also takes the keyword `pretrained`, True by default; with False its weights are random.
    A factory may have two methods, called with the argument where its name takes one, before anything is trained:
    `check` raises `tlbench.TlbenchError` where the backbone cannot be had (a missing file, an unknown model), or gives
    sentences on what was done to its weights, of which users are told, or nothing, and
    `revision` gives a string that changes with the weights, which goes into run keys beside the plugin's version. It
    should be cheap, ask no network, and import little: it is asked again whenever the suite is. `has_weights` says
    whether a name has pretrained weights, where not every one has.

    `imports`, a tuple of modules that take long to import, are imported once for all runs. The factory of a backbone
    for texts has the method `tokenizer`, which gives a `tlbench.core.preparation.Tokenizer`: the host makes ids
    of all texts with it, once, and the inputs of the backbone are these ids. In its place may stand `preparation`,
    which gives a `tlbench.core.preparation.Preparation`: what it makes of inputs of any kind, the backbone gets.

    Code from the network runs only where `--trust-remote-code NAME` names the backbone. A factory that cannot be made
    without such code has the method `runs_remote_code`, which says so and asks no network: unless the name is trusted,
    the host then calls neither `check` nor the factory and tells the user what to say. One that knows only once it
    looks takes the keyword `trusted` (a truth value), in its call and in `check`, `tokenizer` or `preparation`, and
    hands it on, for example as `trust_remote_code=trusted`; `tlbench.plugins.remote_code.untrusted` makes the
    error to raise.

    Example: `register("small-cnn", "tlbench_backbones.small.small_cnn:small_cnn", summary="…")`
    """


@hookspec
def tlbench_register_metrics(register: Register) -> None:
    """Offer metrics: functions `(labels (n,), logits (n, classes)) -> float`.

    Example: `register("accuracy", "tlbench_metrics.classification:accuracy", summary="…")`
    """


@hookspec
def tlbench_register_suites(register: Register) -> None:
    """Offer suites: `"package:file.toml"`, a suite file inside an installed package.

    Example: `register("digits", "tlbench_suites:digits.toml", summary="…")`
    """


@hookspec
def tlbench_register_renderers(register: Register) -> None:
    """Offer formats of tables: functions `(tables: Sequence[tlbench.leaderboard.tables.cells.Table]) -> str`.

    Each is a value of `tlbench leaderboard --format`. Text in a table is as people and plugins wrote it: a renderer
    escapes it for where it lands.

    Example: `register("latex", "tlbench.leaderboard.renderers.latex:render", summary="…")`
    """


@hookspec
def tlbench_suite_started(suite: str, runs: int) -> None:
    """Hear, in the host's process, that a suite starts with `runs` runs to do."""


@hookspec
def tlbench_run_started(identity: Mapping[str, Any]) -> None:
    """Hear that a run starts; `identity` holds strategy, variant, source, target, setting, shots, seed, run_key."""


@hookspec
def tlbench_run_finished(record: Mapping[str, Any]) -> None:
    """Hear that a run ended, well or not; `record` is the record as it was written."""


@hookspec
def tlbench_suite_finished(suite: str, exit_code: int) -> None:
    """Hear that a suite ended and with which exit code."""
