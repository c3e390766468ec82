"""Training recipes and budgets of a suite and of its parts."""

from __future__ import annotations

import pytest

from tlbench.errors import Faults
from tlbench.plugins.manager import PluginHost
from tlbench.suites.pairs import common_pairs
from tlbench.suites.suite_file import read_suite

PLUGIN = """
import tlbench

class Fruit:
    domains = ("apple", "pear", "plum")

@tlbench.hookimpl
def tlbench_register_datasets(register):
    register("t-fruit", Fruit)

@tlbench.hookimpl
def tlbench_register_strategies(register):
    register("t-one", object())
    register("t-two", object())

@tlbench.hookimpl
def tlbench_register_backbones(register):
    register("t-net", object())
    register("t-other", object())
"""
HEAD = """
name = "trial"
dataset = "t-fruit"
backbones = ["t-net"]
seeds = [0]
metrics = ["accuracy"]
"""


def part(pairs='["apple:pear"]', strategy="t-one", tables="", setting='"transductive"', more=""):
    return f'\n[[part]]\nsetting = {setting}\npairs = {pairs}\nstrategies = ["{strategy}"]\n{more}\n{tables}\n'


@pytest.fixture
def read(tmp_path):
    (tmp_path / "recipe_plugin.py").write_text(PLUGIN)
    host = PluginHost(files=[tmp_path / "recipe_plugin.py"])

    def read(text):
        (tmp_path / "trial.toml").write_text(HEAD + text)
        return read_suite(str(tmp_path / "trial.toml"), host)

    return read


@pytest.fixture
def faults(read):
    def faults(text):
        with pytest.raises(Faults) as caught:
            read(text)
        return caught.value.faults

    return faults


# ---- faults of one table --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tables", "fault"),
    [
        ("part.training = 3", "training: 3: write it as a table [part.training]"),
        ("[part.training]\nrate = 1", "training.rate: unknown key 'rate'. Known: "),
        ("[part.training]\nschedul = 'cosine'", "training.schedul: unknown key 'schedul'; did you mean 'schedule'?"),
        ("[part.training]\nlr = 0", "training.lr: 0 must be greater than 0"),
        ("[part.training]\nlr = inf", "training.lr: inf must be a finite number"),
        ("[part.training]\ndecay = -1", "training.decay: -1 must be greater than or equal to 0"),
        ("[part.training]\nbackbone_lr = 0", "training.backbone_lr: 0 must be greater than 0"),
        ("[part.training]\nbackbone_lr = inf", "training.backbone_lr: inf must be a finite number"),
        ("[part.budget]\nstep = 1", "budget.step: unknown key 'step'; did you mean 'steps'?"),
        ("[part.budget]\nsteps = 0", "budget.steps: 0 must be greater than or equal to 1"),
    ],
)
def test_faults_of_a_parts_tables_say_which_part(faults, tables, fault):
    if tables.startswith("part."):  # a value in place of a table stands beside the part's other keys
        found = faults(part() + part('["pear:plum"]', more=tables.removeprefix("part.")))
    else:
        schedule = "[training]\nschedule = 'inverse'\n" if "decay" in tables else ""
        found = faults(schedule + part() + part('["pear:plum"]', tables=tables))
    assert len(found) == 1
    assert found[0].startswith(f"[[part]] 2: {fault}")


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("nesterov = true", "nesterov: true needs optimizer = \"sgd\", and the optimizer is 'adamw'"),
        ("optimizer = 'sgd'\nmomentum = 0\nnesterov = true", "nesterov: nesterov = true needs a momentum above 0"),
        ("decay = 1.0", "decay: is of schedule = \"inverse\" alone, and the schedule is 'cosine'"),
        ("nesterov = 1", "nesterov: 1 must be a valid boolean"),
    ],
)
@pytest.mark.parametrize("of_part", [False, True])
def test_keys_that_do_not_go_together_are_told_where_they_stand(faults, table, fault, of_part):
    if of_part:
        (found,) = faults(part(tables=f"[part.training]\n{table}"))
    else:
        (found,) = faults(f"[training]\n{table}\n{part()}")
    place = "[[part]] 1: training." if of_part else "[training]: "
    assert found.startswith(place + fault)


def test_a_momentum_that_a_part_takes_away_is_a_fault_of_the_part(faults):
    own = '[training]\noptimizer = "sgd"\nnesterov = true\n'
    (found,) = faults(own + part(tables="[part.training]\nmomentum = 0.0"))
    assert found.startswith("[[part]] 1: training.momentum: nesterov = true needs a momentum above 0")


def test_a_schedule_that_is_none_is_the_only_fault(faults):
    (found,) = faults(f"[training]\nschedule = 'invers'\ndecay = 1.0\n{part()}")
    assert found.startswith("[training]: schedule: 'invers' must be")


def test_faults_of_recipes_are_told_together_with_all_others(faults):
    tables = "[part.training]\nnesterov = true\n[part.budget]\nstep = 1"
    found = faults("[training]\ndecay = 2.0\n" + part('["apple:peer"]', tables=tables))
    assert [fault.partition(": ")[0] for fault in found] == ["[training]", *["[[part]] 1"] * 3]


# ---- two recipes for one cell ---------------------------------------------------------------------------------------

SLOW = "[part.training]\nlr = 0.5"


@pytest.mark.parametrize(
    ("first", "second", "cells"),
    [
        ({}, {}, "transductive · t-net · apple:pear"),
        ({"pairs": '"all"'}, {}, "transductive · t-net · apple:pear"),
        ({"pairs": '"all"'}, {"pairs": '"all"'}, "transductive · t-net · all"),
        ({}, {"more": 'backbones = ["t-other", "t-net"]'}, "transductive · t-net · apple:pear"),
        (
            {"setting": '"inductive"', "more": "shots = [5, 20]"},
            {"setting": '"inductive"', "more": "shots = 5"},
            "inductive, 5 shots · t-net · apple:pear",
        ),
    ],
)
def test_two_recipes_for_one_cell_are_refused(faults, first, second, cells):
    (found,) = faults(part(**first) + part(**second, strategy="t-two", tables=SLOW))
    assert found.startswith("[[part]] 2: its recipe (lr = 0.5) is not that of [[part]] 1 (lr = 0.001)")
    assert f"a table: {cells}. The references stand there" in found


def test_a_budget_of_its_own_is_another_recipe_too(faults):
    (found,) = faults(part() + part(tables="[part.budget]\nsteps = 7"))
    assert "its recipe (steps = 7) is not that of [[part]] 1 (steps = 600)" in found


def test_a_suites_own_fault_is_not_followed_by_a_clash_of_what_it_may_have_meant(faults):
    (found,) = faults("[training]\nlr = 0.5\nrate = 1\n" + part() + part(tables=SLOW))
    assert found.startswith("[training]: rate: unknown key")


@pytest.mark.parametrize(
    "changes",
    [
        {"pairs": '["pear:apple"]'},
        {"pairs": '["plum+apple:pear"]'},
        {"more": 'backbones = ["t-other"]'},
        {"setting": '"inductive"', "more": "shots = 5"},
    ],
)
def test_other_cells_may_have_another_recipe(read, changes):
    suite = read(part() + part(**changes, tables=SLOW))
    assert [suite.recipe(each).training.lr for each in suite.part] == [0.001, 0.5]


def test_the_same_recipe_in_other_words_is_no_other_recipe(read):
    suite = read("[training]\nlr = 0.5\n" + part() + part(strategy="t-two", tables=SLOW))
    assert suite.recipe(suite.part[0]) == suite.recipe(suite.part[1])


def test_pairs_from_several_sources_or_from_weights_are_not_among_all_pairs():
    assert common_pairs(["a+b:c", "weights:c", "a:c"], "all") == ["a:c"]
    assert common_pairs("all", ["a+b:c"]) == []


# ---- what a part gets -----------------------------------------------------------------------------------------------

SGD = """
[training]
optimizer = "sgd"
nesterov = true
schedule = "inverse"
decay = 2.5
lr = 0.1

[budget]
steps = 40
batch_size = 16
"""


def test_a_parts_keys_stand_over_the_suites(read):
    suite = read(SGD + part(tables="[part.training]\nlr = 0.01\n[part.budget]\nsteps = 7"))
    recipe, own = suite.recipe(suite.part[0]), suite.training
    assert recipe.training == own.model_copy(update={"lr": 0.01})
    assert (recipe.budget.steps, recipe.budget.batch_size) == (7, 16)


def test_a_key_that_is_written_with_its_default_stands_over_the_suites(read):
    suite = read(SGD + part(tables="[part.training]\nlr = 0.001\nnesterov = false"))
    training = suite.recipe(suite.part[0]).training
    assert (training.lr, training.nesterov, training.decay) == (0.001, False, 2.5)


def test_with_another_optimiser_or_schedule_go_the_keys_that_were_of_the_suites(read):
    suite = read(SGD + part(tables='[part.training]\noptimizer = "adam"\nschedule = "cosine"'))
    training = suite.recipe(suite.part[0]).training
    assert (training.nesterov, training.decay, training.lr) == (False, 10.0, 0.1)


def test_without_tables_a_part_has_the_suites(read):
    suite = read(SGD + part())
    assert suite.recipe(suite.part[0]).training == suite.training
    assert suite.recipe(suite.part[0]).budget == suite.budget


def test_a_written_default_and_nothing_are_told_apart_in_a_dump(read):
    dumps = [read(SGD + part(tables=tables)).model_dump(mode="json") for tables in ("", "[part.training]\nlr = 0.001")]
    assert [dump["part"][0]["training"] for dump in dumps] == [None, {"lr": 0.001}]
